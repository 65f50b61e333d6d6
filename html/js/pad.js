// The drawing pad: lines by mouse, finger, pen or keyboard, handed on as a picture whenever the pen lifts. The paper behind it grows
// to the right: once a line has come near that edge and the pen has rested, the paper moves on by as much as the next digit needs,
// so that what was written stays in sight.
// Traps: a finger on the pad must not scroll the page (touch-action in the sheet), and a palm beside the pen draws nothing;
// lines are kept as points in heights of the pad, so that it may change its size and a line can be taken back; the paper must not
// move under a pen that is about to write the second stroke of a digit.
import { $, calm } from './dom.js';
import { number, t } from './i18n.js';

const PICTURE_PX = 336;                            // the height of the picture that is handed on
const WIDTHS = { thin: 0.035, middle: 0.055, thick: 0.08 }; // of the height
const CELLS = 28;                                  // the keyboard moves in a grid of so many rows
const PAPER_MAX = 8;                               // heights: how far the paper grows
const NEAR_EDGE = 0.22, ROOM = 0.65;               // heights: from the edge; for a digit
const SLIDE_MS = 260;
const REST_MS = 700;                               // a pen that rests so long has written its digit
const HALF_PRESSURE = 0.5;                         // what a device without pressure reports

let onDrawn, onDone, onCleared;
let strokes = [];        // {width, points: [[x, y, pressure]]}
let stroke = null;       // the one being drawn, which is the last of strokes
let pointer = null;      // id of the pointer that draws it
let cursor = null;       // [column, row] while the keyboard draws
let frame = 0;
let aspect = 1;          // of what is seen of the paper: its width in heights
let left = 0;            // where that begins
let paper = 0;           // how wide the paper is, where it has grown
let rest = 0;            // timer
let making = null;       // the canvas whose picture is not made yet

/** onDrawn(blob): the pen was lifted; onDone(): what is drawn is about to be cleared; onCleared(): nothing is left on the pad. */
export function initPad(hooks) {
  ({ onDrawn, onDone, onCleared } = hooks);
  const pad = $('pad');
  pad.addEventListener('pointerdown', down);
  pad.addEventListener('pointermove', move);
  for (const end of ['pointerup', 'pointercancel']) pad.addEventListener(end, up);
  pad.addEventListener('keydown', key);
  pad.addEventListener('blur', () => { cursor = null; lift(); repaint(); });
  $('pad-scroll').addEventListener('input', ({ target }) => look(Number(target.value)));
  $('pad-undo').addEventListener('click', undo);
  $('pad-clear').addEventListener('click', clear);
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === 'z' && strokes.length && pad.checkVisibility()) {
      event.preventDefault();
      undo();
    }
  });
  new ResizeObserver(measure).observe(pad);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
  $('pad-size').disabled = false; // until here, or a form that is sent without scripts would have a pen in it
  showTools();
}

/** Empties the pad without a word: another picture was given. */
export function resetPad() {
  strokes = [];
  stroke = null;
  cursor = null;
  making = null;
  clearTimeout(rest);
  paper = left = 0;
  fitScroll();
  repaint();
  showTools();
}

/** What is drawn has been handed on, even if its picture was still being made. */
export function settlePad() {
  if (stroke) lift();
  if (!making) return;
  const bytes = atob(making.toDataURL('image/png').split(',')[1]);
  making = null;
  onDrawn(new Blob([Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))], { type: 'image/png' }));
}

// ---- the paper ----

function measure() {
  const { clientWidth, clientHeight } = $('pad');
  if (!clientHeight) return;
  if (strokes.length) paper = wide(); // in a narrower window it is as wide as it was
  aspect = clientWidth / clientHeight;
  look(left);
}

const wide = () => Math.max(aspect, paper);
const right = () => strokes.reduce((most, { points }) => points.reduce((x, point) => Math.max(x, point[0]), most), 0);

/** What is seen begins at x. */
function look(x) {
  left = Math.max(0, Math.min(x, wide() - aspect));
  fitScroll();
  repaint();
}

function fitScroll() {
  const scroll = $('pad-scroll');
  scroll.hidden = wide() <= aspect;
  scroll.max = wide() - aspect;
  scroll.value = left;
}

/** Where what is seen begins, if it ends with room for one more digit: for half of what is seen, where that is less. */
const roomed = () => Math.max(0, right() + Math.min(ROOM, aspect / 2) - aspect);

/** There is room to write on, to the right of what is written. */
function moveOn() {
  if (stroke || right() < left + aspect - NEAR_EDGE || wide() >= PAPER_MAX) return;
  const to = Math.min(roomed(), PAPER_MAX - aspect);
  paper = Math.max(paper, to + aspect);
  slide(to);
}

function slide(to) {
  const from = left, start = performance.now();
  const step = (now) => {
    const share = calm() ? 1 : Math.min(1, (now - start) / SLIDE_MS);
    if (stroke) return look(to); // somebody writes already
    look(from + (to - from) * (1 - (1 - share) ** 3));
    return share < 1 ? requestAnimationFrame(step) : undefined;
  };
  step(start);
}

// ---- pointers ----

function down(event) {
  if (!event.isPrimary || event.button !== 0 || stroke) return;
  cursor = null;
  pointer = event.pointerId;
  $('pad').setPointerCapture(pointer);
  start(place(event));
}

function move(event) {
  if (!stroke || event.pointerId !== pointer) return;
  const all = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
  for (const each of all.length ? all : [event]) stroke.points.push(place(each));
  repaint();
}

function up(event) {
  if (stroke && event.pointerId === pointer) lift();
}

function place({ clientX, clientY, pointerType, pressure }) {
  const box = $('pad').getBoundingClientRect();
  return [left + (clientX - box.left) / box.height, (clientY - box.top) / box.height, pointerType === 'pen' && pressure ? pressure : HALF_PRESSURE];
}

// ---- lines ----

function start(point) {
  const size = document.querySelector('#pad-size input:checked').value;
  clearTimeout(rest);
  stroke = { width: WIDTHS[size], points: [point] };
  strokes.push(stroke);
  repaint();
  showTools();
}

function lift() {
  if (!stroke) return;
  stroke = null;
  pointer = null;
  rest = setTimeout(moveOn, REST_MS);
  hand();
}

function undo() {
  stroke = null;
  making = null;
  strokes.pop();
  clearTimeout(rest);
  if (!strokes.length) paper = left = 0;
  look(Math.min(left, roomed()));
  showTools();
  if (strokes.length) hand();
  else onCleared();
}

function clear() {
  onDone();
  resetPad();
  onCleared();
  $('pad').focus({ preventScroll: true });
}

/** Dark ink on white, as on paper. */
function hand() {
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(PICTURE_PX * wide());
  canvas.height = PICTURE_PX;
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  ink(context, PICTURE_PX, '#000');
  making = canvas;
  canvas.toBlob((blob) => {
    if (making !== canvas) return; // it was drawn on, taken back or handed on
    making = null;
    if (blob) onDrawn(blob);
  }, 'image/png');
}

function showTools() {
  const empty = !strokes.length;
  $('pad-hint').hidden = !empty;
  for (const id of ['pad-undo', 'pad-clear']) $(id).disabled = empty;
}

// ---- keyboard ----

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = STEPS[event.key];
  if (step) walk(step);
  else if (event.key === ' ' || event.key === 'Enter') press();
  else if (event.key === 'Backspace' && strokes.length) undo();
  else if (event.key === 'Escape' && strokes.length) clear();
  else return;
  event.preventDefault();
  repaint();
}

const middle = () => [(cursor[0] + 0.5) / CELLS, (cursor[1] + 0.5) / CELLS, HALF_PRESSURE];

const within = (n, cells) => Math.max(0, Math.min(cells - 1, n));
const beginning = () => [Math.floor((left + aspect / 2) * CELLS), CELLS / 4];

function walk([x, y]) {
  cursor = cursor ? [within(cursor[0] + x, Math.floor(PAPER_MAX * CELLS)), within(cursor[1] + y, CELLS)] : beginning();
  if (stroke) stroke.points.push(middle());
  const [at] = middle();
  paper = Math.max(paper, at > wide() ? at + NEAR_EDGE : 0);
  if (at < left || at > left + aspect) look(at - aspect / 2);
  tell();
}

function press() {
  cursor = cursor || beginning();
  if (stroke) lift();
  else start(middle());
  tell();
}

function tell() {
  const [column, row] = cursor.map((n) => number(n + 1));
  $('pad-said').textContent = t(stroke ? 'pad.penDown' : 'pad.penUp', { row, column });
}

// ---- painting ----

function repaint() {
  if (!frame) frame = requestAnimationFrame(paint);
}

function paint() {
  frame = 0;
  const pad = $('pad');
  const [width, side] = [pad.clientWidth, pad.clientHeight].map((px) => Math.round(px * devicePixelRatio));
  if (pad.width !== width || pad.height !== side) Object.assign(pad, { width, height: side });
  const context = pad.getContext('2d');
  const { color, accentColor } = getComputedStyle(pad);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, side);
  context.translate(-left * side, 0);
  ink(context, side, color);
  if (!cursor) return;
  const cell = side / CELLS;
  context.strokeStyle = accentColor;
  context.lineWidth = 2 * devicePixelRatio;
  context.strokeRect(cursor[0] * cell, cursor[1] * cell, cell, cell);
}

/** side: the height. The lines, smoothed through the middles between their points; where the pressure changes, the width does. */
function ink(context, side, colour) {
  Object.assign(context, { lineCap: 'round', lineJoin: 'round', strokeStyle: colour });
  for (const { width, points } of strokes) {
    let from = points[0], pressed = null;
    points.forEach((point, i) => {
      const before = points[Math.max(0, i - 1)];
      const to = i === points.length - 1 ? point : [(before[0] + point[0]) / 2, (before[1] + point[1]) / 2];
      if (point[2] !== pressed) {
        if (pressed !== null) context.stroke();
        pressed = point[2];
        context.lineWidth = width * side * (0.5 + pressed);
        context.beginPath();
        context.moveTo(from[0] * side, from[1] * side);
      }
      if (i < 2) context.lineTo(to[0] * side + 0.01, to[1] * side); // a dot has a length, too
      else context.quadraticCurveTo(before[0] * side, before[1] * side, to[0] * side, to[1] * side);
      from = to;
    });
    context.stroke();
  }
}
