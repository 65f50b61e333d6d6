// The main screen: takes pictures in every way people try, sends them in order, shows the answers.
// Traps: a new gift ends the reading of the one before; an ended session keeps the pictures (resume()); a refusal of a
// request with several pictures is no reason to lose the good ones: they are sent again one by one; pictures behind one
// that stopped the reader were not read, and are sent again once.
import { $, el, say, calm } from './dom.js';
import { BUSY, request, ApiError } from './api.js';
import { t } from './i18n.js';
import { busy, bytes, digitName, sentenceOf } from './text.js';
import { initAnswer, showEmpty, showReading, showResult, showFailure, makeCard, fillCard } from './answer.js';
import { NO_WISH, initHow, hideHow, isLooking, noteHow, showHow } from './how.js';

const PICTURES_MAX = 64;
const REQUEST_BYTES_MAX = 10 * 1024 * 1024;
const PART_BYTES = 1024;                      // room for a part's own headers
const SLOWEST_BYTES_S = 32 * 1024;            // an upload slower than this is given up
const TIMEOUT_MS = 30000;

let onExpired;            // the session has ended: (hasPictures) => void
let items = [];           // {file, name, url, result, failure (why there is no result yet), card, wish, asking, ...}
let chosen = 0;
let running = null;       // AbortController of the reading going on
let waiting = false;      // pictures are kept for after the log-in

export function initRead(hooks) {
  onExpired = hooks.onExpired;
  initAnswer();
  initHow({ onLook: look, onWish: readAgain });
  initSamples();
  const input = $('files');
  input.addEventListener('change', () => {
    const files = [...input.files];
    input.value = ''; // so that the same file can be chosen again
    if (files.length) take(files);
  });
  $('give').addEventListener('submit', (event) => event.preventDefault());
  $('read-note').querySelector('button').addEventListener('click', () => {
    note('');
    run();
  });
  initDrop();
  document.addEventListener('paste', onPaste);
  reword();
}

/** After a log-in: what was kept is read now. */
export function resume() {
  if (waiting) run();
}

/** Forgets every picture: at the log-out, or when somebody else logs in. */
export function forget() {
  drop();
  note('');
  $('many').hidden = true;
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
  $('cards').replaceChildren();
}

// ---- ways in ----

/** What script has written, in the language that is now in use. */
export function reword() {
  [...$('samples').querySelectorAll('img')].forEach((img, digit) => { img.alt = t('read.sample', { digit: digitName(digit) }); });
  if (items.length) refresh();
  else showEmpty();
}

function initSamples() {
  for (let digit = 0; digit < 10; digit++) {
    const src = `samples/${digit}.png`;
    const img = el('img', { loading: 'lazy', src, width: 28, height: 28 }); // not before the screen is there
    $('samples').append(el('li', {}, el('button', { type: 'button', onclick: () => takeSample(src) }, img)));
  }
}

async function takeSample(src) {
  try {
    const response = await fetch(src, { signal: AbortSignal.timeout ? AbortSignal.timeout(TIMEOUT_MS) : undefined });
    if (!response.ok) throw new Error(src);
    take([new File([await response.blob()], `sample-${src.split('/').pop()}`, { type: 'image/png' })]);
  } catch {
    note(navigator.onLine === false ? sentenceOf(new ApiError('offline')) : t('read.sampleGone'));
  }
}

const isHere = () => !$('screen-read').hidden;

function initDrop() {
  const area = $('drop');
  let depth = 0; // dragenter and dragleave come for every child
  const over = (on) => {
    depth = on ? depth + 1 : Math.max(0, depth - 1);
    area.classList.toggle('over', depth > 0 && isHere());
  };
  addEventListener('dragenter', () => over(true));
  addEventListener('dragleave', () => over(false));
  addEventListener('dragover', (event) => event.preventDefault()); // else the browser opens the file
  addEventListener('drop', (event) => {
    event.preventDefault();
    depth = 0;
    area.classList.remove('over');
    if (isHere()) takeTransfer(event.dataTransfer, t('read.nothingDropped'));
  });
}

function onPaste(event) {
  if (!isHere()) return;
  takeTransfer(event.clipboardData, t('read.nothingPasted'));
}

function takeTransfer(transfer, emptySentence) {
  const entries = [...transfer.items].filter((item) => item.kind === 'file');
  const folder = entries.some((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()?.isDirectory);
  const files = folder ? [] : [...transfer.files];
  if (files.length) take(files);
  else note(folder ? t('read.folder') : emptySentence);
}

// ---- reading ----

function take(files) {
  drop();
  note(files.length > PICTURES_MAX ? t('read.tooMany', { n: files.length, max: PICTURES_MAX }) : '');
  items = files.slice(0, PICTURES_MAX).map((file) => ({
    file, name: file.name || t('read.pastedName'), url: URL.createObjectURL(file), result: null, failure: '', card: null,
    wish: NO_WISH, readWith: NO_WISH, wishFailure: '', asking: null, sentAgain: false,
  }));
  for (const item of items) {
    if (item.file.size > REQUEST_BYTES_MAX - PART_BYTES) {
      item.result = { status: 'error', problem: {
        title: t('read.tooBig'), detail: t('read.tooBigText', { size: bytes(item.file.size), max: bytes(REQUEST_BYTES_MAX) }),
      } };
    }
  }
  $('many').hidden = items.length < 2;
  if (items.length > 1) {
    items.forEach((item, i) => {
      item.card = makeCard(item, () => choose(i, true));
      $('cards').append(item.card.node);
    });
  }
  choose(0, true);
  return run();
}

/** Reads whatever has no result yet. */
async function run() {
  const stop = new AbortController();
  running = stop;
  waiting = false;
  const todo = items.filter((item) => !item.result);
  for (const item of todo) Object.assign(item, { failure: '', sentAgain: false });
  refresh();
  try {
    for (const batch of batches(todo)) await readBatch(batch, stop.signal);
  } catch (error) {
    if (error.kind === 'aborted' || running !== stop) return;
    giveUp(error);
  }
  if (running === stop) running = null;
}

/** Runs of pictures that fit into one request each, in order. */
function batches(list) {
  const out = [];
  let room = 0;
  for (const item of list) {
    const size = item.file.size + PART_BYTES;
    if (size > room) {
      out.push([]);
      room = REQUEST_BYTES_MAX;
    }
    out[out.length - 1].push(item);
    room -= size;
  }
  return out;
}

/** One request: the results of list, in its order. */
async function send(list, { wish = NO_WISH, steps = false, signal, onWait }) {
  const form = new FormData();
  let size = 0;
  for (const item of list) {
    form.append('image', item.file, item.name);
    size += item.file.size;
  }
  const query = new URLSearchParams({ input: 1, ...(steps && { steps: 1 }), ...(wish !== NO_WISH && wish) });
  const answer = await request(`classify?${query}`, {
    method: 'POST', form, signal, timeoutMs: TIMEOUT_MS + (size / SLOWEST_BYTES_S) * 1000, waitFor: [...BUSY, 429], onWait,
  });
  if (!Array.isArray(answer.results) || answer.results.length !== list.length) throw new ApiError('odd');
  return answer.results;
}

const IS_ABOUT_PICTURES = [400, 413, 415, 422];
const failedResult = (error) => ({ status: 'error', problem: error.problem || { title: t('answer.notYet'), detail: sentenceOf(error) } });
const wasNotRead = ({ status, problem }) => status === 'error' && problem.type === 'problems/send-again';

async function readBatch(batch, signal) {
  let results;
  try {
    results = await send(batch, {
      signal, steps: batch.length === 1 && isLooking(),
      onWait: (left) => { if (items[chosen] && !items[chosen].result) showReading(items[chosen], busy(left)); },
    });
  } catch (error) {
    if (!IS_ABOUT_PICTURES.includes(error.status)) throw error;
    if (batch.length > 1) {
      for (const item of batch) await readBatch([item], signal);
      return;
    }
    results = [failedResult(error)];
  }
  const left = batch.filter((_, i) => wasNotRead(results[i]));
  batch.forEach((item, i) => { if (!left.includes(item)) item.result = results[i]; });
  refresh(batch.includes(items[chosen]));
  if (left.length) await sendAgain(left, signal);
}

/** The pictures behind one that stopped the reader: once more, then it is up to the visitor. */
async function sendAgain(left, signal) {
  const fresh = left.filter((item) => !item.sentAgain);
  if (fresh.length < left.length) throw new ApiError('stopped');
  for (const item of left) item.sentAgain = true;
  note(t('read.sendingAgain', { n: left.length }));
  await readBatch(left, signal);
  note(t('read.sentAgain', { n: left.length }));
}

// ---- one picture again, with its steps ----

function look(item) {
  if (item.result && item.result.preprocessing && !item.result.steps && !item.asking) readAgain(item, item.wish);
}

async function readAgain(item, wish) {
  const stop = new AbortController();
  if (item.asking) item.asking.abort();
  Object.assign(item, { wish, wishFailure: '', asking: stop });
  if (item === items[chosen]) showHow(item);
  try {
    const [result] = await send([item], { wish, steps: true, signal: stop.signal, onWait: (left) => { if (item === items[chosen]) noteHow(busy(left)); } });
    item.asking = null;
    if (wish !== item.readWith) {
      Object.assign(item, { result, readWith: wish });
      refresh();
    } else {
      item.result.steps = result.steps; // the answer stands: nothing is said twice
      if (item === items[chosen]) showHow(item);
    }
  } catch (error) {
    if (error.kind === 'aborted' || item.asking !== stop) return;
    if (error.status === 401) {
      item.asking = null;
      item.result.steps = null;
      waiting = true;
      onExpired(true);
      return;
    }
    Object.assign(item, { asking: null, wishFailure: sentenceOf(error) });
    if (item === items[chosen]) showHow(item);
  }
}

/** The request failed for a reason that is not the pictures': they stay, to be tried again. */
function giveUp(error) {
  if (error.status === 401) {
    waiting = true;
    onExpired(true);
    return;
  }
  const left = items.filter((item) => !item.result);
  for (const item of left) item.failure = sentenceOf(error);
  refresh();
  note(t(left.length > 1 ? 'read.keptMany' : 'read.keptOne'), true);
}

// ---- showing ----

function choose(index, byHand) {
  chosen = index;
  refresh(false);
  if (!byHand) return;
  const top = $('answer').getBoundingClientRect();
  if (top.bottom > innerHeight || top.top < 0) {
    $('answer').scrollIntoView({ block: 'start', behavior: calm() ? 'auto' : 'smooth' });
  }
}

function refresh(written) {
  const item = items[chosen];
  if (!item) return;
  if (item.result) showResult(item, written);
  else if (item.failure) showFailure(item, item.failure);
  else showReading(item);
  showHow(item);
  if (isLooking() && !item.wishFailure) look(item);
  if (items.length < 2) return;
  items.forEach((each, i) => {
    fillCard(each.card, each.result, each.failure);
    each.card.button.setAttribute('aria-pressed', String(i === chosen));
  });
  const bad = items.filter((each) => each.failure || (each.result && each.result.status === 'error')).length;
  const done = items.filter((each) => each.result || each.failure).length;
  const results = t(done < items.length ? 'read.progress' : 'read.results', { done, n: items.length });
  $('many-title').textContent = bad ? t('read.notReadable', { results, n: bad }) : results;
}

function note(text, again = false) {
  const box = $('read-note');
  say(box.querySelector('p'), text);
  box.hidden = !text;
  box.querySelector('button').hidden = !again;
}
