/* The paper. What is on it is kept as data, strokes and pictures in units of a sheet 280 wide, and drawn from that at
   whatever size is needed: so undo is exact, and turning a phone loses nothing. */
(function () {
  "use strict";

  var SIZE = 280;
  var PEN = 10;
  var STEP = 8; /* of the keyboard's pen */
  var ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  var PALM = 1000; /* ms after a pen was seen in which a touch is the hand that holds it */

  function Paper(canvas, changed) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.history = []; /* {stroke: [{x, y}, …]}, {picture: …} or {clear: true} */
    this.undone = [];
    this.changed = changed; /* called with true when a stroke has ended or anything else is complete */
    this.pointer = null;
    this.penSeen = -PALM;
    this.crosshair = null;
    this.held = {}; /* arrow keys: two of them go diagonally */
    this.dirty = false;
    var paper = this;
    function pass(method) {
      return function (event) { paper[method](event.originalEvent); };
    }
    $(canvas)
      .on("pointerdown", pass("down"))
      .on("pointermove", pass("move"))
      .on("pointerup pointercancel lostpointercapture", pass("up"))
      .on("keydown", pass("key"))
      .on("keyup", function (event) { delete paper.held[event.key]; })
      .on("blur", function () { paper.lift(); paper.held = {}; paper.crosshair = null; paper.redraw(); })
      .on("contextmenu touchstart", false); /* a long press neither opens a menu nor selects */
    new ResizeObserver(function () { paper.resize(); }).observe(canvas);
    $(window).on("resize", function () { paper.resize(); }); /* zoomed */
    this.resize();
  }

  /* Crisp on any screen: as many pixels as the screen has. */
  Paper.prototype.resize = function () {
    var side = Math.max(1, Math.round(this.canvas.getBoundingClientRect().width * (window.devicePixelRatio || 1)));
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    this.redraw();
  };

  /* What has been put on the paper since it was last empty; a picture covers all before it. */
  Paper.prototype.visible = function () {
    var from = 0;
    this.history.forEach(function (item, index) {
      if (item.clear) from = index + 1;
      else if (item.picture) from = index;
    });
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
    if (!from.length) return;
    to.push(from.pop());
    this.redraw();
    this.changed(true);
  };

  Paper.prototype.showPicture = function (picture) {
    this.lift();
    this.add({ picture: picture });
    this.changed(true);
  };

  /* One pointer draws at a time, so a second finger or a palm is ignored; a pen beats the palm that came before. */
  Paper.prototype.down = function (event) {
    if (event.button > 0) return;
    event.preventDefault();
    var pen = event.pointerType === "pen";
    if (event.pointerType === "touch" && event.timeStamp < this.penSeen + PALM) return;
    if (this.pointer === "keyboard") this.lift();
    if (this.pointer !== null) {
      if (!pen || this.pen) return;
      this.history.pop();
    }
    this.crosshair = null;
    this.pointer = event.pointerId;
    this.pen = pen;
    try { this.canvas.setPointerCapture(event.pointerId); } catch (_) { /* already gone: its end comes all the same */ }
    this.add({ stroke: [this.position(event)] });
    this.resize(); /* nothing tells of a move to a finer screen */
    this.changed(false);
  };

  Paper.prototype.move = function (event) {
    if (event.pointerType === "pen") this.penSeen = event.timeStamp;
    if (event.pointerId !== this.pointer) return;
    var events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    (events.length ? events : [event]).forEach(function (each) { this.extend(this.position(each)); }, this);
  };

  Paper.prototype.extend = function (point) {
    this.history[this.history.length - 1].stroke.push(point);
    this.redrawSoon();
    this.changed(false);
  };

  Paper.prototype.up = function (event) {
    if (event.pointerType === "pen") this.penSeen = event.timeStamp;
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
    var arrow = ARROWS[event.key], drawing = this.pointer === "keyboard";
    if (event.ctrlKey || event.metaKey || event.altKey || (!arrow && event.key !== " ")) return;
    event.preventDefault();
    if (this.pointer !== null && !drawing) return;
    this.crosshair = this.crosshair || { x: SIZE / 2, y: SIZE / 4 };
    if (arrow) {
      this.held[event.key] = arrow;
      for (var key in this.held) {
        var x = this.crosshair.x + this.held[key][0] * STEP, y = this.crosshair.y + this.held[key][1] * STEP;
        this.crosshair = { x: clamp(x), y: clamp(y) };
      }
      if (drawing) this.extend(this.crosshair);
    } else if (drawing) this.lift();
    else if (!event.repeat) {
      this.pointer = "keyboard";
      this.add({ stroke: [this.crosshair] });
      this.changed(false);
    }
    this.redraw();
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
    draw(this.context, this.canvas.width / SIZE, this.visible(), { left: 0, top: 0, width: SIZE, height: SIZE });
    if (this.crosshair) drawCrosshair(this.context, this.crosshair, this.pointer === "keyboard");
  };

  /* What is on the paper as an image file: 280 x 280, or a picture at its own size with the strokes upon it. */
  Paper.prototype.toBlob = function (use) {
    var items = this.visible(), picture = items[0].picture;
    var area = picture ? placed(picture.sheet) : { left: 0, top: 0, width: SIZE, height: SIZE };
    var sheet = document.createElement("canvas");
    sheet.width = picture ? picture.sheet.width : SIZE;
    sheet.height = picture ? picture.sheet.height : SIZE;
    draw(sheet.getContext("2d"), sheet.width / area.width, items, area);
    sheet.toBlob(use, picture ? picture.type : "image/png", 0.9);
  };

  /* Where a picture lies on the paper: as large as fits, in the middle. */
  function placed(sheet) {
    var scale = SIZE / Math.max(sheet.width, sheet.height), width = sheet.width * scale, height = sheet.height * scale;
    return { left: (SIZE - width) / 2, top: (SIZE - height) / 2, width: width, height: height };
  }

  function draw(context, scale, items, area) {
    context.save();
    context.setTransform(scale, 0, 0, scale, -area.left * scale, -area.top * scale);
    context.fillStyle = "#fff";
    context.fillRect(area.left, area.top, area.width, area.height);
    context.strokeStyle = "#000";
    context.lineWidth = PEN;
    context.lineCap = context.lineJoin = "round";
    items.forEach(function (item) {
      if (item.stroke) drawStroke(context, item.stroke);
      else drawPicture(context, item.picture);
    });
    context.restore();
  }

  /* The picture is the paper for the strokes that follow: only it is sent, so they are cut off at its edge. */
  function drawPicture(context, picture) {
    var place = placed(picture.sheet);
    context.imageSmoothingQuality = "high";
    context.drawImage(picture.sheet, place.left, place.top, place.width, place.height);
    context.strokeStyle = picture.ink;
    context.beginPath();
    context.rect(place.left, place.top, place.width, place.height);
    context.clip();
  }

  /* A curve from middle to middle of the segments, the points between as control points. A pen that stays where it is
     makes a dot, which no line is: a canvas draws nothing for one without length. */
  function drawStroke(context, points) {
    var start = points[0];
    context.beginPath();
    context.moveTo(start.x, start.y);
    if (points.every(function (point) { return point.x === start.x && point.y === start.y; })) {
      context.lineTo(start.x + 0.01, start.y);
    }
    for (var i = 1; i < points.length - 1; i++) {
      var next = points[i + 1];
      context.quadraticCurveTo(points[i].x, points[i].y, (points[i].x + next.x) / 2, (points[i].y + next.y) / 2);
    }
    var last = points[points.length - 1];
    context.lineTo(last.x, last.y);
    context.stroke();
  }

  function drawCrosshair(context, at, down) {
    var scale = context.canvas.width / SIZE, x = at.x * scale, y = at.y * scale;
    context.fillStyle = down ? "#2447c4" : "#807a6e";
    context.fillRect(x - 10 * scale, y - scale, 20 * scale, 2 * scale);
    context.fillRect(x - scale, y - 10 * scale, 2 * scale, 20 * scale);
  }

  window.Paper = Paper;
})();
