"""Greedy decoding: the most probable token at each step."""

from collections.abc import Generator
from dataclasses import replace

from torch import Tensor

from seq2seq_demo.search.history import Array, candidates
from seq2seq_demo.search.paths import PathSearch
from seq2seq_demo.search.step import SearchOptions, SearchResult, StateT, StepFunction

TRACE_CANDIDATES = 5
"""Tokens that a recorded greedy search looks at in each step: the one it writes, and the next best."""


def greedy_search(step: StepFunction[StateT], state: StateT, *, options: SearchOptions) -> list[SearchResult]:
    """Decode a batch of sentences, each with its most probable token at every step.

    Args:
        step: The model.
        state: One row for each sentence.
        options: Beam size and n-best are ignored.

    Returns:
        One result for each sentence, with one hypothesis.

    Raises:
        ConfigurationError: a coverage penalty without attention.
    """
    search = _greedy(step, state, options=options)
    for _ in search.run():
        pass
    return _results(search, options)


def greedy_search_steps(
    step: StepFunction[StateT], state: StateT, *, options: SearchOptions
) -> Generator[list[SearchResult], None, None]:
    """Decode like `greedy_search`, and yield after each step what is written so far; the final results come last.

    No step is taken before it is asked for: closing the generator ends the search.
    """
    search = _greedy(step, state, options=options, check_every=1)
    for _ in search.run():
        if search.roster.sentences.size:
            yield _results(search, options)
    yield _results(search, options)


def _greedy(
    step: StepFunction[StateT], state: StateT, *, options: SearchOptions, check_every: int | None = None
) -> PathSearch[StateT]:
    if options.beam_size != 1 or options.beam_groups != 1:
        options = replace(options, beam_size=1, n_best=1, beam_groups=1)
    looked_at = TRACE_CANDIDATES if options.trace else 1

    def choose(log_probs: Tensor, rows: Array, /, *, length: int) -> tuple[Tensor, Tensor]:
        return candidates(log_probs, looked_at, forbidden=options.forbidden(length))

    return PathSearch(step, state, options=options, choose=choose, check_every=check_every)


def _results(search: PathSearch[StateT], options: SearchOptions) -> list[SearchResult]:
    hypotheses, steps = search.hypotheses(), search.steps.tolist()
    results = [SearchResult([hypothesis], taken) for hypothesis, taken in zip(hypotheses, steps, strict=True)]
    if not options.trace or not search.roster.stops.all():
        return results
    return [replace(result, trace=search.trace(row, result.hypotheses[0])) for row, result in enumerate(results)]
