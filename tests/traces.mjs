// What the suites leave for the last one, tests/canary/, which looks for secrets in all of it: under $TRACES, which tests/run sets, the
// secrets that clients sent and got, and what each site kept (database, logs, everything in its directory). Without it nothing is kept.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = process.env.TRACES;
const SECRET = new Set(['password', 'current', 'new', 'token', 'secret', 'invitation']);
const known = new Set();

// Words that tests send in a secret's place to be refused are no secrets; they may well stand in a log.
const tells = (text) => text.length >= 12 && text.length <= 511 && !text.includes('@');

export function noteSecret(text) {
  if (!folder || typeof text !== 'string' || !tells(text) || known.has(text)) return;
  known.add(text);
  fs.mkdirSync(path.join(folder, 'secrets'), { recursive: true });
  fs.appendFileSync(path.join(folder, 'secrets', `${process.pid}`), `${JSON.stringify(text)}\n`);
}

// The secrets in the body of a request or a reply, where it is JSON.
export function noteBody(body) {
  if (!folder || !body || body.length > 65536) return;
  try {
    JSON.parse(body, (name, value) => { if (SECRET.has(name)) noteSecret(value); return value; });
  } catch { /* no JSON */ }
}

// Those in headers, whatever the case of their names: { authorization, cookie, set-cookie: [...] }.
export function noteHeaders(headers) {
  for (const [name, value] of Object.entries(headers))
    if (/^(set-)?cookie$|^authorization$/i.test(name))
      for (const [secret] of [value].flat().join(';').matchAll(/[\w-]{43}/g)) noteSecret(secret);
}

// Copies the regular files below a site's directory, but not the network's weights. Once it has stopped.
export function keepTraces(site) {
  if (!folder || !fs.existsSync(site)) return;
  fs.mkdirSync(path.join(folder, 'sites'), { recursive: true });
  const to = fs.mkdtempSync(path.join(folder, 'sites', 'site-'));
  for (const name of walk(site)) {
    fs.mkdirSync(path.dirname(path.join(to, name)), { recursive: true });
    fs.copyFileSync(path.join(site, name), path.join(to, name));
  }
}

// The regular files below a directory, by their paths in it.
export function walk(directory, below = '') {
  return fs.readdirSync(path.join(directory, below), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(below, entry.name);
    if (entry.isDirectory()) return walk(directory, name);
    return entry.isFile() && !name.endsWith('.safetensors') ? [name] : [];
  });
}

// tests/e2e/run keeps its own site by: node tests/traces.mjs DIRECTORY
if (path.resolve(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) keepTraces(process.argv[2]);
