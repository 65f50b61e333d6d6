// Starts the page: finds out who is here, shows the screen that the address (#read, #login, ...) names.
// Traps: the session is a cookie that scripts cannot see, so that only the server knows; a page that comes back from the
// browser's memory may be signed out by now, and asks again.
import { $, say } from './dom.js';
import { request } from './api.js';
import { SAY, sentenceOf } from './text.js';
import { drawGlyph } from './glyph.js';
import { initDoor, showDoor } from './door.js';
import { initRead, resume, forget } from './read.js';
import { showModel } from './model.js';

const SCREENS = {
  read: { section: 'screen-read', title: 'read-title', name: 'Read', needsUser: true },
  login: { section: 'screen-door', title: 'login-title', name: 'Log in' },
  signup: { section: 'screen-door', title: 'signup-title', name: 'Sign up' },
  model: { section: 'screen-model', title: 'model-title', name: 'The model' },
};
const ALIASES = { about: 'model', session: 'read', classify: 'read', '': 'read' };

let user;          // undefined: not known yet; null: nobody
let lastUserId;    // whose pictures the page holds
let doorNote = ''; // to be said at the next log-in screen
let first = true;

function wanted() {
  const hash = location.hash.replace(/^#\/?/, '');
  return ALIASES[hash] || hash;
}

/** Shows what the address names, or where a visitor may be instead. */
function route() {
  let name = wanted();
  if (!SCREENS[name]) {
    if (!first) return; // a jump within the page
    name = 'read';
  }
  if (user === undefined) return;
  if (!user && SCREENS[name].needsUser) name = 'login';
  if (user && (name === 'login' || name === 'signup')) name = 'read';
  if (wanted() !== name) history.replaceState(null, '', `#${name}`);
  show(name);
}

function show(name) {
  const { section, title, name: label } = SCREENS[name];
  if (section === 'screen-door') {
    showDoor(name, doorNote);
    doorNote = '';
  }
  for (const each of document.querySelectorAll('main > section')) each.hidden = each.id !== section;
  for (const each of document.querySelectorAll('[data-signed]')) each.hidden = (each.dataset.signed === 'in') !== Boolean(user);
  for (const each of document.querySelectorAll('[data-screen]')) {
    if (each.dataset.screen === name) each.setAttribute('aria-current', 'page');
    else each.removeAttribute('aria-current');
  }
  $('who').textContent = user ? user.email : '';
  document.title = `${label} – digitd`;
  if (name === 'model') showModel();
  if (!first) {
    scrollTo(0, 0);
    $(title).focus({ preventScroll: true });
  }
  first = false;
}

/** who is here now; the pictures of somebody else go. */
function welcome(who) {
  if (lastUserId !== undefined && lastUserId !== who.id) forget();
  user = who;
  lastUserId = who.id;
}

function signedIn(who) {
  welcome(who);
  location.hash = '#read';
  route();
  resume();
}

function signedOut(text) {
  user = null;
  doorNote = text;
  history.replaceState(null, '', '#login');
  route();
}

async function logOut() {
  try {
    await request('logout', { method: 'POST' });
  } catch (error) {
    if (error.status !== 401) return wait(sentenceOf(error), logOut);
  }
  forget();
  lastUserId = undefined;
  signedOut(SAY.loggedOut);
}

/** Nothing else can be shown: a line, and a way to try again. */
function wait(text, again) {
  for (const each of document.querySelectorAll('main > section')) each.hidden = each.id !== 'screen-wait';
  $('wait-text').textContent = text;
  $('wait-again').hidden = !again;
  $('wait-again').onclick = again;
}

async function start() {
  if (user === undefined) wait(SAY.connecting);
  try {
    const answer = await request('session', { onWait: (left) => wait(SAY.busy(left)) });
    welcome(answer.user);
  } catch (error) {
    if (error.status !== 401) return wait(sentenceOf(error), start);
    user = null;
  }
  route();
}

initDoor({ onSignedIn: signedIn });
initRead({ onExpired: () => signedOut(SAY.expiredWithPicture) });
drawGlyph($('demo-glyph'), 7);
$('logout').addEventListener('click', logOut);
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  $('main').focus();
});
addEventListener('hashchange', route);
document.querySelector('.bar').addEventListener('click', (event) => {
  const link = event.target.closest('a');
  if (link && link.hash === location.hash) route(); // no hashchange comes, but another screen may be in the way
});
addEventListener('pageshow', (event) => { if (event.persisted) start(); });
start();
