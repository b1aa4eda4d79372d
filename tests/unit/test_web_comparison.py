"""The view *Compare*: what it decodes, what it refuses, and what it measures."""

import itertools

import pytest

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.errors import ConfigurationError, InputError
from seq2seq_demo.evaluation import measure_sentence
from seq2seq_demo.web.models import Models
from seq2seq_demo.web.views.comparison import MAX_OUTPUTS, MAX_STRATEGIES, answer, decode
from tests.support.search_translators import ENGLISH, tiny_translator

OPTIONS = {"length_penalty": 0.5, "coverage_penalty": 0.2, "max_length": 9}
REQUEST = {"model": "tiny", "text": ENGLISH[1], "strategy": "beam", "options": {**OPTIONS, "beam_size": 3, "n_best": 3}}


@pytest.fixture(scope="module")
def models() -> Models:
    return Models({"tiny": tiny_translator(seed=1)})


def compare(models, *strategies, **values):
    *_, last = decode(models, {**REQUEST, "strategies": list(strategies), **values})
    return last["runs"]


def test_each_strategy_gives_what_it_gives_alone(models):
    sample = {"strategy": "sample", "n_best": 4, "temperature": 0.7, "top_k": 5, "top_p": 0.9, "seed": 3}
    rows = [{"strategy": "greedy"}, {"strategy": "beam", "beam_size": 4}, sample]
    for row, run in zip(rows, compare(models, *rows), strict=True):
        (alone,) = models.get("tiny").translate([ENGLISH[1]], DecodingConfig.from_dict({**OPTIONS, **row}))
        assert [one["token_ids"] for one in run["hypotheses"]] == [list(one.token_ids) for one in alone.hypotheses]
        scores = [one.score for one in alone.hypotheses]
        assert [one["score"] for one in run["hypotheses"]] == pytest.approx(scores, abs=1e-5)
        assert run["steps"] == alone.steps


def test_samples_are_outputs_of_one_reported_seed_and_beams_give_their_best(models):
    beam, sample = compare(models, {"strategy": "beam", "beam_size": 4}, {"strategy": "sample", "n_best": 10})
    assert (len(beam["hypotheses"]), len(sample["hypotheses"])) == (1, 10)
    (again,) = compare(models, {"strategy": "sample", "n_best": 10, "seed": sample["seed"]})
    assert [one["text"] for one in again["hypotheses"]] == [one["text"] for one in sample["hypotheses"]]


def test_what_takes_long_tells_how_far_it_is_and_takes_no_step_unasked(models, monkeypatch):
    calls = []
    model = models.get("tiny").checkpoint.model
    step = model.step
    monkeypatch.setattr(model, "step", lambda *args: calls.append(1) or step(*args))
    clock = itertools.count().__next__  # a second passes whenever somebody asks
    rows = [{"strategy": "greedy"}, {"strategy": "beam", "beam_size": 4}]
    options = {**REQUEST["options"], "min_length": 9}
    messages = decode(models, {**REQUEST, "options": options, "strategies": rows}, clock=clock)
    for _ in range(2):
        message = next(messages)
        assert (message["done"], message["steps"], len(message["texts"])) == (False, len(calls), len(rows))
    assert message["steps"] > 1


def test_an_option_that_a_strategy_does_not_use_cannot_fail(models):
    (run,) = compare(models, {"strategy": "greedy", "beam_size": -1, "length_penalty": 5})
    assert run["options"]["length_penalty"] == OPTIONS["length_penalty"]


def test_the_tokens_that_a_visitor_chose_come_first_in_all(models):
    greedy = compare(models, {"strategy": "greedy"})[0]["hypotheses"][0]["token_ids"]
    chosen = [token for token in (7, 8, 9) if token != greedy[0]][:1]
    runs = compare(models, {"strategy": "greedy"}, {"strategy": "beam", "beam_size": 2}, prefix_tokens=chosen)
    assert [run["hypotheses"][0]["token_ids"][:1] for run in runs] == [chosen, chosen]


@pytest.mark.parametrize(
    ("strategies", "code", "row"),
    [
        ([{"strategy": "greedy"}, {"strategy": "beam", "beam_size": 0}], "out_of_range", 2),
        ([{"strategy": "diverse-beam", "beam_size": 5, "beam_groups": 2}], "groups_divide", 1),
        ([{"strategy": "sample", "top_k": 1000}], "out_of_range", 1),
        ([{"strategy": "best"}], "not_a_choice", 1),
        ([{"strategy": ["beam"]}], "not_a_choice", 1),
        ([{"strategy": "greedy"}] * (MAX_STRATEGIES + 1), "too_many_strategies", None),
        ([{"strategy": "sample", "n_best": MAX_OUTPUTS}, {"strategy": "greedy"}], "too_many_outputs", None),
        (["greedy"], "wrong_type", None),
        ([], "wrong_type", None),
        (None, "wrong_type", None),
    ],
)
def test_a_bad_list_is_refused_and_its_row_is_named(models, strategies, code, row):
    with pytest.raises(ConfigurationError) as caught:
        list(decode(models, {**REQUEST, "strategies": strategies}))
    assert (caught.value.code, caught.value.fields.get("row")) == (code, row)


def test_outputs_are_measured_as_chinese_against_any_of_the_references(models):
    outputs, references = ["你好吗？", ""], ["你好", "你好吗？"]
    measured = answer(models, {**REQUEST, "outputs": outputs, "references": references})
    bleu = measure_sentence("bleu", outputs[0], references, tokenize="zh")
    assert measured["figures"][0]["bleu"] == bleu.value == pytest.approx(100)
    assert measured["figures"][1] == {"chrf": 0.0, "bleu": 0.0}
    assert measured["signatures"]["bleu"] == bleu.signature


@pytest.mark.parametrize(
    ("texts", "code"),
    [([], "not_text"), ([3], "not_text"), (["a"] * 11, "too_many_texts"), (["a" * 4001], "text_too_long")],
)
def test_references_that_are_none_are_refused(models, texts, code):
    with pytest.raises(InputError) as caught:
        answer(models, {**REQUEST, "outputs": ["a"], "references": texts})
    assert caught.value.code == code
