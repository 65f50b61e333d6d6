// What the browser tests share: Chromium, a witness of everything that must not happen on a page, axe, screenshots.
// Traps: axe goes in by page.evaluate and the CSP is never bypassed, or violations would hide; Chromium logs every 4xx of a fetch
// as a console error, so those alone are told apart by address.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { noteBody } from '../traces.mjs';
import { base, root } from './lib.mjs';

const axeSource = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const shots = path.resolve(root, process.env.SCREENSHOTS ?? path.join(process.env.BUILD ?? 'build', 'screenshots'));
const api = /^\/(session|site|login|signup|logout|classify|read|model|history(\/(\d+|export))?|account(\/[a-z]+(\/\d+)?)?)$/;

// A browser with a fresh profile, which playwright makes and removes.
export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  timeout: 120000,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});

// A visitor's page of the site at origin. `seen` collects what went wrong; `allow` is set by a test that cuts the network itself.
// of: the context of another of their tabs.
export async function newPage(browser, { origin = base, of, ...options } = {}) {
  const context = of ?? await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'light', reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(120000); // a machine may be slow; what is waited for is asserted all the same
  const seen = { wrong: [], bytes: 0, allow: null };
  page.on('pageerror', (error) => seen.wrong.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    const { url } = message.location();
    if (!['error', 'warning'].includes(message.type())) return;
    if (/^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text()) && url.startsWith(origin.href) &&
      api.test(new URL(url).pathname)) return;
    if (seen.allow?.test(message.text())) return;
    seen.wrong.push(`console: ${message.text()} ${url}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (/json/.test(request.headers()['content-type'] ?? '')) noteBody(request.postData());
    if (url.origin !== origin.origin && !['blob:', 'data:'].includes(url.protocol)) seen.wrong.push(`request off the origin: ${url}`);
  });
  await page.addInitScript(() => {
    window.witness = { shift: 0, csp: [] };
    addEventListener('securitypolicyviolation', (event) => window.witness.csp.push(`${event.violatedDirective} ${event.blockedURI}`));
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.witness.shift += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  cdp.on('Network.loadingFinished', ({ encodedDataLength }) => { seen.bytes += encodedDataLength; });
  return { context, page, seen };
}

// Breaks when anything went wrong since the page was opened.
export async function assertClean({ page, seen }) {
  assert.deepEqual(seen.wrong, []);
  assert.deepEqual(await page.evaluate(() => window.witness.csp), []);
}

// A picture of the screen as it stands, to look at.
export async function shoot({ page }, name) {
  fs.mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });
}

// The screen as it stands, at both widths and in both themes: saved to look at, nothing wider than the window, axe finds nothing.
export async function inspect({ page }, name) {
  const before = page.viewportSize();
  for (const width of [1280, 320, 390]) { // 320: 1280 at a zoom of 400 %
    await page.setViewportSize({ width, height: width === 1280 ? 800 : 844 });
    await settled(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${name} is ${wide} px wider than a window of ${width} px`);
    if (width === 320) continue;
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await settled(page);
      await shoot({ page }, `${name}-${width}-${colorScheme}`);
      if (width === 1280) await assertAccessible(page, `${name}, ${colorScheme}`);
    }
  }
  await assertAccessible(page, `${name}, narrow`);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(before);
}

// A theme or a width is there some frames after it was asked for.
const settled = (page) => page.evaluate(async () => {
  for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
  await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
});

export async function assertAccessible(page, where) {
  if (!await page.evaluate(() => 'axe' in window)) await page.evaluate(axeSource);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const told = found.violations.map(({ id, nodes }) => `${where}: ${id} at ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
  assert.deepEqual(told, []);
}
