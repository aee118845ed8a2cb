/** The last drawings, and examples, as small pictures to tap.
 * @module
 */

import { EXAMPLES } from "./examples.js";
import { marked, SIZE, thumbnail, WIDE } from "./marks.js";
import { packed, storeDrawings, storedDrawings, unpacked } from "./storage.js";
import { decode } from "./strokes.js";

/** @import { Mark } from "./marks.js" */
/** @import { Kept, StoredDrawing } from "./storage.js" */

const MOST = 12;
const HEIGHT = 112; // pixels of a small picture, shown at half that size for fine screens

/** The last drawings under the paper, in this browser only. */
export class Gallery {
  #restore;
  /** @type {StoredDrawing[]} */
  #stored = [];

  /**
   * @param {(kept: Kept) => void} restore
   * @param {() => void} forgotten called after "forget all"
   */
  constructor(restore, forgotten) {
    this.#restore = restore;
    $("#forgetButton").on("click", () => {
      this.#stored = [];
      storeDrawings(this.#stored);
      this.#render();
      forgotten();
    });
    $(window).on("storage", () => this.#read()); // another tab
    setTimeout(() => this.#read());
  }

  /**
   * Keep a drawing that leaves the paper; one that is already there comes to the front.
   * @param {readonly Mark[]} marks
   * @param {string} label what it was read as
   * @param {boolean} isWide whether it is on the wide paper
   */
  add(marks, label, isWide) {
    const drawing = packed({ marks: [...marks], label, isWide });
    if (!drawing) return;
    const same = JSON.stringify(drawing.strokes);
    const others = storedDrawings().filter(({ strokes }) => JSON.stringify(strokes) !== same);
    this.#stored = [drawing, ...others].slice(0, MOST);
    storeDrawings(this.#stored);
    this.#render();
  }

  #read() {
    this.#stored = storedDrawings();
    this.#render();
  }

  #render() {
    $("#gallery").prop("hidden", !this.#stored.length);
    $("#galleryStrip").empty();
    this.#stored.forEach((stored, i) => {
      const kept = unpacked(stored);
      const { marks, label, isWide } = kept;
      const picture = thumbnail(marks, HEIGHT, isWide ? WIDE : SIZE);
      $("#galleryStrip").append(tile(picture, label, `Drawing ${i + 1}, read as ${label}`, () => this.#restore(kept)));
    });
  }
}

/**
 * Examples for those who have no idea what to draw: of the first set that is all known. Each is drawn in a task of its
 * own, or a slow phone would not react meanwhile; they are shown together, so that nothing below moves twice.
 * @param {readonly string[]} classes
 * @param {(code: string) => void} play
 */
export async function showExamples(classes, play) {
  const examples = EXAMPLES.find((set) => set.every(({ label }) => classes.includes(label))) ?? [];
  for (const { label, code } of examples) {
    await new Promise((resume) => setTimeout(resume));
    const picture = thumbnail(marked(decode(code)?.strokes ?? []), HEIGHT);
    $("#exampleStrip").append(tile(picture, "", `Example: ${label}`, () => play(code)));
  }
  $("#examples").prop("hidden", !examples.length);
}

/**
 * @param {HTMLCanvasElement} picture
 * @param {string} caption
 * @param {string} name for screen readers
 * @param {() => void} act
 */
function tile(picture, caption, name, act) {
  const button = $("<button type=button class=tile>").attr({ "aria-label": name, title: name }).on("click", act);
  button.append(picture);
  if (caption) button.append($("<span translate=no dir=auto>").text(caption));
  return $("<li>").append(button);
}
