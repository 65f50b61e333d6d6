// How this site is set: who may sign up, how short a password may be, whether it sends mail. Asked for once.
import { request } from './api.js';

/** As GET /site tells it; until then, what a site usually is. */
export const site = { sign_up: 'open', password_min_length: 8, mail: false };

let known = false;

export async function learnSite(options) {
  if (known) return;
  Object.assign(site, await request('site', options));
  known = true;
}
