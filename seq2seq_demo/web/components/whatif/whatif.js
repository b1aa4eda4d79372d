// What if: the tokens that the model would rather, or almost, have written at one step; choosing one decodes on from there.

/**
 * Draw the alternatives of a hypothesis' step `at`, `[[piece, id, log-probability], …]`. `onChoose(token ids)` gets all
 * ids up to and with the chosen one, `onPrefix(text)` a beginning that the visitor typed, `onPin(at, weights)` where this
 * token is to look, among the source tokens `columns` (null without attention); `onClose()` puts the panel away.
 */
lab.whatIf = ({ hypothesis, at, label, columns, t, language, sourceLanguage, onChoose, onPrefix, onPin, onClose }) => {
  const option = ([piece, id, logProb]) => {
    const probability = Math.exp(logProb);
    const written = id === hypothesis.token_ids[at];
    const bar = lab.el("span", { class: "s2s-alternative-bar", "aria-hidden": "true" });
    bar.style.setProperty("--share", probability.toFixed(3));
    return lab.el("li", {}, [lab.el("button", {
      type: "button", class: "s2s-alternative", disabled: written, "aria-current": written ? "true" : null,
      on: { click: () => onChoose([...hypothesis.token_ids.slice(0, at), id]) },
    }, [
      lab.el("span", { class: "s2s-alternative-text", lang: language, text: piece.replaceAll(lab.SPACE, "") || "␣" }),
      lab.el("span", { class: "s2s-alternative-number", text: probability.toFixed(3) }), bar])]);
  };
  return lab.el("section", { class: "s2s-whatif", "aria-label": t("whatif.title", { token: label }) }, [
    lab.el("header", {}, [lab.el("h4", { text: t("whatif.title", { token: label }) }),
      lab.el("button", { type: "button", class: "s2s-quiet", text: t("whatif.close"), on: { click: onClose } })]),
    lab.el("ol", {}, hypothesis.alternatives[at].map(option)),
    columns && hypothesis.attention ? lab.pinForm({ columns, label, weights: hypothesis.attention[at], t, language: sourceLanguage,
      onPin: (weights) => onPin(hypothesis.token_ids.slice(0, at), at, weights) }) : null,
    lab.prefixForm({ text: lab.textOf(hypothesis.tokens.slice(0, at)), t, language, onPrefix })]);
};

/** Choose the source tokens that a step must look at: its attention is shared among them evenly. */
lab.pinForm = ({ columns, label, weights, t, language, onPin }) => {
  const most = Math.max(...weights);
  const go = lab.el("button", { type: "submit", class: "s2s-quiet", disabled: true, text: t("whatif.go") });
  const chosen = () => [...form.querySelectorAll("input:checked")].map((input) => Number(input.value));
  const choice = ({ label: text, start, stop }, index) => lab.el("label", { class: "s2s-pin", lang: language }, [
    lab.el("input", { type: "checkbox", class: "s2s-unseen", name: "pin", value: index }),
    lab.el("span", { text, "data-most": weights.slice(start, stop).includes(most) ? "" : null })]);
  const form = lab.el("form", { class: "s2s-pins" }, [
    lab.el("fieldset", {}, [lab.el("legend", { text: t("whatif.pin", { token: label }), "data-tip": t("whatif.pin_tip") }),
      ...columns.map(choice)]), go]);
  form.addEventListener("change", () => { go.disabled = chosen().length === 0; });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const pinned = weights.map(() => 0);
    for (const index of chosen()) for (let i = columns[index].start; i < columns[index].stop; i += 1) pinned[i] = 1;
    if (pinned.includes(1)) onPin(pinned);
  });
  return form;
};

/** The text that pieces spell; a byte piece, which is part of a character, ends it. */
lab.textOf = (pieces) => {
  const cut = pieces.findIndex((piece) => piece.startsWith("<"));
  return (cut < 0 ? pieces : pieces.slice(0, cut)).join("").replaceAll(lab.SPACE, " ").trimStart();
};

/** A field for how the output is to begin; the search goes on from there. */
lab.prefixForm = ({ text, t, language, onPrefix }) => {
  const input = lab.el("input", { type: "text", name: "whatif-prefix", lang: language, autocomplete: "off", spellcheck: "false",
    "data-tip": t("whatif.prefix_tip"), "aria-label": t("whatif.prefix") });
  input.value = text;
  const form = lab.el("form", { class: "s2s-whatif-prefix" }, [
    lab.el("label", {}, [lab.el("span", { text: t("whatif.prefix") }), input]),
    lab.el("button", { type: "submit", class: "s2s-quiet", text: t("whatif.go") })]);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim()) onPrefix(input.value);
  });
  return form;
};

/** Say what the visitor chose of what is shown, and offer the way back. */
lab.whatIfTrail = ({ count, prefix, pinned, t, onBack }) => lab.el("p", { class: "s2s-note s2s-trail", role: "note" }, [
  lab.el("span", { text: [pinned ? t("whatif.pinned", { positions: pinned.map(([step]) => step + 1).join(", ") }) : null,
    count && !(pinned && pinned.some(([step]) => step >= count)) ? t("whatif.continued", { count }) : null,
    prefix ? t("whatif.begun", { prefix }) : null].filter(Boolean).join(" ") }),
  lab.el("button", { type: "button", class: "s2s-quiet", text: t("whatif.back"), on: { click: onBack } })]);
