// The history: what was read for this visitor, digits and numbers, the newest first, page after page; corrections, deletion, export.
// Traps: an answer to an earlier question (other filters, another visitor) comes too late and is dropped; the next page is asked for by
// the address that the server gave; a button that goes away must not take the focus with it; a 401 is the end of the session.
import { $, el, paintGrey, say } from './dom.js';
import { isEnd, request } from './api.js';
import { intl, t } from './i18n.js';
import { isRight, makeCheck, savedText } from './check.js';
import { busy, digitName, percent, runnerUp, sentenceOf, share, shortText } from './text.js';
import { timeNode } from './list.js';
import { saveFile } from './save.js';
import { NumberText } from './number.js';
import { NumberKeep } from './number-keep.js';
import { NumberView } from './number-view.js';

const KINDS = { unsure: { status: 'unsure' }, none: { status: 'not_a_digit' }, checked: { checked: 1 }, unchecked: { checked: 0 } };
const FILES = { csv: 'digitd-history.csv', json: 'digitd-history.json', idx: 'digitd-history-idx.tar' };
const EXPORT_MS = 120000;
const DIGITS_SHOWN = 12; // those of a longer number are shown when somebody asks for them
const LONG = 5; // signs in a row: with more a card is wider
const AHEAD_PX = 600; // the next page is asked for before its place is seen

let hooks;          // onExpired()
let user = null;
let shown = 0;      // counts the lists that were begun
let next = null;    // where the next page is
let asking = false; // for a page
let stale = true;   // what is listed is not by the filters as they are
let filters = [];   // of the list, as they are asked for
let counts = { kept: 0, checked: 0, right: 0 };
let ready = false;

export function showHistory(who, theirs) {
  hooks = theirs;
  if (!ready) init();
  if (!user || user.id !== who.id) leaveHistory();
  user = who;
  return begin();
}

/** Nothing of this visitor stays. */
export function leaveHistory() {
  shown++;
  user = null;
  next = null;
  $('history-parts').hidden = true;
  $('history-list').replaceChildren();
  $('history-filters').reset();
  $('history-said').textContent = '';
  say($('history-export-said'), '');
}

function init() {
  ready = true;
  $('history-digit').append(...Array.from({ length: 10 }, (_, digit) => el('option', { value: digit }, String(digit))));
  $('history-filters').addEventListener('change', begin);
  $('history-filters').addEventListener('submit', (event) => event.preventDefault());
  for (const button of document.querySelectorAll('[data-format]')) button.addEventListener('click', () => save(button));
  $('history-more').addEventListener('click', () => more(true));
  $('history-again').addEventListener('click', () => more(true));
  $('history-clear').addEventListener('click', () => ask(true));
  $('history-keep').addEventListener('click', () => ask(false));
  $('history-sure').addEventListener('click', clear);
  new IntersectionObserver(([{ isIntersecting }]) => { if (isIntersecting && $('history-note').hidden) more(); }, { rootMargin: `${AHEAD_PX}px` }).observe($('history-more'));
}

// ---- the list ----

/** The list from its beginning, by the filters as they are. */
function begin() {
  shown++;
  asking = false;
  stale = true;
  const query = new URLSearchParams(KINDS[$('history-kind').value]);
  if ($('history-digit').value !== '') query.set('digit', $('history-digit').value);
  filters = [...query];
  next = `history?${query}`;
  ask(false, false);
  return more();
}

/** The next page; byHand: the first of what it brings gets the focus, since the button may go. */
async function more(byHand = false) {
  if (!next || asking) return;
  const mine = shown;
  asking = true;
  note($('history-parts').hidden ? t('page.moment') : '');
  try {
    const page = await request(next, { onWait: (left) => { if (mine === shown) note(busy(left)); } });
    if (mine !== shown) return;
    const cards = page.history.map((answer) => (answer.kind === 'number' ? numberCard(answer) : card(answer)));
    if (stale) $('history-list').replaceChildren(...cards);
    else $('history-list').append(...cards);
    stale = false;
    next = page.next;
    tell(page.counts);
    note('');
    $('history-parts').hidden = false;
    if (byHand && cards.length) cards[0].querySelector('button').focus();
  } catch (error) {
    if (mine === shown && !expired(error)) note(sentenceOf(error), true);
  } finally {
    if (mine === shown) asking = false;
  }
  if (mine !== shown) return;
  fit();
  if (!$('history-note').hidden || !$('history-more').checkVisibility()) return;
  if ($('history-more').getBoundingClientRect().top < innerHeight + AHEAD_PX) more(); // the observer tells of changes only
}

/** What is there decides what can be done. */
function fit() {
  const some = $('history-list').children.length > 0;
  say($('history-none'), some || !$('history-note').hidden ? '' : t(counts.kept ? 'history.noneSuch' : 'history.none'));
  $('history-more').hidden = !next;
  $('history-export').hidden = !some;
  $('history-hint').hidden = !some;
  $('history-filters').hidden = !counts.kept;
  $('history-end').hidden = !counts.kept;
}

function tell(now) {
  counts = now;
  const { kept, checked, right } = counts;
  say($('history-right'), checked ? t('history.right', { right, checked, kept, share: share(right, checked) }) : '');
  $('history-sure-text').textContent = t('history.sure', { n: kept });
}

// ---- an answer ----

function card(answer) {
  const canvas = el('canvas', { className: 'kept-picture', width: 28, height: 28, role: 'img', 'aria-label': t('history.picture') });
  const buttons = el('div', { className: 'kept-check', role: 'group', 'aria-label': t('check.title') });
  const remove = el('button', { className: 'link kept-remove', type: 'button' }, t('history.delete'), ' ',
    el('span', { className: 'unseen' }, t('history.theAnswer', { digit: wordOf(answer), time: momentOf(answer) })));
  const node = el('li', { className: 'card kept' },
    canvas,
    el('div', { className: 'kept-text' },
      el('p', { className: 'kept-answer' },
        el('b', {}, answer.digit === null ? '–' : String(answer.digit)), ' ',
        el('span', {}, answer.status === 'not_a_digit' ? t('history.noDigit') : percent(answer.confidence)),
        ...(answer.status === 'unsure' ? [' ', el('span', { className: 'kept-unsure' }, doubtOf(answer))] : [])),
      el('p', { className: 'kept-facts', title: answer.name }, el('span', { className: 'kept-name' }, answer.name), timeNode(answer.created_at))),
    remove, buttons, el('p', { className: 'kept-said error', hidden: true }));
  paintGrey(canvas, answer.input);
  remove.addEventListener('click', () => act(node, () => drop(node, answer)));
  const show = makeCheck(buttons, (label) => act(node, () => check(node, answer, label, show)));
  mark(node, answer, show);
  return node;
}

/** A number: the digits that the network saw, corrected one by one or as a text. */
function numberCard(entry) {
  const number = NumberText.ofEntry(entry);
  const view = new NumberView({ quiet: true, onChange: () => keeper.touch() });
  const keeper = new NumberKeep(number, number.state, {
    send: (json) => request(`history/${entry.id}`, { method: 'PATCH', json }),
    done: (reply) => {
      if (reply) tell(reply.counts);
      view.tell(t('number.saved', { text: shortText(number.text()) || t('history.noDigit') }));
    },
    failed: (error) => { if (!expired(error)) view.tell(sentenceOf(error), true); },
  });
  const remove = el('button', { className: 'link kept-remove', type: 'button' }, t('history.delete'), ' ',
    el('span', { className: 'unseen' }, t('history.theAnswer', { digit: shortText(entry.text), time: momentOf(entry) })));
  const digits = [view.picture, view.digit];
  const node = el('li', { className: 'card kept kept-number' },
    el('div', { className: 'kept-text' }, view.text,
      el('p', { className: 'kept-answer' }, el('span', {}, percent(entry.confidence)),
        ...(entry.status === 'unsure' ? [' ', el('span', { className: 'kept-unsure' }, t('history.unsure'))] : [])),
      el('p', { className: 'kept-facts', title: entry.name }, el('span', { className: 'kept-name' }, entry.name), timeNode(entry.created_at))),
    remove,
    ...(entry.digits.length <= DIGITS_SHOWN ? digits
      : [el('details', { className: 'kept-long' }, el('summary', {}, t('number.count', { n: entry.digits.length })), ...digits)]),
    view.acts, el('p', { className: 'kept-said error', hidden: true }));
  node.classList.toggle('long', entry.text.split('\n').some((row) => row.length > LONG));
  remove.addEventListener('click', () => act(node, () => drop(node, entry)));
  view.show(number, null);
  return node;
}

/** What it is unsure about; answers from before that was kept do not tell. */
function doubtOf(answer) {
  const because = answer.unsure_because;
  if (!because) return t('history.unsure');
  if (because === 'unfamiliar') return t('history.unsureUnfamiliar');
  const { p, other } = runnerUp(answer);
  return t(because === 'both' ? 'history.unsureBoth' : 'history.unsureConfidence', { other: String(other), second: percent(p) });
}

const wordOf = ({ digit }) => (digit === null ? t('history.noDigit') : digitName(digit));
const momentOf = ({ created_at: at }) => intl('DateTimeFormat', { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));

/** What was read, and what the visitor says it is. */
function mark(node, answer, show) {
  show(answer, answer.label);
  node.classList.toggle('wrong', answer.label !== null && !isRight(answer, answer.label));
}

/** One thing at a time; what went wrong stands at the card. */
async function act(node, run) {
  if (node.getAttribute('aria-busy') === 'true') return;
  const line = node.querySelector('.kept-said');
  node.setAttribute('aria-busy', 'true');
  say(line, '');
  try {
    await run();
  } catch (error) {
    if (!expired(error)) {
      say(line, sentenceOf(error));
      $('history-said').textContent = line.textContent;
    }
  } finally {
    node.removeAttribute('aria-busy');
  }
}

async function check(node, answer, label, show) {
  const mine = shown;
  const { answer: now, counts: all } = await request(`history/${answer.id}`, { method: 'PATCH', json: { label } });
  if (mine !== shown) return;
  Object.assign(answer, { label: now.label });
  mark(node, answer, show);
  tell(all);
  $('history-said').textContent = savedText(answer, now.label);
}

async function drop(node, answer) {
  const { id, label } = answer;
  const mine = shown;
  try {
    await request(`history/${id}`, { method: 'DELETE' });
  } catch (error) {
    if (error.status !== 404) throw error; // gone already is gone
  }
  if (mine !== shown) return;
  const after = node.nextElementSibling || node.previousElementSibling;
  node.remove();
  tell(answer.kind === 'number' ? (await request('history?limit=1')).counts : {
    kept: counts.kept - 1, checked: counts.checked - (label === null ? 0 : 1),
    right: counts.right - (isRight(answer, label) ? 1 : 0),
  });
  if (mine !== shown) return;
  fit();
  (after ? after.querySelector('.kept-remove') : $('history-title')).focus();
  $('history-said').textContent = t('history.deleted');
}

// ---- all of it ----

/** Shows the question, or takes it away; the focus goes along unless it is elsewhere. */
function ask(open, focus = true) {
  $('history-ask').hidden = !open;
  $('history-clear').hidden = open;
  if (focus) $(open ? 'history-keep' : 'history-clear').focus();
}

async function clear() {
  const mine = shown;
  try {
    await request('history', { method: 'DELETE' });
  } catch (error) {
    if (mine === shown && !expired(error)) note(sentenceOf(error), true);
    return;
  }
  if (mine !== shown) return;
  await begin();
  $('history-title').focus();
  $('history-said').textContent = t('history.cleared');
}

// ---- the export ----

/** By a request and not by a link, so that a failure is told and the file is this visitor's. */
async function save(button) {
  if (button.getAttribute('aria-disabled') === 'true') return;
  const mine = shown, { format } = button.dataset;
  button.setAttribute('aria-disabled', 'true');
  say($('history-export-said'), '');
  try {
    const file = await request(`history/export?${new URLSearchParams([['format', format], ...filters])}`, { blob: true, timeoutMs: EXPORT_MS });
    if (mine === shown) saveFile(FILES[format], file, file.type);
  } catch (error) {
    if (mine === shown && !expired(error)) say($('history-export-said'), sentenceOf(error));
  } finally {
    button.removeAttribute('aria-disabled');
  }
}

const expired = (error) => isEnd(error, hooks.onExpired);

function note(text, again = false) {
  say($('history-note').querySelector('p'), text);
  $('history-note').hidden = !text;
  $('history-again').hidden = !again;
}
