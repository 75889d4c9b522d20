// Who is pulled and who is pushed: the matrix of a batch, one row of it taken apart, and the lines of the loss.
// Row, temperature, view and step live here and are told to Python on release; every number is computed at once.
const boards = new WeakMap();
const FIELDS = ["row", "tau", "view", "step"];

class BatchBoard {
  constructor(root, send) {
    this.root = root.querySelector(".board");
    this.$ = (selector) => this.root.querySelector(selector);
    this.state = {};
    this.column = null; // the candidate under the pointer or the keys
    this.agreement = new Agreement(send);
    this.redraw = oncePerFrame(() => this.draw());
    this.say = spoken(this.$(".said"));
    const slider = this.$(".tau input");
    slider.oninput = () => this.set({ tau: this.data.ladder[Number(slider.value)] }, null);
    slider.onchange = () => this.tell(0);
    this.$("tbody").onkeydown = (event) => this.key(event);
    this.$(".matrix").onpointerleave = (event) => { if (event.pointerType === "mouse") this.point(null); }; // a finger leaves when it lifts
  }

  text() { return FIELDS.map((name) => this.state[name]).join("|"); }

  tell(pause) { this.agreement.tell(this.text(), pause); }

  /** Change the state; Python hears of it after `pause` ms, or on release where it is null. */
  set(change, pause = SETTLE) {
    Object.assign(this.state, change);
    this.redraw();
    if (pause !== null) this.tell(pause);
  }

  update(data) {
    const { words, theme } = data;
    this.data = data;
    if (this.agreement.hear(data.state)) {
      const [row, tau, view, step] = data.state.split("|");
      this.state = { row, tau: Number(tau), view, step };
    }
    for (const name of ["positive", "hard", "background", "muted"]) this.root.style.setProperty(`--${name}`, theme[name]);
    this.root.style.setProperty("--amber", theme.name === "light" ? theme.outline : theme.negative); // amber is too pale for signs on white
    this.root.setAttribute("aria-label", words.picture);
    this.$(".tau .name").textContent = words.tau;
    this.$(".tau input").max = data.ladder.length - 1;
    this.$(".tau input").setAttribute("aria-label", words.tau);
    for (const name of ["loss", "share", "pull"]) this.$(`dt.${name}`).textContent = words[name];
    for (const name of ["who", "cosine", "chance", "slope"]) this.$(`.head .${name}`).textContent = words[`head_${name}`];
    this.$(".code .heading").textContent = words.code;
    this.$(".note.arrows").textContent = words.arrows;
    const built = JSON.stringify([data.columns, data.texts, data.code, words]); // numbers may change in place
    if (built !== this.built) this.build();
    this.built = built;
    this.redraw();
  }

  build() {
    const { rows, columns, roles, code, steps, words } = this.data, hard = roles[0].map((role) => role === "hard");
    this.root.classList.toggle("dense", columns.length > 8);
    const head = make("tr");
    head.append(make("td", "corner"), ...columns.map((name, j) => {
      const cell = make("th", hard[j] ? "hard" : "");
      cell.scope = "col";
      if (hard[j]) cell.append(make("span", "mark", `${MARKS.hard} `));
      cell.append(make("span", "name", name));
      return cell;
    }));
    head.firstChild.append(make("span", "hidden", words.corner));
    this.$("thead").replaceChildren(head);
    this.lines = rows.map((name, i) => this.line(name, i));
    this.$("tbody").replaceChildren(...this.lines.map(({ row }) => row));
    pressable(this.$(".views"), ["cosine", "push"], { cosine: words.view_cosine, push: words.view_push }, (view) => this.set({ view }, 0));
    pressable(this.$(".steps"), steps.map(({ name }) => name), Object.fromEntries(steps.map(({ name, title }) => [name, title])), (step) => this.set({ step }, 0));
    this.$("pre code").replaceChildren(...code.map((text) => make("span", "code", text || " ")));
    this.shown = null;
    this.column = null;
    const kinds = ["positive", "negative", "hard", "itself"].filter((role) => roles.some((line) => line.includes(role)));
    this.$(".key").replaceChildren(...kinds.map((role) => {
      const one = make("span", role);
      one.append(make("span", "mark", `${MARKS[role]} `), words[`role_${role}`]);
      return one;
    }));
  }

  line(name, i) {
    const row = make("tr"), head = make("th"), button = make("button", "", name);
    head.scope = "row";
    button.type = "button";
    button.title = this.data.row_texts[i];
    head.append(button);
    const cells = this.data.columns.map((column, j) => {
      const role = this.data.roles[i][j], cell = make("td", role);
      if (role === "hard" && j === this.data.rows.length + i) cell.classList.add("own");
      cell.append(make("span"));
      cell.onpointerenter = () => this.point(j, i);
      return cell;
    });
    row.onclick = () => { button.focus({ preventScroll: true }); this.set({ row: name }, 0); };
    row.append(head, ...cells);
    return { row, button, cells };
  }

  /** Read one candidate of a row. */
  point(column, row = this.hover) {
    this.hover = row;
    this.column = column;
    this.redraw();
  }

  /** Up and down pick another row, left and right another candidate of it. */
  key(event) {
    const { rows, columns } = this.data, at = this.at();
    const moves = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: rows.length - 1 };
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key in moves) {
      const to = clamp(moves[event.key], 0, rows.length - 1);
      this.lines[to].button.focus();
      this.hover = to;
      this.set({ row: rows[to] });
    } else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const way = event.key === "ArrowLeft" ? -1 : 1;
      this.point(this.column === null ? (way > 0 ? 0 : columns.length - 1) : (this.column + way + columns.length) % columns.length, at);
    } else return;
    event.preventDefault();
  }

  at() { return Math.max(0, this.data.rows.indexOf(this.state.row)); }

  draw() {
    const { cosines, positives } = this.data, { tau, view, step } = this.state;
    this.rows = cosines.map((row, i) => rowOf(row, positives[i], tau));
    this.root.dataset.step = step;
    press(this.$(".views"), view);
    press(this.$(".steps"), step);
    this.drawMatrix();
    this.drawRow();
    this.drawCode();
    const at = this.at();
    this.root.dataset.numbers = JSON.stringify({ row: this.data.rows[at], tau, ...this.rows[at] });
  }

  drawMatrix() {
    const { theme, roles, cosines, words } = this.data, { tau, view, step } = this.state, at = this.at();
    const blank = channels(theme.background), divided = step === "divide";
    this.lines.forEach(({ row, button, cells }, i) => {
      row.classList.toggle("picked", i === at);
      button.tabIndex = i === at ? 0 : -1;
      button.setAttribute("aria-pressed", String(i === at));
      cells.forEach((cell, j) => {
        cell.classList.toggle("under", this.column === j && this.hover === i);
        const role = roles[i][j], share = role === "positive" ? 1 : this.rows[i].shares[j], [number] = cell.children;
        if (role === "itself") { number.textContent = "−∞"; return; }
        const colour = view === "cosine" ? onScale(theme.diverging, cosines[i][j]) : mixed(blank, channels(theme[role]), share);
        const shown = view === "push" ? (role === "positive" ? words.cell_pull : whole(share)) : divided ? short(cosines[i][j] / tau) : minus(cosines[i][j].toFixed(2));
        number.textContent = shown;
        cell.style.background = asText(colour);
        cell.style.color = inkOn(colour);
      });
    });
    this.$(".detail").textContent = this.detail();
  }

  detail() {
    const { words, rows, columns, roles, cosines } = this.data, i = this.hover, j = this.column;
    if (j === null || i === undefined || !this.lines[i]) return words.hint;
    if (roles[i][j] === "itself") return fill(words.detail_itself, { row: rows[i] });
    const { probabilities, slopes } = this.rows[i];
    const values = { row: rows[i], column: columns[j], cosine: minus(cosines[i][j].toFixed(3)), share: percent(probabilities[j]), slope: signed(slopes[j], short(Math.abs(slopes[j]))) };
    return fill(words[`detail_${roles[i][j]}`], values);
  }

  drawRow() {
    const { words, rows, columns, texts, row_texts, roles, cosines, steepness, ladder, theme } = this.data, at = this.at(), seen = this.rows[at];
    if (this.shown !== at) {
      this.candidates = columns.map((name, j) => candidateLine(name, texts[j], roles[at][j]));
      this.$(".candidates").replaceChildren(...this.candidates.map(({ item }) => item));
      this.shown = at;
    }
    this.$(".row .title").textContent = fill(words.row_title, { row: rows[at], text: row_texts[at] });
    const slider = this.$(".tau input"), tau = this.state.tau;
    slider.value = ladder.indexOf(tau);
    slider.setAttribute("aria-valuetext", `${tau}`);
    this.$(".tau .value").textContent = `τ = ${tau}`;
    const positive = this.data.positives[at], idle = steepness[at] < 1e-6;
    this.candidates.forEach((parts, j) => {
      const role = roles[at][j], masked = role === "itself", share = masked ? 0 : seen.probabilities[j];
      parts.item.classList.toggle("under", this.column === j && this.hover === at);
      parts.cosine.textContent = masked ? "−∞" : minus(cosines[at][j].toFixed(3));
      parts.number.textContent = masked ? "0" : percent(share);
      parts.bar.style.width = `${100 * share}%`;
      parts.item.style.setProperty("--fill", masked ? "transparent" : theme[role]);
      parts.item.style.setProperty("--edge", role === "negative" ? theme.outline : masked ? "transparent" : theme[role]);
      const way = j === positive ? "pull" : "push";
      parts.arrow.className = `arrow ${way}${j === positive && idle ? " idle" : ""}`;
      parts.arrow.hidden = masked;
      parts.arrow.style.width = `calc(${43 * (j === positive ? 1 : seen.shares[j])}%)`;
      parts.slope.className = `number ${way}`;
      parts.slope.textContent = masked ? "" : signed(seen.slopes[j], short(Math.abs(seen.slopes[j])));
    });
    this.$("dd.loss").textContent = short(seen.loss);
    this.$("dd.share").textContent = percent(seen.probabilities[positive]);
    this.$("dd.pull").textContent = short(seen.pull);
    this.$(".note.idle").textContent = idle ? fill(words.idle, { column: columns[positive] }) : "";
    this.say(fill(words.spoken, { row: rows[at], positive: columns[positive], share: percent(seen.probabilities[positive]), loss: short(seen.loss), tau }));
  }

  drawCode() {
    const { steps, cosines, positives } = this.data, { tau } = this.state, at = this.at(), seen = this.rows[at];
    const step = steps.find(({ name }) => name === this.state.step) ?? steps[0], lines = new Set(step.lines), s = cosines[at][positives[at]];
    [...this.$("pre code").children].forEach((line, i) => line.classList.toggle("marked", lines.has(i)));
    const values = { row: this.data.rows[at], positive: this.data.columns[positives[at]], label: positives[at], cosine: minus(s.toFixed(3)), tau, logit: short(s / tau), share: percent(seen.probabilities[positives[at]]), loss: short(seen.loss) };
    this.$("p.step").textContent = fill(step.text, values);
  }

  stop() {
    this.redraw.stop();
    this.agreement.stop();
    this.say.stop();
  }
}

export default function ({ data, parentElement: root, setStateValue }) {
  if (!boards.has(root)) boards.set(root, new BatchBoard(root, (text) => setStateValue("state", text)));
  boards.get(root).update(data);
  return () => { boards.get(root)?.stop(); boards.delete(root); };
}
