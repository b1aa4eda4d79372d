// What came back for a request: a switcher over its lines, and the shown line's run or pair of runs.

lab.result = (() => {
  const lineLabel = (line) => {
    const letters = Array.from(line.typed);
    return letters.length > 18 ? `${letters.slice(0, 17).join("")}…` : line.typed;
  };

  const switcher = ({ lines, shown, t, onShow }) => {
    const tabs = lines.map((line, index) => lab.el("button", {
      type: "button", role: "tab", class: line.error ? "s2s-line failed" : "s2s-line", "aria-selected": index === shown ? "true" : "false",
      tabindex: index === shown ? 0 : -1, "data-index": index, on: { click: () => onShow(index) },
    }, [lab.el("span", { class: "s2s-rank", text: line.error ? "!" : index + 1 }), lab.el("span", { text: lineLabel(line) })]));
    const bar = lab.el("div", { class: "s2s-lines", role: "tablist", "aria-label": t("lines.title") }, tabs);
    bar.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: shown - 1, ArrowRight: shown + 1, Home: 0, End: lines.length - 1 }[event.key];
      if (to === undefined || !lines[to]) return;
      event.preventDefault();
      onShow(to, true);
    });
    return bar;
  };

  /** The output of a line by its last strategy, the best unless another of its hypotheses is `chosen`; nothing where there is none yet. */
  const outputOf = (line, chosen) => {
    const at = line.runs.findLastIndex((run) => run.hypotheses.length);
    if (at < 0) return "";
    const { hypotheses } = line.runs[at];
    return (hypotheses[chosen?.[at]] ?? hypotheses[0]).text;
  };

  const between = (language) => (/^(zh|ja)\b/.test(language) ? "" : " ");

  /** The lines by the typed line that each is a sentence of. */
  const paragraphsOf = (lines) => [...new Set(lines.map(({ paragraph }) => paragraph))].map((number) =>
    lines.map((line, index) => ({ line, index })).filter(({ line }) => line.paragraph === number));

  /** The outputs of all lines as one text, a paragraph for each typed line; `chosen` holds the hypotheses opened of each. */
  const outputText = (lines, language, chosen = {}) => paragraphsOf(lines)
    .map((items) => items.map(({ line, index }) => outputOf(line, chosen[index])).filter(Boolean).join(between(language))).join("\n");

  /** The same to be seen; pressing a sentence shows it. */
  const wholeText = ({ lines, shown, t, language, onShow }) => {
    const join = between(language);
    const paragraphs = paragraphsOf(lines);
    const sentence = ({ line, index }) => lab.el("span", { class: "s2s-sentence", "data-index": index,
      "data-shown": index === shown ? "" : null, "data-tip": line.typed, text: line.error ? "…" : outputOf(line), on: { click: () => onShow(index) } });
    return lab.el("section", { class: "s2s-whole", "aria-label": t("lines.whole") }, [
      lab.el("header", {}, [lab.el("h3", { text: t("lines.whole") }), lab.copyButton(outputText(lines, language), t)]),
      ...paragraphs.map((items) => lab.el("p", { lang: language },
        items.flatMap((item, i) => (i && join ? [join, sentence(item)] : [sentence(item)]))))]);
  };

  const shownLine = ({ line, index, t, view, languages, download, redraw, onContinue, onPrefix, onPin, tabs }) => {
    if (line.error) return lab.el("p", { class: "s2s-note error", text: lab.errorText(t, line.error) });
    const chosen = view.chosen[index] ?? line.runs.map(() => 0);
    const draw = ({ run, index: panel, other, title, tabs: row, join }) => lab.hypothesis({
      run, other, title, t, languages, tabs: row, join,
      chosen: run.hypotheses[chosen[panel]] ? chosen[panel] : 0,
      settings: { merged: view.merged, onMerge: (merged) => { view.merged = merged; redraw("merge"); } },
      onChoose: (hypothesis) => {
        view.chosen[index] = Object.assign([...chosen], { [panel]: hypothesis });
        redraw(`nbest-${panel}-${hypothesis}`);
      },
      onContinue: run.partial ? null : onContinue,
      onPrefix,
      onPin,
      // A file is decoded again, to its end: of a stopped decode it would show something else than the page.
      onDownload: run.partial ? null : (format, button) => download({ format, button, line: index, run: panel, merged: view.merged,
        hypothesis: run.hypotheses[chosen[panel]] ? chosen[panel] : 0 }),
    });
    const ready = line.runs.filter((run) => run.hypotheses.length);
    if (!ready.length) return lab.el("p", { class: "s2s-note", text: t("result.waiting") });
    const last = ready.length - 1;
    const sides = ready.map((run, at) => {
      const number = run.hypotheses[chosen[at]] ? chosen[at] : 0;
      return { run, chosen: number, hypothesis: run.hypotheses[number] };
    });
    const row = (attention) => tabs({ attention, context: { line, runs: ready, sides, ...sides[last], lineIndex: index } });
    if (ready.length === 2 && !ready[1].partial) return lab.el("div", { class: "s2s-pair" }, row(lab.compare({ runs: ready, chosen, t, draw })));
    return draw({ run: ready[last], index: last, other: null, title: null, tabs: row });
  };

  /**
   * Draw the lines of a request. `view` is `{line, chosen, merged}`, changed in place; `redraw(focus)` draws again, with
   * the keyboard's focus kept on what was used. `whatIf` is `{count, prefix, pinned, onContinue(token ids), onPrefix(text),
   * onPin(token ids, step, weights), onBack()}`: what the visitor chose of the output, and how to go on or back. `tabs({attention, context})` draws the views.
   * `reader(languages)` is what can be done with a text in one of these languages, `{name, onRead()}`, or nothing.
   */
  const result = ({ lines, view, t, languages, download, redraw, whatIf, tabs, reader }) => {
    const index = Math.min(view.line, lines.length - 1);
    const bar = lines.length < 2 ? null : switcher({ lines, shown: index, t, onShow: (to, byKeyboard) => {
      view.line = to;
      redraw(byKeyboard ? "line" : null);
    } });
    const typed = lines.length < 2 ? null
      : lab.el("p", { class: "s2s-source", lang: languages.source, text: lines[index].typed });
    const { reads, others } = lines[index];
    const better = reads ? reader(others) : null;
    const other = reads ? lab.el("p", { class: "s2s-note", role: "note" }, [
      lab.el("span", { text: `${t("result.other_script", { language: t(`language.${reads}`) })} ` }),
      better && lab.el("button", { type: "button", class: "s2s-quiet s2s-read-with", text: t("result.read_with", { model: better.name }),
        on: { click: better.onRead } })]) : null;
    const { source, notes = [] } = lines[index].runs.find((run) => run.hypotheses.length) ?? {};
    const reading = notes.length ? lab.el("p", { class: "s2s-note", role: "note" }, [
      lab.el("span", { text: `${notes.map((note) => t(`note.${note}`)).join(" ")} ${t("note.read")} ` }),
      lab.el("span", { class: "s2s-read", lang: languages.source, text: source })]) : null;
    const trail = whatIf.count || whatIf.prefix || whatIf.pinned ? lab.whatIfTrail({ ...whatIf, t, onBack: whatIf.onBack }) : null;
    const whole = lines.length < 2 ? null : wholeText({ lines, shown: index, t, language: languages.target,
      onShow: (to) => { view.line = to; redraw(null); } });
    return lab.el("div", {}, [whole, bar, typed, other, reading, trail,
      shownLine({ line: lines[index], index, t, view, languages, download, redraw, onContinue: whatIf.onContinue,
        onPrefix: whatIf.onPrefix, onPin: whatIf.onPin, tabs })]);
  };

  result.text = outputText;
  return result;
})();
