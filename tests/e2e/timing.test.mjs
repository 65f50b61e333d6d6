// What the time of a reply tells whoever guesses: nothing (R48). LONG=1 asks for the long form (make faults).
import assert from 'node:assert/strict';
import test from 'node:test';
import { median } from '../pace.mjs';
import { exchange, goodPassword, newEmail } from './lib.mjs';
import { start } from './site.mjs';

// Breaks when an unknown address costs no hash or a cheaper one. A rest would be told in no time, so an address is tried five times
// only. A busy machine is given more rounds, whose times are put together: noise goes away so, a difference does not. What it costs in
// processor time, test_api_throttle.c measures more finely.
test('R48: the median time of a wrong password is that of an unknown address', async (t) => {
  const long = process.env.LONG === '1', tries = long ? 300 : 20, within = long ? 0.02 : 0.25, free = 5;
  const site = await start(t, { LIMITS: 'off', DIGITD_PASSWORD_COST: long ? 7 : 5 });
  const send = (where, email, password) => exchange('POST', where, { origin: site.origin, body: JSON.stringify({ email, password }),
    headers: { 'Content-Type': 'application/json', Origin: site.origin.origin } });
  const timed = async (email) => {
    const began = performance.now();
    const { status } = await send('login', email, 'not the password');
    assert.equal(status, 401);
    return performance.now() - began;
  };
  const times = { known: [], unknown: [] };
  let ratio = 0;
  for (let round = 1; round <= 8; round++) {
    for (let i = 0; i < tries; i += free) {
      const emails = { known: newEmail(), unknown: newEmail() };
      assert.equal((await send('signup', emails.known, goodPassword)).status, 201);
      for (let k = 0; k < free; k++)
        for (const kind of k % 2 ? ['known', 'unknown'] : ['unknown', 'known']) times[kind].push(await timed(emails[kind]));
    }
    ratio = median(times.known) / median(times.unknown);
    t.diagnostic(`2 x ${round * tries} tries: medians ${median(times.known).toFixed(2)} and ${median(times.unknown).toFixed(2)} ms, ratio ${ratio.toFixed(4)}`);
    if (Math.abs(ratio - 1) <= within) return;
  }
  assert.fail(`known : unknown is ${ratio}`);
});
