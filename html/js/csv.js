// Results as CSV (RFC 4180). Where every picture shows one digit, a line has all that is known of it; where one has a number, a line
// has what it says, and a table gives a line for each of its rows, with its cells.
import { problemText, sentenceOf } from './text.js';
import { isNumber } from './item.js';

const A_NUMBER = /^-?\d+([.,]\d+)?$/;

/** A spreadsheet takes =, +, - and @ for the start of a formula, and some part cells at semicolons: a name must not be one. */
const cell = (value) => {
  const text = String(value ?? '');
  const safe = A_NUMBER.test(text) ? text : text.replace(/(^|;)(?=[\s'"]*[=+\-@\uff0b\uff0d\uff1d\uff20])/g, "$1'");
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

const write = (lines) => lines.map((line) => line.map(cell).join(',')).join('\r\n') + '\r\n';

export const csvOf = (items) => write(items.some(({ result }) => isNumber(result)) ? numberLines(items) : digitLines(items));

/** A page or a table by itself: its rows and columns, and nothing else. */
export const cellsCsv = (number) => write(number.rows.map((_, row) => number.rowCells(row)));

function digitLines(items) {
  const head = ['name', 'status', 'digit', 'confidence', ...Array.from({ length: 10 }, (_, digit) => `p${digit}`), 'message', 'unsure_because', 'label'];
  return [head, ...items.map(({ name, result, failure, label }) => {
    if (!result) return [name, 'not_read', '', '', ...Array(10).fill(''), failure ? sentenceOf(failure) : '', '', ''];
    const { status, digit, confidence, probabilities = Array(10).fill(''), problem, unsure_because: because } = result;
    return [name, status, digit, confidence, ...probabilities, problem ? problemText(problem) : '', because, label];
  })];
}

const STATUS = { digit: 'read', number: 'read', number_unsure: 'unsure' };

function numberLines(items) {
  const columns = Math.max(0, ...items.map(({ result }) => (isNumber(result) ? result.number.columns : 0)));
  const lines = items.flatMap((item) => linesOf(item).map((line) => [...line, ...Array(7 + columns - line.length).fill('')]));
  return [['name', 'status', 'row', 'text', 'confidence', 'read_as', 'message', ...Array.from({ length: columns }, (_, i) => `c${i + 1}`)], ...lines];
}

/** read_as: what the network read, where the visitor says something else. */
function linesOf({ name, result, failure, label }) {
  if (!result) return [[name, 'not_read', '', '', '', '', failure ? sentenceOf(failure) : '']];
  const status = STATUS[result.status] ?? result.status;
  if (isNumber(result)) {
    const { number, rows } = result;
    const confidence = Number(rows.reduce((product, row) => product * row.confidence, 1).toFixed(9));
    const readAs = number.isChanged ? number.readText() : '';
    if (!number.isTable) return [[name, status, '', number.text(), confidence, readAs, '']];
    return number.rows.map((_, i) => [
      name, status, i + 1, number.rowText(i), rows[i]?.confidence, number.isChanged ? rows[i]?.text : '', '', ...number.rowCells(i),
    ]);
  }
  const said = Number.isInteger(label) ? label : label === null ? result.digit : '';
  const readAs = label !== null && label !== result.digit ? result.digit : '';
  return [[name, status, '', said, result.confidence, readAs, result.problem ? problemText(result.problem) : '']];
}
