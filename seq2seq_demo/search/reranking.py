"""Ranking found hypotheses again under other penalties, and where two of them change places.

A score is ``log P / lp^α + β c`` with ``lp = (5 + |Y|) / 6`` and c the coverage penalty (Wu et al. 2016, eq. 14; see
`scoring`), so that a list can be ranked for any α and β without a new search.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import torch

from seq2seq_demo.search.scoring import coverage_penalty, length_penalty


@dataclass(frozen=True)
class Rankable:
    """What a hypothesis' score depends on."""

    log_prob: float
    """Raw sum, in nats."""
    length: int
    """Tokens, the end symbol included."""
    coverage: float = 0.0
    """`scoring.coverage_penalty` of its attention, without β; 0 without attention."""
    finished: bool = True

    @classmethod
    def from_attention(
        cls,
        log_prob: float,
        attention: npt.NDArray[np.float32] | torch.Tensor | None,
        *,
        length: int,
        finished: bool = True,
    ) -> Self:
        """Build from a hypothesis' heatmap over its sentence's real tokens, (length, src_len)."""
        coverage = 0.0
        if attention is not None:
            received = torch.as_tensor(attention).double().sum(dim=0)
            coverage = float(coverage_penalty(received, torch.ones_like(received, dtype=torch.bool)))
        return cls(log_prob, length, coverage, finished)

    def score(self, *, alpha: float, beta: float) -> float:
        """Return what a search with these penalties would give it."""
        return self.log_prob / length_penalty(self.length, alpha) + beta * self.coverage


def rerank(hypotheses: Sequence[Rankable], *, alpha: float, beta: float) -> list[int]:
    """Return the hypotheses' indices, best first: finished ones by score, then the cut ones by score."""

    def key(index: int) -> tuple[bool, float]:
        hypothesis = hypotheses[index]
        return not hypothesis.finished, -hypothesis.score(alpha=alpha, beta=beta)

    return sorted(range(len(hypotheses)), key=key)


def alphas_of_change(
    one: Rankable, other: Rankable, *, beta: float = 0.0, low: float = 0.0, high: float = 5.0
) -> tuple[float, ...]:
    """Return each α strictly between `low` and `high` at which the two change places, in order; at most two.

    With β = 0 the scores are equal where ``(lp1 / lp2)^α = log P1 / log P2``. Otherwise the difference of the scores,
    ``log P1 lp1^-α - log P2 lp2^-α + β (c1 - c2)``, has at most one turning point, and each side of it is bisected.

    >>> alphas_of_change(Rankable(-4.0, 7), Rankable(-2.0, 1), low=0, high=5)
    (1.0,)
    """
    if one.finished != other.finished:
        return ()
    if beta == 0:
        alpha = _equal_alpha(one, other)
        return (alpha,) if alpha is not None and low < alpha < high else ()
    bounds = [low, *(turn for turn in _turning_points(one, other) if low < turn < high), high]
    found = []
    for start, stop in zip(bounds, bounds[1:], strict=False):
        first, last = (_difference(one, other, alpha=alpha, beta=beta) for alpha in (start, stop))
        if first * last < 0:
            found.append(_bisect(one, other, beta=beta, low=start, high=stop))
    return tuple(found)


def beta_of_change(one: Rankable, other: Rankable, *, alpha: float) -> float | None:
    """Return the β, at least 0, above which the two have changed places; None where there is none."""
    slope = one.coverage - other.coverage
    if one.finished != other.finished or slope == 0:
        return None
    beta = -_difference(one, other, alpha=alpha, beta=0.0) / slope
    return beta if beta > 0 else None


def _difference(one: Rankable, other: Rankable, *, alpha: float, beta: float) -> float:
    return one.score(alpha=alpha, beta=beta) - other.score(alpha=alpha, beta=beta)


def _equal_alpha(one: Rankable, other: Rankable) -> float | None:
    """Return the α at which scores without coverage are equal; None where there is none, or where all are."""
    if one.length == other.length or one.log_prob * other.log_prob <= 0:
        return None
    lengths = length_penalty(one.length, 1.0) / length_penalty(other.length, 1.0)
    return math.log(one.log_prob / other.log_prob) / math.log(lengths)


def _turning_points(one: Rankable, other: Rankable) -> tuple[float, ...]:
    """Return where the difference of the scores, as a function of α, has derivative 0."""
    bases = [length_penalty(hypothesis.length, 1.0) for hypothesis in (one, other)]
    # The derivative of L b^-α is -L ln(b) b^-α.
    weights = [one.log_prob * math.log(bases[0]), other.log_prob * math.log(bases[1])]
    if bases[0] == bases[1] or weights[0] * weights[1] <= 0:
        return ()
    return (math.log(weights[0] / weights[1]) / math.log(bases[0] / bases[1]),)


def _bisect(one: Rankable, other: Rankable, *, beta: float, low: float, high: float) -> float:
    """Find the one change of sign between two bounds, to the last digits of a float."""
    positive = _difference(one, other, alpha=low, beta=beta) > 0
    for _ in range(60):
        middle = (low + high) / 2
        if (_difference(one, other, alpha=middle, beta=beta) > 0) == positive:
            low = middle
        else:
            high = middle
    return (low + high) / 2
