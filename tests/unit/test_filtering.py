"""Filtering a corpus: what the models are asked, and which pairs go for which reason."""

import json
import lzma
from pathlib import Path

import numpy as np
import pytest
import torch

from seq2seq_demo.checkpoint import Checkpoint
from seq2seq_demo.cli import main
from seq2seq_demo.config import CheckpointConfig, DecodingConfig
from seq2seq_demo.errors import ConfigurationError, DataError
from seq2seq_demo.filtering import filter_pairs
from seq2seq_demo.model import Seq2Seq
from seq2seq_demo.translator import Translator
from tests.support.search_translators import CHINESE, ENGLISH, tiny_translator

PAIRS = list(zip(ENGLISH, CHINESE, strict=True))
MORE = [*PAIRS, (ENGLISH[1], CHINESE[2]), (ENGLISH[2], CHINESE[1]), (ENGLISH[0], CHINESE[0] * 2)]


def reversed_translator() -> Translator:
    """Build a translator from Chinese, with the vocabularies of `tiny_translator` exchanged."""
    forward = tiny_translator().checkpoint
    sizes = {"source_vocab_size": 30, "target_vocab_size": 290}
    config = CheckpointConfig.from_dict(
        {
            **forward.config.to_dict(),
            "model": {**forward.config.model.to_dict(), **sizes},
            "source_language": "zh",
            "target_language": "en",
        }
    )
    torch.manual_seed(0)
    model = Seq2Seq(config.model).eval()
    with torch.no_grad():
        model.decoder.output.bias[260:] += 2  # so that no direction is the worse one for every pair
    return Translator(Checkpoint(model, forward.target_tokenizer, forward.source_tokenizer, config, Path("reverse")))


def forced_nats(translator: Translator, pairs: list[tuple[str, str]]) -> list[float]:
    """Ask the search's forced decoding, step by step, what `filter_pairs` asks of the whole sequence at once."""
    sources, targets = zip(*pairs, strict=True)
    scored = translator.score(sources, targets, DecodingConfig(strategy="greedy"))
    best = [translation.hypotheses[0] for translation in scored]
    return [-one.log_prob / len(one.token_log_probs) for one in best]


def test_a_score_is_the_cross_entropy_of_the_worse_direction() -> None:
    forward, reverse = tiny_translator(), reversed_translator()
    there = forced_nats(forward, MORE)
    back = forced_nats(reverse, [(target, source) for source, target in MORE])
    assert filter_pairs(MORE, forward, keep=1).nats == pytest.approx(there, abs=1e-4)
    both = filter_pairs(MORE, forward, reverse, keep=1)
    assert both.nats == pytest.approx(np.maximum(there, back), abs=1e-4)
    assert {a > b for a, b in zip(there, back, strict=True)} == {True, False}
    assert both.reasons == (None,) * len(MORE)
    assert both.threshold == pytest.approx(max(both.nats))


def test_the_likeliest_share_is_kept() -> None:
    done: list[int] = []
    result = filter_pairs(MORE, tiny_translator(), keep=0.5, progress=done.append)
    kept = {row for row, reason in enumerate(result.reasons) if reason is None}
    assert kept == set(np.argsort(result.nats)[:3])
    assert set(result.reasons) == {None, "unlikely"}
    assert result.threshold == max(result.nats[sorted(kept)])
    assert sum(done) == len(MORE)


def test_lengths_and_scripts_are_judged_before_the_models() -> None:
    odd = [("Go.", "你" * 60), ("你好吗？你好吗？", CHINESE[1]), ("Oh.", "Oh.")]
    result = filter_pairs([*PAIRS, *odd], tiny_translator(), keep=1)
    assert result.reasons == (None, None, None, "length", "language", "language")
    assert np.isnan(result.nats[3:]).all()
    assert not np.isnan(result.nats[:3]).any()
    assert result.to_dict()["dropped"] == {"length": 1, "language": 2, "unlikely": 0}
    with pytest.raises(DataError, match="none of 3 pairs is left: 1 by their lengths, 2 by their script"):
        filter_pairs(odd, tiny_translator(), keep=1)


def test_models_must_be_of_opposite_directions() -> None:
    with pytest.raises(ConfigurationError, match="from zh to en; this one translates from en to zh"):
        filter_pairs(PAIRS, tiny_translator(), tiny_translator(), keep=1)
    with pytest.raises(ConfigurationError, match="keep"):
        filter_pairs(PAIRS, tiny_translator(), keep=0)


@pytest.fixture
def run_filter(saved_checkpoint: Path, tmp_path: Path):
    """Run ``filter`` on a compressed corpus of `MORE` and one line in the wrong language; the three files' lines."""
    lines = [*(f"{target}\tfilms\t{source}  " for source, target in MORE), "你好吗\tfilms\t你好吗"]
    with lzma.open(tmp_path / "in.tsv.xz", "wt", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")

    def run(*more: str) -> tuple[list[str], list[str], list[list[str]]]:
        options = ["--model", str(saved_checkpoint), "--device", "cpu", "--data", str(tmp_path / "in.tsv.xz")]
        files = ["--output", str(tmp_path / "out.tsv.xz"), "--dropped", str(tmp_path / "dropped.tsv")]
        assert main(["filter", *options, *files, "--source-column", "3", "--target-column", "1", *more]) == 0
        with lzma.open(tmp_path / "out.tsv.xz", "rt", encoding="utf-8") as stream:
            kept = stream.read().splitlines()
        dropped = (tmp_path / "dropped.tsv").read_text(encoding="utf-8").splitlines()
        return lines, kept, [line.split("\t", 2) for line in dropped]

    return run


def test_the_command_copies_lines_as_they_stand(run_filter) -> None:
    lines, kept, dropped = run_filter("--keep", "0.5")
    assert sorted([*kept, *(line for _, _, line in dropped)]) == sorted(lines)
    assert [line for line in lines if line in kept] == kept
    assert ["language", "nan", lines[-1]] in dropped


def test_the_command_counts_the_reasons(run_filter, capsys: pytest.CaptureFixture[str]) -> None:
    _, kept, dropped = run_filter("--keep", "0.5", "--json")
    report = json.loads(capsys.readouterr().out)
    assert (report["pairs"], report["kept"], len(kept)) == (7, 3, 3)
    assert report["dropped"] == {"length": 0, "language": 1, "unlikely": 3}
    assert all(float(nats) > report["threshold"] for reason, nats, _ in dropped if reason == "unlikely")


def test_a_limit_reads_lines_evenly_spaced(run_filter, capsys: pytest.CaptureFixture[str]) -> None:
    lines, kept, dropped = run_filter("--keep", "1", "--limit", "2")
    assert (kept, dropped) == ([lines[0], lines[3]], [])
    assert "pairs              2" in capsys.readouterr().out


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "in.tsv"
    path.write_text("".join(f"{source}\t{target}\n" for source, target in PAIRS), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--output", "{folder}/in.tsv"], "--data and --output must be different files"),
        (["--output", "{folder}/linked.tsv"], "--data and --output must be different files"),
        (["--output", "{folder}/o", "--dropped", "{folder}/o"], "--output and --dropped must be different files"),
        (["--output", "{folder}/none/o"], "cannot write"),
        (["--output", "{folder}/o", "--keep", "1.5"], "keep"),
        (["--output", "{folder}/o", "--target-column", "0"], "target_column"),
    ],
)
def test_mistakes_are_said_before_a_model_is_loaded(
    corpus: Path, more: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (corpus.parent / "linked.tsv").hardlink_to(corpus)
    text = corpus.read_bytes()
    options = [option.format(folder=corpus.parent) for option in more]
    assert main(["filter", "--model", "no-such-model", "--data", str(corpus), *options]) == 2
    assert message in capsys.readouterr().err
    assert corpus.read_bytes() == text


def test_what_was_kept_before_survives_a_model_that_is_missing(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.tsv"
    kept.write_text("before\n", encoding="utf-8")
    assert main(["filter", "--model", "no-such-model", "--data", str(corpus), "--output", str(kept)]) == 2
    assert "no-such-model" in capsys.readouterr().err
    assert kept.read_text(encoding="utf-8") == "before\n"
