// A batch's figures as pictures: by strategy, by beam size and by source length, each with its files.

lab.batchPictures = (() => {
  const { common, mean, COLUMNS, SCORES, BOUNDS } = lab.batchFigures;

  // A chart is drawn to the width it gets, or its letters would shrink with it.
  const width = () => Math.min(500, Math.max(300, document.documentElement.clientWidth - 60));
  const style = (index) => ({ colour: index % 5, dash: Math.floor(index / 5) + (index % 2), mark: index % 4 });

  /** Horizontal bars, one for each strategy; the figure stands at the end. */
  const bars = (values, labels, { text, label }) => {
    const [row, names] = [26, 130];
    const room = width() - names - 58;
    const most = Math.max(...values.map(Math.abs)) || 1;
    return lab.el("figure", { class: "s2s-chart" }, [lab.svg("svg", { class: "s2s-chart-svg", viewBox: `0 0 ${width()} ${values.length * row}`, role: "img",
      "aria-label": `${label}: ${labels.map((name, index) => `${name} ${text(values[index])}`).join(", ")}` },
    values.flatMap((value, index) => {
      const long = Math.max(2, (Math.abs(value) / most) * room);
      const middle = index * row + row / 2;
      return [lab.svg("text", { class: "s2s-bar-name", x: names - 10, y: middle, "text-anchor": "end", "dominant-baseline": "central", "font-size": 13, text: labels[index] }),
        lab.svg("rect", { class: "s2s-bar", x: names, y: index * row + 4, width: long.toFixed(1), height: row - 8, rx: 3 }),
        lab.svg("text", { class: "s2s-bar-number", x: names + long + 7, y: middle, "dominant-baseline": "central", "font-size": 13, text: text(value) })];
    }))]);
  };

  /** For each range of source lengths that has lines: their mean length, and the value of each strategy there. */
  const byLength = (job, metric, chosen) => {
    const starts = [0, ...BOUNDS.map((bound) => bound + 1)];
    return starts.map((start, i) => {
      const inside = chosen.filter((at) => job.rows[0][at].source_tokens >= start && job.rows[0][at].source_tokens <= (BOUNDS[i] ?? Infinity));
      if (!inside.length) return null;
      const value = (index) => (metric === "log_prob" ? mean(inside.map((at) => job.rows[index][at].log_prob))
        : job.figures[index][metric].by_length.find((part) => part.shortest === start)?.value);
      return { length: Number(mean(inside.map((at) => job.rows[0][at].source_tokens)).toFixed(1)), values: job.strategies.map((_, index) => value(index)) };
    }).filter(Boolean);
  };

  /** The lines of each picture, `[{name, points}]`; null where there are too few points to draw. */
  const linesOf = {
    by_strategy: ({ job, labels, value }) => job.strategies.map((_, index) => ({ name: labels[index], points: [[index + 1, value(index)]] })),
    by_beam: ({ job, name, value }) => {
      const beams = job.strategies.map(({ strategy, options }, index) => ({ strategy, index, size: strategy === "greedy" ? 1 : options.beam_size }))
        .filter(({ strategy }) => strategy === "beam" || strategy === "greedy");
      const points = beams.map(({ size, index }) => [size, value(index)]).sort(([a], [b]) => a - b).filter(([size], i, all) => !i || all[i - 1][0] !== size);
      return points.length < 3 ? null : [{ name, points, colour: 0 }];
    },
    by_length: ({ job, metric, labels, chosen }) => {
      const parts = byLength(job, metric, chosen);
      if (parts.length < 2) return null;
      return labels.map((name, index) => ({ name, ...style(index),
        points: parts.map(({ length, values }) => [length, values[index]]).filter(([, value]) => value !== undefined) }));
    },
  };

  const draw = {
    by_strategy: ({ job, labels, value, text }, lines, label) => bars(job.strategies.map((_, index) => value(index)), labels, { text, label }),
    by_beam: ({ t, name }, lines, label) => lab.chart({ lines, label, xLabel: t("field.beam_size"), yLabel: name, named: false,
      tableLabel: t("batch.as_table"), width: width(), height: 270 }),
    by_length: ({ t, name, metric }, lines, label) => lab.chart({ lines, label, xLabel: t("batch.source_length"), yLabel: name,
      tableLabel: t("batch.as_table"), yFrom: metric === "log_prob" ? null : 0, width: width(), height: 270 }),
  };

  /** Draw the pictures of one figure; `metric` is what is chosen, `onMetric` is told of another. */
  return ({ job, t, labels, metric: wanted, onMetric, saveFile }) => {
    const measured = job.figures.length === job.strategies.length;
    const names = [...(measured ? SCORES : []), "log_prob"];
    const metric = names.includes(wanted) ? wanted : names[0];
    const name = t(`batch_column.${metric}`);
    const chosen = metric === "log_prob" ? common(job) : job.measured;
    if (!chosen.length) return null;
    const value = (index) => (metric === "log_prob" ? mean(chosen.map((at) => job.rows[index][at].log_prob)) : job.figures[index][metric].value);
    const about = { job, t, labels, metric, name, chosen, value, text: COLUMNS.find((column) => column.name === metric).text };
    const choice = names.length < 2 ? null : lab.el("div", { class: "s2s-segments", role: "radiogroup", "aria-label": t("batch.metric") },
      names.map((item) => lab.el("label", { class: "s2s-segment" }, [
        lab.el("input", { type: "radio", name: "batch-metric", value: item, checked: item === metric, on: { change: () => onMetric(item) } }),
        lab.el("span", { text: t(`batch_column.${item}`) })])));
    const picture = (key) => {
      const lines = linesOf[key](about);
      if (!lines) return null;
      const title = t(`batch.${key}`, { metric: name });
      const figure = draw[key](about, lines, title);
      return lab.el("section", { class: "s2s-batch-picture" }, [
        lab.el("header", {}, [lab.el("h4", { text: title }), lab.pictureFiles({ title, name: `batch_${job.model}_${metric}_${key}`, t, saveFile,
          picture: () => figure, rows: () => lab.lineRows(lines, key.replace("by_", "")), values: () => ({ model: job.model, metric, lines: lines.map((line) => ({ name: line.name, points: line.points })) }) })]), figure]);
    };
    return lab.el("section", { class: "s2s-batch-pictures" }, [choice, ...["by_strategy", "by_beam", "by_length"].map(picture)]);
  };
})();
