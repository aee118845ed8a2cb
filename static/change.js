/** What would change the answer: each stroke is left out in turn.
 * @module
 */

import { contextOf, draw, SIZE } from "./ink.js";
import { QUERY } from "./reader.js";
import { AGAINST } from "./why.js";
import { named } from "./words.js";

/** @import { Mark } from "./ink.js" */
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

  /** The drawing is another one; what was said of it does not hold any more. */
  render() {
    if (this.#tried === this.#parts.paper.revision) return;
    $("#change").prop("hidden", true);
    $("#changeWords").text("Lift the pen, and each stroke is left out in turn.");
    this.settle();
  }

  /** What would change the answer is looked for once the pen rests: the shortest strokes are left out first. */
  async settle() {
    const { paper, reader } = this.#parts;
    const { revision, marks } = paper;
    if (!reader.isCurrent || !reader.shown || this.#tried === revision) return;
    this.#tried = revision;
    const { label } = reader.shown.answer;
    const canvas = $("#change").prop("hidden", true);
    if (marks.some(({ kind }) => kind === "picture"))
      return $("#changeWords").text("Strokes can be left out, of a picture nothing.");
    if (marks.length === 1) return $("#changeWords").text("It is one stroke: there is nothing to leave out.");
    const order = marks.map((_, i) => i).sort((one, other) => length(marks[one]) - length(marks[other]));
    for (const left of order.slice(0, MOST_STROKES)) {
      const rest = marks.filter((_, i) => i !== left);
      const answer = await read(rest).catch(() => null);
      if (paper.revision !== revision) return;
      if (!answer) return $("#changeWords").text("The server does not answer just now.");
      if (answer.label !== label) {
        mark(/** @type {HTMLCanvasElement} */ (canvas[0]), rest, marks[left]);
        canvas.prop("hidden", false);
        const words = `Without this stroke it would read ${named(answer.label)} instead of ${named(label)}.`;
        return $("#changeWords").text(words);
      }
    }
    $("#changeWords").text(`Without any one of its strokes it would still read ${named(label)}.`);
  }
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
  const sheet = document.createElement("canvas");
  sheet.width = SIZE;
  sheet.height = SIZE;
  draw(contextOf(sheet), 1, marks);
  const data = new FormData();
  const file = await new Promise((use) => sheet.toBlob(use));
  data.append("image", file, "drawing");
  return $.ajax({
    url: `/predict${QUERY}`,
    method: "POST",
    data,
    dataType: "json",
    contentType: false,
    processData: false,
  });
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
  const over = document.createElement("canvas");
  over.width = canvas.width;
  over.height = canvas.height;
  draw(contextOf(over), scale, [left]);
  // White paper leaves what is below as it is, black ink becomes orange.
  const ink = contextOf(over);
  ink.globalCompositeOperation = "lighten";
  ink.fillStyle = `rgb(${AGAINST})`;
  ink.fillRect(0, 0, over.width, over.height);
  context.globalCompositeOperation = "multiply";
  context.drawImage(over, 0, 0);
  context.globalCompositeOperation = "source-over";
}
