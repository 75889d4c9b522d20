// The drawings beside the circle: the plane, the two parts of the loss, the curves along a path.
const SVG = "http://www.w3.org/2000/svg";
const TICKS = [0, 0.1, 0.5, 1, 2, 4]; // of the alignment
const minus = (text) => String(text).replace("-", "−");

function put(svg, tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  svg.append(node);
  return node;
}

const set = (node, attributes) => { for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value); };
const lineThrough = (points) => "M" + points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");

/** An empty SVG in its own pixels, and its size. */
function board(svg) {
  const { width, height } = svg.getBoundingClientRect();
  svg.replaceChildren();
  set(svg, { viewBox: `0 0 ${width || 300} ${height || 200}` });
  return [width || 300, height || 200];
}

const ruler = (from, to, low, high) => (value) => from + ((clamp(value, low, high) - low) / (high - low)) * (to - from);

/** Alignment across on a root scale, because most of it happens near 0; uniformity upwards; good is lower left. */
class Plane {
  constructor(svg) { this.svg = svg; }

  build({ limits, floor, even, chance, words }) {
    const { svg } = this, [width, height] = board(svg), [left, right, top, bottom] = [44, width - 12, 14, height - 40];
    const across = ruler(left, right, ...limits.alignment.map(Math.sqrt));
    this.x = (value) => across(Math.sqrt(Math.max(value, 0)));
    this.y = ruler(bottom, top, ...limits.uniformity);
    const { x, y } = this;
    for (const tick of TICKS) {
      put(svg, "line", { class: "grid", x1: x(tick), x2: x(tick), y1: top, y2: bottom });
      put(svg, "text", { x: x(tick), y: bottom + 16, "text-anchor": "middle" }, String(tick));
    }
    const apart = limits.uniformity[0] < -5 ? 2 : 1;
    for (let tick = 0; tick >= limits.uniformity[0]; tick -= apart) {
      put(svg, "line", { class: "grid", x1: left, x2: right, y1: y(tick), y2: y(tick) });
      put(svg, "text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, minus(tick));
    }
    put(svg, "text", { x: (left + right) / 2, y: bottom + 33, "text-anchor": "middle" }, words.alignment_axis);
    put(svg, "text", { x: 11, y: (top + bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 11 ${(top + bottom) / 2})` }, words.uniformity_axis);
    put(svg, "line", { class: "floor", x1: left, x2: right, y1: y(floor), y2: y(floor) });
    put(svg, "text", { x: right - 2, y: y(floor) + 15, "text-anchor": "end" }, words.floor);
    put(svg, "text", { x: left + 6, y: bottom - 7 }, words.better);
    const corners = [["collapse", 0, 0, 10, 16], ["chance", chance, even, 10, 4], ["ideal", 0, floor, 10, -8]];
    for (const [name, a, u, dx, dy] of corners) {
      put(svg, "circle", { class: `corner ${name}`, cx: x(a), cy: y(u), r: 6 });
      put(svg, "text", { class: "strong", x: x(a) + dx, y: y(u) + dy }, words[name]);
    }
    this.trail = put(svg, "path", { class: "trail" });
    this.here = put(svg, "circle", { class: "here", r: 7 });
  }

  draw({ alignment, uniformity }, trail, dragged) {
    const at = [this.x(alignment), this.y(uniformity)];
    set(this.here, { cx: at[0], cy: at[1] });
    set(this.trail, { class: dragged ? "trail drag" : "trail", d: trail.length > 1 ? lineThrough(trail.map(([a, u]) => [this.x(a), this.y(u)])) : "" });
  }
}

/** Pull to the left of zero, spread to the right, and what is left of them: the loss. */
class Parts {
  constructor(svg) { this.svg = svg; }

  build({ tau, pairs, words }) {
    const { svg } = this, [width, height] = board(svg), most = 1 / tau + Math.log(pairs), name = width < 420 ? 62 : 128;
    this.x = ruler(name, width - 62, -most, most);
    const rows = ["pull", "spread", "loss"], tall = (height - 22) / rows.length;
    this.rows = Object.fromEntries(rows.map((row, k) => {
      const y = k * tall + tall / 2;
      put(svg, "text", { class: "strong", x: 0, y: y + 4 }, words[`${row}_${width < 420 ? "short" : "name"}`]);
      return [row, { bar: put(svg, "rect", { class: row, y: y - tall * 0.3, height: tall * 0.6 }), text: put(svg, "text", { class: "strong", x: width, y: y + 4, "text-anchor": "end" }) }];
    }));
    put(svg, "line", { class: "zero", x1: this.x(0), x2: this.x(0), y1: 2, y2: height - 18 });
    put(svg, "line", { class: "mark", x1: this.x(Math.log(pairs)), x2: this.x(Math.log(pairs)), y1: 2 * tall, y2: height - 18 });
    put(svg, "text", { x: this.x(0), y: height - 4, "text-anchor": "middle" }, "0");
    put(svg, "text", { x: this.x(Math.log(pairs)) + 10, y: height - 4 }, words.log_count);
  }

  draw(now) {
    for (const [row, { bar, text }] of Object.entries(this.rows)) {
      const ends = [this.x(0), this.x(now[row])].sort((a, b) => a - b);
      set(bar, { x: ends[0], width: Math.max(ends[1] - ends[0], 0.5) });
      text.textContent = minus(now[row].toFixed(row === "loss" ? 3 : 2));
    }
  }
}

/** Loss, alignment and uniformity along a path, each on its own scale, with a cursor at the current step. */
class Curves {
  constructor(svg) { this.svg = svg; }

  build({ path, words }) {
    const { svg } = this, [width, height] = board(svg), gap = 14, wide = (width - 2 * gap) / 3;
    this.path = path;
    this.charts = ["loss", "alignment", "uniformity"].map((name, k) => {
      const left = k * (wide + gap), values = path[name], low = Math.min(...values), high = Math.max(...values), air = (high - low) * 0.05 || 0.5;
      const x = ruler(left + 2, left + wide - 6, 0, values.length - 1), y = ruler(height - 24, 40, low - air, high + air);
      put(svg, "line", { class: "grid", x1: left, x2: left + wide, y1: height - 22, y2: height - 22 });
      put(svg, "text", { x: left, y: 12 }, words[`${name}_curve`]);
      put(svg, "path", { class: "curve", d: lineThrough(values.map((v, i) => [x(i), y(v)])) });
      put(svg, "text", { x: left, y: height - 6 }, "0");
      put(svg, "text", { x: left + wide, y: height - 6, "text-anchor": "end" }, String(values.length - 1));
      return { name, x, y, value: put(svg, "text", { class: "strong", x: left, y: 29 }),
        cursor: put(svg, "line", { class: "cursor", y1: 36, y2: height - 22 }), at: put(svg, "circle", { class: "at", r: 4 }) };
    });
  }

  draw(step) {
    for (const { name, x, y, value, cursor, at } of this.charts) {
      const now = this.path[name][step];
      set(cursor, { x1: x(step), x2: x(step) });
      set(at, { cx: x(step), cy: y(now) });
      value.textContent = minus(now.toFixed(3));
    }
  }
}
