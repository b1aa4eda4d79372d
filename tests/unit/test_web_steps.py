"""The view *Step by step*: every architecture, and words for every symbol."""

import json
from typing import Any

import pytest

from seq2seq_demo.config import ArchitectureConfig
from seq2seq_demo.equations import MEANINGS, equations_of
from seq2seq_demo.errors import ConfigurationError, InputError
from seq2seq_demo.web.models import Models
from seq2seq_demo.web.views.steps import answer
from seq2seq_demo.web.words import load_words
from tests.support.search_translators import ENGLISH, tiny_translator

REQUEST = {"model": "tiny", "text": ENGLISH[0], "strategy": "beam", "options": {}, "hypothesis": [5, 6, 3]}


def ask(models: Models, **changes: object) -> dict[str, Any]:
    return json.loads(json.dumps(answer(models, {**REQUEST, **changes}), allow_nan=False))


@pytest.mark.parametrize("attention", ["none", "dot", "general", "additive"])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_every_architecture_is_explained_with_its_own_equations(cell, attention):
    given = ask(Models({"tiny": tiny_translator(cell=cell, attention=attention)}))
    assert (given["cell"], given["attention"], len(given["steps"])) == (cell, attention, 3)
    assert len(given["encoder"]) == len(given["source_tokens"])
    left = {equation["name"] for equation in given["equations"]["cell"]}
    gates = given["steps"][0]["layers"][0]["gates"]
    assert cell == "rnn" or all(any(name.startswith(gate) for name in left) for gate in gates)
    assert bool(given["equations"]["attention"]) == (attention != "none") == (given["steps"][0]["scores"] is not None)


def test_chosen_attention_is_told():
    models = Models({"tiny": tiny_translator()})
    size = len(ask(models)["source_tokens"])
    given = ask(models, pinned=[[1, [1] + [0] * (size - 1)]])
    assert [step["pinned"] for step in given["steps"]] == [False, True, False]
    assert given["steps"][1]["attention"][0] == 1


def test_every_symbol_has_words_in_both_languages():
    words = load_words()
    assert {f"symbol.{key}" for key in MEANINGS} <= words.keys()
    for cell, attention in (("lstm", "general"), ("gru", "additive"), ("rnn", "none")):
        config = ArchitectureConfig.from_dict({"cell": cell, "attention": attention})
        for equation in (one for part in equations_of(config).values() for one in part):
            assert {f"symbol.{key}" for key in equation.symbols.values()} <= words.keys()


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"hypothesis": []}, InputError, "target_empty"),
        ({"hypothesis": [3, 5]}, InputError, "bad_token"),
        ({"hypothesis": {}}, ConfigurationError, "wrong_type"),
        ({"model": "other"}, ConfigurationError, "not_a_choice"),
    ],
)
def test_what_cannot_be_explained_is_refused(changes, error, code):
    with pytest.raises(error) as caught:
        ask(Models({"tiny": tiny_translator()}), **changes)
    assert caught.value.code == code
