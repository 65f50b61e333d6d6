// An item is a picture that was given to be read, and what became of it. Whoever shows or sends it asks here; it changes by its own
// methods alone, so that each of its states is one of these.
import { t } from './i18n.js';

const LOOKED_AT_BYTES = 1024 * 1024; // a smaller file is sent as it is; the server tells when it has too many pixels

/** Whether a result is a number: of several digits, as number.js has it. */
export const isNumber = (result) => Boolean(result && result.number);

export const NO_WISH = { invert: 'auto', center: 'mass' };

export class Item {
  #url; #shrunk = null; #sent = 0; #result = null; #failure = null; #sentAgain = false;
  #wish = NO_WISH; #readWith = NO_WISH; #wishFailure = null; #asking = null;
  #turn = 0; #kept = null; #keeping = null; #keeper = null; #label = null; #saying = false; #sayFailure = '';

  /** drawn: by the pad, not chosen. */
  constructor(file, drawn = false) {
    this.file = file;
    this.name = file.name || t('read.pastedName');
    this.drawn = drawn;
    this.#url = URL.createObjectURL(file);
    Object.freeze(this);
  }

  get url() { return this.#url; }                 // of the picture as it is shown
  get shrunk() { return this.#shrunk; }           // {blob, from: {width, height}}: it was made smaller; or null
  get body() { return this.#shrunk ? this.#shrunk.blob : this.file; }
  get bytes() { return this.body.size; }
  get sent() { return this.#result ? this.bytes : this.#sent; }
  get result() { return this.#result; }           // as send.js has it; null: not read yet
  get failure() { return this.#failure; }         // an ApiError that is not the picture's fault, or null
  get sentAgain() { return this.#sentAgain; }     // it came after one that crashed the decoder
  get wish() { return this.#wish; }               // as what it is being read, or was last asked to be
  get readWith() { return this.#readWith; }       // as what the result was read
  get wishFailure() { return this.#wishFailure; } // an ApiError: it could not be read again
  get asking() { return this.#asking; }           // AbortController of its being read again, or null
  get kept() { return this.#kept; }               // the result's id in the history; null: it is not there
  get keeper() { return this.#keeper; }           // NumberKeep of a number's corrections, or null
  get label() { return this.#label; }             // what the visitor says it is (check.js), or null
  /** Whether the visitor has said anything of the answer. */
  get isChecked() { return this.#label !== null || (isNumber(this.#result) && this.#result.number.state !== this.#result.number.readState); }
  get saying() { return this.#saying; }           // a label is on its way
  get sayFailure() { return this.#sayFailure; }   // a sentence: it was not kept

  // ---- read with the others

  begin() {
    this.#failure = null;
    this.#sentAgain = false;
    this.#sent = 0;
  }

  /** Whether it was; from then on that is the picture, also on the page. must: the server has found it too large. */
  async makeSmaller(bytesMax, must = false) {
    if (!must && this.file.size < LOOKED_AT_BYTES) return false;
    const part = await import('./shrink.js').catch(() => null); // without it the server tells
    this.#shrunk = part && await part.shrink(this, bytesMax);
    if (!this.#shrunk) return false;
    URL.revokeObjectURL(this.#url);
    this.#url = URL.createObjectURL(this.#shrunk.blob);
    return true;
  }

  upload(share) { this.#sent = share * this.bytes; }
  sendAgain() { this.#sentAgain = true; }
  answer(result) { this.#take(result); }
  fail(error) { this.#failure = error; }

  // ---- read again by itself, with its steps

  /** Returns the AbortController of this asking; the one before is given up. */
  ask(wish) {
    if (this.#asking) this.#asking.abort();
    this.#asking = new AbortController();
    this.#wish = wish;
    this.#wishFailure = null;
    return this.#asking;
  }

  /** Whether the answer is a new one; with the wish that it was read with before only the steps are. */
  answerAsked(result) {
    const isNew = this.#wish !== this.#readWith;
    this.#asking = null;
    if (isNew) this.#take(result);
    else this.#result.steps = result.steps;
    this.#readWith = this.#wish;
    return isNew;
  }

  failAsked(error) {
    this.#asking = null;
    this.#wishFailure = error;
  }

  /** The session has ended: it is asked again after the log-in. */
  dropAsked() {
    this.#asking = null;
    this.#result.steps = null;
  }

  // ---- kept in the history, and checked by the visitor

  /** A new answer is not checked yet. What was being kept before the first one came is that one. */
  #take(result) {
    if (this.#result) {
      this.#kept = this.#keeping = null;
      this.#turn++;
    }
    this.#result = result;
    this.#kept = result.id ?? this.#kept;
    this.#keeper = null;
    this.#label = null;
    this.#sayFailure = '';
  }

  /** Once, however many ask: run() sends it with save and returns the result, whose id is null where it could not be kept. */
  keep(run) {
    if (this.#kept !== null) return Promise.resolve();
    if (this.#keeping) return this.#keeping;
    const of = this.#turn;
    const mine = run().then(({ id }) => { if (of === this.#turn) this.#kept = id ?? null; })
      .finally(() => { if (this.#keeping === mine) this.#keeping = null; });
    this.#keeping = mine;
    return mine;
  }

  /** What the visitor says of a number goes through one keeper, which make(number) makes. */
  keepNumber(make) {
    if (!this.#keeper && isNumber(this.#result)) this.#keeper = make(this.#result.number);
    return this.#keeper;
  }

  /** It was deleted from the history. */
  lose() { this.#kept = null; }

  beginSaying() {
    this.#saying = true;
    this.#sayFailure = '';
  }

  /** of: the result that it was said of. */
  said(of, label) {
    this.#saying = false;
    if (of === this.#result) this.#label = label;
  }

  failSaying(sentence) {
    this.#saying = false;
    this.#sayFailure = sentence;
  }

  /** Nobody needs it any more. */
  drop() {
    URL.revokeObjectURL(this.#url);
    if (this.#asking) this.#asking.abort();
  }
}
