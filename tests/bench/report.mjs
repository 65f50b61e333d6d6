// node tests/bench/report.mjs [--seconds N] [--only connections,sizes,bytes,batch,store] [--users N]: how it grows. Writes small tables into
// docs/PERFORMANCE.md, between its marks, and plots into docs/performance/. What a load is refused is said in the table, and not drawn.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { greyPng } from '../e2e/lib.mjs';
import { plot } from './plot.mjs';
import { Refused, asLoad, build, endAll, have, loaded, root, startDigitd } from './site.mjs';

const options = { seconds: '1', only: 'connections,sizes,bytes,batch,store', users: '100000' };
for (let i = 2; i < process.argv.length; i += 2) {
  const name = process.argv[i].replace(/^--/, '');
  if (!(name in options) || process.argv[i + 1] === undefined) { console.error('usage: report.mjs [--seconds N] [--only NAME,...] [--users N]'); process.exit(2); }
  options[name] = process.argv[i + 1];
}
const seconds = Number(options.seconds);
const sample = { filename: '7.png', bytes: fs.readFileSync(path.join(root, 'html/samples/7.png')) };
const page = path.join(root, 'docs/PERFORMANCE.md'), drawings = path.join(root, 'docs/performance');
const number = (v) => v >= 1000 ? Math.round(v).toLocaleString('en') : String(Number(v.toPrecision(3)));
const stop = async (digitd) => { process.kill(-digitd.group, 'SIGTERM'); await digitd.site.ended; };

function put(name, head, rows, drawn) {
  const table = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
  fs.mkdirSync(drawings, { recursive: true });
  for (const [file, what] of Object.entries(drawn)) fs.writeFileSync(path.join(drawings, `${file}.svg`), plot(what));
  const pictures = Object.entries(drawn).map(([file, what]) => `![${what.title}](performance/${file}.svg)`).join(' ');
  const machine = `${os.cpus().length} processors, ${os.cpus()[0].model.trim()}, ${/model\s*:\s*(\d+)/.exec(fs.readFileSync('/proc/cpuinfo', 'utf8'))?.[0].replace(/\s+/g, ' ') ?? ''}; load ${os.loadavg()[0].toFixed(1)} when it ended`;
  const text = fs.readFileSync(page, 'utf8'), begin = `<!-- make bench-report: ${name} -->\n`, end = '<!-- end -->';
  const from = text.indexOf(begin), to = text.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`docs/PERFORMANCE.md has no place for ${name}`);
  fs.writeFileSync(page, `${text.slice(0, from)}${begin}${table}\n\n${pictures}\n\nMeasured on ${machine}.\n${text.slice(to)}`);
  console.log(table);
}
// The result, or null where requests were refused.
async function tried(site, connections, least = 0) {
  try { return await loaded(site, Math.max(seconds, least), connections); } catch (error) {
    if (!(error instanceof Refused)) throw error;
    console.error(`report: ${connections} connections: ${error.message}`);
    return null;
  }
}
const at = (digitd, parts) => ({ ...digitd, load: asLoad(parts, digitd.load.cookie) });

async function connections() {
  const counts = [1, 4, 16, 64, 256, 1024], rates = [], late = [], rows = counts.map((c) => [String(c)]);
  for (const workers of [1, 2, 4]) {
    const digitd = await startDigitd([sample], { WORKERS: String(workers) });
    const rate = { name: `${workers} worker${workers > 1 ? 's' : ''}`, points: [] }, p99 = { name: rate.name, points: [] };
    for (const [i, count] of counts.entries()) {
      const got = await tried(digitd, count);
      rows[i].push(got ? `${number(got.rate)}, ${number(got.p99_us / 1000)} ms` : 'some refused');
      if (!got) continue;
      rate.points.push([count, got.rate]);
      p99.points.push([count, got.p99_us / 1000]);
    }
    await stop(digitd);
    rates.push(rate);
    late.push(p99);
  }
  put('connections', ['connections', ...rates.map((r) => r.name)], rows, {
    rate: { title: 'Requests a second', x: 'connections', y: 'requests/s', curves: rates, xAt: counts },
    p99: { title: '99th percentile of the time to answer', x: 'connections', y: 'ms', curves: late, xAt: counts } });
}

// A 7 of so many pixels, plain or with so much noise that it hardly compresses.
function seven(side, noise) {
  const px = Buffer.alloc(side * side), s = side / 28;
  let seed = 1;
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const u = x / s, v = y / s, bar = v > 5 && v < 8 && u > 7 && u < 21, stem = v >= 7 && v < 24 && Math.abs(u - (20 - (v - 7) * 0.5)) < 1.5;
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      px[y * side + x] = (bar || stem ? 30 : 225) + (noise ? Math.floor((seed >>> 16) / 65536 * noise) : 0);
    }
  return greyPng(side, side, px);
}
async function perPicture(name, title, xName, list, xOf) {
  const digitd = await startDigitd([sample]), rows = [], time = { name: 'p50', points: [] }, cpu = { name: 'processor', points: [] };
  for (const each of list) {
    const site = at(digitd, each.parts), got = await tried(site, 1, each.slow ? 8 : 0);
    rows.push([...each.label, got ? number(got.p50_us / 1000) : 'refused', got ? number(got.cpu_us / 1000) : '']);
    if (!got) continue;
    time.points.push([xOf(each), got.p50_us / 1000]);
    cpu.points.push([xOf(each), got.cpu_us / 1000]);
  }
  await stop(digitd);
  put(name, [...xName, 'p50 ms', 'processor ms'], rows, { [name]: { title, x: xName[0], y: 'ms a request', curves: [time, cpu], xAt: list.map(xOf) } });
}
const kb = (n) => n >= 1e6 ? `${(n / 1e6).toFixed(1)} MB` : `${(n / 1e3).toFixed(1)} KB`;
const sizes = () => perPicture('sizes', 'Time by the side of the picture', ['side, px', 'file'], [28, 100, 300, 1000, 2000, 5000].map((side) => {
  const bytes = seven(side, 0);
  return { side, slow: side > 1000, parts: [{ filename: 'a.png', bytes }], label: [String(side), kb(bytes.length)] };
}), (each) => each.side);
const bytes = () => perPicture('bytes', 'Time by the size of the file (noise on paper)', ['file, KB', 'side, px'], [28, 100, 300, 1000, 2000, 3000].map((side) => {
  const file = seven(side, 24);
  return { slow: side > 1000, kb: Math.round(file.length / 100) / 10, parts: [{ filename: 'a.png', bytes: file }], label: [number(file.length / 1000), String(side)] };
}), (each) => each.kb);

async function batch() {
  const digitd = await startDigitd([sample]), counts = [1, 2, 4, 8, 16, 32, 64], rows = [], cpu = { name: 'processor', points: [] }, time = { name: 'p50', points: [] };
  for (const count of counts) {
    const got = await tried(at(digitd, Array(count).fill(sample)), 1);
    rows.push([String(count), got ? number(got.p50_us / count) : 'refused', got ? number(got.cpu_us / count) : '']);
    if (!got) continue;
    time.points.push([count, got.p50_us / count]);
    cpu.points.push([count, got.cpu_us / count]);
  }
  await stop(digitd);
  put('batch', ['pictures a request', 'p50 us a picture', 'processor us a picture'], rows, {
    batch: { title: 'Time a picture, of 28x28', x: 'pictures a request', y: 'us a picture', curves: [time, cpu], xAt: time.points.map((p) => p[0]) } });
}

async function store() {
  const most = Number(options.users), steps = [most / 100, most / 10, most].filter((n) => n >= 100), asked = new Map();
  for (const users of steps) {
    const out = execFileSync(path.join(build, 'bench/bench_store'), [String(users), String(10 * users)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    for (const [, name, , full] of out.matchAll(/^(\S.*?)\s{2,}([\d.]+)\s+([\d.]+)\s+[\d.]+$/gm)) {
      if (!asked.has(name)) asked.set(name, []);
      asked.get(name).push([users, Number(full)]);
    }
  }
  const drawn = ['look-up of a session', 'a page of history', 'log-in less its hash'];
  put('store', ['question, median us', ...steps.map((n) => `${n.toLocaleString('en')} users`)], [...asked].map(([name, points]) => [name, ...points.map((p) => number(p[1]))]), {
    store: { title: 'Questions to the database', x: 'users, each with ten rows of history', y: 'us', curves: drawn.map((name) => ({ name: name.replace(/^look-up of an? |^a page of | less.*/g, ''), points: asked.get(name) })), xAt: steps } });
}

let status = 0;
try {
  if (!have('wrk')) throw new Error('wrk is missing: apt-get install wrk');
  const all = { connections, sizes, bytes, batch, store };
  for (const name of options.only.split(',')) {
    if (!all[name]) throw new Error(`--only ${name}: there are ${Object.keys(all).join(', ')}`);
    await all[name]();
  }
} catch (error) { console.error(`report: ${error.message}`); status = 1; }
await endAll();
process.exit(status);
