"""``translate`` and ``benchmark`` as a person runs them."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from seq2seq_demo.cli import main
from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.translator import Translator
from tests.support.search_translators import ENGLISH, tiny_translator

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("model")
    tiny_translator().save_pretrained(folder)
    return str(folder)


@pytest.fixture
def run(model, monkeypatch, capfdbinary):
    """Run a command on given bytes: its status, output lines and standard error."""

    def run_command(data: bytes, *options: str, command: str = "translate") -> tuple[int, list[str], str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        status = main([command, "--model", model, "--device", "cpu", *options])
        out, err = capfdbinary.readouterr()
        return status, out.decode().split("\n")[:-1], err.decode()

    return run_command


def test_lines_come_back_in_order_and_empty_ones_stay_empty(run, model):
    lines = ["", ENGLISH[2], "", "  ", ENGLISH[0], "How?", ""]
    status, found, err = run("\n".join([*lines, ""]).encode())
    translator = Translator.from_pretrained(model, device="cpu")
    expected = iter(translator.translate([line for line in lines if line.strip()], DecodingConfig()))
    assert status == 0
    assert err == ""
    assert found == [next(expected).hypotheses[0].text if line.strip() else "" for line in lines]


@pytest.mark.parametrize("data", [b"How?", b"How?\n", b"How?\r\n", b"\xef\xbb\xbfHow?\n"])
def test_line_ends_and_a_byte_order_mark_change_nothing(run, data):
    assert run(data) == run(b"How?\n")


def test_no_input_is_no_output(run):
    assert run(b"") == (0, [], "")


def test_json_has_one_object_a_line(run, model):
    status, found, _ = run(b"How are you?\n\nHow?\n", "--json", "--beam-size", "3", "--n-best", "2")
    first, empty, last = map(json.loads, found)
    config = DecodingConfig(beam_size=3, n_best=2)
    (_, expected) = Translator.from_pretrained(model, device="cpu").translate(["How are you?", "How?"], config)
    assert status == 0
    assert empty["hypotheses"] == []
    assert len(first["hypotheses"]) == 2
    assert {**last, "seconds": 0} == {**json.loads(json.dumps(expected.to_dict())), "seconds": 0}


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (b"How are you? " * 100, "line 3: the source has 1100 tokens and the model takes at most 256"),
        (b"a" * 100_000, "line 3: the source has 100,000 characters"),
        (b"How \xff\xfe?", "line 3: not valid UTF-8 at byte 5"),
    ],
)
def test_a_bad_line_ends_it_before_anything_is_decoded(run, bad, message):
    status, found, err = run(b"How?\n\n" + bad + b"\nHow?\n")
    assert (status, found) == (2, [])
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--beam-size", "0"], "beam_size must lie in [1, 100]; got 0"),
        (["--n-best", "6"], "n_best must lie in [1, 5]; got 6"),
        (["--strategy", "best"], "strategy must be one of"),
        (["--strategy", "diverse-beam", "--beam-size", "4"], "beam_size must be a multiple of beam_groups (5); got 4"),
        (["--strategy", "sample", "--top-p", "0"], "top_p must lie in (0, 1]; got 0"),
        (["--length-penalty", "nan"], "length_penalty must be a finite number"),
        (["--min-length", "9", "--max-length", "3"], "min_length must not exceed max_length"),
    ],
)
def test_a_bad_option_ends_with_one_line_and_status_2(run, options, message):
    status, found, err = run(b"How?\n", *options)
    assert (status, found) == (2, [])
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1


def test_a_missing_model_ends_with_one_line_and_status_2(capsys):
    assert main(["translate", "--model", "no-such-model"]) == 2
    assert capsys.readouterr().err.startswith("error: no checkpoint 'no-such-model'")


def test_options_reach_the_search(run):
    _, (greedy, longer), _ = run(b"How?\nHow?\n", "--strategy", "greedy", "--json")
    _, (cut, _), _ = run(b"How?\nHow?\n", "--strategy", "greedy", "--json", "--max-length", "2", "--min-length", "2")
    assert json.loads(greedy)["hypotheses"] == json.loads(longer)["hypotheses"]
    assert len(json.loads(cut)["hypotheses"][0]["tokens"]) == 2


def test_one_seed_serves_a_whole_input_and_repeats_it(run, monkeypatch):
    monkeypatch.setattr("seq2seq_demo.cli.translate._CHUNK_LINES", 1)
    _, found, _ = run(b"How?\nHow are you?\n", "--strategy", "sample", "--n-best", "3", "--json")
    seeds = {json.loads(line)["seed"] for line in found}
    (seed,) = seeds
    _, again, _ = run(b"How?\nHow are you?\n", "--strategy", "sample", "--n-best", "3", "--json", "--seed", str(seed))
    assert [json.loads(line)["hypotheses"] for line in found] == [json.loads(line)["hypotheses"] for line in again]


def test_outputs_begin_with_the_prefix(run):
    status, found, _ = run(b"How?\n\nHow are you?\n", "--prefix", "你好")
    assert status == 0
    assert [line[:2] for line in found] == ["你好", "", "你好"]
    assert run(b"How?\n", "--prefix", "zebra")[0] == 2


def test_a_reader_that_leaves_gets_no_traceback(model):
    command = [sys.executable, "-m", "seq2seq_demo", "translate", "--model", model, "--device", "cpu", "--json"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "LC_ALL": "C"}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env=environment,
    ) as process:
        process.stdout.close()
        process.stdin.write(b"How are you?\n" * 50)
        process.stdin.close()
        assert process.stderr.read() == b""


def test_benchmark_prints_a_table(run):
    status, found, _ = run(b"", "--repeats", "1", command="benchmark")
    assert status == 0
    assert sum(line.startswith(("greedy", "beam 5")) for line in found) == 4
    assert found[-1].startswith("peak memory")


def test_benchmark_prints_json(run):
    status, (line,), _ = run(b"", "--repeats", "1", "--json", "--text", "How are you?", command="benchmark")
    values = json.loads(line)
    assert status == 0
    assert values["sentence"] == "How are you?"
    assert [(entry["strategy"], entry["sentences"]) for entry in values["timings"]] == [
        ("greedy", 1),
        ("beam 5", 1),
        ("greedy", 64),
        ("beam 5", 64),
    ]
    assert all(entry["seconds"] > 0 and entry["sentences_per_second"] > 0 for entry in values["timings"])


def test_benchmark_measures_training_in_each_precision(run):
    status, (line,), _ = run(b"", "--repeats", "1", "--training", "--json", command="benchmark")
    speeds = {entry["precision"]: entry["tokens_per_second"] for entry in json.loads(line)}
    assert status == 0
    assert speeds.keys() == {"float32", "autocast", "bfloat16"}
    assert all(speed > 0 for speed in speeds.values())
