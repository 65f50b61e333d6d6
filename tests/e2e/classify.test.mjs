// POST /classify beyond the answer: what was done to the picture, its steps, the overrides, and what each bad query gets, through
// nginx; every reply is held against html/openapi.json.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Visitor, assertProblem, greyPng, picture } from './lib.mjs';
import { faults, openapi } from './schema.mjs';

const described = (reply) => {
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(faults(openapi.components.schemas.ClassifyReply, reply.json), []);
  return reply.json.results;
};
const part = (name) => ({ filename: name, type: '', bytes: picture(name) });

// Breaks when a member comes, goes or changes its type without the description.
test('replies are as openapi.json says', async () => {
  const visitor = await Visitor.signedUp();
  const names = ['digit-7.png', 'digit-4-turned.jpg', 'text.png', 'digit-9-dark.png', 'digit-7-alpha.png'];
  for (const query of ['', '?input=1', '?steps=1', '?input=1&steps=1&invert=yes&center=box', '?invert=no&center=none']) {
    const results = described(await visitor.classify(names.map(part), query));
    assert.equal(results.length, names.length);
    for (const result of results) {
      assert.equal('input' in result, query.includes('input') && result.status !== 'error');
      assert.equal('steps' in result, query.includes('steps') && result.status !== 'error');
    }
  }
  const blank = described(await visitor.classify([{ bytes: greyPng(60, 40, Buffer.alloc(2400, 255)) }], '?steps=1'))[0];
  assert.deepEqual([blank.status, blank.digit, typeof blank.confidence], ['not_a_digit', null, 'number']);
  assert.deepEqual(blank.preprocessing.box, [0, 0, 0, 0]);
  assertProblem(await visitor.classify([part('text.png')]), 415);
  assert.deepEqual(faults(openapi.components.schemas.Problem, (await visitor.classify([part('text.png')])).json), []);
});

// Breaks when a step is not the picture that it says, or what is told is not what was done.
test('the steps of a photo whose camera was turned', async () => {
  const visitor = await Visitor.signedUp();
  const [turned, upright] = described(await visitor.classify([part('digit-4-turned.jpg'), part('digit-4-upright.jpg')], '?input=1&steps=1'));
  const { preprocessing: p, steps } = turned;
  assert.deepEqual([p.upright, p.width, p.height, p.inverted, p.unchanged], [true, 300, 240, true, false]);
  assert.equal(upright.preprocessing.upright, false);
  for (const { name, width, height, grey } of steps) {
    assert.equal(Buffer.from(grey, 'base64').length, width * height, name);
    assert.ok(Math.max(width, height) <= 141, 'two pictures share the room');
  }
  assert.equal(steps[0].name, 'grey');
  assert.ok(Math.abs(steps[0].width / steps[0].height - 300 / 240) < 0.02);
  const last = steps.at(-1);
  assert.deepEqual([last.name, last.width, last.height, last.grey], ['input', 28, 28, turned.input]);
  const [x, y, w, h] = p.box;
  assert.ok(x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= p.width && y + h <= p.height);
});

test('overrides change how a picture is read, and nothing else', async () => {
  const visitor = await Visitor.signedUp();
  const ask = async (query) => described(await visitor.classify([part('digit-9-dark.png')], query))[0];
  const plain = await ask('?input=1');
  assert.deepEqual([plain.digit, plain.preprocessing.inverted], [9, false]);
  const said = await ask('?input=1&invert=auto&center=mass');
  assert.deepEqual([said.probabilities, said.input], [plain.probabilities, plain.input]);
  assert.equal((await ask('?invert=yes')).preprocessing.inverted, true);
  assert.equal((await ask('?invert=no')).digit, 9);
  assert.notEqual((await ask('?input=1&center=none')).input, plain.input);
  assert.deepEqual((await ask('?input=1')).probabilities, plain.probabilities, 'a wish does not stay');
});

test('bad queries are 400 with the values that are allowed', async () => {
  const visitor = await Visitor.signedUp();
  for (const [query, sentence] of [['?steps=2', /steps is 0 or 1/], ['?steps=', /0 or 1/], ['?input=yes', /input is 0 or 1/],
    ['?invert=maybe', /auto, yes or no/], ['?invert=Yes', /auto, yes or no/], ['?invert', /auto, yes or no/],
    ['?center=', /mass, box or none/], ['?center=middle', /mass, box or none/], ['?center=m%61ss', /mass, box or none/],
    ['?steps=1&steps=1', /steps comes twice/], ['?invert=yes&invert=no', /twice/], [`?center=${'x'.repeat(3000)}`, /mass, box or none/]]) {
    const reply = await visitor.classify([part('digit-7.png')], query);
    assertProblem(reply, 400, 'bad-request');
    assert.match(reply.json.detail, sentence, query);
  }
  assertProblem(await visitor.classify(Array(9).fill(part('digit-7.png')), '?steps=1'), 400, 'bad-request');
  assert.equal((await visitor.classify(Array(8).fill(part('digit-7.png')), '?steps=1')).json.results.length, 8);
  assert.equal((await visitor.classify([part('digit-7.png')], '?unknown=1&')).status, 200);
});

// Breaks when a reply with steps outgrows what nginx keeps of it (fastcgi_buffers, 512 KiB): a slow client would hold the worker.
test('a reply with steps stays below 512 KiB', async () => {
  const visitor = await Visitor.signedUp();
  const side = 1000, noise = Buffer.alloc(side * side);
  for (let i = 0, v = 1; i < noise.length; i++) noise[i] = (v = (v * 48271) % 2147483647) & 255;
  const png = greyPng(side, side, noise);
  for (const n of [1, 8]) {
    const reply = await visitor.classify(Array(n).fill({ bytes: png }), '?input=1&steps=1');
    described(reply);
    assert.ok(reply.text.length < 512 * 1024, `${n}: ${reply.text.length}`);
  }
});
