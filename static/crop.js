/** The frame on a picture: only what is within it is read. And what was taken for ink there, laid over the picture.
 * @module
 */

import { cornerOf, stretched, turned, wholeOf, within } from "./frame.js";
import { contextOf, SIZE } from "./ink.js";

/** @import { Announcer } from "./announcer.js" */
/** @import { Frame, Picture, Point } from "./ink.js" */
/** @import { Paper } from "./paper.js" */
/** @import { Reader } from "./reader.js" */

const STEP = 5; // units that an arrow key moves
const GROWTH = 1.1; // that a key makes larger
const TURN = Math.PI / 36; // that a key turns
const LEVEL = 0.05; // radians off a straight angle that are taken for it
const ABOVE = 20; // units from the frame to the handle that turns it
const PALE = "rgb(255 255 255 / 40%)"; // what is read, under its ink
const SHADE = "rgb(20 18 14 / 60%)"; // what is not read
const INK = "#2447c4"; // the accent for white paper, in any colour scheme
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
  #reader;
  #announcer;
  #group = $("#frame");
  #overlay = /** @type {HTMLCanvasElement} */ ($("#overlay")[0]);
  /** @type {Drag | null} */
  #drag = null;
  /** @type {{url: string, canvas: HTMLCanvasElement | null}} the ink of an answer; null while it is being decoded */
  #found = { url: "", canvas: null };

  /**
   * @param {Paper} paper
   * @param {Reader} reader
   * @param {Announcer} announcer
   */
  constructor(paper, reader, announcer) {
    this.#paper = paper;
    this.#reader = reader;
    this.#announcer = announcer;
    this.#group
      .on("pointerdown", "button", (event) => this.#down(/** @type {PointerEvent} */ (event.originalEvent)))
      .on("pointermove", (event) => this.#move(/** @type {PointerEvent} */ (event.originalEvent)))
      .on("pointerup pointercancel lostpointercapture", () => this.#up())
      .on("keydown", (event) => this.#key(/** @type {KeyboardEvent} */ (event.originalEvent)))
      .on("contextmenu", false);
    $("#wholeButton").on("click", () => this.reset());
    new ResizeObserver(() => this.render()).observe(this.#overlay);
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
    this.#load();
    this.#draw(picture);
  }

  /** @param {Picture} picture */
  #draw(picture) {
    const side = Math.max(1, Math.round(this.#overlay.clientWidth * (window.devicePixelRatio || 1)));
    this.#overlay.width = side; // which wipes it, too
    this.#overlay.height = side;
    const context = contextOf(this.#overlay);
    context.scale(side / SIZE, side / SIZE);
    if (picture.frame) {
      const { left, top, width, height } = bounds(wholeOf(picture));
      context.fillStyle = SHADE;
      context.beginPath();
      context.rect(left, top, width, height);
      outline(context, picture.frame);
      context.fill("evenodd");
    }
    const { shown } = this.#reader;
    const ink = shown?.picture?.sheet === picture.sheet && shown.answer.ink === this.#found.url && this.#found.canvas;
    $(this.#overlay).toggleClass("inked", !!ink);
    if (!ink || !shown?.picture) return;
    // Where it was found, even if the frame has been moved since.
    const frame = shown.picture.frame ?? wholeOf(shown.picture);
    context.fillStyle = PALE;
    context.beginPath();
    outline(context, frame);
    context.fill();
    context.translate(frame.x, frame.y);
    context.rotate(frame.angle);
    context.imageSmoothingQuality = "high";
    context.drawImage(ink, -frame.width / 2, -frame.height / 2, frame.width, frame.height);
  }

  /** The answer's ink, coloured. */
  #load() {
    const url = this.#reader.shown?.answer.ink;
    if (!url || url === this.#found.url) return;
    const found = { url, canvas: /** @type {HTMLCanvasElement | null} */ (null) };
    this.#found = found;
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
      const context = contextOf(canvas);
      context.drawImage(image, 0, 0);
      context.globalCompositeOperation = "source-in";
      context.fillStyle = INK;
      context.fillRect(0, 0, canvas.width, canvas.height);
      found.canvas = canvas;
      this.render();
    };
    image.src = url;
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
    const box = this.#overlay.getBoundingClientRect();
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

/**
 * @param {string} part "nw", "ne", "sw" or "se"
 * @returns {Point}
 */
function cornerNamed(part) {
  return { x: part[1] === "e" ? 1 : -1, y: part[0] === "s" ? 1 : -1 };
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

/** @param {Frame} frame */
function bounds({ x, y, width, height }) {
  return { left: x - width / 2, top: y - height / 2, width, height };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 */
function outline(context, frame) {
  const corners = ["nw", "ne", "se", "sw"].map((name) => cornerOf(frame, cornerNamed(name)));
  context.moveTo(corners[0].x, corners[0].y);
  for (const { x, y } of corners.slice(1)) context.lineTo(x, y);
  context.closePath();
}

/**
 * @param {number} length
 * @param {number} whole
 */
function percent(length, whole) {
  return `${Math.round((100 * length) / whole)} %`;
}
