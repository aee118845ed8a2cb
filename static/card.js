/** Pictures to send: a drawing with its answer, and what a game came to. 1200 x 630 pixels, as link previews have it.
 * @module
 */

import { percent, ranked, sureness } from "./answer-text.js";
import { blank, draw, SIZE } from "./marks.js";

/** @import { Mark } from "./marks.js" */
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
 * @param {number} paperWidth in units
 * @param {Answer} answer
 * @param {string} message the answer in a line
 * @param {string} [sign] where it comes from
 */
export function drawingCard(marks, paperWidth, answer, message, sign = location.host) {
  const context = signed(sign);
  if (paperWidth > SIZE) {
    paper(context, marks, 70, 50, 1060, (1060 * SIZE) / paperWidth);
    write(context, answer.label, 70, 510, { size: 110, weight: 700, width: 1060, smallest: 40 });
    write(context, message, 70, 580, { size: 38, weight: 600, width: 660, colour: MUTED });
    return context.canvas;
  }
  paper(context, marks, 70, 65, 500, 500);
  const left = 640;
  const width = WIDTH - left - 70;
  write(context, answer.label, left, 220, { size: 170, weight: 700, width, smallest: 40 });
  write(context, message, left, 300, { size: 38, weight: 600, width, colour: MUTED });
  rows(answer).forEach(([name, share], i) => {
    const y = 366 + 56 * i;
    const best = i === 0 || !!answer.characters;
    write(context, name, left, y, { size: 30, weight: best ? 700 : 400, width: 130 });
    bar(context, left + 150, y - 20, width - 290, 18, share, best ? ACCENT : "#857e71");
    write(context, percent(share, 1), left + width, y, { size: 28, width: 130, align: "right", colour: MUTED });
  });
  return context.canvas;
}

/**
 * The best classes and their probabilities; of several characters each with its own, where there is room for all.
 * @param {Answer} answer
 * @returns {[string, number][]}
 */
function rows(answer) {
  const { characters, probabilities } = answer;
  if (characters) return characters.length > BARS ? [] : characters.map((one) => [one.label, sureness(one)]);
  const best = ranked(answer).slice(0, BARS);
  return best.map((name) => [name, probabilities[name] ?? 0]);
}

/**
 * What a game came to.
 * @param {string} headline
 * @param {readonly {marks: readonly Mark[], target: string, label: string}[]} fooled
 */
export function gameCard(headline, fooled) {
  const context = signed(location.host);
  write(context, headline, 70, 130, { size: 58, weight: 700, width: WIDTH - 140 });
  const shown = fooled.slice(0, 5);
  shown.forEach(({ marks, target, label }, i) => {
    const left = 70 + 216 * i;
    paper(context, marks, left, 200, 196, 196);
    write(context, `${target}, read as ${label}`, left, 446, { size: 28, weight: 600, width: 196 });
  });
  if (!shown.length) {
    write(context, "It saw through every drawing.", 70, 300, { size: 40, width: WIDTH - 140, colour: MUTED });
  }
  return context.canvas;
}

/** @param {string} sign */
function signed(sign) {
  const context = blank(WIDTH, HEIGHT);
  context.fillStyle = PAGE;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  write(context, sign, WIDTH - 70, HEIGHT - 30, { size: 26, width: 700, align: "right", colour: MUTED });
  return context;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {readonly Mark[]} marks
 * @param {number} left
 * @param {number} top
 * @param {number} width
 * @param {number} height
 */
function paper(context, marks, left, top, width, height) {
  const sheet = blank(width, height);
  draw(sheet, height / SIZE, marks);
  context.save();
  context.beginPath();
  context.roundRect(left, top, width, height, height / 24);
  context.clip();
  context.drawImage(sheet.canvas, left, top);
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
