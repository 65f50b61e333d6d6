// digit learn: what it makes of a site's digits, what it leaves out, and when it writes nothing. The way from a page to the network in use is
// in tests/e2e/learn.test.mjs.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { data, run, scratch, weights } from './digit.mjs';
import { metadata } from './metadata.mjs';
import { idxFiles, small } from './odd-hand.mjs';

const odd = (n, first = 1) => Array.from({ length: n }, (_, i) => small(i % 10, first + Math.floor(i / 10)));
const labels = (n) => Array.from({ length: n }, (_, i) => i % 10);
const quick = ['--reject-examples', '0', '--epochs', '1'];

function put(dir, files) {
  fs.mkdirSync(dir, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) fs.writeFileSync(path.join(dir, name), bytes);
  return dir;
}
// Pictures of MNIST's training set from a place on, with their labels.
function mnist(from, n) {
  const images = fs.readFileSync(path.join(data, 'train-images-idx3-ubyte')), all = fs.readFileSync(path.join(data, 'train-labels-idx1-ubyte'));
  return { pictures: Array.from({ length: n }, (_, i) => images.subarray(16 + 784 * (from + i), 16 + 784 * (from + i + 1))), labels: [...all.subarray(8 + from, 8 + from + n)] };
}
const learn = (corrections, out, ...args) => run('learn', '--data', data, '--corrections', corrections, '--out', out, ...args);

// Breaks when the network learns nothing, from what was held back, or forgets; when the file tells nothing of it, keeps a user's picture, or
// cannot be made again.
test('an odd hand is learnt, and the file says from what', (t) => {
  const dir = scratch(t), out = path.join(dir, 'learnt.safetensors'), again = path.join(dir, 'again.safetensors');
  const pictures = odd(300), corrections = put(path.join(dir, 'odd'), idxFiles(pictures, labels(300)));
  const settings = ['--reject-examples', '0', '--epochs', '8'];
  const { status, stdout, stderr } = learn(corrections, out, ...settings);
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /^300 corrections; 240 to learn from, 60 held back$/m);
  const [, held0, held1, mnist0, mnist1] = /^read right +(\d+) +(\d+) +(\d+) +(\d+)$/m.exec(stdout).map(Number);
  assert.ok(held1 > held0, stdout);
  assert.ok(mnist1 >= mnist0 - 10, stdout);
  assert.match(stdout, /written; `digitctl reload --weights .*learnt\.safetensors` makes/);
  const told = metadata(out), learnt = JSON.parse(told.learnt), from = metadata(weights);
  assert.equal(learnt.from, from.sha256);
  assert.deepEqual([learnt.corrections, learnt.held_back], [240, 60]);
  assert.deepEqual([learnt.on_corrections_held_back.before.right, learnt.on_corrections_held_back.after.right], [held0, held1]);
  assert.equal(told.name, 'learnt');
  assert.notEqual(told.temperature, from.temperature);
  const bytes = fs.readFileSync(out);
  for (const picture of pictures) assert.equal(bytes.indexOf(picture), -1, 'a picture of a user is in the file');
  assert.equal(learn(corrections, again, ...settings, '--threads', '1').status, 0);
  const { command: _, ...same } = JSON.parse(metadata(again).learnt), { command: __, ...first } = learnt;
  assert.deepEqual(same, first, 'the same on any number of threads');

  const more = learn(corrections, again, '--weights', out, ...quick);
  assert.equal(more.status, 1);
  assert.match(more.stderr, /has learnt from a site already, and what was deleted there since would stay in it/);
});

// Breaks when a network is written that is worse: because the labels are lies, or because learning went wrong.
test('a network that would be worse is not written', (t) => {
  const dir = scratch(t), out = path.join(dir, 'worse.safetensors');
  const { pictures, labels: truth } = mnist(0, 1000);
  const lies = put(path.join(dir, 'lies'), idxFiles(pictures, truth.map((d) => (d + 1) % 10)));
  const bent = learn(lies, out, '--reject-examples', '0', '--epochs', '5', '--rate', '3e-3');
  assert.equal(bent.status, 3, bent.stdout + bent.stderr);
  assert.match(bent.stderr, /would be worse: it reads \d+ fewer of MNIST's validation pictures, and 10 may be lost; nothing was written/);
  const true1000 = put(path.join(dir, 'truth'), idxFiles(pictures, truth));
  const wild = learn(true1000, out, ...quick, '--rate', '0.05');
  assert.equal(wild.status, 3, wild.stdout + wild.stderr);
  assert.match(wild.stderr, /would be worse: it reads \d+ fewer of the corrections held back; nothing was written/);
  assert.ok(!fs.existsSync(out));
});

// Breaks when one of these is taken, gets no sentence or more than one, or leaves a file.
test('bad input: one line that says what to do, and no file', (t) => {
  const dir = scratch(t), out = path.join(dir, 'none.safetensors');
  let n = 0;
  const set = (files) => put(path.join(dir, `set${++n}`), files);
  const good = idxFiles(odd(250), labels(250)), images = good['train-images-idx3-ubyte'], digits = good['train-labels-idx1-ubyte'];
  const blank = Array.from({ length: 60 }, () => Buffer.alloc(784)), blot = Array.from({ length: 60 }, (_, i) => Buffer.alloc(784, 255 - i));
  const cases = [
    [set({}), 3, /no corrections in .*set1 \(200 are needed\); `digitctl learn export .*set1` writes/],
    [set(idxFiles([], [])), 3, /0 different corrections are too few: 200 are needed/],
    [set(idxFiles(odd(199), labels(199))), 3, /199 different corrections are too few: 200 are needed/],
    [set(idxFiles(Array(400).fill(small(3, 1)), Array(400).fill(3))), 3, /1 different corrections are too few/],
    [set(idxFiles([...odd(150), ...blank, ...blot], labels(270))), 3, /150 different corrections are too few/],
    [set({ 'train-images-idx3-ubyte': images }), 3, /no corrections in/],
    [set({ ...good, 'train-labels-idx1-ubyte': idxFiles([], labels(249))['train-labels-idx1-ubyte'] }), 1, /250 pictures but 249 labels/],
    [set({ ...good, 'train-images-idx3-ubyte': images.subarray(0, 5000) }), 1, /5000 bytes where 250 items make 196016/],
    [set({ ...good, 'train-labels-idx1-ubyte': Buffer.concat([digits.subarray(0, 8), Buffer.alloc(250, 10)]) }), 1, /label 0 is 10/],
    [set({ ...good, 'train-images-idx3-ubyte': Buffer.concat([Buffer.from('PK'), images.subarray(2)]) }), 1, /magic number is 504b0803/],
    [set(good), 1, /train-images-idx3-ubyte.*fetch-mnist .* fetches it/, ['--data', dir]],
    [set(good), 1, /nowhere\.safetensors: No such file/, ['--weights', path.join(dir, 'nowhere.safetensors')]],
    [set(good), 1, /digits-deep\.safetensors (cannot be trained further|was trained on MNIST's validation)/, ['--weights', weights.replace('digits.', 'digits-deep.')]],
    [set(good), 1, /cannot write .*missing/, ['--out', path.join(dir, 'missing/x.safetensors')]],
    [set(good), 2, /--rate/, ['--rate', '7']],
    [set(good), 2, /--epochs/, ['--epochs', '0']],
    [set(good), 2, /takes no file arguments/, ['file']],
  ];
  for (const [corrections, wanted, line, args = []] of cases) {
    const { status, stderr } = learn(corrections, out, ...quick, ...args);
    assert.equal(status, wanted, stderr);
    assert.match(stderr, line);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
    assert.ok(!fs.existsSync(out));
  }
  for (const [args, line] of [[['--out', out], /--corrections DIR is missing/], [['--corrections', dir], /--out FILE is missing/]]) {
    const { status, stderr } = run('learn', ...args);
    assert.equal(status, 2);
    assert.match(stderr, line);
  }
});
