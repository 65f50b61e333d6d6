// The main screen: what is given is read at once, and the answer shown.
// Traps: a new gift ends the reading of the one before; an ended session keeps the pictures (resume()); while somebody draws,
// the answer before stands until the new one is there, or the page would flicker at each stroke.
import { $, say, calm } from './dom.js';
import { t } from './i18n.js';
import { busy, sentenceOf, shortText } from './text.js';
import { initAnswer, showEmpty, showReading, showResult, showFailure, sayUnsure, tellNumber } from './answer.js';
import { initHow, hideHow, isLooking, noteHow, showHow } from './how.js';
import { initGive, rewordGive } from './give.js';
import { initPad, resetPad } from './pad.js';
import { Item, isNumber } from './item.js';
import { makeCheck, savedText } from './check.js';
import { request } from './api.js';
import { numberParts, readAll, send } from './send.js';
import { fillMany, initMany, layMany } from './many.js';

const PICTURES_MAX = 64;
const FLICKER_MS = 250;
const DRAWN_MS = 2000;      // a drawing that rests so long is finished, and kept in the history

let onExpired;            // the session has ended
let items = [];           // of class Item, in the order given
let chosen = 0;
let running = null;       // AbortController of the reading going on
let waiting = false;      // pictures are kept for after the log-in
let drawing = null;       // the last Item of this paper that was kept
let mark;                 // shows what the visitor says of the answer

export function initRead(hooks) {
  onExpired = hooks.onExpired;
  initAnswer({ onNumber: () => sayNumber(items[chosen]) });
  mark = makeCheck($('check-buttons'), (label) => check(items[chosen], label));
  initHow({ onLook: look, onWish: readAgain });
  initMany({ onStop: stop, onNote: note });
  initGive({
    onFiles: (files) => {
      resetPad();
      take(files);
    },
    onNothing: (sentence) => note(sentence),
  });
  initPad({ onDrawn: (blob) => take([new File([blob], t('read.drawingName'), { type: 'image/png' })], true), onCleared: empty });
  $('read-note').querySelector('button').addEventListener('click', () => {
    note('');
    run();
  });
  showEmpty();
}

/** What script has written, in the language that is now in use. */
export function reword() {
  rewordGive();
  if (items.length) refresh();
  else showEmpty();
}

/** After a log-in: what was kept is read now. */
export function resume() {
  if (waiting) run();
}

/** Forgets every picture: at the log-out, or when somebody else logs in. */
export function forget() {
  resetPad();
  empty();
}

function empty() {
  drop();
  drawing = null;
  note('');
  layMany([]);
  showEmpty();
  hideHow();
}

function drop() {
  if (running) running.abort();
  running = null;
  waiting = false;
  for (const item of items) item.drop();
  items = [];
  chosen = 0;
}

// ---- reading ----

function take(files, drawn = false) {
  drop();
  if (!drawn) drawing = null;
  note(files.length > PICTURES_MAX ? t('read.tooMany', { n: files.length, max: PICTURES_MAX }) : '');
  items = files.slice(0, PICTURES_MAX).map((file) => new Item(file, drawn));
  layMany(items, (i) => choose(i));
  if (!drawn) choose(0);
  return run();
}

/** Reads whatever has no result yet. */
async function run() {
  const mine = new AbortController();
  running = mine;
  waiting = false;
  const todo = items.filter((item) => !item.result);
  for (const item of todo) item.begin();
  if (isDrawn()) setTimeout(() => { if (running === mine) refresh(); }, FLICKER_MS);
  else refresh();
  try {
    await readAll(todo, {
      signal: mine.signal, save: !isDrawn(), steps: isLooking(), onNote: note,
      onWait: (left) => { if (running === mine && !items[chosen].result) showReading(items[chosen], busy(left)); },
      onUpload: (list, share) => {
        for (const item of list) item.upload(share);
        if (running === mine) fillMany(chosen, progress());
      },
      onResults: (list) => { if (running === mine) refresh(list.includes(items[chosen])); },
    });
  } catch (error) {
    if (running !== mine) return;
    running = null;
    giveUp(error);
    return;
  }
  if (running !== mine) return;
  running = null;
  fillMany(chosen, progress());
  if (isDrawn()) setTimeout(keepDrawing, DRAWN_MS, items[0]);
}

const isDrawn = () => Boolean(items[0] && items[0].drawn);

/** Each stroke is answered, but only the drawing that they come to is kept: instead of what it was when the pen rested before. */
async function keepDrawing(item) {
  if (item !== items[0] || item.result.status === 'error') return;
  const before = drawing;
  try {
    await keep(item, (text) => { if (item === items[0]) note(text); });
    if (item.kept === null) return;
    if (item === items[0]) drawing = item;
    if (before && before !== item && before.kept !== null && !before.isChecked) await request(`history/${before.kept}`, { method: 'DELETE' });
  } catch (error) {
    if (error.status === 404) return; // it was deleted already
    if (item === items[0]) note(t('read.notKept', { why: sentenceOf(error) }));
  }
}

/** The answer as it stands goes into the history, if it is not there. */
const keep = (item, onNote) => item.keep(async () => (await send([item], { wish: item.readWith, save: true, onNote }))[0]);

function stop() {
  if (!running) return;
  running.abort();
}

/** The request failed for a reason that is not the pictures': they stay, to be tried again. */
function giveUp(error) {
  if (error.status === 401) {
    waiting = true;
    onExpired();
    return;
  }
  const left = items.filter((item) => !item.result);
  for (const item of left) item.fail(error);
  refresh();
  note(t(left.length > 1 ? 'read.keptMany' : 'read.keptOne'), true);
}

const progress = () => ({
  sent: items.reduce((sum, item) => sum + item.sent, 0),
  total: items.reduce((sum, item) => sum + item.bytes, 0),
  running: Boolean(running),
});

// ---- one picture again, with its steps ----

function look(item) {
  if (item.result && item.result.preprocessing && !item.result.steps && !item.asking) readAgain(item, item.wish);
}

async function readAgain(item, wish) {
  const mine = item.ask(wish);
  if (item === items[chosen]) showHow(item);
  try {
    const [result] = await send([item], { wish, steps: true, signal: mine.signal, onWait: (left) => { if (item === items[chosen]) noteHow(busy(left)); } });
    if (item.asking !== mine) return;
    if (item.answerAsked(result)) refresh();
    else if (item === items[chosen]) showHow(item); // the answer stands: nothing is said twice
  } catch (error) {
    if (error.kind === 'aborted' || item.asking !== mine) return;
    if (error.status === 401) {
      item.dropAsked();
      waiting = true;
      onExpired();
      return;
    }
    item.failAsked(error);
    if (item === items[chosen]) showHow(item);
  }
}

// ---- what the visitor says of the answer ----

/** label: as in check.js. Kept where the answer is, in the history. */
async function check(item, label) {
  if (item.saying) return;
  const { result } = item;
  item.beginSaying();
  showCheck(item);
  try {
    const why = await tellLabel(item, label);
    if (why) item.failSaying(why);
    else item.said(result, label);
  } catch (error) {
    item.failSaying(sentenceOf(error));
    if (error.status === 401) onExpired();
  }
  if (item !== items[chosen]) return;
  showCheck(item);
  fillMany(chosen, progress());
}

/** Returns why the answer, and with it the label, could not be kept; '' if it was. */
async function tellLabel(item, label, again = true) {
  let why = '';
  await keep(item, (text) => { why = text; });
  if (item.kept === null) return why;
  try {
    await request(`history/${item.kept}`, { method: 'PATCH', json: { label } });
  } catch (error) {
    if (error.status !== 404 || !again) throw error;
    item.lose(); // it was deleted on the History screen
    return tellLabel(item, label, false);
  }
  return '';
}

/** What is said of a number stands at once, and is then kept, if it can be. */
function sayNumber(item) {
  fillMany(chosen, progress());
  $('answer').dataset.text = item.result.number.text();
  sayUnsure(item);
  const { NumberKeep } = numberParts();
  item.keepNumber((number) => new NumberKeep(number, number.readState, {
    send: (json) => tellNumberChange(item, json),
    lost: () => item.lose(), // it was deleted on the History screen
    done: () => { if (item === items[chosen]) tellNumber(t('number.saved', { text: shortText(number.text()) || t('number.none') })); },
    failed: (error) => {
      if (item === items[chosen]) tellNumber(t('number.notSaved', { why: 'why' in error ? error.why : sentenceOf(error) }), true);
      if (error.status === 401) onExpired();
    },
  })).touch();
}

async function tellNumberChange(item, json) {
  let why = '';
  await keep(item, (text) => { why = text; });
  if (item.kept === null) throw Object.assign(new Error(why), { why });
  return request(`history/${item.kept}`, { method: 'PATCH', json });
}

function showCheck(item) {
  const { result, label, saying, sayFailure } = item;
  if (isNumber(result)) return;
  mark(result, label);
  $('check').setAttribute('aria-busy', String(saying));
  $('check-said').textContent = sayFailure || (label === null ? '' : savedText(result, label));
  $('check-said').classList.toggle('error', Boolean(sayFailure));
}

// ---- showing ----

function choose(index) {
  chosen = index;
  refresh(false);
  const top = $('answer').getBoundingClientRect();
  if (top.bottom > innerHeight || top.top < 0) {
    $('answer').scrollIntoView({ block: 'start', behavior: calm() ? 'auto' : 'smooth' });
  }
}

function refresh(written) {
  const item = items[chosen];
  if (!item) return;
  if (item.result) {
    showResult(item, written);
    showCheck(item);
  } else if (item.failure) showFailure(item, sentenceOf(item.failure));
  else showReading(item);
  showHow(item);
  if (isLooking() && !item.wishFailure) look(item);
  fillMany(chosen, progress());
}

function note(text, again = false) {
  const box = $('read-note');
  say(box.querySelector('p'), text);
  box.hidden = !text;
  box.querySelector('button').hidden = !again;
}
