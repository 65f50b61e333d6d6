// The one way to the server: JSON in and out, problems (RFC 9457) as ApiError, a deadline on every request.
// Traps: paths are relative, so that the site works below a sub-path; a 503 is waited for only where that is asked.

const WAIT_MAX_S = 60; // a longer Retry-After is told, not waited for
const TRIES = 4;
export const BUSY = [502, 503, 504]; // 502 and 504 come from a proxy in front

/** kind: 'problem' (status, problem, retryAfter in seconds), 'offline', 'unreachable', 'timeout', 'odd', 'aborted'. */
export class ApiError extends Error {
  constructor(kind, more = {}) {
    super(kind);
    Object.assign(this, { kind, status: 0 }, more);
  }
}

/**
 * options: method, json (an object to send) or form (FormData), timeoutMs, signal, onUpload(share of the body that has left),
 * onWait(seconds left): given, a busy server (a status in waitFor, BUSY by default) is waited for and asked again.
 * Returns the JSON answer, null for 204. Throws ApiError.
 */
export async function request(path, options = {}) {
  const { waitFor = BUSY } = options;
  for (let left = TRIES; ; left--) {
    try {
      return await once(path, options);
    } catch (error) {
      const wait = error.retryAfter || 2;
      if (!waitFor.includes(error.status) || !options.onWait || left <= 1 || wait > WAIT_MAX_S) throw error;
      await pause(wait, options);
    }
  }
}

async function once(path, { method = 'GET', json, form, timeoutMs = 30000, signal, onUpload }) {
  const stop = new AbortController();
  const outside = () => stop.abort();
  let late = false;
  const timer = setTimeout(() => { late = true; stop.abort(); }, timeoutMs);
  if (signal) signal.addEventListener('abort', outside);
  try {
    if (signal && signal.aborted) throw new ApiError('aborted');
    const headers = { Accept: 'application/json, application/problem+json' };
    if (json) headers['Content-Type'] = 'application/json';
    const body = json ? JSON.stringify(json) : form;
    return read(await (onUpload ? byXhr : byFetch)(path, { method, headers, body, signal: stop.signal, onUpload }));
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

async function byFetch(path, { method, headers, body, signal }) {
  const response = await fetch(path, { method, headers, body, credentials: 'same-origin', cache: 'no-store', signal });
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

function read({ status, text, header }) {
  if (status === 204) return null;
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
