"""Decoding for the page: growing snapshots, each line for itself, and a stop that stops."""

import copy
import itertools
import json
from dataclasses import replace

import pytest

from seq2seq_demo.errors import CheckpointError, ConfigurationError
from seq2seq_demo.web import models as models_module
from seq2seq_demo.web.decoding import Pace, decode, decode_paced, error_to_dict
from seq2seq_demo.web.models import Models
from seq2seq_demo.web.page import PageServer, default_options
from seq2seq_demo.web.requests import read_request
from tests.support.fake_translator import CHARACTER_LIMIT, FakeTranslator

TOO_LONG = "x" * (CHARACTER_LIMIT + 1)


def request(text: str, strategy: str = "beam"):
    return read_request({"model": "fake", "text": text, "strategy": strategy, "options": {"n_best": 2}})


def answers(values, translator=None) -> list[dict]:
    server = PageServer(Models({"fake": translator or FakeTranslator()}))
    return [json.loads(answer) for answer in server.answer(values)]


def test_a_bad_line_keeps_its_error_and_the_others_their_results():
    *_, lines = decode(FakeTranslator(), request(f"a b\n{TOO_LONG}\nc d"))
    assert [line.error and line.error.code for line in lines] == [None, "source_too_many_characters", None]
    assert [line.runs[0].translation.hypotheses[0].text for line in (lines[0], lines[2])] == ["b a", "d c"]


def test_a_text_in_another_script_says_whose_it_may_be():
    *_, lines = decode(FakeTranslator(), request("你好。\nالسلام\nHow?"), languages=["en", "zh", "de"])
    found = [(line.to_dict()["reads"], line.to_dict()["others"]) for line in lines]
    assert found == [("en", ["zh"]), ("en", []), (None, [])]


def test_side_by_side_gives_each_line_two_runs():
    *_, (line,) = decode(FakeTranslator(), request("a b", "compare"))
    assert [len(run.translation.hypotheses) for run in line.runs] == [1, 2]
    assert all(run.finished for run in line.runs)


def test_closing_stops_the_search_within_a_step():
    translator = FakeTranslator()
    steps = decode(translator, request("a b c d"))
    next(steps)
    steps.close()
    assert translator.steps_taken == 1


def test_a_quick_decode_is_answered_once_and_a_slow_one_grows():
    def shown(clock):
        return [
            (line.runs[0].translation.steps, done)
            for (line,), done in decode_paced(FakeTranslator(), request("a b c"), clock=clock)
        ]

    assert shown(lambda: 0.0) == [(3, True)]
    assert shown(itertools.count(step=0.15).__next__) == [(2, False), (3, True)]


@pytest.mark.parametrize(("took", "later"), [(0.01, 0.15), (0.2, 0.6)], ids=["quick", "slow"])
def test_what_takes_long_to_show_is_shown_more_rarely(took, later):
    now = [0.0]
    pace = Pace(lambda: now[0])
    now[0] = 0.299
    assert not pace.due()
    now[0] = 0.3
    assert pace.due()
    now[0] += took
    assert pace.due(), "what is due stays due until it is shown"
    pace.shown()
    now[0] += later - 0.001
    assert not pace.due()
    now[0] += 0.002
    assert pace.due()


def test_an_unfinished_decode_has_the_alternatives_of_its_best_alone():
    *_, (before,), (after,) = (copy.deepcopy(lines) for lines in decode(FakeTranslator(), request("a b c")))
    recorded = [
        [hypothesis["alternatives"] is not None for hypothesis in line.to_dict()["runs"][0]["hypotheses"]]
        for line in (before, after)
    ]
    assert recorded == [[True, False], [True, True]]


def test_the_last_answer_is_done_and_carries_the_request_s_number():
    values = {"request": "7", "model": "fake", "text": "a b", "strategy": "beam", "options": default_options()}
    (answer,) = answers(values)
    assert (answer["request"], answer["done"]) == ("7", True)
    run = answer["lines"][0]["runs"][0]
    assert not run["partial"]
    assert len(run["hypotheses"]) == 5


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({}, "not_a_choice"),
        ({"text": "a", "strategy": "beam", "model": "../fake"}, "not_a_choice"),
        ({"text": "", "strategy": "beam"}, "empty"),
        ({"text": "a", "strategy": "beam", "model": "fake", "options": {"length_penalty": float("inf")}}, "wrong_type"),
    ],
)
def test_an_error_is_an_answer_with_its_code(values, code):
    (answer,) = answers(values)
    assert answer["error"]["code"] == code


def test_an_unforeseen_failure_is_logged_and_told_without_its_details(caplog):
    class Broken(FakeTranslator):
        def stream(self, text, config, *, prefix_tokens=(), pinned=None, alternatives=0, wanted=None):
            raise RuntimeError("secret")

    (answer,) = answers({"text": "a", "strategy": "greedy", "model": "fake"}, Broken())
    assert answer["error"]["code"] == "internal"
    assert "secret" not in json.dumps(answer)
    assert "secret" in caplog.text


def test_fields_of_an_error_are_ready_for_json():
    error = ConfigurationError("c", "m", {"a": float("nan"), "b": 3, "c": ("x",)})
    assert error_to_dict(error)["fields"] == {"a": "nan", "b": 3, "c": "('x',)"}


def test_a_model_that_cannot_be_loaded_costs_no_other(monkeypatch, caplog):
    class Translators:
        @staticmethod
        def from_pretrained(name, *, device):
            if "bad" in name:
                raise CheckpointError("missing_file", "no weights.")
            return FakeTranslator()

    monkeypatch.setattr(models_module, "Translator", Translators)
    models = Models.load(["/a/en-zh", "/b/bad", "en-zh", "en-zh"])
    assert list(models.served) == ["en-zh", "en-zh-2"]
    assert [(item.name, item.error.code) for item in models.failures] == [("bad", "missing_file")]
    assert "no weights" in caplog.text


def test_a_model_card_s_licence_and_first_paragraph_are_shown(tmp_path):
    (tmp_path / "README.md").write_text(
        "---\nlicense: other\nlicense_name: research-only\n---\n# T\n\nA small\nmodel.\n"
    )
    translator = FakeTranslator()
    translator.checkpoint.path = tmp_path
    (shown,) = Models({"fake": translator}).describe()
    assert (shown["licence"], shown["summary"]) == ("research-only", "A small model.")


def test_the_languages_are_those_that_models_translate_from():
    nameless = FakeTranslator()
    nameless.config = replace(nameless.config, source_language="")
    speaker = FakeTranslator()
    speaker.config = replace(speaker.config, source_language="de", task="pronounce")
    assert Models({"one": FakeTranslator(), "two": nameless, "three": speaker, "four": FakeTranslator()}).languages == [
        "en"
    ]
