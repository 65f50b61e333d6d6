// A small plot of measured curves as SVG: both axes logarithmic, since what grows here grows by factors.
const width = 480, height = 260, left = 58, right = 390, top = 30, bottom = 216;
const style = `text{font:11px system-ui,sans-serif;fill:#555d6e}.grid{stroke:#dde2ea}.title{font-size:12px}.paper{fill:#fff}
polyline{fill:none;stroke-width:2}.c0{stroke:#2b44c7}.c1{stroke:#b36b00}.c2{stroke:#b3202c}text.c0,circle.c0{fill:#2b44c7;stroke:none}
text.c1,circle.c1{fill:#b36b00;stroke:none}text.c2,circle.c2{fill:#b3202c;stroke:none}`;
const short = (v) => v >= 1e6 ? `${v / 1e6}M` : v >= 1e4 ? `${v / 1e3}k` : String(Number(v.toPrecision(3)));
const round = (v) => Math.round(v * 100) / 100;
const escaped = (text) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);

// Decades, or where there are few of them 1, 2 and 5 of each.
function ticks(low, high) {
  const all = [];
  const steps = Math.log10(high / low) > 2.5 ? [1] : [1, 2, 5];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
    for (const step of steps) if (step * 10 ** e >= low * 0.999 && step * 10 ** e <= high * 1.001) all.push(step * 10 ** e);
  return all;
}

// curves: [{ name, points: [[x, y] ...] }], up to three; xAt: the values on the x axis.
export function plot({ title, x: xName, y: yName, curves, xAt }) {
  const xs = curves.flatMap((c) => c.points.map((p) => p[0])), ys = curves.flatMap((c) => c.points.map((p) => p[1]));
  const x0 = Math.min(...xs), x1 = Math.max(...xs), y0 = Math.min(...ys) / 1.3, y1 = Math.max(...ys) * 1.3;
  const x = (v) => round(left + (right - left) * Math.log(v / x0) / Math.log(x1 / x0));
  const y = (v) => round(bottom - (bottom - top) * Math.log(v / y0) / Math.log(y1 / y0));
  let out = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}"><style>\n${style}\n</style>` +
    `<rect class="paper" width="${width}" height="${height}"/><text class="title" x="${left}" y="16">${escaped(title)}</text>\n`;
  for (const v of ticks(y0, y1)) out += `<line class="grid" x1="${left}" x2="${right}" y1="${y(v)}" y2="${y(v)}"/><text x="${left - 6}" y="${y(v) + 4}" text-anchor="end">${short(v)}</text>\n`;
  // Values that were not measured, and those too near the one before for their names, have no line.
  const lines = xAt.filter((v) => v <= x1).reduce((kept, v) => kept.length > 0 && x(v) - x(kept.at(-1)) < 36 ? kept : [...kept, v], []);
  for (const v of lines) out += `<line class="grid" x1="${x(v)}" x2="${x(v)}" y1="${top}" y2="${bottom}"/><text x="${x(v)}" y="${bottom + 15}" text-anchor="middle">${short(v)}</text>\n`;
  out += `<text x="${(left + right) / 2}" y="${height - 10}" text-anchor="middle">${escaped(xName)}</text><text x="14" y="${(top + bottom) / 2}" text-anchor="middle" transform="rotate(-90 14 ${(top + bottom) / 2})">${escaped(yName)}</text>\n`;
  // Names stand beside the curves' ends, pushed apart where these are near each other.
  const ends = curves.map((c, i) => ({ i, name: c.name, y: y(c.points.at(-1)[1]) })).sort((a, b) => a.y - b.y);
  ends.forEach((end, k) => { if (k > 0) end.y = Math.max(end.y, ends[k - 1].y + 13); });
  curves.forEach((c, i) => {
    out += `<polyline class="c${i}" points="${c.points.map(([a, b]) => `${x(a)},${y(b)}`).join(' ')}"/>`;
    for (const [a, b] of c.points) out += `<circle class="c${i}" cx="${x(a)}" cy="${y(b)}" r="2.5"/>`;
    const end = ends.find((each) => each.i === i);
    out += `<text class="c${i}" x="${right + 6}" y="${end.y + 4}">${escaped(c.name)}</text>\n`;
  });
  return `${out}</svg>\n`;
}
