"""Normalisation: one form for training and page."""

import random

import pytest

from seq2seq_demo.text import is_in_other_script, normalise, normalise_source, strip_final_mark


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("  How\tare \n you? ", "How are you?"),
        ("Ｈｅｌｌｏ　１２３！", "Hello 123!"),
        ("It’s “fine”…", 'It\'s "fine"...'),
        ("zero\u200bwidth\u202e", "zerowidth"),
        ("bell\x07 and \x00 nul", "bell and nul"),
        ("e\u0301te\u0301", "été"),
        ("e\u200b\u0301te\u0301", "été"),
        ("Really?!  Yes ...", "Really?! Yes ..."),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("", ""),
        ("\u3000\t", ""),
    ],
)
def test_latin_text_is_brought_into_one_form(typed: str, normal: str) -> None:
    assert normalise(typed) == normal


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("你好,世界!", "你好，世界！"),
        ("你好， 世界。 ", "你好，世界。"),
        ("我有3.5元.", "我有3.5元。"),
        ("他说：“好。”", "他说：“好。”"),
        ("我用Python 3.11写。", "我用Python 3.11写。"),
        ("什么?!", "什么？！"),
        ("你好!!", "你好！！"),
        ("你好！! 世界", "你好！！世界"),
        ("你好 。", "你好。"),
        ("我用Python ！", "我用Python！"),
        ("他想...", "他想..."),
        ("价格:3.5,数量:2", "价格：3.5,数量：2"),
    ],
)
def test_chinese_text_gets_full_width_punctuation(typed: str, normal: str) -> None:
    assert normalise(typed) == normal


def test_normalising_twice_changes_nothing() -> None:
    alphabet = "你か\u3099ab35 ,.?!:，。！、…\u200b\u0301\u0338Ａ＜“)\u3000\u037e"
    rng = random.Random(1)
    for _ in range(3000):
        text = "".join(rng.choices(alphabet, k=rng.randint(1, 8)))
        assert normalise(normalise(text)) == normalise(text), repr(text)


def test_only_one_final_mark_is_stripped() -> None:
    assert strip_final_mark("Really?!") == "Really?"
    assert strip_final_mark("No mark") == "No mark"


@pytest.mark.parametrize(
    ("text", "language", "other"),
    [
        ("How are you?", "en", False),
        ("Wie geht's? Größe", "de", False),
        ("你好吗", "en", True),
        ("Как дела?", "en", True),
        ("I met 王 yesterday.", "en", False),
        ("我用 Python 写程序。", "zh", False),
        ("How are you?", "zh-CN", True),
        ("😀 12 !?", "en", False),
        ("anything", "xx", False),
        ("", "en", False),
    ],
)
def test_another_script_is_noticed(text: str, language: str, other: bool) -> None:
    assert is_in_other_script(text, language) is other


@pytest.mark.parametrize(
    ("typed", "spelt"),
    [
        ("RHYTHM", "rhythm"),
        ("Knight.", "knight"),
        (" ‘Naïve’ ", "'naive'"),
        ("O’Neill-Smith", "o'neillsmith"),
        ("Straße", "strasse"),
        ("ＯＫ!", "ok"),
        ("two  Words", "two words"),
        ("R2", "r2"),
        ("?!", ""),
    ],
)
def test_a_word_to_pronounce_is_spelt_as_in_a_dictionary(typed: str, spelt: str) -> None:
    assert normalise_source(typed, "pronounce") == spelt
    assert normalise_source(spelt, "pronounce") == spelt
