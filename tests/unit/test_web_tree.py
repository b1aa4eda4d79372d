"""The view *Search tree*: the shown line decoded again, with what the search looked at."""

import json
from typing import Any

import pytest

from seq2seq_demo.errors import ConfigurationError
from seq2seq_demo.web.models import Models
from seq2seq_demo.web.requests import read_request
from seq2seq_demo.web.views import tree
from tests.support.search_translators import ENGLISH, tiny_translator

REQUEST = {"model": "tiny", "text": ENGLISH[0], "strategy": "beam", "options": {"beam_size": 4, "n_best": 3}}
STRATEGIES = [
    ("greedy", {}),
    ("beam", {"beam_size": 4, "n_best": 3, "length_penalty": 0.7, "coverage_penalty": 0.2}),
    ("diverse-beam", {"beam_size": 4, "n_best": 4, "beam_groups": 2}),
    ("sample", {"n_best": 4, "seed": 7}),
]


@pytest.fixture(scope="module")
def models() -> Models:
    return Models({"tiny": tiny_translator(seed=1), "blind": tiny_translator(attention="none", seed=1)})


def ask(models: Models, **changes: object) -> dict[str, Any]:
    """Ask the view, through JSON as the page does."""
    return json.loads(json.dumps(tree.answer(models, {**REQUEST, **changes}), allow_nan=False))


def path(nodes: list[dict[str, Any]], index: int) -> list[int]:
    tokens: list[int] = []
    while index >= 0:
        tokens.insert(0, nodes[index]["token_id"])
        index = nodes[index]["parent"]
    return tokens


@pytest.mark.parametrize(("strategy", "options"), STRATEGIES)
def test_the_tree_ends_in_the_hypotheses_that_the_page_shows(models, strategy, options):
    given = ask(models, strategy=strategy, options=options)
    request = read_request({**REQUEST, "strategy": strategy, "options": options})
    (shown,) = models.get("tiny").translate(request.lines, request.configs[0])
    nodes = given["trace"]["nodes"]
    assert [path(nodes, end) for end in given["trace"]["n_best"]] == [list(one.token_ids) for one in shown.hypotheses]
    assert [one["text"] for one in given["hypotheses"]] == [one.text for one in shown.hypotheses]
    assert sum(given["summary"]["fates"].values()) == len(nodes)
    assert {len(row) for row in given["trace"]["attention"]} == {len(given["source_tokens"])}


def test_every_path_begins_with_the_chosen_tokens(models):
    chosen = ask(models)["hypotheses"][0]["token_ids"][:2]
    given = ask(models, prefix_tokens=chosen)
    nodes = given["trace"]["nodes"]
    assert given["given"] == 2
    assert {tuple(path(nodes, index)[:2]) for index, node in enumerate(nodes) if node["step"] >= 2} == {tuple(chosen)}


def test_pinned_attention_is_in_the_tree(models):
    weights = [0.0] * len(ask(models)["source_tokens"])
    weights[1] = 1.0
    trace = ask(models, pinned=[[0, weights]])["trace"]
    assert [trace["attention"][node["row"]] for node in trace["nodes"] if node["step"] == 1][0] == weights


def test_each_of_two_strategies_and_each_line_has_its_tree(models):
    both = {"strategy": "compare", "text": f"{ENGLISH[1]}\n{ENGLISH[2]}", "line": 1}
    first, second = (ask(models, run=run, **both) for run in (0, 1))
    assert [first["strategy"], second["strategy"]] == ["greedy", "beam"]
    assert first["source"] == second["source"] == ENGLISH[2]
    with pytest.raises(ConfigurationError, match="run must lie in"):
        ask(models, run=2, **both)


def test_a_model_without_attention_has_a_tree_too(models):
    given = ask(models, model="blind")
    assert given["trace"]["nodes"] and given["trace"]["attention"] is None
    assert given["attention_left_out"] is False


def test_attention_that_is_too_large_for_the_page_is_left_out(models, monkeypatch):
    monkeypatch.setattr(tree, "MAX_WEIGHTS", 10)
    given = ask(models)
    assert given["trace"]["attention"] is None and given["attention_left_out"] is True
