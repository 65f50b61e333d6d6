// The fold-out "How it was read" in a real browser: the steps as pictures, the two wishes, and pictures that are sent again because
// another one stopped the reader. One browser, one journey; a test needs those before it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertClean, inspect, launch, newPage } from './browser.mjs';
import { base, goodPassword, newEmail, picture } from './lib.mjs';

const browser = await launch();
test.after(() => browser.close());
const visit = await newPage(browser);
const { page } = visit;
const requests = [];
page.on('request', (request) => { if (/\/read\?/.test(request.url())) requests.push(new URL(request.url()).search); });

const file = (name, as = name) => ({ name: as, mimeType: 'image/png', buffer: picture(name) });
const shift = () => page.evaluate(() => window.witness.shift);
const answered = (name) => page.waitForFunction((text) => document.querySelector('#steps').textContent.includes(text) &&
  !['reading', 'empty'].includes(document.querySelector('#answer').dataset.state), name);
const stepsThere = (n) => page.waitForFunction((count) => document.querySelectorAll('#how-steps canvas').length === count &&
  document.querySelector('#how-steps').getAttribute('aria-busy') === 'false', n);
const said = () => page.locator('#how-steps .said').allTextContents();

async function signUp(where, address = newEmail()) {
  await where.goto(`${base}#signup`);
  await where.waitForSelector('#signup:not([hidden])');
  await where.fill('#signup-email', address);
  await where.fill('#signup-password', goodPassword);
  await where.click('#signup [type="submit"]');
  await where.waitForSelector('#screen-read:not([hidden])');
  return address;
}

// Breaks when the steps are sent for to no purpose, come in another order, or move the page.
test('the fold-out shows each step, once somebody looks', async () => {
  await signUp(page);
  assert.equal(await page.isVisible('#how summary'), false, 'there is nothing to show yet');
  await page.setInputFiles('#files', file('digit-4-turned.jpg'));
  await answered('digit-4-turned.jpg');
  assert.deepEqual(requests, ['?input=1&save=1']);
  const before = await shift();
  await page.click('#how summary');
  await stepsThere(5);
  assert.deepEqual(requests.slice(1), ['?input=1&steps=1']);
  assert.equal(await shift(), before, 'the layout shifts');
  const [grey, levelled, ink, scaled, input] = await said();
  assert.match(grey, /Rotated upright, greyscale 300 × 240 px, from brightness/);
  assert.match(levelled, /Lighting evened out/);
  assert.match(ink, /The ink.*dark on light.*\d+ × \d+ px at \d+, \d+/);
  assert.match(scaled, /Scaled.*× 20 px/);
  assert.match(input, /What the network saw.*Centred by mass/);
  const same = await page.evaluate(() => {
    const read = (canvas) => canvas.getContext('2d').getImageData(0, 0, 28, 28).data.join();
    return read(document.querySelector('#how-steps li:last-child canvas')) === read(document.querySelector('#seen'));
  });
  assert.ok(same, 'the last step is what it saw');
  await inspect(visit, 'how');
});

// Breaks when a picture that passes unchanged is said to be changed, or an open fold-out asks twice.
test('an open fold-out follows the next picture', async () => {
  requests.length = 0;
  await page.setInputFiles('#files', file('digit-7.png'));
  await answered('digit-7.png');
  await stepsThere(2);
  assert.match((await said())[1], /used unchanged/);
  assert.deepEqual(requests, ['?input=1&save=1&steps=1']);
  await page.setInputFiles('#files', file('text.png'));
  await answered('text.png');
  assert.match(await page.textContent('#how-note'), /could not be read/);
  assert.equal(await page.locator('#how-steps li').count(), 0);
  assert.equal(await page.isDisabled('#wish-invert'), true);
});

// Breaks when a wish is not sent, sticks to the next picture, loses the focus, or leaves the answer of before.
test('wishes have the picture read again, by keyboard', async () => {
  await page.setInputFiles('#files', file('digit-9-dark.png'));
  await answered('digit-9-dark.png');
  await stepsThere(5);
  requests.length = 0;
  await page.focus('#wish-invert');
  const before = await shift();
  await page.keyboard.press('ArrowDown');
  await page.waitForFunction(() => /Read as dark on light/.test(document.querySelector('#how-steps').textContent));
  assert.equal(await page.evaluate(() => document.activeElement.id), 'wish-invert');
  assert.match(await page.textContent('#steps'), /inverted to light on dark/);
  await page.selectOption('#wish-invert', 'no');
  await page.selectOption('#wish-center', 'none');
  await page.waitForFunction(() => /whole picture/.test(document.querySelector('#how-steps').textContent));
  assert.match(await page.textContent('#steps'), /without moving it/);
  assert.equal(requests.at(-1), '?input=1&steps=1&invert=no&center=none');
  assert.ok(await shift() - before < 0.01, 'the layout shifts');
  await page.setInputFiles('#files', file('digit-7.png', 'next.png'));
  await answered('next.png');
  assert.deepEqual([await page.inputValue('#wish-invert'), await page.inputValue('#wish-center')], ['auto', 'mass']);
});

// Breaks when trouble on the way is silent, or the picture has to be chosen again.
test('a wish that cannot be granted now is told, with a way on', async () => {
  const cut = (route) => route.abort('connectionreset');
  visit.seen.allow = /ERR_CONNECTION_RESET/;
  await stepsThere(2);
  await page.route(/\/read\?/, cut);
  await page.selectOption('#wish-center', 'box');
  await page.waitForSelector('#how-note button:not([hidden])');
  assert.match(await page.textContent('#how-note'), /cannot be reached/);
  assert.equal(await page.getAttribute('#answer', 'data-digit'), '7', 'the answer stands');
  await page.unroute(/\/read\?/, cut);
  await page.click('#how-note button');
  await page.waitForFunction(() => /Centred by outline/.test(document.querySelector('#how-steps').textContent));
  assert.equal(await page.isVisible('#how-note'), false);
});

// The server's part is in tests/unit/test_classify.c; here it is played. Breaks when a picture that was not read is shown as bad,
// comes out of order, or is sent for ever.
test('pictures behind one that stopped the reader are sent again, once', async () => {
  await page.click('#how summary');
  const problem = (name, status) => ({ type: `problems/${name}`, title: 'Title.', detail: 'Detail.', status, instance: '0'.repeat(32) });
  const error = (name, what) => ({ name, status: 'error', problem: what });
  let asked = [];
  const play = (always) => async (route) => {
    const names = [...route.request().postDataBuffer().toString('latin1').matchAll(/filename="([^"]+)"/g)].map(([, name]) => name);
    asked.push(names.join());
    const at = names.indexOf('bomb.png');
    if (at < 0 && !always) return route.continue();
    await route.fulfill({ json: { model: { name: 'm', sha256: '' },
      results: names.map((name, i) => error(name, i === at ? problem('damaged-picture', 422) : problem('send-again', 503))) } });
  };
  const playOnce = play(false), playAlways = play(true);
  const give = () => page.setInputFiles('#files', [file('digit-7.png', 'bomb.png'), file('digit-7.png', 'a.png'), file('digit-9-dark.png', 'b.png')]);
  await page.route(/\/read\?/, playOnce);
  await give();
  await page.waitForFunction(() => document.querySelectorAll('.pick[data-digit="7"], .pick[data-digit="9"]').length === 2);
  assert.deepEqual(await page.locator('.pick').evaluateAll((cards) => cards.map((card) => card.dataset.digit)), ['', '7', '9']);
  assert.deepEqual(asked, ['bomb.png,a.png,b.png', 'a.png,b.png']);
  assert.match(await page.textContent('#read-note'), /crashed the decoder.*2 after it were sent again/);
  await page.unroute(/\/read\?/, playOnce);

  asked = [];
  await page.route(/\/read\?/, playAlways);
  await give();
  await page.waitForSelector('#read-note button:not([hidden])');
  assert.deepEqual(asked, ['bomb.png,a.png,b.png', 'a.png,b.png']);
  assert.match(await page.textContent('#read-note'), /Your pictures are still here/);
  await page.unroute(/\/read\?/, playAlways);
  await page.click('#read-note button');
  await page.waitForFunction(() => document.querySelectorAll('.pick[data-digit="7"], .pick[data-digit="9"]').length === 2);
  await assertClean(visit);
});

// Breaks when a log-out leaves the steps of a picture behind.
test('a log-out takes the steps along', async () => {
  await page.setInputFiles('#files', file('digit-7.png', 'mine.png'));
  await answered('mine.png');
  await page.click('#how summary');
  await stepsThere(2);
  await page.click('#logout');
  await page.waitForSelector('#login:not([hidden])');
  assert.deepEqual(await page.evaluate(() => [document.querySelectorAll('#how-steps *').length, document.querySelector('#how').open]), [0, false]);
  await assertClean(visit);
});

// Breaks when the session's end takes the wish along, or the picture.
test('a session that ends in between', async () => {
  await signUp(page, undefined);
  await page.setInputFiles('#files', file('digit-9-dark.png'));
  await answered('digit-9-dark.png');
  await page.click('#how summary');
  await stepsThere(5);
  const address = await page.textContent('#who');
  await visit.context.clearCookies();
  await page.selectOption('#wish-center', 'none');
  await page.waitForSelector('#login:not([hidden])');
  await page.fill('#login-email', address);
  await page.fill('#login-password', goodPassword);
  await page.click('#login [type="submit"]');
  await page.waitForFunction(() => /whole picture/.test(document.querySelector('#how-steps').textContent));
  assert.match(await page.textContent('#steps'), /without moving it/);
  await assertClean(visit);
});
