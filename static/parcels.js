/** What can be sent to others, for the dialog: a drawing with its answer, and the score of a game.
 * @module
 */

import { drawingCard, gameCard } from "./card.js";
import { cropped, strokesOf } from "./ink.js";
import { DRAWING, GAME, linkTo } from "./links.js";
import { encode } from "./strokes.js";
import { verdict } from "./words.js";

/** @import { Fooled } from "./game.js" */
/** @import { Mark } from "./ink.js" */
/** @import { Answer } from "./reader.js" */
/** @import { Parcel } from "./share.js" */

/**
 * @param {Mark[]} marks
 * @param {Answer} answer
 * @returns {Parcel}
 */
export function drawingParcel(marks, answer) {
  const { message } = verdict(answer, Number(document.body.dataset.unsureBelow), document.body.dataset.subject ?? "");
  const strokes = strokesOf(marks);
  return {
    title: "Share this drawing",
    text: `I drew this, and a neural network read ${answer.label}.`,
    link: strokes && linkTo(DRAWING + encode(strokes)),
    card: drawingCard(cropped(marks), answer, message),
    alt: `The drawing, read as ${answer.label}: ${message}`,
  };
}

/**
 * @param {string} line what the game came to
 * @param {Fooled[]} fooled
 * @returns {Parcel}
 */
export function gameParcel(line, fooled) {
  return {
    title: "Share your score",
    text: `${line}. Can you?`,
    link: linkTo(GAME),
    card: gameCard(line, fooled),
    alt: line,
  };
}
