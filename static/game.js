/** The game: draw a 7 that the network misreads. One minute.
 * @module
 */

import { thumbnail } from "./ink.js";
import { alike, ranked } from "./words.js";

/** @import { Announcer } from "./announcer.js" */
/** @import { Mark } from "./ink.js" */
/** @import { Answer } from "./reader.js" */
/** @typedef {{marks: readonly Mark[], target: string, label: string}} Fooled a drawing of `target` that was read as
 * `label` */

const MINUTE = 60_000;
const LAST = 10; // seconds that are announced
const PLAUSIBLE = 3; // the target must be among so many first guesses, or any scribble would count

/** Rounds of one minute. The page tells it of answers to drawings that are said to be done. */
export class Game {
  #classes;
  #announcer;
  #on;
  #target = "";
  #ends = 0;
  /** @type {Fooled[]} */
  #fooled = [];
  /** @type {number | undefined} */
  #timer;
  #isOn = false;

  /**
   * @param {readonly string[]} classes
   * @param {Announcer} announcer
   * @param {{begin: () => void, next: () => void, end: (fooled: Fooled[], over: boolean) => void}} on `next`: an empty
   * paper is wanted; `over`: the minute is, nobody has given up
   */
  constructor(classes, announcer, on) {
    this.#classes = classes;
    this.#announcer = announcer;
    this.#on = on;
    $("#playButton, #againButton").on("click", () => this.begin());
    $("#skipButton").on("click", () => this.#next("Skipped."));
    $("#stopButton").on("click", () => this.#end(false));
  }

  get isOn() {
    return this.#isOn;
  }

  begin() {
    this.#isOn = true;
    this.#fooled = [];
    this.#ends = Date.now() + MINUTE;
    $("#game").prop("hidden", false);
    $("body").addClass("playing");
    this.#on.begin();
    this.#next("One minute.");
    clearInterval(this.#timer);
    this.#timer = window.setInterval(() => this.#tick(), 250);
    this.#tick();
  }

  /**
   * The answer to a drawing that is done.
   * @param {readonly Mark[]} marks
   * @param {Answer} answer
   */
  judge(marks, answer) {
    if (!this.#isOn) return;
    const target = this.#target;
    const { label } = answer;
    if (alike(target).includes(label)) return this.#tell(`That is a ${target}, plainly. Stranger!`);
    if (!ranked(answer).slice(0, PLAUSIBLE).includes(target)) {
      return this.#tell(`A ${label}? It does not even look like a ${target}. Closer!`);
    }
    this.#fooled.push({ marks, target, label });
    this.#next(`Fooled: read as ${label}.`);
  }

  /** @param {string} before what has just happened */
  #next(before) {
    const others = this.#classes.filter((name) => name !== this.#target);
    this.#target = others[Math.floor(Math.random() * others.length)];
    $("#gameTarget").text(this.#target);
    $("#gameScore").text(this.#fooled.length);
    this.#on.next();
    this.#tell(before, `Draw a ${this.#target} that I misread.`);
  }

  /**
   * @param {string} text
   * @param {string} [more] that can be seen elsewhere
   */
  #tell(text, more = "") {
    $("#gameNews").text(text);
    this.#announcer.say(`${text} ${more}`, "game");
  }

  #tick() {
    const left = Math.max(0, Math.ceil((this.#ends - Date.now()) / 1000));
    const shown = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if ($("#gameTime").text() !== shown) {
      $("#gameTime").text(shown);
      if (left === LAST) this.#announcer.say(`${LAST} seconds left`, "game");
    }
    if (!left) this.#end(true);
  }

  /** @param {boolean} over */
  #end(over) {
    clearInterval(this.#timer);
    this.#isOn = false;
    $("#game").prop("hidden", true);
    $("body").removeClass("playing");
    this.#on.end(this.#fooled, over);
  }
}

/**
 * What a game came to, in a line.
 * @param {number} count
 */
export function headline(count) {
  if (!count) return "I could not fool a neural network in a minute";
  return `I fooled a neural network ${count === 1 ? "once" : `${count} times`} in a minute`;
}

/**
 * The drawings that fooled it, in the dialog at the end.
 * @param {readonly Fooled[]} fooled
 */
export function showFooled(fooled) {
  $("#fooledStrip").empty();
  for (const { marks, target, label } of fooled) {
    const item = $("<li>").append(thumbnail(marks, 112));
    item.append($("<span translate=no dir=auto>").text(`${target}, read as ${label}`));
    $("#fooledStrip").append(item);
  }
}
