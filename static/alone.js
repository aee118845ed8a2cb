/** One character of a drawing of several, alone on a paper: its strokes, or the part of the drawing within its box.
 * @module
 */

import { blank, draw, marked, PEN, SIZE, strokesOf } from "./marks.js";

/** @import { Mark, Point, Stroke } from "./marks.js" */
/** @typedef {[number, number, number, number]} Box left, top, right, bottom, in units of the paper */
/** @typedef {{sheet: HTMLCanvasElement, strokes: Stroke[] | null, side: number}} Alone `sheet`: a paper with this
 * character in its middle and nothing else; `strokes`: its strokes on that paper, null if they are not known; `side`: how
 * much of the paper it takes, in units */

const MOST = 0.9; // a stroke is a character's if so much of it is in its box
const STEP = 2; // units between the places at which a stroke is looked at
const NEAR = PEN; // units between strokes and their box: where characters touch, the cut may be beside a stroke
const PAPER = 192; // brighter levels of grey are no ink

/**
 * @param {readonly Mark[]} marks all that is drawn
 * @param {number} width of the paper, in units
 * @param {readonly Box[]} boxes of all characters; a drawing is sent with a pixel for each unit
 * @param {number} index of the character
 * @returns {Alone | null} null if it cannot be told apart from what is beside it, or is on a picture
 */
export function alone(marks, width, boxes, index) {
  const all = strokesOf(marks);
  if (!all) return null;
  const shares = all.map((stroke) => sharesOf(stroke, boxes));
  const own = ownStrokes(all, shares, boxes, index);
  if (own) return asStrokes(own);
  return hasAllWithin(shares, index) ? asCut(marks, width, boxes, index) : null;
}

/**
 * The strokes of a character; null if another character or a mark that was not read shares one of them.
 * @param {readonly Stroke[]} strokes
 * @param {readonly number[][]} shares
 * @param {readonly Box[]} boxes
 * @param {number} index
 */
function ownStrokes(strokes, shares, boxes, index) {
  const owners = shares.map((of) => {
    const owner = of.findIndex((share) => share >= MOST);
    return of.some((share, other) => share >= MOST && other !== owner) ? -1 : owner;
  });
  if (shares.some((of, i) => owners[i] < 0 && of[index] > 0)) return null;
  // Who has a part of these strokes in its box must have strokes that fill it, or the part is its own.
  const beside = boxes.map((_, other) => shares.some((of, i) => owners[i] === index && of[other] > 0));
  const isFilled = boxes.every((box, other) => {
    const own = strokes.filter((_, i) => owners[i] === other);
    return (other !== index && !beside[other]) || (own.length > 0 && isAround(box, own));
  });
  return isFilled ? strokes.filter((_, i) => owners[i] === index) : null;
}

/**
 * @param {Box} box
 * @param {Stroke[]} strokes
 */
function isAround(box, strokes) {
  return inkOf(strokes).every((side, i) => Math.abs(side - box[i]) <= NEAR);
}

/**
 * Whether all that is drawn in a character's box was read, be it as several characters.
 * @param {readonly number[][]} shares
 * @param {number} index
 */
function hasAllWithin(shares, index) {
  return shares.every((of) => of[index] === 0 || of.reduce((sum, share) => sum + share) >= MOST);
}

/** @param {Stroke[]} own */
function asStrokes(own) {
  const ink = inkOf(own);
  const side = sideOf(ink);
  // By whole units, so that it has the same pixels as in the drawing.
  const [x, y] = [0, 1].map((axis) => Math.round(((axis ? SIZE : side) - ink[axis] - ink[axis + 2]) / 2));
  const strokes = own.map((stroke) => stroke.map((point) => ({ x: point.x + x, y: point.y + y })));
  const sheet = blank(side, SIZE);
  draw(sheet, 1, marked(strokes));
  return { sheet: sheet.canvas, strokes: side > SIZE ? null : strokes, side: extentOf(ink) };
}

/**
 * @param {readonly Mark[]} marks
 * @param {number} width
 * @param {readonly Box[]} boxes
 * @param {number} index
 * @returns {Alone | null}
 */
function asCut(marks, width, boxes, index) {
  const drawing = blank(width, SIZE, { willReadFrequently: true });
  draw(drawing, 1, marks);
  const box = boxes[index];
  const isShared = boxes.some((other, i) => i !== index && hasInk(drawing, common(box, other)));
  if (isShared) return null;
  const side = sideOf(box);
  const sheet = blank(side, SIZE);
  draw(sheet, 1, []);
  const [left, top, right, bottom] = box;
  const size = /** @type {const} */ ([right - left, bottom - top]);
  const place = /** @type {const} */ ([Math.round((side - size[0]) / 2), Math.round((SIZE - size[1]) / 2)]);
  sheet.drawImage(drawing.canvas, left, top, ...size, ...place, ...size);
  return { sheet: sheet.canvas, strokes: null, side: extentOf(box) };
}

/** @param {Box} box */
function sideOf([left, , right]) {
  return Math.max(SIZE, Math.ceil(right - left) + 2 * PEN);
}

/** @param {Box} box */
function extentOf([left, top, right, bottom]) {
  return Math.max(right - left, bottom - top) + 4 * PEN;
}

/**
 * @param {Box} one
 * @param {Box} other
 * @returns {Box} its sides are the wrong way round if they have nothing in common
 */
function common(one, other) {
  const [left, top] = [Math.max(one[0], other[0]), Math.max(one[1], other[1])];
  return [left, top, Math.min(one[2], other[2]), Math.min(one[3], other[3])];
}

/**
 * @param {CanvasRenderingContext2D} drawing
 * @param {Box} box
 */
function hasInk(drawing, [left, top, right, bottom]) {
  if (right <= left || bottom <= top) return false;
  const { data } = drawing.getImageData(left, top, right - left, bottom - top);
  return data.some((level, i) => i % 4 === 0 && level < PAPER);
}

/**
 * How much of a stroke is in each of the boxes.
 * @param {Stroke} stroke
 * @param {readonly Box[]} boxes
 */
function sharesOf(stroke, boxes) {
  const places = along(stroke);
  return boxes.map(([left, top, right, bottom]) => {
    const inside = places.filter(({ x, y }) => x >= left && x <= right && y >= top && y <= bottom);
    return inside.length / places.length;
  });
}

/**
 * The box around strokes as they are drawn.
 * @param {readonly Stroke[]} strokes
 * @returns {Box}
 */
function inkOf(strokes) {
  const places = strokes.flatMap(along);
  const [xs, ys] = [places.map(({ x }) => x), places.map(({ y }) => y)];
  const reach = PEN / 2;
  return [Math.min(...xs) - reach, Math.min(...ys) - reach, Math.max(...xs) + reach, Math.max(...ys) + reach];
}

/**
 * Places along the curve of a stroke, as marks.js draws it, at even distances.
 * @param {Stroke} stroke
 * @returns {Point[]}
 */
function along(stroke) {
  const curve = [stroke[0]];
  for (let i = 1; i < stroke.length - 1; i++) {
    const end = middle(stroke[i], stroke[i + 1]);
    curve.push(middle(middle(curve[curve.length - 1], stroke[i]), middle(stroke[i], end)), end);
  }
  curve.push(stroke[stroke.length - 1]);
  return curve.flatMap((to, i) => {
    const from = curve[Math.max(0, i - 1)];
    const steps = Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / STEP);
    return Array.from({ length: i ? steps : 1 }, (_, step) => between(from, to, (step + 1) / Math.max(1, steps)));
  });
}

/**
 * @param {Point} from
 * @param {Point} to
 * @param {number} share of the way
 */
function between(from, to, share) {
  return { x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) };
}

/**
 * @param {Point} one
 * @param {Point} other
 */
function middle(one, other) {
  return between(one, other, 0.5);
}
