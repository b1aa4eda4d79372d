"""Turns what a search noted at each step into a `SearchTrace`; nothing is decided here again."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from seq2seq_demo.search.history import Array, Floats, History, HostRecord
from seq2seq_demo.search.scoring import coverage_penalty, length_penalty
from seq2seq_demo.search.step import Hypothesis, SearchOptions
from seq2seq_demo.search.trace import Fate, SearchTrace, TraceNode


def build_trace(
    history: History,
    sentence: int,
    *,
    stop: int,
    live: Sequence[Floats] | None,
    hypotheses: Sequence[Hypothesis],
    options: SearchOptions,
) -> SearchTrace:
    """Build the tree of one sentence.

    Args:
        history: All steps.
        sentence: Its number.
        stop: Steps that it took.
        live: For each step log P of the hypotheses that it kept, -inf for dead ones, (active, width); None where all
            live.
        hypotheses: What the search returned.
        options: Of the search.
    """
    builder = _Builder(options, max_length=options.max_lengths[sentence])
    mask = history.src_mask[sentence].cpu().numpy()
    for step, record in enumerate(history.records[:stop]):
        row = int(record.rows[sentence])
        rows = slice(row * record.width, (row + 1) * record.width)
        attention = history.attention(step)
        weights = None if attention is None else attention[rows].float().cpu().numpy()[:, mask]
        alive = None if live is None else np.isfinite(live[step][row])
        builder.add(record, row, weights, alive=alive, last=step == stop - 1)
    return builder.finish(hypotheses)


@dataclass
class _Builder:
    options: SearchOptions
    max_length: int
    nodes: list[TraceNode] = field(default_factory=list)
    weights: list[Floats] = field(default_factory=list)
    """Attention of each step, (width, source tokens)."""
    slots: list[int | None] = field(default_factory=lambda: [-1])
    """Node of each live hypothesis, -1 for the empty one, None for a dead one."""
    coverage: Floats | None = None
    """Attention that each live hypothesis has given so far, (width, source tokens)."""
    row: int = 0

    def add(
        self, record: HostRecord, row: int, weights: Floats | None, *, alive: np.ndarray | None, last: bool
    ) -> None:
        """Add the candidates of one step."""
        penalties = self._penalties(weights)
        kept = record.kept[row].tolist()
        candidates = record.tokens.shape[1]
        found: list[int | None] = [None] * candidates
        step = self.nodes[-1].step + 1 if self.nodes else 1
        # Before the first step there is one hypothesis, which all groups continue.
        for place in range(candidates):
            slot, log_prob = int(record.parents[row, place]), float(record.log_probs[row, place])
            parent = self.slots[slot]
            if parent is None or log_prob == -np.inf:
                continue
            total = log_prob + (self.nodes[parent].log_prob if parent >= 0 else 0.0)
            group, rank = divmod(place, candidates // self.options.beam_groups)
            is_alive = place in kept and (alive is None or bool(alive[kept.index(place)]))
            token = int(record.tokens[row, place])
            found[place] = len(self.nodes)
            self.nodes.append(
                TraceNode(
                    step=step,
                    group=group,
                    rank=rank + 1,
                    token_id=token,
                    parent=parent,
                    token_log_prob=log_prob,
                    log_prob=total,
                    score=total / length_penalty(step, self.options.length_penalty) + penalties[slot],
                    fate=self._fate(token, rank=rank, kept=place in kept, alive=is_alive, step=step, last=last),
                    row=self.row + slot,
                )
            )
        self._follow(record, row, weights, found, alive)

    def _fate(self, token: int, *, rank: int, kept: bool, alive: bool, step: int, last: bool) -> Fate:
        if token == self.options.eos:
            ended = rank < self.options.beam_size // self.options.beam_groups
            return Fate.FINISHED if ended else Fate.PRUNED
        if not kept:
            return Fate.PRUNED
        if alive and not last:
            return Fate.KEPT
        return Fate.CUT if alive and step == self.max_length else Fate.DOMINATED

    def _penalties(self, weights: Floats | None) -> list[float]:
        """Return β × the coverage penalty of each live hypothesis with this step's attention."""
        if weights is None or not self.options.coverage_penalty:
            return [0.0] * len(self.slots)
        if self.coverage is None:
            self.coverage = np.zeros(weights.shape)
        self.coverage = self.coverage + weights
        mask = torch.ones(weights.shape, dtype=torch.bool)
        penalties = self.options.coverage_penalty * coverage_penalty(torch.from_numpy(self.coverage), mask)
        return [float(penalty) for penalty in penalties]

    def _follow(
        self,
        record: HostRecord,
        row: int,
        weights: Floats | None,
        found: list[int | None],
        alive: np.ndarray | None,
    ) -> None:
        """Move to the hypotheses that the step kept."""
        kept: Array = record.kept[row]
        lives = np.ones(len(kept), dtype=np.bool_) if alive is None else alive
        self.slots = [found[place] if lives[slot] else None for slot, place in enumerate(kept.tolist())]
        if self.coverage is not None:
            self.coverage = self.coverage[record.parents[row, kept]]
        if weights is not None:
            self.weights.append(weights)
        self.row += record.width

    def finish(self, hypotheses: Sequence[Hypothesis]) -> SearchTrace:
        """Find the hypotheses' ends in the tree."""
        attention = np.concatenate(self.weights) if self.weights else None
        trace = SearchTrace(tuple(self.nodes), (), attention, self.max_length)
        ends: dict[tuple[int, ...], int] = {(): -1}
        for index, node in enumerate(self.nodes):
            if node.fate != Fate.PRUNED:
                ends.setdefault(tuple(self.nodes[place].token_id for place in trace.path(index)), index)
        n_best = tuple(ends[hypothesis.token_ids] for hypothesis in hypotheses)
        return replace(trace, n_best=n_best)
