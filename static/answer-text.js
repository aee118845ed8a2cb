/** Answers in words.
 * @module
 */

/** @import { Answer } from "./reader.js" */
/** @typedef {{message: string, remedy: string, sure: boolean}} Verdict */

const EACH = "Tap a character to see what else it may be.";
const CLOSE = 0.05; // a second choice below this is not worth a word
const MOST = 3; // doubtful characters that are named
const HARD = 0.25; // a first choice below this is none
const LONGEST = 22; // letters of a name in a sentence; it stands in full beside it

/** @type {string[][]} classes that only size or context tells apart */
const LOOK_ALIKES = JSON.parse(document.body.dataset.lookAlikes ?? "[]");

/**
 * A class, and those that look like it alone.
 * @param {string} name
 */
export function alike(name) {
  return [name, ...(LOOK_ALIKES.find((group) => group.includes(name)) ?? []).filter((other) => other !== name)];
}

/**
 * How sure it is of the answer, or of one that looks like it; of several characters, of the least sure one.
 * @param {Answer} answer
 * @returns {number}
 */
export function sureness({ label, probabilities, characters }) {
  if (characters) return Math.min(...characters.map(sureness));
  return alike(label).reduce((sum, name) => sum + (probabilities[name] ?? 0), 0);
}

/**
 * @param {Answer} answer to one character
 * @param {number} unsureBelow
 */
export function isDoubtful(answer, unsureBelow) {
  return answer.known === false || sureness(answer) < unsureBelow;
}

/**
 * What an answer amounts to, in a line and another.
 * @param {Answer} answer
 * @param {number} unsureBelow
 * @param {string} subject what the model knows: "a digit"
 * @returns {Verdict}
 */
export function verdict(answer, unsureBelow, subject) {
  if (answer.characters) {
    const doubtful = answer.characters.filter((one) => isDoubtful(one, unsureBelow));
    const names = doubtful.map(({ label }) => named(label)).join(", ");
    const which = doubtful.length > MOST ? `${doubtful.length} of ${answer.characters.length}` : names;
    return doubtful.length
      ? { message: `Not sure of ${which}`, remedy: EACH, sure: false }
      : { message: `${percent(sureness(answer))} sure of each`, remedy: "", sure: true };
  }
  const [first, second = "", third = ""] = ranked(answer).slice(0, 3).map(named);
  const names = alike(answer.label);
  const other = ranked(answer).find((name) => !names.includes(name)) ?? "";
  const best = percent(sureness(answer));
  if (answer.known === false) {
    return { message: `That does not look like ${subject}`, remedy: `Best guess: ${first}.`, sure: false };
  }
  if (sureness(answer) >= unsureBelow) {
    const chance = answer.probabilities[other] ?? 0;
    return {
      message: names.length > 1 ? `${best} sure: ${names.map(named).join(" or ")}` : `${best} sure`,
      remedy: chance >= CLOSE ? `It might be ${named(other)} (${percent(chance)}).` : "",
      sure: true,
    };
  }
  if (sureness(answer) < HARD) {
    const guesses = [first, second, third].filter(Boolean).join(", ");
    return { message: "That is hard to read", remedy: `Best guesses: ${guesses}; none above ${best}.`, sure: false };
  }
  const [one, two] = [answer.confidence, answer.probabilities[ranked(answer)[1]] ?? 0].map((share) => percent(share));
  return { message: `Not sure: ${first} or ${second}`, remedy: `${one} against ${two}.`, sure: false };
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
