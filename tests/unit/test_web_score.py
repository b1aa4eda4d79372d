"""The view *Score mine*: a person's own output beside the best that the search found."""

import json
from typing import Any

import pytest

from seq2seq_demo.errors import ConfigurationError, InputError
from seq2seq_demo.translator import Translation
from seq2seq_demo.web.models import Models
from seq2seq_demo.web.requests import read_request
from seq2seq_demo.web.views.score import answer
from tests.support.search_translators import CHINESE, ENGLISH, tiny_translator

REQUEST = {
    "model": "tiny",
    "text": ENGLISH[0],
    "strategy": "greedy",
    "options": {"length_penalty": 0.5, "repeat_limit": 0},
}


@pytest.fixture(scope="module")
def models() -> Models:
    return Models({"tiny": tiny_translator(seed=1), "blind": tiny_translator(attention="none", seed=1)})


def search(models: Models, **changes: object) -> Translation:
    """Decode as the page does."""
    request = read_request({**REQUEST, **changes})
    (translation,) = models.get(request.model).translate(
        request.lines, request.configs[-1], prefix_tokens=request.prefix_tokens
    )
    return translation


def ask(models: Models, target: object, **changes: object) -> dict[str, Any]:
    """Ask the view about a target, beside what the same request finds, through JSON as the page does."""
    found = list(search(models, **changes).hypotheses[0].token_ids)
    return json.loads(json.dumps(answer(models, {**REQUEST, "found": found, **changes, "target": target})))


def test_what_the_search_found_is_scored_as_the_search_scored_it(models):
    best = search(models).hypotheses[0]
    given = ask(models, CHINESE[0])
    assert given["found"]["token_ids"] == list(best.token_ids)
    assert given["judgement"]["best_score"] == pytest.approx(best.score, abs=1e-4)
    assert given["found"]["ranks"] == [1] * len(best.token_ids)  # greedy takes the first each time


def test_the_search_s_own_text_gets_the_same_score(models):
    beam = {"strategy": "beam", "options": {}}
    given = ask(models, search(models, **beam).hypotheses[0].text, **beam)
    assert given["judgement"]["verdict"] == "same"
    assert given["own"]["hypotheses"][0]["token_log_probs"] == given["found"]["token_log_probs"]


def test_both_scores_are_under_the_request_s_penalties(models):
    given = ask(models, CHINESE[0])
    assert given["penalties"] == {"alpha": 0.5, "beta": 0.0}
    for hypothesis, name in ((given["own"]["hypotheses"][0], "own_score"), (given["found"], "best_score")):
        penalty = ((5 + len(hypothesis["tokens"])) / 6) ** 0.5
        assert given["judgement"][name] == pytest.approx(hypothesis["log_prob"] / penalty, abs=1e-5)


def test_a_rank_counts_the_tokens_that_are_more_probable(models):
    own = ask(models, CHINESE[0])["own"]["hypotheses"][0]
    for rank, alternatives, token in zip(own["ranks"], own["alternatives"], own["token_ids"], strict=True):
        better = [one for _, one, _ in alternatives]
        assert (better.index(token) + 1 if token in better else 11) == min(rank, 11)


def test_why_a_search_could_not_have_written_it_is_named(models):
    names = {
        "unknown-piece": ask(models, "猫"),
        "too-long": ask(models, CHINESE[1], options={"max_length": 4}),
        "too-short": ask(models, "你", options={"min_length": 6}),
        "other-prefix": ask(models, "你好", options={"prefix": "我们"}),
        "repeats": ask(models, "你好吗" * 4, options={"repeat_limit": 2}),
    }
    assert {name: given["judgement"]["obstacles"] for name, given in names.items()} == {name: [name] for name in names}
    assert ask(models, CHINESE[0])["judgement"]["obstacles"] == []


def test_chosen_tokens_are_a_beginning_that_the_search_had_to_keep(models):
    first = models.get("tiny").checkpoint.target_tokenizer.encode(CHINESE[0])[0]
    given = [ask(models, CHINESE[0], prefix_tokens=[token])["judgement"]["obstacles"] for token in (first, first + 1)]
    assert given == [[], ["other-prefix"]]


def test_a_model_without_attention_scores_too(models):
    given = ask(models, CHINESE[0], model="blind")
    assert given["own"]["hypotheses"][0]["attention"] is None
    assert len(given["own"]["hypotheses"][0]["ranks"]) == len(CHINESE[0]) + 1


def test_a_text_in_another_script_is_pointed_out(models):
    assert [ask(models, text)["writes"] for text in (CHINESE[0], "Fine, thanks")] == [None, "zh"]


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"target": None}, InputError, "not_text"),
        ({"target": " "}, InputError, "target_empty"),
        ({"target": "你", "found": []}, InputError, "target_empty"),
        ({"target": "你", "found": "5"}, ConfigurationError, "wrong_type"),
        ({"target": "你", "found": [10**9]}, ConfigurationError, "out_of_range"),
    ],
)
def test_what_cannot_be_scored_is_refused(models, changes, error, code):
    with pytest.raises(error) as caught:
        answer(models, {**REQUEST, "found": [5, 3], **changes})
    assert caught.value.code == code
