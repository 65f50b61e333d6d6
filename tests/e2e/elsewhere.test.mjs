// R63, R64: a page of another site in a real browser, where the visitor is logged in here: from localhost with another port, which is
// the same site (the cookie is sent), and from 127.0.0.1, which is another. Whatever it sends changes nothing and shows it nothing.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { launch } from './browser.mjs';
import { Visitor, base, exchange, goodPassword, newEmail } from './lib.mjs';

const browser = await launch();
test.after(() => browser.close());
// The other site: an empty page under any address.
const evil = http.createServer((_, reply) => reply.setHeader('Content-Type', 'text/html').end('<!doctype html><title>x</title><body>'))
  .listen(0, '127.0.0.1');
await new Promise((resolve) => evil.on('listening', resolve));
test.after(() => evil.close());

const context = await browser.newContext();
const page = await context.newPage();
page.setDefaultTimeout(10000);
const email = newEmail();
const json = (body) => ({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

// Every unsafe route, with a body that would do harm if it were let through.
const attacks = [
  ['POST', 'signup', { email: newEmail(), password: goodPassword }], ['POST', 'login', { email, password: goodPassword }],
  ['POST', 'logout'], ['DELETE', 'account', { password: goodPassword }],
  ['POST', 'account/password', { current: goodPassword, new: 'the attacker knows it' }], ['POST', 'account/forgot', { email }],
  ['POST', 'account/reset', { token: 'x'.repeat(43), password: 'the attacker knows it' }], ['POST', 'account/confirm', { token: 'x'.repeat(43), password: 'the attacker knows it' }],
  ['DELETE', 'account/sessions'], ['DELETE', 'account/sessions/1'], ['POST', 'account/tokens', { name: 'evil', scopes: ['classify'] }],
  ['DELETE', 'account/tokens/1'], ['POST', 'classify', 'x'], ['POST', 'read', 'x'],
  ['DELETE', 'history'], ['PATCH', 'history/1', { label: 1 }], ['DELETE', 'history/1'],
];

test('the visitor logs in; R66: nothing of the session is where a script, an address or a log can see it', async () => {
  await page.goto(base.href);
  const reply = await page.evaluate(async ([where, init]) => (await fetch(where, init)).status, ['signup', json({ email, password: goodPassword })]);
  assert.equal(reply, 201, 'our own page may');
  const cookies = await context.cookies(base.href);
  assert.deepEqual(cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite]).sort(),
    [['digitd_device', true, 'Lax'], ['digitd_session', true, 'Lax']]);
  const { expires } = cookies.find(({ name }) => name === 'digitd_device');
  assert.ok(expires - Date.now() / 1000 > 300 * 86400, 'the device lasts');
  assert.equal(cookies.find(({ name }) => name === 'digitd_session').expires, -1, 'the session goes with the browser');
  await page.goto(base.href);
  const visible = await page.evaluate(() => [document.cookie, location.href, JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }),
    document.documentElement.outerHTML].join('\n'));
  const logs = process.env.STATE ? fs.readdirSync(path.join(process.env.STATE, 'log')).map((name) =>
    fs.readFileSync(path.join(process.env.STATE, 'log', name), 'utf8')).join('') : '';
  for (const { name, value } of cookies) {
    assert.ok(!visible.includes(value), `${name} on the page`);
    assert.ok(!logs.includes(value), `${name} in a log`);
  }
});

for (const [what, host, sendsCookie] of [['the same site, another port', 'localhost', true], ['another site', '127.0.0.1', false]]) {
  test(`${what}: every unsafe route refuses, and the account is as it was`, async () => {
    const before = await account();
    const { port } = evil.address();
    const from = `http://${host}:${port}/`;
    await page.goto(from);
    const log = () => fs.readFileSync(path.join(process.env.STATE, 'log/digitd.log'), 'utf8').split('event=csrf_refused').length;
    const refusedBefore = process.env.STATE ? log() : 0;
    for (const [method, where, body] of attacks) {
      const url = new URL(where, base).href;
      const text = typeof body === 'string' ? body : JSON.stringify(body ?? {});
      // The kinds that need no leave (a POST of plain text, with the answer kept from the page), and those that do (CORS preflight).
      const got = await page.evaluate(async ([href, verb, data]) => {
        const ask = (init) => fetch(href, { credentials: 'include', ...init }).then(async (reply) => `${reply.type} ${reply.status} ${await reply.text()}`, () => 'refused');
        return [
          verb === 'POST' ? await ask({ method: 'POST', mode: 'no-cors', body: data, headers: { 'Content-Type': 'text/plain' } }) : 'refused',
          await ask({ method: verb, body: data, headers: { 'Content-Type': 'application/json' } }),
          await ask({ method: verb, body: data, headers: { Authorization: 'Bearer dgt_x' } }),
        ];
      }, [url, method, text]);
      for (const reply of got) assert.ok(['refused', 'opaque 0 '].includes(reply), `${method} ${where}: ${reply}`);
      if (method === 'POST') {
        // A form goes to the answer's page, so the status can be seen from outside.
        const [reply] = await Promise.all([page.waitForNavigation(), page.evaluate(([href, data]) => {
          const form = document.body.appendChild(document.createElement('form'));
          Object.assign(form, { action: href, method: 'post', enctype: 'text/plain' });
          form.appendChild(Object.assign(document.createElement('input'), { name: data, value: '' }));
          form.submit();
        }, [url, text])]);
        assert.equal(reply.status(), 403, `a form to ${where}: ${await reply.text()}`);
        assert.match(await reply.text(), /<h1>The request came from another site\.<\/h1>/);
        assert.equal(/digitd_session=/.test((await reply.request().allHeaders()).cookie ?? ''), sendsCookie, `the cookie with a form to ${where}`);
        await page.goto(from);
      }
    }
    // What can be read without leave: nothing, neither as data nor as a picture or a script.
    const read = await page.evaluate(async (href) => {
      const direct = await fetch(href, { credentials: 'include' }).then((reply) => reply.text(), () => 'refused');
      const embedded = await Promise.all(['img', 'script'].map((tag) => new Promise((done) => {
        const element = Object.assign(document.createElement(tag), { src: href, onload: () => done('loaded'), onerror: () => done('refused') });
        document.body.append(element);
      })));
      return [direct, ...embedded];
    }, new URL('session', base).href);
    assert.deepEqual(read, ['refused', 'refused', 'refused']);
    if (process.env.STATE) assert.ok(log() - refusedBefore >= 16, 'R87: each refusal is an event');
    assert.deepEqual(await account(), before);
    const login = await new Visitor().send('POST', 'login', { json: { email, password: goodPassword } });
    assert.equal(login.status, 200, 'the password is the old one');
  });
}

// The account as its own browser sees it; breaks when an attack has logged it out or changed anything.
async function account() {
  const [{ value }] = (await context.cookies(base.href)).filter(({ name }) => name === 'digitd_session');
  const reply = await exchange('GET', 'account/export', { headers: { Cookie: `digitd_session=${value}` } });
  assert.equal(reply.status, 200, reply.text);
  const { user, tokens } = reply.json;
  return { user, tokens };
}
