"""The tree of what was drawn: samples share their nodes as long as they agree."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seq2seq_demo.search.scoring import hypothesis_score
from seq2seq_demo.search.step import Hypothesis, SearchOptions
from seq2seq_demo.search.trace import Fate, SearchTrace, TraceNode


@dataclass(frozen=True, eq=False)
class _Branch:
    """A beginning that some samples share."""

    token_ids: tuple[int, ...]
    sample: Hypothesis
    """One of them."""
    fate: Fate


def sample_tree(samples: Sequence[Hypothesis], *, max_length: int, options: SearchOptions) -> SearchTrace:
    """Build the tree of one sentence's samples.

    Sampling looks at no candidate but the one that it draws: nothing in this tree is pruned, and a node's `rank` is its
    place by log P among what the samples have at its step.

    Args:
        samples: All of them, in the order of `SearchTrace.n_best`.
        max_length: Most tokens of the sentence.
        options: Of the search: its penalties count.
    """
    branches: dict[tuple[int, ...], _Branch] = {}
    for sample in samples:
        for length in range(1, len(sample.token_ids) + 1):
            beginning = sample.token_ids[:length]
            whole = length == len(sample.token_ids)
            fate = (Fate.FINISHED if sample.finished else Fate.CUT) if whole else Fate.KEPT
            branches.setdefault(beginning, _Branch(beginning, sample, fate))
    ordered = sorted(branches.values(), key=lambda branch: len(branch.token_ids))
    places = {branch.token_ids: index for index, branch in enumerate(ordered)}
    nodes = _rank([_node(branch, index, places, options) for index, branch in enumerate(ordered)])
    n_best = tuple(places.get(sample.token_ids, -1) for sample in samples)
    return SearchTrace(tuple(nodes), n_best, _attention(ordered), max_length)


def _node(branch: _Branch, index: int, places: dict[tuple[int, ...], int], options: SearchOptions) -> TraceNode:
    length, sample = len(branch.token_ids), branch.sample
    log_prob = float(sum(sample.token_log_probs[:length]))
    attention = None if sample.attention is None else sample.attention[:length]
    score = hypothesis_score(
        log_prob, attention, length=length, alpha=options.length_penalty, beta=options.coverage_penalty
    )
    return TraceNode(
        step=length,
        group=0,
        rank=0,
        token_id=branch.token_ids[-1],
        parent=places.get(branch.token_ids[:-1], -1),
        token_log_prob=sample.token_log_probs[length - 1],
        log_prob=log_prob,
        score=score,
        fate=branch.fate,
        row=index,
    )


def _rank(nodes: list[TraceNode]) -> list[TraceNode]:
    ranked = list(nodes)
    seen: dict[int, int] = {}
    for index in sorted(range(len(nodes)), key=lambda index: -nodes[index].log_prob):
        step = nodes[index].step
        seen[step] = seen.get(step, 0) + 1
        ranked[index] = replace(nodes[index], rank=seen[step])
    return ranked


def _attention(branches: Sequence[_Branch]) -> np.ndarray | None:
    rows = [
        branch.sample.attention[len(branch.token_ids) - 1].numpy()
        for branch in branches
        if branch.sample.attention is not None
    ]
    return np.stack(rows).astype(np.float32) if rows else None
