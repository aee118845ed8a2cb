/** "Look inside": asks the server what its network makes of what is on the paper, and follows the pen with it.
 * @module
 */

import { opened } from "./canvas.js";
import { Change } from "./change.js";
import { LayerView } from "./layers.js";
import { cropped, placed, WHOLE } from "./marks.js";
import { QUERY } from "./reader.js";
import { post, uploadOf } from "./upload.js";
import { Why } from "./why.js";

/** @import { Announcer } from "./announcer.js" */
/** @import { Area, Mark } from "./marks.js" */
/** @import { Layer } from "./layers.js" */
/** @import { Paper } from "./paper.js" */
/** @import { Reader } from "./reader.js" */
/** @typedef {{shape: [number, number], maps: Record<string, number[][]>, bias: Record<string, number>}} ActivationMaps */
/** @typedef {{label: string, probabilities: Record<string, number>, input: string,
 *   place: [number, number, number, number], layers: Layer[], activation_maps: ActivationMaps | null,
 *   neighbours: {label: string, similarity: number, image: string}[], credit: string[]}} Explanation */
/** @typedef {{explanation: Explanation, marks: Mark[], area: Area, revision: number}} Shown `area`: where what was sent
 * lies on the paper */

const PAUSE = 50; // ms at least from one question to the next
const AGAIN = 3000; // ms after a failure

/** All that is shown there, and the one question that is under way. */
export class Inside {
  #parts;
  #why;
  #change;
  /** @type {LayerView[]} */
  #layers = [];
  #asked = -1;
  #isAsking = false;
  #notBefore = 0;
  /** @type {number | undefined} */
  #timer;
  /** @type {Map<string, string>} the first layer's kernels by the version of the model */
  #kernels = new Map();

  /** @param {{paper: Paper, reader: Reader, announcer: Announcer}} parts */
  constructor(parts) {
    this.#parts = parts;
    $("#insideView").html(`
      <p id="insideNews"></p>
      <div id="insideParts" hidden>
        <div id="why"></div>
        <section id="layers" aria-labelledby="layersTitle">
          <h3 id="layersTitle">Layer by layer</h3>
          <p id="insideWay"></p>
          <p class="quiet">Brighter is more. Tap a picture, or move with the arrow keys, to see one larger.</p>
        </section>
      </div>`);
    this.#why = new Why(parts.announcer);
    this.#change = new Change(parts);
  }

  /** Something has changed: see to it that what is shown belongs to what is on the paper. */
  follow() {
    const { paper } = this.#parts;
    if (paper.isEmpty) return this.#tell("Draw something, and see here what the network makes of it.");
    this.#change.settle();
    if (this.#isAsking || this.#asked === paper.revision) return;
    clearTimeout(this.#timer);
    const wait = this.#notBefore - performance.now();
    if (wait > 0) this.#timer = window.setTimeout(() => this.follow(), wait);
    else this.#ask();
  }

  async #ask() {
    const { paper } = this.#parts;
    const { revision } = paper;
    this.#isAsking = true;
    this.#asked = revision;
    this.#notBefore = performance.now() + PAUSE;
    try {
      const marks = cropped(paper.marks);
      const upload = await uploadOf(paper.marks, paper.width);
      if (!upload) return;
      const kernels = this.#kernels.size ? "" : `${QUERY ? "&" : "?"}include=kernels`;
      const request = post(`/explain${QUERY}${kernels}`, upload.file);
      const explanation = /** @type {Explanation} */ (await request);
      this.#keepKernels(explanation.layers, request.getResponseHeader("X-Model-Version") ?? "");
      const area = marks[0]?.kind === "picture" ? placed(marks[0].picture.sheet) : WHOLE;
      await this.#show({ explanation, marks, area, revision });
    } catch (failure) {
      this.#fail(/** @type {JQuery.jqXHR} */ (failure));
    } finally {
      this.#isAsking = false;
      if (paper.revision !== revision || this.#asked < 0) this.follow();
    }
  }

  /**
   * @param {Layer[]} layers
   * @param {string} version
   */
  #keepKernels([first], version) {
    if (!first) return;
    if (first.kernels) this.#kernels = new Map([[version, first.kernels]]);
    else if (this.#kernels.size && !this.#kernels.has(version)) this.#kernels.clear(); // of a model that was served before
    first.kernels ??= this.#kernels.get(version);
  }

  /** @param {JQuery.jqXHR} failure */
  #fail({ status, responseJSON }) {
    const again = !status || status >= 500;
    if (again) {
      this.#asked = -1;
      this.#notBefore = performance.now() + AGAIN;
    }
    this.#tell(responseJSON?.detail ?? "The server does not answer at the moment. Trying again…");
  }

  /** @param {string} words instead of everything else */
  #tell(words) {
    $("#insideParts").prop("hidden", !!words);
    if ($("#insideNews").text() !== words) $("#insideNews").text(words);
  }

  /** @param {Shown} shown */
  async #show(shown) {
    const { layers, input } = shown.explanation;
    if (this.#parts.paper.isEmpty) return;
    const square = await opened(input);
    this.#tell("");
    if (this.#layers.map(({ name }) => name).join() !== layers.map(({ name }) => name).join()) {
      $("#layers .layer").remove();
      this.#layers = layers.map((layer) => new LayerView(layer));
      $("#layers").append(this.#layers.map((view) => view.element));
      const sizes = layers.map(({ shape }) => shape.join(" × ")).filter((size, i, all) => size !== all[i - 1]);
      $("#insideWay").text(
        layers.length
          ? [`${square.width} × ${square.height}`, ...sizes].join(" → ")
          : "This model's file does not describe its layers. Whoever serves it can add them: python -m training export",
      );
    }
    const names = Object.keys(shown.explanation.probabilities);
    await Promise.all(layers.map((layer, i) => this.#layers[i].show(layer, square, names)));
    this.#why.show(shown);
    this.#change.render();
  }
}
