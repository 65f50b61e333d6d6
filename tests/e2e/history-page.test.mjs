// #history in a real browser: what was read is there, endlessly; corrections, filters, deletion, export; by mouse and by keyboard; and
// what goes wrong on the way.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { inspect, launch } from './browser.mjs';
import { picture, root } from './lib.mjs';
import { end, enter, focus, says, shown, text } from './visit.mjs';

const browser = await launch();
test.after(() => browser.close());
const sample = (digit) => fs.readFileSync(path.join(root, `html/samples/${digit}.png`));
const cards = (page) => page.locator('#history-list > li');

// A visitor on the page, and the same account over HTTP, which keeps the pictures given (names of files to bytes).
async function visitorWith(pictures, options) {
  const visit = await enter(browser, options);
  const { program } = visit;
  for (let i = 0; i < pictures.length; i += 60) {
    const reply = await program.classify(pictures.slice(i, i + 60), '?save=1');
    assert.equal(reply.status, 200, reply.text);
  }
  return visit;
}
const digits = (...list) => list.map((digit) => ({ filename: `${digit}.png`, bytes: sample(digit) }));
async function toHistory(page) {
  await page.click('nav a[href="#history"]');
  await shown(page, '#history-parts');
}

// Breaks when the Read screen keeps nothing, keeps a picture once more because it was looked at again, or each line of a drawing.
test('what is read is kept: files once, a drawing when it is done', async () => {
  const visit = await visitorWith([]);
  const { page, program } = visit;
  await toHistory(page);
  await says(page, '#history-none', /Nothing here yet/);
  assert.equal(await page.locator('#history-export').isVisible(), false);
  assert.equal(await page.locator('#history-end').isVisible(), false);
  assert.equal(await page.locator('#history-filters').isVisible(), false);
  await inspect(visit, 'history-empty');
  await page.click('nav a[href="#read"]');
  await page.setInputFiles('#files', path.join(root, 'html/samples/7.png'));
  await says(page, '#answer-word', /seven/);
  await page.click('#how summary');
  await page.selectOption('#wish-center', 'box');
  await page.waitForFunction(() => document.querySelectorAll('#how-steps > li').length > 1);
  const box = await page.locator('#pad').boundingBox();
  for (const x of [0.4, 0.6]) {
    await page.mouse.move(box.x + box.width * x, box.y + box.height * 0.2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.8, { steps: 5 });
    await page.mouse.up();
  }
  let kept;
  for (let i = 0; i < 300; i++) {
    ({ json: { history: kept } } = await program.send('GET', 'history'));
    if (kept.length > 1) break;
    await new Promise((done) => setTimeout(done, 200));
  }
  assert.deepEqual(kept.map(({ name }) => name.endsWith('7.png')), [false, true]);
  await toHistory(page);
  assert.equal(await cards(page).count(), 2);
  await end(visit);
});

test('correct, filter, take back, delete one', async () => {
  const visit = await visitorWith(digits(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  const { page, program } = visit;
  await toHistory(page);
  assert.equal(await focus(page), 'history-title');
  assert.equal(await cards(page).count(), 10);
  assert.match(await text(page, '#history-list > li'), /9.*99\.\d%.*9\.png/s);
  assert.equal(await page.locator('#history-right').isVisible(), false);
  // The canvas shows the picture: light ink on black.
  const ink = await page.$eval('#history-list canvas', (canvas) => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data].filter((v, i) => i % 4 === 0 && v > 128).length);
  assert.ok(ink > 20 && ink < 300, `${ink} pixels of ink`);

  const nine = cards(page).nth(0);
  await nine.locator('[data-digit="4"]').click();
  await says(page, '#history-said', /Saved: it is a four\./);
  assert.equal(await nine.locator('[data-digit="4"]').getAttribute('aria-pressed'), 'true');
  assert.equal(await text(page, '#history-right'), 'Right so far: 0 of 1 checked (0.0%); 10 saved');
  await inspect(visit, 'history');
  await page.selectOption('#history-kind', 'checked');
  await page.waitForFunction(() => document.querySelectorAll('#history-list > li').length === 1);
  const [asked] = await Promise.all([page.waitForRequest(/history\/export/), page.waitForEvent('download'), page.click('[data-format="idx"]')]);
  assert.ok(asked.url().endsWith('history/export?format=idx&checked=1'), asked.url());
  await page.selectOption('#history-digit', '9'); // it is a four now
  await says(page, '#history-none', /Nothing matches/);
  await page.selectOption('#history-digit', '4');
  await page.waitForFunction(() => document.querySelectorAll('#history-list > li').length === 1);
  await page.selectOption('#history-kind', 'unsure');
  await says(page, '#history-none', /Nothing matches/);
  await page.selectOption('#history-kind', '');
  await page.selectOption('#history-digit', '');
  await page.waitForFunction(() => document.querySelectorAll('#history-list > li').length === 10);
  await nine.locator('[data-digit="4"]').click(); // once more takes it back
  await says(page, '#history-said', /Removed: this answer is not checked/);
  assert.equal(await page.locator('#history-right').isVisible(), false);

  // By keyboard alone: the focus goes on to the next card.
  await nine.locator('.kept-remove').focus();
  await page.keyboard.press('Enter');
  await says(page, '#history-said', /Deleted/);
  assert.equal(await cards(page).count(), 9);
  assert.equal(await page.evaluate(() => document.activeElement === document.querySelector('#history-list .kept-remove')), true);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'check-right');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.digit), '0');
  await page.keyboard.press('Space');
  await says(page, '#history-said', /Saved: it is a zero\./);
  const { json } = await program.send('GET', 'history');
  assert.deepEqual(json.counts, { kept: 9, checked: 1, corrected: 1, right: 0 });
  assert.equal(json.history[0].label, 0);
  await end(visit);
});

test('endless, on a phone; delete everything asks first', async () => {
  const visit = await visitorWith(Array.from({ length: 120 }, (_, i) => ({ filename: `${i}.png`, bytes: picture('digit-7.png') })),
    { viewport: { width: 390, height: 844 }, hasTouch: true });
  const { page, program } = visit;
  await toHistory(page);
  await page.waitForFunction(() => document.querySelectorAll('#history-list > li').length >= 50);
  for (let i = 0; i < 400 && await cards(page).count() < 120; i++) {
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await page.waitForTimeout(100);
  }
  const names = await page.locator('.kept-name').allTextContents();
  assert.deepEqual(names, Array.from({ length: 120 }, (_, i) => `${119 - i}.png`));
  assert.equal(await page.locator('#history-more').isVisible(), false);

  await page.click('#history-clear');
  assert.equal(await focus(page), 'history-keep');
  assert.equal(await text(page, '#history-sure-text'), 'Delete all 120 saved digits? This cannot be undone.');
  await page.click('#history-keep');
  assert.equal(await focus(page), 'history-clear');
  assert.equal((await program.send('GET', 'history')).json.counts.kept, 120);
  await page.click('#history-clear');
  await page.click('#history-sure');
  await says(page, '#history-none', /Nothing here yet/);
  assert.equal((await program.send('GET', 'history')).json.counts.kept, 0);
  await end(visit);
});

test('downloads: what is shown, as CSV, JSON and IDX', async () => {
  const visit = await visitorWith(digits(3, 7));
  const { page } = visit;
  await toHistory(page);
  await page.selectOption('#history-digit', '7');
  await page.waitForFunction(() => document.querySelectorAll('#history-list > li').length === 1);
  for (const [format, name, start] of [['csv', 'digitd-history.csv', 'id,created_at'], ['json', 'digitd-history.json', '{"exported_at"'], ['idx', 'digitd-history-idx.tar', 'train-images-idx3-ubyte']]) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(`[data-format="${format}"]`)]);
    assert.equal(download.suggestedFilename(), name);
    const bytes = fs.readFileSync(await download.path());
    assert.ok(bytes.toString('latin1').startsWith(start));
    if (format === 'csv') assert.equal(bytes.toString().split('\r\n').length, 3);
  }
  await end(visit);
});

test('another browser deleted it, the server cannot be reached, the session has ended: each is told', async () => {
  const visit = await visitorWith(digits(1, 2, 3));
  const { page, program, seen } = visit;
  await toHistory(page);
  const ids = (await program.send('GET', 'history')).json.history.map(({ id }) => id);
  await program.send('DELETE', `history/${ids[0]}`);
  await cards(page).nth(0).locator('[data-digit="5"]').click();
  await says(page, '#history-list .kept-said', /not in your history/);
  await cards(page).nth(0).locator('.kept-remove').click(); // gone is gone
  await says(page, '#history-said', /Deleted/);
  assert.equal(await cards(page).count(), 2);

  seen.allow = /net::ERR_/;
  await page.route('**/history*', (route) => route.abort());
  await page.selectOption('#history-digit', '2');
  await says(page, '#history-note', /cannot be reached/);
  await page.unroute('**/history*');
  await page.click('#history-again');
  await page.waitForFunction(() => document.querySelector('#history-note').hidden);

  await program.send('DELETE', 'account/sessions');
  await cards(page).nth(0).locator('[data-digit="5"]').click();
  await shown(page, '#login');
  assert.equal(new URL(page.url()).hash, '#login');
  await end(visit);
});

// Breaks when an answer of the history does not say what it was unsure about, or one from before that was kept says anything but unsure.
test('what an answer was unsure about', async () => {
  const visit = await visitorWith(digits(0, 1, 2, 3));
  const { page } = visit;
  const because = [null, 'confidence', 'unfamiliar', 'both'];
  await page.route(/history\?/, async (route) => {
    const reply = await route.fetch();
    const body = await reply.json();
    body.history.forEach((answer, i) => Object.assign(answer, { status: 'unsure', unsure_because: because[i], digit: 7, confidence: 0.56,
      probabilities: [0, 0.4, 0, 0, 0, 0, 0, 0.56, 0, 0.04] }));
    await route.fulfill({ response: reply, json: body });
  });
  await toHistory(page);
  assert.deepEqual(await page.locator('.kept-unsure').allTextContents(), ['unsure', 'unsure, or 1 (40.0%)',
    'unsure: unlike the digits it was trained on', 'unsure, or 1 (40.0%); unlike the digits it was trained on']);
  await inspect(visit, 'history-unsure');
  await end(visit);
});
