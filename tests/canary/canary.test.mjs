// R57, R66, R89. After the other suites: no password, token, cookie, invitation or mailed link is in what any of their sites kept, be it
// the database, a dump of it, or a log; neither as it is nor as hex, base64 or percent-encoded. tests/traces.mjs tells what is kept.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { walk } from '../traces.mjs';

const traces = process.env.TRACES;
const names = (folder) => fs.readdirSync(path.join(traces, folder)).map((name) => path.join(traces, folder, name));
const secrets = [...new Set(names('secrets').flatMap((file) => fs.readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line))))];

const isToken = (text) => /^[\w-]{43}$/.test(text);
const formsOf = (text) => [
  ...[Buffer.from(text), ...(isToken(text) ? [Buffer.from(text, 'base64url')] : [])].flatMap((bytes) => [bytes, Buffer.from(bytes.toString('hex')),
    Buffer.from(bytes.toString('hex').toUpperCase()), Buffer.from(bytes.toString('base64').replace(/=+$/, ''))]),
  Buffer.from(encodeURIComponent(text)),
];

// What nobody noted, such as what digitctl printed: 43 characters of base64url's alphabet in a place of their own, and links. The end
// of a yescrypt hash is as long, and follows a dollar sign or another character of its alphabet.
const SHAPES = /(?<![\w\-./$])[\w-]{43}(?![\w\-./])|dgt_[\w-]{43}|#(confirm|reset)=/;

// Makes a search: bytes => what of these secrets, or of such a shape, is in them.
function finder(all) {
  const byStart = new Map(); // the first four bytes, as a number
  for (const text of all)
    for (const form of formsOf(text)) byStart.set(form.readUInt32LE(), [...(byStart.get(form.readUInt32LE()) ?? []), form]);
  return (bytes) => {
    const found = new Set();
    for (let at = 0; at + 4 <= bytes.length; at++)
      for (const form of byStart.get(bytes.readUInt32LE(at)) ?? [])
        if (bytes.subarray(at, at + form.length).equals(form)) found.add(form.toString());
    const [shape] = SHAPES.exec(bytes.toString('latin1')) ?? [];
    return shape === undefined ? [...found] : [...found, shape];
  };
}

// A database that a test damaged has no dump; its bytes are looked at all the same.
function dump(file) {
  const { stdout, status } = spawnSync('sqlite3', [file, '.dump'], { maxBuffer: 1 << 30 });
  return status === 0 ? stdout : Buffer.alloc(0);
}

test('what the suites left in databases, dumps and logs has no secret', (t) => {
  const find = finder(secrets), findings = [], kinds = { dump: 0, log: 0, database: 0 };
  let users = 0, megabytes = 0;
  const look = (where, bytes) => {
    megabytes += bytes.length / 1e6;
    for (const text of find(bytes)) findings.push(`${JSON.stringify(text)} in ${where}`);
  };
  // nginx's own key and certificate, made for a test, are base64, in which such a shape comes by chance.
  const all = names('sites').flatMap((site) => walk(site).map((name) => path.join(site, name))).filter((name) => !name.endsWith('.pem'));
  for (const file of all) {
    const bytes = fs.readFileSync(file);
    if (/(^|\/)log(\/|$)/.test(path.relative(traces, file))) kinds.log++;
    look(file, bytes);
  }
  for (const file of all.filter((name) => name.endsWith('.db'))) { // last: opening one writes its WAL back
    const text = dump(file);
    kinds.database++;
    if (text.length > 0) kinds.dump++;
    users += text.toString('latin1').split('INSERT INTO users').length - 1;
    look(`the dump of ${file}`, text);
  }
  t.diagnostic(`${secrets.length} secrets; ${JSON.stringify(kinds)}, ${users} accounts, ${megabytes.toFixed(0)} MB`);
  assert.deepEqual(findings.slice(0, 20), []);
  assert.ok(secrets.filter(isToken).length >= 20 && secrets.some((text) => !isToken(text)), 'the clients noted what they sent and got');
  assert.ok(kinds.dump >= kinds.database / 2 && kinds.log >= kinds.database && users >= 10, 'the sites were kept');
});

// Breaks when the search would find nothing: each form of each kind of secret is planted in a log line and has to be found.
test('the search finds what is planted', () => {
  const token = Buffer.alloc(32, 'canary').toString('base64url'), password = 'ein Vogel für die Grube';
  const find = finder([token, password]);
  const line = (form) => Buffer.concat([Buffer.from('2026-01-01T00:00:00Z event=x text='), form, Buffer.from(' ms=1\n')]);
  for (const text of [token, password]) for (const form of formsOf(text)) assert.notEqual(find(line(form)).length, 0, form.toString());
  const other = Buffer.alloc(32, 'another').toString('base64url');
  for (const form of [other, `digitd_session=${other}`, `https://digits.example.org/#confirm=${other}`, `"dgt_${other}"`])
    assert.notEqual(find(line(Buffer.from(form))).length, 0, form);
  const harmless = ['$y$j75$abcdefghijklmnopqrstuv$0123456789abcdefghijklmnopqrstuvwxyzABCDEFG', 'id=0123456789abcdef0123456789abcdef', "X'00'", 'a'.repeat(64)];
  for (const form of harmless) assert.deepEqual(find(line(Buffer.from(form))), []);
});
