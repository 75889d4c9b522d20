// What the core computes, in the browser: pull, spread, alignment, uniformity and the way downhill.
const SHARPNESS = 2; // t of the uniformity

function logSumExp(values) {
  const top = Math.max(...values);
  return top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0));
}

/** Log mean of exp(-t x squared distance) over the pairs of one view, from its angles in radians. */
function uniformityOf(angles) {
  const terms = [];
  for (let i = 0; i < angles.length; i++) for (let j = 0; j < i; j++) terms.push(2 * SHARPNESS * (Math.cos(angles[i] - angles[j]) - 1));
  return logSumExp(terms) - Math.log(terms.length);
}

/**
 * Everything about N pairs on the circle: `degrees` holds N anchors, then their N positives.
 * `slopes` are ∂L/∂angle in nats per radian, in the same order.
 */
function measured(degrees, tau) {
  const n = degrees.length / 2, angles = degrees.map(toRadians), anchors = angles.slice(0, n), positives = angles.slice(n);
  const slopes = new Array(2 * n).fill(0);
  let pull = 0, spread = 0;
  anchors.forEach((a, i) => {
    const logits = positives.map((p) => Math.cos(a - p) / tau), heap = logSumExp(logits);
    pull -= logits[i] / n;
    spread += heap / n;
    positives.forEach((p, j) => {
      const slope = ((Math.exp(logits[j] - heap) - (i === j ? 1 : 0)) / (n * tau)) * -Math.sin(a - p);
      slopes[i] += slope;
      slopes[n + j] -= slope;
    });
  });
  const alignment = 2 + 2 * tau * pull, uniformity = (uniformityOf(anchors) + uniformityOf(positives)) / 2;
  return { pull, spread, loss: pull + spread, alignment: Math.max(alignment, 0), uniformity, slopes };
}
