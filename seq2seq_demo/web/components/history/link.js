// A link that restores the sentence, the model, the settings and the shown tab: query parameters, nothing on a server.

lab.link = (() => {
  // Beyond this, servers and chat programs begin to cut addresses.
  const LONGEST = 6000;
  const TEXTS = ["text", "model", "strategy", "view", "prefix", "prefix_tokens", "pinned"];

  const names = () => [...TEXTS, ...Object.keys(lab.composer.numbers)];

  /** The value of a numeric option, or undefined where it is none. */
  const number = (name, text) => {
    const { min, max, step } = lab.composer.numbers[name];
    const value = text.trim() === "" ? NaN : Number(text);
    return value >= min && value <= max && (step !== 1 || Number.isInteger(value)) ? value : undefined;
  };

  const tokenIds = (text) => {
    const ids = text.split(",").map((part) => (/^\d{1,7}$/.test(part) ? Number(part) : NaN));
    return ids.length <= 512 && ids.every(Number.isInteger) ? ids : undefined;
  };

  // "2:0110,5:1000": row 2 of the heatmap looks at the source tokens 1 and 2 alike, row 5 at 0 alone; all counted from 0.
  const writePins = (pins) => pins.map(([step, weights]) => `${step}:${weights.map((weight) => (weight > 0 ? 1 : 0)).join("")}`).join(",");

  const readPins = (text) => {
    const parts = text.split(",").map((part) => /^(\d{1,3}):([01]{1,512})$/.exec(part));
    return parts.length <= 512 && parts.every((part) => part?.[2].includes("1"))
      ? parts.map(([, step, row]) => [Number(step), [...row].map(Number)]) : undefined;
  };

  /**
   * Read the query of an address. Returns `{text, model, strategy, options, prefix, prefixTokens, pinned, tab, ignored, empty}`: what
   * it does not name, or names badly, is undefined; `ignored` holds `[name, value]` of the bad ones, `empty` tells
   * whether it asks for anything to be decoded.
   */
  const read = (query, models, tabs) => {
    const parameters = new URLSearchParams(query);
    const ignored = [];
    const take = (name, parse) => {
      const given = parameters.get(name);
      if (given === null) return undefined;
      const value = parse(given);
      if (value === undefined) ignored.push([name, given]);
      return value;
    };
    const among = (allowed) => (value) => (allowed.includes(value) ? value : undefined);
    const options = {};
    for (const name of Object.keys(lab.composer.numbers)) {
      const value = take(name, (text) => number(name, text));
      if (value !== undefined) options[name] = value;
    }
    const found = {
      text: take("text", (text) => (text.trim() ? text : undefined)),
      model: take("model", among(models.map(({ id }) => id))),
      strategy: take("strategy", among(lab.composer.strategies)),
      prefix: take("prefix", (text) => text || undefined),
      prefixTokens: take("prefix_tokens", tokenIds),
      pinned: take("pinned", readPins),
      // Gradio's own panels use the same parameter.
      tab: ["api", "settings", "api-recorder"].includes(parameters.get("view")) ? undefined : take("view", among(tabs)),
    };
    const empty = Object.keys(options).length === 0
      && ["text", "model", "strategy"].every((name) => found[name] === undefined);
    return { ...found, options, ignored, empty };
  };

  /** Write the parameters of a request; `seed` is the one that its samples were drawn with. */
  const write = ({ sent, seed, tab, defaults }) => {
    const parameters = new URLSearchParams({ text: sent.text, model: sent.model, strategy: sent.strategy });
    const options = seed === null || seed === undefined ? sent.options : { ...sent.options, seed };
    for (const [name, value] of Object.entries(options)) {
      if (value !== null && value !== "" && value !== defaults[name]) parameters.set(name, value);
    }
    if (sent.prefix_tokens?.length) parameters.set("prefix_tokens", sent.prefix_tokens.join(","));
    if (sent.pinned?.length) parameters.set("pinned", writePins(sent.pinned));
    if (tab !== "attention") parameters.set("view", tab);
    return parameters;
  };

  /** The address of the shown result, with nothing of where the visitor came from; null where it would be too long. */
  const address = (state) => {
    const link = new URL(location.pathname, location.origin);
    link.search = write(state).toString();
    if (state.language) link.searchParams.set("lang", state.language);
    return link.href.length > LONGEST ? null : link.href;
  };

  /** Let the browser's address follow what is shown; parameters that are not ours stay. */
  const follow = (state) => {
    const now = new URL(location.href);
    for (const name of names()) now.searchParams.delete(name);
    // Too long for a link: better no sentence in it than half a one.
    if (address(state)) for (const [name, value] of write(state)) now.searchParams.set(name, value);
    history.replaceState(history.state, "", now);
  };

  return { read, address, follow };
})();

/** Say which parts of a link were not understood; `onClose` puts the note away. */
lab.link.notice = (ignored, t, onClose) => lab.el("p", { class: "s2s-note s2s-link-notice", role: "note" }, [
  lab.el("span", { text: t("history.ignored", { parts: ignored.map(([name, value]) => `${name}=${value.slice(0, 40)}`).join(", ") }) }),
  lab.el("button", { type: "button", class: "s2s-quiet", text: t("whatif.close"), on: { click: onClose } })]);
