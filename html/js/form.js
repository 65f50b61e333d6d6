// What every form of the page does: what can be told without asking is told at its field, the button rests while a request is on
// its way, and what the server says is shown as it says it. A password is gone from its field once it has been used.
import { $, say } from './dom.js';
import { t } from './i18n.js';
import { busy, sentenceOf } from './text.js';

/**
 * options:
 *   checks     {field: (value, values) => a sentence, or '' when it will do}, in the order of the fields
 *   about      {last part of a problem's type: field}; what is not there is about the whole form
 *   begin      () => void, before anything is checked
 *   send       (values, onWait) => Promise of the answer; onWait(seconds left) for a server that is waited for
 *   done       (answer, values): it went well
 *   failed     (error) => true where it has been dealt with otherwise
 */
export function initForm(form, options) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit(form, options);
  });
  form.addEventListener('input', (event) => fieldError(form, event.target.name, ''));
  for (const button of form.querySelectorAll('[data-reveal]')) button.addEventListener('click', () => reveal(button));
}

/** Takes away what was said at its fields, and its passwords. */
export function clearForm(form) {
  for (const line of form.querySelectorAll('[data-error]')) fieldError(form, line.dataset.error, '');
  for (const button of form.querySelectorAll('[data-reveal]')) {
    if ($(button.dataset.reveal).type === 'text') reveal(button);
    $(button.dataset.reveal).value = '';
  }
}

function reveal(button) {
  const input = $(button.dataset.reveal);
  const shown = input.type === 'text';
  input.type = shown ? 'password' : 'text';
  button.querySelector('span').textContent = t(shown ? 'door.show' : 'door.hide');
}

/** text: () => the sentence, so that it can be said anew in another language; or '' for none. */
function fieldError(form, field, text) {
  const line = form.querySelector(`[data-error="${field}"]`);
  if (line) {
    say(line, text && text());
    said.set(line, text);
  }
  const input = form.elements[field];
  if (!(input instanceof Element)) return; // several of a name: the line is tied to their group
  if (text) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
}

const said = new WeakMap(); // line -> what is said in it

/** After another language was chosen: what stands stays, in its words. */
export function rewordForms() {
  for (const line of document.querySelectorAll('[data-error]:not([hidden])')) line.textContent = said.get(line)();
  for (const button of document.querySelectorAll('[data-reveal]')) {
    if ($(button.dataset.reveal).type === 'text') button.querySelector('span').textContent = t('door.hide');
  }
}

function refuse(form, field, sentence) {
  fieldError(form, field, sentence);
  const input = form.elements[field];
  if (input) (input instanceof Element ? input : input[0]).focus();
}

/** The fields by name: text trimmed, a password as it is, boxes as the list of those that are ticked. */
function read(form) {
  const values = {};
  for (const { name, type, value, checked, dataset } of form.elements) {
    if (!name) continue;
    if (type === 'checkbox') values[name] = [...(values[name] || []), ...(checked ? [value] : [])];
    else values[name] = 'raw' in dataset ? value : value.trim();
  }
  return values;
}

async function submit(form, { checks, about = {}, begin, send, done, failed }) {
  const button = form.querySelector('[type="submit"]');
  if (button.getAttribute('aria-disabled') === 'true') return;
  if (begin) begin(); // what was told before is over
  const values = read(form);
  for (const line of form.querySelectorAll('[data-error]')) fieldError(form, line.dataset.error, '');
  for (const [field, check] of Object.entries(checks)) {
    const wrong = check(values[field], values);
    if (wrong) return refuse(form, field, () => check(values[field], values));
  }
  button.setAttribute('aria-disabled', 'true');
  try {
    const answer = await send(values, (left) => fieldError(form, 'form', () => busy(left)));
    clearForm(form);
    done(answer, values);
  } catch (error) {
    fieldError(form, 'form', '');
    if (failed && failed(error)) return;
    const name = String((error.problem && error.problem.type) || '').split('/').pop();
    refuse(form, about[name] || 'form', () => sentenceOf(error));
  } finally {
    button.removeAttribute('aria-disabled');
  }
}

// ---- checks that several forms share ----

export const isEmail = (value) => {
  if (!value) return t('door.needEmail');
  return /^[^@\s]+@[^@\s]+$/.test(value) ? '' : t('door.badEmail');
};
/** key: of the sentence where it is not. */
export const isGiven = (key) => (value) => (value ? '' : t(key));
/** min: () => code points; the server decides, this only saves a round trip. */
export const isNewPassword = (min) => (value) => {
  if (!value) return t('door.choosePassword');
  return [...value].length < min() ? t('door.shortPassword', { min: min() }) : '';
};
