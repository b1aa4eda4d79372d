"""Sampling against the softmax, greedy decoding and single sentences."""

import itertools
import math
from dataclasses import replace

import pytest
import torch

from seq2seq_demo.errors import ConfigurationError
from seq2seq_demo.search import greedy_search, sample, sample_steps
from seq2seq_demo.search.sampling import draw, truncated
from tests.support.search_models import BOS, EOS, PAD, Recurrent, TransitionTable, options, random_table, replay

SHAPES = [{}, {"temperature": 0.5}, {"temperature": 2.0}, {"top_k": 3}, {"top_p": 0.7}, {"top_k": 4, "top_p": 0.6}]


def sampling_options(sentences: int = 1, *, samples: int = 1, seed: int = 1, **changes):
    seeds = tuple((seed, sentence) for sentence in range(sentences))
    return options(sentences, beam_size=samples, n_best=samples, seeds=seeds, **changes)


def kept_probabilities(log_probs, *, temperature=1.0, top_k=0, top_p=1.0) -> dict[int, float]:
    """What the options mean, token by token."""
    allowed = [token for token in range(len(log_probs)) if token not in (PAD, BOS)]
    weights = {token: math.exp(float(log_probs[token]) / temperature) for token in allowed}
    best = sorted(weights, key=lambda token: -weights[token])[: top_k or None]
    total, kept, mass = sum(weights[token] for token in best), [], 0.0
    for token in best:
        if mass < top_p * total:
            kept.append(token)
            mass += weights[token]
    return {token: weights[token] / mass for token in kept}


@pytest.mark.parametrize("shape", SHAPES)
def test_frequencies_follow_the_distribution_by_chi_square(shape):
    table = random_table(4, vocabulary=9, sharpness=1.0)
    expected = kept_probabilities(table.log_probs[0, BOS], **shape)
    draws = 4000
    (result,) = sample(table.step, table.state(), options=sampling_options(samples=draws, max_length=1, **shape))
    counts = dict.fromkeys(expected, 0)
    for hypothesis in result.hypotheses:
        counts[hypothesis.token_ids[0]] += 1  # a KeyError where a token was drawn that should not be
    statistic = sum((counts[token] - draws * p) ** 2 / (draws * p) for token, p in expected.items())
    freedom = len(expected) - 1
    # The chi-square's mean and variance are its degrees of freedom, once and twice.
    assert statistic < freedom + 4 * math.sqrt(2 * freedom) + 1e-9
    assert min(counts.values()) > 0


@pytest.mark.parametrize("shape", [{"top_k": 1}, {"temperature": 0.001}, {"top_p": 1e-9}])
def test_the_narrowest_sampling_is_greedy(shape):
    model = Recurrent(3, src_lengths=(3, 5, 2))
    greedy = greedy_search(model.step, model.state(), options=options(3))
    drawn = sample(model.step, model.state(), options=sampling_options(3, samples=2, **shape))
    for one, other in zip(greedy, drawn, strict=True):
        assert [h.token_ids for h in other.hypotheses] == [one.hypotheses[0].token_ids] * 2
        assert other.hypotheses[0].log_prob == pytest.approx(one.hypotheses[0].log_prob)
        assert one.steps == other.steps


@pytest.mark.parametrize("top_p", [0.01, 0.3, 0.5, 0.75, 0.9, 0.999])
def test_top_p_keeps_the_smallest_set_whose_mass_reaches_it(top_p):
    log_probs = torch.randn(1, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64).log_softmax(-1)
    weights, tokens = truncated(log_probs, temperature=1.0, top_k=0, top_p=top_p)
    kept = set(tokens[weights > 0].tolist())
    masses = log_probs[0].exp().tolist()
    reaching = [
        set(chosen)
        for size in range(1, 9)
        for chosen in itertools.combinations(range(8), size)
        if sum(masses[token] for token in chosen) >= top_p
    ]
    assert kept in reaching
    assert len(kept) == min(map(len, reaching))


def test_draws_invert_the_cumulative_distribution():
    weights = torch.tensor([0.0, 1.0, 0.0, 3.0, 0.0]).expand(5, 5).double()
    uniforms = torch.tensor([0.0, 0.2499, 0.25, 0.9, 1 - 2**-53]).double()
    assert draw(weights, uniforms).tolist() == [1, 1, 3, 3, 3]


def test_a_batch_equals_its_sentences_one_by_one():
    model = Recurrent(2, src_lengths=(5, 2, 7))
    chosen = sampling_options(3, samples=4, top_p=0.9, length_penalty=1.0, coverage_penalty=0.1)
    for sentence, together in enumerate(sample(model.step, model.state(), options=chosen)):
        single = replace(chosen, max_lengths=chosen.max_lengths[:1], seeds=(chosen.seeds[sentence],))
        (alone,) = sample(model.step, model.state([sentence]), options=single)
        assert [h.token_ids for h in together.hypotheses] == [h.token_ids for h in alone.hypotheses]
        assert [h.score for h in together.hypotheses] == pytest.approx([h.score for h in alone.hypotheses])
        assert together.steps == alone.steps


def test_log_probabilities_and_attention_are_the_models_own():
    model = Recurrent(4, src_lengths=(4, 6))
    results = sample(model.step, model.state(), options=sampling_options(2, samples=5, temperature=3.0, top_k=5))
    for sentence, result in enumerate(results):
        for hypothesis in result.hypotheses:
            log_probs, attention = replay(model, model.state([sentence]), hypothesis.token_ids)
            assert list(hypothesis.token_log_probs) == pytest.approx(log_probs, abs=1e-5)
            torch.testing.assert_close(hypothesis.attention, attention)


def test_a_seed_repeats_its_samples_and_leaves_the_global_generator_alone():
    table = random_table(1)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    found = [
        [
            h.token_ids
            for h in sample(table.step, table.state(), options=sampling_options(samples=9, seed=s))[0].hypotheses
        ]
        for s in (7, 7, 8)
    ]
    assert found[0] == found[1] != found[2]
    assert torch.equal(before, torch.get_rng_state())


def test_samples_are_sorted_finished_first_and_repeated_ones_stay():
    table = random_table(2)
    (result,) = sample(table.step, table.state(), options=sampling_options(samples=60, max_length=3))
    keys = [(not hypothesis.finished, -hypothesis.score) for hypothesis in result.hypotheses]
    assert keys == sorted(keys)
    assert len(keys) == 60 > len({hypothesis.token_ids for hypothesis in result.hypotheses})


@pytest.mark.parametrize("length", [1, 2, 5])
def test_minimum_and_maximum_length_hold(length):
    model = Recurrent(1, src_lengths=(3, 4))
    chosen = sampling_options(2, samples=10, max_length=6, min_length=length)
    for result in sample(model.step, model.state(), options=chosen):
        for hypothesis in result.hypotheses:
            assert length <= len(hypothesis.token_ids) <= 6
            assert hypothesis.finished == (hypothesis.token_ids[-1] == EOS)


def test_a_longer_maximum_length_only_adds_to_the_samples():
    table = random_table(0)
    table.log_probs[:, :, EOS] = -20.0
    short, long = (
        sample(table.step, table.state(), options=sampling_options(samples=1, max_length=length))[0].hypotheses[0]
        for length in (4, 9)
    )
    assert long.token_ids[:4] == short.token_ids


def test_where_nothing_can_be_written_the_sample_ends():
    table = TransitionTable(torch.full((1, 5, 5), -math.inf), torch.ones(1, 5, 2))
    (result,) = sample(table.step, table.state(), options=sampling_options(samples=2))
    assert [(h.token_ids, h.finished) for h in result.hypotheses] == [((), False)] * 2


def test_steps_are_yielded_one_by_one_and_the_last_is_the_result():
    model = Recurrent(2, src_lengths=(3, 5))
    chosen = sampling_options(2, samples=3)
    (*live, last) = sample_steps(model.step, model.state(), options=chosen)
    final = sample(model.step, model.state(), options=chosen)
    assert [h.token_ids for r in last for h in r.hypotheses] == [h.token_ids for r in final for h in r.hypotheses]
    assert [max(len(h.token_ids) for h in results[0].hypotheses) for results in live][:2] == [1, 2]


def test_each_sentence_needs_a_seed():
    table = random_table(1)
    with pytest.raises(ConfigurationError, match="sampling needs one seed for each of 1 sentences; got 0"):
        sample(table.step, table.state(), options=options())
