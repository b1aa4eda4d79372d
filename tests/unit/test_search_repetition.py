"""The limit on repetition: no 3-gram too often, and nothing else changes."""

import itertools

import pytest
import torch

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.search import TokenPrefix, beam_search, beam_search_steps, greedy_search, sample
from seq2seq_demo.search.repetition import most_repeats
from tests.support.search_models import EOS, PAD, Recurrent, TransitionTable, every_output, options, replay
from tests.support.search_translators import tiny_translator

SEARCHES = [
    (greedy_search, {}),
    (beam_search, {"beam_size": 4, "n_best": 3, "length_penalty": 1.0}),
    (beam_search, {"beam_size": 4, "n_best": 4, "beam_groups": 2, "diversity": 1.0}),
    (sample, {"beam_size": 4, "n_best": 4, "seeds": ((1,), (2,), (3,)), "temperature": 0.3}),
]


def looping_table(sentences: int = 3) -> TransitionTable:
    """After 4 comes 5, after 5 comes 4, almost surely; an end is improbable."""
    logits = torch.zeros(sentences, 8, 8)
    logits[:, :, EOS] = -4
    logits[:, :, 4] = 3
    logits[:, 4, 5] = 8
    logits[:, 5, 4] = 8
    return TransitionTable(logits.log_softmax(-1))


def counted(token_ids: tuple[int, ...]) -> int:
    """Repeats of the most frequent 3-gram, counted by looking at every two places."""
    grams = [token_ids[i : i + 3] for i in range(len(token_ids) - 2)]
    return max((sum(other == gram for other in grams) for gram in grams), default=0)


def test_repeats_are_counted_as_by_hand():
    for token_ids in itertools.product((4, 5), repeat=7):
        assert most_repeats(token_ids) == counted(token_ids)


@pytest.mark.parametrize("limit", [1, 2, 3])
@pytest.mark.parametrize(("search", "changes"), SEARCHES)
def test_no_output_writes_a_3_gram_more_often_than_the_limit(search, changes, limit):
    model = looping_table()
    free = search(model.step, model.state(), options=options(3, max_length=20, **changes))
    assert max(counted(h.token_ids) for result in free for h in result.hypotheses) > 3
    chosen = options(3, max_length=20, repeat_limits=(limit, 0, limit), **changes)
    for sentence, result in enumerate(search(model.step, model.state(), options=chosen)):
        for hypothesis in result.hypotheses:
            if sentence != 1:
                assert counted(hypothesis.token_ids) <= limit
            log_probs, _ = replay_table(model, sentence, hypothesis.token_ids)
            assert list(hypothesis.token_log_probs) == pytest.approx(log_probs, abs=1e-5)
    # The sentence between them has no limit, and is searched as ever.
    alone = search(model.step, model.state(), options=chosen)[1].hypotheses
    assert [h.token_ids for h in alone] == [h.token_ids for h in free[1].hypotheses]


def replay_table(model: TransitionTable, sentence: int, token_ids: tuple[int, ...]):
    own = TransitionTable(model.log_probs[sentence : sentence + 1])
    steps = zip((2, *token_ids), token_ids, strict=False)
    return [float(own.log_probs[0, previous, token]) for previous, token in steps], None


@pytest.mark.parametrize("seed", range(6))
def test_a_full_width_beam_finds_the_best_of_all_outputs_within_the_limit(seed):
    model = Recurrent(seed, src_lengths=(3,), vocabulary=6)
    outputs = [output for output in every_output(6, 6) if counted(output) <= 1]
    best = max(outputs, key=lambda output: sum(replay(model, model.state(), output)[0]))
    chosen = options(max_length=6, beam_size=100, repeat_limits=(1,))
    (result,) = beam_search(model.step, model.state(), options=chosen)
    assert result.hypotheses[0].token_ids == best


@pytest.mark.parametrize("seed", range(10))
def test_a_beam_of_one_is_greedy_under_the_limit_too(seed):
    model = Recurrent(seed, src_lengths=(3, 5), vocabulary=7)
    chosen = options(2, max_length=25, repeat_limits=(1, 2))
    greedy = greedy_search(model.step, model.state(), options=chosen)
    beam = beam_search(model.step, model.state(), options=chosen)
    assert [r.hypotheses[0].token_ids for r in greedy] == [r.hypotheses[0].token_ids for r in beam]


@pytest.mark.parametrize(("search", "changes"), SEARCHES)
def test_neighbours_that_end_earlier_do_not_matter(search, changes):
    model = Recurrent(5, src_lengths=(3, 5, 2), vocabulary=6)
    batch = search(model.step, model.state(), options=options(3, max_length=30, repeat_limits=(1, 2, 3), **changes))
    assert len({result.steps for result in batch}) > 1
    for sentence, together in enumerate(batch):
        own = {**changes, "repeat_limits": (sentence + 1,)}
        if "seeds" in own:
            own["seeds"] = (own["seeds"][sentence],)
        (alone,) = search(model.step, model.state([sentence]), options=options(max_length=30, **own))
        assert [h.token_ids for h in together.hypotheses] == [h.token_ids for h in alone.hypotheses]


@pytest.mark.parametrize(("search", "changes"), SEARCHES)
def test_a_prefix_may_repeat_and_what_follows_may_not(search, changes):
    model = looping_table()
    prefix = TokenPrefix((6, 6, 6, 6, 6))
    chosen = options(3, max_length=20, repeat_limits=(1,) * 3, constraints=(prefix,) * 3, **changes)
    for result in search(model.step, model.state(), options=chosen):
        for hypothesis in result.hypotheses:
            assert hypothesis.token_ids[:5] == (6,) * 5
            assert counted(hypothesis.token_ids[3:]) <= 1
            assert hypothesis.token_ids[5] != 6


def test_step_by_step_a_beam_ends_with_the_same_under_the_limit():
    model = looping_table(2)
    chosen = options(2, max_length=20, beam_size=3, n_best=3, repeat_limits=(2, 1))
    *_, last = beam_search_steps(model.step, model.state(), options=chosen)
    whole = beam_search(model.step, model.state(), options=chosen)
    assert [[h.token_ids for h in r.hypotheses] for r in last] == [[h.token_ids for h in r.hypotheses] for r in whole]
    assert PAD not in whole[0].hypotheses[0].token_ids


@pytest.mark.parametrize("strategy", ["greedy", "beam", "sample"])
def test_a_translator_repeats_no_more_than_asked_or_than_its_source(strategy):
    translator = tiny_translator(seed=3)
    texts = ["How are you?", "How are you? " * 4, "the quiet river", "do do do do do do"]
    greedy = translator.translate(texts, DecodingConfig(strategy="greedy", repeat_limit=0, max_length=60))
    assert max(counted(translation.hypotheses[0].token_ids) for translation in greedy) > 30
    for limit in (1, 2):
        config = DecodingConfig(strategy=strategy, repeat_limit=limit, seed=1, max_length=60)
        for translation in translator.translate(texts, config):
            own = counted(translator.checkpoint.source_tokenizer.encode(translation.source))
            assert counted(translation.hypotheses[0].token_ids) <= max(limit, own)
