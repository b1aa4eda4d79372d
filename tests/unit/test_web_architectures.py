"""The view *Architectures*, and the learning curves beside the cards."""

import json

import pytest

from seq2seq_demo.errors import InputError
from seq2seq_demo.web.models import CURVE_POINTS, Models, read_curve
from seq2seq_demo.web.views.architectures import answer, read_probe
from tests.support.search_translators import ENGLISH, tiny_translator

REQUEST = {"model": "tiny", "text": ENGLISH[0], "strategy": "beam", "options": {"coverage_penalty": 0.5, "n_best": 5}}


@pytest.fixture(scope="module")
def models() -> Models:
    served = {"tiny": tiny_translator(attention="additive", seed=1)}
    for attention in ("none", "dot"):
        served[f"family/lstm-{attention}"] = tiny_translator(attention=attention, seed=2)
    return Models(served)


def test_every_member_decodes_the_shown_line(models):
    members = answer(models, REQUEST)["members"]
    assert [member["id"] for member in members] == ["family/lstm-none", "family/lstm-dot"]
    assert all(member["source"] == ENGLISH[0] and len(member["hypotheses"]) == 1 for member in members)
    assert [member["hypotheses"][0]["attention"] is None for member in members] == [True, False]


def test_a_chinese_line_waits_for_an_english_sentence(models):
    found = answer(models, {**REQUEST, "text": "你好吗？"})
    assert (found["text"], found["members"]) == (None, [])
    assert len(answer(models, {**REQUEST, "text": "你好吗？", "family_text": ENGLISH[0]})["members"]) == 2


def test_a_sentence_that_is_no_text_is_refused(models):
    with pytest.raises(InputError, match="must be a string"):
        answer(models, {**REQUEST, "family_text": 3})


def test_there_may_be_no_probe(tmp_path):
    assert read_probe(tmp_path / "none.json") is None


def write_log(path, entries):
    path.write_text("\n".join(json.dumps(entry) for entry in entries), encoding="utf-8")
    return path


def test_a_curve_counts_on_through_a_second_run(tmp_path):
    run = [
        {"kind": "start", "update": 0},
        {"kind": "train", "update": 100, "loss": 5.0},
        {"kind": "start", "update": 100},  # resumed: the same run
        {"kind": "validation", "update": 200, "loss": 4.0, "bleu": 10.0},
    ]
    curve = read_curve(write_log(tmp_path / "log.jsonl", [*run, *run]))
    assert curve["validation"] == [(200, 10.0), (400, 10.0)]
    assert (curve["loss"], curve["metric"], curve["starts"]) == ([(100, 5.0), (300, 5.0)], "bleu", [200])


def test_a_long_curve_is_thinned_and_keeps_its_ends(tmp_path):
    entries = [{"kind": "train", "update": update, "loss": 1.0} for update in range(1000)]
    updates = [update for update, _ in read_curve(write_log(tmp_path / "log.jsonl", entries))["loss"]]
    assert (len(updates), updates[0], updates[-1]) == (CURVE_POINTS, 0, 999)


@pytest.mark.parametrize("log", ["not json", '{"kind": "train"}', "[]"])
def test_a_log_of_another_kind_gives_no_curve(tmp_path, log):
    path = tmp_path / "log.jsonl"
    path.write_text(log, encoding="utf-8")
    assert read_curve(path) is None
    assert read_curve(tmp_path / "none.jsonl") is None
