// digitctl beside a running site: what it changes is so at the next request; mail goes out through a recording program; nothing that
// root makes is root's. R56, R76, and the mail flows of sign-up and reset end to end.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Visitor, assertProblem, exchange, goodPassword, newEmail, picture, root } from './lib.mjs';
import { start } from './site.mjs';

const build = path.resolve(root, process.env.BUILD ?? 'build');
const binary = path.join(build, 'digitctl');
const newPassword = 'a loud orange mountain';

const cleanEnvironment = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DIGITD_')));
// What conf/run gives digitd.
const environment = (site) => ({ ...cleanEnvironment(), DIGITD_RUN_DIR: `${site.state}/run`, DIGITD_DATABASE: `${site.state}/digitd.db`,
  DIGITD_SITE_URL: site.origin.origin, DIGITD_WEIGHTS: `${root}/weights/digits.safetensors`, DIGITD_PASSWORD_COST: '5', ...site.env });
const command = (site, args) => [binary, ['-c', path.join(root, 'conf/digitd.conf'), ...args]];

// Runs it to its end: { status, out, err, rows }; rows are the objects of --json.
function ctl(site, args, { input = '', status = 0, env = {} } = {}) {
  const [file, all] = command(site, args);
  const run = spawnSync(file, all, { input, encoding: 'utf8', env: { ...environment(site), ...env }, timeout: 60000 });
  assert.equal(run.status, status, `digitctl ${args.join(' ')}: ${run.stdout}${run.stderr}`);
  const rows = args.includes('--json') && status < 2 ? run.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line)) : null;
  return { out: run.stdout, err: run.stderr, rows };
}
async function startWith(t, env = {}) {
  const site = await start(t, { LIMITS: 'off', ...env });
  assert.match(site.out, /^ready on/m, site.out);
  site.env = env;
  return site;
}
const post = (site, where, json) => exchange('POST', where, { origin: site.origin, body: JSON.stringify(json),
  headers: { 'Content-Type': 'application/json', Origin: site.origin.origin } });
const logIn = async (site, email, password) => {
  const visitor = new Visitor(site.origin);
  return Object.assign(await visitor.send('POST', 'login', { json: { email, password } }), { visitor });
};
const tokenOf = (link, what, site) => {
  const [, token] = new RegExp(`^${site.origin.href}#${what}=([A-Za-z0-9_-]{43})$`).exec(link.trim()) ?? assert.fail(link);
  return token;
};
// SQL beside a running site: under the writer's lock, without a checkpoint (docs/ARCHITECTURE.md).
const sql = (site, text) => execFileSync('flock', [`${site.state}/digitd.db.lock`, 'sqlite3', '-batch', `${site.state}/digitd.db`,
  `PRAGMA busy_timeout = 2000; PRAGMA wal_autocheckpoint = 0; ${text}`], { encoding: 'utf8' }).trim().split('\n').slice(2).join('\n');

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
  assert.ok(Math.abs(Date.parse(ends) - Date.now() - 3600000) < 60000);
  assert.equal(ctl(site, ['user', 'show', email, '--json']).rows[0].has_password, false);
  for (const password of ['', '*', goodPassword]) assert.notEqual((await logIn(site, email, password)).status, 200);
  assert.equal((await post(site, 'account/reset', { token: tokenOf(link, 'reset', site), password: goodPassword })).status, 204);
  assert.equal(ctl(site, ['user', 'show', email, '--json']).rows[0].has_password, true);
  const before = await logIn(site, email, goodPassword);
  assert.equal(before.json.user.id, user.id);

  const { out, err } = ctl(site, ['user', 'reset', email]);
  assert.match(err, /once, within an hour/);
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
    for (let i = 0; i < 500 && !screen.includes(prompt); i++) await sleep(20);
    assert.ok(screen.includes(prompt), screen);
    await sleep(100); // the prompt comes after echo is off, but before the read
    child.stdin.write(answer);
  }
  return { code: await ended, screen };
}

// Breaks when a password shows on the screen, or when two that differ, or another address, are taken.
test('at a terminal: passwords twice without echo, an address before a deletion', async (t) => {
  const site = await startWith(t), email = newEmail();
  const typed = (first, second) => atTerminal(site, ['user', 'add', email], [['New password: ', `${first}\n`], ['Once more: ', `${second}\n`]]);
  const differ = await typed(goodPassword, newPassword);
  assert.equal(differ.code, 1, differ.screen);
  assert.match(differ.screen, /the two differ/);
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
  assert.doesNotMatch(err, /nobody is asked/);
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

// A site that sends mail to a program of this test's, which keeps each message as a file, or does what `say` tells.
async function startWithMail(t) {
  const dir = fs.mkdtempSync('/tmp/digitd-mail-');
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const program = path.join(dir, 'sendmail');
  const say = (line) => fs.writeFileSync(program, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  const record = `n=$(ls ${dir} | wc -l)\nprintf '%s\\n' "$@" > ${dir}/$n.args\ncat > ${dir}/$n.tmp && mv ${dir}/$n.tmp ${dir}/$n.eml`;
  say(record);
  const site = await startWith(t, { DIGITD_MAIL_COMMAND: `${program} -t`, DIGITD_MAIL_FROM: 'Digits <noreply@example.org>' });
  const taken = new Set();
  site.mails = () => fs.readdirSync(dir).filter((name) => name.endsWith('.eml') && !taken.has(name)).sort((a, b) => parseInt(a, 10) - parseInt(b, 10))
    .map((name) => { taken.add(name); return fs.readFileSync(path.join(dir, name), 'utf8'); });
  site.arguments = () => fs.readdirSync(dir).filter((name) => name.endsWith('.args')).map((name) => fs.readFileSync(path.join(dir, name), 'utf8'));
  site.mailRun = (options) => ctl(site, ['mail', 'run', '--once', '--json'], options).rows[0];
  return Object.assign(site, { say, record });
}
const linkIn = (mail, what, site) => tokenOf(mail.split('\n').find((line) => line.includes(`#${what}=`)) ?? assert.fail(mail), what, site);

// Breaks when a link acts twice, when the answer or the letter tells a stranger who has an account, or when a letter goes astray.
test('mail: sign-up is confirmed, a password is reset, and nobody learns who has an account', async (t) => {
  const site = await startWithMail(t), email = newEmail();
  const same = (a, b) => {
    assert.deepEqual([a.status, Object.keys(a.headers).sort()], [b.status, Object.keys(b.headers).sort()]);
    assert.equal(a.status, 202);
  };
  const signUp = (address, more) => post(site, 'signup', { email: address, ...more });
  const asked = await signUp(email);
  assert.equal(asked.status, 202, asked.text);
  assert.equal(asked.headers['set-cookie'], undefined);
  assertProblem(await logIn(site, email, goodPassword), 401, 'wrong-login');
  assert.deepEqual(site.mailRun(), { sent: 1, failed: 0, dropped: 0 });
  assert.deepEqual(site.arguments(), ['-t\n']);
  const [mail] = site.mails();
  assert.match(mail, new RegExp(`^From: Digits <noreply@example\\.org>\nTo: ${email}\nSubject: Confirm`));
  const token = linkIn(mail, 'confirm', site);
  assert.doesNotMatch(sql(site, 'SELECT * FROM links; SELECT * FROM outbox'), new RegExp(token));
  assertProblem(await post(site, 'account/reset', { token, password: newPassword }), 403, 'link-dead'); // of another kind
  assertProblem(await post(site, 'account/confirm', { token }), 422, 'bad-fields');
  assertProblem(await post(site, 'account/confirm', { token, password: 'short' }), 422, 'bad-password');
  const confirmed = await post(site, 'account/confirm', { token, password: goodPassword });
  assert.equal(confirmed.status, 201, confirmed.text);
  assertProblem(await post(site, 'account/confirm', { token, password: newPassword }), 403, 'link-dead');
  const { status, visitor } = await logIn(site, email, goodPassword);
  assert.equal(status, 200);
  assert.deepEqual(site.mailRun(), { sent: 0, failed: 0, dropped: 0 });

  // A taken address: the same answer, another letter.
  same(await signUp(email, { password: newPassword }), await signUp(newEmail()));
  assert.deepEqual(site.mailRun(), { sent: 2, failed: 0, dropped: 0 });
  const letters = site.mails(), told = letters.find((letter) => letter.includes(`\nTo: ${email}\n`));
  assert.equal(letters.length, 2);
  assert.match(told, /\nSubject: You have an account/);
  assert.doesNotMatch(told, /#confirm=|#reset=/);
  assertProblem(await logIn(site, email, newPassword), 401, 'wrong-login');

  // Forgotten: the same answer, one letter, and silence for the unknown.
  const forgot = (address) => post(site, 'account/forgot', { email: address });
  same(await forgot(email), await forgot('nobody@example.org'));
  assert.deepEqual(site.mailRun(), { sent: 1, failed: 0, dropped: 1 });
  const [letter, ...more] = site.mails();
  assert.equal(more.length, 0);
  assert.match(letter, new RegExp(`\nTo: ${email}\nSubject: Your password`));
  const reset = linkIn(letter, 'reset', site);
  assert.equal((await visitor.send('GET', 'session')).status, 200);
  assert.equal((await post(site, 'account/reset', { token: reset, password: newPassword })).status, 204);
  assertProblem(await post(site, 'account/reset', { token: reset, password: goodPassword }), 403, 'link-dead');
  assert.equal((await visitor.send('GET', 'session')).status, 401);
  assert.equal((await logIn(site, email, newPassword)).status, 200);
  assert.doesNotMatch(fs.readFileSync(`${site.state}/log/digitd.log`, 'utf8'), /#confirm|#reset|@example\.org/);
});

// Breaks when a stranger who signs up with somebody's address gets a password of theirs into the account that its owner confirms, or a
// link that the owner waits for made void, whichever of them came first, before or after the letter went out.
test('mail: a stranger who signs up with my address chooses nothing and disturbs nothing', async (t) => {
  const site = await startWithMail(t), strangers = 'the stranger knows this';
  for (const order of [['owner', 'stranger'], ['stranger', 'owner'], ['owner', 'run', 'stranger'], ['stranger', 'run', 'owner']]) {
    const email = newEmail();
    for (const step of order) {
      if (step === 'run') site.mailRun();
      else assert.equal((await post(site, 'signup', step === 'owner' ? { email } : { email, password: strangers })).status, 202);
    }
    site.mailRun();
    const letters = site.mails(), links = letters.map((mail) => linkIn(mail, 'confirm', site));
    assert.equal(links.length, order.includes('run') ? 2 : 1, 'what waits once goes out once');
    for (const letter of letters) assert.equal(letter.replace(/#confirm=\S+|^(Date|Message-ID): .*$/gm, ''), letters[0].replace(/#confirm=\S+|^(Date|Message-ID): .*$/gm, ''));
    assert.equal((await post(site, 'account/confirm', { token: links[0], password: goodPassword })).status, 201, 'the first letter is good');
    for (const token of links) assertProblem(await post(site, 'account/confirm', { token, password: strangers }), 403, 'link-dead');
    assertProblem(await logIn(site, email, strangers), 401, 'wrong-login');
    assert.equal((await logIn(site, email, goodPassword)).status, 200);
  }
});

// Breaks when a letter that was not taken is lost, sent twice, or carries a link that was given up; or when a link lives too long.
test('mail: a failing program is tried again with another link; links end', async (t) => {
  const site = await startWithMail(t), email = newEmail();
  const soon = () => sql(site, 'UPDATE outbox SET due_at = 0');
  await post(site, 'signup', { email });
  site.say(`${site.record}\nexit 75`); // took it, and says that it did not
  const failed = ctl(site, ['mail', 'run', '--once', '--json'], { status: 1 });
  assert.deepEqual(failed.rows[0], { sent: 0, failed: 1, dropped: 0 });
  assert.match(failed.err, /event=mail_failed .*status 75/);
  assert.doesNotMatch(failed.err, /@|#confirm/);
  const [first] = site.mails();
  assert.deepEqual(site.mailRun(), { sent: 0, failed: 0, dropped: 0 }, 'not due before a minute has passed');
  soon();
  site.say(site.record);
  assert.equal(site.mailRun().sent, 1);
  soon();
  assert.equal(site.mailRun().sent, 0);
  const [second] = site.mails();
  assertProblem(await post(site, 'account/confirm', { token: linkIn(first, 'confirm', site), password: goodPassword }), 403, 'link-dead');
  const token = linkIn(second, 'confirm', site);
  const [created, expires] = sql(site, 'SELECT created_at, expires_at FROM links').split('|').map(Number);
  assert.equal(expires - created, 86400);
  sql(site, "UPDATE links SET expires_at = CAST(strftime('%s') AS INTEGER) - 1");
  assertProblem(await post(site, 'account/confirm', { token, password: goodPassword }), 403, 'link-dead');
  assert.equal(ctl(site, ['user', 'list', '--json', email]).rows.length, 0);
  // Settings that could not work are told before anything is done.
  for (const [name, value] of [['COMMAND', ''], ['COMMAND', '/bin/sh -c "x"'], ['FROM', 'Jürgen <a@b>']])
    assert.match(ctl(site, ['mail', 'run', '--once'], { status: 1, env: { [`DIGITD_MAIL_${name}`]: value } }).err, /^digitctl: mail_/);
});

// Breaks when two of them run, when one does not notice new mail, or when it does not end on SIGTERM, with 0.
test('mail run: one at a time, goes on until SIGTERM', async (t) => {
  const site = await startWithMail(t);
  const [file, args] = command(site, ['mail', 'run', '--json']);
  const child = spawn(file, args, { env: environment(site), stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let log = '', out = '';
  child.stderr.on('data', (text) => { log += text; });
  child.stdout.on('data', (text) => { out += text; });
  const ended = new Promise((resolve) => child.on('close', (code) => resolve(code)));
  for (let i = 0; i < 250 && !log.includes('mail_ready'); i++) await sleep(20);
  assert.match(log, /mail_ready/);
  assert.match(ctl(site, ['mail', 'run', '--once'], { status: 4 }).err, /another/);
  for (let round = 0; round < 2; round++) {
    const email = newEmail();
    await post(site, 'signup', { email });
    let mails = [];
    for (let i = 0; i < 400 && mails.length === 0; i++) { await sleep(20); mails = site.mails(); }
    assert.equal(mails.length, 1);
    assert.equal((await post(site, 'account/confirm', { token: linkIn(mails[0], 'confirm', site), password: goodPassword })).status, 201);
  }
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
  assert.deepEqual(JSON.parse(out), { sent: 2, failed: 0, dropped: 0 });
  assert.doesNotMatch(log, /@/);
  site.mailRun();
});

// Breaks when check is silent about what an operator gets wrong, or shouts where all is well.
test('check: a line for each finding, exit status 1 where anything is bad', async (t) => {
  const site = await startWith(t);
  const find = (options) => Object.fromEntries(ctl(site, ['check', '--json'], options).rows.map((row) => [row.check, row]));
  const levels = (rows) => Object.values(rows).filter(({ level }) => level !== 'ok').map(({ level, check }) => `${level} ${check}`);
  assert.deepEqual(levels(find()), []);
  assert.match(ctl(site, ['check']).out, /^ok +settings .*\n(?:ok .*\n)+\d+ ok, 0 warn, 0 bad\n$/);
  assert.match(find().digitd.detail, /runs/);
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
