// Step by step: what the model computes when it writes one token, in the order in which it does, beside its equations.

lab.addView({ name: "steps", files: ["json"], about: "any", draw: (() => {
  const SYMBOLS = { hidden: "h_t", cell: "c_t", previous_hidden: "h_{t−1}", previous_cell: "c_{t−1}", input: "x_t", input_gate: "i_t",
    forget_gate: "f_t", output_gate: "o_t", candidate: { lstm: "g_t", gru: "n_t" }, sum: "", reset_gate: "r_t", update_gate: "z_t" };
  /** The library's names of gates, and the keys of their symbols. */
  const GATES = { input: "input_gate", forget: "forget_gate", output: "output_gate", reset: "reset_gate", update: "update_gate",
    candidate: "candidate", sum: "sum" };
  const bare = (piece) => piece.replaceAll(lab.SPACE, "") || "␣";
  const most = (values) => values.indexOf(Math.max(...values));

  // --- numbers

  /** The largest unit of each kind of vector over all steps: a colour means the same at every step. */
  const scales = ({ encoder, steps }) => {
    const largest = {};
    const take = (name, vector) => {
      if (vector) largest[name] = Math.max(largest[name] ?? 1e-6, ...vector.first.map(Math.abs));
    };
    for (const position of encoder) for (const side of ["forward", "backward"]) take("encoder", position[side]);
    for (const step of steps) {
      for (const name of ["embedding", "context", "readout"]) take(name, step[name]);
      step.layers.forEach((layer, depth) => {
        take(`input${depth}`, layer.input);
        for (const when of ["before", "after"]) for (const [name, vector] of Object.entries(layer[when])) take(name + depth, vector);
        for (const [name, vector] of Object.entries(layer.gates)) {
          if (name === "sum") take("gate-sum", vector);
          else largest[`gate-${name}`] = 1;
        }
      });
    }
    return largest;
  };

  /** The parts of one layer's step by the keys of their symbols. */
  const layerVectors = (layer) => ({
    input: layer.input, previous_hidden: layer.before.hidden, previous_cell: layer.before.cell,
    ...Object.fromEntries(Object.entries(layer.gates).map(([name, vector]) => [GATES[name], vector])),
    hidden: layer.after.hidden, cell: layer.after.cell,
  });

  /** What a symbol is at this step, by its key, as a text; `depth` is the layer that the equations are about. */
  const numbersAt = (answer, step, depth) => (key) => {
    const own = depth === null ? {} : layerVectors(step.layers[depth]);
    const vectors = { ...own, bottom_hidden: step.layers[0].after.hidden, query: step.query, context: step.context, readout: step.readout,
      top_hidden: step.layers.at(-1).after.hidden, lower_hidden: depth ? step.layers[depth - 1].after.hidden : null };
    if (vectors[key]) return lab.unitsText(vectors[key]);
    if (key === "token") return `“${bare(step.previous_token)}”`;
    if (!step.attention) return null;
    const at = most(step.attention);
    const where = bare(answer.source_tokens[at]);
    if (key === "score") return `${lab.brief(step.scores[at])} (${where})`;
    if (key === "attention_weights") return `${step.attention[at].toFixed(3)} (${where})`;
    return null;
  };

  // --- equations with this sentence's numbers: the first unit of each vector

  const signed = (value) => (value < 0 ? `(${lab.number(value)})` : lab.number(value));

  const layerInstance = (cell, layer) => (name) => {
    const unit = Object.fromEntries(Object.entries(layerVectors(layer)).filter(([, vector]) => vector).map(([key, { first }]) => [key, first[0]]));
    const line = (text, value) => `${text} = ${lab.number(value)}`;
    if (cell === "lstm" && name === "cell") {
      return line(`${lab.number(unit.forget_gate)} · ${signed(unit.previous_cell)} + ${lab.number(unit.input_gate)} · ${signed(unit.candidate)}`, unit.cell);
    }
    if (cell === "lstm" && name === "hidden") return line(`${lab.number(unit.output_gate)} · tanh(${lab.number(unit.cell)})`, unit.hidden);
    if (cell === "rnn" && name === "hidden") return line(`tanh(${lab.number(unit.sum)})`, unit.hidden);
    if (cell === "gru" && name === "hidden") {
      return line(`(1 − ${lab.number(unit.update_gate)}) · ${signed(unit.candidate)} + ${lab.number(unit.update_gate)} · ${signed(unit.previous_hidden)}`, unit.hidden);
    }
    return null;
  };

  const attentionInstance = (answer, step) => (name) => {
    const at = most(step.attention);
    if (name === "attention_weights" && !step.pinned) {
      const top = Math.max(...step.scores);
      const sum = Math.log(step.scores.reduce((total, score) => total + Math.exp(score - top), 0)) + top;
      return `exp(${lab.number(step.scores[at])} − ${signed(sum)}) = ${step.attention[at].toFixed(2)}`;
    }
    if (name !== "context") return null;
    const order = step.attention.map((_, index) => index).sort((a, b) => step.attention[b] - step.attention[a]);
    const terms = order.slice(0, 2).map((index) => `${step.attention[index].toFixed(2)} · ${signed(answer.encoder[index].forward.first[0])}`);
    return `${terms.join(" + ")}${order.length > 2 ? " + …" : ""} = ${lab.number(step.context.first[0])}`;
  };

  const outputInstance = (step) => (name) => {
    const chosen = step.best.find(({ token_id: id }) => id === step.token_id);
    if (name !== "probabilities" || !chosen) return null;
    const sum = chosen.logit - chosen.log_prob;
    return `exp(${lab.number(chosen.logit)} − ${signed(sum)}) = ${Math.exp(chosen.log_prob).toFixed(3)}`;
  };

  // --- pictures

  /** One vector with its symbol and name; `keys` are the symbols of the equations that it shows. */
  const vectorRow = ({ vector, scale, symbol, name, keys, note }, { t }) => lab.el("div", { class: "s2s-vector", "data-shows": keys.join(" ") }, [
    lab.el("span", { class: "s2s-vector-symbol" }, symbol ? lab.written(symbol) : []),
    lab.el("span", { class: "s2s-vector-name", text: name }),
    lab.strip({ vector, scale, label: name, t }),
    lab.el("span", { class: "s2s-vector-note", "data-tip": t(note ? "steps.open_tip" : "steps.norm_tip"),
      text: note ?? t("steps.norm", { norm: lab.brief(vector.norm), size: vector.size }) })]);

  const layerPicture = (answer, step, depth, context) => {
    const { t, scale } = context;
    const layer = step.layers[depth];
    const symbolOf = (key) => (typeof SYMBOLS[key] === "string" ? SYMBOLS[key] : SYMBOLS[key][answer.cell]);
    const alias = (key) => {
      if (key !== "hidden") return [key];
      const last = step.layers.length - 1;
      return [key, ...(depth === 0 ? ["bottom_hidden", "query"] : []), ...(depth === last ? ["top_hidden"] : []), ...(depth < last ? ["lower_hidden"] : [])];
    };
    const row = (key, vector, size, note) => vectorRow({ vector, scale: scale[size], symbol: symbolOf(key), name: t(`symbol.${key}`), keys: alias(key), note }, context);
    const open = (vector) => t("steps.open", { share: Math.round(100 * vector.mean) });
    const gates = Object.entries(layer.gates).map(([name, vector]) =>
      row(GATES[name], vector, `gate-${name}`, ["candidate", "sum"].includes(name) ? null : open(vector)));
    return lab.el("div", { class: "s2s-vectors" }, [
      row("input", layer.input, `input${depth}`),
      ...Object.entries(layer.before).map(([name, vector]) => row(`previous_${name}`, vector, name + depth)),
      ...gates, ...["cell", "hidden"].filter((name) => layer.after[name]).map((name) => row(name, layer.after[name], name + depth))]);
  };

  const sourceTable = (caption, heads, rows) => lab.el("div", { class: "s2s-table-frame s2s-steps-scroll", tabindex: 0, role: "region", "aria-label": caption, "data-frame": caption }, [
    lab.el("table", { class: "s2s-steps-source" }, [lab.el("caption", { class: "s2s-unseen", text: caption }),
      lab.el("thead", {}, [lab.el("tr", {}, heads.map(({ text, symbol, keys }) => lab.el("th", { scope: "col", "data-shows": keys?.join(" ") }, [
        lab.el("span", { text }), symbol ? lab.el("span", { class: "s2s-vector-symbol" }, lab.written(symbol)) : null])))]),
      lab.el("tbody", {}, rows)])]);

  const encoderPicture = (answer, { t, languages, scale, sources }) => {
    const both = answer.encoder.some(({ backward }) => backward);
    const side = (vector, key) => lab.el("td", { "data-shows": `${key} encoder_state` }, [lab.strip({ vector, scale: scale.encoder, label: t(`symbol.${key}`), t })]);
    const heads = [{ text: t("tokens.source") }, { text: t("steps.forward"), symbol: both ? "h⃗_s" : "h̄_s", keys: ["forward_state", "encoder_state"] },
      ...(both ? [{ text: t("steps.backward"), symbol: "h⃖_s", keys: ["backward_state", "encoder_state"] }] : [])];
    return sourceTable(t("steps.encoder"), heads, answer.encoder.map(({ forward, backward }, index) => lab.el("tr", {}, [
      lab.el("th", { scope: "row", lang: languages.source, text: sources[index] }),
      side(forward, both ? "forward_state" : "encoder_state"), both ? side(backward, "backward_state") : null])));
  };

  const bar = (share, text, key) => {
    const inner = lab.el("span", { class: "s2s-steps-bar", "aria-hidden": "true" });
    inner.style.setProperty("--share", share.toFixed(4));
    return lab.el("td", { class: "s2s-steps-cell", "data-shows": key }, [inner, lab.el("span", { text })]);
  };

  const attentionPicture = (answer, step, context) => {
    const { t, languages, scale, sources } = context;
    const [low, high] = [Math.min(...step.scores), Math.max(...step.scores)];
    const strongest = most(step.attention);
    const heads = [{ text: t("tokens.source") }, { text: t("steps.score"), symbol: "e_{t,s}", keys: ["score"] },
      { text: t("steps.weight"), symbol: "α_{t,s}", keys: ["attention_weights"] }];
    return lab.el("div", { class: "s2s-steps-stack" }, [
      step.pinned ? lab.el("p", { class: "s2s-note", text: t("steps.pinned") }) : null,
      sourceTable(t("steps.attention"), heads, step.attention.map((weight, index) => lab.el("tr", { class: index === strongest ? "strongest" : null }, [
        lab.el("th", { scope: "row", lang: languages.source, text: sources[index] }),
        bar((step.scores[index] - low) / (high - low || 1), lab.brief(step.scores[index]), "score"),
        bar(weight, weight.toFixed(3), "attention_weights")]))),
      vectorRow({ vector: step.context, scale: scale.context, symbol: "a_t", name: t("symbol.context"), keys: ["context"] }, context)]);
  };

  const outputPicture = (step, context) => {
    const { t, languages, scale } = context;
    const inside = step.best.some(({ token_id: id }) => id === step.token_id);
    const listed = inside ? step.best : [...step.best, { token: step.token, token_id: step.token_id, log_prob: step.log_prob }];
    const word = ({ token, token_id: id, log_prob: logProb }) => {
      const probability = Math.exp(logProb);
      const inner = lab.el("span", { class: "s2s-steps-bar", "aria-hidden": "true" });
      inner.style.setProperty("--share", probability.toFixed(4));
      const chosen = id === step.token_id;
      return lab.el("li", { class: chosen ? "chosen" : null, "data-shows": "probabilities" }, [
        lab.el("span", { class: "s2s-steps-word", lang: languages.target, text: bare(token) }),
        lab.el("span", { class: "s2s-steps-cell" }, [inner, lab.el("span", { text: probability.toFixed(3) })]),
        lab.el("span", { class: "s2s-steps-chosen", text: chosen ? t("steps.chosen", { rank: step.rank }) : "" })]);
    };
    return lab.el("div", { class: "s2s-steps-stack" }, [
      vectorRow({ vector: step.readout, scale: scale.readout, symbol: "h̃_t", name: t("symbol.readout"), keys: ["readout"] }, context),
      lab.el("ol", { class: "s2s-steps-words", "aria-label": t("steps.words") }, listed.map(word))]);
  };

  // --- stations: a picture and its equations

  const station = ({ name, values, picture, parts, depth, instance, folded }, answer, step, context) => {
    const { t } = context;
    const equations = parts.flatMap((part) => answer.equations[part]);
    const focus = (key) => {
      for (const node of section.closest(".s2s-steps").querySelectorAll("[data-shows].lit")) node.classList.remove("lit");
      if (!key) return;
      const shows = (root) => [...root.querySelectorAll("[data-shows]")].filter((node) => node.dataset.shows.split(" ").includes(key));
      const own = shows(section);
      for (const node of own.length ? own : shows(section.closest(".s2s-steps"))) node.classList.add("lit");
    };
    const body = lab.el("div", { class: "s2s-station-body" }, [
      lab.el("div", { class: "s2s-station-picture" }, [picture]),
      equations.length ? lab.equations(equations, { t, focus, numbers: numbersAt(answer, step, depth), instance: instance ?? (() => null) }) : null]);
    // What the pointer is on in the picture lights its symbols in the equations.
    body.addEventListener("pointerover", (event) => {
      const keys = event.target.closest?.("[data-shows]")?.dataset.shows.split(" ") ?? [];
      for (const node of body.querySelectorAll("[data-symbol]")) node.classList.toggle("lit", keys.includes(node.dataset.symbol));
    });
    body.addEventListener("pointerleave", () => body.querySelectorAll("[data-symbol].lit").forEach((node) => node.classList.remove("lit")));
    const title = t(`steps.station_${name}`, values);
    const text = lab.el("p", { class: "s2s-station-text", text: t(`steps.text_${name}`, values) });
    const section = folded
      ? lab.el("details", { class: "s2s-station", "data-station": name, open: context.memory.unfolded ?? false,
        on: { toggle: (event) => { context.memory.unfolded = event.target.open; } } }, [lab.el("summary", {}, [lab.el("h4", { text: title })]), text, body])
      : lab.el("section", { class: "s2s-station", "data-station": depth === null ? name : `${name}-${depth}` }, [lab.el("h4", { text: title }), text, body]);
    return section;
  };

  const stations = (answer, number, context) => {
    const step = answer.steps[number];
    const { cell } = answer;
    const previous = bare(step.previous_token);
    const layer = (depth) => ({ name: depth ? "above" : "bottom", depth, values: { layer: depth + 1, token: previous },
      picture: layerPicture(answer, step, depth, context), parts: ["input", "cell"], instance: layerInstance(cell, step.layers[depth]) });
    const list = [{ name: "encoder", depth: null, values: { count: answer.encoder.length }, folded: true, picture: encoderPicture(answer, context), parts: ["encoder", "bridge"] }];
    step.layers.forEach((_, depth) => {
      list.push(layer(depth));
      if (depth > 0) return;
      if (answer.attention !== "none") {
        list.push({ name: "attention", depth: null, values: { token: context.sources[most(step.attention)] },
          picture: attentionPicture(answer, step, context), parts: ["attention"], instance: attentionInstance(answer, step) });
      } else list.push({ name: "blind", depth: null, values: {}, picture: null, parts: [] });
    });
    list.push({ name: "output", depth: null, values: { token: bare(step.token) }, picture: outputPicture(step, context), parts: ["output"],
      instance: outputInstance(step) });
    return list.map((item) => station(item, layerEquations(answer, item.depth), step, context));
  };

  /** An answer whose equations of the input are those of one layer. */
  const layerEquations = (answer, depth) => {
    if (depth === null) return answer;
    const wanted = depth ? "upper_input" : "bottom_input";
    return { ...answer, equations: { ...answer.equations, input: answer.equations.input.filter(({ name }) => name === wanted) } };
  };

  // --- the view

  const drawAnswer = (answer, base) => {
    const { t, languages, memory, hypothesis, run, model, sent, line, saveFile } = base;
    const sources = lab.pieceLabels(run.source_tokens, run.source_words);
    const targets = lab.pieceLabels(hypothesis.tokens, hypothesis.words);
    const context = { ...base, sources, scale: scales(answer) };
    const stage = lab.el("div", { class: "s2s-stage" });
    const chips = lab.tokens({ label: t("tokens.target"), language: languages.target, onFocus: () => {}, onPick: (index) => player.move(index),
      items: targets.map((label, index) => ({ label, tip: t("steps.jump", { step: index + 1 }), note: lab.short(Math.exp(answer.steps[index].log_prob)),
        probability: Math.exp(answer.steps[index].log_prob) })) });
    const describe = (step) => t("steps.said", { step: step + 1, count: targets.length, token: targets[step],
      probability: Math.exp(answer.steps[step].log_prob).toFixed(3) });
    const show = (step) => {
      memory.step = step;
      const scrolled = new Map([...stage.querySelectorAll("[data-frame]")].map((frame) => [frame.dataset.frame, frame.scrollTop]));
      stage.replaceChildren(...stations(answer, step, context));
      for (const frame of stage.querySelectorAll("[data-frame]")) frame.scrollTop = scrolled.get(frame.dataset.frame) ?? 0;
      chips.activate(step);
      chips.node.querySelectorAll(".s2s-chip").forEach((chip, index) => {
        chip.classList.toggle("later", index > step);
        if (index === step) chip.setAttribute("aria-current", "step"); else chip.removeAttribute("aria-current");
      });
    };
    const player = lab.player({ count: answer.steps.length, step: memory.step, t, describe, onStep: show });
    show(memory.step);
    const save = () => saveFile({ name: `${model.id.replaceAll("/", "-")}-steps.json`, type: "application/json",
      content: JSON.stringify({ model: sent.model, text: line.typed, ...answer }, null, 1) });
    const node = lab.el("div", { class: "s2s-steps" }, [
      lab.el("div", { class: "s2s-steps-head" }, [player.node, chips.node]),
      lab.el("p", { class: "s2s-steps-legend" }, [lab.el("span", { text: t("steps.legend", { units: answer.steps[0].readout.first.length }) }),
        lab.el("span", { class: "s2s-steps-ramp", "aria-hidden": "true" })]),
      stage,
      lab.el("div", { class: "s2s-downloads" }, [lab.el("span", { class: "s2s-download-label", text: t("download.title"), "aria-hidden": "true" }),
        lab.el("button", { type: "button", class: "s2s-quiet", "data-format": "json", text: "JSON", "data-tip": t("steps.save"), on: { click: save } })])]);
    node.addEventListener("keydown", player.walk);
    return node;
  };

  return (context) => {
    const { t, memory, key, ask, chosen, hypothesis } = context;
    if (!hypothesis.tokens.length) return lab.el("p", { class: "s2s-note", text: t("result.nothing") });
    const id = JSON.stringify([key, chosen]);
    if (memory.id !== id) Object.assign(memory, { id, step: 0 });
    const answer = lab.askOnce(memory, id, () => ask({ hypothesis: hypothesis.token_ids }));
    return lab.answerPlace({ answer, t, name: null, draw: (found, place) => place.replaceChildren(drawAnswer(found, context)) });
  };
})() });
