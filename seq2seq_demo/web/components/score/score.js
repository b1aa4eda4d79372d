// Score mine: a version of the visitor's own, forced through the model, beside the best that the search found.

lab.addView({ name: "score", files: ({ attention }) => (attention ? ["png", "svg", "csv", "json"] : ["json"]), about: "last", draw: (() => {
  const MOST_TRIES = 6;
  const MOST_BEAM = 100;
  const VERDICTS = { same: "same", "other-segmentation": "segmentation", "search-error": "error", "out-of-reach": "unreachable",
    "model-disagrees": "disagrees" };

  const bare = (piece) => piece.replaceAll(lab.SPACE, "") || "␣";

  const languageName = (code, t) => (t(`language.${code}`) === `language.${code}` ? code : t(`language.${code}`));

  // --- what the two scores say

  const verdict = ({ own, found, judgement }, { t, run }) => {
    if (run.partial) return t("score.stopped");
    const values = { own: lab.number(judgement.own_score), best: lab.number(judgement.best_score) };
    const [hypothesis] = own.hypotheses;
    const reasons = judgement.obstacles.map((name) => t(`score.${name.replaceAll("-", "_")}`, { tokens: hypothesis.token_ids.length }))
      .join(t("score.reasons"));
    let key = VERDICTS[judgement.verdict];
    if (key === "error" && hypothesis.finished && !found.finished) key = "error_cut";
    else if (key === "error" && run.strategy === "sample") key = "lucky";
    return t(`score.${key}`, { ...values, reasons });
  };

  /** Where the two outputs part, in words; null where they are the same. */
  const parting = (mine, found, t) => {
    const at = lab.partingPoint(mine.token_ids, found.token_ids);
    if (at === null) return null;
    const token = (hypothesis) => {
      const label = lab.pieceLabels(hypothesis.tokens, hypothesis.words)[at];
      return label === undefined ? t("score.ended") : t("score.token", { token: label, rank: hypothesis.ranks[at],
        probability: Math.exp(hypothesis.token_log_probs[at]).toFixed(3) });
    };
    return t(["score.part_at_once", "score.part_after_one"][at] ?? "score.part", { count: at, own: token(mine), found: token(found) });
  };

  /** What to do about the verdict: let the model go on from the visitor's choice, or look further. */
  const actions = ({ own, found, judgement }, { t, run, line, sent, send, continueFrom }) => {
    const [mine] = own.hypotheses;
    const buttons = [];
    const button = (text, onClick) => buttons.push(lab.el("button", { type: "button", class: "s2s-quiet", text, on: { click: onClick } }));
    const at = lab.partingPoint(mine.token_ids, found.token_ids);
    const ends = at === null || at >= mine.token_ids.length || (mine.finished && at === mine.token_ids.length - 1);
    if (!ends) button(t("score.go_on", { token: bare(mine.tokens[at]) }), () => continueFrom(mine.token_ids.slice(0, at + 1)));
    const beam = run.strategy === "greedy" ? 1 : run.options.beam_size;
    const wider = Math.min(MOST_BEAM, Math.max(10, 4 * beam));
    if (judgement.verdict === "search-error" && run.strategy !== "sample" && wider > beam) {
      button(t("score.again", { size: wider }), () => send({ ...sent, text: line.typed, strategy: "beam",
        options: { ...sent.options, beam_size: wider, n_best: sent.options.n_best ?? 5 } }));
    }
    return buttons.length ? lab.el("p", { class: "s2s-score-actions" }, buttons) : null;
  };

  const figures = ({ own, found, penalties }, { t, languages }) => {
    const row = (name, hypothesis) => lab.el("tr", {}, [lab.el("th", { scope: "row", text: name }),
      lab.el("td", { class: "s2s-score-text", lang: languages.target, text: hypothesis.text || t("result.nothing") }),
      lab.el("td", { text: lab.number(hypothesis.score, 3) }), lab.el("td", { text: lab.number(hypothesis.log_prob, 3) }),
      lab.el("td", { text: hypothesis.token_ids.length })]);
    const head = (name, tip) => lab.el("th", { scope: "col", text: name, "data-tip": tip, tabindex: tip ? 0 : null });
    const caption = t("score.compared", penalties);
    return lab.el("div", { class: "s2s-table-frame", tabindex: 0, role: "region", "aria-label": caption }, [
      lab.el("table", { class: "s2s-score-figures" }, [lab.el("caption", { text: caption }),
        lab.el("thead", {}, [lab.el("tr", {}, [lab.el("td"), head(t("score.version")), head(t("stat.score"), t("tip.score")),
          head(t("stat.log_prob"), t("tip.log_prob")), head(t("score.length"))])]),
        lab.el("tbody", {}, [row(t("score.yours"), own.hypotheses[0]), row(t("score.search"), found)])])]);
  };

  // --- the tokens

  /** The model's own favourite at a token, `[label, probability]`; null where it is the visitor's. */
  const favourite = (hypothesis, row) => {
    const [piece, , logProb] = hypothesis.alternatives[row][0];
    return hypothesis.ranks[row] === 1 ? null : [bare(piece), Math.exp(logProb).toFixed(3)];
  };

  const chipItems = (view, hypothesis, other, t) => {
    const labels = (of) => lab.pieceLabels(of.tokens, of.words);
    const differs = lab.unmatched(labels(hypothesis), labels(other));
    return view.rows.map((item, row) => {
      const base = t("tip.token_probability", { probability: item.probability.toFixed(3), log_prob: lab.number(item.logProb, 3), so_far: lab.number(item.soFar, 3) });
      const rank = hypothesis.ranks[row];
      const better = hypothesis.alternatives && favourite(hypothesis, row);
      const tip = better ? t("score.tip_other", { base, rank, other: better[0], probability: better[1] }) : t("score.tip", { base, rank });
      return { label: item.label, tip, note: `${lab.short(item.probability)} #${rank}`, probability: item.probability, differs: differs[row] };
    });
  };

  const tokenTable = (view, hypothesis, { t, languages }, focus) => {
    const cell = (text, language) => lab.el("td", { text, lang: language });
    const rows = view.rows.map((item, row) => {
      const better = favourite(hypothesis, row);
      return lab.el("tr", { "data-row": row, on: { pointerenter: () => focus({ row }), pointerleave: () => focus(null) } }, [
        lab.el("th", { scope: "row", lang: languages.target, text: item.label }),
        cell(item.probability.toFixed(3)), cell(lab.number(item.logProb, 3)), cell(hypothesis.ranks[row]),
        lab.el("td", { class: "s2s-score-favourite" }, better ? [lab.el("span", { lang: languages.target, text: better[0] }),
          lab.el("span", { class: "s2s-score-soft", text: better[1] })] : [lab.el("span", { class: "s2s-score-soft", text: "✓" })])]);
    });
    const heads = ["token", "probability", "log_prob", "rank", "favourite"];
    const node = lab.el("div", { class: "s2s-table-frame", tabindex: 0, role: "region", "aria-label": t("score.table") }, [
      lab.el("table", { class: "s2s-score-tokens" }, [lab.el("caption", { class: "s2s-unseen", text: t("score.table") }),
        lab.el("thead", {}, [lab.el("tr", {}, heads.map((name) => lab.el("th", { scope: "col", text: t(`score.col_${name}`) })))]),
        lab.el("tbody", {}, rows)])]);
    return { node, light: (active) => rows.forEach((row, index) => row.classList.toggle("active", index === active)) };
  };

  /** Both versions as chips, the source, the heatmap of the visitor's version and its table, linked with each other. */
  const tokens = ({ own, found }, context) => {
    const { t, languages, continueFrom } = context;
    const [mine] = own.hypotheses;
    const view = lab.viewOf(own, mine, false);
    let lit = () => {};
    const focus = (place, byKeyboard) => lit(place, byKeyboard);
    const whatIf = lab.el("div");
    const pick = (index) => whatIf.replaceChildren(lab.whatIf({ hypothesis: mine, at: index, label: view.rows[index].label, t, columns: null,
      language: languages.target, sourceLanguage: languages.source, onChoose: continueFrom, onPrefix: context.onPrefix,
      onClose: () => { whatIf.replaceChildren(); rows.target.node.querySelector(`[data-index="${index}"]`).focus(); } }));
    const row = (label, language, items, onFocus, onPick) => lab.tokens({ label, language, items, onFocus, onPick });
    const rows = {
      target: row(t("score.yours"), languages.target, chipItems(view, mine, found, t),
        (index) => focus(index === null ? null : { row: index }, false), pick),
      source: row(t("tokens.source"), languages.source, view.columns.map(({ label }) => ({ label, tip: null, note: "\u00a0", probability: null })),
        (index) => focus(index === null ? null : { column: index }, false)),
    };
    const best = row(t("score.search"), languages.target, chipItems(lab.viewOf(own, found, false), found, mine, t), () => {});
    const named = (name, node) => lab.el("div", { class: "s2s-token-row" }, [lab.el("h4", { text: name }), node]);
    const table = tokenTable(view, mine, context, focus);
    const map = view.weights ? lab.attention({ view, t, languages, focus, heading: "h4", files: { name: `${context.model.id}_heatmap_of_mine`, saveFile: context.saveFile } }) : null;
    const link = lab.linkRows(view, rows, map);
    lit = (place, byKeyboard) => { link(place, byKeyboard); table.light(place?.row ?? null); };
    return [
      lab.el("div", { class: "s2s-tokens" }, [named(t("score.yours"), rows.target.node), named(t("score.search"), best.node),
        named(t("tokens.source"), rows.source.node)]),
      lab.el("div", { class: "s2s-score-legends" }, [lab.legend(t, "probability"), lab.el("span", { text: t("score.rank_legend") })]),
      lab.el("p", { class: "s2s-hint", text: t("score.pick") }), whatIf,
      lab.el("div", { class: "s2s-score-body" }, [
        map ? map.node : lab.el("p", { class: "s2s-note", text: t("heatmap.none") }),
        lab.el("section", {}, [lab.el("h4", { class: "s2s-score-title", text: t("score.table") }), table.node])]),
    ];
  };

  const drawAnswer = (answer, context) => {
    const { t, model, sent, saveFile, line } = context;
    const [mine] = answer.own.hypotheses;
    const part = context.run.partial ? null : parting(mine, answer.found, t);
    const first = mine.ranks.filter((rank) => rank === 1).length;
    const agreement = t("score.agreement", { count: mine.ranks.length, first });
    const save = () => saveFile({ name: `${model.id.replaceAll("/", "-")}-score.json`, type: "application/json",
      content: JSON.stringify({ model: sent.model, text: line.typed, strategy: sent.strategy, options: sent.options, ...answer }, null, 1) });
    return [
      lab.el("p", { class: "s2s-verdict", "data-verdict": context.run.partial ? "stopped" : answer.judgement.verdict, text: verdict(answer, context) }),
      answer.writes ? lab.el("p", { class: "s2s-note", role: "note", text: t("score.other_script", { language: languageName(answer.writes, t) }) }) : null,
      lab.el("p", { text: part ? t("compare.sentences", { first: part, second: agreement }) : agreement }),
      mine.finished ? null : lab.el("p", { class: "s2s-note", text: t("score.lost") }),
      context.run.partial ? null : actions(answer, context),
      figures(answer, context),
      ...tokens(answer, context),
      lab.el("div", { class: "s2s-downloads" }, [lab.el("span", { class: "s2s-download-label", text: t("download.title"), "aria-hidden": "true" }),
        lab.el("button", { type: "button", class: "s2s-quiet", "data-format": "json", text: "JSON", "data-tip": t("score.save"), on: { click: save } })]),
    ].filter(Boolean);
  };

  // --- the field

  const fillIns = ({ run, hypothesis, memory, t, languages }, take) => {
    const button = (text, name, note) => lab.el("button", { type: "button", class: "s2s-example", "data-tip": name ? text : null, on: { click: () => take(text) } }, [
      lab.el("span", { lang: name ? null : languages.target, text: name ?? text }), note ? lab.el("span", { class: "s2s-score-soft", text: ` ${note}` }) : null]);
    const second = run.hypotheses[1];
    const offered = [[hypothesis, t("score.fill_shown")], [second, t("score.fill_second")]]
      .filter(([one], index) => one?.text && (index === 0 || one !== hypothesis));
    const tries = memory.tries.filter(({ text }) => text !== memory.text);
    return [
      lab.el("div", { class: "s2s-examples" }, [lab.el("span", { class: "s2s-examples-label", text: t("score.fill") }),
        ...offered.map(([one, name]) => button(one.text, name))]),
      tries.length ? lab.el("div", { class: "s2s-examples", "data-tries": "" }, [lab.el("span", { class: "s2s-examples-label", text: t("score.tries") }),
        ...tries.map(({ text, score }) => button(text, null, lab.number(score)))]) : null,
    ].filter(Boolean);
  };

  const form = ({ memory, t, languages }, onSubmit) => {
    const input = lab.el("textarea", { id: "s2s-own", name: "own", rows: 1, lang: languages.target, autocomplete: "off", spellcheck: "false",
      placeholder: t("score.placeholder"), "aria-describedby": "s2s-own-error" });
    input.value = memory.text;
    input.addEventListener("input", () => { memory.text = input.value; });
    const error = lab.el("p", { class: "s2s-error", id: "s2s-own-error", role: "alert" });
    const name = languageName(languages.target, t);
    const node = lab.el("form", { class: "s2s-score-form" }, [
      lab.el("label", { for: "s2s-own", text: name === languages.target ? t("score.label_plain") : t("score.label", { language: name }) }),
      lab.el("div", {}, [input, lab.el("button", { type: "submit", class: "s2s-go" }, [lab.el("span", { text: t("score.go") }), lab.el("kbd", { text: "⏎" })])]), error]);
    const submit = () => onSubmit(input.value);
    node.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
    input.addEventListener("keydown", (event) => {
      // While an input method composes a word, Enter belongs to it.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      submit();
    });
    return { node, fill: (text) => { input.value = text; }, refuse: (message) => {
      error.textContent = message ?? "";
      if (message) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
    } };
  };

  return (base) => {
    const { t, memory, key, ask, run, sent, model, announce } = base;
    const sentence = JSON.stringify([model.id, run.source]);
    if (memory.sentence !== sentence) Object.assign(memory, { sentence, text: "", tries: [], asked: null });
    const context = { ...base, onPrefix: (prefix) => base.send({ ...sent, text: base.line.typed, prefix_tokens: undefined, pinned: undefined, options: { ...sent.options, prefix } }) };
    const place = lab.el("div", { class: "s2s-score-answer" });
    const offers = lab.el("div");

    const remember = (answer) => {
      const { text } = memory.asked;
      const { own_score: score } = answer.judgement;
      memory.tries = [{ text, score }, ...memory.tries.filter((one) => one.text !== text)].slice(0, MOST_TRIES);
    };
    const offer = () => offers.replaceChildren(...fillIns(context, (text) => { field.fill(text); memory.text = text; submit(text); }));

    const show = async () => {
      const { asked } = memory;
      if (!place.children.length) place.replaceChildren(lab.waiting(t));
      place.setAttribute("aria-busy", "true");
      const answer = await asked.answer;
      if (memory.asked !== asked || asked.key !== key) return;
      place.removeAttribute("aria-busy");
      if (answer.error) {
        // The last good answer stays; a new attempt asks again.
        memory.asked = null;
        if (place.querySelector(".s2s-waiting")) place.replaceChildren();
        return field.refuse(lab.errorText(t, answer.error));
      }
      field.refuse(null);
      remember(answer);
      offer();
      place.replaceChildren(...drawAnswer(answer, context));
      if (!asked.said) announce(place.querySelector(".s2s-verdict").textContent);
      asked.said = true;
    };
    const submit = (text) => {
      memory.text = text;
      // The samples that are shown, and no others, are what it is compared with.
      const options = run.strategy === "sample" ? { ...sent.options, seed: run.seed } : sent.options;
      memory.asked = { key, text, answer: ask({ target: text, found: run.hypotheses[0].token_ids, options }) };
      show();
    };

    const field = form(context, submit);
    offer();
    // Another search of the same sentence: what was scored is compared with what that one found.
    if (memory.asked && memory.asked.key !== key) submit(memory.asked.text);
    else if (memory.asked) show();
    return lab.el("div", { class: "s2s-score" }, [lab.el("p", { class: "s2s-score-intro", text: t("score.intro") }), field.node, offers, place]);
  };
})() });
