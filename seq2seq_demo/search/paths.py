"""Searches in which every row of the batch is a path of its own: greedy decoding and sampling.

They differ in how they choose a row's next token, and in nothing else.
"""

from typing import Generic, Protocol

import numpy as np
import torch
from torch import Tensor

from seq2seq_demo.search.constraint import Tracker
from seq2seq_demo.search.driving import Requests
from seq2seq_demo.search.history import Array, Ends, History, Roster, StepRecord, most_probable
from seq2seq_demo.search.recording import build_trace
from seq2seq_demo.search.step import Hypothesis, SearchOptions, StateT
from seq2seq_demo.search.trace import SearchTrace


class Chooser(Protocol):
    """Chooses how each row goes on."""

    def __call__(self, log_probs: Tensor, rows: Array, /, *, length: int) -> tuple[Tensor, Tensor]:
        """Choose a token for each row.

        Args:
            log_probs: (active, vocabulary), -inf where a constraint does not allow a token; not to be changed.
            rows: Which rows of the search these are, (active,), on the host.
            length: Number of the token, counted from 1.

        Returns:
            log_probs: As the model gave them, (active, candidates); -inf where nothing can be written.
            tokens: (active, candidates); the first is written.
        """


class PathSearch(Generic[StateT]):
    """Continues every row until it ends.

    Args:
        state: One row for each path.
        options: With a maximum length for each row.
        choose: The rows' next tokens.
        check_every: See `Roster`.
    """

    def __init__(
        self,
        state: StateT,
        *,
        options: SearchOptions,
        choose: Chooser,
        check_every: int | None = None,
    ) -> None:
        self._state, self._options, self._choose = state, options, choose
        self._device = state.src_mask.device
        self.roster = Roster(options.max_lengths, device=self._device, check_every=check_every)
        self._history = History(state.src_mask, options=options)
        self._tracker = Tracker(options.constraints, options.repeat_limits)

    @torch.inference_mode()
    def run(self) -> Requests[StateT]:
        """Ask for one step after the other."""
        rows = len(self._options.max_lengths)
        previous = torch.full((rows,), self._options.bos, device=self._device)
        zeros = torch.zeros((rows, 1), dtype=torch.long, device=self._device)
        while self.roster.sentences.size:
            active = self.roster.sentences
            log_probs, self._state, attention = yield previous, self._state
            self._options.check_attention(attention)
            extra = most_probable(log_probs, self._options)
            allowed = self._tracker.apply(log_probs, active)
            values, tokens = self._choose(allowed, active, length=self.roster.step + 1)
            first = zeros[: len(active)]
            self._tracker.advance(active, tokens[:, :1], first)
            record = StepRecord(active, 1, tokens, first.expand_as(tokens), values, first, attention, extra)
            self._history.append(record)
            previous = tokens[:, 0]
            stay = self.roster.update((previous == self._options.eos) | values[:, 0].isneginf())
            if stay is not None and stay.size:
                places = torch.from_numpy(stay).to(self._device)
                previous, self._state = previous.index_select(0, places), self._state.index_select(places)

    @property
    def steps(self) -> Array:
        """Steps that each row has taken, (rows,)."""
        return np.where(self.roster.stops > 0, self.roster.stops, self.roster.step)

    def hypotheses(self) -> list[Hypothesis]:
        """Return what is written so far, for each row."""
        steps = self.steps
        records = self._history.records
        ends = [(records[step - 1], row) for row, step in enumerate(steps.tolist())]
        tokens = np.array([record.tokens[record.rows[row], 0] for record, row in ends])
        log_probs = np.array([record.log_probs[record.rows[row], 0] for record, row in ends])
        # Where no token was possible, the row ends before that step.
        stuck = np.isneginf(log_probs)
        finished = (tokens == self._options.eos) & ~stuck
        rows, only = np.arange(len(steps)), np.zeros(len(steps), dtype=np.int64)
        return self._history.hypotheses(Ends(rows, steps - 1 - stuck, only, finished))

    def trace(self, row: int, hypothesis: Hypothesis) -> SearchTrace:
        """Return what the search of a row saw; call it when the row has ended."""
        return build_trace(
            self._history, row, stop=int(self.steps[row]), live=None, hypotheses=[hypothesis], options=self._options
        )
