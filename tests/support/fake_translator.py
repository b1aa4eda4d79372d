"""A translator without a model: quick, predictable, with the structure of a real one, for the page's Python."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from seq2seq_demo.config import CheckpointConfig, DecodingConfig, ModelConfig
from seq2seq_demo.errors import InputError
from seq2seq_demo.tokenizer import group_pieces
from seq2seq_demo.translation import TokenAlternative
from seq2seq_demo.translator import TranslatedHypothesis, Translation

CHARACTER_LIMIT = 1000


def _pieces(text: str) -> tuple[str, ...]:
    """Split words into pieces of at most five letters."""
    pieces = []
    for word in text.split():
        parts = [word[i : i + 5] for i in range(0, len(word), 5)]
        pieces += [f"▁{parts[0]}", *parts[1:]]
    return (*pieces, "</s>")


def _attention(rows: int, columns: int) -> np.ndarray:
    place = np.arange(columns)[None, :] - (np.arange(rows) * (columns - 1) / max(1, rows - 1))[:, None]
    weights = np.exp(-(place**2))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


@dataclass
class FakeTranslator:
    """Writes a sentence backwards, word by word; hypothesis number n ends with n exclamation marks."""

    attention: str = "additive"
    examples: tuple[str, ...] = ("How are you?", "Hello world")
    steps_taken: int = 0

    def __post_init__(self) -> None:
        model = ModelConfig(source_vocab_size=99, target_vocab_size=99, attention=self.attention)
        self.config = CheckpointConfig(
            model=model, source_language="en", target_language="zh", recipe="fake", examples=self.examples
        )
        self.checkpoint = SimpleNamespace(path=Path("nowhere"), model=SimpleNamespace(parameters=lambda: ()))

    def translate(
        self,
        texts: Sequence[str],
        config: DecodingConfig,
        *,
        prefix_tokens: Sequence[int] = (),
        pinned: Mapping[int, Sequence[float]] | None = None,
    ) -> list[Translation]:
        """Translate at once."""
        return [list(self.stream(text, config))[-1] for text in texts]

    def stream(
        self,
        text: str,
        config: DecodingConfig,
        *,
        prefix_tokens: Sequence[int] = (),
        pinned: Mapping[int, Sequence[float]] | None = None,
        alternatives: int = 0,
        wanted: Callable[[], bool] | None = None,
    ) -> Iterator[Translation]:
        """Yield two growing translations, where they are wanted, and the final one."""
        source = " ".join(text.split())
        if not source:
            raise InputError("empty", "the source is empty.", {})
        if len(source) > CHARACTER_LIMIT:
            fields = {"characters": len(source), "limit": CHARACTER_LIMIT}
            raise InputError("source_too_many_characters", "too many characters.", fields)
        return self._steps(source, config, wanted or (lambda: True))

    def _steps(self, source: str, config: DecodingConfig, wanted: Callable[[], bool]) -> Iterator[Translation]:
        words = source.split()[::-1]
        count = config.n_best if config.strategy == "beam" else 1
        for steps in (1, 2, 3):
            self.steps_taken += 1
            shown = words if steps == 3 else words[:steps]
            if steps == 3 or wanted():
                yield self._translation(source, [[*shown, *["!"] * n] for n in range(count)], steps)

    def _translation(self, source: str, outputs: list[list[str]], steps: int) -> Translation:
        tokens = _pieces(source)
        hypotheses = tuple(self._hypothesis(" ".join(words), len(tokens)) for words in outputs)
        return Translation(source, tokens, group_pieces(tokens), hypotheses, seconds=0.01, steps=steps)

    def _hypothesis(self, text: str, columns: int) -> TranslatedHypothesis:
        tokens = _pieces(text)
        log_probs = tuple(math.log(1 - 0.3 * (i % 3)) for i in range(len(tokens)))
        return TranslatedHypothesis(
            text=text,
            tokens=tokens,
            token_ids=tuple(range(len(tokens))),
            token_log_probs=log_probs,
            words=group_pieces(tokens),
            attention=None if self.attention == "none" else _attention(len(tokens), columns),
            log_prob=sum(log_probs),
            score=sum(log_probs) / 2,
            finished=True,
            alternatives=tuple((TokenAlternative(token, i, log_probs[i]),) for i, token in enumerate(tokens)),
        )
