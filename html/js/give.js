// The ways in: files chosen, dropped or pasted, the camera, samples. What comes of them is not known here.
import { $, el } from './dom.js';
import { ApiError } from './api.js';
import { t } from './i18n.js';
import { digitName, sentenceOf } from './text.js';

const TIMEOUT_MS = 30000;
let onFiles, onNothing;

/** onFiles([File]); onNothing(sentence): somebody tried, and there was no picture in it. */
export function initGive(hooks) {
  ({ onFiles, onNothing } = hooks);
  for (const input of [$('files'), $('camera')]) {
    input.addEventListener('change', () => {
      const files = [...input.files];
      input.value = ''; // so that the same file can be chosen again
      if (files.length) onFiles(files);
    });
  }
  $('give').addEventListener('submit', (event) => event.preventDefault());
  initSamples();
  initDrop();
  document.addEventListener('paste', (event) => { if (isHere()) takeTransfer(event.clipboardData, 'read.nothingPasted'); });
}

export function rewordGive() {
  [...$('samples').querySelectorAll('img')].forEach((img, digit) => { img.alt = t('read.sample', { digit: digitName(digit) }); });
}

function initSamples() {
  for (let digit = 0; digit < 10; digit++) {
    const src = `samples/${digit}.png`;
    const img = el('img', { src, width: 28, height: 28 });
    $('samples').append(el('li', {}, el('button', { type: 'button', onclick: () => takeSample(src) }, img)));
  }
  rewordGive();
}

async function takeSample(src) {
  try {
    const response = await fetch(src, { signal: AbortSignal.timeout ? AbortSignal.timeout(TIMEOUT_MS) : undefined });
    if (!response.ok) throw new Error(src);
    onFiles([new File([await response.blob()], `sample-${src.split('/').pop()}`, { type: 'image/png' })]);
  } catch {
    onNothing(navigator.onLine === false ? sentenceOf(new ApiError('offline')) : t('read.sampleGone'));
  }
}

const isHere = () => !$('screen-read').hidden;

function initDrop() {
  const area = $('drop');
  let depth = 0; // dragenter and dragleave come for every child
  const over = (on) => {
    depth = on ? depth + 1 : Math.max(0, depth - 1);
    area.classList.toggle('over', depth > 0 && isHere());
  };
  addEventListener('dragenter', () => over(true));
  addEventListener('dragleave', () => over(false));
  addEventListener('dragover', (event) => event.preventDefault()); // else the browser opens the file
  addEventListener('drop', (event) => {
    event.preventDefault();
    depth = 0;
    area.classList.remove('over');
    if (isHere()) takeTransfer(event.dataTransfer, 'read.nothingDropped');
  });
}

function takeTransfer(transfer, emptyKey) {
  const entries = [...transfer.items].filter((item) => item.kind === 'file');
  const folder = entries.some((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()?.isDirectory);
  const files = folder ? [] : [...transfer.files];
  if (files.length) onFiles(files);
  else onNothing(t(folder ? 'read.folder' : emptyKey));
}
