"""A person's own output beside the best that a search found: who erred, the search or the model?

A search error is an output that the model prefers to the one found, and that the search could have found (Stahlberg
and Byrne 2019, https://aclanthology.org/D19-1331, section 2).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Verdict(StrEnum):
    """What the two scores say."""

    SAME = "same"
    """The search found this very output."""
    OTHER_SEGMENTATION = "other-segmentation"
    """The search found the same text in other pieces: nobody erred."""
    SEARCH_ERROR = "search-error"
    """The model scores it higher and the search missed it."""
    OUT_OF_REACH = "out-of-reach"
    """The model scores it higher, but the options or the vocabulary keep the search from writing it."""
    MODEL_DISAGREES = "model-disagrees"
    """The model scores the search's own output at least as high: if the person is right, a model error."""


class Obstacle(StrEnum):
    """Why a search could not have written an output."""

    UNKNOWN_PIECE = "unknown-piece"
    """It holds a character that the vocabulary has not."""
    TOO_SHORT = "too-short"
    """It ends before the minimum length."""
    TOO_LONG = "too-long"
    """It goes on beyond the maximum length."""
    OTHER_PREFIX = "other-prefix"
    """It begins otherwise than the search had to."""
    REPEATS = "repeats"
    """It repeats itself more often than the repeat limit allows."""


class Output(Protocol):
    """What is known of an output."""

    @property
    def text(self) -> str:
        """As people read it."""

    @property
    def token_ids(self) -> tuple[int, ...]:
        """With the end symbol."""

    @property
    def score(self) -> float:
        """Under the penalties, the same for both."""

    @property
    def finished(self) -> bool:
        """False where it was cut."""


@dataclass(frozen=True)
class Judgement:
    """The verdict with its two numbers."""

    verdict: Verdict
    own_score: float
    best_score: float


def judge(own: Output, best: Output, *, reachable: bool) -> Judgement:
    """Compare a given output with the best that a search found, under the same penalties.

    Args:
        own: From forced decoding.
        best: The search's first hypothesis. Where it was cut, anything that ends ranks before it.
        reachable: Whether the search could have written `own`: no unknown piece, a length within its limits, and a
            prefix kept.
    """
    higher = (own.finished, own.score) > (best.finished, best.score)
    if own.token_ids == best.token_ids:
        verdict = Verdict.SAME
    elif own.text == best.text and own.finished == best.finished:
        verdict = Verdict.OTHER_SEGMENTATION
    elif higher:
        verdict = Verdict.SEARCH_ERROR if reachable else Verdict.OUT_OF_REACH
    else:
        verdict = Verdict.MODEL_DISAGREES
    return Judgement(verdict, own.score, best.score)
