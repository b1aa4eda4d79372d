"""The endpoints: the options are those of the command line and of Python, and so is the JSON."""

import inspect
from dataclasses import fields

import gradio as gr
import pytest

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.web.api import MAX_COMPARED, Endpoints
from seq2seq_demo.web.models import Models
from tests.support.search_translators import tiny_translator

TEXT = "We know the old man."


@pytest.fixture(scope="module")
def translator():
    return tiny_translator()


@pytest.fixture(scope="module")
def endpoints(translator):
    return Endpoints(Models({"tiny": translator}))


def test_the_endpoint_has_every_decoding_option_with_its_default():
    parameters = inspect.signature(Endpoints.translate).parameters
    offered = {name: item.default for name, item in parameters.items() if name not in ("self", "text", "model")}
    assert offered == {item.name: item.default for item in fields(DecodingConfig)}


def test_each_run_of_a_comparison_is_what_translate_gives(endpoints):
    options = [{"strategy": "greedy"}, {"beam_size": 3, "n_best": 2}, {"strategy": "sample", "seed": 7}]
    answer = endpoints.compare(TEXT, options)
    assert answer["model"] == "tiny"
    for run, one in zip(answer["runs"], options, strict=True):
        wanted = endpoints.translate(TEXT, **one)
        del wanted["model"]
        assert run["options"] == wanted["options"]
        assert run["hypotheses"][0]["text"] == wanted["hypotheses"][0]["text"]
        assert run["hypotheses"][0]["log_prob"] == pytest.approx(wanted["hypotheses"][0]["log_prob"], abs=1e-4)
        assert run.keys() == wanted.keys()


def test_the_search_s_own_output_is_judged_the_same(endpoints):
    # A tiny model's best output is often empty, which nobody can score.
    found = endpoints.translate(TEXT, min_length=5)["hypotheses"][0]
    answer = endpoints.score(TEXT, found["text"], {"min_length": 5})
    assert answer["judgement"]["verdict"] in ("same", "other-segmentation")
    assert answer["judgement"]["best_score"] == pytest.approx(found["score"], abs=1e-4)
    assert len(answer["own"]["hypotheses"][0]["ranks"]) == len(answer["own"]["hypotheses"][0]["tokens"])


def test_penalties_hold_for_both_scores(endpoints):
    answer = endpoints.score(TEXT, "你好", {"strategy": "greedy", "length_penalty": 0})
    own = answer["own"]["hypotheses"][0]
    assert answer["judgement"]["own_score"] == pytest.approx(own["log_prob"])
    assert answer["judgement"]["best_score"] == pytest.approx(answer["found"]["hypotheses"][0]["log_prob"])


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda ends: ends.compare(TEXT, []), "wrong_type"),
        (lambda ends: ends.compare(TEXT, {"strategy": "greedy"}), "wrong_type"),
        (lambda ends: ends.compare(TEXT, [{}] * (MAX_COMPARED + 1)), "wrong_type"),
        (lambda ends: ends.compare(TEXT, [{"strategy": "greedy"}, 5]), "wrong_type"),
        (lambda ends: ends.compare(TEXT, [{"beam": 5}]), "unknown_key"),
        (lambda ends: ends.compare(" ", [{}]), "empty"),
        (lambda ends: ends.compare(TEXT, [{}], "other"), "not_a_choice"),
        (lambda ends: ends.score(TEXT, " "), "target_empty"),
        (lambda ends: ends.score(TEXT, "你", [1]), "wrong_type"),
        (lambda ends: ends.score("", "你"), "empty"),
    ],
)
def test_a_bad_request_is_an_error_with_its_code(endpoints, call, code):
    with pytest.raises(gr.Error) as caught:
        call(endpoints)
    assert caught.value.title == code


def test_an_error_says_which_of_the_options_it_is_about(endpoints):
    with pytest.raises(gr.Error, match="options 2: beam_size"):
        endpoints.compare(TEXT, [{}, {"beam_size": 0}])
