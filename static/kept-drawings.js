/** Drawings that leave the paper and come back: from the gallery, from a link, from before the page was reloaded.
 * @module
 */

import { Gallery } from "./gallery.js";
import { SIZE, WIDE } from "./marks.js";
import { isKeptWide, keepPaper, keptPaper } from "./storage.js";
import { decode } from "./strokes.js";

/** @import { Announcer } from "./announcer.js" */
/** @import { Kept } from "./storage.js" */
/** @import { Paper } from "./paper.js" */
/** @import { Pen } from "./pen.js" */
/** @import { Reader } from "./reader.js" */
/** @import { View } from "./view.js" */

export class KeptDrawings {
  #parts;
  #gallery;

  /** @param {{paper: Paper, pen: Pen, reader: Reader, view: View, announcer: Announcer}} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#gallery = new Gallery(
      (kept) => this.#restore(kept),
      () => {
        $("#canvas").trigger("focus");
        parts.announcer.say("All drawings are forgotten");
      },
    );
    $(window).on("pagehide", () => {
      this.#keepForReload();
      this.keep();
    });
    $(document).on("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.#keepForReload(); // a phone may end the page without another word
    });
  }

  /** The drawing that leaves the paper goes to the gallery, once it has been read. */
  keep() {
    const { paper, reader } = this.#parts;
    if (reader.isCurrent && reader.shown) this.#gallery.add(paper.marks, reader.shown.answer.label, paper.width > SIZE);
  }

  /** @param {string} code strokes as in a link */
  replay(code) {
    const { paper, pen, view } = this.#parts;
    const drawing = decode(code);
    if (!drawing)
      return view.notify({ reason: "This link is damaged.", remedy: "Ask for it again, or draw something." });
    pen.lift();
    this.keep();
    paper.play(drawing.strokes, drawing.isWide ? WIDE : SIZE);
  }

  /** Go on where the page was left. */
  async takeUp() {
    const { paper } = this.#parts;
    const { marks, isWide } = await keptPaper();
    if (paper.revision) return; // somebody draws already
    const wide = marks.length ? isWide : isKeptWide();
    if (marks.length || wide) paper.load(marks, wide ? WIDE : SIZE);
  }

  /** @param {Kept} kept */
  #restore({ marks, isWide }) {
    this.#parts.pen.lift();
    this.keep();
    this.#parts.paper.replace(marks, isWide ? WIDE : SIZE);
    $("#canvas").trigger("focus");
  }

  #keepForReload() {
    const { paper } = this.#parts;
    if (!paper.revision) return; // what was kept has perhaps not been taken up yet
    keepPaper(paper.marks, paper.width > SIZE);
  }
}
