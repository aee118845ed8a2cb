/** What is sent of the paper, and where it lies on it.
 * @module
 */

import { contextOf, cut, draw, placed, SIZE } from "./ink.js";

/** @import { Frame, Mark } from "./ink.js" */
/** @typedef {{file: Blob, frame: Frame, scale: number}} Upload an image file, the part of the paper that it shows, and
 * its pixels for each unit of the paper */

/**
 * What is on the paper as an image file: 280 pixels high, or a picture at its own size with the strokes upon it, or what
 * is within its frame.
 * @param {readonly Mark[]} marks
 * @param {number} paperWidth in units
 * @returns {Promise<Upload | null>} null if the paper is empty
 */
export async function uploadOf(marks, paperWidth) {
  const [first] = marks;
  if (!first) return null;
  const picture = first.kind === "picture" ? first.picture : null;
  const part = cut(marks);
  const { left, top, width, height } = picture
    ? placed(picture.sheet)
    : { left: 0, top: 0, width: paperWidth, height: SIZE };
  const frame = (part && picture?.frame) || { x: left + width / 2, y: top + height / 2, width, height, angle: 0 };
  const sheet = part?.sheet ?? document.createElement("canvas");
  if (!part) {
    sheet.width = picture?.sheet.width ?? width;
    sheet.height = picture?.sheet.height ?? height;
    draw(contextOf(sheet), sheet.width / width, marks, { left, top, width, height });
  }
  const file = await new Promise((use) => sheet.toBlob(use, picture?.type ?? "image/png", 0.9));
  return file && { file, frame, scale: sheet.width / frame.width };
}
