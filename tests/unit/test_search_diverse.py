"""Diverse beam search against plain beam search, and against a loop over one sentence written here."""

import math
from collections import Counter

import pytest
import torch

from seq2seq_demo.errors import ConfigurationError
from seq2seq_demo.search import beam_search, beam_search_steps
from tests.support.search_models import BOS, EOS, PAD, Recurrent, options, random_table, replay

PENALTIES = {"length_penalty": 0.6, "coverage_penalty": 0.1}


def outputs(results) -> list[list[tuple[int, ...]]]:
    return [[hypothesis.token_ids for hypothesis in result.hypotheses] for result in results]


@pytest.mark.parametrize("n_best", [1, 4])
def test_one_group_without_diversity_is_beam_search(n_best):
    model = Recurrent(1, src_lengths=(3, 5, 2))
    plain, one_group = (
        beam_search(model.step, model.state(), options=options(3, beam_size=4, n_best=n_best, **PENALTIES, **changes))
        for changes in ({}, {"beam_groups": 1, "diversity": 0.0})
    )
    assert outputs(plain) == outputs(one_group)
    assert [result.steps for result in plain] == [result.steps for result in one_group]


@pytest.mark.parametrize("seed", range(5))
def test_groups_without_diversity_are_all_the_beam_of_their_size(seed):
    model = Recurrent(seed, src_lengths=(3, 5))
    small = beam_search(model.step, model.state(), options=options(2, beam_size=2, n_best=2, **PENALTIES))
    chosen = options(2, beam_size=6, n_best=6, beam_groups=3, **PENALTIES)
    groups = beam_search(model.step, model.state(), options=chosen)
    # Where few have finished, there is room for more of the cut ones.
    assert [found[:2] for found in outputs(groups)] == outputs(small)
    assert [result.steps for result in groups] == [result.steps for result in small]


@pytest.mark.parametrize("seed", range(5))
def test_with_great_diversity_the_groups_begin_differently(seed):
    model = Recurrent(seed, src_lengths=(3, 5))
    chosen = options(2, beam_size=5, n_best=5, beam_groups=5, diversity=1000.0, max_length=12)
    for result in beam_search(model.step, model.state(), options=chosen):
        first = [hypothesis.token_ids[0] for hypothesis in result.hypotheses]
        assert len(set(first)) == len(first) == 5


def diverse_loop(model, state, *, groups, diversity, max_length):
    """Groups of one hypothesis: each ends with its first end symbol, unless a longer one could still be better."""
    paths: list[tuple[int, ...]] = [()] * groups
    best: list[tuple[float, tuple[int, ...]] | None] = [None] * groups
    alive = [0.0] * groups
    for _ in range(max_length):
        chosen: Counter = Counter()
        for group in range(groups):
            if math.isinf(alive[group]):
                continue
            log_probs = next_log_probs(model, state, paths[group])
            tokens = [token for token in range(len(log_probs)) if token not in (PAD, BOS)]
            ranked = sorted(tokens, key=lambda token: chosen[token] * diversity - log_probs[token])
            wrote = []
            if ranked[0] == EOS:
                wrote.append(EOS)
                total = alive[group] + log_probs[EOS]
                if best[group] is None or total > best[group][0]:
                    best[group] = (total, (*paths[group], EOS))
            onward = next(token for token in ranked if token != EOS)
            alive[group] += log_probs[onward]
            paths[group] = (*paths[group], onward)
            if best[group] is not None and alive[group] <= best[group][0]:
                alive[group] = -math.inf
            else:
                wrote.append(onward)
            chosen.update(wrote)
    return {found[1] for found in best if found is not None}


def next_log_probs(model, state, path) -> list[float]:
    for token in (BOS, *path):
        log_probs, state, _ = model.step(torch.tensor([token]), state)
    return log_probs[0].tolist()


@pytest.mark.parametrize("diversity", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("seed", range(8))
def test_groups_of_one_equal_a_loop_over_them(seed, diversity):
    model = Recurrent(seed, src_lengths=(4,))
    expected = diverse_loop(model, model.state(), groups=4, diversity=diversity, max_length=10)
    chosen = options(beam_size=4, n_best=4, beam_groups=4, diversity=diversity, max_length=10)
    (result,) = beam_search(model.step, model.state(), options=chosen)
    assert {hypothesis.token_ids for hypothesis in result.hypotheses if hypothesis.finished} == expected


def test_log_probabilities_and_attention_are_the_models_own():
    model = Recurrent(3, src_lengths=(4, 6))
    chosen = options(2, beam_size=6, n_best=6, beam_groups=3, diversity=2.0, length_penalty=1.0)
    for sentence, result in enumerate(beam_search(model.step, model.state(), options=chosen)):
        scores = [hypothesis.score for hypothesis in result.hypotheses if hypothesis.finished]
        assert scores == sorted(scores, reverse=True)
        for hypothesis in result.hypotheses:
            log_probs, attention = replay(model, model.state([sentence]), hypothesis.token_ids)
            assert list(hypothesis.token_log_probs) == pytest.approx(log_probs, abs=1e-5)
            torch.testing.assert_close(hypothesis.attention, attention)


def test_a_batch_equals_its_sentences_one_by_one():
    model = Recurrent(7, src_lengths=(5, 2, 7, 1))
    changes = {"beam_size": 6, "n_best": 4, "beam_groups": 2, "diversity": 0.7, **PENALTIES}
    batch = beam_search(model.step, model.state(), options=options(4, **changes))
    for sentence, together in enumerate(batch):
        (alone,) = beam_search(model.step, model.state([sentence]), options=options(**changes))
        assert outputs([together]) == outputs([alone])
        assert together.steps == alone.steps


def test_a_vocabulary_smaller_than_the_groups_is_taken():
    table = random_table(1)
    chosen = options(beam_size=40, n_best=40, beam_groups=4, diversity=0.5, max_length=4)
    (result,) = beam_search(table.step, table.state(), options=chosen)
    found = [hypothesis.token_ids for hypothesis in result.hypotheses]
    assert len(found) == len(set(found))


def test_steps_are_yielded_and_the_last_is_the_result():
    model = Recurrent(2, src_lengths=(3, 5))
    chosen = options(2, beam_size=4, n_best=4, beam_groups=2, diversity=0.5)
    (*_, last) = beam_search_steps(model.step, model.state(), options=chosen)
    assert outputs(last) == outputs(beam_search(model.step, model.state(), options=chosen))


@pytest.mark.parametrize("groups", [0, 3, 6])
def test_groups_must_divide_the_beam(groups):
    with pytest.raises(ConfigurationError, match=f"multiple of beam_groups .{groups}.; got 4"):
        options(beam_size=4, beam_groups=groups)
