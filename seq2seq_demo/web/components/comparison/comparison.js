// Compare: the shown sentence with any number of strategies, side by side; their heatmaps linked by source token.

lab.addView({ name: "comparison", files: ({ attention }) => [...(attention ? ["png", "svg", "csv"] : []), "json", "tsv"], draw: (() => {
  const { PENALTIES, PRESETS, nameOf, editor } = lab.strategyList;
  const FORMATS = { tsv: "text/tab-separated-values;charset=utf-8", json: "application/json" };
  const STOP_SHOWN = 400; // milliseconds: of a quick answer the button would only flicker
  const copyOf = (list) => list.map((item) => ({ ...item }));

  /** Every output in the order of the list, numbered from 1. */
  const outputsOf = (runs, t) => runs
    .flatMap((run) => run.hypotheses.map((hypothesis, at) => ({ run, hypothesis, at })))
    .map(({ run, hypothesis, at }, index) => ({ run, hypothesis, at, number: index + 1, figures: null,
      name: run.hypotheses.length > 1 ? t("comparison.nth", { name: nameOf(run, t), number: at + 1 }) : nameOf(run, t) }));

  /** The first output and the first that differs from it: what one wants to see beside each other. */
  const firstOpened = (outputs) => {
    const other = outputs.find(({ hypothesis }) => hypothesis.text !== outputs[0].hypothesis.text);
    return new Set(outputs[0].hypothesis.attention ? [1, ...(other ? [other.number] : [])] : []);
  };

  // --- heatmaps

  const card = (output, { t, languages, memory, join, onClose, model, saveFile }) => {
    const { run, hypothesis, number, name } = output;
    const view = lab.viewOf(run, hypothesis, memory.merged);
    const line = lab.el("p", { class: "s2s-readout", text: t("heatmap.hint") });
    const spoken = lab.el("p", { class: "s2s-unseen", "aria-live": "polite" });
    const focus = join((place, byKeyboard) => {
      map.focus(place);
      line.textContent = lab.readout(view, place, t);
      if (byKeyboard) spoken.textContent = line.textContent;
    });
    const map = lab.heatmap({ view, label: t("heatmap.label", { rows: view.rows.length, columns: view.columns.length }), help: t("heatmap.help"),
      sourceLanguage: languages.source, targetLanguage: languages.target, onFocus: focus });
    return lab.el("article", { class: "s2s-map-card", "data-number": number }, [
      lab.el("header", {}, [lab.el("h4", {}, [lab.el("span", { class: "s2s-rank", text: number }), lab.el("span", { text: name })]),
        lab.el("button", { type: "button", class: "s2s-quiet", text: "×", "aria-label": t("comparison.close", { number }), on: { click: () => onClose(number) } })]),
      lab.el("p", { class: "s2s-map-text", lang: languages.target, text: hypothesis.text }), line, map.node,
      lab.heatmapFiles({ view, of: `${number} ${name}`, name: `${model.id}_heatmap_${number}`, t, saveFile, picture: () => map.node.querySelector("svg") }), spoken]);
  };

  /** The opened heatmaps, with a row of source tokens that lights a column in all of them. */
  const gallery = (outputs, context, onClose) => {
    const { t, languages, memory, redraw } = context;
    if (!outputs[0].hypothesis.attention) return lab.el("p", { class: "s2s-note", text: t("heatmap.none") });
    const opened = outputs.filter(({ number, hypothesis }) => memory.opened.has(number) && hypothesis.token_ids.length);
    if (!opened.length) return lab.el("p", { class: "s2s-hint", text: t("comparison.open_hint") });
    const join = lab.linkColumns();
    const { columns } = lab.viewOf(opened[0].run, opened[0].hypothesis, memory.merged);
    const source = lab.tokens({ label: t("tokens.source"), language: languages.source,
      items: columns.map(({ label }) => ({ label, tip: null, note: "", probability: null })),
      onFocus: (index) => focus(index === null ? null : { column: index }, false) });
    const focus = join((place) => source.activate(place?.column ?? null));
    const merge = lab.pronunciation.isOf(languages.target) ? null : lab.el("label", { class: "s2s-switch", "data-tip": t("tip.merge") }, [
      lab.el("input", { type: "checkbox", role: "switch", checked: memory.merged, on: { change: (event) => {
        memory.merged = event.target.checked;
        redraw();
      } } }), lab.el("span", { text: t("heatmap.merge") })]);
    return lab.el("section", { class: "s2s-gallery", "aria-label": t("heatmap.title") }, [
      lab.el("header", { class: "s2s-toolbar" }, [lab.el("h3", { text: t("heatmap.title") }), merge, lab.el("span", { class: "s2s-hint", text: t("comparison.linked") })]),
      source.node,
      lab.el("div", { class: "s2s-map-cards" }, opened.map((output) => card(output, { ...context, join, onClose })))]);
  };

  // --- a reference

  const referenceForm = (context, outputs, update) => {
    const { t, memory, languages, ask } = context;
    const box = lab.el("textarea", { name: "references", rows: 1, lang: languages.target, spellcheck: "false", autocomplete: "off",
      placeholder: t("comparison.reference_placeholder"), "aria-label": t("comparison.reference"), "aria-describedby": "s2s-references-error" });
    box.value = memory.references.text;
    const error = lab.el("p", { class: "s2s-error", id: "s2s-references-error", role: "alert" });
    const signature = lab.el("p", { class: "s2s-signature", lang: "en" });
    const show = ({ figures, signatures }) => {
      outputs.forEach((output, index) => { output.figures = figures?.[index] ?? null; });
      memory.signatures = signatures ?? null;
      signature.textContent = Object.entries(signatures ?? {}).map(([name, text]) => `${t(`comparison_column.${name}`)}: ${text}`).join("\n");
      update();
    };
    const measure = async () => {
      const { text } = memory.references;
      const references = text.split(/\n/).map((line) => line.trim()).filter(Boolean);
      const answer = references.length ? await ask({ references, outputs: outputs.map(({ hypothesis }) => hypothesis.text) }) : {};
      if (memory.references.text !== text) return;
      error.textContent = answer.error ? lab.errorText(t, answer.error) : "";
      show(answer);
    };
    const node = lab.el("form", { class: "s2s-reference" }, [
      lab.el("label", {}, [lab.el("span", { text: t("comparison.reference") }), box]),
      lab.el("button", { type: "submit", class: "s2s-quiet", text: t("comparison.measure") }), error, signature]);
    node.addEventListener("submit", (event) => {
      event.preventDefault();
      memory.references.text = box.value;
      measure();
    });
    if (memory.references.text) measure();
    return node;
  };

  // --- an answer

  const files = (outputs, context) => {
    const { t, memory, model, saveFile } = context;
    const toJson = () => JSON.stringify({ model: model.id, source: outputs[0].run.source, source_tokens: outputs[0].run.source_tokens,
      references: memory.signatures ? memory.references.text.split(/\n/).map((line) => line.trim()).filter(Boolean) : [], signatures: memory.signatures ?? {},
      outputs: outputs.map(({ number, run, hypothesis, figures }) => ({ number, strategy: run.strategy, options: run.options, seed: run.seed,
        steps: run.steps, seconds: run.seconds, ...hypothesis, ...figures })) }, null, 1);
    const contents = { tsv: () => lab.comparisonTable.toTsv(outputs), json: toJson };
    return lab.el("div", { class: "s2s-downloads", role: "group", "aria-label": t("download.title") }, [
      lab.el("span", { class: "s2s-download-label", text: t("download.title"), "aria-hidden": "true" }),
      ...Object.keys(FORMATS).map((format) => lab.el("button", { type: "button", class: "s2s-quiet", text: format.toUpperCase(), "data-format": format,
        "data-tip": t(`comparison.save_${format}`),
        on: { click: () => saveFile({ name: `${model.id.replaceAll("/", "-")}-comparison.${format}`, type: FORMATS[format], content: contents[format]() }) } }))]);
  };

  const verdict = (outputs, context, run) => {
    const { t, memory } = context;
    const alpha = outputs[0].run.options.length_penalty;
    const overridden = memory.penalties.length_penalty !== null;
    const change = (value) => () => { memory.penalties.length_penalty = value; run(); };
    const button = lab.comparisonSummary.isCurse(outputs) && (alpha > 0 || overridden) ? lab.el("button", { type: "button", class: "s2s-quiet",
      text: alpha > 0 ? t("comparison.bare") : t("comparison.not_bare"), on: { click: change(alpha > 0 ? 0 : null) } }) : null;
    return lab.el("div", { class: "s2s-verdict" }, [lab.el("p", { text: lab.comparisonSummary(outputs, t) }),
      lab.el("p", { class: "s2s-verdict-reference" }), button]);
  };

  /** Who comes first against the reference, once there is one. */
  const sayMeasured = (outputs, node, t) => {
    const measured = outputs.every(({ figures }) => figures);
    const top = measured ? outputs.reduce((best, output) => (output.figures.chrf > best.figures.chrf ? output : best)) : null;
    node.textContent = top ? t("comparison.closest", { name: top.name, number: top.number, chrf: lab.number(top.figures.chrf, 1), bleu: lab.number(top.figures.bleu, 1) }) : "";
  };

  const drawAnswer = (runs, context, run) => {
    const { t, memory, languages } = context;
    const outputs = outputsOf(runs, t);
    if (!memory.opened) Object.assign(memory, { opened: firstOpened(outputs), base: 1 });
    const maps = lab.el("div");
    const words = verdict(outputs, context, run);
    const close = (number) => {
      memory.opened.delete(number);
      table.update();
      drawMaps();
      table.node.querySelector(`tr[data-number="${number}"] .s2s-open-map`)?.focus({ preventScroll: true });
    };
    const drawMaps = () => maps.replaceChildren(gallery(outputs, { ...context, redraw: drawMaps }, close));
    const table = lab.comparisonTable({ outputs, memory, t, language: languages.target, onOpen: (number) => {
      drawMaps();
      maps.querySelector(`.s2s-map-card[data-number="${number}"]`)?.scrollIntoView({ block: "nearest" });
    } });
    const reference = referenceForm(context, outputs, () => {
      table.update();
      sayMeasured(outputs, words.querySelector(".s2s-verdict-reference"), t);
    });
    drawMaps();
    return [words, lab.el("div", { class: "s2s-toolbar s2s-comparison-toolbar" }, [
      lab.el("p", { class: "s2s-hint", text: t("comparison.legend") }), files(outputs, context)]), table.node, reference, maps];
  };

  // --- while it takes long

  /** The outputs as they grow, and a button to stop; `show({texts, steps})` is to be called with what has come. */
  const progress = (run, { t, languages }) => {
    const steps = lab.el("span", { class: "s2s-hint", text: t("view.waiting") });
    const texts = run.strategies.map(() => lab.el("dd", { lang: languages.target }));
    const node = lab.el("div", { class: "s2s-comparison-progress" }, [
      lab.el("div", { class: "s2s-toolbar" }, [steps,
        lab.el("button", { type: "button", class: "s2s-quiet s2s-comparison-stop", text: t("composer.stop"), on: { click: run.stop } })]),
      lab.el("dl", {}, run.strategies.flatMap((values, index) => [lab.el("dt", { text: nameOf({ strategy: values.strategy, options: values }, t) }), texts[index]]))]);
    return { node, show: (message) => {
      steps.textContent = t("comparison.steps", { count: message.steps });
      message.texts.forEach((lines, index) => { texts[index].textContent = lines.join("\n"); });
    } };
  };

  /** The place below the list: `show()` draws the answer and, until it has come, how far it is. */
  const answerPlace = (context, { decode, focusList, showError }) => {
    const { t, memory, key, announce } = context;
    const node = lab.el("div", { class: "s2s-comparison-answer" });
    const put = (...content) => {
      const held = document.activeElement?.matches(".s2s-comparison-stop");
      node.replaceChildren(...content);
      if (held) focusList();
    };
    const fill = (answer) => {
      node.removeAttribute("aria-busy");
      if (answer.stopped) return put(lab.el("p", { class: "s2s-note", text: t("result.stopped") }));
      showError(answer.error);
      return put(...(answer.error ? [] : drawAnswer(answer.runs, context, decode)));
    };
    const show = async () => {
      if (memory.answer) return fill(memory.answer);
      const { run } = memory;
      const growing = progress(run, context);
      node.setAttribute("aria-busy", "true");
      // An earlier answer stays a while; what an earlier list had written so far would be taken for this one's.
      if (!node.children.length || node.querySelector(".s2s-comparison-progress")) put(lab.waiting(t));
      run.onStep = growing.show;
      if (run.last) growing.show(run.last);
      setTimeout(() => memory.run === run && !memory.answer && put(growing.node), run.last ? 0 : STOP_SHOWN);
      const answer = await run.answer;
      if (memory.run !== run || memory.key !== key || !node.isConnected) return null;
      memory.answer = answer;
      if (answer.stopped) announce(t("result.stopped"));
      else if (answer.runs) announce(lab.comparisonSummary(outputsOf(answer.runs, t), t));
      return fill(answer);
    };
    return { node, show };
  };

  // --- the view

  const presets = ({ t, memory }, onChoose) => lab.el("div", { class: "s2s-presets", role: "group", "aria-label": t("comparison.presets") },
    Object.keys(PRESETS).map((name) => lab.el("button", { type: "button", class: "s2s-example", "data-preset": name,
      "aria-pressed": name === memory.preset ? "true" : "false", text: t(`comparison.preset_${name}`), on: { click: () => onChoose(name) } })));

  const prepare = ({ memory, run, key }) => {
    memory.preset ??= "pair";
    memory.list ??= PRESETS.pair();
    memory.penalties ??= Object.fromEntries(PENALTIES.map((name) => [name, null]));
    memory.sort ??= { column: "number", falling: false };
    memory.merged ??= false;
    // A reference is one of its sentence, whatever the sentence is decoded with.
    if (memory.references?.source !== run.source) memory.references = { source: run.source, text: "" };
    if (memory.key === key) return;
    memory.run?.stop();
    Object.assign(memory, { key, run: null, answer: null, opened: null, signatures: null });
  };

  return (context) => {
    const { t, memory, comparing, sent, model, run: shown } = context;
    prepare(context);
    const head = lab.el("div");
    let form;
    const focusList = () => (head.querySelector('[data-preset][aria-pressed="true"]') ?? head.querySelector("[data-preset]")).focus({ preventScroll: true });
    /** Decode the list as it is now. */
    const decode = () => {
      const own = Object.fromEntries(Object.entries(memory.penalties).filter(([name, value]) => value !== null
        && !(name === "coverage_penalty" && model.attention === "none")));
      memory.run?.stop();
      Object.assign(memory, { answer: null, opened: null, signatures: null,
        run: lab.comparisonRun({ way: comparing, values: { strategies: copyOf(memory.list), options: { ...sent.options, ...own } } }) });
      drawHead();
      place.show();
    };
    const place = answerPlace(context, { decode, focusList, showError: (error) => {
      form.showError(error);
      // What the list says wrong is said beside its field.
      if (error) details.open = true;
    } });
    const details = lab.el("details", { class: "s2s-compared-details", open: memory.editing, on: { toggle: () => { memory.editing = details.open; } } }, [
      lab.el("summary")]);
    const drawHead = () => {
      form = editor({ list: memory.list, penalties: memory.penalties, shared: shown.options, model, t, onRun: () => {
        memory.preset = "own";
        decode();
        details.querySelector(".s2s-go")?.focus({ preventScroll: true });
      } });
      details.replaceChildren(lab.el("summary", { text: t("comparison.edit", { count: memory.list.length }) }), form.node);
      const choose = (name) => {
        Object.assign(memory, { preset: name, list: PRESETS[name]() });
        decode();
        focusList();
      };
      head.replaceChildren(presets(context, choose), lab.el("p", { class: "s2s-comparison-about", text: t(`comparison.about_${memory.preset}`) }), details);
    };
    drawHead();
    if (memory.run) place.show();
    else decode();
    return lab.el("div", { class: "s2s-compare-view" }, [head, place.node]);
  };
})() });
