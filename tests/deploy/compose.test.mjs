// docker-compose.yml with a real engine, as docs/ADMIN.md tells it: up, the first digit, the end-to-end suite, kill, down and up, backup
// and restore into a fresh volume, mail. R85.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../e2e/lib.mjs';
import { freePort } from '../e2e/site.mjs';
import { block } from './host.mjs';

const port = await freePort(), dir = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-compose-'));
const origin = `http://localhost:${port}`;
const env = { ...process.env, COMPOSE_PROJECT_NAME: `digitd-test-${process.pid}`, COMPOSE_FILE: `${root}/docker-compose.yml:${root}/tests/deploy/compose.override.yml`,
  DIGITD_PORT: `127.0.0.1:${port}`, DIGITD_SITE_URL: `${origin} http://web:8080`, DIGITD_MAIL_COMMAND: '', DIGITD_PROXY: '' };
// As bash in a directory of its own, from where html/ can be seen; the page's port is the test's.
fs.symlinkSync(path.join(root, 'html'), path.join(dir, 'html'));
function run(script, more = {}) {
  const done = spawnSync('bash', ['-e', '-c', script.replaceAll('http://localhost:8080', origin)],
    { cwd: dir, env: { ...env, ...more }, encoding: 'utf8', timeout: 500000, maxBuffer: 1 << 26 });
  assert.equal(done.status, 0, `${script}\n${done.stdout.slice(-2000)}\n${done.stderr.slice(-4000)}`);
  return done.stdout;
}
const inspect = (service) => JSON.parse(execFileSync('docker', ['inspect', run(`docker-compose ps -q ${service}`).trim()], { encoding: 'utf8' }))[0];
async function until(what, condition) {
  for (let i = 0; i < 300; i++) {
    if (condition()) return;
    await sleep(200);
  }
  assert.fail(`not within a minute: ${what}\n${run('docker-compose logs --tail=20')}`);
}
const answers = () => spawnSync('curl', ['-fsS', '-o', '/dev/null', '--max-time', '2', `${origin}/site`]).status === 0;
const healthy = () => ['app', 'web'].every((name) => inspect(name).State.Health.Status === 'healthy');
let token;
const reads = () => {
  const out = run(`curl -sS -H 'Authorization: Bearer ${token}' -F image=@html/samples/7.png ${origin}/classify`);
  assert.match(out, /"status":"digit","unsure_because":null,"digit":7/);
};

test.after(() => {
  spawnSync('docker-compose', ['--profile', 'mail', 'down', '--volumes', '--rmi', 'local', '--timeout', '5'], { env, stdio: 'ignore' });
  fs.rmSync(dir, { recursive: true, force: true });
});

test('up, healthy, and the first digit', async () => {
  run(block('compose'));
  await until('it answers', answers);
  const out = run(`${block('composefirst')}\nprintf '\\n%s' "$token"`);
  token = out.trim().split('\n').pop().trim();
  assert.match(out, /"status":"digit","unsure_because":null,"digit":7/);
  await until('both are healthy', healthy);
});

test('R85: not root, nothing to write to, no capability, no network for digitd, bounds on memory and processes', () => {
  for (const name of ['app', 'web']) {
    const { HostConfig: host, Config: config } = inspect(name);
    assert.equal(host.ReadonlyRootfs, true, name);
    assert.deepEqual(host.CapDrop, ['ALL'], name);
    assert.ok(host.SecurityOpt.includes('no-new-privileges:true'), name);
    assert.ok(host.Memory > 0 && host.PidsLimit > 0, name);
    assert.equal(host.RestartPolicy.Name, 'unless-stopped', name);
    assert.equal(config.User, 'digitd', name);
    const status = run(`docker-compose exec -T ${name} cat /proc/1/status`);
    assert.match(status, /^Uid:\t990\t990\t990\t990$/m);
    assert.match(status, /^CapBnd:\t0+$/m);
    assert.match(status, /^NoNewPrivs:\t1$/m);
    assert.notEqual(spawnSync('docker-compose', ['exec', '-T', name, 'touch', '/usr/x'], { env }).status, 0);
  }
  assert.equal(inspect('app').HostConfig.NetworkMode, 'none');
  assert.equal(run('docker-compose exec -T app sh -c "ls /sys/class/net"').trim(), 'lo');
  assert.doesNotMatch(run('docker-compose logs app'), /level=(warn|error)(?!.*plain_http)/);
});

test('R95: the images carry the security fixes that matter', () => {
  for (const [name, package_] of [['app', 'libgd3'], ['web', 'nginx']]) {
    const found = run(`docker-compose exec -T ${name} dpkg-query -W -f x ${package_}`);
    assert.equal(found, 'x');
    const release = run(`docker-compose exec -T ${name} sh -c '. /etc/os-release; echo $VERSION_CODENAME'`).trim();
    const versions = run(`docker-compose exec -T ${name} dpkg-query -W`).trim().split('\n').map((line) => line.split('\t'));
    const least = fs.readFileSync(path.join(root, 'conf/minimum'), 'utf8').split('\n').filter((line) => line.startsWith(`${release} `));
    assert.ok(least.length > 0, release);
    for (const line of least) {
      const [, wanted, version] = line.split(' ');
      const have = versions.find(([one]) => one.split(':')[0] === wanted)?.[1];
      if (have) execFileSync('dpkg', ['--compare-versions', have, 'ge', version]);
    }
  }
});

// Breaks when all the world is the bridge's gateway, or when a header that anyone can send decides who somebody is.
test("R21: the client's own address is in log and limits; X-Forwarded-For counts from a proxy that was named", async () => {
  const id = run('docker-compose ps -q web').trim();
  const [network] = Object.keys(inspect('web').NetworkSettings.Networks), image = inspect('web').Image;
  const from = (where) => execFileSync('docker', ['run', '--rm', '--network', network, '--entrypoint', 'sh', image, '-c',
    `curl -sS -o /dev/null -H 'X-Forwarded-For: 203.0.113.77' http://web:8080/${where}; hostname -i`], { encoding: 'utf8' }).trim();
  const own = from('where-am-i');
  await until('the log has it', () => run('docker-compose logs web').includes('/where-am-i'));
  assert.match(run('docker-compose logs web'), new RegExp(` ${own.replaceAll('.', '\\.')} GET /where-am-i 404`));
  run('docker-compose up -d', { DIGITD_PROXY: own.replace(/\d+$/, '0/24') });
  assert.notEqual(run('docker-compose ps -q web').trim(), id);
  await until('it answers', answers);
  from('and-now');
  await until('the log has it', () => run('docker-compose logs web').includes('/and-now'));
  assert.match(run('docker-compose logs web'), / 203\.0\.113\.77 GET \/and-now 404/);
  run('docker-compose up -d');
  await until('it answers', answers);
});

// Breaks when nginx ends at [::] on a host with ipv6.disable=1. The engine's filter refuses what such a kernel refuses, with its error.
test('a kernel without IPv6: web serves on IPv4, and says so once', async (t) => {
  const filter = path.join(dir, 'no-ipv6.json');
  fs.writeFileSync(filter, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['socket'], action: 'SCMP_ACT_ERRNO', errnoRet: 97, args: [{ index: 0, value: 10, op: 'SCMP_CMP_EQ' }] }] }));
  const { Image, Id } = inspect('web');
  const own = execFileSync('docker', ['run', '--detach', '--network', 'none', '--read-only', '--cap-drop', 'ALL', '--security-opt', `seccomp=${filter}`,
    '--tmpfs', '/var/lib/nginx:mode=1777', '--volumes-from', Id, Image], { encoding: 'utf8' }).trim();
  t.after(() => execFileSync('docker', ['rm', '--force', own]));
  const ready = () => spawnSync('docker', ['exec', own, 'curl', '-fsS', '--max-time', '2', 'http://127.0.0.1:8080/readyz'], { encoding: 'utf8' });
  await until('it is ready', () => ready().status === 0);
  assert.match(ready().stdout, /"ready"/);
  const { stderr } = spawnSync('docker', ['logs', own], { encoding: 'utf8' });
  assert.equal(stderr.match(/web: this machine has no IPv6: nginx listens on IPv4 alone/g).length, 1, stderr);
  assert.notEqual(spawnSync('docker', ['exec', own, 'curl', '-fsS', '--max-time', '2', 'http://[::1]:8080/'], { encoding: 'utf8' }).status, 0);
  assert.doesNotMatch(run('docker-compose logs web'), /no IPv6/, 'the other has it');
});

test('the end-to-end suite passes against it', () => {
  const { Gateway } = Object.values(inspect('web').NetworkSettings.Networks)[0];
  const suite = ['api', 'classify', 'read', 'account', 'history', 'account-page', 'page'].map((name) => `tests/e2e/${name}.test.mjs`);
  const done = spawnSync('node', ['--test', '--test-reporter=tap', ...suite], { cwd: root, encoding: 'utf8', timeout: 450000, maxBuffer: 1 << 26,
    env: { ...process.env, BASE_URL: `${origin}/`, STATE: '', BRIDGED: Gateway, NODE_TEST_CONTEXT: undefined } }); // it is no child of this test's
  const of = (what) => Number(new RegExp(`^# ${what} (\\d+)`, 'm').exec(done.stdout)?.[1] ?? assert.fail(done.stdout.slice(-2000) + done.stderr.slice(-2000)));
  assert.equal(of('fail') + of('cancelled'), 0, done.stdout.split('\n').filter((line) => /not ok|error:|expected|actual/.test(line)).join('\n'));
  assert.ok(of('pass') > 60, done.stdout.slice(-500));
});

test('killed, it comes back with all that was acknowledged; stopped, it ends well; down and up keeps the data', async () => {
  const { Id, State, RestartCount } = inspect('app');
  process.kill(State.Pid, 'SIGKILL');
  await until('docker has started it again', () => inspect('app').RestartCount > RestartCount && inspect('app').State.Running);
  await until('it answers', answers);
  await until('its workers do', () => spawnSync('curl', ['-fsS', '-o', '/dev/null', '-H', `Authorization: Bearer ${token}`, `${origin}/session`]).status === 0);
  reads();
  run('docker-compose stop app');
  const { State: stopped } = JSON.parse(execFileSync('docker', ['inspect', Id], { encoding: 'utf8' }))[0];
  assert.equal(stopped.ExitCode, 0);
  run('docker-compose down && docker-compose up -d');
  await until('it answers', answers);
  reads();
});

test('R76: backup, and restore into a fresh volume', async () => {
  run(block('composebackup'));
  run('docker-compose down --volumes');
  run(block('composerestore'));
  await until('it answers', answers);
  reads();
});

test('mail leaves by a service of its own', async () => {
  const mail = { DIGITD_MAIL_COMMAND: '/usr/bin/tee -a /var/lib/digitd/letters' };
  run('docker-compose --profile mail up --build -d', mail);
  await until('mail is on', () => spawnSync('curl', ['-fsS', '-H', 'Content-Type: application/json', '-H', `Origin: ${origin}`, '-d', '{"email":"me@example.org"}',
    `${origin}/account/forgot`]).status === 0);
  await until('a letter', () => spawnSync('docker-compose', ['exec', '-T', 'app', 'grep', '-q', `${origin}/#reset=`, '/var/lib/digitd/letters'], { env: { ...env, ...mail } }).status === 0);
  run('docker-compose --profile mail stop mail', mail);
});
