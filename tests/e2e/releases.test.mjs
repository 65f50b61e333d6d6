// What differs between the releases of Debian: names of packages (conf/packages), how nginx wants HTTP/2 written (tls-site), versions with the
// security fixes (conf/minimum). With programs in apt's, dpkg's and nginx's place; tests/deploy has the real ones.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { root } from './lib.mjs';

function programs(t, scripts) {
  const bin = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-bin-'));
  t.after(() => fs.rmSync(bin, { recursive: true, force: true }));
  for (const [name, script] of Object.entries(scripts)) fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return bin;
}
const run = (bin, ...command) =>
  spawnSync(command[0], command.slice(1), { cwd: root, env: { PATH: `${bin}:/usr/bin:/bin` }, encoding: 'utf8' });

// apt of a release: `known` have a version; libfcgi0ldbl is known there as what another package provides, as on Debian 13.
const apt = (known) => ({
  'dpkg-query': 'exit 1',
  'apt-get': 'echo "$*" >>"$(dirname "$0")/calls"',
  sudo: 'exec "$@"',
  'apt-cache': `case " ${known} " in *" $2 "*) echo "$2:"; echo "  Candidate: 1:2.9" ;; *) echo "$2:"; echo "  Candidate: (none)" ;; esac`,
});
const installed = (bin) => fs.readFileSync(path.join(bin, 'calls'), 'utf8').match(/^install .*--no-install-recommends (.*)$/m)[1].split(' ');

test('conf/need installs what a package is called on this release', (t) => {
  for (const [known, fcgi, utf8] of [['libfcgi0ldbl libutf8proc2', 'libfcgi0ldbl', 'libutf8proc2'], ['libfcgi0t64 libutf8proc3', 'libfcgi0t64', 'libutf8proc3'],
    ['libfcgi0ldbl libutf8proc3', 'libfcgi0ldbl', 'libutf8proc3']]) { // the last: releases between the two
    const bin = programs(t, apt(known)), { status, stdout, stderr } = run(bin, 'conf/need', 'service');
    assert.equal(status, 0, stderr);
    const names = installed(bin);
    assert.deepEqual(names.filter((name) => /fcgi|utf8proc/.test(name)), [fcgi, utf8]);
    assert.ok(names.includes('libgd3') && names.length === 12, names.join(' '));
    assert.equal(stdout, `updating apt's package lists\ninstalling (a minute or two): ${names.join(' ')}\n`);
  }
});

test('conf/need is content with either name, and only with a package that is installed', (t) => {
  // As the real one does, it fails where one of the names is unknown, and lists the others all the same.
  const dpkg = (status) => ({ ...apt('libutf8proc3'), 'dpkg-query': `for name; do case $name in libutf8proc3) echo ${status} ;; libutf8proc2|libfcgi0t64) bad=1 ;; lib*|zlib1g) echo installed ;; esac; done; exit \${bad:-0}` });
  const quiet = programs(t, dpkg('installed'));
  assert.deepEqual(run(quiet, 'conf/need', 'service').stdout, '');
  assert.equal(fs.existsSync(path.join(quiet, 'calls')), false);
  const removed = programs(t, dpkg('not-installed'));
  assert.equal(run(removed, 'conf/need', 'service').status, 0);
  assert.deepEqual(installed(removed), ['libutf8proc3']);
});

test('tls-site writes HTTP/2 as the nginx here wants it, and takes a name alone', (t) => {
  for (const [version, one] of [['1.22.1', false], ['1.25.0', false], ['1.25.1', true], ['1.26.3', true], ['1.30.0', true]]) {
    const bin = programs(t, { nginx: `echo 'nginx version: nginx/${version}' >&2` });
    const { status, stdout, stderr } = run(bin, 'conf/nginx/tls-site', 'nine.example.net');
    assert.equal(status, 0, stderr);
    const lines = stdout.split('\n').map((line) => line.trim());
    assert.deepEqual(lines.filter((line) => /443|http2/.test(line)), one ? ['listen 443 ssl;', 'listen [::]:443 ssl;', 'http2 on;']
      : ['listen 443 ssl http2;', 'listen [::]:443 ssl http2;'], version);
    assert.equal(lines.filter((line) => line === 'server_name nine.example.net;').length, 2);
    assert.doesNotMatch(stdout, /digits\.example\.org/);
  }
  const bin = programs(t, { nginx: 'exit 1' });
  for (const bad of [[], ['a b'], ['a;b'], ['a|b'], ['a/b'], ['-a'], ['a\nb'], ['a', 'b']]) {
    const { status, stdout, stderr } = run(bin, 'conf/nginx/tls-site', ...bad);
    assert.deepEqual([status, stdout], [2, ''], bad.join());
    assert.match(stderr, /^usage: tls-site NAME/);
  }
  const none = run(bin, 'conf/nginx/tls-site', 'nine.example.net');
  assert.deepEqual([none.status, none.stdout, none.stderr], [1, '', 'tls-site: nginx is not installed; install it first\n']);
});

test('R95: check-minimum holds a machine to the versions of its own release', (t) => {
  const here = fs.readFileSync('/etc/os-release', 'utf8').match(/^VERSION_CODENAME=(.*)$/m)[1];
  const bin = programs(t, { 'dpkg-query': '[ "$4" != absent ] && echo 2.4-1' });
  const says = (text) => {
    fs.writeFileSync(path.join(bin, 'minimum'), `# none\n${text}\n`);
    const { status, stdout } = run(bin, 'conf/check-minimum', path.join(bin, 'minimum'));
    return [status, stdout];
  };
  assert.deepEqual(says(`${here} some 2.4-1 why\n${here} absent 9 why\nelsewhere some 9 why`), [0, '']);
  assert.deepEqual(says(`elsewhere some 1 why\n${here} some 2.4-1+deb1 a hole`),
    [1, 'some 2.4-1 is older than 2.4-1+deb1: a hole. Run apt-get update, apt-get upgrade.\n']);
  const [status, out] = says('elsewhere some 1 why');
  assert.equal(status, 1);
  assert.match(out, new RegExp(`has no versions for this system's release, '${here}'`));
});

// Breaks when a library that reads what strangers send is left out for one of the releases, or a version is none.
test('R95: conf/minimum has all of them for each release', () => {
  const kinds = ['nginx', 'libfcgi', 'libgd', 'libwebp', 'libpng', 'libtiff', 'libavif', 'libdav1d', 'libjpeg', 'zlib', 'libsqlite'];
  const rows = fs.readFileSync(path.join(root, 'conf/minimum'), 'utf8').split('\n').filter((line) => line && !line.startsWith('#')).map((line) => line.split(' '));
  for (const release of ['bookworm', 'trixie']) {
    const mine = rows.filter(([one]) => one === release);
    for (const kind of kinds) assert.equal(mine.filter(([, name]) => name.startsWith(kind)).length, 1, `${release} ${kind}`);
    assert.equal(mine.length, kinds.length, release);
    for (const [, name, version, ...why] of mine) assert.ok(/^(\d+:)?\d[\w.+~-]*$/.test(version) && /CVE-\d{4}-\d+/.test(why.join(' ')), `${release} ${name} ${version}`);
  }
  assert.deepEqual([...new Set(rows.map(([release]) => release))], ['bookworm', 'trixie']);
});
