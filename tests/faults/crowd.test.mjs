// A class of 40 behind one address: they load the page, sign up, log out and in, and draw, and are not taken for one who does too much
// (R53, R105). The limits are on, with the rates of conf/nginx. LONG=1: as the shipped settings hash, in two minutes; else the same in
// less time, with cheap hashes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { HASH_NICE, factor } from '../pace.mjs';
import { root, sleep } from './lib.mjs';
import { golden } from './pictures.mjs';

const LONG = process.env.LONG === '1';
const PUPILS = 40, ADDRESS = '127.0.20.1';
const SIGN_UP_MS = LONG ? 30000 : 3000, AGAIN_MS = LONG ? 20000 : 3000, DRAW_MS = LONG ? 40000 : 5000;
const password = 'a quiet violet harbour', ends = [];
let site, e2e;

before(async () => {
  e2e = { ...await import('../e2e/lib.mjs'), ...await import('../e2e/site.mjs') };
  site = await e2e.start({ after: (end) => ends.push(end) }, { LIMITS: 'on', ...(LONG ? { DIGITD_PASSWORD_COST: '8', DIGITD_HASH_WORKERS: '0' } : {}) });
  assert.match(site.out, /^ready/m, site.out);
});
after(async () => { for (const end of ends) await end(); });

// All files of the page, as a browser with an empty cache asks for them.
const FILES = execFileSync('find', ['html', '-type', 'f'], { cwd: root, encoding: 'utf8' }).trim().split('\n').map((file) => file.slice('html/'.length));

// One browser: six connections at most, its cookies, and what it was told.
class Browser {
  constructor(i) {
    this.email = `pupil-${i}@example.org`;
    this.cookies = new Map();
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 6, localAddress: ADDRESS });
    this.seen = [];
  }
  send(method, where, { json, body = json && JSON.stringify(json), type = 'application/json' } = {}) {
    const headers = { Host: `localhost:${site.port}`, Origin: site.origin.origin, Cookie: [...this.cookies.values()].join('; ') };
    if (!this.cookies.size) delete headers.Cookie;
    if (method !== 'GET') Object.assign(headers, { 'Content-Type': type, 'Content-Length': body ? Buffer.byteLength(body) : 0 });
    const began = performance.now();
    return new Promise((resolve) => {
      const done = (status) => { this.seen.push({ what: `${method} /${where}`, status, ms: performance.now() - began }); resolve(status); };
      const request = http.request({ host: '127.0.0.1', port: site.port, path: `/${where}`, method, agent: this.agent, headers, timeout: 60000 }, (reply) => {
        for (const cookie of reply.headers['set-cookie'] ?? []) {
          const [pair] = cookie.split(';'), [name, value] = pair.split('=');
          if (value) this.cookies.set(name, pair); else this.cookies.delete(name);
        }
        reply.resume();
        reply.on('end', () => done(reply.statusCode));
      });
      request.on('timeout', () => request.destroy(new Error('no reply')));
      request.on('error', (error) => done(error.code ?? error.message));
      request.end(body);
    });
  }
  load() { return Promise.all(FILES.map((file) => this.send('GET', file))); }
  log(where, pass = password) { return this.send('POST', where, { json: { email: this.email, password: pass } }); }
}

const sometime = (ms) => sleep(ms * Math.random());

// Breaks when a room of people is taken for one: at the sign-ups, the log-ins, the reads, or the files of the page.
test('R105 a class of 40 behind one address loads the page, signs up, logs out and in, and draws: nobody is refused', async () => {
  const { body, type } = e2e.multipart([{ bytes: e2e.numberPicture('7') }]), small = e2e.multipart([{ bytes: golden('digit-7.png') }]);
  const times = Math.min(10, factor(HASH_NICE)); // where a hash takes longer than on a free machine, so does a class of them
  const pupils = Array.from({ length: PUPILS }, (_, i) => new Browser(i)), began = performance.now();
  await Promise.all(pupils.map((pupil) => pupil.load())); // all at the same moment
  const loaded = performance.now();
  await Promise.all(pupils.map(async (pupil, i) => {
    await sometime(SIGN_UP_MS * times);
    if (i % 2) assert.equal(await pupil.log('signup', 'short'), 422); // every second one mistypes
    await pupil.log('signup');
    await pupil.send('GET', 'session');
    await sometime(AGAIN_MS * times);
    await pupil.send('POST', 'logout');
    await pupil.log('login');
    await pupil.send('GET', 'session');
  }));
  const drawing = performance.now();
  await Promise.all(pupils.map(async (pupil, i) => {
    await sometime(500);
    // A stroke each half second; a page does not ask again before it has been answered.
    for (let stroke = 0, next = performance.now(); performance.now() < drawing + DRAW_MS; stroke++) {
      await (i % 2 ? pupil.send('POST', 'read', { body, type }) : pupil.send('POST', 'classify', small));
      next = Math.max(next + 500, performance.now());
      await sleep(next - performance.now());
    }
  }));
  const seen = pupils.flatMap((pupil) => pupil.seen), counts = {}, slowest = {};
  for (const { what, status, ms } of seen) {
    const name = FILES.includes(what.slice('GET /'.length)) ? 'files' : what;
    counts[`${name} ${status}`] = (counts[`${name} ${status}`] ?? 0) + 1;
    slowest[name] = Math.max(slowest[name] ?? 0, Math.round(ms));
  }
  console.log(`# a class of ${PUPILS}: ${JSON.stringify(counts)}; loaded in ${((loaded - began) / 1000).toFixed(1)} s, signed up and in again in ${((drawing - loaded) / 1000).toFixed(1)} s (work takes ${times.toFixed(1)} times as long as on a free machine); ` +
    `slowest, ms: ${JSON.stringify(slowest)}`);
  const bad = seen.filter(({ status }) => ![200, 201, 204].includes(status) && status !== 422);
  assert.deepEqual(bad, []);
  assert.equal(counts['POST /signup 201'], PUPILS);
  assert.equal(counts['POST /login 200'], PUPILS);
  assert.ok(counts['POST /read 200'] >= PUPILS && counts['POST /classify 200'] >= PUPILS);
  for (const pupil of pupils) pupil.agent.destroy();
});

// Breaks when the limits are so wide that they are none.
test('R105 one address that asks for hashes without end is refused, and only that one', async () => {
  const one = new Browser(0), ask = () => one.send('POST', 'account/reset', { json: { token: 'x'.repeat(43), password } });
  one.agent.maxSockets = 20;
  const replies = await Promise.all(Array.from({ length: 400 }, ask));
  const refused = replies.filter((status) => status === 429).length;
  console.log(`# 400 requests for a hash from one address: ${refused} refused`);
  assert.ok(refused >= 100, `${refused} of 400 refused`);
  one.agent.destroy();
  const other = await e2e.exchange('POST', 'account/reset', { origin: site.origin, body: JSON.stringify({ token: 'x'.repeat(43), password }), headers: { 'Content-Type': 'application/json' } });
  assert.notEqual(other.status, 429);
});
