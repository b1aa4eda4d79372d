"""What a search saw: every candidate that it looked at, and what became of it, as a tree."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt


class Fate(StrEnum):
    """What became of a candidate."""

    KEPT = "kept"
    """It lived on."""
    FINISHED = "finished"
    """It ended with the end symbol, among the beam's best."""
    PRUNED = "pruned"
    """Others were better."""
    DOMINATED = "dominated"
    """It was alive when the search stopped, and could no longer beat what had finished."""
    CUT = "cut"
    """It was alive when the maximum length ended the search."""


@dataclass(frozen=True)
class TraceNode:
    """One candidate: a hypothesis so far, by its last token."""

    step: int
    """Number of the token, counted from 1."""
    group: int
    """Group of the beam, counted from 0."""
    rank: int
    """Place among the candidates of its step and group, counted from 1."""
    token_id: int
    parent: int
    """Index of the node that it continues; -1 at the first step."""
    token_log_prob: float
    """The model's log-probability of the token, in nats."""
    log_prob: float
    """Raw sum of the whole hypothesis so far."""
    score: float
    """`log_prob` under the penalties, as if it ended here."""
    fate: Fate
    row: int
    """Row of `SearchTrace.attention` that the token was written with; siblings share it."""


@dataclass(frozen=True, eq=False)
class SearchTrace:
    """The recorded search of one sentence."""

    nodes: tuple[TraceNode, ...]
    """By step; a parent stands before its children."""
    n_best: tuple[int, ...]
    """The node with which each returned hypothesis ends, best first; -1 for one without tokens."""
    attention: npt.NDArray[np.float32] | None
    """(rows, the sentence's source tokens); None without attention."""
    max_length: int
    """Most tokens that a hypothesis could have, the end symbol included."""
    tokens: tuple[str, ...] = ()
    """The piece of each node, where somebody knows the tokenizer."""

    def path(self, index: int) -> list[int]:
        """Return the nodes from the first token to a node, itself included."""
        found = []
        while index >= 0:
            found.append(index)
            index = self.nodes[index].parent
        return found[::-1]

    def attention_of(self, index: int) -> npt.NDArray[np.float32] | None:
        """Return the heatmap of the hypothesis that ends with a node, (tokens, source tokens)."""
        if self.attention is None:
            return None
        return self.attention[[self.nodes[place].row for place in self.path(index)]]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; attention is rounded to 6 decimals."""
        tokens = self.tokens or (None,) * len(self.nodes)
        nodes = [
            {
                "step": node.step,
                "group": node.group,
                "rank": node.rank,
                "token": token,
                "token_id": node.token_id,
                "parent": node.parent,
                "token_log_prob": node.token_log_prob,
                "log_prob": node.log_prob,
                "score": node.score,
                "fate": node.fate.value,
                "row": node.row,
            }
            for node, token in zip(self.nodes, tokens, strict=True)
        ]
        attention = None
        if self.attention is not None:
            attention = np.round(self.attention.astype(np.float64), 6).tolist()
        return {"nodes": nodes, "n_best": list(self.n_best), "max_length": self.max_length, "attention": attention}
