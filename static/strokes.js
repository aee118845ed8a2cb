/** Strokes in a few letters, for a link: some 60 for a character; static/stroke-encoding.js writes them.
 *
 * The first letter is the version of the format. Left, top and extent follow, a letter each, in 61sts of the paper's
 * width; then the corners of each stroke, two letters each, in 61sts of that extent; "-" is between strokes. In version 1
 * left, top and extent are those of the whole drawing. In versions n and w, for several characters on the usual and on the
 * wide paper, each stroke has its own, or small ones would be too coarse. The corners are those that Ramer, Douglas and
 * Peucker's method leaves; between them goes a smooth curve.
 * @module
 */

import { SIZE, WIDE } from "./marks.js";

/** @import { Point, Stroke } from "./marks.js" */

export const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
export const CELLS = LETTERS.length - 1;
const LONGEST = 6000;
const CORNER = Math.cos((70 * Math.PI) / 180); // a sharper turn is no curve
const SPACING = 4; // units between the points of a smooth curve
const FORM = /^(1[^\W_]{3}([^\W_]{2})+(-([^\W_]{2})+)*|[nw][^\W_]{5}([^\W_]{2})*(-[^\W_]{5}([^\W_]{2})*)*)$/;

/**
 * @param {string} code
 * @returns {{strokes: Stroke[], isWide: boolean} | null} null for what is never encoded so
 */
export function decode(code) {
  if (code.length > LONGEST || !FORM.test(code)) return null;
  const isWide = code[0] === "w";
  const [common, rest] = code[0] === "1" ? [code.slice(1, 4), code.slice(4)] : ["", code.slice(1)];
  const strokes = rest.split("-").map((text) => smooth(corners(common + text, isWide ? WIDE : SIZE)));
  return { strokes, isWide };
}

/**
 * @param {string} text left, top, extent and corners
 * @param {number} width of the paper
 * @returns {Stroke}
 */
function corners(text, width) {
  const numbers = [...text].map((letter) => LETTERS.indexOf(letter) / CELLS);
  const [left, top, extent] = numbers.slice(0, 3).map((share) => share * width);
  /** @type {Stroke} */
  const points = [];
  for (let i = 3; i < numbers.length; i += 2) {
    points.push({ x: left + numbers[i] * extent, y: top + numbers[i + 1] * extent });
  }
  return points;
}

/**
 * A cubic Hermite curve through the points; where a stroke turns sharply, it keeps its corner.
 * @param {Stroke} points
 * @returns {Stroke}
 */
function smooth(points) {
  const curve = [points[0]];
  for (let i = 0; i < points.length - 1; i++) {
    const [from, to] = [points[i], points[i + 1]];
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    const start = direction(points, i, from, to);
    const end = direction(points, i + 1, from, to);
    const steps = Math.max(1, Math.round(length / SPACING));
    for (let step = 1; step <= steps; step++) {
      const t = step / steps;
      const [a, b] = [(1 + 2 * t) * (1 - t) ** 2, t * (1 - t) ** 2];
      const [c, d] = [t * t * (3 - 2 * t), t * t * (t - 1)];
      curve.push({
        x: a * from.x + b * length * start.x + c * to.x + d * length * end.x,
        y: a * from.y + b * length * start.y + c * to.y + d * length * end.y,
      });
    }
  }
  return curve;
}

/**
 * Where the curve heads at a point, as a unit vector: along its neighbours' line, or along the segment at a corner.
 * @param {Stroke} points
 * @param {number} i
 * @param {Point} from start of the segment that is drawn
 * @param {Point} to its end
 * @returns {Point}
 */
function direction(points, i, from, to) {
  const straight = unit(from, to);
  if (i === 0 || i === points.length - 1) return straight;
  const [before, after] = [unit(points[i - 1], points[i]), unit(points[i], points[i + 1])];
  if (before.x * after.x + before.y * after.y < CORNER) return straight;
  return unit(points[i - 1], points[i + 1]); // close to the longer of the two, so that what is straight stays straight
}

/**
 * @param {Point} from
 * @param {Point} to
 * @returns {Point}
 */
function unit(from, to) {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  return { x: (to.x - from.x) / length, y: (to.y - from.y) / length };
}
