/** Asking, waiting, retrying and failing: the states, and what leads from one to the next. Nothing here touches the
 * network, a clock or the document; static/reader.js does.
 *
 *     empty ──drawing──▶ pausing ──clock──▶ asking ──answered──▶ answered
 *                                   ▲         │ ├────refused───▶ refused
 *                                   └──clock──│─┴─────failed───▶ retrying
 *
 * From any of them `erased` leads to empty, `drawn` and `insisted` to asking.
 * @module
 */

const PAUSE = 120; // ms between questions while the pen moves
const READING = 400; // ms without an answer until that is said
const SLOW = 3000;
const RETRY = [1000, 2000, 5000];

/** @typedef {{reason: string, remedy: string}} Problem what is wrong, and what to do about it */
/** @typedef {{name: "empty"}
 *   | {name: "pausing", due: number}
 *   | {name: "asking", since: number, delay: "" | "reading" | "slow", stale: boolean}
 *   | {name: "retrying", problem: Problem, due: number, seconds: number}
 *   | {name: "answered"}
 *   | {name: "refused", problem: Problem}} State
 * times in ms as Date.now() counts; `stale`: the drawing has changed since the question; `seconds` that are left */
/** @typedef {{state: State, question: number, failures: number, notBefore: number, problem: Problem | null}} Reading
 * `question`: the number of the latest one; `notBefore`: when an overloaded server wants to be asked again; `problem`:
 * why the last question failed */
/** @typedef {{type: "drawing" | "drawn" | "erased" | "insisted" | "answered" | "clock" | "online"}
 *   | {type: "failed", problem: Problem, pause: number}
 *   | {type: "refused", problem: Problem}} Happening
 * `pause`: ms that the server asks for, or 0 */

/** @type {Reading} */
export const BEGINNING = { state: { name: "empty" }, question: 0, failures: 0, notBefore: 0, problem: null };

/**
 * What follows when something happens.
 * @param {Reading} reading
 * @param {Happening} event
 * @param {number} now
 * @returns {Reading}
 */
export function next(reading, event, now) {
  const { state } = reading;
  switch (event.type) {
    case "erased":
      return { ...reading, state: { name: "empty" } };
    case "drawn":
      return askOrWait(reading, now);
    case "insisted":
      return ask(reading, now);
    case "drawing":
      if (state.name === "asking") return { ...reading, state: { ...state, stale: true } };
      if (state.name === "retrying" || state.name === "pausing") return reading;
      return now < reading.notBefore ? wait(reading, now) : pause(reading, now);
    case "online":
      return state.name === "retrying" ? ask(reading, now) : reading;
    case "clock":
      return tick(reading, now);
  }
  if (state.name !== "asking") return reading;
  switch (event.type) {
    case "answered": {
      const well = { ...reading, failures: 0, notBefore: 0, problem: null };
      return state.stale ? pause(well, now) : { ...well, state: { name: "answered" } };
    }
    case "refused":
      if (state.stale) return pause(reading, now);
      return { ...reading, state: { name: "refused", problem: event.problem } };
    case "failed": {
      const due = now + (event.pause || RETRY[Math.min(reading.failures, RETRY.length - 1)]);
      const { problem } = event;
      const notBefore = event.pause ? due : reading.notBefore;
      return retry({ ...reading, failures: reading.failures + 1, notBefore, problem }, problem, due, now);
    }
  }
}

/**
 * When a state wants the clock next, in ms as Date.now() counts; null for one that can wait for ever.
 * @param {State} state
 * @returns {number | null}
 */
export function wake(state) {
  switch (state.name) {
    case "pausing":
      return state.due;
    case "asking":
      return state.delay === "slow" ? null : state.since + (state.delay === "reading" ? SLOW : READING);
    case "retrying":
      return state.due - 1000 * Math.max(0, state.seconds - 1);
    default:
      return null;
  }
}

/**
 * @param {Reading} reading
 * @param {number} now
 * @returns {Reading}
 */
function tick(reading, now) {
  const { state } = reading;
  if (state.name === "pausing" && now >= state.due) return ask(reading, now);
  if (state.name === "asking") {
    const delay = now >= state.since + SLOW ? "slow" : now >= state.since + READING ? "reading" : "";
    return { ...reading, state: { ...state, delay } };
  }
  if (state.name !== "retrying") return reading;
  return now >= state.due ? ask(reading, now) : retry(reading, state.problem, state.due, now);
}

/**
 * @param {Reading} reading
 * @param {number} now
 * @returns {Reading}
 */
function ask(reading, now) {
  return {
    ...reading,
    question: reading.question + 1,
    state: { name: "asking", since: now, delay: "", stale: false },
  };
}

/**
 * An overloaded server gets the pause that it asked for.
 * @param {Reading} reading
 * @param {number} now
 */
function askOrWait(reading, now) {
  return now < reading.notBefore ? wait(reading, now) : ask(reading, now);
}

/**
 * @param {Reading} reading
 * @param {number} now
 */
function wait(reading, now) {
  return retry(reading, reading.problem ?? { reason: "The server is busy.", remedy: "" }, reading.notBefore, now);
}

/**
 * @param {Reading} reading
 * @param {number} now
 * @returns {Reading}
 */
function pause(reading, now) {
  return { ...reading, state: { name: "pausing", due: now + PAUSE } };
}

/**
 * @param {Reading} reading
 * @param {Problem} problem
 * @param {number} due
 * @param {number} now
 * @returns {Reading}
 */
function retry(reading, problem, due, now) {
  return { ...reading, state: { name: "retrying", problem, due, seconds: Math.ceil((due - now) / 1000) } };
}
