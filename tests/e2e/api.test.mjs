// The HTTP interface through nginx, as a program sees it: the whole journey, and what each bad input gets. Every error must be
// problem+json with a sentence; after each of them the same worker pool must still answer.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Visitor, assertProblem, base, exchange, goodPassword, greyPng, multipart, newEmail, picture, raw, root } from './lib.mjs';

const openapi = JSON.parse(fs.readFileSync(path.join(root, 'html/openapi.json')));

test('sign up, log out, log in, read a digit, log out', async () => {
  const visitor = await Visitor.signedUp();
  const session = await visitor.send('GET', 'session');
  assert.equal(session.status, 200);
  assert.equal(session.json.user.email, visitor.email);
  assert.match(session.json.user.created_at, /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(session.headers['cache-control'], 'no-store');

  const old = visitor.cookie;
  assert.equal((await visitor.send('POST', 'logout')).status, 204);
  assert.equal(visitor.cookie, null, 'the cookie is cleared');
  assertProblem(await exchange('GET', 'session', { headers: { Cookie: old } }), 401);

  const login = await visitor.send('POST', 'login', { json: { email: visitor.email.toUpperCase(), password: goodPassword } });
  assert.equal(login.status, 200, login.text);
  assert.notEqual(visitor.cookie, old, 'a new token at log-in (R58)');
  const [cookie] = login.headers['set-cookie'];
  assert.match(cookie, /^digitd_session=[A-Za-z0-9_-]{43};/);
  for (const attribute of ['HttpOnly', 'SameSite=Lax', 'Path=/']) assert.ok(cookie.includes(attribute), cookie);
  assert.doesNotMatch(cookie, /Secure|Domain/);

  for (const name of ['digit-7.png', 'digit-7.jpg', 'digit-7.gif', 'digit-7.bmp', 'digit-7.webp', 'digit-7.tif', 'digit-7.avif', 'digit-7-12bit.png', 'digit-7-cmyk.jpg']) {
    const reply = await visitor.classify([{ filename: name, bytes: picture(name) }], '?input=1');
    assert.equal(reply.status, 200, `${name}: ${reply.text}`);
    const [result] = reply.json.results;
    assert.equal(result.name, name);
    assert.equal(result.status, 'digit');
    assert.equal(result.digit, 7);
    assert.ok(result.confidence > 0.9, name);
    assert.equal(result.probabilities.length, 10);
    assert.ok(Math.abs(result.probabilities.reduce((a, b) => a + b) - 1) < 1e-4);
    assert.equal(Buffer.from(result.input, 'base64').length, 784);
    assert.equal(typeof result.preprocessing.inverted, 'boolean');
    assert.equal(result.preprocessing.box.length, 4);
    assert.equal(result.preprocessing.shift.length, 2);
    assert.ok(result.elapsed_us > 0);
    assert.match(reply.json.model.sha256, /^[0-9a-f]{64}$/);
  }
  const body = picture('digit-7.png');
  const one = await visitor.send('POST', 'classify', { headers: { 'Content-Type': 'image/png' }, body });
  assert.equal(one.json?.results[0].digit, 7, one.text);
});

test('several pictures: several results in the order given, a bad one does not spoil the rest', async () => {
  const visitor = await Visitor.signedUp();
  const good = picture('digit-7.png');
  const reply = await visitor.classify([{ filename: 'a.png', bytes: good }, { filename: 'b.png', bytes: Buffer.from('no picture') },
    { filename: 'c.png', bytes: good }]);
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(reply.json.results.map((r) => r.name), ['a.png', 'b.png', 'c.png']);
  assert.deepEqual(reply.json.results.map((r) => r.status), ['digit', 'error', 'digit']);
  assert.equal(reply.json.results[1].problem.status, 415);
  assert.deepEqual(reply.json.results[0].probabilities, reply.json.results[2].probabilities, 'R34: the same bits');

  const many = await visitor.classify(Array.from({ length: 64 }, (_, i) => ({ filename: `${i}.png`, bytes: good })));
  assert.equal(many.status, 200);
  assert.equal(many.json.results.length, 64);
});

test('blank paper is not a digit', async () => {
  const visitor = await Visitor.signedUp();
  const reply = await visitor.classify([{ bytes: greyPng(200, 300, Buffer.alloc(200 * 300, 255)) }]);
  assert.equal(reply.json.results[0].status, 'not_a_digit', reply.text);
  assert.equal(reply.json.results[0].digit, null);
});

// What bad input gets. Each case: [what it is, how to send it, status, problem name].
const cut = picture('digit-7.png');
const badPictures = [
  ['a text file', Buffer.from('this is not a picture\n'.repeat(20)), 415],
  ['an empty file', Buffer.alloc(0), 422],
  ['a truncated PNG', cut.subarray(0, cut.length - 40), 422],
  ['a PNG header of 20,000 x 20,000', (() => {
    const bytes = Buffer.from(greyPng(1, 1, Buffer.alloc(1)));
    bytes.writeUInt32BE(20000, 16);
    bytes.writeUInt32BE(20000, 20);
    return bytes;
  })(), 413],
  ['a PNG with one byte of its data changed', (() => {
    const bytes = Buffer.from(cut);
    bytes[Math.floor(bytes.length / 2)] ^= 0x55;
    return bytes;
  })(), 422],
  ['HTML with a PNG name', Buffer.from('<!doctype html><title>x</title>'), 415],
  ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 415],
];
for (const [what, bytes, status] of badPictures) {
  test(`bad picture: ${what} is ${status}`, async () => {
    const visitor = await Visitor.signedUp();
    assertProblem(await visitor.classify([{ bytes }]), status);
    assert.equal((await visitor.classify([{ bytes: cut }])).json.results[0].digit, 7, 'the worker goes on');
  });
}

test('bad requests to /classify', async () => {
  const visitor = await Visitor.signedUp();
  const part = { bytes: cut };
  const send = (body, type) => visitor.send('POST', 'classify', { headers: type ? { 'Content-Type': type } : {}, body });
  assertProblem(await send(Buffer.alloc(11 * 1024 * 1024), 'image/png'), 413, 'too-large');
  assertProblem(await visitor.classify([]), 400);
  assertProblem(await visitor.classify(Array(65).fill(part)), 400);
  assertProblem(await visitor.classify([part, { ...part, name: 'file' }]), 400);
  const { body } = multipart([part], 'right');
  assertProblem(await send(body, 'multipart/form-data; boundary=wrong'), 400);
  assertProblem(await send(body, 'multipart/form-data'), 400);
  assertProblem(await send(body.subarray(0, body.length - 12), 'multipart/form-data; boundary=right'), 400);
  assertProblem(await send(body, 'text/plain'), 415);
  assertProblem(await send(body), 415);
  assertProblem(await send('{}', 'application/json'), 415);
  assertProblem(await new Visitor().classify([part]), 401);
  assert.equal((await visitor.classify([part])).status, 200);
});

test('bad requests to the account paths', async () => {
  const visitor = await Visitor.signedUp(), stranger = new Visitor();
  const login = (json) => stranger.send('POST', 'login', { json });
  const wrong = await login({ email: visitor.email, password: 'not the password' });
  const unknown = await login({ email: newEmail(), password: 'not the password' });
  assertProblem(wrong, 401);
  assertProblem(unknown, 401);
  const strip = ({ json }) => ({ ...json, instance: '' });
  assert.deepEqual(strip(wrong), strip(unknown), 'R48: one same 401 for unknown and wrong');
  assert.deepEqual(Object.keys(wrong.headers), Object.keys(unknown.headers));

  const signup = (json) => stranger.send('POST', 'signup', { json });
  assertProblem(await signup({ email: visitor.email, password: goodPassword }), 409);
  for (const json of [{ email: 'no-at-sign', password: goodPassword }, { email: newEmail(), password: 'short' },
    { email: newEmail(), password: 'password' }, { email: newEmail(), password: 'x'.repeat(600) },
    { email: `${'x'.repeat(300)}@example.org`, password: goodPassword }, { email: 'a b@example.org', password: goodPassword }])
    assertProblem(await signup(json), 422);

  const text = (body, type = 'application/json') =>
    stranger.send('POST', 'login', { headers: { 'Content-Type': type }, body });
  for (const body of ['', 'not json', '{"email":', '[]', '"x"', '{"email":1,"password":2}', '{"email":"a@b"}',
    '{"email":"a@b","email":"c@d","password":"x"}', '{"email":"a\\u0000@b","password":"xxxxxxxxx"}',
    Buffer.from('{"email":"a@b\xff","password":"x"}', 'latin1'), '['.repeat(100) + ']'.repeat(100)]) {
    const reply = await text(body);
    assert.ok([400, 411, 422].includes(reply.status), `${body}: ${reply.text}`);
    assertProblem(reply, reply.status);
  }
  assertProblem(await text('{"email":"a@b","password":"x"}', 'text/plain'), 415);
  assertProblem(await text(JSON.stringify({ email: 'a@b', password: 'x'.repeat(9000) })), 413, 'too-large');
  assert.equal(stranger.cookie, null, 'nothing of this made a session');
  assert.equal((await visitor.send('GET', 'session')).status, 200, 'and the worker goes on');
});

test('R15: other paths are 404, other methods 405 with Allow', async () => {
  for (const where of ['nothing', 'signup/', 'classify/x', '.git/config', 'weights/digits.safetensors', 'digitd.db'])
    assertProblem(await exchange('GET', where), 404);
  for (const [method, where, allow] of [['GET', 'login', /POST/], ['DELETE', 'session', /GET/], ['PUT', 'classify', /POST/],
    ['POST', 'model', /GET/], ['POST', 'index.html', /GET/], ['OPTIONS', 'classify', /POST/]]) {
    const reply = await exchange(method, where, { headers: { Origin: base.origin, Accept: 'application/json' } });
    assertProblem(reply, 405, 'method-not-allowed');
    assert.match(reply.headers.allow, allow, `${method} ${where}`);
    assert.equal(reply.headers['access-control-allow-origin'], undefined, 'R65');
  }
});

// Breaks when a path leaves html/. As raw bytes, since a URL object takes the dots out before they are sent.
test('R26: traversal fails', async () => {
  for (const where of ['/../conf/digitd.conf', '/samples/../../conf/digitd.conf', '/%2e%2e/conf/digitd.conf', '/..%2fconf/digitd.conf',
    '/samples/..%2f..%2fconf/digitd.conf', '/samples/%2e%2e/%2e%2e/%2e%2e/etc/passwd', '/..\\conf\\digitd.conf', '//../conf/digitd.conf']) {
    const reply = await raw(`GET ${where} HTTP/1.1\r\nHost: ${base.host}\r\nConnection: close\r\n\r\n`);
    assert.match(reply, /^HTTP\/1\.1 40[04] /, where);
    assert.doesNotMatch(reply, /site_url|root:/, where);
  }
});

// Breaks when an upload goes to disk on its way, good or bad (R24, R33), or when a refused request leaves a row.
test('nothing of a refused request is stored, and no upload touches the disk', { skip: !process.env.STATE && 'needs the site of tests/e2e/run' }, async () => {
  const state = process.env.STATE;
  const visitor = await Visitor.signedUp(), stranger = new Visitor();
  const rows = () => execFileSync('sqlite3', ['-readonly', path.join(state, 'digitd.db'),
    'SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM sessions)'], { encoding: 'utf8' });
  const before = rows();
  assert.match(before, /^[1-9]\d*\|[1-9]/);
  const large = Buffer.alloc(10 * 1024 * 1024 - 1000, 'x');
  assertProblem(await visitor.classify([{ bytes: large }]), 415);
  assertProblem(await stranger.classify([{ bytes: large }]), 401);
  const chunked = { 'Content-Type': 'image/png', 'Transfer-Encoding': 'chunked' };
  assertProblem(await visitor.send('POST', 'classify', { headers: chunked, body: large }), 415);
  for (const json of [{ email: visitor.email, password: goodPassword }, { email: newEmail(), password: 'short' }, { email: 'x' }])
    assert.ok((await stranger.send('POST', 'signup', { json })).status >= 400);
  assertProblem(await stranger.send('POST', 'login', { json: { email: visitor.email, password: 'not the password' } }), 401);
  assert.equal(rows(), before);
  const spooled = fs.readdirSync(path.join(state, 'tmp')).flatMap((name) => fs.readdirSync(path.join(state, 'tmp', name)));
  assert.deepEqual(spooled, []);
  assert.doesNotMatch(fs.readFileSync(path.join(state, 'log/nginx-error.log'), 'utf8'), /buffered to a temporary file/);
});

test('a browser that opens an API path is sent to its screen', async () => {
  const reply = await exchange('GET', 'session', { headers: { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });
  assert.equal(reply.status, 303);
  assert.match(reply.headers.location, /^\.?\/?#/);
});

test('R23: a Host that is not ours is 421 and the reply names the setting', async () => {
  const reply = await exchange('GET', 'session', { headers: { Host: 'evil.example' } });
  assertProblem(reply, 421);
  assert.match(reply.json.detail, /site_url/);
  assert.doesNotMatch(reply.text, /evil\.example/);
});

test('R63, R64: an unsafe request from elsewhere is refused', async () => {
  const visitor = await Visitor.signedUp();
  const json = { email: visitor.email, password: goodPassword };
  for (const headers of [{ Origin: 'http://evil.example' }, { Origin: 'null' }, { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' }, { Origin: `http://localhost:${Number(base.port) + 1}` }]) {
    assertProblem(await visitor.send('POST', 'login', { json, headers }), 403);
    assertProblem(await visitor.send('POST', 'logout', { headers }), 403);
  }
  const bare = await exchange('POST', 'logout', { headers: { Cookie: visitor.cookie } });
  assertProblem(bare, 403);
  assert.equal((await visitor.send('GET', 'session')).status, 200, 'still logged in');
});

test('R79: every reply carries the security headers, static and error ones too', async () => {
  for (const where of ['', 'session', 'nothing', 'model', 'css/none.css', 'openapi.json']) {
    const { headers } = await exchange('GET', where);
    assert.equal(headers['x-content-type-options'], 'nosniff', where);
    assert.equal(headers['referrer-policy'], 'same-origin', where);
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin', where);
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin', where);
    assert.match(headers['content-security-policy'], /^default-src 'none'; script-src 'self';/, where);
    assert.ok(headers['permissions-policy'], where);
    assert.match(headers['x-request-id'], /^[0-9a-f]{32}$/, where);
    assert.ok(headers['cache-control'], where);
    assert.doesNotMatch(headers.server ?? '', /\d/, 'no version');
  }
});

test("nginx's own errors are problem+json with the request id", async () => {
  const host = `Host: ${base.host}\r\nConnection: close\r\n`;
  const cases = [
    [400, `GET / HTTP/1.1\r\nConnection: close\r\n\r\n`], // no Host
    [400, `GET /session HTTP/1.1\r\n${host}X-Long: ${'x'.repeat(8300)}\r\n\r\n`],
    [404, `GET /nowhere HTTP/1.1\r\n${host}\r\n`],
    [405, `POST /index.html HTTP/1.1\r\n${host}Content-Length: 0\r\n\r\n`],
    [400, 'complete nonsense\r\n\r\n'],
    [404, `GET /.problem/413 HTTP/1.1\r\n${host}\r\n`],
    [413, `POST /login HTTP/1.1\r\n${host}Content-Length: 99999\r\n\r\n`],
    [400, `POST /login HTTP/1.1\r\n${host}Transfer-Encoding: gzip\r\n\r\n`], // 501 by itself
    [414, `GET /${'x'.repeat(8300)} HTTP/1.1\r\n${host}\r\n`],
  ];
  for (const [status, bytes] of cases) {
    const [head, body] = (await raw(bytes)).split('\r\n\r\n');
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} `), head);
    assert.match(head, /\r\nContent-Type: application\/problem\+json/i, head);
    const problem = JSON.parse(body);
    assert.equal(problem.status, status);
    assert.match(problem.instance, /^[0-9a-f]{32}$/);
  }
});

test('R17: a length that lies never reaches a handler', async () => {
  const host = `Host: ${base.host}\r\nOrigin: ${base.origin}\r\nContent-Type: application/json\r\nConnection: close\r\n`;
  for (const length of ['-1', 'x', '1e3', '99999999999999999999'])
    assert.match(await raw(`POST /login HTTP/1.1\r\n${host}Content-Length: ${length}\r\n\r\n{}`), /^HTTP\/1.1 4(00|13) /);
});

test('/model tells what the network is', async () => {
  const { status, json } = await exchange('GET', 'model');
  assert.equal(status, 200);
  assert.match(json.sha256, /^[0-9a-f]{64}$/);
  assert.deepEqual(json.layers.filter((l) => l.type === 'conv2d').map((l) => l.out), [32, 64, 128]);
});

// Behind a container's bridge (tests/deploy) nobody is local.
test('/healthz and /readyz', async () => {
  for (const where of ['healthz', 'readyz']) assert.equal((await exchange('GET', where)).status, process.env.BRIDGED ? 403 : 200, where);
});

test('openapi.json lists the paths that the server has', async () => {
  assert.match(openapi.openapi, /^3\.1/);
  const served = ['/signup', '/login', '/logout', '/session', '/site', '/account', '/account/password', '/account/forgot', '/account/reset',
    '/account/confirm', '/account/sessions', '/account/sessions/{id}', '/account/tokens', '/account/tokens/{id}', '/account/export',
    '/history', '/history/{id}', '/history/export',
    '/classify', '/read', '/model', '/healthz', '/readyz', '/metrics'];
  assert.deepEqual(Object.keys(openapi.paths).sort(), served.sort());
  for (const [where, methods] of Object.entries(openapi.paths))
    for (const method of Object.keys(methods)) {
      const reply = await exchange(method.toUpperCase(), where.slice(1).replace('{id}', '1'), { headers: { Origin: base.origin } });
      assert.ok(![404, 405].includes(reply.status), `${method} ${where}: ${reply.status}`);
      assert.ok(methods[method].responses[reply.status], `${method} ${where}: ${reply.status} is not documented`);
    }
});
