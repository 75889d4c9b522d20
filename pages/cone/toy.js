// Two basis arrows to pull and turn; a and b keep their coordinates, so they move with the basis.
const LOW = 0.4, HIGH = 1.2, TURN = 5, STRETCH = 0.1;
const STRAIGHT = { first: { length: 1, angle: 0 }, second: { length: 1, angle: 90 } };
const arrow = ({ length, angle }) => [length * Math.cos(toRadians(angle)), length * Math.sin(toRadians(angle))];
const mix = (c, e1, e2) => [c[0] * e1[0] + c[1] * e2[0], c[0] * e1[1] + c[1] * e2[1]];
const dot = (p, q) => p[0] * q[0] + p[1] * q[1];
const cosine = (p, q) => dot(p, q) / Math.max(Math.hypot(...p) * Math.hypot(...q), 1e-9);
const fixed = (x) => (Math.abs(x) < 0.005 ? 0 : x).toFixed(2).replace("-", "−");
const textOf = (basis) => JSON.stringify(basis, ["first", "second", "length", "angle"]); // in this order, whoever wrote it

/** Where the tip of an arrow may go: any direction, at a length from LOW to HIGH; its value { length, angle }. */
const arrowRail = (straight) => {
  const sized = (length) => clamp(toStep(length, 0.05), LOW, HIGH);
  return {
    at: arrow,
    nearest: ([x, y]) => ({ length: sized(Math.hypot(x, y)), angle: tidyDegrees(toDegrees(Math.atan2(y, x)), 1) }),
    key({ length, angle }, key, fine) {
      const turn = fine ? 1 : TURN, more = fine ? STRETCH / 2 : STRETCH;
      const steps = { ArrowLeft: [0, turn], ArrowRight: [0, -turn], ArrowUp: [more, 0], ArrowDown: [-more, 0], PageUp: [3 * more, 0], PageDown: [-3 * more, 0] };
      if (!steps[key]) return straight; // Home and End
      return { length: sized(length + steps[key][0]), angle: wrapDegrees(angle + steps[key][1]) };
    },
  };
};

function line(element, from, to) {
  element.setAttribute("x1", from[0]); element.setAttribute("y1", -from[1]);
  element.setAttribute("x2", to[0]); element.setAttribute("y2", -to[1]);
}

function strokes(group, lines) {
  group.replaceChildren(...lines.map(([from, to, name, colour]) => {
    const one = document.createElementNS("http://www.w3.org/2000/svg", "line");
    line(one, from, to);
    if (name) one.setAttribute("class", name);
    if (colour) one.style.stroke = colour;
    return one;
  }));
}

function place(element, at, away = 1) {
  element.setAttribute("x", at[0] * away); element.setAttribute("y", -at[1] * away);
}

class Toy {
  constructor(root, send) {
    this.$ = (selector) => root.querySelector(selector);
    this.state = new Agreement((text) => send(JSON.parse(text)));
    this.board = new Board(this.$("svg"), { draw: () => this.draw(), done: (pause) => this.state.tell(textOf(this.basis), pause) });
    for (const name of Object.keys(STRAIGHT)) this.grip(name);
    this.$(".straight").onclick = () => { this.basis = { ...STRAIGHT }; this.board.redraw(); this.board.done(0); };
  }

  grip(name) {
    this.board.grip(this.$(`.grip.${name}`), {
      rail: arrowRail(STRAIGHT[name]),
      get: () => this.basis[name],
      set: (value) => { this.basis = { ...this.basis, [name]: value }; },
      say: () => {
        const { words } = this.data, { length, angle } = this.basis[name], now = Math.round(angle);
        return { label: words[name], text: `${words.length} ${length.toFixed(1)}, ${words.angle} ${now}°`, now, min: -180, max: 180 };
      },
    });
  }

  /** What Python says: scene, words, palette, and the basis it holds. */
  update(data) {
    this.data = data;
    if (this.state.hear(textOf(data.basis))) this.basis = data.basis;
    this.$(".straight").textContent = data.words.straight;
    this.$("svg").setAttribute("aria-label", data.words.picture);
    this.board.redraw();
  }

  draw() {
    const { a, b } = this.data, e1 = arrow(this.basis.first), e2 = arrow(this.basis.second);
    this.grid(e1, e2);
    this.vectors(e1, e2);
    for (const [name, tip] of [["first", e1], ["second", e2]]) {
      line(this.$(`.basis.${name}`), [0, 0], tip);
      place(this.$(`text.${name}`), tip, 1 + 0.55 / Math.hypot(...tip));
      const grip = this.$(`.grip.${name}`);
      grip.setAttribute("cx", tip[0]); grip.setAttribute("cy", -tip[1]);
    }
    this.arc(mix(a, e1, e2), mix(b, e1, e2));
    this.show("told", cosine(a, b));
    this.show("true", cosine(mix(a, e1, e2), mix(b, e1, e2)));
  }

  grid(e1, e2) {
    const lines = [];
    for (let k = -7; k <= 7; k++) {
      const kind = k === 0 ? "axis" : "";
      lines.push([mix([k, -9], e1, e2), mix([k, 9], e1, e2), kind], [mix([-9, k], e1, e2), mix([9, k], e1, e2), kind]);
    }
    strokes(this.$(".grid"), lines);
  }

  vectors(e1, e2) {
    const { a, b, colours } = this.data, parts = [];
    for (const [name, c] of [["a", a], ["b", b]]) {
      const tip = mix(c, e1, e2), vector = this.$(`.vector.${name}`);
      line(vector, [0, 0], tip);
      vector.style.stroke = colours[name];
      place(this.$(`text.${name}`), tip, 1 + 0.32 / Math.max(Math.hypot(...tip), 0.4));
      parts.push([mix([c[0], 0], e1, e2), tip, "", colours[name]], [mix([0, c[1]], e1, e2), tip, "", colours[name]]);
    }
    strokes(this.$(".parts"), parts);
  }

  arc(p, q) {
    const from = Math.atan2(p[1], p[0]);
    let turn = Math.atan2(q[1], q[0]) - from;
    if (turn > Math.PI) turn -= 2 * Math.PI;
    if (turn < -Math.PI) turn += 2 * Math.PI;
    const at = (angle) => `${0.55 * Math.cos(angle)} ${-0.55 * Math.sin(angle)}`;
    this.$(".arc").setAttribute("d", `M${at(from)} A0.55 0.55 0 0 ${turn > 0 ? 0 : 1} ${at(from + turn)}`);
  }

  show(name, value) {
    const { words } = this.data, degrees = toDegrees(Math.acos(clamp(value, -1, 1)));
    this.$(`.label.${name}`).textContent = words[name];
    this.$(`strong.${name}`).textContent = fixed(value);
    this.$(`.angle.${name}`).textContent = `${words.angle} ${degrees.toFixed(0)}°`;
  }

  stop() {
    for (const part of [this.state, this.board]) part.stop();
  }
}

const toys = new WeakMap();

export default function ({ parentElement: root, data, setStateValue }) {
  if (!toys.has(root)) toys.set(root, new Toy(root, (basis) => setStateValue("basis", basis)));
  toys.get(root).update(data);
  return () => { toys.get(root)?.stop(); toys.delete(root); };
}
