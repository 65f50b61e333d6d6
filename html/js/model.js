// The model card: what the network is, how well it reads, which file it is. Asked for once.
import { $, el, say } from './dom.js';
import { request } from './api.js';
import { locale, number, pick, t } from './i18n.js';
import { busy, sentenceOf, count } from './text.js';
import { showFigures } from './model-figures.js';

let asked = ''; // the language that it was asked for in

export async function showModel() {
  if (asked === locale()) return;
  asked = locale();
  try {
    const told = await request('model', { onWait: (left) => say($('model-note'), busy(left)) });
    fill(told);
    showFigures(told);
    say($('model-note'), '');
    $('model-card').hidden = false;
  } catch (error) {
    asked = '';
    say($('model-note'), sentenceOf(error));
  }
}

const exactly = (share) => number(share, { style: 'percent', minimumFractionDigits: 2 });

function fill({ layers, parameters, sha256, metadata = {}, card }) {
  const { validation } = metadata; // as the trainer wrote it; a network of another maker may have none
  const facts = [[t('model.weights'), count(parameters)], [t('model.layers'), String(layers.filter((layer) => layer.parameters).length)]];
  if (validation && validation.accuracy && !validation.trained_on) facts.unshift([
    validation.pictures ? t('model.validationOf', { n: validation.pictures }) : t('model.validation'),
    exactly(validation.accuracy),
  ]);
  if (card) facts.unshift([
    `${t('model.test', { n: card.test.pictures })}; ${t('model.between', { low: exactly(card.test.accuracy_low), high: exactly(card.test.accuracy_high) })}`,
    exactly(card.test.accuracy)]);
  $('model-facts').replaceChildren(...facts.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))));
  $('model-layers').replaceChildren(...layers.map(({ out_shape: shape, parameters: held, ...layer }) => el('tr', {},
    el('th', { scope: 'row' }, layerName(layer)),
    el('td', {}, shapeText(shape)),
    el('td', { className: 'number' }, held ? count(held) : '–'))));
  $('model-sha').textContent = sha256;
}

function layerName({ type, kernel, groups, activation, of }) {
  const kind = pick('model.type', type, { kernel, of: [...new Set(of)].map((view) => pick('model.view', view)).join(', ') });
  const layer = groups > 1 ? t('model.groups', { layer: kind, groups }) : kind;
  return activation === 'relu' ? t('model.relu', { layer }) : layer;
}

/** shape: [channels, height, width]; a flat vector has the length alone. */
const shapeText = ([channels, height, width]) => (height * width > 1 ? `${height} × ${width} × ${channels}` : count(channels));
