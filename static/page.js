/* Sends what is drawn to /predict and shows the answer. */
$(function () {
  "use strict";

  var HINT = $("#message").text();
  var TIMEOUT = 20000;
  var pending = null;
  var paper = new Paper($("#canvas")[0], function () {});

  $("#predictButton").on("click", predict);
  $("#clearCanvasButton").on("click", function () {
    if (pending) pending.abort();
    paper.clear();
    forget();
    say(HINT);
  });

  function predict() {
    if (pending) pending.abort();
    if (paper.isEmpty()) {
      forget();
      say("The paper is empty. Draw a character first.");
      return;
    }
    forget();
    say("Reading…");
    paper.toBlob(function (blob) {
      var form = new FormData();
      form.append("image", blob, "drawing.png");
      pending = $.ajax({
        url: "/predict", method: "POST", data: form, dataType: "json",
        contentType: false, processData: false, timeout: TIMEOUT
      }).done(show).fail(complain).always(function () { pending = null; });
    });
  }

  function show(answer) {
    $("#predictionResult").text(answer.label);
    say(Math.round(answer.confidence * 100) + " % sure");
    $("#probabilities li").each(function () {
      var name = this.dataset.class, share = answer.probabilities[name] || 0;
      $(this).toggleClass("best", name === answer.label);
      $(this).find(".fill").css("width", share * 100 + "%");
      $(this).find(".percent").text((share * 100).toFixed(1) + " %");
    });
  }

  function forget() {
    $("#predictionResult").empty();
    $("#probabilities li").removeClass("best").find(".fill").css("width", 0).end().find(".percent").text("–");
  }

  function complain(request, status) {
    if (status === "abort") return;
    var detail = request.responseJSON && request.responseJSON.detail;
    if (status === "timeout") say("The server takes too long to answer. Your drawing is still here: try again.", true);
    else if (request.status === 0) say("No connection to the server. Your drawing is still here: try again.", true);
    else if (request.status >= 500 && !detail) say("Something went wrong on the server. Try again in a moment.", true);
    else say(detail || "The server did not accept the drawing. Clear the paper and try again.", true);
  }

  function say(text, isError) {
    $("#message").text(text).toggleClass("error", !!isError);
  }
});
