"""Greedy decoding against an argmax loop."""

import pytest
import torch

from seq2seq_demo.search import greedy_search, greedy_search_steps
from tests.support.search_models import BOS, EOS, PAD, Recurrent, options, random_table, replay


def argmax_loop(model, state, *, max_length):
    tokens, previous = [], torch.tensor([BOS])
    while len(tokens) < max_length and EOS not in tokens:
        log_probs, state, _ = model.step(previous, state)
        log_probs[:, [PAD, BOS]] = -torch.inf
        previous = log_probs.argmax(-1)
        tokens.append(int(previous))
    return tuple(tokens)


@pytest.mark.parametrize("seed", range(10))
def test_greedy_equals_an_argmax_loop(seed):
    model = Recurrent(seed, src_lengths=(3, 6, 1))
    for sentence, result in enumerate(greedy_search(model.step, model.state(), options=options(3, max_length=10))):
        expected = argmax_loop(model, model.state([sentence]), max_length=10)
        assert result.hypotheses[0].token_ids == expected
        assert result.hypotheses[0].finished == (expected[-1] == EOS)
        assert result.steps == len(expected)


@pytest.mark.parametrize("seed", range(5))
def test_attention_and_log_probabilities_belong_to_the_tokens(seed):
    model = Recurrent(seed, src_lengths=(3, 6))
    for sentence, result in enumerate(greedy_search(model.step, model.state(), options=options(2))):
        (hypothesis,) = result.hypotheses
        log_probs, attention = replay(model, model.state([sentence]), hypothesis.token_ids)
        assert list(hypothesis.token_log_probs) == pytest.approx(log_probs, abs=1e-5)
        torch.testing.assert_close(hypothesis.attention, attention)


def test_finished_sentences_leave_the_batch():
    table = random_table(1, sentences=2)
    table.log_probs[0, BOS, EOS] = 1.0
    table.log_probs[1, :, EOS] = -30.0
    rows = []
    step = table.step

    def counting(tokens, state):
        rows.append(len(tokens))
        return step(tokens, state)

    greedy_search(counting, table.state(), options=options(2, max_length=4))
    assert rows == [2, 1, 1, 1]


def test_minimum_length_holds_back_the_end_symbol():
    table = random_table(1)
    table.log_probs[:, :, EOS] = 1.0
    (result,) = greedy_search(table.step, table.state(), options=options(min_length=4))
    assert result.hypotheses[0].token_ids.index(EOS) == 3


def test_the_step_function_keeps_its_log_probabilities():
    table = random_table(1)
    before = table.log_probs.clone()
    greedy_search(table.step, table.state(), options=options(min_length=4))
    assert torch.equal(table.log_probs, before)


def test_each_step_is_yielded_and_closing_ends_the_steps():
    table = random_table(0)
    table.log_probs[:, :, EOS] = -20.0
    generator = greedy_search_steps(table.step, table.state(), options=options(max_length=50))
    lengths = [len(next(generator)[0].hypotheses[0].token_ids) for _ in range(3)]
    generator.close()
    assert lengths == [1, 2, 3]
    assert table.calls == 3
