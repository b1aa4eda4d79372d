"""Attention that a person has chosen, in every search: against the model's steps, one by one."""

import numpy as np
import pytest
import torch

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.errors import ConfigurationError, InputError
from seq2seq_demo.search import PinnedAttention, beam_search, forced_search, greedy_search, sample
from seq2seq_demo.tokenizer import BOS_ID
from seq2seq_demo.translator import Translator
from tests.support.search_models import Recurrent, options
from tests.support.search_translators import tiny_translator

TEXT = "How are you?"
CONFIGS = [
    DecodingConfig(strategy="greedy"),
    DecodingConfig(beam_size=4, n_best=4, coverage_penalty=0.2),
    DecodingConfig(strategy="diverse-beam", beam_size=4, beam_groups=2, n_best=2),
    DecodingConfig(strategy="sample", n_best=3, seed=1),
]


@pytest.fixture(scope="module")
def translator() -> Translator:
    return tiny_translator()


@pytest.fixture(scope="module")
def pinned(translator) -> dict[int, list[float]]:
    (translation,) = translator.translate([TEXT], CONFIGS[0])
    first = [0.0] * len(translation.source_tokens)
    return {0: [3.0, 1.0, *first[2:]], 2: [*first[1:], 1.0]}


def rows_of(pinned) -> dict[int, torch.Tensor]:
    return {step: torch.tensor(weights) / sum(weights) for step, weights in pinned.items()}


@torch.inference_mode()
def replay(translator, token_ids, pinned) -> tuple[list[float], np.ndarray]:
    """Write given tokens with the model's own steps, one row at a time."""
    state, _ = translator.prepare([TEXT], CONFIGS[0])
    log_probs, attention, previous = [], [], BOS_ID
    for step, token in enumerate(token_ids):
        row = rows_of(pinned).get(step)
        override = None if row is None else row.unsqueeze(0)
        values, state, weights = translator.checkpoint.model.step(torch.tensor([previous]), state, override)
        log_probs.append(float(values[0, token]))
        attention.append(weights[0].numpy())
        previous = token
    return log_probs, np.stack(attention)


@pytest.mark.parametrize("prefix", [(), (5, 6, 9, 7)])
@pytest.mark.parametrize("config", CONFIGS)
def test_every_hypothesis_is_what_the_model_writes_under_the_pinned_rows(translator, pinned, config, prefix):
    (translation,) = translator.translate([TEXT], config, pinned=pinned, prefix_tokens=prefix)
    for hypothesis in translation.hypotheses:
        log_probs, attention = replay(translator, hypothesis.token_ids, pinned)
        assert hypothesis.token_ids[: len(prefix)] == prefix
        assert hypothesis.token_log_probs == pytest.approx(log_probs, abs=1e-4)
        np.testing.assert_allclose(hypothesis.attention, attention, atol=1e-5)
        np.testing.assert_allclose(hypothesis.attention[0], rows_of(pinned)[0])


@pytest.mark.parametrize("config", CONFIGS)
def test_pinned_rows_change_the_output_of_a_stream_too(translator, pinned, config):
    (*_, free) = translator.stream(TEXT, config)
    streamed = list(translator.stream(TEXT, config, pinned=pinned))
    (translation,) = translator.translate([TEXT], config, pinned=pinned)
    assert streamed[-1].to_dict()["hypotheses"] == translation.to_dict()["hypotheses"] != free.to_dict()["hypotheses"]
    np.testing.assert_allclose(streamed[0].hypotheses[0].attention[:1], [rows_of(pinned)[0]])


@pytest.mark.parametrize("config", CONFIGS)
def test_pinning_what_the_model_does_anyway_changes_nothing(translator, config):
    (free,) = translator.translate([TEXT], config)
    # The first step has one past, so every hypothesis has the same row there.
    (same,) = translator.translate([TEXT], config, pinned={0: free.hypotheses[0].attention[0]})
    assert [one.token_ids for one in same.hypotheses] == [one.token_ids for one in free.hypotheses]
    assert same.hypotheses[0].score == pytest.approx(free.hypotheses[0].score, abs=1e-5)


def test_scoring_a_pinned_output_gives_its_own_numbers(translator, pinned):
    (found,) = translator.translate([TEXT], CONFIGS[1], pinned=pinned)
    best = found.hypotheses[0]
    (own,) = translator.score([TEXT], [best.token_ids], CONFIGS[1], pinned=pinned)
    assert own.hypotheses[0].score == pytest.approx(best.score, abs=1e-5)
    np.testing.assert_allclose(own.hypotheses[0].attention, best.attention, atol=1e-6)
    (free,) = translator.score([TEXT], [best.token_ids], CONFIGS[1])
    assert free.hypotheses[0].score != pytest.approx(best.score, abs=1e-3)


@pytest.mark.parametrize("name", ["greedy", "beam", "diverse", "sample", "forced"])
@pytest.mark.parametrize("pin", [0, 1, 5])
def test_every_search_pins_its_own_step_while_sentences_leave(name, pin):
    model, row = Recurrent(3, src_lengths=(4, 4, 4)), torch.tensor([0.5, 0.25, 0.25, 0.0])

    def overridable(tokens, state, override=None):
        log_probs, state, attention = model.step(tokens, state)
        return log_probs, state, attention if override is None else override

    step, state = PinnedAttention(overridable, {pin: row}), model.state()
    if name == "forced":
        targets = [(5, 3), (5, 6, 7, 8, 9, 10, 11, 3), (5, 6, 7, 3)]
        results = forced_search(step, state, targets=targets, options=options(3))
    else:
        search = {"greedy": greedy_search, "sample": sample}.get(name, beam_search)
        size = 1 if name == "greedy" else 4
        groups = 2 if name == "diverse" else 1
        chosen = options(3, max_length=12, beam_size=size, n_best=size, beam_groups=groups, seeds=((1,), (2,), (3,)))
        results = search(step, state, options=chosen)
    assert model.calls == max(result.steps for result in results)
    assert len({result.steps for result in results}) > 1
    rows = [hypothesis.attention for result in results for hypothesis in result.hypotheses]
    for step_number in range(12):
        found = [bool(torch.equal(one[step_number], row)) for one in rows if len(one) > step_number]
        assert all(found) if step_number == pin else not any(found)


@pytest.mark.parametrize(
    ("pinned", "code", "seen"),
    [
        ({-1: [1.0]}, "pinned_step", "got -1"),
        ({512: [1.0]}, "pinned_step", "got 512"),
        ({"0": [1.0]}, "pinned_step", "got '0'"),
        ({0: [1.0]}, "pinned_length", "got 1 at position 1"),
        ({0: 1.0}, "pinned_length", "got 1 at position 1"),
    ],
)
def test_rows_that_do_not_fit_are_refused(translator, pinned, code, seen):
    with pytest.raises(InputError, match=seen) as caught:
        translator.translate([TEXT], CONFIGS[0], pinned=pinned)
    assert (caught.value.code, caught.value.fields["field"]) == (code, "pinned")


@pytest.mark.parametrize("weight", [0.0, -1.0, float("inf"), float("nan"), "1", None, 10**400])
def test_weights_that_are_none_are_refused(translator, weight):
    size = len(translator.translate([TEXT], CONFIGS[0])[0].source_tokens)
    with pytest.raises(InputError, match="finite weights of at least 0, one of them positive") as caught:
        translator.translate([TEXT], CONFIGS[0], pinned={3: [weight] + [0.0] * (size - 1)})
    assert (caught.value.code, caught.value.fields["position"]) == ("pinned_weights", 4)


def test_only_one_text_can_be_pinned(translator, pinned):
    with pytest.raises(InputError, match="one text at a time; got 2") as caught:
        translator.translate([TEXT, TEXT], CONFIGS[0], pinned=pinned)
    assert caught.value.code == "pinned_one_text"


@pytest.mark.parametrize("call", ["translate", "stream", "score"])
def test_a_model_without_attention_has_nothing_to_pin(call):
    translator = tiny_translator(attention="none")
    texts = {"translate": ([TEXT],), "stream": (TEXT,), "score": ([TEXT], ["你好"])}[call]
    with pytest.raises(ConfigurationError, match="pinned needs a model with attention") as caught:
        getattr(translator, call)(*texts, CONFIGS[0], pinned={0: [1.0]})
    assert caught.value.code == "pinned_needs_attention"


def test_the_largest_and_smallest_weights_are_divided_by_their_sum(translator):
    size = len(translator.translate([TEXT], CONFIGS[0])[0].source_tokens)
    for weight in (1e308, 5e-324):
        rows = {0: [weight, weight, *[0.0] * (size - 2)]}
        (translation,) = translator.translate([TEXT], CONFIGS[0], pinned=rows)
        assert translation.hypotheses[0].attention[0].tolist() == [0.5, 0.5, *[0.0] * (size - 2)]
