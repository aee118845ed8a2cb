/* The review page by keyboard. Without this file its radio buttons and its form work as they are. */
const DECISIONS = { a: "accept", r: "reject", w: "wait" };
const cells = [...document.querySelectorAll("li")];

function decide(cell, decision) {
  cell.querySelector(`[value=${decision}]`).checked = true;
}

function focus(index) {
  const cell = cells[Math.max(0, Math.min(index, cells.length - 1))];
  (cell.querySelector(":checked") || cell.querySelector("input")).focus();
}

/* The number of columns is up to the style sheet and the window. */
function columns() {
  const top = cells[0].offsetTop;
  const second = cells.findIndex((cell) => cell.offsetTop !== top);
  return second < 0 ? cells.length : second;
}

function keydown(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const here = cells.findIndex((cell) => cell.contains(document.activeElement));
  const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(), ArrowUp: -columns() };
  const decision = DECISIONS[event.key.toLowerCase()];
  if (event.key in moves) focus(here + moves[event.key]);
  else if (decision && here >= 0) {
    for (const cell of event.shiftKey ? cells.slice(here) : [cells[here]]) decide(cell, decision);
    focus(event.shiftKey ? cells.length - 1 : here + 1);
  } else if (event.key === "Enter") document.querySelector("form").requestSubmit();
  else return;
  event.preventDefault();
}

if (cells.length) {
  document.addEventListener("keydown", keydown);
  focus(0);
}
