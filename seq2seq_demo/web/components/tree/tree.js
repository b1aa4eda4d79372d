// Search tree: everything that the search looked at, what became of it and why, and the way on from any of it.

lab.addView({ name: "tree", files: ["png", "svg", "csv", "json"], about: "any", draw: (() => {
  /** What a fate is called where the strategy is no beam. */
  const OTHER_NAMES = { greedy: { kept: "written", pruned: "unwritten" }, sample: { kept: "drawn" } };
  const nameOf = (fate, strategy) => OTHER_NAMES[strategy]?.[fate] ?? fate;
  const NUMBERS = ["log_prob", "score", "probability", "none"];

  // --- words

  const together = (texts, t) => texts.reduce((first, second) => t("compare.sentences", { first, second }));

  /** Where greedy decoding would have gone in this search, in a sentence; nothing where it is no beam's. */
  const greedily = (tree, { hypotheses }, t) => {
    if (!tree.greedy.length) return "";
    const index = tree.greedy.at(-1);
    const { step, score, log_prob: sum, rank, fate } = tree.nodes[index];
    if (fate === "finished" && tree.n_best[0] === index) return t("tree.greedy_best");
    const values = { step, score: lab.number(score), log_prob: lab.number(sum), rank, place: tree.n_best.indexOf(index) + 1, count: hypotheses.length };
    if (fate === "finished") return t(values.place ? "tree.greedy_listed" : "tree.greedy_finished", values);
    // Of a kept one without children the continuations were not even among those that the search weighed.
    return t({ pruned: "tree.greedy_pruned", kept: "tree.greedy_left", dominated: "tree.greedy_dominated", cut: "tree.greedy_cut" }[fate], { ...values, next: step + 1 });
  };

  /** The trace's findings in words; nothing is said that it does not prove. */
  const sentences = (tree, answer, t) => {
    const { strategy, options, summary, trace, hypotheses } = answer;
    const { nodes } = trace;
    const { fates } = summary;
    const list = (names) => names.filter((name) => fates[name]).map((name) => t(`tree.count_${nameOf(name, strategy)}`, { count: fates[name] })).join(t("tree.comma"));
    const best = summary.best === null ? null : nodes[summary.best];
    const said = [];
    if (strategy === "sample") {
      said.push(t("tree.samples", { count: hypotheses.length, distinct: new Set(trace.n_best).size }));
    } else {
      said.push(t(summary.steps === 1 ? "tree.looked_once" : "tree.looked", { candidates: summary.candidates, steps: summary.steps,
        fates: list(["kept", "finished", "dominated", "cut", "pruned"]) }));
    }
    if (strategy === "greedy") said.push(t("tree.greedy"));
    if (best) said.push(t(strategy === "greedy" ? "tree.only" : "tree.best", { step: best.step, score: lab.number(best.score) }));
    else said.push(t("tree.none", { length: trace.max_length }));
    if (summary.runner_up !== null) said.push(t("tree.next", { score: lab.number(nodes[summary.runner_up].score) }));
    if (summary.bound !== null) {
      const values = { bound: lab.number(summary.bound), count: hypotheses.length, worst: lab.number(hypotheses.at(-1).score) };
      const one = options.n_best === 1 ? "tree.stop_one" : "tree.stop_several";
      said.push(t(strategy === "diverse-beam" && options.beam_groups > 1 ? "tree.stop_groups" : one, values));
    }
    if (best && fates.cut && strategy !== "sample") said.push(t("tree.limit", { length: trace.max_length, count: fates.cut }));
    const raw = summary.most_probable === null ? null : nodes[summary.most_probable];
    if (best && raw.log_prob > best.log_prob && lab.number(raw.log_prob) !== lab.number(best.log_prob)) {
      said.push(t("tree.raw", { step: raw.step, other: lab.number(raw.log_prob), best: lab.number(best.log_prob) }));
    }
    return together([...said, greedily(tree, answer, t)].filter(Boolean), t);
  };

  /** Why a finished node is, or is not, in the list of hypotheses. */
  const standing = (tree, index, { strategy, hypotheses, summary }, t) => {
    const place = tree.n_best.indexOf(index);
    if (place >= 0) return t("tree.why_listed", { place: place + 1, count: hypotheses.length });
    // Groups have lists of their own: what is missing there is not for its score alone.
    if (strategy === "diverse-beam") return "";
    const better = tree.nodes.filter(({ fate, score }) => fate === "finished" && score > tree.nodes[index].score).length;
    return t("tree.why_unlisted", { place: better + 1, total: summary.fates.finished });
  };

  /** What became of a node, and why. */
  const reason = (tree, index, answer, t) => {
    const { strategy, options, given, summary } = answer;
    const node = tree.nodes[index];
    const groups = strategy === "diverse-beam" ? options.beam_groups : 1;
    const size = options.beam_size / groups;
    if (node.step <= given) return t("tree.why_given");
    if (strategy === "sample") {
      const count = tree.n_best.filter((end) => end >= 0 && tree.path(end)[node.step - 1] === index).length;
      const drawn = t("tree.why_drawn", { count, total: tree.n_best.length });
      return node.fate === "cut" ? together([drawn, t("tree.why_cut", { length: node.step })], t) : drawn;
    }
    if (node.fate === "cut") return t("tree.why_cut", { length: node.step });
    if (node.fate === "dominated") return t(groups > 1 ? "tree.why_dominated_group" : "tree.why_dominated", { bound: lab.number(node.log_prob / summary.longest_penalty) });
    if (strategy === "greedy") return t(node.fate === "pruned" ? "tree.why_unwritten" : "tree.why_written");
    if (node.fate === "kept") {
      const dropped = tree.children[index].every((at) => tree.nodes[at].fate === "pruned") && node.step < tree.columns.length;
      return t(dropped ? "tree.why_dropped" : "tree.why_kept", { size });
    }
    if (node.fate === "finished") return together([t("tree.why_finished", { rank: node.rank, size }), standing(tree, index, answer, t)].filter(Boolean), t);
    if (node.token === "</s>") return t("tree.why_late_end", { rank: node.rank, size });
    if (node.group > 0 && options.diversity > 0) return t("tree.why_diverse", { size, diversity: options.diversity });
    const rivals = tree.columns[node.step - 1].map((at) => tree.nodes[at]).filter(({ group, fate }) => group === node.group && fate !== "pruned" && fate !== "finished");
    return t("tree.why_pruned", { size: rivals.length, worst: lab.number(Math.min(...rivals.map(({ log_prob }) => log_prob))) });
  };

  const rankOf = (tree, node, groups, t) => t(groups > 1 ? "tree.rank_in_group" : "tree.rank_of", { rank: node.rank, total: tree.lookedAt(node), group: node.group + 1 });

  const figures = (tree, node, { options, strategy }, t) => [
    ["step", node.step],
    ["probability", Math.exp(node.token_log_prob).toFixed(3)],
    ["log_prob", lab.number(node.log_prob, 3)],
    ["score", lab.number(node.score, 3)],
    ["rank", rankOf(tree, node, strategy === "diverse-beam" ? options.beam_groups : 1, t)],
  ];

  /** The line that says what the visitor points at. */
  const readout = (t, language) => {
    const box = lab.el("div", { class: "s2s-tree-readout" });
    const spoken = lab.el("p", { class: "s2s-unseen", "aria-live": "polite" });
    const show = (tree, place, answer, byKeyboard) => {
      if (place === null) box.replaceChildren(lab.el("p", { class: "s2s-tree-why", text: t("tree.hint") }));
      else if (place < 0) box.replaceChildren(lab.el("p", { class: "s2s-tree-why", text: t("tree.fold_at", { step: -place }) }));
      else {
        const node = tree.nodes[place];
        box.replaceChildren(
          lab.el("p", { class: "s2s-tree-token" }, [lab.el("strong", { lang: language, text: tree.labels[place] }),
            lab.el("span", { class: `s2s-tree-fate ${node.fate}`, text: t(`tree.${nameOf(node.fate, answer.strategy)}`) })]),
          lab.el("dl", { class: "s2s-stats" }, figures(tree, node, answer, t).map(([name, value]) =>
            lab.el("div", { class: "s2s-stat", "data-figure": name }, [lab.el("dt", { text: t(`tree.${name}`) }), lab.el("dd", { text: value })]))),
          lab.el("p", { class: "s2s-tree-why", text: reason(tree, place, answer, t) }));
      }
      if (byKeyboard) {
        spoken.textContent = place === null || place < 0 ? box.textContent
          : [tree.labels[place], t(`tree.${nameOf(tree.nodes[place].fate, answer.strategy)}`), ...figures(tree, tree.nodes[place], answer, t).map(([name, value]) => `${t(`tree.${name}`)} ${value}`),
            reason(tree, place, answer, t)].join(t("tree.comma"));
      }
    };
    return { node: lab.el("div", {}, [box, spoken]), show };
  };

  // --- the chosen node

  const heatmapSoFar = (tree, path, answer, { t, languages, model, saveFile }) => {
    const view = lab.viewOf(answer, { tokens: path.map((at) => tree.nodes[at].token), words: tree.wordsOf(path),
      token_log_probs: path.map((at) => tree.nodes[at].token_log_prob), attention: path.map((at) => tree.attention[tree.nodes[at].row]) }, false);
    const map = lab.attention({ view, t, languages, focus: (place, byKeyboard) => map.show(place, byKeyboard), heading: "h4",
      files: { name: `${model.id}_heatmap_so_far`, saveFile } });
    return map.node;
  };

  const details = (tree, index, answer, context) => {
    const { t, languages } = context;
    const path = tree.path(index);
    const node = tree.nodes[index];
    const ends = node.token === "</s>";
    const text = tree.textOf(index);
    const attention = answer.attention_left_out ? [lab.el("p", { class: "s2s-note", text: t("tree.too_large") })]
      : tree.attention ? [heatmapSoFar(tree, path, answer, context)] : [lab.el("p", { class: "s2s-note", text: t("heatmap.none") })];
    return [
      lab.el("header", { class: "s2s-toolbar" }, [lab.el("h4", { text: t(ends ? "tree.whole" : "tree.so_far") }),
        lab.el("button", { type: "button", class: "s2s-example s2s-tree-go", text: t(ends ? "tree.show_end" : "tree.go"),
          "data-tip": t(ends ? "tree.show_end_tip" : "tree.go_tip"),
          on: { click: () => context.continueFrom(path.map((at) => tree.nodes[at].token_id)) } })]),
      lab.el("p", { class: text ? "s2s-tree-text" : "s2s-tree-text nothing", lang: text ? languages.target : null, text: text || t("result.nothing") }),
      node.fate === "pruned" && !ends && answer.strategy !== "greedy" ? lab.el("p", { class: "s2s-hint", text: t("tree.unseen") }) : null,
      ...attention].filter(Boolean);
  };

  // --- the controls

  const legend = (tree, answer, memory, t, redraw) => {
    const fates = lab.treeDrawing.FATES.filter((fate) => answer.summary.fates[fate]);
    return lab.el("div", { class: "s2s-tree-legend", role: "group", "aria-label": t("tree.legend") }, [...fates.map((fate) =>
      lab.el("button", { type: "button", class: "s2s-tree-key", "data-fate": fate, "aria-pressed": memory.hidden.has(fate) ? "false" : "true",
        "data-tip": t(`tree.tip_${nameOf(fate, answer.strategy)}`),
        on: { click: (event) => {
          if (!memory.hidden.delete(fate)) memory.hidden.add(fate);
          event.currentTarget.setAttribute("aria-pressed", memory.hidden.has(fate) ? "false" : "true");
          redraw();
        } } }, [lab.treeDrawing.swatch(fate), lab.el("span", { text: t(`tree.${nameOf(fate, answer.strategy)}`) }),
        lab.el("span", { class: "s2s-tree-count", text: answer.summary.fates[fate] })])),
    tree.greedy.length ? lab.el("span", { class: "s2s-tree-greedy" }, [lab.treeDrawing.greedySwatch(), lab.el("span", { text: t("tree.greedy_path") })]) : null]);
  };

  /** One button for each of the n best paths. */
  const paths = (answer, memory, { t, languages }, onChoose) => {
    const text = lab.el("span", { class: "s2s-tree-path-text", lang: languages.target });
    const show = (chosen) => {
      const { text: written, score } = answer.hypotheses[chosen];
      text.replaceChildren(lab.el("span", { text: written || t("result.nothing") }), lab.el("span", { class: "s2s-tree-path-score", lang: "", text: lab.number(score) }));
      for (const [index, button] of buttons.entries()) button.setAttribute("aria-pressed", index === chosen ? "true" : "false");
    };
    const buttons = answer.hypotheses.map((hypothesis, index) => lab.el("button", { type: "button", class: "s2s-rank s2s-tree-path", "data-path": index,
      "aria-label": t("tree.path", { place: index + 1, text: hypothesis.text, score: lab.number(hypothesis.score) }),
      "data-tip": `${hypothesis.text || t("result.nothing")}  ${lab.number(hypothesis.score)}`, text: index + 1,
      on: { click: () => {
        memory.chosen = index;
        show(index);
        onChoose();
      } } }));
    show(memory.chosen);
    return lab.el("div", { class: "s2s-tree-paths", role: "group", "aria-label": t("tree.paths") }, [
      lab.el("span", { class: "s2s-tree-label", text: t(answer.strategy === "sample" ? "nbest.samples" : "tree.paths") }),
      lab.el("span", { class: "s2s-tree-path-row" }, buttons), text]);
  };

  const toolbar = (drawing, memory, { t, redraw, files, foldable }) => {
    const numbers = lab.el("label", { class: "s2s-tree-numbers" }, [lab.el("span", { text: t("tree.under") }),
      lab.el("select", { class: "s2s-select", name: "tree-numbers", on: { change: (event) => {
        memory.numbers = event.target.value;
        redraw();
      } } }, NUMBERS.map((name) => lab.el("option", { value: name, text: t(`tree.under_${name}`), selected: name === memory.numbers })))]);
    const all = foldable ? lab.el("label", { class: "s2s-switch", "data-tip": t("tree.all_tip") }, [
      lab.el("input", { type: "checkbox", role: "switch", name: "tree-all", checked: memory.all, on: { change: (event) => {
        memory.all = event.target.checked;
        memory.unfolded.clear();
        redraw();
      } } }), lab.el("span", { text: t("tree.all") })]) : null;
    const zoom = lab.el("div", { class: "s2s-tree-zoom", role: "group", "aria-label": t("tree.zoom") },
      [["out", "−", -1], ["in", "+", 1], ["fit", t("tree.fit"), 0]].map(([name, text, direction]) => lab.el("button", { type: "button", class: "s2s-quiet",
        "data-zoom": name, text, "aria-label": t(`tree.zoom_${name}`), "data-tip": t(`tree.zoom_${name}`), on: { click: () => drawing.zoom(direction) } })));
    return lab.el("div", { class: "s2s-toolbar s2s-tree-toolbar" }, [numbers, all, zoom, files]);
  };

  // --- files

  const COLUMNS = ["step", "group", "rank", "token", "token_id", "parent", "token_log_prob", "log_prob", "score", "fate"];

  const filesOf = (answer, drawing, { t, model, saveFile }) => {
    const { source, source_tokens, strategy, options, given, hypotheses, summary, trace } = answer;
    return lab.pictureFiles({ title: t("tab.tree"), name: `${model.id}_${strategy}_tree`, t, saveFile, picture: () => drawing.svg,
      rows: () => [["node", ...COLUMNS], ...trace.nodes.map((node, index) => [index, ...COLUMNS.map((name) => node[name])])],
      values: () => ({ model: model.id, source, source_tokens, strategy, options, given, hypotheses, summary, trace }) });
  };

  // --- the view

  const fill = (place, answer, context) => {
    const { t, memory, languages } = context;
    const tree = lab.searchTree.build(answer.trace, { withGreedy: answer.strategy === "beam" && answer.options.beam_size > 1 });
    if (!tree.nodes.length) return place.replaceChildren(lab.el("p", { class: "s2s-note", text: t("tree.empty") }));
    memory.chosen = Math.min(memory.chosen, answer.hypotheses.length - 1);
    const line = readout(t, languages.target);
    const panel = lab.el("section", { class: "s2s-tree-details", "aria-label": t("tree.so_far"), hidden: memory.selected === null });
    const says = sentences(tree, answer, t);
    const end = () => (tree.n_best[memory.chosen] >= 0 ? tree.n_best[memory.chosen] : null);
    const choice = () => lab.searchTree.choose(tree, { unfolded: memory.unfolded, all: memory.all,
      fates: new Set(lab.treeDrawing.FATES.filter((fate) => !memory.hidden.has(fate))) });
    const redraw = () => drawing.show({ choice: choice(), numbers: memory.numbers, selected: memory.selected, chosen: end() });
    const select = (index) => {
      memory.selected = index;
      drawing.mark({ selected: index });
      line.show(tree, index, answer, false);
      panel.hidden = false;
      panel.replaceChildren(...details(tree, index, answer, context));
      context.announce(t("tree.selected", { text: tree.textOf(index) || t("result.nothing") }));
    };
    const drawing = lab.treeDrawing({
      tree, t, language: languages.target, view: memory.view,
      label: t("tree.label", { candidates: tree.nodes.length, steps: tree.columns.length }), help: t("tree.help"),
      onPoint: (at, byKeyboard) => line.show(tree, at ?? memory.selected, answer, byKeyboard),
      onSelect: select,
      onFold: (step) => {
        if (!memory.unfolded.delete(step)) memory.unfolded.add(step);
        redraw();
      },
      onView: (view) => { memory.view = view; },
    });
    const first = choice();
    place.replaceChildren(
      lab.el("p", { class: "s2s-verdict", text: says }),
      paths(answer, memory, context, () => drawing.mark({ chosen: end() })),
      legend(tree, answer, memory, t, redraw),
      toolbar(drawing, memory, { t, redraw, foldable: first.foldable.some((count) => count > 0), files: filesOf(answer, drawing, context) }),
      drawing.node, line.node, panel);
    redraw();
    line.show(tree, memory.selected, answer, false);
    if (memory.selected !== null) panel.replaceChildren(...details(tree, memory.selected, answer, context));
  };

  return (context) => {
    const { t, memory, key, ask, run, runs, chosen, sent } = context;
    if (memory.key !== key) Object.assign(memory, { key, chosen: chosen ?? 0, selected: null, unfolded: new Set(), view: null });
    memory.hidden ??= new Set();
    memory.numbers ??= NUMBERS[0];
    memory.all ??= false;
    const options = (run.seed ?? null) === null ? sent.options : { ...sent.options, seed: run.seed };
    const answer = lab.askOnce(memory, key, () => ask({ run: runs.indexOf(run), options }));
    return lab.answerPlace({ answer, t, name: "s2s-tree", draw: (found, place) => fill(place, found, context) });
  };
})() });
