// Validation pictures of MNIST that something was done to (build/golden/perturb), 200 of each kind: breaks when the normaliser or the
// network gets worse at one of them. `make perturb` measures 1,000 of each.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

const root = path.resolve(new URL('../..', import.meta.url).pathname);
const build = path.resolve(root, process.env.BUILD ?? 'build');
const data = process.env.DATA_DIR ?? path.join(root, 'data');
const run = promisify(execFile);

async function perturb(...args) {
  const { stdout } = await run(path.join(build, 'golden/perturb'), ['--json', '--data', data, ...args], { cwd: root });
  return JSON.parse(stdout);
}

// kind: [right of 200 when measured, floor]. No kind is to be under 97 % of 1,000.
const floors = {
  plain: [200, 198],
  inverted: [200, 198],
  shifted: [200, 198],
  scaled: [200, 198],
  halved: [195, 193],
  'turned-10': [197, 195],
  'turned-15': [194, 192],
  'turned-20': [192, 190],
  thin: [197, 195],
  thick: [198, 196],
  'jpeg-30': [199, 197],
  'noise-mild': [200, 198],
  'noise-heavy': [198, 196],
  light: [195, 193],
  colour: [200, 198],
  sizes: [198, 196],
};

test('every kind is read as well as it was', async () => {
  const { kinds, split } = await perturb('--count', '200');
  assert.equal(split, 'validation');
  assert.deepEqual(Object.keys(kinds).sort(), Object.keys(floors).sort());
  for (const [kind, { n, right }] of Object.entries(kinds)) {
    console.log(`# ${kind}: ${right} of ${n}`);
    assert.equal(n, 200);
    assert.ok(right >= floors[kind][1], `${kind}: ${right} of ${n} right, at least ${floors[kind][1]} wanted`);
  }
});

test('how many processes share the work changes nothing; the seed does', async () => {
  const one = await perturb('--kind', 'halved', '--count', '300', '--jobs', '1');
  assert.deepEqual(await perturb('--kind', 'halved', '--count', '300', '--jobs', '5'), one);
  const seeds = await Promise.all([2, 3, 4, 5].map((seed) => perturb('--kind', 'turned-20', '--count', '300', '--seed', String(seed))));
  assert.ok(new Set(seeds.map((r) => r.kinds['turned-20'].right)).size > 1);
});

test('wrong options are refused', async () => {
  await assert.rejects(run(path.join(build, 'golden/perturb'), ['--data', data, '--split', 'train']), /validation or test/);
  await assert.rejects(run(path.join(build, 'golden/perturb'), ['--data', data, '--count', '6000']), /more than the split has/);
  await assert.rejects(run(path.join(build, 'golden/perturb'), ['--data', data, '--kind', 'frozen']), /no such kind/);
});
