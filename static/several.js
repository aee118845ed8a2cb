/** Several characters on one paper: a box around each, and what else it may be. Loaded with the first such answer.
 * @module
 */

import { isDoubtful, named, percent, sureness } from "./answer-text.js";
import { turned } from "./frame.js";
import { SIZE } from "./marks.js";

/** @import { Frame } from "./marks.js" */
/** @import { Paper } from "./paper.js" */
/** @import { Character, Reader } from "./reader.js" */
/** @import { Upload } from "./upload.js" */
/** @import { View } from "./view.js" */

/** The characters of an answer, as boxes on the paper and as buttons beside the answer. */
export class Several {
  #paper;
  #reader;
  #view;
  #changed;
  #unsureBelow = Number(document.body.dataset.unsureBelow);
  #list = $("<ol>", { id: "characters", "aria-label": "Characters", translate: "no" }).insertAfter("#remedy");
  #boxes = $("<div>", { id: "boxes", "aria-hidden": "true" }).appendTo("#paper");
  /** @type {readonly Character[]} */
  #shown = [];
  /** @type {readonly Frame[]} where they are on the paper */
  #places = [];

  /**
   * @param {Paper} paper
   * @param {Reader} reader
   * @param {View} view
   * @param {() => void} changed called when another character is to be shown
   */
  constructor(paper, reader, view, changed) {
    this.#paper = paper;
    this.#reader = reader;
    this.#view = view;
    this.#changed = changed;
    this.#list.on("click focusin", "button", (event) => this.#choose($(event.currentTarget).parent().index()));
    this.#list.on("mouseover", "button", (event) => this.#point($(event.currentTarget).parent().index()));
    this.#list.on("mouseleave", () => this.#point(view.chosen));
    $("#paper")
      .on("pointermove", (event) => this.#move(/** @type {PointerEvent} */ (event.originalEvent)))
      .on("pointerleave", () => this.#point(view.chosen));
  }

  /** For the keyboard: the one that is most probably wrong, unless somebody has chosen. */
  chooseDoubtful() {
    if (!this.#shown.length || this.#view.chosen !== null) return;
    const shares = this.#shown.map(sureness);
    this.#choose(shares.indexOf(Math.min(...shares)));
  }

  /** After the view. */
  render() {
    const characters = this.#view.answer?.characters ?? [];
    if (characters !== this.#shown) this.#show(characters);
    $("body").toggleClass("several", characters.length > 0);
    const { active, chosen } = this.#view;
    this.#list.find("button").each((i, button) => {
      $(button).attr("aria-pressed", String(i === (chosen ?? active)));
    });
    this.#boxes
      .prop("hidden", this.#reader.shown?.revision !== this.#paper.revision)
      .children()
      .each((i, box) => {
        $(box).toggleClass("active", i === active);
      });
  }

  /** @param {readonly Character[]} characters */
  #show(characters) {
    this.#shown = characters;
    const { shown } = this.#reader;
    this.#places = shown ? characters.map((one) => placeOf(one, shown.sent)) : [];
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
        this.#places.map((place, i) => {
          const shares = {
            left: (place.x - place.width / 2) / width,
            top: (place.y - place.height / 2) / SIZE,
            width: place.width / width,
            height: place.height / SIZE,
          };
          const css = Object.fromEntries(Object.entries(shares).map(([side, share]) => [side, `${100 * share}%`]));
          return $("<span>")
            .css({ ...css, transform: place.angle ? `rotate(${place.angle}rad)` : "" })
            .toggleClass("doubtful", isDoubtful(characters[i], this.#unsureBelow));
        })
      ),
    );
  }

  /** @param {number} index */
  #choose(index) {
    if (this.#view.chosen === index && this.#view.active === index) return;
    this.#view.chosen = index;
    this.#view.active = index;
    this.#changed();
  }

  /** @param {number | null} index of what the pointer is on; the one that is chosen comes back when it leaves */
  #point(index) {
    if (index === null || this.#view.active === index) return;
    this.#view.active = index;
    this.#changed();
  }

  /** @param {PointerEvent} event over the paper */
  #move(event) {
    if (event.buttons || !this.#shown.length || this.#boxes.prop("hidden")) return;
    const { left, top, width } = $("#paper")[0].getBoundingClientRect();
    const scale = this.#paper.width / width;
    const [x, y] = [(event.clientX - left) * scale, (event.clientY - top) * scale];
    const index = this.#places.findIndex((place) => {
      const away = turned({ x: x - place.x, y: y - place.y }, -place.angle);
      return Math.abs(away.x) <= place.width / 2 && Math.abs(away.y) <= place.height / 2;
    });
    this.#point(index < 0 ? this.#view.chosen : index);
  }
}

/**
 * Where a character is on the paper, given where what was sent lies on it.
 * @param {Character} character
 * @param {Upload} sent
 * @returns {Frame}
 */
function placeOf({ box: [left, top, right, bottom] }, { frame, scale }) {
  const away = { x: (left + right) / 2 / scale - frame.width / 2, y: (top + bottom) / 2 / scale - frame.height / 2 };
  const { x, y } = turned(away, frame.angle);
  const [width, height] = [(right - left) / scale, (bottom - top) / scale];
  return { x: frame.x + x, y: frame.y + y, width, height, angle: frame.angle };
}
