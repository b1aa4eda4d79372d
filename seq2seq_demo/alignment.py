"""Attention as an alignment, measured where the right answer is known: at words that source and target share.

A digit string or a Latin word that stands on both sides (``3:30``, ``Tom``) was copied from one place to the other.
There the row of the target word should point at that source word. How often it does says how far a heatmap may be read
as an alignment, at least for what is copied.

Reference:
    Koehn and Knowles 2017, https://aclanthology.org/W17-3204, section 3.5 (attention and word alignment)
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from seq2seq_demo import __version__
from seq2seq_demo.reading import merge_words
from seq2seq_demo.text import is_cjk
from seq2seq_demo.tokenizer import Word
from seq2seq_demo.translation import TranslatedHypothesis, Translation

_NUMBER: Final = re.compile(r"[0-9]+(?:[.,:][0-9]+)*")
_LATIN: Final = re.compile(r"[^\W\d_]{2,}")
SIGNATURE: Final = f"pairs:unique-shared-word|row:mean|column:sum|version:{__version__}"


@dataclass(frozen=True)
class SharedWord:
    """A word that stands once on each side, and where its target looks."""

    text: str
    target: int
    """Position among the target's words."""
    source: int
    """Position among the source's words."""
    looked_at: int
    """Source word with the largest weight in the target word's row."""
    is_number: bool

    @property
    def points(self) -> bool:
        """Whether the target looks at its source."""
        return self.looked_at == self.source


@dataclass(frozen=True)
class AlignmentFigure:
    """How often shared words point at their source."""

    count: int
    """Shared words."""
    pointing: int
    neighbours: int
    """Those that look at the word beside it instead."""
    sentences: int
    """Sentences with a shared word."""

    @property
    def share(self) -> float:
        """Of the shared words, in percent; NaN where there are none."""
        return 100 * self.pointing / self.count if self.count else float("nan")

    def to_dict(self) -> dict[str, float | int | str | None]:
        """Return JSON-ready values."""
        return {
            "share": self.share if self.count else None,
            "count": self.count,
            "pointing": self.pointing,
            "neighbours": self.neighbours,
            "sentences": self.sentences,
            "signature": SIGNATURE,
        }


def shared_words(translation: Translation, hypothesis: TranslatedHypothesis) -> list[SharedWord]:
    """Find the digit strings and Latin words that source and target have in common, each once on either side.

    A row of the merged heatmap is the mean over the target word's pieces, a column the sum over the source word's.
    What stands several times on a side is left out: no one knows which belongs to which. Between two languages that are
    both written in Latin letters only numbers and capitalised words count, for a word may be spelled alike by chance.

    Args:
        translation: Its source.
        hypothesis: Found or forced; it has attention.
    """
    if hypothesis.attention is None:
        return []
    sources, targets = _copied(translation.source_words), _copied(hypothesis.words)
    both_latin = not (_is_cjk(translation.source_words) or _is_cjk(hypothesis.words))
    merged = merge_words(hypothesis.attention, translation.source_words, hypothesis.words)
    found = []
    for text, target in targets.items():
        source = sources.get(text)
        is_number = text[0].isdigit()
        if source is None or (both_latin and not is_number and not translation.source_words[source].text[0].isupper()):
            continue
        found.append(SharedWord(text, target, source, int(np.argmax(merged[target])), is_number))
    return found


def measure_alignment(
    pairs: Iterable[tuple[Translation, TranslatedHypothesis]], *, numbers: bool | None = None
) -> AlignmentFigure:
    """Count how often shared words point at their source.

    Args:
        pairs: Translations, each with one of its hypotheses.
        numbers: True counts numbers alone, False Latin words alone, None both.
    """
    count = pointing = neighbours = sentences = 0
    for translation, hypothesis in pairs:
        words = [word for word in shared_words(translation, hypothesis) if numbers in (None, word.is_number)]
        count += len(words)
        pointing += sum(word.points for word in words)
        neighbours += sum(abs(word.looked_at - word.source) == 1 for word in words)
        sentences += bool(words)
    return AlignmentFigure(count, pointing, neighbours, sentences)


def _copied(words: tuple[Word, ...]) -> dict[str, int]:
    """Return the numbers and Latin words that stand there once, case set aside, with their positions."""
    texts = [_core(word.text) for word in words]
    counts = Counter(texts)
    return {text: place for place, text in enumerate(texts) if text and counts[text] == 1}


def _core(text: str) -> str:
    """Reduce a word to its number or its Latin letters; empty where it is neither.

    >>> _core("3:30"), _core("Tom's"), _core("的"), _core("I"), _core("</s>")
    ('3:30', 'tom', '', '', '')
    """
    if is_cjk(text) or text.startswith("<"):
        return ""
    number, word = _NUMBER.fullmatch(text), _LATIN.match(text)
    if number:
        return text
    return word.group().lower() if word and text[len(word.group()) :] in ("", "'s", "'", "’s") else ""


def _is_cjk(words: tuple[Word, ...]) -> bool:
    return any(is_cjk(word.text) for word in words)
