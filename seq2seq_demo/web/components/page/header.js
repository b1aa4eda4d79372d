// The head and the foot of the page.

lab.header = ({ t, languages, dark, onTheme }) => {
  const cells = [0.9, 0.15, 0.05, 0.2, 0.85, 0.3, 0.05, 0.25, 1];
  const mark = lab.svg("svg", { class: "s2s-mark", viewBox: "0 0 30 30", width: 30, height: 30, "aria-hidden": "true" },
    cells.map((weight, i) => lab.svg("rect", { x: (i % 3) * 10.5, y: Math.floor(i / 3) * 10.5, width: 9, height: 9, rx: 2,
      "fill-opacity": Math.max(0.12, weight) })));
  return lab.el("header", { class: "s2s-top" }, [
    lab.el("div", { class: "s2s-brand" }, [mark, lab.el("div", {}, [
      lab.el("h1", { text: t("page.title") }), lab.el("p", { text: t("page.tagline") })])]),
    lab.el("nav", { class: "s2s-nav", "aria-label": t("page.navigation") }, [
      lab.el("a", { href: "#s2s-about", text: t("about.title"), on: { click: (event) => {
        // The page may live below another address: move there without changing it.
        event.preventDefault();
        const about = document.querySelector("#s2s-about");
        about.scrollIntoView({ behavior: "smooth" });
        about.focus({ preventScroll: true });
      } } }),
      lab.el("a", { href: "?view=api", text: "API", on: { click: (event) => {
        // Gradio opens its description of the endpoint from its own footer, which is hidden here.
        event.preventDefault();
        document.querySelector("footer button.show-api")?.click();
      } } }),
      lab.el("div", { class: "s2s-languages", role: "group", "aria-label": t("page.language") }, languages),
      lab.el("button", { type: "button", class: "s2s-quiet s2s-theme", "data-tip": t(dark ? "page.light" : "page.dark"),
        "aria-label": t(dark ? "page.light" : "page.dark"), text: dark ? "☀" : "☾", on: { click: onTheme } })])]);
};

lab.about = ({ t, models, failures, saveFile }) => {
  const paragraph = (key) => lab.el("p", { text: t(key) });
  const card = (model) => lab.el("li", {}, [
    lab.el("strong", { text: lab.modelName(model, models, t) }),
    lab.el("span", { class: "s2s-about-id", text: `${model.id} · ${t("about.architecture", { cell: model.cell.toUpperCase(),
      attention: t(`attention.${model.attention}`), parameters: (model.parameters / 1e6).toFixed(1) })}` }),
    model.licence ? lab.el("span", { text: t("about.licence", { licence: model.licence }) }) : null,
    model.summary ? lab.el("span", { class: "s2s-about-summary", lang: "en", text: model.summary }) : null,
    model.curve ? lab.learningCurve({ model, models, t, saveFile }) : null]);
  const problem = ({ name, code }) => lab.el("li", { class: "s2s-note error", text: t("models.failed", { name, code }) });
  const family = models.filter((model) => model.family);
  // Many and alike: folded away.
  const relatives = family.length ? lab.el("details", { class: "s2s-relatives" }, [
    lab.el("summary", { text: `${t("curve.group")} (${family.length})` }), lab.el("ul", { class: "s2s-cards" }, family.map(card))]) : null;
  return lab.el("footer", { class: "s2s-about", id: "s2s-about", tabindex: -1 }, [
    failures.length ? lab.el("ul", { class: "s2s-failures" }, failures.map(problem)) : null,
    lab.el("h2", { text: t("about.title") }),
    lab.el("div", { class: "s2s-about-columns" }, [
      lab.el("div", {}, [lab.el("h3", { text: t("about.what") }), paragraph("about.what_text"), paragraph("about.attention_text")]),
      lab.el("div", {}, [lab.el("h3", { text: t("about.read") }), paragraph("about.read_text"), paragraph("about.keys")]),
      lab.el("div", {}, [lab.el("h3", { text: t("about.data") }), paragraph("about.data_text"),
        lab.el("ul", { class: "s2s-cards" }, models.filter(({ family }) => !family).map(card)), relatives])])]);
};

/** The learning curve of a model, from its log, folded away until it is wanted. */
lab.learningCurve = ({ model, models, t, saveFile }) => {
  const { curve } = model;
  const name = lab.modelName(model, models, t);
  const metric = { bleu: "BLEU", chrf: "chrF", loss: t("curve.loss") }[curve.metric] ?? t(`metric.${curve.metric}`);
  const one = (kind, points, line, yLabel, label) => {
    if (points.length < 2) return null;
    const lines = [{ name: line, points, colour: kind === "loss" ? 1 : 0 }];
    const chart = lab.chart({ height: 240, width: 560, label, xLabel: t("curve.updates"), yLabel, tableLabel: t("architectures.table"), lines });
    return lab.el("div", {}, [chart, lab.pictureFiles({ title: label, name: `${model.id}_${kind}`, t, saveFile, picture: () => chart,
      rows: () => [["updates", kind === "loss" ? "loss" : curve.metric], ...points],
      values: () => ({ model: model.id, data: kind === "loss" ? "training" : "development", metric: kind === "loss" ? "loss" : curve.metric, points }) })]);
  };
  const node = lab.el("details", { class: "s2s-curve" }, [lab.el("summary", { text: t("curve.title") })]);
  node.addEventListener("toggle", () => {
    if (!node.open || node.children.length > 1) return;
    node.append(...[one("validation", curve.validation, t("curve.validation"), metric, t("curve.label", { model: name, metric })),
      one("loss", curve.loss, t("curve.loss"), t("curve.loss"), t("curve.loss_label", { model: name }))].filter(Boolean));
  });
  return node;
};
