// Shows one result large, and a row of results as cards. A result is as send.js has it.
import { $, el, calm, paintGrey } from './dom.js';
import { drawGlyph, makeGlyph } from './glyph.js';
import { isRight, readAs } from './check.js';
import { isNumber } from './item.js';
import { numberParts } from './send.js';
import { t } from './i18n.js';
import { digitName, verdict, failed, problemWords, reducedText, stepsOf, percent, shortName, shortText } from './text.js';

const SMALL_PX = 64;              // a picture up to this size is shown in hard pixels
const PREVIEW_AREA_PX = 25000000; // a larger one is refused by the server anyway, and would stall the browser
const bars = [];
let view = null; // of a number, once there is one
let onSaid;

/** onNumber(sentence): the visitor has said something of the number that is shown. */
export function initAnswer({ onNumber }) {
  onSaid = onNumber;
  for (let digit = 0; digit < 10; digit++) {
    const fill = el('span', { className: 'fill' });
    const value = el('span', { className: 'value' });
    const row = el('tr', {},
      el('th', { scope: 'row' }, String(digit)),
      el('td', {}, el('div', {}, el('span', { className: 'track' }, fill), value)));
    bars.push({ row, fill, value });
    $('bars').append(row);
  }
  showWhenGood($('given'));
}

/** Shows img once it is known to be a picture, and one that can be shown. */
function showWhenGood(img) {
  img.addEventListener('load', () => {
    const { naturalWidth: width, naturalHeight: height } = img;
    img.classList.toggle('small', Math.max(width, height) <= SMALL_PX);
    img.hidden = width * height > PREVIEW_AREA_PX;
  });
}

export function showEmpty() {
  show('empty', { over: t('answer.title'), word: t('answer.ready'), sure: t('answer.readyText') }, '');
  showGiven(null);
}

/** A number that is being drawn stands until the next answer. */
export function showReading(item, note = '') {
  const words = { over: t('answer.moment'), word: t('answer.reading'), sure: note };
  if (item.drawn && $('answer').dataset.kind === 'number') tell('reading', words);
  else show('reading', words, '');
  showGiven(item);
  $('steps').textContent = shortName(item.name);
}

/** item: {name, url, result, readWith}; written: the digit is written before the eyes. */
export function showResult(item, written) {
  const { result } = item;
  if (isNumber(result)) {
    showNumber(item);
    return;
  }
  show(result.status, verdict(result), signOf(result), written && !calm());
  showGiven(item);
  showBars(result.status === 'not_a_digit' ? null : result.probabilities, result.digit); // they sum to 1 whatever it shows
  showSeen(result.input);
  $('steps').textContent = stepsText(item);
}

const stepsText = (item) => [shortName(item.name), reducedText(item.shrunk), stepsOf(item.result, item.readWith)].filter(Boolean).join(' · ');

function showNumber(item) {
  const { result } = item, { width, height } = result.preprocessing;
  show(result.status, verdict(result), '');
  showGiven(null);
  $('answer').dataset.kind = 'number';
  $('number').hidden = $('number-keys').hidden = false;
  if (!view) makeView();
  view.show(result.number, { url: item.url, width, height, name: item.name });
  $('answer').dataset.text = result.number.text();
  $('steps').textContent = stepsText(item);
}

function makeView() {
  const { NumberView } = numberParts();
  view = new NumberView({ onChange: onSaid });
  $('number').append(view.picture, view.text);
  $('number-keys').append(view.keys);
}

/** What is still unsure of the number on show. */
export function sayUnsure({ result }) {
  const before = $('answer-sure').textContent;
  const nodes = sureNodes(verdict(result));
  if (nodes.map((node) => node.textContent ?? node).join('') !== before) $('answer-sure').replaceChildren(...nodes); // or it is read out again
}

/** What became of what the visitor said of the number on show; bad: it could not be kept. */
export const tellNumber = (sentence, bad) => view.tell(sentence, bad);

/** A failure that is not the picture's: said in the answer's place, so that no "Reading" is left standing. */
export function showFailure(item, sentence) {
  show('error', failed(sentence), '!');
  showGiven(item);
  $('steps').textContent = shortName(item.name);
}

function signOf({ status, digit }) {
  if (status === 'error') return '!';
  return status === 'not_a_digit' ? '?' : digit;
}

const sureNodes = ({ sure, percent: exact, more }) => [sure, ...(exact ? [el('b', {}, exact)] : []), ...(more ? [' ', more] : [])];

function tell(state, words) {
  const { over, word } = words;
  $('answer').dataset.state = state;
  $('answer-over').textContent = over;
  $('answer-word').textContent = word;
  $('answer-sure').replaceChildren(...sureNodes(words));
}

function show(state, words, sign, written) {
  tell(state, words);
  $('answer').dataset.digit = /^\d$/.test(sign) ? sign : '';
  $('answer').dataset.text = '';
  $('answer').dataset.kind = '';
  if (!$('number').hidden && !state.startsWith('number')) view.clear();
  $('number').hidden = $('number-keys').hidden = true;
  drawGlyph($('answer-glyph'), sign, written);
  $('steps').textContent = '';
  showBars(null);
  showSeen(null);
}

function showBars(probabilities, best) {
  bars.forEach(({ row, fill, value }, digit) => {
    const p = probabilities ? probabilities[digit] : 0;
    fill.style.setProperty('--share', p);
    value.textContent = probabilities ? percent(p) : '–';
    row.classList.toggle('best', Boolean(probabilities) && digit === best);
  });
}

function showGiven(item) {
  const given = $('given');
  const url = item ? item.url : '';
  given.alt = item ? t('answer.given', { name: item.name }) : '';
  if (given.getAttribute('src') === url) return;
  given.hidden = true;
  if (url) given.src = url;
  else given.removeAttribute('src');
}

/** input: base64 of 784 grey bytes, light on dark. */
function showSeen(input) {
  const canvas = $('seen');
  canvas.hidden = !input;
  if (input) paintGrey(canvas, input);
}

/** A card for an item; onPick() when it is chosen. */
export function makeCard(item, onPick) {
  const img = el('img', { alt: '', hidden: true });
  showWhenGood(img);
  img.src = item.url;
  const glyph = makeGlyph();
  const word = el('b');
  const text = el('span', { className: 'text' }, word, el('br'), item.name);
  const button = el('button', { className: 'card pick', type: 'button', 'aria-pressed': 'false', title: item.name, onclick: onPick },
    el('span', { className: 'frame' }, img), glyph, text);
  return { node: el('li', {}, button), button, img, glyph, word };
}

export function fillCard(card, { result, label }, failure) {
  const state = failure ? 'error' : result ? result.status : 'reading';
  card.button.dataset.state = state;
  card.button.dataset.digit = result && Number.isInteger(result.digit) ? result.digit : '';
  const several = isNumber(result);
  card.button.dataset.text = several ? result.number.text() : '';
  drawGlyph(card.glyph, failure ? '!' : several ? '' : result ? signOf(result) : '-');
  card.word.textContent = failure ? t('answer.notRead') : cardWord(result, label);
  if (failure || state === 'error') card.button.title = failure || problemWords(result.problem).title;
}

function cardWord(result, label) {
  if (!result) return t('answer.reading');
  if (isNumber(result)) return numberWord(result);
  if (isRight(result, label)) return `✓ ${cardWord(result, null)}`;
  if (label !== null) return t('check.card', { label: shortLabel(label), read: shortLabel(readAs(result)) });
  const { status, digit, confidence } = result;
  if (status === 'digit') return t('answer.card', { digit: digitName(digit), percent: percent(confidence) });
  if (status === 'unsure') return t('answer.unsure', { digit: digitName(digit) });
  return t(status === 'not_a_digit' ? 'answer.noDigit' : 'answer.notRead');
}

function numberWord({ status, number }) {
  const text = shortText(number.text());
  if (number.isChecked) return `✓ ${text || t('answer.noDigit')}`;
  return status === 'number_unsure' ? t('number.cardUnsure', { text }) : text;
}

const shortLabel = (label) => (Number.isInteger(label) ? digitName(label) : t('answer.noDigit'));
