// The circle: anchors on the outer ring, their positives on the inner one; only the angle counts.
const OUTER = 1, INNER = 0.84, HIT = 0.115, STACK = 3; // degrees within which marks lie on top of each other
const SHAPES = {
  anchor: "M0 -.085L.022 -.03L.081 -.026L.036 .012L.05 .069L0 .038L-.05 .069L-.036 .012L-.081 -.026L-.022 -.03Z",
  positive: "M-.058 0a.058 .058 0 1 0 .116 0a.058 .058 0 1 0 -.116 0Z",
  hard: "M0 -.078L.078 0L0 .078L-.078 0Z",
  false: "M-.022 -.075H.022V-.022H.075V.022H.022V.075H-.022V.022H-.075V-.022H-.022Z",
};

class Ring {
  constructor(svg) {
    this.svg = svg;
    this.layer = (name) => svg.querySelector(`.${name}`);
  }

  /** One mark for each anchor, then for each positive; `marks` names pairs that are a false or hard negative. */
  build(marks) {
    const points = this.layer("points"), n = marks.length;
    points.replaceChildren();
    this.layer("arrows").replaceChildren();
    this.ties = marks.map((mark) => put(this.layer("arrows"), "line", { class: `pair ${mark}` }));
    this.downhill = [...marks, ...marks].map(() => put(this.layer("arrows"), "path", { class: "downhill" }));
    this.marks = [];
    for (let k = 2 * n - 1; k >= 0; k--) {
      const kind = marks[k % n] || (k < n ? "anchor" : "positive");
      const mark = put(points, "g", { class: `point ${kind}` });
      put(mark, "circle", { class: "hit", r: HIT });
      put(mark, "path", { d: SHAPES[k < n ? "anchor" : kind] });
      this.marks[k] = mark;
    }
    for (const mark of this.marks) points.append(mark); // tab order; the anchors of a heap lie below their positives
  }

  radius(k) { return k < this.ties.length ? OUTER : INNER; }

  at(degrees, radius) { return [radius * Math.cos(toRadians(degrees)), -radius * Math.sin(toRadians(degrees))]; }

  draw(angles, slopes, reach) {
    const n = this.ties.length;
    angles.forEach((angle, k) => {
      const [x, y] = this.at(angle, this.radius(k));
      set(this.marks[k], { transform: `translate(${x.toFixed(4)} ${y.toFixed(4)})` });
      this.arrow(k, angle, -slopes[k] * reach);
    });
    this.ties.forEach((tie, i) => {
      const [[x1, y1], [x2, y2]] = [this.at(angles[i], OUTER), this.at(angles[n + i], INNER)];
      set(tie, { x1, y1, x2, y2 });
    });
    this.counts(angles.slice(0, n));
  }

  /** A wedge along the ring: where the loss falls, up to a third of the radius long. */
  arrow(k, angle, turn) {
    const size = clamp(Math.abs(turn), 0, 0.33), sign = Math.sign(turn), radius = k < this.ties.length ? OUTER + 0.12 : INNER - 0.12;
    if (size < 0.02) return set(this.downhill[k], { d: "" });
    const spot = (offset, share) => this.at(angle + sign * toDegrees((size * share) / radius), radius + offset).map((v) => v.toFixed(4)).join(" ");
    set(this.downhill[k], { d: `M${spot(-0.012, 0)}L${spot(-0.012, 0.6)}L${spot(-0.035, 0.6)}L${spot(0, 1)}L${spot(0.035, 0.6)}L${spot(0.012, 0.6)}L${spot(0.012, 0)}Z` });
  }

  /** How many anchors lie on one spot, where it is more than one. */
  counts(anchors) {
    const heaps = [];
    for (const angle of anchors) {
      const heap = heaps.find((one) => Math.abs(wrapDegrees(one.angle - angle)) < STACK);
      if (heap) heap.count += 1;
      else heaps.push({ angle, count: 1 });
    }
    this.layer("counts").replaceChildren();
    for (const { angle, count } of heaps) {
      if (count < 2) continue;
      const [x, y] = this.at(angle, 1.24);
      put(this.layer("counts"), "text", { class: "count", x, y }, `× ${count}`);
    }
  }
}
