// What a number says (html/js/number.js), without a page or a server: corrections, and how they are told.
import assert from 'node:assert/strict';
import test from 'node:test';
import { NumberKeep } from '../../html/js/number-keep.js';
import { NO_DIGIT, NumberText, canBeNumber } from '../../html/js/number.js';

const sign = (char) => (char >= '0' && char <= '9' ? { digit: Number(char), mark: null } : { digit: null, mark: char });
const row = (text) => ({ text, digits: [...text].filter((char) => char !== ' ').map(sign) });
const read = (text, cells) => NumberText.ofResult({ rows: text.split('\n').map(row), cells });
// What the server would have after these bodies, as number_text.c does it: a whole text sets every place, a place itself.
function told(number, bodies, labels = number.digits.map(() => null)) {
  for (const { place, label } of bodies) {
    if (place !== undefined) labels = labels.map((old, i) => (i === place ? label : old));
    else if (label === null) labels = labels.map(() => null);
    else labels = [...label].filter((char) => char >= '0' && char <= '9').map(Number);
  }
  return labels;
}
const labels = (number) => number.digits.map((_, place) => number.label(place));

test('digits are corrected, taken out, split and taken back; marks and gaps stay', () => {
  const number = read('12:30\n5 7');
  number.correct(1, 9);
  assert.equal(number.text(), '19:30\n5 7');
  number.correct(4, NO_DIGIT);
  assert.equal(number.text(), '19:30\n7'); // no space is left over
  number.correct(5, '47');
  assert.equal(number.text(), '19:30\n47');
  assert.deepEqual(labels(number), [null, 9, null, null, NO_DIGIT, '47']);
  number.undo();
  number.undo();
  assert.equal(number.text(), '19:30\n5 7');
  number.takeBack();
  assert.equal(number.text(), number.readText());
  number.undo();
  assert.equal(number.text(), '19:30\n5 7');
});

test('what the server is told leads from any state to any other, in few words', () => {
  const states = [];
  const number = read('12:30 4567890');
  const step = (run) => {
    run();
    states.push({ state: number.state, labels: labels(number), loose: number.isLoose, text: number.text() });
  };
  step(() => {});
  step(() => number.correct(0, 7));
  step(() => number.correct(3, NO_DIGIT));
  step(() => number.correct(5, '12'));
  step(() => number.confirm());
  step(() => number.undo());
  step(() => number.type('72.30 4567899'));
  step(() => number.correct(2, '88'));
  step(() => number.type('1'));
  for (const from of states) {
    for (const to of states) {
      assert.deepEqual(told(number, number.changes(null, to.state), from.labels), to.loose ? told(number, [{ label: '1' }]) : to.labels, `anything -> ${to.text}`);
      const bodies = number.changes(from.state, to.state);
      assert.ok(bodies.length <= 5, `${bodies.length} requests`);
      if (to.loose) {
        assert.deepEqual(bodies, from === to ? [] : [{ label: '1' }]);
        continue;
      }
      if (from.loose) assert.equal(bodies[0].place, undefined, 'places are refused until the text fits again');
      assert.deepEqual(told(number, bodies, from.labels), to.labels, `${from.text} -> ${to.text}: ${JSON.stringify(bodies)}`);
    }
  }
});

test('a typed text keeps its digits in their places, or has none', () => {
  const number = read('3047');
  number.correct(1, NO_DIGIT);
  number.correct(3, '71');
  assert.equal(number.text(), '3471');
  number.type('34:71'); // other marks, the same digits
  assert.deepEqual(labels(number), [3, NO_DIGIT, 4, '71']);
  assert.equal(number.text(), '34:71');
  number.type('12 34');
  assert.deepEqual([labels(number), number.isLoose], [[1, 2, 3, 4], false]);
  number.type('12 345');
  assert.ok(number.isLoose);
  assert.equal(number.correct(0, 5), false);
  number.undo();
  assert.equal(number.text(), '12 34');
  for (const [text, good] of [['20:24', true], ['-3.14', true], ['1\n2', true], ['', false], [':', false], ['12a', false], ['1e5', false]]) assert.equal(canBeNumber(text), good, text);
});

test('a table keeps its cells, the empty ones too', () => {
  const number = read('730\n86 989\n89', [['730', ''], ['86', '989'], ['', '89']]);
  assert.equal(number.tabbed(), '730\t\n86\t989\n\t89');
  number.correct(8, 5);
  assert.equal(number.tabbed(), '730\t\n86\t989\n\t59');
  number.type('730\t\n86\t989\n\t5.9');
  assert.deepEqual(number.rowCells(2), ['', '5.9']);
  assert.equal(number.text(), '730\n86 989\n5.9');
  assert.equal(number.columns, 2);
  number.type('730\t\n86\t9\t89\n\t59');
  assert.deepEqual([number.rowCells(1), number.columns], [['86', '9', '89'], 3]);
});

test('an entry of the history is as it was left', () => {
  const entry = (text, label, list) => NumberText.ofEntry({ text, label, digits: [...text].filter((c) => c >= '0' && c <= '9').map((c, place) => ({ place, digit: Number(c), label: list[place] })) });
  const number = entry('12:30', '1:470', [null, NO_DIGIT, '47', null]);
  assert.deepEqual([number.text(), labels(number), number.isLoose], ['1:470', [null, NO_DIGIT, '47', null], false]);
  number.correct(1, null);
  assert.equal(number.text(), '12:470'); // back where it was
  assert.equal(entry('12', '123', [null, null]).isLoose, true);
  assert.equal(entry('12', NO_DIGIT, [NO_DIGIT, NO_DIGIT]).text(), '');
  assert.equal(entry('12', null, [null, null]).isChecked, false);
});

// Breaks when a table is a list of rows in the history; or when rows whose words do not stand over one another are a table.
test('a table of the history has its columns', () => {
  const entry = (text, boxes, label = null, labels = []) => NumberText.ofEntry({ text, label, digits: [...text].filter((c) => c >= '0' && c <= '9')
    .map((c, place) => ({ place, digit: Number(c), label: labels[place] ?? null, box: [boxes[place], 10, 20, 40] })) });
  const text = '73 -4\n8\n1.5', boxes = [10, 32, 110, 12, 104, 130];
  const table = entry(text, boxes);
  assert.deepEqual([table.columns, table.tabbed(), table.text()], [2, '73\t-4\n8\t\n\t1.5', text]);
  const corrected = entry(text, boxes, '73 -9\n8\n1.5', [null, null, 9]);
  assert.deepEqual([corrected.tabbed(), corrected.readText()], ['73\t-9\n8\t\n\t1.5', text]);
  corrected.correct(3, NO_DIGIT);
  assert.deepEqual([corrected.tabbed(), corrected.text()], ['73\t-9\n\t\n\t1.5', '73 -9\n1.5']);
  assert.equal(entry(text, boxes, '73 -4\n8\n1,5').isTable, false); // typed anew: nobody knows its cells
  for (const [rows, at] of [['12 34', [10, 32, 110, 132]], ['12\n34', [10, 32, 10, 32]], ['1 2\n34', [10, 60, 12, 58]], ['1 -\n3 4', [10, 12, 60]],
    ['1 2\n3 4', [60, 10, 60, 10]]]) {
    const { isTable, columns } = entry(rows, at);
    assert.deepEqual([isTable, columns, entry(rows, at).text()], [false, 0, rows]);
  }
});

// Breaks when a change that was kept in part, or whose answer was lost, stays in the history after it was taken back on the page.
test('after a failure all is said anew', async () => {
  const number = read('3047');
  let kept = [null, null, null, null], fails = 1;
  const said = [];
  const keeper = new NumberKeep(number, number.readState, {
    send: async (body) => {
      kept = told(number, [body], kept);
      if (fails-- > 0) throw new Error('the answer was lost');
      return body;
    },
    done: () => said.push('done'),
    failed: () => said.push('failed'),
  });
  number.correct(1, 6);
  await keeper.touch();
  number.undo();
  await keeper.touch();
  assert.deepEqual([kept, said], [[null, null, null, null], ['failed', 'done']]);
  number.correct(2, 9);
  await keeper.touch();
  assert.deepEqual(kept, [null, null, 9, null]);
});
