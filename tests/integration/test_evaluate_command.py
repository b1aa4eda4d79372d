"""``evaluate`` and ``push`` as a person runs them, and what every command does with a mistake."""

import errno
import json
import lzma
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from seq2seq_demo.cli import main
from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.evaluation import measure
from seq2seq_demo.translator import TranslatedHypothesis, Translation, Translator
from tests.support.search_translators import CHINESE, ENGLISH

pytestmark = pytest.mark.integration

ROWS = [*zip(ENGLISH, CHINESE, strict=True), (ENGLISH[0], "您好吗？")]


@pytest.fixture
def test_set(tmp_path: Path) -> Path:
    path = tmp_path / "test.tsv"
    path.write_text("".join(f"{source}\t{target}\n" for source, target in ROWS), encoding="utf-8")
    return path


@pytest.fixture
def evaluate(saved_checkpoint: Path, test_set: Path, capsys: pytest.CaptureFixture[str]):
    """Run ``evaluate`` on the tiny model: status, standard output, standard error."""

    def run(*options: str, data: Path = test_set) -> tuple[int, str, str]:
        status = main(["evaluate", "--model", str(saved_checkpoint), "--device", "cpu", "--data", str(data), *options])
        return (status, *capsys.readouterr())

    return run


def test_figures_are_those_of_the_outputs(evaluate, saved_checkpoint: Path, tmp_path: Path) -> None:
    status, out, _ = evaluate("--json", "--strategy", "greedy", "--outputs", str(tmp_path / "out.txt"))
    report = json.loads(out)
    sources, targets = zip(*ROWS, strict=True)
    translations = Translator.from_pretrained(saved_checkpoint, device="cpu").translate(
        sources, DecodingConfig(strategy="greedy")
    )
    outputs = [translation.hypotheses[0].text for translation in translations]
    assert status == 0
    assert (tmp_path / "out.txt").read_text(encoding="utf-8").splitlines() == outputs
    for figure in report["figures"]:
        expected = measure(figure["name"], outputs, targets, tokenize="zh")
        assert (figure["value"], figure["signature"]) == (expected.value, expected.signature)
        assert sum(part["sentences"] for part in figure["by_length"]) == len(ROWS)
    assert [figure["name"] for figure in report["figures"]] == ["bleu", "chrf", "ter"]
    assert report["decoding"]["strategy"] == "greedy"
    assert report["sentences_per_second"] > 0


def test_the_text_says_how_each_figure_was_measured(evaluate) -> None:
    status, out, _ = evaluate("--beam-size", "2", "--metric", "bleu,exact_match,perplexity", "--tokenize", "char")
    assert status == 0
    assert "tok:char" in out
    assert "version:2.6.0" in out
    assert "beam_size 2" in out
    assert "sentences/s" in out
    assert "unit:token" in out


def test_perplexity_per_character_counts_the_same_nats(evaluate) -> None:
    _, out, _ = evaluate("--json", "--metric", "perplexity,character_perplexity")
    by_token, by_character = json.loads(out)["figures"]
    assert by_character["name"] == "character_perplexity"
    assert (by_character["unit"], by_character["count"]) == ("character", sum(len(target) for _, target in ROWS))
    assert by_token["count"] * math.log(by_token["value"]) == pytest.approx(
        by_character["count"] * math.log(by_character["value"])
    )


def test_perplexity_is_of_the_sources_that_decoding_reads(evaluate, tmp_path: Path) -> None:
    decorated = tmp_path / "decorated.tsv"
    decorated.write_text("".join(f"{source} 😀\t{target}\n" for source, target in ROWS), encoding="utf-8")
    reports = (
        evaluate("--json", "--metric", "perplexity")[1],
        evaluate("--json", "--metric", "perplexity", data=decorated)[1],
    )
    plain, with_emoji = (json.loads(report)["figures"][0]["value"] for report in reports)
    assert with_emoji == pytest.approx(plain, rel=1e-6)


def test_distinct_outputs_are_those_that_repeat_no_other(evaluate, saved_checkpoint: Path) -> None:
    options = {"strategy": "sample", "temperature": 0.3, "n_best": 10, "seed": 3, "max_length": 3}
    spelt = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    _, out, _ = evaluate("--json", "--metric", "distinct_outputs", *spelt)
    figure = json.loads(out)["figures"][0]
    translations = Translator.from_pretrained(saved_checkpoint, device="cpu").translate(
        [source for source, _ in ROWS], DecodingConfig.from_dict(options)
    )
    shares = [len({hypothesis.text for hypothesis in one.hypotheses}) / 10 for one in translations]
    assert figure["value"] == pytest.approx(100 * sum(shares) / len(shares))
    assert 10 < figure["value"] < 100
    assert figure["signature"].startswith("n:10|")
    for more, message in (([], "n_best to 2 or more"), (["--n-best", "2", "--split"], "leave --split out")):
        status, _, error = evaluate("--metric", "distinct_outputs", *more)
        assert (status, message in error) == (2, True)


def test_a_word_counts_once_and_any_of_its_targets_will_do(evaluate) -> None:
    _, out, _ = evaluate("--json", "--metric", "word_error_rate,stressed_word_error_rate,exact_match")
    words, stressed, lines = json.loads(out)["figures"]
    assert (words["count"], stressed["count"], lines["count"]) == (3, 3, 4)
    assert words["signature"].startswith("nrefs:var|")
    assert "|stress:kept|" in stressed["signature"]


def test_columns_and_compression(evaluate, tmp_path: Path) -> None:
    path = tmp_path / "swapped.tsv.xz"
    path.write_bytes(lzma.compress("".join(f"x\t{target}\t{source}\n" for source, target in ROWS).encode()))
    swapped = evaluate("--json", "--source-column", "3", data=path)
    values = [[figure["value"] for figure in json.loads(out)["figures"]] for _, out, _ in (swapped, evaluate("--json"))]
    assert values[0] == values[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--metric", "blue"], "metric must be one of 'bleu', .*'forced_alignment'; got 'blue'"),
        (["--tokenize", "mecab"], "tokenize must be one of"),
        (["--source-column", "0"], r"source_column must lie in \[1, 100\]; got 0"),
        (["--target-column", "3"], r"test\.tsv, line 1 has 2 column\(s\), but column 3 is asked for"),
        (["--beam-size", "0"], "beam_size must lie in"),
        (["--length-penalty", "nan"], "length_penalty must be a finite number"),
        (["--device", "gpu"], "device must be one of"),
        (["--data", "missing.tsv"], "cannot read missing.tsv: No such file"),
        (["--model", "en-zz"], "no checkpoint 'en-zz'"),
        (["--outputs", "/no/such/folder/out"], "cannot write /no/such/folder/out: No such file"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(evaluate, options: list[str], message: str) -> None:
    status, out, err = evaluate(*options)
    assert (status, out) == (2, "")
    assert re.fullmatch(f"error: .*{message}.*\n", err)


def test_samples_are_measured_with_the_seed_that_is_reported(evaluate, tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    _, out, _ = evaluate("--json", "--strategy", "sample", "--outputs", str(path))
    drawn, seed = path.read_text(encoding="utf-8"), json.loads(out)["decoding"]["seed"]
    evaluate("--strategy", "sample", "--seed", str(seed), "--outputs", str(path))
    assert path.read_text(encoding="utf-8") == drawn
    assert len(drawn.splitlines()) == len(ROWS)


def test_outputs_that_cannot_be_written_are_said_before_decoding(evaluate, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(Translator, "from_pretrained", lambda *args, **kwargs: pytest.fail("a model was loaded"))
    status, _, err = evaluate("--outputs", str(tmp_path))
    assert (status, err) == (2, f"error: cannot write {tmp_path}: Is a directory.\n")


def test_a_line_break_in_an_output_stays_in_its_line(evaluate, tmp_path: Path, monkeypatch) -> None:
    broken = TranslatedHypothesis("a\nb\u2028c", ("a",), (4,), (0.0,), (), None, 0.0, 0.0, True)
    translation = Translation("x", ("x", "</s>"), (), (broken,), 0.0, 1)
    monkeypatch.setattr(Translator, "translate", lambda self, texts, *args, **kwargs: [translation] * len(texts))
    status, _, _ = evaluate("--outputs", str(tmp_path / "out.txt"))
    assert (status, (tmp_path / "out.txt").read_text(encoding="utf-8")) == (0, "a b c\n" * len(ROWS))


def test_a_failing_file_is_one_line_and_status_2(monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(args: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "state.pt")

    monkeypatch.setattr("seq2seq_demo.cli.push.run", full)
    assert main(["push", "--model", "x", "--repo", "user/name"]) == 2
    assert capsys.readouterr().err == "error: state.pt: No space left on device.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_standard_output_is_one_line_and_status_2() -> None:
    command = [
        sys.executable,
        "-c",
        "from seq2seq_demo import cli; cli.push.run = lambda a: print(1) or 0; "
        "raise SystemExit(cli.main(['push', '--model', 'x', '--repo', 'u/n']))",
    ]
    with open("/dev/full", "w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (result.returncode, result.stderr) == (2, "error: No space left on device.\n")


def test_a_bad_row_is_named(evaluate, test_set: Path) -> None:
    test_set.write_text("How?\t你好\n\t你好\n", encoding="utf-8")
    status, _, err = evaluate()
    assert (status, err) == (2, f"error: {test_set}, line 2 has an empty source.\n")


def test_an_empty_test_set_is_refused(evaluate, test_set: Path) -> None:
    test_set.write_text("")
    assert evaluate()[::2] == (2, "error: the test set is empty.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["tranlsate"], "invalid choice: 'tranlsate'"),
        (["evaluate", "--data", "x.tsv"], "the following arguments are required: --model"),
        (["translate", "--model", "x", "--beam-size", "five"], "argument --beam-size: invalid int value: 'five'"),
        (["translate", "--model", "x", "--beam", "5"], "unrecognized arguments: --beam 5"),
    ],
)
def test_a_misspelt_command_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert message in err
    assert err.count("\n") == 1


def test_push_refuses_what_is_no_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["push", "--model", str(tmp_path), "--repo", "user/name"]) == 2
    assert "has no config.json" in capsys.readouterr().err


def test_ctrl_c_ends_with_status_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("seq2seq_demo.cli.push.run", interrupted)
    assert main(["push", "--model", "x", "--repo", "user/name"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_the_module_runs_and_help_names_every_command() -> None:
    result = subprocess.run([sys.executable, "-m", "seq2seq_demo", "--help"], capture_output=True, text=True)
    assert result.returncode == 0
    for command in ("train", "evaluate", "translate", "benchmark", "push"):
        assert re.search(rf"^    {command}\s", result.stdout, flags=re.MULTILINE)


def test_sentences_of_a_source_can_be_decoded_one_by_one(evaluate, saved_checkpoint, tmp_path: Path) -> None:
    data, outputs = tmp_path / "two.tsv", tmp_path / "outputs.txt"
    data.write_text(f"{ENGLISH[0]} {ENGLISH[2]}\t{CHINESE[0]}{CHINESE[2]}\n", encoding="utf-8")
    status, out, _ = evaluate("--split", "--metric", "bleu", "--json", "--outputs", str(outputs), data=data)
    alone = Translator.from_pretrained(saved_checkpoint).translate([ENGLISH[0], ENGLISH[2]], DecodingConfig())
    assert status == 0
    assert outputs.read_text(encoding="utf-8").strip() == "".join(item.hypotheses[0].text for item in alone)
    assert json.loads(out)["sentences"] == 1
