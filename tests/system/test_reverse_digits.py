"""A tiny model learns, from the command line, to reverse digits, and its attention shows that it does."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.translator import Translator

pytestmark = pytest.mark.system

RECIPE = """
name = "reverse-digits"
[model]
cell = "gru"
attention = "additive"
embedding_size = 32
encoder_size = 48
decoder_size = 96
attention_size = 48
encoder_layers = 1
decoder_layers = 1
dropout = 0.0
[tokenizer]
model_type = "char"
shared = true
source_vocab_size = 16
[data]
train = [{ file = "train.tsv" }]
dev = "dev.tsv"
[training]
max_updates = 900
batch_tokens = 1000
learning_rate = 4e-3
warmup_updates = 50
label_smoothing = 0.0
precision = "float32"
validation_metric = "exact_match"
validate_every = 300
log_every = 100
"""


def digit_strings(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices("0123456789", k=rng.randint(3, 9))) for _ in range(count)]


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", "seq2seq_demo", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout


def test_a_trained_model_reverses_digits_and_attends_backwards(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    for name, count in (("train", 6000), ("dev", 200)):
        rows = [f"{text}\t{text[::-1]}\n" for text in digit_strings(count, seed=len(name))]
        (tmp_path / f"{name}.tsv").write_text("".join(rows), encoding="utf-8")
    output = tmp_path / "model"
    run("train", str(tmp_path / "recipe.toml"), "--data-dir", str(tmp_path), "--output", str(output), "--device", "cpu")
    tests = digit_strings(200, seed=99)
    translations = Translator.from_pretrained(output).translate(tests, DecodingConfig(strategy="greedy"))
    right = [item for item in translations if item.hypotheses[0].text == item.source[::-1]]
    assert len(right) >= 190
    diagonal = [backwards_share(item.hypotheses[0].attention) for item in right]
    assert np.mean(diagonal) > 0.9


def backwards_share(attention: np.ndarray | None) -> float:
    """Share of output digits whose strongest weight lies on the digit that they copy; both sides end with ``</s>``.

    The pieces are the digits: digit t of n, counted from 0, copies source digit n - 1 - t.
    """
    assert attention is not None
    digits = attention.shape[0] - 1
    return float(np.mean([attention[t].argmax() == digits - 1 - t for t in range(digits)]))
