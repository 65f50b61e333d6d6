// The catalogues of the page's texts against the page: nothing lacks, nothing is left over, and a German browser meets German.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { assertClean, inspect, launch, newPage } from './browser.mjs';
import { base, goodPassword, newEmail, picture, root } from './lib.mjs';
import { fill, says, shown } from './visit.mjs';

const folder = path.join(root, 'html');
const read = (...names) => fs.readFileSync(path.join(folder, ...names), 'utf8');
const catalogues = Object.fromEntries(fs.readdirSync(path.join(folder, 'i18n')).map((name) => [path.basename(name, '.json'), JSON.parse(read('i18n', name))]));
const scripts = fs.readdirSync(path.join(folder, 'js')).map((name) => read('js', name)).join('\n');
const page = read('index.html');
const marked = [...page.matchAll(/<(\w+)[^>]* data-t="([^"]+)"[^>]*>([^<]*)<\/\1>/g)].map(([, , key, text]) => [key, text]);
const names = [...page.matchAll(/ ([a-z-]+)="([^"]*)"[^>]* data-t-\1="([^"]+)"/g)].map(([, , text, key]) => [key, text]);
const isServers = (key) => key.startsWith('problem.'); // in English the server's own words stand

// Breaks when a text is used that is not there, is there and not used, or is there in one language alone.
test('every text that is used is in every catalogue, and no other is', () => {
  assert.ok(catalogues.en && catalogues.de);
  const literals = new Set([...scripts.matchAll(/'([\w.-]+)'/g)].map(([, text]) => text));
  const families = [...scripts.matchAll(/pick\('([\w.-]+)',/g)].map(([, family]) => `${family}.`);
  const asked = [...[...scripts.matchAll(/\bt\('([^']+)'/g)].map(([, key]) => key), ...[...marked, ...names].map(([key]) => key)];
  assert.ok(asked.length > 200 && families.length > 5);
  for (const [language, texts] of Object.entries(catalogues)) {
    const keys = Object.keys(texts);
    assert.deepEqual(asked.filter((key) => !(key in texts)), [], `lacking in ${language}`);
    assert.deepEqual(keys.filter((key) => !isServers(key) && !asked.includes(key) && !literals.has(key) && !families.some((family) => key.startsWith(family))),
      [], `not used in ${language}`);
    assert.deepEqual(keys.filter((key) => !isServers(key)), Object.keys(catalogues.en), `${language} has other keys than en, or in another order`);
    assert.match(page, new RegExp(`<option value="${language}" lang="${language}">`), `${language} cannot be chosen`);
  }
});

// Breaks when a translation loses a number or a name, or a plural lacks a form that its language has.
test('a text has the same blanks in every language, and every plural form', () => {
  const blanks = (text) => [...new Set((JSON.stringify(text).match(/\{\w+\}/g) ?? []))].sort().join();
  for (const [language, texts] of Object.entries(catalogues)) {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories.sort();
    for (const [key, text] of Object.entries(texts)) {
      if (!isServers(key)) assert.equal(blanks(text), blanks(catalogues.en[key]), `${language}: ${key}`);
      if (typeof text === 'object') assert.deepEqual(Object.keys(text).sort(), forms, `${language}: ${key}`);
      else assert.ok(text.trim(), `${language}: ${key} is empty`);
    }
  }
});

// Breaks when the HTML, which stands where no script runs, says something else than the catalogue.
test('the English of the HTML is the English of the catalogue', () => {
  assert.ok(marked.length > 100 && names.length > 3);
  assert.equal(marked.length, page.split(' data-t="').length - 1, 'a marked element has children: its text would replace them');
  for (const [key, text] of [...marked, ...names]) assert.equal(text.replaceAll('&nbsp;', '\u00a0'), catalogues.en[key], key);
});

// Breaks when the server learns a problem that German visitors would read in English.
test('every problem that the server or nginx tells is translated by its type', () => {
  const told = [...fs.readFileSync(path.join(root, 'fcgi/web/http/problems.c'), 'utf8').matchAll(/\{\d{3}, "([a-z-]+)"/g),
    ...fs.readFileSync(path.join(root, 'conf/nginx/server.conf'), 'utf8').matchAll(/"type":"problems\/([a-z-]+)"/g)].map(([, name]) => name);
  assert.ok(told.length > 40);
  for (const [language, texts] of Object.entries(catalogues)) {
    if (language === 'en') continue;
    const keys = [...new Set(told)].flatMap((name) => [`problem.${name}`, `problem.${name}.text`]).sort();
    assert.deepEqual(Object.keys(texts).filter(isServers).sort(), keys, language);
  }
});

// Breaks when the browser's language is not met, the page moves under the eyes while it is, numbers or the server's words stay
// English, or the switch loses a picture or its choice.
test('a German browser meets German; the switch keeps the answer and the choice', { timeout: 600000 }, async () => {
  const browser = await launch();
  try {
    const visit = await newPage(browser, { locale: 'de-AT' });
    const there = visit.page, email = newEmail();
    await there.goto(`${base}#signup`);
    await shown(there, '#signup');
    assert.equal(await there.getAttribute('html', 'lang'), 'de');
    assert.equal(await there.title(), 'Registrieren – digitd');
    assert.ok(await there.evaluate(() => window.witness.shift) < 0.01, 'the layout shifts');
    await inspect(visit, 'german-signup');
    await fill(there, 'signup', { email, password: 'kurz' });
    await says(there, '#signup-password-error', /mindestens 8 Zeichen/);
    await fill(there, 'signup', { email, password: 'password123' });
    await says(there, '#signup-password-error', /^Dieses Passwort kannst du nicht verwenden/); // the server's, by its type
    await fill(there, 'signup', { email, password: goodPassword });
    await shown(there, '#screen-read');
    await there.setInputFiles('#files', [{ name: 'digit-7.png', mimeType: 'image/png', buffer: picture('digit-7.png') },
      { name: 'text.png', mimeType: 'image/png', buffer: picture('text.png') }]);
    await says(there, '.verdict', /^\s*Es ist eine\s*Sieben.*\d\d,\d\s%/);
    await says(there, '#many-title', /^2 Bilder, davon 1 nicht lesbar$/);
    assert.match(await there.getAttribute('#samples li:first-child img', 'alt'), /Beispiel: Null/);
    await there.locator('.pick').nth(1).click();
    await says(there, '.verdict', /Dieses Dateiformat wird nicht unterstützt/);
    await there.locator('.pick').nth(0).click();
    await inspect(visit, 'german-read');
    await there.selectOption('#language', 'en');
    await says(there, '.verdict', /^\s*It is a\s*seven.*\d\d\.\d%/);
    assert.equal(await there.getAttribute('html', 'lang'), 'en');
    await there.reload();
    await shown(there, '#screen-read');
    await says(there, '#read-title', /Which digit/);
    await there.selectOption('#language', 'de');
    for (const [screen, word] of [['model', /Faltung 3 × 3/], ['history', /Dein Verlauf.*digit-7\.png/], ['account', /Dieser Browser.*heute/]]) {
      await there.click(`nav a[href="#${screen}"]`);
      await says(there, `#screen-${screen}`, word);
      await inspect(visit, `german-${screen}`);
    }
    const raw = await there.evaluate(() => document.body.textContent.match(/\b(page|read|answer|how|history|account|door|told|error|model|steps)\.[a-zA-Z.]+\b/g));
    assert.equal(raw, null, 'the name of a text stands on the page');
    await assertClean(visit);
  } finally {
    await browser.close();
  }
});

// Breaks when a page without its words, or without its scripts, waits for ever.
test('a page whose words or scripts do not come says so, with a way on', { timeout: 600000 }, async () => {
  const browser = await launch();
  try {
    for (const lost of [/i18n\//, /app\.js/]) {
      const visit = await newPage(browser);
      visit.seen.allow = /ERR_FAILED/;
      await visit.page.route(lost, (route) => route.abort());
      await visit.page.goto(base.href);
      await visit.page.waitForFunction(() => getComputedStyle(document.querySelector('#wait-long')).visibility === 'visible');
      await visit.page.unroute(lost);
      await visit.page.click('#wait-long a');
      await shown(visit.page, '#login');
      await assertClean(visit);
      await visit.context.close();
    }
  } finally {
    await browser.close();
  }
});
