// A machine of a test's own: a fresh Debian with systemd, as a container. What a person would type there is taken from docs/ADMIN.md.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../e2e/lib.mjs';

const docker = (...args) => execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26 });
/** Debian's release that the machines have. What is put on them has been built on it: here, or in a root of it. */
export const release = process.env.DEBIAN ?? 'bookworm';
const native = fs.readFileSync('/etc/os-release', 'utf8').includes(`VERSION_CODENAME=${release}\n`);
const other = (...args) => execFileSync(path.join(root, 'tests/in-debian'), [release, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const built = native ? root : path.join(other('--root').trim(), 'srv/digitd');
/** Runs a command in the tree that was built on the release. */
export const onRelease = (...args) => native ? execFileSync(args[0], args.slice(1), { cwd: root, stdio: 'pipe' }) : other(...args);
/** A directory to install into, as { here, there }: its path for this test, and on the release. */
export function destination(t) {
  const here = fs.mkdtempSync(path.join(native ? os.tmpdir() : path.join(built, '../../tmp'), 'digitd-tree-'));
  t.after(() => fs.rmSync(here, { recursive: true }));
  return { here, there: native ? here : path.join('/tmp', path.basename(here)) };
}
/** The package that `make deb` has made: its path, for this test. */
export function builtPackage() {
  const deb = fs.readdirSync(path.join(built, 'build')).filter((name) => /^digitd_.*_amd64\.deb$/.test(name));
  assert.equal(deb.length, 1, `make deb has made one package: ${deb}`);
  return path.join(built, 'build', deb[0]);
}

const guide = fs.readFileSync(path.join(root, 'docs/ADMIN.md'), 'utf8');

/** The block of docs/ADMIN.md that `<!-- test: name -->` marks. */
export function block(name) {
  const found = [...guide.matchAll(/<!-- test: ([a-z]+) -->\n```\w+\n(.*?)```/gs)].filter(([, marked]) => marked === name);
  assert.equal(found.length, 1, `docs/ADMIN.md has one block "${name}"`);
  return found[0][2];
}

export class Host {
  // PrivateUsers, ProtectProc and PrivateNetwork of the units need these three; memory and tasks are counted below the host's cgroups.
  static async start(t) {
    const host = new Host();
    host.id = docker('run', '--detach', '--cap-add', 'SYS_ADMIN', '--cap-add', 'NET_ADMIN', '--cap-add', 'SYS_PTRACE', '--security-opt',
      'seccomp=unconfined', '--tmpfs', '/run', '--tmpfs', '/tmp:exec', '--volume', '/sys/fs/cgroup:/sys/fs/cgroup', '--cgroupns', 'host',
      `digitd-test-host:${release}`).trim();
    t.after(() => docker('rm', '--force', '--volumes', host.id));
    for (let i = 0; i < 100 && !/running|degraded/.test(host.try('systemctl is-system-running').out); i++) await sleep(200);
    assert.match(host.try('systemctl is-system-running').out, /running|degraded/, 'systemd has started');
    return host;
  }
  /** Runs a script by bash as root in /root: { status, out } with both streams in out. */
  try(script) {
    const run = spawnSync('docker', ['exec', '--interactive', '--workdir', '/root', '--env', 'DEBIAN_FRONTEND=noninteractive', this.id, 'bash', '-e'],
      { input: script.replace(/^/, 'exec 2>&1\n'), encoding: 'utf8', timeout: 240000 });
    return { status: run.status, out: run.stdout };
  }
  run(script) {
    const { status, out } = this.try(script);
    assert.equal(status, 0, `${script}\n--- said:\n${out}\n--- log:\n${this.try('journalctl -u digitd -u nginx --no-pager | tail -n 20').out}`);
    return out;
  }
  follow(name) {
    return this.run(block(name));
  }
  copy(from, to) {
    docker('cp', from, `${this.id}:${to}`);
  }
  async until(script, what) {
    for (let i = 0; i < 75; i++) {
      if (this.try(script).status === 0) return;
      await sleep(200);
    }
    assert.fail(`not within 15 s: ${what}\n${this.run(script)}`);
  }
}
