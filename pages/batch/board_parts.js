// Pieces that the board is made of: elements, numbers as text, one line per candidate.
const MARKS = { positive: "●", negative: "▲", hard: "◆", itself: "×" };
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
const signed = (value, text) => (value < 0 ? `−${text}` : `+${text}`);

function make(tag, name = "", text = "") {
  const node = document.createElement(tag);
  node.className = name;
  node.textContent = text;
  return node;
}

/** Three digits; very small numbers as powers of ten. */
function short(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  const text = size < 0.001 || size >= 1e5 ? value.toExponential(1) : Number(value.toPrecision(3)).toString();
  return minus(text.replace(/e([+-])(\d+)/, (all, sign, power) => ` · 10^${sign === "-" ? "-" : ""}${power}`)).replace("^-", "^−");
}

function percent(share) {
  if (share > 0 && share < 0.0005) return "< 0.1 %";
  return `${(100 * share).toFixed(share < 0.0995 || (share > 0.995 && share < 0.9995) ? 1 : 0)} %`;
}

/** A share without decimals, for a narrow cell. */
const whole = (share) => (share > 0 && share < 0.005 ? "<1 %" : `${Math.round(100 * share)} %`);

/** A group of buttons of which one is pressed; `choose(name)` is called on a click. */
function pressable(place, names, titles, choose) {
  place.replaceChildren(...names.map((name) => {
    const button = make("button", name, titles[name]);
    button.type = "button";
    button.onclick = () => choose(name);
    return button;
  }));
}

function press(place, name) {
  for (const button of place.children) button.setAttribute("aria-pressed", String(button.classList.contains(name)));
}

/** One candidate of the open row: who, cosine, probability, and the arrow. */
function candidateLine(name, text, role) {
  const item = make("li", `line ${role}`), chance = make("span", "chance"), slope = make("span", "slope lane"), track = make("span", "track");
  const parts = {
    item, name: make("span", "name"), text: make("span", "text", text), cosine: make("span", "cosine"),
    bar: make("span", "bar"), number: make("span", "number"), arrow: make("span", "arrow"), slope: make("span", "number"),
  };
  parts.text.title = text;
  parts.bar.style.display = "block";
  parts.name.append(make("span", "mark", `${MARKS[role]} `), name);
  track.style.display = "block";
  track.append(parts.bar);
  chance.append(track, parts.number);
  slope.append(parts.arrow, parts.slope);
  item.append(parts.name, parts.text, parts.cosine, chance, slope);
  return parts;
}
