"""The view *Reading attention*: coverage, entropy and alignment of the shown hypothesis."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from seq2seq_demo.errors import InputError
from seq2seq_demo.reading import (
    REPEATED_ABOVE,
    UNTRANSLATED_BELOW,
    align,
    coverage,
    entropy,
    find_repeated,
    find_untranslated,
    merge_words,
    to_pharaoh,
)
from seq2seq_demo.text import is_punctuation
from seq2seq_demo.tokenizer import Word
from seq2seq_demo.web.models import Models
from seq2seq_demo.web.requests import read_line, read_request, read_tokens


def answer(models: Models, values: Mapping[str, Any]) -> dict[str, Any]:
    """Read the heatmap of ``hypothesis``, token ids of an output of the request.

    ``pieces`` set reads it piece by piece and not word by word.

    Returns:
        Of each source word ``coverage`` and ``marks`` ("untranslated", "repeated" or None), and the ``limits`` of the
        marks; of each output word its row's ``entropy`` in nats, and ``uniform``, its largest value; ``alignment``
        ([source, output, weight]) and the same in ``pharaoh`` format; ``ends``: the share of all attention on the
        final mark and the end symbol.

    Raises:
        InputError: a source or a hypothesis that the model cannot take, or ``no_attention``.
        ConfigurationError: a bad request.
    """
    request = read_request(values)
    config = request.configs[-1]
    tokens = read_tokens(values, "hypothesis")
    (translation,) = models.get(request.model).score(
        [read_line(values, request)], [tokens], config, pinned=request.pinned
    )
    (hypothesis,) = translation.hypotheses
    if hypothesis.attention is None:
        raise InputError("no_attention", "the model has no attention to read.", {"field": "model"})
    sources, targets = translation.source_words, hypothesis.words
    if values.get("pieces"):
        sources, targets = _pieces(translation.source_tokens), _pieces(hypothesis.tokens)
    return read_heatmap(merge_words(hypothesis.attention, sources, targets), sources, finished=hypothesis.finished)


def read_heatmap(weights: npt.NDArray[np.float32], sources: Sequence[Word], *, finished: bool) -> dict[str, Any]:
    """Return what `answer` does of a heatmap of words.

    Args:
        weights: (output words, source words); rows sum to 1.
        sources: The columns; the last is the end symbol.
        finished: Whether the last row is the end symbol's.
    """
    covered = coverage(weights, finished=finished)
    marks: list[str | None] = [None] * len(sources)
    for column in find_untranslated(weights, sources, finished=finished):
        marks[column] = "untranslated"
    for column in find_repeated(weights, sources, finished=finished):
        marks[column] = "repeated"
    links = align(weights, finished=finished)
    return {
        "coverage": covered.tolist(),
        "marks": marks,
        "limits": {"untranslated": UNTRANSLATED_BELOW, "repeated": REPEATED_ABOVE},
        "entropy": entropy(weights).tolist(),
        "uniform": float(np.log(weights.shape[1])),
        "alignment": [[source, target, float(weights[target, source])] for source, target in links],
        "pharaoh": to_pharaoh(links),
        "ends": _share_at_the_end(covered, sources),
    }


def _share_at_the_end(covered: npt.NDArray[np.float64], sources: Sequence[Word]) -> float:
    """Share of all coverage on the end symbol and a final mark before it; 0 where nothing was written."""
    marked = len(sources) > 1 and is_punctuation(sources[-2].text)
    total = float(covered.sum())
    return float(covered[-2 if marked else -1 :].sum()) / total if total else 0.0


def _pieces(tokens: Sequence[str]) -> tuple[Word, ...]:
    """Take each piece for a word."""
    return tuple(Word(token.replace("▁", ""), place, place + 1) for place, token in enumerate(tokens))
