/** What is sent of the paper, where it lies on it, and how it is sent.
 * @module
 */

import { blank, contextOf, cut, draw, placed, SIZE } from "./marks.js";

/** @import { Frame, Mark } from "./marks.js" */
/** @typedef {{file: Blob, frame: Frame, scale: number}} Upload an image file, the part of the paper that it shows, and
 * its pixels for each unit of the paper */

const TIMEOUT = 20_000; // ms

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
  const sheet = part?.sheet ?? blank(picture?.sheet.width ?? width, picture?.sheet.height ?? height).canvas;
  if (!part) draw(contextOf(sheet), sheet.width / width, marks, { left, top, width, height });
  // A picture is larger, and the page must not stand still while it is encoded.
  const file = picture ? await new Promise((use) => sheet.toBlob(use, picture.type, 0.9)) : pngOf(sheet);
  return file && { file, frame, scale: sheet.width / frame.width };
}

/**
 * A canvas as a PNG file. Not by toBlob(), which waits until the browser has nothing else to do: for seconds where it is
 * busy. It is the same file, and for a drawing this takes half a millisecond.
 * @param {HTMLCanvasElement} canvas
 */
export function pngOf(canvas) {
  const data = atob(canvas.toDataURL().split(",")[1]);
  return new Blob([Uint8Array.from(data, (letter) => letter.charCodeAt(0))], { type: "image/png" });
}

/**
 * Send a drawing to the server, which answers in JSON.
 * @param {string} address
 * @param {Blob} file
 * @param {Record<string, string>} [fields] of the form, beside it
 * @returns {JQuery.jqXHR}
 */
export function post(address, file, fields = {}) {
  const data = new FormData();
  data.append("image", file, "drawing");
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  return $.ajax({
    url: address,
    method: "POST",
    data,
    dataType: "json",
    contentType: false,
    processData: false,
    timeout: TIMEOUT,
  });
}
