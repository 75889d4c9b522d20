// Softmax of one row in double precision, as simcse_core/theory/anatomy.py computes it: shared by the components.
const sigmoid = (x) => (x >= 0 ? 1 : Math.exp(x)) / (1 + Math.exp(-Math.abs(x)));
const minus = (text) => text.replace("-", "−");
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

function softmaxParts(logits) {
  let top = -Infinity, total = 0, mean = 0;
  for (const logit of logits) if (logit > top) top = logit;
  const shares = logits.map((logit) => { const weight = Math.exp(logit - top); total += weight; return weight; });
  for (let j = 0; j < shares.length; j++) {
    shares[j] /= total;
    mean += shares[j] * (logits[j] - top);
  }
  return { heap: top + Math.log(total), shares, entropy: Math.max(Math.log(total) - mean, 0) };
}
