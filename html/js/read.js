// The main screen: what is given is read at once, and the answer shown.
// Traps: a new gift ends the reading of the one before; an ended session keeps the pictures (resume()); while somebody draws,
// the answer before stands until the new one is there, or the page would flicker at each stroke; a drawing is kept once, whether it
// rests, is cleared, or its screen or the page goes.
import { $, say, calm } from './dom.js';
import { t } from './i18n.js';
import { busy, sentenceOf, shortText } from './text.js';
import { initAnswer, showEmpty, showReading, showResult, showFailure, sayUnsure, tellNumber } from './answer.js';
import { initHow, hideHow, isLooking, noteHow, showHow } from './how.js';
import { initGive, rewordGive } from './give.js';
import { initPad, resetPad, settlePad } from './pad.js';
import { Item, isNumber } from './item.js';
import { makeCheck, savedText } from './check.js';
import { request } from './api.js';
import { numberParts, readAll, send } from './send.js';

const PICTURES_MAX = 64;
const FLICKER_MS = 250;
const DRAWN_MS = 2000;      // a drawing that rests so long is finished, and kept in the history
const ALIVE_BYTES = 60000;  // so much of a request may outlive the page

let onExpired;            // the session has ended
let items = [];           // of class Item, in the order given
let chosen = 0;
let running = null;       // AbortController of the reading going on
let waiting = false;      // pictures are kept for after the log-in
let paper = newPaper();   // what is kept of the drawing on the pad
let isLeaving = false;    // the page is
let many = null;          // many.js, once several pictures were given
let mark;                 // shows what the visitor says of the answer

export function initRead(hooks) {
  onExpired = hooks.onExpired;
  initAnswer({ onNumber: () => sayNumber(items[chosen]) });
  mark = makeCheck($('check-buttons'), (label) => check(items[chosen], label));
  initHow({ onLook: look, onWish: readAgain });
  initGive({
    onFiles: (files) => {
      finish();
      resetPad();
      take(files);
    },
    onNothing: (sentence) => note(sentence),
  });
  initPad({ onDrawn: (blob) => take([new File([blob], t('read.drawingName'), { type: 'image/png' })], true), onDone: finish, onCleared: empty });
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'hidden') finish(); });
  addEventListener('pageshow', () => { isLeaving = false; });
  addEventListener('pagehide', () => {
    isLeaving = true;
    finish();
    if (paper.before) replace(paper.before).catch(() => {}); // there will be nobody to wait for the later one
  });
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

/** Another screen, or none, comes: the drawing is done. Settles when it is kept, or cannot be. */
export function leaveRead() {
  finish();
  return paper.queue;
}

/** Forgets every picture: at the log-out, or when somebody else logs in. */
export function forget() {
  paper.isGone = true;
  resetPad();
  empty();
}

function empty() {
  drop();
  paper = newPaper(paper);
  note('');
  layCards();
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
  if (!drawn) paper = newPaper(paper);
  note(files.length > PICTURES_MAX ? t('read.tooMany', { n: files.length, max: PICTURES_MAX }) : '');
  items = files.slice(0, PICTURES_MAX).map((file) => new Item(file, drawn));
  layCards();
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
        if (running === mine) fillCards();
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
  fillCards();
  if (isDrawn()) setTimeout(keepDrawing, DRAWN_MS, items[0]);
}

const isDrawn = () => Boolean(items[0] && items[0].drawn);

/**
 * kept: the Item that is; asked: the one that is or was last being kept; before: the one that it replaces; queue: of what is being
 * kept, also of the papers before.
 */
function newPaper({ queue, isGone } = { queue: Promise.resolve(), isGone: false }) {
  return { kept: null, asked: null, before: null, queue, isGone };
}

/** The drawing is done: it is kept now. */
function finish() {
  settlePad();
  if (isDrawn()) keepDrawing(items[0]);
}

/** Each stroke is answered, but only the drawing that they come to is kept: instead of what it was when the pen rested before. */
function keepDrawing(item) {
  if (item !== items[0] || item.result?.status === 'error') return;
  const of = paper, run = () => keepOf(of, item);
  if (of.asked === item) return;
  of.asked = item;
  of.isBusy = of.isBusy ? of.isBusy.then(run) : run(); // at once where it can: the page may be going
  of.queue = of.queue.then(() => of.isBusy);
}

async function keepOf(of, item) {
  if (of.isGone) return;
  try {
    if (of.kept !== item) of.before = of.kept;
    await keep(item, (text) => { if (!of.isGone) note(text); });
    if (item.kept === null) return;
    of.kept = item;
    if (of.before) await replace(of.before);
  } catch (error) {
    if (!isLeaving && of.asked === item) of.asked = null; // a page that goes hears of no answer
    if (error.status !== 404 && error.kind !== 'other' && !of.isGone) note(t('read.notKept', { why: sentenceOf(error) })); // 404: it was deleted already
  } finally {
    of.before = null;
  }
}

/** A later one stands for it, unless the visitor has said something of it. */
async function replace({ kept, isChecked }) {
  if (kept !== null && !isChecked) await request(`history/${kept}`, { method: 'DELETE', keepalive: true });
}

/** The answer as it stands goes into the history, if it is not there. */
const keep = (item, onNote) => item.keep(async () => (await send([item], { wish: item.readWith, save: true, onNote, keepalive: item.bytes < ALIVE_BYTES }))[0]);

/** Cards for several pictures; what shows them comes with the first. */
async function layCards() {
  const list = items;
  if (!many && list.length > 1) {
    const part = await import('./many.js').catch(() => null);
    if (!part) return note(t('page.notLoaded'));
    if (!many) part.initMany({ onStop: stop, onNote: note });
    many = part;
  }
  if (!many || list !== items) return;
  many.layMany(items, choose);
  fillCards();
}

const fillCards = () => many?.fillMany(chosen, progress());

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
  fillCards();
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
  fillCards();
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
  fillCards();
}

function note(text, again = false) {
  const box = $('read-note');
  say(box.querySelector('p'), text);
  box.hidden = !text;
  box.querySelector('button').hidden = !again;
}
