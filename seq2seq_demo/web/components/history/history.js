// Keep & share: a link to what is shown, every file that can be had of it, and the sentences of before.

lab.addView((() => {
  const drawLink = ({ t, address, announce, memory, models, view, redraw }) => {
    // Whoever comes here to share something has just looked at it in another tab.
    const tab = memory.tab ?? (view.before && view.before !== "history" ? view.before : "attention");
    const link = address(tab);
    const field = link && lab.el("input", { type: "text", class: "s2s-link", readonly: true, "aria-label": t("history.link"), value: link,
      on: { focus: (event) => event.target.select() } });
    const select = lab.el("select", { class: "s2s-select", id: "s2s-link-tab", on: { change: () => {
      memory.tab = select.value;
      redraw();
      document.querySelector("#s2s-link-tab")?.focus();
    } } }, lab.tabs.names(models).filter((name) => name !== "history").map((name) => lab.el("option", { value: name, text: t(`tab.${name}`), selected: name === tab })));
    return lab.el("section", { class: "s2s-keep-part" }, [
      lab.el("h4", { text: t("history.link") }),
      link ? lab.el("div", { class: "s2s-link-row" }, [field, lab.copyButton(link, t, { kind: "s2s-go s2s-copy-link", label: t("history.copy"), announce })])
        : lab.el("p", { class: "s2s-note", text: t("history.link_too_long") }),
      link && lab.el("p", { class: "s2s-link-tab" }, [lab.el("label", { for: "s2s-link-tab", text: t("history.opens") }), select]),
      lab.el("p", { class: "s2s-hint", text: t("history.link_hint") })]);
  };

  const runName = (run, t) => (run.strategy.includes("beam") ? `${t(`strategy.${run.strategy}`)} ${run.options.beam_size}` : t(`strategy.${run.strategy}`));

  /** Buttons for the shown hypothesis of each run: the pictures need attention, the numbers do not. */
  const drawFiles = ({ t, runs, lineIndex, languages, view, download, select }) => {
    const chosen = (index) => view.chosen[lineIndex]?.[index] ?? 0;
    const row = (run, index) => {
      const hypothesis = run.hypotheses[chosen(index)] ?? run.hypotheses[0];
      const formats = hypothesis.attention ? ["png", "svg", "csv", "json"] : ["json"];
      return lab.el("li", {}, [lab.el("span", { class: "s2s-keep-name" }, [lab.el("strong", { text: runName(run, t) }),
        lab.el("span", { lang: languages.target, text: hypothesis.text || t("result.nothing") })]),
        lab.el("span", { class: "s2s-keep-buttons" }, formats.map((format) => lab.el("button", {
          type: "button", class: "s2s-quiet", text: format.toUpperCase(), "data-keep-format": format, "data-tip": t(`download.${format}`),
          on: { click: (event) => download({ format, button: event.currentTarget, line: lineIndex, run: index,
            hypothesis: run.hypotheses[chosen(index)] ? chosen(index) : 0, merged: view.merged }) } })))]);
    };
    const stopped = runs.some((run) => run.partial);
    const { hypotheses: [shown] } = runs.at(-1);
    const formats = ({ files }) => (typeof files === "function" ? files(shown) : files);
    const others = lab.views.filter(({ files }) => files).map((one) => ({ name: one.name, files: formats(one) })).map(({ name, files }) => lab.el("li", {}, [
      lab.el("span", { class: "s2s-keep-name", text: t(`tab.${name}`) }),
      lab.el("span", { class: "s2s-keep-buttons" }, [lab.el("span", { class: "s2s-keep-formats", text: files.map((file) => file.toUpperCase()).join(", ") }),
        lab.el("button", { type: "button", class: "s2s-quiet", text: t("history.show"), "aria-label": `${t("history.show")}: ${t(`tab.${name}`)}`, on: { click: () => select(name) } })])]));
    return lab.el("section", { class: "s2s-keep-part" }, [
      lab.el("h4", { text: t("history.files") }),
      stopped ? lab.el("p", { class: "s2s-note", text: t("history.files_stopped") }) : lab.el("ul", { class: "s2s-keep-list" }, runs.map(row)),
      others.length ? lab.el("p", { class: "s2s-hint", text: t("history.files_elsewhere") }) : null,
      others.length ? lab.el("ul", { class: "s2s-keep-list" }, others) : null]);
  };

  const when = (time, languageOfPage) => new Intl.DateTimeFormat(languageOfPage, { dateStyle: "medium", timeStyle: "short" }).format(time);

  const drawEntry = (entry, { t, models, open }, redraw) => {
    const model = models.find(({ id }) => id === entry.model);
    const about = [model ? lab.modelName(model, models, t) : entry.model, runName(entry, t), when(entry.time, document.documentElement.lang)];
    const restore = lab.el("button", { type: "button", class: "s2s-kept", disabled: !model, "data-tip": model ? t("history.restore") : t("history.gone"),
      on: { click: () => {
        const { output: _, time: __, ...request } = entry;
        open(request);
      } } }, [
      lab.el("span", { class: "s2s-kept-text", lang: model?.source_language, text: entry.text }),
      lab.el("span", { class: "s2s-kept-output", lang: model?.target_language, text: entry.output || t("result.nothing") }),
      lab.el("span", { class: "s2s-kept-about", text: about.join(" · ") })]);
    return lab.el("li", {}, [restore, lab.el("button", { type: "button", class: "s2s-quiet s2s-forget", text: "✕", "aria-label": t("history.forget", { text: entry.text.slice(0, 60) }),
      "data-tip": t("history.forget_tip"), on: { click: () => { lab.keep.remove(entry.time); redraw(entry); } } })]);
  };

  const drawKept = (context) => {
    const { t } = context;
    const place = lab.el("section", { class: "s2s-keep-part" });
    const draw = (focus) => {
      const entries = lab.keep.list();
      const again = (removed) => draw(entries.indexOf(removed));
      place.replaceChildren(
        lab.el("header", { class: "s2s-toolbar" }, [lab.el("h4", { text: t("history.kept") }),
          lab.el("label", { class: "s2s-switch" }, [lab.el("input", { type: "checkbox", role: "switch", name: "keep", checked: lab.keep.isOn(),
            on: { change: (event) => lab.keep.turn(event.target.checked) } }), lab.el("span", { text: t("history.keep") })]),
          entries.length ? lab.el("button", { type: "button", class: "s2s-quiet s2s-forget-all", text: t("history.clear"),
            on: { click: () => { lab.keep.clear(); draw(0); } } }) : null]),
        lab.el("p", { class: "s2s-hint", text: t(lab.keep.works() ? "history.hint" : "history.no_storage") }),
        entries.length ? lab.el("ol", { class: "s2s-kept-list" }, entries.map((entry) => drawEntry(entry, context, again)))
          : lab.el("p", { class: "s2s-hint", text: t("history.nothing") }));
      if (focus === undefined) return;
      // The keyboard stays where it was: on the entry that took the removed one's place, or on the switch.
      const left = place.querySelectorAll(".s2s-forget");
      (left[Math.min(focus, left.length - 1)] ?? place.querySelector('input[name="keep"]')).focus();
    };
    draw();
    return place;
  };

  return {
    name: "history",
    draw: (context) => lab.el("section", { class: "s2s-keep", "aria-label": context.t("tab.history") }, [drawLink(context), drawFiles(context), drawKept(context)]),
  };
})());
