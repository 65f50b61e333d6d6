// What docker-compose.yml may say where docker and podman differ (tests/deploy tries both for real).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { root } from './lib.mjs';

test('the options of a tmpfs are those that docker and podman both take', () => {
  const file = fs.readFileSync(path.join(root, 'docker-compose.yml'), 'utf8');
  const lists = [...file.matchAll(/tmpfs: *(?:#.*)?(\[.*\]|(?:\n +- .*)+)/g)].map(([, list]) => list);
  const mounts = lists.flatMap((list) => [...list.matchAll(/(\/[a-z/]+)(?::([^\s"#]+))?/g)].map(([, where, options = '']) => [where, options.split(',')]));
  assert.deepEqual(mounts.map(([where]) => where), ['/tmp', '/var/lib/nginx', '/tmp']);
  // podman 4.3 refuses uid= and gid=, and gives the directory the mode that it has in the image, or 0755 below /run.
  for (const [where, options] of mounts) for (const option of options) assert.match(option, /^(mode=1777|size=\d+m)$/, `${where}: ${option}`);
  assert.match(fs.readFileSync(path.join(root, 'conf/Dockerfile'), 'utf8'), /install -d -m 1777 \/var\/lib\/nginx$/m);
});
