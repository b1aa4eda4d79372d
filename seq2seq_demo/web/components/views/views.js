// The tabs below the output: each is one view of what happened to the shown sentence. A view registers itself with
// `lab.addView({name, draw(context), offered(models), about, files})`: `offered` only where it is not for every page, `about` where
// it shows one run's output, "any" or always the "last" run's; `files` are the formats of its files, or a function of the shown
// hypothesis that tells them. This file draws the row of tabs and the chosen view's panel.

lab.views = [];

lab.addView = (view) => lab.views.push(view);

/** A note while the server works; a view puts its drawing in this place when the answer has come. */
lab.waiting = (t) => lab.el("p", { class: "s2s-note s2s-waiting", role: "status", text: t("view.waiting") });

lab.errorNote = (t, error) => lab.el("p", { class: "s2s-note error", role: "alert", text: lab.errorText(t, error) });

/**
 * The answer to a view's question, as a promise: asked once for each `key`, and again when it failed. Those of the last two
 * keys are kept, the sides of a pair.
 */
lab.askOnce = (memory, key, ask) => {
  memory.answers ??= new Map();
  if (!memory.answers.has(key)) {
    const answer = ask();
    memory.answers.set(key, answer);
    answer.then(({ error }) => error && memory.answers.delete(key));
    if (memory.answers.size > 2) memory.answers.delete(memory.answers.keys().next().value);
  }
  return memory.answers.get(key);
};

/** A place that shows an answer with `draw(answer, place)` when it has come, if it is then still on the page. */
lab.answerPlace = ({ answer, t, name, draw }) => {
  const place = lab.el("div", { class: name, "aria-busy": "true" }, [lab.waiting(t)]);
  answer.then((found) => {
    if (!place.isConnected) return;
    place.removeAttribute("aria-busy");
    if (found.error) place.replaceChildren(lab.errorNote(t, found.error));
    else draw(found, place);
  });
  return place;
};

lab.tabs = (() => {
  const offered = (models) => lab.views.filter((view) => !view.offered || view.offered(models));

  /** Names of the tabs that a page with these models has, in their order. */
  const names = (models) => ["attention", ...offered(models).map(({ name }) => name)];

  const bar = ({ names, selected, t, onSelect }) => {
    const tabs = names.map((name) => lab.el("button", {
      type: "button", role: "tab", class: "s2s-tab", id: `s2s-tab-${name}`, "data-view": name, "data-tip": t(`tab_hint.${name}`),
      "aria-selected": name === selected ? "true" : "false", "aria-controls": "s2s-panel", tabindex: name === selected ? 0 : -1,
      text: t(`tab.${name}`), on: { click: () => onSelect(name) },
    }));
    const node = lab.el("div", { class: "s2s-tabs", role: "tablist", "aria-label": t("tab.title") }, tabs);
    node.addEventListener("keydown", (event) => {
      const at = names.indexOf(selected);
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: names.length - 1 }[event.key];
      if (to === undefined || !names[to]) return;
      event.preventDefault();
      onSelect(names[to]);
    });
    // On a phone the row scrolls: the chosen tab is to be in sight.
    requestAnimationFrame(() => {
      const tab = node.querySelector('[aria-selected="true"]');
      if (tab) node.scrollLeft = Math.max(0, tab.offsetLeft - (node.clientWidth - tab.offsetWidth) / 2);
    });
    return node;
  };

  const panel = (selected, content) => lab.el("div", { class: "s2s-panel", id: "s2s-panel", role: "tabpanel",
    "aria-labelledby": `s2s-tab-${selected}` }, [content]);

  /** Of two outputs side by side, which one a view is about; where it can be either, they are buttons. */
  const subject = ({ sides, shown, t, languages, onChoose }) => {
    const text = ({ hypothesis }) => lab.el("span", { class: "s2s-subject-text", lang: languages.target, text: hypothesis.text || t("result.nothing") });
    const content = (side) => [lab.el("strong", { text: lab.runTitle(side.run, t) }), text(side)];
    return lab.el("div", { class: "s2s-subject", role: onChoose ? "group" : null, "aria-label": onChoose ? t("view.of") : null }, [
      lab.el("span", { class: "s2s-hint", text: t("view.of") }),
      ...(onChoose ? sides.map((side, index) => lab.el("button", { type: "button", class: "s2s-example", "data-side": index,
        "aria-pressed": index === shown ? "true" : "false", on: { click: () => onChoose(index) } }, content(side)))
        : [lab.el("span", { class: "s2s-subject-one" }, content(sides[shown]))])]);
  };

  /**
   * Draw the tabs and the panel of the chosen one. `attention` is the first tab's content; `context` what a view is
   * drawn from (without `memory`, `ask` and `redraw`, which are added here); `memories` holds each view's own object.
   */
  const tabs = ({ selected, t, attention, context, memories, ask, onSelect }) => {
    const view = offered(context.models).find(({ name }) => name === selected);
    const name = view ? selected : "attention";
    const row = bar({ names: names(context.models), selected: name, t, onSelect });
    if (!view) return [row, panel(name, attention)];
    memories[name] ??= {};
    const place = panel(name, null);
    const { sides } = context;
    const draw = () => {
      const last = sides.length - 1;
      const shown = view.about === "any" ? Math.min(context.view.side ?? last, last) : last;
      const whole = { ...context, ...sides[shown], key: view.about === "any" ? `${context.key}:${shown}` : context.key,
        memory: memories[name], ask: (values) => ask(name, values) };
      whole.redraw = () => {
        if (place.isConnected) draw();
      };
      const choose = (index) => {
        context.view.side = index;
        draw();
        place.querySelector(`[data-side="${index}"]`).focus({ preventScroll: true });
      };
      const about = sides.length > 1 && view.about
        ? subject({ sides, shown, t, languages: context.languages, onChoose: view.about === "any" ? choose : null }) : null;
      place.replaceChildren(...[about, view.draw(whole)].filter(Boolean));
    };
    const ready = context.runs.length > 0 && context.runs.every(({ partial, stopped }) => !partial || stopped);
    if (ready) draw();
    else place.replaceChildren(lab.el("p", { class: "s2s-note", text: t("view.decoding") }));
    return [row, place];
  };
  tabs.names = names;
  return tabs;
})();
