"""Figures: sacreBLEU's own where it has one, counted by hand where it has none."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from seq2seq_demo.errors import ConfigurationError, DataError
from seq2seq_demo.evaluation import bleu_tokenizer, group_references, measure, measure_sentence, perplexity

ENGLISH = (
    ["The cat sat on the mat.", "Hello there, my friend!", "It is raining today.", "I do not know."],
    ["The cat is sitting on the mat.", "Hello, my friend!", "It rains today.", "I don't know that."],
)
CHINESE = (
    ["你好吗？", "今天天气很好，我们去公园。", "我不知道他在哪里。", "请给我一杯咖啡。"],
    ["你好吗？", "今天的天气很好，我们去公园吧。", "我不知道他在哪儿。", "请给我一杯茶。"],
)


def sacrebleu_command(folder: Path, texts: tuple[list[str], ...], *options: str) -> dict:
    """Ask sacreBLEU's own command line."""
    for name, lines in zip(("out", "ref"), texts, strict=True):
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "sacrebleu", str(folder / "ref"), "-i", str(folder / "out"), "-w", "6", *options]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


@pytest.mark.parametrize(
    ("texts", "options", "settings"),
    [
        (ENGLISH, ("-m", "bleu"), {"metric": "bleu"}),
        (ENGLISH, ("-m", "bleu", "-lc"), {"metric": "bleu", "lowercase": True}),
        (CHINESE, ("-m", "bleu", "-tok", "zh"), {"metric": "bleu", "tokenize": "zh"}),
        (CHINESE, ("-m", "bleu", "-tok", "char"), {"metric": "bleu", "tokenize": "char"}),
        (CHINESE, ("-m", "chrf"), {"metric": "chrf"}),
        (ENGLISH, ("-m", "ter"), {"metric": "ter"}),
        (
            CHINESE,
            ("-m", "ter", "--ter-asian-support", "--ter-normalized"),
            {"metric": "ter", "tokenize": "zh"},
        ),
    ],
)
def test_figures_equal_sacrebleus_own_command(tmp_path: Path, texts: tuple, options: tuple, settings: dict) -> None:
    expected = sacrebleu_command(tmp_path, texts, *options)
    figure = measure(settings.pop("metric"), *texts, **settings)
    assert figure.value == pytest.approx(expected["score"], abs=1e-6)
    assert f"{figure.signature}" == expected["signature"]


@pytest.mark.parametrize(
    ("texts", "metric", "options"), [(CHINESE, "bleu", ("-tok", "zh")), (CHINESE, "chrf", ()), (ENGLISH, "bleu", ())]
)
def test_figures_of_a_sentence_equal_sacrebleus_own(tmp_path: Path, texts: tuple, metric: str, options: tuple) -> None:
    for name, lines in zip(("out", "ref"), texts, strict=True):
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "sacrebleu", "ref", "-i", "out", "-sl", "-w", "6", "-m", metric, *options]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, text=True).stdout.splitlines()
    settings = {"tokenize": options[1]} if options else {}
    for output, reference, line in zip(*texts, printed, strict=True):
        figure = measure_sentence(metric, output, [reference], **settings)
        signature, value, *_ = line.split(" = ")
        assert figure.value == pytest.approx(float(value.split()[0]), abs=1e-6)
        assert figure.signature == signature.partition("|")[2]


def test_a_sentence_needs_a_reference() -> None:
    with pytest.raises(DataError, match="no reference"):
        measure_sentence("bleu", "a", [])


@pytest.mark.parametrize(
    ("language", "tokenizer"),
    [("zh", "zh"), ("zh-CN", "zh"), ("zh_Hant", "zh"), ("ZH", "zh"), ("ja-JP", "char"), ("zha", "13a"), ("", "13a")],
)
def test_the_language_chooses_the_tokenizer(language: str, tokenizer: str) -> None:
    assert bleu_tokenizer(language) == tokenizer


def test_any_of_several_references_will_do() -> None:
    figure = measure("bleu", ["a b c d e", "f g h i j"], [["x y z", "a b c d e"], ["f g h i j"]])
    assert figure.value == pytest.approx(100)
    assert figure.signature.startswith("nrefs:var|")


@pytest.mark.parametrize(
    ("metric", "value"),
    [("exact_match", 50.0), ("word_error_rate", 25.0), ("stressed_word_error_rate", 50.0), ("right_length", 75.0)],
)
def test_shares_are_counted_over_outputs(metric: str, value: float) -> None:
    outputs = ["K AE1 T", "D AO1 G", "HH AW1 S", "T R IY"]
    references = [["K AE1 T"], ["D AA1 G", "D AO2 G"], ["M AW1 S"], ["T R IY"]]
    assert measure(metric, outputs, references).value == value


def test_case_counts_unless_told_otherwise() -> None:
    assert measure("exact_match", ["HELLO"], ["hello"]).value == 0
    lower = measure("exact_match", ["HELLO"], ["hello"], lowercase=True)
    assert (lower.value, "case:lc" in lower.signature) == (100, True)


def test_a_figure_is_broken_down_by_source_length() -> None:
    figure = measure("exact_match", ["a", "b", "c", "d"], ["a", "x", "c", "d"], source_lengths=[1, 5, 6, 99])
    parts = [(part.shortest, part.longest, part.sentences, part.value) for part in figure.by_length]
    assert parts == [(0, 5, 2, 50.0), (6, 10, 1, 100.0), (31, None, 1, 100.0)]


def test_perplexity_of_a_uniform_model_is_its_vocabulary() -> None:
    figure = perplexity(10 * 2.302585092994046, 10, unit="character")
    assert figure.value == pytest.approx(10)
    assert figure.signature.startswith("unit:character|eos:yes|")
    assert (figure.count, figure.unit) == (10, "character")


def test_an_infinite_perplexity_is_null_in_json() -> None:
    figure = perplexity(1e6, 1, unit="token")
    assert figure.value == float("inf")
    assert json.loads(json.dumps(figure.to_dict(), allow_nan=False))["value"] is None


def test_references_of_the_same_source_come_together() -> None:
    assert group_references(["read", "a", "read"], ["R IY D", "AH", "R EH D"]) == {
        "read": ["R IY D", "R EH D"],
        "a": ["AH"],
    }


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (("bleu", ["a"], ["b"]), {"tokenize": "zhh"}, "tokenize must be one of '13a', .*; got 'zhh'"),
        (("blue", ["a"], ["b"]), {}, "metric must be one of 'bleu', .*; got 'blue'"),
        (("bleu", [], []), {}, "nothing to measure"),
        (("bleu", ["a"], ["b", "c"]), {}, "got 1 outputs, 2 references"),
        (("bleu", ["a"], [[]]), {}, "1 without any reference"),
        (("bleu", ["a"], ["b"]), {"source_lengths": [1, 2]}, "2 source lengths"),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments: tuple, settings: dict, message: str) -> None:
    with pytest.raises((ConfigurationError, DataError), match=message):
        measure(*arguments, **settings)


def test_perplexity_of_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="at least one token; got 0"):
        perplexity(0.0, 0, unit="token")
