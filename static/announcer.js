/** Tells screen readers what has happened, once nothing more happens; the same words are told again, too.
 * @module
 */

const SETTLED = 500; // ms

/** Of what it is given in quick succession, it speaks the last word on each subject. */
export class Announcer {
  #element;
  /** @type {number | undefined} */
  #timer;
  /** By subject; the answer comes first, whichever was said first. */
  #pending = new Map([["answer", ""]]);

  /** @param {string} selector of an element with role="status" */
  constructor(selector) {
    this.#element = $(selector);
  }

  /**
   * @param {string} text
   * @param {string} [subject]
   */
  say(text, subject = "answer") {
    clearTimeout(this.#timer);
    this.#element.empty();
    this.#pending.set(subject, text);
    this.#timer = window.setTimeout(() => {
      this.#element.text([...this.#pending.values()].filter(Boolean).join(". ").replaceAll(".. ", ". "));
      this.#pending = new Map([["answer", ""]]);
    }, SETTLED);
  }
}
