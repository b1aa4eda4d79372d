// The tabs below the output: each is one view of what happened to the shown sentence. A view registers itself with
// `lab.addView({name, draw(context), offered(models)})`, the last only where it is not for every page; this file draws the
// row of tabs and the chosen view's panel.

lab.views = [];

lab.addView = (view) => lab.views.push(view);

/** A note while the server works; a view puts its drawing in this place when the answer has come. */
lab.waiting = (t) => lab.el("p", { class: "s2s-note s2s-waiting", role: "status", text: t("view.waiting") });

lab.errorNote = (t, error) => lab.el("p", { class: "s2s-note error", role: "alert", text: lab.errorText(t, error) });

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
    const whole = { ...context, memory: memories[name], ask: (values) => ask(name, values) };
    whole.redraw = () => {
      if (place.isConnected) place.replaceChildren(view.draw(whole));
    };
    const ready = context.runs.length > 0 && context.runs.every(({ partial, stopped }) => !partial || stopped);
    place.replaceChildren(ready ? view.draw(whole) : lab.el("p", { class: "s2s-note", text: t("view.decoding") }));
    return [row, place];
  };
  tabs.names = names;
  return tabs;
})();
