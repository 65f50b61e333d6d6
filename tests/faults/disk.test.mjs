// A bad disk under the database, while digitd serves (tests/tools/preload/bad_disk.c): slow, or failing. R5, R108, R111.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Daemon, account, root, sleep } from './lib.mjs';

const build = path.resolve(root, process.env.BUILD ?? 'build');
const tool = (name) => path.join(build, 'tools', name), ctl = path.join(build, 'digitctl');

// A daemon whose disk can be made bad: disk('slow 8000'), disk('fail 28'), disk('').
async function withDisk(settings, act) {
  const d = new Daemon(settings), file = path.join(d.dir, 'bad-disk');
  d.environment = { LD_PRELOAD: tool('bad_disk.so'), BAD_DISK: file };
  const disk = (how) => { fs.writeFileSync(`${file}.new`, how); fs.renameSync(`${file}.new`, file); };
  try {
    await d.start();
    return await act(d, disk);
  } finally {
    await d.close();
  }
}

const walBytes = (d) => { try { return fs.statSync(`${d.settings.database}-wal`).size; } catch { return 0; } };

// Breaks if the process that copies is ended at the deadline of requests, if a sign-up or a log-in is refused while it copies, or if
// it does not end with the rest.
test('R108 a copy back of several times request_deadline_s: shortened in one pass, no 503 meanwhile', () =>
  withDisk({ request_deadline_s: 2, main_workers: 1 }, async (d, disk) => {
    await d.stop();
    execFileSync(tool('fill_wal'), [d.settings.database, '450']);
    disk('slow 20000'); // 20 ms a page: 9 s for all of them
    await d.start();
    const seen = [];
    let n = 0;
    await d.until(async () => {
      const body = account(`r108-${n++}@example.org`);
      seen.push((await d.ask('POST', '/signup', { pool: 'hash', body })).status, (await d.ask('POST', '/login', { pool: 'hash', body })).status);
      await sleep(300);
      return d.events('wal_copied').length > 0 && walBytes(d) < 500 * 1024;
    }, 60000, 'the WAL is shortened');
    const copies = d.events('wal_copied').map((e) => Number(e.ms));
    console.log(`# ${seen.length} sign-ups and log-ins beside copies of ${copies.join(', ')} ms`);
    assert.deepEqual(seen.filter((status) => status !== 201 && status !== 200), []);
    assert.equal(d.events('deadline').length, 0);
    assert.ok(copies[0] > 4000, `the first copy took longer than the deadline: ${copies}`);
    assert.equal((await d.stop()).code, 0);
  }));

// Breaks if a stop waits for a copy of minutes, or ends it by force.
test('R5, R108 SIGTERM in the middle of a copy: the end comes at once, and in order', () =>
  withDisk({ main_workers: 1 }, async (d, disk) => {
    await d.stop();
    execFileSync(tool('fill_wal'), [d.settings.database, '450']);
    disk('slow 100000');
    await d.start();
    await sleep(5000); // into the copy of 45 s: every three seconds one begins
    assert.equal(d.events('wal_copied').length, 0);
    const end = await d.stop();
    assert.equal(end.code, 0);
    assert.ok(end.ms < 5000, `${end.ms} ms`);
    assert.deepEqual(d.events('worker_exit').filter((e) => e.signal), []);
    disk('');
    assert.match(execFileSync(ctl, ['check', '-c', d.conf], { encoding: 'utf8' }), /all pages, indexes and references are sound/);
  }));

// LONG=1 (make faults): all three; test_store_faults has them too. Breaks if a service that can save nothing passes for ready, or needs a restart to be ready again.
test('R111 /readyz says 503 within 10 s once no write succeeds, and 200 at the next probe once they do', () =>
  withDisk({}, async (d, disk) => {
    const ready = async () => (await d.ask('GET', '/readyz', { pool: 'health' })).status;
    for (const [name, errno] of [['ENOSPC', 28], ['EIO', 5], ['EROFS', 30]].slice(0, process.env.LONG === '1' ? 3 : 1)) {
      assert.equal(await ready(), 200);
      disk(`fail ${errno}`);
      const began = performance.now();
      assert.equal((await d.ask('POST', '/signup', { pool: 'hash', body: account(`${name.toLowerCase()}@example.org`) })).status, 503);
      await d.until(async () => (await ready()) === 503, 11000, `/readyz tells of ${name}`);
      console.log(`# ${name}: told after ${((performance.now() - began) / 1000).toFixed(1)} s`);
      for (let i = 0; i < 5; i++) assert.equal(await ready(), 503);
      disk('');
      assert.equal(await ready(), 200);
      assert.equal((await d.ask('POST', '/signup', { pool: 'hash', body: account(`${name.toLowerCase()}@example.org`) })).status, 201);
    }
  }));
