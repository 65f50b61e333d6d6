// Several tabs of one browser, which has one session for all of them (R125): what a tab shows is never another account's, and what it
// sends never reaches one. Each tab without word from the others, too, as in a browser that has no BroadcastChannel.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { assertClean, inspect, launch, newPage } from './browser.mjs';
import { Visitor, assertProblem, base, goodPassword, numberPicture, root } from './lib.mjs';
import { fill, says, shown, text, toAccount } from './visit.mjs';

const browser = await launch();
test.after(() => browser.close());

const seven = fs.readFileSync(path.join(root, 'html/samples/7.png'));
const logIn = (page, { email }) => fill(page, 'login', { email, password: goodPassword });
const kept = async (visitor) => (await visitor.send('GET', 'history')).json.counts.kept;
async function withHistory() {
  const visitor = await Visitor.signedUp();
  for (let i = 0; i < 2; i++) assert.equal((await visitor.classify([{ bytes: seven }], '?save=1')).status, 200);
  return visitor;
}
// Tabs A and B of one browser, both of u; deaf: B hears nothing of the others.
async function twoTabs(u, { deaf = false, ...options } = {}) {
  const a = await newPage(browser, options);
  await a.page.goto(`${base}#login`);
  await shown(a.page, '#login');
  await logIn(a.page, u);
  await shown(a.page, '#screen-read');
  const b = await newPage(browser, { of: a.context });
  if (deaf) await b.page.addInitScript(() => { delete window.BroadcastChannel; });
  await b.page.goto(`${base}#history`);
  await shown(b.page, '#history-list > li');
  return { a: a.page, b: b.page, visits: [a, b], context: a.context };
}
async function change(page, v) {
  await page.click('#logout');
  await shown(page, '#login');
  await logIn(page, v);
  await shown(page, '#screen-read');
}
const stopped = (page, u) => says(page, '#wait-text', new RegExp(`another account.*${u.email}`));

test('R125: each reply names whose it is, and what names another account is refused', async () => {
  const [u, v] = [await withHistory(), await withHistory()];
  const idOf = async (visitor) => (await visitor.send('GET', 'session')).json.user.id;
  const [mine, theirs] = [await idOf(u), await idOf(v)];
  assert.notEqual(mine, theirs);
  for (const [method, where] of [['GET', 'session'], ['GET', 'history'], ['GET', 'history/export?format=csv'], ['GET', 'account/tokens'], ['DELETE', 'history/999999999']]) {
    assert.equal((await u.send(method, where)).headers['digitd-account'], String(mine), `${method} ${where}`);
    assert.equal((await new Visitor().send(method, where)).headers['digitd-account'], undefined, `${method} ${where} of nobody`);
    const wrong = await u.send(method, where, { headers: { 'Digitd-Account': String(theirs) } });
    assertProblem(wrong, 412, 'other-account');
    assert.equal(wrong.headers['digitd-account'], String(mine));
  }
  for (const bad of ['0', '-1', `0${mine}`, `${mine} `.repeat(2), 'a@example.org', '9'.repeat(40)])
    assertProblem(await u.send('DELETE', 'history', { headers: { 'Digitd-Account': bad } }), 412, 'other-account');
  const { body, type } = { ...multipartOf() };
  assertProblem(await u.send('POST', 'read?save=1', { headers: { 'Content-Type': type, 'Digitd-Account': String(theirs) }, body }), 412, 'other-account');
  assertProblem(await u.send('DELETE', 'account', { json: { password: goodPassword }, headers: { 'Digitd-Account': String(theirs) } }), 412, 'other-account');
  assertProblem(await u.send('POST', 'logout', { headers: { 'Digitd-Account': String(theirs) } }), 412, 'other-account');
  assert.deepEqual([await kept(u), await kept(v)], [2, 2]);
  const token = await u.send('POST', 'account/tokens', { json: { name: 'curl', scopes: ['history'] } });
  const bearer = { Authorization: `Bearer ${token.json.secret}` };
  const byToken = await new Visitor().send('GET', 'history', { headers: bearer });
  assert.deepEqual([byToken.status, byToken.headers['digitd-account']], [200, String(mine)], 'a program that names nobody is served');
  assertProblem(await new Visitor().send('DELETE', 'history', { headers: { ...bearer, 'Digitd-Account': String(theirs) } }), 412, 'other-account');
  assert.equal((await u.send('DELETE', 'history', { headers: { 'Digitd-Account': String(mine) } })).status, 204);
  assert.deepEqual([await kept(u), await kept(v)], [0, 2]);
});
const multipartOf = () => {
  const bytes = numberPicture('12');
  const head = '--b\r\nContent-Disposition: form-data; name="image"; filename="n.png"\r\nContent-Type: image/png\r\n\r\n';
  return { body: Buffer.concat([Buffer.from(head), bytes, Buffer.from('\r\n--b--\r\n')]), type: 'multipart/form-data; boundary=b' };
};

// What a person does in the tab that still shows u, and what it must not do to v.
const DEEDS = {
  'empties the history': async (page) => { await page.click('#history-clear'); await page.click('#history-sure'); },
  'deletes an answer': (page) => page.click('.kept-remove >> nth=0'),
  'corrects an answer': (page) => page.click('.kept-check button >> nth=3'),
  'exports the history': (page) => page.click('[data-format="csv"]'),
  'logs out': (page) => page.click('#logout'),
  'opens the account': (page) => page.click('nav a[href="#account"]'),
};
for (const [what, deed] of Object.entries(DEEDS)) {
  test(`R125: a tab of an earlier account ${what}: it is stopped, told, and nothing happens to the later one`, { timeout: 300000 }, async () => {
    const [u, v] = [await withHistory(), await withHistory()];
    const { a, b, visits, context } = await twoTabs(u, { deaf: true });
    await change(a, v);
    let downloads = 0;
    b.on('download', () => { downloads++; });
    assert.match(await text(b, '#who'), new RegExp(u.email), 'it does not know yet');
    await deed(b);
    await stopped(b, u);
    assert.equal(downloads, 0);
    assert.deepEqual([await kept(u), await kept(v)], [2, 2]);
    assert.equal((await v.send('GET', 'history')).json.counts.checked, 0);
    assert.equal(await b.locator('#history-list > li').count(), 0, 'nothing of the earlier account stays');
    assert.equal(await b.isVisible('#logout'), false);
    assert.equal(await b.evaluate(() => document.activeElement.id), 'wait-again');
    await b.click('#wait-again');
    await shown(b, '#screen-read');
    assert.equal(await text(b, '#who'), v.email);
    for (const each of visits) await assertClean(each);
    await context.close();
  });
}

test('R125: what is drawn for one account is not kept for another', { timeout: 300000 }, async () => {
  const [u, v] = [await withHistory(), await withHistory()];
  const { a, b, visits, context } = await twoTabs(u, { deaf: true });
  await b.click('nav a[href="#read"]');
  await shown(b, '#screen-read');
  await change(a, v);
  await b.click('#samples button >> nth=3');
  await stopped(b, u);
  assert.deepEqual([await kept(u), await kept(v)], [2, 2]);
  assert.equal(await text(b, '#answer-word'), 'Ready');
  for (const each of visits) await assertClean(each);
  await context.close();
});

for (const locale of ['en-GB', 'de-DE']) {
  test(`R125: log-in and log-out reach the other tabs at once, ${locale}`, { timeout: 300000 }, async () => {
    const [u, v] = [await withHistory(), await withHistory()];
    const { a, b, visits, context } = await twoTabs(u, { locale });
    const german = locale === 'de-DE';
    await a.click('#logout');
    await shown(b, '#login');
    await says(b, '#door-note', german ? /anderen Tab abgemeldet/ : /logged out in another tab/);
    assert.equal(await b.locator('#history-list > li').count(), 0);
    await logIn(a, v);
    await shown(b, '#screen-read');
    await b.waitForFunction((email) => document.querySelector('#who').textContent === email, v.email);
    // A log-in without a log-out before, as after a session has ended.
    await a.evaluate(() => fetch('logout', { method: 'POST' }));
    await a.click('nav a[href="#history"]');
    await shown(a, '#login');
    await logIn(a, u);
    await shown(a, '#screen-history');
    await says(b, '#wait-text', german ? /anderen Konto angemeldet/ : /another account/);
    await inspect({ page: b }, `tabs-other-account-${locale}`);
    await b.selectOption('#language', german ? 'en' : 'de');
    await says(b, '#wait-text', german ? /another account/ : /anderen Konto angemeldet/);
    assert.equal(await text(b, '#wait-again'), german ? 'Continue with the other account' : 'Mit dem anderen Konto weitermachen');
    await b.click('#wait-again');
    await b.waitForFunction((email) => document.querySelector('#who').textContent === email, u.email);
    await toAccount({ page: b });
    await b.click('#leave-all');
    await shown(a, '#login');
    for (const each of visits) await assertClean(each);
    await context.close();
  });
}
