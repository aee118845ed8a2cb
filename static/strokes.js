/** Strokes in a few letters, for a link: some 60 for a digit.
 *
 * The first letter is the version of the format. Left, top and extent of the drawing follow, a letter each, in 61sts of
 * the paper; then the corners of each stroke, two letters each, in 61sts of that extent; "-" is between strokes. The
 * corners are those that Ramer, Douglas and Peucker's method leaves; between them goes a smooth curve.
 * @module
 */

import { SIZE } from "./ink.js";

/** @import { Point, Stroke } from "./ink.js" */

const VERSION = "1";
const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CELLS = LETTERS.length - 1;
const WANTED = 60; // letters
const LONGEST = 6000;
const FINEST = 1; // units that a simplified stroke may be off the drawn one
const COARSEST = 3; // under a third of the pen's width
const CORNER = Math.cos((70 * Math.PI) / 180); // a sharper turn is no curve
const SPACING = 4; // units between the points of a smooth curve

/**
 * @param {readonly Stroke[]} strokes at least one
 * @returns {string}
 */
export function encode(strokes) {
  let code = "";
  for (let tolerance = FINEST; tolerance <= COARSEST; tolerance *= 1.2) {
    code = written(strokes.map((stroke) => simplified(stroke, tolerance)));
    if (code.length <= WANTED) break;
  }
  return code;
}

/**
 * @param {string} code
 * @returns {Stroke[] | null} null for what `encode` never gives
 */
export function decode(code) {
  if (code.length > LONGEST || !/^1\w{3}(\w\w)+(-(\w\w)+)*$/.test(code) || code.includes("_")) return null;
  const [left, top, extent] = [...code.slice(1, 4)].map((letter) => (LETTERS.indexOf(letter) * SIZE) / CELLS);
  const strokes = code.slice(4).split("-");
  return strokes.map((text) => {
    /** @type {Stroke} */
    const points = [];
    for (let i = 0; i < text.length; i += 2) {
      const [x, y] = [text[i], text[i + 1]].map((letter) => (LETTERS.indexOf(letter) * extent) / CELLS);
      points.push({ x: left + x, y: top + y });
    }
    return smooth(points);
  });
}

/** @param {Stroke[]} strokes */
function written(strokes) {
  const points = strokes.flat();
  const left = cells(Math.min(...points.map(({ x }) => x)), SIZE, Math.floor);
  const top = cells(Math.min(...points.map(({ y }) => y)), SIZE, Math.floor);
  const [x0, y0] = [left, top].map((cell) => (cell * SIZE) / CELLS);
  const reach = Math.max(1, ...points.map(({ x, y }) => Math.max(x - x0, y - y0)));
  const size = cells(reach, SIZE, Math.ceil);
  const extent = (size * SIZE) / CELLS;
  const lines = strokes.map((stroke) => {
    const letters = stroke.map(
      ({ x, y }) => LETTERS[cells(x - x0, extent, Math.round)] + LETTERS[cells(y - y0, extent, Math.round)],
    );
    return letters.filter((pair, i) => pair !== letters[i - 1]).join("");
  });
  return VERSION + LETTERS[left] + LETTERS[top] + LETTERS[size] + lines.join("-");
}

/**
 * @param {number} value
 * @param {number} extent
 * @param {(value: number) => number} round
 */
function cells(value, extent, round) {
  return Math.min(Math.max(round((value * CELLS) / extent), 0), CELLS);
}

/**
 * Douglas and Peucker, "Algorithms for the reduction of the number of points required to represent a digitized line",
 * 1973.
 * @param {Stroke} points
 * @param {number} tolerance
 * @returns {Stroke}
 */
function simplified(points, tolerance) {
  const keep = new Set([0, points.length - 1]);
  /** @type {[number, number][]} a stack, as a long stroke would be a deep recursion */
  const spans = [[0, points.length - 1]];
  for (let span = spans.pop(); span; span = spans.pop()) {
    const [from, to] = span;
    let furthest = 0;
    let distance = tolerance;
    for (let i = from + 1; i < to; i++) {
      const away = off(points[i], points[from], points[to]);
      if (away > distance) {
        furthest = i;
        distance = away;
      }
    }
    if (!furthest) continue;
    keep.add(furthest);
    spans.push([from, furthest], [furthest, to]);
  }
  return points.filter((_, i) => keep.has(i));
}

/**
 * Distance of a point from the segment between two others.
 * @param {Point} point
 * @param {Point} from
 * @param {Point} to
 */
function off(point, from, to) {
  const [x, y] = [to.x - from.x, to.y - from.y];
  const square = x * x + y * y;
  const along = square ? ((point.x - from.x) * x + (point.y - from.y) * y) / square : 0;
  const share = Math.min(Math.max(along, 0), 1);
  return Math.hypot(point.x - from.x - share * x, point.y - from.y - share * y);
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
