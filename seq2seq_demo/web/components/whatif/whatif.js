// What if: the tokens that the model would rather, or almost, have written at one step; choosing one decodes on from there.

/**
 * Draw the alternatives of a hypothesis' step `at`, `[[piece, id, log-probability], …]`. `onChoose(token ids)` gets all
 * ids up to and with the chosen one, `onPrefix(text)` a beginning that the visitor typed; `onClose()` puts the panel away.
 */
lab.whatIf = ({ hypothesis, at, label, t, language, onChoose, onPrefix, onClose }) => {
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
    lab.prefixForm({ text: lab.textOf(hypothesis.tokens.slice(0, at)), t, language, onPrefix })]);
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

/** Say that the visitor chose the beginning of what is shown, and offer the way back. */
lab.whatIfTrail = ({ count, prefix, t, onBack }) => lab.el("p", { class: "s2s-note s2s-trail", role: "note" }, [
  lab.el("span", { text: count ? t("whatif.continued", { count }) : t("whatif.begun", { prefix }) }),
  lab.el("button", { type: "button", class: "s2s-quiet", text: t("whatif.back"), on: { click: onBack } })]);
