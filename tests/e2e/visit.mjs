// What the page's tests do with a form and a sentence.
import assert from 'node:assert/strict';
import { assertClean, newPage } from './browser.mjs';
import { Visitor, base, goodPassword, newEmail } from './lib.mjs';

export const shown = (where, selector) => where.waitForSelector(`${selector}:not([hidden])`);
export const text = (where, selector) => where.textContent(selector);
export const says = (where, selector, pattern) => where.waitForFunction(([at, source]) =>
  new RegExp(source, 's').test(document.querySelector(at).checkVisibility() ? document.querySelector(at).textContent : ''), [selector, pattern.source]);
export const focus = (where) => where.evaluate(() => document.activeElement.id);
export const press = (where, form) => where.click(`#${form} [type="submit"]`);

export async function fill(where, form, fields) {
  for (const [name, value] of Object.entries(fields)) await where.fill(`#${form}-${name}`, value);
  await press(where, form);
}
// A mistake is told at its field, which says so to a screen reader and has the focus.
export async function wrong(where, form, fields, field, pattern) {
  await fill(where, form, fields);
  await says(where, `#${form}-${field}-error`, pattern);
  assert.equal(await where.getAttribute(`#${form}-${field}`, 'aria-invalid'), 'true');
  assert.match(await where.getAttribute(`#${form}-${field}`, 'aria-describedby'), new RegExp(`${form}-${field}-error`));
  assert.equal(await focus(where), `${form}-${field}`);
}
// A new visitor on the Read screen, and the same account over HTTP.
export async function enter(browser, options) {
  const visit = await newPage(browser, options);
  const { page } = visit;
  const email = newEmail();
  await page.goto(`${base}#signup`);
  await shown(page, '#signup');
  await fill(page, 'signup', { email, password: goodPassword });
  await shown(page, '#screen-read');
  const program = new Visitor();
  assert.equal((await program.send('POST', 'login', { json: { email, password: goodPassword } })).status, 200);
  return { ...visit, program };
}
export async function end(visit) {
  await assertClean(visit);
  await visit.context.close();
}
export async function toAccount({ page }) {
  await page.click('nav a[href="#account"]');
  await shown(page, '#account-parts');
}
