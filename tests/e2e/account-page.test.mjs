// #account in a real browser: the password, sessions, API tokens, the export, the end, and what goes wrong on the way.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { inspect, launch, newPage } from './browser.mjs';
import { Visitor, base, exchange, goodPassword, newEmail, picture, ownAddress } from './lib.mjs';
import { end, fill, focus, press, says, shown, text, toAccount, wrong } from './visit.mjs';

const newPassword = 'a loud orange mountain';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const browser = await launch();
test.after(() => browser.close());

async function signedUp(options) {
  const visit = await newPage(browser, options);
  visit.email = newEmail();
  await visit.page.goto(`${base}#signup`);
  await shown(visit.page, '#signup');
  await fill(visit.page, 'signup', { email: visit.email, password: goodPassword });
  await shown(visit.page, '#screen-read');
  return visit;
}
// Logs in as another browser.
async function elsewhere(email, agent = FIREFOX, password = goodPassword) {
  const visitor = new Visitor();
  const reply = await visitor.send('POST', 'login', { json: { email, password }, headers: { 'User-Agent': agent } });
  assert.equal(reply.status, 200, reply.text);
  return visitor;
}
// Breaks when the account is not where the header says, tells something else than the server, or a mistake has no place.
test('#account: who, since when, and a new password', async () => {
  const visit = await signedUp();
  const { page, email } = visit;
  const other = await elsewhere(email);
  await toAccount(visit);
  assert.equal(await page.getAttribute('nav a[href="#account"]', 'aria-current'), 'page');
  assert.equal(await focus(page), 'account-title');
  assert.equal(await text(page, '#account-email'), email);
  assert.match(await text(page, '#account-since'), /^today, \d\d:\d\d$/);

  for (const form of ['change', 'delete']) { // what a password manager goes by
    assert.deepEqual(await page.evaluate((id) => [...document.querySelectorAll(`#${id} [autocomplete="username"]`)].map(({ value, hidden }) => [value, hidden]),
      form), [[email, true]]);
  }
  assert.equal(await page.getAttribute('#change-current', 'autocomplete'), 'current-password');
  assert.equal(await page.getAttribute('#change-new', 'autocomplete'), 'new-password');
  assert.equal(await page.getAttribute('#delete-password', 'autocomplete'), 'current-password');

  await wrong(page, 'change', { current: '', new: newPassword }, 'current', /Enter your current/);
  await wrong(page, 'change', { current: goodPassword, new: 'short' }, 'new', /at least 8/);
  await wrong(page, 'change', { current: goodPassword, new: goodPassword }, 'new', /current password/);
  await wrong(page, 'change', { current: goodPassword, new: email }, 'new', /address/); // the server's sentence
  await wrong(page, 'change', { current: 'not the right one', new: newPassword }, 'current', /wrong/);
  await fill(page, 'change', { current: goodPassword, new: newPassword });
  await says(page, '#change-done', /Password changed/);
  assert.equal(await page.inputValue('#change-current'), '');
  assert.equal(await page.inputValue('#change-new'), '');
  assert.equal((await other.send('GET', 'session')).status, 401);
  await page.waitForFunction(() => document.querySelectorAll('#sessions li').length === 1);
  await page.reload(); // this browser's new session
  await shown(page, '#account-parts');
  await end(visit);
});

// Breaks when the box is ticked before anybody did it, shows what the server does not have, or stays ticked for the next visitor.
test('permission to learn: off, on, kept, and not shown as given when it could not be', async () => {
  const visit = await signedUp();
  const { page } = visit;
  const allowed = async () => (await page.evaluate(() => fetch('account').then((reply) => reply.json()))).learn;
  await toAccount(visit);
  assert.match(await text(page, '#learn-what'), /28×28 picture of each digit, never what you uploaded/);
  assert.equal(await page.isChecked('#learn'), false);
  assert.equal(await allowed(), false);
  await page.getByLabel('Allow this site to learn from my digits').click();
  await says(page, '#learn-done', /^Allowed\.$/);
  assert.equal(await page.isChecked('#learn'), true);
  assert.equal(await allowed(), true);
  await page.reload();
  await shown(page, '#account-parts');
  assert.equal(await page.isChecked('#learn'), true);
  visit.seen.allow = /ERR_INTERNET_DISCONNECTED/;
  await visit.context.setOffline(true);
  await page.click('#learn');
  await says(page, '#learn-done', /offline/);
  assert.equal(await page.isChecked('#learn'), true, 'it is still allowed');
  await visit.context.setOffline(false);
  await page.click('#learn');
  await says(page, '#learn-done', /Not allowed any more/);
  assert.equal(await allowed(), false);
  await end(visit);
});

// R51 as a person meets it. Breaks when Retry-After is not told.
test('after too many wrong passwords the wait is told in seconds', async () => {
  const visit = await signedUp();
  const { page } = visit;
  await toAccount(visit);
  for (let i = 0; i < 12 && !/Wait \d+ second/.test(await text(page, '#change [data-error="form"]')); i++) {
    const answer = page.waitForResponse(/account\/password/);
    await fill(page, 'change', { current: 'not the right one', new: newPassword });
    await answer;
    await page.waitForFunction(() => !document.querySelector('#change [type="submit"]').hasAttribute('aria-disabled'));
  }
  await says(page, '#change [data-error="form"]', /Too many attempts\. Wait [1-9]\d* seconds? and try again/);
  await end(visit);
});

// Breaks when a session is missing, misnamed, the wrong one ends, or the focus is lost with the button.
test('#account: sessions are told apart, ended one by one, and all at once', async () => {
  const visit = await signedUp();
  const { page, email } = visit;
  const phone = await elsewhere(email, 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1');
  const laptop = await elsewhere(email);
  await toAccount(visit);
  await inspect(visit, 'account-sessions');
  const script = await elsewhere(email, '<img src=x onerror=alert(1)>');
  await page.reload();
  await shown(page, '#account-parts');
  const rows = () => page.locator('#sessions li').allTextContents();
  const all = await rows();
  assert.equal(all.length, 4);
  assert.equal(all.filter((row) => /This browser/.test(row)).length, 1);
  for (const device of ['Safari on iPhone', 'Firefox on Linux', '<img src=x']) assert.equal(all.filter((row) => row.includes(device)).length, 1, device);
  for (const row of all) assert.match(row, new RegExp(`from ${ownAddress}.*last seen today, \\d\\d:\\d\\d.*logged in today`));
  assert.equal(await page.locator('#sessions li', { hasText: 'This browser' }).locator('button').count(), 0);

  await page.locator('#sessions li', { hasText: 'iPhone' }).locator('button').click();
  await says(page, '#sessions-done', /Session ended: Safari on iPhone/);
  assert.equal(await focus(page), 'sessions-title');
  assert.equal((await rows()).length, 3);
  assert.deepEqual(await Promise.all([phone, laptop].map((who) => who.send('GET', 'session').then(({ status }) => status))), [401, 200]);

  await laptop.send('POST', 'logout'); // meanwhile, there
  await page.locator('#sessions li', { hasText: 'Firefox' }).locator('button').click();
  await says(page, '#sessions-done', /has already ended/);
  assert.equal((await rows()).length, 2);

  await page.click('#leave-all');
  await shown(page, '#login');
  await says(page, '#door-note', /logged out everywhere/);
  assert.equal((await script.send('GET', 'session')).status, 401);
  assert.equal(await page.evaluate(() => document.querySelectorAll('#sessions li').length), 0);
  await end(visit);
});

// Breaks when the secret is shown twice or not at all, when it stays on a screen that was left, or when a revoked token still opens.
test('#account: an API token is made, shown once, used, and revoked', async () => {
  const visit = await signedUp();
  const { page } = visit;
  await visit.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base.origin });
  await toAccount(visit);
  await says(page, '#tokens-none', /no tokens yet/);
  await wrong(page, 'token', { name: '' }, 'name', /Give it a name/);
  await wrong(page, 'token', { name: 'é'.repeat(31) }, 'name', /too long/);
  await page.uncheck('#token [value="classify"]');
  await fill(page, 'token', { name: 'backup script' });
  await says(page, '#token-scope-error', /at least one/);
  assert.equal(await page.evaluate(() => document.activeElement.value), 'classify');
  await page.check('#token [value="classify"]');
  await page.selectOption('#token-days', '30');
  await press(page, 'token');
  await shown(page, '#secret-box');
  assert.equal(await focus(page), 'secret-title');
  const secret = await page.inputValue('#secret');
  assert.match(secret, /^dgt_[A-Za-z0-9_-]{43}$/);
  await inspect(visit, 'account-token');
  await page.click('[data-copy="secret"]');
  await says(page, '#secret-said', /Copied/);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
  await page.click('[data-copy="secret-curl"]');
  await page.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith('curl'));
  const folder = fs.mkdtempSync('/tmp/digitd-curl-');
  fs.writeFileSync(path.join(folder, 'digit.png'), picture('digit-7.png'));
  const line = await page.evaluate(() => navigator.clipboard.readText());
  const answer = execFileSync('sh', ['-c', `${line} -sS`], { cwd: folder, encoding: 'utf8' }); // as somebody would paste it
  fs.rmSync(folder, { recursive: true });
  assert.equal(JSON.parse(answer).results[0].digit, 7);

  await page.click('nav a[href="#read"]');
  await shown(page, '#screen-read');
  assert.equal(await page.evaluate(() => [...document.querySelectorAll('input, textarea')].some(({ value }) => value.includes('dgt_'))), false);
  await page.goBack();
  await shown(page, '#account-parts');
  assert.equal(await page.isVisible('#secret-box'), false);
  await page.waitForFunction(() => /backup script.*reads digits.*created today.*expires .*20\d\d.*last used today/s.test(document.querySelector('#tokens').textContent));
  assert.ok(!(await page.content()).includes(secret));

  await fill(page, 'token', { name: '<b>forever</b>', });
  await page.click('#secret-done');
  assert.equal(await focus(page), 'tokens-title');
  assert.equal(await page.inputValue('#secret'), '');
  await page.selectOption('#token-days', '');
  await page.check('#token [value="history"]');
  await fill(page, 'token', { name: 'for all time' });
  await shown(page, '#secret-box');
  await page.waitForFunction(() => document.querySelectorAll('#tokens li').length === 3);
  assert.match(await page.locator('#tokens li', { hasText: 'for all time' }).textContent(), /reads digits, uses the history.*never expires.*never used/s);
  assert.equal(await page.locator('#tokens b b').count(), 0, 'a name is text');
  await page.click('#secret-done');

  const row = page.locator('#tokens li', { hasText: 'backup script' });
  await row.getByRole('button', { name: 'Revoke the token backup script' }).click();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Keep', 'what undoes nothing has the focus');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Revoke the token backup script');
  await page.keyboard.press('Enter');
  await row.locator('.danger').click();
  await says(page, '#tokens-done', /Revoked: backup script/);
  assert.equal(await focus(page), 'tokens-title');
  assert.equal(await page.locator('#tokens li').count(), 2);
  const refused = await exchange('POST', 'classify', { headers: { Authorization: `Bearer ${secret}`, 'Content-Type': 'image/png' }, body: picture('digit-7.png') });
  assert.equal(refused.status, 401);
  await end(visit);
});

// Breaks when the file is not what the server keeps, or an account goes without its password, or does not go.
test('#account: the data are downloaded, and the account deleted', async () => {
  const visit = await signedUp();
  const { page, email } = visit;
  await toAccount(visit);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#export')]);
  assert.equal(download.suggestedFilename(), 'digitd-account.json');
  const data = JSON.parse(fs.readFileSync(await download.path(), 'utf8'));
  assert.equal(data.user.email, email);
  assert.equal(data.sessions.length, 1);
  await says(page, '#export-done', /Saved as digitd-account\.json/);

  await page.click('#delete-fold summary');
  assert.match(await text(page, '#delete'), /address and your password.*every session.*API tokens/s);
  await wrong(page, 'delete', { password: '' }, 'password', /Enter your password/);
  await wrong(page, 'delete', { password: 'not the right one' }, 'password', /wrong/);
  await inspect(visit, 'account-delete');
  await fill(page, 'delete', { password: goodPassword });
  await shown(page, '#login');
  await says(page, '#door-note', /has been deleted/);
  assert.ok(!(await page.content()).includes(email), 'nothing of it stays on the page');
  await fill(page, 'login', { email, password: goodPassword });
  await says(page, '#login [data-error="form"]', /wrong/);
  await end(visit);
});

// Breaks when an ended session leaves the screen standing, leads elsewhere after the log-in, or shows one visitor's account to another.
test('#account: an ended session, back and forward, a page that comes back, a server in trouble', async () => {
  const visit = await signedUp();
  const { page, email, context } = visit;
  await toAccount(visit);
  await context.clearCookies();
  await page.fill('#change-current', goodPassword);
  await page.click('#export');
  await shown(page, '#login');
  await says(page, '#door-note', /session has ended/);
  assert.equal(await page.inputValue('#change-current'), '');
  await fill(page, 'login', { email, password: goodPassword });
  await shown(page, '#account-parts'); // back to where the visitor was
  assert.match(page.url(), /#account$/);
  assert.match(await page.title(), /^Account/);
  await page.click('nav a[href="#model"]');
  await shown(page, '#screen-model');
  await page.goBack();
  await shown(page, '#account-parts');
  await page.goForward();
  await shown(page, '#screen-model');
  // Its lists have come: one that is still asked for would meet the log-out below, and end at the log-in screen.
  const lists = Promise.all([/account\/sessions$/, /account\/tokens$/, /\/account$/].map((path) => page.waitForResponse(path)));
  await page.goBack();
  await lists;

  const next = newEmail();
  await page.evaluate(async ([address, password]) => {
    await fetch('logout', { method: 'POST' });
    await fetch('signup', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ email: address, password }) });
    dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
  }, [next, goodPassword]);
  await page.waitForFunction((address) => document.querySelector('#account-email').textContent === address, next);
  await shown(page, '#account-parts');
  assert.ok(!(await page.content()).includes(email));

  visit.seen.allow = /status of 503|ERR_INTERNET_DISCONNECTED/;
  let refusals = 1;
  await page.route(/account\/sessions/, (route) => (refusals-- > 0
    ? route.fulfill({ status: 503, headers: { 'Retry-After': '2', 'Content-Type': 'application/problem+json' }, body: '{"status":503,"title":"t","detail":"d"}' })
    : route.continue()));
  await page.click('nav a[href="#read"]');
  await page.click('nav a[href="#account"]');
  await says(page, '#account-note', /busy.*Trying again in \d second/);
  await page.waitForFunction(() => document.querySelector('#account-note').hidden);
  await page.unroute(/account\/sessions/);
  await context.setOffline(true);
  await page.click('nav a[href="#read"]');
  await page.click('nav a[href="#account"]');
  await says(page, '#account-note', /offline/);
  await inspect(visit, 'account-offline');
  await page.click('#leave-all');
  await says(page, '#sessions-done', /offline/);
  await context.setOffline(false);
  await page.click('#account-note button');
  await page.waitForFunction(() => document.querySelector('#account-note').hidden);
  await end(visit);
});

// Breaks when a part of the account needs a mouse, or a finger cannot meet it.
test('#account by keyboard alone, and on a phone', async () => {
  const visit = await signedUp({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: 'dark' });
  const { page } = visit;
  await page.tap('nav a[href="#account"]');
  await shown(page, '#account-parts');
  const ring = () => page.evaluate(() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  });
  async function tabTo(wanted) {
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab');
      if (!await page.evaluate((selector) => document.activeElement.matches(selector), wanted)) continue;
      assert.ok(await ring(), `the focus on ${wanted} cannot be seen`);
      return;
    }
    assert.fail(`no way to ${wanted} by Tab`);
  }
  for (const stop of ['#change-current', '#change-new', '#change [type="submit"]', '#leave-all']) await tabTo(stop);
  await tabTo('#token-name');
  await page.keyboard.type('by hand');
  await tabTo('#token [value="history"]');
  await page.keyboard.press('Space');
  await tabTo('#token-days');
  await tabTo('#token [type="submit"]');
  await page.keyboard.press('Enter');
  await shown(page, '#secret-box');
  await tabTo('[data-copy="secret"]');
  await tabTo('#secret-done');
  await page.keyboard.press('Enter');
  await tabTo('#export');
  await tabTo('#delete-fold summary');
  await page.keyboard.press('Enter');
  await tabTo('#delete-password');
  const small = await page.evaluate(() => [...document.querySelectorAll('button, a, input, select, summary')]
    .filter((node) => node.checkVisibility() && !node.matches('.unseen, .skip, p a'))
    .map((node) => [node.id || node.textContent, node.getBoundingClientRect()])
    .filter(([, box]) => box.width < 24 || box.height < 24).map(([name]) => name));
  assert.deepEqual(small, []);
  await page.keyboard.type(goodPassword);
  await page.keyboard.press('Enter');
  await shown(page, '#login');
  await says(page, '#door-note', /has been deleted/);
  await end(visit);
});
