// How wide texts are as the page writes them, and how to make them fit.

/**
 * Widths of texts in pixels, at a font size and in a language. Elements are measured: a canvas does not choose its fonts by
 * language, as they do.
 */
lab.textWidths = (() => {
  const known = new Map();
  return (texts, { size, language }) => {
    const key = (text) => `${size} ${language} ${text}`;
    const missing = [...new Set(texts)].filter((text) => !known.has(key(text)));
    if (missing.length) {
      // All at once: the browser lays the page out for each time that somebody asks.
      const ruler = lab.el("div", { class: "s2s-ruler", lang: language, "aria-hidden": "true" }, missing.map((text) => lab.el("span", { text })));
      ruler.style.fontSize = `${size}px`;
      document.querySelector(".s2s").append(ruler);
      [...ruler.children].forEach((span, index) => known.set(key(missing[index]), span.getBoundingClientRect().width));
      ruler.remove();
    }
    return texts.map((text) => known.get(key(text)));
  };
})();

/** Texts that are at most `largest` pixels wide: of a longer one as many letters as have room, and an ellipsis. */
lab.shortened = (texts, { largest, ...font }) => {
  const widths = lab.textWidths(texts, font);
  return texts.map((text, index) => {
    if (widths[index] <= largest) return text;
    const letters = Array.from(text);
    const parts = letters.map((_, end) => `${letters.slice(0, end + 1).join("")}…`);
    const fits = lab.textWidths(parts, font).findLastIndex((width) => width <= largest);
    return parts[Math.max(0, fits)];
  });
};
