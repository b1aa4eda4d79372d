"""Forty everyday sentences in each direction, with words chosen before any output was looked at."""

import re
import tomllib
from pathlib import Path

import pytest

from seq2seq_demo.checkpoint import CHECKPOINTS_FOLDER
from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.text import is_cjk
from seq2seq_demo.translator import Translator

pytestmark = pytest.mark.system

SENTENCES = tomllib.loads(Path(__file__).with_name("everyday_sentences.toml").read_text(encoding="utf-8"))
NEEDED = 36


def has_word(output: str, word: str) -> bool:
    """Chinese words anywhere; English ones as whole words, in any case."""
    return word in output if is_cjk(word) else re.search(rf"(?<!\w){re.escape(word)}(?!\w)", output, re.I) is not None


def is_right(output: str, slots: list[list[str]]) -> bool:
    """Tell whether each slot has one of its words."""
    return all(any(has_word(output, word) for word in slot) for slot in slots)


@pytest.mark.parametrize("direction", sorted(SENTENCES))
def test_everyday_sentences(direction: str) -> None:
    if not (CHECKPOINTS_FOLDER / direction).is_dir():
        pytest.skip(f"there is no checkpoint {direction}")
    items = SENTENCES[direction]
    assert len(items) == 40
    translations = Translator.from_pretrained(direction, device="cpu").translate(
        [item["text"] for item in items], DecodingConfig()
    )
    outputs = [translation.hypotheses[0].text for translation in translations]
    failed = [
        f"{item['text']} → {output}"
        for item, output in zip(items, outputs, strict=True)
        if not is_right(output, item["words"])
    ]
    print(*failed, sep="\n")
    assert len(items) - len(failed) >= NEEDED, "\n".join(failed)


def test_an_english_word_must_stand_alone() -> None:
    assert is_right("It's 8:00; the movie begins.", [["eight", "8"], ["Movie"]])
    assert not is_right("He weighs 80 kilos.", [["eight", "8"]])
    assert not is_right("我去图书馆。", [["图书馆"], ["读", "看"]])
