/** The frame on a picture: only what is within it is read.
 * @module
 */

import { cornerNamed, cornerOf, stretched, turned, wholeOf, within } from "./frame.js";
import { SIZE } from "./marks.js";
import { Overlay } from "./overlay.js";

/** @import { Announcer } from "./announcer.js" */
/** @import { Frame, Point } from "./marks.js" */
/** @import { Paper } from "./paper.js" */
/** @import { Reader } from "./reader.js" */

const STEP = 5; // units that an arrow key moves
const GROWTH = 1.1; // that a key makes larger
const TURN = Math.PI / 36; // that a key turns
const LEVEL = 0.05; // radians off a straight angle that are taken for it
const ABOVE = 20; // units from the frame to the handle that turns it
/** @type {Record<string, Point>} */
const ARROWS = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};
/** @typedef {{pointer: number, from: Point, frame: Frame, part: string}} Drag */

/** Handles for mouse, finger and keys. A whole picture can be written on; one with a frame is moved under the pen. */
export class Crop {
  #paper;
  #announcer;
  #group = $("#frame");
  #canvas = $("#overlay")[0];
  #overlay;
  /** @type {Drag | null} */
  #drag = null;

  /**
   * @param {Paper} paper
   * @param {Reader} reader
   * @param {Announcer} announcer
   */
  constructor(paper, reader, announcer) {
    this.#paper = paper;
    this.#announcer = announcer;
    this.#overlay = new Overlay(reader, () => this.render());
    this.#group
      .on("pointerdown", "button", (event) => this.#down(/** @type {PointerEvent} */ (event.originalEvent)))
      .on("pointermove", (event) => this.#move(/** @type {PointerEvent} */ (event.originalEvent)))
      .on("pointerup pointercancel lostpointercapture", () => this.#up())
      .on("keydown", (event) => this.#key(/** @type {KeyboardEvent} */ (event.originalEvent)))
      .on("contextmenu", false);
    $("#wholeButton").on("click", () => this.reset());
    new ResizeObserver(() => this.render()).observe(this.#canvas);
  }

  /** Read the whole picture again. */
  reset() {
    if (!this.#paper.picture?.frame) return;
    this.#drag = null;
    if (document.activeElement?.id === "wholeButton") $("#frameBody").trigger("focus"); // it goes
    this.#paper.crop(null, false);
    this.#announcer.say("The whole picture is read", "frame");
  }

  /** Show the frame and the ink as they are now. */
  render() {
    const { picture } = this.#paper;
    const isAway = !picture && this.#group[0].contains(document.activeElement);
    $("#paper").toggleClass("cropped", !!picture?.frame);
    $("#frame, #overlay, #cropHelp").prop("hidden", !picture);
    $("#wholeButton").prop("hidden", !picture?.frame);
    if (isAway) $("#canvas").trigger("focus");
    if (!picture) return;
    const frame = picture.frame ?? wholeOf(picture);
    const share = (/** @type {number} */ units) => `${(100 * units) / SIZE}%`;
    this.#group
      .css({ left: share(frame.x - frame.width / 2), top: share(frame.y - frame.height / 2) })
      .css({ width: share(frame.width), height: share(frame.height), transform: `rotate(${frame.angle}rad)` })
      .toggleClass("inner", !hasRoom(frame));
    this.#overlay.draw(picture);
  }

  /** @param {PointerEvent} event */
  #down(event) {
    const { picture } = this.#paper;
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (!picture || !button || this.#drag || event.button > 0) return;
    event.preventDefault();
    button.focus({ preventScroll: true });
    button.setPointerCapture(event.pointerId);
    const frame = picture.frame ?? wholeOf(picture);
    this.#drag = { pointer: event.pointerId, from: this.#position(event), frame, part: button.dataset.part ?? "" };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const drag = this.#drag;
    if (!drag || event.pointerId !== drag.pointer) return;
    const { frame, from, part } = drag;
    const to = this.#position(event);
    const by = { x: to.x - from.x, y: to.y - from.y };
    if (part === "body") this.#set({ ...frame, x: frame.x + by.x, y: frame.y + by.y }, true);
    else if (part === "turn") {
      const angle = frame.angle + direction(frame, to) - direction(frame, from);
      const straight = Math.round(angle / (Math.PI / 2)) * (Math.PI / 2);
      this.#set({ ...frame, angle: Math.abs(angle - straight) < LEVEL ? straight : angle }, true);
    } else {
      const corner = cornerNamed(part);
      const start = cornerOf(frame, corner);
      this.#set(stretched(frame, corner, { x: start.x + by.x, y: start.y + by.y }), true);
    }
  }

  #up() {
    const drag = this.#drag;
    this.#drag = null;
    const { picture } = this.#paper;
    if (drag && picture && this.#paper.isCropping) this.#paper.crop(picture.frame ?? null, false);
  }

  /**
   * Arrows do what dragging this handle does; the other keys do the same on all of them.
   * @param {KeyboardEvent} event
   */
  #key(event) {
    const { picture } = this.#paper;
    if (!picture || event.ctrlKey || event.metaKey || event.altKey) return;
    const part = /** @type {HTMLElement} */ (event.target).dataset.part ?? "";
    const frame = picture.frame ?? wholeOf(picture);
    const next = changed(frame, part, event.key);
    if (!next) return;
    event.preventDefault();
    this.#set(next, false);
    const { width, height, angle } = this.#paper.picture?.frame ?? wholeOf(picture);
    const whole = wholeOf(picture);
    const size = `${percent(width, whole.width)} wide, ${percent(height, whole.height)} high`;
    const degrees = Math.round((angle * 180) / Math.PI);
    this.#announcer.say(`Frame ${size}${degrees ? `, turned by ${degrees} degrees` : ""}`, "frame");
  }

  /**
   * @param {Frame} frame
   * @param {boolean} goesOn
   */
  #set(frame, goesOn) {
    const { picture } = this.#paper;
    if (picture) this.#paper.crop(within(frame, picture), goesOn);
  }

  /**
   * @param {PointerEvent} event
   * @returns {Point}
   */
  #position(event) {
    const box = this.#canvas.getBoundingClientRect();
    return { x: ((event.clientX - box.left) * SIZE) / box.width, y: ((event.clientY - box.top) * SIZE) / box.height };
  }
}

/**
 * The frame after a key on one of its handles; null for a key that does nothing.
 * @param {Frame} frame
 * @param {string} part
 * @param {string} key
 * @returns {Frame | null}
 */
function changed(frame, part, key) {
  const { x, y, width, height, angle } = frame;
  if (key === "+" || key === "=") return { ...frame, width: width * GROWTH, height: height * GROWTH };
  if (key === "-") return { ...frame, width: width / GROWTH, height: height / GROWTH };
  if (key === "[") return { ...frame, angle: angle - TURN };
  if (key === "]") return { ...frame, angle: angle + TURN };
  const arrow = ARROWS[key];
  if (!arrow) return null;
  if (part === "turn") return { ...frame, angle: angle + (arrow.x + arrow.y) * TURN };
  if (part === "body") return { ...frame, x: x + arrow.x * STEP, y: y + arrow.y * STEP };
  const corner = cornerNamed(part);
  const start = cornerOf(frame, corner);
  return stretched(frame, corner, { x: start.x + arrow.x * STEP, y: start.y + arrow.y * STEP });
}

/** @param {Frame} frame @param {Point} to */
function direction({ x, y }, to) {
  return Math.atan2(to.y - y, to.x - x);
}

/**
 * Whether the handle that turns a frame is on the paper if it is above the frame.
 * @param {Frame} frame
 */
function hasRoom({ x, y, height, angle }) {
  const away = turned({ x: 0, y: -height / 2 - ABOVE }, angle);
  return [x + away.x, y + away.y].every((place) => place > 0 && place < SIZE);
}

/**
 * @param {number} length
 * @param {number} whole
 */
function percent(length, whole) {
  return `${Math.round((100 * length) / whole)} %`;
}
