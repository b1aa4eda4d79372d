// Everything about one hypothesis of one run: the text, its figures, its tokens, its heatmap, and the n-best list.

/** A button that copies a text and says so; `announce`, where given, says it to screen readers too. */
lab.copyButton = (text, t, { kind = "s2s-quiet", label = t("result.copy"), announce = () => {} } = {}) => {
  const button = lab.el("button", { type: "button", class: kind, text: label });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = t("result.copied");
    } catch {
      button.textContent = t("result.copy_failed"); // a page without permission for the clipboard
    }
    announce(button.textContent);
    setTimeout(() => { button.textContent = label; }, 1500);
  });
  return button;
};

/**
 * Link heatmaps of one source: `join(show)` takes one in and returns what it is to call when the visitor is on a place of
 * it. It shows the place itself, the others show its column.
 */
lab.linkColumns = () => {
  const members = [];
  return (show) => {
    members.push(show);
    return (place, byKeyboard) => {
      const column = place?.column === undefined ? null : { column: place.column };
      for (const member of members) if (member !== show) member(column, false);
      show(place, byKeyboard);
    };
  };
};

lab.hypothesis = (() => {
  const stat = (t, name, value) => lab.el("div", { class: "s2s-stat", tabindex: 0, "data-tip": t(`tip.${name}`) }, [
    lab.el("dt", { text: t(`stat.${name}`) }), lab.el("dd", { text: value })]);

  /** The text; characters in `marks` are marked as different from the other strategy's. */
  const outputText = (text, marks, language, t) => {
    const node = lab.el("p", { class: "s2s-output", lang: language });
    if (!text) return lab.fill(node, { class: "s2s-output nothing", text: t("result.nothing") }, []);
    if (!marks) return lab.fill(node, { text }, []);
    let run = null;
    Array.from(text).forEach((character, index) => {
      if (!run || run.marked !== marks[index]) {
        run = { marked: marks[index], node: lab.el(marks[index] ? "mark" : "span") };
        node.append(run.node);
      }
      run.node.textContent += character;
    });
    return node;
  };

  /** Why the text ends before its end, where it does; a decode that is still going needs no note. */
  const unfinished = (run, hypothesis, t) => {
    if (hypothesis.finished || (run.partial && !run.stopped)) return null;
    return lab.el("p", { class: "s2s-note", text: t(run.stopped ? "result.stopped" : "result.cut") });
  };

  const figures = (run, hypothesis, t) => lab.el("dl", { class: "s2s-stats" }, [
    stat(t, "log_prob", lab.number(hypothesis.log_prob)),
    stat(t, "score", lab.number(hypothesis.score)),
    stat(t, "steps", run.steps),
    stat(t, "seconds", lab.seconds(run.seconds)),
    run.strategy === "sample" ? stat(t, "seed", run.seed) : null,
  ]);

  const targetTip = (item, t) => (item.label === "␣" ? `${t("tokens.space")} ` : "") + t(item.stop - item.start > 1 ? "tip.word_probability" : "tip.token_probability", {
    probability: item.probability.toFixed(3), log_prob: lab.number(item.logProb, 3), so_far: lab.number(item.soFar, 3) });

  const chips = ({ view, t, languages, differs, focus, heading, onPick }) => {
    const target = lab.tokens({
      label: t("tokens.target"), language: languages.target,
      items: view.rows.map((item, i) => ({ label: item.label, tip: targetTip(item, t), note: lab.short(item.probability),
        probability: item.probability, differs: differs?.[i] })),
      onFocus: (index) => focus(index === null ? null : { row: index }, false),
      onPick,
    });
    const source = lab.tokens({
      label: t("tokens.source"), language: languages.source,
      items: view.columns.map(({ label }) => ({ label, tip: null, note: "\u00a0", probability: null })),
      onFocus: (index) => focus(index === null ? null : { column: index }, false),
    });
    const named = (key, row) => lab.el("div", { class: "s2s-token-row" }, [lab.el(heading, { text: t(key) }), row.node]);
    return { target, source, node: lab.el("div", { class: "s2s-tokens" }, [
      named("tokens.target", target), named("tokens.source", source)]) };
  };

  const legend = (t, kind) => lab.el("p", { class: `s2s-legend ${kind}` }, [
    lab.el("span", { text: t(`legend.${kind}`) }), lab.el("span", { class: "s2s-legend-low", text: "0" }),
    lab.el("span", { class: "s2s-ramp", "aria-hidden": "true" }), lab.el("span", { text: "1" })]);

  const readout = (view, place, t) => {
    if (!place) return t("heatmap.hint");
    const row = place.row === undefined ? null : view.rows[place.row];
    const column = place.column === undefined ? null : view.columns[place.column];
    if (row && column) {
      const weight = view.weights[place.row][place.column].toFixed(3);
      return t("heatmap.cell", { target: row.label, source: column.label, weight });
    }
    const most = (weights) => weights.indexOf(Math.max(...weights));
    if (row) {
      const best = most(view.weights[place.row]);
      return t("heatmap.row", { target: row.label, source: view.columns[best].label,
        weight: view.weights[place.row][best].toFixed(3) });
    }
    const weights = view.weights.map((line) => line[place.column]);
    const best = most(weights);
    return t("heatmap.column", { source: column.label, target: view.rows[best].label, weight: weights[best].toFixed(3) });
  };

  const downloads = (t, formats, onDownload) => lab.el("div", { class: "s2s-downloads", role: "group", "aria-label": t("download.title") }, [
    lab.el("span", { class: "s2s-download-label", text: t("download.title"), "aria-hidden": "true" }),
    ...formats.map((format) => lab.el("button", { type: "button", class: "s2s-quiet", text: format.toUpperCase(),
      "data-format": format, "data-tip": t(`download.${format}`), on: { click: (event) => onDownload(format, event.currentTarget) } }))]);

  /**
   * Heatmap with its toolbar; `show(place, byKeyboard)` lights a row, a column or a cell of it. Without `settings` there is
   * no switch for merging. Its files come from the server (`onDownload`), or are made here with `files`, `{name, saveFile}`.
   */
  const attention = ({ view, t, languages, focus, settings = null, onDownload = null, files = null, heading }) => {
    const map = lab.heatmap({
      view, label: t("heatmap.label", { rows: view.rows.length, columns: view.columns.length }), help: t("heatmap.help"),
      sourceLanguage: languages.source, targetLanguage: languages.target, onFocus: focus,
    });
    const line = lab.el("p", { class: "s2s-readout", text: t("heatmap.hint") });
    const spoken = lab.el("p", { class: "s2s-unseen", "aria-live": "polite" });
    // Between letters and sounds there is nothing to merge.
    const merge = settings && !lab.pronunciation.isOf(languages.target) && lab.el("label", { class: "s2s-switch", "data-tip": t("tip.merge") }, [
      lab.el("input", { type: "checkbox", role: "switch", name: "merge", checked: settings.merged,
        on: { change: (event) => settings.onMerge(event.target.checked) } }),
      lab.el("span", { text: t("heatmap.merge") })]);
    const table = lab.el("details", { class: "s2s-table" }, [lab.el("summary", { text: t("heatmap.table") })]);
    table.addEventListener("toggle", () => {
      if (table.open && table.children.length === 1) {
        table.append(lab.weightTable({ view, caption: t("heatmap.caption"), corner: t("heatmap.corner") }));
      }
    });
    const node = lab.el("section", { class: "s2s-attention", "aria-label": t("heatmap.title") }, [
      lab.el("header", { class: "s2s-toolbar" }, [lab.el(heading, { text: t("heatmap.title") }), merge || null,
        onDownload && downloads(t, ["png", "svg", "csv", "json"], onDownload),
        files && lab.heatmapFiles({ ...files, view, t, picture: () => map.node.querySelector("svg") })]),
      line, map.node, legend(t, "weight"), table, spoken]);
    return { node, show: (place, byKeyboard) => {
      map.focus(place);
      line.textContent = readout(view, place, t);
      if (byKeyboard) spoken.textContent = line.textContent;
    } };
  };

  const withoutAttention = (t, onDownload) => lab.el("section", { class: "s2s-attention" }, [
    lab.el("header", { class: "s2s-toolbar" }, [lab.el("h3", { text: t("heatmap.title") }), onDownload && downloads(t, ["json"], onDownload)]),
    lab.el("p", { class: "s2s-note", text: t("heatmap.none") })]);

  /** Link chips and heatmap: what one is on lights up in the others. */
  const link = (view, rows, map) => (place, byKeyboard) => {
    const { row, column } = place ?? {};
    const cell = row !== undefined && column !== undefined;
    rows.target.activate(row ?? null);
    rows.source.activate(column ?? null);
    if (!view.weights) return;
    rows.target.light(column !== undefined && !cell ? view.weights.map((line) => line[column]) : null);
    rows.source.light(row !== undefined ? view.weights[row] : null);
    map?.show(place, byKeyboard);
  };

  // Views draw hypotheses too.
  Object.assign(lab, { attention, legend, linkRows: link, readout });

  /**
   * Draw hypothesis number `chosen` of a run. `other` is the hypothesis that it is compared with, or null; `settings`
   * holds `{merged, onMerge}`; `onChoose(index)`, `onDownload(format, button)` and, where the step's alternatives were
   * recorded, `onContinue(token ids)`, `onPrefix(text)` and `onPin(token ids before, step, weights)` answer the visitor.
   * `tabs(attention)`, where given, draws the row of views with the heatmap and the list as its first; `join`, see
   * `lab.linkColumns`, links the heatmap to others of the same source.
   */
  return ({ run, chosen, other, title, t, languages, settings, onChoose, onDownload, onContinue, onPrefix, onPin, tabs, join }) => {
    const hypothesis = run.hypotheses[chosen];
    const view = lab.viewOf(run, hypothesis, settings.merged);
    const labels = (of) => lab.viewOf(run, of, settings.merged).rows.map(({ label }) => label);
    const differs = other && lab.unmatched(labels(hypothesis), labels(other));
    const marks = other && (lab.textMarks(hypothesis, view.rows, differs) ?? lab.unmatched(Array.from(hypothesis.text), Array.from(other.text)));
    const heading = title ? "h4" : "h3";
    let lit = () => {};
    const show = (place, byKeyboard) => lit(place, byKeyboard);
    const focus = join ? join(show) : show;
    const whatIf = lab.el("div");
    const pick = hypothesis.alternatives && onContinue && ((index) => {
      const { start, label } = view.rows[index];
      whatIf.replaceChildren(lab.whatIf({ hypothesis, at: start, label, t, language: languages.target, onChoose: onContinue, onPrefix, onPin,
        columns: view.weights && view.columns, sourceLanguage: languages.source,
        onClose: () => { whatIf.replaceChildren(); rows.target.node.querySelector(`[data-index="${index}"]`).focus(); } }));
    });
    const rows = chips({ view, t, languages, differs, focus, heading, onPick: pick });
    const drawable = view.weights && view.rows.length && view.columns.length;
    const map = drawable ? attention({ view, t, languages, focus, settings, onDownload, heading }) : null;
    lit = link(view, rows, map);
    const list = run.hypotheses.length > 1
      ? lab.nbest({ hypotheses: run.hypotheses, chosen, t, language: languages.target, onChoose,
        title: t(run.strategy === "sample" ? "nbest.samples" : "nbest.title") }) : null;
    const body = lab.el("div", { class: list ? "s2s-body with-list" : "s2s-body" }, [
      map ? map.node : withoutAttention(t, onDownload), list]);
    return lab.el("article", { class: title ? "s2s-hypothesis compared" : "s2s-hypothesis", "data-strategy": run.strategy }, [
      title ? lab.el("h3", { class: "s2s-panel-title", text: title }) : null,
      lab.el("div", { class: "s2s-head" }, [outputText(hypothesis.text, marks, languages.target, t),
        lab.copyButton(hypothesis.text, t)]),
      lab.pronunciation({ text: hypothesis.text, language: languages.target, t, brief: Boolean(title) }),
      unfinished(run, hypothesis, t),
      figures(run, hypothesis, t),
      rows.node,
      legend(t, "probability"),
      pick ? lab.el("p", { class: "s2s-hint", text: t("whatif.hint") }) : null,
      whatIf,
      ...(tabs ? tabs(body) : [body]),
    ]);
  };
})();
