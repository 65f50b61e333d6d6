// The model card's figures and tables.
// Traps: a network of another maker has no curves, and one that nobody measured has no card: each part hides by itself.
import { $, el, svg, paintGrey } from './dom.js';
import { calibration, curves, network } from './charts.js';
import { number, pick, t } from './i18n.js';
import { count, percent } from './text.js';

const SIDE = 28;
const share = (v, digits = 1) => number(v, { style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits });
const short = (v) => number(v, { maximumSignificantDigits: 3 });

/** What GET /model tells, into the card's places. */
export function showFigures({ layers, metadata = {}, card }) {
  $('model-network').replaceChildren(network(svg, { title: t('model.networkTitle'), layers, names: layerLines }));
  showCurves(metadata);
  $('model-measured').hidden = !card;
  if (!card) return;
  const { test, reject, robustness } = card;
  $('model-confusion').replaceChildren(...confusionRows(test.confusion));
  $('model-wall').replaceChildren(...test.errors.map(wrongDigit));
  $('model-wall-title').textContent = t('model.wallTitle', { n: test.errors.length, all: test.pictures });
  $('model-calibration').replaceChildren(calibration(svg, {
    title: t('model.calibrationTitle'), bins: test.bins, confidence: t('model.confidence'), tell: (v) => share(v, 0),
  }));
  $('model-robustness').replaceChildren(...rows(robustness.kinds, (name) => pick('model.kind', name), (kind) => [count(kind.n), share(kind.accuracy)]));
  $('model-refusals').replaceChildren(...rows(reject.kinds, (name) => pick('model.thing', name),
    (kind) => [count(kind.pictures), share(kind.refused / kind.pictures), share(kind.doubted / kind.pictures)]));
}

const layerLines = ({ type, out_shape: [channels, side], kernel }) => [
  type === 'input' ? t('model.input') : pick('model.short', type, { kernel }), type === 'dense' ? count(channels) : `${side} × ${side} × ${channels}`];

/** For a network that was also trained on the validation set these say nothing. */
function showCurves({ curves: made, epoch, validation }) {
  const held = !validation?.trained_on;
  $('model-curves').hidden = !made;
  $('model-errors').parentElement.hidden = !held;
  if (!made) return;
  const at = Number(epoch) || undefined, epochs = t('model.epoch');
  $('model-loss').replaceChildren(curves(svg, {
    title: t('model.lossTitle'), epochs, tell: short,
    lines: [{ name: t('model.lossTraining'), values: made.loss }, ...(held ? [{ name: t('model.lossValidation'), values: made.validation_loss, at }] : [])],
  }));
  if (held) $('model-errors').replaceChildren(curves(svg, {
    title: t('model.errorsTitle'), epochs, tell: (v) => number(v, { style: 'percent', maximumSignificantDigits: 2 }),
    lines: [{ name: t('model.errorsValidation'), values: made.validation_accuracy.map((v) => 1 - v), at }],
  }));
}

function confusionRows(confusion) {
  return confusion.map((row, truth) => el('tr', {}, el('th', { scope: 'row' }, String(truth)),
    ...row.map((n, answer) => el('td', { className: answer === truth ? 'right' : n ? 'wrong' : 'none' }, count(n)))));
}

function wrongDigit({ input, truth, answer, confidence }) {
  const canvas = el('canvas', { width: SIDE, height: SIDE });
  canvas.setAttribute('aria-hidden', 'true');
  paintGrey(canvas, input);
  return el('li', {}, canvas, el('span', {}, t('model.wrongDigit', { truth: String(truth), answer: String(answer), sure: percent(confidence) })));
}

/** A row for each kind: what it is called, then cells. */
function rows(kinds, tell, cells) {
  return Object.entries(kinds).map(([name, kind]) => el('tr', {}, el('th', { scope: 'row' }, tell(name)),
    ...cells(kind).map((text) => el('td', { className: 'number' }, text))));
}
