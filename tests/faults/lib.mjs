// What the fault tests share: a FastCGI client that talks to digitd's own sockets, without nginx, and a digitd of their own in a
// temporary directory. Node 18, no packages.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { factor } from '../pace.mjs';
import { childrenOf, isGone } from '../procs.mjs';
import { keepTraces, noteBody, noteHeaders } from '../traces.mjs';

export const root = path.resolve(new URL('../..', import.meta.url).pathname);
const build = path.resolve(root, process.env.BUILD ?? 'build');
export const binary = path.join(build, 'digitd');
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// ---- FastCGI (specification, section 3.3: 8 bytes of header, content, padding) ----

const BEGIN = 1, PARAMS = 4, STDIN = 5, STDOUT = 6, END = 3;

export function record(type, content) {
  const header = Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 255, 0, 0]);
  return Buffer.concat([header, content]);
}

function pair(name, value) {
  const lengths = [name, value].map((text) => {
    const n = Buffer.byteLength(text);
    if (n < 128) return Buffer.from([n]);
    const four = Buffer.alloc(4);
    four.writeUInt32BE(n + 0x80000000);
    return four;
  });
  return Buffer.concat([...lengths, Buffer.from(name), Buffer.from(value)]);
}

export const begin = () => record(BEGIN, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]));
export const params = (list) =>
  Buffer.concat([record(PARAMS, Buffer.concat(Object.entries(list).map(([k, v]) => pair(k, String(v))))), record(PARAMS, Buffer.alloc(0))]);

export function stdin(body, { end = true } = {}) {
  const parts = [];
  for (let at = 0; at < body.length; at += 65535) parts.push(record(STDIN, body.subarray(at, at + 65535)));
  if (end) parts.push(record(STDIN, Buffer.alloc(0)));
  return Buffer.concat(parts);
}

let serial = 0;
export const requestId = () => (++serial).toString(16).padStart(32, '0');

// The parameters that conf/nginx/server.conf sends. length: null leaves CONTENT_LENGTH out.
export function head(method, where, { body = Buffer.alloc(0), type = 'application/json', length, headers = {}, id = requestId(), pool } = {}) {
  const [uri, query = ''] = where.split('?');
  const list = {
    QUERY_STRING: query, REQUEST_METHOD: method, DOCUMENT_URI: uri, REMOTE_ADDR: '127.0.0.1', REQUEST_ID: id,
    HTTP_HOST: 'localhost:8080', DIGITD_POOL: pool === 'hash' ? 'hash' : 'main',
  };
  if (method !== 'GET') Object.assign(list, { CONTENT_TYPE: type, HTTP_ORIGIN: 'http://localhost:8080' });
  list.CONTENT_LENGTH = length === undefined ? (body.length || method !== 'GET' ? String(body.length) : '') : length;
  if (length === null) delete list.CONTENT_LENGTH;
  for (const [name, value] of Object.entries(headers)) list['HTTP_' + name.toUpperCase().replaceAll('-', '_')] = value;
  return Buffer.concat([begin(), params(list)]);
}

// A connection that collects what comes back. reply(): resolves at END_REQUEST; rejects where the connection ends without it.
export class Peer {
  constructor(socketPath) {
    this.bytes = Buffer.alloc(0);
    this.closed = false;
    this.socket = net.connect(socketPath);
    this.ended = new Promise((resolve) => {
      const done = (error) => { this.closed = true; resolve(error); };
      this.socket.on('data', (part) => { this.bytes = Buffer.concat([this.bytes, part]); });
      this.socket.on('error', done);
      this.socket.on('end', () => { this.socket.end(); done(null); });
      this.socket.on('close', () => done(null));
    });
    this.connected = new Promise((resolve, reject) => {
      this.socket.once('connect', resolve);
      this.socket.once('error', reject);
    });
    this.connected.catch(() => {});
  }
  async send(bytes) {
    await this.connected;
    this.socket.write(bytes);
    return this;
  }
  async reply(ms = 120000) { // what hangs is found; what is slow is another test's matter
    let timer;
    const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`no reply within ${ms} ms`)), ms); });
    try {
      const error = await Promise.race([this.ended, late]);
      if (error) throw error;
      return parseReply(this.bytes);
    } finally {
      clearTimeout(timer);
      this.socket.destroy();
    }
  }
}

function parseReply(bytes) {
  const out = [];
  let ended = false;
  for (let at = 0; at + 8 <= bytes.length;) {
    const length = bytes.readUInt16BE(at + 4);
    if (bytes[at + 1] === STDOUT) out.push(bytes.subarray(at + 8, at + 8 + length));
    ended ||= bytes[at + 1] === END;
    at += 8 + length + bytes[at + 6];
  }
  if (!ended) throw new Error(`the connection ended without a whole reply (${bytes.length} bytes)`);
  const text = Buffer.concat(out).toString();
  const split = text.indexOf('\r\n\r\n');
  const headers = Object.fromEntries(text.slice(0, split).split('\r\n').map((line) => {
    const [name, ...value] = line.split(': ');
    return [name.toLowerCase(), value.join(': ')];
  }));
  const body = text.slice(split + 4);
  const cookies = [...text.slice(0, split).matchAll(/^Set-Cookie: ([^;\r]*)/gim)].map((match) => match[1]);
  return { cookies, status: Number.parseInt(headers.status ?? '200', 10), headers, text: body, json: /json/.test(headers['content-type'] ?? '') ? JSON.parse(body) : null };
}

// One whole request.
export async function ask(socketPath, method, where, options = {}) {
  const peer = new Peer(socketPath);
  const body = options.body ?? Buffer.alloc(0);
  noteHeaders(options.headers ?? {});
  noteBody(body);
  await peer.send(Buffer.concat([head(method, where, options), stdin(body)]));
  const reply = await peer.reply(options.ms);
  noteHeaders({ 'set-cookie': reply.cookies });
  noteBody(reply.text);
  return reply;
}

export const account = (email, password = 'a quiet violet harbour') => Buffer.from(JSON.stringify({ email, password }));

// ---- digitd ----

export const makeModel = (file, seed = 1) => execFileSync(path.join(build, 'tools/make_model'), [file, String(seed)]);

const cleanEnvironment = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DIGITD_')));

const everyDaemon = new Set();
process.on('exit', () => { for (const d of everyDaemon) if (d.process?.exitCode === null) d.process.kill('SIGKILL'); });

export class Daemon {
  constructor(settings = {}) {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-faults-'));
    this.settings = {
      run_dir: path.join(this.dir, 'run'), database: path.join(this.dir, 'data/digitd.db'), weights: path.join(this.dir, 'net.safetensors'),
      log_file: path.join(this.dir, 'log'), main_workers: 2, hash_workers: 1, request_deadline_s: 30, password_cost: 5, ...settings,
    };
    fs.mkdirSync(path.join(this.dir, 'data'));
    const committed = path.join(root, 'weights/digits.safetensors');
    if (fs.existsSync(committed)) fs.copyFileSync(committed, path.join(this.dir, 'net.safetensors'));
    else makeModel(path.join(this.dir, 'net.safetensors'));
    this.conf = path.join(this.dir, 'digitd.conf');
    this.command = [binary];
    this.environment = {};
    this.configure();
    everyDaemon.add(this);
  }
  configure(changes = {}) {
    Object.assign(this.settings, changes);
    fs.writeFileSync(this.conf, Object.entries(this.settings).map(([name, value]) => `${name} = ${value}\n`).join(''));
  }
  socket(pool = 'main') { return path.join(this.settings.run_dir, `${pool}.sock`); }
  spawn(args = []) {
    const [file, ...first] = this.command;
    const child = spawn(file, [...first, '-c', this.conf, ...args], { env: { ...cleanEnvironment(), ...this.environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = { stdout: '', stderr: '' };
    child.stdout.on('data', (text) => { ended.stdout += text; });
    child.stderr.on('data', (text) => { ended.stderr += text; });
    const began = performance.now();
    child.gone = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
    // 'close' waits for the last holder of the pipes as well: a worker that outlived its master would keep it waiting.
    child.finished = new Promise((resolve) => child.on('close', (code, signal) => resolve({ ...ended, code, signal, ms: performance.now() - began })));
    return child;
  }
  async start() {
    const already = this.events('ready').length;
    this.process = this.spawn();
    await this.until(() => this.events('ready').length > already || this.process.exitCode !== null, 60000, 'ready');
    assert.equal(this.process.exitCode, null, 'digitd ended at its start');
    return this;
  }
  // Resolves to { code, signal, ms }.
  async stop(signal = 'SIGTERM') {
    const began = performance.now();
    this.process.kill(signal);
    const end = await this.process.gone;
    return { ...end, ms: performance.now() - began };
  }
  async close() {
    if (this.process && this.process.exitCode === null && this.process.signalCode === null) await this.stop('SIGKILL');
    everyDaemon.delete(this);
    keepTraces(this.dir);
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
  // Log lines of one event, or all, as objects.
  events(name) {
    let text = '';
    try { text = fs.readFileSync(this.settings.log_file, 'utf8'); } catch { /* not yet */ }
    const lines = text.split('\n').filter(Boolean).map((line) =>
      Object.fromEntries([...line.matchAll(/([a-z_0-9]+)=("(?:[^"\\]|\\.)*"|\S*)/g)].map(([, key, value]) => [key, value.replace(/^"(.*)"$/, '$1')])));
    return name === undefined ? lines : lines.filter((line) => line.event === name);
  }
  // The time is a free machine's: where it is over, how busy this one is says how much longer there is to wait. nice: for what the
  // hash pool does.
  async until(test, ms, what, nice = 0) {
    const began = performance.now();
    for (let most = ms, times = 0; ;) {
      const value = await test();
      if (value) return value;
      if (performance.now() - began > most) {
        if (times) assert.fail(`not within ${ms} ms, on a machine where work takes ${times.toFixed(2)} times as long: ${what}\n` +
          this.events().slice(-8).map((e) => JSON.stringify(e)).join('\n'));
        times = factor(nice);
        most = ms * times + (performance.now() - began - most); // the measuring is not counted
      }
      await sleep(10);
    }
  }
  // Process ids of the workers, by pool: the hash pool is the niced one; health and the keeper are the last two of the first start.
  workers() {
    return childrenOf(this.process.pid).filter((pid) => !isGone(pid));
  }
  get workerCount() { return this.settings.main_workers + this.settings.hash_workers + 4; } // and large, gate, health, keeper
  ask(method, where, { pool = 'main', ...options } = {}) { return ask(this.socket(pool), method, where, options); }
  peer(pool = 'main') { return new Peer(this.socket(pool)); }
  // Holds n workers of a pool: part of a header, then silence.
  async block(pool, n) {
    const peers = Array.from({ length: n }, () => this.peer(pool));
    for (const peer of peers) await peer.send(Buffer.from([1, 1, 0]));
    await sleep(250);
    return () => peers.forEach((peer) => peer.socket.destroy());
  }
}

// A daemon for one test, gone at its end.
export async function withDaemon(settings, act, environment = {}) {
  const daemon = new Daemon(settings);
  daemon.environment = environment;
  try {
    await daemon.start();
    return await act(daemon);
  } finally {
    await daemon.close();
  }
}

// Asks for the same thing again and again, from so many clients, until stop(); tells how it went.
export function load(daemon, clients = 3, { method = 'GET', where = '/model' } = {}) {
  const seen = { answered: 0, refused: 0, broken: [], statuses: {} };
  let running = true;
  const loops = Array.from({ length: clients }, async () => {
    while (running) {
      const peer = daemon.peer();
      try {
        await peer.connected;
      } catch (error) {
        seen.refused++;
        seen.refusal = error.code;
        await sleep(5);
        continue;
      }
      try {
        await peer.send(Buffer.concat([head(method, where), stdin(Buffer.alloc(0))]));
        const reply = await peer.reply();
        seen.answered++;
        seen.statuses[reply.status] = (seen.statuses[reply.status] ?? 0) + 1;
      } catch (error) {
        seen.broken.push(error.message);
      }
    }
  });
  return { seen, stop: async () => { running = false; await Promise.all(loops); return seen; } };
}
