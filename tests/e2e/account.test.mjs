// The life of an account through nginx: passwords, sessions, tokens, export, end; what an API token opens; what guesses meet. The
// rules themselves, case by case, are in tests/unit/test_api_*.c; here is what nginx, two workers and a real socket add.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Visitor, assertProblem, base, exchange, goodPassword, newEmail, picture, raw, root, ownAddress } from './lib.mjs';
import { processes, start } from './site.mjs';

const newPassword = 'a loud orange mountain';
const seven = picture('digit-7.png');
const login = (email, password, visitor = new Visitor()) =>
  visitor.send('POST', 'login', { json: { email, password } }).then((reply) => Object.assign(reply, { visitor }));
const bearer = (token, method, where, options = {}) =>
  exchange(method, where, { ...options, headers: { Authorization: `Bearer ${token}`, ...options.headers } });
const png = { headers: { 'Content-Type': 'image/png' }, body: seven };
// Challenges arrive as headers of one name, which node joins.
const challenges = (reply) => reply.headers['www-authenticate'];

test('GET /site tells what the page must know before log-in', async () => {
  const { status, json } = await exchange('GET', 'site');
  assert.equal(status, 200);
  assert.deepEqual(json, { sign_up: 'open', password_min_length: 8, mail: false });
});

// Breaks when two processes of the hash pool both find an address free, or when a request that could not be taken made an account all
// the same: its visitor would be told that the address is taken.
test('R54: of 100 sign-ups of one address at a time exactly one is 201', async () => {
  const email = newEmail();
  const signUp = async () => {
    for (;;) {
      const reply = await new Visitor().send('POST', 'signup', { json: { email, password: goodPassword } });
      if (reply.status !== 503) return reply.status;
      await sleep(100); // the pool's queue is full
    }
  };
  const statuses = await Promise.all(Array.from({ length: 100 }, signUp));
  assert.deepEqual([statuses.filter((status) => status === 201).length, statuses.filter((status) => status === 409).length], [1, 99], `${statuses}`);
  assert.equal((await login(email, goodPassword)).status, 200);
});

// Breaks when nginx sends one of the paths to a pool that does not know it, or drops a DELETE's body.
// A password manager makes 128 characters. Breaks when a long password is refused, or cut.
test('R41: a password of up to 256 characters within 511 bytes', async () => {
  for (const [password, good] of [['aZ7-x9Qm'.repeat(16), true], [`${'kQ7#vB2x'.repeat(32)}`, true], [`${'kQ7#vB2x'.repeat(32)}y`, false],
    ['äö'.repeat(63) + 'x'.repeat(130), true], ['äöüß'.repeat(63) + 'x'.repeat(8), false]]) {
    const email = newEmail(), what = `${password.length} characters, ${Buffer.byteLength(password)} bytes`;
    const reply = await new Visitor().send('POST', 'signup', { json: { email, password } });
    if (!good) {
      assertProblem(reply, 422, 'bad-password');
      assert.match(reply.json.detail, /256 characters and 511 bytes/, what);
      continue;
    }
    assert.equal(reply.status, 201, `${what}: ${reply.text}`);
    assert.equal((await login(email, password)).status, 200, what);
    assertProblem((await login(email, password.slice(0, -1))), 401, 'wrong-login');
  }
});

test('R55, R58, R60: change the password, end sessions, log out everywhere, delete the account', async () => {
  const laptop = await Visitor.signedUp();
  const { email } = laptop;
  const { visitor: phone } = await login(email, goodPassword);
  const { visitor: tablet } = await login(email, goodPassword);
  const account = await laptop.send('GET', 'account');
  assert.deepEqual(account.json.counts, { sessions: 3, tokens: 0, history: 0 });
  assert.equal(account.json.user.email, email);

  const { json: { sessions } } = await laptop.send('GET', 'account/sessions');
  assert.equal(sessions.length, 3);
  assert.equal(sessions.filter(({ current }) => current).length, 1);
  for (const { address } of sessions) assert.match(address, new RegExp(`^${ownAddress}$`));
  const other = sessions.find(({ current }) => !current);
  assert.equal((await laptop.send('DELETE', `account/sessions/${other.id}`)).status, 204);
  assertProblem(await laptop.send('DELETE', `account/sessions/${other.id}`), 404, 'not-found');
  const live = await Promise.all([phone, tablet].map((visitor) => visitor.send('GET', 'session')));
  assert.deepEqual(live.map(({ status }) => status).sort(), [200, 401]);

  const old = laptop.cookie;
  const change = (json) => laptop.send('POST', 'account/password', { json });
  assertProblem(await change({ current: 'not the password', new: newPassword }), 403, 'wrong-password');
  assertProblem(await change({ current: goodPassword, new: 'short' }), 422, 'bad-password');
  assert.equal((await change({ current: goodPassword, new: newPassword })).status, 200);
  assert.notEqual(laptop.cookie, old);
  for (let i = 0; i < 8; i++) // whichever worker answers
    assertProblem(await exchange('GET', 'session', { headers: { Cookie: [old, phone.cookie, tablet.cookie][i % 3] } }), 401);
  assertProblem(await login(email, goodPassword), 401, 'wrong-login');

  const { visitor: again } = await login(email, newPassword);
  assert.equal((await laptop.send('DELETE', 'account/sessions')).status, 204);
  assert.equal(laptop.cookie, null);
  assertProblem(await again.send('GET', 'session'), 401);

  const { visitor: last } = await login(email, newPassword);
  assertProblem(await last.send('DELETE', 'account', { json: { password: goodPassword } }), 403, 'wrong-password');
  assert.equal((await last.send('DELETE', 'account', { json: { password: newPassword } })).status, 204);
  assertProblem(await login(email, newPassword), 401, 'wrong-login');
});

test('the export is a file with everything but secrets', async () => {
  const visitor = await Visitor.signedUp();
  await visitor.send('POST', 'account/tokens', { json: { name: 'x', scopes: ['history'] } });
  const reply = await visitor.send('GET', 'account/export', { headers: { Accept: 'text/html' } });
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['content-disposition'], 'attachment; filename="digitd-account.json"');
  assert.equal(reply.headers['x-content-type-options'], 'nosniff');
  assert.equal(reply.json.user.email, visitor.email);
  assert.equal(reply.json.sessions.length, 1);
  assert.equal(reply.json.tokens[0].name, 'x');
  assert.doesNotMatch(reply.text, /\$y\$|dgt_/);
  assert.ok(!reply.text.includes(visitor.cookie.split('=')[1]));
});

// Breaks when nginx keeps the Authorization header, or one of two challenges, for itself.
test('an API token reads digits without a cookie or an Origin, and nothing else', async () => {
  const visitor = await Visitor.signedUp();
  const made = await visitor.send('POST', 'account/tokens', { json: { name: 'backup script', scopes: ['classify'], expires_in_days: 90 } });
  assert.equal(made.status, 201, made.text);
  const { secret, token } = made.json;
  assert.match(secret, /^dgt_[A-Za-z0-9_-]{43}$/);
  const read = await bearer(secret, 'POST', 'classify', png);
  assert.equal(read.status, 200, read.text);
  assert.equal(read.json.results[0].digit, 7);
  assert.equal((await bearer(secret, 'GET', 'session')).json.user.email, visitor.email);
  const { json: { tokens } } = await visitor.send('GET', 'account/tokens');
  assert.match(tokens[0].last_used_at, /^20\d\d-/);

  for (const [method, where] of [['GET', 'account'], ['GET', 'account/tokens'], ['GET', 'account/export'], ['DELETE', 'account/sessions'],
    ['POST', 'logout']]) {
    const reply = await bearer(secret, method, where);
    assertProblem(reply, 403, 'token-scope');
    assert.match(challenges(reply), /Bearer realm="digitd", error="insufficient_scope"/);
  }
  const nobody = await exchange('GET', 'session');
  assertProblem(nobody, 401, 'log-in-first');
  assert.match(challenges(nobody), /Cookie realm="digitd"/);
  assert.match(challenges(nobody), /Bearer realm="digitd"/);
  // With a token the cookie is not looked at, so a bad one is not made good by it.
  const bad = await bearer(secret.slice(0, -1) + (secret.endsWith('x') ? 'y' : 'x'), 'GET', 'session', { headers: { Cookie: visitor.cookie } });
  assertProblem(bad, 401, 'bad-token');
  assert.match(challenges(bad), /Cookie realm="digitd"/);
  assert.match(challenges(bad), /Bearer realm="digitd", error="invalid_token"/);
  // A server in front may ask for a password of its own.
  assert.equal((await visitor.send('GET', 'session', { headers: { Authorization: 'Basic YTpi' } })).status, 200);

  assert.equal((await visitor.send('DELETE', `account/tokens/${token.id}`)).status, 204);
  for (let i = 0; i < 4; i++) assertProblem(await bearer(secret, 'POST', 'classify', png), 401, 'bad-token');
});

// Breaks when only one of two Cookie headers reaches the worker, which then cannot know of the other.
test('R62: the session cookie twice is 400, in one header or in two', async () => {
  const visitor = await Visitor.signedUp();
  const ask = (...cookies) => raw(`GET /session HTTP/1.1\r\nHost: ${base.host}\r\n${cookies.map((c) => `Cookie: ${c}\r\n`).join('')}` +
    'Connection: close\r\n\r\n');
  const { cookie } = visitor;
  assert.match(await ask(cookie), /^HTTP\/1\.1 200 /);
  assert.match(await ask('a=1', cookie), /^HTTP\/1\.1 200 /, 'as HTTP/2 splits it');
  for (const twice of [[`${cookie}; ${cookie}`], [cookie, cookie], [cookie, 'a=1', 'digitd_session=x']]) {
    const reply = await ask(...twice);
    assert.match(reply, /^HTTP\/1\.1 400 /, twice.join(' + '));
    assert.match(reply, /problems\/bad-cookie/);
  }
});

// Breaks when a header that anybody can send decides whose address is kept, or counted.
test('R21: X-Forwarded-For and the like reach no decision', async (t) => {
  const forged = { 'X-Forwarded-For': '203.0.113.9', 'X-Real-IP': '203.0.113.9', Forwarded: 'for=203.0.113.9', Proxy: 'http://203.0.113.9/' };
  const visitor = new Visitor();
  const email = newEmail();
  assert.equal((await visitor.send('POST', 'signup', { json: { email, password: goodPassword }, headers: { ...forged } })).status, 201);
  const { json: { sessions } } = await visitor.send('GET', 'account/sessions', { headers: { ...forged } });
  assert.match(sessions[0].address, new RegExp(`^${ownAddress}$`));

  const site = await start(t); // with its limits on
  const body = JSON.stringify({ email: 'nobody@example.org', password: 'wrong password' });
  const replies = await Promise.all(Array.from({ length: 160 }, (_, i) => exchange('POST', 'login', { origin: site.origin, body,
    headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': `203.0.113.${i}`, 'X-Real-IP': `203.0.113.${i}` } })));
  assert.ok(replies.filter(({ json }) => json.type === 'problems/too-many-requests').length >= 10);
});

// Breaks when the count is kept in a worker, or a reply tells an address that has an account from one that has none.
test('R51: after free failures the address rests, known or not; R52: not for the browser that signed in before', async () => {
  const owner = await Visitor.signedUp();
  const replies = [];
  for (const email of [owner.email, newEmail()]) {
    // Six are answered, then it rests to the next full second, then for two seconds, four: a slow machine sleeps through the first.
    const mine = [];
    let reply;
    do {
      reply = await login(email, 'not the password');
      mine.push(`${reply.json.type} ${Object.keys(reply.headers).sort()}`);
    } while (reply.status !== 429 && mine.length < 12);
    assertProblem(reply, 429, 'too-many-tries');
    assert.match(reply.headers['retry-after'], /^[1-9]\d*$/);
    assert.ok(mine.length > 6, mine.join('\n'));
    replies.push(mine);
  }
  const told = new Set(replies.flatMap((mine) => mine.slice(0, -1)));
  assert.match([...told].join('\n'), /^problems\/wrong-login [^\n]*$/); // always the same
  assert.equal(replies[0].at(-1), replies[1].at(-1));
  const returning = new Visitor();
  returning.device = owner.device;
  assert.equal((await login(owner.email, goodPassword, returning)).status, 200);
});

// Breaks when another process of the same user can read a worker's memory, where passwords pass, or a crash writes it to a file.
test('R49: no core dump and no ptrace', async (t) => {
  const site = await start(t);
  const pids = processes(site).filter((pid) => fs.readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('digitd'));
  const master = Math.min(...pids); // the workers were forked from it; it reads no byte of a client
  const workers = pids.filter((pid) => pid !== master && !fs.readFileSync(`/proc/${pid}/status`, 'utf8').includes('\nSeccomp:\t2'));
  assert.ok(workers.length >= 4, `${pids}`);
  for (const pid of workers) {
    const limits = fs.readFileSync(`/proc/${pid}/limits`, 'utf8');
    assert.match(limits, /^Max core file size +0 +0 /m);
    const [, uid] = /^Uid:\t(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
    if (uid === '0') continue; // root may read anything; where the tests may, the site does not run as root
    const as = process.getuid() === 0 ? ['setpriv', '--reuid', uid, '--clear-groups'] : ['env'];
    const peek = (file) => execFileSync(as[0], [...as.slice(1), 'head', '-c', '1', `/proc/${pid}/${file}`], { stdio: 'pipe' });
    for (const file of ['environ', 'mem', 'maps', 'stack'])
      assert.throws(() => peek(file), /Permission denied|Operation not permitted/, `${file} of ${pid}`);
  }
});

// R44: what password managers go by. Breaks when a form of the page loses one of its marks.
test('R44: the forms say which field is what', () => {
  const html = fs.readFileSync(path.join(root, 'html/index.html'), 'utf8');
  const passwords = html.match(/<input[^>]*type="password"[^>]*>/g);
  assert.ok(passwords.length >= 2);
  for (const input of passwords) {
    assert.match(input, /autocomplete="(current|new)-password"/);
    assert.doesNotMatch(input, /maxlength|onpaste|readonly/);
  }
  for (const input of html.match(/<input[^>]*type="email"[^>]*>/g)) assert.match(input, /autocomplete="username"/);
});
