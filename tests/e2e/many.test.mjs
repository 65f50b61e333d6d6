// Many pictures at once in a real browser: in order, request by request, with true progress; stopped, gone on with, saved as CSV; and
// pictures that are larger than the server takes.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { inspect, launch, newPage } from './browser.mjs';
import { base, goodPassword, greyPng, newEmail, picture } from './lib.mjs';
import { end, fill, says, shown } from './visit.mjs';

const browser = await launch();
test.after(() => browser.close());

async function enter() {
  const visit = await newPage(browser);
  await visit.page.goto(`${base}#signup`);
  await shown(visit.page, '#signup');
  await fill(visit.page, 'signup', { email: newEmail(), password: goodPassword });
  await shown(visit.page, '#screen-read');
  return visit;
}
const file = (name, buffer = picture('digit-7.png')) => ({ name, mimeType: 'image/png', buffer });
// A seven on grainy paper, which does not compress.
function grainySeven(width, height, grain = true) {
  const pixels = grain ? crypto.randomBytes(width * height) : Buffer.alloc(width * height);
  for (let i = 0; i < pixels.length; i++) pixels[i] = 225 + (pixels[i] & 15);
  const stroke = Math.round(height / 14);
  const bar = (x0, y0, x1, y1) => {
    for (let y = Math.round(y0); y < y1; y++) pixels.fill(20, y * width + Math.round(x0), y * width + Math.round(x1));
  };
  bar(width * 0.3, height * 0.2, width * 0.7, height * 0.2 + stroke);
  for (let y = height * 0.2; y < height * 0.8; y++) {
    const x = width * (0.7 - 0.25 * (y / height - 0.2) / 0.6);
    bar(x - stroke, y, x, y + 1);
  }
  return greyPng(width, height, pixels);
}
const slow = async ({ context, page }, bytesPerSecond) => {
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerSecond });
};

// Breaks when requests overlap or are too large, the bars do not tell what is so, the order is lost, or one bad file spoils the rest.
test('20 pictures go request by request, with bars that tell how far they are, and come back as CSV', { timeout: 600000 }, async () => {
  const visit = await enter();
  const { page } = visit;
  const grainy = grainySeven(400, 400);
  assert.ok(grainy.length > 60000);
  const files = Array.from({ length: 20 }, (_, i) => file(i === 5 ? '=1+1, "bad";=2.png' : `n${i}.png`, i === 5 ? Buffer.from('no picture') : grainy));
  await slow(visit, 600 * 1024);
  await page.setInputFiles('#files', files);
  const seen = await page.evaluate(() => new Promise((done) => {
    const seen = [], look = () => {
      seen.push(['sent', 'answered'].map((name) => document.querySelector(`#many-${name}`).value));
      if (seen.at(-1)[1] < 1) setTimeout(look, 20);
      else done(seen);
    };
    look();
  }));
  assert.ok(seen.some(([sent]) => sent > 0 && sent < 1), `uploaded: ${seen.map(([sent]) => sent)}`);
  assert.ok(seen.some(([, answered]) => answered > 0 && answered < 1), `answered: ${seen.map(([, answered]) => answered)}`);
  assert.ok(seen.every(([sent], i) => !i || sent >= seen[i - 1][0]), 'a bar went back');
  const times = await page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => /\/read\?/.test(name)).map(({ startTime, responseEnd }) => [startTime, responseEnd]));
  assert.equal(times.length, 3);
  assert.ok(times.every(([start], i) => !i || start >= times[i - 1][1]), `requests overlap: ${times}`);
  await says(page, '#many-title', /^20 pictures, 1 unreadable$/);
  assert.deepEqual(await page.locator('.pick').evaluateAll((cards) => cards.map((card) => card.dataset.digit)), files.map((_, i) => (i === 5 ? '' : '7')));
  assert.ok(await page.isDisabled('#many-stop'));

  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#many-csv')]);
  const lines = fs.readFileSync(await download.path(), 'utf8').split('\r\n');
  assert.match(download.suggestedFilename(), /\.csv$/);
  assert.equal(lines[0], 'name,status,digit,confidence,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9,message,unsure_because,label');
  assert.match(lines[1], /^n0\.png,digit,7,0\.\d+(,[\d.e-]+){10},,,$/);
  assert.match(lines[6], /^"'=1\+1, ""bad"";'=2\.png",error,,,{10},.*picture/); // no formula
  assert.deepEqual([lines.length, lines[21]], [22, '']);
  await end(visit);
});

// Breaks when a long upload cannot be stopped, or what was stopped has to be chosen again.
test('stop keeps what is answered; the rest goes on when asked', { timeout: 600000 }, async () => {
  const visit = await enter();
  const { page } = visit;
  const grainy = grainySeven(400, 400);
  await slow(visit, 300 * 1024);
  await page.setInputFiles('#files', Array.from({ length: 24 }, (_, i) => file(`n${i}.png`, grainy)));
  await page.waitForFunction(() => document.querySelector('#many-answered').value > 0);
  await page.click('#many-stop');
  await says(page, '#read-note p', /^Your pictures are still here/);
  const answered = await page.locator('.pick[data-digit="7"]').count();
  assert.ok(answered >= 8 && answered < 24, `${answered} answered`);
  await page.locator('.pick').nth(23).click();
  await says(page, '.verdict', /Stopped before it was read/);
  await inspect(visit, 'many-stopped');
  await slow(visit, -1);
  await page.click('#read-note button');
  await page.waitForFunction(() => document.querySelectorAll('.pick[data-digit="7"]').length === 24);
  assert.equal(await page.isVisible('#read-note'), false);
  await end(visit);
});

// Breaks when a photo of today's phones is refused, travels whole, or is made smaller without a word.
test('over 8 MiB or 25 Mpx is made smaller in the browser, which is said; what cannot be is told', { timeout: 600000 }, async () => {
  const visit = await enter();
  const { page } = visit;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-many-'));
  const large = { heavy: grainySeven(3600, 3000), wide: grainySeven(6000, 4500, false) }; // 27 Mpx, but few bytes: the server tells
  assert.ok(large.heavy.length > 8 * 1024 * 1024 * 0.5);
  const sizes = [];
  page.on('request', (request) => { if (/\/read\?/.test(request.url())) sizes.push(request.postDataBuffer()?.length ?? 0); });
  for (const [name, bytes] of Object.entries(large)) {
    const where = path.join(folder, `${name}.png`);
    // what is behind the end of a PNG is not read by a browser, and makes the file heavy
    fs.writeFileSync(where, name === 'heavy' ? Buffer.concat([bytes, Buffer.alloc(9 * 1024 * 1024)]) : bytes);
    await page.setInputFiles('#files', where);
    await page.waitForFunction((text) => document.querySelector('#steps').textContent.includes(text) && document.querySelector('#answer').dataset.state !== 'reading', `${name}.png`);
    assert.equal(await page.getAttribute('#answer', 'data-digit'), '7', name);
    assert.match(await page.textContent('#steps'), name === 'heavy' ? /reduced in your browser from 3,600 × 3,000 px · 2048 × 1707 px/ : /from 6,000 × 4,500 px · 2048 × 1536 px/);
  }
  assert.equal(await page.evaluate(() => document.querySelector('#given').naturalWidth), 2048);
  assert.ok(sizes.every((size) => size < 8 * 1024 * 1024), `requests of ${sizes} bytes`);
  await inspect(visit, 'read-reduced');
  fs.rmSync(folder, { recursive: true });
  await end(visit);
});
