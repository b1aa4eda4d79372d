"""The one place where text is normalised, for training and page alike.

What a corpus line and a typed sentence go through is the same, so that a model sees on the page what it saw in
training: Unicode NFC, no control characters, single spaces, half-width Latin letters and digits. Punctuation
follows the script of the text: Chinese text keeps and gets full-width marks, other text gets ASCII ones.
"""

import re
import unicodedata

_CJK = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"  # kana, han, hangul
)
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff〇]")
_FULL_WIDTH_ALPHANUMERICS = {
    code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
_ASCII_MARKS: dict[int, str] = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | str.maketrans(
    {
        "‘": "'", "’": "'", "‛": "'", "′": "'", "“": '"', "”": '"', "„": '"', "″": '"', "«": '"', "»": '"',
        "。": ".", "、": ",", "…": "...", "‐": "-", "‑": "-", "–": "-",
    }
)  # fmt: skip
_FULL_WIDTH_MARKS = str.maketrans({",": "，", "?": "？", "!": "！", ";": "；", ":": "：", ".": "。", " ": None})
_WIDE = "，。？！；：、"
# A full stop is one only where something may end: 3.5 and an ellipsis stay.
_MARKS_AFTER_HAN = re.compile(rf"(?<={_HAN.pattern})(?: ?(?:[,?!;:{_WIDE}]|(?<!\.)\.(?=$|[\s,?!;:{_WIDE}”’」』)])))+")
_SPACES_AT_WIDE_MARK = re.compile(f" *([{_WIDE}]) *")


def is_cjk(text: str) -> bool:
    """Tell whether `text` has a Chinese, Japanese or Korean character.

    >>> is_cjk("你好"), is_cjk("hello，")
    (True, False)
    """
    return _CJK.search(text) is not None


def is_punctuation(text: str) -> bool:
    """Tell whether `text` is non-empty and all punctuation or symbols.

    >>> is_punctuation("……"), is_punctuation("'s"), is_punctuation("")
    (True, False, False)
    """
    return bool(text) and all(unicodedata.category(character)[0] in "PS" for character in text)


def normalise(text: str) -> str:
    r"""Bring a line of text into the one form that models are trained on; the result may be empty.

    >>> normalise("  It’s\u200b  ＯＫ！ ")
    "It's OK!"
    >>> normalise("你好,世界!")
    '你好，世界！'
    """
    text = text.translate(_FULL_WIDTH_ALPHANUMERICS)
    if not text.isprintable():
        # Most lines are, and so need no look at each character: corpora have millions of lines.
        text = "".join(_without_control(character) for character in text)
    # Composed only now: a letter and its accent may have had a character without width between them.
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if not is_cjk(text):
        return unicodedata.normalize("NFC", text.translate(_ASCII_MARKS))
    text = _MARKS_AFTER_HAN.sub(lambda match: match.group().translate(_FULL_WIDTH_MARKS), text)
    return _SPACES_AT_WIDE_MARK.sub(r"\1", text)


def _without_control(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Zs", "Zl", "Zp", "Cc"}:
        return " "
    # Format characters (zero-width, bidirectional), unassigned, private and lone surrogates carry no text.
    return "" if category[0] == "C" else character


def plain_word(text: str) -> str:
    """Spell a normalised word as a pronouncing dictionary does: lower case, without accents, and no mark but ``'``.

    >>> plain_word("Café!"), plain_word("O'Neill"), plain_word("X-ray"), plain_word("two Words")
    ('cafe', "o'neill", 'xray', 'two words')
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = (one for one in letters if one == "'" or unicodedata.category(one)[0] not in "MPS")
    return " ".join("".join(kept).split())


def verse_lines(text: str) -> list[str]:
    """Split verse into its lines, at marks and spaces, which then are gone.

    >>> verse_lines("白日依山尽，黄河入海流。")
    ['白日依山尽', '黄河入海流']
    """
    kept = (" " if unicodedata.category(character)[0] in "PSZ" else character for character in text)
    return "".join(kept).split()


def normalise_source(text: str, task: str) -> str:
    """Bring a source into the one form that models of a task (see `config.Task`) are trained on.

    >>> normalise_source("Rhythm!", "pronounce"), normalise_source("Rhythm!", "translate")
    ('rhythm', 'Rhythm!')
    >>> normalise_source("床前明月光，", "verse")
    '床前明月光'
    """
    text = normalise(text)
    if task == "verse":
        return "".join(verse_lines(text))
    return plain_word(text) if task == "pronounce" else text


def strip_final_mark(text: str) -> str:
    """Drop the final full stop, question or exclamation mark, as people do who type in a hurry.

    >>> strip_final_mark("How are you?"), strip_final_mark("Mr.")
    ('How are you', 'Mr')
    """
    return re.sub(r"\s*[.!?。！？]$", "", text)


_SCRIPTS = {
    "LATIN": frozenset({"de", "en", "es", "fr", "it", "nl", "pl", "pt", "tr", "vi"}),
    "CJK": frozenset({"ja", "zh"}),
    "HIRAGANA": frozenset({"ja"}),
    "KATAKANA": frozenset({"ja"}),
    "HANGUL": frozenset({"ko"}),
    "CYRILLIC": frozenset({"bg", "ru", "uk"}),
    "ARABIC": frozenset({"ar", "fa"}),
    "GREEK": frozenset({"el"}),
    "HEBREW": frozenset({"he"}),
    "DEVANAGARI": frozenset({"hi"}),
    "THAI": frozenset({"th"}),
}
"""Scripts by the first word of their characters' Unicode names, with languages that are written in them."""


def is_in_other_script(text: str, language: str) -> bool:
    """Tell whether most letters of `text` are of a script that `language` is not written in.

    False where that cannot be told: no letters, or a language that is not in the table.

    >>> is_in_other_script("你好", "en"), is_in_other_script("Tom 去哪里？", "zh"), is_in_other_script("123 😀", "en")
    (True, False, False)
    """
    code = language.lower().split("-")[0]
    if not any(code in languages for languages in _SCRIPTS.values()):
        return False
    names = [unicodedata.name(character, "").split(" ")[0] for character in text if character.isalpha()]
    # A Han character says as much as a short word.
    others = sum(1 for name in names if code not in _SCRIPTS.get(name, frozenset()))
    weight = 3 if code in ("ja", "zh") else 1
    return others > weight * (len(names) - others)
