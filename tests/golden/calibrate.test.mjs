// digit calibrate: the figures that it writes into the file are those of the file's new thresholds, and these come from pictures that the
// network did not learn from.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { data, digit, run, scratch, small, weights } from './digit.mjs';
import { metadata } from './metadata.mjs';

// Breaks when the figures of the thresholds before stay in the file, or are written before the new ones are found; when it keeps the name of
// the file to begin with, which the service would tell.
test('a calibrated file tells how the network does with its new thresholds', (t) => {
  const dir = scratch(t);
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

// Breaks when join or calibrate forgets that a member learnt from the validation pictures, so that thresholds are fitted on them, or figures
// are told as if they were of new pictures; when --like borrows less than all, or from a file that has no thresholds.
test('what learnt from the validation pictures takes its thresholds from elsewhere, and says so', (t) => {
  const dir = scratch(t);
  const file = (name) => path.join(dir, `${name}.safetensors`);
  digit('train', ...small, '--seed', '1', '--run', path.join(dir, 'held'), '--out', file('held'));
  digit('train', ...small, '--seed', '2', '--all', '--like', weights, '--run', path.join(dir, 'all'), '--out', file('all'));
  digit('join', '--out', file('joined'), file('held'), file('all'));
  for (const [like, why] of [[[], /--like FILE/], [['--like', file('joined')], /never calibrated/]]) {
    const refused = run('calibrate', '--data', data, '--weights', file('joined'), '--out', file('fitted'), ...like);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, why);
    assert.ok(!fs.existsSync(file('fitted')));
  }
  digit('calibrate', '--data', data, '--weights', file('joined'), '--out', file('fitted'), '--like', weights, '--hidden', '2', '--examples', '2048');
  const told = metadata(file('fitted')), from = metadata(weights);
  for (const name of ['temperature', 'look_again_below', 'unsure_below', 'ink_above', 'reject_below', 'doubt_below']) assert.equal(told[name], from[name], name);
  assert.equal(told.calibrated_as, from.sha256);
  assert.equal(JSON.parse(told.validation).trained_on, true);
  const measure = (name) => JSON.parse(digit('evaluate', '--json', '--split', 'validation', '--data', data, '--weights', file(name)));
  assert.equal(measure('fitted').trained_on, true);
  assert.equal(measure('held').trained_on, undefined);
  assert.match(digit('evaluate', '--split', 'validation', '--data', data, '--weights', file('fitted')), /trained on these pictures/);
});

// Breaks when a network of --writers, which knows five sixths of the fixed split's validation pictures, is measured or calibrated by these as
// if they were new to it.
test('a network for comparing writers does not pass for one that never saw the validation pictures', (t) => {
  const dir = scratch(t), out = path.join(dir, 'writers.safetensors');
  digit('train', ...small, '--writers', '--run', path.join(dir, 'run'), '--out', out);
  assert.equal(JSON.parse(digit('evaluate', '--json', '--split', 'validation', '--data', data, '--weights', out)).trained_on, true);
  const refused = run('calibrate', '--data', data, '--weights', out, '--out', path.join(dir, 'fitted.safetensors'));
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /--like FILE/);
});
