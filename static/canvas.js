/** Canvases on which enlarged pixels stay sharp.
 * @module
 */

import { contextOf } from "./marks.js";

/**
 * @param {string} address
 * @returns {Promise<HTMLImageElement>} ready to be drawn
 */
export async function opened(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

/**
 * A canvas of this size in CSS pixels, as fine as the screen is, on which pixels stay pixels.
 * @param {Node | null} node the canvas
 * @param {number} width
 * @param {number} height
 */
export function sized(node, width, height) {
  const canvas = /** @type {HTMLCanvasElement} */ (node);
  const fine = window.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * fine), Math.round(height * fine)];
  const context = contextOf(canvas);
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  context.setTransform(fine, 0, 0, fine, 0, 0);
  context.clearRect(0, 0, width, height);
  context.imageSmoothingEnabled = false;
  return context;
}

/**
 * A frame that is seen on black and on white.
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number, number, number]} area left, top, width, height
 */
export function outline(context, ...area) {
  context.strokeStyle = "#10131c";
  context.lineWidth = 4;
  context.strokeRect(...area);
  context.strokeStyle = "#93b2ff";
  context.lineWidth = 2;
  context.strokeRect(...area);
}
