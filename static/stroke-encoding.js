/** Writes strokes in a few letters, for a link, in the format of static/strokes.js.
 * @module
 */

import { SIZE, WIDE } from "./marks.js";
import { CELLS, LETTERS } from "./strokes.js";

/** @import { Point, Stroke } from "./marks.js" */

const WANTED = 60; // letters for a character
const FINEST = 1; // units that a simplified stroke may be off the drawn one
const COARSEST = 3; // under a third of the pen's width
const LONGEST = SIZE / 2; // units of a part of a stroke: it is written in 61sts of its extent

/**
 * @param {readonly Stroke[]} strokes at least one
 * @param {{characters?: number, isWide?: boolean}} [of] how many characters they are, and whether the paper is wide
 * @returns {string}
 */
export function encode(strokes, { characters = 1, isWide = false } = {}) {
  let code = "";
  for (let tolerance = FINEST; tolerance <= COARSEST; tolerance *= 1.2) {
    const simple = strokes.map((stroke) => simplified(stroke, tolerance));
    if (isWide) code = `w${each(simple, WIDE)}`;
    else code = characters > 1 ? `n${each(simple, SIZE)}` : `1${written(simple, SIZE)}`;
    if (code.length <= WANTED * characters) break;
  }
  return code;
}

/**
 * Each stroke by itself; one that is as long as a word in parts, or its corners would be too coarse.
 * @param {readonly Stroke[]} strokes
 * @param {number} width of the paper
 */
function each(strokes, width) {
  return strokes
    .flatMap(parts)
    .map((part) => written([part], width))
    .join("-");
}

/**
 * @param {Stroke} stroke
 * @returns {Stroke[]} none wider than that, unless a single line is
 */
function parts(stroke) {
  const found = [[stroke[0]]];
  for (const point of stroke.slice(1)) {
    const part = found[found.length - 1];
    const places = [...part, point].map(({ x }) => x);
    if (part.length > 1 && Math.max(...places) - Math.min(...places) > LONGEST) {
      found.push([part[part.length - 1], point]);
    } else part.push(point);
  }
  return found;
}

/**
 * Left, top and extent of some strokes, and their corners.
 * @param {readonly Stroke[]} strokes
 * @param {number} width of the paper
 */
function written(strokes, width) {
  const points = strokes.flat();
  const left = cells(Math.min(...points.map(({ x }) => x)), width, Math.floor);
  const top = cells(Math.min(...points.map(({ y }) => y)), width, Math.floor);
  const [x0, y0] = [left, top].map((cell) => (cell * width) / CELLS);
  const reach = Math.max(1, ...points.map(({ x, y }) => Math.max(x - x0, y - y0)));
  const size = cells(reach, width, Math.ceil);
  const extent = (size * width) / CELLS;
  const lines = strokes.map((stroke) => {
    const letters = stroke.map(
      ({ x, y }) => LETTERS[cells(x - x0, extent, Math.round)] + LETTERS[cells(y - y0, extent, Math.round)],
    );
    return letters.filter((pair, i) => pair !== letters[i - 1]).join("");
  });
  return LETTERS[left] + LETTERS[top] + LETTERS[size] + lines.join("-");
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
