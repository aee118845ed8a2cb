/* Asks the server what is on the paper: not too often, never two answers out of order, again when it failed. */
(function () {
  "use strict";

  var PAUSE = 120; /* ms between questions while the pen moves */
  var TIMEOUT = 15000;
  var RETRY = [1000, 2000, 5000];

  /* `encode` calls back with the image file, or with null if there is nothing to recognise; `on.answer`, `on.failure`
     and `on.waiting` show what came of it. */
  function Recogniser(encode, on) {
    this.encode = encode;
    this.on = on;
    this.request = null; /* under way */
    this.asked = 0; /* number of the latest question */
    this.wanted = false; /* something has changed since */
    this.timer = null;
    this.failures = 0;
    $(window).on("online", this.now.bind(this));
  }

  /* The drawing is changing: ask soon, but let a question that is under way be answered. */
  Recogniser.prototype.soon = function () {
    this.wanted = true;
    if (!this.timer && !this.request) this.schedule(PAUSE);
  };

  /* The drawing is complete: ask at once, and drop what has been superseded. */
  Recogniser.prototype.now = function () {
    this.cancel();
    this.ask();
  };

  Recogniser.prototype.cancel = function () {
    clearTimeout(this.timer);
    this.timer = null;
    this.wanted = false;
    this.asked++;
    if (this.request) this.request.abort();
    this.request = null;
  };

  Recogniser.prototype.schedule = function (wait) {
    var self = this;
    this.timer = setTimeout(function () { self.timer = null; self.ask(); }, wait);
  };

  Recogniser.prototype.ask = function () {
    var self = this, number = ++this.asked;
    this.wanted = false;
    this.encode(function (file) {
      if (number !== self.asked || !file) return;
      var form = new FormData();
      form.append("image", file, "drawing.png");
      self.on.waiting();
      self.request = $.ajax({
        url: "/predict?include=input", method: "POST", data: form, dataType: "json",
        contentType: false, processData: false, timeout: TIMEOUT
      });
      self.request.then(
        function (answer) { self.finish(number, function () { self.failures = 0; self.on.answer(answer); }); },
        function (request, status) {
          if (status !== "abort") self.finish(number, function () { self.fail(request, status); });
        });
    });
  };

  Recogniser.prototype.finish = function (number, show) {
    if (number !== this.asked) return;
    this.request = null;
    show();
    if (this.wanted && !this.timer) this.schedule(PAUSE);
  };

  Recogniser.prototype.fail = function (request, status) {
    var detail = request.responseJSON && request.responseJSON.detail;
    var passing = status === "timeout" || request.status === 0 || request.status >= 500;
    this.on.failure(explain(request, status, detail), passing);
    if (!passing) return;
    var wait = Number(request.getResponseHeader("Retry-After")) * 1000;
    this.schedule(wait || RETRY[Math.min(this.failures++, RETRY.length - 1)]);
  };

  function explain(request, status, detail) {
    if (status === "timeout") return "The server is slow to answer. Your drawing is safe; trying again…";
    if (request.status === 0) {
      return navigator.onLine === false
        ? "You are offline. Your drawing is safe and will be read when the connection is back."
        : "The server cannot be reached. Your drawing is safe; trying again…";
    }
    if (request.status === 503) return (detail || "The server is busy.") + " Your drawing is safe.";
    if (request.status >= 500) return "Something went wrong on the server. Your drawing is safe; trying again…";
    return detail || "The server did not accept the drawing (" + request.status + ").";
  }

  window.Recogniser = Recogniser;
})();
