// Where digit train and its like put their files.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { begin, data, digit, run, scratch, small } from './digit.mjs';

// Breaks when a file is put in the place of a device or a pipe, which --out may name by mistake.
test('what is not a regular file is not replaced', (t) => {
  const dir = scratch(t), pipe = path.join(dir, 'pipe');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  for (const command of [['calibrate', '--data', data, '--no-reject'], ['train', ...small, '--run', path.join(dir, 'run')]]) {
    const { status, stderr } = run(...command, '--out', pipe);
    assert.equal(status, 1, stderr);
    assert.match(stderr, /not a regular file/);
    assert.ok(fs.lstatSync(pipe).isFIFO());
  }
});

// Breaks when the checkpoint of a finished run outlives the beginning of a new one: --resume would finish the old one once more.
test('a run that is killed in its first epoch is not taken for the one before', async (t) => {
  const dir = scratch(t), where = path.join(dir, 'run'), checkpoint = path.join(where, 'checkpoint');
  digit('train', ...small, '--run', where, '--out', path.join(dir, 'one.safetensors'));
  assert.ok(fs.existsSync(checkpoint));
  const second = begin('train', '--data', data, '--run', where, '--out', path.join(dir, 'two.safetensors'));
  const ended = new Promise((done) => second.on('exit', done));
  for (const until = Date.now() + 300_000; fs.existsSync(checkpoint) && Date.now() < until;) await new Promise((done) => setTimeout(done, 20));
  second.kill('SIGKILL');
  await ended;
  assert.ok(!fs.existsSync(checkpoint));
  const { status, stderr } = run('train', '--run', where, '--resume');
  assert.notEqual(status, 0);
  assert.match(stderr, /no run found/);
});
