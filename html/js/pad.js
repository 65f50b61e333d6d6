// The drawing pad: lines by mouse, finger, pen or keyboard, handed on as a picture whenever the pen lifts.
// Traps: a finger on the pad must not scroll the page (touch-action in the sheet), and a palm beside the pen draws nothing;
// lines are kept as points between 0 and 1, so that the pad may change its size and a line can be taken back.
import { $ } from './dom.js';
import { number, t } from './i18n.js';

const PICTURE_PX = 336;                            // the side of the picture that is handed on
const WIDTHS = { thin: 0.035, middle: 0.055, thick: 0.08 }; // of the side
const CELLS = 28;                                  // the keyboard moves in a grid of so many
const HALF_PRESSURE = 0.5;                         // what a device without pressure reports

let onDrawn, onCleared;
let strokes = [];        // {width, points: [[x, y, pressure]]}
let stroke = null;       // the one being drawn, which is the last of strokes
let pointer = null;      // id of the pointer that draws it
let cursor = null;       // [column, row] while the keyboard draws
let frame = 0;

/** onDrawn(blob): the pen was lifted; onCleared(): nothing is left on the pad. */
export function initPad(hooks) {
  ({ onDrawn, onCleared } = hooks);
  const pad = $('pad');
  pad.addEventListener('pointerdown', down);
  pad.addEventListener('pointermove', move);
  for (const end of ['pointerup', 'pointercancel']) pad.addEventListener(end, up);
  pad.addEventListener('keydown', key);
  pad.addEventListener('blur', () => { cursor = null; lift(); repaint(); });
  $('pad-undo').addEventListener('click', undo);
  $('pad-clear').addEventListener('click', clear);
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === 'z' && strokes.length && pad.checkVisibility()) {
      event.preventDefault();
      undo();
    }
  });
  new ResizeObserver(repaint).observe(pad);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
  $('pad-size').disabled = false; // until here, or a form that is sent without scripts would have a pen in it
  showTools();
}

/** Empties the pad without a word: another picture was given. */
export function resetPad() {
  strokes = [];
  stroke = null;
  cursor = null;
  repaint();
  showTools();
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
  const { left, top, width, height } = $('pad').getBoundingClientRect();
  return [(clientX - left) / width, (clientY - top) / height, pointerType === 'pen' && pressure ? pressure : HALF_PRESSURE];
}

// ---- lines ----

function start(point) {
  const size = document.querySelector('#pad-size input:checked').value;
  stroke = { width: WIDTHS[size], points: [point] };
  strokes.push(stroke);
  repaint();
  showTools();
}

function lift() {
  if (!stroke) return;
  stroke = null;
  pointer = null;
  hand();
}

function undo() {
  stroke = null;
  strokes.pop();
  repaint();
  showTools();
  if (strokes.length) hand();
  else onCleared();
}

function clear() {
  resetPad();
  onCleared();
  $('pad').focus({ preventScroll: true });
}

/** Dark ink on white, as on paper. */
function hand() {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = PICTURE_PX;
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, PICTURE_PX, PICTURE_PX);
  ink(context, PICTURE_PX, '#000');
  const now = strokes.length;
  canvas.toBlob((blob) => { if (blob && strokes.length === now) onDrawn(blob); }, 'image/png');
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

function walk([x, y]) {
  const within = (n) => Math.max(0, Math.min(CELLS - 1, n));
  cursor = cursor ? [within(cursor[0] + x), within(cursor[1] + y)] : [CELLS / 2, CELLS / 4];
  if (stroke) stroke.points.push(middle());
  tell();
}

function press() {
  cursor = cursor || [CELLS / 2, CELLS / 4];
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
  const side = Math.round(pad.clientWidth * devicePixelRatio);
  if (pad.width !== side) pad.width = pad.height = side;
  const context = pad.getContext('2d');
  const { color, accentColor } = getComputedStyle(pad);
  context.clearRect(0, 0, side, side);
  ink(context, side, color);
  if (!cursor) return;
  const cell = side / CELLS;
  context.strokeStyle = accentColor;
  context.lineWidth = 2 * devicePixelRatio;
  context.strokeRect(cursor[0] * cell, cursor[1] * cell, cell, cell);
}

/** The lines, smoothed through the middles between their points; where the pressure changes, the width does. */
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
