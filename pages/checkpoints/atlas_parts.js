// What the map is made of: marks, numbers sent as base64, places on the canvas, neighbours in a direction.
const MARKS = {
  circle: "M1 0A1 1 0 1 1 -1 0A1 1 0 1 1 1 0Z",
  diamond: "M0 -1.3L1.3 0L0 1.3L-1.3 0Z",
  square: "M-.9 -.9H.9V.9H-.9Z",
  triangle: "M0 -1.25L1.2 .9H-1.2Z",
  cross: "M-.45 -1.25H.45V-.45H1.25V.45H.45V1.25H-.45V.45H-1.25V-.45H-.45Z",
  star: "M0 -1.3L.38 -.45L1.25 -.4L.58 .17L.8 1.05L0 .57L-.8 1.05L-.58 .17L-1.25 -.4L-.38 -.45Z",
};
const LOOKS = [["positive", "circle"], ["negative", "diamond"], ["after", "square"], ["hard", "triangle"], ["false", "cross"]];
const PATHS = new Map();
const pathOf = (mark) => PATHS.get(mark) ?? PATHS.set(mark, new Path2D(MARKS[mark])).get(mark);
const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

function bytes(base64) {
  const raw = atob(base64), found = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) found[i] = raw.charCodeAt(i);
  return found.buffer;
}

/** Colour between evenly spaced stops `#rrggbb`, at a share in [0, 1]. */
function ramp(stops, share) {
  const place = clamp(share, 0, 1) * (stops.length - 1), low = Math.min(Math.floor(place), stops.length - 2), part = place - low;
  const channel = (colour, k) => parseInt(colour.slice(1 + 2 * k, 3 + 2 * k), 16);
  return `rgb(${[0, 1, 2].map((k) => Math.round(channel(stops[low], k) * (1 - part) + channel(stops[low + 1], k) * part))})`;
}

/** The smallest box around places x, y, x, y …: its middle and half of its sides. */
function boxOf(points) {
  const low = [Infinity, Infinity], high = [-Infinity, -Infinity];
  for (let i = 0; i < points.length; i++) {
    low[i % 2] = Math.min(low[i % 2], points[i]);
    high[i % 2] = Math.max(high[i % 2], points[i]);
  }
  return { middle: [0, 1].map((k) => (low[k] + high[k]) / 2), half: [0, 1].map((k) => Math.max((high[k] - low[k]) / 2, 1e-9)) };
}

/** The point that lies nearest in the direction of an arrow key: along it, with little aside. */
function towards(places, from, key) {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  let best = from, least = Infinity;
  for (let i = 0; i < places.length; i++) {
    const dx = places[i][0] - places[from][0], dy = places[i][1] - places[from][1];
    const along = dx * way[0] + dy * way[1], aside = Math.abs(dx * way[1] + dy * way[0]);
    if (i === from || along <= 0 || aside > 1.5 * along) continue;
    const cost = along + 2 * aside;
    if (cost < least) [best, least] = [i, cost];
  }
  return best;
}

/** The point nearest to a place, if it is near enough. */
function under(places, [x, y], reach) {
  let best, least = reach;
  for (let i = 0; i < places.length; i++) {
    const away = Math.hypot(places[i][0] - x, places[i][1] - y);
    if (away < least) [best, least] = [i, away];
  }
  return best;
}

/** One map on a canvas. The atlas tells it everything at each drawing; it remembers where the points came to lie. */
class Pane {
  constructor(figure, owner) {
    this.figure = figure;
    this.canvas = figure.querySelector("canvas");
    this.places = [];
    const at = (event) => { const box = this.canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    this.outline = new Outline(this, owner);
    this.canvas.onpointerdown = (event) => this.outline.start(event, at(event));
    this.canvas.onpointermove = (event) => this.outline.spots ? this.outline.move(event, at(event)) : owner.point(under(this.places, at(event), 14));
    this.canvas.onpointerup = (event) => this.outline.end(event);
    this.canvas.onpointercancel = () => this.outline.drop();
    this.canvas.onpointerleave = (event) => { if (event.pointerType === "mouse") owner.point(undefined); };
    this.canvas.onclick = (event) => {
      const row = this.outline.drew ? undefined : under(this.places, at(event), 22);
      if (row !== undefined) owner.pin(row, 0);
    };
    this.canvas.onkeydown = (event) => {
      if (!event.key.startsWith("Arrow") || event.altKey || event.ctrlKey || event.metaKey || !this.places.length) return;
      event.preventDefault();
      owner.pin(towards(this.places, owner.row, event.key), SETTLE);
    };
  }

  /** Lay out and draw cloud number `at` (between two whole numbers: on the way). */
  draw(owner, at) {
    const { canvas } = this, { width, height } = canvas.getBoundingClientRect();
    if (!width) return;
    const dense = window.devicePixelRatio || 1, pen = canvas.getContext("2d");
    canvas.width = Math.round(width * dense);
    canvas.height = Math.round(height * dense);
    this.place(owner, at, width, height);
    this.pen = pen;
    this.base = dense;
    for (const row of owner.order) if (!owner.chosen.has(row)) this.mark(row, owner.look(row));
    for (const row of owner.chosen) this.circle(row, owner);
    for (const row of owner.matches) this.ring(row, owner.theme.hard, 8);
    this.tie(owner, owner.near(Math.round(at)));
    if (owner.shown !== undefined) this.ring(owner.shown, owner.theme.text, 9);
    this.outline.paint(pen, dense, owner.theme.text);
    canvas.dataset.drawn = `${at}|${owner.row}`;
    canvas.dataset.chosen = [...owner.chosen].join();
  }

  place(owner, at, width, height) {
    const { points, n, zoom, row } = owner, low = Math.floor(at), share = at - low, pad = 18;
    const spots = Array.from({ length: n }, (_, i) => [0, 1].map((k) => {
      const a = points[(low * n + i) * 2 + k];
      return share ? a * (1 - share) + points[((low + 1) * n + i) * 2 + k] * share : a;
    }));
    const box = owner.fit ? boxOf(spots.flat()) : owner.box, middle = zoom > 1 ? spots[row] : box.middle;
    const scale = Math.min((width / 2 - pad) / box.half[0], (height / 2 - pad) / box.half[1]) * zoom;
    this.places = spots.map(([x, y]) => [width / 2 + (x - middle[0]) * scale, height / 2 - (y - middle[1]) * scale]);
  }

  mark(row, { colour, mark, size, edge, alpha }) {
    const { pen, base } = this, [x, y] = this.places[row];
    pen.setTransform(base * size, 0, 0, base * size, base * x, base * y);
    pen.globalAlpha = alpha;
    pen.fillStyle = colour;
    pen.fill(pathOf(mark));
    pen.globalAlpha = 1;
    if (!edge) return;
    pen.strokeStyle = edge;
    pen.lineWidth = 1 / size;
    pen.stroke(pathOf(mark));
  }

  /** A selected point: a ring around it, with a gap, since the neighbours have an edge. */
  circle(row, owner) {
    const look = owner.look(row);
    this.mark(row, { ...look, alpha: 1 });
    this.ring(row, owner.theme.text, look.size + 2, 1.1);
  }

  ring(row, colour, radius, width = 2) {
    const { pen, base } = this, [x, y] = this.places[row];
    pen.setTransform(base, 0, 0, base, 0, 0);
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 7);
    pen.stroke();
  }

  /** Lines from the pinned sentence to its true neighbours, and the star on top. */
  tie(owner, near) {
    const { pen, base, places } = this, [x, y] = places[owner.row];
    pen.setTransform(base, 0, 0, base, 0, 0);
    pen.strokeStyle = owner.theme.text;
    pen.lineWidth = 1.25;
    pen.globalAlpha = 0.75;
    pen.beginPath();
    for (const row of near) { pen.moveTo(x, y); pen.lineTo(...places[row]); }
    pen.stroke();
    pen.globalAlpha = 1;
    for (const row of near) this.mark(row, { ...owner.look(row), size: 5, alpha: 1, edge: owner.theme.text });
    this.mark(owner.row, { colour: owner.theme.text, mark: "star", size: 9, alpha: 1, edge: owner.theme.background });
  }
}
