// What /proc tells of processes. Each answer is of this moment, and a process that is gone has neither children nor time.
import fs from 'node:fs';

const read = (file) => { try { return fs.readFileSync(file, 'utf8'); } catch { return null; } };
const numbers = (text) => text.trim().split(/\s+/).filter(Boolean).map(Number);
// The fields of /proc/PID/stat from the third one on; the second one, a name in brackets, may hold anything.
const stat = (pid) => read(`/proc/${pid}/stat`)?.split(') ').pop().split(' ') ?? null;

// A zombie still takes signals.
export const isGone = (pid) => { const now = stat(pid); return now === null || now[0] === 'Z'; };

// A signal that stops is on its way at first: on a busy machine a process goes on for a while.
export const isStopped = (pid) => stat(pid)?.[0] === 'T';

// Processor time that a process has had, in ms (in steps of 10).
export const cpuMs = (pid) => { const now = stat(pid); return now === null ? 0 : (Number(now[11]) + Number(now[12])) * 10; };

// The children of a process, eldest first. Not every kernel has the list of them (CONFIG_PROC_CHILDREN): then all are asked.
const listed = read(`/proc/self/task/${process.pid}/children`) !== null;
export function childrenOf(pid) {
  if (listed) return numbers(read(`/proc/${pid}/task/${pid}/children`) ?? '');
  const born = (child) => Number(stat(child)?.[19] ?? 0);
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name) && stat(name)?.[1] === String(pid)).map(Number)
    .sort((a, b) => born(a) - born(b) || a - b);
}
