// Pictures that are large, or pretend to be, made byte by byte: 25 megapixels of each format, and what must be refused.
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { root } from './lib.mjs';

export const golden = (name) => fs.readFileSync(path.join(root, 'tests/golden/pictures', name));

const crcTable = Int32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});
function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 255];
  return (crc ^ -1) >>> 0;
}
const be16 = (v) => Buffer.from([v >> 8 & 255, v & 255]);
const be32 = (v) => { const b = Buffer.alloc(4); b.writeUInt32BE(v); return b; };
const le16 = (v) => Buffer.from([v & 255, v >> 8 & 255]);
const le32 = (v) => { const b = Buffer.alloc(4); b.writeUInt32LE(v); return b; };

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  return Buffer.concat([be32(data.length), body, be32(crc32(body))]);
}

// Grey, one bit a pixel, all black.
export const png = (w, h, data = zlib.deflateSync(Buffer.alloc((Math.ceil(w / 8) + 1) * h))) =>
  Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', Buffer.concat([be32(w), be32(h), Buffer.from([1, 0, 0, 0, 0])])),
    chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);

// A 7 in true colour, black on white.
export function pngSeven(side) {
  const rows = Buffer.alloc(side * (3 * side + 1), 255);
  for (let y = 0; y < side; y++) {
    const row = y * (3 * side + 1), at = (x) => Math.round(x * side), v = y / side;
    rows[row] = 0; // no filter
    const right = 0.7 - (v - 0.25) * 0.5; // the stroke, from the bar's right end down to the left
    if (v > 0.2 && v < 0.27) rows.fill(0, row + 1 + 3 * at(0.3), row + 1 + 3 * at(0.7));
    else if (v >= 0.27 && v < 0.8) rows.fill(0, row + 1 + 3 * at(right - 0.08), row + 1 + 3 * at(right));
  }
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', Buffer.concat([be32(side), be32(side), Buffer.from([8, 2, 0, 0, 0])])),
    chunk('IDAT', zlib.deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

// A grey 7 with some grain in its paper, in a file that grows with the picture: at 5000 px, some 700 KB.
export function pngGrey(side) {
  const rows = Buffer.alloc(side * (side + 1), 255);
  for (let y = 0, seed = 1; y < side; y++) {
    const row = y * (side + 1), v = y / side, right = 0.7 - (v - 0.25) * 0.5;
    rows[row] = 0; // no filter
    for (let x = y % 7; x < side; x += 31) {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
      rows[row + 1 + x] = 255 - (seed >>> 30);
    }
    if (v > 0.2 && v < 0.27) rows.fill(0, row + 1 + Math.round(0.3 * side), row + 1 + Math.round(0.7 * side));
    else if (v >= 0.27 && v < 0.8) rows.fill(0, row + 1 + Math.round((right - 0.08) * side), row + 1 + Math.round(right * side));
  }
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', Buffer.concat([be32(side), be32(side), Buffer.from([8, 0, 0, 0, 0])])),
    chunk('IDAT', zlib.deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

// 28x28, and data that goes on for so many MiB behind it.
export const pngSurplus = (mib) => png(28, 28, zlib.deflateSync(Buffer.alloc(mib << 20), { level: 9 }));

// One bit a pixel, no compression.
export function bmp(w, h) {
  const row = Math.ceil(w / 32) * 4, head = Buffer.concat([Buffer.from('BM'), le32(62 + row * h), le32(0), le32(62), le32(40), le32(w),
    le32(h), le16(1), le16(1), le32(0), le32(0), le32(0), le32(0), le32(2), le32(0), le32(0), le32(0xffffff)]);
  return Buffer.concat([head, Buffer.alloc(row * h, 0xf0)]);
}

// Least significant bit first, as GIF and WebP write.
class Bits {
  bytes = [];
  value = 0;
  count = 0;
  put(value, width) {
    for (let i = 0; i < width; i++) {
      this.value |= (value >> i & 1) << this.count;
      if (++this.count === 8) { this.bytes.push(this.value); this.value = this.count = 0; }
    }
  }
  end() {
    if (this.count > 0) this.bytes.push(this.value);
    return Buffer.from(this.bytes);
  }
}

// All of colour 0: each LZW code stands for a run one longer than the last, until the table is full.
export function gif(w, h) {
  const bits = new Bits();
  for (let left = w * h; left > 0;) {
    let width = 3, next = 6;
    bits.put(4, width); // clear
    bits.put(0, width);
    left--;
    for (let run = 2; left > 0 && next < 4095; run++) {
      const take = Math.min(run, left);
      bits.put(take === 1 ? 0 : take + 4, width); // code 6 stands for 2 pixels
      left -= take;
      if (++next === 1 << width && width < 12) width++;
    }
    if (left === 0) bits.put(5, width); // end
    else bits.put(4, width);
  }
  const data = bits.end(), blocks = [];
  for (let at = 0; at < data.length; at += 255) blocks.push(Buffer.from([Math.min(255, data.length - at)]), data.subarray(at, at + 255));
  return Buffer.concat([Buffer.from('GIF89a'), le16(w), le16(h), Buffer.from([0x80, 0, 0, 0, 0, 0, 255, 255, 255, 0x2c, 0, 0, 0, 0]),
    le16(w), le16(h), Buffer.from([0, 2]), ...blocks, Buffer.from([0, 0x3b])]);
}

const segment = (code, data) => Buffer.concat([Buffer.from([0xff, code]), be16(data.length + 2), data]);

// Three components at full size, all coefficients 0. scans: of a progressive file, 1 for the DC and the others over all of the AC.
export function jpeg(w, h, scans = 0) {
  const blocks = Math.ceil(w / 8) * Math.ceil(h / 8), one = (n) => Buffer.concat([Buffer.from([1]), Buffer.alloc(15), Buffer.from([n])]);
  const parts = [Buffer.from([0xff, 0xd8]), segment(0xdb, Buffer.concat([Buffer.from([0]), Buffer.alloc(64, 1)])),
    segment(scans ? 0xc2 : 0xc0, Buffer.concat([Buffer.from([8]), be16(h), be16(w), Buffer.from([3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])])),
    segment(0xc4, Buffer.concat([Buffer.from([0]), one(0)])), // the bit 0: no difference
    segment(0xc4, Buffer.concat([Buffer.from([0x10]), one(scans ? 0xe0 : 0)])), // the bit 0: end of block; progressive: of 2^14 and more
    segment(0xda, Buffer.from([3, 1, 0, 2, 0, 3, 0, 0, scans ? 0 : 63, 0])), Buffer.alloc(Math.ceil(blocks * 3 * (scans ? 1 : 2) / 8))];
  const runs = '0'.padEnd(15, '1').repeat(Math.ceil(blocks / 32767)); // 2^14 + 2^14 - 1 blocks each
  const data = Buffer.from(runs.padEnd(Math.ceil(runs.length / 8) * 8, '1').match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)))
    .toString('latin1').replaceAll('\xff', '\xff\0');
  for (let i = 1; i < scans; i++)
    parts.push(segment(0xda, Buffer.from([1, 1 + i % 3, 0, 1, 63, i <= 3 ? 1 : 0x10])), Buffer.from(data, 'latin1'));
  return Buffer.concat([...parts, Buffer.from([0xff, 0xd9])]);
}

// Lossless, each of its five codes with one symbol: no bit at all for a pixel (RFC 9649, section 3.7.2).
export function webp(w, h) {
  const bits = new Bits();
  bits.put(0x2f, 8);
  bits.put(w - 1, 14);
  bits.put(h - 1, 14);
  bits.put(0, 4); // alpha is not used; version 0
  bits.put(0, 3); // no transform, no colour cache, no meta codes
  for (let i = 0; i < 5; i++) bits.put(0b0001, 4); // simple, one symbol of one bit: 0
  const data = bits.end(), padded = data.length % 2 ? Buffer.concat([data, Buffer.alloc(1)]) : data;
  return Buffer.concat([Buffer.from('RIFF'), le32(12 + padded.length), Buffer.from('WEBPVP8L'), le32(data.length), padded]);
}

// One strip, deflated, all black: RGB of 8 bits, or RGBA of 16, which is the most memory that a TIFF may ask for.
export function tiff(w, h, bits = 8) {
  const samples = bits === 16 ? 4 : 3, fields = bits === 16 ? 10 : 9, bitsAt = 8 + 2 + 12 * fields + 4, dataAt = bitsAt + 2 * samples;
  const data = zlib.deflateSync(Buffer.alloc(w * h * samples * bits / 8), { level: 1 });
  const field = (tag, type, count, value) => Buffer.concat([le16(tag), le16(type), le32(count), le32(value)]);
  return Buffer.concat([Buffer.from('II*\0', 'latin1'), le32(8), le16(fields), field(256, 4, 1, w), field(257, 4, 1, h), field(258, 3, samples, bitsAt),
    field(259, 3, 1, 8), field(262, 3, 1, 2), field(273, 4, 1, dataAt), field(277, 3, 1, samples), field(278, 4, 1, h), field(279, 4, 1, data.length),
    ...(bits === 16 ? [field(338, 3, 1, 2)] : []), le32(0), ...Array.from({ length: samples }, () => le16(bits)), data]);
}

// 25-megapixels.avif is a 1 in 4:2:0, by libavif's avifenc; only what its header says can be changed here.
export function avif(w, h) {
  const bytes = fs.readFileSync(path.join(root, 'tests/faults/25-megapixels.avif')), at = bytes.indexOf('ispe') + 8;
  bytes.writeUInt32BE(w, at);
  bytes.writeUInt32BE(h, at + 4);
  return bytes;
}

// A few bytes that announce a giant.
export const giants = {
  'a GIF of 34 bytes': Buffer.from('GIF89a\xff\xff\xff\xff\0\0\0\x2c\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x4c\x01\0\0\0\0\0\0\x3b', 'latin1'),
  'a BMP of 58 bytes': Buffer.concat([bmp(1, 1).subarray(0, 18), le32(30000), le32(30000), le32(24 << 16 | 1), Buffer.alloc(28)]),
  'a PNG of 60 bytes': Buffer.concat([png(65535, 65535, Buffer.alloc(15)).subarray(0, 33), be32(15), Buffer.from('IDAT'), Buffer.alloc(19)]),
};
