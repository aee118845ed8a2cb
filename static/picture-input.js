/** A picture instead of a drawing: chosen, dropped or pasted. It takes its time to open.
 * @module
 */

import { quoted, unloaded } from "./problems.js";

/** @import { Picture } from "./marks.js" */
/** @import { Problem } from "./state-machine.js" */
/** @import { View } from "./view.js" */

/** Of several pictures the latest is shown; none that somebody did not wait for. */
export class PictureInput {
  #view;
  #show;
  /** The number of the picture that is being opened; a later one, or a change of the paper, takes its place. */
  #number = 0;
  #isOpening = false;

  /**
   * @param {View} view
   * @param {(picture: Picture) => void} show
   */
  constructor(view, show) {
    this.#view = view;
    this.#show = show;
    $("#pictureButton").on("click", () => $("#pictureInput").trigger("click"));
    $("#pictureInput").on("change", (event) => {
      const input = /** @type {HTMLInputElement} */ (event.target);
      this.#take(input.files).finally(() => {
        input.value = ""; // the same file can be chosen again
      });
    });
    $(document)
      .on("paste", (event) => {
        const { clipboardData } = /** @type {ClipboardEvent} */ (event.originalEvent);
        const remedy = "Copy one and paste again.";
        this.#take(clipboardData?.files, { reason: "There is no picture on the clipboard.", remedy });
      })
      .on("dragover", (event) => {
        event.preventDefault();
        $("#paper").addClass("drop");
      })
      .on("dragleave drop", (event) => {
        event.preventDefault();
        if (!(/** @type {DragEvent} */ (event.originalEvent).relatedTarget)) $("#paper").removeClass("drop");
      })
      .on("drop", (event) => {
        const { dataTransfer } = /** @type {DragEvent} */ (event.originalEvent);
        const remedy = "Save the picture first, then drop its file here.";
        this.#take(dataTransfer?.files, { reason: "That was not a picture file.", remedy });
      });
  }

  /**
   * @param {FileList | null | undefined} files
   * @param {Problem} [without] what to say if there are none
   */
  async #take(files, without) {
    if (!files?.length) return without && this.#view.notify(without);
    if (files.length > 1) {
      return this.#view.notify({ reason: "That was more than one picture.", remedy: "Bring them one at a time." });
    }
    const number = ++this.#number;
    this.#isOpening = true;
    this.#view.open(quoted(files[0]));
    const pictures = await import("./picture.js").catch(() => null); // loaded with the first one: most people draw
    const picture = await pictures?.openPicture(files[0]).catch((error) => error);
    if (number !== this.#number) return;
    this.#end();
    if (!pictures) {
      return this.#view.notify(unloaded("The picture could not be opened."));
    }
    if (picture instanceof pictures.PictureError) return this.#view.notify(picture.problem);
    if (picture instanceof Error) throw picture;
    this.#show(picture);
  }

  /** Somebody goes on while a picture is being opened: it must not cover what they do. */
  leave() {
    if (!this.#isOpening) return;
    this.#number++;
    this.#end();
    this.#view.notify({
      reason: "The picture was not opened, because you went on.",
      remedy: "Choose it again to open it.",
    });
  }

  #end() {
    this.#isOpening = false;
    this.#view.open(null);
  }
}
