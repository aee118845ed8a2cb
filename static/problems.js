/** What a failed request means to the person who draws, and what to do about it.
 * @module
 */

/** @import { Problem } from "./state-machine.js" */

const LONGEST_NAME = 24;

/**
 * What passes by itself.
 * @param {number} code HTTP status, 0 without an answer
 * @param {unknown} detail what the server says
 * @param {string} status jQuery's word for it
 * @returns {Problem}
 */
export function trouble(code, detail, status) {
  const offline = code === 0 && navigator.onLine === false;
  return { reason: what(code, detail, status, offline), remedy: offline ? "when the connection is back" : "" };
}

/**
 * @param {number} code
 * @param {unknown} detail
 * @param {string} status
 * @param {boolean} offline
 */
function what(code, detail, status, offline) {
  if (status === "timeout") return "The server takes too long to answer.";
  if (status === "parsererror") return "That was not the server’s answer: perhaps this network wants you to sign in.";
  if (code === 0) return offline ? "You are offline." : "The server cannot be reached.";
  if (code === 503 || code === 429) return sentences(detail)[0] || "The server is busy.";
  return "Something went wrong on the server.";
}

/**
 * What does not: this picture will never be accepted.
 * @param {number} code
 * @param {unknown} detail
 * @param {boolean} hasPicture whether it was a picture that was sent, not a drawing
 * @returns {Problem}
 */
export function refusal(code, detail, hasPicture) {
  const [said, advice] = sentences(detail);
  if (code === 422 && hasPicture && said.startsWith("Nothing is drawn")) {
    return {
      reason: "No character was found in this picture.",
      remedy: "Choose one whose characters stand out from their paper.",
    };
  }
  if (code === 413) {
    return { reason: said || "The picture is too large for this server.", remedy: advice || "Choose a smaller one." };
  }
  return {
    reason: said || `The server refused (${code}).`,
    remedy: advice || "Change the drawing, or choose another picture.",
  };
}

/**
 * What is wrong comes first, what to do about it after it.
 * @param {unknown} detail
 * @returns {[string, string]}
 */
function sentences(detail) {
  if (typeof detail !== "string") return ["", ""];
  const parts = detail.match(/^(.+?[.!?])(?:\s+(.*))?$/);
  return parts ? [parts[1], parts[2] ?? ""] : [detail, ""];
}

/**
 * A part of the page that is loaded when it is needed: offline it cannot be, nor when the server has a new version.
 * @param {string} reason
 * @returns {Problem}
 */
export function unloaded(reason) {
  return {
    reason,
    remedy: "Check the connection, or reload the page: your drawing is kept.",
  };
}

/**
 * A file's name within a sentence: a long one without its middle, as phones name photos alike at the start.
 * @param {File} file
 */
export function quoted({ name }) {
  const letters = [...name];
  if (letters.length <= LONGEST_NAME) return `“${name}”`;
  return `“${letters.slice(0, LONGEST_NAME - 10).join("")}…${letters.slice(-9).join("")}”`;
}
