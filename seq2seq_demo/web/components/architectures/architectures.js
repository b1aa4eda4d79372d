// Architectures: the same English sentence through the family of small models, and what attention buys as sentences grow.

lab.addView({ name: "architectures", files: ["png", "svg", "csv", "json"], offered: (models) => models.some(({ family }) => family), draw: (() => {
  const ATTENTIONS = ["none", "additive", "dot", "general"];
  const CELLS = ["rnn", "gru", "lstm"];
  /** Sentences of growing length, to send through the family: the shortest all can do, the longest few. */
  const LADDER = [
    "She likes tea.",
    "My brother bought a new car last week.",
    "I would like to go to the park with you, but I have to finish my homework first.",
    "When I was a child, my grandmother told me a story every evening, and now I tell the same stories to my own children before they go to sleep.",
  ];

  const memberName = ({ id, cell, attention }, t) => (id.endsWith("/tutorial") ? t("architectures.tutorial")
    : t("architectures.member", { cell: t(`cell.${cell}`), attention: t(`attention.${attention}`) }));

  const order = (members) => [...members].sort((a, b) => Number(a.id.endsWith("tutorial")) - Number(b.id.endsWith("tutorial"))
    || ATTENTIONS.indexOf(a.attention) - ATTENTIONS.indexOf(b.attention) || CELLS.indexOf(a.cell) - CELLS.indexOf(b.cell));

  const card = (member, { t, languages, models, open, sent, text, saveFile }) => {
    const hypothesis = member.hypotheses[0];
    const view = lab.viewOf(member, hypothesis, true);
    const model = models.find(({ id }) => id === member.id);
    const drawable = view.weights && view.rows.length && view.columns.length;
    const map = drawable ? lab.heatmap({ view, label: t("heatmap.label", { rows: view.rows.length, columns: view.columns.length }),
      help: t("heatmap.help"), sourceLanguage: "en", targetLanguage: "zh", onFocus: (place) => map.focus(place) }) : null;
    return lab.el("article", { class: "s2s-member", "data-member": member.id }, [
      lab.el("header", {}, [lab.el("h4", { text: memberName(member, t) }),
        lab.el("span", { class: "s2s-member-size", text: t("architectures.size", { parameters: (model.parameters / 1e6).toFixed(1) }) })]),
      lab.el("p", { class: "s2s-member-output", lang: languages.target, text: hypothesis.text || t("result.nothing") }),
      lab.el("p", { class: "s2s-member-figures", text: t("architectures.figures", { log_prob: lab.number(hypothesis.log_prob),
        score: lab.number(hypothesis.score), count: hypothesis.token_ids.length }) }),
      hypothesis.finished ? null : lab.el("p", { class: "s2s-note", text: t("result.cut") }),
      map ? map.node : lab.el("p", { class: "s2s-member-blind", text: t("architectures.blind") }),
      map ? lab.heatmapFiles({ view, of: memberName(member, t), name: `${member.id}_heatmap`, t, saveFile, picture: () => map.node.querySelector("svg") }) : null,
      lab.el("button", { type: "button", class: "s2s-quiet", text: t("architectures.open"),
        on: { click: () => open({ ...sent, model: member.id, text, options: { ...sent.options, prefix: "",
          ...(member.attention === "none" ? { coverage_penalty: 0 } : {}) }, prefix_tokens: undefined, pinned: undefined }) } })]);
  };

  const plot = (probe, { t, words, saveFile }) => {
    const lines = Object.entries(probe.members).map(([id, member]) => ({
      name: memberName({ id, ...member }, t), colour: id.endsWith("tutorial") ? 4 : ATTENTIONS.indexOf(member.attention),
      dash: id.endsWith("tutorial") ? 3 : CELLS.indexOf(member.cell), mark: CELLS.indexOf(member.cell),
      points: probe.buckets.map((bucket, i) => [bucket.mean_words, member.bleu[i]]).filter(([, value]) => value !== null),
    }));
    const chart = lab.chart({ lines, xLabel: t("architectures.words"), yLabel: "BLEU", yFrom: 0, label: t("architectures.plot"),
      tableLabel: t("architectures.table"), markX: words ? { value: words, label: t("architectures.here") } : null });
    return lab.el("section", { class: "s2s-probe" }, [
      lab.el("header", { class: "s2s-toolbar" }, [lab.el("h4", { text: t("architectures.plot") }),
        lab.pictureFiles({ title: t("architectures.plot"), name: "family_bleu_by_length", t, saveFile, picture: () => chart,
          rows: () => lab.lineRows(lines, "source_words"), values: () => probe })]),
      lab.el("p", { class: "s2s-member-figures", text: t("architectures.plot_text") }), chart,
      lab.el("p", { class: "s2s-signature", lang: "en", text: probe.signature })]);
  };

  const form = ({ memory, t, ask, key }, show) => {
    const input = lab.el("input", { type: "text", name: "family-text", lang: "en", autocomplete: "off", "aria-label": t("architectures.sentence") });
    input.value = memory.text ?? "";
    const submit = (text) => {
      memory.text = text;
      input.value = text;
      show(ask({ family_text: text }), text);
    };
    const rungs = lab.el("div", { class: "s2s-examples" }, [lab.el("span", { text: t("architectures.ladder") }),
      ...LADDER.map((text) => lab.el("button", { type: "button", class: "s2s-example", lang: "en",
        text: t("architectures.rung", { count: text.split(" ").length }), "data-tip": text, on: { click: () => submit(text) } }))]);
    const node = lab.el("form", { class: "s2s-whatif-prefix" }, [
      lab.el("label", {}, [lab.el("span", { text: t("architectures.sentence") }), input]),
      lab.el("button", { type: "submit", class: "s2s-quiet", text: t("architectures.go") })]);
    node.addEventListener("submit", (event) => {
      event.preventDefault();
      if (input.value.trim()) submit(input.value);
    });
    return { node: lab.el("div", {}, [node, rungs]), fill: (text) => { input.value = text; } };
  };

  return (context) => {
    const { t, memory, key, ask } = context;
    const place = lab.el("div");
    if (memory.key !== key) Object.assign(memory, { key, text: null, answer: null });
    let asked = 0;
    const fill = (answer) => {
      if (answer.error) return place.replaceChildren(lab.errorNote(t, answer.error));
      fields.fill(answer.text ?? "");
      memory.text = answer.text;
      const words = answer.text ? answer.text.trim().split(/\s+/).length : null;
      const members = order(answer.members);
      place.replaceChildren(
        answer.text === null ? lab.el("p", { class: "s2s-note", text: t("architectures.reads_english") }) : "",
        lab.el("div", { class: "s2s-members" }, members.map((member) => card(member, { ...context, text: answer.text }))),
        answer.probe ? plot(answer.probe, { ...context, words }) : "");
    };
    const show = async (promise) => {
      const number = asked += 1;
      if (!place.children.length) place.replaceChildren(lab.waiting(t));
      place.setAttribute("aria-busy", "true");
      const answer = await promise;
      if (number !== asked || memory.key !== key) return;
      place.removeAttribute("aria-busy");
      if (!answer.error) memory.answer = answer;
      fill(answer);
    };
    const fields = form(context, show);
    if (memory.answer) fill(memory.answer);
    else show(ask({}));
    return lab.el("div", { class: "s2s-architectures" }, [
      lab.el("details", { class: "s2s-why" }, [lab.el("summary", { text: t("architectures.why") }),
        lab.el("ol", {}, ["one", "two", "three", "four"].map((step) => lab.el("li", { text: t(`architectures.why_${step}`) })))]),
      fields.node, place]);
  };
})() });
