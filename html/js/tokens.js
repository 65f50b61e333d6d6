// API tokens: the list, a new one, the end of one.
// Traps: the secret is in the reply to its making and nowhere else; it is shown as the value of a field (never as an attribute or
// an address) and is gone when the screen is.
import { $, el, say } from './dom.js';
import { request } from './api.js';
import { initForm } from './form.js';
import { pick, t } from './i18n.js';
import { sentenceOf } from './text.js';
import { listItem, timeNode } from './list.js';

const NAME_BYTES_MAX = 60;
let expired; // (error) => whether it is the end of the session

export function initTokens(hooks) {
  expired = hooks.expired;
  initForm($('token'), {
    checks: {
      name: (name) => {
        if (!name) return t('account.needName');
        return new TextEncoder().encode(name).length > NAME_BYTES_MAX ? t('account.longName') : '';
      },
      scope: (scopes) => (scopes.length ? '' : t('account.needScope')),
    },
    about: { 'bad-fields': 'name' },
    send: ({ name, scope, days }) => request('account/tokens', {
      method: 'POST', json: { name, scopes: scope, ...(days && { expires_in_days: Number(days) }) },
    }),
    done: ({ token, secret }) => {
      $('token').reset();
      showSecret(token, secret);
      loadTokens();
    },
    failed: (error) => expired(error),
  });
  for (const button of document.querySelectorAll('[data-copy]')) button.addEventListener('click', () => copy($(button.dataset.copy)));
  $('secret-done').addEventListener('click', () => {
    forgetSecret();
    $('tokens-title').focus();
  });
}

export function showTokens(tokens) {
  say($('tokens-none'), tokens.length ? '' : t('account.noTokens'));
  $('tokens').replaceChildren(...tokens.map(row));
}

function row({ id, name, scopes, created_at: made, expires_at: until, last_used_at: used }) {
  const isOver = until && new Date(until) <= new Date();
  const revoke = el('button', { className: 'button small', type: 'button' }, t('account.revoke'), ' ', el('span', { className: 'unseen' }, t('account.revokeOf', { name })));
  const keep = el('button', { className: 'button small', type: 'button' }, t('account.keep'));
  const sure = el('button', { className: 'button small danger', type: 'button' }, t('account.revoke'));
  const question = el('div', { className: 'question', role: 'group', 'aria-label': name, hidden: true },
    el('p', { className: 'hint' }, t('account.sureRevoke')), sure, keep);
  const ask = (open) => {
    question.hidden = !open;
    revoke.hidden = open;
    (open ? keep : revoke).focus();
  };
  revoke.addEventListener('click', () => ask(true));
  keep.addEventListener('click', () => ask(false));
  sure.addEventListener('click', () => revokeToken(id, name, sure));
  return listItem({
    title: name,
    facts: [[scopes.map((scope) => pick('account.scope', scope)).join(', ')], [t('account.made'), ' ', timeNode(made)],
      until ? [t(isOver ? 'account.expired' : 'account.expires'), ' ', timeNode(until)] : [t('account.forever')],
      used ? [t('account.used'), ' ', timeNode(used)] : [t('account.unused')]],
    controls: [revoke, question],
  });
}

function done(text, bad = false) {
  $('tokens-done').classList.toggle('bad', bad);
  $('tokens-done').textContent = text;
}

async function loadTokens() {
  try {
    showTokens((await request('account/tokens')).tokens);
  } catch (error) {
    if (!expired(error)) done(sentenceOf(error), true);
  }
}

async function revokeToken(id, name, button) {
  if (button.getAttribute('aria-disabled') === 'true') return;
  button.setAttribute('aria-disabled', 'true');
  let text = t('account.revoked', { name });
  try {
    await request(`account/tokens/${id}`, { method: 'DELETE' });
  } catch (error) {
    if (expired(error)) return;
    if (error.status !== 404) {
      button.removeAttribute('aria-disabled');
      done(sentenceOf(error), true);
      return;
    }
    text = t('account.revokedAlready');
  }
  await loadTokens();
  done(text);
  $('tokens-title').focus(); // the button is gone
}

// ---- the secret ----

function showSecret({ name, scopes }, secret) {
  const bearer = `curl -H 'Authorization: Bearer ${secret}'`;
  const at = (path) => new URL(path, location.href).href;
  $('secret-title').textContent = t('account.tokenMade', { name });
  $('secret').value = secret;
  $('secret-curl').value = scopes.includes('classify') ? `${bearer} -F image=@digit.png ${at('classify')}` : `${bearer} ${at('session')}`;
  done('');
  $('secret-box').hidden = false;
  $('secret-title').focus();
}

export function forgetSecret() {
  $('secret-box').hidden = true;
  $('secret').value = '';
  $('secret-curl').value = '';
  $('secret-said').textContent = '';
}

/** The clipboard of today is there on https and localhost only; elsewhere the old way is tried. */
async function copy(field) {
  let good = false;
  try {
    await navigator.clipboard.writeText(field.value);
    good = true;
  } catch {
    field.focus();
    field.select();
    good = document.execCommand('copy');
  }
  $('secret-said').textContent = t(good ? 'account.copied' : 'account.notCopied');
}
