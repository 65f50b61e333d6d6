// Screens come when somebody goes there: the module and the style sheets of each, once; and parts of them that few need.
// Traps: a screen is shown only when its style is there, or it would move; what failed to come is asked for again the next time,
// which some browsers refuse for a module, so that the page offers to be loaded anew.
import { el } from './dom.js';

const SHEETS = { 'number-view': ['number'], history: ['number', 'history'] }; // what is more than the one of its name
const coming = new Map(); // name -> Promise of the module
const styles = new Map(); // href -> Promise

function style(name) {
  const href = `css/${name}.css`;
  if (!styles.has(href)) {
    styles.set(href, new Promise((done, failed) => {
      const link = el('link', { rel: 'stylesheet', href });
      link.addEventListener('load', done);
      link.addEventListener('error', () => {
        link.remove();
        styles.delete(href);
        failed(new Error(href));
      });
      document.head.append(link);
    }));
  }
  return styles.get(href);
}

/** The module js/NAME.js, and the sheet css/NAME.css, or those in SHEETS, with it. */
export function load(name) {
  if (!coming.has(name)) {
    const all = Promise.all([import(`./${name}.js`), ...(SHEETS[name] ?? [name]).map(style)]).then(([module]) => module);
    all.catch(() => coming.delete(name));
    coming.set(name, all);
  }
  return coming.get(name);
}
