// The page in a real browser, from the first view to the log-out: what a visitor does, what goes wrong for them, and that each of
// it ends in a sentence. One browser, one journey; a test needs those before it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { assertClean, inspect, launch, newPage } from './browser.mjs';
import { base, goodPassword, newEmail, picture } from './lib.mjs';

const FIRST_VIEW_BYTES = 60 * 1024;
const browser = await launch();
test.after(() => browser.close());

const email = newEmail();
const visit = await newPage(browser);
const { page, context, seen } = visit;

// A step of the journey; when one has failed, those after it say so at once instead of waiting for what cannot come.
let broken = '';
const step = (name, run) => test(name, { timeout: 600000 }, async () => {
  assert.equal(broken, '', 'an earlier step has failed');
  broken = name;
  await run();
  broken = '';
});

const file = (name, { as = name, type = 'image/png' } = {}) => ({ name: as, mimeType: type, buffer: picture(name) });
const give = (where, ...files) => where.setInputFiles('#files', files);
const state = (where, value) => where.waitForSelector(`#answer[data-state="${value}"]`);
const sentence = (where = page) => where.textContent('.verdict');
const shown = (where, selector) => where.waitForSelector(`${selector}:not([hidden])`);

async function fill(where, form, address, password) {
  await where.fill(`#${form}-email`, address);
  await where.fill(`#${form}-password`, password);
  await where.click(`#${form} [type="submit"]`);
}
async function signUp(where, address = newEmail()) {
  await where.goto(`${base}#signup`);
  await shown(where, '#signup');
  await fill(where, 'signup', address, goodPassword);
  await shown(where, '#screen-read');
  return address;
}
// A new answer, not the one that stood there: the panel is told apart by the picture's name.
async function answered(where, name) {
  await where.waitForFunction((text) => document.querySelector('#steps').textContent.includes(text) &&
    !['reading', 'empty'].includes(document.querySelector('#answer').dataset.state), name);
  return where.getAttribute('#answer', 'data-digit');
}

// Breaks when a first visit is heavy, moves under the eyes, or does not lead on.
step('a first visitor sees what this is, the log-in, and the way to sign up', async () => {
  await page.goto(base.href);
  await shown(page, '#login');
  await page.waitForLoadState('networkidle');
  console.log(`# first view: ${seen.bytes} bytes`);
  assert.ok(seen.bytes > 1000 && seen.bytes < FIRST_VIEW_BYTES, `first view: ${seen.bytes} bytes`);
  assert.ok(await page.evaluate(() => window.witness.shift) < 0.01, 'the layout shifts');
  assert.match(await page.textContent('.lead'), /reads handwritten/);
  await inspect(visit, 'login');
  await page.click('#login a[href="#signup"]');
  await shown(page, '#signup');
  assert.match(page.url(), /#signup$/);
});

// Breaks when a mistake in the form is not told at its field, or the server's own word is swallowed.
step('sign-up tells each mistake at its field, then lets in', async () => {
  for (const [address, password, field, expected] of [
    ['', goodPassword, 'email', /email/],
    ['nobody', goodPassword, 'email', /email address/],
    [email, 'short', 'password', /8 characters/],
    [email, 'password123', 'password', /.{15}/], // among the common ones: the server's sentence
  ]) {
    await fill(page, 'signup', address, password);
    const error = await shown(page, `#signup-${field}-error`);
    assert.match(await error.textContent(), expected);
    assert.equal(await page.getAttribute(`#signup-${field}`, 'aria-invalid'), 'true');
    assert.match(await page.getAttribute(`#signup-${field}`, 'aria-describedby'), new RegExp(`signup-${field}-error`));
    assert.equal(await page.evaluate(() => document.activeElement.id), `signup-${field}`);
  }
  await inspect(visit, 'signup-error');
  await fill(page, 'signup', email, goodPassword);
  await shown(page, '#screen-read');
  assert.equal(await page.textContent('#who'), email);
  await inspect(visit, 'read-empty');
});

// Breaks when a password manager is in the way, or a shown password stays shown.
step('the forms suit password managers, and the password can be seen', async () => {
  const other = await newPage(browser);
  await other.page.goto(`${base}#signup`);
  await shown(other.page, '#signup');
  assert.equal(await other.page.getAttribute('#signup-password', 'autocomplete'), 'new-password');
  assert.equal(await other.page.getAttribute('#login-password', 'autocomplete'), 'current-password');
  assert.equal(await other.page.getAttribute('#login-email', 'autocomplete'), 'username');
  await other.page.click('#signup [data-reveal]');
  assert.equal(await other.page.getAttribute('#signup-password', 'type'), 'text');
  await fill(other.page, 'signup', email, goodPassword); // taken by the visitor above
  assert.match(await (await shown(other.page, '#signup-email-error')).textContent(), /.{15}/);
  await other.page.goto(`${base}#login`);
  await shown(other.page, '#login');
  assert.equal(await other.page.getAttribute('#signup-password', 'type'), 'password');
  assert.equal(await other.page.inputValue('#signup-password'), '');
  await assertClean(other);
  await other.context.close();
});

// Breaks when a log-out does nothing, or a refusal is silent, or leaves the form dead.
step('log out, a wrong password is refused with a sentence, log in', async () => {
  await page.click('#logout');
  await shown(page, '#login');
  assert.match(await page.textContent('#door-note'), /logged out/);
  await fill(page, 'login', email, 'not the right one');
  const error = await shown(page, '#login [data-error="form"]');
  assert.match(await error.textContent(), /wrong/i);
  await inspect(visit, 'login-wrong');
  await fill(page, 'login', email, goodPassword);
  await shown(page, '#screen-read');
});

// Breaks when the answer, its words, its numbers or its pictures are not those of the file given.
step('a PNG and a JPEG of a seven are read as a seven', async () => {
  for (const [name, type] of [['digit-7.png', 'image/png'], ['digit-7.jpg', 'image/jpeg']]) {
    await give(page, file(name, { type }));
    assert.equal(await answered(page, name), '7');
    assert.match(await sentence(), /seven.*(certain|ikely).*\d\d\.\d%/s);
    assert.equal(await page.textContent('#bars .best th'), '7');
    assert.equal(await page.locator('#bars tr').count(), 10);
    const sum = (await page.locator('#bars .value').allTextContents()).reduce((all, text) => all + parseFloat(text), 0);
    assert.ok(Math.abs(sum - 100) < 1, `the ten bars add up to ${sum}`);
    await page.waitForSelector('#given:not([hidden])');
    assert.equal(await page.evaluate(() => document.querySelector('#given').naturalWidth), 28);
    if (name !== 'digit-7.png') continue;
    const grey = await page.evaluate(() => [...document.querySelector('#seen').getContext('2d').getImageData(0, 0, 28, 28).data]
      .filter((_, i) => i % 4 === 0));
    assert.deepEqual(Buffer.from(grey), picture('digit-7.raw'));
    await inspect(visit, 'read-digit');
  }
});

// Breaks when a sample is missing, mislabelled or misread.
step('each sample is read as the digit it is', async () => {
  for (let digit = 0; digit < 10; digit++) {
    await page.click(`#samples li:nth-child(${digit + 1}) button`);
    assert.equal(await answered(page, `sample-${digit}.png`), String(digit));
  }
});

// Breaks when a way in stops working, or when a paste without a picture is passed over in silence.
step('a picture is dropped, and pasted', async () => {
  const send = (kind, name, bytes) => page.evaluate(([kind, name, bytes]) => {
    const data = new DataTransfer();
    if (name) data.items.add(new File([Uint8Array.from(bytes)], name, { type: 'image/png' }));
    else data.setData('text/plain', 'seven');
    const event = kind === 'drop' ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
      : new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
    document.querySelector('#drop').dispatchEvent(event);
  }, [kind, name, bytes]);
  for (const kind of ['drop', 'paste']) {
    await send(kind, `${kind}ed.png`, [...picture('digit-7.png')]);
    assert.equal(await answered(page, `${kind}ed.png`), '7');
    await send(kind, null);
    assert.match(await (await shown(page, '#read-note p')).textContent(), /no picture/);
  }
});

// Breaks when the order is lost, when one bad file spoils the rest, or when a card does not lead to its answer.
step('several files at once are shown in order, a bad one among them', async () => {
  await give(page, file('digit-7.png'), file('digit-3-photo.jpg', { type: 'image/jpeg' }), file('text.png'), file('digit-9-dark.png'),
    file('digit-5-drawing.png'));
  await page.waitForFunction(() => /^5 pictures/.test(document.querySelector('#many-title').textContent));
  assert.deepEqual(await page.locator('.pick').evaluateAll((cards) => cards.map((card) => card.dataset.digit)), ['7', '3', '', '9', '5']);
  assert.equal(await page.locator('.pick').nth(2).getAttribute('data-state'), 'error');
  await page.locator('.pick').nth(3).click();
  assert.equal(await answered(page, 'digit-9-dark.png'), '9');
  assert.equal(await page.locator('.pick').nth(3).getAttribute('aria-pressed'), 'true');
  await page.locator('.pick').nth(2).click();
  await state(page, 'error');
  await inspect(visit, 'read-many');
});

// Breaks when the limit moves, or pictures are left out without a word.
step('64 files are read; of 65 the first 64, which is said', async () => {
  const many = (n) => Array.from({ length: n }, (_, i) => file('digit-7.png', { as: `n${i}.png` }));
  await give(page, ...many(64));
  await page.waitForFunction(() => document.querySelectorAll('.pick[data-digit="7"]').length === 64);
  assert.equal(await page.isVisible('#read-note'), false);
  await give(page, ...many(65));
  assert.match(await (await shown(page, '#read-note p')).textContent(), /65 pictures.*first 64/);
  await page.waitForFunction(() => document.querySelectorAll('.pick[data-digit="7"]').length === 64);
});

// Breaks when a bad file ends without a sentence, or the next good one is not read.
step('each bad file gets a sentence, and the page goes on', async () => {
  const empty = { name: 'empty.png', mimeType: 'image/png', buffer: Buffer.alloc(0) };
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-page-')); // a file on disk: 11 MiB are slow to hand over
  const large = path.join(folder, 'large.png');
  fs.writeFileSync(large, Buffer.alloc(11 * 1024 * 1024, 1));
  let posts = 0;
  page.on('request', (request) => { posts += /\/read\?/.test(request.url()); });
  for (const [bad, expected, sent] of [
    [file('text.png'), /PNG|picture/, 1], [empty, /empty|picture/, 1], [file('truncated.png'), /damaged|cut|incomplete|ends/, 1],
    [file('huge-20000x20000.png'), /pixel|px|large/, 1], [large, /11.MiB.*8.MiB/, 0], // said before the upload
  ]) {
    posts = 0;
    const name = bad.name ?? path.basename(bad);
    await page.setInputFiles('#files', bad);
    await answered(page, name);
    await state(page, 'error');
    assert.match(await sentence(), expected, name);
    assert.equal(posts, sent, `${name}: requests`);
    if (name === 'truncated.png') await inspect(visit, 'read-error');
    await give(page, file('digit-7.png', { as: `after-${name}` }));
    assert.equal(await answered(page, `after-${name}`), '7');
  }
  fs.rmSync(folder, { recursive: true });
});

// Breaks when a name becomes markup (R83) or a style.
step('a file name is text', async () => {
  await give(page, file('digit-7.png', { as: '<img src=x onerror=alert(1)>.png' }), file('text.png', { as: '<b>b</b>' }));
  await page.waitForFunction(() => /^2 pictures/.test(document.querySelector('#many-title').textContent));
  assert.equal(await page.locator('[onerror], #many b b').count(), 0);
  assert.match(await page.textContent('#cards li:first-child'), /<img src=x/);
  await assertClean(visit);
});

// Breaks when an ended session loses the picture.
step('an ended session asks to log in again and keeps the picture', async () => {
  await context.clearCookies();
  await give(page, file('digit-7.png', { as: 'kept.png' }));
  await shown(page, '#login');
  assert.match(await page.textContent('#door-note'), /session has ended.*picture will be read/);
  await inspect(visit, 'expired');
  await fill(page, 'login', email, goodPassword);
  await shown(page, '#screen-read');
  assert.equal(await answered(page, 'kept.png'), '7');
});

// Breaks when trouble on the way leaves a spinner, or the picture has to be chosen again.
step('a busy server is waited for; offline and a broken line are said, with a way on', async () => {
  const other = await newPage(browser);
  other.seen.allow = /status of 503|ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_RESET/;
  const there = other.page;
  await signUp(there);

  let refusals = 1;
  await there.route(/\/read\?/, (route) => (refusals-- > 0
    ? route.fulfill({ status: 503, headers: { 'Retry-After': '2', 'Content-Type': 'application/problem+json' }, body: '{"status":503,"title":"t","detail":"d"}' })
    : route.continue()));
  await give(there, file('digit-7.png', { as: 'busy.png' }));
  await there.waitForFunction(() => /busy.*Trying again in 2 seconds/.test(document.querySelector('.verdict').textContent));
  assert.equal(await answered(there, 'busy.png'), '7');
  await there.unroute(/\/read\?/);

  await other.context.setOffline(true);
  await give(there, file('digit-7.png', { as: 'offline.png' }));
  await answered(there, 'offline.png');
  assert.match(await sentence(there), /offline/);
  await inspect(other, 'read-offline');
  await other.context.setOffline(false);
  await there.click('#read-note button');
  await there.waitForSelector('#answer[data-digit="7"]');
  assert.equal(await there.isVisible('#read-note'), false);

  await there.route(/\/read\?/, (route) => route.abort('connectionreset'));
  await give(there, file('digit-7.png', { as: 'broken.png' }));
  await answered(there, 'broken.png');
  assert.match(await sentence(there), /cannot be reached/);
  await assertClean(other);
  await other.context.close();
});

// Breaks when a request has no deadline. The page's own clock is turned, nobody waits.
step('a server that never answers is given up in a sentence', async () => {
  const other = await newPage(browser);
  await other.page.clock.install();
  await signUp(other.page);
  await other.page.route(/\/read\?/, () => {});
  await give(other.page, file('digit-7.png', { as: 'never.png' }));
  await state(other.page, 'reading');
  await other.page.clock.fastForward(40000);
  await answered(other.page, 'never.png');
  assert.match(await sentence(other.page), /took too long/);
  await assertClean(other);
  await other.context.close();
});

// Breaks when something can only be done with a mouse, or the focus cannot be seen.
step('the whole journey by keyboard', async () => {
  const other = await newPage(browser);
  const there = other.page;
  const chooser = new Promise((resolve) => there.once('filechooser', resolve)); // asked for early: it takes Chromium a moment
  await there.goto(base.href);
  await shown(there, '#login');
  const active = () => there.evaluate(() => {
    const node = document.activeElement, area = node.id === 'files' ? node.nextElementSibling : node;
    return { id: node.id, text: node.textContent.trim(), label: node.querySelector('img')?.alt ?? '',
      ring: getComputedStyle(area).outlineStyle !== 'none' && parseFloat(getComputedStyle(area).outlineWidth) >= 2 };
  });
  async function tabTo(what, wanted) {
    for (let i = 0; i < 40; i++) {
      await there.keyboard.press('Tab');
      const now = await active();
      if (!wanted(now)) continue;
      assert.ok(now.ring, `the focus on ${what} cannot be seen`);
      return;
    }
    assert.fail(`no way to ${what} by Tab`);
  }
  await tabTo('the skip link', ({ text }) => /^Skip/.test(text));
  await tabTo('sign up', ({ text }) => text === 'Sign up');
  await there.keyboard.press('Enter');
  await shown(there, '#signup');
  assert.equal((await active()).id, 'signup-title'); // the new screen is announced
  await tabTo('email', ({ id }) => id === 'signup-email');
  await there.keyboard.type(newEmail());
  await tabTo('password', ({ id }) => id === 'signup-password');
  await there.keyboard.type(goodPassword);
  await there.keyboard.press('Enter');
  await shown(there, '#screen-read');
  await tabTo('the files', ({ id }) => id === 'files');
  await there.keyboard.press('Enter');
  await (await chooser).setFiles([file('digit-7.png'), file('digit-9-dark.png')]);
  assert.equal(await answered(there, 'digit-7.png'), '7');
  await tabTo('a sample', ({ label }) => label === 'Sample: zero');
  await tabTo('a card', ({ text }) => /digit-9-dark/.test(text));
  await there.keyboard.press('Space');
  assert.equal(await answered(there, 'digit-9-dark.png'), '9');
  await there.keyboard.press('Home');
  for (let i = 0; i < 40 && (await active()).id !== 'logout'; i++) await there.keyboard.press('Shift+Tab');
  await there.keyboard.press('Enter');
  await shown(there, '#login');
  await assertClean(other);
  await other.context.close();
});

// Breaks when GET /model and the page disagree.
step('the model card shows the network, also to a visitor', async () => {
  const other = await newPage(browser);
  await other.page.goto(`${base}#about`);
  await shown(other.page, '#model-card');
  assert.match(await other.page.textContent('#model-sha'), /^[0-9a-f]{64}$/);
  assert.match(await other.page.textContent('#model-layers'), /Convolution.*Dense/s);
  assert.match(await other.page.textContent('#model-facts'), /9\d\.\d+%/);
  const { card, layers } = await (await fetch(`${base}model`)).json();
  assert.equal(await other.page.locator('#model-wall canvas').count(), card.test.errors.length);
  assert.equal(await other.page.locator('#model-confusion td.wrong').count(), card.test.confusion.flatMap((row, i) => row.filter((n, j) => n && i !== j)).length);
  assert.equal(await other.page.locator('#model-robustness tr').count(), Object.keys(card.robustness.kinds).length);
  assert.equal(await other.page.locator('#model-network rect.face').count(), 1 + layers.filter(({ type }) => ['views', 'conv2d', 'maxpool2'].includes(type)).length + 10);
  for (const chart of ['loss', 'errors', 'calibration']) assert.equal(await other.page.locator(`#model-${chart} svg`).count(), 1, chart);
  assert.doesNotMatch(await other.page.textContent('#screen-model'), /\bmodel\.\w/, 'a text is missing');
  await inspect(other, 'model');
  await assertClean(other);
  await other.context.close();
});

// Breaks when a phone's visitor meets a page wider than the screen, targets too small for a finger, or an answer out of sight.
step('on a phone', async () => {
  const other = await newPage(browser, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: 'dark' });
  const there = other.page;
  await signUp(there);
  assert.equal(await there.getAttribute('#camera', 'capture'), 'environment');
  assert.ok(await there.isVisible('label[for="camera"]'), 'no way to the camera');
  await there.tap('#samples li:nth-child(5) button');
  assert.equal(await answered(there, 'sample-4.png'), '4');
  await there.waitForFunction(() => document.querySelector('.verdict').getBoundingClientRect().bottom <= innerHeight);
  const small = await there.evaluate(() => [...document.querySelectorAll('button, a, input, select, label.button, label.size')]
    .filter((node) => node.checkVisibility() && !node.matches('.unseen, .skip, p a'))
    .map((node) => [node.id || node.textContent, node.getBoundingClientRect()])
    .filter(([, box]) => box.width < 24 || box.height < 24).map(([name]) => name));
  assert.deepEqual(small, []);
  await assertClean(other);
  await other.context.close();
});

// Breaks when a page that comes back from the browser's memory shows one visitor's pictures to the next, who logged in elsewhere.
step('a page that comes back shows nothing of the visitor before', async () => {
  const other = await newPage(browser);
  const there = other.page, next = newEmail();
  await signUp(there);
  await give(there, file('digit-7.png', { as: 'mine.png' }));
  assert.equal(await answered(there, 'mine.png'), '7');
  await there.evaluate(async ([address, password]) => {
    await fetch('logout', { method: 'POST' });
    await fetch('signup', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ email: address, password }) });
    dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
  }, [next, goodPassword]);
  await there.waitForFunction((address) => document.querySelector('#who').textContent === address, next);
  assert.equal(await there.evaluate(() => document.querySelectorAll('#given[src]').length), 0);
  assert.doesNotMatch(await there.textContent('#answer'), /mine\.png/);
  await assertClean(other);
  await other.context.close();
});

// Breaks when a log-out leaves the session, or a picture, behind.
step('after the log-out the page asks to log in again', async () => {
  await page.click('#logout');
  await shown(page, '#login');
  assert.equal(await page.evaluate(() => document.querySelectorAll('#cards li, #given[src]').length), 0);
  await page.goto(`${base}#read`);
  await page.reload();
  await shown(page, '#login');
  assert.equal(await page.isVisible('#screen-read'), false);
  assert.equal(await page.evaluate(() => fetch('session').then((reply) => reply.status)), 401);
  assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length), 0);
  await assertClean(visit);
});
