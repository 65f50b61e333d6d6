// How fast this machine is just now, for tests that bound a time: tests/unit/pace.h for node. A bound is a promise about a free
// processor of some strength; elsewhere, and beside other programs, it is stretched by what a fixed piece of work takes there at
// the same moment. Never shortened: where all is well, the promise itself is held against the time.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// The work: a chain of multiplications. WORK_MS is what it took on the slowest processor that all bounds were set on (2.5 GHz).
const STEPS = 20_000_000, WORK_MS = 20, ROUNDS = 8;
function work() {
  const began = performance.now();
  let x = 1;
  for (let i = 0; i < STEPS; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  return x === 7 ? NaN : performance.now() - began; // x is looked at, so that it is computed
}
// Run by itself, this file measures and prints: for another priority, and because a test's own process has its own work to do.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  work(); // compiled now
  console.log(Math.max(1, ...Array.from({ length: ROUNDS }, () => work() / WORK_MS)));
}

// How many times longer than it should work takes now, in the worst of some rounds; 1 at least. nice: for what runs at that priority.
export function factor(nice = 0) {
  const own = fileURLToPath(import.meta.url);
  const run = spawnSync('nice', ['-n', String(nice), process.execPath, own], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  return Number(run.stdout);
}

export const HASH_NICE = 10; // these two in fcgi/main/process.c
export const LARGE_NICE = 5;

// Fails when ms is more than a promise of most ms comes to on this machine. What is measured again and again gives its median.
export function assertWithin(ms, most, what, nice = 0) {
  if (ms <= most) return;
  const times = factor(nice);
  assert.ok(ms <= most * times, `${what}: ${ms.toFixed(0)} ms, and at most ${most} ms on a free machine; work takes ${times.toFixed(2)} times as long now`);
}

export const median = (times) => [...times].sort((a, b) => a - b)[times.length >> 1];
