// GET /metrics: what it counts, also of workers that have died. The gate of nginx is in tests/deploy.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Visitor, exchange, picture } from './lib.mjs';
import { processes, start } from './site.mjs';

async function read(site) {
  const reply = await exchange('GET', 'metrics', { origin: site.origin });
  assert.equal(reply.status, 200, reply.text);
  assert.match(reply.headers['content-type'], /^text\/plain; version=0\.0\.4/);
  return Object.fromEntries(reply.text.split('\n').filter((line) => line && !line.startsWith('#')).map((line) => {
    const [, name, value] = /^(\S+) (\d+)$/.exec(line) ?? assert.fail(line);
    return [name, Number(value)];
  }));
}
// The master puts it together every fifth of a second.
async function until(site, what, condition) {
  for (let i = 0; i < 600; i++) {
    const seen = await read(site);
    if (condition(seen)) return seen;
    await sleep(100);
  }
  assert.fail(`${what}: ${JSON.stringify(await read(site))}`);
}
const of = (group, code) => `digitd_requests_total{group="${group}",code="${code}"}`;

test('/metrics counts requests, and forgets none when a worker dies', async (t) => {
  const site = await start(t, { LIMITS: 'off' });
  assert.match(site.out, /^ready on/m, site.out);
  const before = await until(site, 'all workers are up', (m) => m.digitd_workers === 7); // main 2, hash, large, gate, health, keeper
  const visitor = await Visitor.signedUp(site.origin);
  for (let i = 0; i < 3; i++) await visitor.classify([{ bytes: picture('digit-7.png') }]);
  await visitor.classify([{ bytes: Buffer.from('no picture') }]);
  await visitor.send('POST', 'read', { headers: { 'Content-Type': 'image/png' }, body: picture('digit-7.png') });
  await new Visitor(site.origin).send('GET', 'session');
  const after = await until(site, 'all are counted', (m) => m[of('classify', '2xx')] === 3 && m[of('classify', '4xx')] === 1 && m[of('read', '2xx')] === 1 &&
    m[of('sign_in', '2xx')] === 1 && m[of('site', '4xx')] === 1 && m[of('health', '2xx')] > before[of('health', '2xx')]);
  assert.ok(after.digitd_wal_bytes > 0);
  assert.ok(Math.abs(after.digitd_start_time_seconds - Date.now() / 1000) < 600);
  assert.match(Object.keys(after).find((name) => name.startsWith('digitd_info')), /version="\d+\.\d+\.\d+",model_sha256="[0-9a-f]{64}"/);

  // Children of the master that have a decoder as their child are of the main pool (2) and of the large one.
  const all = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n').map((line) => line.trim().split(/\s+/))
    .filter(([pid, , name]) => processes(site).includes(Number(pid)) && /digitd$/.test(name ?? ''));
  const parents = new Set(all.map(([, parent]) => parent));
  const workers = all.filter(([pid, parent]) => parents.has(pid) && all.some(([master]) => master === parent));
  assert.equal(workers.length, 3);
  for (const [pid] of workers) process.kill(Number(pid), 'SIGKILL');
  const later = await until(site, 'they are back', (m) => m['digitd_worker_exits_total{how="crash"}'] === 3 && m.digitd_workers === 7);
  assert.equal(later[of('classify', '2xx')], 3, 'what they answered is still counted');
  assert.equal(later[of('classify', '4xx')], 1);
});
