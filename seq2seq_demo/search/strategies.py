"""Searches by the name of their strategy, as `DecodingConfig` has it."""

from seq2seq_demo.config import Strategy
from seq2seq_demo.search.beam import BeamSearch
from seq2seq_demo.search.driving import Search
from seq2seq_demo.search.greedy import GreedySearch
from seq2seq_demo.search.sampling import Sampling
from seq2seq_demo.search.step import SearchOptions, StateT


def begin_search(
    strategy: Strategy, state: StateT, *, options: SearchOptions, check_every: int | None = None
) -> Search[StateT]:
    """Begin a search; `decode`, `decode_steps` or `Lockstep` takes it to its end.

    Args:
        strategy: How tokens are chosen; with groups in its options a beam is diverse.
        state: One row for each sentence.
        options: See the strategy's own search.
        check_every: See `Roster`; 1 where results are looked at after each step.
    """
    if strategy == "greedy":
        return GreedySearch(state, options=options, check_every=check_every)
    if strategy == "sample":
        return Sampling(state, options=options, check_every=check_every)
    return BeamSearch(state, options=options, check_every=check_every)
