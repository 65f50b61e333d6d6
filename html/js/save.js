// A file for the visitor to keep, made in the browser.
import { el } from './dom.js';

const KEPT_MS = 60000; // the browser may still be writing it

export function saveFile(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  el('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
