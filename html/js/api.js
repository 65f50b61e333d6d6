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
 * options: method, json (an object to send) or form (FormData), timeoutMs, signal,
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

async function once(path, { method = 'GET', json, form, timeoutMs = 30000, signal }) {
  const stop = new AbortController();
  const outside = () => stop.abort();
  let late = false;
  const timer = setTimeout(() => { late = true; stop.abort(); }, timeoutMs);
  if (signal) signal.addEventListener('abort', outside);
  try {
    if (signal && signal.aborted) throw new ApiError('aborted');
    const headers = { Accept: 'application/json, application/problem+json' };
    if (json) headers['Content-Type'] = 'application/json';
    const response = await fetch(path, {
      method, headers, body: json ? JSON.stringify(json) : form,
      credentials: 'same-origin', cache: 'no-store', signal: stop.signal,
    });
    return await read(response);
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

async function read(response) {
  const { status } = response;
  if (status === 204) return null;
  const isJson = /^application\/(problem\+)?json\b/.test(response.headers.get('Content-Type') || '');
  const text = await response.text(); // a broken connection ends here, as unreachable
  let body = null;
  try {
    if (isJson) body = JSON.parse(text);
  } catch { /* told below */ }
  if (response.ok && body) return body;
  if (response.ok) throw new ApiError('odd');
  const retryAfter = parseInt(response.headers.get('Retry-After'), 10) || 0;
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
