// Greedy and beam side by side: where they part, in words, and the two hypotheses beside each other.

lab.compare = (() => {
  /** The sum of the log-probabilities up to each token. */
  const running = ({ token_log_probs: values }) => {
    let sum = 0;
    return values.map((value) => { sum += value; return sum; });
  };

  /** How number `winner` of two outputs, the likelier, came to lead after they parted at token `at`, in a sentence. */
  const course = (pair, names, winner, at, t) => {
    const [win, lose] = [running(pair[winner]), running(pair[1 - winner])];
    const common = Math.min(win.length, lose.length);
    if (at >= common) return null;
    const values = { winner: names[winner], loser: names[1 - winner], at: at + 1, winner_sum: lab.number(win[at]), loser_sum: lab.number(lose[at]) };
    let lead = common;
    while (lead > at && win[lead - 1] >= lose[lead - 1]) lead -= 1;
    if (lead === at) return t("compare.leads", values);
    const behind = { ...values, at: lead, winner_sum: lab.number(win[lead - 1]), loser_sum: lab.number(lose[lead - 1]) };
    if (lead === common) return t("compare.outlasts", { ...behind, count: lose.length - common });
    return t("compare.overtakes", { ...behind, then: lead + 1, winner_then: lab.number(win[lead]), loser_then: lab.number(lose[lead]) });
  };

  /** A few sentences on where two runs part, how one of them came to lead, and which found the better output. */
  const verdict = (left, right, names, t) => {
    const [a, b] = [left.hypothesis, right.hypothesis];
    const at = lab.partingPoint(a.tokens, b.tokens);
    if (at === null) return t("compare.same");
    const token = (hypothesis, run) => {
      const label = lab.pieceLabels(hypothesis.tokens, hypothesis.words)[at];
      if (label === undefined) return t("compare.ended");
      return t("compare.token", { token: label, probability: Math.exp(hypothesis.token_log_probs[at]).toFixed(3) });
    };
    const parting = t(["compare.part_at_once", "compare.part_after_one"][at] ?? "compare.part", {
      count: at, left: names[0], left_token: token(a), right: names[1], right_token: token(b) });
    const better = (name) => (a[name] >= b[name] ? 0 : 1);
    const most = better("log_prob");
    const pair = [a, b];
    const sum = t("compare.log_prob", { name: names[most], high: lab.number(pair[most].log_prob),
      low: lab.number(pair[1 - most].log_prob) });
    const top = better("score");
    const joined = [parting, course(pair, names, most, at, t), sum].filter(Boolean)
      .reduce((first, second) => t("compare.sentences", { first, second }));
    if (top === most) return joined;
    return t("compare.sentences", { first: joined, second: t("compare.score", { name: names[top],
      high: lab.number(pair[top].score), low: lab.number(pair[1 - top].score) }) });
  };

  // Views compare pairs too.
  lab.pairVerdict = verdict;

  /** Draw the two runs; `chosen` holds the number of the hypothesis shown of each. */
  return ({ runs, chosen, t, draw }) => {
    const names = runs.map((run) => t(`compare.${run.strategy}`));
    const sides = runs.map((run, i) => ({ run, hypothesis: run.hypotheses[chosen[i]] ?? run.hypotheses[0] }));
    const join = lab.linkColumns();
    const panels = sides.map((side, i) => draw({ run: side.run, index: i, other: sides[1 - i].hypothesis, join,
      title: lab.runTitle(side.run, t) }));
    return lab.el("div", {}, [
      lab.el("p", { class: "s2s-verdict", text: verdict(sides[0], sides[1], names, t) }),
      lab.el("div", { class: "s2s-columns" }, panels)]);
  };
})();
