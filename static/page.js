/** Puts paper, pen, question, answer, and what can be done with a drawing together.
 * @module
 */

import { Announcer } from "./announcer.js";
import { showExamples } from "./gallery.js";
import { InsideLoader, style } from "./inside-loader.js";
import { KeptDrawings } from "./kept-drawings.js";
import { followLink, leaveLink } from "./links.js";
import { Paper } from "./paper.js";
import { Pen } from "./pen.js";
import { PictureInput } from "./picture-input.js";
import { unloaded } from "./problems.js";
import { Reader } from "./reader.js";
import { View } from "./view.js";
import { WidePaper } from "./wide-paper.js";

/** @import { Crop } from "./crop.js" */
/** @import { Game } from "./game.js" */
/** @import { ShareContent, ShareDialog } from "./share-dialog.js" */

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
const widePaper = new WidePaper(paper);
const drawings = new KeptDrawings({ paper, pen, reader, view, announcer });
const insideLoader = new InsideLoader({ paper, reader, view, announcer });
/** @type {Promise<Crop> | Crop | null} loaded with the first picture: most people draw */
let crop = null;
/** @type {import("./several.js").Several | null} loaded with the first answer of several characters */
let several = null;
/** @type {ShareDialog | null} */
let share = null;
/** @type {import("./correction.js").Correction | null} only where the server can store something; it is loaded with the
 * first answer */
let correction = null;
let isCorrectionWanted = $("#correction").length > 0;
/** @type {Game | null} loaded when it is first played */
let game = null;
const pictureInput = new PictureInput(view, (picture) => {
  pen.lift();
  drawings.keep();
  paper.show(picture);
});

/**
 * @param {boolean} complete
 * @param {boolean} replayed by the link, so it is still what the address says
 */
function changed(complete, replayed) {
  pictureInput.leave();
  if (!replayed) leaveLink();
  widePaper.render();
  reader.happen({ type: paper.isEmpty ? "erased" : complete ? "drawn" : "drawing" });
}

async function loadCorrection() {
  isCorrectionWanted = false;
  try {
    const { Correction } = await import("./correction.js");
    correction = new Correction({ paper, reader, view, announcer });
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
  if (!game?.isOn) insideLoader.render();
  if (isCorrectionWanted && reader.shown) loadCorrection();
  correction?.render(!!game?.isOn);
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
    // With its style, or the paper would move under the pen for a moment.
    const address = new URL("several.css", import.meta.url).href;
    const [module] = await Promise.all([import("./several.js"), style(address)]);
    several ??= new module.Several(paper, reader, view, rendered);
    several.render();
  } catch {
    // offline: the text stands there all the same; the next answer tries again
  }
}

/** The frame of a picture, as it is now. */
async function frameAnew() {
  if (!crop && paper.picture) {
    crop = import("./crop.js").then((module) => new module.Crop(paper, reader, announcer));
    crop = await crop.catch(() => null); // offline: the next change tries again
  }
  if (crop && "render" in crop) crop.render();
}

/** For a game. */
function usualPaper() {
  drawings.keep();
  widePaper.leave();
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
  drawings.keep();
  pen.forgetPen();
  paper.clear();
}

function correct() {
  if (!correction) return;
  several?.chooseDoubtful();
  correction.focus();
}

function changePaper() {
  pen.lift();
  paper.finish();
  widePaper.toggle();
}

/** @param {"undo" | "redo"} which */
function step(which) {
  pen.lift();
  paper[which]();
}

/** @param {string} code strokes as in a link */
function replay(code) {
  drawings.replay(code);
}

/* Sharing and playing. */

function shareDrawing() {
  if (!reader.isCurrent || !reader.shown) {
    return view.notify({ reason: "There is nothing to share yet.", remedy: "Draw a character first." });
  }
  const { answer } = reader.shown;
  const { marks, width } = paper;
  send(({ drawingContent }) => drawingContent(marks, width, answer));
}

/**
 * The dialog and what goes into it are loaded when they are first needed.
 * @param {(content: typeof import("./share-content.js")) => ShareContent} pack
 */
async function send(pack) {
  try {
    const [content, { ShareDialog }] = await Promise.all([import("./share-content.js"), import("./share-dialog.js")]);
    share ??= new ShareDialog();
    share.open(pack(content));
  } catch {
    view.notify(unloaded("Sharing could not be loaded."));
  }
}

async function play() {
  try {
    const module = await import("./game.js");
    game ??= new module.Game({ classes, paper, reader, view, announcer, clear, usualPaper, share: send });
    game.begin();
  } catch {
    view.notify(unloaded("The game could not be loaded."));
  }
}

$("#predictButton").on("click", predict);
$("#clearCanvasButton").on("click", clear);
$("#undoButton").on("click", () => step("undo"));
$("#redoButton").on("click", () => step("redo"));
$("#shareButton").on("click", shareDrawing);
$("#wideButton").on("click", changePaper);
$("#playButton").on("click", play);
$(document).on("keydown", (event) => {
  if ($("dialog[open]").length) return;
  const key = event.key.toLowerCase();
  const command = event.ctrlKey || event.metaKey;
  if (command && key === "z") step(event.shiftKey ? "redo" : "undo");
  else if (command && key === "y") step("redo");
  else if (key === "escape") paper.picture?.frame && crop && "reset" in crop ? crop.reset() : clear();
  else if (key === "c" && !command && !$(event.target).is("input, select")) correct();
  else if (key === "enter" && !$(event.target).is("button, a, input")) predict();
  else return;
  event.preventDefault();
});

$(window).on("hashchange", () => followLink(replay));

if (document.body.dataset.method === "ink") {
  // Nobody knows how to draw what a long name stands for.
  $("#play").prop("hidden", classes.length < 2 || classes.some((name) => [...name].length > 1));
  showExamples(classes, (code) => {
    leaveLink();
    replay(code);
  });
}
// In tasks of their own, or a slow phone would not react meanwhile.
setTimeout(() => view.render());
setTimeout(() => {
  if (!followLink(replay)) drawings.takeUp();
});
