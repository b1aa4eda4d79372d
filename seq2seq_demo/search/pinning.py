"""Attention that a person has chosen: a step function that uses it at chosen steps."""

from collections.abc import Mapping
from typing import Generic, Protocol

from torch import Tensor

from seq2seq_demo.search.step import StateT


class OverridableStep(Protocol[StateT]):
    """A step function that can be told what to attend to."""

    def __call__(
        self, previous_tokens: Tensor, state: StateT, attention_override: Tensor | None = None, /
    ) -> tuple[Tensor, StateT, Tensor | None]:
        """Continue every row by one token; see `StepFunction`.

        Args:
            previous_tokens: (rows,).
            state: A state of as many rows.
            attention_override: Weights to use in place of the computed ones, (rows, src_len); these are then the
                attention weights that it returns.
        """


class PinnedAttention(Generic[StateT]):
    """The step function of a search, or of several in lockstep, in which some target tokens attend to what was chosen.

    All searches take one step for each target token, for all their rows together. So the calls are counted, and what
    starts anew needs an instance of its own.

    Args:
        step: The model.
        pinned: For target tokens, counted from 0, the weights with which every row writes them, (src_len,), on the
            model's device; they hold for all sentences.
    """

    def __init__(self, step: OverridableStep[StateT], pinned: Mapping[int, Tensor]) -> None:
        self._step, self._pinned = step, pinned
        self._calls = 0

    def __call__(self, previous_tokens: Tensor, state: StateT, /) -> tuple[Tensor, StateT, Tensor | None]:
        """See `StepFunction`."""
        row = self._pinned.get(self._calls)
        self._calls += 1
        if row is None:
            return self._step(previous_tokens, state)
        return self._step(previous_tokens, state, row.expand(len(previous_tokens), -1))
