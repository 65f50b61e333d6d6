// node tests/bench/training.mjs [ROUNDS]: a training step of 128 pictures, digitd's (bench_train --step) and PyTorch's (train_torch.py), processor
// time of one thread, in turn; medians of the rounds, and of their ratios, as `name value unit`. Without PyTorch no ratio is printed.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { build, median, python, pythonLacks, root, say } from './site.mjs';

const rounds = Number(process.argv[2] ?? 5);
if (!(rounds >= 1)) { console.error('usage: training.mjs [ROUNDS]'); process.exit(2); }
const missing = pythonLacks('torch');
const seen = new Map();
function run(command, args) {
  const ran = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  process.stderr.write(ran.stderr ?? '');
  if (ran.status !== 0) { console.error(`training: ${command} ended with ${ran.status ?? ran.error}`); process.exit(1); }
  for (const [, name, value, unit] of ran.stdout.matchAll(/^(\S+) (\S+) (\S+)$/gm)) {
    if (!seen.has(name)) seen.set(name, { unit, values: [] });
    seen.get(name).values.push(Number(value));
  }
}
for (let i = 0; i < rounds; i++) {
  run(path.join(build, 'bench/bench_train'), ['--step', '4']);
  if (!missing) run(python, ['tests/bench/train_torch.py', '3']);
}
for (const [name, { unit, values }] of seen) say(name, median(values), unit);
const own = seen.get('train_step_cpu_ms').values, torch = seen.get('train_torch_step_cpu_ms')?.values;
if (torch) say('train_step_of_torch', median(own.map((ms, i) => ms / torch[i])), 'times');
else console.error(`training: no comparison with PyTorch: ${missing}`);
