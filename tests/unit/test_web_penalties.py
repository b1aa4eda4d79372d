"""The view *Penalties*: where hypotheses change places, and the longer list."""

import pytest

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.errors import ConfigurationError
from seq2seq_demo.search import rerank
from seq2seq_demo.web.models import Models
from seq2seq_demo.web.views.penalties import LONGER, answer
from tests.support.search_translators import ENGLISH, tiny_translator

REQUEST = {"model": "tiny", "text": ENGLISH[1], "strategy": "beam", "options": {"beam_size": 6, "n_best": 6}}


@pytest.fixture(scope="module")
def models() -> Models:
    return Models({"tiny": tiny_translator(seed=1), "blind": tiny_translator(attention="none", seed=1)})


def as_the_page_sends(hypotheses):
    return [
        {
            "log_prob": one["log_prob"],
            "length": len(one["token_ids"]),
            "coverage": one["coverage"],
            "finished": one["finished"],
        }
        for one in hypotheses
    ]


def test_the_first_place_changes_where_the_answer_says(models):
    (found,) = models.get("tiny").translate([ENGLISH[1]], DecodingConfig(beam_size=6, n_best=6))
    sent = as_the_page_sends(found.to_dict()["hypotheses"])
    changes = answer(models, {**REQUEST, "hypotheses": sent, "alpha": 0.7, "beta": 0.3})
    rankables = [one.rankable for one in found.hypotheses]
    assert changes["alpha"] or changes["beta"]
    for name, fixed in (("alpha", {"beta": 0.3}), ("beta", {"alpha": 0.7})):
        for change in changes[name]:
            below, above = (
                rerank(rankables, **fixed, **{name: change["at"] + step})[change["place"] - 1] for step in (-1e-7, 1e-7)
            )
            assert (below, above) == (change["falls"], change["rises"])


def test_a_greedy_result_gets_a_longer_list_with_a_beam(models):
    run = answer(models, {**REQUEST, "strategy": "greedy", "options": {"length_penalty": 0.4}, "longer": True})["run"]
    wide = DecodingConfig(beam_size=LONGER, n_best=LONGER, length_penalty=0.4)
    (alone,) = models.get("tiny").translate([ENGLISH[1]], wide)
    assert [one["token_ids"] for one in run["hypotheses"]] == [list(one.token_ids) for one in alone.hypotheses]
    assert all(one["attention"] is None for one in run["hypotheses"])


def test_without_attention_coverage_changes_nothing(models):
    run = answer(models, {**REQUEST, "model": "blind", "longer": True})["run"]
    sent = as_the_page_sends(run["hypotheses"])
    changes = answer(models, {**REQUEST, "model": "blind", "hypotheses": sent, "alpha": 1, "beta": 0})
    assert changes["beta"] == []


GOOD = {"log_prob": -1.0, "length": 3, "coverage": -0.5, "finished": True}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"hypotheses": []}, "hypotheses"),
        ({"hypotheses": [GOOD] * 101}, "hypotheses"),
        ({"hypotheses": [3]}, "hypotheses"),
        ({"hypotheses": [{**GOOD, "log_prob": float("nan")}]}, "log_prob"),
        ({"hypotheses": [{**GOOD, "log_prob": 1}]}, "log_prob"),
        ({"hypotheses": [{**GOOD, "length": 0}]}, "length"),
        ({"hypotheses": [{**GOOD, "coverage": "0"}]}, "coverage"),
        ({"hypotheses": [GOOD], "alpha": 6}, "length_penalty"),
        ({"hypotheses": [GOOD], "beta": True}, "coverage_penalty"),
    ],
)
def test_numbers_that_are_none_are_refused(models, values, field):
    with pytest.raises(ConfigurationError) as caught:
        answer(models, {**REQUEST, "alpha": 1.0, "beta": 0.0, **values})
    assert caught.value.fields["field"] == field
