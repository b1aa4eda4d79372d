// The lines of a batch with every strategy's output; arrow keys walk the cells, Enter opens one in the sentence box.

lab.batchTable = (() => {
  const FIRST = 200;

  const differs = (job, at) => {
    const texts = job.rows.map((rows) => rows[at]?.text);
    return texts.some((text) => text !== undefined && text !== texts[0]);
  };

  const tip = (row, t) => t("batch.cell_tip", { log_prob: lab.number(row.log_prob), score: lab.number(row.score) });

  /** Write what has come of a cell, once. */
  const fillCell = (cell, job, index, at, t) => {
    const row = job.rows[index][at];
    if (!row || cell.dataset.filled) return;
    cell.dataset.filled = "true";
    if (row.error) return lab.fill(cell, { class: "failed", text: lab.errorText(t, row.error) }, []);
    const same = index > 0 && job.rows[0][at]?.text === row.text;
    const marks = [row.finished ? null : lab.el("span", { class: "s2s-cut", text: t("nbest.cut"), "data-tip": t("result.cut") })];
    lab.fill(cell, { class: same ? "output same" : "output", "data-tip": tip(row, t) }, [
      lab.el("span", { text: row.text || t("result.nothing") }), ...marks]);
  };

  const rowOf = (job, at, { t, languages }) => {
    const line = job.lines[at];
    const cell = (options) => lab.el("td", { role: "gridcell", tabindex: -1, ...options });
    const outputs = job.strategies.map((_, index) => cell({ lang: languages.target, "data-strategy": index }));
    const references = job.hasReferences ? [cell({ class: "reference", lang: languages.target, text: line.references.join(" / ") })] : [];
    const node = lab.el("tr", { "data-line": at }, [lab.el("th", { scope: "row", text: line.number }),
      cell({ class: "source", lang: languages.source, text: line.source, "data-strategy": -1 }), ...references, ...outputs]);
    return { node, update: () => outputs.forEach((output, index) => fillCell(output, job, index, at, t)) };
  };

  /** Arrow keys move the focus from cell to cell; one cell at a time is in the Tab order. */
  const walk = (frame, onOpen) => {
    const cells = (row) => [...row.querySelectorAll("td")];
    const enter = (cell) => {
      for (const old of frame.querySelectorAll('td[tabindex="0"]')) old.tabIndex = -1;
      cell.tabIndex = 0;
      cell.focus();
    };
    frame.addEventListener("keydown", (event) => {
      const cell = event.target.closest("td");
      if (!cell) return;
      const row = cell.parentElement;
      const column = cells(row).indexOf(cell);
      const to = { ArrowLeft: () => cells(row)[column - 1], ArrowRight: () => cells(row)[column + 1],
        ArrowUp: () => row.previousElementSibling && cells(row.previousElementSibling)[column],
        ArrowDown: () => row.nextElementSibling && cells(row.nextElementSibling)[column],
        Home: () => cells(row)[0], End: () => cells(row).at(-1) }[event.key]?.();
      if (event.key === "Enter" || event.key === " ") onOpen(cell);
      else if (to) enter(to);
      else return;
      event.preventDefault();
    });
    frame.addEventListener("click", (event) => {
      const cell = event.target.closest("td");
      if (cell) onOpen(cell);
    });
  };

  /**
   * Draw the table of a job. `state` is `{shown, onlyDiffering}`, changed in place; `onOpen({text, strategy})` is given the line and the
   * strategy that were pressed (null: the line alone). Returns `{node, update()}`; `update` writes what has come since.
   */
  return ({ job, labels, t, languages, state, onOpen }) => {
    state.shown ??= FIRST;
    let rows = [];
    const body = lab.el("tbody");
    const more = lab.el("button", { type: "button", class: "s2s-quiet s2s-batch-more", hidden: true });
    const count = lab.el("p", { class: "s2s-hint" });
    const heads = [t("batch.number"), t("batch.source"), ...(job.hasReferences ? [t("batch.reference")] : []), ...labels];
    const table = lab.el("table", { class: "s2s-batch-table", role: "grid" }, [lab.el("caption", { class: "s2s-unseen", text: t("batch.table") }),
      lab.el("thead", {}, [lab.el("tr", {}, heads.map((text) => lab.el("th", { scope: "col", text })))]), body]);
    const frame = lab.el("div", { class: "s2s-batch-frame tall" }, [table]);
    walk(frame, (cell) => {
      const { strategy } = cell.dataset;
      const line = job.lines[Number(cell.parentElement.dataset.line)];
      onOpen({ text: line.source, strategy: Number(strategy ?? -1) < 0 ? null : job.strategies[Number(strategy)] });
    });

    const draw = () => {
      const wanted = job.lines.map((_, at) => at).filter((at) => !state.onlyDiffering || differs(job, at));
      const shown = wanted.slice(0, state.shown);
      rows = shown.map((at) => rowOf(job, at, { t, languages }));
      body.replaceChildren(...rows.map(({ node }) => node));
      body.querySelector("td")?.setAttribute("tabindex", "0");
      more.hidden = shown.length === wanted.length;
      more.textContent = t("batch.more", { count: Math.min(FIRST, wanted.length - shown.length) });
      count.textContent = t("batch.shown", { shown: shown.length, lines: wanted.length });
      update();
    };
    const update = () => rows.forEach((row) => row.update());
    more.addEventListener("click", () => {
      const next = state.shown;
      state.shown += FIRST;
      draw();
      rows[next]?.node.querySelector("td")?.focus();
    });
    const filter = job.strategies.length < 2 ? null : lab.el("label", { class: "s2s-switch" }, [
      lab.el("input", { type: "checkbox", role: "switch", name: "batch-differing", checked: state.onlyDiffering,
        on: { change: (event) => { state.onlyDiffering = event.target.checked; state.shown = FIRST; draw(); } } }),
      lab.el("span", { text: t("batch.only_differing") })]);
    draw();
    return { node: lab.el("section", { class: "s2s-batch-lines", "aria-label": t("batch.table") }, [
      lab.el("header", { class: "s2s-toolbar" }, [lab.el("h4", { text: t("batch.table") }), filter]),
      lab.el("p", { class: "s2s-hint", text: t("batch.table_hint") }), frame, lab.el("div", { class: "s2s-batch-end" }, [count, more])]), update };
  };
})();
