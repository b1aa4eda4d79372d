"""What people type: each change is made where a model gains by it, and noted."""

import random
import string
import sys

import pytest

from seq2seq_demo import typed_text
from seq2seq_demo.config import DecodingConfig, TokenizerConfig
from seq2seq_demo.errors import InputError
from seq2seq_demo.inputs import read_source
from seq2seq_demo.tokenizer import Tokenizer, train_tokenizer
from seq2seq_demo.typed_text import Reading, is_traditional, readable, simplify
from tests.support.search_translators import tiny_translator

ENGLISH = frozenset(string.ascii_letters + string.digits + " .,?!'-")
CHINESE = frozenset("我们去火车站吗你喜欢这个后天皇，。？" + string.ascii_letters + " ")


def capitals(text: str) -> int:
    """A vocabulary that has OK and USA, and otherwise no piece with more than one capital."""
    return sum(1 if word.strip(".!?,") in ("OK", "USA") else 1 + sum(map(str.isupper, word)) for word in text.split())


def english(text: str) -> Reading:
    return readable(text, "en", characters=ENGLISH, count_pieces=capitals)


@pytest.mark.parametrize(
    "text",
    [
        "How are you?",
        "i am here",
        "OK",
        "USA",
        "I",
        "A",
        "I'm 42.",
        "привет",
        "مرحبا",
        "我想回家",
        "NASA is in the USA.",
    ],
)
def test_what_the_model_reads_as_well_as_anything_stays(text: str) -> None:
    assert english(text) == Reading(text)


@pytest.mark.parametrize(
    ("typed", "read", "note"),
    [
        ("I love pizza 🍕", "I love pizza", "symbols"),
        ("Hi👍🏽there ❤️!", "Hi there !", "symbols"),
        ("👨\u200d👩\u200d👧", "", "symbols"),
        ("It costs 5 €.", "It costs 5 .", "symbols"),
        ("Jürgen met Łukasz at a café.", "Jurgen met Lukasz at a cafe.", "letters"),
        ("Nguyễn Þórður Straße", "Nguyen Thordur Strasse", "letters"),
        ("x² ﬁne ½", "x2 fine ½", "letters"),
        ("WHERE IS THE STATION?", "Where is the station?", "capitals"),
        ("HELP", "Help", "capitals"),
        ("STOP! I'M LOST. AM I?", "Stop! I'm lost. Am I?", "capitals"),
    ],
)
def test_what_the_model_cannot_read_is_brought_nearer(typed: str, read: str, note: str) -> None:
    assert english(typed) == Reading(read, (note,))


def test_a_model_that_knows_a_character_gets_it() -> None:
    known = ENGLISH | {"🍕", "ü"}
    assert readable("Jürgen 🍕", "de", characters=known, count_pieces=len) == Reading("Jürgen 🍕")


def test_a_model_without_capitals_gets_small_letters() -> None:
    known = frozenset(string.ascii_lowercase)
    assert readable("Hello", "en", characters=known, count_pieces=len) == Reading("hello", ("letters",))


def test_only_the_english_i_is_written_large() -> None:
    assert readable("I AM I", "en", characters=ENGLISH, count_pieces=capitals).text == "I am I"
    assert readable("IL A I", "fr", characters=ENGLISH, count_pieces=capitals).text == "Il a i"


def test_traditional_chinese_is_read_as_simplified() -> None:
    found = readable("我們去火車站嗎？", "zh", characters=CHINESE, count_pieces=len)
    assert found == Reading("我们去火车站吗？", ("simplified",))
    assert simplify("妳喜歡這個後天") == "你喜欢这个后天"
    # Another source language leaves it alone.
    assert readable("我們", "en", characters=CHINESE, count_pieces=len) == Reading("我們")


def test_every_character_of_gb2312_counts_as_simplified() -> None:
    hanzi = [
        bytes((row, cell)).decode("gb2312", errors="ignore") for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF)
    ]
    assert len("".join(hanzi)) == 6763
    assert not is_traditional("".join(hanzi))
    assert all(map(is_traditional, "們車嗎歡這個國學"))


def test_without_the_package_traditional_chinese_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opencc", None)
    typed_text._converter.cache_clear()
    assert readable("我們去", "zh", characters=CHINESE, count_pieces=len) == Reading("我們去")
    typed_text._converter.cache_clear()


def test_simplified_chinese_never_loads_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typed_text, "_converter", lambda: pytest.fail("loaded"))
    assert readable("我们去火车站吗？USA", "zh", characters=CHINESE, count_pieces=len).notes == ()


def test_reading_twice_changes_nothing() -> None:
    rng = random.Random(2)
    alphabet = "ABCIabci ..!? éłß😀²½們们我Жж'€"
    for language in ("en", "zh"):
        for _ in range(2000):
            text = " ".join("".join(rng.choices(alphabet, k=rng.randint(1, 9))).split())
            once = readable(text, language, characters=ENGLISH | {"我"}, count_pieces=capitals).text
            assert readable(once, language, characters=ENGLISH | {"我"}, count_pieces=capitals) == Reading(once), text


def test_the_characters_of_a_tokenizer_are_those_that_one_piece_writes() -> None:
    tokenizer: Tokenizer = tiny_translator().checkpoint.source_tokenizer
    for character in "aHQ%é我😀?w":
        by_bytes = [piece for piece in tokenizer.pieces(tokenizer.encode(character)) if piece.startswith("<0x")]
        assert (character in tokenizer.characters) is (len(by_bytes) < 2)
    letters = train_tokenizer(["night"], vocab_size=99, config=TokenizerConfig(model_type="char", byte_fallback=False))
    assert letters.characters == frozenset("night")


def test_a_source_is_read_as_the_model_can_and_says_so() -> None:
    translator = tiny_translator()
    (found,) = translator.translate(["HOW ARE YOU? 😀"], DecodingConfig(strategy="greedy"))
    assert (found.source, found.notes) == ("How are you?", ("capitals", "symbols"))
    assert found.to_dict()["notes"] == ["capitals", "symbols"]
    (plain,) = translator.translate(["How are you?"], DecodingConfig(strategy="greedy"))
    assert (plain.notes, plain.source_tokens) == ((), found.source_tokens)


def test_a_source_of_emoji_alone_has_no_words() -> None:
    with pytest.raises(InputError, match="nothing to read in '😀'") as raised:
        tiny_translator().check_text("😀", line=3)
    assert (raised.value.code, raised.value.fields["line"]) == ("no_words", 3)


def test_repeats_of_bytes_do_not_count() -> None:
    tokenizer = tiny_translator().checkpoint.source_tokenizer
    assert read_source("мммммм", tokenizer).repeats == 1
    assert read_source("м ж м ж м ж м ж", tokenizer).repeats == 1
    assert read_source("do do do do do do do", tokenizer).repeats > 2
