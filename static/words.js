/** Answers in words.
 * @module
 */

/** @import { Answer } from "./reader.js" */
/** @typedef {{message: string, remedy: string, sure: boolean}} Verdict */

const CLOSE = 0.05; // a second choice below this is not worth a word
const HARD = 0.25; // a first choice below this is none
const LONGEST = 22; // letters of a name in a sentence; it stands in full beside it

/**
 * What an answer amounts to, in a line and another.
 * @param {Answer} answer
 * @param {number} unsureBelow
 * @param {string} subject what the model knows: "a digit"
 * @returns {Verdict}
 */
export function verdict(answer, unsureBelow, subject) {
  const [first, second = "", third = ""] = ranked(answer).slice(0, 3).map(named);
  const chance = answer.probabilities[ranked(answer)[1]] ?? 0;
  const best = percent(answer.confidence);
  if (answer.known === false) {
    return { message: `That does not look like ${subject}`, remedy: `Best guess: ${first}.`, sure: false };
  }
  if (answer.confidence >= unsureBelow) {
    return {
      message: `${best} sure`,
      remedy: chance >= CLOSE ? `It might be ${second} (${percent(chance)}).` : "",
      sure: true,
    };
  }
  if (answer.confidence < HARD) {
    const guesses = [first, second, third].filter(Boolean).join(", ");
    return { message: "That is hard to read", remedy: `Best guesses: ${guesses}; none above ${best}.`, sure: false };
  }
  return { message: `Not sure: ${first} or ${second}`, remedy: `${best} against ${percent(chance)}.`, sure: false };
}

/**
 * Class names, the most probable first.
 * @param {Answer} answer
 */
export function ranked({ label, probabilities }) {
  const names = Object.keys(probabilities).filter((name) => name !== label);
  return [label, ...names.sort((one, other) => probabilities[other] - probabilities[one])];
}

/**
 * Certainty is not to be had: what would be rounded to 100 is "over 99".
 * @param {number} share
 * @param {number} [digits]
 */
export function percent(share, digits = 0) {
  const text = (share * 100).toFixed(digits);
  return `${Number(text) >= 100 && share < 1 ? (digits ? "> 99.9" : "Over 99") : text} %`;
}

/**
 * A class name within a sentence: not too long, and one that runs from right to left does not turn what is around it.
 * @param {string} name
 */
export function named(name) {
  const letters = [...name];
  const short = letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join("")}…` : name;
  return /[\u0590-\u08ff\ufb1d-\ufefc]/.test(short) ? `\u2068${short}\u2069` : short;
}
