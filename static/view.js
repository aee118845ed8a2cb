/** The one place that shows the state of paper, question and answer, and what else there is to say.
 * @module
 */

import { isDoubtful, percent, verdict } from "./answer-text.js";

/** @import { Announcer } from "./announcer.js" */
/** @import { Paper } from "./paper.js" */
/** @import { Pen } from "./pen.js" */
/** @import { Problem } from "./state-machine.js" */
/** @import { Answer, Reader } from "./reader.js" */
/** @typedef {{message: string, remedy?: string, kind?: "error", key: string, spoken?: string}} Line what stands beside
 * the answer; it is announced when `key` has changed */

const KEPT = "Your drawing is kept; ";

/** Renders everything from the state of the others; `notice` and `opening` are its own. */
export class View {
  /** @type {Problem | null} what somebody did in vain; it stays until they do something else */
  #notice = null;
  #notices = 0;
  /** @type {string | null} name of the picture that is being opened */
  #opening = null;
  /** @type {Answer | null | undefined} whose bars are shown; undefined for one that came with the page */
  #barsOf = $("#probabilities .best").length ? undefined : null;
  #spoken = "";
  #hint = $("#message").text();
  #unsureBelow = Number(document.body.dataset.unsureBelow);
  #subject = document.body.dataset.subject ?? "";
  /** Shown on Predict while a game is on. */
  isPlaying = false;
  /** @type {Answer | null} that is shown */
  answer = null;
  /** Which of its characters has its bars shown, if there are several. */
  active = 0;
  /** @type {number | null} the one that somebody has tapped or gone to with the keyboard */
  chosen = null;

  #parts;

  /** @param {{paper: Paper, pen: Pen, reader: Reader, announcer: Announcer}} parts */
  constructor(parts) {
    this.#parts = parts;
    // While it goes down to what was touched: what that does may have a message of its own.
    for (const type of ["pointerdown", "keydown"]) {
      document.addEventListener(type, () => this.#notice && this.notify(null), true);
    }
  }

  /** @param {Problem | null} problem */
  notify(problem) {
    this.#notice = problem;
    this.#notices++;
    this.render();
  }

  /** @param {string | null} name */
  open(name) {
    this.#opening = name;
    this.render();
  }

  render() {
    const { paper, pen, reader } = this.#parts;
    const { state, shown } = reader;
    const answer = this.#visible();
    if (answer !== this.answer) {
      this.active = 0;
      this.chosen = null;
    }
    this.answer = answer;
    const line = this.#line(answer);
    const unknown = answer?.known === false;
    const sure = !answer || !(answer.characters ?? [answer]).some((one) => isDoubtful(one, this.#unsureBelow));
    const stale = shown?.revision !== paper.revision;
    const stuck = state.name === "retrying";

    text("#message", line.message);
    text("#remedy", line.remedy ?? "");
    text("#predictionResult", answer?.label ?? "");
    const letters = answer ? [...answer.label].length : 0;
    $("#predictionResult")
      .toggleClass("word", letters > 3)
      .toggleClass("phrase", letters > 10);
    $(".verdict").toggleClass("error", line.kind === "error");
    $("body")
      .toggleClass("waiting", !!answer && (state.name === "asking" || (stale && !pen.isDown)))
      .toggleClass("unsure", !sure)
      .toggleClass("unknown", unknown)
      .toggleClass("stuck", stuck);
    this.#showBars(answer?.characters?.[this.active] ?? answer);

    $("#paper").toggleClass("empty", paper.isEmpty);
    able("#undoButton", paper.canUndo);
    able("#redoButton", paper.canRedo);
    able("#shareButton", reader.isCurrent);
    if (stuck && document.activeElement?.id === "shareButton") $("#predictButton").trigger("focus"); // it gives way
    text("#predictText", this.isPlaying ? "Done" : stuck ? "Try now" : "Predict");
    this.#speak(line);
  }

  /** The answer to show: an old one only for as long as nobody could take it for one to what is there now. */
  #visible() {
    const { pen, reader } = this.#parts;
    const { state, shown } = reader;
    if (state.name === "asking" && state.delay && !pen.isDown) return null;
    return shown?.answer ?? null;
  }

  /**
   * @param {Answer | null} answer
   * @returns {Line}
   */
  #line(answer) {
    const { paper, reader } = this.#parts;
    const { state } = reader;
    if (this.#notice) {
      const { reason, remedy } = this.#notice;
      return { message: reason, remedy, kind: "error", key: `notice ${this.#notices}` };
    }
    if (this.#opening !== null) return { message: `Opening ${this.#opening}…`, key: `opening ${this.#opening}` };
    switch (state.name) {
      case "empty":
        return {
          message: this.#hint,
          key: `empty ${paper.revision}`,
          spoken: paper.revision ? "The paper is empty" : "",
        };
      case "refused":
        return {
          message: state.problem.reason,
          remedy: state.problem.remedy,
          kind: "error",
          key: this.#key("refused"),
        };
      case "retrying": {
        const { problem, seconds } = state;
        const when = problem.remedy ? `it will be read ${problem.remedy}.` : `trying again in ${seconds} s.`;
        return { message: problem.reason, remedy: KEPT + when, kind: "error", key: this.#key("retrying") };
      }
      case "asking":
        if (state.delay === "slow") {
          const message = "The server is slow, perhaps only just waking up.";
          return { message, remedy: `${KEPT}still waiting…`, key: this.#key("slow") };
        }
        if (state.delay || !answer)
          return { message: answer || state.delay ? "Reading…" : this.#hint, key: this.#spoken };
    }
    if (!answer) return { message: this.#hint, key: this.#spoken };
    const { message, remedy, sure } = verdict(answer, this.#unsureBelow, this.#subject);
    const spoken = `${sure ? `${answer.label}, ` : ""}${message}${remedy && `. ${remedy}`}`;
    return { message, remedy, key: state.name === "answered" ? this.#key("answered") : this.#spoken, spoken };
  }

  /** @param {string} name of a state that is announced once for each question */
  #key(name) {
    return `${name} ${this.#parts.reader.question}`;
  }

  /** @param {Line} line */
  #speak(line) {
    if (line.key === this.#spoken || this.#parts.pen.isDown) return;
    this.#spoken = line.key;
    this.#parts.announcer.say(line.spoken ?? `${line.message} ${line.remedy ?? ""}`);
  }

  /** @param {Answer | null} answer */
  #showBars(answer) {
    if (answer === this.#barsOf) return;
    this.#barsOf = answer;
    $("#probabilities li").each((_, row) => {
      const name = row.dataset.class ?? "";
      const share = answer?.probabilities[name] ?? 0;
      $(row).toggleClass("best", name === answer?.label);
      $(row)
        .find(".fill")
        .css("transform", answer ? `translateX(${100 * share - 100}%)` : "");
      $(row)
        .find(".percent")
        .text(answer ? percent(share, 1) : "–");
    });
    if (answer?.input) $("#seen img").attr("src", answer.input);
    $("#seen").prop("hidden", !answer?.input);
  }
}

/**
 * Only what has changed is written: a live region or a selection within it stays as it is. No line begins with "%".
 * @param {string} selector
 * @param {string} words
 */
function text(selector, words) {
  const element = $(selector);
  const joined = words.replaceAll(" %", "\u00a0%");
  if (element.text() !== joined) element.text(joined);
}

/**
 * A button that can do nothing keeps the focus, or it would fall to the body.
 * @param {string} selector
 * @param {boolean} yes
 */
function able(selector, yes) {
  $(selector).attr("aria-disabled", yes ? null : "true");
}
