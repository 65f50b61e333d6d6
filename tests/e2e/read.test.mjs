// POST /read through nginx: numbers, pages, tables, one digit, none, too much; its limits and its query; and what /classify makes of the
// same pictures. Every reply is held against html/openapi.json. How well numbers are read is measured in tests/golden/read.test.mjs.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Visitor, assertProblem, base, exchange, greyPng, multipart, numberPicture as page, picture } from './lib.mjs';
import { faults, openapi } from './schema.mjs';

const MODELLED = ['ReadReply', 'ClassifyReply'];
const described = (reply) => {
  assert.equal(reply.status, 200, reply.text);
  assert.ok(MODELLED.some((name) => faults(openapi.components.schemas[name], reply.json).length === 0), JSON.stringify(faults(openapi.components.schemas.ReadReply, reply.json)));
  return reply.json.results;
};
function send(visitor, where, pictures, headers = {}) {
  const { body, type } = multipart(pictures.map((bytes, i) => ({ filename: `${i}.png`, bytes })));
  return visitor.send('POST', where, { headers: { 'Content-Type': type, ...headers }, body });
}
const read = async (visitor, pictures, query = '') => {
  const reply = await send(visitor, `read${query}`, pictures);
  if (reply.status === 200) assert.deepEqual(faults(openapi.components.schemas.ReadReply, reply.json), []);
  return reply;
};
const full = (rows, columns) => page(...Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, k) => (7 * i + 3 * k) % 10).join('')));
const blank = greyPng(80, 60, Buffer.alloc(4800, 255));
const board = (() => { // a checkerboard
  const side = 240, px = Buffer.alloc(side * side, 255);
  for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) if (((x >> 4) + (y >> 4)) % 2) px[y * side + x] = 0;
  return greyPng(side, side, px);
})();

test('a number, rows, a table, one digit: texts, rows and boxes', async () => {
  const visitor = await Visitor.signedUp();
  const results = described(await read(visitor, [page('2024'), page('12', '345', '6'), page('12    7', '12', '12    90'), picture('digit-7.png'), page('20 24')]));
  assert.deepEqual(results.map(({ text }) => text), ['2024', '12\n345\n6', '12 7\n12\n12 90', '7', '20 24']);
  assert.deepEqual(results.map(({ name, status }) => [name, status]), ['0', '1', '2', '3', '4'].map((name) => [`${name}.png`, 'read']));
  assert.deepEqual(results.map(({ cells }) => cells), [undefined, undefined, [['12', '7'], ['12', ''], ['12', '90']], undefined, undefined]);
  const [{ rows: [row], preprocessing: p }] = results;
  assert.deepEqual(row.digits.map(({ digit, mark, unsure }) => [digit, mark, unsure]), [2, 0, 2, 4].map((digit) => [digit, null, false]));
  assert.deepEqual([p.width, p.height], [152, 88]);
  let right = 0;
  for (const { box: [x, y, w, h], probabilities, digit } of row.digits) {
    assert.ok(x >= right && y >= 18 && w >= 4 && h >= 15 && x + w <= p.width && y + h <= 50, `${[x, y, w, h]}`);
    right = x + w - 2;
    assert.ok(Math.abs(probabilities.reduce((a, b) => a + b) - 1) < 1e-4 && probabilities.indexOf(Math.max(...probabilities)) === digit);
  }
  assert.deepEqual(row.box, [row.digits[0].box[0], Math.min(...row.digits.map(({ box }) => box[1])), right + 2 - row.digits[0].box[0],
    Math.max(...row.digits.map(({ box }) => box[1] + box[3])) - Math.min(...row.digits.map(({ box }) => box[1]))]);
});

// Breaks when /read makes something else of a digit than /classify, whatever the wishes.
test('one digit is read as /classify reads it', async () => {
  const visitor = await Visitor.signedUp();
  const pictures = ['digit-7.png', 'digit-9-dark.png', 'digit-5-drawing.png', 'digit-3-photo.jpg', 'digit-7-alpha.png'].map(picture);
  for (const query of ['?input=1', '?input=1&center=box', '?input=1&steps=1']) {
    const one = described(await send(visitor, `classify${query}`, pictures)), all = described(await read(visitor, pictures, query));
    for (const [i, { digit, status, confidence, probabilities, unsure_because, input, preprocessing, steps, text }] of one.entries()) {
      const { rows, ...rest } = all[i];
      assert.equal(text, null);
      assert.deepEqual([rest.text, rest.status, rest.unsure_because, rest.preprocessing, rest.steps], [String(digit), status === 'digit' ? 'read' : 'unsure', unsure_because, preprocessing, steps]);
      const sign = { digit, mark: null, confidence, unsure: status === 'unsure', box: preprocessing.box, probabilities, input };
      assert.deepEqual(rows, [{ text: String(digit), confidence, box: preprocessing.box, digits: [sign] }]);
    }
  }
});

test('/classify says several, never a digit of them; of one digit, one', async () => {
  const visitor = await Visitor.signedUp();
  const results = described(await send(visitor, 'classify?input=1', [page('2024'), page('12', '34'), page('7'), blank, board]));
  for (const { digit, probabilities, unsure_because, text, status, confidence, input } of results.slice(0, 2)) {
    assert.deepEqual([status, digit, probabilities, unsure_because], ['several', null, null, null], text);
    assert.ok(confidence > 0.5 && confidence <= 1 && Buffer.from(input, 'base64').length === 784);
  }
  assert.deepEqual(results.map(({ text }) => text), ['2024', '12\n34', null, null, null]);
  assert.deepEqual(results.slice(2).map(({ status, digit }) => [status, digit]), [['digit', 7], ['not_a_digit', null], ['not_a_digit', null]]);
  // Too much to tell what it is: no digit, and no error.
  const [much] = described(await send(visitor, 'classify', [full(14, 20)]));
  assert.deepEqual([much.status, much.digit, much.text], ['not_a_digit', null, null]);
});

test('nothing, no digits, and pictures that cannot be read', async () => {
  const visitor = await Visitor.signedUp();
  const [none, no, bad, good] = described(await read(visitor, [blank, board, Buffer.from('text'), page('36')]));
  assert.deepEqual([none.status, none.text, none.rows, none.unsure_because], ['blank', '', [], null]);
  assert.deepEqual([no.status, no.text, no.rows, no.unsure_because], ['no_digits', '', [], null]);
  assert.deepEqual([bad.status, bad.problem.type, bad.problem.status], ['error', 'problems/unsupported-picture', 415]);
  assert.equal(good.text, '36');
  assertProblem(await read(visitor, [Buffer.from('text')]), 415, 'unsupported-picture');
  assertProblem(await read(visitor, [picture('truncated.png')]), 422, 'damaged-picture');
  assertProblem(await read(visitor, [picture('huge-20000x20000.png')]), 413, 'picture-too-large');
  assertProblem(await read(visitor, [Buffer.alloc(0)]), 422, 'damaged-picture');
});

// R31 for what is in the pictures: budgets, and a sentence that says what to do.
test('too much in a picture, in a request, in the reply', async () => {
  const visitor = await Visitor.signedUp();
  for (const [rows, columns] of [[13, 20], [65, 2]]) {
    const alone = await read(visitor, [full(rows, columns)]);
    assertProblem(alone, 422, 'too-many-digits');
    assert.match(alone.json.detail, /at most 256 digits/);
  }
  const [much, fine] = described(await read(visitor, [full(13, 20), page('58')]));
  assert.deepEqual([much.status, much.problem.type, fine.text], ['error', 'problems/too-many-digits', '58']);

  const most = full(16, 16), whole = described(await read(visitor, [most], '?input=1'))[0];
  assert.equal(whole.rows.flatMap(({ digits }) => digits).length, 256);
  const small = page('41');
  for (const query of ['?input=1', '?input=1&steps=1', '']) {
    const reply = await read(visitor, [...Array(7).fill(most), small], query), results = described(reply);
    assert.ok(reply.text.length < 512 * 1024, `${query}: ${reply.text.length}`);
    const refused = results.filter(({ status }) => status === 'error');
    assert.ok(refused.length >= 1 && refused.length < 7, `${query}: ${refused.length} refused`);
    for (const { problem } of refused) {
      assert.deepEqual([problem.type, problem.status], ['problems/too-many-digits', 422]);
      assert.match(problem.detail, /Send fewer (pictures )?at a time/);
    }
    assert.equal(results.at(-1).text, '41', 'what fits is still read');
  }
  const classified = await send(visitor, 'classify', Array(14).fill(most));
  const statuses = described(classified).map(({ status }) => status);
  assert.ok(statuses.includes('several') && statuses.includes('error') && new Set(statuses).size === 2, `${statuses}`);
});

test('64 pictures; 65; no picture; a raw body', async () => {
  const visitor = await Visitor.signedUp();
  const results = described(await read(visitor, Array(64).fill(page('17')), '?input=1'));
  assert.equal(results.length, 64);
  assert.ok(results.every(({ text, rows }) => text === '17' && rows[0].digits.length === 2));
  assertProblem(await read(visitor, Array(65).fill(page('17'))), 400, 'bad-multipart');
  assertProblem(await read(visitor, []), 400);
  const raw = await visitor.send('POST', 'read', { headers: { 'Content-Type': 'image/png' }, body: page('905') });
  assert.deepEqual(described(raw).map(({ name, text }) => [name, text]), [['', '905']]);
  assertProblem(await visitor.send('POST', 'read', { headers: { 'Content-Type': 'application/json' }, body: '{}' }), 415, 'unsupported-type');
  assertProblem(await visitor.send('POST', 'read', { headers: { 'Content-Type': 'image/png' }, body: Buffer.alloc(10 * 1024 * 1024 + 1) }), 413, 'too-large');
});

test('the query: every parameter, and bad values', async () => {
  const visitor = await Visitor.signedUp();
  const table = page('12    7', '8     90');
  const one = async (query, picture = table) => described(await read(visitor, [picture], query))[0];
  assert.ok((await one('?input=1')).rows.every(({ digits }) => digits.every(({ input }) => Buffer.from(input, 'base64').length === 784)));
  assert.ok((await one('?input=0')).rows.every(({ digits }) => digits.every(({ input }) => input === undefined)));
  assert.deepEqual((await one('?steps=1')).steps.map(({ name }) => name), ['grey', 'levelled', 'ink', 'scaled', 'input']);
  const plain = await one('?plain=1');
  assert.deepEqual([plain.text, plain.rows.map(({ text }) => text), plain.cells], ['127\n890', ['127', '890'], [['12', '7'], ['8', '90']]]);
  assert.equal((await one('?plain=0')).text, '12 7\n8 90');
  assert.equal((await one('?invert=yes')).text, '12 7\n8 90');
  assert.equal((await one('?center=box&invert=auto&unknown=1')).text, '12 7\n8 90');
  assert.notEqual((await one('?center=none&input=1', page('7'))).rows[0].digits[0].input, (await one('?input=1', page('7'))).rows[0].digits[0].input);
  for (const [query, sentence] of [['?plain=2', /plain is 0 or 1/], ['?plain', /0 or 1/], ['?plain=1&plain=1', /plain comes twice/], ['?input=', /input is 0 or 1/],
    ['?steps=yes', /steps is 0 or 1/], ['?save=true', /save is 0 or 1/], ['?invert=maybe', /auto, yes or no/], ['?center=left', /mass, box or none/]]) {
    const reply = await read(visitor, [table], query);
    assertProblem(reply, 400, 'bad-request');
    assert.match(reply.json.detail, sentence, query);
  }
  assertProblem(await read(visitor, Array(9).fill(table), '?steps=1'), 400, 'bad-request');
  // /classify has no plain, and ignores what it does not know.
  assert.equal((await send(visitor, 'classify?plain=2', [page('7')])).status, 200);
});

test('who may: a session, or a token with the scope; never from another site', async () => {
  const { body, type } = multipart([{ bytes: page('36') }]), headers = { 'Content-Type': type };
  assertProblem(await exchange('POST', 'read', { headers, body }), 401, 'log-in-first');
  const visitor = await Visitor.signedUp();
  const token = async (...scopes) => {
    const made = await visitor.send('POST', 'account/tokens', { json: { name: scopes.join(), scopes } });
    return { ...headers, Authorization: `Bearer ${made.json.secret}` };
  };
  const ask = async (query, ...scopes) => exchange('POST', `read${query}`, { headers: await token(...scopes), body });
  assertProblem(await ask('', 'history'), 403, 'token-scope');
  assertProblem(await ask('?save=1', 'classify'), 403, 'token-scope');
  assert.equal(described(await ask('', 'classify'))[0].text, '36');
  assert.ok(described(await ask('?save=1', 'classify', 'history'))[0].id > 0);
  assertProblem(await exchange('POST', 'read', { headers: { ...headers, Authorization: 'Bearer dgt_wrong' }, body }), 401, 'bad-token');
  assertProblem(await visitor.send('POST', 'read', { headers: { ...headers, Origin: 'https://evil.example' }, body }), 403, 'cross-site');
  assertProblem(await visitor.send('PUT', 'read', { headers, body }), 405, 'method-not-allowed');
  const opened = await exchange('GET', 'read', { headers: { Accept: 'text/html' } });
  assert.deepEqual([opened.status, opened.headers.location], [303, './#read']);
  assert.equal((await visitor.send('GET', 'read')).headers.allow, 'POST');
});

// Breaks when a browser without scripts is told less than others, or a name becomes markup.
test('as a page: a number, rows, a table, one digit, none, a problem', async () => {
  const visitor = await Visitor.signedUp(), Accept = 'text/html,*/*;q=0.8';
  const html = async (where, ...pictures) => {
    const reply = await send(visitor, where, pictures, { Accept });
    assert.match(reply.headers['content-type'], /^text\/html/);
    return reply;
  };
  assert.match((await html('read', page('2024'))).text, /<p class="digit">2024<\/p>\n<p>\d\d\.\d&nbsp;% confident<\/p>/);
  assert.match((await html('read?plain=1', page('20 24'))).text, /<p class="digit">2024<\/p>/);
  assert.match((await html('read', page('36', '58'))).text, /<caption>2 rows<\/caption>\n<tr><td>36<\/td><\/tr>\n<tr><td>58<\/td><\/tr>/);
  assert.match((await html('read', page('12    7', '12', '12    90'))).text, /<tr><td>12<\/td><td>7<\/td><\/tr>\n<tr><td>12<\/td><td><\/td><\/tr>\n<tr><td>12<\/td><td>90<\/td><\/tr>/);
  assert.match((await html('read', page('7'))).text, /<p class="digit">7<\/p>[^]*Probability of each digit/);
  assert.match((await html('read', blank)).text, /There are no digits here/);
  const both = (await html('classify', page('2024'), Buffer.from('no'))).text;
  assert.match(both, /<p class="digit">2024<\/p>\n<p>These are several digits\.<\/p>/);
  assert.match(both, /This file format is not supported\./);
  const problem = await html('read', full(13, 20));
  assert.equal(problem.status, 422);
  assert.match(problem.text, /<h1>There is too much to read\.<\/h1>[^]*at most 256 digits/);
  assert.match((await exchange('GET', '', { origin: base })).text, /action="read\?save=1"/);
});
