// A row of token chips: shaded by probability, lit by attention weights, walked with the arrow keys.

/**
 * Draw chips for `items`, `{label, tip, note, probability, differs}`; `tip` and `probability` are null for source tokens.
 * `onFocus(index or null)` tells which chip the pointer or the keyboard is on, `onPick(index)`, where given, which was
 * pressed.
 *
 * Returns `{node, light(weights or null), activate(index or null)}`: `light` shades each chip by a weight in [0, 1] and
 * shows the number in the place of the chip's note.
 */
lab.tokens = ({ items, label, language, onFocus, onPick }) => {
  const chips = items.map((item, index) => {
    const note = lab.el("span", { class: "s2s-chip-note", text: item.note });
    const chip = lab.el("button", {
      type: "button",
      class: item.differs ? "s2s-chip differs" : "s2s-chip",
      "data-tip": item.tip,
      "data-index": index,
      "aria-label": item.tip ? `${item.label}. ${item.tip}` : item.label,
      tabindex: index === 0 ? 0 : -1,
    }, [lab.el("span", { class: "s2s-chip-text", text: item.label, lang: language }), note]);
    if (item.probability !== null) chip.style.setProperty("--doubt", (1 - item.probability).toFixed(3));
    return { chip, note, text: item.note };
  });
  const node = lab.el("div", { class: "s2s-chips", role: "group", "aria-label": label }, chips.map(({ chip }) => chip));
  const indexOf = (event) => {
    const chip = event.target.closest?.(".s2s-chip");
    return chip ? Number(chip.dataset.index) : null;
  };
  node.addEventListener("pointerover", (event) => indexOf(event) !== null && onFocus(indexOf(event)));
  if (onPick) node.addEventListener("click", (event) => indexOf(event) !== null && onPick(indexOf(event)));
  node.addEventListener("pointerleave", () => onFocus(null));
  node.addEventListener("focusin", (event) => onFocus(indexOf(event)));
  node.addEventListener("focusout", () => onFocus(null));
  node.addEventListener("keydown", (event) => {
    const from = indexOf(event);
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: chips.length - 1 }[event.key];
    if (from === null || to === undefined || !chips[to]) return;
    event.preventDefault();
    chips[from].chip.tabIndex = -1;
    chips[to].chip.tabIndex = 0;
    chips[to].chip.focus();
  });
  return {
    node,
    light: (weights) => chips.forEach(({ chip, note, text }, index) => {
      chip.classList.toggle("lit", weights !== null);
      chip.classList.toggle("deep", weights !== null && weights[index] > 0.7);
      if (weights) chip.style.setProperty("--weight", weights[index].toFixed(3));
      note.textContent = weights ? lab.short(weights[index]) : text;
    }),
    activate: (active) => chips.forEach(({ chip }, index) => chip.classList.toggle("active", index === active)),
  };
};
