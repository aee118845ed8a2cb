/** The dialog that sends a picture and a link: by the system's share sheet, the clipboard, or as a file.
 * @module
 */

import { pngOf } from "./upload.js";

/** @typedef {{title: string, text: string, link: string | null, card: HTMLCanvasElement, alt: string}} ShareContent `link` is
 * null if there is something that a link cannot hold */

/** Opened with something to send; the browser gives the focus back to the button when it is closed. */
export class ShareDialog {
  #dialog = /** @type {HTMLDialogElement} */ ($("#shareDialog")[0]);
  /** @type {ShareContent | null} */
  #content = null;
  /** @type {File | null} */
  #file = null;
  #address = "";

  constructor() {
    $("#shareSheetButton").on("click", () => this.#send());
    $("#copyLinkButton").on("click", () => this.#copyLink());
    $("#copyPictureButton").on("click", () => this.#copyPicture());
    $(this.#dialog).on("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close(); // beside it
    });
    $(this.#dialog).on("close", () => URL.revokeObjectURL(this.#address));
  }

  /** @param {ShareContent} content */
  open(content) {
    this.#content = content;
    const file = new File([pngOf(content.card)], "handwritten.png", { type: "image/png" });
    this.#file = file;
    this.#address = URL.createObjectURL(file);
    $("#shareTitle").text(content.title);
    $("#shareCard").attr({ src: this.#address, alt: content.alt });
    $("#downloadLink").attr("href", this.#address);
    $("#shareLink").val(content.link ?? "");
    $("#shareLinkRow, #copyLinkButton").prop("hidden", content.link === null);
    $("#shareNote").prop("hidden", content.link !== null);
    $("#shareSheetButton").prop("hidden", !navigator.canShare?.({ files: [file] }));
    $("#copyPictureButton").prop("hidden", !navigator.clipboard?.write || !window.ClipboardItem);
    this.#tell("");
    this.#dialog.showModal();
  }

  async #send() {
    if (!this.#content || !this.#file) return;
    const { title, text, link } = this.#content;
    try {
      // Many receivers drop the address beside a file, so it stands in the text.
      await navigator.share({ title, text: link ? `${text} ${link}` : text, files: [this.#file] });
      this.#tell("Sent.");
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) {
        this.#tell("This browser did not share it. Copy the link, or download the picture.");
      }
    }
  }

  async #copyLink() {
    const input = /** @type {HTMLInputElement} */ ($("#shareLink")[0]);
    try {
      await navigator.clipboard.writeText(input.value);
    } catch {
      input.select(); // without HTTPS there is no other clipboard than that of selected text
      if (!document.execCommand("copy")) return this.#tell("Copy it with Ctrl+C.");
    }
    this.#tell("The link is on the clipboard.");
  }

  async #copyPicture() {
    if (!this.#file) return;
    try {
      await navigator.clipboard.write([new ClipboardItem({ "image/png": this.#file })]);
      this.#tell("The picture is on the clipboard.");
    } catch {
      this.#tell("This browser did not copy it. Download the picture instead.");
    }
  }

  /** @param {string} text */
  #tell(text) {
    $("#shareStatus").text(text);
  }
}
