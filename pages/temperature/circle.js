// Drag the temperature or a point; everything is recomputed here, and Python hears of it on release.
const LOW = 0.005, HIGH = 10;
const TICKS = [0.005, 0.02, 0.05, 0.1, 0.5, 1, 10];
const GRID = Array.from({ length: 161 }, (_, k) => LOW * (HIGH / LOW) ** (k / 160));
const MOST = 10; // a push above this is drawn with a second head: it has no upper end as τ → 0
const CROWD = 20; // more points than this share one tab stop
const percent = (share) => `${(100 * share).toFixed(share > 0.0995 || share === 0 ? 0 : 1)}\u00a0%`;
const brief = (value) => minus(String(Number(value.toPrecision(2))));
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

class Circle {
  constructor(root, send) {
    this.$ = (selector) => root.querySelector(selector);
    this.state = new Agreement((text) => send(text));
    this.board = new Board(this.$(".ring svg"), { draw: () => this.draw(), done: (pause) => this.state.tell(this.text(), pause) });
    this.speak = atRest(() => this.say());
    this.ring = new Ring(this.$(".ring svg"));
    this.charts = { bars: new Bars(this.$(".bars svg")), curves: new Curves(this.$(".curves svg")), charge: new Charge(this.$(".charge svg")) };
    this.$(".toy").numbers = () => ({ angles: this.angles, ...this.now, values: this.values(), curves: this.curves, far: this.data.far * Math.sqrt(this.tau) });
    this.observer = new ResizeObserver(() => { this.stale = true; this.board.redraw(); });
    this.wire();
  }

  /** What Python says: scene, view, words, palette, and the state it holds. */
  update(data) {
    const old = this.data;
    this.data = data;
    if (this.state.hear(data.state) || old?.scene !== data.scene) this.adopt();
    this.measure(); // before a frame or a timer asks about a point of the new scene
    if (old?.scene !== data.scene) this.people();
    this.write();
    this.stale = true;
    this.board.redraw();
    if (!old) this.observer.observe(this.$(".panels"));
  }

  adopt() {
    this.tau = this.data.tau;
    this.angles = [...this.data.angles];
    this.moved = new Set(this.data.moved);
    this.chosen = null;
    this.measured = false;
  }

  /** The state as it stands in the address: the temperature, and every point that is not where its scene put it. */
  text() {
    const moved = [...this.moved].sort((a, b) => a - b).map((j) => `${j}:${this.angles[j]}`);
    return `${this.tau} ${moved.join("_")}`.trim();
  }

  people() {
    const { roles, words } = this.data, home = () => this.angles[0];
    this.ring.build(roles);
    this.board.clear();
    roles.forEach((role, j) => {
      const mark = this.ring.marks[j];
      this.board.grip(mark, {
        rail: circleRail({ home: j ? home : () => 90 }),
        get: () => this.angles[j],
        set: (angle) => { this.angles[j] = angle; this.moved.add(j); this.measured = false; this.chosen = j; },
        say: () => this.tell(j),
      });
      mark.onpointerenter = mark.onfocus = () => { this.chosen = j; this.board.redraw(); };
      if (roles.length > CROWD && j > 2) mark.setAttribute("tabindex", "-1");
      if (roles.length > CROWD && j > 1) mark.addEventListener("keydown", (event) => this.roam(j, event.key));
    });
    this.label = (j) => (roles[j] === "negative" ? `${words.negative} ${j - 1}` : words[roles[j]]);
  }

  /** In a crowd, n and p carry the focus to the next and the previous negative. */
  roam(j, key) {
    const step = { n: 1, p: -1 }[key], marks = this.ring.marks.slice(2);
    if (step) marks.at((j - 2 + step + marks.length) % marks.length).focus();
  }

  tell(j) {
    const { words } = this.data, from = wrapDegrees(this.angles[j] - this.angles[0]);
    const text = j === 0 ? `${Math.round(this.angles[0])}°` : fill(words.point_value, this.facts(j));
    return { label: this.label(j), text, now: Math.round(j ? from : wrapDegrees(this.angles[0])), min: -180, max: 180 };
  }

  facts(j) {
    const { cosines, shares, gradient, pushes } = this.now;
    return {
      cosine: minus(cosines[j - 1].toFixed(2)), share: j > 1 ? percent(shares[j - 2]) : "–",
      gradient: brief(gradient[j - 1]), push: brief(pushes[j - 1]),
    };
  }

  wire() {
    const heat = (tau) => { this.tau = Number(tau.toPrecision(4)); };
    const say = () => ({ label: this.data.words.tau, text: fill(this.data.words.heat_value, this.said()), now: Math.log10(this.tau), min: Math.log10(LOW), max: Math.log10(HIGH) });
    this.board.logSlider(this.$("input"), { low: LOW, high: HIGH, get: () => this.tau, set: heat, say });
    this.$(".ticks").replaceChildren(...TICKS.map((tau) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = String(tau);
      button.style.left = `${(100 * Math.log(tau / LOW)) / Math.log(HIGH / LOW)}%`;
      button.onclick = () => { heat(tau); this.board.redraw(); this.board.done(0); };
      return button;
    }));
    const svg = this.$(".curves svg"), curves = this.charts.curves;
    const follow = (event) => { if (event.buttons & 1) { heat(curves.under(event)); this.board.redraw(); } };
    svg.onpointerdown = (event) => { svg.setPointerCapture(event.pointerId); follow(event); };
    svg.onpointermove = follow;
    svg.onpointerup = () => this.board.done(0);
  }

  /** Words and colours; they change with language, appearance and view. */
  write() {
    const { words, theme, view, roles } = this.data, toy = this.$(".toy");
    for (const [name, colour] of Object.entries(theme)) toy.style.setProperty(`--${name}`, colour);
    const effective = fill(words.effective, { count: roles.length - 2 });
    const labels = { "tau-name": words.tau, "effective-label": effective, "top-label": words.top, "loss-label": words.loss };
    for (const [name, text] of Object.entries(labels)) this.$(`.${name}`).textContent = text;
    this.$(".ticks").setAttribute("aria-label", words.ticks);
    this.$(".ring svg").setAttribute("aria-label", words.picture);
    for (const name of ["curves", "charge"]) this.$(`.${name} figcaption`).textContent = words[`${name}_title`];
    this.$(".bars figcaption").textContent = words[`bars_${view}`];
  }

  measure() {
    if (!this.measured) this.curves = overTemperatures(anatomyOf(this.angles, 1).cosines, GRID);
    this.now = anatomyOf(this.angles, this.tau);
    this.full = this.data.view === "share" ? 1 : niceAbove(Math.min(Math.max(...this.curves.push), MOST));
    this.measured = true;
  }

  /** Lengths of arrows and bars of the current view, the positive first. */
  values() {
    const { shares, gradient, pushes } = this.now;
    return { share: [0, ...shares], gradient: gradient.map(Math.abs), push: pushes }[this.data.view];
  }

  /** What a negative at cosine s would get, beside the ones that are there. */
  kernel(s) {
    const { tau, heap, heapAll } = this.now;
    if (this.data.view === "share") return Math.exp(s / tau - heap);
    return (Math.exp(s / tau - heapAll) / tau) * (this.data.view === "push" ? Math.sqrt(1 - s * s) : 1);
  }

  draw() {
    const before = this.full;
    this.measure();
    if (this.stale || before !== this.full) this.build();
    const { words, view, far } = this.data, { cosines, effective, shares, loss, hardest, net } = this.now, values = this.values();
    this.ring.draw({ angles: this.angles, values, full: this.full, net: view === "push" ? net : 0, hardest, words: [words.anchor, words.positive, words.hardest] });
    this.charts.bars.draw({ cosines, values, kernel: (s) => this.kernel(s) });
    if (this.drawn !== this.curves || this.stale) this.charts.curves.lines(this.curves, view !== "share");
    this.drawn = this.curves;
    this.charts.curves.cursor({ tau: this.tau, top: shares[hardest], effective });
    this.charts.charge.draw({ tau: this.tau, cosines, far });
    this.$("strong.tau").textContent = String(Number(this.tau.toPrecision(3)));
    this.$(".effective-now").textContent = effective.toFixed(2);
    this.$(".top-now").textContent = percent(shares[hardest]);
    this.$(".loss-now").textContent = loss < 0.0005 ? loss.toExponential(0) : loss.toFixed(3);
    this.point();
    this.speak();
    this.stale = false;
  }

  build() {
    const { words, roles, view } = this.data, { full } = this;
    this.charts.bars.build(roles, { full, cosine: words.cosine });
    this.charts.curves.build(roles.length - 2, { tau: words.tau_axis, top: words.top_line, effective: words.effective_line, push: words.push_line });
    this.charts.charge.build(roles, { distance: words.distance, gaussian: words.gaussian, law: words.law, part: words.part, never: words.never, width: words.width });
    this.$(".ring figcaption").textContent = fill(words[`ring_${view}`], { full: brief(full) });
    this.drawn = null;
  }

  point() {
    const j = this.chosen ?? this.now.hardest + 2, { words } = this.data;
    this.ring.choose(this.chosen);
    const what = this.chosen === null ? words.hardest_point : this.label(j);
    this.$("p.chosen").textContent = j === 0 ? words.anchor_line : fill(words.point_line, { what, ...this.facts(j) });
  }

  /** For a screen reader, once the numbers rest: they would drown it otherwise. */
  say() {
    const { words } = this.data, said = this.said();
    this.$(".spoken").textContent = fill(words.spoken, said);
    for (const name of ["bars", "curves", "charge"]) put(this.$(`.${name} svg`), "aria-label", fill(words[`${name}_alt`], said));
  }

  said() {
    const { effective, shares, hardest, cosines, loss } = this.now;
    return {
      tau: String(Number(this.tau.toPrecision(3))), effective: effective.toFixed(2), count: shares.length,
      far: (this.data.far * Math.sqrt(this.tau)).toFixed(2), width: Math.sqrt(this.tau).toFixed(2),
      cosine: minus(cosines[hardest + 1].toFixed(2)), share: percent(shares[hardest]), loss: loss.toFixed(3),
    };
  }

  stop() {
    for (const part of [this.state, this.board, this.speak]) part.stop();
    this.observer.disconnect();
  }
}

const circles = new WeakMap();

export default function ({ parentElement: root, data, setStateValue }) {
  if (!circles.has(root)) circles.set(root, new Circle(root, (text) => setStateValue("state", text)));
  circles.get(root).update(data);
  return () => { circles.get(root)?.stop(); circles.delete(root); };
}
