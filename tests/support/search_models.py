"""Step functions small enough to enumerate, for the tests of the search."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from seq2seq_demo.search import SearchOptions

PAD, BOS, EOS = 0, 2, 3


@dataclass(frozen=True, eq=False)
class ToyState:
    hidden: Tensor  # (rows, size)
    sentence: Tensor  # (rows,)
    src_mask: Tensor  # (rows, src_len)

    def index_select(self, rows: Tensor) -> "ToyState":
        return ToyState(self.hidden[rows], self.sentence[rows], self.src_mask[rows])

    def concatenate(self, others: Sequence["ToyState"]) -> "ToyState":
        parts = zip(*((state.hidden, state.sentence, state.src_mask) for state in (self, *others)), strict=True)
        return ToyState(*map(torch.cat, parts))


class TransitionTable:
    """Log-probabilities that depend on the sentence and the previous token alone; attention too."""

    def __init__(self, log_probs: Tensor, attention: Tensor | None = None) -> None:
        self.log_probs, self.attention = log_probs, attention  # (sentences, V, V), (sentences, V, src_len)
        self.calls = 0

    def state(self) -> ToyState:
        sentences = torch.arange(len(self.log_probs))
        src_len = 1 if self.attention is None else self.attention.size(2)
        mask = torch.ones(len(sentences), src_len, dtype=torch.bool)
        return ToyState(torch.zeros(len(sentences), 1), sentences, mask)

    def step(self, tokens: Tensor, state: ToyState) -> tuple[Tensor, ToyState, Tensor | None]:
        self.calls += 1
        attention = None if self.attention is None else self.attention[state.sentence, tokens]
        return self.log_probs[state.sentence, tokens], state, attention


def random_table(seed: int, *, sentences: int = 1, vocabulary: int = 6, sharpness: float = 2.0) -> TransitionTable:
    generator = torch.Generator().manual_seed(seed)
    logits = sharpness * torch.randn(sentences, vocabulary, vocabulary, generator=generator)
    attention = torch.randn(sentences, vocabulary, 4, generator=generator)
    return TransitionTable(logits.log_softmax(-1), attention.softmax(-1))


class Recurrent:
    """A random recurrent model: everything depends on the whole past, so a wrong parent shows."""

    def __init__(self, seed: int, *, src_lengths: tuple[int, ...], vocabulary: int = 12, size: int = 8) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.embedding, self.output = self._random(vocabulary, size), 2 * self._random(size, vocabulary)
        self.recurrent, self.keys = self._random(size, size), self._random(len(src_lengths), max(src_lengths), size)
        self.start, self.src_lengths = self._random(len(src_lengths), size), torch.tensor(src_lengths)
        self.calls = 0

    def _random(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def state(self, sentences: list[int] | None = None) -> ToyState:
        """State of some sentences, padded only as far as these need."""
        chosen = torch.arange(len(self.src_lengths)) if sentences is None else torch.tensor(sentences)
        lengths = self.src_lengths[chosen]
        mask = torch.arange(int(lengths.max())) < lengths[:, None]
        return ToyState(self.start[chosen], chosen, mask)

    def step(self, tokens: Tensor, state: ToyState) -> tuple[Tensor, ToyState, Tensor]:
        self.calls += 1
        hidden = torch.tanh(state.hidden @ self.recurrent + self.embedding[tokens])
        keys = self.keys[state.sentence, : state.src_mask.size(1)]
        scores = torch.einsum("rsd,rd->rs", keys, hidden).masked_fill(~state.src_mask, -torch.inf)
        log_probs = (hidden @ self.output).log_softmax(-1)
        return log_probs.float(), replace(state, hidden=hidden), scores.softmax(-1).float()


def options(
    sentences: int = 1, *, max_length: int = 8, beam_size: int = 1, n_best: int = 1, **changes
) -> SearchOptions:
    return SearchOptions(
        bos=BOS,
        eos=EOS,
        pad=PAD,
        max_lengths=(max_length,) * sentences,
        beam_size=beam_size,
        n_best=n_best,
        **changes,
    )


def every_output(vocabulary: int, max_length: int) -> list[tuple[int, ...]]:
    """All outputs that end with the end symbol within `max_length` tokens."""
    others = [token for token in range(vocabulary) if token not in (PAD, BOS, EOS)]
    return [(*body, EOS) for length in range(max_length) for body in itertools.product(others, repeat=length)]


def replay(model, state: ToyState, token_ids: tuple[int, ...]) -> tuple[list[float], Tensor]:
    """Feed given tokens to a model of one sentence: their log-probabilities and the attention rows."""
    log_probs, rows, previous = [], [], BOS
    for token in token_ids:
        values, state, attention = model.step(torch.tensor([previous]), state)
        log_probs.append(float(values[0, token]))
        rows.append(attention[0, state.src_mask[0]])
        previous = token
    return log_probs, torch.stack(rows)
