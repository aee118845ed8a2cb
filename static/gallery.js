/** The last drawings, and examples, as small pictures to tap.
 * @module
 */

import { EXAMPLES } from "./examples.js";
import { marked, thumbnail } from "./ink.js";
import { asKept, asMarks, keepDrawings, keptDrawings } from "./memory.js";
import { decode } from "./strokes.js";

/** @import { Mark } from "./ink.js" */

const MOST = 12;
const SIDE = 112; // pixels of a small picture, shown at half that size for fine screens

/** The last drawings under the paper, in this browser only. */
export class Gallery {
  #restore;
  #kept = keptDrawings();

  /**
   * @param {(marks: Mark[]) => void} restore
   * @param {() => void} forgotten called after "forget all"
   */
  constructor(restore, forgotten) {
    this.#restore = restore;
    $("#forgetButton").on("click", () => {
      this.#kept = [];
      keepDrawings(this.#kept);
      this.#render();
      forgotten();
    });
    $(window).on("storage", () => {
      this.#kept = keptDrawings(); // another tab
      this.#render();
    });
    this.#render();
  }

  /**
   * Keep a drawing that leaves the paper; one that is already there comes to the front.
   * @param {readonly Mark[]} marks
   * @param {string} label what it was read as
   */
  add(marks, label) {
    const drawing = asKept(marks, label);
    if (!drawing) return;
    const same = JSON.stringify(drawing.strokes);
    const others = keptDrawings().filter(({ strokes }) => JSON.stringify(strokes) !== same);
    this.#kept = [drawing, ...others].slice(0, MOST);
    keepDrawings(this.#kept);
    this.#render();
  }

  #render() {
    $("#gallery").prop("hidden", !this.#kept.length);
    $("#galleryStrip").empty();
    this.#kept.forEach((kept, i) => {
      const marks = asMarks(kept);
      $("#galleryStrip").append(
        tile(marks, kept.label, `Drawing ${i + 1}, read as ${kept.label}`, () => this.#restore(marks)),
      );
    });
  }
}

/**
 * Examples for those who have no idea what to draw: of the first set that is all known.
 * @param {readonly string[]} classes
 * @param {(code: string) => void} play
 */
export function showExamples(classes, play) {
  const examples = EXAMPLES.find((set) => set.every(({ label }) => classes.includes(label))) ?? [];
  for (const { label, code } of examples) {
    $("#exampleStrip").append(tile(marked(decode(code) ?? []), "", `Example: ${label}`, () => play(code)));
  }
  $("#examples").prop("hidden", !examples.length);
}

/**
 * @param {readonly Mark[]} marks
 * @param {string} caption
 * @param {string} name for screen readers
 * @param {() => void} act
 */
function tile(marks, caption, name, act) {
  const button = $("<button type=button class=tile>").attr({ "aria-label": name, title: name }).on("click", act);
  button.append(thumbnail(marks, SIDE));
  if (caption) button.append($("<span translate=no dir=auto>").text(caption));
  return $("<li>").append(button);
}
