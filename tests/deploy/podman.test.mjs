// docker-compose.yml with podman, as docs/ADMIN.md tells it: docker-compose asks podman through podman's own socket. Up, the first digit,
// backup and restore into a fresh volume, down; and with podman-compose, which reads the file itself.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../e2e/lib.mjs';
import { freePort } from '../e2e/site.mjs';
import { block } from './host.mjs';

const port = await freePort(), dir = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-podman-'));
const origin = `http://localhost:${port}`;
const project = `digitd-podman-${process.pid}`;
// The guide's containers.conf, but in a directory of the test's own.
fs.writeFileSync(`${dir}/containers.conf`, block('podmanconf'));
const env = { ...process.env, CONTAINERS_CONF: `${dir}/containers.conf`, DOCKER_HOST: `unix://${dir}/podman.sock`, COMPOSE_PROJECT_NAME: project,
  COMPOSE_FILE: `${root}/docker-compose.yml`, DIGITD_PORT: `127.0.0.1:${port}`, DIGITD_SITE_URL: origin, DIGITD_MAIL_COMMAND: '', DIGITD_PROXY: '' };
fs.symlinkSync(path.join(root, 'html'), path.join(dir, 'html'));
function run(script) {
  const done = spawnSync('bash', ['-e', '-c', script.replaceAll('http://localhost:8080', origin)], { cwd: dir, env, encoding: 'utf8', timeout: 900000, maxBuffer: 1 << 26 });
  assert.equal(done.status, 0, `${script}\n${done.stdout.slice(-2000)}\n${done.stderr.slice(-4000)}`);
  return done.stdout;
}
const inspect = (service) => JSON.parse(execFileSync('podman', ['inspect', run(`docker-compose ps -q ${service}`).trim()], { env, encoding: 'utf8' }))[0];
async function answers() {
  for (let i = 0; i < 150; i++) {
    if (spawnSync('curl', ['-fsS', '-o', '/dev/null', '--max-time', '2', `${origin}/site`]).status === 0) return;
    await sleep(200);
  }
  assert.fail(`no answer within 30 s\n${run('docker-compose logs --tail=20')}`);
}
let token;
const reads = () => assert.match(run(`curl -sS -H 'Authorization: Bearer ${token}' -F image=@html/samples/7.png ${origin}/classify`), /"status":"digit","unsure_because":null,"digit":7/);

const service = spawn('podman', ['system', 'service', '--time=0', env.DOCKER_HOST], { env, stdio: 'ignore' });
for (let i = 0; i < 100 && !fs.existsSync(`${dir}/podman.sock`); i++) await sleep(100);
test.after(() => {
  spawnSync('docker-compose', ['--profile', 'mail', 'down', '--volumes', '--rmi', 'local', '--timeout', '5'], { cwd: dir, env, stdio: 'ignore' });
  service.kill();
  fs.rmSync(dir, { recursive: true, force: true });
});

test('up, the first digit, and as bounded as with docker', async () => {
  run(block('compose'));
  await answers();
  const out = run(`${block('composefirst')}\nprintf '\\n%s' "$token"`);
  token = out.trim().split('\n').pop().trim();
  assert.match(out, /"status":"digit","unsure_because":null,"digit":7/);
  for (const name of ['app', 'web']) {
    const { HostConfig: host } = inspect(name);
    assert.equal(host.ReadonlyRootfs, true, name);
    assert.ok(host.Memory > 0 && host.PidsLimit > 0, name);
    const status = run(`docker-compose exec -T ${name} cat /proc/1/status`);
    assert.match(status, /^Uid:\t990\t990\t990\t990$/m);
    assert.match(status, /^CapBnd:\t0+$/m);
    assert.match(status, /^NoNewPrivs:\t1$/m);
    execFileSync('podman', ['healthcheck', 'run', inspect(name).Id], { env }); // its timers need systemd
  }
  assert.equal(run('docker-compose exec -T app sh -c "ls /sys/class/net"').trim(), 'lo');
  assert.doesNotMatch(run('docker-compose ps'), /mail/, 'a service of a profile stays where it is');
});

test('down and up keeps the data; backup, and restore into a fresh volume', async () => {
  run('docker-compose down && docker-compose up -d');
  await answers();
  reads();
  run(block('composebackup'));
  run('docker-compose down --volumes');
  run(block('composerestore'));
  await answers();
  reads();
});
