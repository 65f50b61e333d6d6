// digitctl beside a running site: what it changes is so at the next request; nothing that root makes is root's. R56, R76.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { binary, cleanEnvironment, command, ctl, environment, logIn, newPassword, post, sql, startWith, tokenOf } from './ctl.mjs';
import { assertProblem, exchange, goodPassword, newEmail, picture, root } from './lib.mjs';
import { start } from './site.mjs';

// Breaks when a command or an option is added and the help or the manual page does not know it.
test('every command has a help, and the manual page names every command and option', () => {
  const page = fs.readFileSync(path.join(root, 'docs/man/digitctl.8'), 'utf8').replaceAll(/\.It |\.Op |\bFl (?=Fl)/g, '');
  const run = (...args) => spawnSync(binary, args, { encoding: 'utf8', env: cleanEnvironment() });
  const all = run('--help');
  assert.equal(all.status, 0);
  const commands = [...all.stdout.matchAll(/^ {2}([a-z]+(?: [a-z]+)?) .*? {2}/gm)].map(([, words]) => words).filter((words) => !words.startsWith('-'));
  assert.ok(commands.length >= 19, commands.join());
  for (const words of commands) {
    const help = run(...words.split(' '), '--help');
    assert.equal(help.status, 0);
    assert.match(help.stdout, new RegExp(`^usage: digitctl ${words}`));
    assert.ok(page.includes(`Cm ${words}`), `the page lacks ${words}`);
    for (const [, option] of help.stdout.matchAll(/^ {2}(?:-\w, )?--([a-z-]+)/gm)) assert.match(page, new RegExp(`Fl ${option}\\b`), option);
  }
  assert.match(run('--version').stdout, /^digitctl \d+\.\d+\.\d+\n$/);
});

// Breaks when a wrong command line is taken for another, or does half of something.
test('exit status 2 for a wrong command line, 1 without a database', () => {
  const run = (...args) => spawnSync(binary, args, { encoding: 'utf8', env: { ...cleanEnvironment(), DIGITD_DATABASE: '/nowhere/digitd.db' } });
  for (const args of [[], ['user'], ['user', 'fly'], ['user', 'show'], ['user', 'list', 'a', 'b'], ['user', 'list', '--days', '3'], ['--nonsense'],
    ['invite', 'add', '--uses', '0'], ['invite', 'add', '--days', '1e3'], ['token', 'revoke', 'a@b'], ['-c']]) {
    const { status, stdout, stderr } = run(...args);
    assert.equal(status, 2, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, /^digitctl: .*--help\n$/);
  }
  const { status, stderr } = run('user', 'list');
  assert.equal(status, 1);
  assert.match(stderr, /there is no database yet/);
  assert.equal(run('-c', '/nowhere/digitd.conf', 'user', 'list').status, 1);
});

// Breaks when what digitctl does waits for a restart, or reaches one worker alone.
test('R56, R60: accounts, sessions and tokens beside a running site', async (t) => {
  const site = await startWith(t), email = newEmail();
  const { rows: [{ user }] } = ctl(site, ['user', 'add', email.toUpperCase(), '--password-stdin', '--json'], { input: `${goodPassword}\n` });
  assert.equal(user.email, email);
  assert.match(ctl(site, ['user', 'add', email, '--link'], { status: 1 }).err, /already/);
  assert.match(ctl(site, ['user', 'add', newEmail(), '--password-stdin'], { input: 'password\n', status: 1 }).err, /password/);
  ctl(site, ['user', 'add', 'no address', '--link'], { status: 2 });
  const first = await logIn(site, email, goodPassword), second = await logIn(site, email, goodPassword);
  assert.deepEqual([first.status, second.status], [200, 200]);
  const live = () => Promise.all([first, second].map(({ visitor }) => visitor.send('GET', 'session').then(({ status }) => status)));

  const sessions = ctl(site, ['session', 'list', email, '--json']).rows;
  assert.equal(sessions.length, 2);
  ctl(site, ['session', 'end', email, String(sessions[0].id)]);
  ctl(site, ['session', 'end', email, String(sessions[0].id)], { status: 3 });
  ctl(site, ['session', 'end', email], { status: 2 });
  assert.deepEqual((await live()).sort(), [200, 401]);
  assert.deepEqual(ctl(site, ['session', 'end', '--all', email, '--json']).rows, [{ ended: 1 }]);
  assert.deepEqual(await live(), [401, 401]);

  const made = ctl(site, ['token', 'add', email, '--name', 'a script', '--days', '2']);
  assert.match(made.out, /^dgt_[A-Za-z0-9_-]{43}\n$/);
  const read = () => exchange('POST', 'classify', { origin: site.origin, body: picture('digit-7.png'),
    headers: { Authorization: `Bearer ${made.out.trim()}`, 'Content-Type': 'image/png' } });
  assert.equal((await read()).json.results[0].digit, 7);
  const [token] = ctl(site, ['token', 'list', email, '--json']).rows;
  assert.deepEqual([token.name, token.scopes], ['a script', ['classify']]);
  assert.equal(Math.round((Date.parse(token.expires_at) - Date.parse(token.created_at)) / 86400000), 2);
  ctl(site, ['user', 'disable', email]);
  assertProblem(await read(), 401);
  assert.notEqual((await logIn(site, email, goodPassword)).status, 200);
  assert.equal(ctl(site, ['user', 'show', email, '--json']).rows[0].disabled, true);
  assert.match(ctl(site, ['user', 'reset', email], { status: 1 }).err, /disabled/);
  ctl(site, ['user', 'enable', email]);
  assert.equal((await read()).status, 200);
  ctl(site, ['token', 'revoke', email, String(token.id)]);
  ctl(site, ['token', 'revoke', email, String(token.id)], { status: 3 });
  assertProblem(await read(), 401, 'bad-token');
  ctl(site, ['token', 'add', email], { status: 2 });
  ctl(site, ['token', 'add', email, '--name', 'x', '--scope', 'admin'], { status: 2 });

  ctl(site, ['user', 'delete', '--yes', email]);
  assertProblem(await logIn(site, email, goodPassword), 401, 'wrong-login');
  ctl(site, ['user', 'show', email], { status: 3 });
  // Nothing of a secret is in the log.
  assert.doesNotMatch(fs.readFileSync(`${site.state}/log/digitd.log`, 'utf8'), /dgt_|harbour/);
});

// Breaks when the life cycle of a password needs mail.
test('links of user add --link and user reset: with mail off, once, and the old password until then', async (t) => {
  const site = await startWith(t), email = newEmail();
  const { rows: [{ user, link, link_expires_at: ends }] } = ctl(site, ['user', 'add', email, '--link', '--json']);
  assert.ok(Math.abs(Date.parse(ends) - Date.now() - 3600000) < 600000);
  assert.equal(ctl(site, ['user', 'show', email, '--json']).rows[0].has_password, false);
  for (const password of ['', '*', goodPassword]) assert.notEqual((await logIn(site, email, password)).status, 200);
  assert.equal((await post(site, 'account/reset', { token: tokenOf(link, 'reset', site), password: goodPassword })).status, 204);
  assert.equal(ctl(site, ['user', 'show', email, '--json']).rows[0].has_password, true);
  const before = await logIn(site, email, goodPassword);
  assert.equal(before.json.user.id, user.id);

  const { out, err } = ctl(site, ['user', 'reset', email]);
  assert.match(err, /works once and expires in an hour/);
  const token = tokenOf(out, 'reset', site);
  assert.equal((await before.visitor.send('GET', 'session')).status, 200);
  assertProblem(await post(site, 'account/reset', { token, password: 'short' }), 422, 'bad-password');
  assert.equal((await post(site, 'account/reset', { token, password: newPassword })).status, 204);
  assertProblem(await post(site, 'account/reset', { token, password: goodPassword }), 403, 'link-dead');
  assert.equal((await before.visitor.send('GET', 'session')).status, 401);
  assert.equal((await logIn(site, email, newPassword)).status, 200);
  assert.doesNotMatch(sql(site, 'SELECT * FROM links'), new RegExp(token));
  const late = tokenOf(ctl(site, ['user', 'reset', email]).out, 'reset', site);
  sql(site, "UPDATE links SET expires_at = CAST(strftime('%s') AS INTEGER) - 1");
  assertProblem(await post(site, 'account/reset', { token: late, password: goodPassword }), 403, 'link-dead');
});

// A terminal: what script(1) shows is what a person would see. answers: [what the screen must say before, what is typed].
async function atTerminal(site, args, answers) {
  const line = [binary, '-c', path.join(root, 'conf/digitd.conf'), ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-q', '-e', '-c', line, '/dev/null'], { env: environment(site), stdio: ['pipe', 'pipe', 'inherit'] });
  let screen = '';
  child.stdout.on('data', (text) => { screen += text; });
  const ended = new Promise((resolve) => child.on('close', (code) => resolve(code)));
  for (const [prompt, answer] of answers) {
    for (let i = 0; i < 3000 && !screen.includes(prompt); i++) await sleep(20);
    assert.ok(screen.includes(prompt), screen);
    await sleep(100); // the prompt comes after echo is off, but before the read
    child.stdin.write(answer);
  }
  return { code: await ended, screen };
}

// Breaks when a password shows on the screen, or when two that differ, or another address, are taken.
test('at a terminal: passwords twice without echo, an address before a deletion', async (t) => {
  const site = await startWith(t), email = newEmail();
  const typed = (first, second) => atTerminal(site, ['user', 'add', email], [['New password: ', `${first}\n`], ['Repeat the password: ', `${second}\n`]]);
  const differ = await typed(goodPassword, newPassword);
  assert.equal(differ.code, 1, differ.screen);
  assert.match(differ.screen, /the passwords do not match/);
  assert.doesNotMatch(differ.screen, /harbour|mountain/);
  ctl(site, ['user', 'show', email], { status: 3 });
  const made = await typed(goodPassword, goodPassword);
  assert.equal(made.code, 0, made.screen);
  assert.doesNotMatch(made.screen, /harbour/);
  assert.equal((await logIn(site, email, goodPassword)).status, 200);
  const cut = await atTerminal(site, ['user', 'add', newEmail()], [['New password: ', 'half\x03']]);
  assert.notEqual(cut.code, 0);
  const other = await atTerminal(site, ['user', 'delete', email], [['Type the address: ', 'you@example.org\n']]);
  assert.equal(other.code, 1);
  ctl(site, ['user', 'show', email]);
  const deleted = await atTerminal(site, ['user', 'delete', email], [['Type the address: ', `${email}\n`]]);
  assert.equal(deleted.code, 0, deleted.screen);
  ctl(site, ['user', 'show', email], { status: 3 });
});

// Breaks when a code is good twice, after its end, or unknown to the running site.
test('invitations: a code of digitctl makes an account', async (t) => {
  const site = await startWith(t, { DIGITD_SIGN_UP: 'invitation' });
  const signUp = (invitation) => post(site, 'signup', { email: newEmail(), password: goodPassword, invitation });
  const { out, err } = ctl(site, ['invite', 'add', '--uses', '2', '--days', '1', '--note', 'für Ann']);
  assert.doesNotMatch(err, /does not ask for a code/);
  assert.match(out, /^[A-Za-z0-9_-]{43}\n$/);
  assert.equal((await signUp(`${out} `)).status, 201);
  assert.deepEqual(ctl(site, ['invite', 'list', '--json']).rows.map(({ note, uses_left: left }) => [note, left]), [['für Ann', 1]]);
  assert.equal((await signUp(out)).status, 201);
  assertProblem(await signUp(out), 403, 'bad-invitation');
  const { rows: [{ code, invitation }] } = ctl(site, ['invite', 'add', '--json']);
  assert.equal(Math.round((Date.parse(invitation.expires_at) - Date.now()) / 86400000), 14);
  ctl(site, ['invite', 'revoke', String(invitation.id)]);
  ctl(site, ['invite', 'revoke', String(invitation.id)], { status: 3 });
  assertProblem(await signUp(code), 403, 'bad-invitation');
  assert.deepEqual(ctl(site, ['invite', 'list', '--json']).rows, []);
});

// Breaks when check is silent about what an operator gets wrong, or shouts where all is well.
test('check: a line for each finding, exit status 1 where anything is bad', async (t) => {
  const site = await startWith(t);
  const find = (options) => Object.fromEntries(ctl(site, ['check', '--json'], options).rows.map((row) => [row.check, row]));
  const levels = (rows) => Object.values(rows).filter(({ level }) => level !== 'ok').map(({ level, check }) => `${level} ${check}`);
  assert.deepEqual(levels(find()), []);
  assert.match(ctl(site, ['check']).out, /^ok +settings .*\n(?:ok .*\n)+\d+ ok, 0 warn, 0 bad\n$/);
  assert.match(find().digitd.detail, /running/);
  const database = `${site.state}/digitd.db`, { mode } = fs.statSync(database);
  fs.chmodSync(database, 0o644);
  assert.deepEqual(levels(find()), ['warn files']);
  fs.chmodSync(database, mode & 0o777);
  const cases = [
    [{ DIGITD_WEIGHTS: '/nowhere/x.safetensors' }, 'bad weights'],
    [{ DIGITD_MAIL_COMMAND: '/nowhere/sendmail -t' }, 'bad mail'],
    [{ DIGITD_MAIN_WORKERS: 'many' }, 'bad settings'],
    [{ DIGITD_DATABASE: '/nowhere/digitd.db' }, 'bad database', 'bad disk'],
    [{ DIGITD_SITE_URL: 'http://digits.example.org' }, 'warn site_url'],
    [{ DIGITD_RUN_DIR: `${site.state}/elsewhere` }, 'warn run_dir'],
  ];
  for (const [env, ...found] of cases) assert.deepEqual(levels(find({ env, status: found.some((f) => f.startsWith('bad')) ? 1 : 0 })), found);
  // A copy with a page of an index blotted out.
  const copy = `${site.state}/copy.db`;
  ctl(site, ['user', 'add', newEmail(), '--link']);
  ctl(site, ['backup', copy]);
  execFileSync('sqlite3', [copy, 'PRAGMA journal_mode = wal']);
  const rootpage = Number(execFileSync('sqlite3', [copy, "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_users_1'"], { encoding: 'utf8' }));
  const fd = fs.openSync(copy, 'r+');
  fs.writeSync(fd, Buffer.alloc(64), 0, 64, rootpage * 4096 - 64);
  fs.closeSync(fd);
  assert.ok(levels(find({ env: { DIGITD_DATABASE: copy }, status: 1 })).includes('bad integrity'));
});

// R76. Breaks when a backup misses an acknowledged write, when restore runs beside digitd or destroys what was there, and, run as
// root, when anything is left behind that the service's user cannot open.
test('R76: backup beside writes, restore without digitd, and the files stay the service\'s', async (t) => {
  const site = await startWith(t), backup = path.join(site.state, 'backup.db');
  const owner = fs.statSync(`${site.state}/nginx.conf`).uid; // whom conf/run ran as
  const owned = () => fs.readdirSync(site.state).filter((name) => name.startsWith('digitd.db'))
    .filter((name) => fs.statSync(path.join(site.state, name)).uid !== owner);
  const before = [], after = newEmail();
  let writing = true;
  const writer = (async () => {
    while (writing) {
      const email = newEmail();
      assert.equal((await post(site, 'signup', { email, password: goodPassword })).status, 201);
      before.push(email);
    }
  })();
  while (before.length < 5) await sleep(10);
  const count = before.length; // what was acknowledged before the backup began
  const { rows: [made] } = ctl(site, ['backup', backup, '--json']);
  assert.equal(made.bytes, fs.statSync(backup).size);
  assert.equal(fs.statSync(backup).mode & 0o777, 0o600);
  writing = false;
  await writer;
  ctl(site, ['backup', backup], { status: 1 });
  assert.equal((await post(site, 'signup', { email: after, password: goodPassword })).status, 201);
  ctl(site, ['user', 'add', newEmail(), '--link']);
  assert.match(ctl(site, ['restore', backup], { status: 4 }).err, /digitd is running/);
  assert.equal((await logIn(site, after, goodPassword)).status, 200);
  assert.deepEqual(owned(), []);

  process.kill(-site.child.pid, 'SIGTERM');
  await site.ended;
  fs.rmSync(`${site.state}/digitd.db.lock`); // made anew by whoever comes first, root
  assert.match(ctl(site, ['user', 'list', after]).out, new RegExp(after));
  ctl(site, ['restore', '/nowhere/backup.db'], { status: 3 });
  fs.writeFileSync(path.join(site.state, 'no.db'), 'no database');
  ctl(site, ['restore', path.join(site.state, 'no.db')], { status: 1 });
  assert.match(ctl(site, ['user', 'list', after]).out, new RegExp(after));
  assert.match(ctl(site, ['restore', backup]).err, /valid again/);
  assert.deepEqual(owned(), []);
  assert.equal(fs.statSync(`${site.state}/run/digitd.lock`).uid, owner);
  assert.match(ctl(site, ['restore', backup], { status: 1 }).err, /before-restore/);
  const old = execFileSync('sqlite3', [`${site.state}/digitd.db.before-restore`, `SELECT count(*) FROM users WHERE email = '${after}'`], { encoding: 'utf8' });
  assert.equal(old.trim(), '1');

  const again = await start(t, { PORT: site.port, STATE: site.state, LIMITS: 'off' });
  assert.match(again.out, /^ready on/m, again.out);
  assertProblem(await logIn(site, after, goodPassword), 401, 'wrong-login');
  for (const email of before.slice(0, count)) assert.equal((await logIn(site, email, goodPassword)).status, 200, email);
  assert.deepEqual(owned(), []);
});

// Breaks when a run directory that is gone with the service, as systemd has it, lets restore run beside a start, or stays root's.
test('R76: restore makes the run directory that a stopped service has not got', async (t) => {
  const site = await startWith(t), backup = path.join(site.state, 'backup.db');
  const owner = fs.statSync(`${site.state}/nginx.conf`).uid;
  ctl(site, ['backup', backup]);
  process.kill(-site.child.pid, 'SIGTERM');
  await site.ended;
  fs.rmSync(`${site.state}/run`, { recursive: true });
  ctl(site, ['restore', backup]);
  for (const name of ['run', 'run/digitd.lock']) assert.equal(fs.statSync(path.join(site.state, name)).uid, owner);
});
