// A site of a test's own: conf/run on a free port with a fresh state.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { keepTraces } from '../traces.mjs';
import { root } from './lib.mjs';

export const freePort = () => new Promise((resolve) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
export const alive = (pid) => { try { process.kill(pid, 0); return true; } catch { return false; } };
// The processes of a site. conf/run leads a process group of its own (detached), and nginx and digitd stay in it.
export const processes = (site) => execFileSync('ps', ['-eo', 'pgid=,pid='], { encoding: 'utf8' }).split('\n')
  .map((line) => line.trim().split(/\s+/).map(Number)).filter(([group]) => group === site.child.pid).map(([, pid]) => pid);

// Starts one with settings of its own in env, as many processes however many cores there are, and stops it when the test t has ended.
// command is what runs conf/run.
export async function start(t, env = {}, command = []) {
  const port = env.PORT ?? await freePort();
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-site-'));
  fs.chmodSync(parent, 0o755);
  const state = path.join(parent, 'state');
  const [file, ...args] = [...command, 'conf/run'];
  const child = spawn(file, args, { cwd: root, env: { ...process.env, PORT: port, STATE: state, WORKERS: 2,
    DIGITD_HASH_WORKERS: 1, DIGITD_PASSWORD_COST: 5, BASE_URL: '', ...env }, detached: true });
  const site = { port, state, child, out: '', get origin() { return new URL(`http://localhost:${port}/`); } }; // PORT may be nonsense
  child.stdout.on('data', (part) => { site.out += part; });
  child.stderr.on('data', (part) => { site.out += part; });
  site.ended = new Promise((resolve) => child.on('close', (code) => resolve(code)));
  t.after(async () => {
    if (child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
    await Promise.race([site.ended, sleep(60000, undefined, { ref: false })]);
    if (child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    fs.writeFileSync(path.join(parent, 'log'), site.out); // what it said
    keepTraces(parent);
    fs.rmSync(parent, { recursive: true, force: true });
  });
  const started = performance.now();
  while (!/^ready on/m.test(site.out) && child.exitCode === null && performance.now() - started < 240000) await sleep(20);
  site.startMs = performance.now() - started;
  return site;
}
