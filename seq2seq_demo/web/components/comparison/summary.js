// What a comparison shows, in words and with the numbers of its sentence.

lab.comparisonSummary = (() => {
  const texts = (outputs) => new Set(outputs.map(({ hypothesis }) => hypothesis.text));
  // The same output of another beam has the same figures but for rounding: the first counts.
  const best = (outputs, name) => outputs.reduce((top, output) => (output.hypothesis[name] > top.hypothesis[name] + 1e-4 ? output : top));
  const tokens = ({ hypothesis }) => hypothesis.token_ids.length;

  /** Beams of growing size: does a wider one find a likelier output, and is that one shorter? */
  const curse = (outputs, t) => {
    const sorted = [...outputs].sort((a, b) => a.run.options.beam_size - b.run.options.beam_size);
    const [narrow, wide] = [sorted[0], sorted[sorted.length - 1]];
    const [low, high] = [narrow.hypothesis, wide.hypothesis];
    const values = { small: narrow.run.options.beam_size, large: wide.run.options.beam_size, count: outputs.length,
      different: texts(outputs).size, alpha: wide.run.options.length_penalty, from: lab.number(low.log_prob), to: lab.number(high.log_prob),
      from_score: lab.number(low.score), to_score: lab.number(high.score), before: tokens(narrow), after: tokens(wide) };
    if (texts(outputs).size === 1) return t("comparison.curse_same", values);
    if (low.text === high.text) return t("comparison.curse_ends", values);
    const likelier = high.log_prob > low.log_prob;
    if (likelier && values.after < values.before) return t("comparison.curse_shorter", values);
    if (likelier) return t("comparison.curse_likelier", values);
    return t(high.score > low.score ? "comparison.curse_score" : "comparison.curse_nothing", values);
  };

  const samples = (outputs, t) => {
    const logProbs = outputs.map(({ hypothesis }) => hypothesis.log_prob);
    const counts = new Map();
    for (const { hypothesis } of outputs) counts.set(hypothesis.text, (counts.get(hypothesis.text) ?? 0) + 1);
    const values = { count: outputs.length, seed: outputs[0].run.seed, different: counts.size,
      low: lab.number(Math.min(...logProbs)), high: lab.number(Math.max(...logProbs)), most: Math.max(...counts.values()) };
    if (counts.size === 1) return t("comparison.samples_same", values);
    return t(values.most > 1 ? "comparison.samples" : "comparison.samples_all", values);
  };

  const several = (outputs, t) => {
    const different = texts(outputs).size;
    if (different === 1) return t("comparison.agree", { count: outputs.length });
    const [likeliest, top] = [best(outputs, "log_prob"), best(outputs, "score")];
    const values = { count: outputs.length, different, name: likeliest.name, log_prob: lab.number(likeliest.hypothesis.log_prob),
      other: top.name, score: lab.number(top.hypothesis.score) };
    return t(likeliest.hypothesis.text === top.hypothesis.text ? "comparison.both" : "comparison.parted", values);
  };

  /** One to three sentences on `outputs`, `[{run, hypothesis, name}]`. */
  const summary = (outputs, t) => {
    const kinds = new Set(outputs.map(({ run }) => run.strategy));
    if (outputs.length === 1) return t("comparison.one");
    if (kinds.size === 1 && kinds.has("beam")) return curse(outputs, t);
    if (kinds.size === 1 && kinds.has("sample") && new Set(outputs.map(({ run }) => run)).size === 1) return samples(outputs, t);
    if (outputs.length === 2) {
      const usual = kinds.size === 2 && kinds.has("greedy") && kinds.has("beam");
      return lab.pairVerdict(outputs[0], outputs[1], outputs.map(({ run, name }) => (usual ? t(`compare.${run.strategy}`) : name)), t);
    }
    return several(outputs, t);
  };

  /** Whether the outputs are those of beams of several sizes. */
  summary.isCurse = (outputs) => outputs.length > 1 && outputs.every(({ run }) => run.strategy === "beam");
  return summary;
})();
