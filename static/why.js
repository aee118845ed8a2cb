/** Why this answer: what in the drawing speaks for each class, and the most similar training images.
 * @module
 */

import { named } from "./answer-text.js";
import { blank, contextOf, draw, SIZE } from "./marks.js";

/** @import { Announcer } from "./announcer.js" */
/** @import { Explanation, Shown } from "./inside.js" */

const FOR = [36, 71, 196];
export const AGAINST = [196, 98, 16];
const FAINT = 0.05; // of a logit: it would be written as 0.0
const STRONGEST = 0.75; // opacity of what speaks most
const FEW = 12; // more classes are chosen from a list

/** The explanations above the layers. */
export class Why {
  #announcer;
  /** @type {Shown | null} */
  #shown = null;
  /** @type {string | null} the class that was tapped; null for the best one */
  #chosen = null;
  #neighbours = "";

  /** @param {Announcer} announcer */
  constructor(announcer) {
    this.#announcer = announcer;
    $("#why").html(`
      <section aria-labelledby="speaksTitle">
        <h3 id="speaksTitle"></h3>
        <canvas id="speaks" width="420" height="420" role="img" aria-labelledby="speaksTitle speaksWords"></canvas>
        <div id="speaksChoice" role="group" aria-label="What speaks for which class"></div>
        <p id="speaksWords" class="quiet"></p>
      </section>
      <section id="changing" aria-labelledby="changeTitle"></section>
      <section id="alike" aria-labelledby="alikeTitle" hidden>
        <h3 id="alikeTitle">Most like these training images</h3>
        <ul class="strip"></ul>
        <p class="quiet">The nearest in the last layer, of those kept in the model.</p>
        <details><summary class="quiet">Whose images</summary><p class="quiet"></p></details>
      </section>`);
    $("#speaksChoice")
      .on("click", "button", (event) => this.#choose(event.currentTarget.dataset.label ?? ""))
      .on("change", "select", (event) => this.#choose(event.currentTarget.value));
  }

  /** @param {Shown} shown */
  show(shown) {
    const classes = Object.keys(shown.explanation.probabilities);
    if (!this.#shown) this.#offer(classes);
    if (this.#chosen === shown.explanation.label) this.#chosen = null;
    this.#shown = shown;
    this.#render();
    this.#showAlike(shown.explanation);
  }

  /** @param {string[]} classes */
  #offer(classes) {
    if (classes.length <= FEW) {
      $("#speaksChoice").append(
        classes.map((name) => $("<button type=button translate=no dir=auto>").attr("data-label", name).text(name)),
      );
    } else {
      const list = $("<select aria-label='What speaks for' translate=no>");
      $("#speaksChoice").append(list.append(classes.map((name) => $("<option>").text(name))));
    }
  }

  /** @param {string} name */
  #choose(name) {
    this.#chosen = name === this.#shown?.explanation.label ? null : name;
    this.#render();
    this.#announcer.say($("#speaksWords").text());
  }

  #render() {
    if (!this.#shown) return;
    const { explanation, marks, area } = this.#shown;
    const { label, place, activation_maps: found } = explanation;
    const name = this.#chosen ?? label;
    $("#speaksTitle").text(this.#chosen ? `What speaks for ${named(name)}` : `Why ${named(name)}`);
    $("#speaksChoice button").each((_, button) => {
      $(button).attr("aria-pressed", String(button.dataset.label === name));
    });
    $("#speaksChoice select").val(name);
    $("#speaksChoice").prop("hidden", !found);
    const canvas = /** @type {HTMLCanvasElement} */ ($("#speaks")[0]);
    const scale = canvas.width / SIZE;
    const context = contextOf(canvas);
    draw(context, scale, marks);
    if (!found) {
      $("#speaksWords").text("This network has no map of it: it does not end in average pooling and one linear layer.");
      return;
    }
    const rows = found.maps[name];
    const strongest = Math.max(...Object.values(found.maps).flat(2).map(Math.abs)) || 1;
    const [left, top, right, bottom] = place;
    context.save();
    context.scale(scale, scale);
    context.beginPath();
    context.rect(area.left, area.top, area.width, area.height);
    context.clip();
    context.imageSmoothingQuality = "high";
    const [x, y] = [area.left + left * area.width, area.top + top * area.height];
    context.drawImage(colours(rows, strongest), x, y, (right - left) * area.width, (bottom - top) * area.height);
    context.restore();
    $("#speaksWords").text(inWords(name, rows, found.bias[name]));
  }

  /** @param {Explanation} explanation */
  #showAlike({ neighbours, credit }) {
    const images = neighbours.map(({ image }) => image).join();
    if (images === this.#neighbours) return;
    this.#neighbours = images;
    $("#alike").prop("hidden", !neighbours.length);
    $("#alike ul")
      .empty()
      .append(
        neighbours.map(({ label, image }) =>
          $("<li>").append(
            $("<img width=56 height=56>").attr({ src: image, alt: "A training image of " }),
            $("<span translate=no dir=auto>").text(label),
          ),
        ),
      );
    $("#alike details").prop("hidden", !credit.length).find("p").text(credit.join(". "));
  }
}

/**
 * @param {number[][]} rows
 * @param {number} strongest
 * @returns {HTMLCanvasElement} a pixel for each value
 */
function colours(rows, strongest) {
  const context = blank(rows[0].length, rows.length);
  const pixels = context.createImageData(rows[0].length, rows.length);
  rows.flat().forEach((value, i) => {
    const opacity = (Math.abs(value) / strongest) ** 0.7 * STRONGEST;
    pixels.data.set([...(value > 0 ? FOR : AGAINST), Math.round(255 * opacity)], 4 * i);
  });
  context.putImageData(pixels, 0, 0);
  return context.canvas;
}

/**
 * @param {string} name
 * @param {number[][]} rows
 * @param {number} bias
 */
function inWords(name, rows, bias) {
  const values = rows.flat();
  const sum = (/** @type {number[]} */ some) => some.reduce((total, value) => total + value, 0);
  const pro = sum(values.filter((value) => value > 0));
  const con = sum(values.filter((value) => value < 0));
  const place = values.indexOf(Math.max(...values));
  const [height, width] = [rows.length, rows[0].length];
  const [down, across] = [(Math.floor(place / width) + 0.5) / height, ((place % width) + 0.5) / width];
  const third = (/** @type {number} */ share, /** @type {string[]} */ words) =>
    words[Math.min(2, Math.floor(share * 3))];
  const where = `${third(down, ["top", "middle", "bottom"])} ${third(across, ["left", "centre", "right"])}`;
  const total = (pro + con + bias).toFixed(1);
  const colour =
    pro < FAINT
      ? `Nothing speaks for ${named(name)}; orange speaks against it.`
      : `Blue speaks for ${named(name)}, most at the ${where.replace("middle centre", "centre")}; orange against it.`;
  const always = bias.toFixed(1);
  return `${colour} ${pro.toFixed(1)} for, ${(-con).toFixed(1)} against, ${always} always; its score is ${total}.`;
}
