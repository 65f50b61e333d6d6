// How a program reads the numbers that build/golden/numbers wrote: a library, and a command that prints a table.
//
//   node tests/golden/numbers.mjs [--kind NAME]... [--program PATH] [--weights FILE] [--wrong] [--json] [--save FILE] [--test] DIR
//
// It runs `PATH read --json FILE...` (build/digit) over DIR/KIND and compares with DIR/KIND/truth.jsonl. A picture is right when its
// digits are, row by row and in order, whatever marks and spaces are between them ("whole"); "text" wants these too. A row of marks
// alone is a mark. A number is a row.
// --wrong names the pictures that are not right. --json prints the figures as JSON, --save writes them to a file beside the table, for
// the model card. --test says that the numbers are of the test set, which counts as a reading of it.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const root = path.resolve(new URL('../..', import.meta.url).pathname);
const run = promisify(execFile);
const BATCH = 50; // pictures a process: what it takes to start is spread over them
// Lower edges of the bins in which confidences are compared with what was right: finer where numbers are called sure.
const BINS = [0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99];

const SURE = 0.99; // a number whose confidence is at least this was called sure

// Marks and spaces alone are left aside: what is neither these nor a digit stays, and makes a row wrong.
const digitsOf = (text) => text.replace(/[-.,:/ ]/g, '');
const rowsOf = (text) => text.split('\n').map(digitsOf).filter((row) => row !== '');

/** Pairs [i, j] of a cheapest way to turn a into b (Levenshtein): i or j is -1 where one has nothing. */
export function align(a, b) {
  const cost = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (__, j) => i === 0 ? j : j === 0 ? i : 0));
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++)
      cost[i][j] = Math.min(cost[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1), cost[i - 1][j] + 1, cost[i][j - 1] + 1);
  const pairs = [];
  for (let i = a.length, j = b.length; i > 0 || j > 0;) {
    if (i > 0 && j > 0 && cost[i][j] === cost[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)) pairs.push([--i, --j]);
    else if (i > 0 && cost[i][j] === cost[i - 1][j] + 1) pairs.push([--i, -1]);
    else pairs.push([-1, --j]);
  }
  return pairs.reverse();
}

/** Of two boxes x, y, w, h: what they share of what they cover. */
export function iou([ax, ay, aw, ah], [bx, by, bw, bh]) {
  const w = Math.min(ax + aw, bx + bw) - Math.max(ax, bx), h = Math.min(ay + ah, by + bh) - Math.max(ay, by);
  const both = Math.max(w, 0) * Math.max(h, 0);
  return both / (aw * ah + bw * bh - both);
}

/** What one picture's answer is worth. truth: a line of truth.jsonl; answer: one of the results of `digit read --json`. */
export function judge(truth, answer) {
  const text = answer.text ?? '', rows = answer.rows ?? [];
  const wanted = truth.glyphs.filter((g) => /[0-9]/.test(g.char));
  const found = rows.flatMap((r) => r.digits.filter((d) => d.digit !== null));
  const overlaps = [];
  let right = 0;
  for (const [i, j] of align(wanted.map((g) => g.char), found.map((d) => String(d.digit))))
    if (i >= 0 && j >= 0) {
      if (wanted[i].char === String(found[j].digit)) right++;
      overlaps.push(iou(wanted[i].box, found[j].box));
    }
  const numbers = rows.map((r) => ({ confidence: r.confidence, text: digitsOf(r.text) })).filter((r) => r.text !== '');
  const true_rows = rowsOf(truth.text);
  const same = align(true_rows, numbers.map((r) => r.text)).filter(([i, j]) => i >= 0 && j >= 0 && true_rows[i] === numbers[j].text);
  return {
    whole: rowsOf(text).join('\n') === true_rows.join('\n'),
    text: text === truth.text,
    cells: truth.cells && answer.cells ? JSON.stringify(truth.cells) === JSON.stringify(answer.cells) : undefined,
    digits: wanted.length,
    digits_right: right,
    extra: found.length - wanted.length,
    rows: true_rows.length,
    rows_right: same.length,
    overlaps,
    numbers: numbers.map(({ confidence }, j) => ({ confidence, right: same.some(([, at]) => at === j) })),
    status: answer.status,
  };
}

/** Confidences by bin, and the expected calibration error: the bins' |confidence - right|, weighted. */
export function calibration(numbers) {
  const bins = BINS.map((from, k) => {
    const inside = numbers.filter(({ confidence: c }) => c >= from && (k + 1 === BINS.length || c < BINS[k + 1]));
    return { from, n: inside.length, right: inside.filter((x) => x.right).length, confidence: inside.reduce((s, x) => s + x.confidence, 0) };
  });
  return { bins, ece: bins.reduce((s, b) => s + Math.abs(b.confidence - b.right), 0) / numbers.length };
}

/** The sums of judgements, as shares of 1. */
export function total(judged) {
  const sum = (of) => judged.reduce((s, j) => s + of(j), 0), share = (of, all) => sum(of) / all;
  const overlaps = judged.flatMap((j) => j.overlaps), cells = judged.filter((j) => j.cells !== undefined);
  return {
    n: judged.length,
    whole: share((j) => j.whole, judged.length),
    text: share((j) => j.text, judged.length),
    digits: share((j) => j.digits_right, sum((j) => j.digits)),
    rows: share((j) => j.rows_right, sum((j) => j.rows)),
    cells: cells.length > 0 ? cells.filter((j) => j.cells).length / cells.length : undefined,
    iou: overlaps.reduce((s, v) => s + v, 0) / overlaps.length,
    boxes: overlaps.filter((v) => v >= 0.5).length / sum((j) => j.digits),
    unsure: share((j) => j.status === 'unsure', judged.length),
    ...calibration(judged.flatMap((j) => j.numbers)),
  };
}

/** The same as counts, for the model card: what a share is of can be told from them. */
export function counts(judged) {
  const sum = (of) => judged.reduce((s, j) => s + Number(of(j)), 0), numbers = judged.flatMap((j) => j.numbers);
  const sure = numbers.filter((x) => x.confidence >= SURE);
  return {
    pictures: judged.length,
    whole: sum((j) => j.whole),
    text: sum((j) => j.text),
    digits: sum((j) => j.digits),
    digits_right: sum((j) => j.digits_right),
    rows: sum((j) => j.rows),
    rows_right: sum((j) => j.rows_right),
    unsure: sum((j) => j.status === 'unsure'),
    numbers: numbers.length,
    ece: Number(calibration(numbers).ece.toFixed(6)),
    sure: sure.length,
    sure_right: sure.filter((x) => x.right).length,
  };
}

/** What DIR has: { split, half, kinds: { NAME: [truth, ...] } }. */
export function load(dir, kinds = []) {
  const set = JSON.parse(fs.readFileSync(path.join(dir, 'set.json'), 'utf8'));
  const names = fs.readdirSync(dir).filter((name) => fs.existsSync(path.join(dir, name, 'truth.jsonl')));
  for (const kind of kinds) if (!names.includes(kind)) throw new Error(`${dir} has no numbers of the kind ${kind}`);
  const lines = (name) => fs.readFileSync(path.join(dir, name, 'truth.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  return { ...set, kinds: Object.fromEntries(names.filter((n) => kinds.length === 0 || kinds.includes(n)).map((n) => [n, lines(n)])) };
}

// The results for files, in their order, the network's digest, and the processor time in ms. Files that cannot be read make the status 1 and are among the results.
async function readBatch(program, options, files) {
  const timed = ['-c', 'TIMEFORMAT="%U %S"; time "$@" 2>/dev/null', 'time', program, 'read', '--json', ...options, ...files];
  const { stdout, stderr } = await run('bash', timed, { cwd: root, maxBuffer: 1 << 28 }).catch((e) => e);
  let results, model;
  try {
    ({ results, model } = JSON.parse(stdout));
  } catch {
    throw new Error(`${program} read --json: no JSON but ${JSON.stringify((stdout ?? '').slice(0, 100))}`);
  }
  if (results.length !== files.length) throw new Error(`${program} read --json: ${results.length} results of ${files.length} files`);
  results.forEach((r, i) => { if (path.basename(r.name) !== path.basename(files[i])) throw new Error(`result ${i} is of ${r.name}, not of ${files[i]}`); });
  const [user, system] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
  return { results, sha256: model?.sha256, ms: 1000 * (user + system) };
}

/** Reads all of a kind: { judged: [judgement, ...], sha256: of the network, ms: processor time a picture }. options: more for `read`. */
export async function measure(dir, kind, truths, program = path.join(root, process.env.BUILD ?? 'build', 'digit'), options = []) {
  const judged = [];
  let ms = 0, sha256;
  for (let i = 0; i < truths.length; i += BATCH) {
    const some = truths.slice(i, i + BATCH);
    const batch = await readBatch(program, options, some.map((t) => path.resolve(dir, kind, t.file)));
    ms += batch.ms;
    ({ sha256 } = batch);
    batch.results.forEach((r, k) => judged.push({ file: some[k].file, wanted: some[k].text, said: r.text ?? `(${r.status})`, ...judge(some[k], r) }));
  }
  return { judged, sha256, ms: ms / truths.length };
}

const COLUMNS = ['whole', 'text', 'digits', 'rows', 'cells', 'iou', 'boxes', 'unsure', 'ece'];
const percent = (v) => v === undefined || Number.isNaN(v) ? '-' : (100 * v).toFixed(1);

function printTable(totals) {
  console.log(['kind'.padEnd(10), 'n'.padStart(6), ...COLUMNS.map((c) => c.padStart(7)), 'ms'.padStart(7)].join(''));
  for (const [kind, t] of Object.entries(totals))
    console.log([kind.padEnd(10), String(t.n).padStart(6), ...COLUMNS.map((c) => percent(t[c]).padStart(7)), t.ms.toFixed(1).padStart(7)].join(''));
}

function printCalibration({ bins }) {
  console.log('\nnumbers called so sure        n  right');
  bins.forEach((b, k) => console.log(`${percent(b.from).padStart(5)} to ${percent(BINS[k + 1] ?? 1).padStart(5)} % `.padEnd(24) + String(b.n).padStart(7)
    + (b.n > 0 ? percent(b.right / b.n) : '-').padStart(7)));
}

const usage = 'usage: numbers.mjs [--kind NAME]... [--program PATH] [--weights FILE] [--wrong] [--json] [--save FILE] [--test] DIR';

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: {
    kind: { type: 'string', multiple: true }, program: { type: 'string' }, weights: { type: 'string' }, wrong: { type: 'boolean' }, json: { type: 'boolean' },
    save: { type: 'string' }, test: { type: 'boolean' } } });
  if (positionals.length !== 1) throw new Error(usage);
  const [dir] = positionals, options = values.weights ? ['--weights', path.resolve(values.weights)] : [];
  const set = load(dir, values.kind);
  if ((set.split === 'test') !== (values.test === true))
    throw new Error(values.test ? `${dir} has no numbers of the test set` : `${dir} has numbers of the test set: reading them counts; --test says that it is meant`);
  const totals = {}, counted = {}, all = [];
  let ms = 0, network;
  for (const [kind, truths] of Object.entries(set.kinds)) {
    const { judged, sha256, ms: each } = await measure(dir, kind, truths, values.program, options);
    totals[kind] = { ...total(judged), ms: each };
    counted[kind] = counts(judged);
    all.push(...judged);
    ms += each * truths.length;
    network = sha256;
    if (values.wrong) for (const j of judged) if (!j.whole || !j.text) console.log(`${kind}/${j.file}\t${j.whole ? 'text' : 'WRONG'}\t${JSON.stringify(j.wanted)}\t${JSON.stringify(j.said)}`);
  }
  totals.all = { ...total(all), ms: ms / all.length };
  if (values.save) fs.writeFileSync(values.save, `${JSON.stringify({ weights_sha256: network, split: set.split, half: set.half, kinds: counted, all: counts(all) })}\n`);
  if (values.json) console.log(JSON.stringify({ split: set.split, half: set.half, kinds: totals }));
  else {
    console.log(`${set.split} digits${set.half ? `, half ${set.half}` : ''}; shares in %, processor time in ms a picture`);
    printTable(totals);
    printCalibration(totals.all);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main().catch((e) => {
  console.error(`numbers: ${e.message}`);
  process.exitCode = 1;
});
