// What there is only so much of runs out: connections, descriptors, workers, memory, disk, inodes, random numbers. For each: what was
// tried, and what became of the honest requests meanwhile and afterwards, as the table that SECURITY.md has (R118). The clock is stepped
// by unit tests (R91), and memory is failed call by call there (R116).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { Daemon, account, binary, sleep, withDaemon } from './lib.mjs';
import { golden } from './pictures.mjs';
import { childrenOf } from '../procs.mjs';

const LONG = process.env.LONG === '1';
const refuse = path.join(path.dirname(binary), 'tools/refuse');
const seven = golden('digit-7.png');
const rows = [];
let serial = 0;

// Honest requests, at once: what their answers were. lost: no answer at all; failed: an answer that says "not now"; wrong: any other.
async function honest(daemon, asks) {
  const seen = { good: 0, failed: 0, lost: 0, wrong: [] };
  await Promise.all(asks.map(async ({ pool, method, where, expect, ...options }) => {
    try {
      const reply = await daemon.ask(method, where, { pool, ...options });
      if (expect.includes(reply.status)) seen.good++;
      else if (reply.status === 503) seen.failed++;
      else seen.wrong.push(`${method} ${where}: ${reply.status} ${reply.text.slice(0, 200)}`);
    } catch (error) {
      seen.lost++;
      seen.why = error.message;
    }
  }));
  return seen;
}
const signUp = () => ({ pool: 'hash', method: 'POST', where: '/signup', body: account(`x${++serial}@example.org`), expect: [201] });
const logIn = (email) => ({ pool: 'hash', method: 'POST', where: '/login', body: account(email), expect: [200] });
const look = (headers) => ({ method: 'GET', where: '/session', headers, expect: [200] });
const read = (headers, query = '') => ({ method: 'POST', where: `/classify${query}`, type: 'image/png', body: seven, headers, expect: [200] });
const model = () => ({ method: 'GET', where: '/model', expect: [200] });
const times = (n, make) => Array.from({ length: n }, make);

// An account to ask with.
async function visitor(daemon) {
  const email = `v${++serial}@example.org`;
  const reply = await daemon.ask('POST', '/signup', { pool: 'hash', body: account(email) });
  assert.equal(reply.status, 201, reply.text);
  return { email, headers: { cookie: reply.cookies.find((cookie) => cookie.startsWith('digitd_session=')) } };
}

// Notes a row, and that all is as ever afterwards: the first account is logged in, reads a digit, logs in, and another signs up.
async function settle(what, much, daemon, who, during, { failed = 0, lost = 0 } = {}) {
  const since = await honest(daemon, [look(who.headers), read(who.headers, '?save=1'), logIn(who.email), signUp()]);
  rows.push({ what, much, during, since });
  assert.deepEqual(during.wrong, [], what);
  assert.deepEqual({ ...since, why: undefined }, { good: 4, failed: 0, lost: 0, wrong: [], why: undefined }, `${what}: afterwards`);
  assert.ok(during.lost <= lost, `${what}: ${during.lost} requests had no answer (${during.why})`);
  assert.ok(during.failed <= failed, `${what}: ${during.failed} requests were put off`);
}

test('R118 connections: silent ones in front of honest ones', () => {
  const n = LONG ? 60 : 6;
  return withDaemon({ request_deadline_s: 1 }, async (d) => {
    const who = await visitor(d);
    const peers = times(n, () => d.peer());
    for (const peer of peers) await peer.send(Buffer.from([1, 1, 0]));
    const during = await honest(d, [...times(20, model), ...times(5, () => look(who.headers))]);
    peers.forEach((peer) => peer.socket.destroy());
    await settle('connections', `${n} that say nothing, in front of 2 workers`, d, who, during);
  });
});

test('R118 descriptors: no worker may open another one', () => withDaemon({}, async (d) => {
  const who = await visitor(d);
  const workers = d.workers();
  for (const pid of workers) execFileSync('prlimit', [`--pid=${pid}`, '--nofile=3:']);
  const waiting = honest(d, [...times(20, model), ...times(5, () => look(who.headers)), signUp()]);
  await sleep(LONG ? 5000 : 700);
  for (const pid of workers) execFileSync('prlimit', [`--pid=${pid}`, '--nofile=1024:']);
  await settle('descriptors', 'RLIMIT_NOFILE 3 for every worker, then lifted', d, who, await waiting);
}));

test('R118 workers: all of both pools are held', () => withDaemon({ request_deadline_s: 2 }, async (d) => {
  const who = await visitor(d);
  const free = [await d.block('main', 2), await d.block('hash', 1)];
  assert.equal((await d.ask('GET', '/healthz', { pool: 'health' })).status, 200);
  const during = await honest(d, [...times(20, model), ...times(5, () => look(who.headers)), ...times(3, signUp)]);
  free.forEach((go) => go());
  await settle('workers', '2 of 2 main and 1 of 1 hash workers held for the deadline', d, who, during);
}));

test('R118 memory: workers may take no more than they have', () => withDaemon({}, async (d) => {
  const who = await visitor(d);
  const workers = d.workers();
  for (const pid of workers) {
    const kib = Number(/^VmSize:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
    execFileSync('prlimit', [`--pid=${pid}`, `--as=${(kib + 256) * 1024}:`]);
  }
  const large = Buffer.concat([seven, Buffer.alloc(9 << 20)]); // needs a buffer that there is no room for
  const during = await honest(d, [...times(4, () => ({ ...read(who.headers), body: large, expect: [200, 413, 422] })),
    ...times(10, model), ...times(5, () => look(who.headers)), ...times(3, () => read(who.headers)), ...times(3, signUp)]);
  assert.ok(during.failed >= 4, `the memory did not run out: ${JSON.stringify(during)}`);
  for (const pid of childrenOf(d.process.pid)) try { execFileSync('prlimit', [`--pid=${pid}`, '--as=unlimited:']); } catch { /* gone */ }
  await settle('memory', 'RLIMIT_AS of every worker at what it has and 256 KiB', d, who, during, { failed: during.failed });
}));

// unshare makes the mounts below / private, which cannot be done in a root directory (chroot) that is no mount itself; tests/in-debian
// has done it before.
const rootIsMount = fs.readFileSync('/proc/self/mountinfo', 'utf8').split('\n').some((line) => line.split(' ')[4] === '/');

// A file system of its own for the database, in a namespace of its own; others reach it through /proc.
class Small extends Daemon {
  constructor(options) {
    super({ main_workers: 1 });
    const data = path.join(this.dir, 'data');
    const quoted = `mount -t tmpfs -o ${options} tmpfs '${data}' && exec '${binary}' "$@"`;
    this.command = ['unshare', ...(process.getuid() === 0 ? [] : ['--map-root-user']), ...(rootIsMount ? [] : ['--propagation', 'unchanged']), '--mount', 'sh', '-c', quoted, 'sh'];
  }
  get data() { return `/proc/${this.process.pid}/root${path.join(this.dir, 'data')}`; }
}

async function withSmall(options, act) {
  const d = new Small(options);
  try {
    await d.start();
    return await act(d);
  } finally {
    await d.close();
  }
}

test('R118 disk: the database\'s file system is full', () => withSmall('size=4m', async (d) => {
  const who = await visitor(d);
  const filler = path.join(d.data, 'filler');
  const fd = fs.openSync(filler, 'w');
  try {
    for (;;) fs.writeSync(fd, Buffer.alloc(4096));
  } catch (error) {
    assert.equal(error.code, 'ENOSPC');
  }
  fs.closeSync(fd);
  // The log ahead of the database may still have room in its last page.
  const wanted = times(LONG ? 100 : 12, signUp);
  const during = await honest(d, wanted);
  const reads = await honest(d, [...times(5, () => look(who.headers)), ...times(5, () => read(who.headers, '?save=1'))]);
  assert.deepEqual({ ...reads, why: undefined }, { good: 10, failed: 0, lost: 0, wrong: [], why: undefined }, 'who is logged in goes on');
  assert.ok(during.failed > 0, 'the disk did not fill');
  fs.unlinkSync(filler);
  for (const ask of wanted) { // what was told of is there, what was put off is not
    const again = await d.ask('POST', '/signup', { pool: 'hash', body: ask.body });
    assert.ok([201, 409].includes(again.status));
    ask.was = again.status === 409;
  }
  assert.equal(wanted.filter(({ was }) => was).length, during.good, 'accounts that are there, and that were told of');
  during.good += reads.good;
  await settle('disk', `0 bytes free, ${wanted.length} sign-ups and 10 others`, d, who, during, { failed: during.failed });
}));

test('R118 inodes: no file can be made beside the database', () => withSmall('size=8m,nr_inodes=24', async (d) => {
  const who = await visitor(d);
  let n = 0;
  try {
    for (;; n++) fs.writeFileSync(path.join(d.data, `f${n}`), '');
  } catch (error) {
    assert.equal(error.code, 'ENOSPC');
  }
  const during = await honest(d, [...times(5, () => look(who.headers)), ...times(5, () => read(who.headers, '?save=1')), ...times(5, signUp)]);
  const name = path.join(d.dir, 'data', 'copy.db');
  const enter = ['-t', String(d.process.pid), '--mount', '--root', path.join(path.dirname(binary), 'digitctl'), '-c', d.conf, 'backup', name];
  assert.throws(() => execFileSync('nsenter', enter, { stdio: 'pipe' }), /No space left/);
  for (let i = 0; i < n; i++) fs.unlinkSync(path.join(d.data, `f${i}`));
  execFileSync('nsenter', enter, { stdio: 'pipe' });
  await settle('inodes', '0 free; a backup says so, and is made afterwards', d, who, during);
}));

test('R118 random numbers: the kernel has none', async () => {
  const d = new Daemon({});
  try {
    await d.start();
    const who = await visitor(d);
    await d.stop();
    const command = d.command;
    d.command = [refuse, 'getrandom=EAGAIN', '--', binary];
    await d.start();
    const during = await honest(d, [...times(5, signUp), ...times(5, () => logIn(who.email)), ...times(5, model), look(who.headers),
      ...times(3, () => read(who.headers))]);
    assert.ok(during.failed >= 10, `a secret was made without them: ${JSON.stringify(during)}`);
    await d.stop();
    d.command = command;
    await d.start();
    await settle('random numbers', 'getrandom fails: 10 sign-ups and log-ins, 9 others', d, who, during, { failed: 10 });
  } finally {
    await d.close();
  }
});

after(() => {
  console.log('# R118 | what | how much | answered | lost | put off (503) | wrong | afterwards |');
  for (const { what, much, during, since } of rows)
    console.log(`# R118 | ${what} | ${much} | ${during.good} | ${during.lost} | ${during.failed} | ${during.wrong.length} | ${since.good} of 4 |`);
});
