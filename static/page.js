/* Puts paper, recogniser and answer together. */
$(function () {
  "use strict";

  var UNSURE_BELOW = Number(document.body.dataset.unsureBelow);
  var CLOSE = 0.05; /* a second choice below this is not worth a word */
  var HINT = $("#message").text();
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
      announce("");
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
      refuse("The paper is empty.", "Draw a character first.");
      return;
    }
    drawing = false;
    $("#predictionResult").empty();
    say("Reading…");
    recogniser.now(true);
  }

  $("#predictButton").on("click", predict);
  $("#clearCanvasButton").on("click", function () { paper.clear(); });
  $("#undoButton").on("click", function () { paper.undo(); });
  $("#redoButton").on("click", function () { paper.redo(); });
  $("#pictureButton, #photoButton").on("click", function () {
    $("#pictureInput").attr("capture", this.id === "photoButton" ? "environment" : null).trigger("click");
  });
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
      else if (key === "enter" && !$(event.target).is("button, a, input")) predict();
      else return;
      event.preventDefault();
    })
    .on("paste", function (event) {
      var files = event.originalEvent.clipboardData.files;
      take(files, "There is no picture on the clipboard.", "Copy one and paste again.");
    })
    .on("dragover", function (event) {
      event.preventDefault();
      $("#paper").addClass("drop");
    })
    .on("dragleave drop", function (event) {
      event.preventDefault();
      if (!event.originalEvent.relatedTarget) $("#paper").removeClass("drop");
    })
    .on("drop", function (event) {
      var files = event.originalEvent.dataTransfer.files;
      take(files, "That was not a picture file.", "Save the picture first, then drop its file here.");
    });

  /* A picture instead of a drawing. */
  function take(files, without, remedy) {
    if (files.length === 1) openPicture(files[0], function (picture) { paper.showPicture(picture); }, refuse);
    else if (files.length) refuse("That was more than one picture.", "Bring them one at a time.");
    else if (without) refuse(without, remedy);
  }

  /* The answer. */
  function show(answer) {
    var ranked = Object.keys(answer.probabilities).sort(function (one, other) {
      return answer.probabilities[other] - answer.probabilities[one];
    });
    var first = isolated(answer.label), second = isolated(ranked[1] || "");
    var sure = answer.confidence >= UNSURE_BELOW, best = percent(answer.confidence);
    var chance = answer.probabilities[ranked[1]] || 0, other = percent(chance);
    $("#predictionResult").text(answer.label).toggleClass("word", answer.label.length > 3)
      .toggleClass("phrase", answer.label.length > 10);
    $("body").removeClass("waiting").toggleClass("unsure", !sure);
    if (!sure) say("Not sure: " + first + " or " + second, best + " against " + other + ".");
    else say(best + " sure", chance >= CLOSE ? "It might be " + second + " (" + other + ")." : "");
    if (!drawing) announce((sure ? answer.label + ", " : "") + $("#message").text() + ". " + $("#remedy").text());
    $("#probabilities li").each(function () {
      var share = answer.probabilities[this.dataset.class] || 0;
      $(this).toggleClass("best", this.dataset.class === answer.label);
      $(this).find(".fill").css("transform", "translateX(" + (100 * share - 100) + "%)");
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
    return (Number(text) >= 100 && share < 1 ? (digits ? "> 99.9" : "Over 99") : text) + " %";
  }

  /* A name that runs from right to left must not turn the sentence around it. */
  function isolated(name) { return /[\u0590-\u08ff\ufb1d-\ufefc]/.test(name) ? "\u2068" + name + "\u2069" : name; }

  function forget() {
    $("#predictionResult").empty();
    $("body").removeClass("waiting unsure");
    $("#seen").prop("hidden", true);
    $("#probabilities li").removeClass("best").find(".percent").text("–");
    $("#probabilities .fill").css("transform", "");
  }

  function wait() { $("body").addClass("waiting"); }

  /* An answer to what was on the paper before is none to what is there now. */
  function complain(reason, remedy, stillWaiting) {
    if (!stillWaiting) forget();
    explain(reason, remedy);
  }

  /* An answer that is still to come would take the reason's place. */
  function refuse(reason, remedy) {
    recogniser.cancel();
    $("body").removeClass("waiting");
    explain(reason, remedy);
  }

  function explain(reason, remedy) {
    say(reason, remedy, "error");
    announce(reason + " " + remedy);
  }

  function say(text, more, kind) {
    $("#message").text(text);
    $("#remedy").text(more || "");
    $(".verdict").toggleClass("error", kind === "error");
  }

  /* For screen readers: once things have settled, and not while the pen moves; the same words again, too. */
  function announce(text) {
    clearTimeout(announcement);
    $("#announcement").empty();
    announcement = setTimeout(function () { $("#announcement").text(text); }, 500);
  }

  changed(true);
});
