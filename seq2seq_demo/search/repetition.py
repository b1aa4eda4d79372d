"""A limit on how often an output may write the same three tokens in a row.

A recurrent decoder that has lost its way falls into a loop: it writes a few tokens, finds itself in nearly the state
that it was in before, and writes them again, up to the maximum length. Here a token that would write a 3-gram once too
often gets no probability at all, in every search alike; log-probabilities of the others stay the model's own. An output
may repeat a 3-gram as often as its source repeats one ("no, no, no, no", or a number with many zeros), so that a
faithful copy is never forbidden.

References:
    Paulus et al. 2018, https://arxiv.org/abs/1705.04304, section 2.5 (no 3-gram twice, in summaries)
    Holtzman et al. 2020, https://arxiv.org/abs/1904.09751, section 4.3 (how loops feed themselves)
"""

import math
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

NGRAM: Final = 3
"""Tokens in a row that count as a repetition: two recur in any long sentence ("，我"), four let short loops pass."""
_NO_LIMIT: Final = 2**30


def most_repeats(tokens: Sequence[int]) -> int:
    """Return how often the most frequent 3-gram occurs, overlapping ones counted; 0 where there is none.

    >>> most_repeats([7, 7, 7, 7]), most_repeats([1, 2, 3, 1, 2, 3]), most_repeats([1, 2])
    (2, 2, 0)
    """
    grams = Counter(zip(*(tokens[first:] for first in range(NGRAM)), strict=False))
    return max(grams.values(), default=0)


class RepetitionGuard:
    """What the live hypotheses of a search have written, and what they may therefore not write next.

    Everything stays on the search's device, and nothing waits for it.

    Args:
        limits: For each sentence, the most times that an output may write a 3-gram, 0 for no limit; or nothing at all.
    """

    def __init__(self, limits: Sequence[int]) -> None:
        self._limits = np.array([limit or _NO_LIMIT for limit in limits], dtype=np.int64)
        self._on = bool((self._limits < _NO_LIMIT).any())
        self._sentences: npt.NDArray[np.int64] = np.arange(len(limits))
        self._written: Tensor | None = None  # (active, width, tokens so far)

    def apply(self, log_probs: Tensor, sentences: npt.NDArray[np.int64], *, exempt: Collection[int]) -> Tensor:
        """Return the log-probabilities with -inf where a token would write a 3-gram once too often.

        Args:
            log_probs: (active × width, vocabulary); left as they are.
            sentences: (active,), on the host.
            exempt: Sentences whose next tokens are prescribed.
        """
        if not self._on or self._written is None:
            return log_probs
        if len(sentences) < len(self._sentences):
            places = torch.from_numpy(np.searchsorted(self._sentences, sentences)).to(self._written.device)
            self._written, self._sentences = self._written.index_select(0, places), sentences
        written = self._written.flatten(0, 1)  # (active × width, tokens)
        limits = self._limits[sentences]
        if exempt:
            limits = np.where(np.isin(sentences, list(exempt)), _NO_LIMIT, limits)
        if written.size(1) < NGRAM - 1 + limits.min():
            return log_probs
        starts = written.size(1) - NGRAM + 1
        # Where the last two tokens stood before, and what followed them there.
        match = torch.ones_like(written[:, :starts], dtype=torch.bool)
        for place in range(NGRAM - 1):
            match &= written[:, place : place + starts] == written[:, place + starts].unsqueeze(1)
        wide = self._written.size(1)
        most = torch.from_numpy(limits.repeat(wide)).to(written.device).unsqueeze(1)
        if written.device.type == "cpu" and not (match.sum(dim=1, keepdim=True) >= most).any():
            # An accelerator is not asked: it would have to be waited for.
            return log_probs
        counts = torch.zeros_like(log_probs).scatter_add_(1, written[:, NGRAM - 1 :], match.to(log_probs.dtype))
        return log_probs.masked_fill(counts >= most, -math.inf)

    def advance(self, tokens: Tensor, parents: Tensor) -> None:
        """Follow what was chosen.

        Args:
            tokens: Of the new live hypotheses, (active, new width).
            parents: The old live hypothesis that each continues, (active, new width).
        """
        if not self._on:
            return
        if self._written is None:
            self._written = tokens.unsqueeze(2)
            return
        origins = parents.unsqueeze(2).expand(-1, -1, self._written.size(2))
        self._written = torch.cat([self._written.gather(1, origins), tokens.unsqueeze(2)], dim=2)
