// How digitd starts, and when it refuses to: R11, R12, R62, R87.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { assertWithin } from '../pace.mjs';
import { Daemon, binary, root, withDaemon, account } from './lib.mjs';

const mode = (file) => (fs.lstatSync(file).mode & 0o7777).toString(8);

test('R11 the sockets have the mode of the setting from the first moment, in a directory of 0750', async () => {
  for (const socket_mode of ['0660', '0600']) {
    await withDaemon({ socket_mode }, async (d) => {
      assert.equal(mode(d.settings.run_dir), '750');
      for (const pool of ['main', 'gate', 'health']) assert.equal('0' + mode(d.socket(pool)), socket_mode);
      for (const pool of ['hash', 'large']) assert.equal(mode(d.socket(pool)), '600'); // for the gate alone
      assert.equal(Number(fs.readFileSync(path.join(d.settings.run_dir, 'digitd.lock'), 'utf8')), d.process.pid);
    });
  }
});

// Breaks if two instances share a directory, or if the refused one harms the first.
test('R11 a second instance refuses to start and leaves the first one alone', () =>
  withDaemon({}, async (d) => {
    const second = await d.spawn().finished;
    assert.equal(second.code, 1);
    assert.equal(second.stderr, `digitd: ${d.settings.run_dir}/digitd.lock: another digitd is running here\n`);
    assertWithin(second.ms, 2000, 'the refusal');
    assert.equal((await d.ask('GET', '/model')).status, 200);
  }));

// Breaks if what a killed instance left behind stops the next one.
test('R11 stale sockets after kill -9 are replaced', async () => {
  const d = new Daemon({});
  try {
    await d.start();
    await d.stop('SIGKILL');
    assert.ok(fs.existsSync(d.socket()));
    await d.start();
    assert.equal((await d.ask('GET', '/model')).status, 200);
  } finally {
    await d.close();
  }
});

// Breaks if a start takes the name of a socket that another program serves, or deletes a file.
test('R11 a socket on which somebody answers, or a file, is not replaced', async () => {
  const d = new Daemon({});
  fs.mkdirSync(d.settings.run_dir);
  const other = net.createServer().listen(d.socket('hash'));
  await new Promise((resolve) => other.once('listening', resolve));
  try {
    let end = await d.spawn().finished;
    assert.deepEqual([end.code, end.stderr], [1, `digitd: ${d.socket('hash')}: another program is listening on it\n`]);
    assert.ok(fs.existsSync(d.socket('hash')));
    assert.ok(!fs.existsSync(d.socket('main')), 'what the refused start made is gone again');
    await new Promise((resolve) => other.close(resolve));
    fs.writeFileSync(d.socket('hash'), 'precious');
    end = await d.spawn().finished;
    assert.deepEqual([end.code, end.stderr], [1, `digitd: ${d.socket('hash')}: exists and is not a socket\n`]);
    assert.equal(fs.readFileSync(d.socket('hash'), 'utf8'), 'precious');
  } finally {
    other.close();
    await d.close();
  }
});

// What is wrong, what the one line must say, and whether -t sees it too (the database's contents it does not look at).
const flip = (file, at) => {
  const bytes = fs.readFileSync(file);
  bytes[at] ^= 1;
  fs.writeFileSync(file, bytes);
};
// As a network from elsewhere is, with nothing of ours but the layers: it wants scale * pixel / 255 + offset, and lacks a tensor.
function foreign(file, scale, offset, without) {
  const bytes = fs.readFileSync(file), start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: { layers }, ...all } = JSON.parse(bytes.subarray(8, start)), header = { __metadata__: { layers } }, parts = [];
  const floats = (name) => {
    const [from, to] = all[name].data_offsets;
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset + start + from, bytes.byteOffset + start + to));
  };
  const each = all['conv1.weight'].shape.slice(1).reduce((a, b) => a * b), first = floats('conv1.weight');
  let at = 0;
  for (const [name, { dtype, shape }] of Object.entries(all)) {
    if (/^(golden|reject)\./.test(name) || name === without) continue;
    const values = floats(name);
    for (let i = 0; i < values.length; i++) {
      if (name === 'conv1.weight') values[i] /= scale;
      if (name === 'conv1.bias') values[i] -= (offset / scale) * first.subarray(i * each, (i + 1) * each).reduce((a, b) => a + b);
    }
    header[name] = { dtype, shape, data_offsets: [at, at += values.byteLength] };
    parts.push(Buffer.from(values.buffer));
  }
  const json = Buffer.from(JSON.stringify(header)), length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  fs.writeFileSync(file, Buffer.concat([length, json, ...parts]));
}
const shipped = (d) => { fs.copyFileSync(path.join(root, 'weights/digits.safetensors'), d.settings.weights); return d.settings.weights; };
const otherForm = (was, form, name) => new RegExp(String.raw`net\.safetensors: it reads ${was} of 90 sample digits in the form used here, light ink on black and pixel / 255 ` +
  String.raw`\(loss [\d.e+-]+\), but \d\d as ${form} \(loss [\d.e+-]+\): it was probably trained on ${name}\. Train it on pictures in the form used here, ` +
  String.raw`or fold the conversion into its first layer \(MODEL\.md, A network from elsewhere\)\n$`);

const bad = {
  'weights that lack a bias': [(d) => foreign(shipped(d), 1, 0, 'conv2.bias'),
    /net\.safetensors: the tensor "conv2\.bias" of layer 3 \(conv2d "conv2"\) is missing; if the layer has no bias, give it "bias":false in "layers"\n$/],
  'a network of normalised pictures': [(d) => foreign(shipped(d), 1 / 0.3081, -0.1307 / 0.3081),
    otherForm('\\d+', String.raw`\(x - 0\.1307\) / 0\.3081, x = pixel / 255`, 'normalised pictures')],
  'a network of pixels from 0 to 255': [(d) => foreign(shipped(d), 255, 0), otherForm('\\d+', 'the pixels themselves, 0 to 255', String.raw`pictures that were not divided by 255`)],
  'a network of dark ink on white': [(d) => foreign(shipped(d), -1, 1), otherForm('\\d+', '1 - x, x = pixel / 255', 'inverted pictures, dark ink on white')],
  'no weights': [(d) => fs.rmSync(d.settings.weights), /net\.safetensors: No such file/],
  'empty weights': [(d) => fs.truncateSync(d.settings.weights, 0), /net\.safetensors/],
  'truncated weights': [(d) => fs.truncateSync(d.settings.weights, fs.statSync(d.settings.weights).size - 5), /net\.safetensors/],
  'one bit of the weights flipped': [(d) => flip(d.settings.weights, fs.statSync(d.settings.weights).size - 100), /net\.safetensors/],
  'weights that are another file': [(d) => fs.copyFileSync(binary, d.settings.weights), /net\.safetensors/],
  'weights that are a directory': [(d) => d.configure({ weights: d.dir }), /not a regular file/],
  'no settings file': [(d) => fs.rmSync(d.conf), /digitd\.conf: No such file/],
  'an unknown setting': [(d) => fs.appendFileSync(d.conf, 'colour = red\n'), /digitd\.conf:\d+: there is no setting "colour"/],
  'a malformed line': [(d) => fs.appendFileSync(d.conf, 'what is this\n'), /digitd\.conf:\d+: expected/],
  'a setting out of range': [(d) => d.configure({ password_cost: 12 }), /password_cost/],
  'a setting given twice': [(d) => fs.appendFileSync(d.conf, 'main_workers = 3\n'), /is set twice/],
  'no directory for the database': [(d) => d.configure({ database: path.join(d.dir, 'none/digitd.db') }), /none/],
  'a database that is none': [(d) => fs.writeFileSync(d.settings.database, 'not a database at all'.repeat(500)), /digitd\.db/, 'start only'],
  'a directory in place of the database': [(d) => fs.mkdirSync(d.settings.database), /digitd\.db/, 'start only'],
  'no place for the run directory': [(d) => d.configure({ run_dir: path.join(d.dir, 'a/b/run') }), /a\/b\/run: No such file/, 'start only'],
  'a path too long for a socket': [(d) => d.configure({ run_dir: path.join(d.dir, 'directory-'.repeat(11)) }), /at most 107 bytes/, 'start only'],
  'a log file that cannot be': [(d) => d.configure({ log_file: path.join(d.dir, 'none/log') }), /log_file/, 'start only'],
};
for (const [what, [spoil, line, where]] of Object.entries(bad)) {
  // Breaks if a bad start half-serves, hangs, says nothing, or says it twice.
  test(`R12 ${what}: exit 1, one clear line, within 2 s`, async () => {
    const d = new Daemon({});
    try {
      spoil(d);
      for (const args of where ? [[]] : [[], ['-t']]) {
        const end = await d.spawn(args).finished;
        assert.deepEqual([end.code, end.signal, end.stdout], [1, null, ''], end.stderr);
        assert.match(end.stderr, /^digitd: [^\n]+\n$/);
        assert.match(end.stderr, line);
        assertWithin(end.ms, 2000, 'the refusal');
      }
      for (const pool of ['main', 'hash', 'large', 'gate', 'health']) assert.equal(fs.existsSync(d.socket(pool)), false);
    } finally {
      await d.close();
    }
  });
}

// Breaks if a network from elsewhere that reads digits as they are given here is refused, at the start or by a reload; or if one
// that does not is taken by a reload.
test('R12 a network without golden pictures is served if it reads the samples', () =>
  withDaemon({}, async (d) => {
    foreign(shipped(d), 1, 0);
    assert.equal((await d.spawn(['-t']).finished).code, 0);
    d.process.kill('SIGHUP');
    await d.until(() => d.events('reload').length === 1, 10000, 'reload');
    foreign(shipped(d), 255, 0);
    d.process.kill('SIGHUP');
    await d.until(() => d.events('reload_failed').length === 1, 10000, 'reload_failed');
    assert.match(d.events('reload_failed')[0].detail, /as the pixels themselves, 0 to 255/);
    assert.equal((await d.ask('GET', '/model')).status, 200);
  }));

// Breaks if a database of a newer program is touched, or served.
test('R12 a database whose schema is newer is refused', async () => {
  const d = new Daemon({});
  try {
    await d.start();
    await d.stop();
    execFileSync('sqlite3', [d.settings.database, 'PRAGMA user_version = 9999']);
    const end = await d.spawn().finished;
    assert.equal(end.code, 1);
    assert.match(end.stderr, /^digitd: [^\n]*digitd\.db[^\n]+\n$/);
  } finally {
    await d.close();
  }
});

test('R12 -t says that a good configuration is good, touches nothing, and works beside a running instance', async () => {
  const d = new Daemon({ request_deadline_s: 14 });
  try {
    let end = await d.spawn(['-t']).finished;
    assert.deepEqual([end.code, end.stderr], [0, '']);
    assert.match(end.stdout, /^digitd: settings and weights are good \(sha256 [0-9a-f]{64}, kernels \w+\)\n$/);
    assert.deepEqual(fs.readdirSync(path.join(d.dir, 'data')), []);
    assert.equal(fs.existsSync(d.settings.run_dir), false);
    await d.start();
    end = await d.spawn(['-t']).finished;
    assert.equal(end.code, 0);
  } finally {
    await d.close();
  }
});

// Breaks if settings pass with which a log-in is ended before its hash is done, or if what is nearly so is not said.
test('R109 -t and the start time one hash, and refuse or warn with the figures', async () => {
  const d = new Daemon({ password_cost: 11, request_deadline_s: 1 });
  try {
    for (const args of [['-t'], []]) {
      const end = await d.spawn(args).finished;
      assert.equal(end.code, 1);
      assert.match(end.stderr, /^digitd: password_cost = 11: one hash takes \d+ ms here, .* up to \d+ ms .* ended after 1000 ms: lower password_cost or raise request_deadline_s \(up to 14\)\n$/);
    }
    d.configure({ request_deadline_s: 600 }); // nginx and the gate leave it 15 s: beside busy readers, no deadline is enough for this cost
    const long = await d.spawn(['-t']).finished;
    assert.deepEqual([long.code, /ended after 15000 ms/.test(long.stderr)], [1, true]);
    d.configure({ request_deadline_s: 14 }); // a start says so, and reads digits all the same
    await d.start();
    assert.equal(d.events('slow_hash').length, 1);
    await d.stop();
    d.configure({ password_cost: 5, request_deadline_s: 60 });
    let end = await d.spawn(['-t']).finished;
    assert.equal(end.code, 0, end.stderr);
    assert.match(end.stderr, /event=deadline_beyond_nginx .*request_deadline_s = 60, but nginx waits 30 s \(fastcgi_read_timeout in server.conf\), of which the gate may have had 15/);
    d.configure({ request_deadline_s: 14 });
    end = await d.spawn(['-t']).finished;
    assert.deepEqual([end.code, end.stderr], [0, '']);
    await d.start();
    d.configure({ password_cost: 11, request_deadline_s: 1 });
    d.process.kill('SIGHUP'); // R6: the old settings stay
    await d.until(() => d.events('reload_failed').length === 1, 10000, 'the reload is refused');
    assert.match(d.events('reload_failed')[0].detail, /password_cost = 11: one hash takes/);
    assert.equal((await d.ask('POST', '/signup', { pool: 'hash', body: account('r109@example.org') })).status, 201);
  } finally {
    await d.close();
  }
});

test('R12 options: version, help, and usage errors with exit 2', () => {
  const run = (...args) => {
    try {
      return { code: 0, stdout: execFileSync(binary, args, { encoding: 'utf8', stdio: 'pipe' }), stderr: '' };
    } catch (error) {
      return { code: error.status, stdout: error.stdout, stderr: error.stderr };
    }
  };
  assert.match(run('--version').stdout, /^digitd \d+\.\d+\.\d+\n$/);
  assert.match(run('--help').stdout, /^usage: digitd \[-c FILE\] \[-t\]\n/);
  for (const args of [['--nonsense'], ['-c'], ['extra']]) {
    const end = run(...args);
    assert.deepEqual([end.code, end.stdout], [2, '']);
    assert.match(end.stderr, /^[^\n]+\n$/);
  }
});

test('R87 the log says ready once, with the pools, the weights and the kernels', () =>
  withDaemon({ main_workers: 3 }, async (d) => {
    const lines = d.events('ready');
    assert.equal(lines.length, 1);
    assert.deepEqual([lines[0].main, lines[0].hash, lines[0].health], ['3', '1', '1']);
    assert.match(lines[0].weights, /^[0-9a-f]{64}$/);
    assert.match(lines[0].kernels, /^(base|avx2|avx512)$/);
    assert.equal(Number(lines[0].pid), d.process.pid);
    assert.equal(d.events('plain_http').length, 0); // localhost
  }));

// Breaks if the warning is missing, comes for this machine's own names, or once for each origin.
test('R62 a site served over plain http off localhost warns once at the start', async () => {
  await withDaemon({ site_url: 'http://localhost:8080 http://digits.example.org http://10.0.0.5:8080' }, async (d) => {
    const lines = d.events('plain_http');
    assert.equal(lines.length, 1);
    assert.deepEqual([lines[0].level, lines[0].origin], ['warn', 'http://digits.example.org']);
  });
  await withDaemon({ site_url: 'https://digits.example.org http://127.0.0.1:8080 http://[::1]:8080 http://localhost' }, async (d) => {
    assert.equal(d.events('plain_http').length, 0);
  });
});

// R49. Breaks if a library's functions are found at their first call: then the loader saves the vector registers, and with them a piece of
// what memcpy has just moved, on the stack of the worker that serves a request.
test('R49 all functions of all libraries are found before the first request', async () => {
  const d = new Daemon({});
  const log = path.join(d.dir, 'loader');
  d.environment = { LD_DEBUG: 'reloc', LD_DEBUG_OUTPUT: log };
  try {
    await d.start();
    const how = new Map([...fs.readFileSync(`${log}.${d.process.pid}`, 'utf8').matchAll(/relocation processing: (\S+)( \(lazy\))?/g)]
      .map(([, library, lazy]) => [path.basename(library), !lazy])); // the last word on each counts: digitd starts itself anew
    assert.ok(how.size > 10 && [...how.keys()].some((name) => name.startsWith('libjansson')), [...how.keys()].join(' '));
    assert.deepEqual([...how].filter(([, found]) => !found), []);
  } finally {
    await d.close();
  }
});
