// Pictures to the server, in order: some in each request, one request after another.
// Traps: a refusal of a request with several pictures is no reason to lose the good ones, which are sent again one by one;
// pictures after one that crashed the decoder were not read; they are sent again once.
import { ApiError, BUSY, request } from './api.js';
import { t } from './i18n.js';
import { bytes, problemText, sentenceOf } from './text.js';
import { NO_WISH } from './item.js';
import { load } from './load.js';

const REQUEST_BYTES_MAX = 8 * 1024 * 1024;
const REQUEST_PICTURES_MAX = 8;     // so that the first answers come early
const PART_BYTES = 1024;            // room for a part's own headers
const PICTURE_BYTES_MAX = REQUEST_BYTES_MAX - PART_BYTES;
const SLOWEST_BYTES_S = 32 * 1024;  // an upload slower than this is given up
const TIMEOUT_MS = 30000;
const SURE_ENOUGH = 0.9;            // a digit this sure is doubted for another reason
const IS_ABOUT_PICTURES = [400, 413, 415, 422];

let parts = null; // what shows numbers is fetched when the first one comes

/** The module number-view.js, once a number has been read. */
export const numberParts = () => parts;

/**
 * What POST /read answers of a picture, as the page shows it: one digit has the members that POST /classify gives it; several are a
 * number. status: digit, unsure, not_a_digit (blank: nothing is there at all), number, number_unsure, error.
 */
async function shownAs(result) {
  const { status, rows } = result;
  if (status === 'error') return result;
  const signs = rows.flatMap((row) => row.digits);
  if (!signs.some(({ digit }) => digit !== null)) {
    return { ...result, status: 'not_a_digit', blank: status === 'blank', digit: null, unsure_because: null };
  }
  if (signs.length > 1) {
    parts = await load('number-view');
    return { ...result, status: status === 'read' ? 'number' : 'number_unsure', number: parts.NumberText.ofResult(result) };
  }
  const [{ digit, confidence, probabilities, input }] = signs;
  const because = result.unsure_because ?? (confidence < SURE_ENOUGH ? 'confidence' : 'unfamiliar');
  return { ...result, status: status === 'read' ? 'digit' : 'unsure', unsure_because: status === 'read' ? null : because, digit, confidence, probabilities, input };
}

/** One request: the results of list, in its order. save: in the history; onUpload(share of it that has left); onNote(sentence). */
export async function send(list, { wish = NO_WISH, steps = false, save = false, signal, keepalive, onWait, onUpload, onNote }) {
  const form = new FormData();
  let size = 0;
  for (const item of list) {
    form.append('image', item.body, item.name);
    size += item.bytes;
  }
  const query = new URLSearchParams({ input: 1, ...(save && { save: 1 }), ...(steps && { steps: 1 }), ...(wish !== NO_WISH && wish) });
  const answer = await request(`read?${query}`, {
    method: 'POST', form, signal, keepalive, timeoutMs: TIMEOUT_MS + (size / SLOWEST_BYTES_S) * 1000, waitFor: [...BUSY, 429], onWait, onUpload,
  });
  if (!Array.isArray(answer.results) || answer.results.length !== list.length) throw new ApiError('odd');
  if (answer.not_saved && onNote) onNote(t('read.notKept', { why: problemText(answer.not_saved) }));
  try {
    return await Promise.all(answer.results.map(shownAs));
  } catch {
    throw new ApiError('unreachable'); // a part of the page, this time
  }
}

/**
 * Reads every item of todo; each gets its result as the answers come. Throws ApiError where it is not the pictures' fault.
 * hooks: signal, save, steps (of a single picture), onWait(seconds), onNote(sentence), onUpload(list, share), onResults(list)
 */
export async function readAll(todo, hooks) {
  let batch = [], size = 0;
  const flush = async () => {
    if (batch.length) await readBatch(batch, hooks);
    batch = [];
    size = 0;
  };
  for (const item of todo) {
    if (!await prepare(item, hooks)) continue;
    const more = item.bytes + PART_BYTES;
    if (batch.length === REQUEST_PICTURES_MAX || size + more > REQUEST_BYTES_MAX) await flush();
    batch.push(item);
    size += more;
  }
  await flush();
}

/** Makes it smaller where it must be; false where it is too large even so, which is its result. */
async function prepare(item, { signal, onResults }) {
  if (!item.shrunk) await item.makeSmaller(PICTURE_BYTES_MAX);
  if (signal.aborted) throw new ApiError('aborted');
  if (item.bytes <= PICTURE_BYTES_MAX) return true;
  item.answer({ status: 'error', problem: {
    title: t('read.tooBig'), detail: t('read.tooBigText', { size: bytes(item.file.size), max: bytes(REQUEST_BYTES_MAX) }),
  } });
  onResults([item]);
  return false;
}

const failedResult = (error) => ({ status: 'error', problem: error.problem || { title: t('answer.notYet'), detail: sentenceOf(error) } });
const wasNotRead = ({ status, problem }) => status === 'error' && problem.type === 'problems/send-again';
const hasTooManyDigits = ({ status, problem }) => status === 'error' && problem.type === 'problems/too-many-digits';
const hasTooManyPixels = ({ status, problem }) => status === 'error' && problem.type === 'problems/picture-too-large';

async function readBatch(batch, hooks) {
  let results;
  try {
    results = await send(batch, {
      ...hooks, steps: hooks.steps && batch.length === 1, onUpload: (share) => hooks.onUpload(batch, share),
    });
  } catch (error) {
    if (!IS_ABOUT_PICTURES.includes(error.status)) throw error;
    if (batch.length > 1) {
      for (const item of batch) await readBatch([item], hooks);
      return;
    }
    results = [failedResult(error)];
  }
  const left = batch.filter((_, i) => wasNotRead(results[i]));
  const alone = []; // are sent once more, each by itself
  for (const [i, item] of batch.entries()) {
    if (left.includes(item)) continue;
    if (hasTooManyPixels(results[i]) && !item.shrunk && await item.makeSmaller(PICTURE_BYTES_MAX, true)) alone.push(item);
    else if (hasTooManyDigits(results[i]) && batch.length > 1) alone.push(item); // the others may have used up what a request may hold
    else item.answer(results[i]);
  }
  hooks.onResults(batch);
  for (const item of alone) await readBatch([item], hooks);
  if (left.length) await sendAgain(left, hooks);
}

/** The pictures after one that crashed the decoder: once more, then it is up to the visitor. */
async function sendAgain(left, hooks) {
  const fresh = left.filter((item) => !item.sentAgain);
  if (fresh.length < left.length) throw new ApiError('stopped');
  for (const item of left) item.sendAgain();
  hooks.onNote(t('read.sendingAgain', { n: left.length }));
  await readBatch(left, hooks);
  hooks.onNote(t('read.sentAgain', { n: left.length }));
}
