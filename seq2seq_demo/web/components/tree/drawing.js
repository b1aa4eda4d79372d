// The search tree as SVG in a frame of its own: drawn from a chosen part of a tree, walked with pointer and arrow keys,
// moved by dragging and scrolling, and zoomed.

lab.treeDrawing = (() => {
  const NODE = { height: 22, padding: 8, point: 7, largest: 104 };
  const SIZE = { label: 13, number: 10.5, step: 11 };
  const PITCH = { bare: 28, numbered: 38 };
  const PLACE = { gap: 26, left: 30, top: 26, foldWidth: 40 };
  const ZOOM = { least: 0.1, most: 2, step: 1.25 };
  const FATES = ["kept", "finished", "dominated", "cut", "pruned"];

  const box = (width, radius) => {
    const [h, r] = [NODE.height, radius];
    return `M${r} ${-h / 2}H${width - r}a${r} ${r} 0 0 1 ${r} ${r}V${h / 2 - r}a${r} ${r} 0 0 1 ${-r} ${r}H${r}a${r} ${r} 0 0 1 ${-r} ${-r}V${r - h / 2}a${r} ${r} 0 0 1 ${r} ${-r}z`;
  };

  /** The outline of a node, `width` wide, by what became of it: told apart without colour. */
  const outline = (fate, width) => {
    const h = NODE.height;
    if (fate === "kept") return box(width, h / 2);
    if (fate === "finished") return box(width, 1.5);
    if (fate === "pruned") return box(width, 5);
    if (fate === "dominated") return `M${NODE.point} ${-h / 2}H${width - NODE.point}L${width} 0L${width - NODE.point} ${h / 2}H${NODE.point}L0 0z`;
    const tooth = h / 4;
    return `M0 ${-h / 2}H${width - 5}l5 ${tooth}l-5 ${tooth}l5 ${tooth}l-5 ${tooth}H0z`;
  };

  /** A sample of a fate's outline and colour, for the legend. */
  const swatch = (fate) => lab.svg("svg", { width: 30, height: NODE.height + 4, viewBox: `-2 ${-NODE.height / 2 - 2} 32 ${NODE.height + 4}`,
    "aria-hidden": "true", class: "s2s-tree-swatch" }, [lab.svg("g", { class: `s2s-tree-node ${fate}` }, [
    lab.svg("path", { d: outline(fate, 28) })])]);

  /** A sample of the line along greedy decoding's path, for the legend. */
  const greedySwatch = () => lab.svg("svg", { width: 30, height: 8, viewBox: "0 0 30 8", "aria-hidden": "true", class: "s2s-tree-swatch" }, [
    lab.svg("path", { class: "s2s-tree-edge greedy", d: "M1 4H29" })]);

  const edgeTo = (place, widths, index, parent) => {
    const [x2, y2] = [place.x[index], place.y[index]];
    const [x1, y1] = parent < 0 ? [PLACE.left - 13, place.trunkY] : [place.x[parent] + widths[parent], place.y[parent]];
    const start = Math.max(x1, x2 - PLACE.gap);
    const middle = (start + x2) / 2;
    return `M${x1.toFixed(1)} ${y1.toFixed(1)}H${start.toFixed(1)}C${middle.toFixed(1)} ${y1.toFixed(1)} ${middle.toFixed(1)} ${y2.toFixed(1)} ${x2.toFixed(1)} ${y2.toFixed(1)}`;
  };

  const number = (node, kind) => {
    if (kind === "probability") return lab.short(Math.exp(node.token_log_prob));
    return lab.number(kind === "score" ? node.score : node.log_prob);
  };

  /**
   * Draw `tree` (see `lab.searchTree.build`). A place is a node's index, or −step for what a step has folded away.
   *
   * `onPoint(place or null, byKeyboard)` tells what the visitor is on, `onSelect(index)` which node was chosen,
   * `onFold(step)` that a step is to be folded or unfolded, `onView({zoom, left, top})` what part is seen. Returns `{node, show(what),
   * mark(what), zoom(direction), svg}`.
   */
  return Object.assign(({ tree, t, language, label, help, view, onPoint, onSelect, onFold, onView }) => {
    const font = { size: SIZE.label, language };
    const texts = lab.shortened(tree.labels, { ...font, largest: NODE.largest });
    const written = lab.textWidths(texts, font);
    const widths = Float64Array.from(tree.nodes, ({ fate }, index) =>
      Math.max(26, written[index] + 2 * NODE.padding + (fate === "dominated" || fate === "cut" ? NODE.point : 0)));
    const svg = lab.svg("svg", { role: "application", tabindex: 0, "aria-label": label, "aria-roledescription": help });
    const frame = lab.el("div", { class: "s2s-tree-frame" }, [svg]);
    const state = { zoom: view?.zoom ?? null, cursor: null, pointed: null, selected: null, chosen: null, place: null, choice: null, walk: [] };
    let parts = {};

    // --- drawing

    const drawNode = (index, numbers) => {
      const node = tree.nodes[index];
      const group = lab.svg("g", { class: `s2s-tree-node ${node.fate}`, "data-node": index,
        transform: `translate(${state.place.x[index].toFixed(1)} ${state.place.y[index].toFixed(1)})` }, [
        lab.svg("path", { d: outline(node.fate, widths[index]) }),
        lab.svg("text", { x: widths[index] / 2, y: 0, dy: ".35em", "text-anchor": "middle", "font-size": SIZE.label, lang: language, text: texts[index] })]);
      if (numbers !== "none") {
        group.append(lab.svg("text", { class: "s2s-tree-number", x: widths[index] / 2, y: NODE.height / 2 + 10, "text-anchor": "middle",
          "font-size": SIZE.number, text: number(node, numbers) }));
      }
      return group;
    };

    const drawFold = (step) => {
      const count = state.choice.folded[step - 1];
      const text = count ? `+${count}` : "−";
      return lab.svg("g", { class: "s2s-tree-fold", "data-fold": step, "data-tip": t(count ? "tree.unfold_tip" : "tree.fold_tip", { count, step }),
        transform: `translate(${state.place.columnX[step - 1].toFixed(1)} ${state.place.foldY[step - 1].toFixed(1)})` }, [
        lab.svg("rect", { x: 0, y: -9, width: 34, height: 18, rx: 9 }),
        lab.svg("text", { x: 17, y: 0, dy: ".35em", "text-anchor": "middle", "font-size": SIZE.step, text })]);
    };

    const drawSteps = () => {
      const group = lab.svg("g", { class: "s2s-tree-steps" }, [
        lab.svg("rect", { x: 0, y: 0, width: state.place.width, height: PLACE.top - 6 })]);
      state.place.columnX.forEach((x, at) => group.append(
        lab.svg("text", { x: x + 13, y: 14, "text-anchor": "middle", "font-size": SIZE.step, text: at + 1 })));
      return group;
    };

    const edges = (indices) => indices.map((index) => edgeTo(state.place, widths, index, tree.nodes[index].parent)).join("");

    /**
     * Draw anew: `what` has `choice` (see `lab.searchTree.choose`), `numbers` ("none", "probability", "log_prob" or
     * "score"), and what `mark` takes.
     */
    const show = ({ choice, numbers, ...marks }) => {
      performance.mark("s2s-tree-start");
      const pitch = numbers === "none" ? PITCH.bare : PITCH.numbered;
      state.choice = choice;
      state.place = lab.searchTree.layout(tree, choice, { ...PLACE, widths, pitch });
      const shown = [...tree.nodes.keys()].filter((index) => choice.visible[index]);
      const loose = shown.filter((index) => !tree.onBest.has(index));
      const nodes = new Map(shown.map((index) => [index, drawNode(index, numbers)]));
      const folds = new Map(state.place.foldY.flatMap((y, at) => (y === null ? [] : [[at + 1, drawFold(at + 1)]])));
      parts = {
        nodes, folds,
        best: lab.svg("path", { class: "s2s-tree-edge best", d: edges([...tree.onBest]) }),
        greedy: lab.svg("path", { class: "s2s-tree-edge greedy", d: edges(tree.greedy.filter((index) => choice.visible[index])) }),
        chosen: lab.svg("path", { class: "s2s-tree-edge chosen" }),
        trail: lab.svg("path", { class: "s2s-tree-edge trail" }),
        steps: drawSteps(),
      };
      state.walk = tree.columns.map((column, at) => [...column.filter((index) => choice.visible[index]), ...(folds.has(at + 1) ? [-(at + 1)] : [])]);
      svg.replaceChildren(
        lab.svg("path", { class: "s2s-tree-edge pruned", d: edges(loose.filter((index) => tree.nodes[index].fate === "pruned")) }),
        lab.svg("path", { class: "s2s-tree-edge", d: edges(loose.filter((index) => tree.nodes[index].fate !== "pruned")) }),
        parts.best, parts.chosen, parts.trail, parts.greedy,
        lab.svg("circle", { class: "s2s-tree-start", cx: PLACE.left - 18, cy: state.place.trunkY, r: 5 }),
        lab.svg("g", {}, [...nodes.values()]), lab.svg("g", {}, [...folds.values()]), parts.steps);
      for (const index of tree.onBest) nodes.get(index)?.classList.add("on-best");
      mark(marks);
      if (document.activeElement === svg && elementOf(state.cursor)) point(state.cursor);
      resize();
      performance.measure("s2s-tree-draw", "s2s-tree-start");
    };

    const elementOf = (place) => (place === null ? undefined : place < 0 ? parts.folds.get(-place) : parts.nodes.get(place));

    /** Show which node is `selected` and which path is `chosen`, each a node's index or null. */
    const mark = ({ selected = state.selected, chosen = state.chosen }) => {
      for (const name of ["selected", "on-chosen"]) for (const node of svg.querySelectorAll(`.${name}`)) node.classList.remove(name);
      Object.assign(state, { selected, chosen });
      const path = chosen === null ? [] : tree.path(chosen);
      for (const index of path) parts.nodes.get(index)?.classList.add("on-chosen");
      parts.chosen.setAttribute("d", edges(path));
      elementOf(selected)?.classList.add("selected");
      point(null);
    };

    const point = (place) => {
      elementOf(state.pointed)?.classList.remove("pointed");
      state.pointed = place;
      elementOf(place)?.classList.add("pointed");
      const from = place !== null && place >= 0 ? place : state.selected;
      parts.trail.setAttribute("d", from === null || !parts.nodes.has(from) ? "" : edges(tree.path(from)));
    };

    // --- zooming and moving

    const fitting = () => Math.max(0.01, Math.min(1, (frame.clientWidth - 2) / state.place.width,
      (parseFloat(getComputedStyle(frame).maxHeight) - 2 || Infinity) / state.place.height));

    const resize = () => {
      if (!state.place || !frame.clientWidth) return;
      // A tree that nearly fits is shown whole; a larger one at its own size, from its beginning.
      state.zoom ??= fitting() > 0.75 ? fitting() : 1;
      const { width, height } = state.place;
      svg.setAttribute("viewBox", `0 0 ${width.toFixed(1)} ${height.toFixed(1)}`);
      svg.setAttribute("width", Math.round(width * state.zoom));
      svg.setAttribute("height", Math.round(height * state.zoom));
      keepSteps();
    };

    /** The middle height of what the frame shows, begun this far to the left. */
    const middleHeight = (left) => {
      const columns = state.walk.filter((_, at) => state.place.columnX[at] * state.zoom >= left
        && state.place.columnX[at] * state.zoom < left + frame.clientWidth);
      const heights = columns.flat().map((place) => (place < 0 ? state.place.foldY[-place - 1] : state.place.y[place]));
      return (Math.min(...heights) + Math.max(...heights)) / 2;
    };

    /** How far to the left the frame is to begin: where the first paths part is what one wants to see. */
    const partingLeft = () => {
      const at = tree.columns.findIndex((column) => column.filter((index) => tree.onBest.has(index)).length > 1);
      const { columnX } = state.place;
      return at < 1 || columnX[Math.min(at + 1, columnX.length - 1)] * state.zoom < frame.clientWidth ? 0 : (columnX[at - 1] - 12) * state.zoom;
    };

    const keepSteps = () => {
      parts.steps?.setAttribute("transform", `translate(0 ${(frame.scrollTop / state.zoom).toFixed(1)})`);
      onView({ zoom: state.zoom, left: frame.scrollLeft, top: frame.scrollTop });
    };

    /** Zoom in (1), out (−1), or so that all is seen (0); the middle of the frame stays where it is. */
    const zoom = (direction) => {
      const before = state.zoom;
      const middle = [(frame.scrollLeft + frame.clientWidth / 2) / before, (frame.scrollTop + frame.clientHeight / 2) / before];
      // What fits may be smaller than the least that the buttons go to; from there they go on.
      const least = Math.min(ZOOM.least, before);
      state.zoom = direction ? Math.min(ZOOM.most, Math.max(least, before * ZOOM.step ** direction)) : fitting();
      resize();
      frame.scrollLeft = middle[0] * state.zoom - frame.clientWidth / 2;
      frame.scrollTop = middle[1] * state.zoom - frame.clientHeight / 2;
    };

    const reveal = (place) => {
      const at = place < 0 ? { x: state.place.columnX[-place - 1], y: state.place.foldY[-place - 1], width: 40 }
        : { x: state.place.x[place], y: state.place.y[place], width: widths[place] };
      const room = 24;
      const left = (at.x - room) * state.zoom;
      const right = (at.x + at.width + room) * state.zoom - frame.clientWidth;
      const top = (at.y - NODE.height - PLACE.top) * state.zoom;
      const bottom = (at.y + NODE.height + room) * state.zoom - frame.clientHeight;
      frame.scrollLeft = Math.min(Math.max(frame.scrollLeft, right), left);
      frame.scrollTop = Math.min(Math.max(frame.scrollTop, bottom), top);
    };

    /** Drag with the mouse; a finger scrolls the frame by itself. */
    const drag = () => {
      let from = null;
      let dragged = false;
      frame.addEventListener("pointerdown", (event) => {
        dragged = false;
        if (event.pointerType !== "mouse" || event.button !== 0) return;
        from = { x: event.clientX, y: event.clientY, left: frame.scrollLeft, top: frame.scrollTop };
      });
      frame.addEventListener("pointermove", (event) => {
        if (!from) return;
        const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
        if (!dragged && Math.hypot(dx, dy) < 5) return;
        if (!dragged) frame.setPointerCapture(event.pointerId);
        dragged = true;
        frame.classList.add("dragged");
        frame.scrollLeft = from.left - dx;
        frame.scrollTop = from.top - dy;
      });
      const stop = () => {
        from = null;
        frame.classList.remove("dragged");
      };
      frame.addEventListener("pointerup", stop);
      frame.addEventListener("pointercancel", stop);
      // The click at the end of a drag chooses nothing.
      frame.addEventListener("click", (event) => dragged && event.stopPropagation(), { capture: true });
    };

    // --- pointer and keys

    const placeOf = (event) => {
      const target = event.target.closest?.("[data-node], [data-fold]");
      if (!target) return null;
      return target.dataset.node === undefined ? -Number(target.dataset.fold) : Number(target.dataset.node);
    };

    const go = (place) => {
      state.cursor = place;
      point(place);
      reveal(place);
      onPoint(place, true);
    };

    /** Where an arrow key leads from a place; undefined where nothing is. */
    const neighbour = (place, key) => {
      const step = place < 0 ? -place : tree.nodes[place].step;
      const column = state.walk[step - 1];
      const at = column.indexOf(place);
      if (key === "ArrowUp") return column[at - 1];
      if (key === "ArrowDown") return column[at + 1];
      if (key === "ArrowLeft") return place < 0 ? state.walk[step - 2]?.at(-1) : tree.nodes[place].parent < 0 ? undefined : tree.nodes[place].parent;
      if (place < 0) return state.walk[step]?.at(-1);
      const children = tree.children[place].filter((index) => state.choice.visible[index]);
      const onPath = state.chosen === null ? [] : tree.path(state.chosen);
      return children.find((index) => onPath.includes(index)) ?? children.find((index) => tree.onBest.has(index))
        ?? children.sort((a, b) => tree.nodes[a].rank - tree.nodes[b].rank)[0];
    };

    const startPlace = () => state.selected ?? (state.chosen === null ? state.walk[0]?.[0] : tree.path(state.chosen)[0]);

    const choosePlace = (place) => {
      state.cursor = place;
      if (place < 0) onFold(-place);
      else onSelect(place);
    };

    const press = (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const known = elementOf(state.cursor) ? state.cursor : null;
      let to;
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        if (known !== null) choosePlace(known);
        return;
      }
      if (event.key === "Home") to = state.walk[0]?.[0];
      else if (event.key === "End") to = state.chosen ?? undefined;
      else if (event.key.startsWith("Arrow")) to = known === null ? startPlace() : neighbour(known, event.key);
      else return;
      event.preventDefault();
      if (to !== undefined) go(to);
    };

    svg.addEventListener("pointerover", (event) => {
      const place = placeOf(event);
      if (place === null || place === state.pointed || frame.classList.contains("dragged")) return;
      point(place);
      onPoint(place, false);
    });
    svg.addEventListener("pointerleave", () => {
      point(null);
      onPoint(null, false);
    });
    svg.addEventListener("click", (event) => {
      const place = placeOf(event);
      if (place !== null) choosePlace(place);
    });
    svg.addEventListener("keydown", press);
    svg.addEventListener("focus", () => svg.matches(":focus-visible") && state.walk.length && go(elementOf(state.cursor) ? state.cursor : startPlace()));
    svg.addEventListener("blur", () => {
      point(null);
      onPoint(null, false);
    });
    drag();
    frame.addEventListener("scroll", keepSteps, { passive: true });
    let seen = 0;
    new ResizeObserver(() => {
      if (!frame.clientWidth || frame.clientWidth === seen) return;
      const first = seen === 0;
      seen = frame.clientWidth;
      resize();
      if (first && view) {
        frame.scrollLeft = view.left;
        frame.scrollTop = view.top;
      } else if (first) {
        frame.scrollLeft = partingLeft();
        frame.scrollTop = middleHeight(frame.scrollLeft) * state.zoom - frame.clientHeight / 2;
      }
    }).observe(frame);
    return { node: frame, svg, show, mark, zoom };
  }, { FATES, swatch, greedySwatch });
})();
