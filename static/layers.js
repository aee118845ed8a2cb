/** A layer's maps as small pictures, one of them enlarged.
 * @module
 */

import { opened, sized } from "./canvas.js";
import { areaOf, LARGE, LayerDetail } from "./layer-detail.js";

/** @typedef {{size: number, step: number, start: number}} Field a square of the network's input, in its pixels */
/** @typedef {{name: string, kind: string, description: string, shape: number[], range: [number, number], maps: string,
 *   receptive_field: Field | null, kernels?: string | null}} Layer as the server describes it */

const GAP = 3;

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
  #canvas;
  #detail = new LayerDetail();

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
    this.element.append(this.#canvas, this.#detail.element);
    this.#canvas
      .on("click", (event) => this.#tap(event.offsetX, event.offsetY))
      .on("keydown", (event) => this.#key(event));
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

  #draw() {
    const { side, columns, rows } = this.#grid;
    const [count] = this.#layer.shape;
    const canvas = /** @type {HTMLCanvasElement} */ (this.#canvas[0]);
    const context = sized(canvas, columns * (side + GAP) - GAP, rows * (side + GAP) - GAP);
    if (!this.#maps) return; // its room is kept, so that nothing moves when it is drawn
    for (let map = 0; map < count; map++) {
      const [x, y] = [(map % columns) * (side + GAP), Math.floor(map / columns) * (side + GAP)];
      context.drawImage(this.#maps, ...areaOf(this.#layer, map), x, y, side, side);
      if (this.#isOpen && map === this.#chosen) {
        context.lineWidth = 2;
        context.strokeStyle = getComputedStyle(canvas).getPropertyValue("--accent");
        context.strokeRect(x - 1, y - 1, side + 2, side + 2);
      }
    }
    this.#drawDetail();
  }

  #drawDetail() {
    this.#detail.element.prop("hidden", !this.#isOpen);
    const [layer, maps, input] = [this.#layer, this.#maps, this.#input];
    this.#canvas.attr({
      "aria-valuenow": this.#chosen + 1,
      "aria-valuetext": `${this.#chosen + 1} of ${layer.shape[0]}`,
    });
    if (!this.#isOpen || !maps || !input) return;
    const enlarged = { layer, maps, input, kernels: this.#kernels, classes: this.#classes, chosen: this.#chosen };
    this.#canvas.attr("aria-valuetext", this.#detail.show(enlarged));
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
    this.#chosen = map;
    this.#draw();
  }
}
