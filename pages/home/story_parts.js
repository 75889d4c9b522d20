// What the drawings of the run share: shapes, scales, and numbers between two saved steps.
const SVG = "http://www.w3.org/2000/svg";

function make(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

/** What `values` holds at a saved step, in proportion between two. */
function mix(values, at) {
  const low = Math.floor(at), share = at - low;
  return share ? values[low] * (1 - share) + values[low + 1] * share : values[low];
}

/** One number of the run, at a saved step or between two. */
const valueAt = (steps, name, at) => mix(steps.map((step) => step[name]), at);

/** An empty SVG in its own pixels, and its size. */
function board(svg) {
  const { width, height } = svg.getBoundingClientRect();
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width || 300} ${height || 300}`);
  return { width: width || 300, height: height || 300 };
}

function axes(svg, box, x, y, theme) {
  for (const tick of x.ticks) {
    svg.append(make("line", { x1: x.of(tick), x2: x.of(tick), y1: box.top, y2: box.bottom, stroke: theme.grid }));
    svg.append(make("text", { x: x.of(tick), y: box.bottom + 16, "text-anchor": "middle" }, String(tick)));
  }
  for (const tick of y.ticks) {
    svg.append(make("line", { x1: box.left, x2: box.right, y1: y.of(tick), y2: y.of(tick), stroke: theme.grid }));
    svg.append(make("text", { x: box.left - 6, y: y.of(tick) + 4, "text-anchor": "end" }, String(tick)));
  }
  svg.append(make("text", { x: (box.left + box.right) / 2, y: box.bottom + 34, "text-anchor": "middle" }, x.title));
  if (y.title) {
    const turned = `rotate(-90 12 ${(box.top + box.bottom) / 2})`;
    svg.append(make("text", { x: 12, y: (box.top + box.bottom) / 2, "text-anchor": "middle", transform: turned }, y.title));
  }
}

function scale(from, to, low, high) {
  return (value) => from + ((value - low) / (high - low)) * (to - from);
}
