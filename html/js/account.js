// The account: password, sessions, API tokens, permission to learn, export, end. Comes when somebody goes there.
// Traps: every list is asked for anew whenever the screen is shown, since another browser may have changed it; a 401 from anywhere
// is the end of the session; what is secret goes when the screen does.
import { $, el, say } from './dom.js';
import { isEnd, request, site } from './api.js';
import { clearForm, initForm, isGiven, isNewPassword } from './form.js';
import { t } from './i18n.js';
import { busy, passwordHint, sentenceOf } from './text.js';
import { deviceOf, moment } from './text-account.js';
import { forgetSecret, initTokens, showTokens } from './tokens.js';
import { listItem, timeNode } from './list.js';
import { saveFile } from './save.js';

let hooks;             // onExpired(), onSignedOut(text)
let user = null;
let shown = 0;         // counts the times it was shown: an answer to an earlier one comes too late
let ready = false;

export async function showAccount(who, theirs) {
  const mine = ++shown;
  hooks = theirs;
  if (!ready) init();
  if (!user || user.id !== who.id) $('account-parts').hidden = true;
  user = who;
  for (const hint of document.querySelectorAll('#change [data-password-hint]')) hint.textContent = passwordHint(site.password_min_length);
  $('account-email').textContent = who.email;
  $('account-since').replaceChildren(timeNode(who.created_at));
  for (const input of document.querySelectorAll('#screen-account [autocomplete="username"]')) input.value = who.email;
  note($('account-parts').hidden ? t('page.moment') : '');
  try {
    const onWait = (left) => note(busy(left));
    const [{ sessions }, { tokens }, { learn }] = await Promise.all(['account/sessions', 'account/tokens', 'account'].map((path) => request(path, { onWait })));
    if (mine !== shown) return;
    fillSessions(sessions);
    showTokens(tokens);
    $('learn').checked = learn;
    note('');
    $('account-parts').hidden = false;
  } catch (error) {
    if (mine === shown && !expired(error)) note(sentenceOf(error), true);
  }
}

/** The screen goes: nothing that was typed or is secret stays; all: nothing of this visitor does. */
export function leaveAccount(all = false) {
  shown++;
  for (const form of document.querySelectorAll('#screen-account form')) {
    clearForm(form);
    form.reset();
  }
  for (const line of document.querySelectorAll('#screen-account .done')) line.textContent = '';
  $('delete-fold').open = false;
  forgetSecret();
  if (!all) return;
  user = null;
  $('learn').checked = false;
  $('account-parts').hidden = true;
  for (const id of ['account-email', 'account-since', 'sessions', 'tokens']) $(id).replaceChildren();
  for (const input of document.querySelectorAll('#screen-account [autocomplete="username"]')) input.value = '';
}

function init() {
  ready = true;
  initForm($('change'), {
    checks: {
      current: isGiven('account.needCurrent'),
      new: (value, { current }) => isNewPassword(() => site.password_min_length)(value) || (value === current ? t('account.samePassword') : ''),
    },
    about: { 'wrong-password': 'current', 'bad-password': 'new' },
    begin: () => done('change-done', ''),
    send: ({ current, new: chosen }) => request('account/password', { method: 'POST', json: { current, new: chosen } }),
    done: () => {
      done('change-done', t('account.changed'));
      loadSessions();
    },
    failed: expired,
  });
  initForm($('delete'), {
    checks: { password: isGiven('door.needPassword') },
    about: { 'wrong-password': 'password' },
    send: ({ password }) => request('account', { method: 'DELETE', json: { password } }),
    done: () => hooks.onSignedOut(() => t('account.deleted')),
    failed: expired,
  });
  initTokens({ expired });
  $('leave-all').addEventListener('click', () => act($('leave-all'), 'sessions-done', leaveEverywhere));
  $('export').addEventListener('click', () => act($('export'), 'export-done', save));
  $('learn').addEventListener('change', () => act($('learn'), 'learn-done', allowLearning));
  $('delete-fold').addEventListener('toggle', () => { if (!$('delete-fold').open) clearForm($('delete')); });
}

const expired = (error) => isEnd(error, hooks.onExpired);

function note(text, again = false) {
  const box = $('account-note');
  say(box.querySelector('p'), text);
  box.hidden = !text;
  box.querySelector('button').hidden = !again;
  box.querySelector('button').onclick = () => showAccount(user, hooks);
}

function done(id, text, bad = false) {
  $(id).classList.toggle('bad', bad);
  $(id).textContent = text;
}

/** What a button does, once at a time; what came of it stands beside it. run: () => Promise of the sentence. */
async function act(button, line, run) {
  if (button.getAttribute('aria-disabled') === 'true') return;
  button.setAttribute('aria-disabled', 'true');
  done(line, '');
  try {
    done(line, await run() || '');
  } catch (error) {
    if (!expired(error)) done(line, sentenceOf(error), true);
  } finally {
    button.removeAttribute('aria-disabled');
  }
}

// ---- sessions ----

async function loadSessions() {
  try {
    fillSessions((await request('account/sessions')).sessions);
  } catch (error) {
    if (!expired(error)) done('sessions-done', sentenceOf(error), true);
  }
}

function fillSessions(sessions) {
  $('sessions').replaceChildren(...sessions.map(({ id, current, address, agent, created_at: since, last_seen_at: seen }) => {
    const device = deviceOf(agent);
    const button = el('button', { className: 'button small', type: 'button' }, t('account.end'), ' ',
      el('span', { className: 'unseen' }, t('account.endOf', { device, address, time: moment(new Date(seen)) })));
    button.addEventListener('click', () => act(button, 'sessions-done', () => endSession(id, device)));
    return listItem({
      title: device, hint: agent, badge: current ? t('account.thisOne') : '',
      facts: [[t('account.from', { address })], [t('account.seen'), ' ', timeNode(seen)], [t('account.loggedIn'), ' ', timeNode(since)]],
      controls: current ? [] : [button],
    });
  }));
}

async function endSession(id, device) {
  let text = t('account.ended', { device });
  try {
    await request(`account/sessions/${id}`, { method: 'DELETE' });
  } catch (error) {
    if (error.status !== 404) throw error;
    text = t('account.endedAlready');
  }
  await loadSessions();
  $('sessions-title').focus(); // the button is gone
  return text;
}

async function leaveEverywhere() {
  await request('account/sessions', { method: 'DELETE' });
  hooks.onSignedOut(() => t('account.leftEverywhere'));
}

// ---- learning ----

/** The box shows what the server has: a change that failed is not shown as made. */
async function allowLearning() {
  const wanted = $('learn').checked;
  $('learn').checked = !wanted;
  const { learn } = await request('account', { method: 'PATCH', json: { learn: wanted } });
  $('learn').checked = learn;
  return t(learn ? 'account.learnOn' : 'account.learnOff');
}

// ---- the data ----

const EXPORT_NAME = 'digitd-account.json';

/** By a request and not by a link, so that a failure is told. */
async function save() {
  const data = await request('account/export');
  saveFile(EXPORT_NAME, `${JSON.stringify(data, null, 2)}\n`, 'application/json');
  return t('account.saved', { name: EXPORT_NAME });
}
