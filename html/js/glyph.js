// The answer is written by a pen: ten digits and three signs as single strokes in a box of 100 x 140.
import { svg } from './dom.js';

const STROKES = {
  0: 'M50 14C26 14 18 42 18 70s8 56 32 56 32-28 32-56S74 14 50 14Z',
  1: 'M28 38C40 32 50 24 56 14v112',
  2: 'M21 44c0-19 12-30 29-30s29 12 29 29c0 24-23 43-59 83h62',
  3: 'M22 33c5-12 15-19 28-19 16 0 28 11 28 27S66 66 46 66c21 0 36 11 36 30s-14 30-32 30c-15 0-27-8-32-21',
  4: 'M60 14 16 92h70M64 58v68',
  5: 'M76 14H33l-6 52c6-7 15-11 25-11 18 0 30 14 30 35s-14 36-33 36c-14 0-25-7-30-20',
  6: 'M68 14C40 32 18 60 18 90c0 22 14 36 32 36s32-14 32-35-14-34-31-34c-16 0-30 12-33 29',
  7: 'M18 14h64C62 44 47 82 42 126',
  8: 'M50 66c-16 0-26-11-26-26s11-26 26-26 26 11 26 26-10 26-26 26c-19 0-32 12-32 30s14 30 32 30 32-12 32-30-13-30-32-30Z',
  9: 'M32 126c28-18 50-46 50-76 0-22-14-36-32-36S18 28 18 49s14 34 31 34c16 0 30-12 33-29',
  '?': 'M25 42c0-17 11-28 26-28 16 0 27 11 27 26 0 22-27 24-27 50M51 124v1',
  '-': 'M26 70h48',
  '!': 'M50 14v76M50 124v1',
};

/** Puts sign (a digit, '?', '-', '!', or '' for nothing) into the svg element; written: stroke by stroke. */
export function drawGlyph(node, sign, written = false) {
  node.replaceChildren();
  node.classList.remove('written');
  if (sign === '') return;
  node.append(svg('path', { d: STROKES[sign], pathLength: 1 }));
  if (written) node.classList.add('written');
}

export function makeGlyph() {
  return svg('svg', { class: 'glyph', viewBox: '0 0 100 140', 'aria-hidden': 'true' });
}
