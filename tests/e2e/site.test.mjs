// `make run` itself, as conf/run does it: start, stop, ports, and what nginx answers when digitd is in trouble. Each test has a site
// of its own, with request limits on.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { block } from '../deploy/host.mjs';
import { assertWithin } from '../pace.mjs';
import { assertProblem, exchange, goodPassword, newEmail, root } from './lib.mjs';
import { alive, freePort, processes, start } from './site.mjs';

test('it is ready within 15 s and says where; Ctrl-C ends both and leaves no process and no socket', async (t) => {
  const before = fs.readdirSync(root).sort();
  const site = await start(t);
  assert.match(site.out, new RegExp(`^ready on http://localhost:${site.port}/`, 'm'), site.out);
  assertWithin(site.startMs, 15000, 'ready');
  if (process.getuid() === 0) assert.match(site.out, /^started as root.*loopback only/m);
  assert.equal((await exchange('GET', '', { origin: site.origin })).status, 200);
  assert.equal((await exchange('GET', '', { origin: new URL(`http://127.0.0.1:${site.port}/`) })).status, 200);
  const pids = processes(site);
  assert.ok(pids.length >= 7, `conf/run, nginx and its workers, digitd and its workers: ${pids.length}`);
  // A terminal's Ctrl-C reaches the whole process group.
  process.kill(-site.child.pid, 'SIGINT');
  assert.equal(await site.ended, 0, site.out);
  for (let i = 0; i < 1000 && pids.some(alive); i++) await sleep(20); // what ended with its parent has to be collected by init
  assert.deepEqual(pids.filter(alive), []);
  assert.deepEqual(fs.readdirSync(path.join(site.state, 'run')).filter((name) => name.endsWith('.sock')), []);
  assert.deepEqual(fs.readdirSync(root).sort(), before, 'nothing new in the tree');
});

// Breaks when a kernel without IPv6 (ipv6.disable=1), where nginx cannot listen on [::1], keeps the site from starting.
test('a machine without IPv6 is served on IPv4', async (t) => {
  const refuse = path.resolve(root, process.env.BUILD ?? 'build', 'tools/refuse');
  const without = (...program) => spawnSync(refuse, ['inet6=EAFNOSUPPORT', '--', ...program], { encoding: 'utf8' });
  const site = await start(t, {}, [refuse, 'inet6=EAFNOSUPPORT', '--']);
  assert.match(site.out, /^ready on/m, site.out);
  assert.equal((await exchange('GET', 'site', { origin: new URL(`http://127.0.0.1:${site.port}/`) })).status, 200);
  assert.match(fs.readFileSync(`${site.state}/nginx.conf`, 'utf8'), /listen 127\.0\.0\.1:\d+ sndbuf=64k;\n/);
  // The files of a system's own nginx: one listens on IPv4 alone; docs/ADMIN.md has the line for the other.
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-ipv4-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=x', '-keyout', `${dir}/privkey.pem`, '-out', `${dir}/fullchain.pem`], { stdio: 'pipe' });
  const tls = await freePort();
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${dir}/${what};`).join(' ');
  const check = (name, edit) => {
    fs.writeFileSync(`${dir}/site`, fs.readFileSync(path.join(root, 'conf/nginx', name), 'utf8')
      .replaceAll('/usr/local/share/digitd/nginx', `${site.state}/nginx`).replaceAll(/listen (\S*:)?(\d+)/g, (_, where, n) => `listen ${where ?? ''}${n === '443' ? tls : site.port}`)
      .replaceAll('/var/log/nginx', dir).replaceAll(/\/etc\/letsencrypt\/live\/[^/]+/g, dir));
    if (edit) execFileSync('bash', ['-e', '-c', edit.replace('/etc/nginx/sites-available/digitd', `${dir}/site`)]);
    fs.writeFileSync(`${dir}/nginx.conf`, `pid ${dir}/pid; error_log ${dir}/log; events {} http { ${temp} include ${dir}/site; }`);
    return without(fs.existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx', '-t', '-c', `${dir}/nginx.conf`, '-e', `${dir}/log`); // a port that is taken is no fault to it
  };
  assert.equal(check('site.conf').status, 0, check('site.conf').stderr);
  assert.match(check('tls.conf.example').stderr, /\[::\]:\d+ failed \(97: Address family not supported/);
  const { status, stderr } = check('tls.conf.example', block('fouronly'));
  assert.equal(status, 0, stderr);
});

// Breaks when a terminal that closes leaves nginx and digitd running with nobody to stop them: HUP means reload to both.
test("the terminal's end stops both", async (t) => {
  const site = await start(t);
  const pids = processes(site);
  assert.ok(pids.length >= 7, site.out);
  t.after(() => pids.filter(alive).forEach((pid) => process.kill(pid, 'SIGKILL')));
  process.kill(-site.child.pid, 'SIGHUP');
  await Promise.race([site.ended, sleep(60000, undefined, { ref: false })]);
  for (let i = 0; i < 1000 && pids.some(alive); i++) await sleep(20);
  assert.deepEqual(pids.filter(alive), []);
});

// Breaks when a mistyped STATE, such as /var, is given another owner or filled with files.
test('a STATE that holds other things is refused and left alone', async (t) => {
  for (const mark of ['run/', 'nginx.conf']) {
    const state = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-other-'));
    t.after(() => fs.rmSync(state, { recursive: true, force: true }));
    if (mark.endsWith('/')) fs.mkdirSync(path.join(state, mark));
    else fs.writeFileSync(path.join(state, mark), 'precious');
    const before = fs.statSync(path.join(state, mark));
    const site = await start(t, { STATE: state });
    assert.notEqual(await site.ended, 0, mark);
    assert.match(site.out, /holds other things/);
    assert.deepEqual(fs.readdirSync(state), [path.basename(mark)]);
    assert.equal(fs.statSync(path.join(state, mark)).ctimeMs, before.ctimeMs, 'not even its owner was touched');
  }
});

// Breaks when a graceful stop waits for a client that sends a byte now and then, for as long as it does.
test('a client that drips its body does not hold SIGTERM for ever', async (t) => {
  const site = await start(t);
  const socket = net.connect(site.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`POST /login HTTP/1.1\r\nHost: localhost:${site.port}\r\nContent-Length: 1000\r\n\r\n`);
  const drip = setInterval(() => socket.write('x'), 500);
  t.after(() => { clearInterval(drip); socket.destroy(); });
  await sleep(1000);
  process.kill(site.child.pid, 'SIGTERM');
  assert.equal(await Promise.race([site.ended, sleep(60000, undefined, { ref: false })]), 0, 'it ended'); // the drip goes on for 500 s
});

test('R88: the access log has one line a request, with the address that was asked for and nothing of the query', async (t) => {
  const site = await start(t);
  const reply = await exchange('GET', 'no%20where%0a?secret=1', { origin: site.origin });
  assertProblem(reply, 404);
  process.kill(site.child.pid, 'SIGTERM'); // nginx writes the line after the reply has left; once it has ended, all is written
  assert.equal(await site.ended, 0);
  const text = fs.readFileSync(path.join(site.state, 'log/nginx-access.log'), 'utf8');
  const lines = text.split('\n').filter((line) => line.includes(reply.headers['x-request-id']));
  assert.equal(lines.length, 1, text);
  assert.match(lines[0], / GET \/no%20where%0a 404 /);
  assert.doesNotMatch(text, /secret/);
});

test('loopback is all that is served', async (t) => {
  const site = await start(t);
  const listening = ['/proc/net/tcp', '/proc/net/tcp6'].filter(fs.existsSync).flatMap((file) => fs.readFileSync(file, 'utf8').split('\n'))
    .map((line) => line.trim().split(/\s+/)).filter(([, , , state]) => state === '0A').map(([, local]) => local.split(':'))
    .filter(([, port]) => parseInt(port, 16) === site.port).map(([address]) => address);
  assert.ok(listening.includes('0100007F'), site.out);
  for (const address of listening) assert.match(address, /^(0100007F|0{24}01000000)$/);
});

test('accounts survive a restart on the same state', async (t) => {
  const site = await start(t);
  const json = JSON.stringify({ email: newEmail(), password: goodPassword });
  const headers = { 'Content-Type': 'application/json', Origin: site.origin.origin };
  assert.equal((await exchange('POST', 'signup', { origin: site.origin, headers, body: json })).status, 201);
  process.kill(site.child.pid, 'SIGTERM');
  assert.equal(await site.ended, 0);
  const kept = path.join(path.dirname(site.state), 'state');
  const again = await start(t, { STATE: kept });
  const login = await exchange('POST', 'login', { origin: again.origin, body: json,
    headers: { ...headers, Origin: again.origin.origin } });
  assert.equal(login.status, 200, login.text);
});

test('a port in use is one clear line', async (t) => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.on('listening', resolve));
  t.after(() => taken.close());
  const site = await start(t, { PORT: taken.address().port });
  assert.notEqual(await site.ended, 0);
  assert.match(site.out, new RegExp(`port ${taken.address().port} is in use`));
  assert.equal(site.out.trim().split('\n').filter((line) => !line.startsWith('started as root')).length, 1, site.out);
});

// Breaks when an ordinary user's PATH hides a system's own nginx: conf/need would install beside it and disable its unit.
test('conf/need finds what is installed although sbin is not in PATH', (t) => {
  const bin = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-bin-'));
  t.after(() => fs.rmSync(bin, { recursive: true, force: true }));
  for (const name of ['apt-get', 'sudo', 'systemctl', 'update-rc.d', 'dpkg-query']) // the last knows of no package
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\necho "$0 $*" >>${bin}/calls\nexit 1\n`, { mode: 0o755 });
  execFileSync('conf/need', ['run'], { cwd: root, env: { PATH: `${bin}:/usr/bin:/bin` }, stdio: 'pipe' });
  assert.doesNotMatch(fs.readFileSync(path.join(bin, 'calls'), { encoding: 'utf8', flag: 'a+' }), /apt-get|systemctl|update-rc/);
});

test('bad settings are one clear line each', async (t) => {
  for (const [env, sentence] of [[{ PORT: 'x' }, /not a valid port/], [{ DIGITD_NO_SUCH: '1' }, /no such setting/],
    [{ DIGITD_PASSWORD_COST: '99' }, /password_cost/], [{ DIGITD_WEIGHTS: '/nowhere' }, /\/nowhere/]]) {
    const site = await start(t, env);
    assert.notEqual(await site.ended, 0, JSON.stringify(env));
    assert.match(site.out, sentence);
  }
});

test("R10: nginx's 502 and 504 are 503 problem+json with Retry-After", async (t) => {
  const site = await start(t);
  const socket = path.join(site.state, 'run/main.sock');
  fs.renameSync(socket, `${socket}.away`); // nobody to connect to: 502
  const refused = await exchange('GET', 'session', { origin: site.origin });
  assertProblem(refused, 503, 'busy');
  assert.match(refused.headers['retry-after'], /^\d+$/);
  const silent = net.createServer(() => {}).listen(socket); // one who never answers: 504
  await new Promise((resolve) => silent.on('listening', resolve));
  fs.chmodSync(socket, 0o777);
  t.after(() => silent.close());
  const late = await exchange('GET', 'session', { origin: site.origin });
  assertProblem(late, 503, 'busy');
  assert.match(late.headers['retry-after'], /^\d+$/);
  assert.equal((await exchange('GET', '', { origin: site.origin })).status, 200, 'the page still loads');
});
