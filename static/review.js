/** The review page by keyboard. Without this file its radio buttons and its form work as they are.
 * @module
 */

/** @type {Record<string, string>} */
const DECISIONS = { a: "accept", r: "reject", w: "wait" };
/** @type {Record<string, string>} */
const PAGES = { n: "next", p: "prev" };
const cells = [...document.querySelectorAll("li")];

/**
 * @param {Element} cell
 * @param {string} selector
 */
function input(cell, selector) {
  return /** @type {HTMLInputElement | null} */ (cell.querySelector(selector));
}

/**
 * @param {Element} cell
 * @param {string} decision
 */
function decide(cell, decision) {
  const radio = input(cell, `[value=${decision}]`);
  if (radio) radio.checked = true;
}

/** @param {number} index of the cell; beyond the ends it is the first or the last */
function focus(index) {
  const cell = cells[Math.max(0, Math.min(index, cells.length - 1))];
  (input(cell, ":checked") ?? input(cell, "input"))?.focus();
}

/** The number of columns is up to the style sheet and the window. */
function columns() {
  const second = cells.findIndex((cell) => cell.offsetTop !== cells[0].offsetTop);
  return second < 0 ? cells.length : second;
}

/** @param {KeyboardEvent} event */
function keydown(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const here = cells.findIndex((cell) => cell.contains(document.activeElement));
  /** @type {Record<string, number>} */
  const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(), ArrowUp: -columns() };
  const decision = DECISIONS[event.key.toLowerCase()];
  const page = PAGES[event.key.toLowerCase()];
  if (event.key in moves) focus(here + moves[event.key]);
  else if (decision && here >= 0) {
    for (const cell of event.shiftKey ? cells.slice(here) : [cells[here]]) decide(cell, decision);
    focus(event.shiftKey ? cells.length - 1 : here + 1);
  } else if (page) /** @type {HTMLElement | null} */ (document.querySelector(`a[rel=${page}]`))?.click();
  else if (event.key === "Enter" && !document.activeElement?.matches("a"))
    document.querySelector("form")?.requestSubmit();
  else return;
  event.preventDefault();
}

if (cells.length) {
  document.addEventListener("keydown", keydown);
  focus(0);
}
