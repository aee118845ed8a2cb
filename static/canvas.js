/** Small pictures of which every pixel counts.
 * @module
 */

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
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
export function sized(canvas, width, height) {
  const fine = window.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * fine), Math.round(height * fine)];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
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
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 */
export function outline(context, x, y, width, height) {
  for (const [style, line] of /** @type {const} */ ([
    ["#10131c", 4],
    ["#93b2ff", 2],
  ])) {
    context.strokeStyle = style;
    context.lineWidth = line;
    context.strokeRect(x, y, width, height);
  }
}
