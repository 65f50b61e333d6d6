// nginx's request limits (R53), with addresses as the test names them: its nginx is told to believe a header of the test's, and to say
// whom it takes a request for.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { assertProblem, exchange } from './lib.mjs';
import { reconfigure } from './reconfigure.mjs';
import { start } from './site.mjs';

const HASH_BURST = 20; // a further one comes free every two seconds

// The rates are scaled down to what this test can go over on any machine; crowd.test.mjs has those of conf/nginx.
const smaller = (text) => text.replace(/(zone=digitd_hash:\S+ rate)=\d+r\/m/, '$1=30r/m').replace(/(zone=digitd_classify:\S+ rate)=\d+r\/s/, '$1=50r/s')
  .replace(/(zone=digitd_hash burst)=\d+/, `$1=${HASH_BURST}`).replace(/(zone=digitd_classify burst)=\d+/, '$1=100');

async function startWithAddresses(t) {
  const site = await start(t);
  await reconfigure(site, { 'nginx/http.conf': smaller, 'nginx/server.conf': (text) =>
    smaller(text).replace(/^ *add_header X-Request-Id .*$/m, '$&\nadd_header X-Test-Saw $remote_addr always;') + 'set_real_ip_from 127.0.0.1; set_real_ip_from ::1; real_ip_header X-Test-Address;\n' });
  site.from = (address, method, where, json) => exchange(method, where, { origin: site.origin, body: json && JSON.stringify(json),
    headers: { 'X-Test-Address': address, 'Content-Type': 'application/json', Origin: site.origin.origin } });
  assert.equal((await site.from('2001:db8::1', 'GET', '')).headers['x-test-saw'], '2001:db8::1', 'nginx takes the addresses of this test');
  return site;
}
const counted = (replies) => ({ refused: replies.filter(({ status }) => status === 429), answered: replies.filter(({ status }) => status !== 429) });
// So many requests at a time; addressOf(i) and jsonOf(i) tell whose, and what.
const flood = async (site, n, addressOf, method, where, jsonOf) =>
  counted(await Promise.all(Array.from({ length: n }, (_, i) => site.from(addressOf(i), method, where, jsonOf(i)))));

// Breaks when a route that hashes, or sends mail, is not limited, when the limit is told otherwise, or when it stops the rest.
test('R53: what hashes or mails is limited: 429 problem+json with Retry-After, and the rest goes on', async (t) => {
  const site = await startWithAddresses(t);
  const password = 'wrong password', token = 'x'.repeat(43);
  const routes = [
    ['POST', 'login', (i) => ({ email: `nobody${i}@example.org`, password })], // one address would rest by itself (R51)
    ['POST', 'signup', (i) => ({ email: `nobody${i}@example.org`, password: 'short' })], ['POST', 'account/forgot', () => ({ email: 'nobody@example.org' })],
    ['POST', 'account/reset', () => ({ token, password })], ['POST', 'account/confirm', () => ({ token, password })],
    ['POST', 'account/password', () => ({ current: password, new: password })], ['DELETE', 'account', () => ({ password })],
  ];
  for (const [k, [method, where, jsonOf]] of routes.entries()) {
    const address = `192.0.2.${k + 1}`;
    const { refused, answered } = await flood(site, 40, () => address, method, where, jsonOf);
    assert.ok(refused.length >= 10, `${where}: ${refused.length} of 40 refused`);
    assert.ok(answered.length > HASH_BURST, `${where}: ${answered.length} of 40 answered`);
    assertProblem(refused[0], 429, 'too-many-requests');
    assert.match(refused[0].headers['retry-after'], /^\d+$/);
    assert.equal((await site.from(address, 'GET', '')).status, 200);
    assertProblem(await site.from(address, 'GET', 'session'), 401);
  }
});

// Breaks when an IPv6 subscriber, who has 2^64 addresses, has as many limits, or when one network's limit is another's.
test('R53: a limit is for an IPv4 address, and for an IPv6 network of 64 bits', async (t) => {
  const site = await startWithAddresses(t);
  const ask = (addressOf) => flood(site, 40, addressOf, 'POST', 'account/reset', () => ({ token: 'x'.repeat(43), password: 'wrong password' }));
  const one = async (address) => (await ask(() => address)).answered.length > 0;
  assert.ok((await ask((i) => `2001:db8:1:2:${i.toString(16)}::${i + 1}`)).refused.length >= 10, 'many addresses of one network');
  assert.ok(await one('2001:db8:1:3::1'), 'the next network');
  assert.ok(await one('2001:db8:2:2::1'), 'one whose last bits are the same');
  assert.equal((await ask((i) => `198.51.100.${i}`)).refused.length, 0, 'IPv4 addresses of one network');
  assert.ok((await ask(() => '203.0.113.1')).refused.length >= 10, 'one IPv4 address');
});

// Breaks when pictures are not limited, or when ten a second are too many.
test('R53: pictures are limited too, but not those of a busy visitor', async (t) => {
  const site = await startWithAddresses(t);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 12 }); // no more: connections at a time have a limit of their own
  t.after(() => agent.destroy());
  let asked = 0; // both ways to read share a limit
  const ask = (address) => new Promise((resolve, reject) => {
    const request = http.request(new URL(asked++ % 2 ? 'read' : 'classify', site.origin), { method: 'POST', agent, headers: { 'X-Test-Address': address, 'Content-Type': 'image/png' } },
      (reply) => { reply.resume(); reply.on('end', () => resolve({ status: reply.statusCode })); });
    request.on('error', reject);
    request.end('x');
  });
  const askAll = async (n, addressOf) => counted(await Promise.all(Array.from({ length: n }, (_, i) => ask(addressOf(i)))));
  let refused = 0, answered = 0; // a slow client has to ask for longer until its 100 are spent: 50 come back in a second
  while (refused < 50 && refused + answered < 8000) {
    const now = await askAll(400, (i) => `2001:db8:1:2::${(i + 1).toString(16)}`);
    refused += now.refused.length;
    answered += now.answered.length;
  }
  assert.ok(refused >= 50, `${refused} refused`);
  assert.ok(answered >= 100, `${answered} answered`);
  assert.equal((await askAll(60, () => '192.0.2.1')).refused.length, 0);
});
