// A number's picture with a box over each digit; or, where there is none that the browser can show, the digits as the network saw them,
// in rows. Traps: places are set by style properties, which the CSP allows to scripts; a browser may show a picture in another size
// than it was read in, and then no box would fit.
import { el, paintGrey } from './dom.js';
import { t } from './i18n.js';

const AROUND = 0.06;       // of a digit's height: room between the ink and its box
const MARGIN = 1.4;       // the same, around the digits where a part of the picture is shown
const PART_BELOW = 0.55;  // of the picture's width and height: digits that take less of both are shown larger
const FINGER_PX = 24;     // how wide a box must be for a finger
const DENSE = 0.035;      // of what is shown: boxes narrower than that have thin lines
const SHEET_MAX_PX = 1400;
const SMALL_PX = 96;      // a picture up to this size is shown in hard pixels

const middleOf = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

/** The part of a picture that is shown: [x, y, w, h]. */
function partOf(boxes, { width, height }) {
  const room = MARGIN * middleOf(boxes.map(([, , , h]) => h));
  const x0 = Math.max(0, Math.min(...boxes.map(([x]) => x)) - room), y0 = Math.max(0, Math.min(...boxes.map(([, y]) => y)) - room);
  const x1 = Math.min(width, Math.max(...boxes.map(([x, , w]) => x + w)) + room);
  const y1 = Math.min(height, Math.max(...boxes.map(([, y, , h]) => y + h)) + room);
  return x1 - x0 < PART_BELOW * width && y1 - y0 < PART_BELOW * height ? [x0, y0, x1 - x0, y1 - y0] : [0, 0, width, height];
}

export class NumberPicture {
  #onLaid; #onPick; #onFocus; #number = null; #picture = null; #whole = false; #frame; #img; #zoom;

  /** onLaid(): there are other boxes now; onPick(place): one was chosen; onFocus(place): one has the focus. */
  constructor({ onLaid, onPick, onFocus }) {
    this.#onLaid = onLaid;
    this.#onPick = onPick;
    this.#onFocus = onFocus;
    this.spots = []; // the buttons over the digits, in reading order
    this.#img = el('img', { alt: '' });
    this.#img.addEventListener('error', () => { if (this.#picture) this.show(this.#number, null); });
    this.#img.addEventListener('load', () => this.#check());
    this.sheet = el('div', { className: 'number-sheet', role: 'group' });
    this.#zoom = el('button', { className: 'button small number-zoom', type: 'button', onclick: () => this.#toggle() });
    this.#frame = el('div', { className: 'number-frame' }, this.sheet);
    this.node = el('div', { className: 'number-picture' }, this.#frame, this.#zoom);
  }

  /** picture: {url, width, height, name} as it was read, or null. */
  show(number, picture) {
    const focused = this.spots.indexOf(document.activeElement);
    this.#number = number;
    this.#picture = picture;
    this.#whole = false;
    this.spots = number.digits.map((_, place) => el('button', {
      className: 'spot', type: 'button', onclick: () => this.#onPick(place), onfocus: () => this.#onFocus(place),
    }));
    this.sheet.classList.toggle('tiles', !picture);
    this.sheet.replaceChildren(...(picture ? [this.#img, ...this.spots] : this.#tiles()));
    this.#zoom.hidden = true;
    if (picture) {
      if (this.#img.getAttribute('src') !== picture.url) this.#img.src = picture.url;
      else if (this.#img.complete) this.#check();
      this.#place();
    }
    this.#onLaid();
    if (focused >= 0 && this.spots.length) this.spots[Math.min(focused, this.spots.length - 1)].focus();
  }

  words() {
    this.sheet.setAttribute('aria-label', t('number.digits'));
    this.#img.alt = this.#picture ? t('answer.given', { name: this.#picture.name }) : '';
    this.#zoom.textContent = t(this.#whole ? 'number.part' : 'number.whole');
  }

  clear() {
    this.#number = this.#picture = null;
    this.#img.removeAttribute('src');
    this.spots = [];
    this.sheet.replaceChildren();
  }

  #check() {
    if (!this.#picture) return;
    const { width, height } = this.#picture;
    if (this.#img.naturalWidth !== width || this.#img.naturalHeight !== height) this.show(this.#number, null);
  }

  #tiles() {
    this.#number.digits.forEach(({ input }, place) => {
      const canvas = el('canvas', { width: 28, height: 28, 'aria-hidden': 'true' });
      if (input) paintGrey(canvas, input);
      this.spots[place].append(canvas);
    });
    if (this.#number.isLoose) return [el('div', { className: 'tiles-row' }, ...this.spots)];
    const tile = ({ text, place }) => (place !== null ? this.spots[place]
      : el('span', { className: text === ' ' ? 'tiles-gap' : 'tiles-mark', 'aria-hidden': 'true' }, text.trim()));
    return this.#number.rows.map((row) => el('div', { className: 'tiles-row' },
      ...row.flatMap((cell, i) => [...(i ? [el('span', { className: 'tiles-gap', 'aria-hidden': 'true' })] : []), ...cell.map(tile)])));
  }

  /** Where each box is, in parts of what is shown of the picture. */
  #place() {
    const { width, height } = this.#picture;
    const boxes = this.#number.digits.map(({ box }) => box);
    const part = partOf(boxes, this.#picture);
    const [x0, y0, w, h] = this.#whole ? [0, 0, width, height] : part;
    const at = (node, [x, y, bw, bh]) => {
      const set = { left: (x - x0) / w, top: (y - y0) / h, width: bw / w, height: bh / h };
      for (const [name, share] of Object.entries(set)) node.style[name] = `${100 * share}%`;
    };
    at(this.#img, [0, 0, width, height]);
    this.#img.classList.toggle('small', Math.max(w, h) <= SMALL_PX);
    const tall = middleOf(boxes.map((box) => box[3])), wide = middleOf(boxes.map((box) => box[2]));
    const more = Math.max(1, AROUND * tall);
    boxes.forEach(([x, y, bw, bh], place) => at(this.spots[place], [x - more, y - more, bw + 2 * more, bh + 2 * more]));
    this.sheet.style.setProperty('--ratio', w / h);
    this.sheet.classList.toggle('tall', this.#number.rows.length > 2);
    this.sheet.classList.toggle('dense', wide < DENSE * w);
    this.sheet.style.setProperty('--least', `${Math.min(SHEET_MAX_PX, w * FINGER_PX / (wide + 2 * more))}px`);
    this.#zoom.hidden = part[2] === width;
    this.words();
  }

  #toggle() {
    this.#whole = !this.#whole;
    this.#place();
  }
}
