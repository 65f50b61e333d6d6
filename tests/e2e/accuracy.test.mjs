// The claim that anyone can re-run: all 10,000 test pictures, as PNG files through nginx, FastCGI, libgd and the normaliser, are
// read exactly as `digit evaluate` reads them. Breaks when any step on the way changes a pixel, an answer or an order.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { assertWithin } from '../pace.mjs';
import { Visitor, greyPng, idx, root } from './lib.mjs';

const data = process.env.DATA_DIR ?? path.join(root, 'data');
const digit = path.resolve(root, process.env.BUILD ?? 'build', 'digit');

test('10,000 test pictures over HTTP are read as digit evaluate reads them, in under 60 s', async () => {
  const evaluated = JSON.parse(execFileSync(digit, ['evaluate', '--data', data, '--weights',
    path.join(root, 'weights/digits.safetensors'), '--json'], { maxBuffer: 1 << 26 }));
  const set = idx(path.join(data, 't10k-images-idx3-ubyte'), path.join(data, 't10k-labels-idx1-ubyte'));
  assert.equal(set.n, 10000);
  const visitor = await Visitor.signedUp();
  const started = performance.now();
  let right = 0, next = 0;
  async function sender() {
    while (next < set.n) {
      const first = next, last = Math.min(set.n, (next += 64));
      const parts = [];
      for (let i = first; i < last; i++) parts.push({ filename: `${i}.png`, bytes: greyPng(28, 28, set.pixels(i)) });
      const reply = await visitor.classify(parts);
      assert.equal(reply.status, 200, reply.text);
      assert.equal(reply.json.results.length, parts.length);
      reply.json.results.forEach((result, k) => {
        assert.equal(result.name, `${first + k}.png`);
        // The most likely digit, also where the answer adds that it is unsure: that is what evaluate counts.
        const best = result.probabilities.indexOf(Math.max(...result.probabilities));
        if (best === set.label(first + k)) right++;
      });
    }
  }
  await Promise.all([sender(), sender()]);
  const ms = performance.now() - started;
  console.log(`# ${right} of ${set.n} right in ${(ms / 1000).toFixed(1)} s; digit evaluate: ${evaluated.right}`);
  assert.equal(right, evaluated.right);
  assert.equal(evaluated.pictures, set.n);
  assert.ok(right >= 9950, `${right} of 10,000 is under 99.50 %`);
  assertWithin(ms, 60000, '10,000 pictures');
});
