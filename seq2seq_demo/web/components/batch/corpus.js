// Lines to translate, read from what a visitor pasted or from a file; the tab separates a source from its references.

lab.corpus = (() => {
  const MOST_LINES = 10_000;
  const MOST_BYTES = 5_000_000;

  const linesOf = (text) => {
    const lines = text.split(/\r\n|\r|\n/);
    while (lines.length && !lines[lines.length - 1].trim()) lines.pop();
    return lines;
  };

  const problem = (key, fields = {}) => ({ problem: { key, fields } });

  /**
   * Read sources, and references where they stand in a text of their own, line by line.
   *
   * Returns `{lines: [{number, source, references}]}`, or `{problem: {key, fields}}`: why they cannot be read. Numbers are those of
   * the lines in the text; blank lines are left out, unless a reference stands beside them.
   */
  const read = (sources, references) => {
    if (sources.length > MOST_BYTES || references.length > MOST_BYTES) return problem("batch.too_large", { megabytes: MOST_BYTES / 1e6 });
    const left = linesOf(sources);
    const right = linesOf(references);
    if (right.length && right.length !== left.length) {
      return problem("batch.not_parallel", { sources: left.length, references: right.length });
    }
    const lines = left.map((line, index) => {
      const [source, ...columns] = line.split("\t");
      const own = [...columns, right[index] ?? ""].map((text) => text.trim()).filter(Boolean);
      return { number: index + 1, source, references: own };
    }).filter(({ source, references: own }) => source.trim() || own.length);
    if (!lines.length) return problem("batch.nothing");
    if (lines.length > MOST_LINES) return problem("batch.too_many_lines", { lines: lines.length, limit: MOST_LINES });
    return { lines };
  };

  /** Read a file as UTF-8; a promise of `{text, name}` or `{problem}`. */
  const readFile = async (file) => {
    if (file.size > MOST_BYTES) return problem("batch.too_large", { megabytes: MOST_BYTES / 1e6 });
    try {
      return { name: file.name, text: new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()) };
    } catch {
      return problem("batch.not_utf8", { name: file.name });
    }
  };

  return { read, readFile, linesOf };
})();
