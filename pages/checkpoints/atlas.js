// A map of sentences over training steps: scrubbed, searched, pinned and selected here; every step is in the browser
// already. A released slider rests on a saved step, and Python hears of step, pin and selection then.
class Atlas {
  constructor(root, send) {
    this.root = root.querySelector(".atlas");
    this.$ = (selector) => this.root.querySelector(selector);
    this.agreement = new Agreement(send);
    this.redraw = oncePerFrame(() => this.draw());
    this.say = spoken(this.$(".said"));
    this.chosen = new Set(); // selected rows: sentences, whatever step is shown
    this.picking = false; // dragging draws an outline
    this.panes = ["one", "two"].map((name) => new Pane(this.$(`.${name}`), this));
    this.matches = [];
    this.zoom = 1;
    this.fit = false; // one scale for all steps, or each step as large as it goes
    this.at = this.row = 0;
    this.wire();
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(this.$(".panes"));
  }

  wire() {
    const slider = this.$("input[type=range]"), search = this.$("input[type=search]");
    slider.oninput = () => { this.halt(); this.at = Number(slider.value); this.redraw(); };
    slider.onchange = () => this.rest(Math.round(this.at), 0);
    slider.onkeydown = (event) => {
      const moves = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 3, PageDown: -3, Home: -1e9, End: 1e9 };
      if (!(event.key in moves)) return;
      event.preventDefault();
      this.halt();
      this.rest(Math.round(this.at) + moves[event.key], SETTLE);
    };
    this.$(".first").onclick = () => this.play(0);
    this.$(".last").onclick = () => this.play(this.data.steps.length - 1);
    this.$(".in").onclick = () => this.magnify(2);
    this.$(".out").onclick = () => this.magnify(0.5);
    this.$(".fit").onclick = () => { this.fit = !this.fit; this.redraw(); };
    search.oninput = () => this.seek();
    search.onkeydown = (event) => { if (event.key === "Enter") this.next(); };
    this.$(".next").onclick = () => this.next();
    this.$(".hits").onclick = () => this.choose(this.matches);
    this.$(".select").onclick = () => { this.picking = !this.picking; this.redraw(); };
    this.$(".clear").onclick = () => { this.choose([]); this.$(".select").focus(); };
    this.root.onkeydown = (event) => { if (event.key === "Escape" && event.target !== search) this.escape(); };
  }

  /** What Python says: clouds, neighbours, words, palette, and the step and pin it holds. */
  update(data) {
    this.data = data;
    this.theme = data.theme;
    this.n = data.texts.length;
    if (data.id !== this.id) {
      this.points = new Int16Array(bytes(data.points));
      this.lists = new Uint16Array(bytes(data.neighbours));
      this.box = boxOf(this.points);
      this.id = data.id;
    }
    if (this.agreement.hear(data.state)) {
      const [step, row, chosen] = data.state.split("|");
      this.halt();
      this.at = Math.max(0, data.steps.indexOf(Number(step)));
      this.row = Number(row);
      this.chosen = new Set(chosen ? rowsOf(chosen, this.n) : []);
    }
    this.at = clamp(this.at, 0, data.steps.length - 1);
    this.row = clamp(this.row, 0, this.n - 1);
    this.chosen = new Set([...this.chosen].filter((row) => row < this.n));
    this.order = data.groups.map((group, row) => [group, row]).sort((a, b) => a[0] - b[0]).map(([, row]) => row); // marked ones on top
    this.label();
    this.seek();
    this.redraw();
  }

  label() {
    const { words, steps, scrub, beside, theme } = this.data;
    for (const name of ["after", "muted"]) this.root.style.setProperty(`--${name}`, theme[name]);
    this.root.classList.toggle("double", beside !== null);
    for (const name of [".verbs", ".scrub"]) this.$(name).hidden = !scrub;
    this.panes[1].figure.hidden = beside === null;
    for (const name of ["first", "last", "next", "fit", "select", "clear", "hits"]) this.$(`.${name}`).textContent = words[name];
    this.$(".scrub-label").textContent = words.step;
    for (const name of ["fit", "select"]) this.$(`.${name}`).title = words[`${name}_help`];
    this.$(".in").setAttribute("aria-label", words.zoom_in);
    this.$(".out").setAttribute("aria-label", words.zoom_out);
    this.$("input[type=range]").max = steps.length - 1;
    this.$("input[type=search]").placeholder = words.search;
    this.$("input[type=search]").setAttribute("aria-label", words.search);
    this.legend();
  }

  legend() {
    const { names, stops, low, high, theme, words } = this.data, items = [];
    const glyph = (mark, colour, edge) => {
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      svg.setAttribute("viewBox", "-1.6 -1.6 3.2 3.2");
      svg.setAttribute("aria-hidden", "true");
      path.setAttribute("d", MARKS[mark]);
      path.setAttribute("style", `fill: ${colour}; stroke: ${edge}; stroke-width: .2`);
      svg.append(path);
      return svg;
    };
    const item = (...parts) => { const li = document.createElement("li"); li.append(...parts); items.push(li); };
    item(glyph("star", theme.text, theme.text), words.pinned);
    names.forEach((name, group) => item(glyph(LOOKS[group][1], theme[LOOKS[group][0]], LOOKS[group][0] === "negative" ? theme.outline : "none"), name));
    if (names.length) item(glyph("circle", theme.noise, "none"), words.others);
    if (this.chosen.size) item(glyph("circle", "none", theme.text), words.selected);
    if (stops) {
      const bar = document.createElement("span");
      bar.className = "ramp";
      bar.style.background = `linear-gradient(90deg, ${stops.join(",")})`;
      item(low, bar, high);
    }
    this.$(".legend").replaceChildren(...items);
  }

  /** How a point is drawn; beside selected ones the others fade. */
  look(row) {
    const look = this.plain(row);
    return this.chosen.size && !this.chosen.has(row) ? { ...look, alpha: 0.3 * look.alpha, edge: null } : look;
  }

  plain(row) {
    const { groups, values, stops, theme } = this.data, group = groups[row];
    if (stops) return { colour: ramp(stops, values[row] / 255), mark: "circle", size: 3.6, alpha: 0.9 };
    if (group < 0) return { colour: theme.noise, mark: "circle", size: 2.6, alpha: 0.45 };
    const [role, mark] = LOOKS[group];
    return { colour: theme[role], mark, size: 4, alpha: 0.95, edge: role === "negative" ? theme.outline : null };
  }

  near(at) {
    const { k, kept } = this.data, start = (at * this.n + this.row) * kept;
    return this.lists.subarray(start, start + k);
  }

  draw() {
    const { data } = this, now = Math.round(this.at), slider = this.$("input[type=range]");
    slider.value = this.at;
    slider.setAttribute("aria-valuetext", `${data.words.step} ${data.labels[now]}`);
    this.$(".first").setAttribute("aria-pressed", this.at === 0);
    this.$(".last").setAttribute("aria-pressed", this.at === data.steps.length - 1);
    this.$(".fit").setAttribute("aria-pressed", this.fit);
    this.selection();
    const shown = [this.at, data.beside].slice(0, data.beside === null ? 1 : 2);
    shown.forEach((at, i) => {
      this.panes[i].draw(this, at);
      this.panes[i].figure.querySelector("figcaption").textContent = data.beside === null ? "" : this.title(Math.round(at));
      this.panes[i].canvas.setAttribute("aria-label", `${data.words.picture} ${this.title(Math.round(at))}. ${data.texts[this.row]}`);
    });
    this.numbers(now);
    this.tell(this.shown ?? this.row, this.shown === undefined ? data.words.pinned : "");
  }

  selection() {
    const { chosen, picking } = this, count = this.$(".count"), words = this.data.words.count.replace("{count}", chosen.size);
    this.$(".select").setAttribute("aria-pressed", picking);
    this.root.classList.toggle("picking", picking);
    this.$(".clear").hidden = !chosen.size;
    if (count.textContent !== (chosen.size ? words : "")) count.textContent = chosen.size ? words : "";
  }

  title(at) { return this.data.scrub ? `${this.data.words.step} ${this.data.labels[at]}` : this.data.labels[at]; }

  numbers(now) {
    const { words, shares, trust, subjects, scrub, labels } = this.data, near = [...this.near(now)];
    const own = near.filter((row) => subjects[row] === subjects[this.row]).length;
    const percent = (share) => share === null ? "–" : `${(100 * share).toFixed(0)} %`;
    const cells = [[words.own, `${own} / ${near.length}`], [words.kept, percent(shares[now])], [words.trust, trust[now] === null ? "–" : trust[now].toFixed(2)]];
    if (scrub) cells.unshift([words.step, labels[now]]);
    this.$(".numbers").replaceChildren(...cells.map(([name, value]) => {
      const cell = document.createElement("div"), term = document.createElement("dt"), number = document.createElement("dd");
      term.textContent = name;
      number.textContent = value;
      cell.append(term, number);
      return cell;
    }));
  }

  tell(row, before) {
    const { texts, subjects } = this.data, text = `${before ? `${before}: ` : ""}${texts[row]} (${subjects[row]})`;
    this.$(".hover").textContent = text;
    if (before) this.say(text);
  }

  /** The sentence under the pointer, in both maps. */
  point(row) {
    if (row === this.shown) return;
    this.shown = row;
    this.redraw();
  }

  pin(row, pause) {
    this.row = row;
    this.shown = undefined;
    this.redraw();
    this.send(pause);
  }

  rest(at, pause) {
    this.at = clamp(at, 0, this.data.steps.length - 1);
    this.redraw();
    this.send(pause);
  }

  choose(rows) {
    this.chosen = new Set(rows);
    this.legend();
    this.redraw();
    this.send(0);
  }

  /** An unfinished outline goes first, then what is selected. */
  escape() {
    const open = this.panes.find((pane) => pane.outline.spots);
    if (open) open.outline.drop();
    else if (this.chosen.size) this.choose([]);
  }

  /** Nothing moves while somebody draws. */
  still() {
    this.halt();
    this.at = Math.round(this.at);
    this.point(undefined);
    this.redraw();
  }

  send(pause) {
    const parts = [this.data.steps[Math.round(this.at)], this.row];
    if (this.chosen.size) parts.push(textOf(this.chosen, this.n));
    this.agreement.tell(parts.join("|"), pause);
  }

  magnify(by) {
    this.zoom = clamp(this.zoom * by, 1, 64);
    this.redraw();
  }

  seek() {
    const wanted = this.$("input[type=search]").value.trim().toLocaleLowerCase(), { texts, words } = this.data;
    this.matches = wanted ? [...texts.keys()].filter((row) => texts[row].toLocaleLowerCase().includes(wanted)) : [];
    for (const name of [".next", ".hits"]) this.$(name).hidden = !this.matches.length;
    this.$(".found").textContent = wanted ? words.found.replace("{count}", this.matches.length) : "";
    this.redraw();
  }

  next() {
    if (this.matches.length) this.pin(this.matches.find((row) => row > this.row) ?? this.matches[0], SETTLE);
  }

  halt() { cancelAnimationFrame(this.frame); }

  play(to) {
    this.halt();
    if (calm()) return this.rest(to, 0);
    const from = this.at, start = performance.now(), length = 1800 * Math.abs(to - from) / Math.max(1, this.data.steps.length - 1);
    const tick = (now) => {
      const share = length ? Math.min(1, (now - start) / length) : 1;
      if (share === 1) return this.rest(to, 0);
      this.at = from + (to - from) * share * share * (3 - 2 * share);
      this.redraw();
      this.frame = requestAnimationFrame(tick);
    };
    this.frame = requestAnimationFrame(tick);
  }

  stop() {
    this.halt();
    for (const part of [this.agreement, this.redraw, this.say]) part.stop();
    this.observer.disconnect();
  }
}

const atlases = new WeakMap();

export default function ({ parentElement: root, data, setStateValue }) {
  if (!atlases.has(root)) atlases.set(root, new Atlas(root, (state) => setStateValue("state", state)));
  atlases.get(root).update(data);
  return () => { atlases.get(root)?.stop(); atlases.delete(root); };
}
