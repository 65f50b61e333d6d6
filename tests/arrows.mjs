#!/usr/bin/env node
// tests/arrows.mjs BUILD [ROOT]: which way the rooms and files of C depend on each other, held against the table of rooms and the picture
// in docs/ARCHITECTURE.md. What a file uses is taken from its #include lines and from nm of its object under BUILD, not from a list.
// Prints each fault and a count; exit status 1 if there is any.
//
// A fault is: an include or a call that goes to a room which the table does not allow; a circle of calls between files, or of includes;
// a directory with C files that the table lacks, and the other way round; a picture that does not show what the table says; a library's
// header outside the one place that the table gives it; what the table allows and nobody does; a source without an object; a room with too many files.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const ROOM_FILES_MAX = 25;
const TREES = ['fcgi', 'weights'];
const STANDARD = new Set(`assert complex ctype dirent errno fcntl fenv fnmatch ftw getopt glob grp inttypes iso646 libgen limits locale malloc math
  poll pthread pwd regex sched search semaphore setjmp signal spawn stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn
  string strings syslog termios threads time uchar unistd utime wchar wctype`.split(/\s+/).map((name) => `${name}.h`));
const STANDARD_FOLDERS = /^(sys|linux|asm|net|netinet|arpa)\//;

const build = process.argv[2] ?? 'build';
process.chdir(process.argv[3] ?? new URL('..', import.meta.url).pathname);

const faults = [];
const fault = (text) => faults.push(text);
const read = (file) => fs.readFileSync(file, 'utf8');

// ---- the rooms, as docs/ARCHITECTURE.md has them

const short = (folder) => folder.replace(/^(fcgi|weights)\//, '');

/** [{folder, name, uses: [name], libraries: [{header, file}]}], and the picture's lines: [[name]]. */
function readRooms() {
  const text = read('docs/ARCHITECTURE.md');
  const section = /^## Rooms\n([^]*?)(?=^## )/m.exec(`${text}\n## `)?.[1] ?? '';
  const rooms = [];
  for (const line of section.split('\n')) {
    const cells = line.split('|').map((cell) => cell.trim());
    const folder = /^`((?:fcgi|weights)\/[a-z/]+)`$/.exec(cells[1] ?? '')?.[1];
    if (!folder) continue;
    const libraries = [...cells[3].matchAll(/`<([^>]+)>`(?: in `([^`]+)`)?/g)].map(([, header, file]) => ({ header, file }));
    rooms.push({ folder, name: short(folder), libraries, uses: cells[4].match(/[a-z/]+/g) ?? [] });
  }
  const picture = (/^```\n([^]*?)^```/m.exec(section)?.[1] ?? '').split('\n').map((line) => line.match(/[a-z][a-z/]*/g) ?? []);
  return { rooms, picture };
}

/** The picture shows each room once, and what a room uses on a line below its own. */
function checkPicture({ rooms, picture }) {
  const level = new Map();
  picture.forEach((names, i) => names.forEach((name) => {
    if (level.has(name)) fault(`the picture shows ${name} twice`);
    level.set(name, i);
  }));
  for (const { name, uses } of rooms) {
    if (!level.has(name)) fault(`the picture lacks ${name}`);
    for (const used of uses) {
      if (!rooms.some((room) => room.name === used)) fault(`the table lets ${name} use ${used}, which is no room`);
      else if (level.get(used) <= level.get(name)) fault(`the picture does not show ${used} below ${name}, which may use it`);
    }
  }
  for (const name of level.keys()) if (!rooms.some((room) => room.name === name)) fault(`the picture shows ${name}, which is not in the table`);
}

// ---- the files

function walk(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
}

const files = TREES.flatMap(walk).filter((file) => /\.[ch]$/.test(file)).sort();
const has = new Set(files);
const { rooms, picture } = readRooms();
const roomOf = (file) => rooms.find((room) => room.folder === path.dirname(file));

function checkFolders() {
  if (rooms.length === 0) fault('docs/ARCHITECTURE.md has no table of rooms');
  for (const folder of new Set(files.map(path.dirname))) if (!rooms.some((room) => room.folder === folder)) fault(`${folder}: not in the table of rooms`);
  for (const { folder } of rooms) {
    const n = files.filter((file) => path.dirname(file) === folder).length;
    if (n === 0) fault(`${folder}: in the table of rooms, but without C files`);
    if (n > ROOM_FILES_MAX) fault(`${folder}: ${n} C files; a room has up to ${ROOM_FILES_MAX}`);
  }
}

let upward = 0;
const used = new Set(); // "ROOM ROOM"
/** One file uses another, by an include or by these symbols. */
function checkArrow(from, to, how) {
  const a = roomOf(from), b = roomOf(to);
  if (!a || !b || a === b) return;
  used.add(`${a.name} ${b.name}`);
  if (a.uses.includes(b.name)) return;
  upward++;
  fault(`upward: ${from} ${how} ${to}; ${a.name} may use ${a.uses.join(' ') || 'no room'}`);
}

/** A header is named by its room ("store/store.h"), or without one where it lies in the same. */
function resolve(file, name) {
  if (!name.includes('/')) return path.join(path.dirname(file), name);
  return ['fcgi', 'weights/train'].map((top) => path.join(top, name)).find((found) => has.has(found));
}

function checkLibrary(file, header) {
  if (STANDARD.has(header) || STANDARD_FOLDERS.test(header)) return;
  const owner = rooms.find(({ libraries }) => libraries.some((library) => library.header === header));
  if (!owner) return fault(`${file} includes <${header}>, which no room of the table has`);
  const only = owner.libraries.find((library) => library.header === header).file;
  const at = path.join(owner.folder, only ?? path.basename(file));
  if (file !== at) fault(`${file} includes <${header}>; only ${only ? at : owner.folder} may`);
}

/** file -> files that it includes. */
function readIncludes() {
  const includes = new Map();
  const seen = new Set();
  for (const file of files) {
    const to = new Set();
    for (const [, quoted, angled] of read(file).matchAll(/^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)/gm)) {
      if (angled) { seen.add(angled); checkLibrary(file, angled); continue; }
      const found = quoted.includes('..') ? undefined : resolve(file, quoted);
      if (!found || !has.has(found)) { fault(`${file} includes "${quoted}": a header is named by its room`); continue; }
      to.add(found);
      checkArrow(file, found, 'includes');
    }
    includes.set(file, to);
  }
  for (const { folder, libraries } of rooms) {
    for (const { header } of libraries) if (!seen.has(header)) fault(`${folder}: the table gives it <${header}>, which nobody includes`);
  }
  return includes;
}

/** The source of an object; one source may be compiled several times, as NAME_SET.o without NAME.o. An object that was left behind has none. */
function sourceOf(object) {
  const stem = path.relative(build, object).slice(0, -2), name = stem.replace(/_[a-z0-9]+$/, '');
  if (has.has(`${stem}.c`)) return `${stem}.c`;
  return has.has(`${name}.c`) && !fs.existsSync(path.join(build, `${name}.o`)) ? `${name}.c` : undefined;
}

/** source -> source -> names that the first takes of the second. */
function readCalls() {
  const objects = TREES.flatMap((tree) => walk(path.join(build, tree))).filter((file) => file.endsWith('.o') && sourceOf(file));
  const defined = new Map(), wanted = new Map();
  for (const object of objects) wanted.set(sourceOf(object), new Set());
  const symbols = objects.length > 0 ? execFileSync('nm', ['-PA', ...objects], { encoding: 'utf8', maxBuffer: 1 << 26 }) : '';
  for (const [, object, name, type] of symbols.matchAll(/^(.*): (\S+) (\S) /gm)) {
    if (type === 'U') wanted.get(sourceOf(object)).add(name);
    else if (/^[TDBRGSVWC]$/.test(type)) defined.set(name, sourceOf(object));
  }
  for (const file of files) if (file.endsWith('.c') && !wanted.has(file)) fault(`${file}: no object in ${build}: is its room in the Makefile?`);
  const calls = new Map();
  for (const [source, names] of wanted) {
    const to = new Map();
    for (const name of names) {
      const at = defined.get(name);
      if (at && at !== source) to.set(at, [...to.get(at) ?? [], name]);
    }
    calls.set(source, to);
    for (const [at, taken] of to) checkArrow(source, at, `takes ${taken.join(', ')} of`);
  }
  return calls;
}

/** Sets of nodes each of which can be reached from each other (Tarjan 1972), of two and more. */
function circlesOf(graph) {
  const index = new Map(), low = new Map(), stack = [], on = new Set(), found = [];
  const visit = (node) => {
    index.set(node, index.size);
    low.set(node, index.get(node));
    stack.push(node);
    on.add(node);
    for (const next of graph.get(node)?.keys() ?? []) {
      if (!index.has(next)) visit(next);
      if (on.has(next)) low.set(node, Math.min(low.get(node), low.get(next)));
    }
    if (low.get(node) !== index.get(node)) return;
    const circle = stack.splice(stack.indexOf(node));
    circle.forEach((each) => on.delete(each));
    if (circle.length > 1) found.push(circle.sort());
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return found;
}

function checkCircles(graph, what) {
  const circles = circlesOf(graph);
  for (const circle of circles) {
    const arrows = circle.flatMap((a) => circle.filter((b) => graph.get(a)?.has(b))
      .map((b) => `\n    ${a} -> ${b}${graph.get(a) instanceof Map ? ` (${graph.get(a).get(b).join(', ')})` : ''}`));
    fault(`circle of ${what}:${arrows.join('')}`);
  }
  return circles.length;
}

function checkUsed() {
  for (const { name, uses } of rooms) {
    for (const each of uses) if (!used.has(`${name} ${each}`)) fault(`the table lets ${name} use ${each}, which nothing in it does`);
  }
}

checkFolders();
checkPicture({ rooms, picture });
const includes = readIncludes(), calls = readCalls();
checkUsed();
const circles = checkCircles(calls, 'calls') + checkCircles(includes, 'includes');
const n = [...calls.values()].reduce((sum, to) => sum + to.size, 0);
for (const each of faults) console.log(`arrows: ${each}`);
console.log(`arrows: ${rooms.length} rooms, ${files.length} files, ${n} calls between files, ${upward} upward, ${circles} circles`);
process.exit(faults.length > 0 ? 1 : 0);
