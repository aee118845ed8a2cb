/** The door to "Look inside": what is behind it is loaded when it is first opened.
 * @module
 */

/** @import { Announcer } from "./announcer.js" */
/** @import { Inside } from "./inside.js" */
/** @import { Paper } from "./paper.js" */
/** @import { Reader } from "./reader.js" */

export class Look {
  #door = /** @type {HTMLDetailsElement} */ ($("#inside")[0]);
  /** @type {Inside | null} */
  #inside = null;
  #parts;

  /** @param {{paper: Paper, reader: Reader, announcer: Announcer}} parts */
  constructor(parts) {
    this.#parts = parts;
    $(this.#door).on("toggle", () => this.#open());
  }

  render() {
    if (this.#door.open) this.#inside?.follow();
  }

  async #open() {
    if (!this.#door.open) return;
    try {
      const [{ Inside }] = await Promise.all([import("./inside.js"), style(this.#door.dataset.style ?? "")]);
      this.#inside ??= new Inside(this.#parts);
      this.render();
    } catch {
      this.#door.open = false; // offline: the next opening tries again
    }
  }
}

/**
 * A style sheet that the page does without until now.
 * @param {string} href
 */
function style(href) {
  if ($(`link[href="${href}"]`).length) return;
  const link = $("<link rel=stylesheet>").attr({ href });
  const loaded = new Promise((done, failed) => link.on("load", done).on("error", () => failed(link.remove())));
  $("head").append(link);
  return loaded;
}
