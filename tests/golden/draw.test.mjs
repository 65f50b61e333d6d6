// Pictures that nobody trained on, drawn from a seed (build/golden/draw: no line of MNIST in them), read by `digit classify`: each
// kind has its own floor. Breaks when a step of the normaliser gets worse for one kind of picture, whatever it does for the others.
//
// The floors are a little under what was measured, so that a picture or two may change sides when the network is trained anew; what is
// to be read at 98 % by the rule of the project is not let under it by that, only by what is measured.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

const root = path.resolve(new URL('../..', import.meta.url).pathname);
const build = path.resolve(root, process.env.BUILD ?? 'build');
const SEED = 1;

// kind: [pictures, right when measured, floor]
const kinds = {
  'canvas-hairline': [40, 40, 39],
  canvas: [40, 39, 38],
  continental: [40, 40, 38],
  upstroke: [40, 40, 39],
  'canvas-fat': [40, 38, 37],
  'canvas-edge': [40, 40, 39],
  'canvas-small': [40, 40, 39],
  'canvas-framed': [40, 39, 37],
  window: [40, 40, 38],
  dark: [40, 40, 39],
  colour: [40, 40, 39],
  'clear-black': [40, 40, 39],
  'clear-white': [40, 40, 39],
  'clear-colour': [40, 40, 39],
  tiny: [40, 40, 39],
  huge: [12, 11, 10],
  formats: [40, 40, 39],
  photo: [40, 39, 37],
  'photo-fat': [40, 40, 38],
  cropped: [40, 39, 38],
  'photo-tinted': [40, 40, 38],
  'photo-shadow': [40, 40, 38],
  'photo-ruled': [40, 40, 39],
  'photo-squared': [40, 40, 38],
  'photo-pencil': [40, 40, 38],
  'photo-slip': [40, 38, 37],
  'photo-desk': [40, 40, 38],
  'photo-turned': [40, 39, 38],
  board: [40, 40, 39],
  scan: [40, 40, 39],
  'scan-lines': [40, 40, 38],
  'scan-parts': [40, 39, 37],
  ringed: [40, 37, 35],
  wheel: [40, 39, 38],
  beside: [40, 39, 37],
  marked: [40, 40, 38],
  broken: [40, 39, 37],
  dotted: [40, 35, 33],
  narrow: [40, 39, 38],
  cut: [40, 32, 30],
  long: [40, 37, 35],
  minute: [40, 31, 29],
  'cell-stands': [40, 37, 35],
  'cell-thick': [40, 39, 37],
  'cell-cross': [40, 38, 36],
  'cell-corner': [40, 39, 37],
  'cell-side': [40, 40, 38],
  'cell-pale': [40, 38, 36],
  'cell-askew': [40, 38, 36],
  'cell-comb': [40, 37, 35],
  'cell-neighbour': [40, 40, 38],
  'cell-halftone': [40, 38, 36],
  'cell-moire': [40, 38, 36],
  faint: [40, 40, 39],
  'faint-colour': [40, 40, 39],
  'faint-chalk': [40, 39, 38],
  halftone: [40, 35, 33],
  pressure: [40, 40, 39],
  'shadow-clean': [40, 40, 39],
  'shadow-colour': [40, 40, 38],
  glare: [40, 38, 36],
  pasted: [40, 39, 38],
  vignette: [40, 40, 39],
  keyed: [40, 38, 37],
  'blank-paper': [40, 35, 34],
  'blank-shadow': [40, 24, 22],
  'blank-vignette': [40, 40, 39],
};

const run = promisify(execFile);
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-draw-'));
test.after(() => fs.rmSync(dir, { recursive: true, force: true }));

async function draw(kind, count, seed, out) {
  await run(path.join(build, 'golden/draw'), ['--out', out, '--kind', kind, '--count', String(count), '--seed', String(seed)]);
  return fs.readdirSync(path.join(out, kind)).map((name) => path.join(out, kind, name));
}

// On a machine that starves the decoder child for 5 seconds a picture ends in an error, and the exit status is 1. Such pictures are
// read once more; one that cannot be read goes on being wrong.
async function classify(files, again = true) {
  const command = run(path.join(build, 'digit'), ['classify', '--json', ...files], { cwd: root, maxBuffer: 1 << 26 });
  const { stdout } = await command.catch((e) => e);
  const results = JSON.parse(stdout).results;
  const failed = results.filter((r) => r.status === 'error').map((r) => r.name);
  if (failed.length === 0 || !again) return results;
  return results.filter((r) => r.status !== 'error').concat(await classify(failed, false));
}

// Where nothing is written, nothing is to be found: a "blank-" kind is right where the box of the ink is empty.
function isRight(kind, result) {
  if (kind.startsWith('blank-')) return result.preprocessing?.box[2] === 0;
  return result.digit === Number(path.basename(result.name)[0]);
}

test('every kind that can be drawn has a floor', async () => {
  const { stdout } = await run(path.join(build, 'golden/draw'), ['--list']);
  assert.deepEqual(stdout.trim().split('\n').sort(), Object.keys(kinds).sort());
});

test('the same seed draws the same bytes, however many are drawn; another seed does not', async () => {
  const read = (files) => files.map((f) => fs.readFileSync(f).toString('base64'));
  const few = read(await draw('tiny', 10, SEED, path.join(dir, 'few')));
  const many = read(await draw('tiny', 20, SEED, path.join(dir, 'many')));
  const other = read(await draw('tiny', 10, SEED + 1, path.join(dir, 'other')));
  assert.ok(few.every((bytes) => many.includes(bytes)));
  assert.ok(!other.some((bytes) => few.includes(bytes)));
});

// The pictures of a kind are drawn and read by processes of their own: as many kinds at once as there are processors.
test('drawn pictures', { concurrency: os.cpus().length }, async (t) => {
  await Promise.all(Object.entries(kinds).map(([kind, [count, , floor]]) => t.test(kind, async () => {
    const results = await classify(await draw(kind, count, SEED, dir));
    const wrong = results.filter((r) => !isRight(kind, r));
    const right = results.length - wrong.length;
    console.log(`# ${kind}: ${right} of ${results.length}`);
    assert.equal(results.length, count);
    assert.ok(right >= floor, `${kind}: ${right} of ${count} right, at least ${floor} wanted; wrong: `
      + wrong.map((r) => `${path.basename(r.name)} as ${r.digit ?? r.status}`).join(', '));
  })));
});
