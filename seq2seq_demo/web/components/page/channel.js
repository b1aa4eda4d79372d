// One kind of long request to the server, and its Stop.

/**
 * A channel that begins requests with the event `begin` and stops them with `halt`, through Gradio's `trigger`.
 *
 * Gradio names a request when the server has taken it: a Stop before that names none, is refused, and the server works on.
 * And a Stop ends whatever the session has running of this kind: a request taken before the Stop arrives ends with it.
 * So each waits until the server has answered the one before. Gradio tells a component nothing of this; the browser's own
 * record of finished requests does.
 */
lab.channel = (() => {
  // What is on its way, and what waits behind it: of all channels together, since the record does not tell whose a request is.
  let last = null;

  const LONGEST = { "/queue/join": 5_000, "/cancel": 1_000 };
  const HALTING = 5_000;
  const SETTLE = 30; // milliseconds between an answer's end, which the record tells, and Gradio's having read it

  /** Trigger an event of Gradio's; wait until the server has answered the request that it makes. */
  const exchange = (trigger, event, data, route) => new Promise((resolve) => {
    const end = (answer) => {
      observer.disconnect();
      clearTimeout(timer);
      setTimeout(() => resolve(answer), SETTLE);
    };
    const observer = new PerformanceObserver((list) => {
      const answer = list.getEntries().find(({ name }) => new URL(name).pathname.endsWith(route));
      if (answer) end(answer);
    });
    const timer = setTimeout(() => end(null), LONGEST[route]);
    observer.observe({ type: "resource" });
    trigger(event, data);
  });

  /** Do it at once where nothing is on its way, else in its turn. */
  const inTurn = (act) => {
    const doing = last ? last.then(act) : act();
    last = doing;
    doing.then(() => { if (last === doing) last = null; });
  };

  return ({ begin, halt, trigger }) => {
    let halted = -Infinity;
    let refused = false; // by the server, as it does where its queue is full

    return {
      begin: (data) => inTurn(async () => {
        refused = false;
        const answer = await exchange(trigger, begin, data, "/queue/join");
        refused = (answer?.responseStatus ?? 0) >= 400;
      }),
      halt: () => inTurn(() => {
        halted = performance.now();
        return exchange(trigger, halt, {}, "/cancel");
      }),
      /** Tell of a failure, unless it may be that of a stopped request: Gradio reports one, maybe when the next has begun. */
      onFailure: (tell) => setTimeout(() => {
        if (refused || performance.now() - halted >= HALTING) tell();
      }, 3 * SETTLE),
    };
  };
})();
