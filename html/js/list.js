// A row of the account's lists: a name, what is to know about it, what can be done with it.
import { el } from './dom.js';
import { fullMoment, moment } from './text-account.js';

/** iso: as the server gives it. */
export function timeNode(iso) {
  const date = new Date(iso);
  return el('time', { dateTime: iso, title: fullMoment(date) }, moment(date));
}

/** facts: arrays of nodes and strings; controls: buttons; hint: shown where somebody points. */
export function listItem({ title, hint = '', badge = '', facts, controls }) {
  return el('li', { className: 'row' },
    el('div', { className: 'row-text' },
      el('p', { className: 'row-title', title: hint }, el('b', {}, title), ...(badge ? [' ', el('span', { className: 'badge' }, badge)] : [])),
      el('p', { className: 'row-facts' }, ...facts.map((fact) => el('span', {}, ...fact)))),
    ...controls);
}
