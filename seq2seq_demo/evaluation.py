"""Figures of a system's outputs against references: BLEU, chrF, TER, share of words wrong, exact match, right lengths.

This is the only module that imports sacrebleu. Every figure carries a signature, so that it can be compared.

References:
    Post 2018, https://aclanthology.org/W18-6319 (sacreBLEU and its signatures)
    Papineni et al. 2002, https://aclanthology.org/P02-1040 (BLEU)
    Popović 2015, https://aclanthology.org/W15-3049 (chrF)
    Snover et al. 2006, https://aclanthology.org/2006.amta-papers.25 (TER)
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from sacrebleu.metrics import BLEU, CHRF, TER

from seq2seq_demo import __version__
from seq2seq_demo.errors import DataError
from seq2seq_demo.strict import check_choice

METRICS = ("bleu", "chrf", "ter", "exact_match", "word_error_rate", "stressed_word_error_rate", "right_length")
WORD_METRICS = {"word_error_rate": "removed", "stressed_word_error_rate": "kept"}
"""Shares of words pronounced wrong, with what becomes of the stress digits. Each distinct source counts once, and is
right where its output equals any of its targets."""
TOKENIZERS = ("13a", "zh", "char", "intl", "none")
"""Tokenizers of sacreBLEU that need no download."""

LENGTH_BOUNDS = (5, 10, 15, 20, 30)
"""Last source length of each bucket; one more bucket takes the rest."""

_STRESS = re.compile(r"(?<=[A-Z])[0-9](?=\s|$)")
"""The stress digit of an ARPAbet vowel, as in ``AH0``."""

_TOKENIZER_OF_LANGUAGE: dict[str, Literal["zh", "char"]] = {"zh": "zh", "ja": "char"}
"""Languages without spaces; sacreBLEU's own tokenizer for Japanese needs a dictionary."""

References = Sequence[str | Sequence[str]]
"""For each output one reference, or several of which any will do."""


@dataclass(frozen=True)
class LengthFigure:
    """A figure over the sentences whose source length lies in a range."""

    shortest: int
    longest: int | None
    """Both ends count; None is without end."""
    sentences: int
    value: float


@dataclass(frozen=True)
class Figure:
    """A figure with what it takes to compare it."""

    name: str
    value: float
    """In percent or, for perplexity, as it is."""
    signature: str
    count: int
    """Over how many of `unit` it was taken."""
    unit: Literal["sentence", "token", "character", "word"] = "sentence"
    by_length: tuple[LengthFigure, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; JSON has no infinity, so such a perplexity is None."""
        return {**asdict(self), "value": self.value if math.isfinite(self.value) else None}


def bleu_tokenizer(language: str) -> Literal["13a", "zh", "char"]:
    """Choose sacreBLEU's tokenizer by the target's language code; region and script do not matter.

    >>> bleu_tokenizer("zh-Hans"), bleu_tokenizer("ja"), bleu_tokenizer("en")
    ('zh', 'char', '13a')
    """
    return _TOKENIZER_OF_LANGUAGE.get(re.split("[-_]", language.lower())[0], "13a")


def measure(
    metric: str,
    outputs: Sequence[str],
    references: References,
    *,
    tokenize: str = "13a",
    lowercase: bool = False,
    source_lengths: Sequence[int] | None = None,
) -> Figure:
    """Measure outputs over a whole corpus.

    ``bleu`` and ``chrf`` equal sacreBLEU's own command line. ``ter`` does too, except that Chinese, which has no
    spaces, is split into characters (sacreBLEU's ``--ter-asian-support --ter-normalized``) where `tokenize` is ``zh``
    or ``char``; like there it never looks at case.

    Args:
        metric: One of `METRICS`.
        outputs: One text each.
        references: One for each output, or several.
        tokenize: sacreBLEU's tokenizer for BLEU, one of `TOKENIZERS`.
        lowercase: Whether case is ignored.
        source_lengths: Where given, the figure is broken down by them.

    Raises:
        ConfigurationError: another metric or tokenizer.
        DataError: nothing to measure, or not as many references as outputs.
    """
    compute = _metric(metric, tokenize=tokenize, lowercase=lowercase)
    if not outputs:
        raise DataError("no_data", "there is nothing to measure: no outputs.")
    several = [[item] if isinstance(item, str) else list(item) for item in references]
    lengths = source_lengths if source_lengths is not None else [0] * len(outputs)
    if not len(outputs) == len(several) == len(lengths) or not all(several):
        raise DataError(
            "lengths_differ",
            f"every output needs a reference; got {len(outputs)} outputs, {len(several)} references and "
            f"{len(lengths)} source lengths, {sum(not item for item in several)} without any reference.",
        )
    value, signature = compute(outputs, several)
    figure = Figure(metric, value, signature, len(outputs))
    if source_lengths is None:
        return figure
    return replace(figure, by_length=_by_length(compute, outputs, several, source_lengths))


def measure_sentence(
    metric: Literal["bleu", "chrf"],
    output: str,
    references: Sequence[str],
    *,
    tokenize: str = "13a",
    lowercase: bool = False,
) -> Figure:
    """Measure one output by itself, as ``sacrebleu --sentence-level`` does.

    Sentence BLEU counts only the orders of n-gram that the output is long enough for (sacreBLEU's effective order);
    it is no corpus BLEU of one sentence, which is 0 for any output of fewer than four tokens.

    Args:
        metric: Which of the two.
        output: One text; an empty one scores 0.
        references: One or several, of which any will do.
        tokenize: sacreBLEU's tokenizer for BLEU, one of `TOKENIZERS`.
        lowercase: Whether case is ignored.

    Raises:
        ConfigurationError: another metric or tokenizer.
        DataError: no reference.
    """
    check_choice("metric", metric, ("bleu", "chrf"))
    check_choice("tokenize", tokenize, TOKENIZERS)
    if not references:
        raise DataError("no_data", "there is nothing to measure against: no reference.")
    scorer: BLEU | CHRF = CHRF(lowercase=lowercase)
    if metric == "bleu":
        scorer = BLEU(tokenize=tokenize, lowercase=lowercase, effective_order=True)
    score = scorer.sentence_score(output, references)
    return Figure(metric, float(score.score), str(scorer.get_signature()), 1)


def perplexity(negative_log_likelihood: float, count: int, *, unit: Literal["token", "character"]) -> Figure:
    """Return exp(negative log-likelihood / count).

    Args:
        negative_log_likelihood: Sum over the corpus in nats, end symbols included.
        count: Tokens with end symbols, or characters.
        unit: What was counted.

    Raises:
        DataError: nothing was counted.

    >>> round(perplexity(3 * math.log(7), 3, unit="token").value, 6)
    7.0
    """
    if count < 1:
        raise DataError("no_data", f"perplexity needs at least one {unit}; got {count}.")
    # exp overflows beyond 709; so bad a model has no finite figure.
    mean = negative_log_likelihood / count
    value = math.exp(mean) if mean < 700 else math.inf
    return Figure("perplexity", value, f"unit:{unit}|eos:yes|version:{__version__}", count, unit)


def group_references(sources: Sequence[str], targets: Sequence[str]) -> dict[str, list[str]]:
    """Collect the targets of each distinct source, in order: a word may stand on a line for each pronunciation.

    >>> group_references(["a", "b", "a"], ["1", "2", "3"])
    {'a': ['1', '3'], 'b': ['2']}
    """
    groups: dict[str, list[str]] = {}
    for source, target in zip(sources, targets, strict=True):
        groups.setdefault(source, []).append(target)
    return groups


_Compute = Callable[[Sequence[str], Sequence[Sequence[str]]], tuple[float, str]]
"""Outputs and the references of each → value and signature."""


def _metric(metric: str, *, tokenize: str, lowercase: bool) -> _Compute:
    check_choice("metric", metric, METRICS)
    check_choice("tokenize", tokenize, TOKENIZERS)
    if metric == "bleu":
        return _sacrebleu(lambda: BLEU(tokenize=tokenize, lowercase=lowercase))
    if metric == "chrf":
        return _sacrebleu(lambda: CHRF(lowercase=lowercase))
    if metric == "ter":
        characters = tokenize in ("zh", "char")
        return _sacrebleu(lambda: TER(normalized=characters, asian_support=characters))
    return _share(metric, lowercase=lowercase)


def _sacrebleu(build: Callable[[], BLEU | CHRF | TER]) -> _Compute:
    def compute(outputs: Sequence[str], references: Sequence[Sequence[str]]) -> tuple[float, str]:
        # sacreBLEU wants one list for each rank of reference; a sentence with fewer of them has None.
        ranks = max(len(item) for item in references)
        streams = [[item[rank] if rank < len(item) else None for item in references] for rank in range(ranks)]
        scorer = build()
        score = scorer.corpus_score(outputs, streams)  # type: ignore[arg-type]
        return float(score.score), str(scorer.get_signature())

    return compute


def _share(metric: str, *, lowercase: bool) -> _Compute:
    """Metrics that call each output right or wrong; the value is the share in percent."""
    right = {
        "exact_match": _exact,
        "word_error_rate": _same_sounds,
        "stressed_word_error_rate": _same_phonemes,
        "right_length": _same_length,
    }[metric]

    def compute(outputs: Sequence[str], references: Sequence[Sequence[str]]) -> tuple[float, str]:
        count = 0
        for output, allowed in zip(outputs, references, strict=True):
            texts = [text.lower() if lowercase else text for text in (output, *allowed)]
            count += any(right(texts[0], reference) for reference in texts[1:])
        share = 100.0 * count / len(outputs)
        ranks = max(len(item) for item in references)
        signature = (
            f"nrefs:{ranks if ranks == min(map(len, references)) else 'var'}|case:{'lc' if lowercase else 'mixed'}"
        )
        if metric in WORD_METRICS:
            return 100.0 - share, f"{signature}|stress:{WORD_METRICS[metric]}|version:{__version__}"
        return share, f"{signature}|version:{__version__}"

    return compute


def _exact(output: str, reference: str) -> bool:
    return output.strip() == reference.strip()


def _same_sounds(output: str, reference: str) -> bool:
    """Compare pronunciations, phonemes separated by spaces, without stress digits."""
    return _STRESS.sub("", output).split() == _STRESS.sub("", reference).split()


def _same_phonemes(output: str, reference: str) -> bool:
    """Compare pronunciations, phonemes separated by spaces, with their stress digits."""
    return output.split() == reference.split()


def _same_length(output: str, reference: str) -> bool:
    """Compare the numbers of characters, spaces not counted."""
    return len("".join(output.split())) == len("".join(reference.split()))


def _by_length(
    compute: _Compute, outputs: Sequence[str], references: Sequence[Sequence[str]], lengths: Sequence[int]
) -> tuple[LengthFigure, ...]:
    figures = []
    starts = (0, *(bound + 1 for bound in LENGTH_BOUNDS))
    for start, stop in zip(starts, (*LENGTH_BOUNDS, None), strict=True):
        chosen = [i for i, length in enumerate(lengths) if start <= length and (stop is None or length <= stop)]
        if chosen:
            value, _ = compute([outputs[i] for i in chosen], [references[i] for i in chosen])
            figures.append(LengthFigure(start, stop, len(chosen), value))
    return tuple(figures)
