// The gate as a process of the service, on its own socket: R5, R6, R104. Whom it has when the service stops, or changes, is answered.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { assertWithin } from '../pace.mjs';
import { account, head, sleep, stdin, withDaemon } from './lib.mjs';

// A log-in that nobody has, through the gate; resolves to its status, or to the error.
async function logIn(d, i) {
  const peer = d.peer('gate'), body = account(`nobody-${i}@example.org`);
  try {
    await peer.send(Buffer.concat([head('POST', '/login', { body, pool: 'hash' }), stdin(body)]));
    return (await peer.reply()).status;
  } catch (error) {
    return error.message;
  }
}
const slow = { password_cost: 5 }; // 13 ms each, and far more where the hash pool must give way to others

// Breaks if the workers end before the gate, or the gate before those it has are answered.
test('R5, R104 SIGTERM while log-ins wait at the gate: each of them is answered', () =>
  withDaemon(slow, async (d) => {
    const asked = Array.from({ length: 6 }, (_, i) => logIn(d, i));
    await sleep(20);
    const end = await d.stop();
    assert.deepEqual(await Promise.all(asked), Array(6).fill(401));
    assert.deepEqual([end.code, end.signal], [0, null]);
    assertWithin(end.ms, 4000, 'the end');
  }));

// Breaks if a reload costs those who wait their turn, or makes those who come wait for them.
test('R6, R104 reloads while log-ins wait at the gate: each of them is answered, and so are those who come', () =>
  withDaemon(slow, async (d) => {
    const gates = () => new Set(d.events('worker_exit').filter((e) => e.pool === 'gate').map((e) => e.worker)).size, asked = [];
    for (let i = 0; i < 4; i++) {
      for (let k = 0; k < 3; k++) asked.push(logIn(d, `${i}-${k}`));
      await sleep(20);
      d.process.kill('SIGHUP');
      await d.until(() => d.events('reload').length > i, 5000, 'a reload');
    }
    assert.deepEqual(await Promise.all(asked), Array(12).fill(401));
    assert.equal(await logIn(d, 'last'), 401);
    await d.until(() => gates() >= 2, 5000, 'gates have ended'); // a reload that finds none but retired ones retires no other
    assert.ok(d.events('worker_exit').every((e) => e.status === '0'), 'none of them by force');
    await d.until(() => d.workers().length === d.workerCount, 5000, 'one gate is left');
  }));

// Breaks if an upload that takes its time holds up a gate's end, and with it the next gate's beginning.
test('R6, R104 reloads while slow uploads hold each gate: there is always one that answers', () =>
  withDaemon(slow, async (d) => {
    const reply = await d.ask('POST', '/signup', { body: account('slow@example.org'), pool: 'hash' });
    assert.equal(reply.status, 201, reply.text);
    const uploads = [];
    for (let i = 0; i < 5; i++) {
      const upload = d.peer('gate');
      await upload.send(Buffer.concat([head('POST', '/classify', { length: 100000, type: 'image/png', headers: { cookie: reply.cookies.find((each) => /session/.test(each)) } }), stdin(Buffer.alloc(100), { end: false })]));
      await sleep(200);
      uploads.push(upload);
      d.process.kill('SIGHUP');
      await d.until(() => d.events('reload').length > i, 5000, 'a reload');
      const began = performance.now();
      assert.equal(await logIn(d, i), 401);
      assertWithin(performance.now() - began, 5000, 'a log-in after the reload');
    }
    assert.ok(uploads.at(-1).bytes.length === 0 && !uploads.at(-1).closed, 'the last upload is still taken in');
    // SIGUSR2 from somebody else than the master: no successor is there, so that it may not take its minute.
    const polls = (pid) => fs.readdirSync(`/proc/${pid}/fd`).some((fd) => fs.readlinkSync(`/proc/${pid}/fd/${fd}`) === 'anon_inode:[eventpoll]');
    process.kill(Math.max(...d.workers().filter(polls)), 'SIGUSR2');
    const began = performance.now();
    assert.equal(await logIn(d, 'retired'), 401);
    assertWithin(performance.now() - began, 6000, 'a log-in after SIGUSR2');
    for (const upload of uploads) upload.socket.destroy();
    await d.until(() => d.workers().length === d.workerCount, 8000, 'one gate is left');
    assert.ok(d.events('worker_exit').every((e) => e.status === '0'), 'none of them by force');
  }));

// Breaks if a gate that dies is not replaced at once, or takes the pools with it.
test('R1, R104 the gate, killed: those it had are told by nginx, and the next one is served within 1 s', () =>
  withDaemon(slow, async (d) => {
    const before = d.workers(), gate = before[4]; // main, main, hash, large, gate, health
    const asked = Array.from({ length: 3 }, (_, i) => logIn(d, i));
    await sleep(30);
    process.kill(gate, 'SIGKILL');
    const began = performance.now();
    assert.equal(await logIn(d, 'after'), 401);
    assertWithin(performance.now() - began, 1500, 'the next one');
    for (const answer of await Promise.all(asked)) assert.ok(answer === 401 || /without a whole reply|ECONNRESET/.test(answer), String(answer));
    assert.deepEqual(d.events('worker_exit').map((e) => [e.pool, e.signal]), [['gate', '9']]);
  }));
