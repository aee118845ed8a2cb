/** The game: draw a 7 that the network misreads. One minute. Loaded when it is first played.
 * @module
 */

import { alike, ranked } from "./answer-text.js";
import { cropped, thumbnail } from "./marks.js";

/** @import { Announcer } from "./announcer.js" */
/** @import { Mark } from "./marks.js" */
/** @import { Paper } from "./paper.js" */
/** @import { Answer, Reader } from "./reader.js" */
/** @import { ShareContent } from "./share-dialog.js" */
/** @import { View } from "./view.js" */
/** @typedef {{marks: readonly Mark[], target: string, label: string}} Fooled a drawing of `target` that was read as
 * `label` */

const MINUTE = 60_000;
const LAST = 10; // seconds that are announced
const PLAUSIBLE = 3; // the target must be among so many first guesses, or any scribble would count

/** @typedef {object} Parts
 * @property {string[]} classes
 * @property {Paper} paper
 * @property {Reader} reader
 * @property {View} view
 * @property {Announcer} announcer
 * @property {() => void} clear empties the paper
 * @property {() => void} usualPaper takes the place of the wide one
 * @property {(pack: (content: typeof import("./share-content.js")) => ShareContent) => void} share */

/** Rounds of one minute. */
export class Game {
  #parts;
  #over = /** @type {HTMLDialogElement} */ ($("#gameOver")[0]);
  #target = "";
  #ends = 0;
  /** @type {Fooled[]} */
  #fooled = [];
  /** @type {number | undefined} */
  #timer;
  #isOn = false;
  /** The question whose answer is waited for, as the drawing was said to be done. */
  #judged = 0;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    $("#againButton").on("click", () => this.begin());
    $("#skipButton").on("click", () => this.#next("Skipped."));
    $("#stopButton").on("click", () => this.#end(false));
    $("#shareGameButton").on("click", () => {
      parts.share(({ gameContent }) => gameContent(headline(this.#fooled.length), this.#fooled));
    });
    $(this.#over).on("close", () => this.#isOn || $("#canvas").trigger("focus"));
  }

  get isOn() {
    return this.#isOn;
  }

  begin() {
    const { reader, usualPaper } = this.#parts;
    this.#isOn = true;
    this.#fooled = [];
    this.#ends = Date.now() + MINUTE;
    this.#over.close();
    $("#game").prop("hidden", false);
    $("body").addClass("playing");
    usualPaper();
    reader.isSeveral = false;
    this.#show(true);
    window.scrollTo(0, 0);
    $("#canvas")[0].focus({ preventScroll: true });
    this.#next("One minute.");
    clearInterval(this.#timer);
    this.#timer = window.setInterval(() => this.#tick(), 250);
    this.#tick();
  }

  /** Somebody says that the drawing is done: the next question is about it. */
  judgeNext() {
    if (this.#isOn) this.#judged = this.#parts.reader.question + 1;
  }

  /** After the view. */
  render() {
    const { paper, reader } = this.#parts;
    if (!this.#judged || this.#judged !== reader.question || !reader.isCurrent || !reader.shown) return;
    this.#judged = 0;
    this.#judge(cropped(paper.marks), reader.shown.answer);
  }

  /**
   * The answer to a drawing that is done.
   * @param {readonly Mark[]} marks
   * @param {Answer} answer
   */
  #judge(marks, answer) {
    const target = this.#target;
    const { label } = answer;
    if (alike(target).includes(label)) return this.#tell(`That is plainly ${target}. Stranger!`);
    if (!ranked(answer).slice(0, PLAUSIBLE).includes(target)) {
      return this.#tell(`${label}? It does not even look like ${target}. Closer!`);
    }
    this.#fooled.push({ marks, target, label });
    this.#next(`Fooled: read as ${label}.`);
  }

  /** @param {string} before what has just happened */
  #next(before) {
    const others = this.#parts.classes.filter((name) => name !== this.#target);
    this.#target = others[Math.floor(Math.random() * others.length)];
    $("#gameTarget").text(this.#target);
    $("#gameScore").text(this.#fooled.length);
    this.#parts.clear();
    this.#tell(before, `Draw ${this.#target} so that I misread it.`);
  }

  /**
   * @param {string} text
   * @param {string} [more] that can be seen elsewhere
   */
  #tell(text, more = "") {
    $("#gameNews").text(text);
    this.#parts.announcer.say(`${text} ${more}`, "game");
  }

  /** @param {boolean} isPlaying */
  #show(isPlaying) {
    this.#parts.view.isPlaying = isPlaying;
    this.#parts.view.render();
  }

  #tick() {
    const left = Math.max(0, Math.ceil((this.#ends - Date.now()) / 1000));
    const shown = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if ($("#gameTime").text() !== shown) {
      $("#gameTime").text(shown);
      if (left === LAST) this.#parts.announcer.say(`${LAST} seconds left`, "game");
    }
    if (!left) this.#end(true);
  }

  /** @param {boolean} over whether the minute is; otherwise somebody has given up */
  #end(over) {
    clearInterval(this.#timer);
    this.#isOn = false;
    this.#judged = 0;
    $("#game").prop("hidden", true);
    $("body").removeClass("playing");
    this.#parts.reader.isSeveral = true;
    this.#show(false);
    if (!over && !this.#fooled.length) {
      $("#canvas").trigger("focus");
      return;
    }
    $("#gameOverTitle").text(`${headline(this.#fooled.length)}.`);
    showFooled(this.#fooled);
    this.#over.showModal();
  }
}

/**
 * What a game came to, in a line.
 * @param {number} count
 */
function headline(count) {
  if (!count) return "I could not fool a neural network in a minute";
  return `I fooled a neural network ${count === 1 ? "once" : `${count} times`} in a minute`;
}

/**
 * The drawings that fooled it, in the dialog at the end.
 * @param {readonly Fooled[]} fooled
 */
function showFooled(fooled) {
  $("#fooledStrip").empty();
  for (const { marks, target, label } of fooled) {
    const item = $("<li>").append(thumbnail(marks, 112));
    item.append($("<span translate=no dir=auto>").text(`${target}, read as ${label}`));
    $("#fooledStrip").append(item);
  }
}
