// File systems that lack something: second names, modes, owners, locks, sockets (FAT, exFAT, SMB, what runs in user space). The kernel
// refuses the calls (tests/tools/refuse.c), to digitd and digitctl alike. Each works, or ends with one line that says what to do.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Daemon, binary } from './lib.mjs';

const tool = path.join(path.dirname(binary), 'tools/refuse'), digitctl = path.join(path.dirname(binary), 'digitctl');
const digit = path.join(path.dirname(binary), 'digit');
const under = (refused, ...program) => [tool, ...refused, '--', ...program];
function run(command, input = '') {
  const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), { input, encoding: 'utf8', timeout: 60000 });
  return { status, out: stdout, err: stderr };
}
const lacking = (refused) => {
  const d = new Daemon();
  d.command = under(refused, binary);
  d.ctl = (args, input) => run(under(refused, digitctl, '-c', d.conf, ...args), input);
  return d;
};

// What is done without: name, refusals.
const without = {
  'second names, as in user space': ['link,linkat=ENOSYS'],
  'second names, as on FAT': ['link,linkat=EPERM'],
  'second names, as over SMB': ['link,linkat=EOPNOTSUPP'],
  'second names and names that are given once alone': ['link,linkat=EPERM', 'noreplace=EINVAL'],
  'modes, as on FAT': ['fchmod,chmod,fchmodat=EPERM'],
  'modes, as in user space': ['fchmod,chmod,fchmodat=ENOSYS'],
  'owners of its own': ['fchown,chown,fchownat=EPERM'],
};
for (const [what, refused] of Object.entries(without)) {
  test(`without ${what}: start, account, backup, restore, check`, async () => {
    const d = lacking(refused);
    try {
      await d.start();
      assert.equal(d.ctl(['user', 'add', 'me@example.org', '--password-stdin'], 'a quiet violet harbour\n').status, 0);
      const backup = path.join(d.dir, 'backup.db');
      const made = d.ctl(['backup', backup]);
      assert.deepEqual([made.status, made.err], [0, ''], 'private as it was made: nothing to warn of');
      assert.equal(fs.statSync(backup).mode & 0o7777, 0o600);
      const bytes = fs.readFileSync(backup);
      const again = d.ctl(['backup', backup]);
      assert.equal(again.err, `digitctl: ${backup}: already exists\n`);
      assert.notEqual(again.status, 0);
      assert.ok(bytes.equals(fs.readFileSync(backup)));
      assert.equal(d.ctl(['user', 'add', 'after@example.org', '--password-stdin'], 'a loud orange mountain\n').status, 0);
      await d.stop();
      const restored = d.ctl(['restore', backup]);
      assert.equal(restored.status, 0, restored.err);
      await d.start();
      assert.equal(d.ctl(['user', 'list']).out.match(/@example\.org/g).length, 1);
      assert.doesNotMatch(d.ctl(['check']).out, /^bad .*(database|files)/m);
      await d.stop();
      // What it was until then is a database too, and a second restore does not replace it.
      d.configure({ database: `${d.settings.database}.before-restore` });
      await d.start();
      assert.equal(d.ctl(['user', 'list']).out.match(/@example\.org/g).length, 2);
      await d.stop();
      d.configure({ database: d.settings.database.replace('.before-restore', '') });
      assert.match(d.ctl(['restore', backup]).err, /left by an earlier restore; move it away first\n$/);
      const left = fs.readdirSync(path.join(d.dir, 'data')).filter((name) => /\.......$/.test(name) && !name.endsWith('.before-restore'));
      assert.deepEqual(left, [], 'nothing half-made is left');
    } finally {
      await d.close();
    }
  });
}

// exFAT in user space: a file is open to all as it is made, and chmod answers 0 and does nothing.
const exfat = `#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/stat.h>
static int make(const char *as, char *name, int flags)
{
    int fd = ((int (*)(char *, int))dlsym(RTLD_NEXT, as))(name, flags);
    chmod(name, 0777);
    return fd;
}
int mkostemp(char *name, int flags) { return make("mkostemp", name, flags); }
int mkostemp64(char *name, int flags) { return make("mkostemp64", name, flags); } // what a program with 64-bit offsets calls
int fchmod(int fd, mode_t mode) { return 0; }
`;
test('a backup on a file system without modes, open to all: made, and said', async () => {
  const d = new Daemon();
  try {
    await d.start();
    execFileSync('gcc', ['-shared', '-fPIC', '-x', 'c', '-o', path.join(d.dir, 'exfat.so'), '-', '-ldl'], { input: exfat, stdio: ['pipe', 'pipe', 'inherit'] });
    const backup = path.join(d.dir, 'backup.db');
    const made = run(['env', `LD_PRELOAD=${d.dir}/exfat.so`, digitctl, '-c', d.conf, 'backup', backup]);
    assert.equal(made.err, `${backup}: other users may be able to read it: its file system does not support modes (it reports 0777)\n`);
    assert.match(made.out, /^\S+backup\.db: \d+ bytes\n$/);
    assert.equal(made.status, 0);
  } finally {
    await d.close();
  }
});

test('a backup whose name cannot be given leaves nothing behind', async () => {
  const d = lacking(['renameat2,link,linkat,rename,renameat=EPERM']);
  try {
    d.command = [binary];
    await d.start();
    const backup = path.join(d.dir, 'backup.db');
    assert.deepEqual(d.ctl(['backup', backup]), { status: 1, out: '', err: `digitctl: ${backup}: Operation not permitted\n` });
    assert.deepEqual(fs.readdirSync(d.dir).filter((name) => name.startsWith('backup')), []);
  } finally {
    await d.close();
  }
});

// What cannot be done without: refusals, the line that digitd ends with, the line of digitctl on a database that is there.
const local = 'put it on a local disk\n$';
const needed = {
  'locks': [['flock=ENOLCK'], new RegExp(`^digitd: run_dir: \\S+/digitd\\.lock: its file system does not support locks: ${local}`)],
  'locks, as of a server that has none': [['flock=ENOSYS'], new RegExp(`^digitd: run_dir: \\S+/digitd\\.lock: its file system does not support locks: ${local}`)],
  "SQLite's locks": [['fcntl=ENOLCK'], new RegExp(`^digitd: database: \\S+/digitd\\.db: its file system lacks the locks .*: ${local}`),
    new RegExp(`^digitctl: database: \\S+/digitd\\.db: its file system lacks the locks .*: ${local}`)],
  'shared memory in files': [['mapshared=ENODEV'], new RegExp(`^digitd: database: \\S+/digitd\\.db: .* or the shared memory that SQLite needs \\(No such device\\): ${local}`),
    new RegExp(`^digitctl: database: \\S+/digitd\\.db: .* or the shared memory .*: ${local}`)],
  'sockets, as on FAT': [['bind=EPERM'], /^digitd: \S+\/main\.sock: its file system does not support sockets: put run_dir on a local disk\n$/],
  'sockets, as in user space': [['bind=EIO'], /^digitd: \S+\/main\.sock: its file system does not support sockets: put run_dir on a local disk\n$/],
  'write access': [['mkdir,mkdirat=EROFS'], /^digitd: run_dir \S+: Read-only file system\n$/],
};
for (const [what, [refused, line, ctlLine]] of Object.entries(needed)) {
  test(`R12 without ${what}: exit 1, and one line that says what to do`, async () => {
    const d = lacking(refused);
    try {
      const end = await d.spawn().finished;
      assert.deepEqual([end.code, end.stdout], [1, ''], end.stderr);
      assert.match(end.stderr, line);
      if (!ctlLine) return;
      d.command = [binary];
      await d.start();
      await d.stop();
      const { status, err } = d.ctl(['user', 'list']);
      assert.notEqual(status, 0);
      assert.match(err, ctlLine);
    } finally {
      await d.close();
    }
  });
}

// The trainer's: a run's lock is on its directory.
test('digit train without locks', () => {
  const d = new Daemon();
  try {
    const place = path.join(d.dir, 'run');
    const end = run(under(['flock=ENOLCK'], digit, 'train', '--data', d.dir, '--out', path.join(d.dir, 'out.safetensors'), '--run', place));
    assert.match(end.err, new RegExp(`^digit[^\\n]*: ${place}: its file system does not support locks: ${local}`));
    assert.notEqual(end.status, 0);
  } finally {
    fs.rmSync(d.dir, { recursive: true });
  }
});
