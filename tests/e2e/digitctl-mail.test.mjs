// Mail goes out by `digitctl mail run` through a recording program: the mail flows of sign-up and reset end to end.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { command, ctl, environment, logIn, newPassword, post, sql, startWith, tokenOf } from './ctl.mjs';
import { assertProblem, goodPassword, newEmail } from './lib.mjs';

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
  assert.match(letter, new RegExp(`\nTo: ${email}\nSubject: Reset your password`));
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
  for (let i = 0; i < 3000 && !log.includes('mail_ready'); i++) await sleep(20);
  assert.match(log, /mail_ready/);
  assert.match(ctl(site, ['mail', 'run', '--once'], { status: 4 }).err, /another/);
  for (let round = 0; round < 2; round++) {
    const email = newEmail();
    await post(site, 'signup', { email });
    let mails = [];
    for (let i = 0; i < 3000 && mails.length === 0; i++) { await sleep(20); mails = site.mails(); }
    assert.equal(mails.length, 1);
    assert.equal((await post(site, 'account/confirm', { token: linkIn(mails[0], 'confirm', site), password: goodPassword })).status, 201);
  }
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
  assert.deepEqual(JSON.parse(out), { sent: 2, failed: 0, dropped: 0 });
  assert.doesNotMatch(log, /@/);
  site.mailRun();
});
