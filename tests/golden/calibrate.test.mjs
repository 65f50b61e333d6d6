// digit calibrate on the shipped network: the figures that it writes into the file are those of the file's new thresholds.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { metadata } from './metadata.mjs';

const root = path.resolve(new URL('../..', import.meta.url).pathname);
const build = path.resolve(root, process.env.BUILD ?? 'build');
const data = process.env.DATA_DIR ?? path.join(root, 'data');
const weights = path.join(root, 'weights/digits.safetensors');

function digit(...args) {
  const { status, stdout, stderr } = spawnSync(path.join(build, 'digit'), args, { encoding: 'utf8', maxBuffer: 1 << 24 });
  assert.equal(status, 0, stderr);
  return stdout;
}

// Breaks when the figures of the thresholds before stay in the file, or are written before the new ones are found; when it keeps the name of
// the file to begin with, which the service would tell.
test('a calibrated file tells how the network does with its new thresholds', (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-calibrate-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  const out = path.join(dir, 'calibrated.safetensors');
  digit('calibrate', '--data', data, '--weights', weights, '--out', out, '--hidden', '2', '--examples', '2048');
  const before = JSON.parse(metadata(weights).validation), told = JSON.parse(metadata(out).validation);
  const measured = JSON.parse(digit('evaluate', '--json', '--split', 'validation', '--data', data, '--weights', out));
  for (const name of ['pictures', 'right', 'unsure', 'unsure_wrong', 'doubted', 'refused', 'refused_wrong']) {
    assert.equal(typeof told[name], 'number', name);
    assert.equal(told[name], measured[name], name);
  }
  for (const name of ['loss', 'ece', 'accuracy']) assert.ok(Math.abs(told[name] - measured[name]) < 1e-5, `${name}: ${told[name]}, measured ${measured[name]}`);
  assert.notEqual(metadata(out).doubt_below, metadata(weights).doubt_below, 'two hidden units have thresholds of their own');
  assert.notDeepEqual([told.unsure, told.unsure_wrong, told.refused_wrong, told.doubted], [before.unsure, before.unsure_wrong, before.refused_wrong, before.doubted]);
  assert.equal(told.trained_on, before.trained_on);
  assert.equal(metadata(out).name, 'calibrated');
});
