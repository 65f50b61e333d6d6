// `digit classify` as a person or a script calls it: answers, JSON, wishes, the files of --steps, and what each mistake gets.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';

const root = path.resolve(new URL('../..', import.meta.url).pathname);
const digit = path.resolve(root, process.env.BUILD ?? 'build', 'digit');
const picture = (name) => path.join('tests/golden/pictures', name);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-classify-'));
test.after(() => fs.rmSync(folder, { recursive: true }));

const classify = (...args) => spawnSync(digit, ['classify', ...args], { cwd: root, encoding: 'utf8', timeout: 600000 });
function results(...args) {
  const { stdout, stderr, status } = classify('--json', ...args);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout).results;
}

test('lines, in the order of the files; one that cannot be read is told and costs the exit status alone', () => {
  const { stdout, stderr, status } = classify(picture('digit-7.png'), picture('text.png'), '/nowhere.png', picture('digit-9-dark.png'));
  assert.match(stdout, /^[^\n]*digit-7\.png: 7 \([\d.]+ %\)\n[^\n]*digit-9-dark\.png: 9 \([\d.]+ %\)\n$/);
  assert.match(stderr, /text\.png: This file is not a supported picture.*\n.*\/nowhere\.png: No such file/);
  assert.equal(status, 1);
});

// Breaks when a member that the service has goes missing here: html/openapi.json is what both are held against.
test('--json says what the service says', () => {
  const { Result, Preprocessing } = JSON.parse(fs.readFileSync(path.join(root, 'html/openapi.json'))).components.schemas;
  const [result] = results(picture('digit-4-turned.jpg'));
  for (const name of Result.required) if (name !== 'elapsed_us') assert.ok(name in result, name);
  assert.deepEqual(Object.keys(result.preprocessing).sort(), [...Preprocessing.required].sort());
  const { width, height, upright, channel, unchanged, inverted } = result.preprocessing;
  assert.deepEqual([width, height, upright, channel, unchanged, inverted], [300, 240, true, 'luminance', false, true]);
  assert.equal(result.digit, 4);
});

// A copy of the weights with other thresholds, and the digest that fits (fcgi/net/model_parse.c).
function weightsWith(metadata) {
  const bytes = fs.readFileSync(path.join(root, 'weights/digits.safetensors')), n = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.subarray(8, 8 + n));
  const whole = (sha256) => {
    Object.assign(header.__metadata__, metadata, { sha256 });
    const text = Buffer.from(JSON.stringify(header)), length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([length, text, bytes.subarray(8 + n)]);
  };
  const file = path.join(folder, 'doubtful.safetensors');
  fs.writeFileSync(file, whole(createHash('sha256').update(whole('0'.repeat(64))).digest('hex')));
  return file;
}

// Breaks when a doubt does not say what it is about, in words or in JSON.
test('an unsure answer says why', () => {
  const other = ' may be \\d, [\\d.]+ %', unlike = ' unlike the digits it was trained on', seven = picture('digit-7.png');
  for (const [because, metadata, words] of [['confidence', { unsure_below: '1', temperature: '9' }, other], ['unfamiliar', { doubt_below: '1e6' }, unlike],
    ['both', { unsure_below: '1', temperature: '9', doubt_below: '1e6' }, `${other};${unlike}`]]) {
    const file = weightsWith(metadata);
    const { stdout, stderr, status } = classify('--weights', file, seven);
    assert.equal(status, 0, stderr);
    assert.match(stdout, new RegExp(`digit-7\\.png: 7 \\([\\d.]+ %, unsure:${words}\\)\\n$`));
    assert.deepEqual(results('--weights', file, seven).map((result) => [result.status, result.unsure_because]), [['unsure', because]]);
  }
  assert.equal(results(seven)[0].unsure_because, null);
});

// Breaks when a picture without ink does not tell which stage found none, or one with ink does.
test('--json says where and why a picture is refused', () => {
  const side = 32, bmp = Buffer.alloc(54 + 3 * side * side, 230), blank = path.join(folder, 'blank.bmp');
  bmp.fill(0, 0, 54);
  bmp.write('BM');
  for (const [at, v] of [[2, bmp.length], [10, 54], [14, 40], [18, side], [22, side]]) bmp.writeUInt32LE(v, at);
  bmp.writeUInt16LE(1, 26);
  bmp.writeUInt16LE(24, 28);
  fs.writeFileSync(blank, bmp);
  const [none, seven] = results(blank, picture('digit-7.png'));
  assert.equal(none.status, 'not_a_digit');
  assert.deepEqual(none.refused, { stage: 'threshold', reason: 'nothing stands out from the paper' });
  assert.ok(!('refused' in seven));
});

// Breaks when a wish does not reach the normaliser.
test('--invert and --center', () => {
  const file = picture('digit-9-dark.png'); // light on dark
  assert.equal(results(file)[0].preprocessing.inverted, false);
  assert.equal(results('--invert', 'yes', file)[0].preprocessing.inverted, true);
  assert.equal(results('--invert', 'no', file)[0].digit, 9);
  const steps = (...args) => results('--steps', folder, ...args, file)[0].steps.map(({ name, width, height }) => [name, width, height]);
  assert.equal(Math.max(...steps().find(([name]) => name === 'scaled').slice(1)), 20);
  assert.equal(Math.max(...steps('--center', 'none').find(([name]) => name === 'scaled').slice(1)), 28);
});

// Breaks when a step is not written, is no PNG, is written over by a picture of the same name, or is another picture.
test('--steps writes each step; pictures of one name keep their files apart', () => {
  const out = path.join(folder, 'made/on/the/way'), other = path.join(folder, 'other');
  fs.mkdirSync(other);
  fs.copyFileSync(path.join(root, picture('digit-7.png')), path.join(other, 'digit-4-turned.png'));
  const two = results('--steps', out, picture('digit-4-turned.jpg'), path.join(other, 'digit-4-turned.png'));
  const files = two.flatMap(({ steps }) => steps.map(({ file }) => path.basename(file)));
  assert.deepEqual(fs.readdirSync(out).sort(), [...files].sort());
  assert.equal(new Set(files).size, files.length);
  assert.equal(files[0], 'digit-4-turned-1-grey.png');
  assert.equal(path.basename(two[1].steps.at(-1).file), `digit-4-turned~2-${two[1].steps.length}-input.png`);
  for (const { steps } of two)
    for (const { file, width, height } of steps) {
      const bytes = fs.readFileSync(file);
      assert.equal(bytes.toString('latin1', 1, 4), 'PNG');
      assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [width, height], file);
    }
  // The last step is what the network saw: read once more, it passes unchanged and gives the same bits.
  const again = results(...two.map(({ steps }) => steps.at(-1).file));
  assert.deepEqual(again.map(({ probabilities }) => probabilities), two.map(({ probabilities }) => probabilities));
});

test('mistakes get one clear line', () => {
  fs.writeFileSync(path.join(folder, 'file'), 'precious');
  for (const [args, sentence, code] of [
    [['--invert', 'maybe'], /--invert must be auto, yes or no/, 2],
    [['--center', 'left'], /--center must be mass, box or none/, 2],
    [['--center='], /center/, 2],
    [['--steps', path.join(folder, 'file')], /file: not a directory/, 1],
    [['--steps', path.join(folder, 'file/below')], /file: Not a directory|file\/below/, 1],
    [['--steps', ''], /steps/, 2],
  ]) {
    const { stdout, stderr, status } = classify(...args, picture('digit-7.png'));
    assert.equal(stdout, '');
    assert.match(stderr, sentence);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
    assert.equal(status, code, stderr);
  }
  assert.equal(fs.readFileSync(path.join(folder, 'file'), 'utf8'), 'precious');
});

// R31. Breaks when a child that ends takes the files behind it along. It is killed from outside, wherever it happens to be: a
// picture that it has taken is lost, one that it has not is not.
test('a decoder that ends is replaced', async () => {
  const n = 10000; // about a second on a quick machine: time for five
  const child = spawn(digit, ['classify', ...Array(n).fill(picture('digit-7.png'))], { cwd: root });
  let out = '', err = '', killed = 0;
  child.stderr.on('data', (part) => { err += part; });
  child.stdout.on('data', (part) => { out += part; });
  const last = { pid: 0 };
  const timer = setInterval(() => {
    let pid;
    try {
      pid = Number(fs.readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0]);
    } catch { return; } // it has ended
    if (!out || !pid || pid === last.pid || killed === 5) return; // the first one is needed for the start
    last.pid = pid;
    try {
      process.kill(pid, 'SIGKILL');
      killed++;
    } catch { /* it was quicker */ }
  }, 10);
  const status = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(timer);
  const lost = err.trim().split('\n').filter(Boolean).length;
  assert.equal(killed, 5, `the run was too short to kill five: ${err}`);
  assert.ok(lost <= killed, err);
  assert.equal(out.trim().split('\n').length + lost, n);
  assert.equal(status, lost ? 1 : 0);
});
