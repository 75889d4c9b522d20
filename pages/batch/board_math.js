// What the core computes for one row of candidates (simcse_core/theory/anatomy.py), here at every move of the slider.

/** Probabilities, slopes ∂ℓ/∂s and loss of one row; null where the row does not meet a column. */
function rowOf(cosines, positive, tau) {
  const others = cosines.map((s, j) => (s === null || j === positive ? -Infinity : s / tau));
  const { heap, shares } = softmaxParts(others);
  const away = heap - cosines[positive] / tau, failing = sigmoid(away), pull = failing / tau;
  return {
    pull,
    loss: softplus(away),
    shares, // of the push that each negative takes
    probabilities: shares.map((share, j) => (j === positive ? sigmoid(-away) : share * failing)),
    slopes: shares.map((share, j) => (j === positive ? -pull : share * pull)),
  };
}

const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
const mixed = (from, to, part) => from.map((c, k) => c + (to[k] - c) * part);
const asText = (colour) => `rgb(${colour.map(Math.round).join(",")})`;

/** Black or white, whichever reads better on a colour. */
function inkOn(colour) {
  const [r, g, b] = colour.map((c) => { const x = c / 255; return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}

/** Colour of a value in [-1, 1] on a scale of [position in [0, 1], colour] pairs. */
function onScale(scale, value) {
  const at = (clamp(value, -1, 1) + 1) / 2;
  const next = Math.max(1, scale.findIndex(([place]) => place >= at));
  const [[low, from], [high, to]] = [scale[next - 1], scale[next]];
  return mixed(channels(from), channels(to), (at - low) / (high - low));
}
