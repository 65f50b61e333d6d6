// Whatever `digitd -t` passes serves a sign-up, a log-in and a digit: settings in pairs (R119). Of any two settings, every pair of the
// values below comes together in some file; `make test` tries the first of these files, `make faults` all, and those of two more seeds.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Daemon, binary, root } from './lib.mjs';
import { golden } from './pictures.mjs';

const LONG = process.env.LONG === '1';
const SEED = Number(process.env.SEED ?? 24);
const seven = golden('digit-7.png');
const digitctl = path.join(path.dirname(binary), 'digitctl');
const password = 'a quiet violet harbour with one lamp, two boats, and three gulls at dusk'; // 72 characters

// The edges of each range, and something between. null: as the harness has it (a place of its own).
const values = {
  site_url: ['http://localhost:8080', 'https://localhost:8080', 'https://digits.example.org/sub/ http://localhost:8080'],
  log_level: ['debug', 'info', 'warn', 'error'],
  log_file: [null, ''],
  main_workers: [1, 2, 0],
  hash_workers: [1, 2, 0],
  large_workers: [1, 2],
  request_deadline_s: [1, 2, 10, 600],
  max_requests: [0, 1, 2, 100000000],
  socket_mode: ['0600', '0660', '0777'],
  sign_up: ['open', 'closed', 'invitation'],
  password_min_length: [8, 15, 64],
  password_cost: [5, 6, 8, 9],
  mail_command: ['', '/bin/true'],
  mail_from: ['', 'digitd@example.org'],
  session_idle_h: [1, 8760],
  session_max_days: [1, 365],
  sessions_per_user: [1, 20],
  history_max_per_user: [1, 10000],
};

// One hash on a free machine (R46). A deadline of fewer than twenty is too near for a busy one, which is not what this is about: such a
// pair gets the usual deadline.
const hashSeconds = { 5: 0.013, 6: 0.025, 8: 0.144, 9: 0.286 };
const inTime = (file) => (file.request_deadline_s < 20 * hashSeconds[file.password_cost] ? { ...file, request_deadline_s: 10 } : file);

function randomFrom(seed) {
  let a = seed >>> 0;
  return (n) => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

// Files until every pair has been in one: each is the best of some at random, by how many new pairs it has.
function pairwise(seed) {
  const random = randomFrom(seed), names = Object.keys(values), left = new Set();
  const key = (i, a, j, b) => `${i}:${a} ${j}:${b}`;
  for (let i = 0; i < names.length; i++)
    for (let j = i + 1; j < names.length; j++)
      for (let a = 0; a < values[names[i]].length; a++) for (let b = 0; b < values[names[j]].length; b++) left.add(key(i, a, j, b));
  const pairsOf = (file) => {
    const pairs = [];
    for (let i = 0; i < names.length; i++) for (let j = i + 1; j < names.length; j++) pairs.push(key(i, file[i], j, file[j]));
    return pairs.filter((pair) => left.has(pair));
  };
  const files = [];
  while (left.size > 0) {
    const wanted = [...left][random(left.size)].split(' ').map((part) => part.split(':').map(Number));
    let best = null, most = -1;
    for (let tries = 0; tries < 60; tries++) {
      const file = names.map((name) => random(values[name].length));
      for (const [i, value] of wanted) file[i] = value; // so that each file has a new one
      const n = pairsOf(file).length;
      if (n > most) [best, most] = [file, n];
    }
    for (const pair of pairsOf(best)) left.delete(pair);
    files.push(inTime(Object.fromEntries(names.map((name, i) => [name, values[name][best[i]]]))));
  }
  return files;
}

const ctl = (d, args, input) => execFileSync(digitctl, ['-c', d.conf, ...args], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] }).trim();

// One file: what -t says of it; where it passes, a visitor from sign-up to the digit in the history.
async function serves(file) {
  const d = new Daemon(Object.fromEntries(Object.entries(file).filter(([, value]) => value !== null)));
  try {
    const { code, stdout, stderr } = await d.spawn(['-t']).finished;
    if (code !== 0) return { refused: (stdout + stderr).trim() };
    d.process = d.spawn();
    const headers = { host: 'localhost:8080' };
    const https = file.site_url === 'https://localhost:8080';
    const ask = (pool, method, where, options = {}) => d.ask(method, where, { pool, ...options,
      headers: { ...headers, ...(method === 'GET' ? {} : { origin: https ? 'https://localhost:8080' : 'http://localhost:8080' }), ...options.headers } });
    await d.until(async () => {
      assert.equal(d.process.exitCode, null, 'it passed -t and ended at its start');
      try { return (await ask('health', 'GET', '/readyz')).status === 200; } catch { return false; }
    }, 60000, 'ready');
    const email = 'v@example.org';
    const body = { email, password, ...(file.sign_up === 'invitation' ? { invitation: ctl(d, ['invite', 'add']) } : {}) };
    const signed = await ask('hash', 'POST', '/signup', { body: Buffer.from(JSON.stringify(body)) });
    const mailed = file.mail_command !== '' && file.sign_up !== 'closed';
    assert.equal(signed.status, file.sign_up === 'closed' ? 403 : mailed ? 202 : 201, `sign-up: ${signed.text}`);
    if (signed.status !== 201) ctl(d, ['user', 'add', email, '--password-stdin'], password + '\n');
    const logged = await ask('hash', 'POST', '/login', { body: Buffer.from(JSON.stringify({ email, password })) });
    assert.equal(logged.status, 200, `log-in: ${logged.text}`);
    const cookie = logged.cookies.find((each) => /digitd_session=/.test(each));
    const read = await ask('main', 'POST', '/classify?save=1', { type: 'image/png', body: seven, headers: { cookie } });
    assert.equal(read.status, 200, `digit: ${read.text}`);
    assert.equal(read.json.results[0].digit, 7);
    const kept = await ask('main', 'GET', '/history', { headers: { cookie } });
    assert.equal(kept.json.history.length, 1, kept.text);
    return { served: true };
  } finally {
    await d.close();
  }
}

const files = pairwise(SEED);
if (LONG) for (let seed = SEED + 1; seed < SEED + 3; seed++) files.push(...pairwise(seed));

test('R119 the table has every setting but the places that the harness needs', () => {
  const known = [...fs.readFileSync(path.join(root, 'conf/digitd.conf'), 'utf8').matchAll(/^#? ?([a-z_]+) = ?/gm)].map(([, name]) => name);
  assert.deepEqual(known.filter((name) => !(name in values) && !['run_dir', 'database', 'weights'].includes(name)), []);
});

test('R119 what -t passes serves a sign-up, a log-in and a digit', { concurrency: 1 }, async (t) => {
  const tried = LONG ? files : files.slice(0, 12);
  const wrong = [], refused = [];
  let served = 0;
  for (const file of tried) {
    try {
      const result = await serves(file);
      if (result.served) served++;
      else refused.push(`${result.refused}: ${JSON.stringify(file)}`);
    } catch (error) {
      wrong.push(`${error.message}: ${JSON.stringify(file)}`);
    }
  }
  t.diagnostic(`R119: seed ${SEED}: ${tried.length} of ${files.length} files: ${served} served, ${refused.length} refused by -t, ${wrong.length} passed and do not serve`);
  for (const line of refused) t.diagnostic(line);
  assert.deepEqual(wrong, []);
  assert.ok(served >= tried.length / 2, 'most are served');
});
