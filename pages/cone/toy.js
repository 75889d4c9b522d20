// Two basis arrows to pull and turn; a and b keep their coordinates, so they move with the basis.
const LOW = 0.4, HIGH = 1.2, TURN = 5, STRETCH = 0.1, SETTLE = 300;
const radians = (degrees) => (degrees * Math.PI) / 180;
const arrow = ({ length, angle }) => [length * Math.cos(radians(angle)), length * Math.sin(radians(angle))];
const mix = (c, e1, e2) => [c[0] * e1[0] + c[1] * e2[0], c[0] * e1[1] + c[1] * e2[1]];
const dot = (p, q) => p[0] * q[0] + p[1] * q[1];
const cosine = (p, q) => dot(p, q) / Math.max(Math.hypot(...p) * Math.hypot(...q), 1e-9);
const fixed = (x) => (Math.abs(x) < 0.005 ? 0 : x).toFixed(2).replace("-", "−");
const round = (x, step) => Math.round(x / step) * step;

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

const kept = new WeakMap(); // what the visitor made, ahead of what Python has heard of it

function current(root, data) {
  const mine = kept.get(root);
  if (mine && !(mine.heard && !data.given)) { // Python forgets what it had heard of only on a reset
    mine.heard ||= data.given;
    return mine;
  }
  const fresh = { first: { ...data.basis.first }, second: { ...data.basis.second }, heard: data.given, timer: 0 };
  kept.set(root, fresh);
  return fresh;
}

export default function (component) {
  const { parentElement: root, data, setStateValue } = component;
  const find = (selector) => root.querySelector(selector);
  const svg = find("svg");
  const { a, b, words, colours } = data;
  const basis = current(root, data);

  function report(pause = 0) {
    clearTimeout(basis.timer);
    const send = () => setStateValue("basis", { first: { ...basis.first }, second: { ...basis.second } });
    basis.timer = setTimeout(send, pause);
  }

  function draw() {
    const e1 = arrow(basis.first), e2 = arrow(basis.second);
    const grid = [];
    for (let k = -7; k <= 7; k++) {
      const kind = k === 0 ? "axis" : "";
      grid.push([mix([k, -9], e1, e2), mix([k, 9], e1, e2), kind], [mix([-9, k], e1, e2), mix([9, k], e1, e2), kind]);
    }
    strokes(find(".grid"), grid);
    const parts = [];
    for (const [name, c] of [["a", a], ["b", b]]) {
      const tip = mix(c, e1, e2);
      line(find(`.vector.${name}`), [0, 0], tip);
      find(`.vector.${name}`).style.stroke = colours[name];
      place(find(`text.${name}`), tip, 1 + 0.32 / Math.max(Math.hypot(...tip), 0.4));
      parts.push([mix([c[0], 0], e1, e2), tip, "", colours[name]], [mix([0, c[1]], e1, e2), tip, "", colours[name]]);
    }
    strokes(find(".parts"), parts);
    for (const [name, tip] of [["first", e1], ["second", e2]]) {
      line(find(`.basis.${name}`), [0, 0], tip);
      place(find(`text.${name}`), tip, 1 + 0.55 / Math.hypot(...tip));
      const grip = find(`.grip.${name}`);
      grip.setAttribute("cx", tip[0]); grip.setAttribute("cy", -tip[1]);
      const { length, angle } = basis[name];
      grip.setAttribute("aria-label", words[name]);
      grip.setAttribute("aria-valuemin", -180); grip.setAttribute("aria-valuemax", 180);
      grip.setAttribute("aria-valuenow", Math.round(angle));
      grip.setAttribute("aria-valuetext", `${words.length} ${length.toFixed(1)}, ${words.angle} ${Math.round(angle)}°`);
    }
    arc(mix(a, e1, e2), mix(b, e1, e2));
    show("told", cosine(a, b));
    show("true", cosine(mix(a, e1, e2), mix(b, e1, e2)));
  }

  function arc(p, q) {
    const from = Math.atan2(p[1], p[0]);
    let turn = Math.atan2(q[1], q[0]) - from;
    if (turn > Math.PI) turn -= 2 * Math.PI;
    if (turn < -Math.PI) turn += 2 * Math.PI;
    const at = (angle) => `${0.55 * Math.cos(angle)} ${-0.55 * Math.sin(angle)}`;
    find(".arc").setAttribute("d", `M${at(from)} A0.55 0.55 0 0 ${turn > 0 ? 0 : 1} ${at(from + turn)}`);
  }

  function show(name, value) {
    find(`.label.${name}`).textContent = words[name];
    find(`strong.${name}`).textContent = fixed(value);
    const degrees = (Math.acos(Math.min(1, Math.max(-1, value))) * 180) / Math.PI;
    find(`.angle.${name}`).textContent = `${words.angle} ${degrees.toFixed(0)}°`;
  }

  function move(name, length, angle) {
    basis[name].length = Math.min(HIGH, Math.max(LOW, length));
    basis[name].angle = ((angle + 540) % 360) - 180;
    draw();
  }

  for (const name of ["first", "second"]) {
    const grip = find(`.grip.${name}`);
    let held = false;
    grip.onpointerdown = (event) => {
      held = true;
      grip.setPointerCapture(event.pointerId);
      grip.classList.add("held");
    };
    grip.onpointermove = (event) => {
      if (!held) return;
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      move(name, round(Math.hypot(point.x, point.y), 0.05), round((Math.atan2(-point.y, point.x) * 180) / Math.PI, 1));
    };
    grip.onpointerup = grip.onpointercancel = () => {
      if (!held) return;
      held = false;
      grip.classList.remove("held");
      report();
    };
    grip.onkeydown = (event) => {
      const step = { ArrowLeft: [0, TURN], ArrowRight: [0, -TURN], ArrowUp: [STRETCH, 0], ArrowDown: [-STRETCH, 0] }[event.key];
      if (!step) return;
      event.preventDefault();
      move(name, round(basis[name].length + step[0], 0.05), basis[name].angle + step[1]);
    };
    grip.onkeyup = (event) => { if (event.key.startsWith("Arrow")) report(SETTLE); };
  }
  const straight = find(".straight");
  straight.textContent = words.straight;
  straight.onclick = () => { move("first", 1, 0); move("second", 1, 90); report(); };
  svg.setAttribute("aria-label", words.picture);
  draw();
}
