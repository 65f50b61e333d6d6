// Sentences that are put together: what an answer, a step or a failure means, numbers with their units. The words are i18n's.
import { has, intl, locale, number, pick, t } from './i18n.js';

const SURE = [0.995, 0.95, 0.8, 0.5]; // from here on: almost certain, very likely, likely, perhaps; below: a guess
const PROBLEM = /^problems\/([a-z-]+)$/;

export const digitName = (digit) => pick('digit', digit);

/** How sure, in words. */
const sureWord = (p) => pick('answer.sure', 5 - SURE.filter((from) => p < from).length);

/** A probability as percent; never certainty, which a network does not have. */
export const percent = (p) => number(Math.min(0.999, p), { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** So many of a whole, counted: all of them are 100 %. */
export const share = (part, whole) => number(whole ? part / whole : 0, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 });

export function bytes(n) {
  const mib = n / 1048576;
  return mib >= 1 ? `${number(mib >= 10 ? Math.ceil(mib) : mib, { maximumFractionDigits: 1 })}\u00a0MiB` : `${number(Math.ceil(n / 1024))}\u00a0KiB`;
}

const unit = (n, name) => number(n, { style: 'unit', unit: name, unitDisplay: 'long' });
export const seconds = (n) => unit(n, 'second');
const waitText = (s) => (s < 90 ? seconds(s) : unit(Math.ceil(s / 60), 'minute'));
export const count = (n) => number(n);

/** A busy server is waited for: so many seconds are left. */
export const busy = (s) => t('error.busy', { time: seconds(s) });

/** How short a password may be, and what is better. */
export const passwordHint = (min) => t(min < 15 ? 'door.passwordHintShort' : 'door.passwordHint', { min });

/** A problem (RFC 9457) in the page's language: the server's own words are English, and told apart by their type. */
export function problemWords({ type, title, detail }) {
  const [, name] = PROBLEM.exec(type || '') || [];
  if (locale() === 'en' || !name || !has(`problem.${name}`)) return { title, detail };
  return { title: pick('problem', name), detail: pick('problem', `${name}.text`) };
}

/** Both of its sentences. */
export function problemText(problem) {
  const { title, detail } = problemWords(problem);
  return [title, detail].filter(Boolean).join(' ');
}

/** What a failed request means, in a sentence for the person who made it. */
export function sentenceOf(error) {
  const { kind, status, problem, retryAfter } = error;
  if (kind !== 'problem') return pick('error', kind);
  if (status === 429 && retryAfter) return t('error.tooMany', { time: waitText(retryAfter) });
  const told = problem || {};
  if (status >= 502 && status <= 504) return t('error.waitThen', { title: problemWords(told).title || t('error.isBusy'), time: waitText(retryAfter || 10) });
  return problemText(told) || t('error.status', { status });
}

/** The verdict where no answer came. */
export const failed = (sentence) => ({ over: t('answer.notRead'), word: t('answer.notYet'), sure: sentence });

/** A file's name, short enough for a line. */
export const shortName = (name) => (name.length > 40 ? `${name.slice(0, 24)}…${name.slice(-14)}` : name);

/** The most likely digit but for the one that was read. */
export const runnerUp = ({ digit, probabilities }) =>
  probabilities.map((p, other) => ({ p, other })).filter(({ other }) => other !== digit).sort((a, b) => b.p - a.p)[0];

/** What an unsure answer is unsure about: which of two digits it is, or whether it is like a digit at all, or both. */
function doubt({ unsure_because: because, digit, probabilities, confidence }) {
  const { p, other } = runnerUp({ digit, probabilities });
  const values = { digit: String(digit), first: percent(confidence), other: String(other), second: percent(p) };
  if (because === 'unfamiliar') return { word: pick('aDigit', digit), sure: t('answer.unsureUnfamiliar', values) };
  const word = t('answer.oneOrOther', { first: pick('aDigit', digit), second: pick('aDigit', other) });
  return { word, sure: t(because === 'both' ? 'answer.unsureBoth' : 'answer.unsureConfidence', values) };
}

/** A number's text, short enough for a sentence. */
export const shortText = (text) => {
  const line = text.replaceAll('\n', ' ');
  return line.length > 40 ? `${line.slice(0, 40)}…` : line;
};

/** A number is told apart from the boxes and the large text beneath, which say the rest. */
function numberVerdict({ status, rows, number: of }) {
  const doubted = of.digits.map((_, place) => place).filter((place) => of.digits[place].unsure);
  const unsure = of.isLoose ? 0 : doubted.filter((place) => of.label(place) === null).length;
  const alone = rows.length === 1;
  const counted = t('number.rowsOf', { rows: t('number.rows', { n: rows.length }), digits: t('number.count', { n: of.digits.length }) });
  const more = unsure ? t('number.unsureDigits', { n: unsure }) : status === 'number_unsure' && !doubted.length && !of.isChanged && !of.isChecked ? t('number.unsureRows') : '';
  const over = t(of.columns ? 'number.overTable' : alone ? 'number.over' : 'number.overRows');
  if (!alone) return { over, word: counted, sure: t('number.counted', { counted }), more };
  const { confidence } = rows[0];
  return { over, word: of.readText(), sure: t('answer.howSure', { words: sureWord(confidence) }), percent: percent(confidence), more: more && `· ${more}` };
}

/** The verdict on one picture: a small line, a large word, how sure. */
export function verdict(result) {
  const { status, digit, confidence } = result;
  if (status === 'error') {
    const { title, detail } = problemWords(result.problem);
    return { over: t('answer.notRead'), word: title, sure: detail };
  }
  if (result.number) return numberVerdict(result);
  if (result.blank) return { over: t('answer.looksLike'), word: t('answer.blank'), sure: t('answer.blankText') };
  if (status === 'not_a_digit') return { over: t('answer.looksLike'), word: t('answer.noDigit'), sure: t('answer.noDigitText') };
  if (status === 'unsure') return { over: t('answer.unsureOver'), ...doubt(result) };
  return {
    over: t(digit === 8 ? 'answer.itIsAn' : 'answer.itIs'), word: digitName(digit),
    sure: t('answer.howSure', { words: sureWord(confidence) }), percent: percent(confidence),
  };
}

/** Said of a picture that this browser made smaller before it was sent. shrunk: {from: {width, height}} or null. */
export const reducedText = (shrunk) => (shrunk ? t('steps.reduced', { w: shrunk.from.width, h: shrunk.from.height }) : '');

/** What was done to the picture before the network saw it. */
export function stepsOf(result, wish) {
  const steps = [];
  const p = result.preprocessing;
  const several = Boolean(result.number);
  if (p) {
    steps.push(`${p.width} × ${p.height} px`);
    if (p.upright) steps.push(t('steps.upright'));
    if (p.inverted) steps.push(t('steps.inverted'));
    if (p.unchanged) steps.push(t('steps.unchanged'));
    else if (wish.center === 'none') steps.push(t('steps.asItLies'));
    else if (!several && p.box && p.box[2]) steps.push(t('steps.cropped', { w: p.box[2], h: p.box[3] }), t('steps.centred'));
  }
  if (result.elapsed_us) {
    const digits = result.elapsed_us < 10000 ? 2 : 0;
    steps.push(t('steps.readIn', { time: `${number(result.elapsed_us / 1000, { minimumFractionDigits: digits, maximumFractionDigits: digits })}\u00a0ms` }));
  }
  return steps.join(' · ');
}

const moved = (n, back, forth) => (n ? [pick('how', n < 0 ? back : forth, { px: `${number(Math.abs(n))}\u00a0px` })] : []);

/** A number's digits, each as the network saw it; so many of them are shown. */
export const digitsCaption = (n, shown) => ({
  title: t('how.saw'), text: t(shown < n ? 'how.digitsSome' : 'how.digits', { n, shown }),
});

/** What a step did: a title and a sentence. wish: what the visitor asked for. */
export function stepCaption({ name, width, height }, { preprocessing: p, number: several }, wish) {
  const [x, y, w, h] = p.box;
  switch (name) {
    case 'grey': return {
      title: t(p.upright ? 'how.greyUpright' : 'how.grey'),
      text: t('how.greyText', { w: p.width, h: p.height, channel: pick('how.channel', p.channel) }),
    };
    case 'levelled': return { title: t('how.levelled'), text: t('how.levelledText') };
    case 'ink': return {
      title: t(w ? 'how.theInk' : 'how.noInk'),
      text: w ? t(wish.invert === 'auto' ? 'how.inkFound' : 'how.inkTaken', { found: t(p.inverted ? 'how.darkOnLight' : 'how.lightOnDark'), w, h, x, y })
        : t('how.noInkText'),
    };
    case 'parts': return { title: t('how.parts'), text: t('how.partsText', { found: t(p.inverted ? 'how.darkOnLight' : 'how.lightOnDark'), n: several.digits.length }) };
    case 'scaled': return { title: t('how.scaled'), text: t(wish.center === 'none' ? 'how.scaledWhole' : 'how.scaledInk', { w: width, h: height }) };
    case 'input': return { title: t('how.saw'), text: inputText(p, wish) };
    default: return { title: name, text: t('how.size', { w: width, h: height }) };
  }
}

function inputText({ unchanged, inverted, box, shift }, { center }) {
  if (unchanged) return t(inverted ? 'how.unchangedInverted' : 'how.unchanged');
  if (!box[2] && center !== 'none') return t('how.nothing');
  const way = intl('ListFormat', { type: 'unit' }).format([...moved(shift[0], 'left', 'right'), ...moved(shift[1], 'up', 'down')]);
  return t(way ? 'how.moved' : 'how.notMoved', { how: pick('how.in', center), way });
}
