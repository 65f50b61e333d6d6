// A thread of slow clients: so many connections at a time, spread over addresses of their own in 127.0.0.0/8, each of a kind that keeps nginx
// waiting. One that nginx closes is opened anew. workerData: { port, addresses: [..], each: { kind: connections of an address } }.
// Messages: 'open' when all have been opened once; then, when asked for, { open, opened, closed, refused: { status: n } }.
import net from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

const { port, addresses, each } = workerData;
const post = (where, length) => `POST ${where} HTTP/1.1\r\nHost: localhost:${port}\r\nOrigin: http://localhost:${port}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
// What a connection begins with. Then it sends a byte at a time; those that only read do not even that.
const BEGINS = {
  silent: '', // connects, and says nothing
  header: `GET /session HTTP/1.1\r\nHost: localhost:${port}\r\nX-Slow: `,
  session: post('/session', 8000), login: post('/login', 8000), history: post('/history', 8000), page: post('/', 8000),
  classify: post('/classify', 60000), read: post('/read', 60000), upload: post('/classify', 5000000),
  // Asks for more than any buffer holds, and takes nothing of it.
  reader: `GET /openapi.json HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`.repeat(300),
};
const DRIP = new Set(['header', 'session', 'login', 'history', 'page', 'classify', 'read', 'upload']);
const seen = { opened: 0, closed: 0, errors: {}, refused: {} }, open = new Set();
let toOpen = 0, ended = false;

function connect(address, kind, first) {
  const socket = net.connect({ host: '127.0.0.1', port, localAddress: address });
  let here = false, since = 0;
  const came = () => {
    if (first) { first = false; if (--toOpen === 0) parentPort.postMessage('open'); }
  };
  socket.on('connect', () => {
    here = true;
    since = performance.now();
    seen.opened++;
    open.add(socket);
    socket.kind = kind;
    if (BEGINS[kind]) socket.write(BEGINS[kind]);
    if (kind === 'reader') { // node does not notice when a connection that it does not read is cut off: just before nginx does that
      socket.pause();
      setTimeout(() => socket.destroy(), 9500);
    }
    came();
  });
  if (kind !== 'reader') socket.on('data', (part) => {
    const status = /^HTTP\/1.1 (\d+)/.exec(part.toString('latin1'))?.[1];
    if (status) seen.refused[`${kind} ${status}`] = (seen.refused[`${kind} ${status}`] ?? 0) + 1;
  });
  socket.on('error', (error) => { if (!here) seen.errors[error.code] = (seen.errors[error.code] ?? 0) + 1; });
  socket.on('close', () => {
    open.delete(socket);
    seen.closed++;
    came();
    // At once where nginx had waited for it, so that their number stays; not where it was answered, or that would be a flood.
    const pause = here && performance.now() - since > 5000 ? 100 : 1000;
    if (!ended) setTimeout(() => { if (!ended) connect(address, kind, false); }, pause * Math.random());
  });
}

const all = addresses.flatMap((address) => Object.entries(each).flatMap(([kind, n]) => Array.from({ length: n }, () => [address, kind])));
toOpen = all.length;
for (const [address, kind] of all) connect(address, kind, true);
// A tenth of them each 300 ms: a byte from each in 3 s, well within nginx's time between two reads.
let turn = 0;
setInterval(() => {
  turn = (turn + 1) % 10;
  let i = 0;
  for (const socket of open) if (i++ % 10 === turn && DRIP.has(socket.kind)) socket.write('1');
}, 300);
parentPort.on('message', (what) => {
  if (what === 'count') parentPort.postMessage({ open: open.size, ...seen });
  if (what === 'end') {
    ended = true;
    for (const socket of open) socket.destroy();
    setTimeout(() => process.exit(0), 200);
  }
});
