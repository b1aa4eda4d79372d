// The hard alignment of an attention matrix: two rows of words with a line for each pair.

lab.alignment = (() => {
  const FONT = 15;
  const GAP = 16;
  const TOP = 24;
  const BOTTOM = 156;
  const HEIGHT = 178;
  const MARGIN = 14;

  /** Middle and width of each word of a row that starts at 0, and the row's width. */
  const places = (labels, language) => {
    let right = 0;
    const items = lab.textWidths(labels, { size: FONT, language }).map((written) => {
      const width = Math.ceil(written);
      const item = { middle: right + width / 2, width };
      right += width + GAP;
      return item;
    });
    return { items, width: right - GAP };
  };

  const word = (label, { middle, width }, y, index, kind, { mark, language, focus }) => lab.svg("g", {
    class: `s2s-alignment-word${mark ? ` ${mark}` : ""}`, [`data-${kind}`]: index,
    on: { pointerenter: () => focus({ [kind]: index }), pointerleave: () => focus(null) },
  }, [
    lab.svg("rect", { x: middle - width / 2 - 6, y: y - FONT, width: width + 12, height: FONT + 10, rx: 5 }),
    lab.svg("text", { x: middle, y, "text-anchor": "middle", "font-size": FONT, lang: language, text: label })]);

  const curve = ([source, target, weight], top, bottom) => {
    const middle = (TOP + BOTTOM) / 2;
    const [x, to] = [top[source].middle, bottom[target].middle];
    return lab.svg("path", { class: "s2s-alignment-line", "data-source": source, "data-target": target,
      d: `M${x} ${TOP + 12}C${x} ${middle} ${to} ${middle} ${to} ${BOTTOM - FONT - 4}`,
      "stroke-width": (1.2 + 2.3 * weight).toFixed(2), "stroke-opacity": (0.35 + 0.65 * weight).toFixed(2) });
  };

  /**
   * Draw `pairs`, `[[source, target, weight], …]`, between two lists of words. `marks` names a class for a source word, or
   * null. Returns `{node, svg, light({source} or {target} or null)}`; `focus` gets the same places.
   */
  return ({ sources, targets, pairs, marks, languages, label, focus }) => {
    const top = places(sources, languages.source);
    const bottom = places(targets, languages.target);
    const width = Math.max(top.width, bottom.width) + 2 * MARGIN;
    const shift = (row) => row.items.map((item) => ({ ...item, middle: item.middle + (width - row.width) / 2 }));
    const [upper, lower] = [shift(top), shift(bottom)];
    const svg = lab.svg("svg", { class: "s2s-alignment", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": label }, [
      ...pairs.map((pair) => curve(pair, upper, lower)),
      ...sources.map((text, index) => word(text, upper[index], TOP, index, "source", { mark: marks[index], language: languages.source, focus })),
      ...targets.map((text, index) => word(text, lower[index], BOTTOM, index, "target", { mark: null, language: languages.target, focus }))]);
    const light = (place) => {
      svg.classList.toggle("lit", place !== null);
      const on = (node) => place && Object.entries(place).every(([kind, index]) => node.dataset[kind] === String(index));
      const met = new Set();
      for (const line of svg.querySelectorAll(".s2s-alignment-line")) {
        line.classList.toggle("on", Boolean(on(line)));
        if (on(line)) met.add(`source${line.dataset.source}`).add(`target${line.dataset.target}`);
      }
      for (const group of svg.querySelectorAll(".s2s-alignment-word")) {
        const [kind, index] = group.dataset.source === undefined ? ["target", group.dataset.target] : ["source", group.dataset.source];
        group.classList.toggle("on", Boolean(on(group)) || met.has(kind + index));
      }
    };
    return { node: lab.el("div", { class: "s2s-alignment-frame", tabindex: 0, role: "region", "aria-label": label }, [svg]), svg, light };
  };
})();
