/** The part of a picture that is to be read: a rectangle, turned perhaps.
 * @module
 */

import { placed } from "./marks.js";

/** @import { Frame, Picture, Point } from "./marks.js" */

const SMALLEST = 28; // units: its handles must not lie upon each other

/**
 * All of a picture.
 * @param {Picture} picture
 * @returns {Frame}
 */
export function wholeOf({ sheet }) {
  const { left, top, width, height } = placed(sheet);
  return { x: left + width / 2, y: top + height / 2, width, height, angle: 0 };
}

/**
 * The frame moved and made smaller so far that all of it is within the picture; null if it is all of the picture.
 * @param {Frame} frame
 * @param {Picture} picture
 * @returns {Frame | null}
 */
export function within(frame, picture) {
  const area = placed(picture.sheet);
  const [cos, sin] = [Math.abs(Math.cos(frame.angle)), Math.abs(Math.sin(frame.angle))];
  let width = Math.max(frame.width, Math.min(SMALLEST, area.width));
  let height = Math.max(frame.height, Math.min(SMALLEST, area.height));
  const wide = width * cos + height * sin;
  const high = width * sin + height * cos;
  const scale = Math.min(1, area.width / wide, area.height / high);
  width *= scale;
  height *= scale;
  const x = between(frame.x, area.left, area.width, wide * scale);
  const y = between(frame.y, area.top, area.height, high * scale);
  const upright = Math.abs(Math.sin(frame.angle)) < 0.01 && Math.cos(frame.angle) > 0;
  if (upright && area.width - width < 1 && area.height - height < 1) return null;
  return { x, y, width, height, angle: frame.angle };
}

/**
 * The frame with one corner elsewhere and the opposite one where it was.
 * @param {Frame} frame
 * @param {Point} corner 1 or -1 in each direction: which one it is
 * @param {Point} point
 * @returns {Frame}
 */
export function stretched(frame, corner, point) {
  const { angle } = frame;
  const fixed = cornerOf(frame, { x: -corner.x, y: -corner.y });
  const away = turned({ x: point.x - fixed.x, y: point.y - fixed.y }, -angle);
  const width = Math.max(SMALLEST, away.x * corner.x);
  const height = Math.max(SMALLEST, away.y * corner.y);
  const middle = turned({ x: (corner.x * width) / 2, y: (corner.y * height) / 2 }, angle);
  return { x: fixed.x + middle.x, y: fixed.y + middle.y, width, height, angle };
}

/**
 * @param {string} part "nw", "ne", "sw" or "se"
 * @returns {Point} 1 or -1 in each direction
 */
export function cornerNamed(part) {
  return { x: part[1] === "e" ? 1 : -1, y: part[0] === "s" ? 1 : -1 };
}

/**
 * @param {Frame} frame
 * @param {Point} corner
 * @returns {Point}
 */
export function cornerOf({ x, y, width, height, angle }, corner) {
  const away = turned({ x: (corner.x * width) / 2, y: (corner.y * height) / 2 }, angle);
  return { x: x + away.x, y: y + away.y };
}

/**
 * @param {Point} point
 * @param {number} angle
 * @returns {Point}
 */
export function turned({ x, y }, angle) {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return { x: x * cos - y * sin, y: x * sin + y * cos };
}

/**
 * The middle of something of this extent that lies within a span, as near to `wanted` as it can be.
 * @param {number} wanted
 * @param {number} start
 * @param {number} length
 * @param {number} extent
 */
function between(wanted, start, length, extent) {
  return Math.min(Math.max(wanted, start + extent / 2), start + length - extent / 2);
}
