// The model card: what the network is, how well it reads, which file it is. Asked for once.
import { $, el, say } from './dom.js';
import { request } from './api.js';
import { NARROW, SAY, sentenceOf, count } from './text.js';

let asked = false;

export async function showModel() {
  if (asked) return;
  asked = true;
  try {
    fill(await request('model', { onWait: (left) => say($('model-note'), SAY.busy(left)) }));
    say($('model-note'), '');
    $('model-card').hidden = false;
  } catch (error) {
    asked = false;
    say($('model-note'), sentenceOf(error));
  }
}

function fill({ layers, parameters, sha256, metadata = {} }) {
  const { validation } = metadata; // as the trainer wrote it; a network of another maker may have none
  const facts = [[SAY.weights, count(parameters)], [SAY.layers, String(layers.filter((layer) => layer.parameters).length)]];
  if (validation && validation.accuracy) facts.unshift([SAY.validation(validation.pictures), `${(validation.accuracy * 100).toFixed(2)}${NARROW}%`]);
  $('model-facts').replaceChildren(...facts.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))));
  $('model-layers').replaceChildren(...layers.map(({ type, kernel, activation, out_shape: shape, parameters: held }) => el('tr', {},
    el('th', { scope: 'row' }, SAY.layer(type, kernel, activation)),
    el('td', {}, shapeText(shape)),
    el('td', { className: 'number' }, held ? count(held) : '–'))));
  $('model-sha').textContent = sha256;
}

/** shape: [channels, height, width]; a flat vector has the length alone. */
const shapeText = ([channels, height, width]) => (height * width > 1 ? `${height} × ${width} × ${channels}` : count(channels));
