/** Pictures to send: a drawing with its answer, and what a game came to. 1200 x 630 pixels, as link previews have it.
 * @module
 */

import { contextOf, draw, SIZE } from "./ink.js";
import { percent, ranked } from "./words.js";

/** @import { Mark } from "./ink.js" */
/** @import { Answer } from "./reader.js" */

const WIDTH = 1200;
const HEIGHT = 630;
const PAGE = "#f4f1ea";
const TEXT = "#1f1d1a";
const MUTED = "#625d54";
const TRACK = "#ddd5c5";
const ACCENT = "#2447c4";
const FONT = '-apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const BARS = 4;

/**
 * A drawing, what it was read as, and how sure that is.
 * @param {readonly Mark[]} marks
 * @param {Answer} answer
 * @param {string} message the answer in a line
 * @param {string} [sign] where it comes from
 */
export function drawingCard(marks, answer, message, sign = location.host) {
  const { canvas, context } = blank(sign);
  paper(context, marks, 70, 65, 500);
  const left = 640;
  const width = WIDTH - left - 70;
  write(context, answer.label, left, 220, { size: 170, weight: 700, width, smallest: 40 });
  write(context, message, left, 300, { size: 38, weight: 600, width, colour: MUTED });
  ranked(answer)
    .slice(0, BARS)
    .forEach((name, i) => {
      const y = 366 + 56 * i;
      const share = answer.probabilities[name] ?? 0;
      write(context, name, left, y, { size: 30, weight: i ? 400 : 700, width: 130 });
      bar(context, left + 150, y - 20, width - 290, 18, share, i ? "#857e71" : ACCENT);
      write(context, percent(share, 1), left + width, y, { size: 28, width: 130, align: "right", colour: MUTED });
    });
  return canvas;
}

/**
 * What a game came to.
 * @param {string} headline
 * @param {readonly {marks: readonly Mark[], target: string, label: string}[]} fooled
 */
export function gameCard(headline, fooled) {
  const { canvas, context } = blank(location.host);
  write(context, headline, 70, 130, { size: 58, weight: 700, width: WIDTH - 140 });
  const shown = fooled.slice(0, 5);
  shown.forEach(({ marks, target, label }, i) => {
    const left = 70 + 216 * i;
    paper(context, marks, left, 200, 196);
    write(context, `${target}, read as ${label}`, left, 446, { size: 28, weight: 600, width: 196 });
  });
  if (!shown.length) {
    write(context, "It saw through every drawing.", 70, 300, { size: 40, width: WIDTH - 140, colour: MUTED });
  }
  return canvas;
}

/** @param {string} sign */
function blank(sign) {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = contextOf(canvas);
  context.fillStyle = PAGE;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  write(context, sign, WIDTH - 70, HEIGHT - 30, { size: 26, width: 700, align: "right", colour: MUTED });
  return { canvas, context };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {readonly Mark[]} marks
 * @param {number} left
 * @param {number} top
 * @param {number} side
 */
function paper(context, marks, left, top, side) {
  const sheet = document.createElement("canvas");
  sheet.width = side;
  sheet.height = side;
  draw(contextOf(sheet), side / SIZE, marks);
  context.save();
  context.beginPath();
  context.roundRect(left, top, side, side, side / 24);
  context.clip();
  context.drawImage(sheet, left, top);
  context.restore();
  context.strokeStyle = "#8b8578";
  context.lineWidth = 2;
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 * @param {number} share
 * @param {string} colour
 */
function bar(context, x, y, width, height, share, colour) {
  for (const [length, fill] of /** @type {[number, string][]} */ ([
    [width, TRACK],
    [width * share, colour],
  ])) {
    context.fillStyle = fill;
    context.beginPath();
    context.roundRect(x, y, length, height, Math.min(height, length) / 2);
    context.fill();
  }
}

/**
 * One line, made smaller and at last cut off where it would be too long.
 * @param {CanvasRenderingContext2D} context
 * @param {string} words
 * @param {number} x
 * @param {number} y of the baseline
 * @param {{size: number, width: number, weight?: number, colour?: string, align?: CanvasTextAlign, smallest?: number}} how
 */
function write(context, words, x, y, { size, width, weight = 400, colour = TEXT, align = "left", smallest = 20 }) {
  context.fillStyle = colour;
  context.textAlign = align;
  let text = words;
  for (let pixels = size; ; pixels -= 4) {
    context.font = `${weight} ${pixels}px ${FONT}`;
    if (context.measureText(text).width <= width || pixels <= smallest) break;
  }
  while (text && context.measureText(text).width > width) text = `${text.slice(0, -2)}…`;
  context.fillText(text, x, y);
}
