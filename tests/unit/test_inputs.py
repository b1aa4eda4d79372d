"""What a model that pronounces takes: one word, in letters that it knows."""

import pytest

from seq2seq_demo.config import TokenizerConfig
from seq2seq_demo.errors import InputError
from seq2seq_demo.inputs import read_source
from seq2seq_demo.tokenizer import EOS_ID, Tokenizer, train_tokenizer


@pytest.fixture(scope="module")
def letters() -> Tokenizer:
    return train_tokenizer(["knight", "night's"], vocab_size=99, config=TokenizerConfig(model_type="char"))


@pytest.mark.parametrize("typed", ["白日依山尽，黄河入海流。", "白日依山尽 黄河入海流"])
def test_two_lines_of_verse_are_refused(letters: Tokenizer, typed: str) -> None:
    with pytest.raises(InputError, match="^line 3: the model reads one line of verse at a time; got 2") as caught:
        read_source(typed, letters, language="zh", task="verse", line=3)
    assert caught.value.code == "one_line"


def test_the_mark_after_a_line_of_verse_is_not_read(letters: Tokenizer) -> None:
    assert read_source("床前明月光，", letters, language="zh", task="verse").text == "床前明月光"


@pytest.mark.parametrize("typed", ["Night", "NIGHT", "nïght.", " night "])
def test_case_accents_and_marks_do_not_change_a_word(letters: Tokenizer, typed: str) -> None:
    source = read_source(typed, letters, task="pronounce")
    assert source.text == "night"
    assert letters.pieces(source.ids[:-1]) == list("night")
    assert source.ids[-1] == EOS_ID


@pytest.mark.parametrize(
    ("typed", "code", "message"),
    [
        ("night thing", "one_word", "^line 3: the model reads one word at a time; got 2"),
        ("night2", "unknown_letters", "^line 3: the model does not know 2;"),
        ("zzazz", "unknown_letters", "does not know z a;"),
        ("夜", "unknown_letters", "does not know 夜;"),
        ("?", "empty", "^line 3: the source is empty"),
    ],
)
def test_what_is_no_known_word_is_refused(letters: Tokenizer, typed: str, code: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_source(typed, letters, task="pronounce", line=3)
    assert caught.value.code == code
    assert caught.value.fields["line"] == 3
