"""Batches: turns that share the machine, lines that fail alone, figures as sacreBLEU gives them."""

import json
from dataclasses import dataclass

import pytest
import sacrebleu

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.errors import InputError, Seq2SeqError
from seq2seq_demo.web.batch import GROUP_ROWS, TURN_LINES, BatchServer, Turn, gather, read_turn, take_turn
from seq2seq_demo.web.models import Models
from tests.support.fake_translator import CHARACTER_LIMIT, FakeTranslator

TOO_LONG = "x" * (CHARACTER_LIMIT + 1)
GREEDY = {"strategy": "greedy"}


@dataclass
class BatchTranslator(FakeTranslator):
    """Remembers how many sentences were decoded together."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sizes: list[int] = []

    def check_text(self, text, *, line=None) -> None:
        if not isinstance(text, str):
            raise InputError("not_text", "no text.", {})
        self.stream(text, DecodingConfig())

    def check_config(self, config) -> None: ...

    def translate(self, texts, config, **options):
        self.sizes.append(len(texts))
        return super().translate(texts, config, **options)


def answers(**values: object) -> list[dict]:
    server = BatchServer(Models({"fake": BatchTranslator()}))
    request = {"turn": "t", "job": "decode", "model": "fake", "options": GREEDY, **values}
    return [json.loads(message) for message in server.answer(request)]


def rows(messages: list[dict]) -> dict[int, dict]:
    return {row["index"]: row for message in messages for row in message["rows"]}


def test_every_line_comes_back_once_under_its_own_place():
    messages = answers(lines=["a b", "c d e f", "g"])
    assert [rows(messages)[index]["text"] for index in range(3)] == ["b a", "f e d c", "g"]
    assert [message["done"] for message in messages] == [False, True]
    assert {message["turn"] for message in messages} == {"t"}


def test_a_bad_line_keeps_its_error_and_costs_no_other():
    found = rows(answers(lines=["a b", " ", TOO_LONG, "c d"]))
    assert [found[index].get("error", {}).get("code") for index in range(4)] == [
        None,
        "empty",
        "source_too_many_characters",
        None,
    ]
    assert found[3]["text"] == "d c"


def test_a_turn_ends_when_its_time_is_up_but_decodes_at_least_one_group():
    translator = BatchTranslator()
    turn = Turn(("a b",) * 7, DecodingConfig(beam_size=100))
    groups = list(take_turn(translator, turn, seconds=10, clock=iter([0.0, 5.0, 11.0]).__next__))
    assert [len(group) for group in groups] == [2, 2]
    assert translator.sizes == [GROUP_ROWS // 100] * 2


def test_closing_a_turn_ends_the_work():
    translator = BatchTranslator()
    groups = take_turn(translator, Turn(("a b",) * 9, DecodingConfig(beam_size=100)))
    next(groups)
    groups.close()
    assert len(translator.sizes) == 1


def test_rows_that_come_quickly_are_one_message():
    groups = [[1], [2], [3]]
    assert list(gather(iter(groups), clock=lambda: 0.0)) == [([1, 2, 3], True)]
    times = iter([0.0, 0.1, 0.9, 0.9, 1.0])
    assert list(gather(iter(groups), clock=lambda: next(times))) == [([1, 2], False), ([3], True)]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"lines": []}, "not_text"),
        ({"lines": "a"}, "not_text"),
        ({"lines": ["a"] * (TURN_LINES + 1)}, "not_text"),
        ({"lines": ["a"], "options": []}, "wrong_type"),
        ({"lines": ["a"], "options": {"strategy": "beam", "beam_size": 0}}, "out_of_range"),
        ({"lines": ["a"], "options": {"beam": 1}}, "unknown_key"),
        ({"lines": ["a"], "model": "../fake"}, "not_a_choice"),
        ({"lines": ["a"], "job": "magic"}, "not_a_choice"),
        ({"job": "measure", "outputs": ["a"]}, "not_text"),
        ({"job": "measure", "outputs": ["a"], "references": [["a"], ["b"]], "source_tokens": [1]}, "lengths_differ"),
    ],
)
def test_a_bad_turn_is_answered_with_its_code(values, code):
    *_, last = answers(**values)
    assert (last["error"]["code"], last["done"]) == (code, True)


def test_a_line_that_is_no_text_is_refused_alone():
    found = rows(answers(lines=["a b", 7]))
    assert (found[0]["text"], found[1]["error"]["code"]) == ("b a", "not_text")


def test_only_the_best_hypothesis_is_decoded():
    turn = read_turn({"options": {"strategy": "beam", "n_best": 5}, "lines": ["a"]})
    assert turn.config.n_best == 1
    with pytest.raises(Seq2SeqError, match="beam_size"):
        read_turn({"options": {"strategy": "beam", "beam_size": 101}, "lines": ["a"]})


def test_figures_are_sacrebleu_s_own():
    outputs, references = ["我 喝 咖啡。", "他来了。"], [["我喝咖啡。", "我要咖啡。"], ["他走了。"]]
    (answer,) = answers(job="measure", outputs=outputs, references=references, source_tokens=[4, 12])
    streams = [["我喝咖啡。", "他走了。"], ["我要咖啡。", None]]
    wanted = sacrebleu.metrics.BLEU(tokenize="zh").corpus_score(outputs, streams).score
    assert answer["figures"]["bleu"]["value"] == pytest.approx(wanted)
    assert "tok:zh" in answer["figures"]["bleu"]["signature"]
    assert [part["sentences"] for part in answer["figures"]["chrf"]["by_length"]] == [1, 1]
    assert answer["figures"]["exact_match"]["value"] == 0


def test_an_unforeseen_failure_is_logged_and_told_without_its_details(caplog):
    class Broken(BatchTranslator):
        def translate(self, texts, config, **options):
            raise RuntimeError("secret")

    server = BatchServer(Models({"fake": Broken()}))
    *_, last = map(json.loads, server.answer({"job": "decode", "model": "fake", "options": GREEDY, "lines": ["a"]}))
    assert last["error"]["code"] == "internal"
    assert "secret" not in json.dumps(last)
    assert "secret" in caplog.text
