/* Puts paper, recogniser and answer together. */
$(function () {
  "use strict";

  var UNSURE_BELOW = Number(document.body.dataset.unsureBelow);
  var HINT = $("#message").text();
  var PICTURES = /^image\//;
  var drawing = false; /* the pen is down: nothing is announced before it is lifted */
  var announcement = null;

  var paper = new Paper($("#canvas")[0], changed);
  var recogniser = new Recogniser(encode, { answer: show, failure: complain, waiting: wait });

  function changed(complete) {
    drawing = !complete;
    $("#undoButton").prop("disabled", !paper.canUndo());
    $("#redoButton").prop("disabled", !paper.canRedo());
    $("#paper").toggleClass("empty", paper.isEmpty());
    if (paper.isEmpty()) {
      recogniser.cancel();
      forget();
      say(HINT);
    } else if (complete) recogniser.now();
    else recogniser.soon();
  }

  function encode(use) {
    if (paper.isEmpty()) use(null);
    else paper.toBlob(use);
  }

  /* What the buttons and keys do. */
  function predict() {
    if (paper.isEmpty()) {
      forget();
      say("The paper is empty. Draw a character first.", "error");
      announce("The paper is empty.");
      return;
    }
    forget();
    say("Reading…");
    drawing = false;
    recogniser.now();
  }

  $("#predictButton").on("click", predict);
  $("#clearCanvasButton").on("click", function () { paper.clear(); });
  $("#undoButton").on("click", function () { paper.undo(); });
  $("#redoButton").on("click", function () { paper.redo(); });
  $("#pictureButton").on("click", function () { $("#pictureInput").trigger("click"); });
  $("#pictureInput").on("change", function () {
    take(this.files);
    this.value = "";
  });

  $(document)
    .on("keydown", function (event) {
      var key = event.key.toLowerCase(), command = event.ctrlKey || event.metaKey;
      if (command && key === "z") event.shiftKey ? paper.redo() : paper.undo();
      else if (command && key === "y") paper.redo();
      else if (key === "escape") paper.clear();
      else if (key === "enter" && !$(event.target).is("button, a, summary, input")) predict();
      else return;
      event.preventDefault();
    })
    .on("paste", function (event) { take(event.originalEvent.clipboardData.files); })
    .on("dragover", function (event) {
      event.preventDefault();
      $("#paper").addClass("drop");
    })
    .on("dragleave drop", function (event) {
      event.preventDefault();
      $("#paper").removeClass("drop");
    })
    .on("drop", function (event) { take(event.originalEvent.dataTransfer.files); });

  /* A picture instead of a drawing. */
  function take(files) {
    if (!files || !files.length) return;
    if (files.length > 1) return refuse("One picture at a time, please.");
    if (!PICTURES.test(files[0].type)) return refuse("“" + files[0].name + "” is not a picture. Choose a PNG or JPEG.");
    createImageBitmap(files[0]).then(
      function (image) { paper.showPicture(image); },
      function () { refuse("This browser cannot open “" + files[0].name + "”. Save it as PNG or JPEG and try again."); });
  }

  function refuse(reason) {
    say(reason, "error");
    announce(reason);
  }

  /* The answer. */
  function show(answer) {
    var ranked = Object.keys(answer.probabilities).sort(function (one, other) {
      return answer.probabilities[other] - answer.probabilities[one];
    });
    var sure = answer.confidence >= UNSURE_BELOW, second = ranked[1], chance = answer.probabilities[second];
    $("#predictionResult").text(answer.label);
    $("body").removeClass("waiting").toggleClass("unsure", !sure);
    var sentence = sure
      ? percent(answer.confidence) + " sure" + (chance >= 0.05 ? ", else " + second : "")
      : "Not sure: " + answer.label + " (" + percent(answer.confidence) + ") or " + second + " (" + percent(chance) + ")";
    say(sentence);
    if (!drawing) announce((sure ? answer.label + ", " : "") + sentence);
    $("#probabilities li").each(function () {
      var share = answer.probabilities[this.dataset.class] || 0;
      $(this).toggleClass("best", this.dataset.class === answer.label);
      $(this).find(".fill").css("transform", "scaleX(" + share + ")");
      $(this).find(".percent").text(percent(share, 1));
    });
    if (answer.input) {
      $("#seen img").attr("src", answer.input);
      $("#seen").prop("hidden", false);
    }
  }

  /* Certainty is not to be had: what would be rounded to 100 is "over 99". */
  function percent(share, digits) {
    var text = (share * 100).toFixed(digits || 0);
    return (Number(text) >= 100 && share < 1 ? "over 99" : text) + " %";
  }

  function forget() {
    $("#predictionResult").empty();
    $("body").removeClass("waiting unsure");
    $("#seen").prop("hidden", true);
    $("#probabilities li").removeClass("best").find(".percent").text("–");
    $("#probabilities .fill").css("transform", "scaleX(0)");
  }

  function wait() { $("body").addClass("waiting"); }

  function complain(reason, passing) {
    $("body").removeClass("waiting");
    if (!passing) forget();
    say(reason, "error");
    announce(reason);
  }

  function say(text, kind) { $("#message").text(text).attr("class", kind || null); }

  /* For screen readers: once things have settled, and not while the pen moves. */
  function announce(text) {
    clearTimeout(announcement);
    announcement = setTimeout(function () { $("#announcement").text(text); }, 500);
  }

  changed(true);
});
