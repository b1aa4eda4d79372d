// Reading attention: coverage of the source, entropy of each row, the hard alignment, and what all this does not say.

lab.addView({ name: "reading", files: ["png", "svg", "csv", "json", "tsv", "pharaoh"], about: "any", draw: (() => {
  /** How a mark on a source word is drawn: a shape, beside its colour and its words. */
  const SHAPES = { untranslated: "○", repeated: "●●" };
  const FORMATS = { tsv: "TSV", pharaoh: "Pharaoh" };
  const PAPERS = [
    ["Koehn & Knowles 2017, Six Challenges for Neural Machine Translation", "https://aclanthology.org/W17-3204"],
    ["Jain & Wallace 2019, Attention is not Explanation", "https://aclanthology.org/N19-1357"],
    ["Wiegreffe & Pinter 2019, Attention is not not Explanation", "https://aclanthology.org/D19-1002"],
  ];

  /** Words as a list in the page's language: “a”, “b” and “c”. */
  const listed = (words) => new Intl.ListFormat(document.documentElement.lang).format(words.map((word) => `“${word}”`));

  /** What stands out, in words. */
  const summary = ({ source, target, marks, entropy, uniform }, t) => {
    const marked = (name) => source.filter((_, index) => marks[index] === name);
    const found = ["untranslated", "repeated"].filter((name) => marked(name).length)
      .map((name) => t(`reading.found_${name}`, { words: listed(marked(name)) }));
    const said = found.length ? found : [t("reading.found_nothing")];
    const widest = entropy.indexOf(Math.max(...entropy));
    if (uniform > 0) said.push(t("reading.widest", { word: target[widest], share: Math.round((100 * entropy[widest]) / uniform) }));
    return said.reduce((first, second) => t("compare.sentences", { first, second }));
  };

  const row = ({ label, language, share, limit, number, tip, mark, note, index, kind, focus }) => {
    const bar = lab.el("span", { class: "s2s-reading-bar", "aria-hidden": "true" }, [lab.el("span")]);
    bar.style.setProperty("--share", share.toFixed(4));
    if (limit !== null) bar.style.setProperty("--limit", limit.toFixed(4));
    return lab.el("li", { class: `s2s-reading-row${mark ? ` ${mark}` : ""}`, [`data-${kind}`]: index, tabindex: index ? -1 : 0, "data-tip": tip,
      on: { pointerenter: () => focus({ [kind]: index }), pointerleave: () => focus(null), focus: () => focus({ [kind]: index }), blur: () => focus(null) } }, [
      lab.el("span", { class: "s2s-reading-word", lang: language, text: label }), bar,
      lab.el("span", { class: "s2s-reading-number", text: number }),
      note ? lab.el("span", { class: "s2s-reading-mark" }, [lab.el("span", { "aria-hidden": "true", text: SHAPES[mark] }), lab.el("span", { text: note })]) : null]);
  };

  /** A list of bars that the arrow keys walk. */
  const bars = (title, text, rows) => {
    const list = lab.el("ol", { class: "s2s-reading-rows" }, rows);
    list.addEventListener("keydown", (event) => {
      const from = rows.indexOf(event.target);
      const to = { ArrowUp: from - 1, ArrowDown: from + 1, Home: 0, End: rows.length - 1 }[event.key];
      if (from < 0 || to === undefined || !rows[to]) return;
      event.preventDefault();
      rows[from].tabIndex = -1;
      rows[to].tabIndex = 0;
      rows[to].focus();
    });
    return lab.el("section", {}, [lab.el("h4", { text: title }), lab.el("p", { class: "s2s-reading-text", text }), list]);
  };

  const coverage = ({ source, coverage: sums, marks, limits }, { t, languages }, focus) => {
    const most = Math.max(2, ...sums);
    return bars(t("reading.coverage"), t("reading.coverage_text", limits), source.map((label, index) => row({
      label, language: languages.source, share: sums[index] / most, limit: 1 / most, number: sums[index].toFixed(2), mark: marks[index],
      note: marks[index] ? t(`reading.mark_${marks[index]}`) : null, index, kind: "source", focus,
      tip: t("reading.coverage_tip", { word: label, sum: sums[index].toFixed(3) }) })));
  };

  const entropy = ({ target, entropy: values, uniform }, { t, languages }, focus) => {
    const share = (value) => (uniform > 0 ? value / uniform : 0);
    return bars(t("reading.entropy"), t("reading.entropy_text", { uniform: uniform.toFixed(2) }), target.map((label, index) => row({
      label, language: languages.target, share: share(values[index]), limit: null, mark: null, note: null, index, kind: "target", focus,
      number: `${values[index].toFixed(2)} · ${Math.round(100 * share(values[index]))}%`,
      tip: t("reading.entropy_tip", { word: label, count: Math.exp(values[index]).toFixed(1) }) })));
  };

  /** What attention does and does not explain; with this sentence's share on the final mark and the end symbol. */
  const honesty = ({ ends }, { t }) => lab.el("details", { class: "s2s-why", open: true }, [
    lab.el("summary", { text: t("reading.honesty") }),
    lab.el("ul", {}, [
      lab.el("li", { text: t("reading.honesty_looks") }),
      lab.el("li", { text: t("reading.honesty_off") }),
      lab.el("li", { text: t("reading.honesty_ends", { share: Math.round(100 * ends) }) }),
      lab.el("li", { text: t("reading.honesty_debate") }),
      lab.el("li", { text: t("reading.honesty_try") })]),
    lab.el("p", { class: "s2s-reading-papers" }, PAPERS.map(([text, href]) =>
      lab.el("a", { href, text, lang: "en", target: "_blank", rel: "noopener" })))]);

  const table = ({ source, target, coverage: sums, marks, entropy: values, uniform }) => {
    const line = (...cells) => cells.map((cell) => String(cell).replace(/[\t\n]/g, " ")).join("\t");
    return [line("side", "position", "word", "coverage", "mark", "entropy_nats", "entropy_of_uniform"),
      ...source.map((word, i) => line("source", i, word, sums[i].toFixed(6), marks[i] ?? "", "", "")),
      ...target.map((word, i) => line("target", i, word, "", "", values[i].toFixed(6), uniform > 0 ? (values[i] / uniform).toFixed(6) : "")),
      ""].join("\n");
  };

  const files = (answer, drawing, { t, model, saveFile }) => {
    const name = `${model.id.replaceAll("/", "-")}-reading`;
    const contents = {
      tsv: () => ({ name: `${name}.tsv`, type: "text/tab-separated-values;charset=utf-8", content: table(answer) }),
      pharaoh: () => ({ name: `${name}.pharaoh`, type: "text/plain;charset=utf-8", content: `${answer.pharaoh}\n` }),
    };
    return lab.pictureFiles({ title: t("reading.alignment"), name, t, saveFile, picture: () => drawing.svg, values: () => answer,
      rows: () => [["source", "source_word", "target", "target_word", "weight"],
        ...answer.alignment.map(([from, to, weight]) => [from, answer.source[from], to, answer.target[to], weight])],
      more: Object.keys(contents).map((format) => lab.el("button", { type: "button", class: "s2s-quiet", "data-format": format,
        text: FORMATS[format], "data-tip": t(`reading.save_${format}`), on: { click: () => saveFile(contents[format]()) } })) });
  };

  const drawAnswer = (answer, context) => {
    const { t, languages } = context;
    const parts = [];
    const focus = (place) => {
      drawing.light(place);
      for (const node of parts.flatMap((part) => [...part.querySelectorAll(".s2s-reading-row")])) {
        node.classList.toggle("on", Boolean(place) && Object.entries(place).every(([kind, index]) => node.dataset[kind] === String(index)));
      }
    };
    const drawing = lab.alignment({ sources: answer.source, targets: answer.target, pairs: answer.alignment, marks: answer.marks, languages, focus,
      label: t("reading.alignment_label", { pairs: answer.pharaoh }) });
    parts.push(coverage(answer, context, focus), entropy(answer, context, focus));
    return [
      lab.el("p", { class: "s2s-verdict", text: summary(answer, t) }),
      lab.el("section", {}, [
        lab.el("header", { class: "s2s-toolbar" }, [lab.el("h4", { text: t("reading.alignment") }), files(answer, drawing, context)]),
        lab.el("p", { class: "s2s-reading-text", text: t("reading.alignment_text") }), drawing.node,
        lab.el("p", { class: "s2s-pharaoh" }, [lab.el("span", { text: t("reading.pharaoh"), "data-tip": t("reading.pharaoh_tip"), tabindex: 0 }),
          lab.el("code", { text: answer.pharaoh }), lab.copyButton(answer.pharaoh, t)])]),
      lab.el("div", { class: "s2s-reading-columns" }, parts),
      honesty(answer, context)];
  };

  return (context) => {
    const { t, memory, key, ask, run, chosen, hypothesis, redraw } = context;
    if (!hypothesis.attention) return lab.el("p", { class: "s2s-note", text: t("reading.none") });
    if (!hypothesis.tokens.length) return lab.el("p", { class: "s2s-note", text: t("result.nothing") });
    memory.pieces ??= false;
    const id = JSON.stringify([key, chosen, memory.pieces]);
    const answer = lab.askOnce(memory, id, () => ask({ hypothesis: hypothesis.token_ids, pieces: memory.pieces }));
    const place = lab.answerPlace({ answer, t, name: "s2s-reading-answer", draw: (found, node) => {
      const labels = (items) => items.map(({ label }) => label);
      const view = lab.viewOf(run, hypothesis, !memory.pieces);
      node.replaceChildren(...drawAnswer({ ...found, source: labels(view.columns), target: labels(view.rows) }, context));
    } });
    const pieces = lab.el("label", { class: "s2s-switch" }, [
      lab.el("input", { type: "checkbox", role: "switch", name: "pieces", checked: memory.pieces,
        on: { change: (event) => { Object.assign(memory, { pieces: event.target.checked, focus: true }); redraw(); } } }),
      lab.el("span", { text: t("reading.pieces") })]);
    // The keyboard's focus stays on the switch that was used.
    if (memory.focus) requestAnimationFrame(() => pieces.querySelector("input").focus({ preventScroll: true }));
    memory.focus = false;
    return lab.el("div", { class: "s2s-reading" }, [lab.el("div", { class: "s2s-reading-head" }, [pieces]), place]);
  };
})() });
