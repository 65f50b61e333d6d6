// The fold-out under the answer: the pictures between the steps of a reading, and two wishes that have it read again.
// Traps: the steps are asked for when somebody looks, not with every answer; room is kept for them before they come; the
// controls stay where they are, so that the focus does.
import { $, el, svg, paintGrey, say } from './dom.js';
import { locale, t } from './i18n.js';
import { isNumber } from './item.js';
import { digitsCaption, sentenceOf, stepCaption } from './text.js';

const SMALL_PX = 64; // shown in hard pixels
const STEPS_USUAL = 5, STEPS_UNCHANGED = 2;
const OF_ONE_DIGIT = ['ink', 'scaled', 'input']; // steps that a number does not take as a whole
const SEEN_MAX = 48; // of its digits: so many are shown

let shown = null; // the item whose steps are, or will be, on show
let drawn = {};   // {item, result, language} whose steps stand there

/** onLook(item): somebody looks at its steps, which it may lack; onWish(item, wish): it is to be read again. */
export function initHow({ onLook, onWish }) {
  $('how').addEventListener('toggle', () => { if (isLooking() && shown) onLook(shown); });
  for (const name of ['invert', 'center']) {
    $(`wish-${name}`).addEventListener('change', (event) => { if (shown) onWish(shown, { ...shown.wish, [name]: event.target.value }); });
  }
  $('how-note').querySelector('button').addEventListener('click', () => {
    $('how').querySelector('summary').focus(); // the button goes
    onWish(shown, shown.wish);
  });
}

export const isLooking = () => $('how').open;

export function hideHow() {
  shown = null;
  drawn = {};
  $('how').open = false;
  $('how').dataset.state = 'empty';
  $('how-steps').replaceChildren();
}

/** Without a result the item is being read. */
export function showHow(item) {
  const { result, wish, wishFailure } = item;
  const unread = Boolean(result) && !result.preprocessing;
  shown = item;
  $('how').dataset.state = 'full';
  for (const name of ['invert', 'center']) {
    $(`wish-${name}`).value = wish[name];
    $(`wish-${name}`).disabled = unread;
  }
  $('how-hint').hidden = unread;
  note(unread ? t('how.none') : wishFailure && sentenceOf(wishFailure), !unread);
  if (result && result.steps) draw(item);
  else if (unread) clear();
  else if (!wishFailure) drawRoom(result && result.preprocessing.unchanged ? STEPS_UNCHANGED : STEPS_USUAL);
  $('how-steps').setAttribute('aria-busy', String(Boolean(item.asking) || !result));
}

/** A line in place of steps that have not come yet. */
export function noteHow(text) {
  note(text, false);
}

function note(text, again) {
  say($('how-note').querySelector('p'), text);
  $('how-note').hidden = !text;
  $('how-note').querySelector('button').hidden = !text || !again;
}

function clear() {
  drawn = {};
  $('how-steps').replaceChildren();
}

/** Empty frames; the steps of the same picture stand until its new ones come. */
function drawRoom(n) {
  if (drawn.item === shown) return;
  drawn = {};
  $('how-steps').replaceChildren(...Array.from({ length: n }, () => el('li', {}, el('span', { className: 'frame' }), el('p', { className: 'said' }))));
}

function draw(item) {
  const { result, readWith } = item;
  if (drawn.result === result && drawn.language === locale()) return;
  drawn = { item, result, language: locale() };
  const several = isNumber(result);
  const steps = several ? stepsOfNumber(result.steps) : result.steps;
  $('how-steps').replaceChildren(...steps.map((step) => {
    const { title, text } = stepCaption(step, result, readWith);
    const canvas = el('canvas', { width: step.width, height: step.height, 'aria-hidden': 'true' });
    if (Math.max(step.width, step.height) <= SMALL_PX) canvas.className = 'small';
    paintGrey(canvas, step.grey);
    return el('li', {},
      el('span', { className: 'frame' }, canvas, ...(step.name === 'ink' ? outline(result.preprocessing, [result.preprocessing.box]) : []),
        ...(step.name === 'parts' ? outline(result.preprocessing, result.number.digits.map(({ box }) => box)) : [])),
      el('p', { className: 'said' }, el('b', {}, title), ' ', text));
  }), ...(several ? [seenDigits(result.number)] : []));
}

/** The last picture of them all is parted into digits. */
function stepsOfNumber(steps) {
  const whole = steps.filter(({ name }) => !OF_ONE_DIGIT.includes(name));
  return [...whole, { ...whole.at(-1), name: 'parts' }];
}

/** Each digit as the network saw it. */
function seenDigits({ digits }) {
  const { title, text } = digitsCaption(digits.length, Math.min(digits.length, SEEN_MAX));
  return el('li', { className: 'how-digits' },
    el('span', { className: 'how-seen' }, ...digits.slice(0, SEEN_MAX).map(({ input }) => {
      const canvas = el('canvas', { className: 'small', width: 28, height: 28, 'aria-hidden': 'true' });
      if (input) paintGrey(canvas, input);
      return canvas;
    })),
    el('p', { className: 'said' }, el('b', {}, title), ' ', text));
}

/** Boxes around the ink, in the accent's colour. */
function outline({ width, height }, boxes) {
  return [svg('svg', { viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' },
    ...boxes.filter(([, , w]) => w).map(([x, y, w, h]) => svg('rect', { x, y, width: w, height: h })))];
}
