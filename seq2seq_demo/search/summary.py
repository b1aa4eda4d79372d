"""What a recorded search proves, in numbers: how much it looked at, and why its best hypothesis stayed the best."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seq2seq_demo.search.scoring import length_penalty
from seq2seq_demo.search.trace import Fate, SearchTrace


@dataclass(frozen=True)
class TraceSummary:
    """Figures of one recorded search; nodes are named by their index in `SearchTrace.nodes`."""

    candidates: int
    """Nodes of the tree."""
    steps: int
    fates: Mapping[Fate, int]
    """How many candidates came to each end; those that none came to have 0."""
    best: int | None
    """The finished node with the best score; None where nothing finished."""
    runner_up: int | None
    """The best finished node that wrote something else than `best`."""
    most_probable: int | None
    """The finished node with the best raw log-probability."""
    longest_penalty: float
    """Length penalty at the maximum length: what a live hypothesis' log P is divided by for its bound."""
    bound: float | None
    """The most that the score of a dominated hypothesis could have become; None where there was none.

    It is its log P / `longest_penalty`: log P only falls, the divisor only grows, the coverage penalty is at most 0.
    """

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "candidates": self.candidates,
            "steps": self.steps,
            "fates": {fate.value: count for fate, count in self.fates.items()},
            "best": self.best,
            "runner_up": self.runner_up,
            "most_probable": self.most_probable,
            "longest_penalty": self.longest_penalty,
            "bound": self.bound,
        }


def summarise(trace: SearchTrace, *, alpha: float) -> TraceSummary:
    """Sum up a recorded search.

    Args:
        trace: The tree.
        alpha: Strength of the length penalty that the search had.
    """
    nodes = trace.nodes
    counts = Counter(node.fate for node in nodes)
    finished = [index for index, node in enumerate(nodes) if node.fate is Fate.FINISHED]
    finished.sort(key=lambda index: -nodes[index].score)
    best = next((index for index in trace.n_best[:1] if index in finished), None)
    longest_penalty = length_penalty(trace.max_length, alpha)
    dominated = [node.log_prob / longest_penalty for node in nodes if node.fate is Fate.DOMINATED]
    return TraceSummary(
        candidates=len(nodes),
        steps=max((node.step for node in nodes), default=0),
        fates={fate: counts[fate] for fate in Fate},
        best=best,
        runner_up=None if best is None else _other(trace, finished, best),
        most_probable=max(finished, key=lambda index: nodes[index].log_prob, default=None),
        longest_penalty=longest_penalty,
        bound=max(dominated, default=None),
    )


def _other(trace: SearchTrace, finished: list[int], best: int) -> int | None:
    """Return the first finished node that wrote something else than the best: several groups may find the same."""
    outputs = {index: [trace.nodes[place].token_id for place in trace.path(index)] for index in finished}
    return next((index for index in finished if outputs[index] != outputs[best]), None)
