"""A model on a test set: decode it, measure it, and say how that was done."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from seq2seq_demo import __version__
from seq2seq_demo.alignment import SIGNATURE, measure_alignment
from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.data import Pair, encode_pairs
from seq2seq_demo.errors import ConfigurationError, DataError
from seq2seq_demo.evaluation import (
    METRICS,
    TOKENIZERS,
    WORD_METRICS,
    Figure,
    bleu_tokenizer,
    group_references,
    measure,
    perplexity,
)
from seq2seq_demo.sentences import join_sentences, split_sentences
from seq2seq_demo.strict import check_choice
from seq2seq_demo.text import normalise
from seq2seq_demo.translator import Translation, Translator
from seq2seq_demo.validation import total_loss

PERPLEXITY = "perplexity"
CHARACTER_PERPLEXITY = "character_perplexity"
DISTINCT_OUTPUTS = "distinct_outputs"
COPIED_ALIGNMENT = "copied_alignment"
FORCED_ALIGNMENT = "forced_alignment"
MODEL_METRICS = (PERPLEXITY, CHARACTER_PERPLEXITY, DISTINCT_OUTPUTS, COPIED_ALIGNMENT, FORCED_ALIGNMENT)
"""Figures that need more than a text: the model's probabilities, all hypotheses of a source, or the attention in
outputs or forced targets."""


@dataclass(frozen=True)
class MeasurementOptions:
    """What to measure."""

    metrics: tuple[str, ...] = ("bleu", "chrf", "ter")
    """Of `evaluation.METRICS` and `MODEL_METRICS`."""
    tokenize: str | None = None
    """sacreBLEU's tokenizer; None lets `evaluation.bleu_tokenizer` choose."""
    lowercase: bool = False
    split: bool = False
    """Decode each sentence of a source on its own, and join the outputs, as the page does."""


@dataclass(frozen=True)
class Measurement:
    """Figures of one model on one test set."""

    figures: tuple[Figure, ...]
    outputs: tuple[str, ...]
    """Best hypothesis of each source, in order."""
    decoding: DecodingConfig
    seconds: float
    """Time of decoding."""
    device: str
    threads: int

    @property
    def sentences_per_second(self) -> float:
        """Speed of decoding."""
        return len(self.outputs) / max(self.seconds, 1e-9)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, without the outputs."""
        return {
            "figures": [figure.to_dict() for figure in self.figures],
            "decoding": self.decoding.to_dict(),
            "sentences": len(self.outputs),
            "seconds": round(self.seconds, 3),
            "sentences_per_second": round(self.sentences_per_second, 2),
            "device": self.device,
            "threads": self.threads,
        }

    def to_text(self) -> str:
        """Return lines for a person: each figure with its signature and its parts by source length."""
        lines = []
        for figure in self.figures:
            over = "" if figure.unit == "sentence" else f", over {figure.count} {figure.unit}s"
            lines.append(f"{figure.name:<16}{figure.value:8.2f}   {figure.signature}{over}")
            for part in figure.by_length:
                span = f"{part.shortest}-{part.longest}" if part.longest is not None else f"{part.shortest} or more"
                lines.append(f"{'':<16}{part.value:8.2f}   {span} source pieces, {part.sentences} sentences")
        options = ", ".join(f"{name} {value}" for name, value in self.decoding.to_dict().items() if value is not None)
        lines.append(f"decoding: {options}")
        lines.append(
            f"{len(self.outputs)} sentences in {self.seconds:.1f} s, {self.sentences_per_second:.1f} sentences/s "
            f"({self.device}, {self.threads} threads)"
        )
        return "\n".join(lines)


def measure_translator(
    translator: Translator,
    pairs: Sequence[Pair],
    config: DecodingConfig,
    *,
    options: MeasurementOptions,
    progress: Callable[[int], object] | None = None,
) -> Measurement:
    """Decode the sources and measure the outputs against the targets.

    Args:
        translator: The model.
        pairs: Sources and targets as they stand in the test set; targets are not normalised.
        config: Decoding options.
        options: What to measure.
        progress: Called with the number of sentences done since its last call.

    Raises:
        ConfigurationError: an unknown metric or tokenizer, or options that do not suit the model.
        DataError: no pairs.
        InputError: a source that the model cannot take.
    """
    tokenize = options.tokenize or bleu_tokenizer(translator.config.target_language)
    check_choice("tokenize", tokenize, TOKENIZERS)
    for metric in options.metrics:
        check_choice("metric", metric, (*METRICS, *MODEL_METRICS))
    if DISTINCT_OUTPUTS in options.metrics and config.n_best < 2:
        raise ConfigurationError(
            "needs_several",
            f"{DISTINCT_OUTPUTS} compares the hypotheses of a source: set n_best to 2 or more.",
            {"field": "n_best", "got": config.n_best},
        )
    if DISTINCT_OUTPUTS in options.metrics and options.split:
        raise ConfigurationError(
            "whole_sources", f"{DISTINCT_OUTPUTS} is of whole sources: leave --split out.", {"field": "split"}
        )
    if not pairs:
        raise DataError("no_data", "the test set is empty.")
    read: list[str] = []
    if {PERPLEXITY, CHARACTER_PERPLEXITY} & set(options.metrics):
        # Whole sources, and before the decoding: what the model cannot take is said at once, with its line.
        read = [translator.read_text(source, line=line) for line, (source, _) in enumerate(pairs, start=1)]
    start = time.perf_counter()
    translations = _translate(translator, pairs, config, split=options.split, progress=progress)
    seconds = time.perf_counter() - start
    language = translator.config.target_language
    outputs = tuple(join_sentences([part.hypotheses[0].text for part in parts], language) for parts in translations)
    # Sentences of a source have an end symbol each.
    lengths = [sum(len(part.source_tokens) - 1 for part in parts) for parts in translations]
    figures = [
        _perplexity(metric, translator, read, pairs)
        if metric in (PERPLEXITY, CHARACTER_PERPLEXITY)
        else _model_figure(metric, translator, pairs, [part for parts in translations for part in parts], config.n_best)
        if metric in MODEL_METRICS
        else _figure(metric, pairs, outputs, lengths=lengths, tokenize=tokenize, lowercase=options.lowercase)
        for metric in options.metrics
    ]
    return Measurement(tuple(figures), outputs, config, seconds, str(translator.device), torch.get_num_threads())


def _translate(
    translator: Translator,
    pairs: Sequence[Pair],
    config: DecodingConfig,
    *,
    split: bool,
    progress: Callable[[int], object] | None,
) -> list[list[Translation]]:
    """Translate the sources; each has one translation, or one for each of its sentences."""
    language = translator.config.source_language
    parts = [(split_sentences(source, language) if split else []) or [source] for source, _ in pairs]
    found = iter(translator.translate([text for texts in parts for text in texts], config, progress=progress))
    return [[next(found) for _ in texts] for texts in parts]


def _figure(
    metric: str,
    pairs: Sequence[Pair],
    outputs: Sequence[str],
    *,
    lengths: Sequence[int],
    tokenize: str,
    lowercase: bool,
) -> Figure:
    rows = list(range(len(pairs)))
    references: list[str] | list[list[str]] = [target for _, target in pairs]
    if metric in WORD_METRICS:
        # Each distinct source counts once, and any of its targets will do.
        groups = group_references(*zip(*pairs, strict=True))
        first = {source: row for row, (source, _) in reversed(list(enumerate(pairs)))}
        rows, references = [first[source] for source in groups], list(groups.values())
    return measure(
        metric,
        [outputs[row] for row in rows],
        references,
        tokenize=tokenize,
        lowercase=lowercase,
        source_lengths=[lengths[row] for row in rows],
    )


def _model_figure(
    metric: str, translator: Translator, pairs: Sequence[Pair], translations: Sequence[Translation], n_best: int
) -> Figure:
    if metric == DISTINCT_OUTPUTS:
        return _distinct_outputs(translations, n_best)
    if metric == FORCED_ALIGNMENT:
        # Outputs seldom copy what a reference does.
        sources, targets = zip(*pairs, strict=True)
        translations = translator.score(sources, targets, DecodingConfig(strategy="greedy"))
    found = measure_alignment((item, item.hypotheses[0]) for item in translations)
    return Figure(metric, found.share, SIGNATURE, found.count, "word")


def _distinct_outputs(translations: Sequence[Translation], n_best: int) -> Figure:
    """Measure how many of a source's hypotheses differ in their text, as a share, on average over the sources."""
    distinct = [len({hypothesis.text for hypothesis in translation.hypotheses}) for translation in translations]
    share = sum(distinct) / (n_best * len(distinct))
    return Figure(DISTINCT_OUTPUTS, 100 * share, f"n:{n_best}|version:{__version__}", len(distinct))


def _perplexity(metric: str, translator: Translator, read: Sequence[str], pairs: Sequence[Pair]) -> Figure:
    """Measure how likely the targets are, given the sources as decoding reads them (a traditional one simplified)."""
    checkpoint = translator.checkpoint
    normalised = [(source, normalise(target)) for source, (_, target) in zip(read, pairs, strict=True)]
    corpus = encode_pairs(normalised, checkpoint.source_tokenizer, checkpoint.target_tokenizer)
    total, tokens = total_loss(checkpoint.model, corpus)
    if metric == CHARACTER_PERPLEXITY:
        characters = sum(len(target) for _, target in normalised)
        return replace(perplexity(total, characters, unit="character"), name=metric)
    return perplexity(total, tokens, unit="token")
