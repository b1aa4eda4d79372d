"""Greedy decoding: the most probable token at each step."""

from collections.abc import Generator, Iterator
from typing import Generic

import numpy as np
import torch

from seq2seq_demo.search.history import Ends, History, Roster, StepRecord, candidates
from seq2seq_demo.search.step import SearchOptions, SearchResult, StateT, StepFunction


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
    search = _GreedySearch(step, state, options=options)
    for _ in search.run():
        pass
    return search.results()


def greedy_search_steps(
    step: StepFunction[StateT], state: StateT, *, options: SearchOptions
) -> Generator[list[SearchResult], None, None]:
    """Decode like `greedy_search`, and yield after each step what is written so far; the final results come last.

    No step is taken before it is asked for: closing the generator ends the search.
    """
    search = _GreedySearch(step, state, options=options, check_every=1)
    for _ in search.run():
        if search.roster.sentences.size:
            yield search.results()
    yield search.results()


class _GreedySearch(Generic[StateT]):
    def __init__(
        self,
        step: StepFunction[StateT],
        state: StateT,
        *,
        options: SearchOptions,
        check_every: int | None = None,
    ) -> None:
        self._step, self._state, self._options = step, state, options
        self._device = state.src_mask.device
        self.roster = Roster(options.max_lengths, device=self._device, check_every=check_every)
        self._history = History(state.src_mask, options=options)

    @torch.inference_mode()
    def run(self) -> Iterator[None]:
        """Take one step for each item."""
        sentences = len(self._options.max_lengths)
        previous = torch.full((sentences,), self._options.bos, device=self._device)
        zeros = torch.zeros((sentences, 1), dtype=torch.long, device=self._device)
        while self.roster.sentences.size:
            active = self.roster.sentences
            log_probs, self._state, attention = self._step(previous, self._state)
            self._options.check_attention(attention)
            values, tokens = candidates(log_probs, 1, forbidden=self._options.forbidden(self.roster.step + 1))
            only = zeros[: len(active)]
            self._history.append(StepRecord(active, 1, tokens, only, values, only, attention))
            previous = tokens.squeeze(1)
            stay = self.roster.update((previous == self._options.eos) | values.squeeze(1).isneginf())
            if stay is not None and stay.size:
                rows = torch.from_numpy(stay).to(self._device)
                previous, self._state = previous.index_select(0, rows), self._state.index_select(rows)
            yield

    def results(self) -> list[SearchResult]:
        """Return what is written so far, for each sentence."""
        stops = self.roster.stops
        steps = np.where(stops > 0, stops, self.roster.step)
        records = self._history.records
        ends = [(records[step - 1], sentence) for sentence, step in enumerate(steps.tolist())]
        tokens = np.array([record.tokens[record.rows[sentence], 0] for record, sentence in ends])
        log_probs = np.array([record.log_probs[record.rows[sentence], 0] for record, sentence in ends])
        # Where no token was possible, the sentence ends before that step.
        stuck = np.isneginf(log_probs)
        finished = (tokens == self._options.eos) & ~stuck
        sentences, only = np.arange(len(steps)), np.zeros(len(steps), dtype=np.int64)
        found = self._history.hypotheses(Ends(sentences, steps - 1 - stuck, only, finished))
        return [SearchResult([hypothesis], taken) for hypothesis, taken in zip(found, steps.tolist(), strict=True)]
