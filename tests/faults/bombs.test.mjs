// R28, R29, R31, R32 through nginx: bombs of all kinds end in 413, 415 or 422, within 5 s and 512 MiB, while another client's requests
// go on without an error. The site is nginx and digitd as `make run` starts them, in a temporary directory.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { assertWithin, factor } from '../pace.mjs';
import { childrenOf, cpuMs } from '../procs.mjs';
import { keepTraces } from '../traces.mjs';
import { root, sleep } from './lib.mjs';
import { avif, bmp, gif, giants, golden, jpeg, png, pngSurplus, tiff, webp } from './pictures.mjs';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-bombs-')), state = path.join(dir, 'site');
let site, e2e, visitor, output = '';

before(async () => {
  const port = await new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => { const { port: free } = server.address(); server.close(() => resolve(free)); });
  });
  fs.chmodSync(dir, 0o755);
  site = spawn(path.join(root, 'conf/run'), {
    env: { ...process.env, PORT: String(port), STATE: state, LIMITS: 'off', WORKERS: '2', DIGITD_HASH_WORKERS: '1', DIGITD_PASSWORD_COST: '5' }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [site.stdout, site.stderr]) stream.on('data', (text) => { output += text; });
  site.gone = new Promise((resolve) => site.on('exit', resolve));
  for (let i = 0; i < 600 && !/^ready/m.test(output) && site.exitCode === null; i++) await sleep(100);
  assert.match(output, /^ready/m, output);
  process.env.BASE_URL = `http://localhost:${port}/`;
  e2e = await import('../e2e/lib.mjs'); // reads BASE_URL
  visitor = await e2e.Visitor.signedUp();
});
after(async () => {
  if (site?.exitCode === null) site.kill('SIGTERM');
  await site?.gone;
  keepTraces(dir);
  fs.rmSync(dir, { recursive: true, force: true });
});

// The greatest address space of a decoder so far, in MiB; they are recognised by their filter.
function peakMiB() {
  const all = [site.pid];
  for (let i = 0; i < all.length; i++) all.push(...childrenOf(all[i]));
  return Math.max(...all.map((pid) => {
    try {
      const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
      return /^Seccomp:\s+2$/m.test(status) ? Number(/^VmPeak:\s+(\d+)/m.exec(status)[1]) / 1024 : 0;
    } catch {
      return 0;
    }
  }));
}
const events = (name) => fs.readFileSync(path.join(state, 'log/digitd.log'), 'utf8').split('\n').filter((line) => line.includes(` event=${name} `)).length;

// Somebody else, who reads digits and looks at the page for as long as act takes: each of his answers must be a good one.
async function besideOthers(act) {
  const other = await e2e.Visitor.signedUp(), seen = [], seven = golden('digit-7.png');
  let running = true, worst = 0;
  const loop = (async () => {
    while (running) {
      const began = performance.now();
      const reply = await other.classify([{ bytes: seven }]);
      worst = Math.max(worst, performance.now() - began);
      seen.push(reply.status === 200 && reply.json.results[0].status !== 'error' ? 'good' : `${reply.status} ${reply.text}`);
      seen.push((await other.send('GET', 'model')).status === 200 ? 'good' : 'model');
      await sleep(20);
    }
  })();
  try {
    await act();
  } finally {
    running = false;
    await loop;
  }
  assert.deepEqual(seen.filter((each) => each !== 'good'), []);
  assert.ok(seen.length > 1);
  return worst;
}

async function timed(bytes) {
  const began = performance.now(), reply = await visitor.send('POST', 'classify', { headers: { 'Content-Type': 'image/png' }, body: bytes });
  return { reply, ms: performance.now() - began };
}

const refused = [413, 415, 422];
let starved = 0; // decoders that a busy machine left too little of the processor
const px = 5000;

// Breaks if anything is allocated, or decoded, from what a header merely says.
test('R28, R29, R31 giants of a few bytes, and one row more than 25 megapixels: 413 at once', () => besideOthers(async () => {
  const bombs = { ...giants, 'PNG': png(px, px + 1), 'BMP': bmp(px, px + 1), 'GIF': gif(px, px + 1), 'JPEG': jpeg(px, px + 1), 'WebP': webp(px, px + 1), 'TIFF': tiff(px, px + 1), 'AVIF': avif(px, px + 1) };
  for (const [what, bytes] of Object.entries(bombs)) {
    const { reply, ms } = await timed(bytes);
    e2e.assertProblem(reply, 413, 'picture-too-large');
    assertWithin(ms, 1000, what);
  }
}));

// Breaks if the limit is off by one, a format does not fit into its memory at that size, or takes the 5 s that a decoder has.
test('R31 25 megapixels of each format are read, within 5 s and 512 MiB', () => besideOthers(async () => {
  for (const [what, bytes] of Object.entries({ png: png(px, px), bmp: bmp(px, px), gif: gif(px, px), jpeg: jpeg(px, px), 'progressive jpeg': jpeg(px, px, 4), webp: webp(px, px), tiff: tiff(px, px), 'tiff of 16 bits in one strip': tiff(px, px, 16), avif: avif(px, px) })) {
    let { reply, ms } = await timed(bytes);
    // Its 5 s are of a processor; the request's 10 s are on the clock: beside other programs they are up too soon now and then.
    for (; reply.status === 503 && /too busy/.test(reply.json.detail) && starved < 10 && factor() > 1.5; starved++) ({ reply, ms } = await timed(bytes));
    assert.equal(reply.status, 200, `${what}: ${reply.text}`);
    assert.equal(reply.json.results[0].preprocessing.width, px);
    assertWithin(ms, 5000, what);
    assert.ok(peakMiB() > 50 && peakMiB() <= 512, `${what}: ${peakMiB()} MiB`);
  }
}));

// Breaks if work that a small file asks for is not bounded: inflating behind the last row, passes over 25 megapixels.
test('R31 bombs of work: refused within a second, with the sentence that fits', () => besideOthers(async () => {
  for (const [what, bytes, status, says] of [
    ['200 MB behind the last row of a PNG', pngSurplus(200), 422, /damaged/],
    ['100 scans over 25 megapixels', jpeg(px, px, 100), 415, /more than 20 scans/],
    ['text', Buffer.from('BM is a short magic'), 415, /PNG/],
    ['a PDF', Buffer.from('%PDF-1.7 of some length'), 415, /PDF/],
    ['an animation', golden('animated.webp'), 415, /Animated/],
  ]) {
    const { reply, ms } = await timed(bytes);
    e2e.assertProblem(reply, status);
    assert.match(reply.json.detail, says, what);
    assert.doesNotMatch(reply.json.title, /too many pixels/);
    assertWithin(ms, 1000, what);
  }
}));

// Breaks if a cut picture of any format is read (but for the last bytes of a JPEG, GIF or TIFF, which no pixel needs: test_image_damage
// compares those), ends a decoder, or costs the others of its request their answers.
test('R31, R32 1,000 truncations of each format: all of them 413, 415 or 422', () => besideOthers(async () => {
  for (const name of ['digit-5-drawing.png', 'digit-4-turned.jpg', 'digit-7.gif', 'digit-7.bmp', 'digit-7.webp', 'digit-7-lossy.webp', 'digit-7.tif', 'digit-7.avif']) {
    const spare = { gif: 4, jpg: 2, tif: 4 }[name.split('.').pop()] ?? 0;
    const whole = golden(name), lengths = Array.from({ length: 1000 }, (_, i) => Math.floor(i * whole.length / 1000));
    for (let at = 0; at < lengths.length; at += 63) {
      const cuts = lengths.slice(at, at + 63).map((length) => ({ bytes: whole.subarray(0, length) }));
      const reply = await visitor.classify([...cuts, { bytes: golden('digit-7.png') }]);
      assert.equal(reply.status, 200, reply.text);
      const { results } = reply.json;
      assert.equal(results.length, cuts.length + 1);
      assert.equal(results.pop().digit, 7);
      for (const [i, result] of results.entries())
        if (whole.length - cuts[i].bytes.length > spare || result.digit !== Number(name.at(6))) assert.ok(result.status === 'error' && refused.includes(result.problem.status), `${name} cut to ${cuts[i].bytes.length}: ${JSON.stringify(result)}`);
    }
  }
}));

// Breaks if any of that took a decoder with it: they are all refused, or read, by one that lives on.
test('R31 no decoder was lost over all of them, and no worker died', () => {
  for (const name of ['sandbox_kill', 'decoder_died', 'decoder_stalled', 'decoder_late', 'decoder_nonsense', 'crash_loop', 'deadline'])
    assert.equal(events(name), name === 'decoder_late' ? starved : 0, name);
});

// Breaks if pictures that end their decoder, one after the other, throttle the service: they must cost the others nothing.
test('R31 pictures that kill their decoders, twenty of them: 422 each, and the others go on', () => besideOthers(async () => {
  const workers = () => {
    const all = [site.pid];
    for (let i = 0; i < all.length; i++) all.push(...childrenOf(all[i]));
    return all;
  };
  const closed = () => workers().filter((pid) => {
    try { return /^Seccomp:\s+2$/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8')); } catch { return false; }
  });
  const large = png(px, px);
  for (let i = 0, late = 0; i < 20; i++) {
    const before = new Map(closed().map((pid) => [pid, cpuMs(pid)])), asked = timed(large);
    let killed = false, answered = false;
    void asked.then(() => { answered = true; });
    while (!killed && !answered) { // the one that is at it: nothing else takes 100 ms of a processor
      await sleep(5);
      for (const pid of closed())
        if (before.has(pid) && cpuMs(pid) - before.get(pid) >= 100) { process.kill(pid, 'SIGSEGV'); killed = true; break; }
    }
    const { reply } = await asked;
    if (!killed) { // it was quicker
      assert.ok(++late < 20, 'none could be killed at work');
      i--;
      continue;
    }
    e2e.assertProblem(reply, 422, 'damaged-picture');
    for (let wait = 0; wait < 1000 && closed().length < 3; wait++) await sleep(10);
  }
  assert.equal(events('decoder_died'), 20);
  assert.equal(events('crash_loop'), 0);
}));
