/** Asks the server what is on the paper, as static/state-machine.js says: never two questions at once, never an old answer
 * for a new one.
 * @module
 */

import { isParted, SIZE } from "./marks.js";
import { refusal, trouble } from "./problems.js";
import { BEGINNING, next, wake } from "./state-machine.js";
import { post, uploadOf } from "./upload.js";

/** @import { Happening } from "./state-machine.js" */
/** @import { Picture } from "./marks.js" */
/** @import { Paper } from "./paper.js" */
/** @import { Upload } from "./upload.js" */
/** @typedef {{label: string, confidence: number, probabilities: Record<string, number>, input?: string,
 *   known?: boolean, ink?: string, version?: string, characters?: Character[]}} Answer `version` is that of the model;
 * `characters`: of several, whose text is the label and whose least probability of all is the confidence
 * @typedef {Answer & {box: [number, number, number, number]}} Character left, top, right, bottom in pixels of the upload
 * @typedef {{answer: Answer, revision: number, picture: Picture | null, sent: Upload}} Shown an answer, the revision of
 * the paper that it belongs to, and what was sent of it */

/** What chooses the model in an address, nothing for the default. */
export const QUERY = document.body.dataset.query ?? "";

/** The state of the question, and the last answer with the revision of the paper that it belongs to. */
export class Reader {
  #paper;
  #render;
  #reading = BEGINNING;
  /** @type {JQuery.jqXHR | null} */
  #request = null;
  /** @type {number | undefined} */
  #timer;
  /** @type {Shown | null} */
  shown = null;
  /** Whether there may be several characters. */
  isSeveral = true;

  /**
   * @param {Paper} paper
   * @param {() => void} render called after every change
   */
  constructor(paper, render) {
    this.#paper = paper;
    this.#render = render;
    $(window).on("online", () => this.happen({ type: "online" }));
  }

  get state() {
    return this.#reading.state;
  }

  /** The number of the latest question. */
  get question() {
    return this.#reading.question;
  }

  /** Whether the answer that is shown is one to what is on the paper now. */
  get isCurrent() {
    return this.shown?.revision === this.#paper.revision && this.state.name === "answered";
  }

  /** @param {Happening} event */
  happen(event) {
    const before = this.#reading;
    this.#reading = next(before, event, Date.now());
    const { name } = this.state;
    const asks = this.#reading.question !== before.question;
    if (asks || name !== "asking") this.#abort();
    if (event.type === "insisted" || name === "empty" || name === "retrying" || name === "refused") this.shown = null;
    clearTimeout(this.#timer);
    const due = wake(this.state);
    if (due !== null) {
      this.#timer = window.setTimeout(() => this.happen({ type: "clock" }), Math.max(0, due - Date.now()));
    }
    if (asks) this.#ask(this.question);
    this.#render();
  }

  #abort() {
    this.#request?.abort();
    this.#request = null;
  }

  /** @param {number} number of the question */
  async #ask(number) {
    const { revision, picture, marks, width } = this.#paper;
    const sent = await uploadOf(marks, width);
    if (number !== this.question || this.state.name !== "asking" || !sent) return;
    const several = this.isSeveral && (!!picture || width > SIZE || isParted(marks));
    const include = `input${several ? "&include=probabilities" : ""}${picture ? "&include=ink" : ""}`;
    const address = `/${several ? "read" : "predict"}${QUERY}${QUERY ? "&" : "?"}include=${include}`;
    const request = post(address, sent.file);
    this.#request = request;
    request.then(
      (answer) => {
        if (request !== this.#request) return;
        this.#request = null;
        const version = request.getResponseHeader("X-Model-Version") ?? "";
        this.shown = { answer: { ...(several ? together(answer) : answer), version }, revision, picture, sent };
        this.happen({ type: "answered" });
      },
      (_, status) => {
        if (request !== this.#request) return;
        this.#request = null;
        const { status: code, responseJSON } = request;
        if (code === 0 || code === 200 || code === 429 || code >= 500) {
          const pause = Number(request.getResponseHeader("Retry-After")) * 1000 || 0;
          this.happen({ type: "failed", problem: trouble(code, responseJSON?.detail, status), pause });
        } else this.happen({ type: "refused", problem: refusal(code, responseJSON?.detail, !!picture) });
      },
    );
  }
}

/**
 * What /read answers, as /predict would: of one character alone there is nothing else to say.
 * @param {{text: string, characters: Character[], ink?: string}} reading
 * @returns {Answer}
 */
function together({ text, characters, ink }) {
  if (characters.length === 1) return { ...characters[0], ink };
  const confidence = Math.min(...characters.map((one) => one.confidence));
  return { label: text, confidence, probabilities: characters[0].probabilities, characters, ink };
}
