"""The page's words in every language: one table, from the ``.toml`` files beside this one."""

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Final

from seq2seq_demo.errors import ConfigurationError

LANGUAGES: Final = ("en", "zh")
"""Languages of the page, in the order of the table's columns; the first is the default."""

Words = dict[str, dict[str, str]]
_PLACE = re.compile(r"\{(\w+)\}")
_FOLDER: Final = Path(__file__).parent


@lru_cache(maxsize=1)
def load_words() -> Words:
    """Read the table: ``{"composer.stop": {"en": "Stop", "zh": "停止"}, …}``.

    Raises:
        ConfigurationError: an entry without one text for each language, or whose texts name different values; or one
            that stands in two files.
    """
    table: Words = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        sections = tomllib.loads(path.read_text(encoding="utf-8"))
        for section, entries in sections.items():
            for name, texts in entries.items():
                key = f"{section}.{name}"
                if key in table:
                    raise ConfigurationError("bad_words", f"{path.name}: {key} stands in two files.", {"field": key})
                table[key] = _entry(key, texts)
    return table


def _entry(key: str, texts: list[str]) -> dict[str, str]:
    if len(texts) != len(LANGUAGES) or not all(texts):
        raise ConfigurationError(
            "bad_words", f"{key} needs one text for each of {', '.join(LANGUAGES)}.", {"field": key}
        )
    places = {frozenset(_PLACE.findall(text)) for text in texts}
    if len(places) > 1:
        raise ConfigurationError("bad_words", f"the texts of {key} name different values.", {"field": key})
    return dict(zip(LANGUAGES, texts, strict=True))


def choose_language(accept_language: str) -> str:
    """Choose the page's language by an ``Accept-Language`` header (RFC 9110, section 12.5.4).

    >>> choose_language("fr, zh-CN;q=0.8, en;q=0.5"), choose_language("de"), choose_language("")
    ('zh', 'en', 'en')
    """
    best, best_quality = LANGUAGES[0], 0.0
    for part in accept_language.split(","):
        tag, *parameters = (item.strip().lower() for item in part.split(";"))
        language = tag.split("-")[0]
        quality = _quality(parameters)
        if language in LANGUAGES and quality > best_quality:
            best, best_quality = language, quality
    return best


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        match = re.fullmatch(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", parameter)
        if match:
            return float(match.group(1))
    return 1.0
