// What the benchmarks of requests have in common: sites that run side by side, load from wrk, and what it costs them.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Visitor, multipart, picture as golden, root } from '../e2e/lib.mjs';
import { freePort, start } from '../e2e/site.mjs';

export { golden, root, sleep };
export const build = path.resolve(root, process.env.BUILD ?? 'build');
export const have = (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
export const median = (values) => {
  const sorted = values.toSorted ? values.toSorted((a, b) => a - b) : [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
};
export const say = (name, value, unit) => console.log(`${name} ${Number(value.toPrecision(4))} ${unit}`);

// What ends when the benchmark does, last one first: site.mjs of the tests wants a test with after().
const endings = [];
export const atEnd = { after: (end) => endings.push(end) };
export async function endAll() {
  while (endings.length > 0) await endings.pop()();
}

// A reply that was no 2xx, or none, for so many: the load was more than the site takes.
export class Refused extends Error {}

const read = (file) => { try { return fs.readFileSync(file, 'utf8'); } catch { return ''; } };

// The processes of a group, sorted by what they are to the site.
export function processesOf(group) {
  const all = execFileSync('ps', ['-eo', 'pgid=,pid=,ppid=,comm='], { encoding: 'utf8' }).split('\n')
    .map((line) => line.trim().split(/\s+/)).filter(([pgid]) => Number(pgid) === group)
    .map(([, pid, parent, name]) => ({ pid: Number(pid), parent: Number(parent), name }));
  const master = all.find((each) => each.name === 'digitd' && !all.some((other) => other.pid === each.parent && other.name === 'digitd'));
  const part = (each) => {
    if (each.name === 'nginx') return 'nginx';
    if (!master) return each.name === 'bash' ? null : 'worker';
    if (each.pid === master.pid) return 'master';
    return all.some((other) => other.pid === each.pid && other.parent === master.pid) ? 'worker'
      : all.some((other) => other.pid === each.parent && other.parent === master.pid) ? 'decoder' : null;
  };
  return all.map((each) => ({ pid: each.pid, part: part(each) })).filter((each) => each.part);
}

// Processor time (in ns, by the scheduler's own account) and context switches of a process, all of its threads.
function usageOf(pid) {
  let tasks = [];
  try { tasks = fs.readdirSync(`/proc/${pid}/task`); } catch { /* it is gone */ }
  const usage = { ns: 0, switches: 0 };
  for (const task of tasks) {
    usage.ns += Number(read(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0] || 0);
    for (const [, n] of read(`/proc/${pid}/task/${task}/status`).matchAll(/ctxt_switches:\s*(\d+)/g)) usage.switches += Number(n);
  }
  return usage;
}
export function usage(group) {
  return processesOf(group).map((each) => ({ ...each, ...usageOf(each.pid) }));
}
// What was used between two calls of usage(), by part. A process that came or went would take its time along.
function used(before, after) {
  if (before.map((each) => each.pid).join() !== after.map((each) => each.pid).join()) throw new Error('a process of the site ended under load');
  const parts = {};
  after.forEach((now, i) => {
    const sum = parts[now.part] ??= { ns: 0, switches: 0 };
    sum.ns += now.ns - before[i].ns;
    sum.switches += now.switches - before[i].switches;
  });
  return parts;
}

// Load on a site {group, origin, load: {body, type, cookie}} for some seconds. Null results are no results: a reply that
// is not 2xx is an error, since a refusal is cheaper than an answer.
function wrk(site, seconds, connections) {
  const env = { ...process.env, BENCH_BODY: site.load.file, BENCH_TYPE: site.load.type, BENCH_COOKIE: site.load.cookie, BENCH_ORIGIN: site.origin.origin };
  const url = new URL(site.load.path ?? 'classify', site.origin).href.replace('localhost', '127.0.0.1');
  return new Promise((resolve, reject) => {
    const child = spawn('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', '-s', path.join(root, 'tests/bench/classify.lua'), url], { env });
    let out = '';
    child.stdout.on('data', (part) => { out += part; });
    child.stderr.on('data', (part) => { out += part; });
    child.on('error', reject);
    child.on('close', () => {
      const [, json] = /^RESULT (.*)$/m.exec(out) ?? [];
      if (!json) return reject(new Error(`wrk said:\n${out}`));
      const result = JSON.parse(json);
      if (result.failed > 0 || result.requests === 0) return reject(new Refused(`${site.name}: ${result.failed} of ${result.requests} requests failed`));
      resolve(result);
    });
  });
}
export async function loaded(site, seconds, connections) {
  const before = usage(site.group);
  const result = await wrk(site, seconds, connections);
  const parts = used(before, usage(site.group));
  const sum = (what) => Object.values(parts).reduce((all, part) => all + part[what], 0);
  return { rate: result.requests / (result.us / 1e6), p50_us: result.p50_us, p99_us: result.p99_us, cpu_us: sum('ns') / 1e3 / result.requests,
    switches: sum('switches') / result.requests,
    parts: Object.fromEntries(Object.entries(parts).map(([part, { ns, switches }]) => [part, { cpu_us: ns / 1e3 / result.requests, switches: switches / result.requests }])) };
}

// System calls a request, by part: counted by the kernel's trace point (perf) while the same load runs; slower, so never
// together with the times. Null where the kernel does not let us.
export async function systemCalls(site, seconds, connections) {
  const parts = {};
  const counters = [...new Set(processesOf(site.group).map((each) => each.part))].map((part) => {
    const pids = processesOf(site.group).filter((each) => each.part === part).map((each) => each.pid);
    const child = spawn('perf', ['stat', '-x,', '-e', 'raw_syscalls:sys_enter', '-p', pids.join()]);
    let out = '';
    child.on('error', () => {});
    child.stderr.on('data', (text) => { out += text; });
    const ended = new Promise((resolve) => { child.on('close', resolve); child.on('error', resolve); });
    return { part, child, ended, count: () => Number(/^(\d+),/m.exec(out)?.[1] ?? NaN) };
  });
  await sleep(300);
  const result = await wrk(site, seconds, connections);
  for (const { part, child, ended, count } of counters) {
    child.kill('SIGINT');
    await ended;
    parts[part] = count() / result.requests;
  }
  return Object.values(parts).some(Number.isNaN) ? null : parts;
}

let serial = 0;
export function asLoad(parts, cookie, where) {
  const { body, type } = multipart(parts);
  const file = path.join(fs.mkdtempSync('/tmp/digitd-bench-'), `body${++serial}`);
  atEnd.after(() => fs.rmSync(path.dirname(file), { recursive: true, force: true }));
  fs.writeFileSync(file, body);
  return { file, type, cookie, path: where };
}

// digitd as conf/run starts it, without request limits, with somebody who has logged in.
export async function startDigitd(parts, env = {}) {
  const site = await start(atEnd, { LIMITS: 'off', ...env });
  if (!/^ready on/m.test(site.out)) throw new Error(`digitd did not start:\n${site.out}`);
  const visitor = await Visitor.signedUp(site.origin);
  return { name: 'digitd', site, state: site.state, group: site.child.pid, origin: site.origin, visitor, load: asLoad(parts, [visitor.cookie, visitor.device].filter(Boolean).join('; ')) };
}

function startGroup(command, args, env = {}) {
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, detached: true, stdio: ['ignore', 'ignore', 'inherit'] });
  atEnd.after(async () => {
    if (child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.on('close', resolve));
    process.kill(-child.pid, 'SIGTERM');
    await ended;
  });
  return child;
}
async function answers(origin, method, where) {
  for (let i = 0; i < 400; i++) {
    try { return await fetch(new URL(where, origin), { method }); } catch { await sleep(50); }
  }
  throw new Error(`nothing answers at ${origin}`);
}

// The constant responder behind an nginx with digitd's own configuration, as conf/run has just written it for like.
export async function startConstant(like, workers) {
  const port = await freePort(), state = path.join(path.dirname(like.state), 'constant');
  for (const dir of ['run', 'tmp', 'log', 'nginx']) fs.mkdirSync(path.join(state, dir), { recursive: true });
  for (const part of ['nginx.conf', 'nginx/http.conf', 'nginx/server.conf']) {
    const text = fs.readFileSync(path.join(like.state, part), 'utf8').replaceAll(`${like.state}/`, `${state}/`).replaceAll(`:${like.site.port};`, `:${port};`);
    fs.writeFileSync(path.join(state, part), text);
  }
  execFileSync('chown', ['-R', '--reference', like.state, state]);
  const socket = path.join(state, 'run/main.sock');
  const child = startGroup('sh', ['-c', '"$0" "$1" "$2" & nginx=$(command -v nginx || echo /usr/sbin/nginx); "$nginx" -p "$3/" -c "$3/nginx.conf" -e "$3/log/nginx-error.log" -g "daemon off;" & wait',
    path.join(build, 'bench/constant_responder'), socket, String(workers), state]);
  const origin = new URL(`http://localhost:${port}/`);
  await answers(origin, 'GET', 'history');
  return { name: 'constant', group: child.pid, origin, load: like.load };
}

export const python = '/usr/bin/python3'; // Debian's, which has Debian's PyTorch
// What it lacks of these modules, as a sentence; null: nothing.
export function pythonLacks(...modules) {
  const ran = spawnSync(python, ['-c', `import ${modules.join(', ')}`], { encoding: 'utf8' });
  return ran.status === 0 ? null : ran.stderr?.trim().split('\n').pop() || `no ${python}`;
}

// Flask, gunicorn and PyTorch, or why not: the packages are for whoever wants to compare.
export async function startFlask(parts, workers) {
  const missing = pythonLacks('flask', 'gunicorn', 'torch', 'PIL', 'numpy');
  if (missing) return { missing };
  const port = await freePort(), origin = new URL(`http://127.0.0.1:${port}/`);
  const child = startGroup(python, ['-m', 'gunicorn.app.wsgiapp', '--log-level', 'critical', '--workers', String(workers), '--bind', `127.0.0.1:${port}`, '--chdir', 'tests/bench', 'flask_app:app'],
    { WEIGHTS: path.join(root, 'weights/digits.safetensors'), PYTHONDONTWRITEBYTECODE: '1' });
  const reply = await answers(origin, 'POST', 'login');
  return { name: 'flask', group: child.pid, origin, load: asLoad(parts, reply.headers.get('set-cookie').split(';')[0]) };
}
