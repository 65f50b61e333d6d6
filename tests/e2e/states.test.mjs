// Honest states in a real browser: a slow line, a worker that dies under an upload, a drawing whose session has ended, and a history
// that cannot be written. Each ends in an answer or a sentence. (Offline, a busy server, too large: page.test.mjs.)
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { inspect, launch, newPage } from './browser.mjs';
import { base, goodPassword, greyPng, newEmail, picture } from './lib.mjs';
import { processes, start } from './site.mjs';
import { end, fill, says, shown } from './visit.mjs';

const browser = await launch();
test.after(() => browser.close());

async function signUp({ page }, origin = base) {
  const email = newEmail();
  await page.goto(`${origin}#signup`);
  await shown(page, '#signup');
  await fill(page, 'signup', { email, password: goodPassword });
  await shown(page, '#screen-read');
  return email;
}
const give = (page, name = 'digit-7.png') => page.setInputFiles('#files', [{ name, mimeType: 'image/png', buffer: picture('digit-7.png') }]);
async function drawSeven(page) {
  const { x, y, width, height } = await page.locator('#pad').boundingBox();
  const to = (u, v, more) => page.mouse.move(x + u * width, y + v * height, more);
  await to(0.3, 0.2);
  await page.mouse.down();
  await to(0.7, 0.2, { steps: 12 });
  await to(0.45, 0.85, { steps: 12 });
  await page.mouse.up();
}

// Breaks when a slow line leaves an empty page, or an upload over it is given up or stands as if nothing went on.
test('on a slow line the page says what it does, moves nothing, and ends in an answer', { timeout: 600000 }, async () => {
  const visit = await newPage(browser);
  const { page, context } = visit;
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 150, downloadThroughput: 50 * 1024, uploadThroughput: 20 * 1024 });
  await page.goto(base.href, { waitUntil: 'commit' });
  await says(page, '#wait-text', /^Connecting…$/);
  await shown(page, '#login');
  assert.ok(await page.evaluate(() => window.witness.shift) < 0.01, 'the layout shifts');
  await signUp(visit);
  await page.setInputFiles('#files', [{ name: 'slow.jpg', mimeType: 'image/jpeg', buffer: picture('digit-3-photo.jpg') }]);
  await says(page, '.verdict', /Reading/);
  await page.waitForSelector('#answer[data-digit="3"]');
  await end(visit);
});

// Breaks when a worker's death under an upload loses the picture, or leaves "Reading" standing.
test('workers killed under an upload: the page says that it tries again, and the picture is answered', { timeout: 600000 }, async (t) => {
  const site = await start(t);
  const visit = await newPage(browser, { origin: site.origin });
  visit.seen.allow = /status of 503/;
  const { page } = visit;
  await signUp(visit, site.origin);
  const table = execFileSync('ps', ['-eo', 'pid=,ppid=,comm='], { encoding: 'utf8' }).split('\n').map((line) => line.trim().split(/\s+/));
  const mine = new Set(processes(site).map(String));
  const digitd = table.filter(([pid, , comm]) => mine.has(pid) && comm === 'digitd');
  const master = digitd.find(([, parent]) => !digitd.some(([pid]) => pid === parent))[0];
  const workers = digitd.filter(([, parent]) => parent === master).map(([pid]) => Number(pid));
  const decoders = digitd.filter(([, parent]) => workers.includes(Number(parent))).map(([pid]) => Number(pid));
  assert.ok(workers.length >= 3 && decoders.length >= 2, 'no workers found');
  for (const pid of decoders) process.kill(pid, 'SIGSTOP'); // so that the picture is with its worker when that dies
  await give(page, 'killed.png');
  await says(page, '.verdict', /Reading/);
  await page.waitForTimeout(500);
  for (const pid of workers) process.kill(pid, 'SIGKILL');
  await says(page, '.verdict', /The server is busy\. Trying again in \d+ seconds?\./);
  await inspect(visit, 'read-busy');
  await page.waitForSelector('#answer[data-digit="7"]');
  await end(visit);
});

// Breaks when an ended session loses a drawing, or the drawing is answered without its lines on the pad.
test('a drawing outlives its session', { timeout: 600000 }, async () => {
  const visit = await newPage(browser);
  const { page, context } = visit;
  const email = await signUp(visit);
  await context.clearCookies({ name: /session/ });
  await drawSeven(page);
  await shown(page, '#login');
  await says(page, '#door-note', /session has ended.*picture will be read/);
  await fill(page, 'login', { email, password: goodPassword });
  await page.waitForSelector('#answer[data-digit="7"]');
  assert.equal(await page.isVisible('#pad-hint'), false, 'the pad is empty');
  await end(visit);
});

// Breaks when each stroke becomes a row of the history, a finished drawing none, or an uploaded picture none.
test('the history gets a picture at once, and a drawing when it has come to rest', { timeout: 600000 }, async () => {
  const visit = await newPage(browser);
  const { page } = visit;
  await signUp(visit);
  const kept = [];
  page.on('request', (request) => { if (/\/read\?/.test(request.url())) kept.push(/save=1/.test(request.url())); });
  const rows = () => page.evaluate(() => fetch('history').then((reply) => reply.json()).then((body) => Object.values(body).find(Array.isArray).length));
  await give(page);
  await page.waitForSelector('#answer[data-digit="7"]');
  assert.equal(await rows(), 1);
  await drawSeven(page);
  await drawSeven(page);
  await page.waitForFunction(() => /drawing/.test(document.querySelector('#steps').textContent));
  assert.equal(await rows(), 1);
  const request = await page.waitForRequest(/save=1/);
  await (await request.response()).finished();
  assert.equal(await rows(), 2);
  assert.deepEqual([kept[0], kept.at(-1), kept.filter(Boolean).length], [true, true, 2]);

  await page.route(/save=1/, async (route) => {
    const reply = await route.fetch();
    const body = { ...await reply.json(), not_saved: { type: 'problems/unavailable', title: 'The server cannot answer right now.', status: 503, detail: 'The disk is full.' } };
    await route.fulfill({ response: reply, json: body });
  });
  await give(page, 'unkept.png');
  await says(page, '#read-note p', /could not be saved to your history\..*disk is full/);
  await page.waitForSelector('#answer[data-digit="7"]');
  await end(visit);
});

// Breaks when a picture without a digit is called a failure, or doubt is hidden or given another reason, or nothing is said of what to try.
test('no digit, and not sure, in plain words with what to try', { timeout: 600000 }, async () => {
  const visit = await newPage(browser);
  const { page } = visit;
  await signUp(visit);
  await page.setInputFiles('#files', [{ name: 'blank.png', mimeType: 'image/png', buffer: greyPng(64, 64, Buffer.alloc(64 * 64, 255)) }]);
  await says(page, '.verdict', /It looks like\s*a blank picture\s*Nothing stands out from the paper\. Use darker ink/);
  assert.equal(await page.textContent('#bars tr:first-child .value'), '–');
  await inspect(visit, 'read-no-digit');
  const doubts = [
    ['confidence', [0.48, 0.01, 0.01, 0.01, 0.01, 0.01, 0.41, 0.02, 0.02, 0.02], /Unsure, it may be\s*a zero or a six\s*0: 48\.0%, 6: 41\.0%\. A larger, darker digit helps\./],
    ['unfamiliar', [0.997, 0, 0.003, 0, 0, 0, 0, 0, 0, 0], /Unsure, it may be\s*a zero\s*99\.7% if it is a digit, but it is unlike the digits the network was trained on\./],
    ['both', [0.48, 0.01, 0.01, 0.01, 0.01, 0.01, 0.41, 0.02, 0.02, 0.02], /a zero or a six\s*0: 48\.0%, 6: 41\.0%, and it is unlike the digits the network was trained on\./],
  ];
  for (const [because, probabilities, pattern] of doubts) {
    await page.unroute(/\/read\?/);
    await page.route(/\/read\?/, async (route) => {
      const reply = await route.fetch();
      const body = await reply.json();
      const [result] = body.results, [row] = result.rows;
      Object.assign(result, { status: 'unsure', unsure_because: because });
      Object.assign(row.digits[0], { digit: 0, confidence: probabilities[0], unsure: true, probabilities });
      await route.fulfill({ response: reply, json: body });
    });
    await give(page);
    await says(page, '.verdict', pattern);
    assert.equal(await page.textContent('#bars .best .value'), because === 'unfamiliar' ? '99.7%' : '48.0%');
    await inspect(visit, `read-unsure-${because}`);
  }
  await end(visit);
});
