// The decoder children of a running service: killed, stopped, looked at. R1, R4, R5, R8, R31, R33, R34, R36, R87.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { LARGE_NICE, assertWithin } from '../pace.mjs';
import { childrenOf, cpuMs, isGone, isStopped } from '../procs.mjs';
import { account, load, sleep, withDaemon } from './lib.mjs';
import { golden, pngSeven } from './pictures.mjs';

const seven = golden('digit-7.png');

// A signed-up client of the daemon's own sockets.
async function client(d, email) {
  const reply = await d.ask('POST', '/signup', { pool: 'hash', body: account(email) });
  assert.equal(reply.status, 201);
  const headers = { cookie: reply.cookies.join('; ') };
  return {
    one: (bytes, where = '/classify', pool = 'main') => d.ask('POST', where, { pool, body: bytes, type: 'image/png', headers }),
    many: (list) => {
      const body = Buffer.concat([...list.flatMap((bytes) => [Buffer.from('--b\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n'),
        bytes, Buffer.from('\r\n')]), Buffer.from('--b--\r\n')]);
      return d.ask('POST', '/classify', { body, type: 'multipart/form-data; boundary=b', headers });
    },
  };
}

// Of the main pool; the large pool's worker is niced.
const isNiced = (pid) => Number(fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[16]) === LARGE_NICE;
const decoders = (d) => d.workers().filter((pid) => !isNiced(pid)).flatMap(childrenOf);
const largeDecoders = (d) => d.workers().filter(isNiced).flatMap(childrenOf);
const stop = (d, pid) => { process.kill(pid, 'SIGSTOP'); return d.until(() => isStopped(pid), 5000, 'it stops'); };
const isReady = (pid) => {
  try {
    return /^Seccomp:\s+2$/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
// All workers and one decoder for each of the main pool, none of them among these, all behind their warm-up: one that is killed before
// it is ready has failed to start, which is a crash indeed.
const renewed = async (d, old, ms = 1000) => {
  await d.until(() => {
    const now = decoders(d);
    return d.workers().length === d.workerCount && now.length === d.settings.main_workers && now.every((pid) => !old.includes(pid) && isReady(pid));
  }, ms, 'a new pair');
  await sleep(10); // it says so, and the worker opens the database
};

// Breaks if a pair is not replaced, if that takes a second, costs anybody an answer, or counts as a crash (then the sixth kill of two
// would delay restarts).
test('R1, R8 a decoder killed while idle: the pair is back within 1 s, no request is lost, and it is no crash loop', () =>
  withDaemon({}, async (d) => {
    const visitor = await client(d, 'r1@example.org'), others = load(d, 2);
    for (let i = 0; i < 12; i++) {
      const old = decoders(d);
      assert.equal(old.length, 2);
      for (const pid of old) process.kill(pid, i % 3 === 2 ? 'SIGSEGV' : 'SIGKILL');
      const began = performance.now();
      await renewed(d, old);
      assert.equal((await visitor.one(seven)).status, 200);
      assertWithin(performance.now() - began, 1000, 'back');
    }
    const seen = await others.stop();
    assert.deepEqual([seen.broken, seen.refused, Object.keys(seen.statuses)], [[], 0, ['200']]);
    assert.ok(seen.answered > 50);
    assert.equal(d.events('decoder_died').length, 24);
    assert.ok(d.events('worker_exit').every((e) => e.level === 'info' && e.status === '0'));
    assert.equal(d.events('crash_loop').length, 0);
  }));

// Breaks if a decoder that has no time takes the whole request with it, or is waited for a second time; or if its picture, or those after
// it, are said to be damaged.
test('R31 a decoder that stands still: send-again for its picture and those after it, one whole reply before the deadline', () =>
  withDaemon({ main_workers: 1, request_deadline_s: 5 }, async (d) => {
    const visitor = await client(d, 'r31@example.org');
    const [first] = decoders(d);
    await stop(d, first);
    let began = performance.now();
    const reply = await visitor.many([seven, seven, seven]);
    const waited = performance.now() - began;
    assert.ok(waited > 3000, `${waited} ms`);
    assertWithin(waited, 5000, 'the reply');
    assert.equal(reply.status, 200);
    assert.deepEqual(reply.json.results.map((r) => [r.status, r.problem.status, r.problem.type]),
      [['error', 503, 'problems/send-again'], ['error', 503, 'problems/send-again'], ['error', 503, 'problems/send-again']]);
    assert.match(reply.json.results[0].problem.detail, /too busy/);
    await renewed(d, [first]);
    assert.equal((await visitor.one(seven)).json.results[0].status, 'digit');
    assert.equal(d.events('decoder_late').length, 1);
    // Alone in its request it is the reply. It dies this time, so that nobody waits.
    const [second] = decoders(d);
    await stop(d, second);
    setTimeout(() => process.kill(second, 'SIGKILL'), 200);
    began = performance.now();
    const alone = await visitor.one(seven);
    assertWithin(performance.now() - began, 1500, 'the reply');
    // It never took the picture: that one is innocent.
    assert.deepEqual([alone.status, alone.json.type], [503, 'problems/send-again']);
    assert.ok(alone.headers['retry-after']);
    await renewed(d, [second]);
    assert.equal((await visitor.one(seven)).status, 200);
    assert.equal(d.events('worker_exit').filter((e) => e.level !== 'info').length, 0);
  }));

// Breaks if a child that dies over a picture costs more than that picture.
test('R31 a decoder that dies over its only picture: the reply is a whole 422', () =>
  withDaemon({ main_workers: 1 }, async (d) => {
    const visitor = await client(d, 'died@example.org'), { png } = await import('./pictures.mjs');
    const [pid] = largeDecoders(d), asked = visitor.one(png(5000, 5000), '/classify', 'gate'); // half a second and more
    const idle = cpuMs(pid);
    await d.until(() => cpuMs(pid) > idle + 50, 2000, 'it works');
    process.kill(pid, 'SIGKILL');
    const reply = await asked;
    assert.deepEqual([reply.status, reply.json.type], [422, 'problems/damaged-picture']);
    await d.until(() => largeDecoders(d).some((now) => now !== pid && isReady(now)), 1000, 'a new pair', LARGE_NICE);
    assert.equal(d.events('decoder_died').length, 1);
    assert.match(d.events('decoder_died')[0].id, /^[0-9a-f]{32}$/);
  }));

// Breaks if what the kernel says of a forbidden system call does not reach the log.
test('R87 a kill by the sandbox is an event of its own', () =>
  withDaemon({ main_workers: 1 }, async (d) => {
    const [pid] = decoders(d);
    process.kill(pid, 'SIGSYS');
    await renewed(d, [pid]);
    const [event] = d.events('sandbox_kill');
    assert.deepEqual([event.level, event.signal], ['warn', '31']);
  }));

// Breaks if the sandbox takes what malloc does where an administrator has set it (or a newer C library's default is so) for an attack: then
// large pictures are "damaged".
for (const tunables of ['glibc.malloc.hugetlb=1', 'glibc.malloc.hugetlb=2'])
  test(`R36 a large picture is read with GLIBC_TUNABLES=${tunables}`, () =>
    withDaemon({ main_workers: 1 }, async (d) => {
      const visitor = await client(d, 'tunables@example.org'), [pid] = decoders(d);
      for (let i = 0; i < 3; i++) {
        const reply = await visitor.one(pngSeven(1000));
        assert.deepEqual([reply.status, reply.json.results?.[0].digit], [200, 7]);
      }
      assert.deepEqual(decoders(d), [pid]);
      assert.equal(d.events('sandbox_kill').length, 0);
    }, { GLIBC_TUNABLES: tunables }));

// Breaks if a decoder holds a descriptor of the service, or lacks one of its walls. /proc/PID/fd of what cannot be traced is for root.
test('R4, R31, R36 a decoder holds its channel and /dev/null, and cannot get anything else', () =>
  withDaemon({}, async (d) => {
    const all = decoders(d);
    assert.equal(all.length, 2);
    for (const pid of all) {
      const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
      assert.match(status, /^Seccomp:\s+2$/m);
      assert.match(status, /^NoNewPrivs:\s+1$/m);
      assert.match(status, /^Threads:\s+1$/m);
      const limits = fs.readFileSync(`/proc/${pid}/limits`, 'utf8');
      for (const [what, most] of [['Max address space', 512 << 20], ['Max file size', 0], ['Max core file size', 0], ['Max open files', 4], ['Max processes', 0]])
        assert.match(limits, new RegExp(`^${what} +${most} +${most} `, 'm'));
      if (process.getuid() !== 0) {
        assert.throws(() => fs.readdirSync(`/proc/${pid}/fd`), /EACCES/);
        continue;
      }
      const links = fs.readdirSync(`/proc/${pid}/fd`).map((fd) => fs.readlinkSync(`/proc/${pid}/fd/${fd}`));
      assert.deepEqual(links.slice(0, 3), ['/dev/null', '/dev/null', '/dev/null']);
      assert.match(links[3], /^socket:/);
      assert.equal(links.length, 4);
      const maps = fs.readFileSync(`/proc/${pid}/maps`, 'utf8');
      assert.ok(!/digitd\.db|-wal|-shm/.test(maps), 'no database in memory');
    }
  }));

// Breaks if a decoder outlives its worker, keeps a service from ending, or stays as a zombie.
test('R5 decoders end with their workers: at SIGTERM, at a reload, at kill -9 of a worker or of the master', async () => {
  await withDaemon({}, async (d) => {
    const visitor = await client(d, 'r5@example.org');
    let old = decoders(d);
    process.kill(d.workers()[0], 'SIGKILL');
    await d.until(() => old.filter((pid) => !isGone(pid)).length === 1 && decoders(d).length === 2, 1000, 'one pair renewed');
    old = decoders(d);
    d.process.kill('SIGHUP');
    await renewed(d, old, 2000);
    assert.ok(old.every(isGone));
    assert.equal((await visitor.one(seven)).status, 200);
    old = decoders(d);
    for (const pid of old) process.kill(pid, 'SIGTERM'); // as systemd does to every process of a service
    await sleep(50);
    assert.deepEqual(decoders(d), old);
    const last = visitor.one(golden('digit-3-photo.jpg')), end = await d.stop();
    assert.equal((await last).status, 200);
    assert.equal(end.code, 0);
    assertWithin(end.ms, 3000, 'the end');
    assert.ok(old.every(isGone));
  });
  await withDaemon({}, async (d) => {
    const old = decoders(d);
    await d.stop('SIGKILL');
    await d.until(() => old.every(isGone), 1000, 'no decoder outlives the master');
  });
});

// Breaks if an answer depends on the process that gives it, or on what it went through; or if an upload is found on the disk.
test('R33, R34 the same picture, bit for bit the same, from every process, after every crash; and nothing of it on the disk', () =>
  withDaemon({}, async (d) => {
    const canary = Buffer.from('canary-of-the-upload-' + Math.random()), visitor = await client(d, 'r34@example.org');
    const pictures = ['digit-7.png', 'digit-3-photo.jpg', 'digit-9-dark.png', 'digit-5-drawing.png'].map(golden);
    pictures[0] = Buffer.concat([pictures[0], canary]);
    const answers = pictures.map(() => new Set()), workers = new Set();
    for (let round = 0; round < 6; round++) {
      const replies = await Promise.all([...pictures, ...pictures].map((bytes) => visitor.one(bytes, '/classify?input=1')));
      for (const [i, reply] of replies.entries()) {
        assert.equal(reply.status, 200);
        const { probabilities, input } = reply.json.results[0];
        assert.equal(probabilities.length, 10);
        answers[i % pictures.length].add(JSON.stringify([probabilities, input]));
      }
      for (const event of d.events('request')) workers.add(event.pid);
      const old = decoders(d);
      for (const pid of old) process.kill(pid, 'SIGKILL');
      await renewed(d, old);
    }
    assert.deepEqual(answers.map((set) => set.size), [1, 1, 1, 1]);
    assert.ok(workers.size >= 4, `${workers.size} workers answered`);
    const walk = (dir) => fs.readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
      const at = path.join(dir, entry.name);
      return entry.isDirectory() ? walk(at) : entry.isFile() ? [at] : [];
    });
    assert.ok(walk(d.dir).length > 3);
    for (const file of walk(d.dir)) assert.equal(fs.readFileSync(file).includes(canary), false, `${file} has the upload in it`);
  }));

// Breaks if replacing pairs leaks descriptors, memory or zombies into the master.
test('R9 forty pairs later the master has what it had', () =>
  withDaemon({}, async (d) => {
    const count = () => fs.readdirSync(`/proc/${d.process.pid}/fd`).length;
    const before = count();
    for (let i = 0; i < 20; i++) {
      const old = decoders(d);
      for (const pid of old) process.kill(pid, 'SIGKILL');
      await renewed(d, old);
    }
    assert.equal(count(), before);
    assert.equal(childrenOf(d.process.pid).length, d.workerCount);
  }));
