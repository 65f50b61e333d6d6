// The one way to the server: JSON in and out, problems (RFC 9457) as ApiError, a deadline on every request.
// Traps: paths are relative, so that the site works below a sub-path; a 503 is waited for only where that is asked; the session is
// the browser's, and another tab may have changed it: each request names the account that this page shows, the server refuses what
// is meant for another (412), and a reply that is another's is dropped here.

const WAIT_MAX_S = 60; // a longer Retry-After is told, not waited for
const TRIES = 4;
const ACCOUNT = 'Digitd-Account'; // in requests: whom the page shows; in replies: whose they are
const OTHER = 412;
let account = '';
let onOther;
export const BUSY = [502, 503, 504]; // 502 and 504 come from a proxy in front

/** id: of the account that the page shows from now on, or null; other(): the session has turned out to be of another one. */
export function speakFor(id, other = onOther) {
  account = id === null ? '' : String(id);
  onOther = other;
}

/** kind: 'problem' (status, problem, retryAfter in seconds), 'offline', 'unreachable', 'timeout', 'odd', 'aborted', 'other' (account). */
export class ApiError extends Error {
  constructor(kind, more = {}) {
    super(kind);
    Object.assign(this, { kind, status: 0 }, more);
  }
}

/** Whether the error is the end of what the page shows, which is told elsewhere: the session is over (onExpired), or another account's. */
export function isEnd({ status, kind }, onExpired) {
  if (status === 401) onExpired();
  return status === 401 || kind === 'other';
}

/**
 * options: method, json (an object to send) or form (FormData), timeoutMs, signal, onUpload(share of the body that has left),
 * onWait(seconds left): given, a busy server (a status in waitFor, BUSY by default) is waited for and asked again; whoever: it may be
 * anybody's; blob: the answer is a file; keepalive: it is sent even if the page goes.
 * Returns the JSON answer, the Blob, null for 204. Throws ApiError.
 */
export async function request(path, options = {}) {
  const { waitFor = BUSY } = options;
  const mine = options.whoever ? '' : account;
  for (let left = TRIES; ; left--) {
    try {
      return await once(path, mine, options);
    } catch (error) {
      const wait = error.retryAfter || 2;
      if (!waitFor.includes(error.status) || !options.onWait || left <= 1 || wait > WAIT_MAX_S) throw error;
      await pause(wait, options);
      if (mine && mine !== account) throw new ApiError('other'); // somebody else has come meanwhile
    }
  }
}

async function once(path, mine, { method = 'GET', json, form, timeoutMs = 30000, signal, onUpload, blob, keepalive }) {
  const stop = new AbortController();
  const outside = () => stop.abort();
  let late = false;
  const timer = setTimeout(() => { late = true; stop.abort(); }, timeoutMs);
  if (signal) signal.addEventListener('abort', outside);
  try {
    if (signal && signal.aborted) throw new ApiError('aborted');
    const headers = { Accept: 'application/json, application/problem+json' };
    if (json) headers['Content-Type'] = 'application/json';
    if (mine) headers[ACCOUNT] = mine;
    const body = json ? JSON.stringify(json) : form;
    const reply = await (onUpload ? byXhr : byFetch)(path, { method, headers, body, signal: stop.signal, onUpload, blob, keepalive });
    if (mine) compare(mine, reply);
    return read(reply);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (late) throw new ApiError('timeout');
    if (signal && signal.aborted) throw new ApiError('aborted');
    throw new ApiError(navigator.onLine === false ? 'offline' : 'unreachable');
  } finally {
    clearTimeout(timer);
    if (signal) signal.removeEventListener('abort', outside);
  }
}

/** Stops what is another account's. */
function compare(mine, { status, header }) {
  const theirs = header(ACCOUNT);
  if (status !== OTHER && (!theirs || theirs === mine)) return;
  if (mine === account) onOther(); // else the page knows by now
  throw new ApiError('other');
}

async function byFetch(path, { method, headers, body, signal, blob, keepalive }) {
  const response = await fetch(path, { method, headers, body, credentials: 'same-origin', cache: 'no-store', signal, keepalive });
  if (blob && response.ok) return { status: response.status, file: await response.blob(), header: (name) => response.headers.get(name) };
  const text = await response.text(); // a broken connection ends here, as unreachable
  return { status: response.status, text, header: (name) => response.headers.get(name) };
}

/** fetch does not tell how much of an upload has left. */
function byXhr(path, { method, headers, body, signal, onUpload }) {
  return new Promise((done, failed) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, path);
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = ({ loaded, total }) => onUpload(total ? loaded / total : 0);
    xhr.onload = () => done({ status: xhr.status, text: xhr.responseText, header: (name) => xhr.getResponseHeader(name) });
    xhr.onerror = xhr.onabort = () => failed(new TypeError(path));
    signal.addEventListener('abort', () => xhr.abort());
    xhr.send(body);
  });
}

function read({ status, text, file, header }) {
  if (status === 204) return null;
  if (file) return file;
  const isJson = /^application\/(problem\+)?json\b/.test(header('Content-Type') || '');
  let body = null;
  try {
    if (isJson) body = JSON.parse(text);
  } catch { /* told below */ }
  const ok = status >= 200 && status < 300;
  if (ok && body) return body;
  if (ok) throw new ApiError('odd');
  const retryAfter = parseInt(header('Retry-After'), 10) || 0;
  throw new ApiError('problem', { status, problem: body, retryAfter });
}

/** Waits so many seconds, telling each; ends early when signal aborts. */
async function pause(wait, { onWait, signal }) {
  for (let left = wait; left > 0; left--) {
    if (signal && signal.aborted) throw new ApiError('aborted');
    onWait(left);
    await new Promise((done) => setTimeout(done, 1000));
  }
  if (signal && signal.aborted) throw new ApiError('aborted');
}

// ---- how this site is set: who may sign up, how short a password may be, whether it sends mail

/** As GET /site tells it; until then, what a site usually is. */
export const site = { sign_up: 'open', password_min_length: 8, mail: false };

let known = false;

/** Once. */
export async function learnSite(options) {
  if (known) return;
  Object.assign(site, await request('site', options));
  known = true;
}
