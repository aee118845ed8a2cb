/** Marks: the strokes and the picture on the paper, and how they are drawn. Coordinates are in units of the usual paper,
 * which is 280 of them wide, whatever its size on the screen.
 * @module
 */

export const SIZE = 280;
export const WIDE = 3 * SIZE; // of the paper for numbers and words
export const PEN = 10;
const LARGEST = 1024; // pixels of what is cut out of a picture; recognition needs no more

/** @typedef {{x: number, y: number}} Point */
/** @typedef {Point[]} Stroke at least one point */
/** @typedef {{x: number, y: number, width: number, height: number, angle: number}} Frame a rectangle around (x, y),
 * turned clockwise by an angle in radians */
/** @typedef {{sheet: HTMLCanvasElement, source: HTMLImageElement | HTMLCanvasElement, type: string, ink: string,
 *   frame?: Frame | null}} Picture `sheet`: it at a size for the screen; `source`: it as it was opened; `type`: how to
 * send it, a MIME type; `ink`: the colour of pen that shows on it; `frame`: the part of it that is to be read */
/** @typedef {{kind: "stroke", stroke: Stroke} | {kind: "picture", picture: Picture}} Mark */
/** @typedef {{left: number, top: number, width: number, height: number}} Area */

/** @type {Area} */
export const WHOLE = { left: 0, top: 0, width: SIZE, height: SIZE };

/**
 * Where a picture lies on the paper: as large as fits, in the middle.
 * @param {HTMLCanvasElement} sheet
 * @returns {Area}
 */
export function placed(sheet) {
  const scale = SIZE / Math.max(sheet.width, sheet.height);
  const width = sheet.width * scale;
  const height = sheet.height * scale;
  return { left: (SIZE - width) / 2, top: (SIZE - height) / 2, width, height };
}

/**
 * Draw marks on white paper. `scale` is in pixels for a unit, `part` the part of the sheet that the canvas shows; within
 * a frame, a picture is drawn as it was opened.
 * @param {CanvasRenderingContext2D} context
 * @param {number} scale
 * @param {readonly Mark[]} marks
 * @param {Area | Frame} part
 */
export function draw(context, scale, marks, part = WHOLE) {
  const isFrame = "angle" in part;
  context.save();
  context.fillStyle = "#fff";
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  context.scale(scale, scale);
  if (isFrame) {
    context.translate(part.width / 2, part.height / 2);
    context.rotate(-part.angle);
    context.translate(-part.x, -part.y);
  } else context.translate(-part.left, -part.top);
  context.strokeStyle = "#000";
  context.lineWidth = PEN;
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const mark of marks) {
    if (mark.kind === "stroke") drawStroke(context, mark.stroke);
    else drawPicture(context, mark.picture, isFrame);
  }
  context.restore();
}

/**
 * What is on the paper within the frame of its picture, from the picture as it was opened; null without a frame.
 * @param {readonly Mark[]} marks
 * @returns {Picture | null}
 */
export function cut(marks) {
  const picture = marks[0]?.kind === "picture" ? marks[0].picture : null;
  const frame = picture?.frame;
  if (!picture || !frame) return null;
  const { source, type, ink } = picture;
  const fine = Math.max(source.width, source.height) / SIZE;
  const scale = Math.min(fine, LARGEST / Math.max(frame.width, frame.height));
  const [width, height] = [frame.width, frame.height].map((side) => Math.max(1, Math.round(side * scale)));
  const context = blank(width, height);
  draw(context, scale, marks, frame);
  return { sheet: context.canvas, source: context.canvas, type, ink };
}

/**
 * Marks as they are shown elsewhere than on the paper: of a picture only what is within its frame.
 * @param {Mark[]} marks
 * @returns {Mark[]}
 */
export function cropped(marks) {
  const picture = cut(marks);
  return picture ? [{ kind: "picture", picture }] : marks;
}

/**
 * Strokes as marks.
 * @param {readonly Stroke[]} strokes
 * @returns {Mark[]}
 */
export function marked(strokes) {
  return strokes.map((stroke) => ({ kind: "stroke", stroke }));
}

/**
 * The strokes of a drawing, or null if there is a picture among them, which a link cannot hold.
 * @param {readonly Mark[]} marks
 * @returns {Stroke[] | null}
 */
export function strokesOf(marks) {
  const strokes = marks.flatMap((mark) => (mark.kind === "stroke" ? [mark.stroke] : []));
  return strokes.length === marks.length ? strokes : null;
}

/**
 * Whether strokes may be several characters: there is paper between them, or they are far wider than high.
 * @param {readonly Mark[]} marks
 */
export function isParted(marks) {
  const strokes = strokesOf(marks) ?? [];
  const spans = ["x", "y"].map((axis) =>
    strokes
      .map((stroke) => stroke.map((point) => point[/** @type {"x" | "y"} */ (axis)]))
      .map((places) => ({ start: Math.min(...places), end: Math.max(...places) + PEN }))
      .sort((one, other) => one.start - other.start),
  );
  const [wide, high] = spans.map((all) => Math.max(...all.map(({ end }) => end)) - all[0]?.start);
  const between = spans.some((all) => all.some(({ start }, i) => i && all.slice(0, i).every(({ end }) => end < start)));
  return between || wide > 1.3 * high;
}

/**
 * A small canvas with a drawing on it.
 * @param {readonly Mark[]} marks
 * @param {number} height in pixels
 * @param {number} [width] of the paper, in units
 * @returns {HTMLCanvasElement}
 */
export function thumbnail(marks, height, width = SIZE) {
  // Drawn by the processor: for something so small a graphics card takes longer to set up.
  const context = blank((height * width) / SIZE, height, { willReadFrequently: true });
  draw(context, height / SIZE, marks);
  return context.canvas;
}

/**
 * The drawing context of a new canvas.
 * @param {number} width in pixels
 * @param {number} height
 * @param {CanvasRenderingContext2DSettings} [settings]
 */
export function blank(width, height, settings) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return contextOf(canvas, settings);
}

/**
 * The drawing context of a canvas.
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 */
export function contextOf(canvas, settings) {
  const context = canvas.getContext("2d", settings);
  if (!context) throw new Error("This browser cannot draw.");
  return context;
}

/**
 * The picture is the paper for the strokes that follow: only it is sent, so they are cut off at its edge.
 * @param {CanvasRenderingContext2D} context
 * @param {Picture} picture
 * @param {boolean} asOpened
 */
function drawPicture(context, picture, asOpened) {
  const { left, top, width, height } = placed(picture.sheet);
  context.imageSmoothingQuality = "high";
  context.drawImage(asOpened ? picture.source : picture.sheet, left, top, width, height);
  context.strokeStyle = picture.ink;
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
}

/**
 * A curve from middle to middle of the segments, the points between as control points. A pen that stays where it is
 * makes a dot, which no line is: a canvas draws nothing for one without length.
 * @param {CanvasRenderingContext2D} context
 * @param {Stroke} points
 */
function drawStroke(context, points) {
  const [start] = points;
  context.beginPath();
  context.moveTo(start.x, start.y);
  if (points.every(({ x, y }) => x === start.x && y === start.y)) context.lineTo(start.x + 0.01, start.y);
  for (let i = 1; i < points.length - 1; i++) {
    const { x, y } = points[i];
    context.quadraticCurveTo(x, y, (x + points[i + 1].x) / 2, (y + points[i + 1].y) / 2);
  }
  const last = points[points.length - 1];
  context.lineTo(last.x, last.y);
  context.stroke();
}
