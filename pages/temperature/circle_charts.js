// The three charts beside the circle: weights by cosine, both curves over τ, the charge picture.
const scaleOf = (from, to, low, high) => (value) => from + ((value - low) / (high - low)) * (to - from);
const lineOf = (points) => (points.length ? "M" + points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L") : "");

/** An SVG measured in pixels: still parts are built once per size, moving parts are redrawn. */
class Chart {
  constructor(svg) {
    this.svg = svg;
    this.still = make("g", { class: "still" });
    this.moving = make("g", { class: "moving" });
    svg.append(this.still, this.moving);
  }

  /** The area inside the margins, and scales to it. */
  frame({ left, right, bottom, top = 14 }, xs, ys) {
    const { width, height } = this.svg.getBoundingClientRect();
    this.width = width || 300;
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${height || 240}`);
    this.box = { left, right: this.width - right, top, bottom: (height || 240) - bottom };
    this.x = scaleOf(this.box.left, this.box.right, ...xs);
    this.y = scaleOf(this.box.bottom, this.box.top, ...ys);
    this.still.replaceChildren();
  }

  ticks(across, upwards) {
    const { left, right, top, bottom } = this.box;
    for (const [value, text] of across) {
      this.still.append(make("line", { x1: this.x(value), x2: this.x(value), y1: top, y2: bottom, class: "grid" }));
      this.still.append(make("text", { x: this.x(value), y: bottom + 16, "text-anchor": "middle" }, text));
    }
    for (const [value, text] of upwards) {
      this.still.append(make("line", { x1: left, x2: right, y1: this.y(value), y2: this.y(value), class: "grid" }));
      this.still.append(make("text", { x: left - 6, y: this.y(value) + 4, "text-anchor": "end" }, text));
    }
  }

  titles(across) {
    const { left, right, bottom } = this.box;
    this.still.append(make("text", { x: (left + right) / 2, y: bottom + 34, "text-anchor": "middle" }, across));
  }

  /** The moving nodes, made at first use: `part("path", "curve")`. */
  part(tag, name) {
    this.parts ??= new Map();
    if (!this.parts.has(name)) {
      this.parts.set(name, make(tag, { class: name }));
      this.moving.append(this.parts.get(name));
    }
    return this.parts.get(name);
  }

  set(tag, name, attributes, text) {
    const node = this.part(tag, name);
    for (const [key, value] of Object.entries(attributes)) put(node, key, value);
    if (text !== undefined && node.textContent !== text) node.textContent = text;
  }

  /** Text to the right of (x, y), moved left as far as the chart's edge asks. */
  note(name, x, y, text) {
    const room = this.box.right - 6.2 * text.length; // 12 px letters are about 6 px wide
    this.set("text", name, { x: Math.max(Math.min(x + 7, room), this.box.left + 4), y }, text);
  }
}

/** Height of every negative over its cosine, under the curve that a negative anywhere would follow. */
class Bars extends Chart {
  build(roles, { full, cosine }) {
    const step = niceAbove(full / 5), marks = Array.from({ length: Math.round(full / step) + 1 }, (_, k) => k * step);
    this.frame({ left: 38, right: 12, bottom: 42 }, [-1, 1], [0, full]);
    this.ticks([-1, -0.5, 0, 0.5, 1].map((s) => [s, minus(String(s))]), marks.map((y) => [y, brief(y)]));
    this.titles(cosine);
    this.bars = roles.slice(2).map((role) => make("rect", { class: `bar ${role}`, width: roles.length > 20 ? 3 : 7 }));
    this.part("path", "kernel");
    const group = this.part("g", "bars");
    group.replaceChildren(...this.bars);
  }

  draw({ cosines, values, kernel }) {
    const { left, right, top, bottom } = this.box, points = [];
    for (let pixel = left; pixel <= right; pixel += 2) {
      const s = -1 + (2 * (pixel - left)) / (right - left), height = this.y(kernel(s));
      if (height >= top) points.push([pixel, height]);
    }
    this.set("path", "kernel", { d: lineOf(points) });
    this.bars.forEach((bar, j) => {
      const y = Math.max(this.y(values[j + 1]), top - 3), width = Number(bar.getAttribute("width"));
      put(bar, "x", (this.x(cosines[j + 1]) - width / 2).toFixed(2));
      put(bar, "y", Math.min(y, bottom - 1).toFixed(2));
      put(bar, "height", Math.max(bottom - y, 1).toFixed(2));
    });
    const own = this.x(cosines[0]);
    this.set("line", "own", { x1: own, x2: own, y1: top, y2: bottom });
    this.set("circle", "own-mark", { cx: own, cy: bottom, r: 5 });
  }
}

/** Share of the hardest (left axis) and effective number (right axis) over τ, with a cursor. */
class Curves extends Chart {
  build(count, words) {
    this.count = count;
    this.words = words;
    this.frame({ left: 44, right: 34, bottom: 42, top: 30 }, [Math.log10(LOW), Math.log10(HIGH)], [0, 1]);
    this.ticks([0.01, 0.1, 1, 10].map((tau) => [Math.log10(tau), String(tau)]), [0, 0.2, 0.4, 0.6, 0.8, 1].map((y) => [y, percent(y)]));
    this.number = scaleOf(this.box.bottom, this.box.top, 0, count);
    for (const value of [0, count / 2, count]) {
      this.still.append(make("text", { x: this.box.right + 6, y: this.number(value) + 4 }, String(Math.round(10 * value) / 10)));
    }
    this.titles(words.tau);
    this.still.append(make("text", { x: 2, y: 14, class: "top-name" }, words.top));
    this.still.append(make("text", { x: this.width - 2, y: 14, "text-anchor": "end", class: "effective-name" }, words.effective));
  }

  /** Both lines, and the total push as a share of its largest where the view is about size. */
  lines(curves, withPush) {
    const at = (values, y) => lineOf(values.map((value, k) => [this.x(Math.log10(curves.taus[k])), y(value)]));
    const most = Math.max(...curves.push);
    this.set("path", "push", { d: withPush ? at(curves.push, (value) => this.y(value / most)) : "" });
    this.set("path", "top", { d: at(curves.top, this.y) });
    this.set("path", "effective", { d: at(curves.effective, this.number) });
    const peak = curves.push.indexOf(most), x = this.x(Math.log10(curves.taus[peak]));
    const text = withPush ? this.words.push.replace("{value}", brief(most)) : "";
    this.note("push-note", x, this.box.top + 12, text);
  }

  cursor({ tau, top, effective }) {
    const x = this.x(Math.log10(tau));
    this.set("line", "cursor", { x1: x, x2: x, y1: this.box.top, y2: this.box.bottom });
    this.set("circle", "top-dot", { cx: x, cy: this.y(top), r: 5 });
    this.set("rect", "effective-dot", { x: x - 4.5, y: this.number(effective) - 4.5, width: 9, height: 9 });
  }

  /** The temperature under a pointer. */
  under(event) {
    const { left, right } = this.box, x = event.clientX - this.svg.getBoundingClientRect().left;
    return 10 ** (Math.log10(LOW) + (clamp((x - left) / (right - left), 0, 1) * Math.log10(HIGH / LOW)));
  }
}

/** Weight of a negative by its distance: the exact Gaussian, the inverse square, and where they part. */
class Charge extends Chart {
  build(roles, words) {
    this.words = words;
    this.frame({ left: 38, right: 12, bottom: 42, top: 30 }, [0, 2], [0, 1.2]);
    this.ticks([0, 0.5, 1, 1.5, 2].map((r) => [r, String(r)]), [0, 0.5, 1].map((y) => [y, y.toFixed(1)]));
    this.titles(words.distance);
    this.still.append(make("text", { x: 2, y: 14, class: "gauss-name" }, words.gaussian));
    this.still.append(make("text", { x: this.width - 2, y: 14, "text-anchor": "end", class: "law-name" }, words.law));
    for (const name of ["law", "gauss"]) this.part("path", name);
    this.marks = roles.slice(2).map((role) => make("path", { class: `mark ${role}`, d: role === "false" ? "M-4-4L4 4M-4 4L4-4" : "M0-5L4.5 3.5-4.5 3.5Z" }));
    this.part("g", "marks").replaceChildren(...this.marks);
  }

  draw({ tau, cosines, far }) {
    const { left, right, top, bottom } = this.box, gauss = [], law = [];
    for (let pixel = left; pixel <= right; pixel += 2) {
      const r = (2 * (pixel - left)) / (right - left), other = this.y(inverseSquare(r, tau));
      gauss.push([pixel, this.y(gaussianCharge(r, tau))]);
      if (r > 0 && other >= top) law.push([pixel, other]);
    }
    this.set("path", "gauss", { d: lineOf(gauss) });
    this.set("path", "law", { d: lineOf(law) });
    this.marks.forEach((mark, j) => {
      const r = Math.sqrt(Math.max(2 - 2 * cosines[j + 1], 0));
      put(mark, "transform", `translate(${this.x(r).toFixed(2)} ${this.y(gaussianCharge(r, tau)).toFixed(2)})`);
    });
    const parted = far * Math.sqrt(tau), x = this.x(Math.min(parted, 2));
    this.set("line", "far", { x1: x, x2: x, y1: top + 22, y2: parted > 2 ? top + 22 : bottom });
    this.note("far-note", x, top + 30, (parted > 2 ? this.words.never : this.words.part).replace("{value}", parted.toFixed(2)));
    this.set("line", "width", { x1: this.x(0), x2: this.x(Math.min(Math.sqrt(tau), 2)), y1: this.y(Math.exp(-0.5)), y2: this.y(Math.exp(-0.5)) });
    this.note("width-note", this.x(Math.min(Math.sqrt(tau), 2)), this.y(Math.exp(-0.5)) - 6, this.words.width.replace("{value}", Math.sqrt(tau).toFixed(2)));
  }
}
