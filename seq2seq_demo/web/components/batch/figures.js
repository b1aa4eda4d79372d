// What a batch came to: a table of figures, and pictures of them by strategy, by beam size and by source length.

lab.batchFigures = (() => {
  // The server's own limits, so that what is computed here stands over the same lines as its scores.
  const BOUNDS = [5, 10, 15, 20, 30];
  const SCORES = ["bleu", "chrf", "exact_match"];

  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

  /** Lines that every strategy has decoded: figures over others could not be compared. */
  const common = (job) => job.lines.map((_, at) => at).filter((at) => job.rows.every((rows) => rows[at] && !rows[at].error));

  const summary = (job, index, chosen) => {
    const rows = chosen.map((at) => job.rows[index][at]);
    const first = chosen.map((at) => job.rows[0][at]);
    return {
      ...Object.fromEntries(SCORES.map((name) => [name, job.figures[index]?.[name].value ?? null])),
      log_prob: mean(rows.map((row) => row.log_prob)),
      length: mean(rows.map((row) => row.tokens)),
      cut: rows.filter((row) => !row.finished).length,
      changed: index ? rows.filter((row, at) => row.text !== first[at].text).length : null,
      seconds: mean(rows.map((row) => row.seconds)),
    };
  };

  const COLUMNS = [
    { name: "bleu", text: (value) => lab.number(value, 1), best: Math.max },
    { name: "chrf", text: (value) => lab.number(value, 1), best: Math.max },
    { name: "exact_match", text: (value) => `${lab.number(value, 1)} %`, best: Math.max },
    { name: "log_prob", text: (value) => lab.number(value), best: Math.max },
    { name: "length", text: (value) => lab.number(value, 1) },
    { name: "cut", text: String },
    { name: "changed", text: (value) => (value === null ? "–" : String(value)) },
    { name: "seconds", text: lab.seconds },
  ];

  const table = (job, t, labels) => {
    const chosen = common(job);
    if (!chosen.length) return null;
    const sums = job.strategies.map((_, index) => summary(job, index, chosen));
    const columns = COLUMNS.filter(({ name }) => (!SCORES.includes(name) || job.figures.length === job.strategies.length)
      && (name !== "changed" || job.strategies.length > 1));
    const best = Object.fromEntries(columns.filter((column) => column.best && sums.length > 1)
      .map(({ name, best: choose }) => [name, choose(...sums.map((sum) => sum[name]))]));
    const head = lab.el("tr", {}, [lab.el("th", { scope: "col", text: t("batch.strategy") }),
      ...columns.map(({ name }) => lab.el("th", { scope: "col" }, [
        lab.el("span", { tabindex: 0, class: "s2s-batch-tip", text: t(`batch_column.${name}`), "data-tip": t(`batch_tip.${name}`, { first: labels[0] }) })]))]);
    const body = sums.map((sum, index) => lab.el("tr", {}, [lab.el("th", { scope: "row", text: labels[index] }),
      ...columns.map(({ name, text }) => lab.el("td", { class: best[name] === sum[name] ? "best" : null, text: text(sum[name]) }))]));
    return lab.el("div", { class: "s2s-batch-frame", tabindex: 0, role: "region", "aria-label": t("batch.figures") }, [
      lab.el("table", { class: "s2s-batch-figures" }, [lab.el("caption", { class: "s2s-unseen", text: t("batch.figures") }),
        lab.el("thead", {}, [head]), lab.el("tbody", {}, body)])]);
  };

  const signatures = (job, t, labels) => {
    if (job.figures.length !== job.strategies.length) return null;
    // The signature says how a figure was computed, which is the same for all strategies.
    return lab.el("details", { class: "s2s-table" }, [lab.el("summary", { text: t("batch.signatures") }),
      lab.el("dl", { class: "s2s-batch-signatures" }, SCORES.flatMap((name) => [
        lab.el("dt", { text: t(`batch_column.${name}`) }), lab.el("dd", { lang: "en", text: job.figures[0][name].signature })]))]);
  };

  /** Horizontal bars, one for each strategy; the figure stands at the end. */
  const bars = (values, labels, { text, label }) => {
    const most = Math.max(...values.map(Math.abs)) || 1;
    const row = (value, index) => {
      const bar = lab.el("span", { class: "s2s-bar", "aria-hidden": "true" });
      bar.style.setProperty("--share", (Math.abs(value) / most).toFixed(4));
      return lab.el("li", {}, [lab.el("span", { class: "s2s-bar-name", text: labels[index] }),
        lab.el("span", { class: "s2s-bar-place" }, [bar, lab.el("span", { class: "s2s-bar-number", text: text(value) })])]);
    };
    return lab.el("ul", { class: "s2s-bars", "aria-label": label }, values.map(row));
  };

  /** For each range of source lengths that has lines: their mean length, and the value of each strategy there. */
  const byLength = (job, metric, chosen) => {
    const starts = [0, ...BOUNDS.map((bound) => bound + 1)];
    return starts.map((start, i) => {
      const stop = BOUNDS[i] ?? Infinity;
      const inside = chosen.filter((at) => job.rows[0][at].source_tokens >= start && job.rows[0][at].source_tokens <= stop);
      if (!inside.length) return null;
      const value = (index) => (metric === "log_prob" ? mean(inside.map((at) => job.rows[index][at].log_prob))
        : job.figures[index][metric].by_length.find((part) => part.shortest === start)?.value);
      return { length: Number(mean(inside.map((at) => job.rows[0][at].source_tokens)).toFixed(1)),
        values: job.strategies.map((_, index) => value(index)) };
    }).filter(Boolean);
  };

  // A chart is drawn to the width it gets, or its letters would shrink with it.
  const size = () => ({ width: Math.min(500, Math.max(300, document.documentElement.clientWidth - 60)), height: 270 });

  const style = (index) => ({ colour: index % 5, dash: Math.floor(index / 5) + (index % 2), mark: index % 4 });

  const lengthChart = (job, metric, t, labels, chosen) => {
    const parts = byLength(job, metric, chosen);
    if (parts.length < 2) return null;
    const lines = labels.map((name, index) => ({ name, ...style(index), points: parts.map(({ length, values }) => [length, values[index]])
      .filter(([, value]) => value !== undefined) }));
    return lab.chart({ lines, xLabel: t("batch.source_length"), yLabel: t(`batch_column.${metric}`), tableLabel: t("batch.as_table"),
      label: t("batch.by_length", { metric: t(`batch_column.${metric}`) }), yFrom: metric === "log_prob" ? null : 0, ...size() });
  };

  const beamChart = (job, metric, t, value) => {
    const beams = job.strategies.map((item, index) => ({ ...item, index })).filter(({ strategy }) => strategy === "beam" || strategy === "greedy");
    const points = beams.map(({ strategy, options, index }) => [strategy === "greedy" ? 1 : options.beam_size, value(index)])
      .sort(([a], [b]) => a - b).filter(([size], i, all) => !i || all[i - 1][0] !== size);
    if (points.length < 3) return null;
    return lab.chart({ lines: [{ name: t(`batch_column.${metric}`), points, colour: 0 }], xLabel: t("field.beam_size"), yLabel: t(`batch_column.${metric}`),
      label: t("batch.by_beam", { metric: t(`batch_column.${metric}`) }), tableLabel: t("batch.as_table"), ...size() });
  };

  /** Draw the pictures of one figure; `metric` is what is chosen, `onMetric` is told of another. */
  const pictures = (job, t, labels, { metric, onMetric }) => {
    const measured = job.figures.length === job.strategies.length;
    const names = [...(measured ? SCORES : []), "log_prob"];
    const shown = names.includes(metric) ? metric : names[0];
    const chosen = shown === "log_prob" ? common(job) : job.measured;
    if (!chosen.length) return null;
    const value = (index) => (shown === "log_prob" ? mean(chosen.map((at) => job.rows[index][at].log_prob)) : job.figures[index][shown].value);
    const { text } = COLUMNS.find(({ name }) => name === shown);
    const choice = names.length < 2 ? null : lab.el("div", { class: "s2s-segments", role: "radiogroup", "aria-label": t("batch.metric") },
      names.map((name) => lab.el("label", { class: "s2s-segment" }, [
        lab.el("input", { type: "radio", name: "batch-metric", value: name, checked: name === shown, on: { change: () => onMetric(name) } }),
        lab.el("span", { text: t(`batch_column.${name}`) })])));
    const figure = (key, node) => node && lab.el("section", { class: "s2s-batch-picture" }, [
      lab.el("h4", { text: t(key, { metric: t(`batch_column.${shown}`) }) }), node]);
    return lab.el("section", { class: "s2s-batch-pictures" }, [choice,
      figure("batch.by_strategy", bars(job.strategies.map((_, index) => value(index)), labels, { text, label: t("batch.by_strategy", { metric: t(`batch_column.${shown}`) }) })),
      figure("batch.by_beam", beamChart(job, shown, t, value)),
      figure("batch.by_length", lengthChart(job, shown, t, labels, chosen))]);
  };

  return { table, signatures, pictures, common, SCORES };
})();
