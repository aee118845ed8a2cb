/** For screen readers: what has happened, once things have settled; the same words again, too.
 * @module
 */

const SETTLED = 500; // ms

/** Speaks the last of what it is given in quick succession. */
export class Announcer {
  #element;
  /** @type {number | undefined} */
  #timer;

  /** @param {string} selector of an element with role="status" */
  constructor(selector) {
    this.#element = $(selector);
  }

  /** @param {string} text */
  say(text) {
    clearTimeout(this.#timer);
    this.#element.empty();
    this.#timer = window.setTimeout(() => this.#element.text(text), SETTLED);
  }
}
