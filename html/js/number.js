// What a number says: the digits that were read, and what the visitor makes of them. Nothing here knows the page or the server's
// addresses. A place is a digit's index in reading order, marks left aside; a label is a digit, NO_DIGIT, or the two or three digits
// that were read as one ("47"). Traps: a place that was taken out keeps its token, empty, so that it can come back where it was;
// a text with another number of digits cannot be told apart by places any more (loose).
export const NO_DIGIT = 'not_a_digit';

const isDigit = (char) => char >= '0' && char <= '9';
const isSign = (char) => isDigit(char) || '-.,:/'.includes(char);
const digitsOf = (text) => [...text].filter(isDigit).join('');
const flat = (rows) => rows.flat(2);
const textOfLabel = (label) => (label === NO_DIGIT ? '' : String(label));

/** The tokens of a row or a cell; next(): the place of the digit that comes. */
const tokensOf = (text, next) => [...text].map((char) => (isDigit(char) ? { text: char, place: next() } : { text: char, place: null }));

const counter = () => {
  let place = 0;
  return () => place++;
};

const tidy = (text) => text.replace(/ +/g, ' ').trim();
const cellText = (cell, write = (token) => token.text) => tidy(cell.map(write).join(''));
const rowText = (row, write) => tidy(row.map((cell) => cellText(cell, write)).filter(Boolean).join(' '));
const wholeText = (rows, write) => rows.map((row) => rowText(row, write)).filter(Boolean).join('\n');
const skeleton = (rows) => wholeText(rows, ({ text, place }) => (place === null ? text : '#'));

/** The lines of a kept text as rows of cells, where its words stand in columns as fcgi/layout/table.c wants it; or null. A word's place is
 * that of its digits: one of marks alone has none. */
function cellsOf(lines, digits) {
  const next = counter();
  const words = lines.flatMap((line, row) => line.split(' ').map((text) => {
    const tokens = tokensOf(text, next);
    const boxes = tokens.filter(({ place }) => place !== null).map(({ place }) => digits[place].box ?? []);
    return { row, tokens, from: Math.min(...boxes.map(([x]) => x)), to: Math.max(...boxes.map(([x, , width]) => x + width)) };
  }));
  const rows = lines.map(() => []);
  let end = -Infinity, column = -1;
  if (lines.length < 2 || words.some(({ from, to }) => !(from < to))) return null;
  for (const { row, tokens, from, to } of words.sort((a, b) => a.from - b.from)) {
    if (from >= end) column++;
    if (rows[row][column]) return null;
    rows[row][column] = tokens;
    end = Math.max(end, to);
  }
  const cells = rows.map((row) => Array.from({ length: column + 1 }, (_, i) => row[i] ?? []));
  return column > 0 && wholeText(cells) === lines.join('\n') ? cells : null;
}

export class NumberText {
  #read; #state; #wasTable; #past = [];

  /** digits: [{digit, confidence, unsure, box, probabilities, input}]; rows: [[tokens of a cell]]; columns: of a table, or 0. */
  constructor(digits, rows, columns) {
    this.digits = digits;
    this.#wasTable = columns > 0;
    this.#read = { rows, labels: digits.map(() => null), loose: false };
    this.#state = this.#read;
    Object.freeze(this);
  }

  /** result: of POST /read. */
  static ofResult({ rows, cells }) {
    const digits = rows.flatMap((row) => row.digits.filter(({ digit }) => digit !== null));
    const next = counter();
    const parts = rows.map((row, i) => (cells ? cells[i] : [row.text]).map((text) => tokensOf(text, next)));
    return new NumberText(digits, parts, cells ? cells[0].length : 0);
  }

  /** entry: of GET /history. */
  static ofEntry({ text, label, digits }) {
    const next = counter(), lines = text.split('\n');
    const cells = cellsOf(lines, digits);
    const number = new NumberText(digits, cells ?? lines.map((line) => [tokensOf(line, next)]), cells ? cells[0].length : 0);
    if (label !== null) number.#state = number.#labelled(textOfLabel(label), digits.map((digit) => digit.label));
    return number;
  }

  get rows() { return this.#state.rows; }
  get state() { return this.#state; }                      // for changes(); a new one at each change
  get readState() { return this.#read; }
  get isLoose() { return this.#state.loose; }
  get isTable() { return this.#wasTable && !this.#state.loose && this.rows.some((row) => row.length > 1); }
  get columns() { return this.isTable ? Math.max(...this.rows.map((row) => row.length)) : 0; }
  get isChanged() { return this.text() !== this.readText(); }
  get isChecked() { return this.#state.loose || this.#state.labels.every((label) => label !== null); }
  get canUndo() { return this.#past.length > 0; }
  label(place) { return this.#state.labels[place]; }

  /** What stands at a place now: '' where it was taken out. */
  at(place) {
    const { labels } = this.#state;
    return textOfLabel(labels[place] ?? this.digits[place].digit);
  }

  text() { return wholeText(this.rows); }
  rowText(row) { return rowText(this.rows[row]); }
  rowCells(row) { return this.rows[row].map((cell) => cellText(cell)); }
  readText() { return wholeText(this.#read.rows); }
  /** As a spreadsheet takes it from the clipboard: tabs between the cells of a table. */
  tabbed() { return this.rows.map((_, row) => this.rowCells(row).join('\t')).filter((line) => this.isTable || line).join('\n'); }

  // ---- what the visitor says

  /** label: null takes back what was said of the place. Whether anything changed. */
  correct(place, label) {
    const { rows, labels, loose } = this.#state;
    if (loose || labels[place] === label) return false;
    const next = labels.map((old, i) => (i === place ? label : old));
    this.#go({ rows: this.#put(rows, next), labels: next, loose });
    return true;
  }

  /** rows with what labels say in each place. */
  #put(rows, labels) {
    return rows.map((row) => row.map((cell) => cell.map((token) => (token.place === null ? token
      : { text: textOfLabel(labels[token.place] ?? this.digits[token.place].digit), place: token.place }))));
  }

  /** The whole of it, typed: a row a line, tabs between cells. */
  type(text) {
    const lines = text.replace(/\r/g, '').split('\n').filter((line) => line.trim())
      .map((line) => line.replace(/[^\S\t]+/g, ' ').replaceAll('\t', this.#wasTable ? '\t' : ' '));
    const next = counter();
    const rows = lines.map((line) => line.split('\t').map((cell) => tokensOf(cell.trim(), next)));
    const said = flat(rows).filter(({ place }) => place !== null);
    if (!this.#state.loose && digitsOf(text) === digitsOf(this.text())) { // other marks or spaces: the places stay as they are
      const { rows: same, loose: odd } = this.#labelled(lines.join('\n'), this.#state.labels);
      if (!odd) {
        this.#go({ rows: same, labels: this.#state.labels.map((label, place) => label ?? this.digits[place].digit), loose: false });
        return;
      }
    }
    const loose = said.length !== this.digits.length;
    if (loose) for (const token of said) token.place = null;
    this.#go({ rows, labels: loose ? this.#read.labels : said.map((token) => Number(token.text)), loose });
  }

  /** What is not checked yet is right. */
  confirm() {
    const { rows, labels, loose } = this.#state;
    if (!this.isChecked) this.#go({ rows, labels: labels.map((label, place) => label ?? this.digits[place].digit), loose });
  }

  takeBack() { this.#go(this.#read); }

  undo() {
    if (this.#past.length) this.#state = this.#past.pop();
  }

  #go(state) {
    this.#past.push(this.#state);
    this.#state = state;
  }

  /** text as it is kept, with the labels of its places: they are found again, or it is loose. */
  #labelled(text, labels) {
    const put = this.#put(this.#read.rows, labels);
    if (wholeText(put) === wholeText([[[{ text }]]])) return { rows: put, labels, loose: false }; // with the marks that were read
    const want = this.digits.map(({ digit }, place) => textOfLabel(labels[place] ?? digit));
    const loose = { rows: text.split('\n').map((line) => [tokensOf(line, () => null)]), labels: this.#read.labels, loose: true };
    if (want.join('') !== digitsOf(text)) return loose;
    let place = 0, used = 0;
    const empty = () => {
      const tokens = [];
      while (place < want.length && want[place] === '') tokens.push({ text: '', place: place++ });
      return tokens;
    };
    const rows = text.split('\n').map((line) => line.split('\t').map((cell) => {
      const tokens = [];
      for (const char of cell) {
        if (!isDigit(char)) {
          tokens.push({ text: char, place: null });
          continue;
        }
        if (!used) tokens.push(...empty());
        if (used) tokens.at(-1).text += char;
        else tokens.push({ text: char, place });
        used++;
        if (used === want[place].length) {
          place++;
          used = 0;
        }
      }
      return tokens;
    }));
    rows.at(-1).at(-1).push(...empty());
    return { rows, labels, loose: false };
  }

  // ---- what the server is to be told

  #isRead({ rows, labels, loose }) { return !loose && labels.every((label) => label === null) && skeleton(rows) === skeleton(this.#read.rows); }

  /** Bodies of PATCH /history/ID that lead from one state, which the server has, to another: as few as can be. from: null from any. */
  changes(from, to) {
    if (from === to) return [];
    if (to.loose) return [{ label: wholeText(to.rows) }];
    if (this.#isRead(to)) return from && this.#isRead(from) ? [] : [{ label: null }];
    const then = (list, rows, labels) => (skeleton(rows) !== skeleton(to.rows) ? null
      : [...list, ...to.labels.map((label, place) => ({ place, label })).filter(({ place, label }) => label !== labels[place])]);
    const one = (place) => (Number.isInteger(to.labels[place]) ? to.labels[place] : this.digits[place].digit);
    const whole = wholeText(to.rows, ({ text, place }) => (place === null ? text : String(one(place))));
    return [
      !from || from.loose ? null : then([], from.rows, from.labels),
      then([{ label: null }], this.#read.rows, this.#read.labels),
      then([{ label: whole }], to.rows, this.digits.map((_, place) => one(place))),
    ].filter(Boolean).sort((a, b) => a.length - b.length)[0];
  }
}

/** Whether a text can be a number's: digits, marks, spaces between them. */
export const canBeNumber = (text) => [...text].some(isDigit) && [...text].every((char) => isSign(char) || /\s/.test(char));
