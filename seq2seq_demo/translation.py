"""What a translator returns: a source sentence and its hypotheses, ready for people and for JSON."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from seq2seq_demo.search import Rankable, SearchTrace
from seq2seq_demo.tokenizer import Word
from seq2seq_demo.typed_text import Note

Weights = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TokenAlternative:
    """A piece that the output might have gone on with, or did."""

    token: str
    token_id: int
    log_prob: float
    """In nats, under the model."""

    @property
    def probability(self) -> float:
        """Between 0 and 1."""
        return math.exp(self.log_prob)


@dataclass(frozen=True, eq=False)
class TranslatedHypothesis:
    """One output, with where it came from."""

    text: str
    tokens: tuple[str, ...]
    """Pieces; the last is ``</s>`` where `finished`."""
    token_ids: tuple[int, ...]
    token_log_probs: tuple[float, ...]
    """The model's own log-probability of each token, in nats."""
    words: tuple[Word, ...]
    """Words of the output, each a half-open range of `tokens`."""
    attention: Weights | None
    """Row t holds what the decoder attended to when it wrote token t, (tokens, source tokens)."""
    log_prob: float
    """Raw sum of `token_log_probs`, in nats."""
    score: float
    """What the search ranks by: `log_prob` under the length and coverage penalties."""
    finished: bool
    """False where the maximum length cut it."""
    alternatives: tuple[tuple[TokenAlternative, ...], ...] | None = None
    """The model's most probable pieces at each token, best first; None where they were not asked for."""
    ranks: tuple[int, ...] | None = None
    """Rank of each token in the vocabulary, 1 for the most probable; of `Translator.score` alone."""

    @property
    def rankable(self) -> Rankable:
        """What its score depends on, for ranking it under other penalties: see `search.rerank`."""
        return Rankable.from_attention(
            self.log_prob, self.attention, length=len(self.token_ids), finished=self.finished
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; attention is rounded to 6 decimals.

        `coverage` is the coverage penalty without β, which a reader needs to compute the score under other penalties.
        Words are [text, start, stop], alternatives [token, token id, log-probability].
        """
        attention = None
        if self.attention is not None:
            attention = np.round(self.attention.astype(np.float64), 6).tolist()
        alternatives = None
        if self.alternatives is not None:
            alternatives = [[[one.token, one.token_id, one.log_prob] for one in step] for step in self.alternatives]
        return {
            "text": self.text,
            "tokens": list(self.tokens),
            "token_ids": list(self.token_ids),
            "words": [[word.text, word.start, word.stop] for word in self.words],
            "log_prob": self.log_prob,
            "score": self.score,
            "finished": self.finished,
            "coverage": self.rankable.coverage,
            "token_log_probs": list(self.token_log_probs),
            "attention": attention,
            "alternatives": alternatives,
            "ranks": None if self.ranks is None else list(self.ranks),
        }


@dataclass(frozen=True, eq=False)
class Translation:
    """A source sentence and its hypotheses."""

    source: str
    """The text as it was decoded: normalised, and brought nearer to what the model reads."""
    source_tokens: tuple[str, ...]
    """Source pieces; the last is ``</s>``."""
    source_words: tuple[Word, ...]
    """Words of the source, each a half-open range of `source_tokens`."""
    hypotheses: tuple[TranslatedHypothesis, ...]
    """Best first."""
    seconds: float
    """Time this sentence took; see `Translator.translate` for how a batch shares its time."""
    steps: int
    """Decoding steps that the search took for this sentence."""
    trace: SearchTrace | None = None
    """What the search saw, where it was asked for; of sampling, what was drawn."""
    seed: int | None = None
    """The seed that the samples were drawn with; None where nothing was drawn."""
    notes: tuple[Note, ...] = ()
    """How `source` differs from what was typed, beyond normalisation: see `typed_text`."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, the same for the command line and HTTP."""
        return {
            "source": self.source,
            "notes": list(self.notes),
            "source_tokens": list(self.source_tokens),
            "source_words": [[word.text, word.start, word.stop] for word in self.source_words],
            "seconds": self.seconds,
            "steps": self.steps,
            "seed": self.seed,
            "hypotheses": [hypothesis.to_dict() for hypothesis in self.hypotheses],
            "trace": None if self.trace is None else self.trace.to_dict(),
        }
