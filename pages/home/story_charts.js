// The two charts of the run: histogram of cosines, and the plane of alignment and uniformity.
const LOW = -0.2, HIGH = 1;
const ROLES = { paraphrase: "positive", negation: "hard", unrelated: "negative" };

function mark(svg, kind, x, y, colour, outline) {
  const shapes = {
    paraphrase: ["circle", { cx: x, cy: y, r: 6.5 }],
    negation: ["path", { d: `M${x} ${y - 8}l8 8l-8 8l-8 -8z` }],
    unrelated: ["path", { d: `M${x} ${y - 7.5}l8 14h-16z` }],
  };
  const [tag, attributes] = shapes[kind];
  svg.append(make(tag, { ...attributes, fill: colour, stroke: outline, "stroke-width": 1.25 }));
}

/** Cosines of random pairs, of the raw model and at this step, with both averages and the pair that is followed. */
function drawHistogram(svg, { theme, bins, steps, labels, top, examples }, at, kind) {
  const { width, height } = board(svg), average = valueAt(steps, "mean_cosine", at);
  const box = { left: 12, right: width - 10, top: 10, bottom: height - 40 };
  const x = scale(box.left, box.right, LOW, HIGH), y = scale(box.bottom, box.top + 34, 0, top);
  axes(svg, box, { of: x, ticks: [-0.2, 0, 0.2, 0.4, 0.6, 0.8, 1], title: labels.cosine }, { of: y, ticks: [] }, theme);
  const outline = (density) => "M" + [[bins[0], 0], ...density.map((value, i) => [(bins[i] + bins[i + 1]) / 2, value]), [bins.at(-1), 0]]
    .map(([a, b]) => `${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join("L");
  const now = bins.slice(1).map((_, i) => mix(steps.map((step) => step.cosine_hist[i]), at));
  svg.append(make("path", { d: outline(steps[0].cosine_hist), fill: theme.before, "fill-opacity": .14, stroke: theme.before, "stroke-width": 2, "stroke-dasharray": "6 4" }));
  svg.append(make("path", { d: outline(now), fill: theme.after, "fill-opacity": .2, stroke: theme.after, "stroke-width": 2.5 }));
  for (const [mean, colour, name, level] of [[steps[0].mean_cosine, theme.before, labels.raw, 8], [average, theme.after, labels.now, 24]]) {
    svg.append(make("line", { x1: x(mean), x2: x(mean), y1: box.top + level, y2: box.bottom, stroke: colour, "stroke-width": 1.5, "stroke-dasharray": "2 3" }));
    const end = x(mean) > width * 0.62;
    svg.append(make("text", { x: x(mean) + (end ? -6 : 6), y: box.top + level + 5, "text-anchor": end ? "end" : "start", class: "strong" }, `${name}: ${labels.average} ${mean.toFixed(2)}`));
  }
  const one = examples[kind], spot = x(mix(one.cosines, at)), colour = theme[ROLES[one.kind]];
  svg.append(make("line", { x1: spot, x2: spot, y1: box.bottom - 26, y2: box.bottom, stroke: colour, "stroke-width": 2 }));
  mark(svg, one.kind, x(one.cosines[0]), box.bottom - 26, "none", theme.before);
  mark(svg, one.kind, spot, box.bottom - 26, colour, theme.outline);
  svg.setAttribute("aria-label", labels.histogram_alt.replace("{raw}", steps[0].mean_cosine.toFixed(2)).replace("{now}", average.toFixed(2)));
}

/** The way of the run over the plane of alignment and uniformity, walked up to this step. */
function drawPlane(svg, { theme, steps, labels, limits }, at) {
  const { width, height } = board(svg), value = (name) => valueAt(steps, name, at);
  const box = { left: 42, right: width - 12, top: 10, bottom: height - 40 };
  const x = scale(box.left, box.right, ...limits.alignment), y = scale(box.bottom, box.top, ...limits.uniformity);
  axes(svg, box, { of: x, ticks: limits.alignment_ticks, title: labels.alignment }, { of: y, ticks: limits.uniformity_ticks, title: labels.uniformity }, theme);
  svg.append(make("text", { x: box.left + 8, y: box.bottom - 9 }, `↙ ${labels.better}`));
  const spots = steps.map((step) => [x(step.alignment), y(step.uniformity)]);
  const line = (list) => "M" + list.map(([a, b]) => `${a.toFixed(1)} ${b.toFixed(1)}`).join("L");
  svg.append(make("path", { d: line(spots), fill: "none", stroke: theme.before, "stroke-width": 2, "stroke-dasharray": "5 4" }));
  const here = [x(value("alignment")), y(value("uniformity"))];
  svg.append(make("path", { d: line([...spots.slice(0, Math.floor(at) + 1), here]), fill: "none", stroke: theme.after, "stroke-width": 3, "stroke-linejoin": "round" }));
  svg.append(make("circle", { cx: spots[0][0], cy: spots[0][1], r: 5.5, fill: theme.background, stroke: theme.before, "stroke-width": 2.5 }));
  svg.append(make("rect", { x: spots.at(-1)[0] - 5, y: spots.at(-1)[1] - 5, width: 10, height: 10, fill: theme.background, stroke: theme.after, "stroke-width": 2.5 }));
  svg.append(make("circle", { cx: here[0], cy: here[1], r: 6, fill: theme.after, stroke: theme.background, "stroke-width": 1.5 }));
  for (const [spot, text] of [[spots[0], labels.start], [spots.at(-1), labels.end]]) {
    const end = spot[0] > width * 0.6;
    svg.append(make("text", { x: spot[0] + (end ? -12 : 12), y: spot[1] + 4, "text-anchor": end ? "end" : "start", class: "strong" }, text));
  }
  svg.setAttribute("aria-label", labels.plane_alt.replace("{a}", value("alignment").toFixed(2)).replace("{u}", value("uniformity").toFixed(2)));
}
