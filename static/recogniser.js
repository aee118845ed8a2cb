/* Asks the server what is on the paper: not too often, never two answers out of order, again when it failed. */
(function () {
  "use strict";

  var PAUSE = 120; /* ms between questions while the pen moves */
  var SLOW = 3000;
  var TIMEOUT = 20000;
  var RETRY = [1000, 2000, 5000];
  var KEPT = "Your drawing is kept; ";

  /* `encode` calls back with the image file, or with null if there is nothing to recognise. `on.answer` shows what came
     of it, `on.failure` what happened and what to do, with `true` if it is still being waited for; `on.waiting` is
     called for every question. */
  function Recogniser(encode, on) {
    this.encode = encode;
    this.on = on;
    this.asked = 0; /* number of the latest question */
    this.busy = false; /* it is being encoded, or answered */
    this.request = null;
    this.wanted = false; /* something has changed since */
    this.timer = null;
    this.slow = null;
    this.failures = 0;
    this.notBefore = 0; /* as the server asked */
    var self = this;
    $(window).on("online", function () { if (self.failures) self.now(true); });
  }

  /* The drawing is changing: ask soon, but let a question that is under way be answered. */
  Recogniser.prototype.soon = function () {
    this.wanted = true;
    if (!this.timer && !this.busy) this.schedule(PAUSE);
  };

  /* The drawing is complete: ask at once, and drop what has been superseded. An overloaded server gets the pause that
     it asked for, unless somebody insists. */
  Recogniser.prototype.now = function (insist) {
    this.cancel();
    if (insist || Date.now() >= this.notBefore) this.ask();
    else this.schedule(0);
  };

  Recogniser.prototype.cancel = function () {
    clearTimeout(this.timer);
    clearTimeout(this.slow);
    this.timer = null;
    this.busy = this.wanted = false;
    this.asked++;
    if (this.request) this.request.abort();
    this.request = null;
  };

  Recogniser.prototype.schedule = function (wait) {
    var self = this, pause = Math.max(wait, this.notBefore - Date.now());
    this.timer = setTimeout(function () { self.timer = null; self.ask(); }, pause);
  };

  Recogniser.prototype.ask = function () {
    var self = this, number = ++this.asked;
    this.wanted = false;
    this.busy = true;
    this.encode(function (file) {
      if (number !== self.asked) return;
      if (!file) return self.cancel();
      var form = new FormData();
      form.append("image", file, "drawing");
      self.on.waiting();
      self.slow = setTimeout(function () {
        self.on.failure("The server is slow, perhaps only just waking up.", KEPT + "still waiting…", true);
      }, SLOW);
      self.request = $.ajax({
        url: "/predict?include=input", method: "POST", data: form, dataType: "json",
        contentType: false, processData: false, timeout: TIMEOUT
      });
      self.request.then(
        function (answer) {
          self.finish(number, function () { self.failures = self.notBefore = 0; self.on.answer(answer); });
        },
        function (request, status) {
          if (status !== "abort") self.finish(number, function () { self.fail(request, status); });
        });
    });
  };

  Recogniser.prototype.finish = function (number, show) {
    if (number !== this.asked) return;
    clearTimeout(this.slow);
    this.request = null;
    this.busy = false;
    show();
    if (this.wanted && !this.timer) this.schedule(PAUSE);
  };

  Recogniser.prototype.fail = function (request, status) {
    var code = request.status, passing = code === 0 || code === 200 || code === 429 || code >= 500;
    if (!passing) {
      this.on.failure.apply(null, refusal(code, request.responseJSON && request.responseJSON.detail));
      return;
    }
    var asked = Number(request.getResponseHeader("Retry-After")) * 1000;
    var wait = asked || RETRY[Math.min(this.failures, RETRY.length - 1)];
    if (asked) this.notBefore = Date.now() + asked;
    this.failures++;
    this.schedule(wait);
    this.on.failure(trouble(request, status), status === "error" && navigator.onLine === false
      ? KEPT + "it will be read when the connection is back."
      : KEPT + "trying again in " + Math.ceil(wait / 1000) + " s.");
  };

  /* What passes by itself. */
  function trouble(request, status) {
    if (status === "timeout") return "The server takes too long to answer.";
    if (status === "parsererror") return "That was not the server’s answer: perhaps this network wants you to sign in.";
    if (request.status === 0) return navigator.onLine === false ? "You are offline." : "The server cannot be reached.";
    if (request.status === 503 || request.status === 429) {
      return sentences(request.responseJSON && request.responseJSON.detail)[0] || "The server is busy.";
    }
    return "Something went wrong on the server.";
  }

  /* What does not: this picture will never be accepted. */
  function refusal(code, detail) {
    var said = sentences(detail);
    return [
      said[0] || (code === 413 ? "The picture is too large for this server." : "The server refused (" + code + ")."),
      said[1] || (code === 413 ? "Choose a smaller one." : "Change the drawing, or choose another picture.")
    ];
  }

  /* What is wrong comes first, what to do about it after it. */
  function sentences(detail) {
    var parts = typeof detail === "string" ? detail.match(/^(.+?[.!?])(?:\s+(.*))?$/) : null;
    return parts ? [parts[1], parts[2]] : [typeof detail === "string" ? detail : "", ""];
  }

  window.Recogniser = Recogniser;
})();
