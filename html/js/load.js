// Screens come when somebody goes there: the module and the style sheet of each, once.
// Traps: a screen is shown only when its style is there, or it would move; what failed to come is asked for again the next time,
// which some browsers refuse for a module, so that the page offers to be loaded anew.
import { el } from './dom.js';

const coming = new Map(); // name -> Promise of the module

function style(href) {
  return new Promise((done, failed) => {
    const link = el('link', { rel: 'stylesheet', href });
    link.addEventListener('load', done);
    link.addEventListener('error', () => {
      link.remove();
      failed(new Error(href));
    });
    document.head.append(link);
  });
}

/** The module js/NAME.js, and the sheet css/NAME.css with it. */
export function load(name) {
  if (!coming.has(name)) {
    const all = Promise.all([import(`./${name}.js`), style(`css/${name}.css`)]).then(([module]) => module);
    all.catch(() => coming.delete(name));
    coming.set(name, all);
  }
  return coming.get(name);
}
