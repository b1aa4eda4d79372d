// Hypotheses ranked under other penalties: the formulas of search/scoring.py and search/reranking.py, in the browser, so
// that the list follows a slider.

lab.reranking = (() => {
  /** Divisor ((5 + |Y|) / 6)^α (Wu et al. 2016, eq. 14); |Y| counts the end symbol. */
  const lengthPenalty = (length, alpha) => ((5 + length) / 6) ** alpha;

  /** log P / lp^α + β · coverage; `coverage` is the coverage penalty without β, 0 without attention. */
  const score = ({ log_prob: logProb, token_ids: tokens, coverage }, { alpha, beta }) =>
    logProb / lengthPenalty(tokens.length, alpha) + beta * coverage;

  /** Indices, best first: finished hypotheses by score, then the cut ones by score. */
  const rank = (hypotheses, penalties) => {
    const scores = hypotheses.map((hypothesis) => score(hypothesis, penalties));
    return hypotheses.map((_, index) => index)
      .sort((a, b) => Number(hypotheses[b].finished) - Number(hypotheses[a].finished) || scores[b] - scores[a] || a - b);
  };

  return { score, rank };
})();
