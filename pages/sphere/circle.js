// Drag pairs on a circle, or play their way downhill; everything is recomputed here, Python hears of it on release.
const LOW = 0.02, HIGH = 10, PACE = 60; // steps a second
const TRAIL = 80;
const CROWD = 20; // more points than this share one tab stop
const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

class Circle {
  constructor(root, send) {
    this.$ = (selector) => root.querySelector(selector);
    this.state = new Agreement(send);
    this.board = new Board(this.$(".ring svg"), { draw: () => this.draw(), done: (pause) => this.state.tell(this.text(), pause) });
    this.speak = spoken(this.$(".spoken"));
    this.ring = new Ring(this.$(".ring svg"));
    this.charts = { plane: new Plane(this.$(".plane svg")), parts: new Parts(this.$(".parts svg")), curves: new Curves(this.$(".curves svg")) };
    this.$(".toy").numbers = () => ({ ...this.now, angles: this.shown(), tau: this.tau, step: this.step });
    this.observer = new ResizeObserver(() => { this.stale = true; this.board.redraw(); });
    this.wire();
  }

  /** What Python says: scene, state, path, words, palette. */
  update(data) {
    const old = this.data;
    this.data = data;
    const other = old?.scene !== data.scene || old?.pairs !== data.pairs, news = this.state.hear(data.state);
    if (news || other) this.adopt();
    if (other || old?.mode !== data.mode) this.people();
    if (data.path?.key !== old?.path?.key) this.restart();
    this.write();
    this.stale = true;
    this.board.redraw();
    if (!old) this.observer.observe(this.$(".panels"));
  }

  adopt() {
    this.tau = this.data.tau;
    this.angles = [...this.data.angles];
    this.moved = new Set(this.data.moved);
    this.trail = [];
  }

  restart() {
    this.pause();
    this.step = 0;
  }

  get flowing() { return this.data.mode === "flow" && this.data.path; }

  shown() { return this.flowing ? this.data.path.angles[this.step] : this.angles; }

  /** The state as Python reads it: scene, temperature, and every point that is not where its scene put it. */
  text() {
    const moved = [...this.moved].sort((a, b) => a - b).map((k) => `${k}:${this.angles[k]}`);
    return `${this.data.scene}.${this.data.pairs} ${this.tau} ${moved.join("_")}`.trim();
  }

  people() {
    const { marks, words, mode } = this.data, n = marks.length;
    this.ring.build(marks);
    this.board.clear();
    if (mode === "flow") return;
    this.ring.marks.forEach((mark, k) => {
      const rail = circleRail({ home: () => this.angles[k < n ? k + n : k - n] }), radius = this.ring.radius(k);
      this.board.grip(mark, {
        rail: { ...rail, key: rail.key, at: (angle) => rail.at(angle).map((part) => part * radius) },
        get: () => this.angles[k],
        set: (angle) => this.turn(k, angle),
        say: () => ({ label: fill(words[k < n ? "anchor" : "positive"], { index: (k % n) + 1 }), text: `${minus(this.angles[k])}°`, now: this.angles[k], min: -180, max: 180 }),
      });
      if (2 * n > CROWD && k > 0) mark.setAttribute("tabindex", "-1");
      if (2 * n > CROWD) mark.addEventListener("keydown", (event) => this.roam(k, event.key));
    });
  }

  /** In a crowd, n and p carry the focus to the next and the previous point. */
  roam(k, key) {
    const step = { n: 1, p: -1 }[key], marks = this.ring.marks;
    if (step) marks.at((k + step + marks.length) % marks.length).focus();
  }

  /** Move a point; where pairs stay together, its partner goes along. */
  turn(k, angle) {
    const n = this.data.marks.length, partner = k < n ? k + n : k - n, by = angle - this.angles[k];
    this.angles[k] = angle;
    this.moved.add(k);
    if (!this.data.joined) return;
    this.angles[partner] = tidyDegrees(this.angles[partner] + by, 0.1);
    this.moved.add(partner);
  }

  wire() {
    const say = () => ({ label: this.data.words.tau, text: String(this.tau), now: Math.log10(this.tau), min: Math.log10(LOW), max: Math.log10(HIGH) });
    this.board.logSlider(this.$(".heat"), { low: LOW, high: HIGH, get: () => this.tau, set: (tau) => { this.tau = Number(tau.toPrecision(3)); this.stale = true; }, say });
    this.$(".play").onclick = () => (this.playing ? this.pause() : this.play());
    this.$(".back").onclick = () => { this.pause(); this.go(this.step - 1); };
    this.$(".on").onclick = () => { this.pause(); this.go(this.step + 1); };
    this.$(".scrub").oninput = (event) => { this.pause(); this.go(Number(event.target.value)); };
  }

  get last() { return this.flowing ? this.data.path.angles.length - 1 : 0; }

  go(step) {
    this.step = clamp(step, 0, this.last);
    this.board.redraw();
  }

  play() {
    if (calm()) return this.go(this.last);
    if (this.step === this.last) this.step = 0;
    const from = this.step, start = performance.now();
    this.playing = true;
    const tick = (now) => {
      if (!this.playing) return;
      this.go(from + Math.floor(((now - start) / 1000) * PACE));
      if (this.step === this.last) return this.pause();
      this.frame = requestAnimationFrame(tick);
    };
    this.frame = requestAnimationFrame(tick);
    this.name();
  }

  pause() {
    this.playing = false;
    cancelAnimationFrame(this.frame);
    if (this.data) this.name();
  }

  name() {
    const { words } = this.data;
    this.$(".play").textContent = words[this.playing ? "pause" : "play"];
  }

  /** Words and colours; they change with language, appearance and view. */
  write() {
    const { words, theme, mode, other } = this.data, toy = this.$(".toy");
    for (const [name, colour] of Object.entries(theme)) toy.style.setProperty(`--${name}`, colour);
    toy.classList.toggle("flow", mode === "flow");
    toy.classList.toggle("other", Boolean(other));
    this.$(".tau-name").textContent = words.tau;
    this.$(".loss-name").textContent = other || words.loss;
    for (const name of ["plane", "parts", "curves"]) this.$(`.${name} figcaption`).textContent = words[`${name}_title`];
    this.$(".ring figcaption").textContent = words[mode === "flow" ? "ring_flow" : "ring_drag"];
    this.$(".ring svg").setAttribute("aria-label", words.picture);
    this.$(".verbs").setAttribute("aria-label", words.verbs);
    for (const [name, text] of [["back", words.back], ["on", words.on], ["scrub", words.scrub]]) this.$(`.${name}`).setAttribute("aria-label", text);
    this.name();
  }

  draw() {
    const { data } = this, flow = this.flowing, angles = this.shown();
    this.step = flow ? clamp(this.step ?? 0, 0, this.last) : 0;
    this.now = { ...measured(angles, this.tau) };
    if (data.other && flow) this.now.loss = data.path.loss[this.step];
    if (this.stale) this.build();
    const at = [this.now.alignment, this.now.uniformity];
    if (!flow) this.trail = [...this.trail, at].slice(-TRAIL);
    const trail = flow ? data.path.alignment.slice(0, this.step + 1).map((a, i) => [a, data.path.uniformity[i]]) : this.trail;
    const reach = data.other ? 0 : data.pairs * this.tau * 0.7; // the steepest pull is 1/(Nτ)
    this.ring.draw(angles, this.now.slopes, reach);
    this.charts.plane.draw(this.now, trail, !flow);
    this.charts.parts.draw(this.now);
    if (flow) this.follow();
    this.$("strong.tau").textContent = String(this.tau);
    this.$(".loss-now").textContent = minus(this.now.loss.toFixed(3));
    this.$(".loss-even").textContent = data.other ? "" : fill(data.words.loss_even, this.said());
    this.speak(fill(data.words.spoken, this.said()));
    for (const name of ["plane", "parts", "curves"]) this.$(`.${name} svg`).setAttribute("aria-label", fill(data.words[`${name}_alt`], this.said()));
    this.stale = false;
  }

  follow() {
    this.charts.curves.draw(this.step);
    Object.assign(this.$(".scrub"), { max: this.last, value: this.step });
    this.$(".scrub").setAttribute("aria-valuetext", fill(this.data.words.at_step, { step: this.step, last: this.last }));
    this.$(".step").textContent = fill(this.data.words.at_step, { step: this.step, last: this.last });
  }

  build() {
    const { limits, floor, even, chance, pairs, words, path } = this.data;
    this.charts.plane.build({ limits, floor, even, chance, words: { ...words, floor: fill(words.floor, { count: pairs, value: minus(floor.toFixed(3)) }) } });
    this.charts.parts.build({ tau: this.tau, pairs, words: { ...words, log_count: fill(words.log_count, { count: pairs, value: Math.log(pairs).toFixed(2) }) } });
    if (this.flowing) this.charts.curves.build({ path, words });
  }

  said() {
    const { pull, spread, loss, alignment, uniformity } = this.now, show = (value, digits) => minus(value.toFixed(digits));
    return {
      pull: show(pull, 2), spread: show(spread, 2), loss: show(loss, 3), alignment: show(alignment, 3), uniformity: show(uniformity, 3),
      excess: show(loss - Math.log(this.data.pairs), 3), step: this.step,
    };
  }

  stop() {
    this.pause();
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
