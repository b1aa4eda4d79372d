"""Beam search against exhaustive enumeration, greedy decoding and single sentences."""

import math
from dataclasses import replace

import pytest
import torch

from seq2seq_demo.errors import ConfigurationError
from seq2seq_demo.search import beam_search, beam_search_steps, greedy_search
from seq2seq_demo.search.history import Roster
from seq2seq_demo.search.scoring import hypothesis_score
from tests.support.search_models import (
    BOS,
    EOS,
    PAD,
    Recurrent,
    TransitionTable,
    every_output,
    options,
    random_table,
    replay,
)

PENALTIES = [(0.0, 0.0), (1.0, 0.0), (0.6, 0.3), (3.0, 0.0)]


def score_of(model, token_ids, *, alpha, beta, sentence=0):
    log_probs, attention = replay(model, model.state().index_select(torch.tensor([sentence])), token_ids)
    return hypothesis_score(sum(log_probs), attention, length=len(token_ids), alpha=alpha, beta=beta)


@pytest.mark.parametrize(("alpha", "beta"), PENALTIES)
@pytest.mark.parametrize("seed", range(5))
def test_full_width_beam_finds_the_exhaustive_best(seed, alpha, beta):
    table = random_table(seed)
    scores = {ids: score_of(table, ids, alpha=alpha, beta=beta) for ids in every_output(6, 5)}
    chosen = options(max_length=5, beam_size=300, n_best=20, length_penalty=alpha, coverage_penalty=beta)
    (result,) = beam_search(table.step, table.state(), options=chosen)
    found = [hypothesis.token_ids for hypothesis in result.hypotheses]
    assert found[0] == max(scores, key=scores.__getitem__)
    assert len(set(found)) == 20
    # Scores, not outputs: a transition table gives reordered outputs equal scores.
    assert [scores[ids] for ids in found] == pytest.approx(sorted(scores.values(), reverse=True)[:20])


@pytest.mark.parametrize("seed", range(20))
def test_beam_of_one_without_penalties_is_greedy(seed):
    model = Recurrent(seed, src_lengths=(3, 5, 2))
    chosen = options(3, max_length=12)
    greedy = greedy_search(model.step, model.state(), options=chosen)
    beam = beam_search(model.step, model.state(), options=chosen)
    for one, other in zip(greedy, beam, strict=True):
        assert one.steps == other.steps
        assert one.hypotheses[0].token_ids == other.hypotheses[0].token_ids
        assert one.hypotheses[0].score == other.hypotheses[0].score
        assert one.hypotheses[0].finished == other.hypotheses[0].finished


def test_beam_of_one_equals_greedy_where_tokens_tie():
    table = TransitionTable(torch.full((1, 6, 6), 1 / 6).log(), torch.ones(1, 6, 2) / 2)
    (greedy,) = greedy_search(table.step, table.state(), options=options())
    (beam,) = beam_search(table.step, table.state(), options=options())
    assert greedy.hypotheses[0].token_ids == beam.hypotheses[0].token_ids


@pytest.mark.parametrize(("alpha", "beta"), PENALTIES)
@pytest.mark.parametrize("beam_size", [1, 3, 7])
def test_a_batch_equals_its_sentences_one_by_one(beam_size, alpha, beta):
    model = Recurrent(beam_size, src_lengths=(5, 2, 7, 1))
    n_best = min(3, beam_size)
    penalties = {"length_penalty": alpha, "coverage_penalty": beta}
    chosen = options(4, beam_size=beam_size, n_best=n_best, **penalties)
    batch = beam_search(model.step, model.state(), options=chosen)
    for sentence, together in enumerate(batch):
        single = options(beam_size=beam_size, n_best=n_best, **penalties)
        (alone,) = beam_search(model.step, model.state([sentence]), options=single)
        assert together.steps == alone.steps
        for one, other in zip(together.hypotheses, alone.hypotheses, strict=True):
            assert one.token_ids == other.token_ids
            assert one.score == pytest.approx(other.score, abs=1e-6)
            torch.testing.assert_close(one.attention, other.attention)


@pytest.mark.parametrize("seed", range(5))
def test_attention_and_log_probabilities_follow_the_surviving_parent(seed):
    model = Recurrent(seed, src_lengths=(4, 6))
    chosen = options(2, beam_size=6, n_best=6, length_penalty=1.0, coverage_penalty=0.1)
    for sentence, result in enumerate(beam_search(model.step, model.state(), options=chosen)):
        for hypothesis in result.hypotheses:
            log_probs, attention = replay(model, model.state([sentence]), hypothesis.token_ids)
            assert list(hypothesis.token_log_probs) == pytest.approx(log_probs, abs=1e-5)
            torch.testing.assert_close(hypothesis.attention, attention)
            score = hypothesis_score(sum(log_probs), attention, length=len(log_probs), alpha=1.0, beta=0.1)
            assert hypothesis.score == pytest.approx(score, abs=1e-5)
            assert hypothesis.log_prob == pytest.approx(math.fsum(hypothesis.token_log_probs))


def table_of(transitions):
    """A table of one sentence from {previous: {token: probability}}; everything else is impossible."""
    log_probs = torch.full((1, 7, 7), -math.inf)
    for previous, following in transitions.items():
        for token, probability in following.items():
            log_probs[0, previous, token] = math.log(probability)
    return TransitionTable(log_probs)


def test_a_longer_hypothesis_overtakes_a_finished_one():
    # Ending at once has log 0.5; three more tokens at 0.9 each are less probable and score higher under alpha 1.
    table = table_of({BOS: {EOS: 0.5, 4: 0.45}, 4: {5: 0.99}, 5: {6: 0.99}, 6: {EOS: 0.99}})
    (plain,) = beam_search(table.step, table.state(), options=options(beam_size=2))
    (normalised,) = beam_search(table.step, table.state(), options=options(beam_size=2, length_penalty=1.0))
    assert plain.hypotheses[0].token_ids == (EOS,)
    assert normalised.hypotheses[0].token_ids == (4, 5, 6, EOS)


def test_search_stops_as_soon_as_no_live_hypothesis_can_win():
    table = table_of({BOS: {EOS: 0.9, 4: 0.1}, 4: {4: 0.9, EOS: 0.1}})
    (result,) = beam_search(table.step, table.state(), options=options(max_length=50, beam_size=2))
    assert result.steps == table.calls == 1


@pytest.mark.parametrize(("alpha", "beta"), PENALTIES)
@pytest.mark.parametrize("seed", range(5))
def test_stopping_loses_nothing_that_searching_to_the_maximum_length_finds(seed, alpha, beta, monkeypatch):
    model = Recurrent(seed, src_lengths=(3, 5), vocabulary=9)
    chosen = options(2, max_length=15, beam_size=4, n_best=2, length_penalty=alpha, coverage_penalty=beta)
    stopped = beam_search(model.step, model.state(), options=chosen)
    update = Roster.update
    monkeypatch.setattr(Roster, "update", lambda roster, done: update(roster, torch.zeros_like(done)))
    complete = beam_search(model.step, model.state(), options=chosen)
    for one, other in zip(stopped, complete, strict=True):
        assert other.steps == 15
        assert [h.token_ids for h in one.hypotheses] == [h.token_ids for h in other.hypotheses]


def test_an_end_symbol_beyond_the_beam_does_not_finish():
    table = table_of({BOS: {4: 0.6, EOS: 0.4}, 4: {EOS: 0.5, 5: 0.5}, 5: {EOS: 1.0}})
    (result,) = beam_search(table.step, table.state(), options=options())
    assert result.hypotheses[0].token_ids == (4, EOS)


@pytest.mark.parametrize(("alpha", "beta"), PENALTIES)
def test_n_best_are_sorted_different_and_finished_first(alpha, beta):
    model = Recurrent(3, src_lengths=(3, 4, 5), vocabulary=9)
    chosen = options(3, max_length=4, beam_size=5, n_best=5, length_penalty=alpha, coverage_penalty=beta)
    for result in beam_search(model.step, model.state(), options=chosen):
        keys = [(not hypothesis.finished, -hypothesis.score) for hypothesis in result.hypotheses]
        assert len(keys) == 5
        assert keys == sorted(keys)
        assert len({hypothesis.token_ids for hypothesis in result.hypotheses}) == 5


def test_cut_hypotheses_rank_after_finished_ones():
    table = table_of({BOS: {4: 0.9, EOS: 0.1}, 4: {4: 1.0}})
    (result,) = beam_search(table.step, table.state(), options=options(max_length=3, beam_size=2, n_best=2))
    assert [hypothesis.finished for hypothesis in result.hypotheses] == [True, False]
    assert result.hypotheses[1].token_ids == (4, 4, 4)
    assert result.hypotheses[1].score > result.hypotheses[0].score


@pytest.mark.parametrize("length", [1, 2, 5])
def test_minimum_and_maximum_length_hold(length):
    model = Recurrent(1, src_lengths=(3, 4))
    chosen = options(2, max_length=6, beam_size=4, n_best=4, min_length=length)
    for result in beam_search(model.step, model.state(), options=chosen):
        for hypothesis in result.hypotheses:
            assert length <= len(hypothesis.token_ids) <= 6
            assert hypothesis.finished == (hypothesis.token_ids[-1] == EOS)


def test_each_sentence_has_its_own_maximum_length():
    table = random_table(0, sentences=3)
    table.log_probs[:, :, EOS] = -20.0
    chosen = replace(options(3, beam_size=2), max_lengths=(2, 5, 3))
    results = beam_search(table.step, table.state(), options=chosen)
    assert [len(result.hypotheses[0].token_ids) for result in results] == [2, 5, 3]
    assert [result.steps for result in results] == [2, 5, 3]
    assert table.calls == 5


def test_padding_and_begin_symbols_are_never_written():
    table = random_table(0)
    table.log_probs[:, :, [PAD, BOS]] = -0.01
    (result,) = beam_search(table.step, table.state(), options=options(beam_size=6, n_best=6, max_length=4))
    assert not {PAD, BOS} & {token for hypothesis in result.hypotheses for token in hypothesis.token_ids}


def test_impossible_tokens_never_become_hypotheses():
    table = table_of({BOS: {4: 1.0}, 4: {EOS: 0.5, 5: 0.5}, 5: {EOS: 1.0}})
    (result,) = beam_search(table.step, table.state(), options=options(beam_size=20, n_best=20))
    assert sorted(hypothesis.token_ids for hypothesis in result.hypotheses) == [(4, EOS), (4, 5, EOS)]
    assert all(math.isfinite(hypothesis.score) for hypothesis in result.hypotheses)


@pytest.mark.parametrize("search", [beam_search, greedy_search])
def test_a_dead_end_gives_what_was_written_before(search):
    table = table_of({BOS: {4: 1.0}, 4: {5: 1.0}})
    (result,) = search(table.step, table.state(), options=options())
    assert result.hypotheses[0].token_ids == (4, 5)
    assert not result.hypotheses[0].finished
    assert result.steps == 3


@pytest.mark.parametrize("search", [beam_search, greedy_search])
def test_no_possible_token_at_all_gives_an_empty_output(search):
    table = TransitionTable(torch.full((1, 5, 5), -math.inf), torch.ones(1, 5, 2))
    (result,) = search(table.step, table.state(), options=options())
    assert result.hypotheses[0].token_ids == ()
    assert result.hypotheses[0].attention.shape == (0, 2)
    assert not result.hypotheses[0].finished


@pytest.mark.parametrize("search", [beam_search, greedy_search])
def test_coverage_penalty_needs_attention(search):
    table = table_of({BOS: {EOS: 1.0}})
    with pytest.raises(ConfigurationError, match="coverage_penalty needs a model with attention"):
        search(table.step, table.state(), options=options(coverage_penalty=0.1))


def test_a_model_without_attention_gives_hypotheses_without_attention():
    table = table_of({BOS: {EOS: 1.0}})
    (result,) = beam_search(table.step, table.state(), options=options(beam_size=3))
    assert result.hypotheses[0].attention is None


@pytest.mark.parametrize("search", [beam_search, greedy_search])
def test_asking_the_device_seldom_changes_nothing(search, monkeypatch):
    model = Recurrent(5, src_lengths=(3, 6, 2, 4))
    chosen = options(4, max_length=11, beam_size=4, n_best=3, length_penalty=1.0)
    often = search(model.step, model.state(), options=chosen)
    monkeypatch.setattr("seq2seq_demo.search.history.CPU_CHECK_EVERY", 4)
    seldom = search(model.step, model.state(), options=chosen)
    for one, other in zip(often, seldom, strict=True):
        assert one.steps == other.steps
        assert [h.token_ids for h in one.hypotheses] == [h.token_ids for h in other.hypotheses]
        assert [h.score for h in one.hypotheses] == pytest.approx([h.score for h in other.hypotheses])


def test_steps_are_yielded_one_by_one_and_the_last_is_the_result():
    model = Recurrent(2, src_lengths=(3, 5))
    chosen = options(2, beam_size=3, n_best=2, length_penalty=1.0)
    (*live, last) = beam_search_steps(model.step, model.state(), options=chosen)
    final = beam_search(model.step, model.state(), options=chosen)
    assert [h.token_ids for r in last for h in r.hypotheses] == [h.token_ids for r in final for h in r.hypotheses]
    assert [len(results[0].hypotheses[0].token_ids) for results in live][:3] == [1, 2, 3]
    assert not live[0][0].hypotheses[0].finished


@pytest.mark.parametrize("taken", [1, 3])
def test_closing_the_generator_ends_the_steps(taken):
    table = random_table(0)
    table.log_probs[:, :, EOS] = -20.0
    generator = beam_search_steps(table.step, table.state(), options=options(max_length=50, beam_size=3))
    for _ in range(taken):
        next(generator)
    generator.close()
    assert table.calls == taken
