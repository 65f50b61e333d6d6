// What the HTTP tests share: a client with a cookie, multipart bodies byte by byte, PNG files, IDX files. Node 18, no packages.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import zlib from 'node:zlib';
import { noteBody, noteHeaders } from '../traces.mjs';

export const root = path.resolve(new URL('../..', import.meta.url).pathname);
export const base = new URL(process.env.BASE_URL ?? 'http://localhost:8080/');
export const picture = (name) => fs.readFileSync(path.join(root, 'tests/golden/pictures', name));

// Where the server sees this test come from. BRIDGED names the address that a container's bridge gives it (tests/deploy).
export const ownAddress = process.env.BRIDGED ? process.env.BRIDGED.replaceAll('.', '\\.') : '(127\\.0\\.0\\.1|::1)';

let serial = 0;
export const newEmail = () => `user${process.pid}-${++serial}@example.org`;
export const goodPassword = 'a quiet violet harbour';

// One HTTP exchange on a connection of its own; never follows a redirect, never adds a header but Host and Content-Length.
export function exchange(method, where, { headers = {}, body, origin = base } = {}) {
  // node adds it where a method usually has a body, and DELETE is none of those.
  if (method === 'DELETE' && body !== undefined) headers = { ...headers, 'Content-Length': Buffer.byteLength(body) };
  noteHeaders(headers);
  noteBody(body);
  return new Promise((resolve, reject) => {
    const request = http.request(new URL(where, origin), { method, headers, agent: false, timeout: 120000 }, (reply) => {
      const parts = [];
      reply.on('data', (part) => parts.push(part));
      reply.on('error', reject);
      reply.on('end', () => {
        const text = Buffer.concat(parts).toString();
        const json = /json/.test(reply.headers['content-type'] ?? '') ? JSON.parse(text) : null;
        noteHeaders(reply.headers);
        if (json) noteBody(text);
        resolve({ status: reply.statusCode, headers: reply.headers, text, json });
      });
    });
    request.on('timeout', () => request.destroy(new Error('no reply within 120 s')));
    request.on('error', reject);
    request.end(body);
  });
}

// A visitor: keeps the cookies of session and device, sends Origin as a browser does.
export class Visitor {
  cookie = null; // "digitd_session=..."
  device = null;
  constructor(origin = base) {
    this.origin = origin;
  }
  async send(method, where, { headers = {}, body, json } = {}) {
    const all = { ...headers };
    if (method !== 'GET') all.Origin ??= this.origin.origin;
    const cookies = [this.cookie, this.device].filter(Boolean).join('; ');
    if (cookies) all.Cookie ??= cookies;
    if (json !== undefined) {
      body = JSON.stringify(json);
      all['Content-Type'] ??= 'application/json';
    }
    const reply = await exchange(method, where, { headers: all, body, origin: this.origin });
    for (const cookie of reply.headers['set-cookie'] ?? []) {
      const [pair] = cookie.split(';');
      const [, name] = /^(?:__Host-)?digitd_(session|device)=/.exec(pair);
      this[name === 'session' ? 'cookie' : 'device'] = pair.endsWith('=') ? null : pair;
    }
    return reply;
  }
  static async signedUp(origin = base) {
    const visitor = new Visitor(origin);
    visitor.email = newEmail();
    const reply = await visitor.send('POST', 'signup', { json: { email: visitor.email, password: goodPassword } });
    assert.equal(reply.status, 201, reply.text);
    return visitor;
  }
  classify(parts, query = '') {
    const { body, type } = multipart(parts);
    return this.send('POST', 'classify' + query, { headers: { 'Content-Type': type }, body });
  }
}

// parts: [{ name, filename, type, bytes }]
export function multipart(parts, boundary = '----digitd-test-boundary') {
  const chunks = [];
  for (const { name = 'image', filename = 'digit.png', type = 'image/png', bytes } of parts) {
    chunks.push(Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\n` +
      `Content-Type: ${type}\r\n\r\n`), bytes, Buffer.from('\r\n'));
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`));
  return { body: Buffer.concat(chunks), type: `multipart/form-data; boundary=${boundary}` };
}

// Sends bytes as they are and returns the whole reply as text: for requests that no well-behaved client makes.
export function raw(bytes, { host = '127.0.0.1', port = base.port } = {}) {
  return new Promise((resolve, reject) => {
    const parts = [];
    const socket = net.connect({ host, port }, () => socket.write(bytes));
    socket.setTimeout(120000, () => socket.destroy(new Error('no reply within 120 s')));
    socket.on('data', (part) => parts.push(part));
    // nginx closes on what it has not read to the end, which resets the connection after the reply.
    socket.on('error', (error) => parts.length > 0 ? undefined : reject(error));
    socket.on('close', () => resolve(Buffer.concat(parts).toString()));
  });
}

// An 8-bit grey PNG (PNG specification, third edition, section 11).
export function greyPng(width, height, pixels) {
  const chunk = (type, data) => {
    const out = Buffer.alloc(12 + data.length);
    out.writeUInt32BE(data.length, 0);
    out.write(type, 4, 'latin1');
    data.copy(out, 8);
    out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8; // bits; colour type 0 is grey
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) pixels.copy(rows, y * (width + 1) + 1, y * width, (y + 1) * width);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header),
    chunk('IDAT', zlib.deflateSync(rows, { level: 1 })), chunk('IEND', Buffer.alloc(0))]);
}

// The page's samples side by side, 4 px apart, as dark ink on white; rows one below the other.
const samples = fs.readFileSync(path.join(root, 'fcgi/net/samples.bin'));
const sample = (digit, x, y) => samples[784 * Number(digit) + 28 * y + x];
const side = Array.from({ length: 28 }, (_, i) => i);
const columns = (digit) => side.filter((x) => side.some((y) => sample(digit, x, y) > 40));
export function numberPicture(...rows) {
  const width = 40 + 28 * Math.max(...rows.map((row) => row.length)), height = 40 + 48 * rows.length;
  const pixels = Buffer.alloc(width * height, 255);
  rows.forEach((row, r) => {
    let left = 20;
    for (const digit of row) {
      if (digit === ' ') left += 28;
      else for (const x of columns(digit)) {
        for (let y = 0; y < 28; y++) pixels[(20 + 48 * r + y) * width + left] = 255 - sample(digit, x, y);
        left++;
      }
      left += digit === ' ' ? 0 : 4;
    }
  });
  return greyPng(width, height, pixels);
}
const crcTable = Int32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});
function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 255];
  return (crc ^ -1) >>> 0;
}

// The pictures and labels of an IDX pair.
export function idx(imagesPath, labelsPath) {
  const images = fs.readFileSync(imagesPath), labels = fs.readFileSync(labelsPath);
  assert.equal(images.readUInt32BE(0), 0x803);
  assert.equal(labels.readUInt32BE(0), 0x801);
  const n = images.readUInt32BE(4);
  assert.equal(labels.readUInt32BE(4), n);
  return { n, pixels: (i) => images.subarray(16 + 784 * i, 16 + 784 * (i + 1)), label: (i) => labels[8 + i] };
}

// Every error is problem+json with these members; the sentence is for people.
export function assertProblem(reply, status, name) {
  assert.equal(reply.status, status, reply.text);
  assert.match(reply.headers['content-type'], /^application\/problem\+json/);
  assert.equal(reply.json.status, status);
  if (name) assert.equal(reply.json.type, `problems/${name}`);
  assert.ok(reply.json.title.length > 5 && reply.json.detail.length > 5, reply.text);
  assert.match(reply.json.instance, /^[0-9a-f]{32}$/);
  assert.doesNotMatch(reply.text, /sqlite|errno|\/home|\/usr|\.c:/i);
}
