// build/golden/numbers, the maker of pictures of numbers, and the arithmetic of numbers.mjs, which says how they are read.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { align, calibration, counts, iou, judge, load, measure, total } from './numbers.mjs';
import { png } from './png.mjs';

const root = path.resolve(new URL('../..', import.meta.url).pathname);
const build = path.resolve(root, process.env.BUILD ?? 'build');
const data = process.env.DATA_DIR ?? path.join(root, 'data');
const run = promisify(execFile);
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-numbers-'));
test.after(() => fs.rmSync(dir, { recursive: true, force: true }));

const numbers = (...args) => run(path.join(build, 'golden/numbers'), ['--data', data, ...args]);
const place = (name) => path.join(dir, name);
const bytes = (out, kind) => Object.fromEntries(fs.readdirSync(path.join(out, kind)).map((f) => [f, fs.readFileSync(path.join(out, kind, f)).toString('base64')]));
const picked = (out) => new Set(Object.values(load(out).kinds).flat().flatMap((t) => t.glyphs.map((g) => g.mnist)).filter((i) => i !== undefined));

// Breaks when a picture depends on those made before it: a floor measured on 400 would not hold for the first 100 of them.
test('the same seed makes the same bytes, however many are made; another seed does not', async () => {
  await numbers('--out', place('few'), '--kind', 'touching', '--count', '5');
  await numbers('--out', place('many'), '--kind', 'touching', '--count', '10');
  await numbers('--out', place('other'), '--kind', 'touching', '--count', '10', '--seed', '2');
  const few = bytes(place('few'), 'touching'), many = bytes(place('many'), 'touching'), other = Object.values(bytes(place('other'), 'touching'));
  delete few['truth.jsonl'];
  assert.equal(Object.keys(few).length, 5);
  for (const [name, content] of Object.entries(few)) {
    assert.equal(many[name], content, name);
    assert.ok(!other.includes(content), name);
  }
});

// Breaks when the text, the boxes and the rows of a truth speak of different characters, or a box is outside its picture.
test('the truth of every kind agrees with itself', async () => {
  const out = place('truth');
  await numbers('--out', out, '--count', '30');
  const { kinds } = load(out);
  const { stdout } = await numbers('--list');
  assert.deepEqual(Object.keys(kinds).sort(), stdout.trim().split('\n').sort());
  const lengths = [];
  for (const [kind, truths] of Object.entries(kinds)) {
    assert.equal(truths.length, 30, kind);
    for (const t of truths) {
      const where = `${kind}/${t.file}`, rows = t.text.split('\n');
      assert.ok(fs.statSync(path.join(out, kind, t.file)).size > 0, where);
      assert.equal(t.digits, t.text.replace(/[^0-9]/g, ''), where);
      assert.equal(t.glyphs.map((g) => g.char).join(''), t.text.replace(/\s/g, ''), where);
      rows.forEach((row, i) => assert.equal(t.glyphs.filter((g) => g.row === i).map((g) => g.char).join(''), row.replaceAll(' ', ''), where));
      assert.equal(t.cells?.map((r) => r.filter((c) => c !== '').join(' ')).join('\n') ?? t.text, t.text, where);
      assert.ok(t.glyphs.every(({ box: [x, y, w, h] }) => x >= 0 && y >= 0 && w > 0 && h > 0), where);
      assert.equal(kind === 'table', t.cells !== undefined, where);
      if (!['page', 'table', 'marks', 'hands', 'nothing'].includes(kind)) lengths.push(t.digits.length);
    }
  }
  assert.ok(kinds.table.some((t) => t.cells.some((row) => row.includes(''))), 'a table has an empty cell');
  assert.ok(kinds.page.every((t) => t.text.split('\n').length >= 3 && t.text.split('\n').length <= 8));
  for (const mark of '-.,:/') assert.ok(kinds.marks.some((t) => t.text.includes(mark)), mark);
  const mean = lengths.reduce((a, b) => a + b) / lengths.length;
  assert.ok(mean > 3.5 && mean < 4.5 && Math.max(...lengths) <= 10, `${mean} digits on the average`);
});

// Breaks when fewer pairs touch than half: the kind would be easy.
test('half of the pairs touch', async () => {
  const out = place('touching');
  await numbers('--out', out, '--kind', 'touching', '--count', '20');
  const touching = load(out).kinds.touching.filter((t) => t.digits.length > 1);
  assert.ok(touching.length > 10);
  for (const t of touching) {
    const gaps = t.glyphs.slice(1).map((g, i) => g.box[0] - (t.glyphs[i].box[0] + t.glyphs[i].box[2]));
    assert.ok(gaps.filter((g) => g <= 1.5).length >= Math.floor(t.digits.length / 2), `${t.file}: gaps ${gaps}`);
  }
});

// Breaks when a box is not where its character's ink is. A corner of the picture is paper.
test('all ink is in a box, and every side of a box has ink', async () => {
  const out = place('boxed');
  for (const kind of ['ragged', 'marks', 'touching']) await numbers('--out', out, '--kind', kind, '--count', '20');
  let seen = 0;
  for (const [kind, truths] of Object.entries(load(out).kinds))
    for (const t of truths.filter(({ file }) => file.endsWith('.png'))) {
      const where = `${kind}/${t.file}`, p = png(fs.readFileSync(path.join(out, kind, t.file))), paper = p.at(0, 0);
      const ink = Array.from({ length: p.w * p.h }, (_, i) => ({ x: i % p.w, y: Math.floor(i / p.w), v: Math.abs(p.at(i % p.w, Math.floor(i / p.w)) - paper) }));
      const most = ink.reduce((m, { v }) => Math.max(m, v), 0), above = (share) => ink.filter(({ v }) => v > share * most);
      const inside = (at, [x, y, w, h]) => at.x >= x && at.y >= y && at.x < x + w && at.y < y + h;
      const clear = above(0.3), faint = above(0.2); // a box ends at a quarter
      assert.ok(clear.every((at) => t.glyphs.some((g) => inside(at, g.box))), where);
      for (const { char, box: [x, y, w, h] } of t.glyphs)
        for (const side of [[x, y, 1, h], [x, y, w, 1], [x + w - 1, y, 1, h], [x, y + h - 1, w, 1]])
          assert.ok(faint.some((at) => inside(at, side)), `${where}: ${char} ${side}`);
      seen++;
    }
  assert.ok(seen > 20);
});

// Breaks when both halves have a digit in common, or one of them is trained on, or the digits do not come from where set.json says.
test('halves of other writers, from the validation digits alone', async () => {
  for (const half of ['a', 'b']) await numbers('--out', place(half), '--kind', 'page', '--count', '60', '--half', half);
  const a = picked(place('a')), b = picked(place('b'));
  assert.ok(a.size > 300 && b.size > 300);
  assert.ok(Math.max(...a) < 30_000 && Math.min(...b) >= 30_000);
  assert.equal(load(place('b')).half, 'b');
  await assert.rejects(numbers('--out', place('a'), '--half', 'b'), /choose another --out/);
});

// Breaks when the test set gets in unseen.
test('the test set is asked for by name, and kept apart', async () => {
  const { stderr } = await numbers('--out', place('test'), '--kind', 'apart', '--count', '1', '--split', 'test');
  assert.match(stderr, /reading of the test set/);
  assert.equal(load(place('test')).split, 'test');
  await assert.rejects(numbers('--out', place('test'), '--kind', 'apart', '--count', '1'), /of other digits; choose another/);
  const score = (...args) => run('node', [path.join(root, 'tests/golden/numbers.mjs'), ...args]);
  await assert.rejects(score(place('test')), /--test says that it is meant/);
  await assert.rejects(score('--test', place('few')), /has no numbers of the test set/);
});

test('wrong options are refused', async () => {
  await assert.rejects(numbers('--out', dir, '--split', 'train'), /validation or test/);
  await assert.rejects(numbers('--out', dir, '--half', 'c'), /a or b/);
  await assert.rejects(numbers('--out', dir, '--half', 'a', '--split', 'test'), /validation digits alone/);
  await assert.rejects(numbers('--out', dir, '--kind', 'frozen'), /no such kind/);
  await assert.rejects(numbers('--out', dir, 'file'), /takes no files/);
});

test('texts are aligned, boxes compared', () => {
  assert.deepEqual(align('2024', '224'), [[0, 0], [1, -1], [2, 1], [3, 2]]);
  assert.deepEqual(align('', '7'), [[-1, 0]]);
  assert.deepEqual(align('38', '33'), [[0, 0], [1, 1]]);
  assert.equal(iou([0, 0, 2, 2], [1, 0, 2, 2]), 1 / 3);
  assert.equal(iou([0, 0, 2, 2], [2, 0, 2, 2]), 0);
});

const glyph = (char, row, x) => ({ char, row, box: [x, 30 * row, 10, 20] });
const digit = (value, row, x) => ({ digit: value, mark: null, box: [x, 30 * row, 10, 20] });

// Breaks when a picture with a wrong row counts as right, or marks and spaces count against the digits.
test('a picture is judged', () => {
  const truth = { text: '-1 2\n34', glyphs: [glyph('-', 0, 0), glyph('1', 0, 20), glyph('2', 0, 60), glyph('3', 1, 0), glyph('4', 1, 20)] };
  const first = { text: '12', confidence: 0.9, digits: [digit(1, 0, 20), digit(2, 0, 60)] }, mark = { digit: null, mark: '-', box: [0, 0, 5, 2] };
  const read = judge(truth, { status: 'read', text: '12\n34', rows: [first, { text: '34', confidence: 0.8, digits: [digit(3, 1, 0), digit(4, 1, 20), mark] }] });
  assert.deepEqual([read.whole, read.text, read.digits, read.digits_right, read.rows_right, read.extra], [true, false, 4, 4, 2, 0]);
  const joined = judge(truth, { status: 'read', text: '1234', rows: [{ text: '1234', confidence: 0.7, digits: [digit(1, 0, 20), digit(2, 0, 60), digit(3, 1, 0), digit(4, 1, 20)] }] });
  assert.deepEqual([joined.whole, joined.digits_right, joined.rows, joined.rows_right], [false, 4, 2, 0]);
  const lost = judge(truth, { status: 'unsure', text: '12', rows: [first] });
  assert.deepEqual([lost.whole, lost.digits_right, lost.rows_right, lost.extra], [false, 2, 1, -2]);
  assert.deepEqual(lost.numbers, [{ confidence: 0.9, right: true }]);
  const blank = judge(truth, { status: 'blank' });
  assert.deepEqual([blank.whole, blank.digits_right, blank.extra], [false, 0, -4]);
  const all = total([read, joined, lost, blank]);
  assert.deepEqual([all.n, all.whole, all.text, all.digits, all.rows, all.unsure], [4, 0.25, 0, 10 / 16, 3 / 8, 0.25]);
  assert.equal(all.iou, 1);
  const { pictures, whole, text, digits, digits_right, rows, rows_right, unsure, numbers: said, sure } = counts([read, joined, lost, blank]);
  assert.deepEqual([pictures, whole, text, digits, digits_right, rows, rows_right, unsure, said, sure], [4, 1, 0, 16, 10, 8, 3, 1, 4, 0]);
});

// Breaks when a wrong text counts as right, or marks, spaces and rows of marks alone count against a right one.
test('whole: the digits of the whole picture, row by row, marks left aside', () => {
  const whole = (wanted, said, status = 'read') => judge({ text: wanted, glyphs: [] }, { status, text: said, rows: [] }).whole;
  for (const said of ['-1 2\n3.4', '12\n34', '1 2\n3 4', '1:2\n-3/4,', '-\n12\n.\n34\n-']) assert.ok(whole('-1 2\n3.4', said), said);
  assert.ok(whole('12', '12', 'unsure'));
  for (const said of ['1234', '12\n34\n5', '34\n12', '12', '2\n34', '12\n35', '12\n3', '12\n344', '1\n2\n34', '112\n34', '12\n3a4', '12\t34', ''])
    assert.ok(!whole('-1 2\n3.4', said), said);
  assert.ok(!judge({ text: '7', glyphs: [] }, { status: 'no_digits' }).whole);
  assert.ok(!judge({ text: '7', glyphs: [] }, { status: 'error', error: 'lost' }).whole);
});

// Breaks when the scorer scores itself: a program that knows the truth has all right, one with a wrong digit in each picture none.
test('a program is scored by what it says', async () => {
  const out = place('scored'), truths = ['page', 'marks'];
  for (const kind of truths) await numbers('--out', out, '--kind', kind, '--count', '6');
  const program = (name, text) => {
    const file = place(name);
    fs.writeFileSync(file, `#!/usr/bin/env node
const fs = require('node:fs'), path = require('node:path');
const results = process.argv.slice(4).map((name) => {
  const truth = fs.readFileSync(path.join(path.dirname(name), 'truth.jsonl'), 'utf8').trim().split('\\n').map((l) => JSON.parse(l)).find((t) => t.file === path.basename(name));
  const text = ${text};
  return { name, status: 'read', text, rows: text.split('\\n').map((t) => ({ text: t, confidence: 0.995, digits: [] })) };
});
console.log(JSON.stringify({ model: { sha256: 'of ${name}' }, results }));
`, { mode: 0o755 });
    return file;
  };
  const score = async (file) => {
    const all = await Promise.all(Object.entries(load(out).kinds).map(([kind, t]) => measure(out, kind, t, file)));
    assert.equal(all[0].sha256, `of ${path.basename(file)}`);
    return counts(all.flatMap((m) => m.judged));
  };
  const knows = await score(program('knows', 'truth.text')), errs = await score(program('errs', "truth.text.replace(/[0-9]/, (d) => (Number(d) + 1) % 10)"));
  const bare = await score(program('bare', "truth.text.replace(/[^0-9\\n]/g, '')"));
  assert.deepEqual([knows.pictures, knows.whole, knows.text, knows.rows_right, knows.sure, knows.sure_right], [12, 12, 12, knows.rows, knows.rows, knows.rows]);
  assert.deepEqual([errs.whole, errs.text, errs.rows_right, errs.sure_right], [0, 0, errs.rows - 12, errs.rows - 12]);
  assert.equal(bare.whole, 12);
  assert.ok(bare.text < 12, 'marks count for the text');
});

test('confidences are compared with what was right', () => {
  const sure = Array.from({ length: 10 }, (_, i) => ({ confidence: 0.995, right: i > 0 })), even = [{ confidence: 0.5, right: true }, { confidence: 0.5, right: false }];
  const { bins, ece } = calibration([...sure, ...even]);
  assert.deepEqual(bins.filter((b) => b.n > 0).map((b) => [b.from, b.n, b.right]), [[0.5, 2, 1], [0.99, 10, 9]]);
  assert.ok(Math.abs(ece - 0.95 / 12) < 1e-12);
});
