/** Puts paper, pen, question, answer, and what can be done with a drawing together.
 * @module
 */

import { Announcer } from "./announcer.js";
import { Arrival } from "./arrival.js";
import { EXAMPLES } from "./examples.js";
import { Gallery, showExamples } from "./gallery.js";
import { Game, headline, showFooled } from "./game.js";
import { cropped, SIZE, strokesOf } from "./ink.js";
import { Look } from "./look.js";
import { isKeptWide, keepPaper, keptPaper } from "./memory.js";
import { Paper } from "./paper.js";
import { Pen } from "./pen.js";
import { QUERY, Reader } from "./reader.js";
import { decode, encode } from "./strokes.js";
import { View } from "./view.js";
import { verdict } from "./words.js";

/** @import { Crop } from "./crop.js" */
/** @import { Fooled } from "./game.js" */
/** @import { Mark } from "./ink.js" */
/** @import { Parcel, ShareDialog } from "./share.js" */

const DRAWING = "#d="; // what a link to a drawing has, before its strokes
const RELOAD_PAUSE = 5000; // milliseconds from the page's beginning
const GAME = "#fool"; // no id of an element, or the browser would go there and take the focus away

const canvas = /** @type {HTMLCanvasElement} */ ($("#canvas")[0]);
const classes = $("#probabilities li")
  .toArray()
  .map((row) => row.dataset.class ?? "");
const announcer = new Announcer("#announcement");
const paper = new Paper(canvas, changed);
const pen = new Pen(canvas, paper, (text) => announcer.say(text, "pen"));
const reader = new Reader(paper, rendered);
const view = new View({ paper, pen, reader, announcer });
const look = new Look({ paper, reader, announcer });
/** @type {Promise<Crop> | Crop | null} loaded with the first picture: most people draw */
let crop = null;
/** @type {import("./several.js").Several | null} loaded with the first answer of several characters */
let several = null;
/** @type {ShareDialog | null} */
let share = null;
const gallery = new Gallery(restore, () => {
  canvas.focus();
  announcer.say("All drawings are forgotten");
});
/** @type {import("./correction.js").Correction | null} only where the server can store something; it is loaded with the
 * first answer */
let correction = null;
let isCorrectionWanted = $("#correction").length > 0;
const game = new Game(classes, announcer, { begin: gameBegins, next: clear, end: gameEnds });
const arrival = new Arrival(view, (picture) => {
  pen.lift();
  keepDrawing();
  narrow();
  paper.show(picture);
});
/** The question whose answer the game waits for. */
let judged = 0;

/**
 * @param {boolean} complete
 * @param {boolean} replayed by the link, so it is still what the address says
 */
function changed(complete, replayed) {
  arrival.leave();
  if (!replayed) leaveLink();
  reader.happen({ type: paper.isEmpty ? "erased" : complete ? "drawn" : "drawing" });
}

async function loadCorrection() {
  isCorrectionWanted = false;
  try {
    const { Correction } = await import("./correction.js");
    correction = new Correction(paper, reader, announcer);
    rendered();
  } catch {
    isCorrectionWanted = true; // with the next answer
  }
}

function rendered() {
  view.render();
  frameAnew();
  if (several) several.render();
  else if (view.answer?.characters) loadSeveral();
  if (!game.isOn) look.render();
  if (isCorrectionWanted && reader.shown) loadCorrection();
  correction?.render(game.isOn || !!view.answer?.characters || paper.width > SIZE);
  if (reader.isCurrent && reader.shown) followModel(Object.keys(reader.shown.answer.probabilities));
  if (judged && reader.isCurrent && judged === reader.question && reader.shown) {
    judged = 0;
    game.judge(cropped(paper.marks), reader.shown.answer);
  }
}

/**
 * Another model is served by now: its page has other classes. What is on the paper comes back.
 * @param {string[]} names of the classes of the model that answered
 */
function followModel(names) {
  const same = names.length === classes.length && classes.every((name) => names.includes(name));
  // Replicas take a model one after the other: for a moment two of them can differ.
  if (!same && performance.now() > RELOAD_PAUSE) location.reload();
}

async function loadSeveral() {
  try {
    const module = await import("./several.js");
    several ??= new module.Several(paper, reader, view);
    several.render();
  } catch {
    // offline: the text stands there all the same; the next answer tries again
  }
}

/** @param {boolean} [yes] the other one, if that is not said */
async function widen(yes) {
  if (!several) await loadSeveral();
  pen.lift();
  paper.finish();
  if (several) several.widen(yes ?? !several.isWide);
  else view.notify({ reason: "The wide paper could not be loaded.", remedy: "Try again when the connection is back." });
}

/** The usual paper, for this once. */
function narrow() {
  several?.widen(false, false);
}

/** The frame of a picture, as it is now. */
async function frameAnew() {
  if (!crop && paper.picture) {
    crop = import("./crop.js").then((module) => new module.Crop(paper, reader, announcer));
    crop = await crop.catch(() => null); // offline: the next change tries again
  }
  if (crop && "render" in crop) crop.render();
}

/* What the buttons and keys do. */

function predict() {
  if (paper.isEmpty) return view.notify({ reason: "The paper is empty.", remedy: "Draw a character first." });
  pen.lift();
  paper.finish();
  if (game.isOn) judged = reader.question + 1;
  reader.happen({ type: "insisted" });
}

function clear() {
  pen.lift();
  paper.finish();
  keepDrawing();
  pen.forgetPen();
  paper.clear();
}

/** @param {"undo" | "redo"} which */
function step(which) {
  pen.lift();
  paper[which]();
}

/** A drawing that leaves the paper goes to the gallery. */
function keepDrawing() {
  if (reader.isCurrent && reader.shown && paper.width === SIZE) gallery.add(paper.marks, reader.shown.answer.label);
}

/** @param {Mark[]} marks */
function restore(marks) {
  pen.lift();
  keepDrawing();
  narrow();
  paper.replace(marks);
  canvas.focus();
}

/**
 * @param {string} code strokes as in a link
 */
function play(code) {
  const strokes = decode(code);
  if (!strokes) return view.notify({ reason: "This link is damaged.", remedy: "Ask for it again, or draw something." });
  pen.lift();
  keepDrawing();
  narrow();
  paper.play(strokes);
}

/** @returns {boolean} whether the address has a drawing */
function followLink() {
  if (location.hash === GAME) $("#playButton").trigger("focus");
  if (!location.hash.startsWith(DRAWING)) return false;
  play(location.hash.slice(DRAWING.length));
  return true;
}

/** The address no longer says what is on the paper. */
function leaveLink() {
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
}

/* Sharing and playing. */

function shareDrawing() {
  if (!reader.isCurrent || !reader.shown || reader.shown.answer.characters) {
    return view.notify({ reason: "There is nothing to share yet.", remedy: "Draw a character first." });
  }
  const { answer } = reader.shown;
  const { message } = verdict(answer, Number(document.body.dataset.unsureBelow), document.body.dataset.subject ?? "");
  const strokes = strokesOf(paper.marks);
  const marks = cropped(paper.marks);
  send(({ drawingCard }) => ({
    title: "Share this drawing",
    text: `I drew this, and a neural network read ${answer.label}.`,
    link: strokes && address(DRAWING + encode(strokes)),
    card: drawingCard(marks, answer, message),
    alt: `The drawing, read as ${answer.label}: ${message}`,
  }));
}

/**
 * The dialog and its cards are loaded when they are first needed.
 * @param {(cards: typeof import("./card.js")) => Parcel} packed
 */
async function send(packed) {
  try {
    const [cards, { ShareDialog }] = await Promise.all([import("./card.js"), import("./share.js")]);
    share ??= new ShareDialog();
    await share.open(packed(cards));
  } catch {
    view.notify({ reason: "Sharing could not be loaded.", remedy: "Try again when the connection is back." });
  }
}

/** @param {string} hash */
function address(hash) {
  return location.origin + location.pathname + QUERY + hash;
}

function gameBegins() {
  dialog("#gameOver").close();
  narrow();
  reader.isSeveral = false;
  view.isPlaying = true;
  view.render();
  window.scrollTo(0, 0);
  canvas.focus({ preventScroll: true });
}

/** @type {Fooled[]} */
let lately = [];

/**
 * @param {Fooled[]} fooled
 * @param {boolean} over
 */
function gameEnds(fooled, over) {
  judged = 0;
  lately = fooled;
  view.isPlaying = false;
  reader.isSeveral = true;
  view.render();
  if (!over && !fooled.length) return canvas.focus();
  $("#gameOverTitle").text(`${headline(fooled.length)}.`);
  showFooled(fooled);
  dialog("#gameOver").showModal();
}

function shareGame() {
  const line = headline(lately.length);
  send(({ gameCard }) => ({
    title: "Share your score",
    text: `${line}. Can you?`,
    link: address(GAME),
    card: gameCard(line, lately),
    alt: line,
  }));
}

/** @param {string} selector */
function dialog(selector) {
  return /** @type {HTMLDialogElement} */ ($(selector)[0]);
}

$("#predictButton").on("click", predict);
$("#clearCanvasButton").on("click", clear);
$("#undoButton").on("click", () => step("undo"));
$("#redoButton").on("click", () => step("redo"));
$("#shareButton").on("click", shareDrawing);
$("#wideButton").on("click", () => widen());
$("#shareGameButton").on("click", shareGame);
$("#gameOver").on("close", () => game.isOn || canvas.focus());
$("#pictureButton").on("click", () => $("#pictureInput").trigger("click"));
$("#pictureInput").on("change", (event) => {
  const input = /** @type {HTMLInputElement} */ (event.target);
  arrival.take(input.files).finally(() => {
    input.value = ""; // the same file can be chosen again
  });
});

$(document)
  .on("keydown", (event) => {
    if ($("dialog[open]").length) return;
    const key = event.key.toLowerCase();
    const command = event.ctrlKey || event.metaKey;
    if (command && key === "z") step(event.shiftKey ? "redo" : "undo");
    else if (command && key === "y") step("redo");
    else if (key === "escape") paper.picture?.frame && crop && "reset" in crop ? crop.reset() : clear();
    else if (key === "c" && !command && !$(event.target).is("input, select")) correction?.focus();
    else if (key === "enter" && !$(event.target).is("button, a, input")) predict();
    else return;
    event.preventDefault();
  })
  .on("paste", (event) => {
    const { clipboardData } = /** @type {ClipboardEvent} */ (event.originalEvent);
    const remedy = "Copy one and paste again.";
    arrival.take(clipboardData?.files, { reason: "There is no picture on the clipboard.", remedy });
  })
  .on("dragover", (event) => {
    event.preventDefault();
    $("#paper").addClass("drop");
  })
  .on("dragleave drop", (event) => {
    event.preventDefault();
    if (!(/** @type {DragEvent} */ (event.originalEvent).relatedTarget)) $("#paper").removeClass("drop");
  })
  .on("drop", (event) => {
    const { dataTransfer } = /** @type {DragEvent} */ (event.originalEvent);
    const remedy = "Save the picture first, then drop its file here.";
    arrival.take(dataTransfer?.files, { reason: "That was not a picture file.", remedy });
  });

$(window)
  .on("hashchange", followLink)
  .on("pagehide", () => {
    keepPaper(paper.marks);
    keepDrawing();
  });
$(document).on("visibilitychange", () => {
  if (document.visibilityState === "hidden") keepPaper(paper.marks); // a phone may end the page without another word
});

if (document.body.dataset.method === "ink") {
  $("#play").prop("hidden", classes.length < 2);
  showExamples(
    EXAMPLES.filter(({ label }) => classes.includes(label)),
    (code) => {
      leaveLink();
      play(code);
    },
  );
}
view.render();
if (!followLink()) takeUp();

/** Go on where the page was left. */
async function takeUp() {
  const marks = await keptPaper();
  if (paper.revision) return;
  if (isKeptWide() && (!marks.length || strokesOf(marks))) await widen(true);
  if (marks.length && !paper.revision) paper.load(marks);
}
