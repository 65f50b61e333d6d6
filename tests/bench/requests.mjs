// node tests/bench/requests.mjs [--rounds N] [--seconds N] [--connections N] [--no-flask]: what a POST /classify of one 28x28 PNG costs
// digitd and nginx together, beside a responder on libfcgi that reads the body and answers a constant behind an equal nginx, and beside
// Flask, gunicorn and PyTorch. All run at the same time and are loaded in turn, round by round; medians of the rounds are printed, and of
// their ratios, as `name value unit`. Judge by a quiet machine: contention flatters the ratios. A peer that is missing is said on stderr,
// and nothing is printed of it.
import fs from 'node:fs';
import path from 'node:path';
import { endAll, have, loaded, median, root, say, startConstant, startDigitd, startFlask, systemCalls } from './site.mjs';

const settings = { rounds: 7, seconds: 3, connections: 8, workers: 2 };
let flaskToo = true;
for (let i = 2; i < process.argv.length; i++) {
  const name = process.argv[i].replace(/^--/, '');
  if (name === 'no-flask') flaskToo = false;
  else if (name in settings && Number(process.argv[i + 1]) >= 1) settings[name] = Number(process.argv[++i]);
  else { console.error(`usage: requests.mjs ${Object.keys(settings).map((each) => `[--${each} N]`).join(' ')} [--no-flask]`); process.exit(2); }
}
const parts = [{ filename: '7.png', bytes: fs.readFileSync(path.join(root, 'html/samples/7.png')) }];

function report(name, rounds) {
  const of = (pick) => median(rounds.map(pick));
  say(`classify_${name}_cpu_us`, of((r) => r.cpu_us), 'us');
  for (const part of Object.keys(rounds[0].parts)) say(`classify_${name}_${part}_cpu_us`, of((r) => r.parts[part].cpu_us), 'us');
  say(`classify_${name}_rate`, of((r) => r.rate), '1/s');
  say(`classify_${name}_p50_us`, of((r) => r.p50_us), 'us');
  say(`classify_${name}_p99_us`, of((r) => r.p99_us), 'us');
  say(`classify_${name}_switches`, of((r) => r.switches), '1/request');
  for (const part of Object.keys(rounds[0].parts)) say(`classify_${name}_${part}_switches`, of((r) => r.parts[part].switches), '1/request');
}

async function compare() {
  if (!have('wrk')) throw new Error('wrk is missing: apt-get install wrk');
  const digitd = await startDigitd(parts, { WORKERS: settings.workers });
  const sites = [digitd, await startConstant(digitd, settings.workers)];
  if (flaskToo) {
    const flask = await startFlask(parts, settings.workers);
    if (flask.missing) console.error(`requests: no comparison with Flask, gunicorn and PyTorch: ${flask.missing}`);
    else sites.push(flask);
  }
  const rounds = Object.fromEntries(sites.map((site) => [site.name, []]));
  for (const site of sites) await loaded(site, 1, settings.connections); // caches warm, first pages touched
  for (let round = 0; round < settings.rounds; round++)
    for (const site of sites) rounds[site.name].push(await loaded(site, settings.seconds, settings.connections));
  for (const site of sites) report(site.name, rounds[site.name]);
  const ratio = (other, pick) => median(rounds.digitd.map((r, i) => pick(r) / pick(rounds[other][i])));
  say('classify_cpu_of_constant', ratio('constant', (r) => r.cpu_us), 'times');
  say('classify_rate_of_constant', ratio('constant', (r) => r.rate), 'times');
  if (rounds.flask) {
    say('classify_rate_of_flask', ratio('flask', (r) => r.rate), 'times');
    say('classify_cpu_of_flask', ratio('flask', (r) => r.cpu_us), 'times');
  }
  for (const site of sites.slice(0, 2)) {
    const calls = have('perf') ? await systemCalls(site, 1, settings.connections) : null;
    if (!calls) { console.error('requests: system calls were not counted: perf is missing or may not (apt-get install linux-perf, as root)'); break; }
    for (const [part, n] of Object.entries(calls)) say(`classify_${site.name}_${part}_calls`, n, '1/request');
  }
}

let status = 0;
try { await compare(); } catch (error) { console.error(`requests: ${error.message}`); status = 1; }
await endAll();
process.exit(status);
