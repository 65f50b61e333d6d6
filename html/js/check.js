// What a visitor says of an answer: it is right, it is another digit, it is no digit. The same buttons stand at the answer and in the
// history. A label is what the server keeps: a digit, NO_DIGIT, or null for an answer that nobody has checked.
import { el } from './dom.js';
import { pick, t } from './i18n.js';

const NO_DIGIT = 'not_a_digit';

/** What was read, as a label. */
export const readAs = ({ status, digit }) => (status === NO_DIGIT ? NO_DIGIT : digit);

export const isRight = (answer, label) => label !== null && label === readAs(answer);

/** A label in words, as in "it is a seven". */
const labelWords = (label) => (label === NO_DIGIT ? t('answer.noDigit') : pick('aDigit', label));

/** What to say once it is kept. */
export function savedText(answer, label) {
  if (label === null) return t('check.tookBack');
  return isRight(answer, label) ? t('check.confirmed', { what: labelWords(label) }) : t('check.corrected', { what: labelWords(label) });
}

/** Puts the buttons into node, a group; onPick(label): null takes back what was said. Returns mark(answer, label). */
export function makeCheck(node, onPick) {
  let shown = null; // {answer, label}
  const buttons = [
    { node: button('check-right', 'check.right'), of: (answer) => readAs(answer) },
    ...Array.from({ length: 10 }, (_, digit) => ({ node: button('', '', String(digit)), of: () => digit })),
    { node: button('check-none', 'check.none'), of: () => NO_DIGIT },
  ];
  for (const { node: each, of } of buttons) {
    each.addEventListener('click', () => onPick(shown.label === of(shown.answer) ? null : of(shown.answer)));
  }
  node.classList.add('check');
  node.append(...buttons.map((each) => each.node));
  return (answer, label) => {
    shown = { answer, label };
    buttons.forEach(({ node: each, of }, i) => {
      each.setAttribute('aria-pressed', String(label !== null && label === of(answer)));
      each.classList.toggle('was-read', i > 0 && of(answer) === readAs(answer));
    });
  };
}

/** key: its words, which change with the page's language; or text. */
function button(className, key, text = t(key)) {
  const node = el('button', { className, type: 'button' }, text);
  if (key) node.dataset.t = key;
  else node.dataset.digit = text;
  return node;
}
