// Buttons and a slider that walk through the steps of a hypothesis; arrow keys do the same.

lab.player = (() => {
  const PAUSE = 1800; // milliseconds on a step while it plays
  const ICONS = { first: "M3 3h2v10H3zM13 3v10L6 8z", previous: "M11 3v10L4 8z", play: "M4 3l9 5-9 5z", pause: "M4 3h3v10H4zM9 3h3v10H9z",
    next: "M5 3v10l7-5z", last: "M11 3h2v10h-2zM3 3v10l7-5z" };

  /**
   * Draw the player of `count` steps, now at `step`. `onStep(step)` is called when the visitor, or the clock, goes to another;
   * `describe(step)` says in words what a step is. Returns `{node, move(step), walk(event)}`; `walk` answers arrow keys.
   */
  return ({ count, step: start, t, describe, onStep }) => {
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    let step = start;
    let clock = null;
    const icon = (name) => lab.svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, [lab.svg("path", { d: ICONS[name] })]);
    const button = (name, onClick) => lab.el("button", { type: "button", class: "s2s-player-button", "data-player": name,
      "aria-label": t(`steps.${name}`), "data-tip": t(`steps.${name}`), on: { click: onClick } }, [icon(name)]);
    const slider = lab.el("input", { type: "range", min: 1, max: count, step: 1, "aria-label": t("steps.slider"),
      on: { input: () => { stop(); go(Number(slider.value) - 1); } } });
    const said = lab.el("p", { class: "s2s-player-said", "aria-live": "polite" });

    const show = () => {
      slider.value = step + 1;
      slider.setAttribute("aria-valuetext", describe(step));
      said.textContent = describe(step);
      // Not disabled: a button that is would lose the keyboard's focus.
      for (const name of ["first", "previous"]) buttons[name].setAttribute("aria-disabled", step === 0 ? "true" : "false");
      for (const name of ["next", "last"]) buttons[name].setAttribute("aria-disabled", step === count - 1 ? "true" : "false");
    };
    const go = (to) => {
      const wanted = Math.min(count - 1, Math.max(0, to));
      if (wanted === step) return;
      step = wanted;
      show();
      onStep(step);
    };
    const dress = () => {
      const name = clock === null ? "play" : "pause";
      buttons.play.replaceChildren(icon(name));
      buttons.play.setAttribute("aria-label", t(`steps.${name}`));
      buttons.play.setAttribute("data-tip", t(still ? "steps.still" : `steps.${name}`));
      // What moves by itself is not read out at each step.
      said.setAttribute("aria-live", clock === null ? "polite" : "off");
    };
    const stop = () => {
      clearInterval(clock);
      clock = null;
      dress();
    };
    const tick = () => {
      if (!node.isConnected || step === count - 1) return stop();
      return go(step + 1);
    };
    const play = () => {
      if (clock !== null) return stop();
      if (step === count - 1) go(0);
      clock = setInterval(tick, PAUSE);
      return dress();
    };
    const by = (to) => () => { stop(); go(to()); };
    const buttons = { first: button("first", by(() => 0)), previous: button("previous", by(() => step - 1)), play: button("play", play),
      next: button("next", by(() => step + 1)), last: button("last", by(() => count - 1)) };
    buttons.play.disabled = still;
    const node = lab.el("div", { class: "s2s-player", role: "group", "aria-label": t("steps.player") }, [
      lab.el("div", { class: "s2s-player-buttons" }, Object.values(buttons)), slider, said]);
    dress();
    show();
    return {
      node,
      move: (to) => { stop(); go(to); },
      walk: (event) => {
        const to = { ArrowLeft: step - 1, ArrowRight: step + 1, Home: 0, End: count - 1 }[event.key];
        if (to === undefined || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
        if (event.target.closest("input, .s2s-steps-scroll")) return; // these have arrow keys of their own
        event.preventDefault();
        stop();
        go(to);
      },
    };
  };
})();
