/** What can be sent to others, for the dialog: a drawing with its answer, and the score of a game.
 * @module
 */

import { verdict } from "./answer-text.js";
import { drawingCard, gameCard } from "./card.js";
import { DRAWING, GAME, linkTo } from "./links.js";
import { cropped, SIZE, strokesOf } from "./marks.js";
import { encode } from "./stroke-encoding.js";

/** @import { Fooled } from "./game.js" */
/** @import { Mark } from "./marks.js" */
/** @import { Answer } from "./reader.js" */
/** @import { ShareContent } from "./share-dialog.js" */

/**
 * @param {Mark[]} marks
 * @param {number} width of the paper
 * @param {Answer} answer
 * @returns {ShareContent}
 */
export function drawingContent(marks, width, answer) {
  const { message } = verdict(answer, Number(document.body.dataset.unsureBelow), document.body.dataset.subject ?? "");
  const strokes = strokesOf(marks);
  const read = answer.label.replaceAll("\n", " ");
  const of = { characters: answer.characters?.length ?? 1, isWide: width > SIZE };
  return {
    title: "Share this drawing",
    text: `I drew this, and a neural network read ${read}.`,
    link: strokes && linkTo(DRAWING + encode(strokes, of)),
    card: drawingCard(cropped(marks), width, answer, message),
    alt: `The drawing, read as ${read}: ${message}`,
  };
}

/**
 * @param {string} line what the game came to
 * @param {Fooled[]} fooled
 * @returns {ShareContent}
 */
export function gameContent(line, fooled) {
  return {
    title: "Share your score",
    text: `${line}. Can you?`,
    link: linkTo(GAME),
    card: gameCard(line, fooled),
    alt: line,
  };
}
