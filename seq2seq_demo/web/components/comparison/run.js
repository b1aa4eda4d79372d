// One comparison on its way: what came of it last, and its Stop. No drawing here.

/**
 * Decode the shown line with several strategies. `way` is the page's way to the server, `values` are `{strategies, options}`.
 *
 * Returns `{strategies, answer, last, stop(), onStep}`. `answer` is a promise of the last message, of `{error}`, or of
 * `{stopped: true}`; while it takes long, `onStep({texts, steps})`, which the view sets, is called with each message, and `last` is that.
 * `way.stop` stops it too, for a page that goes on to another sentence.
 */
lab.comparisonRun = ({ way, values }) => {
  const SILENT = 4_000;
  const id = lab.newId();
  let [settle, heard, ended] = [null, performance.now(), false];
  const run = { strategies: values.strategies, last: null, onStep: () => {}, answer: new Promise((resolve) => { settle = resolve; }) };

  const end = (answer) => {
    if (ended) return;
    ended = true;
    clearInterval(listening);
    window.removeEventListener("s2s-comparison-failed", onFailed);
    settle(answer);
  };
  const onFailed = () => way.onFailure(() => end({ error: lab.NO_ANSWER }));
  // Nothing has come for a while: a server that is busy answers a small question, one that is gone does not.
  const isSilent = () => performance.now() - heard > SILENT;
  const listening = setInterval(() => {
    if (isSilent()) way.isAlive().then((alive) => !alive && isSilent() && giveUp({ error: lab.NO_ANSWER }));
  }, SILENT);

  /** Have no more of it. */
  const giveUp = (answer) => {
    if (ended) return;
    way.halt();
    end(answer);
  };
  run.stop = () => giveUp({ stopped: true });
  way.stop = run.stop;
  window.addEventListener("s2s-comparison-failed", onFailed);
  way.onMessage = (message) => {
    if (message.request !== id || ended) return;
    heard = performance.now();
    if (message.done) end(message);
    else {
      run.last = message;
      run.onStep(message);
    }
  };
  way.begin({ request: id, ...values });
  return run;
};
