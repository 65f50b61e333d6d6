// The main screen: takes pictures in every way people try, sends them in order, shows the answers.
// Traps: a new gift ends the reading of the one before; an ended session keeps the pictures (resume()); a refusal of a
// request with several pictures is no reason to lose the good ones: they are sent again one by one.
import { $, el, say, calm } from './dom.js';
import { BUSY, request, ApiError } from './api.js';
import { SAY, sentenceOf } from './text.js';
import { initAnswer, showEmpty, showReading, showResult, showFailure, makeCard, fillCard } from './answer.js';

const PICTURES_MAX = 64;
const REQUEST_BYTES_MAX = 10 * 1024 * 1024;
const PART_BYTES = 1024;                      // room for a part's own headers
const SLOWEST_BYTES_S = 32 * 1024;            // an upload slower than this is given up
const TIMEOUT_MS = 30000;

let onExpired;            // the session has ended: (hasPictures) => void
let items = [];           // {file, name, url, result, failure (why there is no result yet), card}
let chosen = 0;
let running = null;       // AbortController of the reading going on
let waiting = false;      // pictures are kept for after the log-in

export function initRead(hooks) {
  onExpired = hooks.onExpired;
  initAnswer();
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
}

function drop() {
  if (running) running.abort();
  running = null;
  waiting = false;
  for (const item of items) URL.revokeObjectURL(item.url);
  items = [];
  chosen = 0;
  $('cards').replaceChildren();
}

// ---- ways in ----

function initSamples() {
  for (let digit = 0; digit < 10; digit++) {
    const src = `samples/${digit}.png`;
    const img = el('img', { src, alt: SAY.sample(digit), width: 28, height: 28 });
    $('samples').append(el('li', {}, el('button', { type: 'button', onclick: () => takeSample(src) }, img)));
  }
}

async function takeSample(src) {
  try {
    const response = await fetch(src, { signal: AbortSignal.timeout ? AbortSignal.timeout(TIMEOUT_MS) : undefined });
    if (!response.ok) throw new Error(src);
    take([new File([await response.blob()], `sample-${src.split('/').pop()}`, { type: 'image/png' })]);
  } catch {
    note(navigator.onLine === false ? sentenceOf(new ApiError('offline')) : SAY.sampleGone);
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
    if (isHere()) takeTransfer(event.dataTransfer, SAY.noPictureDropped);
  });
}

function onPaste(event) {
  if (!isHere()) return;
  takeTransfer(event.clipboardData, SAY.noPicture);
}

function takeTransfer(transfer, emptySentence) {
  const entries = [...transfer.items].filter((item) => item.kind === 'file');
  const folder = entries.some((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()?.isDirectory);
  const files = folder ? [] : [...transfer.files];
  if (files.length) take(files);
  else note(folder ? SAY.folder : emptySentence);
}

// ---- reading ----

function take(files) {
  drop();
  note(files.length > PICTURES_MAX ? SAY.tooMany(files.length, PICTURES_MAX) : '');
  items = files.slice(0, PICTURES_MAX).map((file) => ({
    file, name: file.name || SAY.pastedName, url: URL.createObjectURL(file), result: null, failure: '', card: null,
  }));
  for (const item of items) {
    if (item.file.size > REQUEST_BYTES_MAX - PART_BYTES) {
      item.result = { status: 'error', problem: SAY.tooBig(item.file.size, REQUEST_BYTES_MAX) };
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
  for (const item of todo) item.failure = '';
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

async function readBatch(batch, signal) {
  const form = new FormData();
  let size = 0;
  for (const item of batch) {
    form.append('image', item.file, item.name);
    size += item.file.size;
  }
  let answer;
  try {
    answer = await request('classify?input=1', {
      method: 'POST', form, signal, timeoutMs: TIMEOUT_MS + (size / SLOWEST_BYTES_S) * 1000,
      waitFor: [...BUSY, 429],
      onWait: (left) => { if (items[chosen] && !items[chosen].result) showReading(items[chosen], SAY.busy(left)); },
    });
  } catch (error) {
    if (![400, 413, 415, 422].includes(error.status)) throw error;
    if (batch.length > 1) {
      for (const item of batch) await readBatch([item], signal);
      return;
    }
    batch[0].result = { status: 'error', problem: error.problem || { title: SAY.notYet, detail: sentenceOf(error) } };
    refresh();
    return;
  }
  if (!Array.isArray(answer.results) || answer.results.length !== batch.length) throw new ApiError('odd');
  batch.forEach((item, i) => { item.result = answer.results[i]; });
  refresh(batch.includes(items[chosen]));
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
  note(SAY.kept(left.length), true);
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
  if (items.length < 2) return;
  items.forEach((each, i) => {
    fillCard(each.card, each.result, each.failure);
    each.card.button.setAttribute('aria-pressed', String(i === chosen));
  });
  const bad = items.filter((each) => each.failure || (each.result && each.result.status === 'error')).length;
  const done = items.filter((each) => each.result || each.failure).length;
  $('many-title').textContent = SAY.results(done, items.length, bad);
}

function note(text, again = false) {
  const box = $('read-note');
  say(box.querySelector('p'), text);
  box.hidden = !text;
  box.querySelector('button').hidden = !again;
}
