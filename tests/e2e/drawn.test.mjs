// A drawing is kept in the history once, however it ends (R126): it rests, is cleared, another screen or picture comes, the tab is
// hidden, the page is loaded anew or closed, its visitor logs out.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { assertClean, launch } from './browser.mjs';
import { root } from './lib.mjs';
import { end, enter, shown, text } from './visit.mjs';

const slow = { timeout: 300000 };
const browser = await launch();
test.after(() => browser.close());

const history = async ({ program }) => (await program.send('GET', 'history')).json.history;
// Waits for as many entries, and looks whether there are more a little later than a drawing rests.
async function keptAre(visit, n, { rest = 2600 } = {}) {
  for (let i = 0; i < 150 && (await history(visit)).length < n; i++) await new Promise((done) => setTimeout(done, 100));
  await new Promise((done) => setTimeout(done, rest));
  const list = await history(visit);
  assert.equal(list.length, n, JSON.stringify(list.map(({ kind, digit, text: read }) => [kind, digit ?? read])));
  return list;
}
// A 1, drawn without waiting for anything; share: where on the pad.
async function one({ page }, share = 0.5) {
  const box = await page.locator('#pad').boundingBox();
  const x = box.x + box.width * share;
  await page.mouse.move(x, box.y + box.height * 0.2);
  await page.mouse.down();
  await page.mouse.move(x + 2, box.y + box.height * 0.8, { steps: 6 });
  await page.mouse.up();
}
const cross = async (visit) => { // a bar over the 1
  const { page } = visit, box = await page.locator('#pad').boundingBox();
  await page.mouse.move(box.x + box.width * 0.46, box.y + box.height * 0.3);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.2, { steps: 4 });
  await page.mouse.up();
};

test('R126: five digits drawn quickly, with Clear between them, are five entries', slow, async () => {
  const visit = await enter(browser);
  for (let i = 0; i < 5; i++) {
    await one(visit);
    if (i === 2) await visit.page.press('#pad', 'Escape');
    else await visit.page.click('#pad-clear');
    assert.equal(await text(visit.page, '#answer-word'), 'Ready');
  }
  await keptAre(visit, 5);
  await end(visit);
});

test('R126: what rested, was drawn on and then cleared is one entry; what was taken back is none', slow, async () => {
  const visit = await enter(browser);
  await one(visit);
  await keptAre(visit, 1);
  await cross(visit);
  await visit.page.click('#pad-clear');
  await keptAre(visit, 1);
  await one(visit);
  await visit.page.click('#pad-undo');
  await keptAre(visit, 1);
  await end(visit);
});

const ENDS = {
  'History comes': async ({ page }) => {
    await page.click('nav a[href="#history"]');
    await shown(page, '#history-list > li');
    assert.equal(await page.locator('#history-list > li').count(), 1, 'it is in the list that comes');
  },
  'the model comes': ({ page }) => page.click('nav a[href="#model"]'),
  'the page is loaded anew': ({ page }) => page.reload(),
  'the page is left': ({ page }) => page.goto('about:blank'),
  'the tab is closed': ({ page }) => page.close({ runBeforeUnload: true }),
  'the visitor logs out': ({ page }) => page.click('#logout'),
  'the tab is hidden': ({ page }) => page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
    document.dispatchEvent(new Event('visibilitychange'));
    document.dispatchEvent(new Event('visibilitychange'));
  }),
};
for (const [what, how] of Object.entries(ENDS)) {
  test(`R126: ${what}: the drawing is kept, once`, slow, async () => {
    const visit = await enter(browser);
    visit.seen.allow = /net::ERR_ABORTED|Failed to load resource: net/;
    await one(visit);
    await how(visit);
    await keptAre(visit, 1);
    if (what !== 'the tab is closed' && what !== 'the page is left') await assertClean(visit);
    await visit.context.close();
  });
}

test('R126: a drawing that rested and was drawn on is one entry when the page is loaded anew', slow, async () => {
  const visit = await enter(browser);
  await one(visit);
  const [before] = await keptAre(visit, 1);
  await cross(visit);
  await visit.page.reload();
  await shown(visit.page, '#screen-read');
  const [now] = await keptAre(visit, 1);
  assert.notEqual(now.id, before.id, 'the later one');
  await visit.context.close();
});

test('R126: a picture in its place keeps the drawing and the picture', slow, async () => {
  const visit = await enter(browser);
  await one(visit);
  await visit.page.setInputFiles('#files', path.join(root, 'html/samples/7.png'));
  await keptAre(visit, 2);
  await end(visit);
});

test('R126: what cannot be kept is told, also after Clear', slow, async () => {
  const visit = await enter(browser);
  const { page, seen } = visit;
  seen.allow = /net::ERR_FAILED/;
  await page.route('**/read?*save=1*', (route) => route.abort());
  await one(visit);
  await page.click('#pad-clear');
  await page.waitForFunction(() => /history/.test(document.querySelector('#read-note p').textContent));
  await end(visit);
});
