// Pictures without any number in them (build/golden/nonsense): each gets a status within the decoder's limits of time and memory, and
// none a sure number but what is drawn as one. Breaks when a texture takes minutes, or bars of a code are read as ones without a doubt.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';

const root = path.resolve(new URL('../..', import.meta.url).pathname);
const build = path.resolve(root, process.env.BUILD ?? 'build');
const COUNT = 4, SEED = 1;
const SECONDS = 5; // the decoder child may take so long; the network's part is far less
const MEMORY_KIB = 1024 * 1024; // of each process; the child has a limit of its own, 512 MiB
const SANITIZED = /asan/.test(build); // wants the whole address space
// A face's eyes are drawn as two noughts and its nose as a one, and may be read as that.
const DRAWN = { face: ['read'] };
// Nothing is on these, or nothing that looks like a digit.
const EMPTY = { blank: ['blank'], noise: ['blank', 'no_digits'], specks: ['blank', 'no_digits'], checkerboard: ['no_digits'], stroke: ['no_digits'] };

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-nonsense-'));
test.after(() => fs.rmSync(dir, { recursive: true, force: true }));

function read(file) {
  const limit = SANITIZED ? '' : `ulimit -v ${MEMORY_KIB}; `;
  const start = Date.now();
  const { stdout, stderr } = spawnSync('/bin/sh', ['-c', `${limit}exec "$0" "$@"`, path.join(build, 'digit'), 'read', '--json', file],
    { cwd: root, encoding: 'utf8', timeout: 60000, maxBuffer: 1 << 26 });
  assert.notEqual(stdout, '', `${file}: ${stderr}`);
  return { ...JSON.parse(stdout).results[0], seconds: (Date.now() - start) / 1000 };
}

execFileSync(path.join(build, 'golden/nonsense'), ['--out', dir, '--count', String(COUNT), '--seed', String(SEED)]);
const kinds = execFileSync(path.join(build, 'golden/nonsense'), ['--list'], { encoding: 'utf8' }).trim().split('\n');

for (const kind of kinds)
  test(`${kind}: no sure number`, () => {
    const files = fs.readdirSync(dir).filter((name) => name.startsWith(`${kind}-`));
    assert.equal(files.length, COUNT);
    for (const name of files) {
      const { status, text, error, seconds } = read(path.join(dir, name));
      const wanted = EMPTY[kind] ?? [...(DRAWN[kind] ?? []), 'unsure', 'no_digits', 'blank', 'error'];
      assert.ok(wanted.includes(status), `${name}: ${status}, ${JSON.stringify(text)}`);
      if (status === 'error') assert.match(error, /There is too much in the picture/);
      assert.ok(seconds < SECONDS, `${name}: ${seconds} s`);
    }
  });
