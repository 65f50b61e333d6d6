// A site's own hand, from end to end: people correct what the site read of their odd digits, allow it to learn from them, and the site learns,
// swaps the network, survives a restart and goes back. The question's cases are in tests/unit/test_store_learn.c, those of `digit learn` in
// tests/golden/learn.test.mjs.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { draw, side } from '../golden/odd-hand.mjs';
import { ctl, sql, startWith } from './ctl.mjs';
import { Visitor, goodPassword, greyPng, idx, root } from './lib.mjs';

const digit = path.join(path.resolve(root, process.env.BUILD ?? 'build'), 'digit');
const data = process.env.DATA_DIR ?? path.join(root, 'data');
const released = path.join(root, 'weights/digits.safetensors');
const PEOPLE = 24; // with ten digits each

const odd = (digits, seed) => digits.map((d) => ({ filename: `${d}.png`, bytes: greyPng(side, side, draw(d, seed)) }));
const learn = (...args) => spawnSync(digit, ['learn', '--data', data, ...args], { encoding: 'utf8', timeout: 600_000 });
const modelOf = async (site) => (await new Visitor(site.origin).send('GET', 'model')).json.sha256;

// Somebody who has one of each digit read and says what each was.
async function person(site, seed, { allows = true } = {}) {
  const visitor = await Visitor.signedUp(site.origin);
  const read = await visitor.classify(odd([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], seed), '?save=1');
  assert.equal(read.status, 200, read.text);
  await Promise.all(read.json.results.map(({ id }, label) => visitor.send('PATCH', `history/${id}`, { json: { label } })
    .then((reply) => assert.equal(reply.status, 200, reply.text))));
  if (allows) assert.deepEqual((await visitor.send('PATCH', 'account', { json: { learn: true } })).json, { learn: true });
  return visitor;
}

async function until(what, wanted) {
  const end = Date.now() + 60_000;
  while (await what() !== wanted && Date.now() < end) await sleep(50);
  assert.equal(await what(), wanted);
}

// Breaks when any part of the way does not fit the next.
test('corrections are exported, learnt from, used, kept over a restart, and left again', async (t) => {
  const place = fs.mkdtempSync('/tmp/digitd-learn-');
  t.after(() => fs.rmSync(place, { recursive: true, force: true }));
  const out = path.join(place, 'learnt.safetensors');
  const stop = async ({ child, ended }) => {
    process.kill(-child.pid, 'SIGTERM');
    assert.equal(await ended, 0);
  };
  // As an administrator does it: the setting names a place of the site's own, and the released network goes there first.
  const first = await startWith(t), { state } = first, network = path.join(state, 'network.safetensors');
  const env = { PORT: first.port, STATE: state, DIGITD_WEIGHTS: network };
  await stop(first);
  first.env = { DIGITD_WEIGHTS: network };
  assert.match(ctl(first, ['reload', '--weights', released]).out, /not running; it uses this when it starts/);
  const site = await startWith(t, env);
  Object.assign(site, { state, env: { DIGITD_WEIGHTS: network } });
  const before = await modelOf(site), corrections = path.join(place, 'corrections');
  const found = (args, more) => ctl(site, ['learn', 'export', corrections, ...args], more);

  const people = [];
  for (let i = 0; i < PEOPLE; i++) people.push(await person(site, i + 1, { allows: i !== 0 }));

  await t.test('only of those who allow it, and not of those who are gone', async () => {
    assert.deepEqual(found(['--json']).rows, [{ exported: corrections, pictures: 10 * (PEOPLE - 1), accounts: PEOPLE - 1 }]);
    const files = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'].map((name) => path.join(corrections, name));
    const pair = idx(...files);
    assert.equal(pair.n, 10 * (PEOPLE - 1));
    const [mode, ...modes] = [corrections, ...files].map((file) => fs.statSync(file).mode & 0o777);
    assert.deepEqual([mode, modes], [0o700, [0o600, 0o600]]);
    assert.equal(fs.statSync(files[0]).uid, fs.statSync(`${state}/digitd.db`).uid);
    // Where a link leads, nothing becomes the service's that was not.
    const aside = path.join(place, 'aside'), link = path.join(place, 'link');
    fs.mkdirSync(aside);
    fs.symlinkSync(aside, link);
    ctl(site, ['learn', 'export', link]);
    assert.deepEqual(fs.readdirSync(aside), files.map((file) => path.basename(file)));
    for (const name of fs.readdirSync(aside)) assert.equal(fs.statSync(path.join(aside, name)).uid, process.getuid());
    assert.match(ctl(site, ['learn', 'export', released], { status: 1 }).err, /digits\.safetensors: not a directory/);
    // What the network saw, not what was sent: each is a picture of the history.
    const kept = new Set(sql(site, "SELECT label || hex(picture) FROM history JOIN users ON users.id = user_id WHERE learn = 1").split('\n'));
    for (let i = 0; i < pair.n; i++) assert.ok(kept.has(pair.label(i) + Buffer.from(pair.pixels(i)).toString('hex').toUpperCase()), `picture ${i}`);
    // Somebody leaves: gone at the next.
    assert.equal((await people[1].send('DELETE', 'account', { json: { password: goodPassword } })).status, 204);
    assert.equal(found(['--json']).rows[0].accounts, PEOPLE - 2);
    assert.equal((await people[0].send('PATCH', 'account', { json: { learn: true } })).status, 200);
    assert.match(found([]).out, new RegExp(`: ${10 * (PEOPLE - 1)} digits of ${PEOPLE - 1} accounts\n$`));
  });

  await t.test('the site learns: a table, and a network that reads more of the odd hand', () => {
    const { status, stdout, stderr } = learn('--corrections', corrections, '--out', out, '--reject-examples', '16384', '--epochs', '8');
    assert.equal(status, 0, stdout + stderr);
    t.diagnostic(stdout);
    const [, held0, held1, mnist0, mnist1] = /^read right +(\d+) +(\d+) +(\d+) +(\d+)$/m.exec(stdout).map(Number);
    assert.ok(held1 > held0, `${held0} of the corrections held back before, ${held1} after`);
    assert.ok(mnist1 >= mnist0 - 10, `${mnist0} of MNIST before, ${mnist1} after`);
  });

  await t.test('the running service takes it, after a test, and a restart keeps it', async () => {
    const swapped = ctl(site, ['reload', '--weights', out, '--json']).rows[0];
    assert.deepEqual({ ...swapped, sha256: '' }, { weights: network, sha256: '', kept: true, told: true });
    assert.notEqual(swapped.sha256, before);
    await until(() => modelOf(site), swapped.sha256);
    const again = odd([0, 8], 1000);
    const answers = (await people[2].classify(again)).json.results;
    assert.deepEqual(answers.map(({ digit: d }) => d), [0, 8], JSON.stringify(answers));
    assert.match(ctl(site, ['reload', '--weights', out], { status: 1 }).err, /is this network already/);
    await stop(site);
    assert.match(ctl(site, ['reload']).out, /not running/);
    await startWith(t, env);
    assert.equal(await modelOf(site), swapped.sha256);
    assert.match(ctl(site, ['reload', '--undo']).out, /digitd was told/);
    await until(() => modelOf(site), before);
    assert.ok((await new Visitor(site.origin).send('GET', 'model')).json.card, 'with its own card');
    ctl(site, ['reload', '--undo']); // and forth again
    await until(() => modelOf(site), swapped.sha256);
    ctl(site, ['reload', '--undo']);
    await until(() => modelOf(site), before);
  });

  await t.test('what is no network, or has no place, changes nothing', async () => {
    const bytes = fs.readFileSync(network), junk = path.join(place, 'junk'), cut = path.join(place, 'cut.safetensors'), bent = path.join(place, 'bent.safetensors');
    fs.writeFileSync(junk, 'no network');
    fs.writeFileSync(cut, bytes.subarray(0, bytes.length / 2));
    const flipped = Buffer.from(bytes);
    flipped[bytes.length - 5] ^= 64;
    fs.writeFileSync(bent, flipped);
    const refuses = (args, status, line, more = {}) => {
      const { out: said, err } = ctl(site, ['reload', ...args], { status, ...more });
      assert.equal(said, '');
      assert.match(err, line);
      assert.equal(err.trim().split('\n').length, 1, err);
    };
    refuses(['--weights', junk], 1, /junk: /);
    refuses(['--weights', cut], 1, /cut\.safetensors: /);
    refuses(['--weights', bent], 1, /bent\.safetensors: .*sha256/i);
    refuses(['--weights', place], 1, /not a regular file/);
    refuses(['--weights', path.join(place, 'nowhere')], 3, /nowhere: No such file/);
    refuses(['--weights', out, '--undo'], 2, /cannot be used together/);
    refuses(['--weights'], 2, /needs a value/);
    refuses(['out'], 2, /takes no arguments/);
    refuses(['--weights', out], 1, /set weights = .*network\.safetensors/, { env: { DIGITD_WEIGHTS: released } });
    refuses(['--undo'], 3, /no earlier network/, { env: { DIGITD_WEIGHTS: path.join(state, 'other.safetensors') } });
    assert.deepEqual(fs.readFileSync(network), bytes);
    assert.equal(await modelOf(site), before);
    assert.deepEqual(fs.readdirSync(state).filter((name) => /network/.test(name)).sort(),
      ['network.before.safetensors', 'network.card.json', 'network.safetensors'], 'nothing half-written is left');
  });

  await t.test('what links point to is not passed on, unless it is a network or its card', () => {
    // Root copies these for the service's user, who could have placed the links and could not read what they point to.
    const there = path.join(place, 'links'), file = path.join(there, 'network.safetensors'), given = path.join(there, 'given.safetensors');
    const secret = path.join(place, 'secret.json'), env = { DIGITD_RUN_DIR: path.join(there, 'run'), DIGITD_DATABASE: path.join(there, 'digitd.db'), DIGITD_WEIGHTS: file };
    fs.mkdirSync(there);
    fs.writeFileSync(secret, '{"password":"a secret"}');
    fs.copyFileSync(released, given);
    fs.symlinkSync(secret, path.join(there, 'given.card.json'));
    fs.symlinkSync(secret, file);
    fs.symlinkSync(secret, path.join(there, 'network.card.json'));
    assert.equal(ctl(site, ['reload', '--weights', given, '--json'], { env }).rows[0].kept, false);
    assert.deepEqual(fs.readFileSync(file), fs.readFileSync(released));
    assert.deepEqual(fs.readdirSync(there).sort(), ['given.card.json', 'given.safetensors', 'network.safetensors']);
    fs.symlinkSync(secret, path.join(there, 'network.card.json'));
    assert.equal(ctl(site, ['reload', '--weights', out, '--json'], { env }).rows[0].kept, true);
    assert.deepEqual(fs.readdirSync(there).sort(), ['given.card.json', 'given.safetensors', 'network.before.safetensors', 'network.safetensors']);
    assert.equal(fs.readFileSync(secret, 'utf8'), '{"password":"a secret"}');
  });

  await t.test('on a new machine, before there is a database, the network is the service\'s to read', () => {
    const there = path.join(place, 'new'), file = path.join(there, 'network.safetensors');
    fs.mkdirSync(there);
    const service = process.getuid() === 0 ? 65534 : process.getuid(); // only root can give files away
    fs.chownSync(there, service, fs.statSync(there).gid);
    ctl(site, ['reload', '--weights', released], { env: { DIGITD_RUN_DIR: path.join(there, 'run'), DIGITD_DATABASE: path.join(there, 'digitd.db'), DIGITD_WEIGHTS: file } });
    for (const name of [file, path.join(there, 'network.card.json')]) assert.equal(fs.statSync(name).uid, service);
  });

  await t.test('too few accounts: the sentence says how many are needed, and an earlier export is gone', async () => {
    sql(site, 'UPDATE users SET learn = 0 WHERE id > 20');
    const { err } = found([], { status: 3 });
    assert.match(err, /nothing to learn from: 19 accounts .* at least 20 must/);
    assert.deepEqual(fs.readdirSync(corrections), []);
    const { status, stderr } = learn('--corrections', corrections, '--out', path.join(place, 'none.safetensors'));
    assert.equal(status, 3, stderr);
    assert.match(stderr, /^digit learn: .*no corrections.*digitctl learn export/m);
  });
});
