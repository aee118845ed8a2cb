/** What was taken for ink, laid over the picture; what is not read of the picture is dimmed.
 * @module
 */

import { cornerNamed, cornerOf, wholeOf } from "./frame.js";
import { blank, contextOf, SIZE } from "./marks.js";

/** @import { Frame, Picture } from "./marks.js" */
/** @import { Reader } from "./reader.js" */

const PALE = "rgb(255 255 255 / 40%)"; // what is read, under its ink
const SHADE = "rgb(20 18 14 / 60%)"; // what is not read
const INK = "#2447c4"; // the accent for white paper, in any colour scheme

/** The canvas above the paper. */
export class Overlay {
  #reader;
  #changed;
  #canvas = /** @type {HTMLCanvasElement} */ ($("#overlay")[0]);
  /** @type {{url: string, ink: HTMLCanvasElement | null}} of an answer; null while it is being decoded */
  #found = { url: "", ink: null };

  /**
   * @param {Reader} reader
   * @param {() => void} changed called when there is more to draw
   */
  constructor(reader, changed) {
    this.#reader = reader;
    this.#changed = changed;
  }

  /** @param {Picture} picture as it is now */
  draw(picture) {
    this.#load();
    const side = Math.max(1, Math.round(this.#canvas.clientWidth * (window.devicePixelRatio || 1)));
    this.#canvas.width = side; // which wipes it, too
    this.#canvas.height = side;
    const context = contextOf(this.#canvas);
    context.scale(side / SIZE, side / SIZE);
    if (picture.frame) {
      context.fillStyle = SHADE;
      context.beginPath();
      outline(context, wholeOf(picture));
      outline(context, picture.frame);
      context.fill("evenodd");
    }
    const { shown } = this.#reader;
    const ink = shown?.picture?.sheet === picture.sheet && shown.answer.ink === this.#found.url && this.#found.ink;
    $(this.#canvas).toggleClass("inked", !!ink);
    if (!ink || !shown) return;
    const { frame } = shown.sent; // where it was found, even if the frame has been moved since
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
    const found = { url, ink: /** @type {HTMLCanvasElement | null} */ (null) };
    this.#found = found;
    const image = new Image();
    image.onload = () => {
      const context = blank(image.naturalWidth, image.naturalHeight);
      context.drawImage(image, 0, 0);
      context.globalCompositeOperation = "source-in";
      context.fillStyle = INK;
      context.fillRect(0, 0, image.naturalWidth, image.naturalHeight);
      found.ink = context.canvas;
      this.#changed();
    };
    image.src = url;
  }
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
