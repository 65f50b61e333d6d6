// A site of the first released schema, brought up to date by starting: its people, passwords and sessions are there. And the way back: a
// backup of it, restored by this version.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Visitor, goodPassword, picture, root } from './lib.mjs';
import { start } from './site.mjs';

const build = path.resolve(root, process.env.BUILD ?? 'build');
const sqlite = (file, text) => execFileSync('sqlite3', ['-batch', file, text], { encoding: 'utf8' }).trim();
const version = (file) => Number(sqlite(file, 'PRAGMA user_version'));
const stop = async (site) => {
  process.kill(-site.child.pid, 'SIGTERM');
  assert.equal(await site.ended, 0, site.out);
};
const owned = (file, like) => {
  const { uid, gid } = fs.statSync(like);
  fs.chownSync(file, uid, gid);
};

test('R77: a database of schema 1 is brought to the newest at the start, and by restore', async (t) => {
  // Today's site makes the rows; the old database has those columns of them that it knew.
  const site = await start(t, { LIMITS: 'off' });
  const visitor = await Visitor.signedUp(site.origin);
  await stop(site);
  const file = path.join(site.state, 'digitd.db'), old = path.join(site.state, 'old.db'), newest = version(file);
  assert.ok(newest >= 2);
  execFileSync('sqlite3', ['-batch', old], { input: fs.readFileSync(path.join(root, 'fcgi/store/schema.sql')) });
  assert.equal(version(old), 1);
  for (const table of ['users', 'sessions']) {
    const columns = sqlite(old, `SELECT group_concat(name) FROM pragma_table_info('${table}')`);
    sqlite(old, `ATTACH '${file}' AS now; INSERT INTO ${table} (${columns}) SELECT ${columns} FROM now.${table}`);
  }
  fs.copyFileSync(old, `${old}.kept`);
  for (const end of ['', '-wal', '-shm']) fs.rmSync(file + end, { force: true });
  fs.renameSync(old, file);
  owned(file, `${site.state}/nginx.conf`);
  fs.chmodSync(file, 0o600);

  const again = await start(t, { PORT: site.port, STATE: site.state, LIMITS: 'off' });
  assert.match(again.out, /^ready on/m, again.out);
  assert.equal((await visitor.send('GET', 'session')).json.user.email, visitor.email, 'the session goes on');
  const other = new Visitor(site.origin);
  assert.equal((await other.send('POST', 'login', { json: { email: visitor.email, password: goodPassword } })).status, 200);
  assert.equal((await other.classify([{ bytes: picture('digit-7.png') }], '?save=1')).json.results[0].digit, 7);
  await stop(again);
  assert.equal(version(file), newest);
  assert.equal(sqlite(file, 'PRAGMA integrity_check'), 'ok');

  execFileSync(path.join(build, 'digitctl'), ['-c', path.join(root, 'conf/digitd.conf'), 'restore', `${old}.kept`], { stdio: 'pipe',
    env: { PATH: process.env.PATH, DIGITD_DATABASE: file, DIGITD_RUN_DIR: `${site.state}/run` } });
  assert.equal(version(file), newest, 'restore migrates too');
  const third = await start(t, { PORT: site.port, STATE: site.state, LIMITS: 'off' });
  assert.equal((await visitor.send('GET', 'session')).status, 200, third.out);
});
