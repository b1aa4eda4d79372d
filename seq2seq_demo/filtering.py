"""A parallel corpus without the pairs that would mislead: of unequal lengths, in another script, or no translations.

Whether a pair is a translation is asked of models trained on the unfiltered corpus: the cross-entropy of its target
given its source, and where there is a model for the other direction, of its source given its target. The worse of both
counts, since a pair whose sides say different amounts is easy in one direction and hard in the other. (The dual
conditional cross-entropy of Junczys-Dowmunt 2018, https://arxiv.org/abs/1809.00197, adds their mean and their
difference.)
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from seq2seq_demo.config import DataConfig
from seq2seq_demo.data import EncodedCorpus, Pair, acceptable, encode_pairs
from seq2seq_demo.errors import ConfigurationError, DataError
from seq2seq_demo.strict import check_range
from seq2seq_demo.text import is_in_other_script, normalise, normalise_source
from seq2seq_demo.translator import Translator
from seq2seq_demo.validation import sentence_losses

Reason = Literal["length", "language", "unlikely"]
"""Why a pair was left out: `DataConfig`'s length filters, a side mostly in a script that its language is not written
in, or among the pairs that the models find least likely to be translations."""


@dataclass(frozen=True, eq=False)
class Filtered:
    """What became of each pair."""

    reasons: tuple[Reason | None, ...]
    """None for a pair that was kept."""
    nats: np.ndarray
    """Cross-entropy per token, end symbol included, of the worse direction, (pairs,); NaN where it was not asked."""
    threshold: float
    """The largest of a pair that was kept, in nats per token."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready counts."""
        counts = Counter(self.reasons)
        dropped = {reason: counts[reason] for reason in get_args(Reason)}
        return {
            "pairs": len(self.reasons),
            "kept": counts[None],
            "dropped": dropped,
            "threshold": round(self.threshold, 3),
        }

    def to_text(self) -> str:
        """Return lines for a person."""
        values = self.to_dict()
        lines = [f"{'pairs':<10}{values['pairs']:>10,}"]
        lines += [f"{reason:<10}{count:>10,} dropped" for reason, count in values["dropped"].items()]
        lines.append(f"{'kept':<10}{values['kept']:>10,}, up to {self.threshold:.2f} nats per token")
        return "\n".join(lines)


def filter_pairs(
    pairs: Sequence[Pair],
    translator: Translator,
    reverse: Translator | None = None,
    *,
    keep: float,
    progress: Callable[[int], object] | None = None,
) -> Filtered:
    """Find the pairs of a corpus that are worth training on.

    Args:
        pairs: Sources and targets in the languages of `translator`.
        translator: A model from source to target, to score with; a small one does.
        reverse: A model of the other direction.
        keep: Share of the pairs with acceptable lengths and scripts to keep, above 0 up to 1: the most likely ones.
        progress: Called with the number of scores computed since its last call, for each model one of each such pair.

    Raises:
        ConfigurationError: `keep` out of range, or `reverse` is not of the other direction.
        DataError: no pair has acceptable lengths and scripts.
    """
    check_range("keep", keep, 0, 1, low_open=True)
    config = translator.config
    languages = (config.source_language, config.target_language)
    if reverse is not None and (reverse.config.target_language, reverse.config.source_language) != languages:
        raise ConfigurationError(
            "not_reverse",
            f"the reverse model must translate from {languages[1]} to {languages[0]}; this one translates from "
            f"{reverse.config.source_language} to {reverse.config.target_language}.",
            {"field": "reverse_model"},
        )
    corpus = _encode(translator, pairs)
    reasons = _reasons(pairs, corpus, languages)
    rows = [row for row, reason in enumerate(reasons) if reason is None]
    if not rows:
        counts = Counter(reasons)
        raise DataError(
            "no_data",
            f"none of {len(pairs)} pairs is left: {counts['length']} by their lengths, {counts['language']} by their "
            f"script. The model reads {languages[0]} and writes {languages[1]}: see the source and target columns.",
        )
    scores = _nats_per_token(translator, corpus.select(rows), progress)
    if reverse is not None:
        turned = _encode(reverse, [(pairs[row][1], pairs[row][0]) for row in rows])
        scores = np.maximum(scores, _nats_per_token(reverse, turned, progress))
    nats = np.full(len(pairs), np.nan)
    nats[rows] = scores
    order = sorted(range(len(rows)), key=lambda place: scores[place])
    kept = max(1, round(keep * len(rows)))
    for place in order[kept:]:
        reasons[rows[place]] = "unlikely"
    return Filtered(tuple(reasons), nats, float(scores[order[kept - 1]]))


def _encode(translator: Translator, pairs: Sequence[Pair]) -> EncodedCorpus:
    """Encode pairs as the model was trained on them."""
    checkpoint, task = translator.checkpoint, translator.config.task
    normalised = [(normalise_source(source, task), normalise(target)) for source, target in pairs]
    return encode_pairs(normalised, checkpoint.source_tokenizer, checkpoint.target_tokenizer)


def _reasons(pairs: Sequence[Pair], corpus: EncodedCorpus, languages: tuple[str, str]) -> list[Reason | None]:
    """Judge what needs no model's opinion."""
    limits = DataConfig()
    lengths = zip(corpus.sources.lengths.tolist(), corpus.targets.lengths.tolist(), strict=True)
    reasons: list[Reason | None] = []
    for pair, (source_tokens, target_tokens) in zip(pairs, lengths, strict=True):
        if not acceptable(source_tokens, target_tokens, limits):
            reasons.append("length")
        elif any(is_in_other_script(text, language) for text, language in zip(pair, languages, strict=True)):
            reasons.append("language")
        else:
            reasons.append(None)
    return reasons


def _nats_per_token(
    translator: Translator, corpus: EncodedCorpus, progress: Callable[[int], object] | None
) -> np.ndarray:
    """Cross-entropy of each target given its source, per token with the end symbol, (pairs,)."""
    return sentence_losses(translator.checkpoint.model, corpus, progress=progress) / (corpus.targets.lengths + 1)
