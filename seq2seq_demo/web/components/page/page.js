// The page: holds the state, draws the parts, sends requests and shows what comes back.

lab.store = {
  // A browser may forbid storage (a Space in a foreign frame): then choices last as long as the page.
  read(name) { try { return localStorage.getItem(`seq2seq-lab-${name}`); } catch { return null; } },
  write(name, value) { try { localStorage.setItem(`seq2seq-lab-${name}`, value); } catch { /* see above */ } },
};

lab.page = ({ element, props, trigger, server, watch }) => {
  const LANGUAGES = ["en", "zh"];
  const asked = new URLSearchParams(location.search).get("lang");
  const explicit = [asked, lab.store.read("language")].find((code) => LANGUAGES.includes(code));
  const guess = navigator.language?.toLowerCase().startsWith("zh") ? "zh" : "en";
  const { words, models, failures, defaults } = props;
  const link = lab.link.read(location.search, models, lab.tabs.names(models));
  const state = {
    language: explicit ?? guess, text: link.text ?? "", model: link.model ?? models[0]?.id, strategy: link.strategy ?? "beam",
    options: { ...defaults, ...link.options }, ignored: link.ignored,
    untouched: true, unfolded: false, cameFrom: null, request: null, slow: null, probe: null, errors: [], result: null, sent: null,
    // What was shown before each token that the visitor chose, to go back to.
    trail: [],
    view: { line: 0, chosen: {}, merged: false, tab: link.tab ?? "attention" },
    // What each view keeps for itself.
    memories: {},
  };
  const root = element.querySelector(".s2s");
  const status = lab.el("p", { class: "s2s-unseen", role: "status" });
  const resultPlace = lab.el("main", { class: "s2s-result", id: "s2s-result", tabindex: -1 });
  const head = lab.el("div");
  const notice = lab.el("div");
  const composerPlace = lab.el("div");
  const foot = lab.el("div");
  const decodes = lab.channel({ begin: "decode", halt: "halt", trigger });
  const comparisons = lab.channel({ begin: "compare", halt: "halt_compare", trigger });
  const batches = lab.channel({ begin: "batch", halt: "halt_batch", trigger });
  let t, composer;

  // --- drawing

  const drawResult = (focus) => {
    resultPlace.setAttribute("aria-label", t("result.title"));
    if (!state.result) {
      resultPlace.replaceChildren(lab.el("p", { class: "s2s-empty", text: t(models.length ? "result.empty" : "models.none") }));
      return;
    }
    const model = models.find(({ id }) => id === state.sent.model);
    const languages = { source: model.source_language, target: model.target_language };
    // The old height holds the place while the new result draws, so that nothing below jumps.
    resultPlace.style.minHeight = `${resultPlace.offsetHeight}px`;
    const whatIf = { count: state.sent.prefix_tokens?.length ?? 0, prefix: state.sent.options.prefix,
      pinned: state.sent.pinned, onContinue: continueFrom, onPrefix: beginWith, onPin: pin, onBack: goBack };
    const tabs = ({ attention, context }) => lab.tabs({ selected: state.view.tab, t, attention, memories: state.memories, ask,
      onSelect: select,
      context: { ...context, t, languages, model, models, sent: state.sent, key: `${state.result.request}:${context.lineIndex}`,
        continueFrom, send, open, select, address, download, turns, comparing, view: state.view, saveFile, announce: (text) => { status.textContent = text; } } });
    resultPlace.replaceChildren(lab.result({ lines: state.result.lines, view: state.view, t, languages, download, redraw: drawResult, whatIf, tabs, reader }));
    requestAnimationFrame(() => { resultPlace.style.minHeight = ""; });
    if (focus === "line") resultPlace.querySelector('[role="tab"][aria-selected="true"]')?.focus();
    if (focus === "tab") resultPlace.querySelector('.s2s-tab[aria-selected="true"]')?.focus({ preventScroll: true });
    if (focus === "merge") resultPlace.querySelector('input[name="merge"]')?.focus({ preventScroll: true });
    const nbest = /^nbest-(\d+)-(\d+)$/.exec(focus ?? "");
    if (nbest) {
      const lists = [...resultPlace.querySelectorAll(".s2s-hypothesis")];
      const owner = lists[Math.min(Number(nbest[1]), lists.length - 1)];
      owner?.querySelectorAll(".s2s-nbest-item")[Number(nbest[2])]?.focus({ preventScroll: true });
    }
  };

  const drawComposer = (focus) => {
    composer = lab.composer({ state, models, t, on: { submit, stop, redraw: drawComposer, swap: opposite() ? swap : null } });
    composerPlace.replaceChildren(composer.node);
    composer.showErrors(state.errors);
    composer.running(state.request !== null && state.slow === "shown");
    if (focus) composerPlace.querySelector(focus)?.focus();
  };

  const drawHead = () => {
    const dark = document.body.classList.contains("dark");
    const languages = LANGUAGES.map((code) => lab.el("button", { type: "button", class: "s2s-quiet", lang: code,
      text: words["page.language_name"][code], "aria-pressed": code === state.language ? "true" : "false",
      "data-language": code, on: { click: () => setLanguage(code, true) } }));
    head.replaceChildren(lab.header({ t, languages, dark, onTheme: () => {
      document.body.classList.toggle("dark");
      lab.store.write("theme", document.body.classList.contains("dark") ? "dark" : "light");
      drawHead();
      head.querySelector(".s2s-theme").focus();
    } }));
  };

  const draw = () => {
    t = lab.words(words, state.language);
    document.documentElement.lang = state.language === "zh" ? "zh-CN" : "en";
    document.title = `${t("page.title")} – ${t("page.tagline")}`;
    root.lang = document.documentElement.lang;
    drawHead();
    notice.replaceChildren(...(state.ignored.length ? [lab.link.notice(state.ignored, t, () => { state.ignored = []; notice.replaceChildren(); })] : []));
    drawComposer();
    drawResult();
    foot.replaceChildren(lab.about({ t, models, failures, saveFile }));
    root.removeAttribute("aria-busy");
  };

  const setLanguage = (code, chosen) => {
    if (chosen) {
      lab.store.write("language", code);
      const address = new URL(location.href);
      address.searchParams.set("lang", code);
      history.replaceState(history.state, "", address);
    }
    state.language = code;
    draw();
    if (chosen) head.querySelector(`[data-language="${code}"]`).focus();
  };

  // --- the address, and what is kept in this browser

  /** What a link to the shown result is made of; samples are drawn again with the seed that drew them. */
  const shown = () => ({ sent: state.sent, tab: state.view.tab, defaults, seed: state.result.lines.find((line) => line.runs.length)?.runs.at(-1).seed,
    language: lab.store.read("language") ?? asked });
  /** A link to the shown result that opens this tab. */
  const address = (tab) => lab.link.address({ ...shown(), tab });
  const follow = () => state.result && lab.link.follow(shown());

  const select = (name) => {
    if (state.view.tab !== name) state.view.before = state.view.tab;
    state.view.tab = name;
    drawResult("tab");
    follow();
  };

  /** Put a request into the form, as if the visitor had typed it, and decode it. */
  const open = (request) => {
    const { text, model, strategy, options } = request;
    if (models.some(({ id }) => id === model)) state.model = model;
    Object.assign(state, { text, strategy, options: { ...defaults, ...options } });
    drawComposer();
    send({ ...request, model: state.model });
    resultPlace.scrollIntoView({ block: "start" });
    resultPlace.focus({ preventScroll: true });
  };

  // --- requests

  const submit = () => {
    const { text, model, strategy } = state;
    const options = lab.composer.options(state, models.find(({ id }) => id === model));
    send({ model, strategy, text, options });
  };

  const translates = ({ family, task }) => task === "translate" && !family;

  /** The model that translates the other way round than the chosen one: the one that the visitor came from, or else the first. */
  const opposite = () => {
    const chosen = models.find(({ id }) => id === state.model);
    const { source_language: from, target_language: to } = chosen ?? {};
    // A model of somebody's own may not say what it reads.
    if (chosen?.task !== "translate" || !from || !to || from === to) return null;
    const back = models.filter((other) => other.task === "translate" && other.source_language === to && other.target_language === from);
    return back.find(({ id }) => id === state.cameFrom) ?? back.find(translates);
  };

  /** Whether a request has something that the visitor chose of an output: its text is then one sentence of what was typed. */
  const isChanged = ({ prefix_tokens: tokens, pinned, options }) => Boolean(tokens?.length || pinned || options.prefix);

  const readWith = (model) => {
    state.model = model.id;
    drawComposer(".s2s-swap");
    if (state.text.trim()) submit();
  };

  /** Translate the other way round: the shown output becomes the sentence, but not where the model could not read what was typed. */
  const swap = () => {
    const { result, sent, view } = state;
    const isShown = result && state.request === null && sent.model === state.model && (sent.text === state.text || isChanged(sent));
    if (isShown && !result.lines.some(({ reads }) => reads)) {
      state.text = lab.result.text(result.lines, models.find(({ id }) => id === sent.model).target_language, view.chosen) || state.text;
    }
    const to = opposite();
    state.cameFrom = state.model;
    readWith(to);
  };

  /** Who reads a text in one of these languages. */
  const reader = (languages) => {
    const model = [opposite(), ...models.filter(translates)].find((other) => other && languages.includes(other.source_language));
    return model && { name: lab.modelName(model, models, t), onRead: () => { state.text = state.sent.text; readWith(model); } };
  };

  /** The request of the shown line alone: what a visitor changes of an output belongs to one sentence. */
  const sentLine = () => {
    const { lines } = state.result;
    const { language: _, task: __, ...sent } = state.sent;
    return lines.length > 1 ? { ...sent, text: lines[Math.min(state.view.line, lines.length - 1)].typed } : sent;
  };

  /** Decode the shown sentence again, beginning with these target tokens. */
  const continueFrom = (tokens) => send({ ...sentLine(), prefix_tokens: tokens, pinned: pinsBefore(tokens.length) });

  /** The pinned attention that still holds where the output is decided again from a step on. */
  const pinsBefore = (step) => {
    const pins = (state.sent.pinned ?? []).filter(([at]) => at < step);
    return pins.length ? pins : undefined;
  };

  /** Decode on from a step that must look where the visitor says; what stands before it stays. */
  const pin = (tokens, step, weights) => send({ ...sentLine(), prefix_tokens: tokens,
    pinned: [...(pinsBefore(step) ?? []), [step, weights]] });

  /** Decode the shown sentence again, with an output that begins with this text. */
  const beginWith = (prefix) => {
    const { prefix_tokens: _, pinned: __, ...sent } = sentLine();
    send({ ...sent, options: { ...sent.options, prefix } });
  };

  /** Ask a view's question; a server that does not answer is an error like others. */
  const ask = async (view, values) => {
    const answer = await server.view({ ...state.sent, line: state.view.line, ...values, view });
    return answer ?? { error: lab.NO_ANSWER };
  };

  const isAlive = async () => Boolean(await server.visitor({}));

  /** The batch view's own way to the server, beside the sentence's: one turn at a time. */
  const turns = { onMessage: () => {}, take: batches.begin, halt: batches.halt, onFailure: batches.onFailure, isAlive };

  /** And the comparison's: the shown line with several strategies. */
  const comparing = { onMessage: () => {}, stop: () => {}, halt: comparisons.halt, onFailure: comparisons.onFailure, isAlive,
    begin: (values) => comparisons.begin({ ...state.sent, line: state.view.line, ...values }) };

  const goBack = () => {
    const before = state.trail.pop();
    // A link may have brought a beginning: there is nothing before it but the search without it.
    if (!before) return beginWith("");
    Object.assign(state, { sent: before.sent, result: before.result, pending: before.sent });
    comparing.stop();
    state.view.line = before.line;
    drawResult();
    follow();
    resultPlace.focus({ preventScroll: true });
  };

  const send = (request) => {
    if (!models.length) return;
    if (state.request !== null) decodes.halt();
    clearTimeout(state.slow);
    state.untouched = false;
    state.request = lab.newId();
    // With its language and task a text is split into sentences, words or lines of verse; one that the visitor decodes on is one already.
    const { source_language: language, task } = models.find(({ id }) => id === request.model) ?? {};
    state.pending = { ...request, ...(request.prefix_tokens || request.pinned ? { language: undefined, task: undefined } : { language, task }) };
    // A quick answer shows no Stop button: it would only flicker.
    state.slow = setTimeout(() => { state.slow = "shown"; composer.running(true); }, 200);
    clearTimeout(state.probe);
    state.probe = setTimeout(probe, 4000);
    resultPlace.setAttribute("aria-busy", "true");
    performance.mark("s2s-submit"); // The browser's own tools, and the tests, read how long a request took.
    decodes.begin({ request: state.request, ...state.pending });
  };

  /** Nothing has come for a while: a server that is busy answers a small question, one that is gone does not. */
  const probe = () => {
    const { request } = state;
    // Gradio's call of a server function gives nothing where it fails.
    server.visitor({}).then((answer) => !answer && state.request === request && fail(lab.NO_ANSWER));
  };

  const finish = () => {
    clearTimeout(state.slow);
    clearTimeout(state.probe);
    state.slow = null;
    state.request = null;
    composer.running(false);
    resultPlace.removeAttribute("aria-busy");
  };

  const stop = () => {
    if (state.request === null) return;
    decodes.halt();
    finish();
    const runs = state.result && state.sent === state.pending ? state.result.lines.flatMap((line) => line.runs) : [];
    for (const run of runs) run.stopped = run.partial;
    if (runs.some((run) => run.stopped)) drawResult();
    status.textContent = t("result.stopped");
    composerPlace.querySelector("#s2s-text").focus();
  };

  const fail = (error) => {
    finish();
    state.errors = [{ error }];
    composer.showErrors(state.errors);
  };

  const receive = (message) => {
    if (message.request !== state.request || message.request === null) return;
    clearTimeout(state.probe);
    if (message.error) return fail(message.error);
    const failed = message.lines.filter((line) => line.error);
    if (failed.length < message.lines.length) {
      if (state.sent !== state.pending) {
        const { sent, result } = state;
        const chosen = state.pending.prefix_tokens || state.pending.pinned || state.pending.options.prefix;
        state.trail = chosen && sent ? [...state.trail, { sent, result, line: state.view.line }] : [];
        state.sent = state.pending;
        comparing.stop();
        state.view.line = 0;
        state.view.chosen = {};
      }
      state.result = message;
      drawResult();
    }
    const several = message.lines.length > 1 || !message.done;
    state.errors = failed.map((line) => ({ error: line.error, line: several ? message.lines.indexOf(line) + 1 : null }));
    composer.showErrors(state.errors);
    if (!message.done) return;
    finish();
    performance.measure("s2s-request", "s2s-submit");
    const first = message.lines.find((line) => !line.error);
    if (first && !state.untouched) {
      follow();
      if (lab.keep.isOn()) lab.keep.add({ sent: state.sent, seed: shown().seed, output: message.lines.map(({ runs }) => runs.at(-1)?.hypotheses[0].text).filter(Boolean).join(" ") });
      if (state.view.tab === "history") drawResult();
    }
    // Nothing was sent before where the first text of all, a link's, cannot be decoded.
    const model = models.find(({ id }) => id === state.sent?.model);
    if (first) status.textContent = lab.taskWords(model, t)("done", { text: first.runs[first.runs.length - 1].hypotheses[0].text });
  };

  // --- downloads

  /** Let the browser save a text or bytes under a name. */
  const saveFile = ({ name, type, content }) => {
    const address = URL.createObjectURL(new Blob([content], { type }));
    lab.el("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  };

  const download = async ({ format, button, line, run, hypothesis, merged }) => {
    button.disabled = true;
    try {
      const { strategy, seed } = state.result.lines[line].runs[run];
      // Samples are drawn again for the file: with the seed that drew those on the page.
      const options = strategy === "sample" ? { ...state.sent.options, seed } : state.sent.options;
      const file = await server.download({ ...state.sent, options, format, line, run, hypothesis, merged });
      if (!file || file.error) return fail(file?.error ?? lab.NO_ANSWER);
      saveFile({ ...file, content: Uint8Array.from(atob(file.base64), (character) => character.charCodeAt(0)) });
    } finally {
      button.disabled = false;
    }
  };

  // --- start

  const start = () => {
    const theme = lab.store.read("theme");
    if (theme && !new URLSearchParams(location.search).has("__theme")) document.body.classList.toggle("dark", theme === "dark");
    const initial = props.value && link.empty ? JSON.parse(props.value) : null;
    if (initial) {
      state.result = initial;
      state.sent = initial.sent;
      state.text = initial.sent.text;
    }
    root.replaceChildren(head, notice, composerPlace, resultPlace, foot, status);
    lab.tooltip(root);
    draw();
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && state.request !== null) stop();
    });
    const example = models.find(({ id }) => id === state.model)?.examples[0];
    if (link.text) {
      const { model, strategy, text } = state;
      const options = lab.composer.options(state, models.find(({ id }) => id === model));
      send({ model, strategy, text, options: link.prefix ? { ...options, prefix: link.prefix } : options,
        ...(link.prefixTokens && { prefix_tokens: link.prefixTokens }), ...(link.pinned && { pinned: link.pinned }) });
    } else if (!initial && example) {
      state.text = example;
      drawComposer();
      submit();
      state.untouched = true;
    }
    watch("value", () => receive(JSON.parse(props.value)));
    watch("comparison", () => comparing.onMessage(JSON.parse(props.comparison)));
    watch("batch", () => turns.onMessage(JSON.parse(props.batch)));
    window.addEventListener("s2s-failed", () => decodes.onFailure(() => state.request !== null && fail(lab.NO_ANSWER)));
    if (!explicit) {
      // `navigator.language` is nearly always the first of Accept-Language; where it is not, the header decides.
      server.visitor({}).then((answer) => {
        if (answer && answer.language !== state.language && !lab.store.read("language")) setLanguage(answer.language, false);
      });
    }
  };
  start();
};
