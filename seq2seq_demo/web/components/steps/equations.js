// Equations as people write them, each symbol with its meaning and, where the step has them, its numbers.

/**
 * Write plain text in which _ and ^ put the next character, or what stands in braces, below or above the line. Marks above a
 * letter are drawn by the style sheet: few fonts have them.
 */
lab.written = (text) => {
  const MARKS = { "\u0303": "~", "\u0304": "¯", "\u20d6": "←", "\u20d7": "→" };
  const nodes = [];
  let plain = "";
  const flush = () => {
    if (plain) nodes.push(document.createTextNode(plain));
    plain = "";
  };
  const letters = Array.from(text);
  for (let i = 0; i < letters.length; i += 1) {
    if (letters[i + 1] in MARKS) {
      flush();
      nodes.push(lab.el("span", { class: "s2s-marked", "data-mark": MARKS[letters[i + 1]], text: letters[i] }));
      i += 1;
      continue;
    }
    if (letters[i] !== "_" && letters[i] !== "^") {
      plain += letters[i];
      continue;
    }
    const braced = letters[i + 1] === "{";
    const stop = braced ? letters.indexOf("}", i) : i + 1;
    flush();
    nodes.push(lab.el(letters[i] === "_" ? "sub" : "sup", { text: letters.slice(braced ? i + 2 : i + 1, braced ? stop : stop + 1).join("") }));
    i = stop;
  }
  flush();
  return nodes;
};

lab.equations = (() => {
  const FUNCTIONS = ["tanh", "softmax", "exp", "σ", "Σ_s"];

  /** Split a formula at its symbols, the longest that fits first: `h_t^1` is not `h_t`. */
  const split = (formula, symbols) => {
    const names = [...FUNCTIONS, ...Object.keys(symbols)].sort((a, b) => b.length - a.length);
    const escaped = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return formula.split(new RegExp(`(${escaped.join("|")})`)).filter(Boolean);
  };

  const symbol = (name, key, { t, numbers, focus }) => {
    const value = numbers(key);
    const meaning = t(`symbol.${key}`);
    return lab.el("span", { class: "s2s-symbol", "data-symbol": key, tabindex: -1,
      "data-tip": value ? t("steps.symbol_value", { meaning, value }) : meaning,
      on: { pointerenter: () => focus(key), pointerleave: () => focus(null), focus: () => focus(key), blur: () => focus(null) } }, lab.written(name));
  };

  const formula = (equation, context) => lab.el("span", { class: "s2s-formula" },
    split(equation.formula, equation.symbols).map((part) => (equation.symbols[part]
      ? symbol(part, equation.symbols[part], context) : lab.el("span", {}, lab.written(part)))));

  /** What the symbols mean, and what they are at this step: those of one meaning in one line. */
  const meanings = (equations, { t, numbers }) => {
    const named = new Map();
    for (const { symbols } of equations) {
      for (const [name, key] of Object.entries(symbols)) named.set(key, [...new Set([...(named.get(key) ?? []), name])]);
    }
    const list = (names) => names.flatMap((name, index) => [...(index ? [document.createTextNode(", ")] : []), ...lab.written(name)]);
    return lab.el("details", { class: "s2s-meanings" }, [lab.el("summary", { text: t("steps.meanings") }),
      lab.el("dl", {}, [...named].flatMap(([key, names]) => [lab.el("dt", {}, list(names)),
        lab.el("dd", { text: t(`symbol.${key}`) }, [numbers(key) ? lab.el("span", { class: "s2s-instance", text: numbers(key) }) : null])]))]);
  };

  /** One stop of the Tab key for all symbols of a list; the arrows up and down walk them. */
  const walkable = (list) => {
    const symbols = [...list.querySelectorAll(".s2s-symbol")];
    if (symbols.length) symbols[0].tabIndex = 0;
    list.addEventListener("keydown", (event) => {
      const from = symbols.indexOf(event.target);
      const to = { ArrowUp: from - 1, ArrowDown: from + 1 }[event.key];
      if (from < 0 || to === undefined || !symbols[to]) return;
      event.preventDefault();
      symbols[from].tabIndex = -1;
      symbols[to].tabIndex = 0;
      symbols[to].focus();
    });
    return list;
  };

  /**
   * Draw equations, `[{name, formula, symbols}, …]`, with what their symbols mean. `numbers(key)` is what a symbol is at
   * this step, as a text, or null; `instance(name)` a line with the numbers of one equation, or null; `focus(key or null)`
   * tells which symbol the visitor is on.
   */
  return (equations, context) => lab.el("div", { class: "s2s-equations" }, [
    walkable(lab.el("ul", {}, equations.map((equation) => {
      const line = context.instance(equation.name);
      return lab.el("li", {}, [formula(equation, context), line ? lab.el("span", { class: "s2s-instance", text: line }) : null]);
    }))),
    meanings(equations, context)]);
})();
