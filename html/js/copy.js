// Text into the clipboard.
import { el } from './dom.js';

/** Whether it is there. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { // an old browser, or a page without TLS
    const field = el('textarea', { className: 'unseen', value: text, 'aria-hidden': 'true' });
    const before = document.activeElement;
    document.body.append(field);
    field.select();
    const good = document.execCommand('copy');
    field.remove();
    if (before) before.focus();
    return good;
  }
}
