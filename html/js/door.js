// Log in and sign up. Errors stand at the field they are about; what the server says is shown as it says it.
import { $, say } from './dom.js';
import { request } from './api.js';
import { SAY, sentenceOf } from './text.js';

const PASSWORD_MIN = 8; // code points; the server decides, this only saves a round trip

let onSignedIn;

export function initDoor(hooks) {
  onSignedIn = hooks.onSignedIn;
  for (const name of ['login', 'signup']) {
    const form = $(name);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      submit(name, form);
    });
    form.addEventListener('input', (event) => fieldError(form, event.target.name, ''));
  }
  for (const button of document.querySelectorAll('[data-reveal]')) {
    button.addEventListener('click', () => reveal(button));
  }
}

/** name: 'login' or 'signup'; says a line above the form where there is something to say. */
export function showDoor(name, text = '') {
  $('login').hidden = name !== 'login';
  $('signup').hidden = name !== 'signup';
  say($('door-note'), text);
  for (const form of [$('login'), $('signup')]) clear(form);
}

function clear(form) {
  for (const field of ['form', 'email', 'password']) fieldError(form, field, '');
  form.elements.password.value = '';
  hide(form);
}

function hide(form) {
  const button = form.querySelector('[data-reveal]');
  if (form.elements.password.type === 'text') reveal(button);
}

function reveal(button) {
  const input = $(button.dataset.reveal);
  const shown = input.type === 'text';
  input.type = shown ? 'password' : 'text';
  button.querySelector('span').textContent = shown ? 'Show' : 'Hide';
}

function fieldError(form, field, text) {
  say(form.querySelector(`[data-error="${field}"]`), text);
  const input = form.elements[field];
  if (!input) return;
  if (text) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
}

/** What can be told without asking the server: [field, sentence], or null. */
function check(name, email, password) {
  if (!email) return ['email', SAY.needEmail];
  if (!/^[^@\s]+@[^@\s]+$/.test(email)) return ['email', SAY.badEmail];
  if (!password) return ['password', name === 'login' ? SAY.needPassword : SAY.newPassword];
  if (name === 'signup' && [...password].length < PASSWORD_MIN) return ['password', SAY.shortPassword];
  return null;
}

async function submit(name, form) {
  const button = form.querySelector('[type="submit"]');
  if (button.getAttribute('aria-disabled') === 'true') return;
  const email = form.elements.email.value.trim();
  const password = form.elements.password.value;
  for (const field of ['form', 'email', 'password']) fieldError(form, field, '');
  const wrong = check(name, email, password);
  if (wrong) return refuse(form, ...wrong);

  button.setAttribute('aria-disabled', 'true');
  try {
    const answer = await request(name, {
      method: 'POST', json: { email, password },
      // A sign-up is not sent twice: the first may have made the account although its answer was lost.
      onWait: name === 'login' ? (left) => fieldError(form, 'form', SAY.busy(left)) : undefined,
    });
    clear(form);
    onSignedIn(answer.user);
  } catch (error) {
    refuse(form, fieldOf(error), sentenceOf(error));
  } finally {
    button.removeAttribute('aria-disabled');
  }
}

function refuse(form, field, sentence) {
  fieldError(form, field, sentence);
  if (field !== 'form') form.elements[field].focus();
}

/** Which field a problem is about, by its type's last part. */
function fieldOf({ problem }) {
  const name = String((problem && problem.type) || '').split('/').pop();
  if (/password/.test(name)) return 'password';
  if (/email|address/.test(name)) return 'email';
  return 'form';
}
