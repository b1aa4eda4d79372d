"""Ranking again against searching again, and the places where hypotheses change."""

import itertools

import pytest

from seq2seq_demo.search import Rankable, alphas_of_change, beam_search, beta_of_change, rerank
from tests.support.search_models import options, random_table

PENALTIES = [(0.0, 0.0), (0.5, 0.0), (1.0, 0.3), (3.0, 0.0), (2.0, 1.5)]


def rankable(hypothesis) -> Rankable:
    length = len(hypothesis.token_ids)
    return Rankable.from_attention(
        hypothesis.log_prob, hypothesis.attention, length=length, finished=hypothesis.finished
    )


def complete_search(seed, *, alpha, beta):
    """A search so wide that it finds every output, whatever the penalties."""
    table = random_table(seed, vocabulary=5)
    chosen = options(max_length=4, beam_size=60, n_best=60, length_penalty=alpha, coverage_penalty=beta)
    (result,) = beam_search(table.step, table.state(), options=chosen)
    return result.hypotheses


@pytest.mark.parametrize(("alpha", "beta"), PENALTIES)
@pytest.mark.parametrize("seed", range(3))
def test_ranking_again_equals_a_new_searchs_ranking(seed, alpha, beta):
    first = complete_search(seed, alpha=1.0, beta=0.0)
    again = complete_search(seed, alpha=alpha, beta=beta)
    order = rerank([rankable(hypothesis) for hypothesis in first], alpha=alpha, beta=beta)
    # Reordered outputs of a transition table can tie.
    scores = [rankable(first[index]).score(alpha=alpha, beta=beta) for index in order]
    assert scores == pytest.approx([hypothesis.score for hypothesis in again])
    assert {first[index].token_ids for index in order} == {hypothesis.token_ids for hypothesis in again}
    assert first[order[0]].token_ids == again[0].token_ids
    assert [first[index].finished for index in order] == [hypothesis.finished for hypothesis in again]


@pytest.mark.parametrize("beta", [0.0, 0.4, 2.0])
@pytest.mark.parametrize("seed", range(3))
def test_two_hypotheses_change_places_exactly_at_the_alphas_found(seed, beta):
    found = [rankable(hypothesis) for hypothesis in complete_search(seed, alpha=1.0, beta=0.0)[:8]]
    for one, other in itertools.combinations(found, 2):
        changes = alphas_of_change(one, other, beta=beta)
        grid = [step / 100 for step in range(501)]
        order = [one.score(alpha=a, beta=beta) > other.score(alpha=a, beta=beta) for a in grid]
        seen = [a for a, b, c in zip(grid, order, order[1:], strict=False) if b != c]
        close = abs(one.log_prob - other.log_prob) < 1e-4 and one.length == other.length
        if not close:
            assert changes == pytest.approx(seen, abs=0.02)


def test_both_changes_of_a_pair_are_found():
    one, other = Rankable(-4.0, 20, coverage=-0.5), Rankable(-2.0, 4, coverage=-0.1)
    changes = alphas_of_change(one, other, beta=1.0, high=30.0)
    assert len(changes) == 2
    for alpha in changes:
        assert one.score(alpha=alpha, beta=1.0) == pytest.approx(other.score(alpha=alpha, beta=1.0))
    assert alphas_of_change(one, other, beta=5.0, high=30.0) == ()


@pytest.mark.parametrize("alpha", [0.0, 1.0, 2.5])
def test_the_beta_of_a_change_makes_the_scores_equal(alpha):
    one, other = Rankable(-3.0, 9, coverage=-0.5), Rankable(-2.0, 4, coverage=-2.5)
    beta = beta_of_change(one, other, alpha=alpha)
    if beta is None:
        better = one.score(alpha=alpha, beta=0.0) > other.score(alpha=alpha, beta=0.0)
        assert better == (one.score(alpha=alpha, beta=5.0) > other.score(alpha=alpha, beta=5.0))
    else:
        assert one.score(alpha=alpha, beta=beta) == pytest.approx(other.score(alpha=alpha, beta=beta))


def test_finished_ones_stay_before_cut_ones():
    finished, cut = Rankable(-9.0, 3), Rankable(-0.1, 3, finished=False)
    assert rerank([cut, finished], alpha=1.0, beta=0.0) == [1, 0]
    assert alphas_of_change(cut, finished) == ()
    assert beta_of_change(cut, finished, alpha=1.0) is None
