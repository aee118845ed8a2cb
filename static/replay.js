/** Draws strokes on the paper as if by hand.
 * @module
 */

import { marked } from "./marks.js";

/** @import { Mark, Stroke } from "./marks.js" */

const DURATION = 900; // ms

export class Replay {
  #strokes;
  #show;
  #isOver = false;

  /**
   * @param {readonly Stroke[]} strokes
   * @param {(marks: Mark[], complete: boolean) => void} show
   */
  constructor(strokes, show) {
    this.#strokes = strokes;
    this.#show = show;
  }

  start() {
    if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) return this.finish();
    const total = this.#strokes.reduce((sum, stroke) => sum + stroke.length, 0);
    const start = performance.now();
    /** @param {number} now */
    const frame = (now) => {
      if (this.#isOver) return;
      const count = Math.ceil((total * (now - start)) / DURATION);
      if (count >= total) return this.finish();
      this.#show(beginning(this.#strokes, count), false);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  /** Show all that is left at once. */
  finish() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#show(marked(this.#strokes.map((stroke) => [...stroke])), true);
  }
}

/**
 * The first points of a drawing.
 * @param {readonly Stroke[]} strokes
 * @param {number} count
 * @returns {Mark[]}
 */
function beginning(strokes, count) {
  /** @type {Mark[]} */
  const marks = [];
  let left = count;
  for (const stroke of strokes) {
    if (left <= 0) break;
    marks.push({ kind: "stroke", stroke: stroke.slice(0, left) });
    left -= stroke.length;
  }
  return marks;
}
