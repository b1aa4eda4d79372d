// The n-best list: every hypothesis with its raw log-probability and its score; choosing one shows its heatmap.

/** Draw the list under its `title`; `onChoose(index)` is called when a hypothesis is chosen. */
lab.nbest = ({ hypotheses, chosen, t, language, title, onChoose }) => {
  const item = (hypothesis, index) => {
    const cut = hypothesis.finished ? null : lab.el("span", { class: "s2s-cut", text: t("nbest.cut"), "data-tip": t("result.cut") });
    const button = lab.el("button", {
      type: "button", class: "s2s-nbest-item", "aria-pressed": index === chosen ? "true" : "false",
      on: { click: () => onChoose(index) },
    }, [
      lab.el("span", { class: "s2s-rank", text: index + 1 }),
      lab.el("span", { class: "s2s-nbest-text", lang: language, text: hypothesis.text || t("result.nothing") }, [cut]),
      lab.el("span", { class: "s2s-nbest-number", text: lab.number(hypothesis.log_prob) }),
      lab.el("span", { class: "s2s-nbest-number strong", text: lab.number(hypothesis.score) }),
    ]);
    return lab.el("li", {}, [button]);
  };
  const heads = ["log_prob", "score"].map((name) =>
    lab.el("span", { class: "s2s-nbest-number", tabindex: 0, text: t(`stat.${name}`), "data-tip": t(`tip.${name}`) }));
  return lab.el("section", { class: "s2s-nbest", "aria-label": title }, [
    lab.el("header", { class: "s2s-nbest-head" }, [lab.el("h3", { text: title }), ...heads]),
    lab.el("ol", {}, hypotheses.map(item)),
  ]);
};
