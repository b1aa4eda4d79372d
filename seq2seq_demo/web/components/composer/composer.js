// The sentence box: text, model, strategy and its numbers, examples, Translate and Stop; errors beside their field.

lab.composer = (() => {
  const NUMBERS = {
    beam_size: { min: 1, max: 100, step: 1, only: ["beam", "diverse-beam", "compare"] },
    beam_groups: { min: 1, max: 100, step: 1, only: ["diverse-beam"] },
    diversity: { min: 0, max: 10, step: 0.1, only: ["diverse-beam"] },
    n_best: { min: 1, max: 100, step: 1, only: ["beam", "diverse-beam", "compare", "sample"] },
    temperature: { min: 0.05, max: 10, step: 0.05, only: ["sample"] },
    top_k: { min: 0, max: 1000000, step: 1, only: ["sample"] },
    top_p: { min: 0, max: 1, step: 0.05, only: ["sample"] },
    length_penalty: { min: 0, max: 5, step: 0.1, foldedFor: ["sample", "diverse-beam"] },
    seed: { min: 0, max: 4294967295, step: 1, only: ["sample"], folded: true, optional: true },
    coverage_penalty: { min: 0, max: 5, step: 0.1, needsAttention: true, folded: true },
    min_length: { min: 0, max: 512, step: 1, folded: true },
    max_length: { min: 1, max: 512, step: 1, folded: true, optional: true },
    repeat_limit: { min: 0, max: 100, step: 1, folded: true },
  };
  const STRATEGIES = ["greedy", "beam", "diverse-beam", "sample", "compare"];

  const used = (name, state, model) => {
    const { only, needsAttention } = NUMBERS[name];
    return (!only || only.includes(state.strategy)) && !(needsAttention && model?.attention === "none");
  };

  const isFolded = (name, state) => NUMBERS[name].folded || NUMBERS[name].foldedFor?.includes(state.strategy);

  /** What a person sees is called by the strategy's own word where it has one. */
  const words = (kind, name, state, t) => {
    const own = `${kind}.${state.strategy}_${name}`;
    return t(own) === own ? t(`${kind}.${name}`) : t(own);
  };

  const numberField = (name, state, t, onChange) => {
    const { min, max, step, optional } = NUMBERS[name];
    const input = lab.el("input", { type: "number", id: `s2s-${name}`, name, min, max, step, inputmode: "decimal",
      placeholder: optional ? t(name === "seed" ? "composer.random" : "composer.automatic") : null, "aria-describedby": `s2s-${name}-error`, autocomplete: "off" });
    input.value = state.options[name] ?? "";
    input.addEventListener("input", () => {
      // What is no number goes to the server as it was typed: its check is the one that counts, and it answers in words.
      const typed = input.value.trim();
      if (input.validity.badInput) state.options[name] = "?";
      else if (typed === "") state.options[name] = optional ? null : "";
      else state.options[name] = Number(typed);
      onChange(name);
    });
    const label = lab.el("label", { for: `s2s-${name}`, text: words("field", name, state, t), "data-tip": words("tip", name, state, t) });
    return lab.el("div", { class: "s2s-field" }, [label, input,
      lab.el("p", { class: "s2s-error", id: `s2s-${name}-error`, role: "alert" })]);
  };

  const modelChoice = (state, models, t, onModel, onSwap) => {
    const select = lab.el("select", { id: "s2s-model", name: "model", "aria-describedby": "s2s-model-error",
      on: { change: () => onModel(select.value) } },
      lab.modelOptions(state.model, models, t));
    return lab.el("div", { class: "s2s-model" }, [
      lab.el("label", { class: "s2s-unseen", for: "s2s-model", text: t("field.model") }), select,
      onSwap && lab.el("button", { type: "button", class: "s2s-swap", "aria-label": t("composer.swap"), "data-tip": t("tip.swap"),
        text: "⇄", on: { click: onSwap } }),
      lab.el("p", { class: "s2s-error", id: "s2s-model-error", role: "alert" })]);
  };

  const sentenceBox = (state, t, model, onSubmit) => {
    const box = lab.el("textarea", { id: "s2s-text", name: "text", rows: 2, placeholder: lab.taskWords(model, t)("placeholder"),
      "aria-label": lab.taskWords(model, t)("text"), "aria-describedby": "s2s-text-error s2s-text-help", lang: model?.source_language,
      spellcheck: "false", autocomplete: "off" });
    box.value = state.text;
    const grow = () => {
      box.style.height = "auto";
      if (box.scrollHeight) box.style.height = `${Math.min(box.scrollHeight + 2, 220)}px`;
    };
    box.addEventListener("input", () => { state.text = box.value; grow(); });
    box.addEventListener("focus", () => {
      // The worked example is there to be replaced.
      if (state.untouched) box.select();
      state.untouched = false;
    });
    box.addEventListener("keydown", (event) => {
      // While an input method composes a word, Enter belongs to it.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      onSubmit();
    });
    requestAnimationFrame(grow);
    return box;
  };

  const strategyChoice = (state, t, onStrategy) => lab.el("div", { class: "s2s-segments", role: "radiogroup",
    "aria-label": t("field.strategy") },
    STRATEGIES.map((name) => lab.el("label", { class: "s2s-segment", "data-tip": t(`tip.${name}`) }, [
      lab.el("input", { type: "radio", name: "strategy", value: name, checked: name === state.strategy,
        on: { change: () => onStrategy(name) } }),
      lab.el("span", { text: t(`strategy.${name}`) })])));

  const examples = (model, t, onExample) => {
    if (!model?.examples.length) return null;
    return lab.el("div", { class: "s2s-examples" }, [lab.el("span", { class: "s2s-examples-label", text: t("composer.examples") }),
      ...model.examples.map((text) => lab.el("button", { type: "button", class: "s2s-example", lang: model.source_language, text,
        on: { click: () => onExample(text) } }))]);
  };

  const showErrors = (form, errors, t, task) => {
    for (const node of form.querySelectorAll(".s2s-error")) node.textContent = "";
    for (const node of form.querySelectorAll("[aria-invalid]")) node.removeAttribute("aria-invalid");
    for (const { error, line } of errors) {
      const wanted = form.querySelector(`[name="${CSS.escape(error.fields.field ?? "text")}"]`);
      const field = wanted && form.querySelector(`#s2s-${wanted.name}-error`) ? wanted : form.querySelector("#s2s-text");
      const place = form.querySelector(`#s2s-${field.name}-error`);
      const sentence = error.code === "empty" ? task("empty") : lab.errorText(t, error);
      const whole = line ? t("lines.error", { line, error: sentence }) : sentence;
      place.append(lab.el("span", { text: whole }));
      field.setAttribute("aria-invalid", "true");
      const fold = field.closest("details");
      if (fold) fold.open = true;
    }
  };

  /**
   * Draw the form of `state` (`{text, model, strategy, options, untouched, unfolded}`, changed in place). `on` holds
   * submit(), stop(), redraw(focus) and swap(), which is null where no model translates back. Returns `{node, showErrors(list), running(bool)}`.
   */
  const composer = ({ state, models, t, on }) => {
    const model = models.find(({ id }) => id === state.model);
    const task = lab.taskWords(model, t);
    const box = sentenceBox(state, t, model, on.submit);
    const changed = (name) => {
      const { beam_size: beam, n_best: best } = state.options;
      // More hypotheses than the beam holds cannot be had: the list follows a smaller beam.
      if (name === "beam_size" && Number.isInteger(beam) && beam >= 1 && best > beam) {
        state.options.n_best = beam;
        form.querySelector("#s2s-n_best").value = beam;
      }
    };
    // Ten samples, then back to a beam of five: the list is as long as the beam.
    if (state.strategy !== "sample" && state.options.n_best > state.options.beam_size) state.options.n_best = state.options.beam_size;
    const fields = Object.keys(NUMBERS).filter((name) => used(name, state, model));
    const inline = fields.filter((name) => !isFolded(name, state));
    const folded = fields.filter((name) => isFolded(name, state));
    const go = lab.el("button", { type: "submit", class: "s2s-go" }, [lab.el("span", { text: task("go") }),
      lab.el("kbd", { text: "⏎", "aria-hidden": "true" })]);
    const stop = lab.el("button", { type: "button", class: "s2s-stop", hidden: true, on: { click: on.stop } }, [
      lab.el("span", { text: t("composer.stop") }), lab.el("kbd", { text: "Esc", "aria-hidden": "true" })]);
    const more = lab.el("details", { class: "s2s-more", open: state.unfolded, on: { toggle: () => { state.unfolded = more.open; } } }, [
      lab.el("summary", { text: t("composer.more") }),
      lab.el("div", { class: "s2s-fields" }, folded.map((name) => numberField(name, state, t, changed)))]);
    const form = lab.el("form", { class: "s2s-composer", novalidate: true, autocomplete: "off" }, [
      lab.el("div", { class: "s2s-box" }, [
        modelChoice(state, models, t, (id) => { state.model = id; on.redraw("#s2s-model"); }, on.swap),
        box,
        lab.el("div", { class: "s2s-box-foot" }, [
          lab.el("p", { class: "s2s-help", id: "s2s-text-help", text: task("help") }),
          lab.el("div", { class: "s2s-actions" }, [stop, go])]),
        lab.el("p", { class: "s2s-error", id: "s2s-text-error", role: "alert" })]),
      examples(model, t, (text) => { state.text = text; box.value = text; on.submit(); }),
      lab.el("div", { class: "s2s-strategy" }, [
        strategyChoice(state, t, (name) => {
          state.strategy = name;
          on.redraw(`input[value="${name}"]`);
          // The sentence is there already: show at once what the other strategy makes of it.
          if (state.text.trim()) on.submit();
        }),
        lab.el("div", { class: "s2s-fields" }, inline.map((name) => numberField(name, state, t, changed))),
        more])]);
    form.addEventListener("submit", (event) => { event.preventDefault(); on.submit(); });
    return {
      node: form,
      showErrors: (errors) => showErrors(form, errors, t, task),
      running: (running) => { stop.hidden = !running; go.hidden = running; },
    };
  };

  composer.numbers = NUMBERS;
  composer.strategies = STRATEGIES;
  /** The options that the state's strategy and model use: what is not shown must not be able to fail. */
  composer.options = (state, model) => Object.fromEntries(Object.keys(NUMBERS).filter((name) => used(name, state, model))
    .map((name) => [name, state.options[name]]));
  return composer;
})();

/** The choices of a list of models; the small ones that are compared with each other stand in a group of their own. */
lab.modelOptions = (chosen, models, t) => {
  const option = (model) => lab.el("option", { value: model.id, text: lab.modelName(model, models, t), selected: model.id === chosen });
  const family = models.filter((model) => model.family);
  const group = family.length ? lab.el("optgroup", { label: t("curve.group") }, family.map(option)) : null;
  return [...models.filter((model) => !model.family).map(option), ...(group ? [group] : [])];
};

/** The words of what a model does: `lab.taskWords(model, t)("go")` is Translate, Pronounce or Go on. */
lab.taskWords = (model, t) => (key, values) => t(`${model?.task ?? "translate"}.${key}`, values);

/** Name a model by what it does, a translating one by its languages; by its id too where that alone does not tell. */
lab.modelName = (model, models, t) => {
  const language = (code) => (t(`language.${code}`) === `language.${code}` ? code : t(`language.${code}`));
  const pair = model.task === "translate" ? `${language(model.source_language)} → ${language(model.target_language)}`
    : lab.taskWords(model, t)("name");
  if (model.family) return t("architectures.member", { cell: t(`cell.${model.cell}`), attention: t(`attention.${model.attention}`) })
    + (model.id.endsWith("/tutorial") ? ` · ${t("architectures.tutorial")}` : "");
  const same = models.filter((other) => !other.family && other.task === model.task
    && other.source_language === model.source_language && other.target_language === model.target_language);
  return same.length > 1 ? `${pair} · ${model.id}` : pair;
};
