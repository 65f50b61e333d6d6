#!/usr/bin/env node
// The model card: turns measurements into what is shown. `make model-card` and `make numbers` measure, then run this.
//
//   model-card.mjs gather DIR WEIGHTS   writes WEIGHTS' card from DIR's validation.json, test.json (digit evaluate --json) and perturb.json;
//                                       how numbers are read stays, where the old card is of the same network
//   model-card.mjs numbers FILE WEIGHTS puts how numbers are read (tests/golden/numbers.mjs --save) into WEIGHTS' card, beside the other split's
//   model-card.mjs write WEIGHTS...     writes MODEL.md's marked parts and docs/model/*.svg from the cards and the files' metadata
//   model-card.mjs check WEIGHTS...     writes nothing; lists the files that differ, with exit status 1
//
// The card of digits.safetensors is digits.card.json beside it; digitd reads it for GET /model. MODEL.md and the figures are about the first
// file named. For another one, digits-NAME.safetensors, MODEL.md has parts called NAME-facts and so on, without figures. A file made by
// `digit join` shows its members in place of settings.
// What depends on the machine (seconds, threads, kernels) is left out, so that a file has the same card everywhere.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
// The page's module has no package.json beside it, so that Node would not take it for one.
const { curves, calibration, network } = await import(`data:text/javascript,${encodeURIComponent(fs.readFileSync(path.join(root, 'html/js/charts.js'), 'utf8'))}`);

const readJson = (...names) => JSON.parse(fs.readFileSync(path.join(...names), 'utf8'));
const cardOf = (weights) => weights.replace(/(\.safetensors)?$/, '.card.json');
const percent = (share, digits = 2) => `${(100 * share).toFixed(digits)} %`;
const count = (n) => n.toLocaleString('en-GB');

const usage = 'usage: node weights/model-card.mjs gather DIR WEIGHTS | numbers FILE WEIGHTS | write WEIGHTS... | check WEIGHTS...';

function fail(text, status = 1) {
  console.error(`model-card: ${text}`);
  process.exit(status);
}

/** The metadata of a safetensors file, those that hold JSON parsed. */
function metadataOf(weights) {
  const bytes = fs.readFileSync(weights);
  const { __metadata__: meta } = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString());
  return Object.fromEntries(Object.entries(meta).map(([key, text]) => [key, /^[[{]/.test(text) ? JSON.parse(text) : text]));
}

// ---- gather ----

function measured({ split, seconds, threads, kernels, file_sha256: file, reject, errors, ...rest }, keepErrors) {
  return keepErrors ? { ...rest, errors } : rest;
}

function gather(dir, weights) {
  const { sha256 } = metadataOf(weights);
  const validation = readJson(dir, 'validation.json'), test = readJson(dir, 'test.json'), perturb = readJson(dir, 'perturb.json');
  for (const [what, made] of Object.entries({ validation, test, perturb }))
    if (made.weights_sha256 !== sha256) fail(`${what}.json was measured with another file (${made.weights_sha256}) than ${weights}`);
  if (validation.split !== 'validation' || test.split !== 'test' || !test.reject) fail('validation.json or test.json was made with the wrong --split, or test.json without --reject');
  const card = {
    sha256,
    validation: measured(validation, false),
    test: measured(test, true),
    reject: test.reject,
    robustness: { split: perturb.split, seed: perturb.seed, kinds: perturb.kinds },
  };
  const old = fs.existsSync(cardOf(weights)) ? readJson(cardOf(weights)) : {};
  if (old.sha256 === sha256 && old.numbers) card.numbers = old.numbers;
  fs.writeFileSync(cardOf(weights), `${JSON.stringify(card)}\n`);
}

function gatherNumbers(from, weights) {
  const { weights_sha256: of, split, ...measurement } = readJson(from), [card, { sha256 }] = read(weights);
  if (of !== sha256) fail(`${from} was measured with another file (${of}) than ${weights}`);
  if (split !== 'validation' && split !== 'test') fail(`${from} is of the split ${split}`);
  card.numbers = { ...card.numbers, [split]: measurement };
  fs.writeFileSync(cardOf(weights), `${JSON.stringify(card)}\n`);
}

// ---- write ----

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }[c]));

/** The factory of charts.js, as text. */
function h(tag, attributes, ...children) {
  const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${escape(value)}"`).join('');
  const inside = children.map((child) => (child.svg ?? escape(child))).join('');
  return { svg: `<${tag}${written}>${inside}</${tag}>` };
}

const STYLE = `<style>
text{font:11px system-ui,sans-serif;fill:#555d6e}.label,.name{font-size:12px}.grid{stroke:#dde2ea}.axis{stroke:#858e9f}
polyline{fill:none;stroke-width:2}.first{stroke:#2b44c7}.second{stroke:#b36b00}.third{stroke:#b3202c}
text.first{fill:#2b44c7;stroke:none}text.second{fill:#8a5300;stroke:none}text.third{fill:#b3202c;stroke:none}circle.first{fill:#2b44c7;stroke:none}circle.second{fill:#b36b00;stroke:none}
.face{fill:#e9edff;stroke:#2b44c7}.side{fill:#c9d2fb;stroke:#2b44c7}.top{fill:#dbe2ff;stroke:#2b44c7}.paper{fill:#fff}
@media (prefers-color-scheme:dark){.paper{fill:#0f1218}text{fill:#a2abbd}.grid{stroke:#282f3c}.first,text.first{stroke:#a3b5ff}text.first,circle.first{fill:#a3b5ff}
text.second,circle.second{fill:#f0b866}.second{stroke:#f0b866}text.first,text.second,circle{stroke:none}.face{fill:#212a4a;stroke:#a3b5ff}.side{fill:#2c3866;stroke:#a3b5ff}.top{fill:#273158;stroke:#a3b5ff}}
</style>`;

function file({ svg }) {
  const [, width, height] = /viewBox="0 0 (\S+) (\S+)"/.exec(svg);
  return `${svg.replace('<svg ', `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" `).replace(/^<svg[^>]*>/, (open) => `${open}${STYLE}<rect class="paper" width="${width}" height="${height}"/>`)}\n`;
}

/** A grey picture as an SVG path a level: sixteen levels are enough to see a digit. */
function grey(base64, x, y, scale) {
  const px = Buffer.from(base64, 'base64');
  const rows = new Map();
  for (let i = 0; i < 784; i++) {
    const level = px[i] >> 4;
    if (level) rows.set(level, `${rows.get(level) ?? ''}M${x + (i % 28) * scale} ${y + Math.floor(i / 28) * scale}h${scale}v${scale}h-${scale}z`);
  }
  return [h('rect', { x, y, width: 28 * scale, height: 28 * scale, fill: '#000' }),
    ...[...rows].map(([level, d]) => h('path', { d, fill: `#${(17 * level).toString(16).padStart(2, '0').repeat(3)}` }))];
}

function wall(errors) {
  const columns = 8, cell = 96, row = 104;
  const height = Math.ceil(errors.length / columns) * row + 8;
  return h('svg', { viewBox: `0 0 ${columns * cell + 8} ${height}`, role: 'img', 'aria-label': 'Every misread test picture' },
    ...errors.flatMap(({ input, truth, answer, confidence }, i) => {
      const x = 8 + (i % columns) * cell, y = 8 + Math.floor(i / columns) * row;
      return [...grey(input, x, y, 2.5), h('text', { class: 'label', x: x + 35, y: y + 86, 'text-anchor': 'middle' }, `${truth} as ${answer}, ${percent(confidence, 1)}`)];
    }));
}

const layerLines = ({ type, out_shape: [channels, side], kernel }) => [
  { input: 'picture', views: 'views', conv2d: `conv ${kernel}x${kernel}`, maxpool2: 'max 2x2', dense: 'dense' }[type] ?? type,
  type === 'dense' ? String(channels) : `${side}x${side}x${channels}`];

/** Shapes of the layers, as GET /model works them out. */
function shaped(layers) {
  let shape = [1, 28, 28];
  return layers.map((layer) => {
    const [channels, side] = shape;
    if (layer.type === 'views') shape = [layer.of.split(',').length, side, side];
    else if (layer.type === 'conv2d') shape = [layer.out, ...Array(2).fill(layer.padding === 'valid' ? side - layer.kernel + 1 : side)];
    else if (layer.type === 'maxpool2') shape = [channels, side >> 1, side >> 1];
    else if (layer.type === 'flatten') shape = [channels * side * side, 1, 1];
    else if (layer.type === 'dense') shape = [layer.out, 1, 1];
    return { ...layer, out_shape: shape };
  });
}

/** A network trained on the validation set as well (`digit train --all`) has curves that say so. */
function figures(card, { layers, curves: made, epoch, validation: { trained_on: trainedOn } = {} }) {
  const tell = (v) => String(Number(v.toPrecision(3)));
  return {
    'layers.svg': file(network(h, { title: 'What passes through the network, drawn to scale', layers: shaped(layers), names: layerLines })),
    'loss.svg': file(curves(h, {
      title: 'Loss per epoch', epochs: 'epoch', tell,
      lines: [{ name: 'training (distorted, dropout)', values: made.loss }, { name: trainedOn ? 'validation (trained on)' : 'validation', values: made.validation_loss, at: Number(epoch) }],
    })),
    'errors.svg': file(curves(h, {
      title: `Errors on the validation set${trainedOn ? ', which it was trained on,' : ''} per epoch`, epochs: 'epoch', tell: (v) => `${tell(100 * v)} %`,
      lines: [{ name: trainedOn ? 'errors on validation (trained on)' : 'errors on validation', values: made.validation_accuracy.map((v) => 1 - v), at: Number(epoch) }],
    })),
    'calibration.svg': file(calibration(h, { title: 'Stated confidence against accuracy, test set', bins: card.test.bins, confidence: 'confidence; vertical: share correct', tell: (v) => percent(v, 0) })),
    'wrong.svg': file(wall(card.test.errors)),
  };
}

const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const NUMBERS_SPLITS = { validation: 'validation digits', test: '**test digits**' };

/** A table for each split that was measured, and what the confidences are worth. A number is a row. */
function numbersText(numbers = {}) {
  const of = (right, all) => (all > 0 ? `${count(right)} of ${count(all)} (${percent(right / all, 1)})` : 'none'); // of pictures without a number
  const row = (name, k) => [name, count(k.pictures), of(k.whole, k.pictures), of(k.rows_right, k.rows), of(k.digits_right, k.digits), of(k.text, k.pictures)];
  const texts = Object.entries(NUMBERS_SPLITS).filter(([split]) => numbers[split]).map(([split, name]) => {
    const { half, kinds, all } = numbers[split];
    return `${table([`numbers of ${name}${half ? `, half ${half}` : ''}`, 'pictures', 'whole pictures right', 'numbers (rows) right', 'digits right', 'marks and spaces right, too'],
      [...Object.entries(kinds).map(([kind, k]) => row(kind, k)), row('in all', all)])}

Confidence of these numbers (${count(all.numbers)} as read): ECE ${percent(all.ece)}. Of those called at least 99 % sure, ${of(all.sure_right, all.sure)} are right.`;
  });
  return texts.length > 0 ? texts.join('\n\n') : 'Not measured for this file: `make numbers` does.';
}

function parts(card, meta, weights) {
  const scores = (name, s) => [name, count(s.right), percent(s.accuracy), `${(100 * s.accuracy_low).toFixed(2)} to ${(100 * s.accuracy_high).toFixed(2)}`, s.loss.toFixed(4), percent(s.ece)];
  const { test, validation, reject, robustness } = card;
  const held = validation.trained_on ? 'validation (trained on)' : 'validation';
  const unsure = (s) => `${count(s.unsure)} (${count(s.unsure_wrong)} of the ${count(s.pictures - s.right)} errors)`;
  return {
    facts: table(['', ''], [
      ['weights', `${count(Number(meta.n_params))}, plus the rejection head`],
      ['file', `${count(fs.statSync(weights).size)} bytes`],
      ['sha256', `\`${meta.sha256}\` (of the file with these 64 digits set to 0)`],
      ...(meta.members ? [['made by', `\`digit join\` of the ${meta.members.length} networks below, then \`digit calibrate\``]]
        : [['made by', `\`${meta.command}\``], ['epoch kept', `${meta.epoch} of ${meta.curves.loss.length}`]])]),
    scores: table(['pictures', 'correct', 'accuracy', '95 % confidence interval (Wilson)', 'loss', 'ECE'],
      [scores(`${count(validation.pictures)} ${held}`, validation), scores(`**${count(test.pictures)} test**`, test)]),
    verdicts: table(['pictures', 'second looks', 'unsure', 'rejected', 'flagged'],
      [[held, validation], ['test', test]].map(([name, s]) => [name, `${count(s.looked_again)} (${percent(s.looked_again / s.pictures)})`, unsure(s), `${count(s.refused)} (${percent(s.refused / s.pictures)})`, `${count(s.doubted)} (${percent(s.doubted / s.pictures)})`])),
    refusals: table(['non-digits', 'pictures', 'rejected', 'flagged', 'lowest'],
      Object.entries(reject.kinds).map(([name, k]) => [name, count(k.pictures), percent(k.refused / k.pictures, 1), percent(k.doubted / k.pictures, 1),
        Object.entries(k.labels ?? {}).map(([label, l]) => [label, l.doubted / l.pictures]).sort((a, b) => a[1] - b[1]).slice(0, 3).map(([label, v]) => `${label} ${percent(v, 0)}`).join(', ')])),
    confusion: table(['', ...test.confusion.map((_, k) => k), 'precision', 'recall'],
      test.confusion.map((row, k) => [k, ...row, percent(test.classes[k].precision), percent(test.classes[k].recall)])),
    robustness: table([`${robustness.split} pictures`, 'of', 'correct', 'rejected', 'alteration'],
      Object.entries(robustness.kinds).map(([name, k]) => [name, count(k.n), percent(k.accuracy, 1), percent(k.refused / k.n, 1), k.what])),
    numbers: numbersText(card.numbers),
    settings: meta.members ? table(['member', 'sha256', 'made by', 'epoch kept'],
      meta.members.map((m) => [m.name ?? '', `\`${m.sha256}\``, m.command ? `\`${m.command}\`` : '', m.epoch ?? '']))
      : table(['setting', 'value'], Object.entries(meta.settings).filter(([, value]) => value !== 'false').map(([name, value]) => [`\`--${name}\``, `\`${value}\``])),
  };
}

/** The parts that MODEL.md has of a network beside its subject. */
function partsBeside(card, meta, weights) {
  const { facts, scores, verdicts, refusals, settings } = parts(card, meta, weights);
  const name = /digits-(\w+)\.safetensors$/.exec(weights)?.[1] ?? fail(`${weights} must be named digits-NAME.safetensors`);
  return Object.fromEntries(Object.entries({ facts, scores, verdicts, refusals, settings }).map(([part, text]) => [`${name}-${part}`, text]));
}

/** MODEL.md with its marked parts made anew. */
function filled(text, made) {
  const used = new Set();
  const result = text.replace(/(<!-- make model-card: ([\w-]+) -->)[^]*?\n<!-- end -->/g, (whole, open, name) => {
    if (!(name in made)) fail(`MODEL.md asks for an unknown part "${name}"`);
    used.add(name);
    return `${open}\n${made[name]}\n<!-- end -->`;
  });
  const left = Object.keys(made).filter((name) => !used.has(name));
  if (left.length) fail(`MODEL.md has no place for ${left.join(', ')}`);
  return result;
}

function read(weights) {
  const card = readJson(cardOf(weights)), meta = metadataOf(weights);
  if (card.sha256 !== meta.sha256) fail(`${cardOf(weights)} belongs to another network`);
  return [card, meta, weights];
}

function write([subject, ...others], check) {
  const main = read(subject);
  const modelMd = path.join(root, 'weights/MODEL.md');
  const made = Object.assign(parts(...main), ...others.map((weights) => partsBeside(...read(weights))));
  const files = { [modelMd]: filled(fs.readFileSync(modelMd, 'utf8'), made) };
  for (const [name, text] of Object.entries(figures(...main))) files[path.join(root, 'docs/model', name)] = text;
  const stale = Object.entries(files).filter(([name, text]) => !fs.existsSync(name) || fs.readFileSync(name, 'utf8') !== text).map(([name]) => path.relative(root, name));
  if (check && stale.length) fail(`out of date, run make model-card: ${stale.join(', ')}`);
  if (!check) for (const [name, text] of Object.entries(files)) fs.writeFileSync(name, text);
}

const [command, ...args] = process.argv.slice(2);
if (command === 'gather' && args.length === 2) gather(...args);
else if (command === 'numbers' && args.length === 2) gatherNumbers(...args);
else if (command === 'write' && args.length) write(args, false);
else if (command === 'check' && args.length) write(args, true);
else if (command === '--help' || command === '-h') console.log(usage);
else fail(command ? `"${[command, ...args].join(' ')}" is not understood; ${usage}` : usage, 2);
