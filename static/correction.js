/** "Wrong? It was …": one tap tells the server what a drawing is, or a character of it, and ten seconds to take that back.
 * @module
 */

import { alone } from "./alone.js";
import { blank, SIZE, strokesOf } from "./marks.js";
import { QUERY } from "./reader.js";
import { resetWriter, writer } from "./storage.js";
import { pngOf, post, uploadOf } from "./upload.js";

/** @import { Alone } from "./alone.js" */
/** @import { Announcer } from "./announcer.js" */
/** @import { Stroke } from "./marks.js" */
/** @import { Paper } from "./paper.js" */
/** @import { Reader } from "./reader.js" */
/** @import { View } from "./view.js" */
/** @typedef {{key: string, revision: number, label: string, name: string, alone: Alone | null}} Subject what is asked
 * about: `name` is for screen readers; `alone` the character, null for all that is on the paper */

const UNDO_SECONDS = 10;
const THANKS = "Thank you. A person will look at it; then the model can learn from it.";
const CHOOSE = "Is one wrong? Choose it in the answer.";
const JOINED = "It is joined to its neighbours, so it cannot be corrected alone.";
const PART = 88; // pixels of the picture of a character, shown at half that size for fine screens

/** The bar below the answer. */
export class Correction {
  #paper;
  #reader;
  #view;
  #announcer;
  #isPlaying = false;
  /** @type {Subject | null} */
  #subject = null;
  /** Keys of what has been corrected or confirmed. */
  #done = new Set();
  /** @type {{id: string, subject: Subject} | null} what can be taken back */
  #sent = null;
  /** @type {number | undefined} */
  #timer;
  #hint = $("<p>", { id: "correctionHint" });
  #part = blank(PART, PART);

  /** @param {{paper: Paper, reader: Reader, view: View, announcer: Announcer}} parts */
  constructor({ paper, reader, view, announcer }) {
    this.#paper = paper;
    this.#reader = reader;
    this.#view = view;
    this.#announcer = announcer;
    $("#correction").prepend(this.#hint);
    $("#correctionQuestion").prepend($(this.#part.canvas).attr({ id: "correctionPart", "aria-hidden": "true" }));
    $("#correction button[data-label]").on("click", (event) => this.#send(event.currentTarget.dataset.label ?? ""));
    $("#confirmButton").on("click", () => this.#send(this.#subject?.label ?? ""));
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
   * @param {boolean} [isPlaying]
   */
  render(isPlaying = this.#isPlaying) {
    this.#isPlaying = isPlaying;
    const { shown, isCurrent } = this.#reader;
    const answer = isCurrent && !isPlaying ? shown?.answer : null;
    const several = !!answer?.characters;
    const key = `${this.#paper.revision} ${several ? this.#view.chosen : ""}`;
    if (!answer) this.#subject = null;
    else if (this.#subject?.key !== key) this.#subject = this.#find(key);
    const subject = this.#subject;
    const isOpen = this.#view.chosen === null;
    this.#hint.prop("hidden", !several || !!shown?.picture || !!subject).text(isOpen ? CHOOSE : JOINED);
    const asks = !!subject && !this.#done.has(key);
    if (asks && this.#sent && this.#sent.subject.revision !== subject.revision) this.#forget();
    $("#correctionQuestion").prop("hidden", !asks);
    $("#correctionPart").prop("hidden", !several);
    if (!asks) return;
    $("#correction").attr("aria-label", subject.name);
    $("#correction button[data-label]").each((_, button) => {
      $(button).prop("hidden", button.dataset.label === subject.label);
    });
  }

  /** To the first button of the bar, for the keyboard. */
  focus() {
    $("#correctionQuestion:visible #confirmButton").trigger("focus");
  }

  /**
   * The answer, if it is one to all that is on the paper; or the character that is chosen of several. One that lies on
   * the wide paper is cut out of it as well.
   * @param {string} key
   * @returns {Subject | null}
   */
  #find(key) {
    const { revision, marks, width } = this.#paper;
    const { answer } = /** @type {import("./reader.js").Shown} */ (this.#reader.shown);
    const { label, characters } = answer;
    if (!characters && width === SIZE) return { key, revision, label, name: "Is the answer right?", alone: null };
    const read = characters ?? ("box" in answer ? [/** @type {import("./reader.js").Character} */ (answer)] : []);
    const index = characters ? this.#view.chosen : 0;
    if (index === null || !read[index]) return null;
    const boxes = read.map(({ box }) => box);
    const part = alone(marks, width, boxes, index);
    if (!part) return null;
    this.#show(part);
    const place = characters ? `, character ${index + 1} of ${read.length},` : "";
    return { key, revision, label: read[index].label, name: `Is ${read[index].label}${place} right?`, alone: part };
  }

  /**
   * What would be sent, so that nobody says of one character what another is.
   * @param {Alone} part
   */
  #show({ sheet, side }) {
    const [left, top] = [(sheet.width - side) / 2, (sheet.height - side) / 2];
    this.#part.imageSmoothingQuality = "high";
    this.#part.fillStyle = "#fff";
    this.#part.fillRect(0, 0, PART, PART);
    this.#part.drawImage(sheet, left, top, side, side, 0, 0, PART, PART);
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
    const subject = this.#subject;
    const version = this.#reader.shown?.answer.version;
    const drawing = subject && (await this.#drawing(subject));
    if (!drawing || subject.revision !== this.#paper.revision) return;
    const { file, strokes } = drawing;
    /** @type {Record<string, string>} */
    const fields = { label, writer: writer() };
    if (version) fields.version = version;
    if (strokes) fields.strokes = JSON.stringify(strokes.map((stroke) => stroke.map(({ x, y }) => [x, y])));
    this.#done.add(subject.key);
    clearTimeout(this.#timer);
    this.#sent = null;
    const focused = this.#hasFocus();
    this.#say("Sending…");
    post(`/corrections${QUERY}`, file, fields).then(
      ({ id }) => {
        this.#sent = { id, subject };
        this.#say(THANKS, true);
        if (focused) $("#takeBackButton").trigger("focus");
        this.#timer = window.setTimeout(() => this.#forget(), UNDO_SECONDS * 1000);
      },
      ({ responseJSON }) => {
        this.#done.delete(subject.key);
        this.#say(responseJSON?.detail ?? "That could not be sent. Try again.");
      },
    );
  }

  /**
   * @param {Subject} subject
   * @returns {Promise<{file: Blob, strokes: Stroke[] | null} | null>} null if the paper is empty
   */
  async #drawing({ alone }) {
    if (alone) return { file: pngOf(alone.sheet), strokes: alone.strokes };
    const { marks, width } = this.#paper;
    const upload = await uploadOf(marks, width);
    return upload && { file: upload.file, strokes: strokesOf(marks) };
  }

  #hasFocus() {
    return $("#correction :focus:visible").length > 0;
  }

  #takeBack() {
    if (!this.#sent) return;
    const { id, subject } = this.#sent;
    this.#forget();
    this.#done.delete(subject.key);
    $.ajax({ url: `/corrections/${id}`, method: "DELETE" }).then(
      () => this.#say("Taken back: nothing is kept."),
      () => this.#say("That could not be taken back."),
    );
  }

  /** The ten seconds are over, or there is another drawing. */
  #forget() {
    clearTimeout(this.#timer);
    this.#sent = null;
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
    this.render();
    // What has the focus may have gone; it must not fall to the body.
    if (focused && !this.#hasFocus()) $("#canvas").trigger("focus");
    if (words) this.#announcer.say(words);
  }
}
