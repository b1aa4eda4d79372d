// The strategies that are compared: presets, names, and the form in which a visitor changes the list.

lab.strategyList = (() => {
  const OWN = {
    greedy: [],
    beam: ["beam_size"],
    "diverse-beam": ["beam_size", "beam_groups", "diversity"],
    sample: ["n_best", "temperature", "top_k", "top_p", "seed"],
  };
  const DEFAULTS = { beam_size: 5, beam_groups: 5, diversity: 0.5, n_best: 1, temperature: 1, top_k: 0, top_p: 1, seed: null };
  const MOST = 12;
  const PENALTIES = ["length_penalty", "coverage_penalty"];

  /** One strategy with its own numbers; those that are not given are the usual ones. */
  const item = (strategy, given = {}) => ({ strategy,
    ...Object.fromEntries(OWN[strategy].map((name) => [name, given[name] ?? DEFAULTS[name]])) });

  const PRESETS = {
    pair: () => [item("greedy"), item("beam")],
    curse: () => [1, 2, 5, 10, 20, 50].map((size) => item("beam", { beam_size: size })),
    samples: () => [item("sample", { n_best: 10 })],
    four: () => Object.keys(OWN).map((strategy) => item(strategy)),
  };

  /** Name a strategy with the numbers that tell it from others. */
  const nameOf = ({ strategy, options }, t) => {
    if (strategy === "beam") return t("compare.beam_title", { size: options.beam_size });
    if (strategy === "diverse-beam") {
      return t("comparison.diverse", { size: options.beam_size, groups: options.beam_groups, diversity: options.diversity });
    }
    if (strategy !== "sample") return t(`strategy.${strategy}`);
    return [t("strategy.sample"), options.temperature === 1 ? null : `T ${options.temperature}`,
      options.top_k ? `top-k ${options.top_k}` : null, options.top_p < 1 ? `top-p ${options.top_p}` : null].filter(Boolean).join(" · ");
  };

  /** A number of `values`; what is no number goes to the server as it was typed, whose check is the one that counts. */
  const numberField = ({ values, name, id, label, tip, placeholder, optional }) => {
    const { min, max, step } = lab.composer.numbers[name];
    const input = lab.el("input", { type: "number", id, min, max, step, inputmode: "decimal", autocomplete: "off", placeholder,
      "data-option": name });
    input.value = values[name] ?? "";
    input.addEventListener("input", () => {
      const typed = input.value.trim();
      if (input.validity.badInput) values[name] = "?";
      else if (typed === "") values[name] = optional ? null : "";
      else values[name] = Number(typed);
    });
    return lab.el("div", { class: "s2s-field" }, [lab.el("label", { for: id, text: label, "data-tip": tip }), input]);
  };

  const row = ({ list, index, t, redraw }) => {
    const values = list[index];
    const id = (name) => `s2s-compared-${index}-${name}`;
    const choice = lab.el("select", { class: "s2s-select", id: id("strategy"), "data-option": "strategy", "aria-label": t("comparison.strategy", { number: index + 1 }),
      on: { change: () => { list[index] = item(choice.value, values); redraw(`#${id("strategy")}`); } } },
      Object.keys(OWN).map((name) => lab.el("option", { value: name, text: t(`strategy.${name}`), selected: name === values.strategy })));
    const words = (kind, name) => t(`${kind}.${name === "n_best" ? "sample_n_best" : name}`);
    const remove = lab.el("button", { type: "button", class: "s2s-quiet", text: t("comparison.remove"), disabled: list.length === 1,
      "aria-label": t("comparison.remove_row", { number: index + 1 }),
      on: { click: () => { list.splice(index, 1); redraw(`#s2s-compared-${Math.min(index, list.length - 1)}-strategy`); } } });
    return lab.el("li", { class: "s2s-compared" }, [choice,
      ...OWN[values.strategy].map((name) => numberField({ values, name, id: id(name), label: words("field", name), tip: words("tip", name),
        optional: name === "seed", placeholder: name === "seed" ? t("composer.random") : null })),
      remove, lab.el("p", { class: "s2s-error", role: "alert" })]);
  };

  /**
   * Draw the form of `list` and `penalties` (`{length_penalty, coverage_penalty}`, null for what the shown request has,
   * `shared`), both changed in place. Returns `{node, showError(error or null)}`; `onRun()` is called to decode.
   */
  const editor = ({ list, penalties, shared, model, t, onRun }) => {
    const place = lab.el("ol", { class: "s2s-compared-list" });
    const add = lab.el("button", { type: "button", class: "s2s-quiet", text: t("comparison.add"), on: { click: () => {
      list.push(item("beam", { beam_size: 5 * (list.length + 1) }));
      draw(`#s2s-compared-${list.length - 1}-strategy`);
    } } });
    const draw = (focus) => {
      place.replaceChildren(...list.map((_, index) => row({ list, index, t, redraw: draw })));
      add.disabled = list.length >= MOST;
      if (focus) place.querySelector(focus)?.focus();
    };
    draw();
    const used = PENALTIES.filter((name) => name === "length_penalty" || model.attention !== "none");
    const whole = lab.el("p", { class: "s2s-error", role: "alert" });
    const node = lab.el("form", { class: "s2s-compared-form", novalidate: true, autocomplete: "off" }, [place, add,
      lab.el("div", { class: "s2s-fields" }, [lab.el("span", { class: "s2s-compared-all", text: t("comparison.for_all"), "data-tip": t("comparison.for_all_tip"), tabindex: 0 }),
        ...used.map((name) => numberField({ values: penalties, name, id: `s2s-compared-${name}`, label: t(`field.${name}`), tip: t(`tip.${name}`),
          optional: true, placeholder: shared[name] }))]),
      whole, lab.el("button", { type: "submit", class: "s2s-go", text: t("comparison.run") })]);
    node.addEventListener("submit", (event) => { event.preventDefault(); onRun(); });
    const showError = (error) => {
      for (const box of node.querySelectorAll(".s2s-error")) box.textContent = "";
      for (const field of node.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
      if (!error) return;
      const owner = place.children[error.fields.row - 1];
      const scope = owner?.querySelector(`[data-option="${CSS.escape(error.fields.field ?? "")}"]`) ? owner : node;
      (scope === owner ? owner.querySelector(".s2s-error") : whole).textContent = lab.errorText(t, error);
      if (error.fields.field) scope.querySelector(`[data-option="${CSS.escape(error.fields.field)}"]`)?.setAttribute("aria-invalid", "true");
    };
    return { node, showError };
  };

  return { OWN, PENALTIES, PRESETS, nameOf, editor };
})();
