// Numbers on the page in a real browser: drawn and given; the boxes over them; corrected by keyboard, mouse and finger; copied, saved
// as CSV, kept in the history. What a number says without a page is in number.test.mjs.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import { inspect, launch } from './browser.mjs';
import { greyPng, picture } from './lib.mjs';
import { end, enter as visitorEnter, says, shown } from './visit.mjs';

const browser = await launch();
test.after(() => browser.close());
const slow = { timeout: 600000 };

const enter = (options) => visitorEnter(browser, options);
const history = async ({ program }) => (await program.send('GET', 'history')).json;
const until = async (ask, wanted) => {
  for (let i = 0; i < 200; i++) {
    const got = await ask();
    if (wanted(got)) return got;
    await new Promise((done) => setTimeout(done, 50));
  }
  return ask();
};

// Samples put on paper: digits: [[digit, x, y, side]]. Returns the file's bytes. turned: stored lying on its side.
async function compose(page, { width, height, digits, type = 'image/png', turned = false }) {
  const base64 = await page.evaluate(async ({ width, height, digits, type, turned }) => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, turned ? { width: height, height: width } : { width, height });
    const context = canvas.getContext('2d');
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (turned) {
      context.translate(0, width);
      context.rotate(-Math.PI / 2);
    }
    context.globalCompositeOperation = 'difference'; // light on dark becomes ink on paper
    for (const [digit, x, y, side] of digits) {
      const img = new Image();
      img.src = `samples/${digit}.png`;
      await img.decode();
      context.drawImage(img, x, y, side, side);
    }
    const blob = await new Promise((done) => { canvas.toBlob(done, type, 0.95); });
    let text = '';
    for (const byte of new Uint8Array(await blob.arrayBuffer())) text += String.fromCharCode(byte);
    return btoa(text);
  }, { width, height, digits, type, turned });
  return Buffer.from(base64, 'base64');
}
// A row of digits: [[digit, x, y, side]].
const rowOf = (text, x, y, side = 60, step = side * 0.8) => [...text].flatMap((char, i) => (char === ' ' ? [] : [[Number(char), x + i * step, y, side]]));
const number = (page, text, more = {}) => compose(page, { width: 120 + text.length * 48, height: 160, digits: rowOf(text, 50, 50), ...more });

// EXIF's orientation 6: turn it by 90 degrees to the right to see it upright.
const withExif = (jpeg) => Buffer.concat([jpeg.subarray(0, 2), Buffer.from('ffe100224578696600004d4d002a000000080001011200030000000100060000000000000000', 'hex').subarray(0, 36), jpeg.subarray(2)]);
// A grey TIFF without compression, of the pixels of a PNG-less picture: browsers do not show it.
function tiff(width, height, pixels) {
  const tags = [[256, 3, width], [257, 3, height], [258, 3, 8], [259, 3, 1], [262, 3, 1], [273, 4, 8], [277, 3, 1], [278, 3, height], [279, 4, pixels.length]];
  const head = Buffer.from('II*\0\0\0\0\0', 'latin1'), directory = Buffer.alloc(2 + 12 * tags.length + 4);
  head.writeUInt32LE(8 + pixels.length + (pixels.length & 1), 4);
  directory.writeUInt16LE(tags.length, 0);
  tags.forEach(([tag, kind, value], i) => {
    directory.writeUInt16LE(tag, 2 + 12 * i);
    directory.writeUInt16LE(kind, 4 + 12 * i);
    directory.writeUInt32LE(1, 6 + 12 * i);
    directory.writeUInt32LE(value, 10 + 12 * i);
  });
  return Buffer.concat([head, pixels, Buffer.alloc(pixels.length & 1), directory]);
}
const give = (page, ...files) => page.setInputFiles('#files', files.map(([name, buffer]) => ({ name, buffer, mimeType: /\.png$/.test(name) ? 'image/png' : /\.tif$/.test(name) ? 'image/tiff' : 'image/jpeg' })));
const read = (page, text) => page.waitForFunction((wanted) => document.querySelector('#answer').dataset.text === wanted, text)
  .catch(async () => assert.fail(`not ${JSON.stringify(text)}: ${JSON.stringify(await page.getAttribute('#answer', 'data-text'))}, ${await page.textContent('.verdict')}`));
const said = (page, pattern) => says(page, '#number-keys .number-said', pattern);
const labels = (page) => page.locator('#number .spot').evaluateAll((spots) => spots.map((spot) => spot.getAttribute('aria-label')));
const focused = (page) => page.evaluate(() => document.activeElement.getAttribute('aria-label'));
const settledSpots = (page) => page.waitForFunction(() => document.querySelector('#number img').complete);

// Where the boxes' middles are, in px of the picture.
const middles = (page, width, height) => page.evaluate(([w, h]) => {
  const box = document.querySelector('#number img').getBoundingClientRect();
  return [...document.querySelectorAll('#number .spot')].map((spot) => {
    const { left, top, right, bottom } = spot.getBoundingClientRect();
    return [((left + right) / 2 - box.left) / box.width * w, ((top + bottom) / 2 - box.top) / box.height * h];
  });
}, [width, height]);
function assertOver(found, digits, scale = 1) {
  assert.equal(found.length, digits.length);
  digits.forEach(([digit, x, y, side], i) => {
    const off = Math.hypot(found[i][0] - (x + side / 2) * scale, found[i][1] - (y + side / 2) * scale) / (side * scale);
    assert.ok(off < 0.2, `the box of the ${digit} is off by ${off} of its size: ${found[i]}`);
  });
}

// ---- drawn

const arc = (x, y, rx, ry, from, to, n = 24) => Array.from({ length: n + 1 }, (_, i) => {
  const angle = (from + (to - from) * i / n) * Math.PI / 180;
  return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)];
});
const HAND = { // strokes in a box of 100 x 140
  0: [arc(50, 70, 30, 54, -90, 270)],
  1: [[[36, 36], [54, 14], [54, 126]]],
  2: [[...arc(50, 44, 28, 30, 190, 390), [22, 124], [80, 124]]],
  3: [[...arc(46, 42, 28, 28, 200, 450), ...arc(46, 98, 32, 28, -90, 150)]],
  4: [[[58, 14], [18, 88], [84, 88]], [[64, 58], [64, 128]]],
  7: [[[20, 18], [82, 18], [44, 126]]],
};
// Draws a digit, its middle at a share of the pad's width.
async function draw(page, digit, share, size = 0.5) {
  const box = await page.locator('#pad').boundingBox();
  const unit = box.height * size / 140;
  const at = ([x, y]) => [box.x + box.width * share + (x - 50) * unit, box.y + box.height / 2 + (y - 70) * unit];
  for (const [first, ...rest] of HAND[digit]) {
    await page.mouse.move(...at(first));
    await page.mouse.down();
    for (const point of rest) await page.mouse.move(...at(point), { steps: 3 });
    await page.mouse.up();
  }
}

// Breaks when a drawn number is read as one digit, a box lacks, is out of order or without a name, or each line of it is kept.
test('a number is drawn: boxes in reading order, the number large, kept once', slow, async () => {
  const visit = await enter();
  const { page } = visit;
  await page.evaluate(() => { window.witness.shift = 0; });
  for (const [i, digit] of [2, 0, 2, 4].entries()) await draw(page, digit, 0.14 + 0.23 * i);
  await read(page, '2024');
  assert.equal(await page.textContent('#number .number-text'), '2024');
  assert.deepEqual(await labels(page), ['two', 'zero', 'two', 'four'].map((name, i) => `Digit ${i + 1} of 4: ${name}`));
  assert.equal(await page.locator('#number .spot[tabindex="0"]').count(), 1, 'the boxes are one stop of the Tab key');
  await says(page, '.verdict', /The number\s*2024\s*(Almost certain|Very likely), \d\d\.\d%/);
  for (const one of ['.tile', '#bars', '#check']) assert.equal(await page.isVisible(one), false, `${one} is of one digit`);
  assert.ok(await page.evaluate(() => window.witness.shift) < 0.01, 'the layout shifts while somebody draws');
  await inspect(visit, 'number-drawn');
  const { history: kept, counts } = await until(() => history(visit), ({ history: list }) => list.length === 1 && list[0].text === '2024'); // what was kept at a rest is replaced
  assert.deepEqual(kept.map(({ kind, text }) => [kind, text]), [['number', '2024']]);
  assert.equal(counts.kept, 4);
  // one digit looks as ever
  await page.click('#pad-clear');
  await draw(page, 7, 0.5, 0.8);
  await page.waitForSelector('#answer[data-digit="7"]');
  assert.equal(await page.isVisible('#number'), false);
  assert.ok(await page.isVisible('#bars'));
  await end(visit);
});

// Breaks when a long number finds no room on the pad, what was written is lost from sight for good, or clearing leaves a long paper.
test('the paper grows to the right, and is walked along', slow, async () => {
  const visit = await enter();
  const { page } = visit;
  assert.equal(await page.isVisible('#pad-scroll'), false);
  for (const [i, digit] of [1, 2, 3, 4].entries()) await draw(page, digit, 0.14 + 0.25 * i);
  await shown(page, '#pad-scroll');
  const left = () => page.evaluate(() => Number(document.querySelector('#pad-scroll').value));
  await page.waitForFunction(() => Number(document.querySelector('#pad-scroll').value) > 0.5);
  assert.ok(await left() < 0.7, `${await left()}: more is out of sight than the next digit needs`);
  await draw(page, 7, 0.65);
  await draw(page, 0, 0.88);
  await read(page, '123470');
  assert.equal(await page.evaluate(() => document.querySelector('#number img').naturalHeight), 336);
  await page.focus('#pad-scroll');
  await page.keyboard.press('Home');
  assert.equal(await left(), 0);
  await inspect(visit, 'number-long');
  await page.keyboard.press('End');
  assert.ok(await left() > 0.5);
  await page.click('#pad-undo');
  await read(page, '12347');
  await page.click('#pad-clear');
  assert.equal(await page.isVisible('#pad-scroll'), false);
  await page.setViewportSize({ width: 390, height: 800 }); // as a phone that is turned
  await draw(page, 1, 0.75);
  const whole = await page.evaluate(() => document.querySelector('#pad').clientWidth / document.querySelector('#pad').clientHeight);
  await new Promise((done) => setTimeout(done, 1000)); // the pen rests; the paper stays
  await page.evaluate(() => { document.querySelector('#pad').style.aspectRatio = 1; });
  await shown(page, '#pad-scroll');
  await draw(page, 1, 0.2);
  await read(page, '1 1');
  const { naturalWidth, naturalHeight } = await page.evaluate(() => { const { naturalWidth, naturalHeight } = document.querySelector('#number img'); return { naturalWidth, naturalHeight }; });
  assert.ok(Math.abs(naturalWidth / naturalHeight - whole) < 0.02, `${naturalWidth} x ${naturalHeight}: a part of the paper is lost`);
  await end(visit);
});

// ---- given

// Breaks when boxes lie elsewhere than the digits, because a picture was turned, shrunk, or shown in another size; or where a browser
// cannot show the picture, and there is nothing to correct by.
test('boxes lie over the digits: PNG, EXIF, made smaller; a TIFF shows what the network saw', slow, async () => {
  const visit = await enter();
  const { page } = visit;
  const digits = rowOf('3047', 60, 70, 80);
  const whole = { width: 500, height: 260, digits };
  await give(page, ['plain.png', await compose(page, whole)]);
  await read(page, '3047');
  await settledSpots(page);
  assertOver(await middles(page, 500, 260), digits);
  await inspect(visit, 'number-picture');

  await give(page, ['turned.jpg', withExif(await compose(page, { ...whole, type: 'image/jpeg', turned: true }))]);
  await page.waitForFunction(() => /turned\.jpg.*rotated upright/.test(document.querySelector('#steps').textContent));
  await read(page, '3047');
  await settledSpots(page);
  assert.deepEqual(await page.evaluate(() => [document.querySelector('#number img').naturalWidth, document.querySelector('#number img').naturalHeight]), [500, 260]);
  assertOver(await middles(page, 500, 260), digits);

  // a small number on a large sheet is shown larger, and the whole sheet when asked
  const small = rowOf('3047', 900, 700, 70);
  await give(page, ['corner.png', await compose(page, { width: 1600, height: 1200, digits: small })]);
  await page.waitForFunction(() => /corner\.png/.test(document.querySelector('#steps').textContent));
  await read(page, '3047');
  await settledSpots(page);
  assertOver(await middles(page, 1600, 1200), small);
  const wide = () => page.locator('#number .spot').first().evaluate((spot) => spot.getBoundingClientRect().width);
  const before = await wide();
  await page.click('.number-zoom');
  assert.ok(await wide() < before / 1.5, 'the whole picture');
  assertOver(await middles(page, 1600, 1200), small);

  // 27 Mpx: the browser makes it smaller, and the boxes are of that
  const large = rowOf('3047', 1500, 1800, 900);
  const sheet = await compose(page, { width: 6000, height: 4500, digits: large });
  await give(page, ['large.png', sheet]);
  await page.waitForFunction(() => /large\.png.*reduced/.test(document.querySelector('#steps').textContent));
  await read(page, '3047');
  await settledSpots(page);
  assertOver(await middles(page, 2048, 1536), large, 2048 / 6000);

  const grey = await page.evaluate(async (base64) => {
    const img = new Image();
    img.src = URL.createObjectURL(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type: 'image/png' }));
    await img.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: img.width, height: img.height });
    const context = canvas.getContext('2d');
    context.drawImage(img, 0, 0);
    return [...context.getImageData(0, 0, img.width, img.height).data].filter((_, i) => i % 4 === 0);
  }, (await compose(page, whole)).toString('base64'));
  await give(page, ['scan.tif', tiff(500, 260, Buffer.from(grey))]);
  await page.waitForFunction(() => /scan\.tif/.test(document.querySelector('#steps').textContent));
  await read(page, '3047');
  await page.waitForSelector('#number .tiles .spot');
  assert.equal(await page.locator('#number .tiles canvas').count(), 4);
  assert.equal((await labels(page))[2], 'Digit 3 of 4: four');
  await page.locator('#number .spot').nth(2).click();
  await page.keyboard.press('9');
  await read(page, '3097');
  await inspect(visit, 'number-tiff');
  await end(visit);
});

// Breaks when something of a correction needs a mouse, is not kept as it stands, or cannot be taken back.
test('by keyboard: arrows, digits, delete, split, undo', slow, async () => {
  const visit = await enter();
  const { page } = visit;
  await give(page, ['n.png', await number(page, '3047')]);
  await read(page, '3047');
  for (let i = 0; i < 60 && !/^Digit/.test(await focused(page) ?? ''); i++) await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Digit 1 of 4: three');
  const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(ring, 'none', 'the focus cannot be seen');
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(page), 'Digit 2 of 4: zero');
  await page.keyboard.press('6'); // corrects, and goes on
  assert.equal(await focused(page), 'Digit 3 of 4: four');
  await read(page, '3647');
  await said(page, /^Saved: 3647$/);
  await page.keyboard.press('Delete');
  await read(page, '367');
  assert.deepEqual(await labels(page), ['Digit 1 of 4: three', 'Digit 2 of 4: six, checked', 'Digit 3 of 4: removed', 'Digit 4 of 4: seven']);
  await page.keyboard.press('Home');
  await page.keyboard.press('+');
  await said(page, /two or three digits/);
  await page.keyboard.press('1');
  await page.keyboard.press('2');
  await read(page, '1267');
  await page.keyboard.press('5');
  await read(page, '12567');
  assert.equal(await focused(page), 'Digit 2 of 4: six, checked');
  await inspect(visit, 'number-corrected');
  await said(page, /^Saved: 12567$/);
  await says(page, '#number .number-says', /12567.*The network read 3047\./);
  const { history: [entry], counts } = await history(visit);
  assert.deepEqual([entry.text, entry.label, entry.digits.map(({ label }) => label)], ['3047', '12567', ['125', 6, 'not_a_digit', null]]);
  assert.deepEqual([counts.checked, counts.right], [3, 0]);
  await page.keyboard.press('Escape'); // the split goes
  await read(page, '367');
  await page.keyboard.press('Control+z');
  await read(page, '3647');
  await page.keyboard.press('Escape');
  await read(page, '3047');
  await said(page, /^Saved: 3047$/);
  const [back] = (await history(visit)).history;
  assert.deepEqual([back.label, back.digits.map(({ label }) => label)], [null, [null, null, null, null]]);
  for (const key of ['Home', '+', '1', '2', 'ArrowRight', '8', 'Home', '+', '1', '2', '5']) await page.keyboard.press(key);
  await read(page, '125847'); // a third digit takes back nothing else
  await end(visit);
});

// Breaks when a finger or a mouse cannot do what the keyboard can.
test('by finger on a phone: boxes, keys, split, delete, right', slow, async () => {
  const visit = await enter({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const { page } = visit;
  await give(page, ['n.png', await number(page, '3047')]);
  await read(page, '3047');
  await page.waitForFunction(() => document.querySelector('.verdict').getBoundingClientRect().bottom <= innerHeight);
  const key = (text) => page.locator('#number-keys button', { hasText: new RegExp(`^${text}$`) }).click();
  await page.locator('#number .spot').nth(1).tap();
  await says(page, '.number-which', /^Digit 2 of 4: read as 0/);
  await key('6');
  await read(page, '3647');
  await says(page, '.number-which', /^Digit 3 of 4/);
  await key('Remove');
  await read(page, '367');
  await page.locator('#number .number-text [data-place="3"]').tap(); // the number itself can be tapped, too
  await key('Split');
  await key('1');
  await key('7');
  await read(page, '3617');
  await key('All correct');
  await said(page, /^Saved: 3617$/);
  const [entry] = (await history(visit)).history;
  assert.deepEqual(entry.digits.map(({ label }) => label), [3, 6, 'not_a_digit', '17']);
  await key('Undo');
  await said(page, /^Saved: 3617$/);
  await until(() => history(visit), ({ history: [now] }) => now.digits[0].label === null);
  const small = await page.evaluate(() => [...document.querySelectorAll('#number button, #number-keys button')]
    .filter((node) => node.checkVisibility()).map((node) => [node.getAttribute('aria-label') ?? node.textContent, node.getBoundingClientRect()])
    .filter(([, box]) => box.width < 24 || box.height < 24).map(([name]) => name));
  assert.deepEqual(small, []);
  await end(visit);
});

// Breaks when a digit that was not found cannot be added, what is no number is taken, or the boxes speak of digits that are no more.
test('the whole text is typed: marks, one digit more; what is no number is refused', slow, async () => {
  const visit = await enter();
  const { page } = visit;
  await give(page, ['n.png', await number(page, '3047')]);
  await read(page, '3047');
  const type = async (text) => {
    await page.locator('#number-keys button', { hasText: /^Edit as text$/ }).click();
    await page.keyboard.type(text); // all of it was selected
    await page.keyboard.press('Enter');
  };
  await type('30:47');
  await read(page, '30:47');
  await said(page, /^Saved: 30:47$/);
  assert.equal((await labels(page))[2], 'Digit 3 of 4: four, checked');
  await type('thirty');
  await says(page, '.number-edit .error', /Only|only/);
  await inspect(visit, 'number-typing');
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Edit as text');
  await read(page, '30:47');
  await type('130:47');
  await read(page, '130:47');
  await said(page, /^Saved: 130:47$/);
  assert.equal(await page.isVisible('.number-digit'), false, 'nobody knows which digit is in which box');
  const [entry] = (await history(visit)).history;
  assert.deepEqual([entry.label, entry.digits[0].label], ['130:47', null]);
  await page.locator('#number-keys button', { hasText: /^Undo$/ }).click();
  await said(page, /^Saved: 30:47$/);
  assert.deepEqual((await history(visit)).history[0].digits.map(({ label }) => label), [3, 0, 4, 7]);
  await end(visit);
});

// Breaks when a correction waits for the server, or one that cannot be kept goes without a word.
test('what cannot be saved is corrected on the page all the same', slow, async () => {
  const visit = await enter();
  const { page, context } = visit;
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.route(/save=1/, async (route) => {
    const reply = await route.fetch();
    const body = await reply.json();
    body.results[0].id = null;
    body.not_saved = { type: 'problems/unavailable', title: 'The server cannot answer right now.', status: 503, detail: 'The disk is full.' };
    await route.fulfill({ response: reply, json: body });
  });
  await give(page, ['n.png', await number(page, '3047')]);
  await read(page, '3047');
  await page.locator('#number .spot').first().click();
  await page.keyboard.press('8');
  await read(page, '8047');
  await said(page, /^Changed on this page only.*disk is full/);
  await page.locator('#number-keys button', { hasText: /^Copy$/ }).click();
  await said(page, /^Copied: 8047$/);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '8047');
  await inspect(visit, 'number-not-saved');
  await end(visit);
});

// ---- rows, tables, many

const TABLE = { width: 460, height: 330, digits: [...rowOf('12', 30, 30), ...rowOf('34', 200, 30), ...rowOf('70', 340, 30), ...rowOf('56', 30, 130),
  ...rowOf('90', 340, 130), ...rowOf('78', 30, 230), ...rowOf('21', 200, 230), ...rowOf('43', 340, 230)] };

// Breaks when rows are read in another order, a column slips, or an empty cell is filled.
test('a page of rows, and a table whose empty cell stays empty', slow, async () => {
  const visit = await enter();
  const { page, context } = visit;
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await give(page, ['page.png', await compose(page, { width: 420, height: 360, digits: [...rowOf('3047', 40, 30), ...rowOf('12', 40, 140), ...rowOf('90721', 40, 250)] })]);
  await read(page, '3047\n12\n90721');
  assert.deepEqual(await page.locator('#number .number-text p').allTextContents(), ['3047', '12', '90721']);
  await says(page, '.verdict', /Several numbers\s*3 rows, 11 digits/);
  await page.locator('#number .spot').nth(5).click();
  await page.keyboard.press('ArrowUp');
  assert.match(await focused(page), /^Digit 2 of 11/);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  assert.match(await focused(page), /^Digit 8 of 11/);
  await inspect(visit, 'number-page');

  await give(page, ['table.png', await compose(page, TABLE)]);
  await read(page, '12 34 70\n56 90\n78 21 43');
  const cells = () => page.locator('#number tr').evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
  assert.deepEqual(await cells(), [['12', '34', '70'], ['56', '', '90'], ['78', '21', '43']]);
  await page.locator('#number .spot').nth(8).click();
  await page.keyboard.press('8');
  assert.deepEqual((await cells())[1], ['56', '', '80']);
  await page.locator('#number-keys button', { hasText: /^Copy$/ }).click();
  await said(page, /^Copied/);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '12\t34\t70\n56\t\t80\n78\t21\t43');
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#number-keys button', { hasText: /^Download as CSV$/ }).click()]);
  assert.equal(fs.readFileSync(await download.path(), 'utf8'), '12,34,70\r\n56,,80\r\n78,21,43\r\n');
  await inspect(visit, 'number-table');

  await page.click('nav a[href="#history"]');
  await page.waitForSelector('.kept-number table');
  const kept = page.locator('.kept-number', { has: page.locator('table') });
  assert.deepEqual(await kept.locator('tr').evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent))),
    [['12', '34', '70'], ['56', '', '80'], ['78', '21', '43']]);
  const [saved] = await Promise.all([page.waitForEvent('download'), kept.locator('button', { hasText: /^Download as CSV$/ }).click()]);
  assert.equal(fs.readFileSync(await saved.path(), 'utf8'), '12,34,70\r\n56,,80\r\n78,21,43\r\n');
  await inspect(visit, 'number-table-kept');
  await end(visit);
});

// Breaks when a picture's line is lost or doubled, a correction is not in the file, or a table loses its cells.
test('many pictures with numbers: cards, and a CSV with a line each, of a table with its rows', slow, async () => {
  const visit = await enter();
  const { page } = visit;
  await give(page, ['seven.png', picture('digit-7.png')], ['=a,"b".png', await number(page, '3047')], ['table.png', await compose(page, TABLE)], ['bad.png', Buffer.from('no picture')]);
  await page.waitForFunction(() => document.querySelector('#many-answered').value === 1);
  const cards = page.locator('.pick');
  assert.deepEqual(await cards.evaluateAll((list) => list.map(({ dataset }) => dataset.digit || dataset.text)), ['7', '3047', '12 34 70\n56 90\n78 21 43', '']);
  await cards.nth(1).click();
  await read(page, '3047');
  await page.locator('#number .spot').first().click();
  await page.keyboard.press('8');
  await read(page, '8047');
  assert.match(await cards.nth(1).textContent(), /8047/);
  await inspect(visit, 'number-many');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#many-csv')]);
  const lines = fs.readFileSync(await download.path(), 'utf8').split('\r\n');
  assert.equal(lines[0], 'name,status,row,text,confidence,read_as,message,c1,c2,c3');
  assert.match(lines[1], /^seven\.png,read,,7,0\.\d+,,,,,$/);
  assert.match(lines[2], /^"'=a,""b""\.png",(read|unsure),,8047,0\.\d+,3047,,,,$/);
  assert.match(lines[3], /^table\.png,(read|unsure),1,12 34 70,0\.\d+,,,12,34,70$/);
  assert.match(lines[4], /^table\.png,(read|unsure),2,56 90,0\.\d+,,,56,,90$/);
  assert.match(lines[6], /^bad\.png,error,,,,,.*picture.*,,,$/);
  assert.deepEqual([lines.length, lines[7]], [8, '']);
  await end(visit);
});

// Breaks when doubt is hidden, a mark is lost, or a picture that holds too much is not told apart from a bad one.
test('doubt is marked; nothing there, no digits, too much: each in words, with what to do', slow, async () => {
  const visit = await enter();
  const { page } = visit;
  const bytes = await number(page, '3047');
  const change = async (how) => {
    await page.unroute(/\/read\?/);
    await page.route(/\/read\?/, async (route) => {
      const reply = await route.fetch();
      const body = await reply.json();
      how(body.results[0]);
      await route.fulfill({ response: reply, json: body });
    });
    await give(page, ['n.png', bytes]);
  };
  await change((result) => {
    result.status = 'unsure';
    Object.assign(result.rows[0].digits[2], { unsure: true, confidence: 0.61, probabilities: [0, 0, 0, 0, 0.61, 0, 0, 0, 0, 0.39] });
  });
  await says(page, '.verdict', /One digit is unsure; it is marked\./);
  assert.equal((await labels(page))[2], 'Digit 3 of 4: four, unsure');
  await says(page, '.number-which', /^Digit 3 of 4: unsure, 4 \(61\.0%\), or else 9$/);
  assert.equal(await page.locator('#number .sign[data-state="unsure"]').count(), 1);
  await inspect(visit, 'number-unsure');
  await page.locator('#number .spot').nth(2).click();
  await page.keyboard.press('4');
  await page.waitForFunction(() => !/unsure|may be missing/.test(document.querySelector('#answer-sure').textContent)); // it is not any more
  await change((result) => { Object.assign(result, { status: 'unsure' }); });
  await says(page, '.verdict', /A digit may be missing, or there is one too many/);
  await change((result) => { Object.assign(result, { status: 'no_digits', text: '', rows: [] }); });
  await says(page, '.verdict', /It looks like\s*no digit\s*Nothing in it reads as a digit/);
  await inspect(visit, 'number-none');
  await page.unroute(/\/read\?/);
  await give(page, ['blank.png', greyPng(64, 64, Buffer.alloc(64 * 64, 255))]);
  await says(page, '.verdict', /It looks like\s*a blank picture\s*Nothing stands out/);
  assert.ok(await page.isVisible('#seen'), 'what it saw');
  const noise = Buffer.alloc(1200 * 1200, 255); // ten thousand small rings
  for (let y = 0; y < 1200; y += 12) {
    for (let x = 0; x < 1200; x += 12) for (let k = 0; k < 8; k++) for (const at of [[0, k], [7, k], [k, 0], [k, 7]]) noise[(y + at[0]) * 1200 + x + at[1]] = 0;
  }
  await give(page, ['noise.png', greyPng(1200, 1200, noise)]);
  await page.waitForFunction(() => /noise\.png/.test(document.querySelector('#steps').textContent) && document.querySelector('#answer').dataset.state !== 'reading');
  assert.match(await page.textContent('.verdict'), /too much|no digit/);
  await end(visit);
});

// Breaks when the fold-out shows one digit's steps as a number's.
test('how a number was read: the whole picture, parted, each digit as it was seen', slow, async () => {
  const visit = await enter();
  const { page } = visit;
  await give(page, ['n.png', await number(page, '3047')]);
  await read(page, '3047');
  await page.click('#how summary');
  await page.waitForFunction(() => document.querySelectorAll('.how-seen canvas').length === 4);
  assert.equal(await page.locator('#how-steps rect').count(), 4);
  await says(page, '#how-steps', /Separated into 4 digits.*Each of the 4 digits/);
  await inspect(visit, 'number-how');
  await end(visit);
});

// ---- the history

// Breaks when a number is several entries, cannot be corrected where it is kept, or the counts and the filters do not know its digits.
test('in the history a number is one card, corrected digit by digit', slow, async () => {
  const visit = await enter();
  const { page } = visit;
  await page.route(/\/history\?/, async (route) => {
    const reply = await route.fetch();
    const body = await reply.json();
    for (const { text, digits } of body.history) {
      if (text === '3047') {
        assert.deepEqual(digits.map(({ unsure }) => unsure), [false, false, false, false]);
        digits[2].unsure = true;
      }
    }
    await route.fulfill({ response: reply, json: body });
  });
  const pictures = [['n.png', await number(page, '3047')], ['long.png', await number(page, '30471203471207')], ['seven.png', picture('digit-7.png')]];
  await give(page, ...pictures);
  await page.waitForFunction(() => document.querySelector('#many-answered').value === 1);
  await page.click('nav a[href="#history"]');
  await shown(page, '#history-parts');
  const cards = page.locator('#history-list > li');
  assert.equal(await cards.count(), 3);
  const card = cards.nth(2);
  assert.equal(await card.locator('.number-text').textContent(), '3047');
  assert.equal(await card.locator('.spot canvas').count(), 4);
  assert.deepEqual(await card.locator('.sign').evaluateAll((list) => list.map(({ dataset }) => dataset.state)), ['read', 'read', 'unsure', 'read']);
  assert.equal(await cards.nth(1).locator('summary').textContent(), '14 digits');
  await card.locator('.spot').nth(1).click();
  await page.keyboard.press('6');
  await says(page, '#history-list > li:nth-child(3) .number-said', /^Saved: 3647$/);
  await card.locator('.spot').nth(3).focus();
  await page.keyboard.press('Delete');
  await says(page, '#history-list > li:nth-child(3) .number-said', /^Saved: 364$/);
  assert.match(await page.textContent('#history-right'), /^Right so far: 0 of 2 .*; 19 saved$/);
  await inspect(visit, 'number-history');
  await page.selectOption('#history-digit', '6');
  await page.waitForFunction(() => document.querySelectorAll('#history-list > li').length === 1);
  assert.equal(await cards.first().locator('.number-text').textContent(), '364');
  assert.deepEqual(await cards.first().locator('.spot').evaluateAll((spots) => spots.map(({ dataset }) => dataset.state)), ['read', 'said', 'unsure', 'gone']);
  await cards.first().locator('button', { hasText: /^All correct$/ }).click();
  await says(page, '#history-list .number-said', /^Saved: 364$/);
  assert.match(await page.textContent('#history-right'), /^Right so far: 2 of 4/);
  const { history: [entry] } = (await visit.program.send('GET', 'history?digit=6')).json;
  assert.deepEqual(entry.digits.map(({ label }) => label), [3, 6, 4, 'not_a_digit']);
  await cards.first().locator('.kept-remove').click();
  await says(page, '#history-said', /^Deleted/);
  await page.waitForFunction(() => /15 saved$/.test(document.querySelector('#history-right').textContent) || document.querySelector('#history-right').hidden);
  await end(visit);
});

// Breaks when a German visitor meets English, or the narrow and dark page hides a part of it.
test('in German, 320 px wide, dark', slow, async () => {
  const visit = await enter({ locale: 'de-DE', viewport: { width: 320, height: 640 }, colorScheme: 'dark', hasTouch: true, isMobile: true });
  const { page } = visit;
  await give(page, ['n.png', await number(page, '30471203')]);
  await read(page, '30471203');
  assert.equal((await labels(page))[0], 'Ziffer 1 von 8: Drei');
  await says(page, '.number-which', /^Ziffer 1 von 8: als 3 gelesen/);
  const tooLong = () => page.evaluate(() => [...document.querySelectorAll('#number-keys button, #check button')].filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.textContent));
  assert.deepEqual(await tooLong(), [], 'words do not fit their keys');
  const raw = await page.evaluate(() => document.body.textContent.match(/\b(number|how|answer|pad)\.[a-zA-Z.]+\b/g));
  assert.equal(raw, null, 'the name of a text stands on the page');
  await inspect(visit, 'number-german');
  await page.setViewportSize({ width: 964, height: 700 }); // the narrowest with two columns has the narrowest keys
  assert.deepEqual(await tooLong(), []);
  await give(page, ['seven.png', picture('digit-7.png')]);
  await page.waitForFunction(() => document.querySelector('#answer').dataset.digit === '7');
  assert.deepEqual(await tooLong(), []);
  await end(visit);
});
