/** Links to this page: with a drawing in them, or to the game. What follows the "#" is sent to no server.
 * @module
 */

import { QUERY } from "./reader.js";

/** What comes before the strokes of a drawing. */
export const DRAWING = "#d=";
/** The game. No id of an element, or the browser would go there and take the focus away. */
export const GAME = "#fool";

/** @param {string} hash */
export function linkTo(hash) {
  return location.origin + location.pathname + QUERY + hash;
}

/** The address no longer says what is on the paper. */
export function leaveLink() {
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
}

/**
 * Do what the address says.
 * @param {(code: string) => void} replay a drawing
 * @returns {boolean} whether it has one
 */
export function followLink(replay) {
  if (location.hash === GAME) $("#playButton").trigger("focus");
  if (!location.hash.startsWith(DRAWING)) return false;
  replay(location.hash.slice(DRAWING.length));
  return true;
}
