// In front of the door, in a real browser, as a site is set: sign-up closed or by invitation, with mail and without, and what a mailed
// link leads to. Each site is started here and administered by digitctl, as an operator would.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { inspect, launch, newPage } from './browser.mjs';
import { goodPassword, newEmail, root } from './lib.mjs';
import { start } from './site.mjs';
import { end, fill, focus, says, shown, text, toAccount, wrong } from './visit.mjs';

const newPassword = 'a loud orange mountain';
const browser = await launch();
test.after(() => browser.close());

// As the user whom the site runs as, on the site's own settings.
function digitctl(site, ...args) {
  const { uid, gid } = fs.statSync(path.join(site.state, 'digitd.db'));
  return execFileSync(path.resolve(root, process.env.BUILD ?? 'build', 'digitctl'), args, { encoding: 'utf8', uid, gid, stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, DIGITD_DATABASE: path.join(site.state, 'digitd.db'), DIGITD_RUN_DIR: path.join(site.state, 'run'),
      DIGITD_SITE_URL: site.origin.href.slice(0, -1), ...site.settings } });
}
async function startWith(t, settings) {
  return Object.assign(await start(t, settings), { settings });
}
const linkIn = (words, what) => new RegExp(`http://\\S+/#${what}=([A-Za-z0-9_-]{43})`).exec(words);
// Opens a mailed link: it does nothing by itself, and its token is in no address that the browser keeps.
async function open({ page }, link, name) {
  const posts = [];
  page.on('request', (request) => { if (request.method() !== 'GET') posts.push(request.url()); });
  await page.goto('about:blank');
  await page.goto(link);
  await shown(page, `#${name}`);
  assert.match(page.url(), new RegExp(`/#${name}$`));
  assert.equal(await page.evaluate(() => document.documentElement.outerHTML.match(/[A-Za-z0-9_-]{43}/)), null);
  assert.deepEqual(posts, [], 'a link acts only after its button');
}

// Breaks when the page's rule for passwords is not the site's, or an invitation is not asked for, not sent, or refused in silence.
test('sign-up by invitation, with the length that the site asks for', async (t) => {
  const site = await startWith(t, { DIGITD_SIGN_UP: 'invitation', DIGITD_PASSWORD_MIN_LENGTH: 12 });
  const code = digitctl(site, 'invite', 'add').trim().split('\n').pop();
  const visit = await newPage(browser, { origin: site.origin });
  const { page } = visit, email = newEmail();
  await page.goto(`${site.origin}#signup`);
  await shown(page, '#signup');
  assert.match(await text(page, '#signup-password-hint'), /^At least 12 characters/);
  await wrong(page, 'signup', { email, password: 'a'.repeat(11) }, 'password', /at least 12 characters/);
  await wrong(page, 'signup', { email, password: goodPassword }, 'invitation', /Enter your invitation code/);
  await wrong(page, 'signup', { email, password: goodPassword, invitation: 'made up' }, 'invitation', /unknown, used up or expired/);
  await inspect(visit, 'signup-invitation');
  await fill(page, 'signup', { email, password: goodPassword, invitation: ` ${code} ` });
  await shown(page, '#screen-read');
  await toAccount(visit);
  assert.match(await text(page, '#change-new-hint'), /^At least 12 characters/);
  await end(visit);
});

// Breaks when a closed site offers a form, or an account made by digitctl cannot be entered, or a used link still acts.
test('where sign-up is closed and no mail is sent: sentences in place of forms, and a link from the operator', async (t) => {
  const site = await startWith(t, { DIGITD_SIGN_UP: 'closed' });
  const visit = await newPage(browser, { origin: site.origin });
  const { page } = visit, email = newEmail();
  await page.goto(site.origin.href);
  await shown(page, '#login');
  assert.equal(await page.isVisible('nav a[href="#signup"]'), false);
  assert.match(await text(page, '[data-sign-up="closed"]'), /Ask the site’s administrator/);
  await page.goto(`${site.origin}#signup`);
  await says(page, '#told', /Sign-up is closed.*administrator/);
  assert.equal(await page.isVisible('#signup'), false);
  await inspect(visit, 'signup-closed');
  await page.goto(`${site.origin}#forgot`);
  await says(page, '#told', /does not send email.*Ask its administrator/);
  assert.equal(await page.isVisible('#forgot'), false);

  const [link] = linkIn(digitctl(site, 'user', 'add', '--link', email), 'reset');
  await open(visit, link, 'reset');
  await inspect(visit, 'reset');
  await wrong(page, 'reset', { password: 'short' }, 'password', /at least 8 characters/);
  await wrong(page, 'reset', { password: 'password123' }, 'password', /.{15}/); // the server's sentence; the link is not used up
  await fill(page, 'reset', { password: goodPassword });
  await says(page, '#told', /new password is set/);
  assert.equal(await focus(page), 'told-title');
  await page.click('#told-links a');
  await fill(page, 'login', { email, password: goodPassword });
  await shown(page, '#screen-read');

  await open(visit, link, 'reset'); // logged in, too
  await fill(page, 'reset', { password: newPassword });
  await says(page, '#told', /has expired.*used already.*Ask the site’s administrator/);
  await page.reload();
  await says(page, '#told', /Open the link again/);
  await end(visit);
});

// Breaks when a mail is not spoken of, when its link acts by itself, when it acts twice, or when a reset leaves a session alive.
test('where mail is sent: sign-up by a link, and a forgotten password', async (t) => {
  const folder = fs.mkdtempSync('/tmp/digitd-mail-');
  t.after(() => fs.rmSync(folder, { recursive: true }));
  fs.chmodSync(folder, 0o777);
  const box = path.join(folder, 'box');
  const site = await startWith(t, { DIGITD_MAIL_COMMAND: `/usr/bin/tee -a ${box}` });
  const mailed = (what) => {
    fs.rmSync(box, { force: true });
    digitctl(site, 'mail', 'run', '--once');
    return linkIn(fs.readFileSync(box, 'utf8'), what)[0];
  };
  const visit = await newPage(browser, { origin: site.origin });
  const { page } = visit, email = newEmail();
  await page.goto(`${site.origin}#signup`);
  await shown(page, '#signup');
  assert.equal(await page.isVisible('#signup-password'), false, 'the password is chosen with the link');
  await inspect(visit, 'signup-by-mail');
  await fill(page, 'signup', { email });
  await says(page, '#told', new RegExp(`Check your email.*${email}.*24 hours`));
  assert.equal(await focus(page), 'told-title');
  await inspect(visit, 'signup-mail');
  await page.click('#told-links a[href="#signup"]'); // the address is the same, the form comes back
  await shown(page, '#signup');

  const confirm = mailed('confirm');
  await open(visit, confirm, 'confirm');
  await inspect(visit, 'confirm');
  assert.match(await text(page, '#confirm-password-hint'), /^At least 8 characters/);
  await wrong(page, 'confirm', { password: '' }, 'password', /password/);
  await wrong(page, 'confirm', { password: 'password123' }, 'password', /.{15}/); // the server's sentence; the link is not used up
  await fill(page, 'confirm', { password: goodPassword });
  await shown(page, '#screen-read');
  assert.equal(await text(page, '#who'), email);
  await open(visit, confirm, 'confirm');
  await fill(page, 'confirm', { password: newPassword });
  await says(page, '#told', /has expired.*sign up again/);

  const other = await newPage(browser, { origin: site.origin });
  await other.page.goto(site.origin.href);
  await shown(other.page, '#login');
  await other.page.click('#login a[href="#forgot"]');
  await wrong(other.page, 'forgot', { email: 'nobody' }, 'email', /email address/);
  await inspect(other, 'forgot');
  await fill(other.page, 'forgot', { email });
  await says(other.page, '#told', /Check your email.*If .* has an account/);
  await open(other, mailed('reset'), 'reset');
  await fill(other.page, 'reset', { password: newPassword });
  await says(other.page, '#told', /new password is set/);
  await other.page.click('#told-links a');
  await fill(other.page, 'login', { email, password: newPassword });
  await shown(other.page, '#screen-read');
  await end(other);

  await page.goto(`${site.origin}#account`); // its session has ended with the reset
  await shown(page, '#login');
  await says(page, '#door-note', /session has ended/);
  await end(visit);
});
