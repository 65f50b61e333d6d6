// The drawings of the model card. Pure: they get h(tag, attributes, ...children), which makes an SVG element, so that the page and
// `make model-card` (which writes files for MODEL.md) draw with the same code. Colours are the business of whoever shows them: the
// classes are grid, axis, tick, label, first, second, third, dot, face, side, top.

const range = (n) => Array.from({ length: n }, (_, i) => i);
const fixed = (v) => Number(v.toFixed(2));
const RIGHT = 18; // room for half of the last tick's text

/** A frame for values from x0 to x1 and y0 to y1; log: the y axis is logarithmic. */
function frame({ width, height, x: [x0, x1], y: [y0, y1], log }) {
  const left = 46, right = RIGHT, top = 12, bottom = 34;
  const scaled = (v) => (log ? Math.log10(v) : v);
  return {
    left, bottom: height - bottom, width, height,
    x: (v) => fixed(left + (v - x0) / (x1 - x0 || 1) * (width - left - right)),
    y: (v) => fixed(height - bottom - (scaled(v) - scaled(y0)) / (scaled(y1) - scaled(y0) || 1) * (height - top - bottom)),
  };
}

const svgOf = (h, { width, height }, title, ...children) => h('svg', { class: 'chart', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title }, ...children);

function axes(h, f, xs, ys, xTitle) {
  return [
    ...ys.flatMap(([v, text]) => [
      h('line', { class: 'grid', x1: f.left, x2: f.width - RIGHT, y1: f.y(v), y2: f.y(v) }),
      h('text', { class: 'tick', x: f.left - 6, y: f.y(v) + 4, 'text-anchor': 'end' }, text)]),
    ...xs.map(([v, text]) => h('text', { class: 'tick', x: f.x(v), y: f.bottom + 15, 'text-anchor': 'middle' }, text)),
    h('line', { class: 'axis', x1: f.left, x2: f.width - RIGHT, y1: f.bottom, y2: f.bottom }),
    h('text', { class: 'label', x: (f.left + f.width) / 2, y: f.height - 4, 'text-anchor': 'middle' }, xTitle),
  ];
}

/** 1, 2, 5, 10 ... around what values span. */
function decades(values) {
  const least = Math.min(...values), most = Math.max(...values);
  const steps = range(12).flatMap((i) => [1, 2, 5].map((m) => m * 10 ** (i - 6)));
  const below = steps.filter((s) => s <= least).pop() ?? least, above = steps.find((s) => s >= most) ?? most;
  return steps.filter((s) => s >= below && s <= above);
}

/**
 * Curves over the epochs, the y axis logarithmic.
 * lines: [{name, values: [one an epoch, over 0], at?: the epoch to mark, from 1}], up to three; tell: (v) => text of a tick.
 */
export function curves(h, { title, epochs, lines, tell }) {
  const all = lines.flatMap(({ values }) => values.filter((v) => v > 0));
  const n = Math.max(...lines.map(({ values }) => values.length));
  const ticks = decades(all);
  const f = frame({ width: 420, height: 240, x: [1, n], y: [ticks[0], ticks.at(-1)], log: true });
  const names = ['first', 'second', 'third'];
  const xs = [...new Set([1, ...range(4).map((i) => Math.round((i + 1) * n / 4))])].map((v) => [v, String(v)]);
  return svgOf(h, f, title, ...axes(h, f, xs, ticks.map((v) => [v, tell(v)]), epochs),
    ...lines.flatMap(({ name, values, at }, i) => [
      h('polyline', { class: names[i], points: values.map((v, epoch) => `${f.x(epoch + 1)},${f.y(Math.max(v, ticks[0]))}`).join(' ') }),
      h('text', { class: `name ${names[i]}`, x: f.width - RIGHT - 4, y: 26 + 16 * i, 'text-anchor': 'end' }, name),
      ...(at ? [h('circle', { class: `dot ${names[i]}`, cx: f.x(at), cy: f.y(Math.max(values[at - 1], ticks[0])), r: 4 })] : []),
    ]));
}

/** Accuracy against stated confidence. bins: [{confidence, accuracy, pictures}]. */
export function calibration(h, { title, bins, confidence, tell }) {
  const f = frame({ width: 300, height: 300, x: [0, 1], y: [0, 1] });
  const ticks = range(6).map((i) => [i / 5, tell(i / 5)]);
  const most = Math.log10(1 + Math.max(...bins.map((b) => b.pictures)));
  return svgOf(h, f, title, ...axes(h, f, ticks, ticks, confidence),
    h('line', { class: 'axis', x1: f.x(0), y1: f.y(0), x2: f.x(1), y2: f.y(1), 'stroke-dasharray': '4 4' }),
    ...bins.map((b) => h('circle', { class: 'dot first', cx: f.x(b.confidence), cy: f.y(b.accuracy), r: fixed(2 + 7 * Math.log10(1 + b.pictures) / most) },
      h('title', {}, `${tell(b.confidence)} / ${tell(b.accuracy)}: ${b.pictures}`))));
}

const PX = 2.2;     // of a picture's pixel
const DEPTH = 0.34; // of a channel
const SLANT = 0.6;
const LABEL = 84; // room for "14 × 14 × 192", letters of 11 px

/** A block whose front is side * side pixels, as deep as it has channels. */
function block(h, x, middle, side, channels) {
  const s = side * PX, d = Math.max(channels * DEPTH, 2), dx = d * SLANT, dy = d * SLANT * 0.6;
  const y = middle - s / 2 + dy / 2;
  const points = (...p) => p.map(([a, b]) => `${fixed(a)},${fixed(b)}`).join(' ');
  return [
    h('polygon', { class: 'top', points: points([x, y], [x + dx, y - dy], [x + dx + s, y - dy], [x + s, y]) }),
    h('polygon', { class: 'side', points: points([x + s, y], [x + s + dx, y - dy], [x + s + dx, y - dy + s], [x + s, y + s]) }),
    h('rect', { class: 'face', x: fixed(x), y: fixed(y), width: fixed(s), height: fixed(s) }),
  ];
}

/**
 * What passes through the network, drawn to scale: sides as pixels, depth as channels; a vector of numbers as a column.
 * layers: as GET /model tells them; names: (layer) => [lines of text below].
 */
export function network(h, { title, layers, names }) {
  const shown = [{ type: 'input', out_shape: [1, 28, 28] }, ...layers.filter(({ type }) => ['views', 'conv2d', 'maxpool2', 'dense'].includes(type))];
  const middle = 62, gap = 12, parts = [];
  let x = 8;
  for (const layer of shown) {
    const [channels, side] = layer.out_shape;
    const flat = layer.type === 'dense';
    const wide = flat ? 14 : side * PX + Math.max(channels * DEPTH, 2) * SLANT;
    const room = Math.max(wide, LABEL);
    const at = x + (room - wide) / 2;
    if (flat) {
      const cell = Math.min(9, 110 / channels);
      parts.push(...range(Math.min(channels, 120)).map((i) => h('rect', {
        class: 'face', x: fixed(at), y: fixed(middle - channels * cell / 2 + i * cell), width: 14, height: fixed(Math.max(cell - 1, 0.6)),
      })));
    } else {
      parts.push(...block(h, at, middle, side, channels));
    }
    names(layer).forEach((line, i) => parts.push(h('text', { class: 'tick', x: fixed(x + room / 2), y: 128 + 13 * i, 'text-anchor': 'middle' }, line)));
    x += room + gap;
  }
  return svgOf(h, { width: Math.ceil(x - gap + 8), height: 160 }, title, ...parts);
}
