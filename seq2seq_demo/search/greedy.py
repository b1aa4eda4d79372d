"""Greedy decoding: the most probable token at each step."""

from collections.abc import Generator
from dataclasses import replace
from typing import Generic

from torch import Tensor

from seq2seq_demo.search.driving import Requests, decode, decode_steps
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
    return decode(GreedySearch(state, options=options), step)


def greedy_search_steps(
    step: StepFunction[StateT], state: StateT, *, options: SearchOptions
) -> Generator[list[SearchResult], None, None]:
    """Decode like `greedy_search`, and yield after each step what is written so far; the final results come last.

    No step is taken before it is asked for: closing the generator ends the search.
    """
    return decode_steps(GreedySearch(state, options=options, check_every=1), step)


class GreedySearch(Generic[StateT]):
    """One search, see `greedy_search`.

    Args:
        state: One row for each sentence.
        options: Beam size and n-best are ignored.
        check_every: See `Roster`.
    """

    def __init__(self, state: StateT, *, options: SearchOptions, check_every: int | None = None) -> None:
        if options.beam_size != 1 or options.beam_groups != 1:
            options = replace(options, beam_size=1, n_best=1, beam_groups=1)
        self._options = options
        self._paths = PathSearch(state, options=options, choose=self._choose, check_every=check_every)

    def _choose(self, log_probs: Tensor, rows: Array, /, *, length: int) -> tuple[Tensor, Tensor]:
        looked_at = TRACE_CANDIDATES if self._options.trace else 1
        return candidates(log_probs, looked_at, forbidden=self._options.forbidden(length))

    def run(self) -> Requests[StateT]:
        """Ask for one step after the other."""
        return self._paths.run()

    def results(self) -> list[SearchResult]:
        """Return one result for each sentence, as far as it has come."""
        hypotheses, steps = self._paths.hypotheses(), self._paths.steps.tolist()
        results = [SearchResult([hypothesis], taken) for hypothesis, taken in zip(hypotheses, steps, strict=True)]
        if not self._options.trace or not self._paths.roster.stops.all():
            return results
        return [
            replace(result, trace=self._paths.trace(row, result.hypotheses[0])) for row, result in enumerate(results)
        ]
