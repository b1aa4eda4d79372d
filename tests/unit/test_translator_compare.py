"""One sentence in several ways: as separate translations, from one encoding."""

import itertools
import time

import pytest

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.errors import ConfigurationError, InputError
from seq2seq_demo.search import history
from seq2seq_demo.translator import Translator
from tests.support.search_translators import tiny_translator

TEXT = "I don't know the old man, do you?"
CONFIGS = [
    DecodingConfig(strategy="greedy"),
    DecodingConfig(beam_size=4, n_best=3, coverage_penalty=0.1),
    DecodingConfig(beam_size=2, prefix="我"),
    DecodingConfig(strategy="diverse-beam", beam_size=4, beam_groups=2, n_best=2),
    DecodingConfig(strategy="sample", n_best=3, seed=3, top_p=0.9),
]


@pytest.fixture(scope="module")
def translator() -> Translator:
    return tiny_translator()


def assert_nearly(one, other):
    """All the same, but for the rounding of numbers."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        one, other = list(one.values()), list(other.values())
    if isinstance(one, list | tuple):
        for mine, yours in zip(one, other, strict=True):
            assert_nearly(mine, yours)
    else:
        assert one == (pytest.approx(other, abs=1e-4) if isinstance(other, float) else other)


@pytest.mark.parametrize("changes", [{}, {"prefix_tokens": (5, 6)}, {"alternatives": 3}, {"pinned": True}])
def test_a_comparison_equals_separate_translations(translator, changes):
    if "pinned" in changes:
        changes = {"pinned": {1: [1.0] + [0.0] * (len(translator.translate([TEXT], CONFIGS[0])[0].source_tokens) - 1)}}
    compared = translator.compare(TEXT, CONFIGS, **changes)
    for config, one in zip(CONFIGS, compared, strict=True):
        (other,) = translator.translate([TEXT], config, **changes)
        assert_nearly({**one.to_dict(), "seconds": 0}, {**other.to_dict(), "seconds": 0})


def test_a_comparison_can_be_followed_step_by_step(translator):
    *growing, last = translator.stream_comparison(TEXT, CONFIGS[:2])
    assert len(growing) == max(translation.steps for translation in last) - 1
    for before, after in itertools.pairwise(growing):
        assert after[1].steps - before[1].steps in (0, 1)
    for one, other in zip(last, translator.compare(TEXT, CONFIGS[:2]), strict=True):
        assert_nearly({**one.to_dict(), "seconds": 0}, {**other.to_dict(), "seconds": 0})


def test_what_is_so_far_does_not_depend_on_how_often_the_device_is_asked(translator, monkeypatch):
    def texts():
        steps = translator.stream_comparison(TEXT, CONFIGS)
        return [[[one.token_ids for one in found.hypotheses] for found in step] for step in steps]

    on_cpu = texts()
    assert all(outputs for step in on_cpu for outputs in step)
    monkeypatch.setattr(history, "CPU_CHECK_EVERY", history.ACCELERATOR_CHECK_EVERY)
    assert texts() == on_cpu


def test_the_sentence_is_encoded_once(translator, monkeypatch):
    calls = []
    encode = translator.checkpoint.model.encode
    monkeypatch.setattr(translator.checkpoint.model, "encode", lambda *args: calls.append(1) or encode(*args))
    assert len(translator.compare(TEXT, CONFIGS)) == len(CONFIGS)
    assert calls == [1]


@pytest.mark.parametrize(("cell", "attention"), [("rnn", "none"), ("lstm", "dot"), ("lstm", "general")])
def test_every_kind_of_state_is_decoded_together(cell, attention):
    translator = tiny_translator(cell=cell, attention=attention)
    configs = [DecodingConfig(strategy="greedy"), DecodingConfig(beam_size=3)]
    for config, one in zip(configs, translator.compare(TEXT, configs), strict=True):
        (other,) = translator.translate([TEXT], config)
        assert one.hypotheses[0].token_ids == other.hypotheses[0].token_ids
        assert one.hypotheses[0].score == pytest.approx(other.hypotheses[0].score, abs=1e-5)


def test_each_step_is_one_batch_of_all_searches_rows(translator, monkeypatch):
    rows = []
    step = translator.checkpoint.model.step
    monkeypatch.setattr(translator.checkpoint.model, "step", lambda *args: rows.append(len(args[0])) or step(*args))
    compared = translator.compare(TEXT, [CONFIGS[0], DecodingConfig(beam_size=4), CONFIGS[4]])
    longest = max(translation.steps for translation in compared)
    # A search may go a few steps past its end before the device is asked whether it has one.
    assert longest <= len(rows) <= longest + 8
    assert rows[0] == 1 + 1 + 3
    assert 1 + 4 <= rows[1] <= 1 + 4 + 3


def test_the_seconds_are_shares_by_rows_and_the_encoding(translator, monkeypatch):
    encode, step = translator.checkpoint.model.encode, translator.checkpoint.model.step
    monkeypatch.setattr(translator.checkpoint.model, "encode", lambda *args: time.sleep(0.1) or encode(*args))
    monkeypatch.setattr(translator.checkpoint.model, "step", lambda *args: time.sleep(0.01) or step(*args))
    start = time.perf_counter()
    greedy, beam = (
        translation.seconds
        for translation in translator.compare(TEXT, [CONFIGS[0], DecodingConfig(beam_size=9, max_length=30)])
    )
    passed = time.perf_counter() - start
    assert 0.1 < greedy < beam < passed


def test_a_seed_is_drawn_for_each(translator):
    config = DecodingConfig(strategy="sample")
    seeds = {translation.seed for translation in translator.compare(TEXT, [config] * 4)}
    assert len(seeds) == 4


def test_no_options_give_no_translations(translator):
    assert translator.compare(TEXT, []) == []


def test_nothing_is_decoded_where_one_of_the_options_is_bad(translator, monkeypatch):
    monkeypatch.setattr(translator.checkpoint.model, "step", None)
    with pytest.raises(ConfigurationError, match="top_k"):
        translator.compare(TEXT, [CONFIGS[0], DecodingConfig(strategy="sample", top_k=1000)])
    with pytest.raises(InputError, match="takes at least 2 tokens and max_length is 1"):
        translator.compare(TEXT, [CONFIGS[0], DecodingConfig(max_length=1)], prefix_tokens=(5, 6))
