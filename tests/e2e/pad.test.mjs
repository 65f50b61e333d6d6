// The drawing pad in a real browser: ten digits drawn by mouse, by finger, by pen and by keyboard; undo, clear, and a page that stays put.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertClean, inspect, launch, newPage } from './browser.mjs';
import { base, goodPassword, newEmail } from './lib.mjs';
import { end, fill, says, shown } from './visit.mjs';

// As a hand draws them, each stroke a line of points in a box of 100 x 140.
const arc = (x, y, rx, ry, from, to, n = 24) => Array.from({ length: n + 1 }, (_, i) => {
  const angle = (from + (to - from) * i / n) * Math.PI / 180;
  return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)];
});
const HAND = [
  [arc(50, 70, 30, 54, -90, 270)],
  [[[36, 36], [54, 14], [54, 126]]],
  [[...arc(50, 44, 28, 30, 190, 390), [22, 124], [80, 124]]],
  [[...arc(46, 42, 28, 28, 200, 450), ...arc(46, 98, 32, 28, -90, 150)]],
  [[[58, 14], [18, 88], [84, 88]], [[64, 58], [64, 128]]],
  [[[34, 16], [30, 62], ...arc(48, 92, 30, 34, 240, 510)], [[34, 16], [78, 16]]],
  [[[64, 14], [36, 50], ...arc(50, 94, 28, 32, 190, 540)]],
  [[[20, 18], [82, 18], [44, 126]]],
  [[...arc(50, 42, 24, 28, 90, 450), ...arc(50, 98, 30, 28, -90, 270)]],
  [[...arc(50, 44, 28, 30, 20, 380), [74, 90], [66, 126]]],
];

const browser = await launch();
test.after(() => browser.close());

async function enter(options) {
  const visit = await newPage(browser, options);
  visit.seen.allow = /willReadFrequently/; // these tests look at the pad's pixels
  await visit.page.goto(`${base}#signup`);
  await shown(visit.page, '#signup');
  await fill(visit.page, 'signup', { email: newEmail(), password: goodPassword });
  await shown(visit.page, '#screen-read');
  return visit;
}
// The points of a stroke on the window; the digit's box is in the middle of the pad.
async function onPad(page, points) {
  const box = await page.locator('#pad').boundingBox();
  const unit = box.height * 0.8 / 140;
  return points.map(([x, y]) => [box.x + box.width / 2 + (x - 50) * unit, box.y + box.height / 2 + (y - 70) * unit]);
}
async function draw(page, stroke, dispatch) {
  const points = await onPad(page, stroke);
  await dispatch('down', points[0]);
  for (let i = 1; i < points.length; i++) { // straight runs in steps, as a pointer moves
    const [[x0, y0], [x1, y1]] = [points[i - 1], points[i]];
    const steps = Math.max(1, Math.round(Math.hypot(x1 - x0, y1 - y0) / 12));
    for (let s = 1; s <= steps; s++) await dispatch('move', [x0 + (x1 - x0) * s / steps, y0 + (y1 - y0) * s / steps]);
  }
  await dispatch('up', points.at(-1));
}
const mouse = ({ page }) => (kind, [x, y]) => ({ down: async () => { await page.mouse.move(x, y); await page.mouse.down(); }, move: () => page.mouse.move(x, y), up: () => page.mouse.up() })[kind]();
async function finger({ context, page }) {
  const cdp = await context.newCDPSession(page);
  const type = { down: 'touchStart', move: 'touchMove', up: 'touchEnd' };
  return (kind, [x, y]) => cdp.send('Input.dispatchTouchEvent', { type: type[kind], touchPoints: kind === 'up' ? [] : [{ x, y }] });
}
async function pen({ context, page }, force) {
  const cdp = await context.newCDPSession(page);
  const type = { down: 'mousePressed', move: 'mouseMoved', up: 'mouseReleased' };
  return (kind, [x, y]) => cdp.send('Input.dispatchMouseEvent', { type: type[kind], x, y, button: 'left', buttons: kind === 'up' ? 0 : 1, clickCount: 1, pointerType: 'pen', force });
}
const digit = (page, expected) => page.waitForFunction((d) => document.querySelector('#answer').dataset.digit === d, String(expected))
  .catch(async () => assert.fail(`drawn as ${expected}, read: ${await page.textContent('.verdict')}`));
const inked = (page) => page.evaluate(() => {
  const pad = document.querySelector('#pad');
  return pad.getContext('2d').getImageData(0, 0, pad.width, pad.height).data.filter((v, i) => i % 4 === 3 && v > 127).length;
});
const frame = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

// Breaks when a drawing is misread, is not answered as the pen lifts, or its last answer is that of an earlier stroke.
test('each of the ten digits, drawn with a mouse, is answered right', { timeout: 600000 }, async () => {
  const visit = await enter();
  const { page } = visit;
  assert.ok(await page.isVisible('#pad-hint'));
  await page.evaluate(() => { window.witness.shift = 0; });
  for (let d = 0; d < 10; d++) {
    for (const stroke of HAND[d]) await draw(page, stroke, mouse(visit));
    await digit(page, d);
    assert.match(await page.textContent('#answer-sure'), /\d\d\.\d%/);
    if (d === 3) await inspect(visit, 'read-drawn');
    await page.click('#pad-clear');
    assert.equal(await page.getAttribute('#answer', 'data-state'), 'empty');
    assert.ok(await page.isVisible('#pad-hint'));
  }
  assert.ok(await page.evaluate(() => window.witness.shift) < 0.01, 'the layout shifts while somebody draws');
  await end(visit);
});

// Breaks when a line cannot be taken back, a width changes nothing, or another picture leaves the drawing on the pad.
test('pen size, undo, clear, and a sample after a drawing', { timeout: 600000 }, async () => {
  const visit = await enter();
  const { page } = visit;
  const areas = [];
  for (const size of ['thin', 'middle', 'thick']) {
    await page.check(`#pad-size [value="${size}"]`, { force: true });
    await draw(page, HAND[1][0], mouse(visit));
    await digit(page, 1);
    await frame(page);
    areas.push(await inked(page));
    await page.click('#pad-clear');
  }
  await draw(page, HAND[1][0], mouse(visit));
  await page.emulateMedia({ colorScheme: 'dark' });
  await frame(page);
  assert.ok(await page.evaluate(() => {
    const pad = document.querySelector('#pad');
    const { data } = pad.getContext('2d').getImageData(0, 0, pad.width, pad.height);
    return data.some((value, i) => i % 4 === 0 && value > 200);
  }), 'dark ink on a dark pad');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.click('#pad-clear');
  assert.ok(areas[1] > areas[0] * 1.3 && areas[2] > areas[1] * 1.3, `inked: ${areas}`);
  for (const stroke of HAND[4]) await draw(page, stroke, mouse(visit));
  await digit(page, 4);
  const whole = await inked(page);
  await page.keyboard.press('Control+z');
  await frame(page);
  const part = await inked(page);
  assert.ok(part > 0 && part < whole);
  await page.click('#pad-undo');
  await frame(page);
  assert.equal(await inked(page), 0);
  assert.equal(await page.getAttribute('#answer', 'data-state'), 'empty');
  assert.ok(await page.isDisabled('#pad-undo'));
  await draw(page, HAND[7][0], mouse(visit));
  await digit(page, 7);
  await page.click('#samples li:nth-child(3) button');
  await digit(page, 2);
  await frame(page);
  assert.equal(await inked(page), 0);
  await end(visit);
});

// Breaks when a finger scrolls the page instead of drawing, the answer is out of sight, or a pen's pressure is not heeded.
test('by finger and by pen on a phone: the page stays, pressure tells', { timeout: 600000 }, async () => {
  const visit = await enter({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const { page } = visit;
  const touch = await finger(visit);
  for (const d of [3, 7]) {
    for (const stroke of HAND[d]) await draw(page, stroke, touch);
    await digit(page, d);
    assert.equal(await page.evaluate(() => scrollY), 0, 'the page scrolled');
    assert.ok(await page.evaluate(() => document.querySelector('#answer-sure').getBoundingClientRect().bottom <= innerHeight), 'the answer is out of sight');
    await page.click('#pad-clear'); // on a busy machine a tap is taken for a long press
    await page.waitForSelector('#answer[data-state="empty"]');
  }
  const areas = [];
  for (const force of [0.2, 0.9]) {
    await draw(page, [[52, 14], [50, 126]], await pen(visit, force));
    await digit(page, 1);
    await frame(page);
    areas.push(await inked(page));
    await page.click('#pad-clear'); // on a busy machine a tap is taken for a long press
    await page.waitForSelector('#answer[data-state="empty"]');
  }
  assert.ok(areas[1] > areas[0] * 1.4, `inked: ${areas}`);
  await end(visit);
});

// Breaks when the pad can be entered but not left, or drawn on by keyboard only in part.
test('by keyboard alone a seven is drawn, taken back, and left behind', { timeout: 600000 }, async () => {
  const visit = await enter();
  const { page } = visit;
  const keys = async (name, n) => { for (let i = 0; i < n; i++) await page.keyboard.press(name); };
  for (let i = 0; i < 20 && await page.evaluate(() => document.activeElement.id) !== 'pad'; i++) await page.keyboard.press('Tab');
  await keys('ArrowLeft', 8);
  await page.keyboard.press('Space');
  await says(page, '#pad-said', /^Pen down, row 8, column \d+$/);
  await keys('ArrowRight', 12);
  for (let i = 0; i < 12; i++) await keys(i % 2 ? 'ArrowLeft' : 'ArrowDown', i % 2 ? 1 : 2);
  await page.keyboard.press('Space');
  await says(page, '#pad-said', /^Pen up/);
  await digit(page, 7);
  await inspect(visit, 'read-keyboard');
  await page.keyboard.press('Backspace');
  assert.equal(await page.getAttribute('#answer', 'data-state'), 'empty');
  await page.keyboard.press('Tab');
  assert.notEqual(await page.evaluate(() => document.activeElement.id), 'pad');
  await assertClean(visit);
  await end(visit);
});
