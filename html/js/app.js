// Starts the page: finds out who is here, shows the screen that the address (#read, #login, ...) names.
// Traps: the session is a cookie that scripts cannot see, so that only the server knows; a page that comes back from the
// browser's memory may be signed out by now, and asks again; the token of a mailed link leaves the address bar at once; all tabs
// share that session, so that whoever logs in or out in one of them tells the others, and what they showed goes.
import { $, say } from './dom.js';
import { learnSite, request, site, speakFor } from './api.js';
import { loadLanguage, onLanguage, pick, t } from './i18n.js';
import { busy, sentenceOf } from './text.js';
import { drawGlyph } from './glyph.js';
import { initDoor, rewordDoor, showDoor, takeToken } from './door.js';
import { load } from './load.js';

// who: 'user' needs one, 'nobody' is for visitors who are not logged in; without it the screen is for all.
// comes: its module and style, which bear its name, come when somebody goes there. The rest is called with that module:
// begin: once, when it has come; open: each time the screen is shown; leave: when another is shown, or the page goes; forget: its
// visitor is here no more, and nothing of theirs may stay.
const expired = () => signedOut(() => t('door.expired'));
const door = { section: 'screen-door', title: (name) => showDoor(name, takeNote()) };
const SCREENS = {
  read: {
    section: 'screen-read', who: 'user', comes: true,
    begin: (read) => read.initRead({ onExpired: () => signedOut(() => t('door.expiredWithPicture')) }),
    leave: (read) => read.leaveRead(),
    forget: (read) => read.forget(),
  },
  history: {
    section: 'screen-history', who: 'user', comes: true,
    open: async (past) => {
      const who = user;
      await here.get('read')?.leaveRead(); // what was drawn last is to be in it
      if (user === who && wanted() === 'history') past.showHistory(user, { onExpired: expired });
    },
    forget: (past) => past.leaveHistory(),
  },
  account: {
    section: 'screen-account', who: 'user', comes: true,
    open: (account) => account.showAccount(user, { onExpired: expired, onSignedOut: left }),
    leave: (account) => account.leaveAccount(),
    forget: (account) => account.leaveAccount(true),
  },
  model: { section: 'screen-model', comes: true, open: (model) => model.showModel() },
  login: { ...door, who: 'nobody' },
  signup: { ...door, who: 'nobody' },
  forgot: { ...door, who: 'nobody' },
  confirm: door,
  reset: door,
};
const ALIASES = { about: 'model', session: 'read', classify: 'read', '': 'read' };

let user;          // undefined: not known yet; null: nobody
let lastUserId;    // whose pictures the page holds
let goal = 'read'; // where to after the log-in
let waited;        // shows what is waited for, anew
let doorNote = ''; // to be said at the next log-in screen
const here = new Map(); // name of a screen -> its module, once somebody was there
const tabs = 'BroadcastChannel' in window ? new BroadcastChannel('digitd') : null; // {came: id} or {left: id}, of accounts
let first = true;

function wanted() {
  const hash = location.hash.replace(/^#\/?/, '');
  return ALIASES[hash] || hash;
}

/** Calls what the table has for each screen whose module is here: 'leave', 'forget'. */
function tell(what, except) {
  for (const [name, module] of here) if (name !== except && SCREENS[name][what]) SCREENS[name][what](module);
}

/** What is to be said at the log-in screen, once. */
function takeNote() {
  const note = doorNote;
  doorNote = '';
  return note;
}

/** A link of a mail, #confirm=TOKEN or #reset=TOKEN: the token is kept by the form and in no address or history. */
function takeLink() {
  const [, name, token] = /^#(confirm|reset)=(.*)$/.exec(location.hash) || [];
  if (!name) return;
  history.replaceState(null, '', `#${name}`);
  takeToken(name, token);
}

/** Shows what the address names, or where a visitor may be instead. */
function route() {
  takeLink();
  let name = wanted();
  if (!SCREENS[name]) {
    if (!first) return; // a jump within the page
    name = 'read';
  }
  if (user === undefined) return $('wait-again').hidden ? undefined : start();
  const { who } = SCREENS[name];
  if (!user && who === 'user') {
    goal = name;
    name = 'login';
  }
  if (user && who === 'nobody') name = 'read';
  if (wanted() !== name) history.replaceState(null, '', `#${name}`);
  if (SCREENS[name].comes) bring(name);
  else show(name);
}

function show(name) {
  const { section, title: titleFor } = SCREENS[name];
  const title = titleFor ? titleFor(name) : `${name}-title`;
  document.documentElement.classList.add('known');
  only(section);
  showSigned();
  for (const each of document.querySelectorAll('[data-screen]')) {
    if (each.dataset.screen === name) each.setAttribute('aria-current', 'page');
    else each.removeAttribute('aria-current');
  }
  document.title = titleOf(name);
  tell('leave', name);
  if (!first) {
    scrollTo(0, 0);
    $(title).focus({ preventScroll: true });
  }
  first = false;
}

const only = (section) => { for (const each of document.querySelectorAll('main > section')) each.hidden = each.id !== section; };

const titleOf = (name) => `${pick('screen', name)} – digitd`;

/** Shows a screen whose module may have to come first; the one before stands until then. */
async function bring(name) {
  const { who, begin, open } = SCREENS[name];
  try {
    const module = await load(name);
    if (!here.has(name)) {
      here.set(name, module);
      if (begin) begin(module);
    }
  } catch {
    return wait(() => t('page.notLoaded'), () => location.reload()); // some browsers keep a failed import failed
  }
  if (wanted() !== name || (who === 'user' && !user)) return; // gone elsewhere meanwhile
  show(name);
  if (open) open(here.get(name));
}

/** The header's parts for a visitor who is logged in, or is not. */
function showSigned() {
  for (const each of document.querySelectorAll('[data-signed]')) each.hidden = user === undefined || (each.dataset.signed === 'in') !== Boolean(user);
  if (site.sign_up === 'closed') $('nav-signup').hidden = true;
  $('who').textContent = user ? user.email : '';
}

/** who is here now; what is on the page of somebody else goes. */
function welcome(who) {
  if (lastUserId !== undefined && lastUserId !== who.id) forgetAll();
  user = who;
  lastUserId = who.id;
  speakFor(who.id);
}

/** Nobody is here. */
function unknown() {
  user = null;
  speakFor(null);
}

function forgetAll() {
  tell('forget');
  lastUserId = undefined;
}

function signedIn(who) {
  welcome(who);
  tabs?.postMessage({ came: who.id });
  history.replaceState(null, '', `#${goal}`); // nobody wants to go back to the form
  goal = 'read';
  route();
  here.get('read')?.resume();
}

/** The session has ended; what is on the page stays for whoever logs in again, if it is the same visitor. */
function signedOut(text) {
  const at = wanted();
  goal = SCREENS[at] && SCREENS[at].who === 'user' ? at : 'read';
  unknown();
  doorNote = text;
  history.replaceState(null, '', '#login');
  route();
}

/** The visitor has left for good: nothing stays. */
function left(text) {
  if (user) tabs?.postMessage({ left: user.id });
  leaveHere(text);
}

function leaveHere(text) {
  forgetAll();
  signedOut(text);
  goal = 'read';
}

/** Another tab has changed who is logged in. */
function told({ came, left: gone }) {
  if (user && gone === user.id) leaveHere(() => t('door.loggedOutElsewhere'));
  else if (came !== undefined && user && came !== user.id) other();
  else if (came !== undefined && user === null) {
    if (SCREENS[wanted()]?.who === 'nobody') history.replaceState(null, '', `#${goal}`);
    start().then(() => { if (user) here.get('read')?.resume(); });
  }
}

/** The session is of another account than this page shows: what it shows goes, and nothing is done before somebody has seen that. */
function other() {
  const who = user.email;
  forgetAll();
  user = undefined;
  speakFor(null);
  history.replaceState(null, '', '#read');
  showSigned();
  wait(() => t('page.otherAccount', { who }), start, 'page.otherAccountGo', 'page.otherAccountTitle');
  $('wait-again').focus();
}

async function logOut() {
  try {
    await here.get('read')?.leaveRead();
    await request('logout', { method: 'POST' });
  } catch (error) {
    if (error.kind === 'other') return;
    if (error.status !== 401) return wait(() => sentenceOf(error), logOut);
  }
  left(() => t('door.loggedOut'));
}

/** A password was set by a link: this browser's session has ended too, if it was that account's. */
async function sessionMayHaveEnded() {
  if (!user) return;
  try {
    await request('session');
  } catch (error) {
    if (error.status !== 401) return; // the next request will tell
    tabs?.postMessage({ left: user.id });
    forgetAll();
    unknown();
    showSigned();
  }
}

/** Nothing else can be shown: a line, and a way on. text: () => the line; word, title: keys of the button's and of a heading. */
function wait(text, again, word = 'page.again', title = '') {
  waited = () => wait(text, again, word, title);
  only('screen-wait');
  say($('wait-title'), title && t(title));
  $('wait-text').textContent = text();
  $('wait-again').textContent = t(word);
  $('wait-again').hidden = !again;
  $('wait-again').onclick = again;
}

async function start() {
  takeLink();
  if (user === undefined) wait(() => t('page.connecting'));
  const onWait = (left) => wait(() => busy(left));
  const learning = learnSite({ onWait });
  learning.catch(() => {}); // told below
  try {
    try {
      const answer = await request('session', { onWait, whoever: true });
      welcome(answer.user);
    } catch (error) {
      if (error.status !== 401) throw error;
      unknown();
    }
    await learning;
  } catch (error) {
    return wait(() => sentenceOf(error), start);
  }
  route();
}

/** Without a catalogue there are no words but those of the HTML. */
async function boot() {
  try {
    await loadLanguage();
  } catch {
    $('wait-text').hidden = true;
    $('wait-long').classList.add('now');
    return;
  }
  $('wait-long').remove(); // it was for a page that never starts
  onLanguage(() => {
    here.get('read')?.reword();
    if (!$('screen-wait').hidden) return waited();
    rewordDoor();
    const { open } = SCREENS[wanted()] ?? {};
    document.title = titleOf(wanted());
    if (open) open(here.get(wanted()));
  });
  await start();
}

speakFor(null, other);
tabs?.addEventListener('message', ({ data }) => told(data));
initDoor({ onSignedIn: signedIn, onReset: sessionMayHaveEnded });
drawGlyph($('demo-glyph'), 7);
$('screen-door').addEventListener('focusin', () => load('read').catch(() => {}), { once: true }); // while the password is typed
$('logout').addEventListener('click', logOut);
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  $('main').focus();
});
addEventListener('hashchange', route);
document.addEventListener('click', (event) => {
  const link = event.target.closest('a');
  if (link && link.hash && link.hash === location.hash) route(); // no hashchange comes, but another screen may be in the way
});
addEventListener('pageshow', (event) => { if (event.persisted) start(); });
addEventListener('pagehide', () => tell('leave')); // a page in the browser's memory keeps no secret
boot();
