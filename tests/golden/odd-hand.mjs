// Digits of an odd hand, drawn with a round pen from a seed: what a site's people may write, and MNIST's hardly did. Zeros are slashed, ones
// have a long flag and a foot, twos a loop, threes a flat top, fours are open, fives in one stroke without a bar, sixes straight,
// sevens barred with a hook, eights two boxes, nines square with a foot.
export const side = 96; // of a canvas, in px

const arc = (cx, cy, rx, ry, from, to, n = 16) => Array.from({ length: n + 1 }, (_, i) => {
  const a = (from + (to - from) * i / n) * Math.PI / 180;
  return [cx + rx * Math.cos(a), cy + ry * Math.sin(a)];
});
const ring = (cx, cy, rx, ry) => arc(cx, cy, rx, ry, 0, 360);
// Strokes of each digit in a box of 1 by 1, y down.
const skeletons = [
  () => [ring(0.5, 0.5, 0.32, 0.42), [[0.85, 0.02], [0.15, 0.98]]],
  () => [[[0.12, 0.62], [0.6, 0.05], [0.6, 0.95]], [[0.35, 0.95], [0.85, 0.95]]],
  () => [[...arc(0.5, 0.28, 0.28, 0.24, -170, 40), [0.3, 0.85]], ring(0.26, 0.86, 0.1, 0.09), [[0.36, 0.88], [0.88, 0.93]]],
  () => [[[0.15, 0.06], [0.8, 0.06], [0.42, 0.42], ...arc(0.45, 0.68, 0.34, 0.27, -80, 150)]],
  () => [[[0.2, 0.05], [0.18, 0.52], [0.8, 0.52]], [[0.75, 0.08], [0.72, 0.98]]],
  () => [[[0.8, 0.08], [0.34, 0.1], [0.26, 0.5], ...arc(0.45, 0.68, 0.3, 0.26, -120, 140)]],
  () => [[[0.25, 0.02], [0.25, 0.72]], ring(0.5, 0.74, 0.26, 0.23)],
  () => [[[0.12, 0.22], [0.15, 0.08], [0.85, 0.08], [0.4, 0.96]], [[0.22, 0.5], [0.82, 0.5]]],
  () => [[[0.3, 0.05], [0.72, 0.05], [0.72, 0.46], [0.3, 0.46], [0.3, 0.05]], [[0.25, 0.5], [0.78, 0.5], [0.78, 0.95], [0.25, 0.95], [0.25, 0.5]]],
  () => [[[0.74, 0.08], [0.26, 0.08], [0.26, 0.48], [0.74, 0.48], [0.74, 0.08], [0.74, 0.94], [0.3, 0.94]]],
];

// Numbers from 0 to 1 (mulberry32): the same on every machine.
export function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const toSegment = (px, py, [ax, ay], [bx, by]) => {
  const dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy;
  const t = length > 0 ? Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / length)) : 0;
  return Math.hypot(px - ax - t * dx, py - ay - t * dy);
};

/** A digit in dark ink on white, side by side pixels; the same for the same digit and seed. */
export function draw(digit, seed) {
  const r = random(seed * 10 + digit + 1), between = (low, high) => low + (high - low) * r();
  const size = between(0.5, 0.78) * side, wide = size * between(0.62, 0.85), slant = between(-0.22, 0.28), turn = between(-0.1, 0.1);
  const x0 = side / 2 + between(-6, 6), y0 = side / 2 + between(-6, 6), pen = between(1.6, 3.4), wobble = size * 0.02;
  const strokes = skeletons[digit]().map((stroke) => stroke.map(([u, v]) => {
    const x = (u - 0.5) * wide - (v - 0.5) * slant * size + between(-wobble, wobble), y = (v - 0.5) * size + between(-wobble, wobble);
    return [x0 + x * Math.cos(turn) - y * Math.sin(turn), y0 + x * Math.sin(turn) + y * Math.cos(turn)];
  }));
  const pixels = Buffer.alloc(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      let near = Infinity;
      for (const stroke of strokes) for (let i = 1; i < stroke.length; i++) near = Math.min(near, toSegment(x, y, stroke[i - 1], stroke[i]));
      pixels[side * y + x] = Math.round(255 * Math.max(0, Math.min(1, near - pen + 0.5)));
    }
  }
  return pixels;
}

/** The same as 28x28 light ink on black, about as the normaliser makes it: the box of 20 px, its centre of mass in the middle. */
export function small(digit, seed) {
  const ink = draw(digit, seed).map((v) => 255 - v), at = (x, y) => (x < 0 || y < 0 || x >= side || y >= side ? 0 : ink[side * y + x]);
  const marked = [...ink.keys()].filter((i) => ink[i] > 64), xs = marked.map((i) => i % side), ys = marked.map((i) => Math.floor(i / side));
  const [left, top] = [Math.min(...xs), Math.min(...ys)], step = Math.max(Math.max(...xs) - left, Math.max(...ys) - top) / 20;
  const sum = marked.reduce((n, i) => n + ink[i], 0), mass = (of) => marked.reduce((n, i, k) => n + ink[i] * of[k], 0) / sum;
  const x0 = mass(xs) - 14 * step, y0 = mass(ys) - 14 * step;
  return Buffer.from(Array.from({ length: 784 }, (_, i) => {
    let v = 0;
    for (let k = 0; k < 16; k++) v += at(Math.round(x0 + (i % 28 + (k % 4 - 1.5) / 4) * step), Math.round(y0 + (Math.floor(i / 28) + (Math.floor(k / 4) - 1.5) / 4) * step));
    return Math.min(255, Math.round(v / 16));
  }));
}

/** The two files of an IDX set. */
export function idxFiles(pictures, labels) {
  const be32 = (...numbers) => Buffer.concat(numbers.map((n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; }));
  return { 'train-images-idx3-ubyte': Buffer.concat([be32(0x803, pictures.length, 28, 28), ...pictures]),
    'train-labels-idx1-ubyte': Buffer.concat([be32(0x801, labels.length), Buffer.from(labels)]) };
}
