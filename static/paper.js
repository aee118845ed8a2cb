/* The paper: strokes are kept as data, in units of a sheet 280 wide, and drawn from it at whatever size is needed. */
(function () {
  "use strict";

  var SIZE = 280;
  var PEN = 10;

  function Paper(canvas, onChange) {
    this.canvas = canvas;
    this.strokes = [];
    this.onChange = onChange;
    this.pointer = null;
    var paper = this;
    $(canvas)
      .on("pointerdown", function (event) { paper.start(event.originalEvent); })
      .on("pointermove", function (event) { paper.move(event.originalEvent); })
      .on("pointerup pointercancel lostpointercapture", function (event) { paper.end(event.originalEvent); });
    this.redraw();
  }

  Paper.prototype.isEmpty = function () { return this.strokes.length === 0; };

  Paper.prototype.clear = function () {
    this.strokes = [];
    this.pointer = null;
    this.redraw();
    this.onChange();
  };

  /* One pointer draws at a time: a second finger or a palm is ignored. */
  Paper.prototype.start = function (event) {
    if (this.pointer !== null || event.button > 0) return;
    event.preventDefault();
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.strokes.push([this.position(event)]);
    this.redraw();
  };

  Paper.prototype.move = function (event) {
    if (event.pointerId !== this.pointer) return;
    var stroke = this.strokes[this.strokes.length - 1];
    var events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    (events.length ? events : [event]).forEach(function (each) { stroke.push(this.position(each)); }, this);
    this.redraw();
  };

  Paper.prototype.end = function (event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = null;
    this.onChange();
  };

  Paper.prototype.position = function (event) {
    var box = this.canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) * SIZE / box.width, y: (event.clientY - box.top) * SIZE / box.height };
  };

  Paper.prototype.redraw = function () { draw(this.canvas, this.strokes); };

  /* The drawing as a PNG of 280 x 280, whatever the screen's size; `use` is called with the blob. */
  Paper.prototype.toBlob = function (use) {
    var sheet = document.createElement("canvas");
    sheet.width = sheet.height = SIZE;
    draw(sheet, this.strokes);
    sheet.toBlob(use, "image/png");
  };

  /* Black ink on white paper; a curve through the middles of the segments, so that fast strokes are not angular. */
  function draw(canvas, strokes) {
    var context = canvas.getContext("2d");
    context.setTransform(canvas.width / SIZE, 0, 0, canvas.height / SIZE, 0, 0);
    context.fillStyle = "#fff";
    context.fillRect(0, 0, SIZE, SIZE);
    context.strokeStyle = "#000";
    context.lineWidth = PEN;
    context.lineCap = context.lineJoin = "round";
    strokes.forEach(function (stroke) {
      context.beginPath();
      context.moveTo(stroke[0].x, stroke[0].y);
      for (var i = 1; i < stroke.length - 1; i++) {
        var next = stroke[i + 1];
        context.quadraticCurveTo(stroke[i].x, stroke[i].y, (stroke[i].x + next.x) / 2, (stroke[i].y + next.y) / 2);
      }
      var last = stroke[stroke.length - 1];
      context.lineTo(last.x, last.y);
      context.stroke();
    });
  }

  window.Paper = Paper;
})();
