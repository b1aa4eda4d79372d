"""Forced decoding against the searches, and what it says about them."""

from dataclasses import dataclass

import pytest
import torch

from seq2seq_demo.search import Verdict, beam_search, forced_search, greedy_search, judge
from tests.support.search_models import BOS, Recurrent, options


@pytest.mark.parametrize(("search", "beam_size"), [(greedy_search, 1), (beam_search, 5)])
@pytest.mark.parametrize("seed", range(4))
def test_forcing_a_searchs_own_tokens_returns_its_hypothesis(search, beam_size, seed):
    model = Recurrent(seed, src_lengths=(3, 6, 2))
    chosen = options(3, beam_size=beam_size, length_penalty=0.7, coverage_penalty=0.2, alternatives=3)
    found = [result.hypotheses[0] for result in search(model.step, model.state(), options=chosen)]
    targets = [hypothesis.token_ids for hypothesis in found]
    forced = forced_search(model.step, model.state(), targets=targets, options=chosen)
    for one, (other,) in zip(found, (result.hypotheses for result in forced), strict=True):
        assert one.token_ids == other.token_ids
        assert one.log_prob == pytest.approx(other.log_prob)
        assert one.score == pytest.approx(other.score)
        assert one.finished == other.finished
        assert [[a.token_id for a in step] for step in one.alternatives] == [
            [a.token_id for a in step] for step in other.alternatives
        ]
        torch.testing.assert_close(one.attention, other.attention)


def test_ranks_are_places_in_the_sorted_vocabulary():
    model = Recurrent(1, src_lengths=(3, 4))
    targets = [(5, 6, 7, 8, 3), (9, 3)]
    results = forced_search(model.step, model.state(), targets=targets, options=options(2))
    for sentence, (target, result) in enumerate(zip(targets, results, strict=True)):
        state, ranks = model.state([sentence]), []
        for previous, token in zip((BOS, *target), target, strict=False):
            log_probs, state, _ = model.step(torch.tensor([previous]), state)
            order = log_probs[0].argsort(descending=True).tolist()
            ranks.append(order.index(token) + 1)
        assert result.hypotheses[0].ranks == tuple(ranks)
        assert result.steps == len(target)


def test_a_target_without_its_end_is_not_finished():
    model = Recurrent(2, src_lengths=(3,))
    (result,) = forced_search(model.step, model.state(), targets=[(5, 6)], options=options(min_length=7))
    assert result.hypotheses[0].token_ids == (5, 6)
    assert not result.hypotheses[0].finished


@dataclass(frozen=True)
class Output:
    text: str
    token_ids: tuple[int, ...]
    score: float
    finished: bool = True


@pytest.mark.parametrize(
    ("own", "reachable", "verdict"),
    [
        (Output("good", (5, 3), -1.0), True, Verdict.SAME),
        (Output("good", (6, 7, 3), -0.5), True, Verdict.OTHER_SEGMENTATION),
        (Output("better", (6, 3), -0.5), True, Verdict.SEARCH_ERROR),
        (Output("better", (6, 3), -0.5), False, Verdict.OUT_OF_REACH),
        (Output("worse", (8, 3), -2.0), True, Verdict.MODEL_DISAGREES),
        (Output("tied", (8, 3), -1.0), False, Verdict.MODEL_DISAGREES),
    ],
)
def test_the_two_scores_give_the_verdict(own, reachable, verdict):
    judgement = judge(own, Output("good", (5, 3), -1.0), reachable=reachable)
    assert judgement.verdict == verdict
    assert (judgement.own_score, judgement.best_score) == (own.score, -1.0)


def test_what_ends_ranks_before_what_was_cut():
    best = Output("endless", (5, 5), -0.1, finished=False)
    assert judge(Output("good", (6, 3), -9.0), best, reachable=True).verdict == Verdict.SEARCH_ERROR
