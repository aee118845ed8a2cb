/** A paper three times as wide, for numbers and words; the browser remembers who wanted it.
 * @module
 */

import { PEN, SIZE, strokesOf, WIDE } from "./marks.js";
import { keepWide } from "./storage.js";

/** @import { Mark, Stroke } from "./marks.js" */
/** @import { Paper } from "./paper.js" */

/** Changes the paper's width, and shows the width that it has. */
export class WidePaper {
  #paper;

  /** @param {Paper} paper */
  constructor(paper) {
    this.#paper = paper;
  }

  get isOn() {
    return this.#paper.width > SIZE;
  }

  /** The button: another paper with the same drawing, smaller where it would go beyond the edge. */
  toggle() {
    const wide = !this.isOn;
    keepWide(wide);
    const strokes = strokesOf(this.#paper.marks) ?? []; // a picture has a shape of its own
    const width = wide ? WIDE : SIZE;
    if (strokes.length || this.#paper.canUndo) this.#paper.replace(fitted(strokes, width), width);
    else this.#paper.load([], width);
  }

  /** The usual paper, empty, for this once. */
  leave() {
    if (this.isOn) this.#paper.replace([], SIZE);
  }

  /** The page as the paper is now: undo can change it, too. */
  render() {
    if ($("#paper").hasClass("wide") === this.isOn) return;
    $("#paper, body").toggleClass("wide", this.isOn);
    $("#wideButton").attr("aria-pressed", String(this.isOn));
    this.#paper.resize();
  }
}

/**
 * Strokes on a paper of this width: as they are, or as large as there is room.
 * @param {readonly Stroke[]} strokes
 * @param {number} width
 * @returns {Mark[]}
 */
function fitted(strokes, width) {
  const right = Math.max(...strokes.flat().map(({ x }) => x)) + PEN;
  const scale = Math.min(1, width / right);
  const down = ((1 - scale) * SIZE) / 2;
  return strokes.map((stroke) => ({
    kind: "stroke",
    stroke: stroke.map(({ x, y }) => ({ x: x * scale, y: y * scale + down })),
  }));
}
