// Body caps and lengths on digitd's own sockets, where no nginx has looked before: R16, R17, and the pools' own doors (R15).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Daemon, account, head, stdin } from './lib.mjs';

const KiB = 1024, MiB = 1024 * KiB;
let d;
before(async () => { d = await new Daemon({}).start(); });
after(() => d.close());

const login = (email) => d.ask('POST', '/login', { pool: 'hash', body: account(email) });

// Breaks if the worker reads, or even waits for, a body over the cap: only the head is sent, and the reply comes.
test('R16 a body over the cap is refused with 413 before it is read: 8 KiB of JSON, 10 MiB of pictures', async () => {
  for (const [pool, where, type, cap] of [
    ['hash', '/signup', 'application/json', 8 * KiB], ['hash', '/login', 'application/json', 8 * KiB],
    ['main', '/logout', 'application/json', 8 * KiB], ['main', '/classify', 'image/png', 10 * MiB],
    ['main', '/classify', 'multipart/form-data; boundary=x', 10 * MiB], ['main', '/read', 'image/png', 10 * MiB],
  ]) {
    const peer = d.peer(pool);
    await peer.send(head('POST', where, { type, length: String(cap + 1) }));
    const reply = await peer.reply(20000); // whoever waits for the body is killed after 30 s
    assert.equal(reply.status, 413, where);
    assert.match(reply.headers['content-type'], /^application\/problem\+json/);
    assert.equal(reply.json.status, 413);
  }
});

// Breaks if the cap is one byte too low.
test('R16 a body of exactly the cap is read', async () => {
  const body = account('cap@example.org');
  const padded = Buffer.concat([body, Buffer.alloc(8 * KiB - body.length, ' ')]);
  assert.equal((await d.ask('POST', '/signup', { pool: 'hash', body: padded })).status, 201);
});

// Breaks if a length that is missing, no number, or a lie gets anything done.
test('R17 a length that is missing, malformed or a lie is refused, and nothing is stored', async () => {
  const addressed = (i) => `r17-${10 + i}@example.org`; // one each: an address rests after too many failures (R51)
  const n = account(addressed(0)).length;
  const cases = [
    [null, 411], ['', 411], ['-1', 400], ['-' + n, 400], ['+' + n, 400], ['twelve', 400], [n + 'x', 400], ['0x20', 400], [' ' + n, 400],
    [n + '.0', 400], ['99999999999999999999999', [400, 413]], [String(n - 1), 400], [String(n + 1), 400], ['0', 400], [String(8 * KiB), 400],
  ];
  for (const [i, [length, expected]] of cases.entries()) {
    const body = account(addressed(i));
    const reply = await d.ask('POST', '/signup', { pool: 'hash', body, length });
    assert.ok([expected].flat().includes(reply.status), `CONTENT_LENGTH ${JSON.stringify(length)}: ${reply.status}, expected ${expected}`);
    assert.match(reply.headers['content-type'], /^application\/problem\+json/);
    assert.equal((await login(addressed(i))).status, 401);
  }
  const body = account(addressed(0));
  assert.equal((await d.ask('POST', '/signup', { pool: 'hash', body })).status, 201);
  assert.equal((await login(addressed(0))).status, 200);
});

// Breaks if a connection that ends in the middle of its body is taken for a whole request.
test('R17 a connection cut in the middle of its body changes nothing, and the worker goes on', async () => {
  const body = account('cut@example.org');
  for (const cut of [0, 1, body.length - 1]) {
    const peer = d.peer('hash');
    await peer.send(Buffer.concat([head('POST', '/signup', { body }), stdin(body.subarray(0, cut), { end: false })]));
    peer.socket.end();
    await peer.ended;
    assert.equal((await login('cut@example.org')).status, 401);
  }
  assert.equal(d.events('worker_exit').length, 0);
});

// Breaks if a pool answers what belongs to another one: a log-in on the main socket would hash there.
test('R15 a pool answers its own routes only', async () => {
  const body = account('pool@example.org');
  assert.equal((await d.ask('POST', '/login', { pool: 'main', body })).status, 404);
  assert.equal((await d.ask('GET', '/model', { pool: 'hash' })).status, 404);
  assert.equal((await d.ask('GET', '/readyz', { pool: 'main' })).status, 404);
  assert.equal((await d.ask('GET', '/model', { pool: 'main' })).status, 200);
});
