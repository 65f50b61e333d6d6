// Without JavaScript: sign up, log out, log in, have a picture read, by the page's own forms in a Chromium that runs no scripts; and
// what such a browser is told when something is wrong.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { launch, newPage } from './browser.mjs';
import { Visitor, base, exchange, goodPassword, multipart, newEmail, picture, root } from './lib.mjs';

const shots = path.resolve(root, process.env.SCREENSHOTS ?? path.join(process.env.BUILD ?? 'build', 'screenshots'));
const html = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const form = (fields, headers = {}) => ({
  headers: { ...html, Origin: base.origin, 'Content-Type': 'application/x-www-form-urlencoded', ...headers }, body: new URLSearchParams(fields).toString(),
});
let browser;
before(async () => {
  browser = await launch();
  fs.mkdirSync(shots, { recursive: true });
});
after(() => browser?.close());

// What of the window's width is too much, at two widths; and the pictures to look at.
async function look(page, name) {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: path.join(shots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
  }
}

test('sign up, log out, log in, read pictures: by forms alone', async () => {
  const email = newEmail();
  const { context, page, seen } = await newPage(browser, { javaScriptEnabled: false });
  await page.goto(base.href);
  await look(page, 'plain-start');
  await page.fill('#signup-email', email);
  await page.fill('#signup-password', goodPassword);
  await page.click('#signup button[type=submit]');
  assert.equal(page.url(), new URL('#signed-in', base).href);
  assert.equal(await page.locator('#signed-in').isVisible(), true);
  assert.equal(await page.locator('#login').isVisible(), false);
  await look(page, 'plain-signed-in');

  await page.setInputFiles('#files', path.join(root, 'html/samples/7.png'));
  await page.click('#give button[type=submit]');
  assert.equal(await page.textContent('h1'), 'The answer');
  assert.equal(await page.textContent('.digit'), '7');
  assert.match(await page.textContent('main'), /7\.png.*\d\d\.\d.% confident/s);
  assert.equal(await page.locator('tr').count(), 11);
  await look(page, 'plain-answer');
  await page.setInputFiles('#files', [path.join(root, 'html/samples/3.png'), path.join(root, 'README.md')]);
  await page.click('text=Read it');
  assert.equal(await page.textContent('h1'), 'The answers');
  assert.equal(await page.textContent('.digit'), '3');
  assert.match(await page.textContent('main'), /README\.md.*This file format is not supported\./s);

  await page.click('text=Log out');
  assert.equal(page.url(), new URL('#signed-out', base).href);
  assert.equal(await page.locator('#signed-out').isVisible(), true);
  await page.fill('#login-email', email);
  await page.fill('#login-password', 'not the password');
  await page.click('#login button[type=submit]');
  assert.equal(await page.textContent('h1'), 'The address or the password is wrong.');
  assert.match(await page.textContent('main'), /Check both, then try again\./);
  await look(page, 'plain-problem');
  await page.goBack();
  await page.fill('#login-email', email);
  await page.fill('#login-password', goodPassword);
  await page.click('#login button[type=submit]');
  assert.equal(page.url(), new URL('#signed-in', base).href);
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('#signed-in a')]);
  assert.equal(fs.readFileSync(await file.path(), 'utf8').split('\r\n').length, 4, 'both pictures were kept');
  await page.click('.leave button');
  assert.deepEqual(seen.wrong.filter((line) => !/status of 401/.test(line)), []); // a CSP violation is a console error
  await context.close();
});

// Breaks when a name that a client chose becomes markup, or is taken for something else.
test('R83: what a client chose is text on the plain pages', async () => {
  const visitor = await Visitor.signedUp();
  const names = ['<script>alert(1)</script>.png', '"><img src=x onerror=alert(1)>.png', "' onclick='x", '&lt;b&gt;.png', '</title><h1>x'];
  const { body, type } = multipart(names.map((filename) => ({ filename: filename.replaceAll('"', '%22'), bytes: picture('digit-7.png') })));
  const reply = await visitor.send('POST', 'classify', { headers: { ...html, 'Content-Type': type }, body });
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['content-type'], 'text/html; charset=utf-8');
  assert.match(reply.headers['content-security-policy'], /^default-src 'none'/);
  assert.equal(reply.headers.vary, 'Accept');
  assert.doesNotMatch(reply.text, /<script|<img|onclick='|<h1>x|<style| style=/);
  const { context, page, seen } = await newPage(browser, { javaScriptEnabled: false });
  await page.goto(base.href);
  await page.setContent(reply.text);
  assert.deepEqual(await page.locator('h2').allTextContents(), names);
  assert.equal(await page.locator('script, img').count(), 0);
  assert.deepEqual(seen.wrong.filter((line) => !/setContent/.test(line)), []);
  await context.close();
});

// Breaks when a form of another site logs somebody in, uploads, or signs up (R63, R64), or a body that is no form is taken for one.
test('R63, R64: forms from elsewhere are refused, in HTML', async () => {
  const visitor = await Visitor.signedUp();
  const fields = { email: visitor.email, password: goodPassword };
  for (const headers of [{ Origin: 'http://evil.example' }, { Origin: 'null' }, { 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': 'same-site' }]) {
    for (const where of ['login', 'signup', 'logout']) {
      const reply = await exchange('POST', where, form(fields, headers));
      assert.equal(reply.status, 403, `${where} ${JSON.stringify(headers)}`);
      assert.match(reply.text, /<h1>The request came from another site\.<\/h1>/);
      assert.equal(reply.headers['set-cookie'], undefined);
    }
  }
  const { Origin, ...bare } = form(fields).headers;
  assert.equal((await exchange('POST', 'login', { headers: bare, body: form(fields).body })).status, 415);
  const good = await exchange('POST', 'login', form(fields));
  assert.equal(good.status, 303);
  assert.equal(good.headers.location, './#signed-in');
  assert.match(good.headers['set-cookie'].join(), /digitd_session=.+HttpOnly/);
});

test('what a browser is told is HTML, what a program is told is JSON', async () => {
  const asked = { headers: html };
  for (const [where, status, title] of [['account/export', 401, 'You are not logged in.'], ['history/export', 401, 'You are not logged in.']]) {
    const page = await exchange('GET', where, asked);
    assert.equal(page.status, status);
    assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
    assert.match(page.text, new RegExp(`<h1>${title}</h1>`));
    assert.match(page.text, /href="\.\.\/css\/digitd\.css"/);
    assert.match((await exchange('GET', where)).headers['content-type'], /problem\+json/);
  }
  for (const [where, screen] of [['history', 'history'], ['history/7', 'history'], ['classify', 'read'], ['login', 'login']]) {
    const reply = await exchange('GET', where, asked);
    assert.deepEqual([reply.status, reply.headers.vary], [303, 'Accept']);
    assert.match(reply.headers.location, /^\.{1,2}\//, where); // relative, and to the page wherever the path lies
    assert.equal(new URL(reply.headers.location, new URL(where, base)).href, new URL(`#${screen}`, base).href);
  }
  const taken = await exchange('POST', 'signup', form({ email: 'no address', password: goodPassword, invitation: '' }));
  assert.equal(taken.status, 422);
  assert.match(taken.text, /<h1>This is not an email address\.<\/h1>\n<p>Enter an address/);
});
