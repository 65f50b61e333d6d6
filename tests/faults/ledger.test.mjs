// R71: what was acknowledged outlives kill -9. Clients sign up, log in and out, change passwords, classify and keep the answers through nginx, and keep
// a ledger of what they were told; meanwhile a worker, the master or nginx is killed, in seeded random order; this test is the
// supervisor that starts them again. 50 kills; 300 with LONG=1 (make faults). SEED= chooses another order.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { exchange, picture, root } from '../e2e/lib.mjs';
import { start } from '../e2e/site.mjs';
import { factor } from '../pace.mjs';
import { childrenOf } from '../procs.mjs';
import { binary, sleep } from './lib.mjs';

const KILLS = process.env.LONG === '1' ? 300 : 50;
const SEED = Number(process.env.SEED ?? 71);
const CLIENTS = 4;
const SETTLE_MS = 3000;
const WORK_EACH = 4; // accounts, log-ins and pictures between two kills, at least: on a slow machine they take longer
const seven = picture('digit-7.png');

// mulberry32: small, and the same everywhere.
function randomFrom(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
const pick = (random, list) => list[Math.floor(random() * list.length)];


// Keeps one service running, as a supervisor does: when its first process ends, what is left of its group ends too, and it is
// started anew at once.
class Service {
  starts = 0;
  running = true;
  constructor(command, options) {
    Object.assign(this, { command, options });
    this.#start();
  }
  #start() {
    const [file, ...args] = this.command;
    const began = performance.now();
    this.starts++;
    this.child = spawn(file, args, { ...this.options, detached: true });
    const { pid } = this.child;
    this.gone = new Promise((resolve) => this.child.on('exit', async () => {
      try { process.kill(-pid, 'SIGKILL'); } catch { /* none is left */ }
      if (performance.now() - began < 100) await sleep(20); // it could not start: a predecessor's worker was still there
      if (this.running) this.#start();
      resolve();
    }));
  }
  get pid() { return this.child.pid; }
  async stop() {
    this.running = false;
    const { child, gone } = this;
    try { process.kill(-child.pid, 'SIGTERM'); } catch { /* just dead */ }
    await gone;
  }
}

// The state that conf/run made, with nginx.conf and a database, under services of our own.
async function site(t) {
  const made = await start(t, { LIMITS: 'off' });
  assert.match(made.out, /^ready on/m);
  process.kill(-made.child.pid, 'SIGTERM');
  await made.ended;
  const { uid, gid } = fs.statSync(path.join(made.state, 'nginx.conf')); // whom conf/run ran as
  const options = {
    ...(process.getuid() === 0 ? { uid, gid } : {}),
    stdio: 'ignore', cwd: root,
    env: { PATH: process.env.PATH, DIGITD_RUN_DIR: `${made.state}/run`, DIGITD_DATABASE: `${made.state}/digitd.db`,
      DIGITD_LOG_FILE: `${made.state}/log/digitd.log`, DIGITD_SITE_URL: made.origin.origin, DIGITD_MAIN_WORKERS: '2',
      DIGITD_HASH_WORKERS: '1', DIGITD_PASSWORD_COST: '5', DIGITD_SESSIONS_PER_USER: '1000', DIGITD_WEIGHTS: `${root}/weights/digits.safetensors` },
  };
  const nginx = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx'].find((file) => fs.existsSync(file));
  const services = {
    digitd: new Service([binary, '-c', 'conf/digitd.conf'], options),
    nginx: new Service([nginx, '-p', `${made.state}/`, '-c', `${made.state}/nginx.conf`, '-e', `${made.state}/log/nginx-error.log`,
      '-g', 'daemon off;'], options),
  };
  t.after(() => Promise.all(Object.values(services).map((service) => service.stop())));
  return { ...services, state: made.state, origin: made.origin, options };
}

// One request; null where no answer came, or one that says to try again (503).
async function ask(origin, method, where, { cookie, json, body, type } = {}) {
  const headers = { ...(method === 'GET' ? {} : { Origin: origin.origin }), ...(cookie ? { Cookie: cookie } : {}) };
  if (json !== undefined) body = JSON.stringify(json);
  if (body !== undefined) headers['Content-Type'] = type ?? 'application/json';
  try {
    const reply = await exchange(method, where, { headers, body, origin });
    return reply.status === 503 ? null : reply;
  } catch {
    return null;
  }
}
const sessionOf = (reply) => reply.headers['set-cookie'].map((cookie) => cookie.split(';')[0]).find((pair) => pair.startsWith('digitd_session='));

// What clients were told. An account: its password, or the two that it may have where a change was not answered; its sessions, by
// cookie: live, dead, or unsure where what would have ended it was not answered.
class Ledger {
  accounts = new Map();
  counts = { signUps: 0, logIns: 0, logOuts: 0, changes: 0, classified: 0, unanswered: 0, looks: 0 };
  wrong = [];
  sessions(email, state) {
    return [...this.accounts.get(email).sessions].filter(([, is]) => is === state).map(([cookie]) => cookie);
  }
  // Holds what a look at a session answered against what is known. state is what was known before AND after the look.
  judge(state, reply, what) {
    if (!reply) return;
    this.counts.looks++;
    if (state === 'dead' && reply.status !== 401) this.wrong.push(`${what}: an ended session answers ${reply.status}`);
    if (state === 'live' && reply.status !== 200) this.wrong.push(`${what}: a live session answers ${reply.status}`);
  }
}

// One client: its accounts are its own, so that nobody else changes what it knows of them.
async function client(number, { origin }, ledger, running) {
  const random = randomFrom(SEED * 1000 + number), mine = [];
  const counts = ledger.counts;
  const logIn = async (email, account) => {
    const reply = await ask(origin, 'POST', 'login', { json: { email, password: account.passwords[0] } });
    if (!reply) return void counts.unanswered++;
    if (account.passwords.length > 1) { // it may have either
      if (reply.status === 401) account.passwords.shift();
      else account.passwords.length = 1;
      if (reply.status === 401) return;
    }
    if (reply.status !== 200) return void ledger.wrong.push(`${email}: log-in answers ${reply.status} ${reply.text}`);
    counts.logIns++;
    account.sessions.set(sessionOf(reply), 'live');
  };
  const steps = {
    async signUp() {
      const email = `c${number}-${counts.signUps}-${Math.floor(random() * 1e9)}@example.org`, password = `quiet harbour ${Math.floor(random() * 1e9)}`;
      const reply = await ask(origin, 'POST', 'signup', { json: { email, password } });
      if (!reply) return void counts.unanswered++;
      if (reply.status !== 201) return void ledger.wrong.push(`sign-up answers ${reply.status} ${reply.text}`);
      counts.signUps++;
      ledger.accounts.set(email, { passwords: [password], sessions: new Map([[sessionOf(reply), 'live']]), kept: [] });
      mine.push(email);
    },
    async logIn(email, account) { await logIn(email, account); },
    async logOut(email, account) {
      const cookie = pick(random, ledger.sessions(email, 'live'));
      if (!cookie) return;
      account.sessions.set(cookie, 'unsure');
      const reply = await ask(origin, 'POST', 'logout', { cookie });
      if (!reply) return void counts.unanswered++;
      if (reply.status !== 204) return void ledger.wrong.push(`log-out answers ${reply.status}`);
      counts.logOuts++;
      account.sessions.set(cookie, 'dead');
    },
    async change(email, account) {
      const cookie = pick(random, ledger.sessions(email, 'live'));
      if (!cookie || account.passwords.length > 1) return;
      const fresh = `loud mountain ${Math.floor(random() * 1e9)}`;
      const before = [...account.sessions].filter(([, is]) => is !== 'dead').map(([each]) => each);
      for (const each of before) account.sessions.set(each, 'unsure');
      account.passwords.push(fresh);
      const reply = await ask(origin, 'POST', 'account/password', { cookie, json: { current: account.passwords[0], new: fresh } });
      if (!reply) {
        // Whoever works on it may live, and commit it later.
        account.restUntil = performance.now() + SETTLE_MS;
        return void counts.unanswered++;
      }
      if (reply.status !== 200) return void ledger.wrong.push(`${email}: a change of password answers ${reply.status} ${reply.text}`);
      counts.changes++;
      account.passwords = [fresh];
      for (const each of before) account.sessions.set(each, 'dead');
      account.sessions.set(sessionOf(reply), 'live');
    },
    async classify(email, account) {
      const cookie = pick(random, ledger.sessions(email, 'live'));
      if (!cookie) return;
      const reply = await ask(origin, 'POST', 'classify?save=1', { cookie, body: seven, type: 'image/png' });
      if (!reply || reply.status === 422) return void counts.unanswered++; // 422: the decoder died with what was killed
      if (reply.status !== 200 || reply.json.results[0].digit !== 7) return void ledger.wrong.push(`classify answers ${reply.status} ${reply.text}`);
      counts.classified++;
      const [{ id }] = reply.json.results; // null: it says itself that it is not in the history
      if (id) account.kept.push(id);
    },
    async look(email, account) {
      const state = pick(random, ['live', 'dead']), cookie = pick(random, ledger.sessions(email, state));
      if (cookie) ledger.judge(state, await ask(origin, 'GET', 'session', { cookie }), email);
    },
  };
  const kinds = ['signUp', 'logIn', 'logOut', 'classify', 'classify', 'look', 'look', 'look', 'change'];
  while (running()) {
    const kind = mine.length === 0 ? 'signUp' : pick(random, kinds), email = mine.length ? pick(random, mine.slice(-5)) : undefined;
    const before = counts.unanswered;
    const account = ledger.accounts.get(email);
    if (kind === 'signUp' || !(account.restUntil > performance.now())) await steps[kind](email, account);
    else await sleep(5);
    if (counts.unanswered > before) await sleep(30);
  }
}

// Who can be killed, and the process to kill now.
const targets = {
  worker: ({ digitd }, random) => pick(random, childrenOf(digitd.pid)),
  master: ({ digitd }) => digitd.pid,
  nginx: ({ nginx }) => nginx.pid,
  'nginx worker': ({ nginx }, random) => pick(random, childrenOf(nginx.pid)),
};

// Milliseconds from now until a request is served: one that needs nginx, a worker and the database. A try may have been taken by what
// was killed; on a slow machine it may as well be under way, so each is given more time than the one before.
async function untilServed(origin, cookie, patience) {
  const began = performance.now();
  for (let tries = 1; ; tries++) {
    const reply = await Promise.race([ask(origin, 'GET', 'session', { cookie }), sleep(400 * tries)]);
    const ms = performance.now() - began;
    if (reply?.status === 200) return ms;
    if (ms > patience) return Infinity;
    await sleep(5);
  }
}

// What is killed, in which order: the seed decides, and nothing else.
function killOrder() {
  const random = randomFrom(SEED), mix = ['worker', 'worker', 'master', 'nginx', 'nginx worker'];
  const order = Array.from({ length: KILLS }, (_, i) => mix[i % mix.length]);
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

async function killAll(all, cookie, work) {
  const recovery = [], random = randomFrom(SEED + 1), end = performance.now() + 20000 * KILLS; // then the counts will tell
  for (const kind of killOrder()) {
    await sleep(250 + random() * 700);
    while (work() < WORK_EACH * recovery.length && performance.now() < end) await sleep(20);
    let pid;
    while (!(pid = targets[kind](all, random))) await sleep(5); // between two lives
    process.kill(pid, 'SIGKILL');
    const ms = await untilServed(all.origin, cookie, 60000);
    recovery.push({ kind, ms, times: ms > 1000 ? factor() : 1 }); // how busy the machine is
    if (ms === Infinity) break;
  }
  return recovery;
}

// Breaks when a 2xx goes out before its commit is on the disk, when a session survives its end because it lived in a process, when a
// socket, lock or pid file that a dead one left behind keeps the next from starting, or when the WAL of a killed writer is lost.
test(`R71: ${KILLS} kills of worker, master and nginx under load lose nothing that was acknowledged`, async (t) => {
  const all = await site(t);
  const ledger = new Ledger();
  assert.notEqual(await untilServedAny(all.origin), Infinity, 'the site did not start');
  const probe = await ask(all.origin, 'POST', 'signup', { json: { email: 'probe@example.org', password: 'a quiet violet harbour' } });
  assert.equal(probe?.status, 201);
  const cookie = sessionOf(probe);
  let on = true;
  const clients = Array.from({ length: CLIENTS }, (_, i) => client(i, all, ledger, () => on));
  const began = performance.now();
  const recovery = await killAll(all, cookie, () => ledger.counts.signUps + ledger.counts.logIns + ledger.counts.classified);
  on = false;
  await Promise.all(clients);

  const slow = recovery.filter(({ ms, times }) => ms > 1000 * times);
  const worst = recovery.reduce((a, b) => (b.ms > a.ms ? b : a));
  t.diagnostic(`seed ${SEED}, ${recovery.length} kills in ${Math.round((performance.now() - began) / 1000)} s on a load of ` +
    `${os.loadavg()[0].toFixed(1)}; slowest recovery ${Math.round(worst.ms)} ms (${worst.kind}); ${JSON.stringify(ledger.counts)}`);

  // The whole ledger, now that nobody disturbs.
  await sleep(SETTLE_MS);
  let lost = 0, revived = 0, forgotten = 0, kept = 0, unkept = 0;
  for (const [email, account] of ledger.accounts) {
    let login;
    for (const password of account.passwords) {
      login = await ask(all.origin, 'POST', 'login', { json: { email, password } });
      if (login?.status === 200) break;
    }
    if (login?.status !== 200) lost++;
    else if (account.kept.length) {
      const { json } = await ask(all.origin, 'GET', 'history/export', { cookie: sessionOf(login) });
      const there = new Set(json.history.map(({ id }) => id));
      kept += account.kept.length;
      unkept += account.kept.filter((id) => !there.has(id)).length;
    }
    for (const [each, state] of account.sessions) {
      const reply = state === 'unsure' ? null : await ask(all.origin, 'GET', 'session', { cookie: each });
      if (state === 'dead' && reply?.status !== 401) revived++;
      if (state === 'live' && reply?.status !== 200) forgotten++;
    }
  }
  assert.deepEqual(ledger.wrong, []);
  assert.deepEqual({ lost, revived, forgotten, unkept }, { lost: 0, revived: 0, forgotten: 0, unkept: 0 });
  assert.equal(recovery.length, KILLS);
  assert.deepEqual(slow, [], 'a request served within 1 s of each kill');
  // The run was one that could have failed.
  const { signUps, logIns, logOuts, changes, classified, unanswered, looks } = ledger.counts;
  assert.ok(signUps >= KILLS / 2 && logIns >= KILLS / 3 && logOuts >= KILLS / 5 && changes >= KILLS / 10 && classified >= KILLS / 2 && looks >= KILLS / 2,
    JSON.stringify(ledger.counts));
  assert.ok(kept >= KILLS / 2, `only ${kept} answers were kept`);
  assert.ok(unanswered >= KILLS / 10, `only ${unanswered} requests were cut by a kill`);
  const check = execFileSync(path.join(path.dirname(binary), 'digitctl'), ['check', '--json'], { ...all.options, stdio: 'pipe', encoding: 'utf8' });
  const bad = check.split('\n').filter(Boolean).map((line) => JSON.parse(line)).filter(({ level }) => level === 'bad');
  assert.deepEqual(bad, []);
});

async function untilServedAny(origin) {
  for (let i = 0; i < 400; i++) {
    if ((await ask(origin, 'GET', 'model'))?.status === 200) return i;
    await sleep(25);
  }
  return Infinity;
}
