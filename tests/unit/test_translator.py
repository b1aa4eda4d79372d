"""Texts in, translations out: order, batches, streams, refusals."""

import json
import random
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.errors import ConfigurationError, InputError
from seq2seq_demo.search import Verdict
from seq2seq_demo.translator import Translator, normalise_prefix
from tests.support.search_translators import ENGLISH, tiny_translator

GREEDY = DecodingConfig(strategy="greedy")
BEAM = DecodingConfig(beam_size=4, n_best=3, coverage_penalty=0.1)
DIVERSE = DecodingConfig(strategy="diverse-beam", beam_size=4, beam_groups=2, n_best=2, diversity=1.0)
SAMPLE = DecodingConfig(strategy="sample", n_best=3, seed=3, top_p=0.9)


@pytest.fixture(scope="module")
def translator() -> Translator:
    return tiny_translator()


def outputs(translations) -> list[list[str]]:
    return [[hypothesis.text for hypothesis in translation.hypotheses] for translation in translations]


@pytest.mark.parametrize("config", [GREEDY, BEAM, DIVERSE, SAMPLE])
@pytest.mark.parametrize("batch_tokens", [1, 60, 100_000])
def test_any_batching_gives_each_sentence_its_own_result_in_order(translator, config, batch_tokens):
    texts = [*ENGLISH, "How?", *reversed(ENGLISH)]
    alone = [translator.translate([text], config)[0] for text in texts]
    together = translator.translate(texts, config, batch_tokens=batch_tokens)
    assert [translation.source for translation in together] == texts
    for one, other in zip(alone, together, strict=True):
        assert one.steps == other.steps
        for left, right in zip(one.hypotheses, other.hypotheses, strict=True):
            assert left.tokens == right.tokens
            assert left.score == pytest.approx(right.score, abs=1e-5)
            np.testing.assert_allclose(left.attention, right.attention, atol=1e-5)


@pytest.mark.parametrize("config", [GREEDY, BEAM, DIVERSE, SAMPLE])
def test_every_part_of_a_translation_fits_the_others(translator, config):
    (translation,) = translator.translate(["How are you?"], config)
    assert translation.source_tokens[-1] == "</s>"
    assert translation.source_words[-1].stop == len(translation.source_tokens)
    for hypothesis in translation.hypotheses:
        length = len(hypothesis.tokens)
        assert hypothesis.attention.shape == (length, len(translation.source_tokens))
        assert len(hypothesis.token_log_probs) == len(hypothesis.token_ids) == hypothesis.words[-1].stop == length
        assert hypothesis.finished == (hypothesis.tokens[-1] == "</s>")
        assert hypothesis.log_prob == pytest.approx(sum(hypothesis.token_log_probs))
        np.testing.assert_allclose(hypothesis.attention.sum(axis=1), 1, atol=1e-5)


def test_seconds_of_a_batch_add_up_to_the_time_that_passed(translator):
    start = time.perf_counter()
    translations = translator.translate(ENGLISH, GREEDY)
    assert 0 < sum(translation.seconds for translation in translations) <= time.perf_counter() - start


def test_a_translation_becomes_json(translator):
    (translation,) = translator.translate(["How are you?"], BEAM)
    values = json.loads(json.dumps(translation.to_dict()))
    assert list(values) == [
        "source",
        "notes",
        "source_tokens",
        "source_words",
        "seconds",
        "steps",
        "seed",
        "hypotheses",
        "trace",
    ]
    (first, *_) = values["hypotheses"]
    assert first["words"][-1] == [first["tokens"][-1], len(first["tokens"]) - 1, len(first["tokens"])]
    np.testing.assert_allclose(first["attention"], translation.hypotheses[0].attention, atol=1e-6)


def test_the_seed_of_samples_is_reported_and_repeats_them(translator):
    config = DecodingConfig(strategy="sample", n_best=4)
    first, second = translator.translate(["How are you?", "How?"], config)
    assert first.seed == second.seed == first.to_dict()["seed"] is not None
    again = translator.translate(["How?"], replace(config, seed=second.seed))
    assert outputs(again) == outputs([second])
    assert translator.translate(["How?"], BEAM)[0].seed is None


def test_top_k_beyond_the_vocabulary_is_refused(translator):
    with pytest.raises(ConfigurationError, match=r"top_k must lie in \[0, 30\]; got 31"):
        translator.translate(["How?"], replace(SAMPLE, top_k=31))


@pytest.mark.parametrize("config", [GREEDY, BEAM])
def test_alternatives_come_with_their_pieces_when_asked_for(translator, config):
    (translation,) = translator.translate(["How are you?"], config, alternatives=5)
    (*_, streamed) = translator.stream("How are you?", config, alternatives=5)
    assert streamed.to_dict()["hypotheses"] == translation.to_dict()["hypotheses"]
    for hypothesis in translation.hypotheses:
        assert [len(step) for step in hypothesis.alternatives] == [5] * len(hypothesis.tokens)
        for step in hypothesis.alternatives:
            assert [one.token for one in step] == translator.checkpoint.target_tokenizer.pieces(
                [one.token_id for one in step]
            )
            assert 1 >= step[0].probability >= step[-1].probability
    values = json.loads(json.dumps(translation.to_dict()))["hypotheses"][0]
    assert values["alternatives"][0][0][0] == translation.hypotheses[0].alternatives[0][0].token
    assert translator.translate(["How?"], config)[0].hypotheses[0].alternatives is None


@pytest.mark.parametrize("prefix", ["我", "我不认", "你？", " 那个"])
@pytest.mark.parametrize("config", [GREEDY, BEAM, DIVERSE, SAMPLE])
def test_every_output_begins_with_the_prefix(translator, config, prefix):
    for translation in translator.translate(ENGLISH, replace(config, prefix=prefix)):
        assert all(hypothesis.text.startswith(prefix.strip()) for hypothesis in translation.hypotheses)
        assert translation.source in ENGLISH
    (*_, last) = translator.stream("How?", replace(config, prefix=prefix))
    assert last.hypotheses[0].text.startswith(prefix.strip())


def test_greedy_with_a_prefix_of_its_own_output_returns_it_again(translator):
    for text in ENGLISH:
        (free,) = translator.translate([text], GREEDY)
        output = free.hypotheses[0].text
        for stop in range(1, len(output) + 1):
            if normalise_prefix(output[:stop]) == output[:stop]:
                (again,) = translator.translate([text], replace(GREEDY, prefix=output[:stop]))
                assert again.hypotheses[0].text == output


@pytest.mark.parametrize("config", [GREEDY, BEAM, DIVERSE, SAMPLE])
def test_an_output_goes_on_from_chosen_tokens(translator, config):
    chosen = (5, 6, 9)
    (translation,) = translator.translate(["How are you?"], replace(config, prefix="好"), prefix_tokens=chosen)
    assert all(hypothesis.token_ids[:3] == chosen for hypothesis in translation.hypotheses)


def test_a_prefix_that_cannot_be_written_is_refused(translator):
    with pytest.raises(InputError, match="from its character 2 .'x'. on") as caught:
        translator.translate(["How?"], replace(GREEDY, prefix="你x"))
    assert (caught.value.code, caught.value.fields["field"]) == ("prefix_impossible", "prefix")
    with pytest.raises(InputError, match="takes at least 4 tokens and max_length is 3") as caught:
        translator.translate(["How?"], replace(GREEDY, prefix="你好你好", max_length=3))
    assert caught.value.code == "prefix_too_long"


@pytest.mark.parametrize("tokens", [(5, 3, 6), (0,), (2, 5), (5, 30), (-1,)])
def test_tokens_that_no_output_can_begin_with_are_refused(translator, tokens):
    with pytest.raises((InputError, ConfigurationError), match="prefix_tokens must"):
        translator.translate(["How?"], GREEDY, prefix_tokens=tokens)


def test_a_blank_prefix_is_none(translator):
    expected = outputs(translator.translate(ENGLISH, BEAM))
    assert outputs(translator.translate(ENGLISH, replace(BEAM, prefix=" \u200b "))) == expected


def test_a_long_prefix_has_room(translator):
    config = replace(GREEDY, prefix="你好" * 50)
    (translation,) = translator.translate(["How?"], config)
    assert translation.hypotheses[0].text.startswith("你好" * 50)


@pytest.mark.parametrize("config", [GREEDY, BEAM, DIVERSE, SAMPLE])
def test_scoring_an_output_gives_its_own_numbers(translator, config):
    found = translator.translate(ENGLISH, config)
    targets = [translation.hypotheses[0].token_ids for translation in found]
    for one, other in zip(found, translator.score(ENGLISH, targets, config, alternatives=2), strict=True):
        (own,) = other.hypotheses
        assert own.token_ids == one.hypotheses[0].token_ids
        assert own.log_prob == pytest.approx(one.hypotheses[0].log_prob, abs=1e-4)
        assert own.score == pytest.approx(one.hypotheses[0].score, abs=1e-4)
        np.testing.assert_allclose(own.attention, one.hypotheses[0].attention, atol=1e-5)
        assert len(own.ranks) == len(own.alternatives) == len(own.tokens)
        assert translator.judge(other, one, config).verdict == Verdict.SAME


def test_a_target_of_text_ends_with_the_end_symbol(translator):
    (scored,) = translator.score(["How?"], [" 你好吗? "], BEAM)
    assert scored.hypotheses[0].text == "你好吗？"
    assert scored.hypotheses[0].tokens[-1] == "</s>"
    assert json.loads(json.dumps(scored.to_dict()))["hypotheses"][0]["ranks"] == list(scored.hypotheses[0].ranks)


@pytest.mark.parametrize(
    ("target", "code"),
    [("", "target_empty"), ((), "target_empty"), ("你" * 600, "target_too_long"), ((3, 5), "bad_token")],
)
def test_a_target_that_cannot_be_scored_is_refused(translator, target, code):
    with pytest.raises(InputError) as caught:
        translator.score(["How?"], [target], BEAM)
    assert (caught.value.code, caught.value.fields["field"]) == (code, "target")
    with pytest.raises(InputError, match="one target for each of 2 texts; got 1"):
        translator.score(["How?", "How?"], ["你"], BEAM)


def test_a_judgement_names_the_search_where_it_missed_a_better_output(translator):
    config = DecodingConfig(strategy="greedy", length_penalty=0.0)
    texts = [*ENGLISH, "How?", "How are you", "We", "I don't know."]
    wide = translator.translate(texts, DecodingConfig(beam_size=50, length_penalty=0.0))
    verdicts = set()
    for best, found in zip(wide, translator.translate(texts, config), strict=True):
        (own,) = translator.score([best.source], [best.hypotheses[0].token_ids], config)
        judgement = translator.judge(own, found, config)
        verdicts.add(judgement.verdict)
        if judgement.verdict == Verdict.SEARCH_ERROR:
            assert judgement.own_score > judgement.best_score
            out_of_reach = translator.judge(own, found, replace(config, prefix="静静静"))
            assert out_of_reach.verdict == Verdict.OUT_OF_REACH
    assert Verdict.SEARCH_ERROR in verdicts


def test_a_judgement_knows_the_tokens_that_the_search_had_to_begin_with(translator):
    config, begun = DecodingConfig(strategy="greedy", length_penalty=0.0), (5, 6, 9)
    wide = DecodingConfig(beam_size=50, length_penalty=0.0)
    (found,) = translator.translate(["How?"], config, prefix_tokens=begun)
    (free,), (bound,) = (translator.translate(["How?"], wide, prefix_tokens=tokens) for tokens in ((), begun))
    assert translator.judge(free, found, config, prefix_tokens=begun).verdict == Verdict.OUT_OF_REACH
    assert translator.judge(bound, found, config, prefix_tokens=begun).verdict in (Verdict.SAME, Verdict.SEARCH_ERROR)
    assert translator.judge(found, found, config, prefix_tokens=begun).verdict == Verdict.SAME


def test_a_pinned_output_is_judged_by_the_pinned_model(translator):
    config = DecodingConfig(strategy="greedy", length_penalty=0.0)
    size = len(translator.translate(["How?"], config)[0].source_tokens)
    pinned = {0: [0.0] * (size - 1) + [1.0]}
    (found,) = translator.translate(["How?"], config, pinned=pinned)
    (best,) = translator.translate(["How?"], DecodingConfig(beam_size=50, length_penalty=0.0), pinned=pinned)
    (own,) = translator.score(["How?"], [best.hypotheses[0].token_ids], config, pinned=pinned)
    judgement = translator.judge(own, found, config)
    assert judgement.own_score == pytest.approx(best.hypotheses[0].score, abs=1e-5)
    assert judgement.verdict in (Verdict.SAME, Verdict.SEARCH_ERROR)


@pytest.mark.parametrize("config", [GREEDY, BEAM, DIVERSE])
def test_a_search_tree_comes_with_its_pieces_when_asked_for(translator, config):
    (translation,) = translator.translate(["How are you?"], config, trace=True)
    trace = translation.trace
    for end, hypothesis in zip(trace.n_best, translation.hypotheses, strict=True):
        assert tuple(trace.tokens[index] for index in trace.path(end)) == hypothesis.tokens
    values = json.loads(json.dumps(translation.to_dict()))["trace"]
    assert values["nodes"][0]["token"] == trace.tokens[0]
    assert len(values["attention"][0]) == len(translation.source_tokens)
    (*_, last) = translator.stream("How are you?", config, trace=True)
    assert last.trace.nodes == trace.nodes
    assert translator.translate(["How?"], config)[0].to_dict()["trace"] is None


def test_the_coverage_that_is_reported_ranks_like_a_new_search(translator):
    (translation,) = translator.translate(["How are you?"], BEAM)
    for hypothesis, values in zip(translation.hypotheses, translation.to_dict()["hypotheses"], strict=True):
        assert hypothesis.rankable.score(alpha=1.0, beta=0.1) == pytest.approx(hypothesis.score, abs=1e-5)
        normalised = values["log_prob"] / ((5 + len(values["tokens"])) / 6)
        assert normalised + 0.1 * values["coverage"] == pytest.approx(values["score"], abs=1e-5)


def test_a_model_without_attention_gives_none():
    (translation,) = tiny_translator(attention="none").translate(["How are you?"], GREEDY)
    assert translation.hypotheses[0].attention is None
    assert translation.to_dict()["hypotheses"][0]["attention"] is None


@pytest.mark.parametrize("call", ["translate", "stream"])
def test_coverage_penalty_without_attention_is_refused_before_decoding(call):
    translator = tiny_translator(attention="none")
    texts = ["How are you?"] if call == "translate" else "How are you?"
    with pytest.raises(ConfigurationError, match="coverage_penalty needs a model with attention") as caught:
        getattr(translator, call)(texts, DecodingConfig(coverage_penalty=0.2))
    assert caught.value.code == "coverage_needs_attention"


@pytest.mark.parametrize("config", [GREEDY, BEAM, DIVERSE, SAMPLE])
def test_a_stream_grows_step_by_step_and_ends_with_the_result(translator, config):
    (*live, last) = translator.stream("How are you?", config)
    (final,) = translator.translate(["How are you?"], config)
    assert outputs([last]) == outputs([final])
    assert [translation.steps for translation in live] == list(range(1, final.steps))
    lengths = [max(len(hypothesis.tokens) for hypothesis in translation.hypotheses) for translation in live]
    assert lengths == list(range(1, final.steps))
    assert not any(all(hypothesis.finished for hypothesis in translation.hypotheses) for translation in live)


def test_closing_a_stream_stops_the_model(translator, monkeypatch):
    calls = []
    step = translator.checkpoint.model.step
    monkeypatch.setattr(translator.checkpoint.model, "step", lambda *args: calls.append(1) or step(*args))
    stream = translator.stream("How are you?", BEAM)
    next(stream)
    next(stream)
    stream.close()
    assert len(calls) == 2


@pytest.mark.parametrize("text", ["", "   ", "\t\n", "\u200b\u202e", "\ud800", "\x00\x07"])
def test_a_text_with_nothing_in_it_is_refused(translator, text):
    with pytest.raises(InputError, match="the source is empty") as caught:
        translator.translate([text], GREEDY)
    assert caught.value.code == "empty"


def test_a_source_too_long_is_refused_with_its_length_and_the_limit(translator):
    with pytest.raises(InputError, match="at most 256") as caught:
        translator.translate(["How are you? " * 100], GREEDY)
    assert caught.value.code == "source_too_long"
    assert caught.value.fields["limit"] == 256
    assert caught.value.fields["tokens"] == len(
        translator.checkpoint.source_tokenizer.encode(("How are you? " * 100).strip())
    )


def test_the_longest_source_is_taken(translator):
    text = "H" * 255
    assert len(translator.checkpoint.source_tokenizer.encode(text)) == 256
    (translation,) = translator.translate([text], DecodingConfig(strategy="greedy", max_length=3))
    assert len(translation.source_tokens) == 257


@pytest.mark.parametrize("text", ["a" * 100_000, "How are you? " * 8000, "你" * 100_000])
def test_a_huge_text_is_refused_at_once(translator, text):
    start = time.perf_counter()
    with pytest.raises(InputError, match=r"10[04],000 characters and the limit is 10,000") as caught:
        translator.translate([text], GREEDY)
    assert time.perf_counter() - start < 1
    assert caught.value.code == "source_too_many_characters"


@pytest.mark.parametrize("text", [None, 7, b"How are you?", ["How are you?"]])
def test_what_is_not_text_is_refused(translator, text):
    with pytest.raises(InputError, match="must be text") as caught:
        translator.translate([text], GREEDY)
    assert caught.value.code == "not_text"


def test_one_string_in_place_of_a_list_is_refused(translator):
    with pytest.raises(InputError, match="must be a list"):
        translator.translate("How are you?", GREEDY)


def test_a_bad_line_is_named_and_nothing_is_decoded(translator, monkeypatch):
    monkeypatch.setattr(translator.checkpoint.model, "step", None)
    with pytest.raises(InputError, match="line 2: the source is empty") as caught:
        translator.translate(["How are you?", " ", "How?"], GREEDY)
    assert caught.value.fields["line"] == 2


@pytest.mark.parametrize("text", ["<script>alert('x')</script>", "مرحبا", "How? 😀🎉", "a\x00b\x1bc", "\ufeffHow?"])
def test_any_script_and_symbol_is_decoded(translator, text):
    (translation,) = translator.translate([text], GREEDY)
    assert translation.hypotheses[0].tokens


def test_no_texts_give_no_translations(translator):
    assert translator.translate([], BEAM) == []


def test_default_maximum_length_follows_the_source(translator):
    config = DecodingConfig(strategy="greedy", min_length=512)
    (translation,) = translator.translate(["How?"], config)
    assert translation.steps == 512  # the minimum length raises it
    config = DecodingConfig(beam_size=2, min_length=12)
    (translation,) = translator.translate(["How?"], config)
    assert all(12 <= len(h.tokens) <= 2 * (len(translation.source_tokens) - 1) + 10 for h in translation.hypotheses)


def test_threads_may_share_a_translator(translator):
    texts = [*ENGLISH, "How?"] * 4
    expected = dict(zip(texts, outputs(translator.translate(texts, BEAM)), strict=True))
    found = []

    def work(seed: int) -> None:
        for text in random.Random(seed).sample(texts, 6):
            found.append((text, outputs(translator.translate([text], BEAM))[0]))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 24
    assert all(expected[text] == output for text, output in found)


def test_save_pretrained_and_from_pretrained_give_the_same_translations(translator, tmp_path):
    translator.save_pretrained(tmp_path / "one")
    first = Translator.from_pretrained(tmp_path / "one", device="cpu")
    first.save_pretrained(tmp_path / "two")
    second = Translator.from_pretrained(str(tmp_path / "two"), device="cpu")
    assert outputs(first.translate(ENGLISH, BEAM)) == outputs(second.translate(ENGLISH, BEAM))
