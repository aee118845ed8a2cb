/** Opens the picture that somebody chose, dropped, pasted or took.
 * @module
 */

import { blank } from "./marks.js";
import { quoted } from "./problems.js";

/** @import { Frame, Picture } from "./marks.js" */
/** @import { Problem } from "./state-machine.js" */

const LARGEST = 1024; // pixels: more than recognition needs, and a phone's photo need not stay in memory whole
/** How the files of each format begin. */
const SIGNATURES = [/^\x89PNG/, /^\xff\xd8\xff/, /^GIF8/, /^BM/, /^RIFF....WEBP/s];
const FOREIGN = [/^....ftyp/s, /^II\*\0/, /^MM\0\*/, /^8BPS/]; // HEIC and AVIF, TIFF, Photoshop

/** A file that is no picture, or none that this browser knows. */
export class PictureError extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.reason);
    this.problem = problem;
  }
}

/**
 * Decoded and scaled outside of the page's own thread, where the browser can.
 * @param {File} file
 * @returns {Promise<Picture>}
 * @throws {PictureError} which says what is wrong and what to do about it
 */
export async function openPicture(file) {
  const name = quoted(file);
  if (!file.size) throw new PictureError({ reason: `${name} is empty.`, remedy: "Choose another picture." });
  const address = URL.createObjectURL(file);
  try {
    const image = await loaded(address);
    return prepared(await scaled(file, image), image, file.type);
  } catch {
    throw new PictureError(await reason(file, name));
  } finally {
    URL.revokeObjectURL(address);
  }
}

/**
 * A picture that was stored as a data URL.
 * @param {{data: string, type: string, ink: string, frame?: Frame | null}} kept
 * @returns {Promise<Picture>}
 */
export async function reopened({ data, type, ink, frame }) {
  const image = await loaded(data);
  const context = blank(image.naturalWidth, image.naturalHeight);
  context.drawImage(image, 0, 0);
  const sheet = context.canvas;
  return { sheet, source: sheet, type, ink, frame };
}

/** @param {string} address */
async function loaded(address) {
  const image = new Image();
  await new Promise((done, failed) => {
    image.onload = done;
    image.onerror = failed;
    image.src = address; // upright, too: browsers honour EXIF here
  });
  return image;
}

/**
 * @param {File} file
 * @param {HTMLImageElement} image the same
 * @returns {Promise<ImageBitmap | HTMLCanvasElement>}
 */
async function scaled(file, image) {
  const width = image.naturalWidth || LARGEST; // an SVG may have no size
  const height = image.naturalHeight || LARGEST;
  const scale = Math.min(1, LARGEST / Math.max(width, height));
  const resizeWidth = Math.max(1, Math.round(width * scale));
  const resizeHeight = Math.max(1, Math.round(height * scale));
  try {
    return await createImageBitmap(file, { resizeWidth, resizeHeight, resizeQuality: "high" });
  } catch {
    const context = blank(resizeWidth, resizeHeight); // an SVG, or an older browser
    context.imageSmoothingQuality = "high"; // or thin lines in large photos fall apart
    context.drawImage(image, 0, 0, resizeWidth, resizeHeight);
    return context.canvas;
  }
}

/**
 * @param {ImageBitmap | HTMLCanvasElement} image
 * @param {HTMLImageElement} original
 * @param {string} type
 * @returns {Picture}
 */
function prepared(image, original, type) {
  const context = blank(image.width, image.height, { willReadFrequently: true });
  const sheet = context.canvas;
  context.drawImage(image, 0, 0);
  const { opaque, chalk, dark } = measure(context.getImageData(0, 0, sheet.width, sheet.height).data);
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = chalk ? "#000" : "#fff";
  context.fillRect(0, 0, sheet.width, sheet.height);
  // What was sharp is sent without loss; a photo would be several times as large that way.
  const kind = /png|gif|bmp|svg/.test(type) ? "image/png" : "image/jpeg";
  // The browser keeps the original compressed, and decodes it when something is cut out of it.
  const source = opaque && original.naturalWidth ? original : sheet;
  return { sheet, source, type: kind, ink: chalk || dark ? "#fff" : "#000" };
}

/**
 * Chalk: all that can be seen is white, on nothing; it was drawn for something dark.
 * @param {Uint8ClampedArray} pixels
 */
function measure(pixels) {
  let sum = 0;
  let seen = 0;
  let darkest = 255;
  for (let i = 0; i < pixels.length; i += 4) {
    if (pixels[i + 3] < 128) continue;
    const grey = (pixels[i] + 2 * pixels[i + 1] + pixels[i + 2]) / 4;
    sum += grey;
    seen++;
    darkest = Math.min(darkest, grey);
  }
  const opaque = seen === pixels.length / 4;
  return { opaque, chalk: !opaque && seen > 0 && darkest > 200, dark: opaque && sum < 110 * seen };
}

/**
 * Why a file cannot be opened: its name and type say nothing, its first bytes do.
 * @param {File} file
 * @param {string} name
 * @returns {Promise<Problem>}
 */
async function reason(file, name) {
  const bytes = new Uint8Array(
    await file
      .slice(0, 16)
      .arrayBuffer()
      .catch(() => new ArrayBuffer(0)),
  );
  const start = String.fromCharCode(...bytes);
  if (FOREIGN.some((signature) => signature.test(start))) {
    return { reason: `This browser cannot open ${name}.`, remedy: "Save it as JPEG or PNG and try again." };
  }
  if (SIGNATURES.some((signature) => signature.test(start))) {
    return { reason: `${name} is damaged.`, remedy: "Choose another picture, or save this one again." };
  }
  return { reason: `${name} is not a picture.`, remedy: "Choose a photo or a drawing: a JPEG or PNG." };
}
