// Sentences selected by drawing around them: the outline on one map, and the rows as Python holds them.
const CLICK = 6; // px; what stays within is a click, not an outline

/** Rows out of `n`, one bit each in base64url; `packed_rows` in Python makes the same. */
function textOf(rows, n) {
  const raw = new Uint8Array(Math.ceil(n / 8));
  for (const row of rows) raw[row >> 3] |= 1 << (row & 7);
  return btoa(String.fromCharCode(...raw)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** Inverse of `textOf`. */
function rowsOf(text, n) {
  const raw = new Uint8Array(bytes(text.replaceAll("-", "+").replaceAll("_", "/")));
  return [...Array(n).keys()].filter((row) => raw[row >> 3] & (1 << (row & 7)));
}

/** A freehand outline on a pane, by mouse, pen or one finger, while its atlas is `picking`. */
class Outline {
  constructor(pane, owner) {
    this.pane = pane;
    this.owner = owner;
    this.spots = null; // while it is drawn
    this.drew = false; // then the click that ends the drag is none
  }

  start(event, spot) {
    this.drew = false;
    if (!this.owner.picking || !event.isPrimary || event.button) return;
    this.hand = event.pointerId;
    this.spots = [spot];
    this.pane.canvas.setPointerCapture(event.pointerId);
    this.pane.canvas.focus({ preventScroll: true }); // Escape is heard here
    this.owner.still();
  }

  move(event, [x, y]) {
    if (event.pointerId !== this.hand) return;
    const { clientWidth, clientHeight } = this.pane.canvas; // what lies outside is not seen, so not selected
    this.spots.push([clamp(x, 0, clientWidth), clamp(y, 0, clientHeight)]);
    this.owner.redraw();
  }

  end(event) {
    if (!this.spots || event.pointerId !== this.hand) return;
    const [[x, y]] = this.spots;
    const drew = this.spots.some((spot) => Math.hypot(spot[0] - x, spot[1] - y) > CLICK), rows = this.inside();
    this.drop();
    this.drew = drew;
    if (drew) this.owner.choose(rows);
  }

  drop() {
    this.spots = null;
    this.drew = true;
    this.owner.redraw();
  }

  path() {
    const path = new Path2D();
    for (const spot of this.spots) path.lineTo(...spot);
    path.closePath();
    return path;
  }

  inside() {
    const { pen, places } = this.pane, path = this.path();
    pen.setTransform(1, 0, 0, 1, 0, 0);
    return [...places.keys()].filter((row) => pen.isPointInPath(path, ...places[row]));
  }

  paint(pen, base, colour) {
    if (!this.spots) return;
    const path = this.path();
    pen.setTransform(base, 0, 0, base, 0, 0);
    pen.fillStyle = pen.strokeStyle = colour;
    pen.globalAlpha = 0.1;
    pen.fill(path);
    pen.globalAlpha = 1;
    pen.lineWidth = 1.5;
    pen.setLineDash([5, 4]);
    pen.stroke(path);
    pen.setLineDash([]);
  }
}
