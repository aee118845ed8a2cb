/** What this browser keeps: the paper of this tab, and the last drawings, which are sent nowhere; and a random name for
 * the drawings that a person corrects.
 * @module
 */

import { marked, strokesOf } from "./marks.js";

/** @import { Frame, Mark, Stroke } from "./marks.js" */
/** @typedef {{strokes: number[][], label: string, wide?: boolean}} StoredDrawing for each stroke x, y, x, y… in units of
 * the paper, which may have been the wide one
 * @typedef {{marks: Mark[], label: string, isWide: boolean}} Kept a drawing and what it was read as */
/** @typedef {{points: number[]} | {data: string, type: string, ink: string, frame?: Frame | null}} Stored */

const PAPER = "handwritten.paper";
const GALLERY = "handwritten.gallery";
const WIDE = "handwritten.wide";
const WRITER = "handwritten.writer";

/** Storage that may be forbidden or full: then it holds nothing, and the page works without it. */
class Shelf {
  #storage;

  /** @param {() => Storage} storage reading it may throw */
  constructor(storage) {
    this.#storage = storage;
  }

  /**
   * @param {string} name
   * @returns {unknown}
   */
  read(name) {
    try {
      return JSON.parse(this.#storage().getItem(name) ?? "null");
    } catch {
      return null;
    }
  }

  /**
   * @param {string} name
   * @param {unknown} value null to remove it
   */
  write(name, value) {
    try {
      if (value === null) this.#storage().removeItem(name);
      else this.#storage().setItem(name, JSON.stringify(value));
    } catch {
      // full or forbidden
    }
  }
}

const tab = new Shelf(() => sessionStorage);
const browser = new Shelf(() => localStorage);

/** @param {boolean} yes whether the paper is wide at the next visit */
export function keepWide(yes) {
  browser.write(WIDE, yes || null);
}

export function isKeptWide() {
  return browser.read(WIDE) === true;
}

/**
 * @param {readonly Mark[]} marks what is on the paper, for when the page comes back
 * @param {boolean} wide
 */
export function keepPaper(marks, wide) {
  /** @type {Stored[]} */
  const stored = marks.map((mark) => {
    if (mark.kind === "stroke") return { points: flat(mark.stroke) };
    const { sheet, type, ink, frame } = mark.picture;
    return { data: sheet.toDataURL(type, 0.9), type, ink, frame };
  });
  tab.write(PAPER, stored.length ? { wide, marks: stored } : null);
}

/**
 * What `keepPaper` kept.
 * @returns {Promise<{marks: Mark[], isWide: boolean}>}
 */
export async function keptPaper() {
  const stored = /** @type {{wide: boolean, marks: Stored[]} | null} */ (tab.read(PAPER));
  try {
    const marks = await Promise.all(
      (stored?.marks ?? []).map(async (each) =>
        "points" in each
          ? /** @type {Mark} */ ({ kind: "stroke", stroke: pointed(each.points) })
          : /** @type {Mark} */ ({ kind: "picture", picture: await reopen(each) }),
      ),
    );
    return { marks, isWide: !!stored?.wide };
  } catch {
    return { marks: [], isWide: false }; // written by another version of this page
  }
}

/** @param {{data: string, type: string, ink: string, frame?: Frame | null}} stored */
async function reopen(stored) {
  const { reopened } = await import("./picture.js");
  return reopened(stored);
}

/**
 * The drawings that were kept, the latest first.
 * @returns {StoredDrawing[]}
 */
export function storedDrawings() {
  const stored = browser.read(GALLERY);
  return Array.isArray(stored) ? stored.filter((each) => Array.isArray(each?.strokes)) : [];
}

/** @param {StoredDrawing[]} drawings */
export function storeDrawings(drawings) {
  browser.write(GALLERY, drawings.length ? drawings : null);
}

/** The random name under which corrections are sent, made when it is first needed. */
export function writer() {
  const kept = browser.read(WRITER);
  if (typeof kept === "string") return kept;
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  const name = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  browser.write(WRITER, name);
  return name;
}

/** The next correction is sent under another name. */
export function resetWriter() {
  browser.write(WRITER, null);
}

/**
 * @param {Kept} drawing
 * @returns {StoredDrawing | null} null for a drawing that is not only strokes, or nothing
 */
export function packed({ marks, label, isWide }) {
  const strokes = strokesOf(marks);
  return strokes?.length ? { strokes: strokes.map(flat), label, ...(isWide && { wide: true }) } : null;
}

/**
 * @param {StoredDrawing} stored
 * @returns {Kept}
 */
export function unpacked({ strokes, label, wide }) {
  return { marks: marked(strokes.map(pointed)), label, isWide: !!wide };
}

/** @param {Stroke} stroke */
function flat(stroke) {
  return stroke.flatMap(({ x, y }) => [Math.round(x * 10) / 10, Math.round(y * 10) / 10]);
}

/**
 * @param {number[]} points
 * @returns {Stroke}
 */
function pointed(points) {
  /** @type {Stroke} */
  const stroke = [];
  for (let i = 0; i + 1 < points.length; i += 2) stroke.push({ x: points[i], y: points[i + 1] });
  return stroke;
}
