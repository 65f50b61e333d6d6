// The main screen: what is given is read at once, and the answer shown.
// Traps: a new gift ends the reading of the one before; an ended session keeps the pictures (resume()); while somebody draws,
// the answer before stands until the new one is there, or the page would flicker at each stroke.
import { $, say, calm } from './dom.js';
import { ApiError } from './api.js';
import { t } from './i18n.js';
import { busy, sentenceOf } from './text.js';
import { initAnswer, showEmpty, showReading, showResult, showFailure } from './answer.js';
import { NO_WISH, initHow, hideHow, isLooking, noteHow, showHow } from './how.js';
import { initGive, rewordGive } from './give.js';
import { initPad, resetPad } from './pad.js';
import { bytesOf, readAll, send } from './send.js';
import { fillMany, initMany, layMany } from './many.js';

const PICTURES_MAX = 64;
const FLICKER_MS = 250;
const DRAWN_MS = 2000;      // a drawing that rests so long is finished, and kept in the history

let onExpired;            // the session has ended
let items = [];           // {file, name, url, drawn, shrunk, sent (bytes), result, failure (an ApiError), card, wish, asking, ...}
let chosen = 0;
let running = null;       // AbortController of the reading going on
let waiting = false;      // pictures are kept for after the log-in

export function initRead(hooks) {
  onExpired = hooks.onExpired;
  initAnswer();
  initHow({ onLook: look, onWish: readAgain });
  initMany({ onStop: stop });
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
  note('');
  layMany([]);
  showEmpty();
  hideHow();
}

function drop() {
  if (running) running.abort();
  running = null;
  waiting = false;
  for (const item of items) {
    URL.revokeObjectURL(item.url);
    if (item.asking) item.asking.abort();
  }
  items = [];
  chosen = 0;
}

// ---- reading ----

function take(files, drawn = false) {
  drop();
  note(files.length > PICTURES_MAX ? t('read.tooMany', { n: files.length, max: PICTURES_MAX }) : '');
  items = files.slice(0, PICTURES_MAX).map((file) => ({
    file, name: file.name || t('read.pastedName'), url: URL.createObjectURL(file), drawn, shrunk: null, sent: 0, result: null, failure: null,
    card: null, wish: NO_WISH, readWith: NO_WISH, wishFailure: null, asking: null, sentAgain: false,
  }));
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
  for (const item of todo) Object.assign(item, { failure: null, sentAgain: false, sent: 0 });
  if (isDrawn()) setTimeout(() => { if (running === mine) refresh(); }, FLICKER_MS);
  else refresh();
  try {
    await readAll(todo, {
      signal: mine.signal, save: !isDrawn(), steps: isLooking(), onNote: note,
      onWait: (left) => { if (running === mine && !items[chosen].result) showReading(items[chosen], busy(left)); },
      onUpload: (list, share) => {
        for (const item of list) item.sent = share * bytesOf(item);
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

/** Each stroke is answered, but only the drawing that they come to is kept. */
async function keepDrawing(item) {
  if (item !== items[0] || item.result.status === 'error') return;
  try {
    await send([item], { save: true, onNote: (text) => { if (item === items[0]) note(text); } });
  } catch (error) {
    if (item === items[0]) note(t('read.notKept', { why: sentenceOf(error) }));
  }
}

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
  for (const item of left) item.failure = error;
  refresh();
  note(t(left.length > 1 ? 'read.keptMany' : 'read.keptOne'), true);
}

const progress = () => ({
  sent: items.reduce((sum, item) => sum + (item.result ? bytesOf(item) : item.sent), 0),
  total: items.reduce((sum, item) => sum + bytesOf(item), 0),
  running: Boolean(running),
});

// ---- one picture again, with its steps ----

function look(item) {
  if (item.result && item.result.preprocessing && !item.result.steps && !item.asking) readAgain(item, item.wish);
}

async function readAgain(item, wish) {
  const mine = new AbortController();
  if (item.asking) item.asking.abort();
  Object.assign(item, { wish, wishFailure: null, asking: mine });
  if (item === items[chosen]) showHow(item);
  try {
    const [result] = await send([item], { wish, steps: true, signal: mine.signal, onWait: (left) => { if (item === items[chosen]) noteHow(busy(left)); } });
    item.asking = null;
    if (wish !== item.readWith) {
      Object.assign(item, { result, readWith: wish });
      refresh();
    } else {
      item.result.steps = result.steps; // the answer stands: nothing is said twice
      if (item === items[chosen]) showHow(item);
    }
  } catch (error) {
    if (error.kind === 'aborted' || item.asking !== mine) return;
    if (error.status === 401) {
      item.asking = null;
      item.result.steps = null;
      waiting = true;
      onExpired();
      return;
    }
    Object.assign(item, { asking: null, wishFailure: error });
    if (item === items[chosen]) showHow(item);
  }
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
  if (item.result) showResult(item, written);
  else if (item.failure) showFailure(item, sentenceOf(item.failure));
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
