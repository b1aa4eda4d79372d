// The work of a batch: which turn comes next, what has come back, how long the rest will take. No drawing here.

/**
 * Start a batch over `lines` (see `lab.corpus`) with `strategies`, `[{label, strategy, options}]`. `turns` is the way to the
 * server; `onChange(job)` is called whenever something has happened.
 *
 * Returns the job: `phase` ("decoding", "measuring", "done", "stopped" or "failed"), `rows[strategy][line]` (null until it
 * has come, then what the server says of the line), `figures[strategy]`, `done` and `total`, `elapsed` and `left` in
 * seconds, `waiting` for other visitors' turns, `error`; `stop()`, `resume()` and `measure()`.
 */
lab.batchJob = ({ model, strategies, lines, turns, onChange }) => {
  const TURN_LINES = 200;
  const SILENT = 20_000;
  // A beam of ten costs more than greedy decoding, a long line more than a short one: the time left follows these.
  const cost = (strategy, line) => (strategy.cost + 2) * (line.source.length + 10);
  const total = strategies.reduce((sum, strategy) => sum + lines.reduce((part, line) => part + cost(strategy, line), 0), 0);
  const job = { model, strategies, lines, phase: "decoding", error: null, rows: strategies.map(() => lines.map(() => null)),
    figures: [], measured: [], done: 0, total: strategies.length * lines.length, elapsed: 0, left: null, waiting: true };
  let turn = null, spent = 0, started = null, heard = null, chunk = 0;

  const running = () => job.phase === "decoding" || job.phase === "measuring";

  const end = (phase, error = null) => {
    clearInterval(started);
    Object.assign(job, { phase, error, waiting: false, left: null });
    turn = null;
    onChange(job);
  };

  const begin = (phase) => {
    Object.assign(job, { phase, error: null, waiting: true });
    heard = performance.now();
    let last = heard;
    clearInterval(started);
    started = setInterval(() => {
      const now = performance.now();
      job.elapsed += (now - last) / 1000;
      last = now;
      job.left = spent && phase === "decoding" ? (job.elapsed / spent) * (total - spent) : null;
      onChange(job);
      if (now - heard > SILENT) {
        heard = now;
        const { id } = turn;
        turns.isAlive().then((alive) => !alive && turn?.id === id && end("failed", lab.NO_ANSWER));
      }
    }, 500);
  };

  const take = (values, handle) => {
    turn = { id: lab.newId(), handle };
    turns.onMessage = receive;
    turns.take({ turn: turn.id, model, ...values });
  };

  const receive = (message) => {
    if (!turn || message.turn !== turn.id) return;
    heard = performance.now();
    job.waiting = false;
    if (message.error) end("failed", message.error);
    else turn.handle(message);
  };

  /** The next lines that one strategy still has to decode: all strategies finish a chunk before the next begins. */
  const missing = () => {
    for (; chunk < lines.length; chunk += TURN_LINES) {
      for (const [index, rows] of job.rows.entries()) {
        const wanted = [];
        for (let at = chunk; at < Math.min(chunk + TURN_LINES, lines.length); at += 1) if (!rows[at]) wanted.push(at);
        if (wanted.length) return { index, wanted };
      }
    }
    return null;
  };

  const decode = () => {
    const work = missing();
    if (!work) return measure();
    const { index, wanted } = work;
    const { strategy, options } = strategies[index];
    let came = 0;
    take({ job: "decode", options: { ...options, strategy }, lines: wanted.map((at) => lines[at].source) }, ({ rows, done }) => {
      for (const row of rows) {
        const at = wanted[row.index];
        if (job.rows[index][at]) continue;
        job.rows[index][at] = row;
        job.done += 1;
        came += 1;
        spent += cost(strategies[index], lines[at]);
      }
      onChange(job);
      // A turn that gave nothing would be asked for for ever.
      if (done && !came) end("failed", lab.NO_ANSWER);
      else if (done) decode();
    });
  };

  /** Lines that can be measured: with a reference, and with an output of every strategy. */
  const measurable = () => lines.map((_, at) => at)
    .filter((at) => lines[at].references.length && job.rows.every((rows) => rows[at] && !rows[at].error));

  const measure = () => {
    const chosen = measurable();
    const after = job.done === job.total ? "done" : "stopped";
    Object.assign(job, { figures: [], measured: chosen });
    if (!chosen.length) return end(after);
    begin("measuring");
    const one = (index) => {
      if (index === strategies.length) return end(after);
      const rows = chosen.map((at) => job.rows[index][at]);
      take({ job: "measure", outputs: rows.map(({ text }) => text), references: chosen.map((at) => lines[at].references),
        source_tokens: rows.map((row) => row.source_tokens) }, ({ figures }) => {
        job.figures[index] = figures;
        onChange(job);
        one(index + 1);
      });
    };
    one(0);
  };

  const resume = () => {
    begin("decoding");
    decode();
  };

  Object.assign(job, {
    running,
    measurable: () => measurable().length,
    measure,
    resume,
    stop: () => {
      turns.halt();
      end("stopped");
    },
    fail: () => turns.onFailure(() => running() && end("failed", lab.NO_ANSWER)),
  });
  resume();
  return job;
};
