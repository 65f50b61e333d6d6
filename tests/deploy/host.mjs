// A machine of a test's own: a fresh Debian with systemd, as a container. What a person would type there is taken from docs/ADMIN.md.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../e2e/lib.mjs';

const docker = (...args) => execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26 });
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
      'digitd-test-host').trim();
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
