// Slow clients do not slow the others down: 5,000 connections of 100 addresses that nginx waits for, in every place where one can make it
// wait, and beside them somebody honest, whose times are held against those of the same site a moment before (R24, R106). LONG=1: each
// kind alone as well. The site has its limits on, as it is shipped.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { factor } from '../pace.mjs';
import { sleep } from './lib.mjs';
import { golden } from './pictures.mjs';

const LONG = process.env.LONG === '1';
const ADDRESSES = Array.from({ length: 100 }, (_, i) => `127.0.30.${i + 1}`), MOST = 50;
// What the 50 of an address do.
const MIX = { silent: 4, header: 20, session: 8, login: 5, history: 3, page: 3, classify: 2, read: 2, upload: 1, reader: 2 };
const ends = [];
let site, e2e, me;

before(async () => {
  const files = Number(execFileSync('bash', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).replace('unlimited', '1e9'));
  assert.ok(files >= 14000, `this test opens 5,000 connections, and nginx as many: it needs 14,000 open files, and ulimit -Hn is ${files}`);
  e2e = { ...await import('../e2e/lib.mjs'), ...await import('../e2e/site.mjs') };
  site = await e2e.start({ after: (end) => ends.push(end) }, { LIMITS: 'on' });
  assert.match(site.out, /^ready/m, site.out);
  me = await e2e.Visitor.signedUp(site.origin);
});
after(async () => { for (const end of ends) await end(); });

// Somebody honest, in a thread of his own, so that the others' work is not in his times: the page on a new connection, and on one that is
// kept open a session and a picture, one after the other, for so long. Gives { page: [ms], session: [ms], classify: [ms], failed: [] }.
const honestThread = `
  const { parentPort, workerData: d } = require('node:worker_threads');
  const http = require('node:http'), kept = new http.Agent({ keepAlive: true, localAddress: d.address });
  const ask = (agent, method, path, headers, body) => new Promise((resolve) => {
    const began = performance.now();
    const request = http.request({ host: '127.0.0.1', port: d.port, path, method, agent, localAddress: d.address, timeout: 60000, headers: { Host: 'localhost:' + d.port, Origin: d.origin, Cookie: d.cookie, ...headers } },
      (reply) => { reply.resume(); reply.on('error', (error) => resolve([error.code, 0])); reply.on('end', () => resolve([reply.statusCode, performance.now() - began])); });
    request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'no reply' })));
    request.on('error', (error) => resolve([error.code, 0]));
    request.end(body);
  });
  (async () => {
    const seen = { page: [], session: [], classify: [], failed: [] }, body = Buffer.from(d.body);
    for (const until = performance.now() + d.ms; performance.now() < until;) {
      for (const [what, ...how] of [['page', false, 'GET', '/', {}], ['session', kept, 'GET', '/session', {}],
        ['classify', kept, 'POST', '/classify', { 'Content-Type': d.type, 'Content-Length': body.length }, body]]) {
        const [status, ms] = await ask(...how);
        if (status === 200) seen[what].push(ms); else seen.failed.push(what + ' ' + status);
      }
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    kept.destroy();
    parentPort.postMessage(seen);
  })();`;
function honest(ms) {
  const { body, type } = e2e.multipart([{ bytes: golden('digit-7.png') }]);
  const worker = new Worker(honestThread, { eval: true, workerData: { address: '127.0.31.1', port: site.port, origin: site.origin.origin, cookie: me.cookie, body, type, ms } });
  return new Promise((resolve, reject) => { worker.on('message', resolve); worker.on('error', reject); });
}

// The slow ones, all of them connected when this resolves.
async function slow(each) {
  const worker = new Worker(new URL('slow.mjs', import.meta.url), { workerData: { port: site.port, addresses: ADDRESSES, each } });
  const next = async () => (await once(worker, 'message'))[0]; // or its error
  ends.push(() => worker.terminate());
  assert.equal(await next(), 'open');
  return {
    count: () => { const answer = next(); worker.postMessage('count'); return answer; },
    end: () => new Promise((resolve) => { worker.once('exit', resolve); worker.postMessage('end'); }),
  };
}

const quantile = (times, q) => [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(q * times.length))];
async function expectCalm(what, each, ms) {
  const total = Object.values(each).reduce((sum, n) => sum + n, 0) * ADDRESSES.length;
  assert.equal(total, MOST * ADDRESSES.length);
  const quiet = await honest(LONG ? 10000 : 4000);
  assert.deepEqual(quiet.failed, []);
  const measured = honest(ms); // while they come, too
  const they = await slow(each), at = [];
  for (const until = performance.now() + ms - 1000; performance.now() < until;) { at.push((await they.count()).open); await sleep(500); }
  const loaded = await measured, seen = await they.count();
  await they.end();
  console.log(`# ${what}: ${quantile(at, 0)} to ${quantile(at, 1)} connections, ${seen.opened} opened, errors ${JSON.stringify(seen.errors)}, answered ${JSON.stringify(seen.refused)}; ${loaded.failed.length} of somebody honest failed ${loaded.failed.slice(0, 5)}`);
  for (const kind of ['page', 'session', 'classify']) {
    const was = quantile(quiet[kind], 0.99), is = quantile(loaded[kind], 0.99);
    console.log(`# ${what}: ${kind} p50 ${quantile(quiet[kind], 0.5).toFixed(1)} -> ${quantile(loaded[kind], 0.5).toFixed(1)} ms, p99 ${was.toFixed(1)} -> ${is.toFixed(1)} ms, ` +
      `worst ${quantile(quiet[kind], 1).toFixed(1)} -> ${quantile(loaded[kind], 1).toFixed(1)} ms (${quiet[kind].length}, ${loaded[kind].length} requests)`);
    if (is > 3 * was && is > 20) assert.ok(is <= Math.max(3 * was, 20) * factor(), `${what}: p99 of ${kind} ${was.toFixed(1)} -> ${is.toFixed(1)} ms`);
  }
  assert.deepEqual(loaded.failed, [], what);
  assert.ok(loaded.page.length >= 20, `${loaded.page.length} rounds`);
  assert.deepEqual(seen.errors, {}, 'a slow one could not connect, so there were fewer');
}

// Breaks when nginx has too few connections or files, when a place is held that others need, or when what waits costs time.
test('R106 5,000 slow connections of 100 addresses: nobody else fails or waits', async () => { await expectCalm('all kinds', MIX, LONG ? 60000 : 8000); });

for (const kind of LONG ? ['silent', 'header', 'session', 'login', 'history', 'page', 'classify', 'read'] : [])
  test(`R106 5,000 slow connections, ${kind} alone`, async () => { await expectCalm(kind, { [kind]: MOST }, 30000); });
// Fewer readers, as both ends of their connections are in this machine's memory for TCP: node cannot make its own half small.
if (LONG) test('R106 5,000 slow connections, of which 1,500 take nothing of their replies', async () => { await expectCalm('readers', { reader: 15, header: MOST - 15 }, 30000); });
