/** "Wrong? It was …": one tap tells the server what a drawing is, and ten seconds to take that back.
 * @module
 */

import { strokesOf } from "./marks.js";
import { QUERY } from "./reader.js";
import { resetWriter, writer } from "./storage.js";
import { post, uploadOf } from "./upload.js";

/** @import { Announcer } from "./announcer.js" */
/** @import { Paper } from "./paper.js" */
/** @import { Reader } from "./reader.js" */

const UNDO_SECONDS = 10;
const THANKS = "Thank you. A person will look at it; then the model can learn from it.";

/** The bar below the answer. */
export class Correction {
  #paper;
  #reader;
  #announcer;
  /** The revision of the paper that has been corrected or confirmed. */
  #done = -1;
  /** @type {string | null} what deletes it again */
  #id = null;
  /** @type {number | undefined} */
  #timer;

  /**
   * @param {Paper} paper
   * @param {Reader} reader
   * @param {Announcer} announcer
   */
  constructor(paper, reader, announcer) {
    this.#paper = paper;
    this.#reader = reader;
    this.#announcer = announcer;
    $("#correction button[data-label]").on("click", (event) => this.#send(event.currentTarget.dataset.label ?? ""));
    $("#confirmButton").on("click", () => this.#send(reader.shown?.answer.label ?? ""));
    $("#correctionChoice").on("change", (event) => {
      const choice = /** @type {HTMLSelectElement} */ (event.target);
      if (choice.value) this.#send(choice.value);
      choice.value = "";
    });
    $("#takeBackButton").on("click", () => this.#takeBack());
    $("#resetWriterButton").on("click", () => {
      resetWriter();
      announcer.say("From now on your corrections have another random name.");
    });
    $("#correction").on("keydown", (event) => this.#key(event));
  }

  /**
   * @param {boolean} isPlaying
   */
  render(isPlaying) {
    const { shown, isCurrent } = this.#reader;
    const asks = isCurrent && !!shown && !isPlaying && this.#paper.revision !== this.#done;
    if (asks && this.#id) this.#forget();
    $("#correctionQuestion").prop("hidden", !asks);
    if (!asks) return;
    $("#correction button[data-label]").each((_, button) => {
      $(button).prop("hidden", button.dataset.label === shown.answer.label);
    });
  }

  /** To the first button of the bar, for the keyboard. */
  focus() {
    $("#correctionQuestion:visible #confirmButton").trigger("focus");
  }

  /**
   * The name of a class, typed in the bar, chooses it.
   * @param {JQuery.KeyDownEvent} event
   */
  #key({ key, ctrlKey, metaKey, altKey }) {
    if (ctrlKey || metaKey || altKey || !this.#reader.isCurrent) return;
    $("#correctionQuestion:visible button[data-label]")
      .filter((_, button) => button.dataset.label === key)
      .trigger("click");
  }

  /** @param {string} label */
  async #send(label) {
    const { revision, marks, width } = this.#paper;
    const answer = this.#reader.shown?.answer;
    const upload = await uploadOf(marks, width);
    if (!upload || !answer || revision !== this.#paper.revision) return;
    /** @type {Record<string, string>} */
    const fields = { label, writer: writer() };
    if (answer.version) fields.version = answer.version;
    const strokes = strokesOf(marks);
    if (strokes) fields.strokes = JSON.stringify(strokes.map((stroke) => stroke.map(({ x, y }) => [x, y])));
    this.#done = revision;
    const focused = this.#hasFocus();
    this.#say("Sending…");
    post(`/corrections${QUERY}`, upload.file, fields).then(
      ({ id }) => {
        this.#id = id;
        this.#say(THANKS, true);
        if (focused) $("#takeBackButton").trigger("focus");
        clearTimeout(this.#timer);
        this.#timer = window.setTimeout(() => this.#forget(), UNDO_SECONDS * 1000);
      },
      ({ responseJSON }) => {
        this.#done = -1;
        this.#say(responseJSON?.detail ?? "That could not be sent. Try again.");
      },
    );
  }

  #hasFocus() {
    return $("#correction :focus:visible").length > 0;
  }

  #takeBack() {
    const id = this.#id;
    if (!id) return;
    this.#forget();
    this.#done = -1;
    $.ajax({ url: `/corrections/${id}`, method: "DELETE" }).then(
      () => this.#say("Taken back: nothing is kept."),
      () => this.#say("That could not be taken back."),
    );
  }

  /** The ten seconds are over, or there is another drawing. */
  #forget() {
    clearTimeout(this.#timer);
    this.#id = null;
    this.#say("");
  }

  /**
   * @param {string} words
   * @param {boolean} [undoable]
   */
  #say(words, undoable = false) {
    const focused = this.#hasFocus();
    $("#correctionNews").text(words);
    $("#takeBackButton").prop("hidden", !undoable);
    this.render(false);
    // What has the focus may have gone; it must not fall to the body.
    if (focused && !this.#hasFocus()) $("#canvas").trigger("focus");
    if (words) this.#announcer.say(words);
  }
}
