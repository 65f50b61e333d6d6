// What the tests of the program digit's commands share: how it is run, where, and with what.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const root = path.resolve(new URL('../..', import.meta.url).pathname);
const program = path.join(path.resolve(root, process.env.BUILD ?? 'build'), 'digit');
export const data = process.env.DATA_DIR ?? path.join(root, 'data');
export const weights = path.join(root, 'weights/digits.safetensors');

export const run = (...args) => spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 24, timeout: 600_000 });
export const begin = (...args) => spawn(program, args, { stdio: 'ignore' });

export function digit(...args) {
  const { status, stdout, stderr } = run(...args);
  assert.equal(status, 0, stderr);
  return stdout;
}

export function scratch(t) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-digit-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  return dir;
}

/** Options of a training of a moment. */
export const small = ['--data', data, '--layers', 'conv16-pool-pool-dense10', '--epochs', '1', '--first', '2560', '--reject-examples', '0', '--batch-norm-pictures', '256'];
