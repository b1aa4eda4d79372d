// Sentences that were decoded, kept in this browser and nowhere else: the newest first.

lab.keep = (() => {
  const MOST = 50;
  const LONGEST_TEXT = 10_000;
  const LONGEST_OUTPUT = 400;
  // Where the browser forbids storage, for as long as the page is open.
  let here = [];

  const isEntry = (entry) => typeof entry?.text === "string" && typeof entry.model === "string"
    && typeof entry.strategy === "string" && typeof entry.options === "object" && entry.options !== null
    && typeof entry.output === "string" && Number.isFinite(entry.time);

  const works = () => {
    lab.store.write("probe", "1");
    return lab.store.read("probe") === "1";
  };

  /** What is kept; anything else that stands under the name is left out. */
  const list = () => {
    if (!works()) return here;
    try {
      const kept = JSON.parse(lab.store.read("history") ?? "[]");
      return Array.isArray(kept) ? kept.filter(isEntry) : [];
    } catch {
      return [];
    }
  };

  const save = (entries) => {
    here = entries;
    lab.store.write("history", JSON.stringify(entries));
  };

  const same = (left, right) => JSON.stringify(left) === JSON.stringify(right);
  const request = ({ text, model, strategy, options, prefix_tokens: tokens = [], pinned = [] }) =>
    [text, model, strategy, options, tokens, pinned];

  return {
    works,
    list,
    isOn: () => lab.store.read("keep") !== "off",
    turn: (on) => lab.store.write("keep", on ? "on" : "off"),
    /** Keep a request and its first output; the same request again moves to the top. */
    add: ({ sent, seed, output }) => {
      if (sent.text.length > LONGEST_TEXT) return;
      const options = seed === null || seed === undefined ? sent.options : { ...sent.options, seed };
      const entry = { ...sent, options, output: output.slice(0, LONGEST_OUTPUT), time: Date.now() };
      save([entry, ...list().filter((old) => !same(request(old), request(entry)))].slice(0, MOST));
    },
    remove: (time) => save(list().filter((entry) => entry.time !== time)),
    clear: () => save([]),
  };
})();
