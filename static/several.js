/** Several characters on one paper: a box around each, what else it may be, and a paper that is wide enough for a number
 * or a word. Loaded when they are first needed.
 * @module
 */

import { PEN, SIZE, strokesOf } from "./ink.js";
import { keepWide } from "./memory.js";
import { isDoubtful, named, percent, sureness } from "./words.js";

/** @import { Mark } from "./ink.js" */
/** @import { Paper } from "./paper.js" */
/** @import { Character, Reader } from "./reader.js" */
/** @import { View } from "./view.js" */

const WIDE = 3 * SIZE;

/** The characters of an answer, as boxes on the paper and as buttons beside the answer. */
export class Several {
  #paper;
  #reader;
  #view;
  #unsureBelow = Number(document.body.dataset.unsureBelow);
  #list = $("<ol>", { id: "characters", "aria-label": "Characters", translate: "no" }).insertAfter("#remedy");
  #boxes = $("<div>", { id: "boxes", "aria-hidden": "true" }).appendTo("#paper");
  /** @type {readonly Character[]} */
  #shown = [];

  /**
   * @param {Paper} paper
   * @param {Reader} reader
   * @param {View} view
   */
  constructor(paper, reader, view) {
    this.#paper = paper;
    this.#reader = reader;
    this.#view = view;
    $("<link>", { rel: "stylesheet", href: new URL("several.css", import.meta.url).href }).appendTo("head");
    this.#list.on("click focusin mouseover", "button", (event) =>
      this.#choose($(event.currentTarget).parent().index()),
    );
    $("#canvas").on("pointermove", (event) => this.#point(/** @type {PointerEvent} */ (event.originalEvent)));
  }

  get isWide() {
    return this.#paper.width > SIZE;
  }

  /** After the view. */
  render() {
    const characters = this.#view.answer?.characters ?? [];
    if (characters !== this.#shown) this.#show(characters);
    $("body").toggleClass("several", characters.length > 0);
    const { active } = this.#view;
    this.#list.find("button").each((i, button) => {
      $(button).attr("aria-pressed", String(i === active));
    });
    this.#boxes
      .prop("hidden", this.#reader.shown?.revision !== this.#paper.revision)
      .children()
      .each((i, box) => {
        $(box).toggleClass("active", i === active);
      });
  }

  /**
   * Another paper, with what is on this one; what would be beyond its edge is made smaller.
   * @param {boolean} yes
   * @param {boolean} [remember] for the next visit
   */
  widen(yes, remember = true) {
    if (remember) keepWide(yes);
    if (yes === this.isWide) return;
    const strokes = strokesOf(this.#paper.marks);
    this.#paper.width = yes ? WIDE : SIZE;
    $("#paper, body").toggleClass("wide", yes);
    $("#wideButton").attr("aria-pressed", String(yes));
    this.#paper.resize();
    if (strokes?.length) this.#paper.replace(fitted(strokes, this.#paper.width));
    else if (yes && !strokes) this.#paper.clear(); // a picture has a shape of its own
  }

  /** @param {readonly Character[]} characters */
  #show(characters) {
    this.#shown = characters;
    const { width } = this.#paper;
    this.#list.prop("hidden", !characters.length).html(
      /** @type {any} */ (
        characters.map((one) => {
          const doubtful = isDoubtful(one, this.#unsureBelow);
          const words = `${named(one.label)}, ${percent(sureness(one))} sure${doubtful ? ", which is not sure" : ""}`;
          const button = $("<button>", {
            type: "button",
            text: one.label,
            dir: "auto",
            "aria-label": words,
            title: words,
          });
          return $("<li>").append(button.toggleClass("doubtful", doubtful));
        })
      ),
    );
    this.#boxes.html(
      /** @type {any} */ (
        characters.map((one) => {
          const [left, top, right, bottom] = one.box;
          const shares = {
            left: left / width,
            top: top / SIZE,
            width: (right - left) / width,
            height: (bottom - top) / SIZE,
          };
          const css = Object.fromEntries(Object.entries(shares).map(([side, share]) => [side, `${100 * share}%`]));
          return $("<span>").css(css).toggleClass("doubtful", isDoubtful(one, this.#unsureBelow));
        })
      ),
    );
  }

  /** @param {number} index */
  #choose(index) {
    if (this.#view.active === index) return;
    this.#view.active = index;
    this.#view.render();
    this.render();
  }

  /** @param {PointerEvent} event over the paper */
  #point(event) {
    if (event.buttons || !this.#shown.length || this.#boxes.prop("hidden")) return;
    const paper = event.currentTarget ?? event.target;
    const { left, top, width } = /** @type {Element} */ (paper).getBoundingClientRect();
    const scale = this.#paper.width / width;
    const [x, y] = [(event.clientX - left) * scale, (event.clientY - top) * scale];
    const index = this.#shown.findIndex(({ box }) => x >= box[0] && y >= box[1] && x <= box[2] && y <= box[3]);
    if (index >= 0) this.#choose(index);
  }
}

/**
 * Strokes on a paper of this width: as they are, or as large as there is room.
 * @param {readonly (readonly {x: number, y: number}[])[]} strokes
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
