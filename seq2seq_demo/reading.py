"""Reading a heatmap: what was covered, how sharp each row is, which words look left out, which word became which.

All of it takes attention for an alignment, which it is only roughly: a recurrent decoder may look one position beside
the word that it writes, or at the final mark, and a row says where the decoder looked, not why it chose the token
(Koehn and Knowles 2017, section 3.6; Jain and Wallace 2019). So these are hints for a reader, not measurements.

References:
    Wu et al. 2016, https://arxiv.org/abs/1609.08144, section 7 (coverage as a sum over target tokens)
    Tu et al. 2016, https://aclanthology.org/P16-1008 (words translated twice or not at all)
    Koehn and Knowles 2017, https://aclanthology.org/W17-3204
    Jain and Wallace 2019, https://aclanthology.org/N19-1357
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from seq2seq_demo.text import is_punctuation
from seq2seq_demo.tokenizer import Word

Floats = npt.NDArray[np.floating]
Link = tuple[int, int]
"""A source word and the target word that looked at it most, both counted from 0."""

UNTRANSLATED_BELOW: Final = 0.2
"""Coverage below which a word looks untranslated: a fifth of what one output word has to give.

Of the 1,837 words of 200 development sentences, 8% lay below with the first en-zh model: most are what Chinese leaves
out ("the", "to", a second "I"), some are lost. Higher, and words that share an output word with another ("can't
understand" in 不明白) are marked in numbers."""

REPEATED_ABOVE: Final = 1.5
"""Coverage above which a word may have been translated twice: one output word, and half of another.

A rare word that is spelt out in several pieces lies above it too, hence the second condition of `find_repeated`. Of the
same words, 2% were marked, and about half of those were really said twice."""


def merge_words(
    attention: npt.NDArray[np.float32], source_words: Sequence[Word], target_words: Sequence[Word]
) -> npt.NDArray[np.float32]:
    """Merge a heatmap of pieces into one of words.

    Args:
        attention: (target tokens, source tokens).
        source_words: Ranges of the columns.
        target_words: Ranges of the rows.

    Returns:
        (target words, source words): summed over a source word's pieces, so that rows still sum to 1, and the mean
        over a target word's pieces.
    """
    merged = np.empty((len(target_words), len(source_words)), dtype=np.float32)
    for row, target in enumerate(target_words):
        mean = attention[target.start : target.stop].mean(axis=0)
        for column, source in enumerate(source_words):
            merged[row, column] = mean[source.start : source.stop].sum()
    return merged


def coverage(attention: Floats, *, finished: bool) -> npt.NDArray[np.float64]:
    """Sum the attention that each column has received, as in Wu et al. 2016, eq. 14.

    Here the end symbol's row is left out (the penalty of a search has it): it says where the decoder looked to see
    that it was done. So the sums add up to the number of tokens written, or of words.

    Args:
        attention: (tokens, source tokens), or of words: see `merge_words`.
        finished: Whether the last row is the end symbol's.

    Returns:
        (source tokens,), or (source words,).
    """
    rows = attention[:-1] if finished else attention
    total: npt.NDArray[np.float64] = rows.sum(axis=0, dtype=np.float64)
    return total


def entropy(attention: Floats) -> npt.NDArray[np.float64]:
    """Entropy of each row in nats, ``-Σ a ln a`` (Shannon 1948): 0 where all weight is in one column.

    Args:
        attention: (rows, columns); rows sum to 1.

    Returns:
        (rows,), at most ln(columns).
    """
    weights = attention.astype(np.float64)
    logs = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    found: npt.NDArray[np.float64] = np.abs((weights * logs).sum(axis=1))
    return found


def normalised_entropy(attention: Floats) -> npt.NDArray[np.float64]:
    """Entropy of each row divided by ln(columns), its largest value: 0 is one column, 1 is all columns alike.

    Args:
        attention: (rows, columns); rows sum to 1. With one column it is 0.

    Returns:
        (rows,), in [0, 1].
    """
    columns = attention.shape[1]
    return entropy(attention) / np.log(columns) if columns > 1 else np.zeros(len(attention))


def align(words: Floats, *, finished: bool) -> list[Link]:
    """Link each target word to the source word that it looked at most.

    A target word that looked most at the source's end symbol is linked to nothing, as is the target's end symbol.

    Args:
        words: Heatmap of words, (target words, source words); the last column is the end symbol's. See `merge_words`.
        finished: Whether the last row is the end symbol's.

    Returns:
        Links in the order of the target; the first column of those with equal weight.
    """
    rows = words[:-1] if finished else words
    end = words.shape[1] - 1
    return [(int(source), target) for target, source in enumerate(rows.argmax(axis=1)) if source != end]


def to_pharaoh(links: Sequence[Link]) -> str:
    """Write links as fast_align and Moses do: source-target, counted from 0 (https://github.com/clab/fast_align).

    >>> to_pharaoh([(0, 0), (2, 1), (1, 2)])
    '0-0 2-1 1-2'
    """
    return " ".join(f"{source}-{target}" for source, target in links)


def find_untranslated(
    words: Floats, source_words: Sequence[Word], *, finished: bool, below: float = UNTRANSLATED_BELOW
) -> list[int]:
    """Return the source words that hardly any output word looked at; a heuristic, see `UNTRANSLATED_BELOW`.

    Punctuation and the end symbol are never among them: attention rests on them, or not, for other reasons.

    Args:
        words: Heatmap of words, (target words, source words); the last column is the end symbol's.
        source_words: The columns.
        finished: Whether the last row is the end symbol's.
        below: Coverage that is too little, in output words.
    """
    covered = coverage(words, finished=finished)
    return [column for column in _real_words(source_words) if covered[column] < below]


def find_repeated(
    words: Floats, source_words: Sequence[Word], *, finished: bool, above: float = REPEATED_ABOVE
) -> list[int]:
    """Return the source words that look translated twice; a heuristic, see `REPEATED_ABOVE`.

    Their coverage is high, and the output words linked to them (see `align`) stand in two places or more, with others
    between. Punctuation and the end symbol are never among them.

    Args:
        words: Heatmap of words, (target words, source words); the last column is the end symbol's.
        source_words: The columns.
        finished: Whether the last row is the end symbol's.
        above: Coverage that is too much, in output words.
    """
    covered = coverage(words, finished=finished)
    links = align(words, finished=finished)
    places: dict[int, list[int]] = {}
    for source, target in links:
        places.setdefault(source, []).append(target)
    apart = {source for source, targets in places.items() if targets[-1] - targets[0] >= len(targets)}
    return [column for column in _real_words(source_words) if covered[column] > above and column in apart]


def _real_words(source_words: Sequence[Word]) -> list[int]:
    """Return the columns of words, without punctuation and the end symbol, which is the last."""
    return [column for column, word in enumerate(source_words[:-1]) if not is_punctuation(word.text)]
