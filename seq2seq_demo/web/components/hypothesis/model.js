// What is shown of one hypothesis: its tokens, or its words, with the weights between them. No drawing here.

lab.SPACE = "▁";

/** What a run of a pair is called above its output. */
lab.runTitle = (run, t) => (run.strategy === "beam" ? t("compare.beam_title", { size: run.options.beam_size }) : t(`strategy.${run.strategy}`));

/** How a piece is written for people: no ▁, and a hyphen before a piece that continues a word (a byte needs none). */
lab.pieceLabels = (pieces, words) => {
  const labels = pieces.map((piece) => piece.replaceAll(lab.SPACE, "") || "␣");
  for (const [, start, stop] of words) {
    for (let i = start + 1; i < stop; i += 1) if (pieces[i - 1] !== lab.SPACE && !pieces[i].startsWith("<0x")) labels[i] = `-${labels[i]}`;
  }
  return labels;
};

/**
 * Merge weights of pieces into weights of words: the sum over a source word's pieces, so that rows still sum to 1,
 * and the mean over a target word's pieces.
 */
lab.mergeWords = (weights, sourceWords, targetWords) =>
  targetWords.map(([, top, bottom]) =>
    sourceWords.map(([, left, right]) => {
      let sum = 0;
      for (let row = top; row < bottom; row += 1)
        for (let column = left; column < right; column += 1) sum += weights[row][column];
      return sum / (bottom - top);
    }));

/** The rows, columns and weights to draw for a hypothesis of a run; `merged` shows words and not pieces. */
lab.viewOf = (run, hypothesis, merged) => {
  const row = (label, start, stop) => {
    const sum = (values) => values.reduce((total, value) => total + value, 0);
    const { token_log_probs: values } = hypothesis;
    const logProb = sum(values.slice(start, stop));
    return { label, logProb, probability: Math.exp(logProb), soFar: sum(values.slice(0, stop)), start, stop };
  };
  if (merged) {
    return {
      rows: hypothesis.words.map(([text, start, stop]) => row(text || "␣", start, stop)),
      columns: run.source_words.map(([text, start, stop]) => ({ label: text || "␣", start, stop })),
      weights: hypothesis.attention && lab.mergeWords(hypothesis.attention, run.source_words, hypothesis.words),
      merged,
    };
  }
  const targets = lab.pieceLabels(hypothesis.tokens, hypothesis.words);
  const sources = lab.pieceLabels(run.source_tokens, run.source_words);
  return {
    rows: targets.map((label, i) => row(label, i, i + 1)),
    columns: sources.map((label, i) => ({ label, start: i, stop: i + 1 })),
    weights: hypothesis.attention,
    merged,
  };
};

/**
 * For each item of `left`, whether it has no partner in `right` (longest common subsequence). Of several such sequences the
 * same one is taken whichever side asks: what one side marks, the other must not have as a partner.
 */
lab.unmatched = (left, right) => {
  const turned = JSON.stringify(left) > JSON.stringify(right);
  return lab.unmatchedPair(...(turned ? [right, left] : [left, right]))[turned ? 1 : 0];
};

/** Flags of the items of both lists that are outside their longest common subsequence. */
lab.unmatchedPair = (left, right) => {
  const length = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1));
  for (let i = left.length - 1; i >= 0; i -= 1)
    for (let j = right.length - 1; j >= 0; j -= 1)
      length[i][j] = left[i] === right[j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
  const found = [left.map(() => true), right.map(() => true)];
  for (let i = 0, j = 0; i < left.length && j < right.length;) {
    if (left[i] === right[j]) {
      found[0][i] = false;
      found[1][j] = false;
      i += 1;
      j += 1;
    } else if (length[i + 1][j] >= length[i][j + 1]) i += 1;
    else j += 1;
  }
  return found;
};

/**
 * For each character of a hypothesis' text, whether the row that it belongs to is flagged; null where the text is not
 * what the pieces spell one after the other.
 */
lab.textMarks = (hypothesis, rows, flags) => {
  const row = new Map(rows.flatMap(({ start, stop }, index) => Array.from({ length: stop - start }, (_, at) => [start + at, index])));
  const marks = hypothesis.tokens.flatMap((piece, token) => (piece === "</s>" ? []
    : Array.from(piece.replaceAll(lab.SPACE, " "), (character) => ({ character, marked: character !== " " && flags[row.get(token)] }))));
  const spelt = marks.map(({ character }) => character).join("");
  const skipped = Array.from(spelt).length - Array.from(spelt.trimStart()).length;
  return spelt.trim() === hypothesis.text ? marks.slice(skipped, skipped + Array.from(hypothesis.text).length).map(({ marked }) => marked) : null;
};

/** Position from which two lists differ, or null where they are the same. */
lab.partingPoint = (left, right) => {
  const stop = Math.max(left.length, right.length);
  for (let i = 0; i < stop; i += 1) if (left[i] !== right[i]) return i;
  return null;
};
