// The circle: marks that can be pulled, and arrows as long as the push.
const REACH = 0.85; // length of the longest arrow, radius 1
const MARKS = {
  anchor: "M0-.13L.031-.042.124-.04.05.016.076.105 0 .053-.076.105-.05.016-.124-.04-.031-.042Z",
  positive: "M-.075 0A.075.075 0 1 0 .075 0A.075.075 0 1 0-.075 0Z",
  negative: "M0-.09L.085.06-.085.06Z",
  false: "M-.085-.05L-.05-.085 0-.035.05-.085.085-.05.035 0 .085.05.05.085 0 .035-.05.085-.085.05-.035 0Z",
};
const SVG = "http://www.w3.org/2000/svg";

function make(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

/** Set an attribute if it differs: an untouched node is not painted again. */
function put(node, name, value) {
  const text = String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

/** Outline of an arrow from (x, y) along the unit vector (u, v); a second head where it should be longer. */
function arrowPath([x, y], [u, v], length, cut) {
  if (length < 0.012) return "";
  const head = Math.min(0.15, length * 0.7), half = head * 0.5, shaft = Math.min(0.024, head * 0.2);
  const at = (along, side) => `${(x + along * u - side * v).toFixed(4)} ${(-(y + along * v + side * u)).toFixed(4)}`;
  const neck = length - head;
  const path = `M${at(0, shaft)}L${at(neck, shaft)} ${at(neck, half)} ${at(length, 0)} ${at(neck, -half)} ${at(neck, -shaft)} ${at(0, -shaft)}Z`;
  return cut ? `${path}M${at(length, half)}L${at(length + head, 0)} ${at(length, -half)}Z` : path;
}

class Ring {
  constructor(svg) {
    this.svg = svg;
    this.arrows = svg.querySelector(".arrows");
    this.points = svg.querySelector(".points");
    this.names = svg.querySelector(".names");
  }

  /** Marks and arrows of a scene, in the order anchor, positive, negatives. */
  build(roles) {
    const small = roles.length > 20 ? 0.62 : 1;
    this.edge = 0.09 * small;
    this.marks = roles.map((role) => {
      const group = make("g", { class: `point ${role}` });
      group.append(make("circle", { r: 0.16 * small, class: "hit" }), make("path", { d: MARKS[role], transform: `scale(${role === "negative" ? small : 1})` }));
      return group;
    });
    this.shafts = roles.map((role) => make("path", { class: `arrow ${role}` }));
    this.labels = ["anchor", "positive", "hardest"].map((name) => make("text", { class: name }));
    this.points.replaceChildren(...this.marks);
    this.arrows.replaceChildren(...this.shafts);
    this.names.replaceChildren(...this.labels);
  }

  /** Redraw for an arrangement. `values` are the lengths per candidate (positive first) in units of `full`. */
  draw({ angles, values, full, net, hardest, words }) {
    const at = angles.map((angle) => [Math.cos(toRadians(angle)), Math.sin(toRadians(angle))]);
    at.forEach(([x, y], j) => put(this.marks[j], "transform", `translate(${x.toFixed(5)} ${(-y).toFixed(5)})`));
    angles.forEach((angle, j) => {
      const side = wrapDegrees(angle - angles[0]) < 0 ? -1 : 1; // away from the anchor
      const turn = j === 0 ? Math.sign(net) : j === 1 ? -side : side;
      const value = (j === 0 ? Math.abs(net) : values[j - 1]) / full;
      const along = [-turn * at[j][1], turn * at[j][0]];
      const edge = at[j].map((place, k) => place + this.edge * along[k]); // from the rim of the mark, or it hides the short ones
      put(this.shafts[j], "d", arrowPath(edge, along, REACH * Math.min(value, 1), value > 1));
    });
    [0, 1, hardest + 2].forEach((j, k) => this.name(this.labels[k], at[j], words[k], k < 2 && Math.abs(at[j][0]) < 0.75 ? 1.2 : 0.8));
  }

  /** A word beside a mark: inside the circle, or outside where there is room. */
  name(label, [x, y], word, away) {
    const side = (x > 0.2 ? 1 : x < -0.2 ? -1 : 0) * (away > 1 ? 1 : -1);
    if (label.textContent !== word) label.textContent = word;
    put(label, "x", (away * x).toFixed(4));
    put(label, "y", (-away * y).toFixed(4));
    put(label, "text-anchor", side > 0 ? "start" : side < 0 ? "end" : "middle");
  }

  /** Ring around the point that is being talked about. */
  choose(index) {
    this.marks.forEach((mark, j) => mark.classList.toggle("chosen", j === index));
  }
}
