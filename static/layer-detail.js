/** One map of a layer, enlarged, with its kernel and the place in the drawing that it answers to, where there are such.
 * @module
 */

import { outline, sized } from "./canvas.js";
import { blank } from "./marks.js";

/** @import { Layer } from "./layers.js" */
/** @typedef {{layer: Layer, maps: HTMLImageElement, input: HTMLImageElement, kernels: HTMLImageElement | null,
 *   classes: string[], chosen: number}} Enlarged `input`: what the network sees; `chosen`: the number of the map */

export const LARGE = 128; // CSS pixels of an enlarged picture

export class LayerDetail {
  /** @type {Enlarged | null} */
  #shown = null;
  /** @type {[number, number] | null} row and column of the unit that was tapped; null for the strongest */
  #unit = null;

  constructor() {
    this.element = $(`<div class=detail hidden>
        <figure class=map><canvas class=large></canvas><figcaption></figcaption></figure>
        <figure class=kernel hidden><canvas></canvas><figcaption>its filter: white wants ink, black none</figcaption></figure>
        <figure class=field hidden><canvas></canvas><figcaption>what that place looks at</figcaption></figure>
      </div>`);
    this.element.find(".large").on("click", (event) => this.#point(event.offsetX, event.offsetY));
  }

  /**
   * @param {Enlarged} enlarged
   * @returns {string} what is shown, in words
   */
  show(enlarged) {
    if (enlarged.chosen !== this.#shown?.chosen) this.#unit = null;
    this.#shown = enlarged;
    const { layer, maps, input, kernels, classes, chosen } = enlarged;
    const [count, height = 1, width = 1] = layer.shape;
    const values = valuesOf(enlarged);
    const strongest = values.indexOf(Math.max(...values));
    const [row, column] = this.#unit ?? [Math.floor(strongest / width), strongest % width];
    const value = values[row * width + column].toFixed(1);
    const what = layer.shape.length > 1 ? "map" : "value";
    const title = layer.kind === "output" ? (classes[chosen] ?? "none of them") : `${what} ${chosen + 1}`;
    const large = this.#draw(".map", maps, areaOf(layer, chosen));
    if (height > 1) outline(large, (column * LARGE) / width, (row * LARGE) / height, LARGE / width, LARGE / height);
    this.element.find("figcaption:first").text(`${title}: ${value}${height > 1 && !this.#unit ? " at most" : ""}`);
    this.element.find(".kernel").prop("hidden", !kernels);
    if (kernels) this.#draw(".kernel", kernels, [0, chosen * kernels.width, kernels.width, kernels.width]);
    const field = layer.receptive_field; // the part of the input that the unit answers to
    this.element.find(".field").prop("hidden", !field);
    if (field) {
      const scale = LARGE / input.width;
      const [left, top] = [column, row].map((place) => (field.start + place * field.step - field.size / 2) * scale);
      const context = this.#draw(".field", input, [0, 0, input.width, input.height]);
      outline(context, left, top, field.size * scale, field.size * scale);
    }
    return `${title} of ${count}, ${height > 1 ? "at most " : ""}${value}`;
  }

  /**
   * @param {string} figure
   * @param {HTMLImageElement} image
   * @param {readonly [number, number, number, number]} area of it: left, top, width, height
   */
  #draw(figure, image, area) {
    const context = sized(this.element.find(`${figure} canvas`)[0], LARGE, LARGE);
    context.drawImage(image, ...area, 0, 0, LARGE, LARGE);
    return context;
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  #point(x, y) {
    if (!this.#shown) return;
    const [, height = 1, width = 1] = this.#shown.layer.shape;
    this.#unit = [Math.floor((y / LARGE) * height), Math.floor((x / LARGE) * width)];
    this.show(this.#shown);
  }
}

/**
 * Where a map is on the picture of all maps: left, top, width and height in pixels.
 * @param {Layer} layer
 * @param {number} map
 */
export function areaOf(layer, map) {
  const [, height = 1, width = 1] = layer.shape;
  return /** @type {const} */ ([0, map * height, width, height]);
}

/**
 * @param {Enlarged} enlarged
 * @returns {number[]} what the chosen map has, row after row
 */
function valuesOf({ layer, maps, chosen }) {
  const [, height = 1, width = 1] = layer.shape;
  const [low, high] = layer.range;
  const context = blank(width, height, { willReadFrequently: true });
  context.drawImage(maps, ...areaOf(layer, chosen), 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  return Array.from({ length: width * height }, (_, i) => low + (data[4 * i] / 255) * (high - low));
}
