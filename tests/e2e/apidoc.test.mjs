// docs/API.md: its commands, run as they stand against a fresh site. Where an answer stands below one, what came has the same shape,
// or is the same problem. The parameters in its text are ones that html/openapi.json has.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { numberPicture, root } from './lib.mjs';
import { faults, openapi } from './schema.mjs';
import { start } from './site.mjs';

// Numbers and texts by kind, lists by their first member: what a reader takes from an example.
const shape = (v) => (Array.isArray(v) ? v.slice(0, 1).map(shape) : v !== null && typeof v === 'object'
  ? Object.fromEntries(Object.entries(v).sort().map(([name, member]) => [name, shape(member)])) : v === null ? 'null' : typeof v);

test('docs/API.md: every command works, and answers as it says there', async (t) => {
  const site = await start(t, { LIMITS: 'off' });
  assert.match(site.out, /^ready on/m, site.out);
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-doc-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  for (const digit of [3, 7]) fs.copyFileSync(path.join(root, `html/samples/${digit}.png`), path.join(dir, `${digit}.png`));
  fs.writeFileSync(path.join(dir, '2024.png'), numberPicture('2024'));
  const text = fs.readFileSync(path.join(root, 'docs/API.md'), 'utf8');
  const steps = [...text.matchAll(/```sh\n(.*?)```(?:\n```json\n(.*?)```)?/gs)];
  assert.ok(steps.length >= 8, `${steps.length} steps`);
  // One shell for all of them, as a reader has; what each printed goes to a file of its own.
  const script = steps.map(([, commands], i) => `{ ${commands}\n} >${i}.out\n`).join('').replaceAll('http://localhost:8080', site.origin.origin);
  const run = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', script], { cwd: dir, encoding: 'utf8', timeout: 600000 });
  assert.equal(run.status, 0, run.stderr);
  assert.equal(run.stderr, '');
  steps.forEach(([, commands, answer], i) => {
    const out = fs.readFileSync(path.join(dir, `${i}.out`), 'utf8');
    assert.notEqual(out.trim(), '', commands);
    if (answer) assert.deepEqual(shape(JSON.parse(out)), shape(JSON.parse(answer)), `${commands}\n${out}`);
    // Of a problem, everything but the request's id is the same each time.
    if (answer?.includes('"type":"problems/')) assert.deepEqual({ ...JSON.parse(out), instance: '' }, { ...JSON.parse(answer), instance: '' });
    if (!answer) assert.doesNotMatch(out, /"type":"problems/, commands);
  });
});

test('docs/API.md: the parameters in its text exist, with these values', () => {
  const text = fs.readFileSync(path.join(root, 'docs/API.md'), 'utf8');
  const parameters = Object.values(openapi.paths).flatMap((item) => Object.values(item)).flatMap((operation) => operation.parameters ?? []);
  const named = [...text.matchAll(/`\?(\w+)=([\w|]+)`/g)];
  assert.ok(named.length >= 6, `${named.length} parameters`);
  for (const [, name, values] of named)
    for (const value of values.split('|'))
      assert.ok(parameters.some((one) => one.name === name && faults(one.schema, one.schema.type === 'integer' ? Number(value) : value).length === 0),
        `${name}=${value}`);
});
