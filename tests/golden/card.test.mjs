// The model card against the network that it is of: what MODEL.md and the page say is what is measured here and now.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { metadata } from './metadata.mjs';

const root = path.resolve(new URL('../..', import.meta.url).pathname);
const build = path.resolve(root, process.env.BUILD ?? 'build');
const data = process.env.DATA_DIR ?? path.join(root, 'data');
const [weights, deep] = ['digits', 'digits-deep'].map((name) => path.join(root, 'weights', `${name}.safetensors`));
const cardOf = (file) => JSON.parse(fs.readFileSync(file.replace('.safetensors', '.card.json')));
const check = (...files) => spawnSync('node', [path.join(root, 'weights/model-card.mjs'), 'check', ...files], { encoding: 'utf8' });

// Breaks when the weights, the card, MODEL.md or a picture of docs/model is changed without the others (`make model-card` makes them anew).
test('MODEL.md and its pictures say what the card says', () => {
  const { status, stderr } = check(weights, deep);
  assert.equal(stderr, '');
  assert.equal(status, 0);
});

test('a card that says something else is found out', (t) => {
  const card = cardOf(weights);
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-card-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  const copy = path.join(dir, 'digits.safetensors');
  fs.copyFileSync(weights, copy);
  const put = (change) => fs.writeFileSync(path.join(dir, 'digits.card.json'), JSON.stringify({ ...structuredClone(card), ...change }));
  put({ test: { ...card.test, right: card.test.right + 1 } });
  assert.match(check(copy, deep).stderr, /out of date.*weights\/MODEL\.md/);
  put({ sha256: '0'.repeat(64) });
  assert.match(check(copy, deep).stderr, /belongs to another network/);
});

// Breaks when figures of another network get into a card, one split's figures push out the other's, measuring the rest anew drops them, or
// MODEL.md has no place for them.
test('how numbers are read comes into the card, and MODEL.md shows it', (t) => {
  const card = cardOf(weights), dir = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-card-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  const copy = path.join(dir, 'digits.safetensors'), from = path.join(dir, 'numbers.json');
  fs.copyFileSync(weights, copy);
  fs.writeFileSync(path.join(dir, 'digits.card.json'), JSON.stringify({ ...card, numbers: undefined }));
  const k = { pictures: 40, whole: 39, text: 38, digits: 160, digits_right: 159, rows: 40, rows_right: 39, unsure: 2, numbers: 40, ece: 0.01, sure: 30, sure_right: 30 };
  const put = (change) => {
    fs.writeFileSync(from, JSON.stringify({ weights_sha256: card.sha256, split: 'validation', half: 'b', kinds: { apart: k }, all: k, ...change }));
    return spawnSync('node', [path.join(root, 'weights/model-card.mjs'), 'numbers', from, copy], { encoding: 'utf8' });
  };
  assert.match(put({ weights_sha256: '0'.repeat(64) }).stderr, /measured with another file/);
  assert.equal(cardOf(copy).numbers, undefined);
  assert.equal(put({}).stderr, '');
  assert.equal(put({ split: 'test', half: '' }).stderr, '');
  assert.deepEqual(cardOf(copy).numbers, { validation: { half: 'b', kinds: { apart: k }, all: k }, test: { half: '', kinds: { apart: k }, all: k } });
  assert.match(check(copy, deep).stderr, /out of date.*weights\/MODEL\.md/);
  for (const [name, made] of Object.entries({ validation: { ...card.validation, split: 'validation' }, test: { ...card.test, split: 'test', reject: card.reject }, perturb: card.robustness }))
    fs.writeFileSync(path.join(dir, `${name}.json`), JSON.stringify({ ...made, weights_sha256: card.sha256 }));
  assert.equal(spawnSync('node', [path.join(root, 'weights/model-card.mjs'), 'gather', dir, copy], { encoding: 'utf8' }).stderr, '');
  assert.deepEqual(Object.keys(cardOf(copy).numbers), ['validation', 'test']);
});

// Breaks when a file is shipped under the name that its maker worked with.
for (const file of [weights, deep]) test(`a shipped file has the name that the service tells: ${path.basename(file)}`, () => {
  assert.equal(metadata(file).name, path.basename(file, '.safetensors'));
});

// Breaks when `make evaluate` prints other figures than MODEL.md has: the network, the normaliser, a kernel or a threshold has changed.
// A regression run of a frozen file: nothing is chosen by it.
for (const file of [weights, deep]) test(`evaluation gives the figures of the card: ${path.basename(file)}`, async () => {
  const card = cardOf(file);
  for (const split of ['validation', 'test']) {
    const { stdout } = await promisify(execFile)(path.join(build, 'digit'), ['evaluate', '--json', '--split', split, '--data', data, '--weights', file], { maxBuffer: 1 << 24 });
    const now = JSON.parse(stdout), then = card[split];
    assert.equal(now.weights_sha256, card.sha256);
    for (const name of ['pictures', 'right', 'confusion', 'unsure', 'unsure_wrong', 'doubted', 'refused', 'refused_wrong', 'looked_again', 'images_sha256', 'labels_sha256', 'normaliser_changed'])
      assert.deepEqual(now[name], then[name], `${split}: ${name}`);
    for (const name of ['loss', 'ece', 'accuracy_low', 'accuracy_high']) // kernels of another instruction set round differently
      assert.ok(Math.abs(now[name] - then[name]) < 1e-5, `${split}: ${name} ${now[name]}, the card has ${then[name]}`);
    if (split === 'test') assert.deepEqual(now.errors.map(({ index, answer }) => [index, answer]), then.errors.map(({ index, answer }) => [index, answer]));
  }
});
