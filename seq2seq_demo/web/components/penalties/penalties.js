// Penalties: the list of hypotheses ranked again as α and β move, and where they change places.

lab.addView({ name: "penalties", files: ["png", "svg", "csv", "json"], about: "last", draw: (() => {
  const { score, rank } = lab.reranking;
  const LONG = 20;
  const WAIT = 200; // milliseconds that a slider rests before the server is asked
  const NEAR = 2; // a slider's end; a larger number, typed, moves it to the largest
  const LARGEST = 5;
  const SYMBOLS = { alpha: "α", beta: "β" };
  const OPTIONS = { alpha: "length_penalty", beta: "coverage_penalty" };

  /** Each output once: samples may repeat. */
  const distinct = (hypotheses) => hypotheses.filter(({ token_ids: ids }, index) =>
    hypotheses.findIndex((other) => other.token_ids.join() === ids.join()) === index);

  const prepare = ({ memory, key, run }) => {
    if (memory.key === key) return;
    Object.assign(memory, { key, longer: null, changes: null, alpha: run.options.length_penalty, beta: run.options.coverage_penalty });
    memory.relative ??= true;
    memory.most = Object.fromEntries(Object.keys(SYMBOLS).map((name) => [name, memory[name] > NEAR ? LARGEST : NEAR]));
  };

  /** The changes along α where they are known for this β. */
  const known = (memory) => (memory.changes?.beta === memory.beta ? memory.changes.answer.alpha : null);

  // --- the sliders

  const slider = (name, { memory, t }, onMove) => {
    const range = lab.el("input", { type: "range", id: `s2s-penalty-${name}`, min: 0, max: memory.most[name], step: 0.01 });
    const number = lab.el("input", { type: "number", min: 0, max: LARGEST, step: 0.05, inputmode: "decimal", autocomplete: "off",
      name: `penalty-${name}`, "aria-label": t(`field.${OPTIONS[name]}`) });
    const show = () => {
      range.value = memory[name];
      if (document.activeElement !== number) number.value = memory[name];
      number.removeAttribute("aria-invalid");
    };
    const move = (value) => {
      if (value > memory.most[name]) memory.most[name] = LARGEST;
      range.max = memory.most[name];
      memory[name] = value;
      show();
      onMove();
    };
    range.addEventListener("input", () => move(Number(range.value)));
    number.addEventListener("input", () => {
      const value = number.value.trim() === "" ? NaN : Number(number.value);
      if (value >= 0 && value <= LARGEST) move(value);
      else number.setAttribute("aria-invalid", "true");
    });
    number.addEventListener("blur", show);
    show();
    return { move, node: lab.el("div", { class: "s2s-penalty" }, [
      lab.el("label", { for: range.id, text: t(`field.${OPTIONS[name]}`), "data-tip": t(`tip.${OPTIONS[name]}`) }), range, number]) };
  };

  // --- the list

  /** Put nodes in another order; they glide to their places unless the visitor wants less motion. */
  const reorder = (list, nodes) => {
    const before = nodes.map((node) => node.getBoundingClientRect().top);
    list.append(...nodes);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    nodes.forEach((node, index) => {
      const way = before[index] - node.getBoundingClientRect().top;
      if (way && node.isConnected) node.animate([{ transform: `translateY(${way}px)` }, { transform: "none" }], { duration: 260, easing: "ease-out" });
    });
  };

  const item = (hypothesis, index, { t, languages, model, onPoint }) => {
    const number = (name, text) => lab.el("span", { class: `s2s-ranked-number ${name}`, text, "data-label": t(`penalties.${name}`) });
    const parts = { rank: lab.el("span", { class: "s2s-rank" }), way: lab.el("span", { class: "s2s-way" }), score: number("score", "") };
    const node = lab.el("li", { class: "s2s-ranked", "data-index": index, on: {
      pointerenter: () => onPoint(String(index + 1)), pointerleave: () => onPoint(null) } }, [
      parts.rank, parts.way, lab.chart.sample(lab.penaltyPlot.look(index), false),
      lab.el("span", { class: "s2s-ranked-text", lang: languages.target, text: hypothesis.text || t("result.nothing") }, [
        hypothesis.finished ? null : lab.el("span", { class: "s2s-cut", text: t("nbest.cut"), "data-tip": t("result.cut"), tabindex: 0 })]),
      number("log_prob", lab.number(hypothesis.log_prob)), number("length", hypothesis.token_ids.length),
      model.attention === "none" ? null : number("coverage", lab.number(hypothesis.coverage)), parts.score]);
    return { node, ...parts };
  };

  const heads = ({ t, model }) => lab.el("div", { class: "s2s-ranked s2s-ranked-heads" }, [
    lab.el("span"), lab.el("span"), lab.el("span"), lab.el("span", { text: t("penalties.output") }),
    ...["log_prob", "length", ...(model.attention === "none" ? [] : ["coverage"]), "score"].map((name) =>
      lab.el("span", { class: "s2s-ranked-number", tabindex: 0, text: t(`penalties.${name}`), "data-tip": t(`penalties.${name}_tip`) }))]);

  /** The ranked list; `update(penalties)` puts it in order and says who has moved since the search. */
  const ranking = (hypotheses, context) => {
    const { t, run } = context;
    const items = hypotheses.map((hypothesis, index) => item(hypothesis, index, context));
    const list = lab.el("ol", { class: "s2s-ranked-list" });
    const first = rank(hypotheses, { alpha: run.options.length_penalty, beta: run.options.coverage_penalty });
    let shown = "";
    const update = (penalties) => {
      const order = rank(hypotheses, penalties);
      order.forEach((index, place) => {
        const { node, rank: badge, way, score: figure } = items[index];
        const moved = first.indexOf(index) - place;
        badge.textContent = place + 1;
        way.textContent = moved ? `${moved > 0 ? "↑" : "↓"}${Math.abs(moved)}` : "";
        way.className = moved > 0 ? "s2s-way up" : "s2s-way";
        if (moved) way.setAttribute("aria-label", t(moved > 0 ? "penalties.up" : "penalties.down", { count: Math.abs(moved) }));
        else way.removeAttribute("aria-label");
        const value = score(hypotheses[index], penalties);
        figure.textContent = lab.number(value, 3);
        node.dataset.score = value;
      });
      if (order.join() !== shown) reorder(list, order.map((index) => items[index].node));
      shown = order.join();
      return { order, moved: order.filter((index, place) => first.indexOf(index) !== place).length };
    };
    return { update, node: lab.el("section", { class: context.model.attention === "none" ? "s2s-ranking blind" : "s2s-ranking", "aria-label": t("penalties.list") }, [heads(context), list]) };
  };

  // --- where they change

  /** Of a long text what tells it from another: without what both share at their ends, but for a few letters or words. */
  const telling = (text, other) => {
    const parts = (whole) => (whole.includes(" ") ? whole.match(/\s*\S+/g) : Array.from(whole)) ?? [];
    const [own, its] = [parts(text), parts(other)];
    const around = text.includes(" ") ? 2 : 4;
    let start = 0;
    while (start < own.length && own[start] === its[start]) start += 1;
    let end = 0;
    while (end < own.length - start && end < its.length - start && own[own.length - 1 - end] === its[its.length - 1 - end]) end += 1;
    const [from, to] = [start - around, own.length - end + around];
    const whole = own.length <= 3 * around;
    return `${from > 1 && !whole ? "…" : ""}${own.slice(from > 1 && !whole ? from : 0, to < own.length - 1 && !whole ? to : own.length).join("").trim()}${
      to < own.length - 1 && !whole ? "…" : ""}`;
  };

  const sentence = ({ at, rises, falls, place }, name, { hypotheses, t }) => {
    const [up, down] = [hypotheses[rises].text || t("result.nothing"), hypotheses[falls].text || t("result.nothing")];
    return t(up === down ? "penalties.overtakes_same" : "penalties.overtakes", { symbol: SYMBOLS[name], at: lab.number(at, at < 0.01 ? 4 : 2), place,
      text: up, tokens: hypotheses[rises].token_ids.length, others: hypotheses[falls].token_ids.length,
      up: telling(up, down), down: telling(down, up) });
  };

  /** The changes as one penalty grows; pressing one moves its slider there. */
  const changeList = (name, changes, context) => {
    const { t, memory, hypotheses, onJump } = context;
    const other = name === "alpha" ? "beta" : "alpha";
    const entry = (change) => lab.el("li", {}, [lab.el("button", { type: "button", class: change.place === 1 ? "s2s-change first" : "s2s-change",
      text: sentence(change, name, context), "data-at": change.at,
      on: { click: () => onJump(name, Math.min(LARGEST, Math.ceil(change.at * 100 + 1e-6) / 100)) } })]);
    const leading = changes.filter(({ place }) => place === 1);
    const rest = changes.filter(({ place }) => place !== 1);
    const usual = rest.length <= 4;
    return lab.el("section", { class: "s2s-changes", "data-penalty": name }, [
      lab.el("h4", { text: t("penalties.as_grows", { symbol: SYMBOLS[name], other: SYMBOLS[other], value: lab.number(memory[other]) }) }),
      leading.length ? lab.el("ol", {}, leading.map(entry)) : lab.el("p", { class: "s2s-hint", text: t("penalties.never", { symbol: SYMBOLS[name] }) }),
      rest.length ? lab.el("details", { open: memory[`other_${name}`] ? !usual : usual, on: { toggle: (event) => { memory[`other_${name}`] = event.target.open !== usual; } } }, [
        lab.el("summary", { text: t("penalties.below", { count: rest.length }) }), lab.el("ol", {}, rest.map(entry))]) : null]);
  };

  // --- in words

  /** Who is first and for how long; `changes` along α may still be unknown. */
  const words = ({ order, moved }, changes, { hypotheses, memory, t, run }) => {
    const penalties = { alpha: memory.alpha, beta: memory.beta };
    const [first, second] = order.map((index) => hypotheses[index]);
    const values = { alpha: lab.number(memory.alpha), beta: lab.number(memory.beta), text: first.text || t("result.nothing"),
      score: lab.number(score(first, penalties)), behind: lab.number(score(first, penalties) - score(second, penalties)) };
    const parts = [t(first.finished === second.finished ? "penalties.first" : "penalties.first_finished", values)];
    const leads = changes?.filter(({ place }) => place === 1).map(({ at }) => at);
    if (leads) {
      const from = Math.max(0, ...leads.filter((at) => at <= memory.alpha));
      const to = Math.min(LARGEST, ...leads.filter((at) => at > memory.alpha));
      parts.push(leads.length ? t("penalties.stays", { from: lab.number(from), to: lab.number(to) }) : t("penalties.always"));
    }
    const since = { alpha: lab.number(run.options.length_penalty), beta: lab.number(run.options.coverage_penalty), count: moved };
    if (moved) parts.push(t("penalties.moved", since));
    return parts.reduce((first, second) => t("compare.sentences", { first, second }));
  };

  const formula = (index, { hypotheses, memory, model }) => {
    const { log_prob: logProb, token_ids: ids, coverage } = hypotheses[index];
    const [alpha, beta] = [lab.number(memory.alpha), lab.number(memory.beta)];
    const total = lab.number(score(hypotheses[index], { alpha: memory.alpha, beta: memory.beta }), 3);
    const cover = model.attention === "none" ? ["", ""] : [" + β · c", ` + ${beta} · ${lab.number(coverage)}`];
    return `log P / ((5 + |Y|) / 6)^α${cover[0]} = ${lab.number(logProb)} / (${5 + ids.length} / 6)^${alpha}${cover[1]} = ${total}`;
  };

  // --- a longer list

  const longer = (context, shown) => {
    const { t, memory, ask, run, key, redraw } = context;
    const error = lab.el("p", { class: "s2s-error", role: "alert" });
    const size = Math.max(LONG, run.strategy.includes("beam") ? run.options.beam_size : 0);
    if (memory.longer) {
      return lab.el("p", { class: "s2s-longer" }, [lab.el("span", { text: t("penalties.is_longer", { count: shown, size }) }),
        lab.el("button", { type: "button", class: "s2s-quiet", text: t("penalties.shorter"), on: { click: () => {
          Object.assign(memory, { longer: null, changes: null });
          redraw();
        } } })]);
    }
    if (shown >= LONG) return null;
    const button = lab.el("button", { type: "button", class: "s2s-quiet s2s-longer-button", text: t("penalties.longer", { count: LONG, size }), on: { click: async () => {
      button.disabled = true;
      const answer = await ask({ longer: true });
      if (memory.key !== key) return;
      button.disabled = false;
      if (answer.error) {
        error.textContent = lab.errorText(t, answer.error);
        return;
      }
      Object.assign(memory, { longer: answer.run.hypotheses, changes: null });
      redraw();
    } } });
    return lab.el("div", { class: "s2s-longer" }, [button, error]);
  };

  // --- the view

  /** The sliders, and what to do with what they are set to; `update()` shows that only where it differs from the search. */
  const controls = (context, onMove) => {
    const { t, memory, model, run, sent, open } = context;
    const names = model.attention === "none" ? ["alpha"] : ["alpha", "beta"];
    const sliders = Object.fromEntries(names.map((name) => [name, slider(name, context, onMove)]));
    const button = (text, tip, onClick) => lab.el("button", { type: "button", class: "s2s-quiet", text, "data-tip": tip, on: { click: onClick } });
    const chosen = () => Object.fromEntries(names.map((name) => [OPTIONS[name], memory[name]]));
    const actions = lab.el("span", { class: "s2s-penalty-actions" }, [
      button(t("penalties.reset"), null, () => names.forEach((name) => sliders[name].move(run.options[OPTIONS[name]]))),
      run.strategy.includes("beam") ? button(t("penalties.search"), t("penalties.search_tip"),
        () => open({ ...sent, options: { ...sent.options, ...chosen() } })) : null]);
    return { names, move: (name, value) => sliders[name].move(value),
      node: lab.el("div", { class: "s2s-penalty-controls" }, [...names.map((name) => sliders[name].node), actions]),
      update: () => { actions.hidden = names.every((name) => memory[name] === run.options[OPTIONS[name]]); } };
  };

  /** The plot with its switch and its files. */
  const figure = (context) => {
    const { t, memory, model, hypotheses, saveFile } = context;
    const place = lab.el("div", { class: "s2s-penalty-plot" });
    let chart;
    const update = () => {
      chart = lab.penaltyPlot.draw({ hypotheses, alpha: memory.alpha, beta: memory.beta, most: memory.most.alpha, relative: memory.relative,
        changes: known(memory), t, tipOf: (change) => sentence(change, "alpha", context) });
      place.replaceChildren(chart);
    };
    const relative = lab.el("label", { class: "s2s-switch", "data-tip": t("penalties.relative_tip") }, [
      lab.el("input", { type: "checkbox", role: "switch", checked: memory.relative, on: { change: (event) => { memory.relative = event.target.checked; update(); } } }),
      lab.el("span", { text: t("penalties.relative") })]);
    const table = () => lab.penaltyPlot.rows({ hypotheses, beta: memory.beta, most: memory.most.alpha });
    // The scores themselves, also where the lines show by how much each stands behind the first.
    const files = lab.pictureFiles({ title: t("penalties.plot_title"), name: `${model.id}-penalties`, t, saveFile, picture: () => chart, rows: table,
      legend: () => hypotheses.map(({ text }, index) => ({ sample: lab.chart.sample(lab.penaltyPlot.look(index), false), text: `${index + 1}  ${text}` })),
      values: () => ({ model: model.id, alpha: memory.alpha, beta: memory.beta, drawn: memory.relative ? "behind the first" : "score",
        hypotheses: hypotheses.map(({ text }) => text), scores: table().slice(1).map(([alpha, , ...scores]) => ({ alpha, scores })) }) });
    return { update, light: (name) => chart.light(name), node: lab.el("section", { class: "s2s-penalty-figure" }, [
      lab.el("header", { class: "s2s-toolbar" }, [lab.el("h3", { text: t("penalties.plot_title") }), relative, files]),
      place, lab.el("p", { class: "s2s-hint", text: t("penalties.plot_text") })]) };
  };

  /** Where the hypotheses change places, by the server; `ask()` asks it and then calls `onAnswer`. */
  const changesSection = (context, names, onAnswer) => {
    const { t, memory, key, ask: askServer, hypotheses } = context;
    const place = lab.el("div", { class: "s2s-changes-place", "aria-busy": "true" });
    const draw = () => {
      place.removeAttribute("aria-busy");
      place.replaceChildren(...names.map((name) => changeList(name, memory.changes.answer[name], context)));
    };
    const ask = async () => {
      const { alpha, beta } = memory;
      if (memory.changes?.alpha === alpha && memory.changes.beta === beta) {
        draw();
        return;
      }
      place.setAttribute("aria-busy", "true");
      const answer = await askServer({ alpha, beta, hypotheses: hypotheses.map(({ log_prob, token_ids, coverage, finished }) =>
        ({ log_prob, length: token_ids.length, coverage, finished })) });
      // The sliders have moved on, or another result is shown.
      if (memory.key !== key || memory.alpha !== alpha || memory.beta !== beta || !place.isConnected) return;
      if (answer.error) {
        place.replaceChildren(lab.errorNote(t, answer.error));
        return;
      }
      memory.changes = { alpha, beta, answer };
      draw();
      onAnswer();
    };
    return { ask, node: lab.el("section", {}, [lab.el("h3", { class: "s2s-penalty-title", text: t("penalties.changes") }), place]) };
  };

  const draw = (context) => {
    const { t, memory, hypotheses, announce } = context;
    const verdict = lab.el("p", { class: "s2s-verdict" });
    const equation = lab.el("p", { class: "s2s-penalty-formula" });
    let resting, leader = null;
    const update = () => {
      const ranked = list.update({ alpha: memory.alpha, beta: memory.beta });
      verdict.textContent = words(ranked, known(memory), context);
      equation.textContent = formula(ranked.order[0], context);
      plot.update();
      bar.update();
      if (leader !== null && leader !== ranked.order[0]) announce(t("penalties.now", { text: hypotheses[ranked.order[0]].text }));
      leader = ranked.order[0];
    };
    const bar = controls(context, () => {
      update();
      clearTimeout(resting);
      resting = setTimeout(changes.ask, WAIT);
    });
    const plot = figure(context);
    const list = ranking(hypotheses, { ...context, onPoint: plot.light });
    const changes = changesSection({ ...context, onJump: bar.move }, bar.names, update);
    update();
    // When the view stands in the page.
    resting = setTimeout(changes.ask, 0);
    return [verdict, bar.node, equation, list.node, lab.el("div", { class: "s2s-penalty-columns" }, [plot.node, changes.node])];
  };

  return (context) => {
    const { t, memory, run, model } = context;
    prepare(context);
    const hypotheses = distinct(memory.longer ?? run.hypotheses);
    const about = lab.el("p", { class: "s2s-comparison-about", text: t(model.attention === "none" ? "penalties.about_alpha" : "penalties.about") });
    const more = longer(context, hypotheses.length);
    const body = hypotheses.length < 2 ? [lab.el("p", { class: "s2s-note", text: t("penalties.too_few") }), more]
      : [...draw({ ...context, hypotheses }), more];
    return lab.el("div", { class: "s2s-penalties" }, [about, ...body.filter(Boolean)]);
  };
})() });
