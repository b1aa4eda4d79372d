// The attention heatmap: source tokens across, target tokens down, drawn as SVG in its own scrolling frame.

lab.heatmap = (() => {
  const CELL = { smallest: 18, largest: 38, gap: 1 };
  const LABEL = { largest: 150, padding: 8 };
  const NUMBERS_FROM = 26; // cells narrower than this have no room for a number

  const widest = (texts, font) => Math.ceil(Math.max(1, ...lab.textWidths(texts, font)));

  /** Sizes of everything, from the room there is: cells as large as the frame allows, labels turned when too long. */
  const layout = (view, room, { source, target }) => {
    const columns = view.columns.length;
    const rows = view.rows.length;
    const fitting = (labels) => Math.floor((room - labels) / columns);
    const wanted = Math.min(CELL.largest, Math.max(22, Math.floor(600 / rows)));
    let size = 13;
    const guess = Math.min(wanted, fitting(widest(view.rows.map(({ label }) => label), { size, language: target }) + 2 * LABEL.padding));
    if (guess < 22) size = 11;
    const shortened = (items, language) => lab.shortened(items.map(({ label }) => label), { size, language, largest: LABEL.largest });
    const [rowLabels, columnLabels] = [shortened(view.rows, target), shortened(view.columns, source)];
    const left = widest(rowLabels, { size, language: target }) + 2 * LABEL.padding;
    const high = widest(columnLabels, { size, language: source });
    const flat = Math.max(CELL.smallest, Math.min(wanted, fitting(left)));
    const turned = high > flat - 4;
    // A label turned by 45° reaches as far to the right of its column as it is high.
    const slope = Math.ceil((high + size) * Math.SQRT1_2);
    const right = turned ? Math.max(0, Math.ceil(widest([columnLabels[columns - 1]], { size, language: source }) * Math.SQRT1_2)) : 0;
    const cell = Math.max(CELL.smallest, Math.min(wanted, fitting(left + right)));
    const top = turned ? slope + LABEL.padding : size + 2 * LABEL.padding;
    return { cell, size, left, top, turned, rowLabels, columnLabels,
      width: left + columns * cell + right, height: top + rows * cell + 1 };
  };

  const drawCells = (view, { cell, left, top }) => {
    const cells = lab.svg("g", { class: "s2s-cells" });
    view.weights.forEach((weights, row) => weights.forEach((weight, column) => cells.append(
      lab.svg("rect", { class: "s2s-cell-base", x: left + column * cell, y: top + row * cell,
        width: cell - CELL.gap, height: cell - CELL.gap, rx: 2 }),
      lab.svg("rect", { class: "s2s-cell", x: left + column * cell, y: top + row * cell,
        width: cell - CELL.gap, height: cell - CELL.gap, rx: 2,
        "fill-opacity": weight.toFixed(3), "data-row": row, "data-column": column }))));
    return cells;
  };

  const drawColumnLabels = (view, plan, language) => {
    const { cell, size, left, top, turned, width } = plan;
    const group = lab.svg("g", { class: "s2s-labels", "font-size": size });
    group.append(lab.svg("rect", { class: "s2s-label-back", x: 0, y: 0, width, height: top - 1 }));
    plan.columnLabels.forEach((text, column) => {
      const x = left + column * cell + cell / 2;
      const y = top - LABEL.padding;
      group.append(lab.svg("text", { class: "s2s-column-label", "data-column": column, lang: language, text,
        ...(turned ? { transform: `translate(${x + size / 3} ${y}) rotate(-45)` } : { x, y, "text-anchor": "middle" }) }));
    });
    return group;
  };

  const drawRowLabels = (view, plan, language) => {
    const { cell, size, left, top, height } = plan;
    const group = lab.svg("g", { class: "s2s-labels", "font-size": size });
    group.append(lab.svg("rect", { class: "s2s-label-back", x: 0, y: top, width: left - 1, height: height - top }));
    plan.rowLabels.forEach((text, row) => group.append(
      lab.svg("text", { class: "s2s-row-label", "data-row": row, lang: language, text, x: left - LABEL.padding,
        y: top + row * cell + cell / 2, "text-anchor": "end", "dominant-baseline": "central" })));
    return group;
  };

  /** A veil over every cell that is neither in the focused row nor in the focused column. */
  const veilPath = ({ cell, left, top }, view, focus) => {
    const right = left + view.columns.length * cell;
    const bottom = top + view.rows.length * cell;
    const box = (x, y, width, height) => `M${x} ${y}h${width}v${height}h${-width}z`;
    const row = focus.row ?? null;
    const column = focus.column ?? null;
    let path = box(left, top, right - left, bottom - top);
    if (row !== null) path += box(left, top + row * cell, right - left, cell);
    if (column !== null) {
      const x = left + column * cell;
      if (row === null) path += box(x, top, cell, bottom - top);
      else path += box(x, top, cell, row * cell) + box(x, top + (row + 1) * cell, cell, bottom - top - (row + 1) * cell);
    }
    return path;
  };

  /**
   * Draw a view (see `lab.viewOf`) of at least one row and column.
   *
   * `onFocus({row, column} or null, byKeyboard)` tells which cell, row or column the visitor is on. Returns `{node,
   * focus(focus or null)}`: `focus` lights a row, a column or a cell with its weights.
   */
  return ({ view, label, help, sourceLanguage, targetLanguage, onFocus }) => {
    const frame = lab.el("div", { class: "s2s-heatmap" });
    let plan, parts, current = null;

    const draw = () => {
      plan = layout(view, Math.max(200, frame.offsetWidth - 2), { source: sourceLanguage, target: targetLanguage });
      const columnLabels = drawColumnLabels(view, plan, sourceLanguage);
      const rowLabels = drawRowLabels(view, plan, targetLanguage);
      const corner = lab.svg("rect", { class: "s2s-label-back s2s-heatmap-corner", x: 0, y: 0, width: plan.left - 1, height: plan.top - 1 });
      parts = {
        columnLabels, rowLabels, corner,
        veil: lab.svg("path", { class: "s2s-veil", "fill-rule": "evenodd" }),
        numbers: lab.svg("g", { class: "s2s-numbers" }),
        cursor: lab.svg("rect", { class: "s2s-cursor", width: plan.cell, height: plan.cell, rx: 3, visibility: "hidden" }),
      };
      parts.svg = lab.svg("svg", {
        width: plan.width, height: plan.height, viewBox: `0 0 ${plan.width} ${plan.height}`,
        role: "application", tabindex: 0, "aria-label": label, "aria-roledescription": help,
        "data-rows": view.rows.length, "data-columns": view.columns.length,
      }, [drawCells(view, plan), parts.veil, parts.numbers, parts.cursor, columnLabels, rowLabels, corner]);
      frame.replaceChildren(parts.svg);
      keepLabels();
      listen(parts.svg);
      focus(current);
    };

    const keepLabels = () => {
      const { scrollLeft, scrollTop } = frame;
      parts.rowLabels.setAttribute("transform", `translate(${scrollLeft} 0)`);
      parts.columnLabels.setAttribute("transform", `translate(0 ${scrollTop})`);
      parts.corner.setAttribute("transform", `translate(${scrollLeft} ${scrollTop})`);
    };

    const placeOf = (event) => {
      const named = event.target.closest("text[data-row], text[data-column]");
      if (named) {
        return named.dataset.row === undefined ? { column: Number(named.dataset.column) } : { row: Number(named.dataset.row) };
      }
      const box = parts.svg.getBoundingClientRect();
      const column = Math.floor((event.clientX - box.left - plan.left) / plan.cell);
      const row = Math.floor((event.clientY - box.top - plan.top) / plan.cell);
      if (column < 0 || row < 0 || column >= view.columns.length || row >= view.rows.length) return null;
      return { row, column };
    };

    const walk = (event) => {
      const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
      const at = { row: current?.row ?? 0, column: current?.column ?? 0 };
      const move = steps[event.key];
      if (move && current) {
        at.row = Math.min(view.rows.length - 1, Math.max(0, at.row + move[0]));
        at.column = Math.min(view.columns.length - 1, Math.max(0, at.column + move[1]));
      } else if (event.key === "Home") at.column = 0;
      else if (event.key === "End") at.column = view.columns.length - 1;
      else if (!move) return;
      event.preventDefault();
      onFocus(at, true);
      reveal(at);
    };

    const reveal = ({ row, column }) => {
      const x = column * plan.cell;
      const y = row * plan.cell;
      const roomX = frame.clientWidth - plan.left - plan.cell;
      const roomY = frame.clientHeight - plan.top - plan.cell;
      frame.scrollLeft = Math.min(Math.max(frame.scrollLeft, x - roomX), x);
      frame.scrollTop = Math.min(Math.max(frame.scrollTop, y - roomY), y);
    };

    const listen = (svg) => {
      const point = (event) => onFocus(placeOf(event), false);
      svg.addEventListener("pointermove", point);
      svg.addEventListener("pointerdown", point);
      svg.addEventListener("pointerleave", () => onFocus(null, false));
      svg.addEventListener("keydown", walk);
      svg.addEventListener("focus", () => svg.matches(":focus-visible") && onFocus(current ?? { row: 0, column: 0 }, true));
      svg.addEventListener("blur", () => onFocus(null, false));
    };

    const writeNumbers = (place) => {
      parts.numbers.replaceChildren();
      if (plan.cell < NUMBERS_FROM) return;
      const write = (row, column) => {
        const weight = view.weights[row][column];
        if (weight < 0.005) return;
        parts.numbers.append(lab.svg("text", {
          class: weight > 0.55 ? "on-dark" : null, text: lab.short(weight), "text-anchor": "middle",
          "dominant-baseline": "central", "font-size": Math.min(12, plan.cell / 2.7),
          x: plan.left + (column + 0.5) * plan.cell, y: plan.top + (row + 0.5) * plan.cell }));
      };
      if (place.row !== undefined) view.columns.forEach((_, column) => write(place.row, column));
      if (place.column !== undefined) view.rows.forEach((_, row) => row !== place.row && write(row, place.column));
    };

    /** Shade labels by their weight under the focus; the focused ones stand out. */
    const shadeLabels = (place) => {
      const shade = (node, mine, weight) => {
        node.classList.toggle("active", mine);
        node.style.opacity = !place || mine || weight === null ? "" : (0.35 + 0.65 * Math.min(1, weight * 1.5)).toFixed(2);
      };
      for (const node of parts.svg.querySelectorAll(".s2s-column-label")) {
        const column = Number(node.dataset.column);
        shade(node, place?.column === column, place?.row === undefined ? null : view.weights[place.row][column]);
      }
      for (const node of parts.svg.querySelectorAll(".s2s-row-label")) {
        const row = Number(node.dataset.row);
        shade(node, place?.row === row, place?.column === undefined ? null : view.weights[row][place.column]);
      }
    };

    const focus = (place) => {
      current = place;
      shadeLabels(place);
      const cell = place && place.row !== undefined && place.column !== undefined;
      parts.cursor.setAttribute("visibility", cell ? "visible" : "hidden");
      parts.veil.setAttribute("d", place ? veilPath(plan, view, place) : "");
      if (!place) return parts.numbers.replaceChildren();
      writeNumbers(place);
      if (cell) {
        parts.cursor.setAttribute("x", plan.left + place.column * plan.cell - CELL.gap / 2);
        parts.cursor.setAttribute("y", plan.top + place.row * plan.cell - CELL.gap / 2);
      }
    };

    frame.addEventListener("scroll", () => parts && keepLabels(), { passive: true });
    let drawnAt = -1;
    new ResizeObserver(() => {
      // The outer width: a scroll bar that comes with the drawing must not ask for another drawing.
      if (frame.offsetWidth > 0 && frame.offsetWidth !== drawnAt) {
        drawnAt = frame.offsetWidth;
        draw();
      }
    }).observe(frame);
    return { node: frame, focus: (place) => parts && focus(place) };
  };
})();

/** The same weights as a table, for screen readers and for reading numbers. */
lab.weightTable = ({ view, caption, corner }) => {
  const head = lab.el("tr", {}, [lab.el("th", { scope: "col", text: corner }),
    ...view.columns.map(({ label }) => lab.el("th", { scope: "col", text: label }))]);
  const rows = view.rows.map(({ label }, row) => lab.el("tr", {}, [lab.el("th", { scope: "row", text: label }),
    ...view.weights[row].map((weight) => lab.el("td", { text: weight.toFixed(3) }))]));
  return lab.el("div", { class: "s2s-table-frame", tabindex: 0, role: "region", "aria-label": caption }, [
    lab.el("table", {}, [lab.el("caption", { class: "s2s-unseen", text: caption }), lab.el("thead", {}, [head]),
      lab.el("tbody", {}, rows)])]);
};
