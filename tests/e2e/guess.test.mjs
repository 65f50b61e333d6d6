// What guessing passwords meets: a bounded queue (R50); and after a life of accounts, no secret is in a process (R49), the database or a
// log.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HASH_NICE, assertWithin, median } from '../pace.mjs';
import { isStopped } from '../procs.mjs';
import { Visitor, assertProblem, exchange, goodPassword, newEmail, picture } from './lib.mjs';
import { processes, start } from './site.mjs';

const TRIES = 80;
const attempt = (site, i) => exchange('POST', 'login', { origin: site.origin, body: JSON.stringify({ email: `nobody${i}@example.org`, password: 'not the password' }),
  headers: { 'Content-Type': 'application/json', Origin: site.origin.origin } });
// Milliseconds that a picture takes.
async function classified(visitor) {
  const began = performance.now();
  assert.equal((await visitor.send('POST', 'classify', { headers: { 'Content-Type': 'image/png' }, body: picture('digit-7.png') })).status, 200);
  return performance.now() - began;
}
function assertBusy(reply) {
  assertProblem(reply, 503, 'busy');
  assert.match(reply.headers['retry-after'], /^[1-9]\d*$/);
}

// Breaks when log-ins wait without a bound, when what is refused is a bare 502, or when those who still can have their turn are lost. The
// process that hashes is stopped meanwhile, so that they wait whatever a hash takes on this machine: three seconds for the first
// flood, and for the second one too long.
test('R50: a flood of log-ins is bounded: up to 10 s each, then 503 with Retry-After; and who is in time is answered', async (t) => {
  const site = await start(t, { LIMITS: 'off', DIGITD_HASH_WORKERS: 1 });
  const visitor = await Visitor.signedUp(site.origin);
  const hasher = () => processes(site).filter((pid) => execFileSync('ps', ['-o', 'ni=', '-p', pid], { encoding: 'utf8' }).trim() === String(HASH_NICE)).sort((a, b) => a - b)[0];
  const stop = async (pid) => { process.kill(pid, 'SIGSTOP'); for (let i = 0; i < 600 && !isStopped(pid); i++) await sleep(20); };
  const flood = () => {
    const seen = [], began = performance.now();
    return { seen, all: Promise.all(Array.from({ length: TRIES }, async (_, i) => { const reply = await attempt(site, i); seen.push({ ...reply, ms: performance.now() - began }); })) };
  };
  const first = hasher();
  await stop(first);
  const short = flood();
  await sleep(3000);
  short.seen.forEach(assertBusy); // on a slow machine, those who could not be in time are told so at once
  for (let i = 0; i < 3; i++) await classified(visitor); // nothing else waits
  process.kill(first, 'SIGCONT');
  await short.all;
  const answered = short.seen.filter(({ status }) => status === 401), refused = short.seen.filter(({ status }) => status !== 401);
  assert.ok(answered.length > 0, 'none was in time');
  refused.forEach(assertBusy);
  await stop(first);
  const long = flood();
  await long.all;
  try { process.kill(first, 'SIGCONT'); } catch { /* the master has ended it */ }
  // The master ends the stopped process after 10 s as well: its successor may still answer a few.
  const late = long.seen.filter(({ status }) => status !== 401);
  assert.ok(late.length > 0, 'all were answered by a process that stood still');
  late.forEach(assertBusy);
  // One of them the process may have, and where it stood still before it took it, the gate waits for 5 s longer than the deadline.
  const waits = long.seen.map(({ ms }) => ms).sort((a, b) => a - b);
  assertWithin(waits.at(-2), 12500, 'the answer');
  assertWithin(waits.at(-1), 16500, 'the answer of the one that was at work');
  const reply = await visitor.send('POST', 'login', { json: { email: visitor.email, password: goodPassword } });
  assert.equal(reply.status, 200, reply.text);
});

// Breaks when hashing slows the rest: it must leave the processor to whoever reads a digit.
test('R10: beside a flood of log-ins pictures are read, and the page loads', async (t) => {
  const site = await start(t, { LIMITS: 'off', DIGITD_HASH_WORKERS: 1, DIGITD_PASSWORD_COST: 8 });
  const visitor = await Visitor.signedUp(site.origin), times = [], seen = new Map();
  await classified(visitor);
  let flooding = true;
  const clients = Array.from({ length: TRIES }, async (_, i) => {
    while (flooding) {
      const reply = await attempt(site, `${i}-${times.length}`);
      seen.set(reply.status, (seen.get(reply.status) ?? 0) + 1);
      if (reply.status === 503) { assertBusy(reply); await sleep(200); }
    }
  });
  while (times.length < 20 || !seen.has(401) || !seen.has(503)) times.push(await classified(visitor));
  assert.equal((await visitor.send('GET', '')).status, 200);
  flooding = false;
  await Promise.all(clients);
  assert.deepEqual([...seen.keys()].sort(), [401, 503]);
  assertWithin(median(times), 500, `the median of ${times.length} pictures`);
});

// What a process may write to, by where it lies. null: this user may not look, as R49 in account.test.mjs wants it of all but root.
function memoryOf(pid) {
  let file;
  try { file = fs.openSync(`/proc/${pid}/mem`, 'r'); } catch { return null; }
  const places = [];
  for (const line of fs.readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from, to, name] = /^([0-9a-f]+)-([0-9a-f]+) rw\S+ \S+ \S+ \S+\s*(.*)$/.exec(line) ?? [];
    if (from === undefined || name.startsWith('[v')) continue;
    const bytes = Buffer.alloc(parseInt(to, 16) - parseInt(from, 16));
    try { fs.readSync(file, bytes, 0, bytes.length, parseInt(from, 16)); } catch { continue; }
    places.push([name || from, bytes]);
  }
  fs.closeSync(file);
  return places;
}

// R49. Breaks when something that a request went through, libfcgi's buffers included, frees or leaves its copy of a secret as it is.
test('R49: once it has answered, no process remembers a password, a cookie or a token', async (t) => {
  const site = await start(t, { LIMITS: 'off', DIGITD_HASH_WORKERS: 1, WORKERS: 1 });
  const visitor = new Visitor(site.origin), email = newEmail();
  const words = ['first', 'wrong', 'second', 'broken'].map((name) => `${name} canary of the garden`);
  const [password, wrong, changed, broken] = words;
  const send = async (expected, method, where, json, more) => assert.equal((await visitor.send(method, where, { json, ...more })).status, expected, where);
  const digitd = processes(site).filter((pid) => fs.readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('digitd'));
  const check = () => { // after each kind of request: the next one might write over what it left
    for (const pid of digitd) {
      const memory = memoryOf(pid);
      if (!memory) return;
      assert.ok(memory.some(([, bytes]) => bytes.includes(`localhost:${site.port}`)), `${pid}: a setting is found`);
      const cookies = [visitor.cookie, visitor.device].filter(Boolean).map((pair) => pair.split('=')[1]);
      for (const text of [...words, ...cookies, token])
        for (const [where, bytes] of memory) assert.ok(!bytes.includes(text), `${text.slice(0, 8)}... is in ${where} of ${pid}`);
    }
  };
  let token = 'no token was made yet';
  await send(201, 'POST', 'signup', { email, password });
  check();
  await send(401, 'POST', 'login', { email, password: wrong });
  check();
  await send(400, 'POST', 'login', undefined, { body: `{"password": "${broken}"`, headers: { 'Content-Type': 'application/json' } });
  check();
  await send(200, 'POST', 'account/password', { current: password, new: changed });
  check();
  const made = await visitor.send('POST', 'account/tokens', { json: { name: 'x', scopes: ['classify'] } });
  token = made.json.secret;
  check();
  await exchange('GET', 'session', { origin: site.origin, headers: { Authorization: `Bearer ${token}` } });
  check();
  await send(204, 'DELETE', 'account', { password: changed });
  check();
});

// R57, R66, R89. Breaks when a password, token, cookie, invitation or link is kept, or logged, as it is: as text, as base64 or as hex.
test('after a whole life of accounts, no secret is in a dump of the database or in a log', async (t) => {
  const site = await start(t, { LIMITS: 'off' });
  const db = path.join(site.state, 'digitd.db');
  const secrets = new Map();
  const secret = (what, text) => { secrets.set(what, text); return text; };
  const keep = (visitor, what) => {
    if (visitor.cookie) secret(`session of ${what}`, visitor.cookie.split('=')[1]);
    if (visitor.device) secret(`device of ${what}`, visitor.device.split('=')[1]);
  };
  const password = secret('password', 'canary of the first garden'), changed = secret('new password', 'canary of the second garden');
  const reset = secret('reset password', 'canary of the third garden'), wrong = secret('wrong password', 'canary of no garden');
  const email = newEmail();
  const visitor = new Visitor(site.origin);
  const send = async (method, where, json, more = {}) => {
    const reply = await visitor.send(method, where, { json, ...more });
    keep(visitor, `${method} ${where} ${secrets.size}`);
    return reply;
  };
  assert.equal((await send('POST', 'signup', { email, password })).status, 201);
  assert.equal((await send('POST', 'login', { email, password })).status, 200);
  assert.equal((await send('POST', 'login', { email, password: wrong })).status, 401);
  await send('POST', 'login', { email: wrong, password: wrong }); // typed into the wrong field
  await send('POST', 'signup', { email: newEmail(), password, hint: wrong });
  await send('POST', 'signup', { email: newEmail(), password, invitation: secret('invitation', 'canary-of-an-invitation') });
  await send('POST', 'login', undefined, { body: `{"password": "${wrong}"`, headers: { 'Content-Type': 'application/json' } });
  assert.equal((await send('POST', 'login', { email, password })).status, 200);
  assert.equal((await send('POST', 'account/password', { current: wrong, new: changed })).status, 403);
  assert.equal((await send('POST', 'account/password', { current: password, new: changed })).status, 200);
  const made = await send('POST', 'account/tokens', { name: 'x', scopes: ['classify', 'history'] });
  const token = secret('token', made.json.secret.slice(4));
  const image = { headers: { 'Content-Type': 'image/png', Authorization: `Bearer dgt_${token}` }, body: picture('digit-7.png'), origin: site.origin };
  assert.equal((await exchange('POST', 'classify', image)).status, 200);
  assert.equal((await exchange('GET', 'account', { ...image, body: undefined })).status, 403);
  const bad = secret('unknown token', randomBytes(32).toString('base64url'));
  assert.equal((await exchange('GET', 'session', { origin: site.origin, headers: { Authorization: `Bearer dgt_${bad}` } })).status, 401);
  assert.equal((await send('GET', 'session', undefined, { headers: { Cookie: `${visitor.cookie}; ${visitor.cookie}` } })).status, 400);
  assert.equal((await send('POST', 'logout', undefined, { headers: { Origin: 'http://evil.example' } })).status, 403);
  const link = secret('link', randomBytes(32).toString('base64url'));
  assert.equal((await send('POST', 'account/reset', { token: link, password: reset })).status, 403);
  assert.equal((await send('POST', 'account/confirm', { token: link, password: reset })).status, 403);
  const now = Math.floor(Date.now() / 1000), hash = createHash('sha256').update(link).digest('hex');
  execFileSync('sqlite3', [db, `INSERT INTO links (link_hash, kind, user_id, created_at, expires_at) VALUES (x'${hash}', 1, 1, ${now}, ${now + 3600})`]);
  assert.equal((await send('POST', 'account/reset', { token: link, password: reset })).status, 204);
  assert.equal((await send('POST', 'login', { email, password: reset })).status, 200);
  await exchange('GET', `session?token=${token}&link=${link}`, { origin: site.origin }); // a program that does it wrong
  assert.equal((await send('GET', 'account/export')).status, 200);
  const second = await Visitor.signedUp(site.origin);
  assert.equal((await second.send('DELETE', 'account', { json: { password: goodPassword } })).status, 204);
  process.kill(site.child.pid, 'SIGTERM');
  assert.equal(await site.ended, 0);

  // With mail: what waits in the outbox.
  const mailing = await start(t, { LIMITS: 'off', STATE: site.state, DIGITD_MAIL_COMMAND: '/bin/true' });
  const asked = await exchange('POST', 'signup', { origin: mailing.origin, headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: newEmail(), password }) });
  assert.equal(asked.status, 202, asked.text);
  const forgot = await exchange('POST', 'account/forgot', { origin: mailing.origin, headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email }) });
  assert.equal(forgot.status, 202, forgot.text);
  process.kill(mailing.child.pid, 'SIGTERM');
  assert.equal(await mailing.ended, 0);

  assert.ok(secrets.size >= 12, `${secrets.size} secrets`);
  const places = new Map([['the dump', Buffer.from(execFileSync('sqlite3', ['-readonly', db, '.dump'], { maxBuffer: 1 << 28 }))]]);
  for (const name of fs.readdirSync(site.state, { recursive: true }).concat(fs.readdirSync(path.join(site.state, 'log')).map((file) => `log/${file}`))) {
    const file = path.join(site.state, name);
    if (fs.statSync(file).isFile()) places.set(name, fs.readFileSync(file));
  }
  assert.ok(places.has('log/digitd.log') && places.has('log/nginx-access.log') && places.has('digitd.db'), [...places.keys()].join(' '));
  assert.ok(places.get('the dump').includes(email) && places.get('the dump').includes('INSERT INTO outbox') &&
    places.get('the dump').includes('INSERT INTO tokens'), 'the dump has the rows');
  const dump = places.get('the dump').toString();
  assert.match(dump, /INSERT INTO throttles/);
  for (const [what, text] of secrets) {
    const bytes = /^[\w-]{43}$/.test(text) ? [Buffer.from(text, 'base64url')] : [];
    const forms = [text, Buffer.from(text).toString('base64').replace(/=+$/, ''), ...bytes.map((b) => b.toString('hex')), ...bytes.map((b) => b.toString('hex').toUpperCase()),
      Buffer.from(text).toString('hex'), encodeURIComponent(text)];
    for (const [where, content] of places) {
      for (const form of forms) assert.ok(!content.includes(form), `${what} is in ${where}`);
      for (const b of bytes) assert.ok(!content.includes(b), `the bytes of ${what} are in ${where}`);
    }
  }
});
