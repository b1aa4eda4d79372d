// A line chart: a few named lines over one axis of numbers, told apart by colour, dash and mark, with a readout.

lab.chart = (() => {
  const MARGIN = { top: 14, right: 16, bottom: 40, left: 54 };
  const DASHES = ["", "7 4", "2 3", "9 3 2 3"];
  const MARKS = ["circle", "square", "diamond", "triangle"];

  /** Round values for an axis from `low` to `high`, about `count` of them. */
  const ticks = (low, high, count) => {
    const rough = (high - low) / count || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= rough);
    const first = Math.ceil(low / step - 1e-9) * step;
    const values = [];
    for (let value = first; value <= high + step * 1e-6; value += step) values.push(Number((Math.round(value / step) * step).toPrecision(10)));
    return values;
  };

  const mark = (kind, x, y, size) => {
    const paths = {
      circle: `M${x - size} ${y}a${size} ${size} 0 1 0 ${2 * size} 0a${size} ${size} 0 1 0 ${-2 * size} 0`,
      square: `M${x - size} ${y - size}h${2 * size}v${2 * size}h${-2 * size}z`,
      diamond: `M${x} ${y - size * 1.3}l${size * 1.3} ${size * 1.3}l${-size * 1.3} ${size * 1.3}l${-size * 1.3} ${-size * 1.3}z`,
      triangle: `M${x} ${y - size * 1.3}l${size * 1.25} ${size * 2.2}h${-size * 2.5}z`,
    };
    return lab.svg("path", { d: paths[kind] });
  };

  const extent = (lines, axis) => {
    const values = lines.flatMap(({ points }) => points.map((point) => point[axis]));
    return [Math.min(...values), Math.max(...values)];
  };

  const text = (value) => (Math.abs(value) >= 1000 ? `${Number((value / 1000).toPrecision(3))}k` : String(value).replace("-", "−"));

  const axes = (place, { width, height, xLabel, yLabel, xs, ys }) => {
    const bottom = height - MARGIN.bottom;
    const group = lab.svg("g", { class: "s2s-chart-axes" });
    for (const value of ys) {
      group.append(lab.svg("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: place.y(value), y2: place.y(value) }),
        lab.svg("text", { x: MARGIN.left - 7, y: place.y(value) + 4, "text-anchor": "end", "font-size": 12, text: text(value) }));
    }
    for (const value of xs) {
      group.append(lab.svg("text", { x: place.x(value), y: bottom + 17, "text-anchor": "middle", "font-size": 12, text: text(value) }));
    }
    group.append(lab.svg("text", { class: "s2s-chart-label", x: (MARGIN.left + width - MARGIN.right) / 2, y: height - 5,
      "text-anchor": "middle", "font-size": 12, text: xLabel }),
    lab.svg("text", { class: "s2s-chart-label", x: -(MARGIN.top + bottom) / 2, y: 12, transform: "rotate(-90)",
      "text-anchor": "middle", "font-size": 12, text: yLabel }));
    return group;
  };

  const line = (item, place) => {
    const dash = DASHES[(item.dash ?? 0) % DASHES.length];
    // The class tells lines of another look apart for whoever copies the drawing's style.
    const look = `s2s-chart-path c${item.colour ?? 0} d${(item.dash ?? 0) % DASHES.length}`;
    const group = lab.svg("g", { class: "s2s-chart-line", "data-line": item.name, "data-colour": item.colour ?? 0 });
    const path = item.points.map(([x, y], i) => `${i ? "L" : "M"}${place.x(x).toFixed(1)} ${place.y(y).toFixed(1)}`).join("");
    group.append(lab.svg("path", { class: look, d: path, "stroke-dasharray": dash || null }));
    if (item.points.length <= 20) {
      for (const [x, y] of item.points) group.append(mark(MARKS[(item.mark ?? 0) % MARKS.length], place.x(x), place.y(y), 3.2));
    }
    return group;
  };

  /** A short piece of a line, as it looks in the chart. */
  const sample = (item, marked = true) => lab.svg("svg", { width: 30, height: 12, "aria-hidden": "true", class: "s2s-chart-line", "data-colour": item.colour ?? 0 }, [
    lab.svg("path", { class: "s2s-chart-path", d: "M1 6H29", "stroke-dasharray": DASHES[(item.dash ?? 0) % DASHES.length] || "none" }),
    marked ? mark(MARKS[(item.mark ?? 0) % MARKS.length], 15, 6, 3.2) : null]);

  const legend = (lines, light) => lab.el("ul", { class: "s2s-chart-legend" }, lines.map((item) =>
    lab.el("li", { tabindex: 0, "data-line": item.name, on: {
      pointerenter: () => light(item.name), pointerleave: () => light(null), focus: () => light(item.name), blur: () => light(null),
    } }, [sample(item), lab.el("span", { text: item.name })])));

  /** The figures as a table, for those who cannot see the lines. */
  const table = (lines, { xLabel, caption }) => {
    const xs = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
    const value = (item, x) => item.points.find((point) => point[0] === x)?.[1];
    return lab.el("table", {}, [lab.el("caption", { text: caption }),
      lab.el("thead", {}, [lab.el("tr", {}, [lab.el("th", { scope: "col", text: xLabel }),
        ...lines.map(({ name }) => lab.el("th", { scope: "col", text: name }))])]),
      lab.el("tbody", {}, xs.map((x) => lab.el("tr", {}, [lab.el("th", { scope: "row", text: text(x) }),
        ...lines.map((item) => lab.el("td", { text: value(item, x) === undefined ? "" : lab.number(value(item, x)) }))])))]);
  };

  /**
   * Draw `lines`, `[{name, points: [[x, y], …], colour, dash, mark}]`. `markX`, `{value, label}`, is a vertical line;
   * `tableLabel` names the table that holds the same figures, folded away. `dots`, `[{x, y, tip, strong}]`, are points of
   * their own; without `named` there is no legend. The node has `light(name or null)`, which makes one line stand out.
   */
  const chart = ({ lines, xLabel, yLabel, label, tableLabel, markX = null, yFrom = null, dots = [], named = true, width = 640, height = 300 }) => {
    const [left, right] = extent(lines, 0);
    const [low, high] = extent(lines, 1);
    const bottom = yFrom ?? low;
    const ys = ticks(bottom, high, 5);
    const top = Math.max(high, ys[ys.length - 1]);
    const place = {
      x: (value) => MARGIN.left + ((value - left) / (right - left || 1)) * (width - MARGIN.left - MARGIN.right),
      y: (value) => height - MARGIN.bottom - ((value - bottom) / (top - bottom || 1)) * (height - MARGIN.top - MARGIN.bottom),
    };
    const svg = lab.svg("svg", { class: "s2s-chart-svg", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, [
      axes(place, { width, height, xLabel, yLabel, xs: ticks(left, right, 7), ys })]);
    const drawn = lines.map((item) => line(item, place));
    svg.append(...drawn, ...dots.map((dot) => lab.svg("circle", { class: dot.strong ? "s2s-chart-dot strong" : "s2s-chart-dot",
      cx: place.x(dot.x).toFixed(1), cy: place.y(dot.y).toFixed(1), r: dot.strong ? 4.5 : 3, "data-tip": dot.tip })));
    if (markX && markX.value >= left && markX.value <= right) {
      const x = place.x(markX.value);
      const end = x > width * 0.7;
      // The line goes below the others, its words above them.
      svg.insertBefore(lab.svg("line", { class: "s2s-chart-here", x1: x, x2: x, y1: MARGIN.top, y2: height - MARGIN.bottom }), drawn[0]);
      svg.append(lab.svg("text", { class: "s2s-chart-here-label", x: x + (end ? -5 : 5), y: MARGIN.top + 13, "text-anchor": end ? "end" : "start",
          "font-size": 12, text: markX.label }));
    }
    const lit = (name) => {
      svg.classList.toggle("lit", name !== null);
      for (const group of drawn) group.classList.toggle("on", group.getAttribute("data-line") === name);
    };
    const figure = lab.el("figure", { class: "s2s-chart" }, [svg, named ? legend(lines, lit) : null,
      tableLabel ? lab.el("details", { class: "s2s-table" }, [lab.el("summary", { text: tableLabel }),
        table(lines, { xLabel, caption: label })]) : null]);
    return Object.assign(figure, { light: lit });
  };
  return Object.assign(chart, { sample });
})();
