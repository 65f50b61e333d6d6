// The history through nginx: save, page by Link, correct, delete, export; and the description's examples. The rules themselves, case
// by case, are in tests/unit/test_api_history.c.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { Visitor, assertProblem, base, exchange, idx, picture } from './lib.mjs';
import { faults, openapi } from './schema.mjs';

const part = (filename) => ({ filename, bytes: picture('digit-7.png') });
const schema = (name) => openapi.components.schemas[name];
const described = (name, value) => assert.deepEqual(faults(schema(name), value), []);

// Breaks when nginx does not know a path or a method, drops Link or the body of PATCH, or the description is not what is sent.
test('answers are kept, listed page by page, corrected, deleted', async () => {
  const visitor = await Visitor.signedUp();
  const kept = await visitor.classify(['a', 'b', 'c', 'd', 'e'].map((name) => part(`${name}.png`)), '?save=1&input=1');
  assert.equal(kept.status, 200, kept.text);
  described('ClassifyReply', kept.json);
  const ids = kept.json.results.map(({ id }) => id);

  const seen = [];
  for (let where = new URL('history?limit=2', base); where;) {
    const page = await visitor.send('GET', where);
    assert.equal(page.status, 200, page.text);
    described('History', page.json);
    seen.push(...page.json.history);
    const link = /^<([^>]+)>; rel="next"$/.exec(page.headers.link ?? '');
    assert.equal(link?.[1] ?? null, page.json.next);
    where = link && new URL(link[1], where);
  }
  assert.deepEqual(seen.map(({ id }) => id), [...ids].reverse());
  assert.equal(seen[0].name, 'e.png');
  assert.equal(seen[0].input, kept.json.results[4].input);

  const corrected = await visitor.send('PATCH', `history/${ids[0]}`, { json: { label: 1 } });
  assert.equal(corrected.status, 200, corrected.text);
  described('Corrected', corrected.json);
  assert.deepEqual(corrected.json.counts, { kept: 5, checked: 1, corrected: 1, right: 0 });
  const none = await visitor.send('PATCH', `history/${ids[1]}`, { json: { label: 'not_a_digit' } });
  described('Corrected', none.json);
  assert.deepEqual([none.json.answer.label, none.json.counts.checked], ['not_a_digit', 2]);
  assertProblem(await visitor.send('PATCH', `history/${ids[1]}`, { json: { label: 'seven' } }), 422, 'bad-fields');
  const ones = await visitor.send('GET', 'history?digit=1&corrected=1');
  assert.deepEqual(ones.json.history.map(({ id }) => id), [ids[0]]);

  const stranger = await Visitor.signedUp();
  assertProblem(await stranger.send('PATCH', `history/${ids[0]}`, { json: { label: 2 } }), 404, 'not-found');
  assertProblem(await stranger.send('DELETE', `history/${ids[0]}`), 404, 'not-found');
  assert.equal((await visitor.send('DELETE', `history/${ids[0]}`)).status, 204);
  assert.equal((await visitor.send('DELETE', 'history')).status, 204);
  const empty = await visitor.send('GET', 'history');
  assert.deepEqual(empty.json, { history: [], counts: { kept: 0, checked: 0, corrected: 0, right: 0 }, next: null });
  assertProblem(await exchange('GET', 'history'), 401, 'log-in-first');
});

test('the history as CSV, JSON and IDX, and in the account\'s export', async () => {
  const visitor = await Visitor.signedUp();
  const kept = await visitor.classify([part('=1+1.png'), part('b.png')], '?save=1');
  await visitor.send('PATCH', `history/${kept.json.results[1].id}`, { json: { label: 4 } });

  const csv = await visitor.send('GET', 'history/export?format=csv', { headers: { Accept: 'text/html' } });
  assert.equal(csv.headers['content-type'], 'text/csv; charset=utf-8');
  assert.match(csv.text, /^id,created_at,name,status,digit,label,confidence,text,corrected_text\r\n\d+,[^,]+Z,"b.png",digit,7,4,[01]\.\d{6},7,4\r\n\d+,[^,]+Z,"'=1\+1.png",digit,7,,[01]\.\d{6},7,\r\n$/);
  const json = await visitor.send('GET', 'history/export');
  described('HistoryExport', json.json);
  assert.equal(json.headers['content-disposition'], 'attachment; filename="digitd-history.json"');
  const account = await visitor.send('GET', 'account/export');
  assert.deepEqual(account.json.history, json.json.history);

  // As a person would take it apart: with tar, whose own reader must agree.
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-idx-'));
  const tar = await fetch(new URL('history/export?format=idx', base), { headers: { Cookie: visitor.cookie } });
  assert.equal(tar.headers.get('content-type'), 'application/x-tar');
  fs.writeFileSync(path.join(dir, 'x.tar'), Buffer.from(await tar.arrayBuffer()));
  execFileSync('tar', ['-xf', 'x.tar'], { cwd: dir });
  const { n, pixels, label } = idx(path.join(dir, 'train-images-idx3-ubyte'), path.join(dir, 'train-labels-idx1-ubyte'));
  assert.deepEqual([n, label(0), label(1)], [2, 4, 7]);
  assert.equal(pixels(0).toString('base64'), json.json.history[0].input);
  fs.rmSync(dir, { recursive: true });
});

// Breaks when an example in the description shows what its own schema forbids.
test('the examples of the history are what the description describes', () => {
  let held = 0;
  for (const [where, methods] of Object.entries(openapi.paths)) {
    for (const operation of where.startsWith('/history') || where === '/account/export' ? Object.values(methods) : []) {
      for (const { content } of [operation.requestBody, ...Object.values(operation.responses)].filter((it) => it?.content)) {
        for (const { schema: one, examples = {} } of Object.values(content)) {
          for (const { value } of Object.values(examples)) {
            assert.deepEqual(faults(one, value), [], where);
            held++;
          }
        }
      }
    }
  }
  assert.ok(held >= 7, `${held} examples`);
});
