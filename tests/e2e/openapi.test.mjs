// html/openapi.json: valid by OpenAPI 3.1 (@seriousme/openapi-schema-validator), each example valid by the schema beside it (ajv), and each
// example of a request sent to a server of this test's own, whose answer must be one that the description has, header, type and body.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { Visitor, picture, root } from './lib.mjs';
import { openapi } from './schema.mjs';
import { start } from './site.mjs';

const resolve = (node) => (node?.$ref ? resolve(node.$ref.slice(2).split('/').reduce((at, key) => at[key], openapi)) : node);
const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema({ $id: 'openapi', ...openapi });
const absolute = (schema) => JSON.parse(JSON.stringify(schema), (key, value) => (key === '$ref' ? `openapi${value}` : value));
function assertFits(schema, value, where) {
  const check = ajv.compile(absolute(schema));
  assert.ok(check(value), `${where}: ${ajv.errorsText(check.errors)}\n${JSON.stringify(value).slice(0, 500)}`);
}
const operations = Object.entries(openapi.paths).flatMap(([where, item]) => Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), where, operation })));

test('it is valid OpenAPI 3.1, by a validator that sees when it is not', async () => {
  const validate = async (text) => new Validator().validate(text);
  const found = await validate(JSON.parse(JSON.stringify(openapi)));
  assert.ok(found.valid, JSON.stringify(found.errors));
  for (const spoil of [(d) => delete d.info.title, (d) => { d.paths['/login'].post.responses = []; }, (d) => { d.paths['/login'].fly = {}; },
    (d) => { d.components.schemas['a b'] = {}; }]) {
    const spoilt = JSON.parse(JSON.stringify(openapi));
    spoil(spoilt);
    assert.equal((await validate(spoilt)).valid, false, spoil.toString());
  }
  assert.equal(openapi.info.version, /^VERSION := (.*)$/m.exec(fs.readFileSync(path.join(root, 'Makefile'), 'utf8'))[1]);
});

test('each example fits the schema beside it, and each problem is one that the server has', () => {
  const source = fs.readFileSync(path.join(root, 'fcgi/web/http/problems.c'), 'utf8').replace(/"\s*\n\s*"/g, '');
  let count = 0;
  const holder = (content, where) => {
    for (const [type, { schema, examples = {} }] of Object.entries(content ?? {}))
      for (const [name, example] of Object.entries(examples)) {
        // A form's example is the body as it is sent.
        const value = type === 'application/x-www-form-urlencoded' ? Object.fromEntries(new URLSearchParams(example.value)) : example.value;
        assertFits(schema, value, `${where} ${type} ${name}`);
        if (type === 'application/problem+json')
          assert.ok(source.includes(`{${example.value.status}, "${example.value.type.replace('problems/', '')}", "${example.value.title}"`) ||
            fs.readFileSync(path.join(root, 'conf/nginx/server.conf'), 'utf8').includes(`"type":"${example.value.type}","title":"${example.value.title}"`),
          `${where} ${name}: the server has no such problem`);
        count++;
      }
  };
  for (const { method, where, operation } of operations) {
    holder(operation.requestBody?.content, `${method} ${where}`);
    for (const [status, reply] of Object.entries(operation.responses)) holder(resolve(reply).content, `${method} ${where} ${status}`);
  }
  assert.ok(count > 100, `${count} examples`);
});

// The answer is one that the description has.
function assertDescribed(reply, { method, where, operation }, of) {
  const described = resolve(operation.responses[reply.status]);
  assert.ok(described, `${of}: ${reply.status} is not described: ${reply.text}`);
  const [type] = (reply.headers['content-type'] ?? '').split(';');
  if (!described.content) return assert.equal(reply.text, '', `${method} ${where} ${reply.status} has no body`);
  assert.ok(described.content[type], `${of}: ${reply.status} as ${type} is not described`);
  if (/json/.test(type)) assertFits(described.content[type].schema, reply.json, `${of}: ${reply.status}`);
  for (const [name, header] of Object.entries(described.headers ?? {}))
    if (header.required) assert.ok(reply.headers[name.toLowerCase()], `${of}: ${name}`);
}

test('each example of a request, sent: what comes back is described, and every way to succeed was taken', async (t) => {
  const site = await start(t, { LIMITS: 'off' });
  assert.match(site.out, /^ready on/m, site.out);
  const example = (method, where, name) => operations.find((o) => o.method === method && o.where === where).operation.requestBody.content['application/json'].examples[name].value;
  const first = example('POST', '/signup', 'visitor');
  let { password } = first;
  const succeeded = new Set();
  async function exchangeOne(visitor, one, { json, body, headers, query = '', id = 1 } = {}, name = '') {
    const reply = await visitor.send(one.method, one.where.slice(1).replace('{id}', id) + query, { json, body, headers });
    assertDescribed(reply, one, `${one.method} ${one.where}${query} ${name}`);
    if (reply.status < 300) succeeded.add(`${one.method} ${one.where} ${reply.status}`);
    return reply;
  }
  const find = (method, where) => operations.find((o) => o.method === method && o.where === where);
  const loggedIn = async () => {
    const visitor = new Visitor(site.origin);
    const reply = await visitor.send('POST', 'login', { json: { email: first.email, password } });
    assert.equal(reply.status, 200, reply.text);
    return visitor;
  };
  await exchangeOne(new Visitor(site.origin), find('POST', '/signup'), { json: first });
  const png = { body: picture('digit-7.png'), headers: { 'Content-Type': 'image/png' } };
  for (let i = 0; i < 2; i++) await exchangeOne(await loggedIn(), find('POST', '/classify'), { ...png, query: '?save=1&input=1&steps=1' });
  const rank = ({ method, where }) => (method === 'DELETE' ? (where === '/account' ? 3 : where.includes('{id}') ? 1 : 2) : 0);
  for (const one of [...operations].sort((a, b) => rank(a) - rank(b))) {
    const { method, where } = one;
    if (where === '/account/reset') continue; // below
    const list = where.includes('{id}') ? where.replace('/{id}', '') : null;
    const examples = Object.entries(one.operation.requestBody?.content['application/json']?.examples ?? { none: {} });
    for (const [name, { value }] of examples) {
      const visitor = await loggedIn();
      const rows = list ? Object.values((await visitor.send('GET', list.slice(1))).json).find(Array.isArray) : [];
      const reply = await exchangeOne(visitor, one, { ...(one.operation.requestBody?.content['image/*'] ? png : {}), json: value, id: rows?.[0]?.id ?? 1 }, name);
      if (where === '/account/password' && reply.status === 200) password = value.new;
      if (where === '/account' && method === 'DELETE' && reply.status === 403) await exchangeOne(visitor, one, { json: { password } }, name);
    }
    for (const [name, { value }] of Object.entries(one.operation.requestBody?.content['application/x-www-form-urlencoded']?.examples ?? {}))
      await exchangeOne(new Visitor(site.origin), one, { body: value, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }, name);
    if (method === 'GET' && one.operation.responses['303'])
      assertDescribed(await (await loggedIn()).send('GET', where.slice(1), { headers: { Accept: 'text/html' } }), one, `GET ${where} for a browser`);
  }

  // A reset link, as `digitctl user reset` prints it.
  await exchangeOne(new Visitor(site.origin), find('POST', '/signup'), { json: first });
  const link = execFileSync(path.resolve(root, process.env.BUILD ?? 'build', 'digitctl'), ['-c', path.join(root, 'conf/digitd.conf'), 'user', 'reset', first.email],
    { env: { PATH: process.env.PATH, DIGITD_DATABASE: `${site.state}/digitd.db`, DIGITD_RUN_DIR: `${site.state}/run` }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const reset = find('POST', '/account/reset'), value = example('POST', '/account/reset', 'reset');
  await exchangeOne(new Visitor(site.origin), reset, { json: value });
  await exchangeOne(new Visitor(site.origin), reset, { json: { ...value, token: /#reset=(\S+)/.exec(link)[1] } });

  // Mail is off here: what needs it is tested with digitctl.
  const elsewhere = ['POST /signup 202', 'POST /account/forgot 202', 'POST /account/confirm 201'];
  const missing = operations.flatMap(({ method, where, operation }) => Object.keys(operation.responses).filter((status) => status < '300')
    .map((status) => `${method} ${where} ${status}`)).filter((way) => !succeeded.has(way) && !elsewhere.includes(way));
  assert.deepEqual(missing, []);
});
