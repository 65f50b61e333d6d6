// What holds for the look of every screen: light from the server (gzip, ETag), steady, and there for those who see otherwise.
import assert from 'node:assert/strict';
import test from 'node:test';
import { end, fill, shown } from './visit.mjs';
import { assertAccessible, launch, newPage, shoot } from './browser.mjs';
import { base, goodPassword, newEmail, picture } from './lib.mjs';

const browser = await launch();
test.after(() => browser.close());

async function signUp(options) {
  const visit = await newPage(browser, options);
  await visit.page.goto(`${base}#signup`);
  await shown(visit.page, '#signup');
  await fill(visit.page, 'signup', { email: newEmail(), password: goodPassword });
  await shown(visit.page, '#screen-read');
  return visit;
}

// Breaks when text travels unpacked, a reply that depends on a secret is packed, or a changed file is not seen at once.
test('static text is packed and carries an ETag; answers of the worker are not packed', async () => {
  const ask = async (where, headers = {}) => {
    const reply = await fetch(new URL(where, base), { headers: { 'Accept-Encoding': 'gzip', ...headers } });
    await reply.arrayBuffer();
    return reply;
  };
  for (const where of ['', 'js/app.js', 'css/digitd.css', 'i18n/de.json', 'openapi.json']) {
    const reply = await ask(where);
    assert.equal(reply.headers.get('content-encoding'), 'gzip', where);
    assert.equal(reply.headers.get('cache-control'), 'no-cache', where);
    assert.equal((await ask(where, { 'If-None-Match': reply.headers.get('etag') })).status, 304, where);
  }
  for (const where of ['model', 'site', 'samples/7.png']) assert.equal((await ask(where)).headers.get('content-encoding'), null, where);
});

// Breaks when the page of a visitor who comes back moves under the eyes while it finds out who is here.
test('a visitor who comes back sees the main screen, and nothing moves', async () => {
  const visit = await signUp();
  const storageState = await visit.context.storageState();
  for (const hash of ['read', 'account']) {
    const cold = await newPage(browser, { storageState });
    await cold.page.goto(`${base}#${hash}`);
    await shown(cold.page, `#screen-${hash}`);
    await cold.page.waitForLoadState('networkidle');
    console.log(`# #${hash}, nothing cached: ${cold.seen.bytes} bytes`);
    assert.ok(cold.seen.bytes < 90 * 1024, `${hash}: ${cold.seen.bytes} bytes`);
    const shift = await cold.page.evaluate(() => window.witness.shift);
    assert.ok(shift < 0.01, `${hash} shifts by ${shift}`);
    await end(cold);
  }
  await end(visit);
});

// Breaks when colours of the visitor's own hide a state, or more contrast is asked for and not given.
test('forced colours and more contrast: every state can still be told', { timeout: 600000 }, async () => {
  const visit = await signUp();
  const { page } = visit;
  const file = (name) => ({ name, mimeType: 'image/png', buffer: picture(name) });
  await page.setInputFiles('#files', [file('digit-7.png'), file('text.png')]);
  await page.waitForSelector('#answer[data-digit="7"]');
  const look = (selector) => page.evaluate((at) => {
    const { outlineStyle, textDecorationLine, borderTopColor, color } = getComputedStyle(document.querySelector(at));
    return { outlineStyle, textDecorationLine, borderTopColor, color };
  }, selector);
  const soft = (await look('.hint')).color;
  await page.emulateMedia({ forcedColors: 'active' });
  assert.equal((await look('.size:has(:checked)')).outlineStyle, 'solid');
  assert.equal((await look('.pick[aria-pressed="true"]')).outlineStyle, 'solid');
  assert.equal((await look('nav a[aria-current="page"]')).textDecorationLine, 'underline');
  await shoot(visit, 'read-forced-colors');
  await page.emulateMedia({ forcedColors: 'none', contrast: 'more' });
  assert.notEqual((await look('.hint')).color, soft);
  await assertAccessible(page, 'more contrast');
  await shoot(visit, 'read-more-contrast');
  await end(visit);
});
