// The table of a comparison: one row for each output, sorted by a press on a column's head, and its files.

lab.comparisonTable = (() => {
  const tokens = ({ hypothesis }) => hypothesis.token_ids.length;
  /** `falling`: the first press on the head puts the largest first; `best`: the largest is marked. */
  const COLUMNS = [
    { name: "number", value: ({ number }) => number },
    { name: "strategy", value: ({ name }) => name },
    { name: "text", value: ({ hypothesis }) => hypothesis.text },
    { name: "log_prob", value: ({ hypothesis }) => hypothesis.log_prob, text: lab.number, falling: true, best: true },
    { name: "score", value: ({ hypothesis }) => hypothesis.score, text: lab.number, falling: true, best: true },
    { name: "length", value: tokens, text: String },
    { name: "steps", value: ({ run }) => run.steps, text: String },
    { name: "seconds", value: ({ run }) => run.seconds, text: lab.seconds },
    { name: "chrf", value: ({ figures }) => figures.chrf, text: (value) => lab.number(value, 1), falling: true, best: true, measured: true },
    { name: "bleu", value: ({ figures }) => figures.bleu, text: (value) => lab.number(value, 1), falling: true, best: true, measured: true },
  ];

  /** The parts that a text is compared by: its words, each with the space before it; null where they do not spell it. */
  const units = ({ text, tokens: pieces, words }) => {
    const parts = words.filter(([, start]) => pieces[start] !== "</s>")
      .map(([word, start], index) => (index && pieces[start].startsWith(lab.SPACE) ? ` ${word}` : word));
    return parts.join("") === text ? parts : null;
  };

  /** The text, with the words marked that `base` does not have. */
  const markedText = (hypothesis, base, node) => {
    if (base === hypothesis || !hypothesis.text) return node.replaceChildren(hypothesis.text);
    const words = [units(hypothesis), units(base)];
    const [own, other] = words.every(Boolean) ? words : [hypothesis, base].map(({ text }) => Array.from(text));
    const marks = lab.unmatched(own.map((part) => part.trim()), other.map((part) => part.trim()));
    return node.replaceChildren(...own.map((part, index) => (marks[index] ? lab.el("mark", { text: part }) : part)));
  };

  /** What is to be said of an output beside its text: that it was cut, or which earlier one is the same. */
  const tags = (output, outputs, t) => {
    const { hypothesis } = output;
    const same = outputs.find((other) => other.hypothesis.text === hypothesis.text);
    const respelt = same.hypothesis.token_ids.join() !== hypothesis.token_ids.join();
    return [
      hypothesis.finished ? null : lab.el("span", { class: "s2s-cut", text: t("nbest.cut"), "data-tip": t("result.cut"), tabindex: 0 }),
      same === output ? null : lab.el("span", { class: "s2s-cut", text: t("comparison.same", { number: same.number }), tabindex: respelt ? 0 : null,
        "data-tip": respelt ? t("comparison.respelt") : null })];
  };

  const head = (columns, t, onSort) => lab.el("tr", { role: "row" }, [...columns.map(({ name, measured }) => lab.el("th", {
    scope: "col", role: "columnheader", class: `s2s-column-${name}`, "data-column": name, hidden: measured }, [
    lab.el("button", { type: "button", class: "s2s-sort", "data-tip": t(`comparison_tip.${name}`), text: t(`comparison_column.${name}`),
      on: { click: () => onSort(name) } })])), lab.el("td", { role: "cell" })]);

  const row = (output, outputs, { t, language, memory, onBase, onOpen }) => {
    const text = lab.el("span", { class: "s2s-compared-text", lang: language });
    const base = lab.el("input", { type: "radio", name: "s2s-base", value: output.number, checked: output.number === memory.base,
      "aria-label": t("comparison.base", { number: output.number }), on: { change: () => onBase(output.number) } });
    const cell = (name, children, options = {}) => lab.el("td", { role: "cell", class: `s2s-column-${name}`,
      "data-label": t(`comparison_column.${name}`), ...options }, children);
    const map = output.hypothesis.attention && lab.el("button", { type: "button", class: "s2s-quiet s2s-open-map", text: t("comparison.heatmap"),
      "aria-label": t("comparison.heatmap_of", { number: output.number }), on: { click: () => onOpen(output.number) } });
    const node = lab.el("tr", { role: "row", "data-number": output.number }, [
      cell("number", [lab.el("label", { class: "s2s-base", "data-tip": t("comparison.base_tip") }, [base, lab.el("span", { text: output.number })])]),
      cell("strategy", [output.name, output.run.seed === null || output.at ? null
        : lab.el("span", { class: "s2s-seed", text: t("comparison.seed", { seed: output.run.seed }) })]),
      cell("text", [text, output.hypothesis.text ? null : t("result.nothing"), ...tags(output, outputs, t)]),
      ...COLUMNS.slice(3).map(({ name, measured }) => cell(name, [], { hidden: measured })),
      lab.el("td", { role: "cell", class: "s2s-column-map" }, [map])]);
    return { node, text, map, cells: Object.fromEntries([...node.children].map((child) => [child.className.slice("s2s-column-".length), child])) };
  };

  // The same output of another beam has the same figures but for rounding.
  const NEAR = 1e-4;
  const isHighest = (outputs, { value }) => {
    const values = outputs.map(value);
    const top = Math.max(...values);
    return (output) => values.some((other) => other < top - NEAR) && value(output) >= top - NEAR;
  };

  /**
   * Draw the table of `outputs`, `[{number, name, run, hypothesis, figures}]`. `memory` holds `sort` (`{column, falling}`),
   * `base` (the output that others are marked against) and `opened` (a set of numbers), changed here. Returns `{node,
   * update()}`, which draws figures and marks again.
   */
  const table = ({ outputs, memory, t, language, onOpen }) => {
    const rows = new Map(outputs.map((output) => [output.number, row(output, outputs, { t, language, memory,
      onBase: (number) => { memory.base = number; update(); },
      onOpen: (number) => {
        if (!memory.opened.delete(number)) memory.opened.add(number);
        update();
        onOpen(number);
      } })]));
    const body = lab.el("tbody", { role: "rowgroup" });
    const headRow = head(COLUMNS, t, (name) => {
      const column = COLUMNS.find((one) => one.name === name);
      const falling = memory.sort.column === name ? !memory.sort.falling : Boolean(column.falling);
      memory.sort = { column: name, falling };
      update();
    });
    const fill = () => {
      const measured = outputs.every(({ figures }) => figures);
      for (const column of COLUMNS.slice(3)) {
        const shown = !column.measured || measured;
        headRow.querySelector(`[data-column="${column.name}"]`).hidden = !shown;
        const highest = shown && column.best ? isHighest(outputs, column) : () => false;
        for (const output of outputs) {
          const cell = rows.get(output.number).cells[column.name];
          cell.hidden = !shown;
          if (!shown) continue;
          const star = highest(output) ? lab.el("span", { class: "s2s-star", text: "★", role: "img", "aria-label": t("comparison.highest") }) : "";
          cell.replaceChildren(star, column.text(column.value(output)));
          cell.classList.toggle("highest", star !== "");
        }
      }
    };
    const sort = () => {
      const { column: wanted, falling } = memory.sort;
      const { name, value } = COLUMNS.find((column) => column.name === wanted && (!column.measured || outputs.every(({ figures }) => figures))) ?? COLUMNS[0];
      const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b);
      const sorted = [...outputs].sort((a, b) => (falling ? -1 : 1) * compare(value(a), value(b)) || a.number - b.number);
      body.append(...sorted.map(({ number }) => rows.get(number).node));
      for (const cell of headRow.querySelectorAll("th")) {
        if (cell.dataset.column === name) cell.setAttribute("aria-sort", falling ? "descending" : "ascending");
        else cell.removeAttribute("aria-sort");
      }
    };
    const update = () => {
      const base = outputs.find(({ number }) => number === memory.base) ?? outputs[0];
      for (const { number, hypothesis } of outputs) {
        const { node, text, map } = rows.get(number);
        markedText(hypothesis, base.hypothesis, text);
        node.classList.toggle("base", number === base.number);
        map?.setAttribute("aria-pressed", memory.opened.has(number) ? "true" : "false");
      }
      fill();
      sort();
    };
    update();
    return { update, node: lab.el("div", { class: "s2s-comparison-frame", role: "region", tabindex: 0, "aria-label": t("comparison.table") }, [
      lab.el("table", { class: "s2s-comparison", role: "table" }, [lab.el("caption", { class: "s2s-unseen", text: t("comparison.table") }),
        lab.el("thead", { role: "rowgroup" }, [headRow]), body])]) };
  };

  const OPTIONS = ["beam_size", "beam_groups", "diversity", "temperature", "top_k", "top_p"];

  /** The table as tab-separated values; what a strategy does not use is empty. A spreadsheet is not to take a text for a formula. */
  table.toTsv = (outputs) => {
    const safe = (text) => (/^[=+\-@]/.test(text) ? `'${text}` : text).replace(/[\t\r\n]+/g, " ");
    const head = ["number", "strategy", ...OPTIONS, "seed", "length_penalty", "coverage_penalty", "text", "log_prob", "score", "tokens", "finished",
      "steps", "seconds", "chrf", "bleu"];
    const lines = outputs.map(({ number, run, hypothesis, figures }) => [number, run.strategy,
      ...OPTIONS.map((name) => (lab.strategyList.OWN[run.strategy].includes(name) ? run.options[name] : "")), run.seed ?? "",
      run.options.length_penalty, run.options.coverage_penalty, safe(hypothesis.text), hypothesis.log_prob, hypothesis.score,
      hypothesis.token_ids.length, hypothesis.finished, run.steps, run.seconds, figures?.chrf ?? "", figures?.bleu ?? ""]);
    return [head, ...lines].map((cells) => `${cells.join("\t")}\n`).join("");
  };
  return table;
})();
