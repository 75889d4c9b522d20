// Every negative of one anchor with its share of the push, stretched by the temperature without a server round trip.
// The order is that of the cosines, so it never changes with τ: only the bars do.
const SHOWN = 10, DIGITS = 4;
const ladders = new WeakMap();
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
const percent = (share) => {
  if (share > 0 && share < 0.0005) return "< 0.1 %";
  return `${(100 * share).toFixed(share < 0.0995 || (share > 0.995 && share < 0.9995) ? 1 : 0)} %`;
};
const short = (value) => Number(value.toPrecision(3)).toString().replace(/e(.)(\d+)/, (all, sign, power) => ` · 10^${sign === "-" ? "−" : ""}${power}`);

/** Shares of the push, effective negatives, 1 - p⁺ and total push of one row. */
function rowAt(positive, cosines, tau) {
  const { heap, shares, entropy } = softmaxParts(cosines.map((s) => s / tau));
  const failing = sigmoid(heap - positive / tau);
  return { tau, shares, effective: Math.exp(entropy), failing, push: failing / tau };
}

class Ladder {
  constructor(root, send) {
    this.root = root.querySelector(".ladder");
    this.$ = (selector) => this.root.querySelector(selector);
    this.tau = 0.05;
    this.all = false;
    this.send = send;
    this.agreement = new Agreement((text) => send.state(text));
    this.say = spoken(this.$(".said"));
    this.board = new Board(this.root, { draw: () => this.draw(), done: (pause) => this.agreement.tell(String(this.tau), pause) });
    this.$(".more").onclick = () => { this.all = !this.all; this.build(); };
  }

  update(data) {
    const { words, colours, low, high } = data;
    const fresh = this.data === undefined;
    this.data = data;
    if (this.agreement.hear(data.state)) this.tau = Number(data.state);
    for (const [name, colour] of Object.entries(colours)) this.root.style.setProperty(`--${name}`, colour);
    this.root.setAttribute("aria-label", words.picture);
    for (const name of ["low", "high"]) this.$(`.${name}`).textContent = data[name];
    this.$(".tau .name").textContent = words.tau;
    for (const name of ["effective", "top", "push"]) this.$(`dt.${name}`).textContent = fill(words[name], { n: data.negatives.length });
    this.$(".anchor .role").textContent = words.anchor;
    this.$(".anchor .text").textContent = `${data.number} ${data.anchor}`;
    this.$(".positive .role").textContent = words.positive;
    this.$(".positive .text").textContent = fill(words.pull, { cosine: minus(data.positive.toFixed(3)) });
    this.$(".head").textContent = words.head;
    if (fresh) {
      const say = () => ({ label: words.tau, text: fill(words.said, this.spoken()), now: this.tau, min: low, max: high });
      const set = (value) => { this.tau = Number(value.toPrecision(DIGITS)); };
      this.board.logSlider(this.$("input"), { low, high, get: () => this.tau, set, say });
    }
    const told = JSON.stringify([data.negatives, words, data.positive]);
    if (told === this.told) this.board.redraw();
    else this.build();
    this.told = told;
  }

  build() {
    const { negatives, words } = this.data, inside = this.$(".rows").contains(this.root.getRootNode().activeElement);
    const shown = this.all ? negatives : negatives.slice(0, SHOWN);
    this.bars = shown.map((one) => this.row(one));
    this.$(".rows").replaceChildren(...this.bars.map(({ item }) => item));
    this.$(".rest").hidden = negatives.length <= SHOWN;
    this.$(".more").textContent = this.all ? words.fewer : fill(words.more, { n: negatives.length });
    this.$(".more").setAttribute("aria-expanded", this.all);
    this.draw();
    this.board.describe();
    if (inside) this.$(".pick").focus(); // the row that was chosen is the anchor now and no longer in the list
  }

  row({ number, text, cosine, flag }) {
    const make = (tag, name, words = "") => { const node = document.createElement(tag); node.className = name; node.textContent = words; return node; };
    const item = make("li", flag ? "false" : ""), line = make("div", "line"), pick = make("button", "pick"), share = make("span", "share");
    const track = make("div", "track"), bar = make("div", "bar"), notes = make("div", "notes");
    pick.type = "button";
    pick.title = this.data.words.pick;
    pick.append(make("span", "number", number), text);
    pick.onclick = () => this.send.anchor(number);
    line.append(pick, share);
    track.append(bar);
    notes.append(make("span", "", fill(this.data.words.cosine, { cosine: minus(cosine.toFixed(3)) })));
    if (flag) notes.append(make("span", "flag", flag));
    item.append(line, track, notes);
    return { item, bar, share };
  }

  draw() {
    const { positive, negatives, words } = this.data;
    const seen = (this.seen = rowAt(positive, negatives.map((one) => one.cosine), this.tau));
    this.bars.forEach(({ bar, share }, k) => {
      bar.style.width = `${100 * seen.shares[k]}%`;
      share.textContent = percent(seen.shares[k]);
    });
    const rest = seen.shares.slice(this.bars.length).reduce((sum, r) => sum + r, 0);
    this.$(".rest .text").textContent = this.all ? "" : fill(words.rest, { n: negatives.length - this.bars.length, share: percent(rest) });
    this.$(".tau .value").textContent = `τ = ${short(this.tau)}`;
    const { effective, top, push } = this.spoken();
    for (const [name, value] of Object.entries({ effective, top, push })) this.$(`dd.${name}`).textContent = value;
    this.root.dataset.numbers = JSON.stringify(seen);
    this.say(fill(words.said, this.spoken()));
  }

  spoken() {
    const { tau, effective, shares, push } = this.seen;
    return { tau: short(tau), effective: effective.toFixed(1), top: percent(shares[0]), push: short(push) };
  }

  stop() {
    this.board.stop();
    this.agreement.stop();
    this.say.stop();
  }
}

export default function ({ data, parentElement: root, setStateValue, setTriggerValue }) {
  const send = { state: (text) => setStateValue("tau", text), anchor: (number) => setTriggerValue("anchor", number) };
  if (!ladders.has(root)) ladders.set(root, new Ladder(root, send));
  const ladder = ladders.get(root);
  ladder.send.state = send.state;
  ladder.send.anchor = send.anchor;
  ladder.update(data);
  return () => { ladders.get(root)?.stop(); ladders.delete(root); };
}
