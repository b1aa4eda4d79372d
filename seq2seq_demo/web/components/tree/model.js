// What the search tree shows: the recorded candidates in columns by step, which of them are folded away, and where each
// stands. No drawing here.

lab.searchTree = (() => {
  const SPECIAL = /^<(?:\/?s|unk|pad)>$/;
  const BYTE = /^<0x([0-9A-F]{2})>$/;
  const LETTERS = /^[\p{L}\p{M}\p{N}'’]/u;
  const WITHOUT_SPACES = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}]/u;
  /** Pruned candidates of a step that are drawn before the visitor unfolds it. */
  const PRUNED_SHOWN = 3;
  /** Most candidates that are drawn in all, and in one step, before the visitor unfolds one: a browser slows down beyond. */
  const MOST = { folded: 3000, unfolded: 9000, step: 30 };

  const joinable = (piece) => !SPECIAL.test(piece) && !BYTE.test(piece) && !WITHOUT_SPACES.test(piece) && LETTERS.test(piece.replaceAll(lab.SPACE, ""));

  /** Whether a piece goes on with the word of the piece before it. */
  const continues = (piece, before) => before !== null && !piece.startsWith(lab.SPACE) && joinable(piece) && joinable(before);

  const label = (piece, before) => `${continues(piece, before) ? "-" : ""}${piece.replaceAll(lab.SPACE, "") || "␣"}`;

  /** A path's pieces grouped into words, [text, start, stop] each. */
  const wordsOf = (pieces) => {
    const words = [];
    pieces.forEach((piece, at) => {
      if (at && continues(piece, pieces[at - 1])) words.at(-1)[2] = at + 1;
      else words.push([piece, at, at + 1]);
    });
    return words;
  };

  /** The text that the pieces of a path spell; bytes become their characters. */
  const textOf = (pieces) => {
    const letters = [];
    let bytes = [];
    const spell = () => {
      if (bytes.length) letters.push(new TextDecoder().decode(Uint8Array.from(bytes)));
      bytes = [];
    };
    for (const piece of pieces) {
      const byte = BYTE.exec(piece);
      if (byte) bytes.push(parseInt(byte[1], 16));
      else {
        spell();
        if (!SPECIAL.test(piece)) letters.push(piece);
        else if (piece === "<unk>") letters.push("⁇");
      }
    }
    spell();
    return letters.join("").replaceAll(lab.SPACE, " ").trim();
  };

  /**
   * Index a recorded search (`trace` as Python's `SearchTrace.to_dict` gives it). Columns hold the indices of a step's
   * nodes; in them children stand in the order of their parents, so that no two edges cross. `withGreedy` finds in a beam
   * search the path of greedy decoding, as far as it was followed.
   */
  const build = (trace, { withGreedy }) => {
    const { nodes } = trace;
    const columns = [];
    const order = new Int32Array(nodes.length);
    const children = nodes.map(() => []);
    const looked = {};
    nodes.forEach((node, index) => {
      (columns[node.step - 1] ??= []).push(index);
      if (node.parent >= 0) children[node.parent].push(index);
      looked[`${node.step}:${node.group}`] = (looked[`${node.step}:${node.group}`] ?? 0) + 1;
    });
    const above = (index) => (nodes[index].parent < 0 ? 0 : order[nodes[index].parent]);
    for (const column of columns) {
      column.sort((a, b) => above(a) - above(b) || nodes[a].group - nodes[b].group || nodes[a].rank - nodes[b].rank);
      column.forEach((index, place) => { order[index] = place; });
    }
    const path = (index) => {
      const found = [];
      for (let at = index; at >= 0; at = nodes[at].parent) found.push(at);
      return found.reverse();
    };
    const likeliest = (indices) => indices.reduce((best, index) => (nodes[index].token_log_prob > nodes[best].token_log_prob ? index : best));
    // A step's candidates are the best by log P: where a node has any child among them, it has its likeliest.
    const greedy = [];
    for (let next = withGreedy ? columns[0] ?? [] : []; next.length; next = children[greedy.at(-1)]) greedy.push(likeliest(next));
    const before = ({ parent }) => (parent < 0 ? null : nodes[parent].token);
    const ends = trace.n_best.filter((index) => index >= 0);
    return {
      ...trace, columns, children, path, order, greedy,
      labels: nodes.map((node) => label(node.token, before(node))),
      onBest: new Set(ends.flatMap(path)),
      trunk: new Set(ends.length ? path(ends[0]) : []),
      textOf: (index) => textOf(path(index).map((at) => nodes[at].token)),
      wordsOf: (indices) => wordsOf(indices.map((index) => nodes[index].token)),
      lookedAt: ({ step, group }) => looked[`${step}:${group}`],
    };
  };

  /**
   * Choose what is drawn: what `fates` (a set of names) allows, of the pruned the best few, unless `unfolded` has the step
   * or `all` is set; and the way to each of them. Paths of the n best are always drawn, and greedy decoding's is never
   * folded away.
   *
   * Returns `{visible: one flag for each node, folded: for each step how many are hidden, foldable: how many could be}`.
   */
  const choose = (tree, { fates, unfolded, all }) => {
    const { nodes, columns } = tree;
    const visible = new Uint8Array(nodes.length);
    const most = all ? Math.floor(MOST.unfolded / columns.length) : Math.min(MOST.step, Math.floor(MOST.folded / columns.length));
    const worth = (index) => (nodes[index].fate === "pruned" ? 1e6 : 0) + nodes[index].rank;
    const allowed = columns.map((column) => column.filter((index) => fates.has(nodes[index].fate)).sort((a, b) => worth(a) - worth(b)));
    const short = allowed.map((column) => {
      const others = column.filter((index) => nodes[index].fate !== "pruned");
      // One alone is not worth folding: the sign for it would take its place.
      return column.length - others.length <= PRUNED_SHOWN + 1 ? column : column.slice(0, others.length + PRUNED_SHOWN);
    });
    columns.forEach((column, at) => {
      const whole = unfolded.has(at + 1);
      for (const index of whole ? allowed[at] : (all ? allowed : short)[at].slice(0, most)) visible[index] = 1;
    });
    for (const index of [...tree.onBest, ...tree.greedy.filter((at) => fates.has(nodes[at].fate))]) visible[index] = 1;
    for (let index = nodes.length - 1; index >= 0; index -= 1) {
      if (visible[index] && nodes[index].parent >= 0) visible[nodes[index].parent] = 1;
    }
    return {
      visible,
      folded: allowed.map((column) => column.filter((index) => !visible[index]).length),
      foldable: allowed.map((column, at) => column.length - Math.min(short[at].length, most)),
    };
  };

  /** Move `wanted` heights, in order, at least `pitch` apart, with the least weighted squared movement. */
  const spread = (wanted, weights, pitch) => {
    const blocks = [];
    wanted.forEach((height, place) => {
      let block = { sum: weights[place] * (height - place * pitch), weight: weights[place], count: 1 };
      while (blocks.length && blocks.at(-1).sum / blocks.at(-1).weight > block.sum / block.weight) {
        const last = blocks.pop();
        block = { sum: last.sum + block.sum, weight: last.weight + block.weight, count: last.count + block.count };
      }
      blocks.push(block);
    });
    return blocks.flatMap(({ sum, weight, count }) => Array(count).fill(sum / weight)).map((height, place) => height + place * pitch);
  };

  /**
   * Give every visible node its place. The best path is a straight line; the others stand as near to their parents as
   * there is room, and are drawn a little towards that line.
   *
   * `widths` holds the width of every node. Returns `{x, y, columnX, foldY, width, height, top, trunkY}`; y is a
   * node's middle.
   */
  const layout = (tree, { visible, folded, foldable }, { widths, pitch, gap, left, top, foldWidth }) => {
    const { nodes, columns } = tree;
    const x = new Float64Array(nodes.length);
    const y = new Float64Array(nodes.length);
    const columnX = [];
    const foldY = [];
    let right = left;
    let low = -pitch / 2;
    let high = pitch / 2;
    columns.forEach((column, at) => {
      const shown = column.filter((index) => visible[index]);
      const wanted = shown.map((index) => (nodes[index].parent < 0 || tree.trunk.has(index) ? 0 : y[nodes[index].parent] * 0.93));
      const weights = shown.map((index) => (tree.trunk.has(index) ? 1e4 : tree.onBest.has(index) ? 20 : nodes[index].fate === "pruned" ? 1 : 4));
      const heights = spread(wanted, weights, pitch);
      shown.forEach((index, place) => {
        x[index] = right;
        y[index] = heights[place];
      });
      const hasFold = folded[at] > 0 || foldable[at] > 0;
      foldY.push(hasFold ? (heights.at(-1) ?? -pitch) + pitch : null);
      low = Math.min(low, (heights[0] ?? 0) - pitch / 2);
      high = Math.max(high, (foldY[at] ?? heights.at(-1) ?? 0) + pitch / 2);
      columnX.push(right);
      right += Math.max(hasFold ? foldWidth : 0, ...shown.map((index) => widths[index])) + gap;
    });
    const shift = top - low;
    for (let index = 0; index < y.length; index += 1) y[index] += shift;
    return { x, y, columnX, foldY: foldY.map((height) => (height === null ? null : height + shift)), trunkY: shift, top,
      width: right - gap + 14, height: high + shift + 4 };
  };

  return { build, choose, layout };
})();
