// tests/arrows.mjs against a house of three rooms that is in order, and against each fault put into it by itself.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

const tool = new URL('arrows.mjs', import.meta.url).pathname;
const TABLE = `## Rooms

\`\`\`
top
middle
bottom
\`\`\`

| room | what it holds | library | may use |
|---|---|---|---|
| \`fcgi/bottom\` | what all need | zlib \`<zlib.h>\` in \`one.c\` | |
| \`fcgi/middle\` | more | | bottom |
| \`weights/top\` | all of it | | bottom middle |

## After
`;
const HOUSE = {
  'docs/ARCHITECTURE.md': TABLE,
  'fcgi/bottom/one.h': 'int one(void);\n',
  'fcgi/bottom/one.c': '#include "one.h"\n#include <string.h>\n#include <zlib.h>\nint one(void) { return 1; }\n',
  'fcgi/middle/two.h': 'int two(void);\nint two_more(void);\n',
  'fcgi/middle/two.c': '#include "two.h"\n#include "bottom/one.h"\nint two(void) { return one() + two_more(); }\n',
  'fcgi/middle/more.c': '#include "two.h"\nint two_more(void) { return 3; }\n',
  'weights/top/main.c': '#include "middle/two.h"\n#include "bottom/one.h"\nint main(void) { return two() + one(); }\n',
};

/** Builds the house with these files in place of its own, and runs the tool on it. */
function look(changes = {}) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'digitd-arrows-'));
  try {
    const files = Object.entries({ ...HOUSE, ...changes });
    for (const [name, text] of files) {
      fs.mkdirSync(path.join(root, path.dirname(name)), { recursive: true });
      fs.writeFileSync(path.join(root, name), text);
    }
    for (const [name] of files.filter(([each]) => each.endsWith('.c') && !each.includes('unbuilt'))) {
      const object = path.join(root, 'build', name.replace(/c$/, 'o'));
      fs.mkdirSync(path.dirname(object), { recursive: true });
      execFileSync(process.env.CC ?? 'gcc', ['-Ifcgi', '-Iweights/train', '-c', '-o', object, name], { cwd: root });
    }
    const { status, stdout, stderr } = spawnSync('node', [tool, 'build', root], { encoding: 'utf8' });
    assert.equal(stderr, '');
    return { status, stdout };
  } finally {
    fs.rmSync(root, { recursive: true });
  }
}

test('a house in order has no fault', () => {
  const { status, stdout } = look();
  assert.equal(stdout, 'arrows: 3 rooms, 6 files, 4 calls between files, 0 upward, 0 circles\n');
  assert.equal(status, 0);
});

const more = (text) => `#include "two.h"\n${text}\nint two_more(void) { return 3; }\n`;
const FAULTS = {
  'an include that goes up': [{ 'fcgi/bottom/one.c': `#include "middle/two.h"\n${HOUSE['fcgi/bottom/one.c']}` }, /upward: fcgi\/bottom\/one\.c includes fcgi\/middle\/two\.h/],
  'a call that goes up, by a declaration of its own': [
    { 'fcgi/bottom/one.c': '#include "one.h"\n#include <zlib.h>\nint two_more(void);\nint one(void) { return two_more(); }\n' },
    /upward: fcgi\/bottom\/one\.c takes two_more of fcgi\/middle\/more\.c/],
  'a circle of calls': [{ 'fcgi/middle/more.c': '#include "two.h"\nint two_more(void) { return two(); }\n' },
    /circle of calls:\n {4}fcgi\/middle\/more\.c -> fcgi\/middle\/two\.c \(two\)\n {4}fcgi\/middle\/two\.c -> fcgi\/middle\/more\.c \(two_more\)/],
  'a circle of data': [{ 'fcgi/middle/more.c': 'extern int two_table[];\nint two_more(void) { return two_table[0]; }\n',
    'fcgi/middle/two.c': `${HOUSE['fcgi/middle/two.c']}int two_table[] = {1};\n` }, /circle of calls:/],
  'a circle of includes': [{ 'fcgi/middle/two.h': '#pragma once\n#include "more.h"\nint two(void);\nint two_more(void);\n', 'fcgi/middle/more.h': '#pragma once\n#include "two.h"\n' },
    /circle of includes:\n {4}fcgi\/middle\/more\.h -> fcgi\/middle\/two\.h/],
  'a room that the table lacks': [{ 'fcgi/other/x.c': 'int x;\n' }, /fcgi\/other: not in the table/],
  'a room without files': [{ 'docs/ARCHITECTURE.md': TABLE.replace('| `fcgi/middle`', '| `fcgi/empty` | nothing | | |\n| `fcgi/middle`') }, /fcgi\/empty: in the table of rooms, but without C files/],
  'a table that allows too much': [{ 'fcgi/middle/two.c': '#include "two.h"\nint two(void) { return two_more(); }\n' }, /the table lets middle use bottom, which nothing in it does/],
  'a library elsewhere in its room': [{ 'fcgi/bottom/other.c': '#include <zlib.h>\nint other;\n' }, /other\.c includes <zlib\.h>; only fcgi\/bottom\/one\.c may/],
  'a library in another room': [{ 'fcgi/middle/more.c': more('#include <zlib.h>') }, /more\.c includes <zlib\.h>; only fcgi\/bottom\/one\.c may/],
  'a library that no room has': [{ 'fcgi/middle/more.c': more('#include <sqlite3.h>') }, /more\.c includes <sqlite3\.h>, which no room/],
  'a library that nobody uses': [{ 'fcgi/bottom/one.c': '#include "one.h"\nint one(void) { return 1; }\n' }, /fcgi\/bottom: the table gives it <zlib\.h>/],
  'a header named by the way to it': [{ 'fcgi/middle/more.c': more('#include "../bottom/one.h"') }, /more\.c includes "\.\.\/bottom\/one\.h": a header is named by its room/],
  'a source that is not built': [{ 'fcgi/middle/unbuilt.c': 'int x;\n' }, /unbuilt\.c: no object in build/],
  'a crowded room': [Object.fromEntries(Array.from({ length: 24 }, (_, i) => [`fcgi/bottom/f${i}.h`, ''])), /fcgi\/bottom: 26 C files; a room has up to 25/],
  'a picture that lacks a room': [{ 'docs/ARCHITECTURE.md': TABLE.replace('\nmiddle\n', '\n') }, /the picture lacks middle/],
  'a picture upside down': [{ 'docs/ARCHITECTURE.md': TABLE.replace('middle\nbottom', 'bottom\nmiddle') }, /the picture does not show bottom below middle/],
  'no table': [{ 'docs/ARCHITECTURE.md': '# nothing\n' }, /has no table of rooms/],
};
for (const [name, [changes, message]] of Object.entries(FAULTS)) {
  test(name, () => {
    const { status, stdout } = look(changes);
    assert.match(stdout, message);
    assert.equal(status, 1);
  });
}
