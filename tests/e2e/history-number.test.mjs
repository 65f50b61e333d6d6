// Numbers in the history through nginx: read and kept, alone and beside digits, corrected in every form and by several at a time,
// exported, beyond the quota. The rules case by case are in tests/unit/test_number_text.c, test_store_number.c and test_api_number.c.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { Visitor, assertProblem, base, greyPng, idx, multipart, numberPicture as page, picture } from './lib.mjs';
import { faults, openapi } from './schema.mjs';
import { start } from './site.mjs';

const described = (name, value) => assert.deepEqual(faults(openapi.components.schemas[name], value), []);

function read(visitor, query, ...pictures) {
  const { body, type } = multipart(pictures.map((bytes, i) => ({ filename: `${i}.png`, bytes })));
  return visitor.send('POST', `read${query}`, { headers: { 'Content-Type': type }, body });
}
const correct = (visitor, id, json) => visitor.send('PATCH', `history/${id}`, { json });

test('a number is kept as it was read, beside digits, and listed digit by digit', async () => {
  const visitor = await Visitor.signedUp();
  const kept = await read(visitor, '?save=1&input=1', page('2024'), picture('digit-7.png'), page('36', '58'), greyPng(60, 60, Buffer.alloc(3600, 255)));
  assert.equal(kept.status, 200, kept.text);
  described('ReadReply', kept.json);
  const [year, seven, two, none] = kept.json.results;
  assert.deepEqual([year.text, seven.text, two.text, none.status], ['2024', '7', '36\n58', 'blank']);
  assert.ok(two.id === seven.id + 1 && seven.id === year.id + 1 && none.id === two.id + 1, 'one sequence of ids');

  const list = await visitor.send('GET', 'history');
  described('History', list.json);
  assert.deepEqual(list.json.history.map(({ id, kind, status }) => [id, kind, status]),
    [[none.id, 'digit', 'not_a_digit'], [two.id, 'number', two.status], [seven.id, 'digit', 'digit'], [year.id, 'number', year.status]]);
  const entry = list.json.history[3];
  assert.deepEqual([entry.text, entry.label, entry.name], ['2024', null, '0.png']);
  const signs = year.rows.flatMap(({ digits }) => digits);
  assert.deepEqual(entry.digits.map(({ digit, box, input }) => ({ digit, box, input })), signs.map(({ digit, box, input }) => ({ digit, box, input })));
  assert.deepEqual(entry.digits.map(({ place, row }) => [place, row]), [[0, 0], [1, 0], [2, 0], [3, 0]]);
  assert.deepEqual(list.json.history[1].digits.map(({ row }) => row), [0, 0, 1, 1]);
  assert.equal(list.json.counts.kept, 1 + 4 + 1 + 4, 'a number counts as many as it has');

  // /classify keeps what it says: a number where there are several, the digit where there is one.
  const several = await visitor.classify([{ bytes: page('2024') }, { bytes: picture('digit-7.png') }], '?save=1');
  assert.deepEqual(several.json.results.map(({ status }) => status), ['several', 'digit']);
  const newest = (await visitor.send('GET', 'history?limit=2')).json.history;
  assert.deepEqual(newest.map(({ kind, id }) => [kind, id]), [['digit', several.json.results[1].id], ['number', several.json.results[0].id]]);
  assert.equal(newest[1].text, '2024');

  // Pages of one answer go through both kinds.
  const seen = [];
  for (let where = 'history?limit=1'; where; where = seen.at(-1).next) seen.push((await visitor.send('GET', new URL(where, base))).json);
  assert.deepEqual(seen.map(({ history }) => history.length), [1, 1, 1, 1, 1, 1]);
  assert.equal((await visitor.send('GET', 'history?status=read')).json.history.length, [year, two, several.json.results[0]].filter(({ status }) => status !== 'unsure').length);

  assert.equal((await visitor.send('DELETE', `history/${year.id}`)).status, 204);
  assertProblem(await visitor.send('DELETE', `history/${year.id}`), 404, 'not-found');
  assert.equal((await visitor.send('DELETE', 'history')).status, 204);
  assert.deepEqual((await visitor.send('GET', 'history')).json.counts, { kept: 0, checked: 0, corrected: 0, right: 0 });
});

test('a number is corrected in every form; a stranger finds none', async () => {
  const visitor = await Visitor.signedUp(), stranger = await Visitor.signedUp();
  const { id } = (await read(visitor, '?save=1', page('2026'))).json.results[0];
  for (const [change, label, checked, right] of [
    [{ place: 3, label: 4 }, '2024', 1, 0],
    [{ label: '20:24' }, '20:24', 4, 3],
    [{ place: 1, label: 'not_a_digit' }, '2:24', 4, 2],
    [{ place: 1, label: '47' }, '247:24', 4, 2],
    [{ place: 1, label: null }, '20:24', 3, 2],
    [{ label: '20241' }, '20241', 4, 2],
    [{ label: 'not_a_digit' }, 'not_a_digit', 4, 0],
    [{ label: null }, null, 0, 0],
  ]) {
    const reply = await correct(visitor, id, change);
    assert.equal(reply.status, 200, reply.text);
    described('Corrected', reply.json);
    assert.deepEqual([reply.json.answer.label, reply.json.counts.checked, reply.json.counts.right], [label, checked, right], JSON.stringify(change));
    assert.equal(reply.json.answer.text, '2026', 'what was read stays');
  }
  assertProblem(await correct(visitor, id, { label: 7 }), 422, 'bad-fields');
  assertProblem(await correct(visitor, id, { label: '２０２４' }), 422, 'bad-fields');
  assertProblem(await correct(visitor, id, { place: 4, label: 7 }), 422, 'bad-fields');
  assert.equal((await correct(visitor, id, { label: '1' })).status, 200);
  assertProblem(await correct(visitor, id, { place: 0, label: 7 }), 409, 'no-places');
  for (const change of [{ label: '1' }, { place: 0, label: 1 }, { label: null }]) assertProblem(await correct(stranger, id, change), 404, 'not-found');
  assertProblem(await stranger.send('DELETE', `history/${id}`), 404, 'not-found');
});

// Breaks when one correction overwrites another that was made at the same time.
test('corrections at the same time are all heard', async () => {
  const visitor = await Visitor.signedUp();
  const { id, text } = (await read(visitor, '?save=1', page('01234568'))).json.results[0];
  assert.equal(text, '01234568');
  for (let round = 0; round < 3; round++) {
    const digits = Array.from({ length: 8 }, (_, place) => (place + 3 * round + 1) % 10);
    const replies = await Promise.all(digits.map((label, place) => correct(visitor, id, { place, label })));
    assert.deepEqual(replies.map(({ status }) => status), digits.map(() => 200));
    assert.equal((await visitor.send('GET', 'history')).json.history[0].label, digits.join(''));
  }
});

test('numbers as CSV, JSON and IDX, and in the account\'s data', async () => {
  const visitor = await Visitor.signedUp();
  const [year, rows, seven] = (await read(visitor, '?save=1', page('2026'), page('36', '58'), picture('digit-7.png'))).json.results;
  await correct(visitor, year.id, { place: 3, label: 4 });
  await correct(visitor, year.id, { place: 1, label: '47' });
  await correct(visitor, rows.id, { label: '36\n59' });

  const csv = (await visitor.send('GET', 'history/export?format=csv')).text.split('\r\n');
  assert.equal(csv[0], 'id,created_at,name,status,digit,label,confidence,text,corrected_text');
  assert.match(csv[1], new RegExp(`^${seven.id},[^,]+Z,"2.png",digit,7,,[01]\\.\\d{6},7,$`));
  assert.match(csv[2], new RegExp(`^${rows.id},[^,]+Z,"1.png",${rows.status},,,[01]\\.\\d{6},"36\n58","36\n59"$`));
  assert.match(csv[3], new RegExp(`^${year.id},[^,]+Z,"0.png",${year.status},,,[01]\\.\\d{6},"2026","24724"$`));

  const json = await visitor.send('GET', 'history/export');
  described('HistoryExport', json.json);
  assert.deepEqual((await visitor.send('GET', 'account/export')).json.history, json.json.history);

  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-idx-'));
  const labels = async (query) => {
    const tar = await fetch(new URL(`history/export?format=idx${query}`, base), { headers: { Cookie: visitor.cookie } });
    fs.writeFileSync(path.join(dir, 'x.tar'), Buffer.from(await tar.arrayBuffer()));
    execFileSync('tar', ['-xf', 'x.tar'], { cwd: dir });
    const { n, pixels, label } = idx(path.join(dir, 'train-images-idx3-ubyte'), path.join(dir, 'train-labels-idx1-ubyte'));
    return Array.from({ length: n }, (_, i) => [label(i), pixels(i).toString('base64')]);
  };
  // Newest first, and the digits of a number in its order: each label beside the picture that it is the label of.
  const [one, two, three] = json.json.history;
  const ofYear = three.digits.map(({ input }) => input), ofRows = two.digits.map(({ input }) => input);
  assert.deepEqual(await labels(''), [[7, one.input], [3, ofRows[0]], [6, ofRows[1]], [5, ofRows[2]], [9, ofRows[3]], [2, ofYear[0]], [2, ofYear[2]], [4, ofYear[3]]]);
  assert.deepEqual((await labels('&checked=1')).map(([label]) => label), [3, 6, 5, 9, 4]);
  assert.deepEqual((await labels('&digit=4')).map(([label]) => label), [4]);
  await correct(visitor, rows.id, { label: '36 5' });
  assert.deepEqual((await labels('&checked=1')).map(([label]) => label), [4], 'nobody knows which digit is which');
  fs.rmSync(dir, { recursive: true });
});

// Breaks when a number that does not fit is kept in part, takes the others' place, or is not answered.
test('a number beyond the quota is read, and not kept; the oldest make room for one that fits', async (t) => {
  const site = await start(t, { LIMITS: 'off', DIGITD_HISTORY_MAX_PER_USER: '5' });
  const visitor = await Visitor.signedUp(site.origin);
  const reply = await read(visitor, '?save=1', page('123456'), picture('digit-7.png'), page('2024'));
  assert.equal(reply.status, 200, reply.text);
  const [large, seven, year] = reply.json.results;
  assert.deepEqual([large.text, large.id, seven.id, year.id], ['123456', null, 1, 2]);
  assert.equal(reply.json.not_saved.type, 'problems/over-quota');
  assert.match(reply.json.not_saved.detail, /5/);
  assert.equal((await visitor.send('GET', 'history')).json.counts.kept, 5);
  const more = await read(visitor, '?save=1', page('36'));
  assert.equal(more.json.results[0].id, 3);
  const list = (await visitor.send('GET', 'history')).json;
  assert.deepEqual([list.history.map(({ text }) => text), list.counts.kept], [['36'], 2], 'a number goes as a whole');
});
