// What a batch came to: a table of figures, and how they were computed.

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

  return { table, signatures, common, mean, COLUMNS, SCORES, BOUNDS };
})();
