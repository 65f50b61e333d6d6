// digitctl beside a running site, for its tests.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { Visitor, exchange, root } from './lib.mjs';
import { start } from './site.mjs';

const build = path.resolve(root, process.env.BUILD ?? 'build');
export const binary = path.join(build, 'digitctl');
export const newPassword = 'a loud orange mountain';

export const cleanEnvironment = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DIGITD_')));
// What conf/run gives digitd.
export const environment = (site) => ({ ...cleanEnvironment(), DIGITD_RUN_DIR: `${site.state}/run`, DIGITD_DATABASE: `${site.state}/digitd.db`,
  DIGITD_SITE_URL: site.origin.origin, DIGITD_WEIGHTS: `${root}/weights/digits.safetensors`, DIGITD_PASSWORD_COST: '5', ...site.env });
export const command = (site, args) => [binary, ['-c', path.join(root, 'conf/digitd.conf'), ...args]];

// Runs it to its end: { out, err, rows }; rows are the objects of --json.
export function ctl(site, args, { input = '', status = 0, env = {} } = {}) {
  const [file, all] = command(site, args);
  const run = spawnSync(file, all, { input, encoding: 'utf8', env: { ...environment(site), ...env }, timeout: 600000 });
  assert.equal(run.status, status, `digitctl ${args.join(' ')}: ${run.stdout}${run.stderr}`);
  const rows = args.includes('--json') && status < 2 ? run.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line)) : null;
  return { out: run.stdout, err: run.stderr, rows };
}
export async function startWith(t, env = {}) {
  const site = await start(t, { LIMITS: 'off', ...env });
  assert.match(site.out, /^ready on/m, site.out);
  site.env = env;
  return site;
}
export const post = (site, where, json) => exchange('POST', where, { origin: site.origin, body: JSON.stringify(json),
  headers: { 'Content-Type': 'application/json', Origin: site.origin.origin } });
export const logIn = async (site, email, password) => {
  const visitor = new Visitor(site.origin);
  return Object.assign(await visitor.send('POST', 'login', { json: { email, password } }), { visitor });
};
export const tokenOf = (link, what, site) => {
  const [, token] = new RegExp(`^${site.origin.href}#${what}=([A-Za-z0-9_-]{43})$`).exec(link.trim()) ?? assert.fail(link);
  return token;
};
// SQL beside a running site: under the writer's lock, without a checkpoint (docs/ARCHITECTURE.md).
export const sql = (site, text) => execFileSync('flock', [`${site.state}/digitd.db.lock`, 'sqlite3', '-batch', `${site.state}/digitd.db`,
  `PRAGMA busy_timeout = 2000; PRAGMA wal_autocheckpoint = 0; ${text}`], { encoding: 'utf8' }).trim().split('\n').slice(2).join('\n');
