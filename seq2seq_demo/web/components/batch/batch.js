// The batch view: many lines with several strategies, how far it is, what came of it, and the files to take away.

lab.addView((() => {
  const MOST_SIZES = 8;
  const start = (model) => ({
    model: model.id, sources: "", references: "", files: {}, problem: null, error: null,
    greedy: true, beam: true, "diverse-beam": false, sample: false, sizes: "5",
    beam_size: 5, beam_groups: 5, diversity: 0.5, temperature: 1, top_k: 0, top_p: 1, seed: "", length_penalty: 1, coverage_penalty: 0,
  });
  const FIELDS = { "diverse-beam": ["beam_size", "beam_groups", "diversity"], sample: ["temperature", "top_k", "top_p", "seed"] };

  /** Beam sizes as they were typed, "5, 10": whole numbers from 1 to 100, each once; null where they are none. */
  const sizesOf = (text) => {
    const parts = text.split(/[\s,;，、；]+/).filter(Boolean);
    const sizes = [...new Set(parts.map(Number))];
    const good = sizes.length && sizes.length <= MOST_SIZES && sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= 100);
    return good ? sizes : null;
  };

  /** The strategies that are ticked, each with the options that it uses. */
  const strategiesOf = (form, model) => {
    const penalties = { length_penalty: form.length_penalty, ...(model.attention === "none" ? {} : { coverage_penalty: form.coverage_penalty }) };
    const own = (name) => Object.fromEntries(FIELDS[name].map((field) => [field, form[field]]));
    const found = [];
    if (form.greedy) found.push({ strategy: "greedy", options: penalties, cost: 1 });
    if (form.beam) for (const size of sizesOf(form.sizes)) found.push({ strategy: "beam", options: { beam_size: size, ...penalties }, cost: size });
    if (form["diverse-beam"]) found.push({ strategy: "diverse-beam", options: { ...own("diverse-beam"), ...penalties }, cost: form.beam_size });
    if (form.sample) {
      // Every turn has to draw from the same seed, and the files name it.
      const seed = form.seed === "" ? Math.floor(Math.random() * 2 ** 32) : form.seed;
      found.push({ strategy: "sample", options: { ...own("sample"), seed, ...penalties }, cost: 1 });
    }
    return found;
  };

  const labelOf = ({ strategy, options }, t) => (strategy.includes("beam") ? `${t(`strategy.${strategy}`)} ${options.beam_size}` : t(`strategy.${strategy}`));

  // --- the form

  const numberField = (form, name, t) => {
    const { min, max, step } = lab.composer.numbers[name];
    const input = lab.el("input", { type: "number", id: `s2s-batch-${name}`, name: `batch-${name}`, min, max, step, inputmode: "decimal",
      placeholder: name === "seed" ? t("composer.random") : null, autocomplete: "off", value: form[name] });
    input.addEventListener("input", () => { form[name] = input.value.trim() === "" ? "" : Number(input.value); });
    return lab.el("div", { class: "s2s-field" }, [
      lab.el("label", { for: `s2s-batch-${name}`, text: t(`field.${name}`), "data-tip": t(`tip.${name}`) }), input]);
  };

  const tick = (form, name, t, children, redraw) => lab.el("div", { class: "s2s-batch-strategy" }, [
    lab.el("label", { class: "s2s-batch-tick", "data-tip": t(`tip.${name}`) }, [
      lab.el("input", { type: "checkbox", name: `batch-${name}`, checked: form[name],
        on: { change: (event) => { form[name] = event.target.checked; redraw(`input[name="batch-${name}"]`); } } }),
      lab.el("span", { text: t(`strategy.${name}`) })]),
    ...(form[name] ? children : [])]);

  const sizesField = (form, t) => {
    const input = lab.el("input", { type: "text", id: "s2s-batch-sizes", name: "batch-sizes", inputmode: "numeric", autocomplete: "off", value: form.sizes });
    input.addEventListener("input", () => { form.sizes = input.value; });
    return lab.el("div", { class: "s2s-field wide" }, [
      lab.el("label", { for: "s2s-batch-sizes", text: t("batch.sizes"), "data-tip": t("batch.sizes_tip") }), input]);
  };

  /** A place for text, typed, dropped or from a file; of a file only the name is shown. */
  const textPlace = (form, name, { t, language, redraw }) => {
    const take = async (file) => {
      const { problem, ...read } = await lab.corpus.readFile(file);
      form.problem = problem ?? null;
      if (!problem) {
        form[name] = read.text;
        form.files[name] = { name: read.name, lines: lab.corpus.linesOf(read.text).length };
      }
      redraw(`#s2s-batch-${name}-file`);
    };
    const chooser = lab.el("input", { type: "file", class: "s2s-unseen", id: `s2s-batch-${name}-chooser`, accept: ".txt,.tsv,text/plain,text/tab-separated-values",
      tabindex: -1, "aria-hidden": "true", on: { change: (event) => event.target.files[0] && take(event.target.files[0]) } });
    const button = lab.el("button", { type: "button", class: "s2s-quiet s2s-batch-file", id: `s2s-batch-${name}-file`, text: t("batch.file"),
      "data-tip": t(`batch.${name}_file_tip`), on: { click: () => chooser.click() } });
    const given = form.files[name];
    const box = given
      ? lab.el("p", { class: "s2s-batch-given" }, [lab.el("span", { text: t("batch.given", given) }),
        lab.el("button", { type: "button", class: "s2s-quiet", text: t("batch.remove"), on: { click: () => {
          form[name] = "";
          delete form.files[name];
          redraw(`#s2s-batch-${name}`);
        } } })])
      : lab.el("textarea", { id: `s2s-batch-${name}`, name: `batch-${name}`, rows: 5, lang: language, spellcheck: "false", autocomplete: "off",
        placeholder: t(`batch.${name}_placeholder`), "aria-label": t(`batch.${name}`), on: { input: (event) => { form[name] = event.target.value; } } });
    if (!given) box.value = form[name];
    const node = lab.el("div", { class: "s2s-batch-text" }, [
      lab.el("header", {}, [lab.el("h4", { text: t(`batch.${name}`) }), button, chooser]), box]);
    node.addEventListener("dragover", (event) => { event.preventDefault(); node.classList.add("over"); });
    node.addEventListener("dragleave", () => node.classList.remove("over"));
    node.addEventListener("drop", (event) => {
      event.preventDefault();
      node.classList.remove("over");
      if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
    });
    return node;
  };

  const drawForm = (context, form, redraw, run) => {
    const { t, models } = context;
    const model = models.find(({ id }) => id === form.model) ?? context.model;
    const select = lab.el("select", { class: "s2s-select", id: "s2s-batch-model", name: "batch-model", on: { change: () => { form.model = select.value; redraw("#s2s-batch-model"); } } },
      lab.modelOptions(model.id, models, t));
    const fill = model.examples.length ? lab.el("button", { type: "button", class: "s2s-quiet", text: t("batch.examples"), on: { click: () => {
      form.sources = model.examples.join("\n");
      form.references = "";
      form.files = {};
      redraw("#s2s-batch-sources");
    } } }) : null;
    const penalties = ["length_penalty", ...(model.attention === "none" ? [] : ["coverage_penalty"])];
    const node = lab.el("form", { class: "s2s-batch-form", novalidate: true, autocomplete: "off" }, [
      lab.el("p", { class: "s2s-hint", text: t("batch.help") }),
      lab.el("div", { class: "s2s-batch-texts" }, [
        textPlace(form, "sources", { t, language: model.source_language, redraw }),
        textPlace(form, "references", { t, language: model.target_language, redraw })]),
      lab.el("div", { class: "s2s-batch-model" }, [lab.el("label", { for: "s2s-batch-model", text: t("field.model") }), select, fill]),
      lab.el("fieldset", { class: "s2s-batch-strategies" }, [lab.el("legend", { text: t("batch.strategies") }),
        tick(form, "greedy", t, [], redraw),
        tick(form, "beam", t, [sizesField(form, t)], redraw),
        ...["diverse-beam", "sample"].map((name) => tick(form, name, t, FIELDS[name].map((field) => numberField(form, field, t)), redraw)),
        lab.el("div", { class: "s2s-batch-strategy" }, [lab.el("span", { class: "s2s-hint", text: t("batch.for_all") }), ...penalties.map((name) => numberField(form, name, t))])]),
      lab.el("div", { class: "s2s-batch-actions" }, [lab.el("button", { type: "submit", class: "s2s-go", text: t("batch.run") })]),
      lab.el("p", { class: "s2s-error", role: "alert", text: form.problem ? t(form.problem.key, form.problem.fields) : null })]);
    node.addEventListener("submit", (event) => {
      event.preventDefault();
      run(model);
    });
    return node;
  };

  /** What to do, or why it cannot be done: `{lines, strategies}` or `{problem}`. */
  const plan = (form, model) => {
    const read = lab.corpus.read(form.sources, form.references);
    if (read.problem) return read;
    if (form.beam && !sizesOf(form.sizes)) return { problem: { key: "batch.bad_sizes", fields: { most: MOST_SIZES } } };
    const strategies = strategiesOf(form, model);
    return strategies.length ? { lines: read.lines, strategies } : { problem: { key: "batch.no_strategy", fields: {} } };
  };

  // --- how far it is

  const clock = (seconds) => {
    const whole = Math.max(0, Math.round(seconds));
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  };

  const progressText = (job, t) => {
    const fields = { done: job.done, total: job.total, time: clock(job.elapsed), rate: lab.number(job.done / Math.max(job.elapsed, 0.01), 1) };
    if (job.phase === "measuring") return t("batch.measuring");
    if (job.phase === "stopped") return t("batch.stopped", fields);
    if (job.phase === "failed") return t("batch.failed", fields);
    if (job.phase === "done") return t("batch.done", fields);
    if (job.waiting) return t("batch.queued");
    return job.left === null || job.elapsed < 1.5 ? t("batch.started", fields) : t("batch.progress", { ...fields, left: clock(job.left) });
  };

  const drawProgress = (job, t) => {
    const bar = lab.el("progress", { max: job.total, "aria-label": t("batch.progress_label") });
    const text = lab.el("p", { class: "s2s-batch-progress-text" });
    const button = (key, className, act) => lab.el("button", { type: "button", class: className, text: t(key), on: { click: act } });
    const stop = button("composer.stop", "s2s-stop", () => job.stop());
    const resume = button("batch.resume", "s2s-quiet", () => job.resume());
    const measure = button("batch.measure", "s2s-quiet", () => job.measure());
    const error = lab.el("p", { class: "s2s-error", role: "alert" });
    const update = () => {
      bar.value = job.done;
      text.textContent = progressText(job, t);
      const halted = job.phase === "stopped" || job.phase === "failed";
      stop.hidden = !job.running();
      resume.hidden = !(halted && job.done < job.total);
      measure.hidden = !(halted && job.measurable());
      error.textContent = job.error ? lab.errorText(t, job.error) : "";
    };
    return { node: lab.el("section", { class: "s2s-batch-progress", "aria-label": t("batch.progress_label") }, [bar, text, stop, resume, measure, error]), update };
  };

  // --- files

  const fileName = (job, extension) => `batch_${job.model.replaceAll(/[^A-Za-z0-9.-]+/g, "-")}_${job.lines.length}-lines.${extension}`;
  const plain = ({ strategy, options }) => (strategy.includes("beam") ? `${strategy}-${options.beam_size}` : strategy);

  const toTsv = (job) => {
    const most = Math.max(0, ...job.lines.map(({ references }) => references.length));
    const names = job.strategies.flatMap((item) => [plain(item), `${plain(item)} log_prob`, `${plain(item)} score`]);
    const head = ["line", "source", ...Array.from({ length: most }, (_, i) => (i ? `reference ${i + 1}` : "reference")), ...names];
    const body = job.lines.map((line, at) => [line.number, line.source, ...Array.from({ length: most }, (_, i) => line.references[i] ?? ""),
      ...job.rows.flatMap((rows) => [rows[at]?.text ?? "", rows[at]?.log_prob ?? "", rows[at]?.score ?? ""])]);
    return [head, ...body].map((row) => `${row.join("\t")}\n`).join("");
  };

  const toJson = (job) => JSON.stringify({
    model: job.model,
    strategies: job.strategies.map(({ strategy, options }, index) => ({ name: plain(job.strategies[index]), options: { strategy, ...options },
      figures: job.figures[index] ?? null })),
    measured_lines: job.figures.length ? job.measured.length : 0,
    lines: job.lines.map(({ number, source, references }, at) => ({ line: number, source, references,
      outputs: job.rows.map((rows) => {
        if (!rows[at]) return null;
        const { index: _, ...row } = rows[at];
        return row;
      }) })),
  }, null, 1);

  const downloads = (job, { t, saveFile }) => {
    const write = { tsv: () => ({ type: "text/tab-separated-values;charset=utf-8", content: toTsv(job) }),
      json: () => ({ type: "application/json", content: toJson(job) }) };
    return lab.el("div", { class: "s2s-downloads", role: "group", "aria-label": t("download.title") }, [
      lab.el("span", { class: "s2s-download-label", text: t("download.title"), "aria-hidden": "true" }),
      ...Object.keys(write).map((kind) => lab.el("button", { type: "button", class: "s2s-quiet", text: kind.toUpperCase(), "data-batch-format": kind,
        "data-tip": t(`batch.${kind}`), on: { click: () => saveFile({ name: fileName(job, kind), ...write[kind]() }) } }))]);
  };

  // --- what came of it

  const drawOutcome = (context, memory, job, redraw) => {
    const { t } = context;
    const labels = job.strategies.map((item) => labelOf(item, t));
    const failed = job.lines.filter((_, at) => job.rows.some((rows) => rows[at]?.error)).length;
    const notes = [
      failed ? t("batch.some_failed", { failed, lines: job.lines.length }) : null,
      job.figures.length && job.measured.length < job.lines.length ? t("batch.measured", { lines: job.measured.length, all: job.lines.length }) : null,
    ].filter(Boolean);
    const figures = job.done && !job.running() ? lab.batchFigures.table(job, t, labels) : null;
    return lab.el("div", { class: "s2s-batch-outcome" }, [
      lab.el("header", { class: "s2s-toolbar" }, [lab.el("h4", { text: t("batch.figures") }), job.done && !job.running() ? downloads(job, context) : null]),
      ...notes.map((text) => lab.el("p", { class: "s2s-hint", text })),
      figures ?? lab.el("p", { class: "s2s-hint", text: t("batch.figures_later") }),
      figures && lab.batchFigures.signatures(job, t, labels),
      figures && lab.batchPictures({ job, t, labels, saveFile: context.saveFile, metric: memory.metric, onMetric: (name) => {
        memory.metric = name;
        redraw(`input[name="batch-metric"][value="${name}"]`);
      } })]);
  };

  const openLine = (context, job) => ({ text, strategy }) => {
    const chosen = strategy ?? { strategy: context.sent.strategy, options: context.sent.options };
    const { prefix: _, ...options } = chosen.options;
    context.open({ model: job.model, text, strategy: chosen.strategy, options });
  };

  const draw = (context) => {
    const { memory, t } = context;
    memory.form ??= start(context.model);
    memory.table ??= {};
    const form = memory.form;
    const formPlace = lab.el("div");
    const progressPlace = lab.el("div");
    const outcomePlace = lab.el("div");
    const tablePlace = lab.el("div");
    const node = lab.el("section", { class: "s2s-batch", "aria-label": t("tab.batch") }, [formPlace, progressPlace, outcomePlace, tablePlace]);
    let progress = null, table = null, phase = null;

    const drawFormAgain = (focus) => {
      formPlace.replaceChildren(drawForm(context, form, drawFormAgain, run));
      if (focus) formPlace.querySelector(focus)?.focus();
    };
    const drawOutcomeAgain = (focus) => {
      outcomePlace.replaceChildren(drawOutcome(context, memory, memory.job, drawOutcomeAgain));
      if (focus) outcomePlace.querySelector(focus)?.focus();
    };

    /** Draw what has changed of the job; everything, where its phase has. */
    const refresh = () => {
      const { job } = memory;
      if (!job) return;
      if (!progress) {
        progress = drawProgress(job, t);
        const model = context.models.find(({ id }) => id === job.model);
        table = lab.batchTable({ job, labels: job.strategies.map((item) => labelOf(item, t)), t, state: memory.table, onOpen: openLine(context, job),
          languages: { source: model.source_language, target: model.target_language } });
        progressPlace.replaceChildren(progress.node);
        tablePlace.replaceChildren(table.node);
      }
      progress.update();
      table.update();
      if (job.phase === phase) return;
      if (phase !== null) context.announce(progressText(job, t));
      phase = job.phase;
      drawOutcomeAgain();
    };

    const run = (model) => {
      const wanted = plan(form, model);
      form.problem = wanted.problem ?? null;
      drawFormAgain('button[type="submit"]');
      if (wanted.problem) return;
      if (memory.job?.running()) memory.job.stop();
      progress = null;
      phase = null;
      memory.table = {};
      memory.job = lab.batchJob({ model: model.id, ...wanted, turns: context.turns, onChange: (job) => job === memory.job && memory.refresh() });
      memory.job.hasReferences = wanted.lines.some(({ references }) => references.length);
      refresh();
    };

    drawFormAgain();
    // What is on the page now is what the job's news go to; an older drawing of the view is gone.
    memory.refresh = refresh;
    refresh();
    if (!memory.listening) {
      memory.listening = true;
      window.addEventListener("s2s-batch-failed", () => memory.job?.fail());
    }
    return node;
  };

  return { name: "batch", files: ["png", "svg", "csv", "json", "tsv"], draw };
})());
