"""Constraints on what a search may write: prefixes, of tokens or of text.

A constraint is a small automaton over token ids. The search asks it for the moves from a state, masks everything
else, and follows the tokens that it chose; log-probabilities stay the model's own.
"""

import bisect
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seq2seq_demo.errors import InputError
from seq2seq_demo.search.repetition import RepetitionGuard


class Constraint(Protocol):
    """What one sentence's hypotheses may write; never changed by a search."""

    @property
    def start(self) -> int:
        """The state before the first token."""

    @property
    def fewest_tokens(self) -> int:
        """Tokens after which a hypothesis can be free at the earliest."""

    def moves(self, state: int, /) -> Mapping[int, int | None]:
        """Return the tokens that are allowed in a state, each with the state it leads to; None is free of it all."""


class TokenPrefix:
    """Prescribes the first tokens, as going on from a point of an earlier search does.

    Args:
        token_ids: What every output begins with; not empty.
    """

    start = 0

    def __init__(self, token_ids: Sequence[int]) -> None:
        self._token_ids = tuple(token_ids)
        self.fewest_tokens = len(self._token_ids)

    def moves(self, state: int, /) -> Mapping[int, int | None]:
        """Return the one token of a position."""
        following = state + 1
        return {self._token_ids[state]: following if following < len(self._token_ids) else None}


class Spellings:
    """What each token writes, made ready for prefixes; one serves all prefixes of a vocabulary.

    Args:
        spellings: UTF-8 of each id, a word's beginning marked by a space; None for what a prefix must not use.
    """

    def __init__(self, spellings: Sequence[bytes | None]) -> None:
        self._ids: dict[bytes, list[int]] = {}
        for token, spelling in enumerate(spellings):
            if spelling:
                self._ids.setdefault(spelling, []).append(token)
        self._sorted = sorted(self._ids)
        self._longest = max(map(len, self._sorted), default=0)

    def within(self, text: bytes, start: int) -> Iterator[tuple[int, int]]:
        """Yield each token that `text` goes on with at `start`, and where it stops, before the end of the text."""
        for stop in range(start + 1, min(start + self._longest + 1, len(text))):
            for token in self._ids.get(text[start:stop], ()):
                yield token, stop

    def beyond(self, rest: bytes) -> Iterator[int]:
        """Yield each token whose spelling starts with `rest`."""
        first = bisect.bisect_left(self._sorted, rest)
        last = bisect.bisect_right(self._sorted, rest, key=lambda spelling: spelling[: len(rest)])
        for spelling in self._sorted[first:last]:
            yield from self._ids[spelling]


class TextPrefix:
    """Prescribes the first characters, and leaves their segmentation to the model.

    A token is allowed where it agrees with what remains of the prefix: it starts with the rest, or the rest starts
    with it. So the last word may grow (``The wea`` becomes ``The weather``), unless a space ends it. A token after
    which the prefix could not be completed is not allowed.

    Args:
        spellings: Of the vocabulary.
        prefix: Normalised text, not empty, not beginning with a space.

    Raises:
        InputError: ``prefix_impossible``: no tokens write it.
    """

    start = 0

    def __init__(self, spellings: Spellings, prefix: str) -> None:
        text = b" " + prefix.encode()
        # States are positions in the text; from the last to the first, so that what follows is known.
        self._moves: list[dict[int, int | None]] = [{} for _ in text]
        fewest: list[float] = [math.inf] * len(text) + [0]
        for state in reversed(range(len(text))):
            moves: dict[int, int | None] = dict.fromkeys(spellings.beyond(text[state:]))
            moves.update((token, stop) for token, stop in spellings.within(text, state) if fewest[stop] < math.inf)
            if state == 0:
                # A first word without its mark is the same text.
                moves.update((token, stop) for token, stop in self._moves[1].items() if token not in moves)
            self._moves[state] = moves
            stops = (len(text) if stop is None else stop for stop in moves.values())
            fewest[state] = 1 + min((fewest[stop] for stop in stops), default=math.inf)
        if not self._moves[0]:
            raise _impossible(spellings, text)
        self.fewest_tokens = int(fewest[0])

    def moves(self, state: int, /) -> Mapping[int, int | None]:
        """Return the tokens that agree with the rest."""
        return self._moves[state]


def _impossible(spellings: Spellings, text: bytes) -> InputError:
    """Return the error that names the character where every way to write the text ends."""
    reached = {0, 1}
    for state in range(len(text)):
        if state in reached:
            reached |= {stop for _, stop in spellings.within(text, state)}
    position = len(text[1 : max(reached)].decode(errors="ignore"))
    character = text[1:].decode()[position]
    return InputError(
        "prefix_impossible",
        f"the prefix cannot be written with this model's pieces, from its character {position + 1} ({character!r}) on; "
        "change it.",
        {"field": "prefix", "character": character, "position": position + 1},
    )


class Tracker:
    """Where the hypotheses of a search stand in their sentences' constraints; costs nothing where all are free.

    Args:
        constraints: One for each sentence, None for none; or nothing at all.
        repeat_limits: See `RepetitionGuard`; they do not hold while a constraint of the sentence does.
    """

    def __init__(self, constraints: Sequence[Constraint | None], repeat_limits: Sequence[int] = ()) -> None:
        self._constraints = constraints
        self._repeats = RepetitionGuard(repeat_limits)
        # For each sentence that is not free, the state of each of its live hypotheses.
        self._states: dict[int, list[int | None]] = {
            sentence: [constraint.start] for sentence, constraint in enumerate(constraints) if constraint is not None
        }

    def _moves(self, sentence: int, state: int) -> Mapping[int, int | None]:
        constraint = self._constraints[sentence]
        return {} if constraint is None else constraint.moves(state)

    def apply(self, log_probs: Tensor, sentences: npt.NDArray[np.int64]) -> Tensor:
        """Return the log-probabilities with -inf where a constraint does not allow a token.

        Args:
            log_probs: (active × width, vocabulary); left as they are.
            sentences: (active,), on the host.
        """
        log_probs = self._repeats.apply(log_probs, sentences, exempt=self._states.keys())
        if not self._states:
            return log_probs
        banned = np.zeros((len(sentences), len(log_probs) // len(sentences), log_probs.size(1)), dtype=np.bool_)
        for place, sentence in enumerate(sentences.tolist()):
            for slot, state in enumerate(self._states.get(sentence, ())):
                if state is not None:
                    banned[place, slot] = True
                    banned[place, slot, list(self._moves(sentence, state))] = False
        return log_probs.masked_fill(torch.from_numpy(banned).flatten(0, 1).to(log_probs.device), -math.inf)

    def advance(self, sentences: npt.NDArray[np.int64], tokens: Tensor, parents: Tensor) -> None:
        """Follow what was chosen.

        Args:
            sentences: (active,), on the host.
            tokens: Of the new live hypotheses, (active, new width).
            parents: The old live hypothesis that each continues, (active, new width).
        """
        self._repeats.advance(tokens, parents)
        if not self._states:
            return
        followed = {}
        columns = zip(sentences.tolist(), tokens.tolist(), parents.tolist(), strict=True)
        for sentence, chosen, origins in columns:
            if sentence not in self._states:
                continue
            before = [self._states[sentence][origin] for origin in origins]
            # What is not among the moves has probability 0: that hypothesis is dead.
            states = [
                None if state is None else self._moves(sentence, state).get(token)
                for state, token in zip(before, chosen, strict=True)
            ]
            if any(state is not None for state in states):
                followed[sentence] = states
        self._states = followed
