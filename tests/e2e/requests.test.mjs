// How the page asks (html/js/api.js), without a page or a server.
import assert from 'node:assert/strict';
import test from 'node:test';
import { request, speakFor } from '../../html/js/api.js';

// Breaks when a request that waits for a busy server speaks for whoever is logged in by the time it is sent again.
for (const [who, next] of [['another account', 8], ['nobody', null]]) {
  test(`R125: what was begun for one account is not sent again for ${who}`, async () => {
    const sent = [];
    let others = 0;
    globalThis.fetch = async (path, { headers }) => {
      sent.push(headers['Digitd-Account']);
      if (sent.length === 1) return new Response('{}', { status: 503, headers: { 'Retry-After': '1', 'Content-Type': 'application/problem+json' } });
      return new Response('{}', { status: 412, headers: { 'Digitd-Account': '8', 'Content-Type': 'application/problem+json' } });
    };
    speakFor(7, () => { others++; });
    await assert.rejects(request('account/tokens', { method: 'POST', json: {}, onWait: () => speakFor(next) }), { kind: 'other' });
    assert.deepEqual(sent, ['7'], 'it is not sent again at all');
    assert.equal(others, 0, 'the page knows already');
  });
}
