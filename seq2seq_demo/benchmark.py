"""Speed and memory of decoding, beside the time that the model's bare steps take: the floor of any search."""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.errors import ConfigurationError
from seq2seq_demo.translator import Translator

ENGLISH_SENTENCE = "The old man told us a long story about his first journey."
"""Twelve words, for models that read English."""

BATCH_SENTENCES = 64
STRATEGIES = {"greedy": DecodingConfig(strategy="greedy"), "beam 5": DecodingConfig(beam_size=5)}


@dataclass(frozen=True)
class Timing:
    """One way of decoding, measured several times."""

    strategy: str
    sentences: int
    seconds: float
    """Median, from text to translations."""
    best_seconds: float
    steps: int
    """Steps of the longest sentence."""
    rows: int
    """Rows of a full step: sentences × beam size."""
    step_seconds: float
    """Median of the model's step alone on so many rows; times `steps`, the floor of a single sentence's `seconds`.

    A batch may take less, since its finished sentences leave."""

    @property
    def sentences_per_second(self) -> float:
        """Throughput."""
        return self.sentences / self.seconds


@dataclass(frozen=True)
class BenchmarkResult:
    """What `run_benchmark` measured."""

    device: str
    threads: int
    """Threads that PyTorch uses on the CPU."""
    torch_version: str
    sentence: str
    source_tokens: int
    timings: tuple[Timing, ...]
    peak_memory_mib: float | None
    """Most memory that the process has held, on a GPU most that PyTorch has held there; None where unknown."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        values = asdict(self)
        for entry, timing in zip(values["timings"], self.timings, strict=True):
            entry["sentences_per_second"] = timing.sentences_per_second
        return values

    def to_text(self) -> str:
        """Return a table for people."""
        lines = [
            f"device {self.device}, {self.threads} threads, torch {self.torch_version}",
            f"sentence: {self.sentence} ({self.source_tokens} tokens)",
            "strategy  sentences      median        best  steps  bare steps  sentences/s",
        ]
        for timing in self.timings:
            lines.append(
                f"{timing.strategy:8}  {timing.sentences:9}  {1000 * timing.seconds:7.1f} ms  "
                f"{1000 * timing.best_seconds:7.1f} ms  {timing.steps:5}  "
                f"{1000 * timing.steps * timing.step_seconds:7.1f} ms  {timing.sentences_per_second:11.1f}"
            )
        if self.peak_memory_mib is not None:
            lines.append(f"peak memory: {self.peak_memory_mib:.0f} MiB")
        return "\n".join(lines)


def run_benchmark(translator: Translator, *, text: str | None = None, repeats: int = 10) -> BenchmarkResult:
    """Measure one sentence and a batch of 64, greedily and with a beam of 5.

    Args:
        translator: The model.
        text: The sentence; None takes a sentence of twelve words in English, else the longest of the checkpoint's
            examples. The batch holds its beginnings of 4 words and more.
        repeats: Measurements of the single sentence; the batch is measured a quarter as often.

    Raises:
        InputError: a sentence that the model cannot take.
        ConfigurationError: no sentence, and the checkpoint has no example.
    """
    sentence = text or _default_sentence(translator)
    timings = []
    for texts, count in (([sentence], repeats), (_beginnings(sentence), max(repeats // 4, 2))):
        for name, config in STRATEGIES.items():
            timings.append(_measure(translator, texts, strategy=name, config=config, repeats=count))
    (once,) = translator.translate([sentence], DecodingConfig(strategy="greedy", max_length=1))
    return BenchmarkResult(
        device=str(translator.device),
        threads=torch.get_num_threads(),
        torch_version=torch.__version__,
        sentence=sentence,
        source_tokens=len(once.source_tokens),
        timings=tuple(timings),
        peak_memory_mib=_peak_memory(translator.device),
    )


def _default_sentence(translator: Translator) -> str:
    if translator.config.source_language == "en":
        return ENGLISH_SENTENCE
    if not translator.config.examples:
        raise ConfigurationError(
            "text_needed", "the checkpoint has no example sentence; give one with --text.", {"field": "text"}
        )
    return max(translator.config.examples, key=len)


def _beginnings(sentence: str) -> list[str]:
    """Return `BATCH_SENTENCES` beginnings of the sentence, of 4 words up to all."""
    words = sentence.split()
    shortest = min(4, len(words))
    choices = [" ".join(words[:length]) for length in range(shortest, len(words) + 1)]
    return [choices[index % len(choices)] for index in range(BATCH_SENTENCES)]


def _measure(
    translator: Translator, texts: list[str], *, strategy: str, config: DecodingConfig, repeats: int
) -> Timing:
    translator.translate(texts, config)  # warm up
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        translations = translator.translate(texts, config)
        seconds.append(time.perf_counter() - start)
    rows = len(texts) * config.rows
    return Timing(
        strategy=strategy,
        sentences=len(texts),
        seconds=statistics.median(seconds),
        best_seconds=min(seconds),
        steps=max(translation.steps for translation in translations),
        rows=rows,
        step_seconds=_bare_step(translator, max(texts, key=len), rows=rows),
    )


@torch.inference_mode()
def _bare_step(translator: Translator, text: str, *, rows: int, repeats: int = 20) -> float:
    """Return the median time of the model's step on `rows` rows, in seconds."""
    model, device = translator.checkpoint.model, translator.device
    sentence, options = translator.prepare([text], DecodingConfig())
    state = sentence.index_select(torch.zeros(rows, dtype=torch.long, device=device))
    previous = torch.full((rows,), options.bos, device=device)
    return _median_time(lambda: model.step(previous, state), device, repeats)


def _median_time(work: Callable[[], object], device: torch.device, repeats: int) -> float:
    seconds = []
    for _ in range(repeats):
        _wait_for(device)
        start = time.perf_counter()
        work()
        _wait_for(device)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def _peak_memory(device: torch.device) -> float | None:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    if sys.platform == "win32":
        return None
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
