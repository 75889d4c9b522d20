// The birthday problem of a batch: N and the rate of repeats are pulled here, and Python hears of a release.
const WIDE = 640, TALL = 240, LEFT = 52, RIGHT = 10, TOP = 10, BOTTOM = 36, POINTS = 80;
const charts = new WeakMap();
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
const percent = (share) => share > 0.9995 && share < 1 ? "> 99.9 %" : share > 0 && share < 0.0005 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
const brief = (value) => value === 0 ? "0" : value < 0.001 ? value.toExponential(1).replace("-", "−") : Number(value.toPrecision(3)).toString();

/** 1 - prod (1 - i rate) for i from 1 to N - 1. */
function chanceOfRepeat(size, rate) {
  let log = 0;
  for (let i = 1; i < size; i++) {
    if (i * rate >= 1) return 1;
    log += Math.log1p(-i * rate);
  }
  return -Math.expm1(log);
}

class Chance {
  constructor(root, send) {
    this.root = root.querySelector(".chance");
    this.$ = (selector) => this.root.querySelector(selector);
    this.send = send;
    this.agreement = new Agreement((text) => this.send(text));
    this.say = spoken(this.$(".said"));
    this.board = new Board(this.root, { draw: () => this.draw(), done: (pause) => this.agreement.tell(this.text(), pause) });
  }

  text() { return `${Number(this.size.toPrecision(6))} ${Number(this.rate.toPrecision(6))}`; }

  update(data) {
    const fresh = this.data === undefined;
    this.data = data;
    if (this.agreement.hear(data.state)) [this.size, this.rate] = data.state.split(" ").map(Number);
    for (const [name, colour] of Object.entries(data.colours)) this.root.style.setProperty(`--${name}`, colour);
    this.root.setAttribute("aria-label", data.words.picture);
    for (const name of ["size", "rate"]) this.$(`.${name} .name`).textContent = data.words[name];
    for (const name of ["some", "pairs", "anchors"]) this.$(`dt.${name}`).textContent = data.words[name];
    if (fresh) {
      this.slider("size", data.sizes);
      this.slider("rate", data.rates);
    }
    this.board.redraw();
  }

  slider(name, [low, high]) {
    const say = () => ({ label: this.data.words[name], text: name === "size" ? `${Math.round(this.size)}` : brief(this.rate), now: this[name], min: low, max: high });
    this.board.logSlider(this.$(`.${name} input`), { low, high, get: () => this[name], set: (value) => { this[name] = value; }, say });
  }

  draw() {
    const size = Math.round(this.size), rate = this.rate, { words } = this.data;
    const some = chanceOfRepeat(size, rate), pairs = (size * (size - 1) / 2) * rate, anchors = -Math.expm1((size - 1) * Math.log1p(-rate));
    const seen = { size, rate, some, pairs, anchors };
    this.root.dataset.numbers = JSON.stringify(seen);
    this.$(".size .value").textContent = `N = ${size}`;
    this.$(".rate .value").textContent = filled(words.every, { count: Math.round(1 / rate).toLocaleString("en") });
    this.$("dd.some").textContent = percent(some);
    this.$("dd.pairs").textContent = brief(pairs);
    this.$("dd.anchors").textContent = percent(anchors);
    this.picture(size, rate, some);
    this.say(filled(words.said, { size, some: percent(some), pairs: brief(pairs), anchors: percent(anchors) }));
  }

  picture(size, rate, some) {
    const svg = this.$("svg"), [low, high] = this.data.sizes.map(Math.log2), { words } = this.data;
    const x = (n) => LEFT + (WIDE - LEFT - RIGHT) * (Math.log2(n) - low) / (high - low), y = (p) => TOP + (TALL - TOP - BOTTOM) * (1 - p);
    const make = (tag, attributes, text = "") => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
      node.textContent = text;
      return node;
    };
    const path = (r) => Array.from({ length: POINTS + 1 }, (_, k) => Math.round(2 ** (low + (high - low) * k / POINTS)))
      .map((n, k) => `${k ? "L" : "M"}${x(n).toFixed(1)} ${y(chanceOfRepeat(n, r)).toFixed(1)}`).join("");
    const parts = [0, 0.5, 1].flatMap((p) => [make("line", { class: "grid", x1: LEFT, x2: WIDE - RIGHT, y1: y(p), y2: y(p) }),
      make("text", { x: LEFT - 8, y: y(p) + 4, "text-anchor": "end" }, `${100 * p} %`)]);
    for (let n = 2; n <= 1024; n *= n < 4 ? 2 : 4) parts.push(make("text", { x: x(n), y: TALL - 18, "text-anchor": n === 1024 ? "end" : "middle" }, `${n}`));
    parts.push(make("text", { x: (LEFT + WIDE) / 2, y: TALL - 2, "text-anchor": "middle" }, words.axis));
    parts.push(make("path", { class: "other", d: path(rate * 10) }), make("path", { class: "other", d: path(rate / 10) }));
    parts.push(make("path", { class: "curve", d: path(rate) }), make("circle", { class: "here", cx: x(size), cy: y(some), r: 7 }));
    svg.setAttribute("aria-label", words.picture);
    svg.replaceChildren(...parts);
  }

  stop() {
    this.board.stop();
    this.agreement.stop();
    this.say.stop();
  }
}

export default function ({ data, parentElement: root, setStateValue }) {
  const send = (text) => setStateValue("state", text);
  if (!charts.has(root)) charts.set(root, new Chance(root, send));
  const chart = charts.get(root);
  chart.send = send;
  chart.update(data);
  return () => { charts.get(root)?.stop(); charts.delete(root); };
}
