/** The paper: what is on it is kept as data and drawn from that at any size, so undo is exact and turning a phone loses
 * nothing.
 * @module
 */

import { contextOf, draw, SIZE } from "./marks.js";
import { Replay } from "./replay.js";

/** @import { Frame, Mark, Picture, Point, Stroke } from "./marks.js" */
/** @typedef {Mark | {kind: "sheet", marks: Mark[], width: number} | {kind: "crop", frame: Frame | null}} Step a fresh sheet may have
 * something on it already; it is `width` units wide */

/** What has been put on the paper, step by step. */
export class Paper {
  /** @type {Step[]} */
  #done = [];
  /** @type {Step[]} */
  #undone = [];
  #canvas;
  #context;
  #changed;
  #dirty = false;
  /** Whether the last step is a frame that is still being dragged. */
  isCropping = false;
  /** @type {Replay | null} under way */
  #replay = null;
  /** Of the paper as it was at first. */
  #width = SIZE;
  /** Rises with every change: an answer belongs to one revision of the paper. */
  revision = 0;
  /** @type {((context: CanvasRenderingContext2D) => void) | null} drawn above all, and not part of the drawing */
  overlay = null;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {(complete: boolean, replayed: boolean) => void} changed `complete` when a stroke has ended or anything
   * else is done at once
   */
  constructor(canvas, changed) {
    this.#canvas = canvas;
    this.#context = contextOf(canvas);
    this.#changed = changed;
    new ResizeObserver(() => this.resize()).observe(canvas);
    $(window).on("resize", () => this.resize()); // zoomed
    this.resize();
  }

  /** Crisp on any screen: as many pixels as the screen has. */
  resize() {
    const side = Math.max(1, Math.round(this.#canvas.getBoundingClientRect().width * (window.devicePixelRatio || 1)));
    const height = Math.max(1, Math.round((side * SIZE) / this.width));
    if (this.#canvas.width !== side || this.#canvas.height !== height) {
      this.#canvas.width = side;
      this.#canvas.height = height;
    }
    this.redraw();
  }

  /**
   * What is to be seen: all since the last fresh sheet; a picture covers all before it.
   * @returns {Mark[]}
   */
  get marks() {
    /** @type {Mark[]} */
    let marks = [];
    for (const step of this.#done) {
      if (step.kind === "sheet") marks = [...step.marks];
      else if (step.kind === "picture") marks = [step];
      else if (step.kind === "stroke") marks.push(step);
      else if (marks[0]?.kind === "picture") {
        marks[0] = { kind: "picture", picture: { ...marks[0].picture, frame: step.frame } };
      }
    }
    return marks;
  }

  get isEmpty() {
    return this.marks.length === 0;
  }

  /** In units; it is as high as SIZE. A picture lies on the usual paper. */
  get width() {
    const step = this.#done.filter(({ kind }) => kind === "sheet" || kind === "picture").at(-1);
    return step?.kind === "sheet" ? step.width : step ? SIZE : this.#width;
  }

  /** The picture that all else lies on. */
  get picture() {
    const [first] = this.marks;
    return first?.kind === "picture" ? first.picture : null;
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  /** @param {Point} point where the pen is put down */
  begin(point) {
    this.#add({ kind: "stroke", stroke: [point] });
    this.resize(); // nothing tells of a move to a finer screen
    this.#tell(false);
  }

  /** @param {readonly Point[]} points where the pen goes next */
  extend(points) {
    const last = this.#done[this.#done.length - 1];
    if (last?.kind !== "stroke") return;
    last.stroke.push(...points);
    this.#redrawSoon();
    this.#tell(false);
  }

  /** The pen is lifted. */
  end() {
    this.redraw();
    this.#tell(true);
  }

  /** The stroke under way was none: take it back. */
  drop() {
    this.#done.pop();
    this.end();
  }

  /** @param {Picture} picture */
  show(picture) {
    this.finish();
    this.#add({ kind: "picture", picture });
    this.#tell(true);
  }

  /**
   * @param {Frame | null} frame of what is to be read of the picture; null for all of it
   * @param {boolean} goesOn whether the frame is still being dragged
   */
  crop(frame, goesOn) {
    const last = this.#done[this.#done.length - 1];
    if (this.isCropping && last?.kind === "crop") last.frame = frame;
    else this.#add({ kind: "crop", frame });
    this.isCropping = goesOn;
    this.#tell(!goesOn);
  }

  /**
   * @param {Mark[]} marks what takes the place of all that is there; undo brings that back
   * @param {number} [width] of the paper
   */
  replace(marks, width = this.width) {
    this.finish();
    this.#add({ kind: "sheet", marks, width });
    this.#tell(true);
  }

  /**
   * @param {Mark[]} marks what is on the paper at first, and stays in spite of undo
   * @param {number} width of the paper
   */
  load(marks, width) {
    this.#done = marks;
    this.#width = width;
    this.end();
  }

  clear() {
    if (this.isEmpty) this.#tell(true);
    else this.replace([]);
  }

  undo() {
    this.#shift(this.#done, this.#undone);
  }

  redo() {
    this.#shift(this.#undone, this.#done);
  }

  /**
   * Draw strokes as if by hand. Whatever else is done meanwhile finishes it first.
   * @param {readonly Stroke[]} strokes
   * @param {number} [width] of the paper
   */
  play(strokes, width = SIZE) {
    this.finish();
    /** @type {Mark[]} */
    const marks = [];
    this.#add({ kind: "sheet", marks, width });
    this.#replay = new Replay(strokes, (shown, complete) => {
      if (complete) this.#replay = null;
      marks.splice(0, marks.length, ...shown);
      this.redraw();
      this.#tell(complete, true);
    });
    this.#replay.start();
  }

  /** End a replay at once. */
  finish() {
    this.#replay?.finish();
  }

  redraw() {
    this.#dirty = false;
    draw(this.#context, this.#canvas.height / SIZE, this.marks);
    this.overlay?.(this.#context);
  }

  /** @param {Step} step */
  #add(step) {
    this.isCropping = false;
    this.#done.push(step);
    this.#undone = [];
    this.redraw();
  }

  /**
   * @param {Step[]} from
   * @param {Step[]} to
   */
  #shift(from, to) {
    this.finish();
    this.isCropping = false;
    const step = from.pop();
    if (!step) return;
    to.push(step);
    this.end();
  }

  /**
   * @param {boolean} complete
   * @param {boolean} [replayed]
   */
  #tell(complete, replayed = false) {
    this.revision++;
    this.#changed(complete, replayed);
  }

  #redrawSoon() {
    if (this.#dirty) return;
    this.#dirty = true;
    requestAnimationFrame(() => this.#dirty && this.redraw());
  }
}
