// One rule for which way up a picture is: as the browser shows it, so it is read. The sides tell, and the brightness of each quarter.
import assert from 'node:assert/strict';
import test from 'node:test';
import { launch } from './browser.mjs';
import { base, picture, Visitor } from './lib.mjs';

const browser = await launch();
test.after(() => browser.close());

// Width, height and the mean grey of the four quarters of what an <img> shows.
async function shown(page, bytes, type) {
  return page.evaluate(async ([base64, mime]) => {
    const img = new Image();
    img.src = URL.createObjectURL(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type: mime }));
    await img.decode();
    const canvas = document.createElement('canvas');
    const [w, h] = [canvas.width, canvas.height] = [img.naturalWidth, img.naturalHeight];
    const context = canvas.getContext('2d');
    context.drawImage(img, 0, 0);
    const px = context.getImageData(0, 0, w, h).data, sum = [0, 0, 0, 0];
    for (let i = 0; i < w * h; i++) sum[(i % w < w / 2 ? 0 : 1) + (i < w * h / 2 ? 0 : 2)] += px[4 * i + 1];
    return { w, h, quarters: sum.map((v) => v / (w * h / 4)) };
  }, [bytes.toString('base64'), type]);
}

// The first step that the server shows: the decoded picture, turned.
function read({ preprocessing, steps }) {
  const [{ width, height, grey }] = steps, px = Buffer.from(grey, 'base64'), sum = [0, 0, 0, 0];
  px.forEach((v, i) => { sum[(i % width < width / 2 ? 0 : 1) + (i < width * height / 2 ? 0 : 2)] += v; });
  return { w: preprocessing.width, h: preprocessing.height, quarters: sum.map((v) => v / (width * height / 4)) };
}

// Breaks if the server follows an orientation that the browser does not (EXIF in a WebP), or the other way round (irot in an AVIF).
test('each kind of picture is read the way up that the page shows it', { timeout: 300000 }, async () => {
  const page = await browser.newPage(), visitor = await Visitor.signedUp();
  await page.goto(base.href);
  for (const [name, type, turned] of [['digit-4-turned.jpg', 'image/jpeg', true], ['digit-4-turned.avif', 'image/avif', true],
    ['sideways.webp', 'image/webp', false], ['digit-7-cmyk.jpg', 'image/jpeg', false], ['digit-7.avif', 'image/avif', false]]) {
    const reply = await visitor.classify([{ filename: name, bytes: picture(name) }], '?steps=1');
    assert.equal(reply.status, 200, `${name}: ${reply.text}`);
    const [result] = reply.json.results, want = await shown(page, picture(name), type), got = read(result);
    assert.equal(result.preprocessing.upright, turned, name);
    assert.deepEqual([got.w, got.h], [want.w, want.h], name);
    got.quarters.forEach((v, i) => assert.ok(Math.abs(v - want.quarters[i]) < 6, `${name}: quarter ${i} is ${v}, the browser shows ${want.quarters[i]}`));
  }
});
