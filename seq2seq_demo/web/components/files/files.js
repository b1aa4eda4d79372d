// The files of a picture, PNG, SVG, CSV and JSON: made in the browser of what is drawn and of its figures.

/**
 * Copy a drawing so that it opens elsewhere: computed colours and type stand in the elements, on the page's surface. Elements
 * of one class and line colour in one such parent look alike, so each such pair is asked for once.
 */
lab.standaloneSvg = (() => {
  const PROPERTIES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "stroke-opacity", "opacity", "font-weight", "paint-order"];

  /** Browsers give mixed colours as color(srgb …), and none as a transparent black: other programs do not read them. */
  const plain = (value) => (value === "rgba(0, 0, 0, 0)" ? "none" : value).replace(/color\(srgb ([\d.]+) ([\d.]+) ([\d.]+)(?: \/ [\d.]+)?\)/g, (_, ...parts) =>
    `rgb(${parts.slice(0, 3).map((part) => Math.round(Number(part) * 255)).join(", ")})`);

  return (svg, { title }) => {
    const copy = svg.cloneNode(true);
    const [, , width, height] = svg.getAttribute("viewBox").split(" ");
    const styles = new Map();
    const originals = svg.querySelectorAll("*");
    copy.querySelectorAll("*").forEach((node, index) => {
      const key = [node, node.parentNode].map((one) => `${one.tagName}.${one.getAttribute("class") ?? ""}.${one.dataset?.colour ?? ""}`).join("|");
      if (!styles.has(key)) {
        const style = getComputedStyle(originals[index]);
        styles.set(key, PROPERTIES.map((name) => [name, plain(style.getPropertyValue(name))]));
      }
      // What an element says of itself, as a cell its weight, is its own and no other's of its class.
      if (node.tagName !== "g") for (const [name, value] of styles.get(key)) if (!node.hasAttribute(name)) node.setAttribute(name, value);
      node.removeAttribute("data-tip");
    });
    for (const name of ["role", "tabindex", "aria-label", "aria-roledescription", "aria-describedby"]) copy.removeAttribute(name);
    // These keep their place while their frame is scrolled.
    for (const cut of copy.querySelectorAll(".s2s-tree-steps, .s2s-labels, .s2s-heatmap-corner")) cut.removeAttribute("transform");
    const style = getComputedStyle(svg);
    lab.fill(copy, { xmlns: "http://www.w3.org/2000/svg", width, height, "font-family": style.fontFamily }, []);
    copy.prepend(lab.svg("title", { text: title }), lab.svg("rect", { width: "100%", height: "100%",
      fill: style.getPropertyValue("--s2s-surface").trim() }));
    return new XMLSerializer().serializeToString(copy);
  };
})();

/** Draw a standalone SVG text as PNG, larger by `scale` where a browser's canvas allows it; null where it gives none. */
lab.pngOf = async (text, { width, height, scale }) => {
  const LARGEST = { side: 16000, area: 16e6 };
  const factor = Math.min(scale, LARGEST.side / width, LARGEST.side / height, Math.sqrt(LARGEST.area / (width * height)));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = lab.el("canvas", { width: Math.ceil(width * factor), height: Math.ceil(height * factor) });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
  return blob && new Uint8Array(await blob.arrayBuffer());
};

lab.pictureFiles = (() => {
  const TYPES = { png: "image/png", svg: "image/svg+xml", csv: "text/csv;charset=utf-8", json: "application/json" };

  const cell = (value) => {
    if (typeof value === "number") return value;
    // A spreadsheet is not to take a word for a formula.
    const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return `"${safe.replaceAll('"', '""')}"`;
  };
  const csvOf = (rows) => `\ufeff${rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("")}`;

  /** A chart with its legend below it, which on the page stands outside: `legend` gives `[{sample, text}]` where the chart has none. */
  const withLegend = (figure, title, legend) => {
    const svg = figure.querySelector(".s2s-chart-svg").cloneNode(true);
    const [, , wide, high] = svg.getAttribute("viewBox").split(" ").map(Number);
    const names = legend?.() ?? [...figure.querySelectorAll(".s2s-chart-legend li")].map((item) => ({ sample: item.querySelector("svg"), text: item.textContent }));
    names.forEach(({ sample, text }, index) => {
      svg.append(lab.svg("g", { class: "s2s-chart-line", "data-colour": sample.dataset.colour, transform: `translate(46 ${high + index * 20})` },
        [...sample.childNodes].map((node) => node.cloneNode(true))),
      lab.svg("text", { class: "s2s-bar-name", x: 84, y: high + index * 20 + 10, "font-size": 13, text }));
    });
    const height = high + names.length * 20 + (names.length ? 8 : 0);
    svg.setAttribute("viewBox", `0 0 ${wide} ${height}`);
    // Colours are computed of what stands on the page only.
    figure.append(svg);
    const text = lab.standaloneSvg(svg, { title });
    svg.remove();
    return text;
  };

  const svgOf = (node, title, legend) => (node.tagName === "svg" ? lab.standaloneSvg(node, { title }) : withLegend(node, title, legend));

  const pngOf = (text) => {
    const [width, height] = ["width", "height"].map((name) => Number(/^<svg[^>]*>/.exec(text)[0].match(new RegExp(`\\b${name}="([\\d.]+)"`))[1]));
    return lab.pngOf(text, { width, height, scale: 2 });
  };

  /**
   * Buttons for the files of one picture. `picture()` is its SVG or the figure of a chart, `rows()` its figures as a table with
   * a head, `values()` what goes into the JSON; `name` that of the files, without an end. `legend()` names a chart's lines where
   * it does not do so itself. `more` are buttons that stand beside.
   */
  return ({ title, name, t, saveFile, picture, rows, values, legend = null, more = [] }) => {
    const drawing = () => svgOf(picture(), title, legend);
    const content = {
      png: () => pngOf(drawing()), svg: drawing, csv: () => csvOf(rows()), json: () => JSON.stringify(values(), null, 1),
    };
    const failure = lab.el("span", { class: "s2s-error", role: "alert" });
    const save = async (format, button) => {
      button.disabled = true;
      failure.textContent = "";
      try {
        const made = await content[format]();
        if (made) saveFile({ name: `${name.replaceAll(/[^A-Za-z0-9._-]+/g, "-")}.${format}`, type: TYPES[format], content: made });
        else failure.textContent = t("picture.failed", { format: format.toUpperCase() });
      } finally {
        button.disabled = false;
      }
    };
    return lab.el("div", { class: "s2s-downloads", role: "group", "aria-label": t("picture.files", { title }) }, [
      lab.el("span", { class: "s2s-download-label", text: t("download.title"), "aria-hidden": "true" }),
      ...Object.keys(TYPES).map((format) => lab.el("button", { type: "button", class: "s2s-quiet", text: format.toUpperCase(), "data-format": format,
        "aria-label": `${format.toUpperCase()}: ${title}`, "data-tip": t(`picture.${format}`), on: { click: (event) => save(format, event.currentTarget) } })), ...more, failure]);
  };
})();

/** The files of a heatmap that the page draws; `view` see `lab.viewOf`; of several on the page, `of` says whose it is. */
lab.heatmapFiles = ({ view, of = null, name, t, saveFile, picture }) => {
  const labels = (items) => items.map(({ label }) => label);
  return lab.pictureFiles({ title: of ? `${t("heatmap.title")}, ${of}` : t("heatmap.title"), name, t, saveFile, picture,
    rows: () => [["", ...labels(view.columns)], ...view.rows.map(({ label }, row) => [label, ...view.weights[row]])],
    values: () => ({ target: labels(view.rows), source: labels(view.columns), weights: view.weights }) });
};

/** The figures of a chart's lines as rows of a table: `axis` names what goes along it. */
lab.lineRows = (lines, axis) => [["line", axis, "value"], ...lines.flatMap(({ name, points }) => points.map(([x, y]) => [name, x, y]))];
