// The scores of hypotheses against α, with the points where two of them change places; and the same as a table.

lab.penaltyPlot = (() => {
  const STEPS = 80;
  const MOST_DOTS = 24;
  const { score, rank } = lab.reranking;

  /** How the line of a hypothesis looks, in the plot and in the list. */
  const look = (index) => ({ name: String(index + 1), colour: index % 5, dash: Math.floor(index / 5) % 4 });

  // A drawing that is shrunk has letters too small to read.
  const narrow = () => window.innerWidth < 700;

  const alphas = (most) => Array.from({ length: STEPS + 1 }, (_, step) => (most * step) / STEPS);

  /** Draw it up to α = `most`; `relative` shows by how much each stands behind the first. `changes` may still be unknown. */
  const draw = ({ hypotheses, alpha, beta, most, relative, changes, tipOf, t }) => {
    const base = alphas(most).map((at) => {
      const penalties = { alpha: at, beta };
      return relative ? score(hypotheses[rank(hypotheses, penalties)[0]], penalties) : 0;
    });
    const lines = hypotheses.map((hypothesis, index) => ({ ...look(index),
      points: alphas(most).map((at, step) => [at, score(hypothesis, { alpha: at, beta }) - base[step]]) }));
    const height = (at, index) => {
      const penalties = { alpha: at, beta };
      return score(hypotheses[index], penalties) - (relative ? score(hypotheses[rank(hypotheses, penalties)[0]], penalties) : 0);
    };
    const inside = (changes ?? []).filter(({ at }) => at <= most);
    // Of a long list only the changes of the first place: the others would hide the lines.
    const dots = inside.filter(({ place }) => place === 1 || inside.length <= MOST_DOTS).map((change) => ({ x: change.at, y: height(change.at, change.rises),
      strong: change.place === 1, tip: tipOf(change) }));
    return lab.chart({ lines, dots, named: false, xLabel: "α", yLabel: t(relative ? "penalties.behind" : "stat.score"), width: narrow() ? 360 : 640, height: narrow() ? 270 : 330,
      label: t("penalties.plot_label", { count: hypotheses.length, beta: lab.number(beta) }), markX: { value: alpha, label: `α = ${lab.number(alpha)}` } });
  };

  /** Scores by α as a table with a head. */
  const rows = ({ hypotheses, beta, most }) => [["alpha", "beta", ...hypotheses.map(({ text }, index) => `${index + 1} ${text}`)],
    ...alphas(most).map((alpha) => [alpha, beta, ...hypotheses.map((hypothesis) => score(hypothesis, { alpha, beta }))])];

  return { draw, look, rows };
})();
