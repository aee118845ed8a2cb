/** A layer's maps as small pictures, one of them enlarged.
 * @module
 */

import { opened, outline, sized } from "./canvas.js";

/** @typedef {{size: number, step: number, start: number}} Field a square of the network's input, in its pixels */
/** @typedef {{name: string, kind: string, description: string, shape: number[], range: [number, number], maps: string,
 *   receptive_field: Field | null, kernels?: string | null}} Layer as the server describes it */

const GAP = 3;
const LARGE = 128; // CSS pixels of an enlarged picture

/** The section on one layer. What is chosen in it stays chosen while the pen moves. */
export class LayerView {
  /** @type {Layer} */
  #layer;
  /** @type {HTMLImageElement | null} */
  #maps = null;
  /** @type {HTMLImageElement | null} */
  #input = null;
  /** @type {HTMLImageElement | null} */
  #kernels = null;
  /** @type {string[]} */
  #classes = [];
  #chosen = 0;
  #isOpen = false;
  #isSeen = false;
  /** @type {[number, number] | null} row and column of the unit that was tapped; null for the strongest */
  #unit = null;
  #canvas;
  #detail;

  /** @param {Layer} layer */
  constructor(layer) {
    this.#layer = layer;
    const { name, shape, description } = layer;
    const [count] = shape;
    this.element = $("<section class=layer>").append(
      $("<h4>").append($("<span>").text(name), $("<small>").text(shape.join(" × "))),
      $("<p>").text(description),
    );
    this.#canvas = $("<canvas tabindex=0 role=slider aria-valuemin=1 aria-orientation=horizontal>").attr({
      "aria-label": `${name}: ${shape.length > 1 ? "maps" : "values"}`,
      "aria-valuemax": count,
      "aria-valuenow": 1,
    });
    this.#detail = $(`<div class=detail hidden>
        <figure><canvas class=large></canvas><figcaption></figcaption></figure>
        <figure class=kernel hidden><canvas></canvas><figcaption>its filter: white wants ink, black none</figcaption></figure>
        <figure class=field hidden><canvas></canvas><figcaption>what that place looks at</figcaption></figure>
      </div>`);
    this.element.append(this.#canvas, this.#detail);
    this.#canvas
      .on("click", (event) => this.#tap(event.offsetX, event.offsetY))
      .on("keydown", (event) => this.#key(event));
    this.#detail.find(".large").on("click", (event) => this.#point(event.offsetX, event.offsetY));
    new ResizeObserver(() => this.#draw()).observe(this.element[0]);
    new IntersectionObserver(([entry]) => this.#see(entry.isIntersecting)).observe(this.element[0]);
  }

  get name() {
    return this.#layer.name;
  }

  /**
   * @param {Layer} layer
   * @param {HTMLImageElement} input what the network sees
   * @param {string[]} classes
   */
  async show(layer, input, classes) {
    const sameKernels = this.#layer.kernels === layer.kernels && this.#kernels;
    this.#layer = layer;
    this.#input = input;
    this.#classes = classes;
    await this.#open();
    if (layer.kernels && !sameKernels) {
      opened(layer.kernels).then((kernels) => {
        this.#kernels = kernels;
        this.#draw();
      });
    }
  }

  /** @param {boolean} yes whether any of it is in the window: what is not is not drawn, so that the pen is followed */
  #see(yes) {
    this.#isSeen = yes;
    if (yes) this.#open();
  }

  async #open() {
    if (!this.#isSeen) return;
    const { maps } = this.#layer;
    const image = this.#maps?.src === maps ? this.#maps : await opened(maps);
    if (this.#layer.maps !== maps) return; // a later one is on its way
    this.#maps = image;
    this.#draw();
  }

  /** How the maps lie: CSS pixels of a map's side, and how many are in a row. */
  get #grid() {
    const [count, height = 1] = this.#layer.shape;
    const small = this.#layer.kind === "output" ? 24 : 10;
    const side = height > 10 ? 2 * Math.min(height, 18) : height > 4 ? 21 : height > 1 ? 16 : small;
    const width = this.element[0].clientWidth || LARGE;
    const columns = Math.max(1, Math.min(count, Math.floor((width + GAP) / (side + GAP))));
    return { side, columns, rows: Math.ceil(count / columns) };
  }

  /** @param {number} map */
  #cut(map) {
    const [, height = 1, width = 1] = this.#layer.shape;
    return /** @type {const} */ ([0, map * height, width, height]);
  }

  #draw() {
    const { side, columns, rows } = this.#grid;
    const [count] = this.#layer.shape;
    const canvas = /** @type {HTMLCanvasElement} */ (this.#canvas[0]);
    const context = sized(canvas, columns * (side + GAP) - GAP, rows * (side + GAP) - GAP);
    if (!this.#maps) return; // its room is kept, so that nothing moves when it is drawn
    for (let map = 0; map < count; map++) {
      const [x, y] = [(map % columns) * (side + GAP), Math.floor(map / columns) * (side + GAP)];
      context.drawImage(this.#maps, ...this.#cut(map), x, y, side, side);
      if (this.#isOpen && map === this.#chosen) {
        context.lineWidth = 2;
        context.strokeStyle = getComputedStyle(canvas).getPropertyValue("--accent");
        context.strokeRect(x - 1, y - 1, side + 2, side + 2);
      }
    }
    this.#drawDetail();
  }

  #drawDetail() {
    this.#detail.prop("hidden", !this.#isOpen);
    const [count, height = 1, width = 1] = this.#layer.shape;
    this.#canvas.attr({ "aria-valuenow": this.#chosen + 1, "aria-valuetext": `${this.#chosen + 1} of ${count}` });
    if (!this.#isOpen || !this.#maps || !this.#input) return;
    const values = this.#values();
    const strongest = values.indexOf(Math.max(...values));
    const [row, column] = this.#unit ?? [Math.floor(strongest / width), strongest % width];
    const value = values[row * width + column].toFixed(1);
    const what = this.#layer.shape.length > 1 ? "map" : "value";
    const title =
      this.#layer.kind === "output" ? (this.#classes[this.#chosen] ?? "none of them") : `${what} ${this.#chosen + 1}`;
    this.#canvas.attr("aria-valuetext", `${title} of ${count}, ${height > 1 ? "at most " : ""}${value}`);
    const large = sized(/** @type {HTMLCanvasElement} */ (this.#detail.find(".large")[0]), LARGE, LARGE);
    large.drawImage(this.#maps, ...this.#cut(this.#chosen), 0, 0, LARGE, LARGE);
    if (height > 1) outline(large, (column * LARGE) / width, (row * LARGE) / height, LARGE / width, LARGE / height);
    this.#detail
      .find("figcaption")
      .first()
      .text(`${title}: ${value}${height > 1 && !this.#unit ? " at most" : ""}`);
    this.#drawKernel();
    this.#drawField(row, column);
  }

  #drawKernel() {
    const [figure] = this.#detail.find(".kernel");
    figure.hidden = !this.#kernels;
    if (!this.#kernels) return;
    const { width } = this.#kernels;
    const context = sized(/** @type {HTMLCanvasElement} */ (figure.firstChild), LARGE, LARGE);
    context.drawImage(this.#kernels, 0, this.#chosen * width, width, width, 0, 0, LARGE, LARGE);
  }

  /**
   * The part of the input that a unit answers to.
   * @param {number} row
   * @param {number} column
   */
  #drawField(row, column) {
    const field = this.#layer.receptive_field;
    const [figure] = this.#detail.find(".field");
    figure.hidden = !field;
    if (!field || !this.#input) return;
    const context = sized(/** @type {HTMLCanvasElement} */ (figure.firstChild), LARGE, LARGE);
    const scale = LARGE / this.#input.width;
    context.drawImage(this.#input, 0, 0, LARGE, LARGE);
    const [left, top] = [column, row].map((place) => (field.start + place * field.step - field.size / 2) * scale);
    outline(context, left, top, field.size * scale, field.size * scale);
  }

  /** @returns {number[]} what the chosen map has, row after row */
  #values() {
    const [, height = 1, width = 1] = this.#layer.shape;
    const [low, high] = this.#layer.range;
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    if (this.#maps) context.drawImage(this.#maps, ...this.#cut(this.#chosen), 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    return Array.from({ length: width * height }, (_, i) => low + (data[4 * i] / 255) * (high - low));
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  #tap(x, y) {
    const { side, columns } = this.#grid;
    const map = Math.floor(y / (side + GAP)) * columns + Math.min(columns - 1, Math.floor(x / (side + GAP)));
    if (map >= this.#layer.shape[0]) return;
    this.#isOpen = !this.#isOpen || map !== this.#chosen;
    this.#choose(map);
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  #point(x, y) {
    const [, height = 1, width = 1] = this.#layer.shape;
    this.#unit = [Math.floor((y / LARGE) * height), Math.floor((x / LARGE) * width)];
    this.#draw();
  }

  /** @param {JQuery.KeyDownEvent} event */
  #key(event) {
    const { columns } = this.#grid;
    const last = this.#layer.shape[0] - 1;
    /** @type {Record<string, number>} */
    const goes = {
      ArrowRight: this.#chosen + 1,
      ArrowLeft: this.#chosen - 1,
      ArrowDown: this.#chosen + columns,
      ArrowUp: this.#chosen - columns,
      Home: 0,
      End: last,
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in goes) {
      this.#isOpen = true;
      this.#choose(Math.min(last, Math.max(0, goes[event.key])));
    } else if (event.key === "Enter" || event.key === " ") {
      this.#isOpen = !this.#isOpen;
      this.#draw();
    } else if (event.key === "Escape" && this.#isOpen) {
      this.#isOpen = false;
      this.#draw();
    } else return;
    event.preventDefault();
    event.stopPropagation(); // Enter and Escape have another meaning on the page
  }

  /** @param {number} map */
  #choose(map) {
    if (map !== this.#chosen) this.#unit = null;
    this.#chosen = map;
    this.#draw();
  }
}
