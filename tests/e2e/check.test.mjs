// What a visitor says of an answer, on the Read screen: right, another digit, no digit; by mouse, finger and keyboard; kept in the
// history once, whatever was kept before; and what is said when it cannot be kept.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect, launch } from './browser.mjs';
import { greyPng, root } from './lib.mjs';
import { end, enter as visitorEnter, says, shown, text } from './visit.mjs';

const browser = await launch();
test.after(() => browser.close());

async function enter(options) {
  const visit = await visitorEnter(browser, options);
  return { ...visit, kept: async () => (await visit.program.send('GET', 'history')).json };
}
const sample = (digit) => ({ name: `${digit}.png`, mimeType: 'image/png', buffer: fs.readFileSync(path.join(root, `html/samples/${digit}.png`)) });
const give = (page, ...digits) => page.setInputFiles('#files', digits.map(sample));
const buttons = (page) => page.getByRole('group', { name: 'Is this right? If not, choose what the picture shows.' });
const button = (page, name) => buttons(page).getByRole('button', { name, exact: true });
const pressed = (page) => buttons(page).getByRole('button', { pressed: true }).allTextContents();
async function drawSeven(page) {
  const box = await page.locator('#pad').boundingBox();
  const at = (x, y) => [box.x + box.width * x, box.y + box.height * y];
  await page.mouse.move(...at(0.3, 0.2));
  await page.mouse.down();
  await page.mouse.move(...at(0.7, 0.2), { steps: 8 });
  await page.mouse.move(...at(0.45, 0.85), { steps: 8 });
  await page.mouse.up();
}

// Breaks when the buttons have no names for a screen reader, one of them keeps another label than it says, or the history differs.
test('right, another digit, no digit, taken back: by mouse, and the history has it', async () => {
  const visit = await enter();
  const { page, kept } = visit;
  assert.equal(await page.locator('#check').isVisible(), false, 'nothing to check yet');
  await give(page, 7);
  await says(page, '#answer-word', /seven/);
  assert.deepEqual(await buttons(page).getByRole('button').allTextContents(), ['Right', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'No digit']);
  assert.deepEqual(await pressed(page), []);
  assert.equal((await kept()).history[0].label, null);
  await button(page, 'Right').click();
  await says(page, '#check-said', /^Saved: right, it is a seven\.$/);
  assert.deepEqual(await pressed(page), ['Right', '7']);
  let now = await kept();
  assert.equal(now.history[0].label, 7);
  assert.deepEqual(now.counts, { kept: 1, checked: 1, corrected: 1, right: 1 });
  await inspect(visit, 'read-checked');
  await button(page, '4').click();
  await says(page, '#check-said', /^Saved: it is a four\.$/);
  assert.deepEqual(await pressed(page), ['4']);
  await button(page, 'No digit').click();
  await says(page, '#check-said', /^Saved: it is no digit\.$/);
  now = await kept();
  assert.equal(now.history[0].label, 'not_a_digit');
  assert.equal(now.counts.right, 0);

  await page.click('nav a[href="#history"]');
  await shown(page, '#history-parts');
  assert.equal(await text(page, '#history-right'), 'Right so far: 0 of 1 checked (0.0%); 1 saved');
  const card = page.locator('#history-list > li').first();
  assert.deepEqual(await card.getByRole('button', { pressed: true }).allTextContents(), ['No digit']);
  await inspect(visit, 'history-no-digit');
  await card.getByRole('button', { name: 'Right', exact: true }).click();
  await says(page, '#history-said', /^Saved: right, it is a seven\.$/);
  assert.equal(await text(page, '#history-right'), 'Right so far: 1 of 1 checked (100.0%); 1 saved');

  // The style sheet of a screen stays when that screen is left, and must not change the buttons.
  await page.click('nav a[href="#read"]');
  await shown(page, '#check-buttons');
  const layout = () => page.locator('#check-buttons').evaluate((node) => [...node.children].map((each) => [each.offsetLeft, each.offsetTop, each.offsetWidth]));
  const before = await layout();
  await page.click('nav a[href="#account"]');
  await shown(page, '#account-parts');
  await page.click('nav a[href="#read"]');
  await shown(page, '#check-buttons');
  assert.deepEqual(await layout(), before);
  await button(page, '3').click();
  await says(page, '#check-said', /it is a three/);
  await button(page, '3').click(); // once more takes it back
  await page.waitForFunction(() => document.querySelector('#check-said').textContent === '');
  assert.deepEqual(await pressed(page), []);
  assert.deepEqual((await kept()).counts, { kept: 1, checked: 0, corrected: 0, right: 0 });
  await end(visit);
});

// A checkerboard: ink, but no digit.
const SIDE = 240, board = Buffer.from(Array.from({ length: SIDE * SIDE }, (_, i) => ((i % SIDE >> 4) + (Math.floor(i / SIDE) >> 4)) % 2 ? 0 : 255));

// Breaks when a check needs a mouse, or the focus is lost by it.
test('by keyboard, and what shows no digit', async () => {
  const visit = await enter();
  const { page, kept } = visit;
  await page.setInputFiles('#files', [{ name: 'board.png', mimeType: 'image/png', buffer: greyPng(SIDE, SIDE, board) }]);
  await says(page, '#answer-word', /no digit/);
  await button(page, 'Right').focus();
  await page.keyboard.press('Enter');
  await says(page, '#check-said', /^Saved: right, it is no digit\.$/);
  assert.deepEqual(await pressed(page), ['Right', 'No digit']);
  assert.equal(await page.evaluate(() => document.activeElement.className), 'check-right');
  assert.deepEqual((await kept()).counts, { kept: 1, checked: 1, corrected: 1, right: 1 });
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await says(page, '#check-said', /^Saved: it is a zero\.$/);
  assert.equal((await kept()).history[0].label, 0);
  await end(visit);
});

// Breaks when a drawing is kept twice, once by the check and once because it rests, or the label goes to the one that is not listed.
test('a drawing that is checked at once is kept once; a further one is not checked', async () => {
  const visit = await enter();
  const { page, kept } = visit;
  await drawSeven(page);
  await says(page, '#answer-word', /\w/);
  await shown(page, '#answer[data-digit="7"]');
  await button(page, '1').click();
  await says(page, '#check-said', /it is a one/);
  await sleep(3500); // it rests
  let now = await kept();
  assert.deepEqual(now.history.map(({ label }) => label), [1]);
  await page.click('#pad-clear');
  await drawSeven(page);
  await shown(page, '#answer[data-digit="7"]');
  assert.deepEqual(await pressed(page), []);
  for (let i = 0; i < 100 && now.history.length < 2; i++) {
    await sleep(200);
    now = await kept();
  }
  assert.deepEqual(now.history.map(({ label }) => label), [null, 1]);
  await button(page, 'Right').click();
  await says(page, '#check-said', /Saved/);
  now = await kept();
  assert.deepEqual(now.history.map(({ label }) => label), [7, 1]);
  await end(visit);
});

// Breaks when the label of a picture that was read again goes to the answer before, or what is gone from the history stays unsaid.
test('read again in another way; deleted elsewhere; not kept: the label has its answer', { timeout: 300000 }, async () => {
  const visit = await enter();
  const { page, kept, program } = visit;
  await give(page, 5);
  await says(page, '#answer-word', /five/);
  await button(page, 'Right').click();
  await says(page, '#check-said', /Saved/);
  await page.click('#how summary');
  await page.selectOption('#wish-center', 'box');
  await page.waitForFunction(() => document.querySelectorAll('#check [aria-pressed="true"]').length === 0);
  assert.equal((await kept()).history.length, 1, 'it was only looked at');
  await button(page, '6').click();
  await says(page, '#check-said', /it is a six/);
  let now = await kept();
  assert.deepEqual(now.history.map(({ label }) => label), [6, 5]);

  assert.equal((await program.send('DELETE', 'history')).status, 204);
  await button(page, '8').click();
  await says(page, '#check-said', /it is an eight/);
  now = await kept();
  assert.deepEqual(now.history.map(({ label }) => label), [8]);

  assert.equal((await program.send('DELETE', 'history')).status, 204);
  await page.route(/read\?/, async (route) => {
    const reply = await route.fetch();
    const body = await reply.json();
    body.results[0].id = null;
    body.not_saved = { type: 'problems/unavailable', title: 'The server is unavailable.', detail: 'Try again later.' };
    await route.fulfill({ response: reply, json: body });
  });
  await give(page, 2);
  await says(page, '#answer-word', /two/);
  await button(page, 'Right').click();
  await says(page, '#check-said', /could not be saved to your history.*unavailable/);
  assert.equal(await page.getAttribute('#check-said', 'class'), 'done error');
  assert.deepEqual(await pressed(page), []);
  await inspect(visit, 'read-not-kept');
  await page.unroute(/read\?/);
  await button(page, 'Right').click();
  await says(page, '#check-said', /^Saved: right, it is a two\.$/);
  await program.send('DELETE', 'account/sessions');
  await button(page, '1').click();
  await shown(page, '#login');
  await end(visit);
});

// Breaks when a finger cannot, the cards of several do not tell what was said of which, or their CSV lacks it.
test('several, by finger on a phone; the CSV has what was said', async () => {
  const visit = await enter({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const { page, kept } = visit;
  await give(page, 3, 5, 1);
  await page.waitForFunction(() => document.querySelector('#many-answered').value === 1);
  await button(page, 'Right').tap();
  await says(page, '#check-said', /it is a three/);
  await page.locator('.pick').nth(1).tap();
  assert.deepEqual(await pressed(page), []);
  await button(page, 'No digit').tap();
  await says(page, '#check-said', /it is no digit/);
  const words = await page.locator('.pick .text b').allTextContents();
  assert.match(words[0], /^✓ three, 99\.\d%$/);
  assert.equal(words[1], 'no digit, not five');
  assert.match(words[2], /^one, 99\.\d%$/);
  await page.locator('.pick').nth(0).tap();
  assert.deepEqual(await pressed(page), ['Right', '3']);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#many-csv')]);
  const lines = fs.readFileSync(await download.path(), 'utf8').split('\r\n');
  assert.match(lines[1], /^3\.png,digit,3,.*,,,3$/);
  assert.match(lines[2], /^5\.png,digit,5,.*,,,not_a_digit$/);
  assert.match(lines[3], /^1\.png,digit,1,.*,,,$/);
  assert.deepEqual((await kept()).counts, { kept: 3, checked: 2, corrected: 2, right: 1 });
  for (const box of await buttons(page).getByRole('button').evaluateAll((all) => all.map((each) => each.getBoundingClientRect()))) {
    assert.ok(box.width >= 24 && box.height >= 24, 'too small for a finger'); // WCAG 2.2, 2.5.8
  }
  await inspect(visit, 'many-checked');
  await end(visit);
});
