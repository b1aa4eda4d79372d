"""Changes of a ranking against rankings on a fine grid."""

import itertools
import random

import pytest

from seq2seq_demo.search import Rankable, rerank
from seq2seq_demo.search.changes import changes_along_alpha, changes_along_beta


def some_hypotheses(seed: int, *, count: int = 7) -> list[Rankable]:
    """Scores as a beam gives them; every fourth hypothesis was cut."""
    draw = random.Random(seed)
    return [
        Rankable(-draw.uniform(2, 9), draw.randint(3, 20), coverage=-draw.uniform(0, 4), finished=index % 4 != 3)
        for index in range(count)
    ]


def replay(ranking: list[int], change) -> list[int]:
    """Exchange two neighbours, which must stand where the change says."""
    at = change.place - 1
    assert ranking[at : at + 2] == [change.falls, change.rises]
    return [*ranking[:at], change.rises, change.falls, *ranking[at + 2 :]]


@pytest.mark.parametrize("beta", [0.0, 0.3, 2.0])
@pytest.mark.parametrize("seed", range(8))
def test_changes_along_alpha_turn_the_first_ranking_into_each_later_one(seed, beta):
    hypotheses = some_hypotheses(seed)
    changes = changes_along_alpha(hypotheses, beta=beta)
    ranking = rerank(hypotheses, alpha=0.0, beta=beta)
    for change, following in itertools.zip_longest(changes, changes[1:]):
        ranking = replay(ranking, change)
        middle = (change.at + (following.at if following else 5.0)) / 2
        assert ranking == rerank(hypotheses, alpha=middle, beta=beta)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(8))
def test_changes_along_beta_turn_the_first_ranking_into_each_later_one(seed, alpha):
    hypotheses = some_hypotheses(seed)
    changes = changes_along_beta(hypotheses, alpha=alpha)
    ranking = rerank(hypotheses, alpha=alpha, beta=0.0)
    for change, following in itertools.zip_longest(changes, changes[1:]):
        ranking = replay(ranking, change)
        middle = (change.at + (following.at if following else 5.0)) / 2
        assert ranking == rerank(hypotheses, alpha=alpha, beta=middle)


def test_changes_beyond_the_end_are_left_out():
    hypotheses = some_hypotheses(1)
    assert [change for change in changes_along_alpha(hypotheses) if change.at < 1] == changes_along_alpha(
        hypotheses, high=1.0
    )
    assert all(change.at < 0.5 for change in changes_along_beta(hypotheses, alpha=1.0, high=0.5))


def test_equal_hypotheses_never_change_places():
    twins = [Rankable(-3.0, 5, coverage=-1.0)] * 2
    assert changes_along_alpha(twins, beta=1.0) == changes_along_beta(twins, alpha=1.0) == []
