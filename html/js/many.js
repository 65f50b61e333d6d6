// Several pictures at once: how far they are, a card for each in the order given, stop, and the results as a CSV file.
import { $ } from './dom.js';
import { t } from './i18n.js';
import { fillCard, makeCard } from './answer.js';
import { bytes, count, sentenceOf } from './text.js';

const CSV_NAME = 'digitd-results.csv';
let items = [];
let cards = []; // of each item

/** onStop(): what is not answered yet is let go; onNote(sentence). */
export function initMany({ onStop, onNote }) {
  $('many-stop').addEventListener('click', onStop);
  $('many-csv').addEventListener('click', () => { saveCsv().catch(() => onNote(t('page.notLoaded'))); });
}

async function saveCsv() {
  const list = items;
  const [{ csvOf }, { saveFile }] = await Promise.all([import('./csv.js'), import('./save.js')]);
  saveFile(CSV_NAME, csvOf(list), 'text/csv');
}

/** A card for each of several items, none for one alone; onPick(index). */
export function layMany(list, onPick) {
  items = list;
  cards = [];
  $('many').hidden = list.length < 2;
  $('cards').replaceChildren();
  if (list.length < 2) return;
  cards = list.map((item, i) => makeCard(item, () => onPick(i)));
  $('cards').append(...cards.map(({ node }) => node));
}

/** sent, total: bytes; running: there is something to stop. */
export function fillMany(chosen, { sent, total, running }) {
  if (items.length < 2) return;
  items.forEach((item, i) => {
    const card = cards[i];
    if (card.img.getAttribute('src') !== item.url) card.img.src = item.url; // made smaller since
    fillCard(card, item, item.failure && sentenceOf(item.failure));
    card.button.setAttribute('aria-pressed', String(i === chosen));
  });
  const bad = items.filter((item) => item.result && item.result.status === 'error').length;
  const answered = items.filter((item) => item.result).length;
  const results = t(answered < items.length ? 'read.progress' : 'read.results', { done: answered, n: items.length });
  $('many-title').textContent = bad ? t('read.notReadable', { results, n: bad }) : results;
  bar('sent', total ? sent / total : 1, t('many.of', { part: bytes(sent), whole: bytes(total) }));
  bar('answered', answered / items.length, t('many.of', { part: count(answered), whole: count(items.length) }));
  $('many-stop').disabled = !running;
  $('many-csv').disabled = !answered;
}

function bar(name, share, text) {
  $(`many-${name}`).value = share;
  $(`many-${name}-text`).textContent = text;
}
