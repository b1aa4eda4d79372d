"""Where the ranking of found hypotheses changes, as one penalty grows and the other stays."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from seq2seq_demo.search.reranking import Rankable, alphas_of_change, beta_of_change

MAX_PENALTY = 5.0
"""Largest α and β that a search takes."""


@dataclass(frozen=True)
class Change:
    """Two neighbours of a ranking change places."""

    at: float
    """Value of the penalty that grows."""
    rises: int
    """Index of the hypothesis that stands before the other above `at`."""
    falls: int
    """Index of the hypothesis that stood before it below `at`."""
    place: int
    """The better one of the two places, counted from 1."""


def changes_along_alpha(
    hypotheses: Sequence[Rankable], *, beta: float = 0.0, high: float = MAX_PENALTY
) -> list[Change]:
    """Return every change of the ranking as α grows from 0 to `high`, in the order of α.

    Args:
        hypotheses: In any order; finished ones stand before the cut ones whatever α is.
        beta: Coverage penalty, at least 0.
        high: Largest α, not itself looked at.

    >>> changes_along_alpha([Rankable(-2.0, 1), Rankable(-4.0, 7)], high=2.0)
    [Change(at=1.0, rises=1, falls=0, place=1)]
    """
    changes = []
    for one, other in itertools.combinations(range(len(hypotheses)), 2):
        pair = hypotheses[one], hypotheses[other]
        alphas = alphas_of_change(*pair, beta=beta, high=high)
        for alpha, following in zip(alphas, (*alphas[1:], high), strict=False):
            # Between two of its changes a pair keeps its order: the middle tells which one has risen.
            middle = (alpha + following) / 2
            first, second = (hypothesis.score(alpha=middle, beta=beta) for hypothesis in pair)
            rises, falls = (one, other) if first > second else (other, one)
            changes.append(Change(alpha, rises, falls, _place(hypotheses, rises, falls, alpha=alpha, beta=beta)))
    return sorted(changes, key=lambda change: change.at)


def changes_along_beta(hypotheses: Sequence[Rankable], *, alpha: float, high: float = MAX_PENALTY) -> list[Change]:
    """Return every change of the ranking as β grows from 0 to `high`, in the order of β; see `changes_along_alpha`.

    >>> changes_along_beta([Rankable(-1.0, 1, coverage=-4.0), Rankable(-2.0, 1, coverage=-2.0)], alpha=0.0)
    [Change(at=0.5, rises=1, falls=0, place=1)]
    """
    changes = []
    for one, other in itertools.combinations(range(len(hypotheses)), 2):
        beta = beta_of_change(hypotheses[one], hypotheses[other], alpha=alpha)
        if beta is None or beta >= high:
            continue
        # Scores are straight lines in β: the one with the better coverage rises.
        better = hypotheses[one].coverage > hypotheses[other].coverage
        rises, falls = (one, other) if better else (other, one)
        changes.append(Change(beta, rises, falls, _place(hypotheses, rises, falls, alpha=alpha, beta=beta)))
    return sorted(changes, key=lambda change: change.at)


def _place(hypotheses: Sequence[Rankable], one: int, other: int, *, alpha: float, beta: float) -> int:
    """Return the place that two hypotheses of one score contend for: 1 + how many stand before both."""
    pair = [hypotheses[index] for index in (one, other)]
    # The two scores differ by rounding only, and so may a third that meets them there.
    score = max(hypothesis.score(alpha=alpha, beta=beta) for hypothesis in pair) + 1e-12
    before = [
        hypothesis
        for index, hypothesis in enumerate(hypotheses)
        if index not in (one, other)
        and (
            hypothesis.finished > pair[0].finished
            or (hypothesis.finished == pair[0].finished and hypothesis.score(alpha=alpha, beta=beta) > score)
        )
    ]
    return 1 + len(before)
