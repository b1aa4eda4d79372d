// One comparison on its way: what has come of it so far, and its Stop. No drawing here.

/**
 * Decode the shown line with several strategies. `way` is the page's way to the server, `values` are `{strategies, options}`.
 *
 * Returns `{strategies, answer, stop(), onStep}`. `answer` is a promise of the last message, of `{error}`, or of `{stopped: true}`;
 * `onStep({texts, steps})`, which the view sets, is called now and then while it takes long.
 */
lab.comparisonRun = ({ way, values }) => {
  const SILENT = 4_000;
  const id = lab.newId();
  let [settle, heard, ended] = [null, performance.now(), false];
  const run = { strategies: values.strategies, onStep: () => {}, answer: new Promise((resolve) => { settle = resolve; }) };

  const end = (answer) => {
    if (ended) return;
    ended = true;
    clearInterval(listening);
    window.removeEventListener("s2s-comparison-failed", onFailed);
    settle(answer);
  };
  const onFailed = () => way.onFailure(() => end({ error: lab.NO_ANSWER }));
  // Nothing has come for a while: a server that is busy answers a small question, one that is gone does not.
  const listening = setInterval(() => {
    if (performance.now() - heard > SILENT) way.isAlive().then((alive) => !alive && end({ error: lab.NO_ANSWER }));
  }, SILENT);

  run.stop = () => {
    if (ended) return;
    way.halt();
    end({ stopped: true });
  };
  window.addEventListener("s2s-comparison-failed", onFailed);
  way.onMessage = (message) => {
    if (message.request !== id || ended) return;
    heard = performance.now();
    if (message.done) end(message);
    else run.onStep(message);
  };
  way.begin({ request: id, ...values });
  return run;
};
