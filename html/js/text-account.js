// What the account's screen says, beside text.js.

const LANGUAGE = 'en-GB'; // as the sentences are, the dates: 3 May 2024, 14:02
const DAY = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: 'medium' });
const TIME = new Intl.DateTimeFormat(LANGUAGE, { timeStyle: 'short' });
const FULL = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: 'full', timeStyle: 'long' });

/** A moment as short as it can be told: today, 14:02; yesterday, 09:10; 3 May 2024. */
export function moment(date, now = new Date()) {
  const midnight = (d, back = 0) => new Date(d.getFullYear(), d.getMonth(), d.getDate() - back).getTime();
  const day = midnight(date);
  if (day === midnight(now)) return `today, ${TIME.format(date)}`;
  if (day === midnight(now, 1)) return `yesterday, ${TIME.format(date)}`;
  return DAY.format(date);
}
export const fullMoment = (date) => FULL.format(date);

export const SAY = {
  loading: 'One moment…',
  needCurrent: 'Enter your current password.',
  needName: 'Give it a name, such as the program or the machine that will use it.',
  longName: 'This name is too long.',
  needScope: 'Choose at least one thing that it may do.',
  samePassword: 'This is the current password. Choose another one.',
  changed: 'Changed. Every other browser has been logged out.',
  thisOne: 'This browser',
  from: (address) => `from ${address}`,
  seen: 'last seen ',
  since: 'logged in ',
  ended: (device) => `Ended: ${device}.`,
  endedAlready: 'That session had ended already.',
  leftEverywhere: 'You are logged out everywhere.',
  noTokens: 'There are none yet.',
  made: 'made ',
  used: 'last used ',
  unused: 'not used yet',
  expires: 'good until ',
  expired: 'no longer good since ',
  forever: 'never expires',
  scopes: { classify: 'reads digits', history: 'uses the history' },
  sureRevoke: 'What uses it stops working at once.',
  revoked: (name) => `Revoked: ${name}.`,
  revokedAlready: 'It had been revoked already.',
  tokenMade: (name) => `The token “${name}”`,
  copied: 'Copied.',
  notCopied: 'This browser does not let the page copy. It is selected: copy it by hand.',
  saved: (name) => `Saved as ${name}.`,
  deleted: 'Your account is deleted, with all that belonged to it.',
  unknownDevice: 'Unknown device',
};

const BROWSERS = [[/\bEdgA?\//, 'Edge'], [/\bOPR\//, 'Opera'], [/\bSamsungBrowser\//, 'Samsung Internet'], [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Headless)?Chrom(e|ium)\/|\bCriOS\//, 'Chrome'], [/\bSafari\//, 'Safari'], [/^curl\//, 'curl']];
const SYSTEMS = [[/iPhone/, 'iPhone'], [/iPad/, 'iPad'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/CrOS/, 'ChromeOS'],
  [/Mac OS X|Macintosh/, 'a Mac'], [/Linux|X11/, 'Linux']];

/** What a User-Agent header says, for its owner to know the device by: "Firefox on Linux". */
export function deviceOf(agent) {
  const browser = (BROWSERS.find(([mark]) => mark.test(agent)) || [])[1];
  const system = (SYSTEMS.find(([mark]) => mark.test(agent)) || [])[1];
  if (browser) return system ? `${browser} on ${system}` : browser;
  return agent.length > 40 ? `${agent.slice(0, 39)}…` : agent || SAY.unknownDevice;
}
