// Every error that nginx makes by itself, at every location, with bodies of every size: problem+json with its status, the request's id, the
// security headers, and Retry-After where it says "later" (R25, R79, R107). Over HTTP/1.1, and HTTP/2 with the example for TLS.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from './lib.mjs';
import { reconfigure } from './reconfigure.mjs';
import { freePort, start } from './site.mjs';

const KiB = 1024, MiB = 1024 * KiB, ends = [];
const SIZES = [0, 8 * KiB, 9 * KiB, 10 * MiB, 11 * MiB];
const PICTURES = ['/classify', '/read'];
const WORKERS = ['/session', '/login', '/signup', '/logout', '/site', '/model', '/account', '/account/password', '/account/tokens/1', '/history', '/history/1',
  '/account/export', '/history/export', ...PICTURES];
const HEALTH = ['/healthz', '/readyz', '/metrics'];
const STATIC = ['/', '/index.html', '/openapi.json'];
const NOWHERE = ['/nowhere', '/.git', '/css/none.css', '/.problem/429'];
const EVERYWHERE = [...WORKERS, ...HEALTH, ...STATIC, ...NOWHERE];
const cap = (where) => (PICTURES.includes(where) ? 10 * MiB : where.startsWith('/.problem/') ? Infinity : 8 * KiB); // nobody reads what comes to an error
const bytes = Buffer.alloc(11 * MiB, 'x');

let site, tls, plain;
before(async () => {
  site = await start({ after: (end) => ends.push(end) }, { LIMITS: 'on' });
  assert.match(site.out, /^ready/m, site.out);
  [tls, plain] = [await freePort(), await freePort()];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', `${site.state}/privkey.pem`, '-out', `${site.state}/fullchain.pem`],
    { stdio: 'ignore' });
  execFileSync('chown', ['--reference', site.state, `${site.state}/privkey.pem`, `${site.state}/fullchain.pem`]);
  // Both servers of the example, in the same nginx, on ports of their own and without IPv6.
  const example = execFileSync(path.join(root, 'conf/nginx/tls-site'), ['localhost'], { encoding: 'utf8' })
    .replace(/^include .*http\.conf;\n/m, '').replaceAll(/^ *listen \[::\].*\n/gm, '').replace('listen 443', `listen 127.0.0.1:${tls}`).replace('listen 80', `listen 127.0.0.1:${plain}`)
    .replaceAll('/usr/local/share/digitd/nginx', `${site.state}/nginx`).replaceAll('/etc/letsencrypt/live/localhost', site.state).replaceAll('/var/log/nginx', site.state);
  fs.writeFileSync(`${site.state}/tls.conf`, example);
  await reconfigure(site, { 'nginx.conf': (text) => text.replace(/\}\s*$/, `    include ${site.state}/tls.conf;\n}\n`) });
});
after(async () => { for (const end of ends) await end(); });

// ---- clients

// A request of HTTP/1.1 from an address of its own. chunked: without a length. Bodies are sent whole, whatever comes back meanwhile.
function ask(method, where, { size = 0, chunked = false, headers = {}, from = '127.0.0.1', port = site.port } = {}) {
  const length = chunked ? { 'Transfer-Encoding': 'chunked' } : size || method !== 'GET' ? { 'Content-Length': size } : {};
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, localAddress: from, path: where, method, agent: false, timeout: 60000,
      headers: { Host: `localhost:${port}`, 'Content-Type': 'image/png', ...length, ...headers } }, (reply) => {
      const parts = [];
      reply.on('data', (part) => parts.push(part));
      reply.on('error', reject);
      reply.on('end', () => { request.destroy(); resolve({ status: reply.statusCode, headers: reply.headers, text: Buffer.concat(parts).toString() }); });
    });
    request.on('timeout', () => request.destroy(new Error(`no reply: ${method} ${where} with ${size} bytes`)));
    request.on('error', reject);
    request.end(bytes.subarray(0, size));
  });
}
// The same over HTTP/2, a connection each.
function askTwo(method, where, { size = 0, chunked = false, headers = {}, from = '127.0.0.1' } = {}) {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`https://localhost:${tls}`, { rejectUnauthorized: false, host: '127.0.0.1', localAddress: from, maxSessionMemory: 64 });
    const fail = (error) => { session.destroy(); reject(error); };
    session.on('error', fail);
    const stream = session.request({ ':method': method, ':path': where, 'content-type': 'image/png', ...(chunked ? {} : { 'content-length': size }), ...headers }, { endStream: false });
    const parts = [];
    let head;
    stream.setTimeout(60000, () => fail(new Error(`no reply: ${method} ${where} with ${size} bytes over HTTP/2`)));
    stream.on('response', (all) => { head = all; });
    stream.on('data', (part) => parts.push(part));
    stream.on('error', (error) => { if (!head) fail(error); }); // after the reply, nginx wants no more of the body
    stream.on('close', () => { session.destroy(); if (head) resolve({ status: head[':status'], headers: head, text: Buffer.concat(parts).toString() }); else reject(new Error('no reply')); });
    stream.end(bytes.subarray(0, size));
  });
}
// Bytes as they are; resolves to the reply when nginx has closed.
function raw(text, { size = 0, from = '127.0.0.1', port = site.port } = {}) {
  return new Promise((resolve, reject) => {
    const parts = [];
    const socket = net.connect({ host: '127.0.0.1', port, localAddress: from }, () => { socket.write(text); socket.write(bytes.subarray(0, size)); });
    socket.setTimeout(60000, () => socket.destroy(new Error('no reply')));
    socket.on('data', (part) => parts.push(part));
    socket.on('error', (error) => { if (!['ECONNRESET', 'EPIPE'].includes(error.code)) reject(error); });
    socket.on('close', () => {
      const [head, body = ''] = Buffer.concat(parts).toString().split('\r\n\r\n'), [first, ...lines] = head.split('\r\n');
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(first)?.[1]), text: body,
        headers: Object.fromEntries(lines.map((line) => line.split(': ')).map(([name, ...value]) => [name.toLowerCase(), value.join(': ')])) });
    });
  });
}

function assertOurs(reply, status, type, what) {
  const { headers } = reply;
  assert.equal(reply.status, status, `${what}: ${reply.status} ${reply.text.slice(0, 200)}`);
  assert.match(headers['content-type'] ?? '', /^application\/problem\+json(; charset=utf-8)?$/, what);
  const problem = JSON.parse(reply.text);
  assert.equal(problem.type, `problems/${type}`, what);
  assert.equal(problem.status, status, what);
  assert.match(problem.instance, /^[0-9a-f]{32}$/, what);
  assert.equal(headers['x-request-id'], problem.instance, what);
  assert.ok(problem.title.length > 5 && problem.detail.length > 5, what);
  assert.equal(headers['x-content-type-options'], 'nosniff', what);
  assert.equal(headers['referrer-policy'], 'same-origin', what);
  assert.equal(headers['cross-origin-opener-policy'], 'same-origin', what);
  assert.equal(headers['cross-origin-resource-policy'], 'same-origin', what);
  assert.match(headers['content-security-policy'] ?? '', /^default-src 'none'; /, what);
  assert.ok(headers['permissions-policy'], what);
  assert.equal(headers['cache-control'], 'no-store', what);
  if ([429, 503].includes(status)) assert.match(headers['retry-after'] ?? '', /^[1-9]\d*$/, what);
  else assert.equal(headers['retry-after'], undefined, what);
  if (status === 405) assert.equal(headers.allow, 'GET, HEAD', what);
}
// An error of one cause at these locations, with bodies of all sizes, by all clients. What is over its location's cap is 413: nginx looks
// at that first. Six at a time.
async function assertEach(locations, status, type, { method = 'POST', from = '127.0.0.1', headers, sizes = SIZES } = {}) {
  const all = [];
  for (const where of locations)
    for (const size of sizes)
      for (const [by, client, chunked] of [['HTTP/1.1', ask, false], ['HTTP/1.1, chunked', ask, true], ['HTTP/2', askTwo, false]])
        if (!chunked || size <= cap(where)) all.push([where, size, by, client, chunked]);
  const expect = async ([where, size, by, client, chunked]) => {
    const reply = await client(method, where, { size, chunked, from, headers });
    const what = `${method} ${where} with ${size} bytes, ${by}`;
    if (size > cap(where)) assertOurs(reply, 413, 'too-large', what);
    else assertOurs(reply, status, type, what);
  };
  await Promise.all(Array.from({ length: 6 }, async () => { while (all.length) await expect(all.pop()); }));
}

// ---- tests

// Breaks when an error page has a limit on bodies: a 429 or 503 on a picture would be a bare 413 that nobody is told to try again.
test('R107 503 where no worker answers: with every size, and with Retry-After', async () => {
  const run = path.join(site.state, 'run'), sockets = fs.readdirSync(run).filter((name) => name.endsWith('.sock')).map((name) => path.join(run, name));
  for (const file of sockets) fs.renameSync(file, `${file}.away`); // nobody to connect to: 502
  await assertEach([...WORKERS, ...HEALTH], 503, 'busy');
  await reconfigure(site, { 'nginx/server.conf': (text) => text.replace(/fastcgi_read_timeout \d+s/, 'fastcgi_read_timeout 1s') });
  const silent = sockets.map((file) => net.createServer((socket) => socket.resume()).listen(file)); // who never answers: 504
  await Promise.all(silent.map((one) => one.listening || new Promise((resolve) => one.on('listening', resolve))));
  for (const file of sockets) fs.chmodSync(file, 0o777);
  await assertEach(['/session', '/login', ...PICTURES], 503, 'busy');
  for (const one of silent) one.close(); // and its file is gone
  await reconfigure(site, { 'nginx/server.conf': (text) => text.replace('fastcgi_read_timeout 1s', 'fastcgi_read_timeout 15s') });
  for (const file of sockets) fs.renameSync(`${file}.away`, file);
});

test('R107 404 and 405, with every size', async () => {
  await assertEach(NOWHERE.filter((where) => where !== '/nowhere' && where !== '/css/none.css'), 404, 'not-found');
  await assertEach(['/nowhere', '/css/none.css'], 404, 'not-found', { method: 'GET', sizes: [0] });
  await assertEach(STATIC, 405, 'method-not-allowed');
});

// A body that says its length, and one that does not and grows over the cap, or is told to be in an unknown coding.
test('R107 413 at every location, by length and without one', async () => {
  for (const where of EVERYWHERE.filter((each) => cap(each) < Infinity)) {
    const size = cap(where) + 1;
    assertOurs(await ask('POST', where, { size }), 413, 'too-large', where);
    assertOurs(await askTwo('POST', where, { size }), 413, 'too-large', `${where}, HTTP/2`);
    if (!WORKERS.includes(where)) continue; // nobody reads the others'
    assertOurs(await ask('POST', where, { size, chunked: true }), 413, 'too-large', `${where}, chunked`);
  }
});

test('R107 400 and 414 at every location, with every size', async () => {
  const long = 'x'.repeat(8300);
  const all = EVERYWHERE.flatMap((where) => SIZES.flatMap((size) => {
    const head = (line, more = '') => `POST ${line} HTTP/1.1\r\nHost: localhost:${site.port}\r\nContent-Length: ${size}\r\n${more}\r\n`;
    return [[400, 'bad-request', head(where, `X-Long: ${long}\r\n`), size, 'a long header'],
      [400, 'bad-request', head(where).replace(/Host: .*\r\n/, ''), size, 'no Host'],
      [400, 'bad-request', head(where).replace('Content-Length', 'Transfer-Encoding: gzip\r\nX'), size, 'an unknown coding'],
      [414, 'address-too-long', head(`${where}?${long}`), size, 'a long address']].map((one) => [where, ...one]);
  }));
  for (const size of SIZES) // what cannot be an address, also by HTTP/2
    for (const client of [ask, askTwo]) assertOurs(await client('POST', '/%00', { size }), 400, 'bad-request', `/%00 with ${size} bytes`);
  const expect = async ([where, status, type, text, size, why]) => assertOurs(await raw(text, { size }), status, type, `${where} with ${size} bytes, ${why}`);
  await Promise.all(Array.from({ length: 6 }, async () => { while (all.length) await expect(all.pop()); }));
});

// nginx says neither 408 nor 411. It closes what is too slow without a word, over HTTP/1.1 and HTTP/2.
test('a header and a body that stop are cut off in time, at every location that has a body', async () => {
  await reconfigure(site, { 'nginx/server.conf': (text) => text.replace('client_header_timeout 10s', 'client_header_timeout 1s').replace('client_body_timeout 10s', 'client_body_timeout 1s') });
  try {
    const began = performance.now();
    const texts = ['POST /session HTTP/1.1\r\nHost: x', ...WORKERS.map((where) => `POST ${where} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx`)];
    const replies = await Promise.all(texts.map((text) => raw(text)));
    replies.forEach((reply, i) => assert.equal(reply.text, '', texts[i]));
    assert.ok(performance.now() - began < 20000);
  } finally {
    await reconfigure(site, { 'nginx/server.conf': (text) => text.replace('client_header_timeout 1s', 'client_header_timeout 10s').replace('client_body_timeout 1s', 'client_body_timeout 10s') });
  }
});

test('R107 403 for who is not on the machine, with every size', async () => {
  await reconfigure(site, { 'nginx/server.conf': (text) => text.replace('allow 127.0.0.0/8;', 'allow 127.0.0.1;') });
  await assertEach(HEALTH, 403, 'forbidden', { from: '127.0.9.1' });
});

// One request at a time, and one is held: all others are one too many, by limit_conn at every location that is not a mere `return`.
test('R107 429 at every location, with every size, and with Retry-After', async () => {
  await reconfigure(site, { 'nginx/server.conf': (text) => text.replaceAll(/limit_conn digitd_client \d+;/g, 'limit_conn digitd_client 1;') });
  const from = '127.0.9.2';
  const held = net.connect({ host: '127.0.0.1', port: site.port, localAddress: from }, () => held.write('POST /session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n'));
  held.on('error', () => {});
  const drip = setInterval(() => held.write('x'), 1000);
  try {
    for (let i = 0; i < 100 && (await ask('GET', '/', { from })).status !== 429; i++) await sleep(50);
    await assertEach([...WORKERS, ...HEALTH, ...STATIC, '/nowhere', '/css/none.css'], 429, 'too-many-requests', { from });
    await assertEach([...HEALTH, ...STATIC, '/nowhere'], 429, 'too-many-requests', { from, method: 'GET', sizes: [0] });
    assert.equal((await ask('GET', '/', { from: '127.0.9.3' })).status, 200, 'somebody else');
  } finally {
    clearInterval(drip);
    held.destroy();
  }
  await reconfigure(site, { 'nginx/server.conf': (text) => text.replaceAll('limit_conn digitd_client 1;', 'limit_conn digitd_client 256;'),
    'nginx/http.conf': (text) => text.replaceAll(/rate=\d+r\/[sm]/g, 'rate=1r/m') });
  await reconfigure(site, { 'nginx/server.conf': (text) => text.replaceAll(/ burst=\d+ nodelay/g, '') });
  for (const where of ['/login', '/signup', '/account/password', ...PICTURES]) await ask('POST', where, { from });
  await assertEach(['/login', '/signup', '/account/password', ...PICTURES], 429, 'too-many-requests', { from });
});

// What nginx cannot put aside ends as a 500: bytes of chunks over its buffer, and no place for them.
test('R107 500 where nginx itself has no room', async () => {
  const temp = path.join(site.state, 'tmp/body');
  fs.rmSync(temp, { recursive: true, force: true });
  fs.writeFileSync(temp, '');
  const chunks = '1\r\nx\r\n'.repeat(3000);
  for (const where of WORKERS.filter((each) => !PICTURES.includes(each) && !['/login', '/signup', '/account/password'].includes(each)))
    assertOurs(await raw(`POST ${where} HTTP/1.1\r\nHost: localhost:${site.port}\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`), 500, 'internal', where);
});

// The example's other server, which only sends pages to https.
test('the plain server of the example for TLS has its errors too', async () => {
  const long = 'x'.repeat(8300);
  for (const size of [...SIZES]) {
    const reply = await ask('POST', '/classify', { size, port: plain });
    assert.equal(reply.status, 403, `${size} bytes: ${reply.text}`);
    assert.equal(JSON.parse(reply.text).detail.startsWith('Use https.'), true);
  }
  for (const [status, text] of [[400, 'GET / HTTP/1.1\r\n\r\n'], [400, `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${long}\r\n\r\n`], [414, `GET /${long} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
    [404, 'GET /.well-known/acme-challenge/none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'], [405, 'PUT /.well-known/acme-challenge/none HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n']]) {
    const reply = await raw(text, { port: plain });
    assert.equal(reply.status, status, text.slice(0, 60));
    assert.match(reply.headers['content-type'], /^application\/problem\+json/);
    assert.equal(JSON.parse(reply.text).status, status);
  }
});
