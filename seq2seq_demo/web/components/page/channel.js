// One kind of long request to the server, and its Stop.

/**
 * A channel that begins requests with the event `begin` and stops them with `halt`, through Gradio's `trigger`.
 *
 * Gradio names a request when the server has taken it: a Stop before that names none, is refused, and the server works on.
 * And a Stop ends whatever the session has running of this kind: a request taken before the Stop arrives ends with it.
 * So each waits until the server has answered the one before. Gradio tells a component nothing of this; the browser's own
 * record of finished requests does.
 */
lab.channel = ({ begin, halt, trigger }) => {
  const LONGEST = { "/queue/join": 5_000, "/cancel": 1_000 };
  const HALTING = 5_000;
  const SETTLE = 30; // milliseconds between an answer's end, which the record tells, and Gradio's having read it
  let halted = -Infinity;
  let last = null; // what is on its way, and what waits behind it

  /** Trigger an event of Gradio's; wait until the server has answered the request that it makes. */
  const exchange = (event, data, route) => new Promise((resolve) => {
    const end = () => {
      observer.disconnect();
      clearTimeout(timer);
      setTimeout(resolve, SETTLE);
    };
    const observer = new PerformanceObserver((list) => list.getEntries().some(({ name }) => new URL(name).pathname.endsWith(route)) && end());
    const timer = setTimeout(end, LONGEST[route]);
    observer.observe({ type: "resource" });
    trigger(event, data);
  });

  /** Do it at once where nothing is on its way, else in its turn. */
  const inTurn = (act) => {
    const doing = last ? last.then(act) : act();
    last = doing;
    doing.then(() => { if (last === doing) last = null; });
  };

  return {
    begin: (data) => inTurn(() => exchange(begin, data, "/queue/join")),
    halt: () => inTurn(() => {
      halted = performance.now();
      return exchange(halt, {}, "/cancel");
    }),
    /** Whether a failure may be that of a request that was stopped: Gradio reports one, maybe when the next has begun. */
    wasHalted: () => performance.now() - halted < HALTING,
  };
};
