"""Length and coverage penalties against loops."""

import math

import pytest
import torch

from seq2seq_demo.search.scoring import COVERAGE_EPSILON, coverage_penalty, hypothesis_score, length_penalty


@pytest.mark.parametrize("length", [1, 2, 7, 30])
def test_length_penalty_is_wus_formula(length):
    assert length_penalty(length, 0.6) == pytest.approx((5 + length) ** 0.6 / 6**0.6)


def test_length_penalty_is_one_without_alpha():
    assert length_penalty(17, 0.0) == 1.0


def test_length_penalty_of_a_tensor_is_that_of_its_numbers():
    lengths = torch.tensor([1.0, 4.0, 9.0], dtype=torch.float64)
    assert length_penalty(lengths, 1.3).tolist() == pytest.approx([length_penalty(n, 1.3) for n in (1, 4, 9)])


def test_coverage_penalty_equals_a_loop_and_ignores_padding():
    torch.manual_seed(0)
    attention = torch.rand(5, 3, 7)
    mask = torch.tensor([[True] * length + [False] * (7 - length) for length in (7, 4, 1)])
    found = coverage_penalty(attention.sum(0), mask)
    for sentence in range(3):
        loop = 0.0
        for source in range(int(mask[sentence].sum())):
            loop += math.log(min(sum(float(attention[t, sentence, source]) for t in range(5)), 1.0))
        assert float(found[sentence]) == pytest.approx(loop, abs=1e-5)


def test_a_source_token_never_attended_to_costs_a_finite_amount():
    penalty = coverage_penalty(torch.tensor([1.0, 0.0]), torch.tensor([True, True]))
    assert float(penalty) == pytest.approx(math.log(COVERAGE_EPSILON))


def test_score_adds_coverage_after_length_normalisation():
    attention = torch.tensor([[0.5, 0.1], [0.6, 0.2]])
    expected = -3.0 / length_penalty(2, 0.7) + 0.2 * (math.log(1.0) + math.log(0.3))
    assert hypothesis_score(-3.0, attention, length=2, alpha=0.7, beta=0.2) == pytest.approx(expected)


def test_score_without_penalties_is_the_log_probability():
    assert hypothesis_score(-3.25, None, length=9, alpha=0.0, beta=0.0) == -3.25
