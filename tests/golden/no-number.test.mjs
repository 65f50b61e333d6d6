// `digit read` of what is no number, in the order in which a stranger would try it: each gets a status (and a sentence, where it is refused)
// in less processor time than the decoder's deadline, and the next picture is read.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import zlib from 'node:zlib';

const root = path.resolve(new URL('../..', import.meta.url).pathname);
const digit = path.join(path.resolve(root, process.env.BUILD ?? 'build'), 'digit');
const seven = path.join(root, 'tests/golden/pictures/digit-7.png');
const DEADLINE_S = 5; // of the decoder
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-no-number-'));
test.after(() => fs.rmSync(dir, { recursive: true, force: true }));

/** A grey PNG, paper 240. */
function png(w, h, draw) {
  const px = new Uint8Array(w * h).fill(240);
  const disc = (cx, cy, r, v = 30) => {
    for (let y = Math.max(0, Math.floor(cy - r)); y <= Math.min(h - 1, cy + r); y++)
      for (let x = Math.max(0, Math.floor(cx - r)); x <= Math.min(w - 1, cx + r); x++) if ((x - cx) ** 2 + (y - cy) ** 2 <= r * r) px[y * w + x] = v;
  };
  draw(px, disc, (x0, y0, x1, y1, r) => {
    const n = Math.ceil(Math.hypot(x1 - x0, y1 - y0) / r) + 1;
    for (let i = 0; i <= n; i++) disc(x0 + (x1 - x0) * i / n, y0 + (y1 - y0) * i / n, r);
  });
  const rows = Buffer.alloc((w + 1) * h);
  for (let y = 0; y < h; y++) rows.set(px.subarray(y * w, (y + 1) * w), y * (w + 1) + 1);
  const chunk = (name, body) => {
    const length = Buffer.alloc(4), named = Buffer.concat([Buffer.from(name, 'latin1'), body]), crc = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    crc.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, crc]);
  };
  const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0]);
  head.writeUInt32BE(w, 0);
  head.writeUInt32BE(h, 4);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', zlib.deflateSync(rows, { level: 1 })), chunk('IEND', Buffer.alloc(0))]);
}

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc32(bytes) {
  let c = 0xffffffff;
  for (const b of bytes) c = CRC[(c ^ b) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** The same numbers at every run, 0 to 1. */
function random(seed) {
  let s = seed;
  return () => {
    s = Math.imul(s ^ (s >>> 15), 0x2c1b3c6d) + 0x6d2b79f5 | 0;
    return ((s ^ (s >>> 13)) >>> 0) / 2 ** 32;
  };
}

// Strokes of letters in a box of 4 x 6: x0, y0, x1, y1.
const LETTERS = ['0600 0040 0343', '0006 0030 3343 0343 4346', '0006 4046 0646', '0006 0640 0346', '0040 2026', '0600 0026 2640 4046', '0640 0046'];

const pictures = {
  'nothing there': png(600, 300, () => {}),
  'one stroke': png(600, 300, (px, disc, line) => line(60, 200, 540, 120, 6)),
  text: png(900, 600, (px, disc, line) => {
    const r = random(1);
    for (let row = 0; row < 9; row++)
      for (let i = 0; i < 24; i++)
        for (const s of LETTERS[Math.floor(r() * LETTERS.length)].split(' ')) {
          const [x0, y0, x1, y1] = [...s].map(Number);
          line(30 + i * 35 + x0 * 5, 40 + row * 60 + y0 * 5, 30 + i * 35 + x1 * 5, 40 + row * 60 + y1 * 5, 2);
        }
  }),
  'a face': png(500, 500, (px, disc, line) => {
    for (let a = 0; a < 6.29; a += 0.01) disc(250 + 200 * Math.cos(a), 250 + 200 * Math.sin(a), 5);
    for (let a = 0.4; a < 2.8; a += 0.01) disc(250 + 110 * Math.cos(a), 270 + 100 * Math.sin(a), 5);
    disc(180, 200, 18);
    disc(320, 200, 18);
    line(250, 220, 240, 290, 5);
  }),
  '10,000 specks': png(1000, 1000, (px, disc) => {
    const r = random(2);
    for (let i = 0; i < 10000; i++) disc(r() * 999, r() * 999, 1.5);
  }),
  'a checkerboard': png(800, 800, (px) => px.forEach((_, i) => { px[i] = (Math.floor(i / 800 / 20) + Math.floor(i % 800 / 20)) % 2 ? 20 : 240; })),
  'a fine checkerboard': png(900, 900, (px) => px.forEach((_, i) => { px[i] = (Math.floor(i / 900 / 2) + Math.floor(i % 900 / 2)) % 2 ? 20 : 240; })),
  'a QR code': png(740, 740, (px) => {
    const r = random(3), dark = Array.from({ length: 33 * 33 }, () => r() < 0.5);
    const ring = (x, y) => Math.max(Math.abs(x - 3), Math.abs(y - 3));
    const at = (x, y) => x < 7 && y < 7 ? ring(x, y) !== 2 : x > 25 && y < 7 ? ring(x - 26, y) !== 2 : x < 7 && y > 25 ? ring(x, y - 26) !== 2 : dark[y * 33 + x];
    px.forEach((_, i) => {
      const x = Math.floor((i % 740 - 40) / 20), y = Math.floor((i / 740 - 40) / 20);
      if (x >= 0 && x < 33 && y >= 0 && y < 33 && at(x, y)) px[i] = 10;
    });
  }),
  'a spiral': png(700, 700, (px, disc) => { for (let a = 0; a < 60; a += 0.005) disc(350 + 5 * a * Math.cos(a), 350 + 5 * a * Math.sin(a), 3); }),
  grass: png(1200, 900, (px, disc, line) => {
    const r = random(4);
    px.forEach((_, i) => { px[i] = 90 + 60 * r(); });
    for (let i = 0; i < 4000; i++) {
      const x = r() * 1199, y = r() * 899;
      line(x, y, x + 30 * (r() - 0.5), y - 20 - 50 * r(), 1 + r());
    }
  }),
  '25 Mpx of noise': png(5000, 5000, (px) => {
    const r = random(5);
    px.forEach((_, i) => { px[i] = 256 * r(); });
  }),
};

// Breaks when one of these ends the decoder, takes longer than a request may, is answered without a status or a sentence, or as a sure number.
for (const [name, bytes] of Object.entries(pictures)) test(`no number: ${name}`, () => {
  const file = path.join(dir, `${name.replace(/\W/g, '-')}.png`);
  fs.writeFileSync(file, bytes);
  const { stdout } = spawnSync('bash', ['-c', `ulimit -t ${4 * DEADLINE_S}; TIMEFORMAT='%U %S'; { time "$@" 2>&3; } 3>/dev/null 2>&1`, 'read', digit, 'read', '--json', file, seven],
    { encoding: 'utf8', timeout: 300_000, maxBuffer: 1 << 26 });
  const [json, times] = stdout.trim().split('\n'), [user, system] = times.split(' ').map(Number), { results: [odd, next] } = JSON.parse(json);
  assert.deepEqual([next.status, next.text], ['read', '7']);
  assert.ok(['unsure', 'blank', 'no_digits', 'error'].includes(odd.status), `${odd.status}: ${odd.text}`);
  if (odd.status === 'error') assert.match(odd.error, /\.png: [A-Z].*\./);
  else assert.equal(typeof odd.text, 'string');
  assert.ok(user + system < DEADLINE_S, `${user + system} s of processor time`);
  if (name === 'nothing there') assert.equal(odd.status, 'blank');
  if (process.env.SHOW) console.log(`${name}: ${odd.status} ${JSON.stringify((odd.error ?? odd.text).slice(0, 150))}, ${user + system} s`);
});
