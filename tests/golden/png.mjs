// The pixels of a PNG as libgd writes it: eight bits, red, green, blue and perhaps opacity, not interlaced.
import zlib from 'node:zlib';

/** { w, h, at(x, y): the three colours' sum, 0 to 765 } */
export function png(bytes) {
  const parts = [];
  let w, h, n;
  for (let at = 8; at < bytes.length;) {
    const length = bytes.readUInt32BE(at), name = bytes.toString('latin1', at + 4, at + 8), body = bytes.subarray(at + 8, at + 8 + length);
    if (name === 'IHDR') {
      [w, h, n] = [body.readUInt32BE(0), body.readUInt32BE(4), { 2: 3, 6: 4 }[body[9]]];
      if (body[8] !== 8 || n === undefined || body[12] !== 0) throw new Error('a PNG of another sort');
    }
    if (name === 'IDAT') parts.push(body);
    at += 12 + length;
  }
  const raw = zlib.inflateSync(Buffer.concat(parts)), row = w * n, px = Buffer.alloc(h * row);
  for (let y = 0; y < h; y++)
    for (let i = 0, filter = raw[y * (row + 1)]; i < row; i++) {
      const a = i >= n ? px[y * row + i - n] : 0, b = y > 0 ? px[(y - 1) * row + i] : 0, c = i >= n && y > 0 ? px[(y - 1) * row + i - n] : 0;
      const p = a + b - c, [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
      const guess = [0, a, b, (a + b) >> 1, pa <= pb && pa <= pc ? a : pb <= pc ? b : c][filter];
      px[y * row + i] = raw[y * (row + 1) + 1 + i] + guess;
    }
  return { w, h, at: (x, y) => px[y * row + x * n] + px[y * row + x * n + 1] + px[y * row + x * n + 2] };
}
