// A number on the page: its picture with boxes, what it says, and the keys to correct it by. The boxes are one stop of the Tab key; the
// arrow keys go from one to the next. Traps: a box stays when its digit is taken out, so that it can come back; everything can be
// done with a mouse, a finger and the keyboard, and nothing of it loses the focus.
import { el, paintGrey, say } from './dom.js';
import { copyText } from './copy.js';
import { cellsCsv } from './csv.js';
import { pick, t } from './i18n.js';
import { NO_DIGIT, canBeNumber } from './number.js';
import { NumberPicture } from './number-picture.js';
import { saveFile } from './save.js';
import { digitName, percent, runnerUp, shortText } from './text.js';

export { NumberText } from './number.js'; // it comes with all that a number needs
export { NumberKeep } from './number-keep.js';

const SIZES = [['huge', 7, 2], ['large', 12, 3], ['middle', 22, 6]]; // up to so many signs in a row, and rows, are written so

const CSV_NAME = 'digitd-number.csv';
const RUNNER_UP = 0.01;  // a second digit less likely than this is not named

const clamp = (n, least, most) => Math.max(least, Math.min(most, n));

export class NumberView {
  #onChange; #quiet; #number = null; #url = null; #place = -1; #splitting = false; // or the digits typed so far
  #splitStep = false; // whether the first two of them changed anything
  #picture; #touch; #text; #readAs; #edit; #field; #which; #seen; #pad; #digits; #split; #gone; #right; #undo; #typing; #copy; #csv; #said; #hint;

  /** onChange(): the visitor has said something; quiet: the keys come when a digit is chosen. */
  constructor({ onChange, quiet = false }) {
    this.#onChange = onChange;
    this.#quiet = quiet;
    this.#picture = new NumberPicture({ onLaid: () => this.#write(), onPick: (place) => this.#choose(place, true),
      onFocus: (place) => { if (place !== this.#place) this.#choose(place); } });
    this.picture = this.#picture.node;
    this.#text = el('div', { className: 'number-text' });
    this.#makeEdit();
    this.#readAs = el('p', { className: 'soft', hidden: true });
    this.text = el('div', { className: 'number-says' }, this.#text, this.#edit, this.#readAs);
    this.#makeKeys();
    for (const node of [this.#picture.sheet, this.#pad]) node.addEventListener('keydown', (event) => this.#key(event));
    this.#text.addEventListener('click', ({ target }) => { if (target.dataset.place) this.#choose(Number(target.dataset.place), true); });
  }

  #makeEdit() {
    const done = el('button', { className: 'button small primary', type: 'submit' });
    const cancel = el('button', { className: 'button small', type: 'button', onclick: () => this.#endTyping() });
    const wrong = el('p', { className: 'error', role: 'alert', hidden: true });
    this.#field = el('textarea', { spellcheck: false, autocomplete: 'off', inputMode: 'text' });
    this.#edit = el('form', { className: 'number-edit', hidden: true }, this.#field, wrong, el('div', { className: 'acts' }, done, cancel));
    this.#edit.addEventListener('submit', (event) => {
      event.preventDefault();
      if (!canBeNumber(this.#field.value)) return say(wrong, t('number.cannotBe'));
      this.#number.type(this.#field.value);
      this.#endTyping();
      return this.#changed(t('number.typed'));
    });
    this.#field.addEventListener('input', () => say(wrong, ''));
    this.#field.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#endTyping();
      else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey || this.#field.rows === 1)) this.#edit.requestSubmit();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.#edit.words = () => {
      done.textContent = t('number.editDone');
      cancel.textContent = t('number.editCancel');
      this.#field.setAttribute('aria-label', t('number.edit'));
    };
  }

  #makeKeys() {
    const act = (className, onclick) => el('button', { className, type: 'button', onclick });
    this.#which = el('p', { className: 'number-which' });
    this.#seen = el('canvas', { width: 28, height: 28, role: 'img' });
    this.#digits = Array.from({ length: 10 }, (_, digit) => el('button', { type: 'button', onclick: () => this.#press(digit) }, String(digit)));
    this.#split = act('number-wide', () => this.#startSplit());
    this.#gone = act('number-wide', () => this.#press(NO_DIGIT));
    this.#pad = el('div', { className: 'number-pad', role: 'group' }, ...this.#digits, this.#split, this.#gone);
    this.#right = act('button small', () => this.#confirm());
    this.#undo = act('button small', () => this.#takeBack());
    this.#typing = act('button small', () => this.#startTyping());
    this.#copy = act('button small', () => this.#copyIt());
    this.#csv = act('button small', () => saveFile(CSV_NAME, cellsCsv(this.#number), 'text/csv'));
    this.#said = el('p', { className: 'done number-said', role: 'status' });
    this.#hint = el('p', { className: 'hint fine' });
    this.#touch = el('p', { className: 'hint coarse' });
    this.digit = el('div', { className: 'number-digit' }, this.#seen, this.#which, this.#pad);
    this.acts = el('div', { className: 'acts number-acts' }, this.#right, this.#copy, this.#csv, this.#typing, this.#undo, this.#said);
    this.keys = el('div', { className: 'number-keys' }, this.digit, this.acts, this.#hint, this.#touch);
  }

  /** picture: as in number-picture.js, or null. The same number again is only written anew. */
  show(number, picture) {
    const isNew = number !== this.#number || (picture && picture.url) !== this.#url;
    this.#number = number;
    this.#url = picture && picture.url;
    if (isNew) {
      const unsure = number.digits.findIndex((digit, place) => digit.unsure && number.label(place) === null);
      this.#place = this.#quiet ? -1 : Math.max(0, unsure);
      this.#splitting = false;
      this.tell('');
      this.#endTyping(false);
      this.#picture.show(number, picture);
    }
    this.#words();
    this.#write();
  }

  /** Nothing of it stays. */
  clear() {
    this.#number = this.#url = null;
    this.#picture.clear();
    this.#text.replaceChildren();
  }

  /** What became of what the visitor said; bad: it could not be kept. */
  tell(sentence, bad = false) {
    this.#said.textContent = sentence;
    this.#said.classList.toggle('error', bad);
  }

  // ---- writing

  #words() {
    const words = [[this.#right, 'number.right'], [this.#copy, 'number.copy'], [this.#csv, 'many.csv'], [this.#typing, 'number.edit'],
      [this.#undo, 'number.undo'], [this.#split, 'number.split'], [this.#gone, 'number.remove']];
    for (const [node, key] of words) node.textContent = t(key);
    this.#picture.words();
    this.#pad.setAttribute('aria-label', t('number.keys'));
    this.#seen.setAttribute('aria-label', t('answer.seen'));
    this.#hint.textContent = t('number.hint');
    this.#touch.textContent = t('number.hintTouch');
    this.#edit.words();
  }

  #write() {
    const number = this.#number;
    this.#picture.spots.forEach((spot, place) => this.#writeSpot(spot, place));
    this.#writeText();
    say(this.#readAs, number.isChanged ? t('number.readAs', { text: shortText(number.readText()) }) : '');
    this.#writeDigit();
    this.#right.setAttribute('aria-pressed', String(number.isChecked));
    this.#undo.disabled = !number.canUndo;
    this.#csv.hidden = number.rows.length < 2;
  }

  #writeSpot(spot, place) {
    const number = this.#number, digit = number.digits[place], label = number.label(place);
    const state = number.isLoose ? 'loose' : label === NO_DIGIT ? 'gone' : label !== null ? 'said' : digit.unsure ? 'unsure' : 'read';
    spot.dataset.state = state;
    spot.dataset.place = place;
    spot.tabIndex = place === Math.max(0, this.#place) ? 0 : -1;
    spot.setAttribute('aria-current', String(place === this.#place));
    spot.setAttribute('aria-label', pick('number.spot', state, { at: place + 1, of: number.digits.length, digit: this.#name(place) }));
    spot.dataset.digit = number.at(place) || '×';
    spot.dataset.cuts = number.at(place).length - 1;
  }

  /** What stands at a place, in words. */
  #name(place) {
    return [...this.#number.at(place)].map((char) => digitName(char)).join(' ') || t('number.none');
  }

  #writeText() {
    const number = this.#number;
    const longest = Math.max(...number.rows.map((_, row) => number.rowText(row).length));
    const size = SIZES.find(([, signs, rows]) => longest <= signs && number.rows.length <= rows);
    this.#text.dataset.size = size && !number.isTable ? size[0] : 'small';
    const write = (cell) => cell.map(({ text, place }) => (place === null ? text : this.#writeSign(text, place)));
    if (number.isTable) {
      const rows = number.rows.map((row) => el('tr', {}, ...row.map((cell) => el('td', {}, ...write(cell)))));
      this.#text.replaceChildren(el('table', {}, el('tbody', {}, ...rows)));
    } else {
      this.#text.replaceChildren(...number.rows.map((row) => el('p', {}, ...write(row[0]))));
    }
  }

  #writeSign(text, place) {
    const node = el('span', { className: 'sign' }, text);
    node.dataset.state = this.#picture.spots[place].dataset.state;
    node.dataset.place = place;
    if (place === this.#place) node.classList.add('chosen');
    return node;
  }

  #writeDigit() {
    const number = this.#number, place = this.#place;
    this.digit.hidden = place < 0 || number.isLoose;
    if (this.digit.hidden) return;
    const digit = number.digits[place], label = number.label(place);
    if (digit.input) paintGrey(this.#seen, digit.input);
    this.#seen.hidden = !digit.input;
    const at = { at: place + 1, of: number.digits.length };
    const { p, other } = runnerUp(digit);
    const values = { digit: String(digit.digit), first: percent(digit.confidence), other: String(other) };
    const read = t(!digit.unsure ? 'number.read' : p < RUNNER_UP ? 'number.doubted' : 'number.readUnsure', values);
    this.#which.replaceChildren(el('b', {}, t('number.at', at)), ' ', this.#splitting ? t('number.splitHow') : read);
    this.#digits.forEach((button, i) => {
      button.setAttribute('aria-pressed', String(label === i));
      button.classList.toggle('was-read', i === digit.digit);
    });
    this.#gone.setAttribute('aria-pressed', String(label === NO_DIGIT));
    this.#split.setAttribute('aria-pressed', String(this.#splitting !== false || typeof label === 'string' && label !== NO_DIGIT));
  }

  // ---- choosing and correcting

  #choose(place, focus = false) {
    this.#place = clamp(place, 0, this.#picture.spots.length - 1);
    this.#splitting = false;
    this.#write();
    if (focus) this.#focus();
  }

  #focus() {
    const spot = this.#picture.spots[this.#place];
    spot.focus({ preventScroll: true });
    spot.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  #key(event) {
    const { key, ctrlKey, metaKey, altKey } = event;
    if ((ctrlKey || metaKey) && key === 'z') this.#takeBack();
    else if (ctrlKey || metaKey || altKey) return;
    else if (/^[0-9]$/.test(key)) this.#press(Number(key));
    else if (key === 'Delete' || key === 'Backspace') this.#press(NO_DIGIT);
    else if (key === '+' || key === 'Insert') this.#startSplit();
    else if (key === 'Escape') this.#escape();
    else if (key === 'Enter' && this.#splitting !== false) this.#choose(this.#place + 1, true);
    else if (!this.#walk(key)) return;
    event.preventDefault();
    event.stopPropagation(); // the pad takes Ctrl+Z, too
  }

  #walk(key) {
    const last = this.#picture.spots.length - 1, now = Math.max(0, this.#place);
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last, ArrowUp: this.#beside(now, -1), ArrowDown: this.#beside(now, 1) }[key];
    if (to === undefined) return false;
    this.#choose(to, this.#picture.sheet.contains(document.activeElement));
    return true;
  }

  /** The place above or below: in the next row that way, the nearest one. */
  #beside(place, way) {
    const middle = (spot) => { const { left, right } = spot.getBoundingClientRect(); return (left + right) / 2; };
    const rows = this.#number.isLoose ? []
      : this.#number.rows.map((row) => row.flat().map((token) => token.place).filter((p) => p !== null)).filter((row) => row.length);
    const row = rows[rows.findIndex((list) => list.includes(place)) + way];
    if (!row) return place;
    const x = middle(this.#picture.spots[place]);
    return row.reduce((best, each) => (Math.abs(middle(this.#picture.spots[each]) - x) < Math.abs(middle(this.#picture.spots[best]) - x) ? each : best));
  }

  #press(what) {
    const number = this.#number, place = Math.max(0, this.#place);
    if (number.isLoose) {
      this.tell(t('number.loose'));
      return;
    }
    if (this.#splitting !== false && what !== NO_DIGIT) this.#putSplit(place, what);
    else this.#put(place, what);
    if (this.#picture.sheet.contains(document.activeElement)) this.#focus();
  }

  #put(place, what) {
    const number = this.#number;
    this.#splitting = false;
    const label = number.label(place) === what && what === NO_DIGIT ? null : what; // taken out twice comes back
    const changed = number.correct(place, label);
    this.#place = Math.min(place + (label === null ? 0 : 1), number.digits.length - 1);
    if (changed) this.#changed(this.#sayPlace(place));
    else this.#write();
  }

  #sayPlace(place) {
    const values = { at: place + 1, of: this.#number.digits.length, digit: this.#name(place) };
    return t(this.#number.label(place) === NO_DIGIT ? 'number.removed' : 'number.now', values);
  }

  #startSplit() {
    if (this.#number.isLoose) {
      this.tell(t('number.loose'));
      return;
    }
    this.#place = Math.max(0, this.#place);
    this.#splitting = this.#splitting === false ? '' : false;
    this.#write();
    if (this.#splitting !== false) this.tell(t('number.splitHow'));
  }

  /** Two digits split a box; a third belongs to it, too. */
  #putSplit(place, digit) {
    this.#splitting += String(digit);
    if (this.#splitting.length < 2) {
      this.tell(t('number.splitNext', { digit: digitName(digit) }));
      return;
    }
    const label = this.#splitting;
    if (label.length === 2) {
      this.#splitStep = this.#number.correct(place, label);
    } else {
      if (this.#splitStep) this.#number.undo(); // the two of them were no step of their own
      this.#number.correct(place, label);
      this.#splitting = false;
      this.#place = Math.min(place + 1, this.#number.digits.length - 1);
    }
    this.#changed(this.#sayPlace(place));
  }

  #escape() {
    if (this.#splitting === false) {
      this.#takeBack();
      return;
    }
    this.#splitting = false;
    this.tell('');
    this.#write();
  }

  #takeBack() {
    const number = this.#number;
    if (!number.canUndo) return;
    this.#splitting = false;
    number.undo();
    if (document.activeElement === this.#undo && !number.canUndo) this.#copy.focus(); // the button goes dead
    this.#changed(t('number.undone', { text: this.#short() }));
  }

  #confirm() {
    const number = this.#number;
    const was = number.isChecked;
    if (was) number.takeBack();
    else number.confirm();
    this.#changed(t(was ? 'check.tookBack' : 'number.confirmed'));
  }

  #short() { return shortText(this.#number.text()) || t('number.none'); }

  #changed(sentence) {
    this.#write();
    this.tell(sentence);
    this.#onChange(sentence);
  }

  // ---- the whole text, and copying it

  #startTyping() {
    const text = this.#number.isTable ? this.#number.tabbed() : this.#number.text();
    this.#field.value = text;
    this.#field.rows = text.split('\n').length;
    this.#edit.hidden = false;
    this.#text.hidden = true;
    this.#typing.disabled = true;
    this.#field.focus();
    this.#field.select();
  }

  #endTyping(focus = true) {
    const was = !this.#edit.hidden;
    this.#edit.hidden = true;
    this.#text.hidden = false;
    this.#typing.disabled = false;
    if (was && focus) this.#typing.focus();
  }

  async #copyIt() {
    const good = await copyText(this.#number.tabbed());
    this.tell(t(good ? 'number.copied' : 'number.notCopied', { text: this.#short() }), !good);
  }
}
