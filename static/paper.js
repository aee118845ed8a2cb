/* The paper. What is on it is kept as data, strokes and pictures in units of a sheet 280 wide, and drawn from that at
   whatever size is needed: so undo is exact, and turning a phone loses nothing. */
(function () {
  "use strict";

  var SIZE = 280;
  var PEN = 10;
  var STEP = 8; /* of the keyboard's pen */
  var LARGEST_UPLOAD = 1024;

  function Paper(canvas, changed) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.history = []; /* {stroke: [{x, y}, …]}, {picture: image} or {clear: true} */
    this.undone = [];
    this.changed = changed; /* called with true when a stroke has ended or anything else is complete */
    this.pointer = null;
    this.crosshair = null;
    this.dirty = false;
    var paper = this;
    function pass(method) {
      return function (event) { paper[method](event.originalEvent || event); };
    }
    $(canvas)
      .on("pointerdown", pass("down"))
      .on("pointermove", pass("move"))
      .on("pointerup pointercancel lostpointercapture", pass("up"))
      .on("keydown", pass("key"))
      .on("blur", function () { paper.lift(); paper.crosshair = null; paper.redraw(); })
      .on("contextmenu", false);
    new ResizeObserver(function () { paper.resize(); }).observe(canvas);
    this.resize();
  }

  /* Crisp on any screen: as many pixels as the screen has. */
  Paper.prototype.resize = function () {
    var side = Math.max(1, Math.round(this.canvas.getBoundingClientRect().width * (window.devicePixelRatio || 1)));
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    this.redraw();
  };

  Paper.prototype.visible = function () {
    var from = 0;
    this.history.forEach(function (item, index) { if (item.clear) from = index + 1; });
    return this.history.slice(from);
  };

  Paper.prototype.isEmpty = function () { return this.visible().length === 0; };
  Paper.prototype.canUndo = function () { return this.history.length > 0; };
  Paper.prototype.canRedo = function () { return this.undone.length > 0; };

  Paper.prototype.add = function (item) {
    this.history.push(item);
    this.undone = [];
    this.redraw();
  };

  Paper.prototype.clear = function () {
    this.lift();
    if (!this.isEmpty()) this.add({ clear: true });
    this.changed(true);
  };

  Paper.prototype.undo = function () { this.shift(this.history, this.undone); };
  Paper.prototype.redo = function () { this.shift(this.undone, this.history); };
  Paper.prototype.shift = function (from, to) {
    this.lift();
    if (from.length) to.push(from.pop());
    this.redraw();
    this.changed(true);
  };

  Paper.prototype.showPicture = function (image) {
    this.lift();
    if (!this.isEmpty()) this.history.push({ clear: true });
    this.add({ picture: image });
    this.changed(true);
  };

  /* One pointer draws at a time, so a second finger or a palm is ignored; but a pen beats the palm that came before. */
  Paper.prototype.down = function (event) {
    if (event.button > 0) return;
    event.preventDefault();
    if (this.pointer !== null) {
      if (event.pointerType !== "pen" || this.pointerType === "pen") return;
      this.history.pop();
      this.pointer = null;
    }
    this.crosshair = null;
    this.pointer = event.pointerId;
    this.pointerType = event.pointerType;
    try { this.canvas.setPointerCapture(event.pointerId); } catch (_) { /* already gone: its end comes all the same */ }
    this.add({ stroke: [this.position(event)] });
  };

  Paper.prototype.move = function (event) {
    if (event.pointerId !== this.pointer) return;
    var stroke = this.history[this.history.length - 1].stroke;
    var events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    (events.length ? events : [event]).forEach(function (each) { stroke.push(this.position(each)); }, this);
    this.redrawSoon();
    this.changed(false);
  };

  Paper.prototype.up = function (event) {
    if (event.pointerId === this.pointer) this.lift();
  };

  Paper.prototype.lift = function () {
    if (this.pointer === null) return;
    this.pointer = null;
    this.redraw();
    this.changed(true);
  };

  /* Without a pointer: arrows move a crosshair, Space puts the pen down and lifts it. */
  Paper.prototype.key = function (event) {
    var moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    var move = moves[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || (!move && event.key !== " ")) return;
    event.preventDefault();
    var at = this.crosshair || { x: SIZE / 2, y: SIZE / 4 };
    if (move) {
      at = { x: clamp(at.x + move[0] * STEP), y: clamp(at.y + move[1] * STEP) };
      if (this.pointer === "keyboard") this.history[this.history.length - 1].stroke.push(at);
    } else if (this.pointer === "keyboard") {
      this.lift();
    } else if (this.pointer === null) {
      this.pointer = "keyboard";
      this.add({ stroke: [at] });
    }
    this.crosshair = at;
    this.redraw();
    this.changed(false);
  };

  function clamp(value) { return Math.min(Math.max(value, PEN), SIZE - PEN); }

  Paper.prototype.position = function (event) {
    var box = this.canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) * SIZE / box.width, y: (event.clientY - box.top) * SIZE / box.height };
  };

  Paper.prototype.redrawSoon = function () {
    if (this.dirty) return;
    this.dirty = true;
    var paper = this;
    requestAnimationFrame(function () { if (paper.dirty) paper.redraw(); });
  };

  Paper.prototype.redraw = function () {
    this.dirty = false;
    var items = this.visible();
    draw(this.context, this.canvas.width / SIZE, items, { left: 0, top: 0, width: SIZE, height: SIZE });
    if (this.crosshair) drawCrosshair(this.context, this.crosshair, this.pointer === "keyboard");
  };

  /* What is on the paper as an image file: 280 x 280, or a picture at its own size with the strokes upon it. */
  Paper.prototype.toBlob = function (use) {
    var items = this.visible();
    var area = items.length && items[0].picture ? placed(items[0].picture) : { left: 0, top: 0, width: SIZE, height: SIZE };
    var scale = 1;
    if (items.length && items[0].picture) {
      scale = Math.min(LARGEST_UPLOAD / Math.max(area.width, area.height), items[0].picture.width / area.width);
    }
    var sheet = document.createElement("canvas");
    sheet.width = Math.max(1, Math.round(area.width * scale));
    sheet.height = Math.max(1, Math.round(area.height * scale));
    draw(sheet.getContext("2d"), scale, items, area);
    sheet.toBlob(use, "image/png");
  };

  /* Where a picture lies on the paper: as large as fits, in the middle. */
  function placed(picture) {
    var scale = SIZE / Math.max(picture.width, picture.height);
    var width = picture.width * scale, height = picture.height * scale;
    return { left: (SIZE - width) / 2, top: (SIZE - height) / 2, width: width, height: height };
  }

  function draw(context, scale, items, area) {
    context.setTransform(scale, 0, 0, scale, -area.left * scale, -area.top * scale);
    context.fillStyle = "#fff";
    context.fillRect(area.left, area.top, area.width, area.height);
    context.strokeStyle = "#000";
    context.lineWidth = PEN;
    context.lineCap = context.lineJoin = "round";
    items.forEach(function (item) {
      if (item.stroke) drawStroke(context, item.stroke);
      else if (item.picture) {
        var place = placed(item.picture);
        context.drawImage(item.picture, place.left, place.top, place.width, place.height);
      }
    });
  }

  /* A curve from middle to middle of the segments, the points between as control points; one point is a dot. */
  function drawStroke(context, points) {
    context.beginPath();
    context.moveTo(points[0].x, points[0].y);
    for (var i = 1; i < points.length - 1; i++) {
      var next = points[i + 1];
      context.quadraticCurveTo(points[i].x, points[i].y, (points[i].x + next.x) / 2, (points[i].y + next.y) / 2);
    }
    var last = points[points.length - 1];
    context.lineTo(last.x, last.y);
    context.stroke();
  }

  function drawCrosshair(context, at, down) {
    context.lineWidth = 2;
    context.strokeStyle = down ? "#2448c5" : "#8a857a";
    context.beginPath();
    context.moveTo(at.x - 10, at.y);
    context.lineTo(at.x + 10, at.y);
    context.moveTo(at.x, at.y - 10);
    context.lineTo(at.x, at.y + 10);
    context.stroke();
  }

  window.Paper = Paper;
})();
