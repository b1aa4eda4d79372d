"""Normalisation: one form for training and page."""

import pytest

from seq2seq_demo.text import normalise, strip_final_mark


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("  How\tare \n you? ", "How are you?"),
        ("Ｈｅｌｌｏ　１２３！", "Hello 123!"),
        ("It’s “fine”…", 'It\'s "fine"...'),
        ("zero\u200bwidth\u202e", "zerowidth"),
        ("bell\x07 and \x00 nul", "bell and nul"),
        ("e\u0301te\u0301", "été"),
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
    ],
)
def test_chinese_text_gets_full_width_punctuation(typed: str, normal: str) -> None:
    assert normalise(typed) == normal


@pytest.mark.parametrize("text", ["你好,  世界!", "  ＡＢＣ， d。", "a\u200b b…", "“你好”, he said."])
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_only_one_final_mark_is_stripped() -> None:
    assert strip_final_mark("Really?!") == "Really?"
    assert strip_final_mark("No mark") == "No mark"
