// One recorded run, scrubbed in the browser: histogram, plane, sphere and one pair move together.
// Between two saved steps the pictures are interpolated; a released slider rests on a saved step.
const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

class Story {
  constructor(root, data, report) {
    this.report = report;
    this.kind = data.examples.findIndex((one) => one.kind === "paraphrase");
    this.$ = (selector) => root.querySelector(selector);
    this.sphere = new Sphere(this.$("canvas"), this.$(".hover"));
    this.update(data);
    this.wire();
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.$(".panels"));
  }

  update(data) {
    const first = this.data === undefined;
    this.data = data;
    this.sphere.update(data);
    if (first || data.at !== this.known) this.at = this.known = data.at;
    this.label();
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
    const input = this.$("input");
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
    drawHistogram(this.$(".histogram svg"), this.data, this.at, this.kind);
    drawPlane(this.$(".plane svg"), this.data, this.at);
    this.sphere.draw(this.at);
    this.pair();
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

const instances = new WeakMap();

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
