// Another language is chosen: what was typed, told and pointed at stays (R127).
import assert from 'node:assert/strict';
import test from 'node:test';
import { launch, newPage } from './browser.mjs';
import { base, goodPassword } from './lib.mjs';
import { end, enter, fill, focus, says, shown, toAccount } from './visit.mjs';

const browser = await launch();
test.after(() => browser.close());
const choose = (page, language) => page.focus('#language').then(() => page.selectOption('#language', language));

test('R127: the door: typed password, shown or not, errors, focus', { timeout: 200000 }, async () => {
  const visit = await newPage(browser);
  const { page } = visit;
  await page.goto(`${base}#login`);
  await shown(page, '#login');
  await fill(page, 'login', { email: 'nobody', password: goodPassword });
  await says(page, '#login-email-error', /address/);
  await page.click('[data-reveal="login-password"]');
  await choose(page, 'de');
  await says(page, '#login-email-error', /Adresse/);
  assert.equal(await page.inputValue('#login-password'), goodPassword);
  assert.equal(await page.getAttribute('#login-password', 'type'), 'text');
  assert.match(await page.textContent('[data-reveal="login-password"]'), /Verbergen/);
  assert.equal(await focus(page), 'language');
  assert.equal(await page.title(), 'Anmelden – digitd');
  await fill(page, 'login', { email: 'nobody@example.org', password: goodPassword });
  await says(page, '#login [data-error="form"]', /Adresse/);
  await choose(page, 'en');
  await says(page, '#login [data-error="form"]', /address or the password/);
  assert.equal(await focus(page), 'language');
  await page.click('#login a[href="#forgot"]');
  await shown(page, '#told');
  await choose(page, 'de');
  await says(page, '#told-title', /Passwort/);
  assert.equal(await focus(page), 'language');
  await end(visit);
});

test('R127: the account: typed passwords and the focus stay; "Changed." goes before the next try', { timeout: 200000 }, async () => {
  const visit = await enter(browser);
  const { page } = visit;
  await toAccount(visit);
  await page.fill('#change-current', 'typed');
  await choose(page, 'de');
  await says(page, '#account-title', /Konto/);
  assert.equal(await page.inputValue('#change-current'), 'typed');
  assert.equal(await focus(page), 'language');
  await choose(page, 'en');
  await fill(page, 'change', { current: goodPassword, new: 'a loud orange mountain' });
  await says(page, '#change-done', /./);
  await fill(page, 'change', { current: 'wrong', new: 'another loud mountain' });
  await says(page, '#change-current-error', /wrong/);
  assert.equal(await page.textContent('#change-done'), '');
  await page.click('#logout');
  await says(page, '#door-note', /logged out/);
  await choose(page, 'de');
  await says(page, '#door-note', /abgemeldet/);
  await end(visit);
});
