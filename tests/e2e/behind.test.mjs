// docs/ADMIN.md, "Below a path, and behind another proxy": its block in an nginx of its own, on a port that is not the default, before a
// site that knows itself by that address.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { block } from '../deploy/host.mjs';
import { Visitor, exchange, goodPassword, newEmail } from './lib.mjs';
import { freePort, start } from './site.mjs';

// The nginx in front, listening on port, with the guide's block for a site on another port.
async function front(t, port, site) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-front-'));
  fs.chmodSync(dir, 0o755);
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${dir}/${what};`).join(' ');
  fs.writeFileSync(`${dir}/nginx.conf`, `pid ${dir}/pid; error_log ${dir}/log; events {} http { access_log off; ${temp}
    server { listen 127.0.0.1:${port}; server_name localhost;\n${block('path').replace('127.0.0.1:8080', `127.0.0.1:${site}`)}} }`);
  const nginx = fs.existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx';
  execFileSync(nginx, ['-t', '-c', `${dir}/nginx.conf`, '-e', `${dir}/log`], { stdio: 'pipe' });
  const child = spawn(nginx, ['-c', `${dir}/nginx.conf`, '-e', `${dir}/log`, '-g', 'daemon off;'], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
    fs.rmSync(dir, { recursive: true });
  });
  // nginx -t has made the file, too, but has written nothing into it.
  for (let i = 0; i < 200 && fs.statSync(`${dir}/pid`).size === 0; i++) await sleep(20);
}

test('below a path behind a proxy on another port: every kind of answer, and no address but that one', async (t) => {
  const port = await freePort(), origin = new URL(`http://localhost:${port}/digits/`);
  const site = await start(t, { LIMITS: 'off', DIGITD_SITE_URL: origin.href });
  await front(t, port, site.port);
  const get = (where, headers = {}) => exchange('GET', where, { origin, headers });
  for (const where of ['', 'js/app.js', 'site', 'model']) assert.equal((await get(where)).status, 200, where);
  const visitor = new Visitor(origin), email = newEmail();
  const json = { email, password: goodPassword };
  for (const [where, status] of [['signup', 201], ['login', 200]]) assert.equal((await visitor.send('POST', where, { json })).status, status, where);
  assert.equal((await visitor.send('GET', 'session')).status, 200);
  // What sends a browser on names no host, so that it cannot name the wrong port.
  const page = await get('session', { Accept: 'text/html' });
  assert.deepEqual([page.status, page.headers.location], [303, './#read'], JSON.stringify(page.headers));
  // A directory is no page, with its slash or without: it is not sent on to the port behind the proxy.
  for (const where of ['js', 'js/', 'samples']) {
    const { status, headers } = await get(where);
    assert.deepEqual([status, headers.location], [404, undefined], where);
  }
  // What the proxy's own port is called is the one host that is answered.
  const direct = await exchange('GET', 'site', { origin: site.origin });
  assert.equal(direct.status, 421);
});
