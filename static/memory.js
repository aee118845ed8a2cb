/** What this browser keeps: the paper of this tab, and the last drawings, which are sent nowhere; and a random name for
 * the drawings that a person corrects.
 * @module
 */

import { marked, strokesOf } from "./ink.js";

/** @import { Frame, Mark, Stroke } from "./ink.js" */
/** @typedef {{strokes: number[][], label: string}} Kept a drawing: for each stroke x, y, x, y… in units of the paper */
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

/** @param {readonly Mark[]} marks what is on the paper, for when the page comes back */
export function keepPaper(marks) {
  /** @type {Stored[]} */
  const stored = marks.map((mark) => {
    if (mark.kind === "stroke") return { points: flat(mark.stroke) };
    const { sheet, type, ink, frame } = mark.picture;
    return { data: sheet.toDataURL(type, 0.9), type, ink, frame };
  });
  tab.write(PAPER, stored.length ? stored : null);
}

/**
 * What `keepPaper` kept.
 * @returns {Promise<Mark[]>}
 */
export async function keptPaper() {
  const stored = /** @type {Stored[]} */ (tab.read(PAPER) ?? []);
  try {
    return await Promise.all(
      stored.map(async (each) =>
        "points" in each
          ? /** @type {Mark} */ ({ kind: "stroke", stroke: pointed(each.points) })
          : /** @type {Mark} */ ({ kind: "picture", picture: await reopen(each) }),
      ),
    );
  } catch {
    return []; // written by another version of this page
  }
}

/** @param {{data: string, type: string, ink: string, frame?: Frame | null}} stored */
async function reopen(stored) {
  const { reopened } = await import("./picture.js");
  return reopened(stored);
}

/**
 * The drawings that were kept, the latest first.
 * @returns {Kept[]}
 */
export function keptDrawings() {
  const kept = browser.read(GALLERY);
  return Array.isArray(kept) ? kept.filter((each) => Array.isArray(each?.strokes)) : [];
}

/** @param {Kept[]} drawings */
export function keepDrawings(drawings) {
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
 * @param {readonly Mark[]} marks
 * @param {string} label
 * @returns {Kept | null} null for a drawing that is not only strokes, or nothing
 */
export function asKept(marks, label) {
  const strokes = strokesOf(marks);
  return strokes?.length ? { strokes: strokes.map(flat), label } : null;
}

/**
 * @param {Kept} kept
 * @returns {Mark[]}
 */
export function asMarks(kept) {
  return marked(kept.strokes.map(pointed));
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
