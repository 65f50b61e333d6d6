// The languages of the page: one catalogue (i18n/LANGUAGE.json) for each option of the switch in the footer.
// A message is a text with {names} in it, or one such text for each plural form of n.
// Traps: nothing may ask for a text before loadLanguage() has settled; a number given by name is written as the language
// writes numbers; the choice is a cookie, since nothing of a visitor is put into the browser's storage.
import { $ } from './dom.js';

const COOKIE = 'digitd_language';
const YEAR_S = 31536000;
const SOURCE = 'en'; // the language of the HTML and of the server

let language = SOURCE;
let texts = {};
const formats = new Map(); // Intl's objects are slow to make
const listeners = [];

export const locale = () => language;

/** Intl[kind] of the language in use. */
export function intl(kind, options = {}) {
  const key = `${language} ${kind} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new Intl[kind](language === SOURCE ? 'en-GB' : language, options));
  return formats.get(key);
}

export const number = (n, options) => intl('NumberFormat', options).format(n);

export const has = (key) => key in texts;

/** The text of a key; values: {name: number or string}; n chooses the plural form. */
export function t(key, values = {}) {
  let text = texts[key] ?? key;
  if (typeof text === 'object') text = text[intl('PluralRules').select(values.n)] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (typeof values[name] === 'number' ? number(values[name]) : values[name] ?? whole));
}

/** The text of one of a family of keys, as digit.7. */
export const pick = (family, name, values) => t(`${family}.${name}`, values);

/** Writes what the HTML marks: data-t="KEY" for the text, data-t-ATTRIBUTE="KEY" for an attribute. */
function translate() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll('[data-t]')) node.textContent = t(node.dataset.t);
  for (const name of ['aria-label', 'content']) {
    for (const node of document.querySelectorAll(`[data-t-${name}]`)) node.setAttribute(name, t(node.getAttribute(`data-t-${name}`)));
  }
  $('language').value = language;
}

const offered = () => [...$('language').options].map((option) => option.value);

/** The visitor's choice, or the first of the browser's languages that there is. */
function wanted() {
  const [, chosen] = new RegExp(`(?:^|; )${COOKIE}=([a-z]+)`).exec(document.cookie) || [];
  return [chosen, ...navigator.languages.map((tag) => tag.split('-')[0].toLowerCase())].find((each) => offered().includes(each)) || SOURCE;
}

async function use(name) {
  const response = await fetch(`i18n/${name}.json`);
  if (!response.ok) throw new Error(`i18n/${name}.json: ${response.status}`);
  texts = await response.json();
  language = name;
  translate();
}

/** Once, at the start. Throws where not even the language of the HTML can be loaded. */
export async function loadLanguage() {
  const name = wanted();
  $('language').addEventListener('change', choose);
  try {
    await use(name);
  } catch (error) {
    if (name === SOURCE) throw error;
    await use(SOURCE);
  }
}

async function choose() {
  const name = $('language').value;
  try {
    await use(name);
  } catch {
    $('language').value = language;
    $('language-note').textContent = t('page.notLoaded');
    return;
  }
  $('language-note').textContent = '';
  document.cookie = `${COOKIE}=${name}; Path=${new URL('.', location.href).pathname}; Max-Age=${YEAR_S}; SameSite=Lax`;
  for (const listener of listeners) listener();
}

/** What was written by script is written anew after a switch: listener(). */
export function onLanguage(listener) {
  listeners.push(listener);
}
