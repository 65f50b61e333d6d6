// Words of the account's screen that are put together: moments and devices.
import { intl, t } from './i18n.js';

const time = (date) => intl('DateTimeFormat', { timeStyle: 'short' }).format(date);

/** A moment as short as it can be told: today, 14:02; yesterday, 09:10; 3 May 2024. */
export function moment(date, now = new Date()) {
  const midnight = (d, back = 0) => new Date(d.getFullYear(), d.getMonth(), d.getDate() - back).getTime();
  const day = midnight(date);
  if (day === midnight(now)) return t('account.today', { time: time(date) });
  if (day === midnight(now, 1)) return t('account.yesterday', { time: time(date) });
  return intl('DateTimeFormat', { dateStyle: 'medium' }).format(date);
}
export const fullMoment = (date) => intl('DateTimeFormat', { dateStyle: 'full', timeStyle: 'long' }).format(date);

const BROWSERS = [[/\bEdgA?\//, 'Edge'], [/\bOPR\//, 'Opera'], [/\bSamsungBrowser\//, 'Samsung Internet'], [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Headless)?Chrom(e|ium)\/|\bCriOS\//, 'Chrome'], [/\bSafari\//, 'Safari'], [/^curl\//, 'curl']];
const SYSTEMS = [[/iPhone/, 'iPhone'], [/iPad/, 'iPad'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/CrOS/, 'ChromeOS'],
  [/Mac OS X|Macintosh/, 'account.aMac'], [/Linux|X11/, 'Linux']];

/** What a User-Agent header says, for its owner to know the device by: "Firefox on Linux". */
export function deviceOf(agent) {
  const browser = (BROWSERS.find(([mark]) => mark.test(agent)) || [])[1];
  const system = (SYSTEMS.find(([mark]) => mark.test(agent)) || [])[1];
  if (browser) return system ? t('account.device', { browser, system: t(system) }) : browser; // a name is no key, and stays
  return agent.length > 40 ? `${agent.slice(0, 39)}…` : agent || t('account.unknownDevice');
}
