// One recorded run, scrubbed in the browser: histogram, plane, sphere and one pair move together.
// Between two saved steps the pictures are interpolated; a released slider rests on a saved step.
const SVG = "http://www.w3.org/2000/svg";
const LOW = -0.2, HIGH = 1;
const instances = new WeakMap();
const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

function make(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -24 * fraction;
}

function decodePoints(base64) {
  const raw = atob(base64), points = new Float32Array(raw.length / 2);
  for (let i = 0; i < points.length; i++) points[i] = half(raw.charCodeAt(2 * i) | (raw.charCodeAt(2 * i + 1) << 8));
  return points;
}

function mix(values, at) {
  const low = Math.floor(at), share = at - low;
  return share ? values[low] * (1 - share) + values[low + 1] * share : values[low];
}

function axes(svg, box, x, y, theme) {
  for (const tick of x.ticks) {
    svg.append(make("line", { x1: x.of(tick), x2: x.of(tick), y1: box.top, y2: box.bottom, stroke: theme.grid }));
    svg.append(make("text", { x: x.of(tick), y: box.bottom + 16, "text-anchor": "middle" }, String(tick)));
  }
  for (const tick of y.ticks) {
    svg.append(make("line", { x1: box.left, x2: box.right, y1: y.of(tick), y2: y.of(tick), stroke: theme.grid }));
    svg.append(make("text", { x: box.left - 6, y: y.of(tick) + 4, "text-anchor": "end" }, String(tick)));
  }
  svg.append(make("text", { x: (box.left + box.right) / 2, y: box.bottom + 34, "text-anchor": "middle" }, x.title));
  if (y.title) {
    const turned = `rotate(-90 12 ${(box.top + box.bottom) / 2})`;
    svg.append(make("text", { x: 12, y: (box.top + box.bottom) / 2, "text-anchor": "middle", transform: turned }, y.title));
  }
}

function scale(from, to, low, high) {
  return (value) => from + ((value - low) / (high - low)) * (to - from);
}

function mark(svg, kind, x, y, colour, outline) {
  const shapes = {
    paraphrase: ["circle", { cx: x, cy: y, r: 6.5 }],
    negation: ["path", { d: `M${x} ${y - 8}l8 8l-8 8l-8 -8z` }],
    unrelated: ["path", { d: `M${x} ${y - 7.5}l8 14h-16z` }],
  };
  const [tag, attributes] = shapes[kind];
  svg.append(make(tag, { ...attributes, fill: colour, stroke: outline, "stroke-width": 1.25 }));
}

class Story {
  constructor(root, data, report) {
    this.root = root;
    this.report = report;
    this.kind = data.examples.findIndex((one) => one.kind === "paraphrase");
    this.turn = { yaw: 0, pitch: 0 };
    this.$ = (selector) => root.querySelector(selector);
    this.update(data);
    this.face();
    this.wire();
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.$(".panels"));
  }

  update(data) {
    const first = this.data === undefined;
    this.data = data;
    this.points = decodePoints(data.sphere.points);
    if (first || data.at !== this.known) this.at = this.known = data.at;
    this.label();
    this.draw();
  }

  face() {
    const n = this.data.sphere.texts.length, mean = [0, 0, 0];
    for (let i = 0; i < n * 3; i++) mean[i % 3] += this.points[i] / n;
    const [x, y, z] = mean;  // of the raw model: its cone starts towards the viewer, a little to the side
    this.turn = { yaw: Math.atan2(x, y) + 0.5, pitch: Math.atan2(z, Math.hypot(x, y)) - 0.3 };
    this.draw();
  }

  label() {
    const { labels, steps, theme } = this.data;
    const story = this.$(".story");
    for (const name of ["after", "muted"]) story.style.setProperty(`--${name}`, theme[name]);
    this.$(".raw").textContent = labels.raw;
    this.$(".trained").textContent = labels.trained;
    this.$(".scrub-label").textContent = labels.scrub;
    this.$("input").max = steps.length - 1;
    for (const name of ["histogram", "plane", "sphere"]) this.$(`.${name} figcaption`).textContent = labels[name];
    this.$(".kinds").setAttribute("aria-label", labels.kinds);
    this.$(".kinds").replaceChildren(...this.data.examples.map((one, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = labels[one.kind];
      button.onclick = () => { this.kind = index; this.draw(); };
      return button;
    }));
  }

  wire() {
    const input = this.$("input"), canvas = this.$("canvas");
    input.oninput = () => { this.stop(); this.go(Number(input.value)); };
    input.onchange = () => this.rest(Math.round(this.at));
    input.onkeydown = (event) => {
      const moves = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 5, PageDown: -5, Home: -1e9, End: 1e9 };
      if (!(event.key in moves)) return;
      event.preventDefault();
      this.stop();
      this.rest(Math.round(this.at) + moves[event.key]);
    };
    this.$(".raw").onclick = () => this.play(0);
    this.$(".trained").onclick = () => this.play(this.data.steps.length - 1);
    canvas.onpointerdown = (event) => { this.held = [event.clientX, event.clientY]; canvas.setPointerCapture(event.pointerId); };
    canvas.onpointerup = canvas.onpointercancel = () => { this.held = null; };
    canvas.onpointermove = (event) => this.held ? this.drag(event) : this.point(event);
    canvas.onpointerleave = () => this.name(undefined);
    canvas.onkeydown = (event) => {
      const turns = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.15], ArrowDown: [0, 0.15] };
      if (!(event.key in turns)) return;
      event.preventDefault();
      this.rotate(...turns[event.key]);
    };
  }

  drag(event) {
    this.rotate((event.clientX - this.held[0]) / 120, (event.clientY - this.held[1]) / 120);
    this.held = [event.clientX, event.clientY];
  }

  rotate(yaw, pitch) {
    this.turn.yaw += yaw;
    this.turn.pitch = Math.max(-1.5, Math.min(1.5, this.turn.pitch + pitch));
    this.sphere();
  }

  go(at) {
    this.at = Math.max(0, Math.min(this.data.steps.length - 1, at));
    this.draw();
  }

  rest(at) {
    this.go(at);
    this.known = this.at;
    clearTimeout(this.later);
    this.later = setTimeout(() => this.report(this.data.steps[this.at].step), 400);
  }

  stop() {
    cancelAnimationFrame(this.frame);
  }

  play(to) {
    this.stop();
    if (calm()) return this.rest(to);
    const from = this.at, start = performance.now(), length = 1400 * Math.abs(to - from) / (this.data.steps.length - 1);
    const tick = (now) => {
      const share = length ? Math.min(1, (now - start) / length) : 1;
      if (share === 1) return this.rest(to);
      this.go(from + (to - from) * share * share * (3 - 2 * share));
      this.frame = requestAnimationFrame(tick);
    };
    this.frame = requestAnimationFrame(tick);
  }

  value(name) {
    return mix(this.data.steps.map((step) => step[name]), this.at);
  }

  draw() {
    const { labels, steps } = this.data, nearest = steps[Math.round(this.at)], last = steps.length - 1;
    const input = this.$("input");
    input.value = this.at;
    input.setAttribute("aria-valuetext", `${labels.step} ${nearest.step}`);
    this.$(".raw").setAttribute("aria-pressed", this.at === 0);
    this.$(".trained").setAttribute("aria-pressed", this.at === last);
    const numbers = [[labels.step, nearest.step], [labels.mean, nearest.mean_cosine.toFixed(2)], [labels.score, nearest.score.toFixed(1)]];
    this.$(".numbers").replaceChildren(...numbers.map(([name, value]) => {
      const cell = document.createElement("div"), term = document.createElement("dt"), number = document.createElement("dd");
      term.textContent = name;
      number.textContent = value;
      cell.append(term, number);
      return cell;
    }));
    this.histogram();
    this.plane();
    this.sphere();
    this.pair();
  }

  board(name) {
    const svg = this.$(`.${name} svg`), { width, height } = svg.getBoundingClientRect();
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${width || 300} ${height || 300}`);
    return { svg, width: width || 300, height: height || 300 };
  }

  histogram() {
    const { theme, bins, steps, labels, top, examples } = this.data, { svg, width, height } = this.board("histogram");
    const box = { left: 12, right: width - 10, top: 10, bottom: height - 40 };
    const x = scale(box.left, box.right, LOW, HIGH), y = scale(box.bottom, box.top + 34, 0, top);
    axes(svg, box, { of: x, ticks: [-0.2, 0, 0.2, 0.4, 0.6, 0.8, 1], title: labels.cosine }, { of: y, ticks: [] }, theme);
    const outline = (density) => "M" + [[bins[0], 0], ...density.map((value, i) => [(bins[i] + bins[i + 1]) / 2, value]), [bins.at(-1), 0]]
      .map(([a, b]) => `${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join("L");
    const now = bins.slice(1).map((_, i) => mix(steps.map((step) => step.cosine_hist[i]), this.at));
    svg.append(make("path", { d: outline(steps[0].cosine_hist), fill: theme.before, "fill-opacity": .14, stroke: theme.before, "stroke-width": 2, "stroke-dasharray": "6 4" }));
    svg.append(make("path", { d: outline(now), fill: theme.after, "fill-opacity": .2, stroke: theme.after, "stroke-width": 2.5 }));
    for (const [mean, colour, name, level] of [[steps[0].mean_cosine, theme.before, labels.raw, 8], [this.value("mean_cosine"), theme.after, labels.now, 24]]) {
      svg.append(make("line", { x1: x(mean), x2: x(mean), y1: box.top + level, y2: box.bottom, stroke: colour, "stroke-width": 1.5, "stroke-dasharray": "2 3" }));
      const end = x(mean) > width * 0.62;
      svg.append(make("text", { x: x(mean) + (end ? -6 : 6), y: box.top + level + 5, "text-anchor": end ? "end" : "start", class: "strong" }, `${name}: ${labels.average} ${mean.toFixed(2)}`));
    }
    const one = examples[this.kind], at = x(mix(one.cosines, this.at));
    svg.append(make("line", { x1: at, x2: at, y1: box.bottom - 26, y2: box.bottom, stroke: theme[this.role(one)], "stroke-width": 2 }));
    mark(svg, one.kind, x(one.cosines[0]), box.bottom - 26, "none", theme.before);
    mark(svg, one.kind, at, box.bottom - 26, theme[this.role(one)], theme.outline);
    svg.setAttribute("aria-label", labels.histogram_alt.replace("{raw}", steps[0].mean_cosine.toFixed(2)).replace("{now}", this.value("mean_cosine").toFixed(2)));
  }

  role(example) {
    return { paraphrase: "positive", negation: "hard", unrelated: "negative" }[example.kind];
  }

  plane() {
    const { theme, steps, labels, limits } = this.data, { svg, width, height } = this.board("plane");
    const box = { left: 42, right: width - 12, top: 10, bottom: height - 40 };
    const x = scale(box.left, box.right, ...limits.alignment), y = scale(box.bottom, box.top, ...limits.uniformity);
    axes(svg, box, { of: x, ticks: limits.alignment_ticks, title: labels.alignment }, { of: y, ticks: limits.uniformity_ticks, title: labels.uniformity }, theme);
    svg.append(make("text", { x: box.left + 8, y: box.bottom - 9 }, `↙ ${labels.better}`));
    const spots = steps.map((step) => [x(step.alignment), y(step.uniformity)]);
    const line = (list) => "M" + list.map(([a, b]) => `${a.toFixed(1)} ${b.toFixed(1)}`).join("L");
    svg.append(make("path", { d: line(spots), fill: "none", stroke: theme.before, "stroke-width": 2, "stroke-dasharray": "5 4" }));
    const here = [x(this.value("alignment")), y(this.value("uniformity"))];
    svg.append(make("path", { d: line([...spots.slice(0, Math.floor(this.at) + 1), here]), fill: "none", stroke: theme.after, "stroke-width": 3, "stroke-linejoin": "round" }));
    svg.append(make("circle", { cx: spots[0][0], cy: spots[0][1], r: 5.5, fill: theme.background, stroke: theme.before, "stroke-width": 2.5 }));
    svg.append(make("rect", { x: spots.at(-1)[0] - 5, y: spots.at(-1)[1] - 5, width: 10, height: 10, fill: theme.background, stroke: theme.after, "stroke-width": 2.5 }));
    svg.append(make("circle", { cx: here[0], cy: here[1], r: 6, fill: theme.after, stroke: theme.background, "stroke-width": 1.5 }));
    for (const [spot, text] of [[spots[0], labels.start], [spots.at(-1), labels.end]]) {
      const end = spot[0] > width * 0.6;
      svg.append(make("text", { x: spot[0] + (end ? -12 : 12), y: spot[1] + 4, "text-anchor": end ? "end" : "start", class: "strong" }, text));
    }
    svg.setAttribute("aria-label", labels.plane_alt.replace("{a}", this.value("alignment").toFixed(2)).replace("{u}", this.value("uniformity").toFixed(2)));
  }

  project() {
    const { points, turn } = this, n = this.data.sphere.texts.length, low = Math.floor(this.at), share = this.at - low;
    const [cy, sy, cp, sp] = [Math.cos(turn.yaw), Math.sin(turn.yaw), Math.cos(turn.pitch), Math.sin(turn.pitch)];
    return this.data.sphere.texts.map((_, i) => {
      const p = [0, 1, 2].map((k) => {
        const a = points[(low * n + i) * 3 + k];
        return share ? a * (1 - share) + points[((low + 1) * n + i) * 3 + k] * share : a;
      });
      const length = Math.hypot(...p) || 1;
      return this.spin(p.map((v) => v / length), cy, sy, cp, sp);
    });
  }

  spin([x, y, z], cy, sy, cp, sp) {
    const a = x * cy - y * sy, b = x * sy + y * cy;
    return [a, -(z * cp - b * sp), b * cp + z * sp];
  }

  sphere() {
    const canvas = this.$("canvas"), { width, height } = canvas.getBoundingClientRect(), { theme, labels, sphere } = this.data;
    if (!width) return;
    const dense = window.devicePixelRatio || 1, pen = canvas.getContext("2d"), radius = Math.min(width, height) / 2 - 8;
    canvas.width = width * dense;
    canvas.height = height * dense;
    pen.setTransform(dense, 0, 0, dense, (width / 2) * dense, (height / 2) * dense);
    this.globe(pen, radius, theme.grid);
    this.seen = this.project().map(([x, y, depth], i) => [x * radius, y * radius, depth, i]).sort((a, b) => a[2] - b[2]);
    for (const [x, y, depth, i] of this.seen) {
      const topic = sphere.subjects[i] === this.topic;
      pen.globalAlpha = depth < 0 ? 0.3 : 0.9;
      pen.fillStyle = topic ? theme.positive : this.at === 0 ? theme.before : theme.after;
      pen.beginPath();
      pen.arc(x, y, (topic ? 4.6 : 2.7) + 0.9 * depth, 0, 7);
      pen.fill();
    }
    pen.globalAlpha = 1;
    canvas.setAttribute("aria-label", labels.sphere_alt);
  }

  globe(pen, radius, colour) {
    const { yaw, pitch } = this.turn, turned = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
    pen.strokeStyle = colour;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.arc(0, 0, radius, 0, 7);
    const rings = [(c, s) => [c, s, 0], (c, s) => [c, 0, s], (c, s) => [0, c, s]];
    for (const ring of rings) {
      for (let i = 0; i <= 60; i++) {
        const angle = (i / 60) * 2 * Math.PI, [x, y] = this.spin(ring(Math.cos(angle), Math.sin(angle)), ...turned);
        pen[i ? "lineTo" : "moveTo"](x * radius, y * radius);
      }
    }
    pen.stroke();
  }

  point(event) {
    const frame = this.$("canvas").getBoundingClientRect(), x = event.clientX - frame.left - frame.width / 2, y = event.clientY - frame.top - frame.height / 2;
    const near = this.seen.filter(([a, b, depth]) => depth > 0 && Math.hypot(a - x, b - y) < 9).at(-1);
    this.name(near?.[3]);
  }

  name(index) {
    const { texts, subjects } = this.data.sphere, topic = index === undefined ? undefined : subjects[index];
    this.$(".hover").textContent = topic === undefined ? "" : `${topic}: ${texts[index]}`;
    if (topic === this.topic) return;
    this.topic = topic;
    this.sphere();
  }

  pair() {
    const { examples, labels, bins } = this.data, one = examples[this.kind], now = mix(one.cosines, this.at);
    [...this.$(".kinds").children].forEach((button, index) => button.setAttribute("aria-pressed", index === this.kind));
    this.$(".first").textContent = one.first;
    this.$(".second").textContent = one.second;
    const below = (cosine, step) => this.data.steps[step].cosine_hist.reduce((sum, d, i) =>
      sum + d * Math.max(0, Math.min(bins[i + 1], cosine) - bins[i]), 0) * 100;
    const say = (cosine, step) => `${cosine.toFixed(2)}, ${labels.above.replace("{share}", Math.floor(below(cosine, step)))}`;
    const strong = document.createElement("b");
    strong.textContent = `${labels.now} ${say(now, Math.round(this.at))}`;
    this.$(".verdict").replaceChildren(`${labels.raw} ${say(one.cosines[0], 0)} → `, strong);
  }

  remove() {
    this.stop();
    clearTimeout(this.later);
    this.observer.disconnect();
  }
}

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const known = instances.get(parentElement);
  if (known) known.update(data);
  else instances.set(parentElement, new Story(parentElement, data, (step) => setStateValue("step", step)));
  return () => {
    instances.get(parentElement)?.remove();
    instances.delete(parentElement);
  };
}
