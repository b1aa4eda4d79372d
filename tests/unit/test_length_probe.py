"""The length probe: lines of every length from the pairs of a test set, and a model's figures on them."""

import json
from pathlib import Path

import pytest

from seq2seq_demo import checkpoint
from seq2seq_demo.cli import main
from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.data import Pair, read_tsv
from seq2seq_demo.errors import DataError
from seq2seq_demo.evaluation import measure
from seq2seq_demo.length_probe import BUCKETS, LINES, length_probe, measure_lengths
from seq2seq_demo.translator import Translator


def corpus() -> list[Pair]:
    """Pairs of one to fifteen words, each told apart by a number."""
    return [(" ".join(["a"] * (row % 15) + [str(row)]), f"{row},") for row in range(300)]


def test_every_length_has_as_many_lines_of_two_to_six_whole_pairs() -> None:
    targets = {target: source for source, target in corpus()}
    buckets = length_probe(corpus(), target_language="zh", lines=20)
    assert [(bucket.shortest, bucket.longest) for bucket in buckets] == [(1 + i, 10 + i) for i in range(0, 60, 10)]
    for bucket in buckets:
        assert len(bucket.pairs) == 20
        for source, target in bucket.pairs:
            parts = [f"{number}," for number in target.split(",")[:-1]]
            assert 2 <= len(parts) <= 6
            assert source == " ".join(targets[part] for part in parts)
            assert bucket.shortest <= len(source.split()) <= bucket.longest


def test_the_same_pairs_give_the_same_lines() -> None:
    assert length_probe(corpus(), target_language="zh") == length_probe(corpus(), target_language="zh")


def test_pairs_that_are_too_short_for_long_lines_are_refused() -> None:
    with pytest.raises(DataError, match=r"do not give 150 lines of every length from 1 to 60 .*, 0\]"):
        length_probe([("a", "b")] * 12, target_language="zh")


def test_figures_are_those_of_each_buckets_own_lines(saved_checkpoint: Path) -> None:
    translator = Translator.from_pretrained(saved_checkpoint, device="cpu")
    config = DecodingConfig(strategy="greedy", max_length=20)
    buckets = length_probe(corpus(), target_language="zh", lines=2)
    figures, signature = measure_lengths(translator, buckets, config)
    translations = translator.translate([source for source, _ in buckets[3].pairs], config)
    outputs = [translation.hypotheses[0].text for translation in translations]
    expected = measure("bleu", outputs, [target for _, target in buckets[3].pairs], tokenize="zh")
    assert (len(figures.bleu), figures.bleu[3], signature) == (BUCKETS, expected.value, expected.signature)


def write_corpus(folder: Path) -> Path:
    path = folder / "test.tsv"
    path.write_text("".join(f"{source}\t{target}\n" for source, target in corpus()), encoding="utf-8")
    return path


def test_the_command_writes_numbers_plot_and_lines(saved_checkpoint: Path, tmp_path: Path, capsys) -> None:
    arguments = ["length-probe", "--model", str(saved_checkpoint), "--data", str(write_corpus(tmp_path))]
    more = ["--output", str(tmp_path), "--lines", str(tmp_path / "lines.tsv"), "--device", "cpu"]
    assert main([*arguments, *more, "--strategy", "greedy", "--max-length", "3"]) == 0
    numbers = json.loads((tmp_path / "length_probe.json").read_text(encoding="utf-8"))
    (member,) = numbers["members"].values()
    assert len(member["bleu"]) == len(numbers["buckets"]) == BUCKETS
    assert "|version:" in numbers["signature"]
    assert (tmp_path / "length_probe.svg").read_text(encoding="utf-8").startswith("<?xml")
    lines = list(read_tsv(tmp_path / "lines.tsv", normalised=False))
    assert len(lines) == LINES * BUCKETS
    assert "| 51–60 |" in capsys.readouterr().out


@pytest.mark.parametrize("more", [["--model", "M", "--output", "nowhere/at/all"], []])
def test_a_mistake_is_said_before_decoding(tmp_path: Path, monkeypatch, capsys, more: list[str]) -> None:
    monkeypatch.setattr(checkpoint, "CHECKPOINTS_FOLDER", tmp_path)
    assert main(["length-probe", "--data", str(write_corpus(tmp_path)), *more]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
