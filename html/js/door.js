// In front of the door: log in, sign up, a forgotten password, and what the links in mails lead to.
// Traps: a mailed link acts only when its button is pressed, since scanners of mail follow links; its token is here and nowhere
// else on the page; a sign-up and a link are never sent twice by themselves: the first may have worked although its answer was lost.
import { $, el, say } from './dom.js';
import { request, site } from './api.js';
import { clearForm, initForm, isEmail, isGiven, isNewPassword, rewordForms } from './form.js';
import { t } from './i18n.js';
import { passwordHint, problemWords } from './text.js';

const FORMS = ['login', 'signup', 'forgot', 'confirm', 'reset'];
// What takes the place of a form: keys of a title and a text, and ways on.
const LINKS = { login: 'screen.login', signup: 'told.signUpAgain', forgot: 'told.anotherLink' };
const TOLD = {
  closed: { title: 'told.closed', text: 'told.closedText', links: ['login'] },
  noMail: { title: 'screen.forgot', text: 'told.noMailText', links: ['login'] },
  signUpMail: { title: 'told.mail', text: 'told.signUpMailText', links: ['signup', 'login'] },
  resetMail: { title: 'told.mail', text: 'told.resetMailText', links: ['login'] },
  confirmNoToken: { title: 'told.noToken', text: 'told.confirmNoTokenText', links: ['login'] },
  resetNoToken: { title: 'told.noToken', text: 'told.resetNoTokenText', links: ['login'] },
  confirmDead: { title: 'told.dead', text: 'told.confirmDeadText', links: ['login', 'signup'] },
  resetDeadMail: { title: 'told.dead', text: 'told.resetDeadMailText', links: ['forgot', 'login'] },
  resetDead: { title: 'told.dead', text: 'told.resetDeadText', links: ['login'] },
  resetDone: { title: 'told.resetDone', text: 'told.resetDoneText', links: ['login'] },
};
let hooks;
let noted = '';  // () => the line above the form
let retell;      // writes what took the form's place
const tokens = { confirm: '', reset: '' }; // of links that were opened

const post = (path, json, onWait) => request(path, { method: 'POST', json, onWait, whoever: true });
const minLength = () => site.password_min_length;

/** onSignedIn(user); onReset(): a password was set by a link, which ends every session of that account. */
export function initDoor(theirs) {
  hooks = theirs;
  initForm($('login'), {
    checks: { email: isEmail, password: isGiven('door.needPassword') },
    send: ({ email, password }, onWait) => post('login', { email, password }, onWait),
    done: ({ user }) => hooks.onSignedIn(user),
  });
  initForm($('signup'), {
    checks: {
      email: isEmail, password: (password) => (site.mail ? '' : isNewPassword(minLength)(password)),
      invitation: (code) => (isInvited() && !code ? t('door.needInvitation') : ''),
    },
    about: { 'bad-address': 'email', 'address-taken': 'email', 'bad-password': 'password', 'bad-invitation': 'invitation' },
    send: ({ email, password, invitation }) => post('signup', { email, ...(!site.mail && { password }), ...(isInvited() && { invitation }) }),
    done: ({ user, email }) => {
      $('signup').reset();
      if (user) hooks.onSignedIn(user);
      else tell(TOLD.signUpMail, { email });
    },
  });
  initForm($('forgot'), {
    checks: { email: isEmail },
    about: { 'bad-address': 'email' },
    send: ({ email }) => post('account/forgot', { email }),
    done: ({ email }) => tell(TOLD.resetMail, { email }),
  });
  initForm($('confirm'), {
    checks: { password: isNewPassword(minLength) },
    about: { 'bad-password': 'password' },
    send: ({ password }) => post('account/confirm', { token: tokens.confirm, password }),
    done: ({ user }) => { tokens.confirm = ''; hooks.onSignedIn(user); },
    failed: (error) => refused('confirm', error, TOLD.confirmDead),
  });
  initForm($('reset'), {
    checks: { password: isNewPassword(minLength) },
    about: { 'bad-password': 'password' },
    send: ({ password }) => post('account/reset', { token: tokens.reset, password }),
    done: () => { tokens.reset = ''; hooks.onReset(); tell(TOLD.resetDone); },
    failed: (error) => refused('reset', error, site.mail ? TOLD.resetDeadMail : TOLD.resetDead),
  });
}

const isInvited = () => site.sign_up === 'invitation';

/** name: 'confirm' or 'reset'; the token of a link that was just opened. */
export function takeToken(name, token) {
  tokens[name] = token;
}

/** A link that has expired. After any other failure it can be tried again. */
function refused(name, { problem, status }, dead) {
  if (!problem || ![403, 409].includes(status) || /cross-site/.test(problem.type)) return false;
  tokens[name] = '';
  if (/link-dead/.test(problem.type)) tell(dead);
  else write(() => problemWords(problem), dead.links);
  return true;
}

/** name: of one of the forms; says a line above it where there is something to say. Returns the heading's id. */
export function showDoor(name, text = '') {
  noted = text;
  say($('door-note'), text && text());
  for (const each of FORMS) {
    $(each).hidden = each !== name;
    clearForm($(each));
  }
  $('signup-chosen').hidden = site.mail; // it is chosen with the link: whoever signs up may be somebody else
  $('signup-invited').hidden = !isInvited();
  hint();
  for (const node of document.querySelectorAll('[data-sign-up]')) node.hidden = (node.dataset.signUp === 'closed') !== (site.sign_up === 'closed');
  const instead = insteadOf(name);
  $('told').hidden = true;
  if (instead) tell(instead, {}, false);
  return instead ? 'told-title' : `${name}-title`;
}

const hint = () => { for (const line of document.querySelectorAll('[data-password-hint]')) line.textContent = passwordHint(minLength()); };

/** After another language was chosen: what was typed stays, and where; what was told is told in its words. */
export function rewordDoor() {
  hint();
  rewordForms();
  if (!$('door-note').hidden) $('door-note').textContent = noted();
  if (!$('told').hidden) retell();
}

/** What is said in a form's place, where there is nothing to fill in. */
function insteadOf(name) {
  if (name === 'signup' && site.sign_up === 'closed') return TOLD.closed;
  if (name === 'forgot' && !site.mail) return TOLD.noMail;
  if (name === 'confirm' && !tokens.confirm) return TOLD.confirmNoToken;
  if (name === 'reset' && !tokens.reset) return TOLD.resetNoToken;
  return null;
}

/** A title, a text and ways on take the form's place. */
function tell({ title, text, links }, values = {}, focus = true) {
  write(() => ({ title: t(title, values), detail: t(text, values) }), links, focus);
}

/** words: () => {title, detail}. */
function write(words, links, focus = true) {
  for (const each of FORMS) $(each).hidden = true;
  say($('door-note'), '');
  retell = () => {
    const { title, detail } = words();
    $('told-title').textContent = title;
    $('told-text').textContent = detail;
    $('told-links').replaceChildren(...links.map((hash) => el('a', { href: `#${hash}` }, t(LINKS[hash]))));
  };
  retell();
  $('told').hidden = false;
  if (focus) $('told-title').focus();
}
