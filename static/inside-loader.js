/** Loads "Look inside" when it is first opened.
 * @module
 */

import { unloaded } from "./problems.js";

/** @import { Announcer } from "./announcer.js" */
/** @import { Inside } from "./inside.js" */
/** @import { Paper } from "./paper.js" */
/** @import { Reader } from "./reader.js" */
/** @import { View } from "./view.js" */

/** The `details` element that it is in. */
export class InsideLoader {
  #details = /** @type {HTMLDetailsElement} */ ($("#inside")[0]);
  /** @type {Inside | null} */
  #inside = null;
  #parts;

  /** @param {{paper: Paper, reader: Reader, view: View, announcer: Announcer}} parts */
  constructor(parts) {
    this.#parts = parts;
    $(this.#details).on("toggle", () => this.#open());
  }

  render() {
    if (this.#details.open) this.#inside?.follow();
  }

  async #open() {
    if (!this.#details.open) return;
    try {
      const [{ Inside }] = await Promise.all([import("./inside.js"), style(this.#details.dataset.style ?? "")]);
      this.#inside ??= new Inside(this.#parts);
      this.render();
    } catch {
      this.#details.open = false; // the next opening tries again
      this.#parts.view.notify(unloaded("Look inside could not be loaded."));
    }
  }
}

/**
 * A style sheet that the page does without until now.
 * @param {string} href
 */
export function style(href) {
  if ($(`link[href="${href}"]`).length) return;
  const link = $("<link rel=stylesheet>").attr({ href });
  const loaded = new Promise((done, failed) => link.on("load", done).on("error", () => failed(link.remove())));
  $("head").append(link);
  return loaded;
}
