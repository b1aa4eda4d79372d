"""What people type, brought nearer to what a model has learnt to read, without touching its weights.

Normalisation (`text`) is for training and page alike. What stands here is for sources at decoding, but for `simplify`,
which a recipe can ask for, and depends on the model's vocabulary: a character that has no piece of its own is read as
several bytes, about which the model has learnt next to nothing, and its output is then noise. Traditional Chinese
becomes simplified, text all in capitals gets small letters, a letter whose accent the model does not know loses it,
and a symbol that it does not know (an emoji) is left out. Letters of a script that the model does not know stay as
they are: nothing sensible could take their place.

The shown source is the text after this, and `Reading.notes` says what was done: a visitor sees what was decoded.
"""

import re
import unicodedata
from collections.abc import Callable, Container
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from seq2seq_demo.text import is_cjk

Note = Literal["simplified", "capitals", "letters", "symbols"]
"""What was changed: traditional Chinese simplified, capitals made small, letters replaced, symbols left out."""

_WITHOUT_DECOMPOSITION: Final = str.maketrans(
    {
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
        "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i", "ħ": "h", "Ħ": "H", "ŋ": "ng",
    }
)  # fmt: skip
"""Latin letters that Unicode does not take apart, in their usual plain spelling."""
_PRONOUNS: Final = str.maketrans({"妳": "你", "祢": "你", "祂": "他", "牠": "它"})
"""Pronouns of Taiwan that OpenCC leaves as they are."""
_SENTENCE_START: Final = re.compile(r"(?:^|[.!?]\s)\W*\w")
_ENGLISH_I: Final = re.compile(r"\bi\b(?!\.)")


@dataclass(frozen=True)
class Reading:
    """A typed text as the model is to read it."""

    text: str
    """Empty where nothing was left."""
    notes: tuple[Note, ...] = ()
    """What was changed, in the order in which it was."""


def readable(text: str, language: str, *, characters: Container[str], count_pieces: Callable[[str], int]) -> Reading:
    """Bring a normalised text nearer to what a model can read; what it reads well already stays as it is.

    Args:
        text: Normalised.
        language: Code of the source language.
        characters: Those that the model's vocabulary can write without bytes.
        count_pieces: How many pieces the model's tokenizer needs for a text.

    Returns:
        A text for which this would change nothing more, and notes of what was done.

    >>> readable("I LOVE IT 😀", "en", characters="ILOVETilovet ", count_pieces=lambda t: sum(map(str.isupper, t)))
    Reading(text='I love it', notes=('capitals', 'symbols'))
    """
    notes: list[Note] = []
    if language.lower().startswith("zh") and is_traditional(text):
        simplified = simplify(text)
        if simplified != text:
            text, notes = simplified, [*notes, "simplified"]
    if _all_capitals(text):
        small = _sentence_case(text, language)
        # Not where the vocabulary has the capitals as one piece: OK, USA.
        if count_pieces(small) < count_pieces(text):
            text, notes = small, [*notes, "capitals"]
    lettered = "".join(_known_spelling(character, characters) for character in text)
    if lettered != text:
        text, notes = lettered, [*notes, "letters"]
    kept = "".join(character if _stays(character, characters) else " " for character in text)
    if kept != text:
        text, notes = " ".join(kept.split()), [*notes, "symbols"]
    return Reading(text, tuple(notes))


def is_traditional(text: str) -> bool:
    """Tell whether a Chinese text has a character that only traditional writing has.

    Such a one is in Big5, the character set of Taiwan, and not in GB 2312, that of the mainland.

    >>> is_traditional("我們去火車站"), is_traditional("我们去火车站")
    (True, False)
    """
    return any(
        _is_han(character) and _encodes(character, "big5") and not _encodes(character, "gb2312") for character in text
    )


def simplify(text: str) -> str:
    """Turn traditional Chinese into simplified; without the package ``opencc`` the text stays as it is."""
    converter = _converter()
    return text if converter is None else converter(text).translate(_PRONOUNS)


def can_simplify() -> bool:
    """Whether the package ``opencc`` is there."""
    return _converter() is not None


@lru_cache(maxsize=1)
def _converter() -> Callable[[str], str] | None:
    # Imported only where there is traditional Chinese; most training and evaluation needs none.
    try:
        import opencc
    except ImportError:
        return None
    convert: Callable[[str], str] = opencc.OpenCC("t2s").convert
    return convert


def _is_han(character: str) -> bool:
    return unicodedata.name(character, "").startswith("CJK ")


def _encodes(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _known_spelling(character: str, characters: Container[str]) -> str:
    """Return the character, or what stands for it in letters that the model knows."""
    if character in characters or character.isspace():
        return character
    plain = unicodedata.normalize("NFKD", character.translate(_WITHOUT_DECOMPOSITION))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    for spelling in (character.lower(), plain, plain.lower()):
        if spelling and spelling != character and all(letter in characters for letter in spelling):
            return spelling
    return character


def _stays(character: str, characters: Container[str]) -> bool:
    """Tell whether a character is known, or at least a letter, a digit or a space."""
    return character in characters or character.isspace() or unicodedata.category(character)[0] in "LN"


def _all_capitals(text: str) -> bool:
    """Tell whether two letters or more are capitals, and none is small; not among Chinese characters."""
    capitals = sum(map(str.isupper, text))
    return capitals > 1 and not is_cjk(text) and not any(map(str.islower, text))


def _sentence_case(text: str, language: str) -> str:
    """Write a text with a capital at each sentence's beginning only, and with the English "I".

    >>> _sentence_case("STOP! I'M LOST, AND I AM COLD.", "en")
    "Stop! I'm lost, and I am cold."
    """
    text = _SENTENCE_START.sub(lambda match: match.group().upper(), text.lower())
    return _ENGLISH_I.sub("I", text) if language.lower().startswith("en") else text
