/** Puts paper, pen, question, answer, and what can be done with a drawing together.
 * @module
 */

import { Announcer } from "./announcer.js";
import { Arrival } from "./arrival.js";
import { Gallery, showExamples } from "./gallery.js";
import { SIZE, strokesOf } from "./ink.js";
import { followLink, leaveLink } from "./links.js";
import { Look } from "./look.js";
import { isKeptWide, keepPaper, keptPaper } from "./memory.js";
import { Paper } from "./paper.js";
import { Pen } from "./pen.js";
import { Reader } from "./reader.js";
import { decode } from "./strokes.js";
import { View } from "./view.js";

/** @import { Crop } from "./crop.js" */
/** @import { Game } from "./game.js" */
/** @import { Mark } from "./ink.js" */
/** @import { Parcel, ShareDialog } from "./share.js" */

const RELOAD_PAUSE = 5000; // milliseconds from the page's beginning

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
/** @type {Game | null} loaded when it is first played */
let game = null;
const arrival = new Arrival(view, (picture) => {
  pen.lift();
  keepDrawing();
  narrow();
  paper.show(picture);
});

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
  if (!game?.isOn) look.render();
  if (isCorrectionWanted && reader.shown) loadCorrection();
  correction?.render(!!game?.isOn || !!view.answer?.characters || paper.width > SIZE);
  if (reader.isCurrent && reader.shown) followModel(Object.keys(reader.shown.answer.probabilities));
  game?.render();
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
  game?.judgeNext();
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
function replay(code) {
  const strokes = decode(code);
  if (!strokes) return view.notify({ reason: "This link is damaged.", remedy: "Ask for it again, or draw something." });
  pen.lift();
  keepDrawing();
  narrow();
  paper.play(strokes);
}

/* Sharing and playing. */

function shareDrawing() {
  if (!reader.isCurrent || !reader.shown || reader.shown.answer.characters) {
    return view.notify({ reason: "There is nothing to share yet.", remedy: "Draw a character first." });
  }
  const { answer } = reader.shown;
  const { marks } = paper;
  send(({ drawingParcel }) => drawingParcel(marks, answer));
}

/**
 * The dialog and what goes into it are loaded when they are first needed.
 * @param {(parcels: typeof import("./parcels.js")) => Parcel} pack
 */
async function send(pack) {
  try {
    const [parcels, { ShareDialog }] = await Promise.all([import("./parcels.js"), import("./share.js")]);
    share ??= new ShareDialog();
    await share.open(pack(parcels));
  } catch {
    view.notify({ reason: "Sharing could not be loaded.", remedy: "Try again when the connection is back." });
  }
}

async function play() {
  try {
    const module = await import("./game.js");
    game ??= new module.Game({ classes, paper, reader, view, announcer, clear, narrow, share: send });
    game.begin();
  } catch {
    view.notify({ reason: "The game could not be loaded.", remedy: "Try again when the connection is back." });
  }
}

$("#predictButton").on("click", predict);
$("#clearCanvasButton").on("click", clear);
$("#undoButton").on("click", () => step("undo"));
$("#redoButton").on("click", () => step("redo"));
$("#shareButton").on("click", shareDrawing);
$("#wideButton").on("click", () => widen());
$("#playButton").on("click", play);
$(document).on("keydown", (event) => {
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
});

$(window)
  .on("hashchange", () => followLink(replay))
  .on("pagehide", () => {
    keepPaper(paper.marks);
    keepDrawing();
  });
$(document).on("visibilitychange", () => {
  if (document.visibilityState === "hidden") keepPaper(paper.marks); // a phone may end the page without another word
});

if (document.body.dataset.method === "ink") {
  // Nobody knows how to draw what a long name stands for.
  $("#play").prop("hidden", classes.length < 2 || classes.some((name) => [...name].length > 1));
  setTimeout(() => {
    // not in one go with the rest, or a slow phone would not react meanwhile
    showExamples(classes, (code) => {
      leaveLink();
      replay(code);
    });
  });
}
view.render();
if (!followLink(replay)) takeUp();

/** Go on where the page was left. */
async function takeUp() {
  const marks = await keptPaper();
  if (paper.revision) return;
  if (isKeptWide() && (!marks.length || strokesOf(marks))) await widen(true);
  if (marks.length && !paper.revision) paper.load(marks);
}
