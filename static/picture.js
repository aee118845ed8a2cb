/* Opens the picture that somebody chose, dropped, pasted or took. */
(function () {
  "use strict";

  var LARGEST = 1024; /* pixels: more than recognition needs, and a phone's photo need not stay in memory whole */

  /* Calls `use` with {sheet: canvas, type: how to send it, ink: the colour that shows on it}, or `refuse` with what is
     wrong and what to do about it. */
  function openPicture(file, use, refuse) {
    var name = "“" + file.name + "”";
    if (!file.size) return refuse(name + " is empty.", "Choose another picture.");
    var image = new Image(), address = URL.createObjectURL(file);
    image.onload = function () {
      use(prepared(image, file.type));
      URL.revokeObjectURL(address);
    };
    image.onerror = function () {
      URL.revokeObjectURL(address);
      if (!/^image\//.test(file.type)) refuse(name + " is not a picture.", "Choose a photo or a drawing: a JPEG or PNG.");
      else refuse("This browser cannot open " + name + ".", "Save it as JPEG or PNG and try again.");
    };
    image.src = address; /* upright, too: browsers honour EXIF here */
  }

  function prepared(image, type) {
    var width = image.naturalWidth || LARGEST, height = image.naturalHeight || LARGEST; /* an SVG may have no size */
    var scale = Math.min(1, LARGEST / Math.max(width, height));
    var sheet = document.createElement("canvas");
    sheet.width = Math.max(1, Math.round(width * scale));
    sheet.height = Math.max(1, Math.round(height * scale));
    var context = sheet.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingQuality = "high"; /* or thin lines in large photos fall apart */
    context.drawImage(image, 0, 0, sheet.width, sheet.height);
    var tone = measure(context.getImageData(0, 0, sheet.width, sheet.height).data);
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = tone.chalk ? "#000" : "#fff";
    context.fillRect(0, 0, sheet.width, sheet.height);
    /* What was sharp is sent without loss; a photo would be several times as large that way. */
    var kind = /png|gif|bmp|svg/.test(type) ? "image/png" : "image/jpeg";
    return { sheet: sheet, type: kind, ink: tone.chalk || tone.dark ? "#fff" : "#000" };
  }

  /* Chalk: all that can be seen is white, on nothing; it was drawn for something dark. */
  function measure(pixels) {
    var sum = 0, seen = 0, darkest = 255;
    for (var i = 0; i < pixels.length; i += 4) {
      if (pixels[i + 3] < 128) continue;
      var grey = (pixels[i] + 2 * pixels[i + 1] + pixels[i + 2]) / 4;
      sum += grey;
      seen++;
      darkest = Math.min(darkest, grey);
    }
    var opaque = seen === pixels.length / 4;
    return { chalk: !opaque && seen > 0 && darkest > 200, dark: opaque && sum < 110 * seen };
  }

  window.openPicture = openPicture;
})();
