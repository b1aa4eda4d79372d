"""BLEU against source length up to sixty words: what attention buys, and where a fixed-length vector breaks.

Long sources are made of short ones, several pairs of a test set to a line, so that every length has as many lines and
the same kind of sentences; what is drawn is figure 2 of Bahdanau et al. 2015, https://arxiv.org/abs/1409.0473.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.data import Pair, join_pairs
from seq2seq_demo.errors import DataError
from seq2seq_demo.evaluation import bleu_tokenizer, measure
from seq2seq_demo.translator import Translator

BUCKET_WORDS, BUCKETS = 10, 6
"""Source words from the shortest to the longest line of a bucket, and number of buckets: up to sixty words."""
LINES = 150
"""Lines of each bucket."""
FEWEST_PAIRS, MOST_PAIRS = 2, 6
"""Pairs joined to a line."""

_SEED = 1
_ROUNDS = 1000


@dataclass(frozen=True)
class Bucket:
    """Lines whose source lengths lie in a range of `BUCKET_WORDS` words."""

    shortest: int
    """Fewest source words of a line, separated by spaces."""
    longest: int
    pairs: tuple[Pair, ...]

    @property
    def mean_words(self) -> float:
        """Mean source length."""
        return sum(len(source.split()) for source, _ in self.pairs) / len(self.pairs)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, without the lines."""
        lines = len(self.pairs)
        return {"shortest": self.shortest, "longest": self.longest, "mean_words": self.mean_words, "lines": lines}


@dataclass(frozen=True)
class LengthFigures:
    """BLEU of one model on each bucket."""

    cell: str
    attention: str
    bleu: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"cell": self.cell, "attention": self.attention, "bleu": [round(value, 2) for value in self.bleu]}


def length_probe(pairs: Sequence[Pair], *, target_language: str, lines: int = LINES) -> tuple[Bucket, ...]:
    """Join the pairs of a test set to lines of every length; the same pairs give the same lines.

    The pairs are shuffled, over and over, and cut into lines of two to six pairs until every bucket is full.

    Args:
        pairs: Sources written with spaces, and their targets.
        target_language: Decides whether joined targets have a space between them.
        lines: How many each bucket gets.

    Raises:
        DataError: the pairs give too few lines of some length.
    """
    rng = random.Random(_SEED)
    filled: list[list[Pair]] = [[] for _ in range(BUCKETS)]
    order = list(pairs)
    for _ in range(_ROUNDS):
        rng.shuffle(order)
        start = 0
        while start < len(order):
            stop = start + rng.randint(FEWEST_PAIRS, MOST_PAIRS)
            source, target = join_pairs(order[start:stop], target_language=target_language)
            number = (len(source.split()) - 1) // BUCKET_WORDS
            if stop <= len(order) and number < BUCKETS and len(filled[number]) < lines:
                filled[number].append((source, target))
            start = stop
        if all(len(bucket) == lines for bucket in filled):
            starts = range(1, BUCKETS * BUCKET_WORDS, BUCKET_WORDS)
            return tuple(Bucket(s, s + BUCKET_WORDS - 1, tuple(b)) for s, b in zip(starts, filled, strict=True))
    raise DataError(
        "too_few_lengths",
        f"joined by {FEWEST_PAIRS} to {MOST_PAIRS}, these {len(pairs)} pairs do not give {lines} lines of every length "
        f"from 1 to {BUCKETS * BUCKET_WORDS} source words; got {[len(bucket) for bucket in filled]}.",
        {"pairs": len(pairs), "limit": lines},
    )


def measure_lengths(
    translator: Translator,
    buckets: Sequence[Bucket],
    config: DecodingConfig,
    *,
    progress: Callable[[int], object] | None = None,
) -> tuple[LengthFigures, str]:
    """Decode the lines of each bucket and measure their BLEU; returns it with sacreBLEU's signature.

    Raises:
        ConfigurationError: decoding options that do not suit the model.
        InputError: a line that the model cannot take.
    """
    model, tokenize = translator.config.model, bleu_tokenizer(translator.config.target_language)
    values, signature = [], ""
    for bucket in buckets:
        translations = translator.translate([source for source, _ in bucket.pairs], config, progress=progress)
        outputs = [translation.hypotheses[0].text for translation in translations]
        figure = measure("bleu", outputs, [target for _, target in bucket.pairs], tokenize=tokenize)
        values.append(figure.value)
        signature = figure.signature
    return LengthFigures(model.cell, model.attention, tuple(values)), signature


def probe_text(buckets: Sequence[Bucket], members: Mapping[str, LengthFigures]) -> str:
    """Return a Markdown table, a model a row and a bucket a column."""
    heads = [f"{bucket.shortest}–{bucket.longest}" for bucket in buckets]
    rows = [[name, *(f"{value:.1f}" for value in figures.bleu)] for name, figures in members.items()]
    table = [["source words", *heads], ["---"] * (len(heads) + 1), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in table)
