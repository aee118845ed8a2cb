/** Mouse, finger, pen and arrow keys on the paper.
 * @module
 */

import { PEN, SIZE } from "./marks.js";

/** @import { Paper } from "./paper.js" */
/** @import { Point } from "./marks.js" */

const STEP = 8; // units that an arrow key moves
const PALM = 10_000; // ms after a pen was seen in which a touch is taken for the hand that holds it
/** @type {Record<string, readonly [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** One pointer draws at a time, so a second finger or a palm is ignored; a pen beats the palm that came before. */
export class Pen {
  #paper;
  #canvas;
  #say;
  /** @type {number | "keyboard" | null} */
  #pointer = null;
  #kind = "";
  #penSeen = -PALM;
  /** @type {Point | null} */
  #crosshair = null;
  /** @type {Map<string, readonly [number, number]>} arrow keys that are down: two of them go diagonally */
  #held = new Map();

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Paper} paper
   * @param {(text: string) => void} say for screen readers
   */
  constructor(canvas, paper, say) {
    this.#canvas = canvas;
    this.#paper = paper;
    this.#say = say;
    paper.overlay = (context) => this.#drawCrosshair(context);
    $(canvas)
      .on("pointerdown", (event) => this.#down(/** @type {PointerEvent} */ (event.originalEvent)))
      .on("pointermove", (event) => this.#move(/** @type {PointerEvent} */ (event.originalEvent)))
      .on("pointerup lostpointercapture", (event) => this.#up(/** @type {PointerEvent} */ (event.originalEvent)))
      .on("pointercancel", (event) => this.#cancel(/** @type {PointerEvent} */ (event.originalEvent)))
      .on("keydown", (event) => this.#key(/** @type {KeyboardEvent} */ (event.originalEvent)))
      .on("keyup", (event) => this.#held.delete(event.key))
      .on("blur", () => this.#leave())
      .on("contextmenu touchstart", false); // a long press neither opens a menu nor selects
  }

  get isDown() {
    return this.#pointer !== null;
  }

  /** Before anything else changes the paper. */
  lift() {
    if (this.#pointer === null) return;
    this.#pointer = null;
    this.#paper.end();
  }

  /** The paper is somebody else's: a finger may draw on it at once. */
  forgetPen() {
    this.#penSeen = -PALM;
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button > 0) return;
    event.preventDefault();
    const kind = event.pointerType;
    if (kind === "touch" && event.timeStamp < this.#penSeen + PALM) return;
    if (this.#pointer === "keyboard") this.lift();
    if (this.#pointer !== null) {
      if (kind !== "pen" || this.#kind === "pen") return;
      this.#paper.drop();
    }
    this.#paper.finish();
    this.#crosshair = null;
    this.#pointer = event.pointerId;
    this.#kind = kind;
    try {
      this.#canvas.setPointerCapture(event.pointerId);
    } catch {
      // already gone: its end comes all the same
    }
    this.#paper.begin(this.#position(event));
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerType === "pen") this.#penSeen = event.timeStamp;
    if (event.pointerId !== this.#pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    this.#paper.extend((events.length ? events : [event]).map((each) => this.#position(each)));
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (event.pointerType === "pen") this.#penSeen = event.timeStamp;
    if (event.pointerId === this.#pointer) this.lift();
  }

  /**
   * The system has found that a touch was a palm, or the beginning of a gesture: no stroke.
   * @param {PointerEvent} event
   */
  #cancel(event) {
    if (event.pointerId !== this.#pointer) return;
    if (event.pointerType !== "touch") return this.lift();
    this.#pointer = null;
    this.#paper.drop();
  }

  /**
   * Without a pointer: arrows move a crosshair, Space puts the pen down and lifts it.
   * @param {KeyboardEvent} event
   */
  #key(event) {
    const arrow = ARROWS[event.key];
    const drawing = this.#pointer === "keyboard";
    if (event.ctrlKey || event.metaKey || event.altKey || (!arrow && event.key !== " ")) return;
    event.preventDefault();
    if (this.#pointer !== null && !drawing) return;
    this.#paper.finish();
    this.#crosshair ??= { x: this.#paper.width / 2, y: SIZE / 4 };
    if (arrow) {
      this.#held.set(event.key, arrow);
      for (const [x, y] of this.#held.values()) {
        this.#crosshair = {
          x: clamp(this.#crosshair.x + x * STEP, this.#paper.width),
          y: clamp(this.#crosshair.y + y * STEP, SIZE),
        };
      }
      if (drawing) this.#paper.extend([this.#crosshair]);
      this.#say(this.#place());
    } else if (event.repeat) return;
    else if (drawing) {
      this.lift();
      this.#say(`Pen up, ${this.#place()}`);
    } else {
      this.#pointer = "keyboard";
      this.#paper.begin(this.#crosshair);
      this.#say(`Pen down, ${this.#place()}`);
    }
    this.#paper.redraw();
  }

  #leave() {
    this.lift();
    this.#held.clear();
    this.#crosshair = null;
    this.#paper.redraw();
  }

  /** Where the crosshair is, in words. */
  #place() {
    const { x, y } = this.#crosshair ?? { x: 0, y: 0 };
    return `${Math.round((100 * x) / this.#paper.width)} % from the left, ${Math.round((100 * y) / SIZE)} % from the top`;
  }

  /**
   * @param {PointerEvent} event
   * @returns {Point}
   */
  #position(event) {
    const box = this.#canvas.getBoundingClientRect();
    const { width } = this.#paper;
    return { x: ((event.clientX - box.left) * width) / box.width, y: ((event.clientY - box.top) * SIZE) / box.height };
  }

  /** @param {CanvasRenderingContext2D} context */
  #drawCrosshair(context) {
    if (!this.#crosshair) return;
    const scale = context.canvas.height / SIZE;
    const x = this.#crosshair.x * scale;
    const y = this.#crosshair.y * scale;
    context.fillStyle = this.#pointer === "keyboard" ? "#2447c4" : "#807a6e";
    context.fillRect(x - 10 * scale, y - scale, 20 * scale, 2 * scale);
    context.fillRect(x - scale, y - 10 * scale, 2 * scale, 20 * scale);
  }
}

/**
 * @param {number} value
 * @param {number} side
 */
function clamp(value, side) {
  return Math.min(Math.max(value, PEN), side - PEN);
}
