// Every script and program of this tree that a person types: --help answers, and what it does not know gets one line and not status 0.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';

const root = path.resolve(new URL('../..', import.meta.url).pathname), build = path.resolve(root, process.env.BUILD ?? 'build');
const run = ([program, ...args]) => spawnSync(program, args, { cwd: root, encoding: 'utf8', timeout: 20_000 });
const card = ['node', 'weights/model-card.mjs'];
const digit = ['classify', 'read', 'train', 'evaluate', 'calibrate', 'join', 'learn', 'fit-numbers'].map((command) => [`${build}/digit`, command]);

for (const what of [['conf/need'], ['conf/install'], ['conf/run'], ['tests/run'], ['weights/fetch-mnist'], card, [`${build}/digitd`], [`${build}/digitctl`], [`${build}/digit`], ...digit]) {
  test(`${what.map((word) => path.basename(word)).join(' ')}: --help, -h`, () => {
    for (const word of ['--help', '-h']) {
      const { status, stdout, stderr } = run([...what, word]);
      assert.deepEqual([status, stderr], [0, ''], word);
      assert.match(stdout, new RegExp(path.basename(what.at(-1))));
    }
  });
}

const wrong = [
  [['conf/need', 'bild'], /^conf\/need: unknown purpose bild; conf\/packages has: .*\bbuild\b/],
  [['conf/need'], /^usage: conf\/need PURPOSE/],
  [['conf/install', 'push'], /^conf\/install: "push" is neither put nor remove/],
  [['conf/install', 'put', 'x'], /^conf\/install: "x" is not SOURCE:PLACE:MODE/],
  [['conf/check-minimum', '/nowhere'], /^usage: conf\/check-minimum FILE/],
  [['conf/run', '--port', '9000'], /^make run: unexpected argument --port: settings come from the environment/],
  [['tests/run', 'unti'], /^tests\/run: unti is no suite/],
  [['tests/deploy/run', 'nothing'], /^usage: tests\/deploy\/run install\|compose/],
  [[...card, 'gather'], /^model-card: "gather" is not understood; usage: /],
  [[`${build}/digitd`, '-x'], /invalid option -- 'x'/],
  [[`${build}/digitctl`, '--nonsense'], /--nonsense: no such option/],
  [[`${build}/digit`, 'guess'], /guess: unknown command/],
  ...digit.map((what) => [[...what, '-x'], /unknown option -x/]),
];
for (const [what, line] of wrong) {
  test(`${what.map((word) => path.basename(word)).join(' ')}: one clear line`, () => {
    const { status, stdout, stderr } = run(what);
    assert.notEqual(status, 0);
    assert.equal(stdout, '');
    assert.match(stderr, line);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  });
}
