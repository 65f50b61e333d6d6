// Every sentence that the page itself says, in one place, so that a second language has one file to meet.

export const DIGITS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

export const NARROW = '\u202f'; // a thin space that does not break

export const article = (digit) => (digit === 8 ? 'an' : 'a');

/** How sure, in words. */
export function sureWord(p) {
  if (p >= 0.995) return 'No doubt';
  if (p >= 0.95) return 'Quite sure';
  if (p >= 0.8) return 'Fairly sure';
  if (p >= 0.5) return 'Leaning to it';
  return 'A guess';
}

/** A probability as percent, never rounded up to certainty. */
export function percent(p) {
  const shown = p < 1 ? Math.min(99.9, p * 100) : 100;
  return `${shown.toFixed(1)}${NARROW}%`;
}

export function bytes(n) {
  const mib = n / 1048576;
  return mib >= 1 ? `${mib >= 10 ? Math.ceil(mib) : mib.toFixed(1)} MiB` : `${Math.ceil(n / 1024)} KiB`;
}

export const seconds = (n) => `${n} second${n === 1 ? '' : 's'}`;
export const count = (n) => n.toLocaleString('en').replaceAll(',', NARROW);
const pictures = (n) => `${n} picture${n === 1 ? '' : 's'}`;

export const SAY = {
  empty: { over: 'The answer', word: 'Ready', sure: 'Give a picture, and it is read at once.' },
  reading: { over: 'One moment', word: 'Reading', sure: '' },
  notRead: 'Not read',
  notYet: 'That did not work',
  unsure: 'unsure',
  noDigit: 'no digit',
  kept: (n) => `${n > 1 ? 'Your pictures are' : 'Your picture is'} kept.`,
  busy: (s) => `The server is busy. Trying again in ${seconds(s)}.`,
  connecting: 'Connecting…',
  loggedOut: 'You are logged out.',
  expiredWithPicture: 'Your session has ended. Log in again: your picture is kept, and is read then.',
  needEmail: 'Enter your email address.',
  badEmail: 'This does not look like an email address: it needs a name, an @ and a place.',
  needPassword: 'Enter your password.',
  newPassword: 'Choose a password.',
  shortPassword: (min) => `This is too short: a password has at least ${min} characters.`,
  passwordHint: (min) => `At least ${min} characters${min < 15 ? '; 15 or more are better' : ''}. A sentence is fine.`,
  needInvitation: 'Enter the code of your invitation.',
  expired: 'Your session has ended. Log in again.',
  notLoaded: 'A part of this page could not be loaded. Check your connection and try again.',
  tooBig: (size, max) => ({ title: 'This file is too large.', detail: `It has ${bytes(size)}, and a picture may have up to ${bytes(max)}: save it smaller and try again.` }),
  tooMany: (n, max) => `You gave ${pictures(n)}. Up to ${max} are read at a time: these are the first ${max}.`,
  folder: 'A folder cannot be read. Open it and choose the pictures in it.',
  noPicture: 'There is no picture in what you pasted.',
  noPictureDropped: 'There is no picture in what you dropped.',
  sampleGone: 'This sample could not be loaded.',
  pastedName: 'pasted picture',
  results: (done, n, bad) => (done < n ? `${done} of ${pictures(n)} read` : pictures(n)) + (bad ? `, ${bad} not readable` : ''),
  validation: (n) => (n ? `right of ${count(n)} pictures held back` : 'right of the pictures held back'),
  weights: 'weights',
  layers: 'layers that learn',
  layer: (type, kernel, activation) => {
    const name = {
      conv2d: `Convolution ${kernel} × ${kernel}`, maxpool2: 'Maximum of 2 × 2', flatten: 'Flattened', dense: 'Dense', softmax: 'Softmax: ten probabilities',
    }[type] || type;
    return activation === 'relu' ? `${name}, ReLU` : name;
  },
  sendingAgain: (n) => `One picture stopped the reader. The ${n > 1 ? `${n} behind it are` : 'one behind it is'} sent again.`,
  sentAgain: (n) => `One picture stopped the reader. The ${n > 1 ? `${n} behind it were` : 'one behind it was'} sent again.`,
  noSteps: 'This picture could not be read, so there are no steps to show.',
  given: (name) => `The picture you gave: ${name}`,
  sample: (digit) => `Sample: ${DIGITS[digit]}`,
};

const TO_LOG_IN = ['login', 'Log in'], TO_SIGN_UP = ['signup', 'Sign up again'], TO_FORGOT = ['forgot', 'Ask for another link'];

/** What takes the place of a form. */
export const TOLD = {
  closed: { title: 'Sign-up is closed', text: 'New accounts are made by the people who run this site. Ask them for one.', links: [TO_LOG_IN] },
  noMail: {
    title: 'Forgot your password?', links: [TO_LOG_IN],
    text: 'This site sends no mail. Ask the people who run it: they can give you a link that sets a new password.',
  },
  signUpMail: (email) => ({
    title: 'Look into your mail', links: [TO_SIGN_UP, TO_LOG_IN],
    text: `A mail to ${email} is on its way. Open the link in it within 24 hours and choose a password. If nothing comes in a few minutes, look into the spam folder.`,
  }),
  resetMail: (email) => ({
    title: 'Look into your mail', links: [TO_LOG_IN],
    text: `If ${email} has an account here, a link that sets a new password is on its way. It is good for an hour, and once. If nothing comes in a few minutes, look into the spam folder.`,
  }),
  confirmNoToken: { title: 'Open the link once more', text: 'This page has no link to work with. Open the one in your mail again.', links: [TO_LOG_IN] },
  resetNoToken: { title: 'Open the link once more', text: 'This page has no link to work with. Open the one that you were sent again.', links: [TO_LOG_IN] },
  confirmDead: {
    title: 'This link is good no more', links: [TO_LOG_IN, TO_SIGN_UP],
    text: 'It was used already, or is more than a day old. If you have chosen a password before, your account is there: log in. Else sign up again.',
  },
  resetDeadMail: { title: 'This link is good no more', text: 'It was used already, or is more than an hour old.', links: [TO_FORGOT, TO_LOG_IN] },
  resetDead: {
    title: 'This link is good no more', links: [TO_LOG_IN],
    text: 'It was used already, or is more than an hour old. Ask the people who run this site for another one.',
  },
  resetDone: { title: 'Your new password is set', text: 'Every browser that was logged in to this account has been logged out.', links: [TO_LOG_IN] },
};

/** What a failed request means, in a sentence for the person who made it. */
export function sentenceOf(error) {
  const { kind, status, problem, retryAfter } = error;
  if (kind === 'offline') return 'You are offline. Try again when the connection is back.';
  if (kind === 'unreachable') return 'The server cannot be reached. Check your connection and try again.';
  if (kind === 'timeout') return 'The server took too long to answer. Try again.';
  if (kind === 'stopped') return 'One picture after another stopped the reader. Send these again without them.';
  if (kind === 'odd') return 'The server answered something that this page does not understand. Try again later.';
  if (status === 429 && retryAfter) return `Too many tries. Wait ${waitText(retryAfter)} and try again.`;
  if (status >= 502 && status <= 504) return `${(problem && problem.title) || 'The server is busy.'} Try again in ${waitText(retryAfter || 10)}.`;
  if (problem) return problemText(problem);
  return `The server could not answer (${status}). Try again later.`;
}

const waitText = (s) => (s < 90 ? seconds(s) : `${Math.ceil(s / 60)} minutes`);

const problemText = ({ title, detail }) => [title, detail].filter(Boolean).join(' ');

/** The verdict where no answer came. */
export const failed = (sentence) => ({ over: SAY.notRead, word: SAY.notYet, sure: sentence });

/** A file's name, short enough for a line. */
export const shortName = (name) => (name.length > 40 ? `${name.slice(0, 24)}…${name.slice(-14)}` : name);

/** The verdict on one picture: a small line, a large word, how sure. */
export function verdict(result) {
  const { status, digit, probabilities = [] } = result;
  if (status === 'error') return { over: SAY.notRead, word: result.problem.title, sure: result.problem.detail };
  if (status === 'not_a_digit') {
    return { over: 'It looks like', word: 'no digit', sure: 'Try one digit alone, in dark ink on light paper (or the other way round), filling the picture.' };
  }
  if (status === 'unsure') {
    const second = probabilities.map((p, d) => [p, d]).filter(([, d]) => d !== digit).sort((a, b) => b[0] - a[0])[0];
    const other = second ? `, or ${article(second[1])} ${DIGITS[second[1]]} (${percent(second[0])})` : '';
    return { over: 'Unsure, it may be', word: `${article(digit)} ${DIGITS[digit]}`, sure: `${percent(result.confidence)}${other}. A larger, darker digit helps.` };
  }
  return { over: `It is ${article(digit)}`, word: DIGITS[digit], sure: `${sureWord(result.confidence)}, `, percent: percent(result.confidence) };
}

/** What was done to the picture before the network saw it. */
export function stepsOf(result, wish) {
  const steps = [];
  const p = result.preprocessing;
  if (p) {
    steps.push(`${p.width} × ${p.height} px`);
    if (p.upright) steps.push('turned upright');
    if (p.inverted) steps.push('turned light on dark');
    if (p.unchanged) steps.push('used as it is');
    else if (wish.center === 'none') steps.push('scaled as it lies');
    else if (p.box && p.box[2]) steps.push(`cropped to ${p.box[2]} × ${p.box[3]}`, 'centred');
  }
  if (result.elapsed_us) steps.push(`read in ${(result.elapsed_us / 1000).toFixed(result.elapsed_us < 10000 ? 2 : 0)}\u00a0ms`);
  return steps.join(' · ');
}

const px = (n) => `${Math.abs(n).toLocaleString('en')} px`;
const channelText = (channel) => ({ luminance: 'brightness', cover: 'where it is not transparent' }[channel] || `its ${channel} alone, where the ink stands out most`);
const moved = (n, back, forth) => (n ? [`${px(n)} ${n < 0 ? back : forth}`] : []);

/** What a step did: a title and a sentence. p: the answer's preprocessing; wish: what the visitor asked for. */
export function stepCaption({ name, width, height }, p, wish) {
  const found = p.inverted ? 'dark on light: turned over' : 'light on dark';
  const [x, y, w, h] = p.box;
  const shift = [...moved(p.shift[0], 'left', 'right'), ...moved(p.shift[1], 'up', 'down')].join(', ');
  switch (name) {
    case 'grey': return {
      title: p.upright ? 'Upright, in grey' : 'In grey',
      text: `${p.width} × ${p.height} px, by ${channelText(p.channel)}.`,
    };
    case 'levelled': return { title: 'Light evened out', text: 'Without shadows, tint and ruled lines.' };
    case 'ink': return {
      title: w ? 'The ink' : 'No ink',
      text: w ? `${wish.invert === 'auto' ? 'Found' : 'Taken as'} ${found}. ${w} × ${h} px at ${x}, ${y}.` : 'Nothing stands out from the paper.',
    };
    case 'scaled': return { title: 'Scaled', text: `${wish.center === 'none' ? 'The whole picture' : 'The ink'}, to ${width} × ${height} px.` };
    case 'input': return {
      title: 'What the network saw',
      text: p.unchanged ? `It was like the digits that the network learnt from${p.inverted ? ', once turned over' : ''}: used as it is.`
        : !w && wish.center !== 'none' ? 'Nothing.'
        : { mass: 'Its centre of mass in the middle', box: 'Its outline in the middle', none: 'As it lies' }[wish.center] + (shift ? `: moved ${shift}.` : '.'),
    };
    default: return { title: name, text: `${width} × ${height} px.` };
  }
}
