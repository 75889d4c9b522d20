// The anatomy of one anchor in double precision, as simcse_core/theory/anatomy.py computes it.
// Angles are in degrees: the anchor, the positive, then the negatives.

/** Everything about one arrangement at one temperature; entry 0 of `cosines` and `gradient` is the positive. */
function anatomyOf(angles, tau) {
  const turns = angles.slice(1).map((angle) => toRadians(angle - angles[0]));
  const cosines = turns.map(Math.cos);
  const { heap, shares, entropy } = softmaxParts(cosines.slice(1).map((s) => s / tau));
  const away = heap - cosines[0] / tau, failing = sigmoid(away), totalPush = failing / tau;
  const gradient = [-totalPush, ...shares.map((share) => share * totalPush)];
  return {
    tau, cosines, shares, gradient, totalPush, heap,
    heapAll: Math.max(heap, cosines[0] / tau) + Math.log1p(Math.exp(-Math.abs(away))),
    probabilities: [sigmoid(-away), ...shares.map((share) => share * failing)],
    pushes: gradient.map((g, j) => Math.abs(g * Math.sin(turns[j]))), // |g ∂s/∂h| on the unit circle
    net: -gradient.reduce((sum, g, j) => sum + g * Math.sin(turns[j]), 0), // of -∂ℓ/∂h, anticlockwise
    effective: Math.exp(entropy),
    loss: softplus(away),
    hardest: shares.indexOf(Math.max(...shares)),
  };
}

/** Top share, effective number and total push of the arrangement at every temperature of a list. */
function overTemperatures(cosines, taus) {
  const negatives = cosines.slice(1);
  const rows = taus.map((tau) => {
    const { heap, shares, entropy } = softmaxParts(negatives.map((s) => s / tau));
    return [Math.max(...shares), Math.exp(entropy), sigmoid(heap - cosines[0] / tau) / tau];
  });
  return { taus, top: rows.map((row) => row[0]), effective: rows.map((row) => row[1]), push: rows.map((row) => row[2]) };
}

/** The next of 1, 2, 5, 10, 20 … */
function niceAbove(value) {
  const unit = 10 ** Math.floor(Math.log10(value));
  return unit * [1, 2, 5, 10].find((step) => step * unit >= value * (1 - 1e-9));
}

const gaussianCharge = (distance, tau) => Math.exp(-(distance * distance) / (2 * tau));
const inverseSquare = (distance, tau) => (2 * tau) / Math.E / (distance * distance);
