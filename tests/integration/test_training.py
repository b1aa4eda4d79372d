"""Training from the command line: interruption, resumption, several processes, one's own corpus."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seq2seq_demo.checkpoint import load_checkpoint

pytestmark = pytest.mark.integration

RECIPE = """
name = "tiny"
[model]
cell = "gru"
embedding_size = 16
encoder_size = 16
decoder_size = 32
attention_size = 16
encoder_layers = 1
dropout = {dropout}
[tokenizer]
model_type = "char"
source_vocab_size = 16
target_vocab_size = 16
[data]
train = [{{ file = "train.tsv" }}]
dev = "dev.tsv"
[training]
max_updates = 12
batch_tokens = 400
learning_rate = 0.01
warmup_updates = 4
schedule = "constant"
precision = "float32"
ema_decay = 0.9
validate_every = 6
save_every = 3
log_every = 1
validation_metric = "loss"
"""


TWO_PROCESSES = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "seq2seq_demo")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rng = random.Random(0)
    for name, count in (("train", 300), ("dev", 20)):
        rows = ["".join(rng.choices("0123456789", k=rng.randint(2, 8))) for _ in range(count)]
        (tmp_path / f"{name}.tsv").write_text("".join(f"{row}\t{row[::-1]}\n" for row in rows), encoding="utf-8")
    write_recipe(tmp_path, dropout=0.2)
    return tmp_path


def write_recipe(folder: Path, *, dropout: float) -> None:
    (folder / "recipe.toml").write_text(RECIPE.format(dropout=dropout), encoding="utf-8")


def command(data: Path, output: str, *more: str, launcher: tuple[str, ...] = ("-m", "seq2seq_demo")) -> list[str]:
    return [
        *(sys.executable, *launcher, "train", str(data / "recipe.toml")),
        *("--data-dir", str(data), "--output", str(data / output), "--device", "cpu", *more),
    ]


def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(arguments, capture_output=True, text=True, timeout=200, env=environment, check=False)


def losses(data: Path, output: str) -> dict[int, float]:
    lines = (data / output / "training_log.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    updates = [record["update"] for record in records if record["kind"] == "train"]
    assert len(updates) == len(set(updates))
    return {record["update"]: record["loss"] for record in records if record["kind"] == "train"}


def test_ctrl_c_leaves_a_state_that_resume_continues_exactly(data: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    # So long that a slow machine still finds it running; the schedule is constant, so both runs begin alike.
    endless = command(data, "broken", "--max-updates", "100000")
    process = subprocess.Popen(endless, stderr=subprocess.PIPE, text=True, env=environment)
    log = data / "broken" / "training_log.jsonl"
    deadline = time.monotonic() + 60
    while not (log.exists() and '"kind": "train"' in log.read_text(encoding="utf-8")):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    message = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "--resume" in message
    reached = str(len(losses(data, "broken")) + 5)
    assert run(command(data, "broken", "--resume", "--max-updates", reached)).returncode == 0
    assert run(command(data, "whole", "--max-updates", reached)).returncode == 0
    assert losses(data, "broken") == losses(data, "whole")
    broken, whole = (load_checkpoint(data / name).model.state_dict() for name in ("broken", "whole"))
    assert all(tensor.equal(whole[name]) for name, tensor in broken.items())


def test_two_processes_train_as_one(data: Path) -> None:
    write_recipe(data, dropout=0.0)
    assert run(command(data, "one")).returncode == 0
    both = run(command(data, "two", launcher=TWO_PROCESSES))
    assert both.returncode == 0, both.stderr
    assert losses(data, "two") == pytest.approx(losses(data, "one"), abs=2e-4)
    one, two = (load_checkpoint(data / name).model.state_dict() for name in ("one", "two"))
    assert all(tensor.allclose(two[name], atol=2e-3) for name, tensor in one.items())


def test_two_processes_resume_exactly(data: Path) -> None:
    for output, more in (("whole", []), ("broken", ["--max-updates", "7"]), ("broken", ["--resume"])):
        result = run(command(data, output, *more, launcher=TWO_PROCESSES))
        assert result.returncode == 0, result.stderr
    assert losses(data, "broken") == losses(data, "whole")
    alone = run(command(data, "broken", "--resume"))
    assert alone.returncode == 2
    assert "started with 2 process(es); got 1" in alone.stderr


def test_cuts_drawn_at_random_stay_what_they_were_when_a_run_is_resumed(data: Path) -> None:
    text = RECIPE.format(dropout=0.2).replace('model_type = "char"', 'model_type = "unigram"')
    text = text.replace("_vocab_size = 16", "_vocab_size = 300").replace("[data]", "[data]\nsubword_sampling = 0.1")
    (data / "recipe.toml").write_text(text, encoding="utf-8")
    assert run(command(data, "run", "--max-updates", "7", launcher=TWO_PROCESSES)).returncode == 0
    shutil.copytree(data / "run", data / "copy")
    for output in ("run", "copy"):
        result = run(command(data, output, "--resume", launcher=TWO_PROCESSES))
        assert result.returncode == 0, result.stderr
    assert len(losses(data, "run")) == 12
    assert losses(data, "run") == losses(data, "copy")
    with (data / "train.tsv").open("a", encoding="utf-8") as stream:
        stream.write("123\t321\n")
    other = run(command(data, "run", "--resume"))
    assert (other.returncode, "are not those that the run" in other.stderr) == (2, True)


def test_a_used_output_folder_is_refused(data: Path) -> None:
    assert run(command(data, "out", "--max-updates", "1")).returncode == 0
    again = run(command(data, "out"))
    assert again.returncode == 2
    assert "use --resume, or another folder" in again.stderr
    assert "Traceback" not in again.stderr


def test_nothing_to_resume_is_said(data: Path) -> None:
    result = run(command(data, "nowhere", "--resume"))
    assert (result.returncode, "holds no training state" in result.stderr) == (2, True)


def test_weights_of_another_run_can_be_taken_up(data: Path) -> None:
    assert run(command(data, "first")).returncode == 0
    second = run(command(data, "second", "--init-from", str(data / "first")))
    assert second.returncode == 0, second.stderr
    assert losses(data, "second")[1] < losses(data, "first")[1]


def test_ones_own_corpus_is_one_command(tmp_path: Path) -> None:
    rng = random.Random(1)
    words = ["red", "green", "blue", "big", "small", "cat", "dog", "house"]
    rows = [" ".join(rng.choices(words, k=rng.randint(2, 6))) for _ in range(400)]
    (tmp_path / "a.txt").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "b.txt").write_text("\n".join(row.upper() for row in rows), encoding="utf-8")
    files = ("--source", str(tmp_path / "a.txt"), "--target", str(tmp_path / "b.txt"))
    more = ("--output", str(tmp_path / "run"), "--max-updates", "3", "--device", "cpu")
    result = run([sys.executable, "-m", "seq2seq_demo", "train", *files, *more])
    assert result.returncode == 0, result.stderr
    split = (tmp_path / "run/data/train.tsv").read_bytes()
    (tmp_path / "a.txt").write_text("\n".join(reversed(rows)), encoding="utf-8")
    again = run([sys.executable, "-m", "seq2seq_demo", "train", *files, *more])
    assert (again.returncode, "holds a run already" in again.stderr) == (2, True)
    assert (tmp_path / "run/data/train.tsv").read_bytes() == split
    checkpoint = load_checkpoint(tmp_path / "run")
    assert checkpoint.source_tokenizer.decode(checkpoint.source_tokenizer.encode("red cat")) == "red cat"


def test_a_bad_row_ends_training_with_file_and_line(data: Path) -> None:
    with (data / "train.tsv").open("a", encoding="utf-8") as stream:
        stream.write("no tab here\n")
    result = run(command(data, "out"))
    assert result.returncode == 2
    assert result.stderr.strip().splitlines()[-1].startswith("error: ")
    assert "train.tsv, line 301" in result.stderr
