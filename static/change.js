/** What would change the answer: each stroke is left out in turn.
 * @module
 */

import { named } from "./answer-text.js";
import { blank, contextOf, draw, SIZE } from "./marks.js";
import { QUERY } from "./reader.js";
import { post, uploadOf } from "./upload.js";
import { AGAINST } from "./why.js";

/** @import { Mark } from "./marks.js" */
/** @import { Paper } from "./paper.js" */
/** @import { Answer, Reader } from "./reader.js" */

const MOST_STROKES = 12;

/** Looks for the shortest stroke that, left out, turns the answer. */
export class Change {
  #parts;
  /** The revision of the paper that has been looked at. */
  #tried = -1;

  /** @param {{paper: Paper, reader: Reader}} parts */
  constructor(parts) {
    this.#parts = parts;
    $("#changing").html(`
      <h3 id="changeTitle">What would change it</h3>
      <canvas id="change" width="168" height="168" role="img" aria-labelledby="changeWords" hidden></canvas>
      <p id="changeWords"></p>`);
  }

  /** The drawing is another one: what was said does not hold any more. */
  render() {
    if (this.#tried === this.#parts.paper.revision) return;
    tell("Lift the pen, and each stroke is left out in turn.");
    this.settle();
  }

  /** What would change the answer is looked for once the pen rests: the shortest strokes are left out first. */
  async settle() {
    const { paper, reader } = this.#parts;
    const { revision, marks } = paper;
    if (!reader.isCurrent || !reader.shown || this.#tried === revision) return;
    this.#tried = revision;
    const { label } = reader.shown.answer;
    if (paper.picture) return tell("Only strokes can be left out, and this is a picture.");
    if (marks.length === 1) return tell("It is one stroke: there is nothing to leave out.");
    const order = marks.map((_, i) => i).sort((one, other) => length(marks[one]) - length(marks[other]));
    for (const left of order.slice(0, MOST_STROKES)) {
      const rest = marks.filter((_, i) => i !== left);
      const answer = await read(rest).catch(() => null);
      if (paper.revision !== revision) return;
      if (!answer) return tell("The server does not answer at the moment. Draw on to try again.");
      if (answer.label !== label) {
        mark(/** @type {HTMLCanvasElement} */ ($("#change")[0]), rest, marks[left]);
        return tell(`Without this stroke it would read ${named(answer.label)} instead of ${named(label)}.`, true);
      }
    }
    tell(`Without any one of its strokes it would still read ${named(label)}.`);
  }
}

/**
 * @param {string} words
 * @param {boolean} [isShown] the picture
 */
function tell(words, isShown = false) {
  $("#change").prop("hidden", !isShown);
  $("#changeWords").text(words);
}

/** @param {Mark} mark */
function length(mark) {
  if (mark.kind !== "stroke") return 0;
  const steps = mark.stroke.slice(1).map(({ x, y }, i) => Math.hypot(x - mark.stroke[i].x, y - mark.stroke[i].y));
  return steps.reduce((sum, step) => sum + step, 0);
}

/**
 * @param {readonly Mark[]} marks
 * @returns {Promise<Answer>}
 */
async function read(marks) {
  const upload = await uploadOf(marks, SIZE);
  if (!upload) throw new Error("nothing is left");
  return post(`/predict${QUERY}`, upload.file);
}

/**
 * A drawing whose one stroke is marked.
 * @param {HTMLCanvasElement} canvas
 * @param {readonly Mark[]} rest
 * @param {Mark} left
 */
function mark(canvas, rest, left) {
  const context = contextOf(canvas);
  const scale = canvas.width / SIZE;
  draw(context, scale, rest);
  const over = blank(canvas.width, canvas.height);
  draw(over, scale, [left]);
  // White paper leaves what is below as it is, black ink becomes orange.
  over.globalCompositeOperation = "lighten";
  over.fillStyle = `rgb(${AGAINST})`;
  over.fillRect(0, 0, canvas.width, canvas.height);
  context.globalCompositeOperation = "multiply";
  context.drawImage(over.canvas, 0, 0);
  context.globalCompositeOperation = "source-over";
}
