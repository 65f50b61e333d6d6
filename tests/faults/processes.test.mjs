// Processes under faults: killed, stuck, crashing, told to stop, told to reload. R1, R2, R5 to R9, R13, R49, R75, R93.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { HASH_NICE, assertWithin, median } from '../pace.mjs';
import { cpuMs } from '../procs.mjs';
import { Daemon, account, begin, binary, head, load, makeModel, record, sleep, stdin, withDaemon } from './lib.mjs';

const poolPaths = { main: ['GET', '/model', 200], hash: ['GET', '/nowhere', 404], health: ['GET', '/healthz', 200] };

// Breaks if a dead worker is not replaced, if that takes a second, or if a request in another process suffers.
test('R1 every worker, killed, is back within 1 s; a request in flight elsewhere is answered', () =>
  withDaemon({}, async (d) => {
    const body = account('r1@example.org');
    const signup = d.peer('hash');
    await signup.send(Buffer.concat([head('POST', '/signup', { body }), stdin(body.subarray(0, 10), { end: false })]));
    await sleep(100);
    const before = d.workers();
    assert.equal(before.length, d.workerCount);
    const hash = before[2]; // forked in the order main, hash, large, gate, health, keeper
    for (const [i, pid] of before.entries()) {
      if (pid === hash) continue;
      process.kill(pid, i % 2 ? 'SIGSEGV' : 'SIGKILL');
      const began = performance.now();
      await d.until(() => { const now = d.workers(); return now.length === d.workerCount && !now.includes(pid); }, 1000, `worker ${pid} replaced`);
      for (const pool of ['main', 'health']) {
        const [method, where, status] = poolPaths[pool];
        assert.equal((await d.ask(method, where, { pool })).status, status);
      }
      assertWithin(performance.now() - began, 1000, 'back');
    }
    await signup.send(stdin(body.subarray(10)));
    assert.equal((await signup.reply()).status, 201);
    process.kill(hash, 'SIGKILL');
    const began = performance.now();
    await d.until(() => !d.workers().includes(hash) && d.workers().length === d.workerCount, 1000, 'hash worker replaced', HASH_NICE);
    assert.equal((await d.ask('GET', '/nowhere', { pool: 'hash' })).status, 404);
    assertWithin(performance.now() - began, 1000, 'the hash worker back', HASH_NICE);
    const exits = d.events('worker_exit').filter((e) => e.level === 'error');
    assert.deepEqual(exits.map((e) => e.signal).sort(), ['11', '11', '11', '9', '9', '9', '9']);
    assert.ok(exits.every((e) => ['main', 'hash', 'large', 'gate', 'health', 'keeper'].includes(e.pool) && before.includes(Number(e.worker))));
  }));

// Breaks if the deadline counts from the first whole request instead of from accept, if the others wait, or if the kill counts as a
// crash.
test('R2 a peer that sends three bytes and falls silent costs one worker for the deadline; others are served', () =>
  withDaemon({ request_deadline_s: 1 }, async (d) => {
    const began = performance.now();
    const silent = d.peer();
    await silent.send(Buffer.from([1, 1, 0]));
    const times = [];
    while (!silent.closed && performance.now() - began < 20000) {
      const asked = performance.now();
      assert.equal((await d.ask('GET', '/model')).status, 200);
      times.push(performance.now() - asked);
      await sleep(20);
    }
    const took = performance.now() - began;
    assert.ok(silent.closed, 'the silent peer still holds its worker');
    assert.ok(took > 900, `ended after ${took} ms`);
    assertWithin(took, 2500, 'it ended');
    assertWithin(Math.max(...times), 500, 'another request');
    const [kill] = await d.until(() => d.events('deadline').length && d.events('deadline'), 500, 'a log line');
    assert.equal(kill.pool, 'main');
    assert.ok(Number(kill.busy_ms) >= 1000);
    assertWithin(Number(kill.busy_ms), 2500, 'it was busy');
    await d.until(() => d.workers().length === d.workerCount, 1000, 'the worker replaced');
  }));

// Breaks if the log does not say which request it was.
test('R2 a request that stalls in its body is killed and logged with route, worker and id', () =>
  withDaemon({ request_deadline_s: 3 }, async (d) => {
    const body = account('r2@example.org'), id = '00c0ffee'.repeat(4);
    const stalled = d.peer('hash');
    await stalled.send(Buffer.concat([head('POST', '/signup', { body, id }), stdin(body.subarray(0, 7), { end: false })]));
    await assert.rejects(stalled.reply(), /without a whole reply|ECONNRESET/);
    const [kill] = await d.until(() => d.events('deadline').length && d.events('deadline'), 500, 'a log line');
    assert.deepEqual([kill.route, kill.request, kill.pool, kill.phase], ['/signup', id, 'hash', 'read']);
    // By the next worker, and the stalled one left nothing behind. Beside busy programs a hash, which gives way to all of them, may
    // meet the deadline as well.
    const signUp = () => d.ask('POST', '/signup', { pool: 'hash', body }).catch(() => ({ status: 'killed' }));
    let signup = await signUp();
    for (let i = 0; signup.status === 'killed' && i < 10; i++) signup = await signUp();
    assert.equal(signup.status, 201);
  }));

// libfcgi allocates what a length announces and asserts that it got it. Breaks if that ends more than one worker.
test('R2 parameter lengths of 2 GB cost one worker at most', () =>
  withDaemon({}, async (d) => {
    for (const lengths of ['ffffffffffffffff', 'ffffffff00', '7fffffffff', 'fffffff080000010']) {
      const peer = d.peer();
      await peer.send(Buffer.concat([begin(), record(4, Buffer.from(lengths, 'hex'))]));
      await sleep(50);
      assert.equal((await d.ask('GET', '/model')).status, 200);
      peer.socket.destroy();
    }
    await d.until(() => d.workers().length === d.workerCount, 2000, 'all workers back');
    assert.equal(d.events('worker_exit').filter((e) => e.pool !== 'main').length, 0);
  }));

// Breaks if a signal is lost in a window, if a request in flight or in the backlog is dropped, or if sockets stay behind.
async function stopsUnderLoad() {
  const d = new Daemon({});
  try {
    for (let trial = 0; trial < 20; trial++) {
      await d.start();
      const clients = load(d, 3);
      const body = account(`r5-${trial}@example.org`), signup = d.peer('hash');
      await signup.send(Buffer.concat([head('POST', '/signup', { body }), stdin(body.subarray(0, 20), { end: false })]));
      await sleep(20 + trial * 3);
      const stopping = d.stop(trial % 2 ? 'SIGINT' : 'SIGTERM');
      await d.until(() => !fs.existsSync(d.socket()), 1000, 'no new connections');
      await signup.send(stdin(body.subarray(20)));
      assert.equal((await signup.reply()).status, 201, 'the request in flight');
      const end = await stopping;
      const seen = await clients.stop();
      assert.deepEqual([end.code, end.signal], [0, null]);
      assertWithin(end.ms, 3000, 'the end'); // not its 10 s
      assert.deepEqual(seen.broken, []);
      assert.deepEqual(Object.keys(seen.statuses), ['200']);
      assert.deepEqual(fs.readdirSync(d.settings.run_dir), ['digitd.lock']);
    }
  } finally {
    await d.close();
  }
}

// Breaks if a worker that cannot finish keeps the master from ending, or is ended without its 10 s.
const givesTenSeconds = () => withDaemon({}, async (d) => {
  const release = await d.block('main', 1);
  const end = await d.stop();
  release();
  assert.equal(end.code, 0);
  assert.ok(end.ms > 9500, `took ${end.ms} ms`);
  assertWithin(end.ms, 11500, 'the end');
});

// Breaks if the only way out of that is kill -9.
const secondSignalEndsIt = () => withDaemon({}, async (d) => {
  const release = await d.block('main', 1);
  const stopping = d.stop();
  await sleep(300);
  assert.equal(d.process.exitCode, null);
  d.process.kill('SIGTERM');
  const end = await stopping;
  release();
  assert.equal(end.code, 0);
  assertWithin(end.ms, 1500, 'the end');
});

test('R5 SIGTERM', { concurrency: 3 }, (t) => Promise.all([
  t.test('R5 under load, 20 times: it ends with 0, promptly, and every request taken is answered', stopsUnderLoad),
  t.test('R5 a request that never ends is given 10 s', givesTenSeconds),
  t.test('R5 a second SIGTERM ends the patience', secondSignalEndsIt),
]));

// Breaks if a reload drops a request, serves a network that was not tested, or lets a bad file in.
test('R6 SIGHUP: new weights without a failed request; a bad file leaves the old ones serving', () =>
  withDaemon({}, async (d) => {
    const digest = async () => (await d.ask('GET', '/model')).json.sha256;
    const clients = load(d, 2);
    let last = await digest();
    for (let i = 0; i < 10; i++) {
      makeModel(d.settings.weights, 100 + i);
      d.process.kill('SIGHUP');
      await d.until(() => d.events('reload').length === i + 1, 2000, 'reload');
      const fresh = d.events('reload')[i].weights;
      assert.notEqual(fresh, last);
      await d.until(async () => (await digest()) === fresh, 1000, 'the new network');
      last = fresh;
      await sleep(30);
    }
    fs.truncateSync(d.settings.weights, 1000);
    d.process.kill('SIGHUP');
    await d.until(() => d.events('reload_failed').length === 1, 2000, 'reload_failed');
    makeModel(d.settings.weights, 1);
    fs.appendFileSync(d.conf, 'no_such_setting = 1\n');
    d.process.kill('SIGHUP');
    await d.until(() => d.events('reload_failed').length === 2, 2000, 'reload_failed');
    assert.match(d.events('reload_failed')[1].detail, /digitd\.conf:\d+: there is no setting/);
    assert.equal(await digest(), last);
    const seen = await clients.stop();
    assert.deepEqual([seen.broken, seen.refused, Object.keys(seen.statuses)], [[], 0, ['200']]);
    assert.ok(seen.answered > 40, `${seen.answered} answered over 12 reloads`);
    assert.equal(d.events('worker_exit').filter((e) => e.level === 'error').length, 0);
  }));

// Breaks if the listening sockets close with a worker.
test('R7 no connection is refused while workers are killed and recycled', () =>
  withDaemon({ max_requests: 50 }, async (d) => {
    const clients = load(d, 4);
    for (let i = 0; i < 8; i++) {
      await d.until(() => clients.seen.answered > 15 * (i + 1), 1000, 'they ask');
      process.kill(d.workers()[i % 2], 'SIGKILL');
    }
    await sleep(200);
    const seen = await clients.stop();
    assert.equal(seen.refused, 0, seen.refusal);
    assert.ok(seen.broken.length <= 8, `${seen.broken.length} broken by 8 kills`);
    assert.ok(seen.answered > 100, `${seen.answered} answered`);
  }));

// Breaks if a crash loop is not noticed, goes on at full speed, or shows as ready; or if the alert comes more than once.
test('R8 more than 10 abnormal exits in 60 s: restarts are delayed, one alert, /readyz 503', () =>
  withDaemon({ main_workers: 1 }, async (d) => {
    const ready = async () => (await d.ask('GET', '/readyz', { pool: 'health' })).status;
    const kill = async () => {
      const main = d.workers().find((pid) => !others.includes(pid));
      process.kill(main, 'SIGKILL');
      return main;
    };
    const [, ...others] = d.workers();
    assert.equal(await ready(), 200);
    for (let i = 0; i < 10; i++) {
      const dead = await kill();
      await d.until(() => !d.workers().includes(dead) && d.workers().length === d.workerCount, 900, `restart ${i} at once`);
    }
    assert.equal(await ready(), 200);
    assert.equal(d.events('crash_loop').length, 0);
    await kill();
    const began = performance.now();
    await d.until(() => d.events('crash_loop').length === 1, 1000, 'the alert');
    assert.equal(await ready(), 503);
    assert.equal((await d.ask('GET', '/healthz', { pool: 'health' })).status, 200);
    await d.until(() => d.workers().length === d.workerCount, 3000, 'back after the first delay');
    const first = performance.now() - began;
    assert.ok(first > 800, `back after ${first} ms, expected 1 s`);
    assertWithin(first, 2500, 'back, expected after 1 s');
    assert.equal((await d.ask('GET', '/model')).status, 200);
    await kill();
    const again = performance.now();
    await d.until(() => d.workers().length === d.workerCount - 1, 900, 'it died');
    await d.until(() => d.workers().length === d.workerCount, 5000, 'back after the second delay');
    const second = performance.now() - again;
    assert.ok(second > 1700, `back after ${second} ms, expected 2 s`);
    assertWithin(second, 4000, 'back, expected after 2 s');
    assert.equal(await ready(), 503);
    assert.equal(d.events('crash_loop').length, 1);
  }));

// Breaks if a worker lives for ever, if its end drops a request, or if all of them go at once.
test('R9 workers recycle after max_requests, and no request fails by it', () =>
  withDaemon({ max_requests: 40 }, async (d) => {
    for (let i = 0; i < 200; i++) assert.equal((await d.ask('GET', '/model')).status, 200);
    await d.until(() => d.workers().length === d.workerCount, 1000, 'all back');
    const exits = d.events('worker_exit');
    assert.ok(exits.length >= 3, `${exits.length} recycled`);
    for (const exit of exits) {
      assert.deepEqual([exit.status, exit.level], ['0', 'info']);
      assert.ok(Number(exit.requests) >= 35 && Number(exit.requests) <= 45, `after ${exit.requests}`);
    }
  }));

// Breaks if health shares a process, or a lock, with what can be busy.
test('R13 /healthz and /readyz answer within 50 ms while all main and hash workers are blocked', () =>
  withDaemon({}, async (d) => {
    const releases = [await d.block('main', 2), await d.block('hash', 1)];
    await assert.rejects(d.ask('GET', '/model', { ms: 300 }), /no reply within/); // they are blocked indeed
    for (const where of ['/healthz', '/readyz']) {
      const times = [];
      for (let i = 0; i < 7; i++) {
        const began = performance.now();
        assert.equal((await d.ask('GET', where, { pool: 'health' })).status, 200);
        times.push(performance.now() - began);
      }
      assertWithin(median(times), 50, `${where}, the median of 7`);
    }
    for (const release of releases) release();
  }));

// Breaks if the master waits for deaths that the kernel, on its parent's word, does not report.
test('R1, R5 a parent that ignores SIGCHLD: dead workers are replaced all the same, and SIGTERM ends it', async () => {
  const d = new Daemon({});
  d.command = ['bash', '-c', 'trap "" CHLD; exec "$0" "$@"', binary];
  try {
    await d.start();
    const [main] = d.workers();
    process.kill(main, 'SIGKILL');
    await d.until(() => !d.workers().includes(main) && d.workers().length === d.workerCount, 1000, 'a new worker');
    d.process.kill('SIGTERM');
    await d.until(() => d.process.exitCode !== null, 5000, 'it ends');
    assert.equal(d.process.exitCode, 0);
  } finally {
    await d.close();
  }
});

// Breaks if a worker could leave a core file with a password in it.
test('R49 workers dump no core, and die with their master', () =>
  withDaemon({}, async (d) => {
    const workers = d.workers();
    for (const pid of workers) assert.match(fs.readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size\s+0\s+0\s/m);
    await d.stop('SIGKILL');
    await d.until(() => workers.every((pid) => !fs.existsSync(`/proc/${pid}`) || /^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))),
      1000, 'no worker outlives the master');
  }));

// Breaks if a worker without a database dies again and again, invents an empty one, or does not notice that it is back.
test('R75 a database that vanishes: 503 where it is needed, an alarm, no crash loop, no fresh file; then it is back', () =>
  withDaemon({ main_workers: 1 }, async (d) => {
    const data = path.join(d.dir, 'data'), away = path.join(d.dir, 'away');
    const [main] = d.workers(), keeper = d.workers().at(-1); // which notices by itself, or not, every few seconds
    fs.renameSync(data, away);
    fs.mkdirSync(data);
    process.kill(main, 'SIGKILL'); // its successor finds no database
    await d.until(() => d.events('database_missing').length > 0, 1000, 'the alarm');
    for (let i = 0; i < 20; i++) assert.equal((await d.ask('GET', '/session')).status, 503);
    assert.equal((await d.ask('GET', '/model')).status, 200);
    assert.equal((await d.ask('GET', '/healthz', { pool: 'health' })).status, 200);
    assert.equal(fs.existsSync(path.join(data, 'digitd.db')), false);
    assert.equal(d.events('database_missing').length, 1, 'one alarm, not one a request');
    fs.rmSync(data, { recursive: true });
    fs.renameSync(away, data);
    assert.equal((await d.ask('GET', '/session')).status, 401);
    assert.equal(d.events('database_back').filter((e) => Number(e.pid) !== keeper).length, 1);
    assert.equal(d.events('worker_exit').length, 1);
  }));

// Breaks if accept is tried again at once while it cannot succeed.
test('R93 out of descriptors: no crash, no spin, and service again afterwards', () =>
  withDaemon({ main_workers: 1 }, async (d) => {
    const [main] = d.workers();
    assert.equal((await d.ask('GET', '/model')).status, 200);
    execFileSync('prlimit', [`--pid=${main}`, '--nofile=3:']);
    const before = cpuMs(main), waiting = d.peer();
    await waiting.send(Buffer.concat([head('GET', '/model'), stdin(Buffer.alloc(0))]));
    await sleep(1000);
    assert.ok(cpuMs(main) - before <= 100, `${cpuMs(main) - before} of 1000 ms of a processor`);
    assert.equal(d.events('accept_failed').length, 1);
    execFileSync('prlimit', [`--pid=${main}`, '--nofile=1024:']);
    assert.equal((await waiting.reply()).status, 200);
    assert.deepEqual(d.workers().slice(0, 1), [main]);
  }));
