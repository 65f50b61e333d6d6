// Changes the nginx configuration of a site of a test's own (site.mjs), and waits until it answers by the new one.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exchange } from './lib.mjs';
import { processes } from './site.mjs';

let serial = 0;

// edits: { file below the state directory: its text -> the new text }. An edit that changes nothing is a mistake.
export async function reconfigure(site, edits) {
  const mark = String(++serial);
  for (const [name, edit] of Object.entries({ 'nginx/server.conf': (text) => text, ...edits })) {
    const file = path.join(site.state, name), was = fs.readFileSync(file, 'utf8'), now = edit(was);
    assert.ok(name === 'nginx/server.conf' || now !== was, `${name} is as it was`);
    fs.writeFileSync(file, name !== 'nginx/server.conf' ? now
      : now.replace(/^add_header X-Test-Conf .*\n/gm, '').replace(/^add_header X-Request-Id .*$/m, `$&\nadd_header X-Test-Conf ${mark} always;`));
  }
  process.kill(masterOf(site), 'SIGHUP');
  // An old worker of nginx may still take a connection after a new one has: ten in a row are the new ones'.
  for (let i = 0, good = 0; i < 400 && good < 10; i++) {
    good = (await exchange('GET', '', { origin: site.origin })).headers['x-test-conf'] === mark ? good + 1 : 0;
    if (good === 0) await sleep(50);
  }
  assert.equal((await exchange('GET', '', { origin: site.origin })).headers['x-test-conf'], mark, 'nginx has the configuration of this test');
}

export const masterOf = (site) =>
  processes(site).find((pid) => /^nginx: master/.test(execFileSync('ps', ['-o', 'args=', '-p', pid], { encoding: 'utf8' })));
