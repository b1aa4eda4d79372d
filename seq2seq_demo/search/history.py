"""What every search shares: choosing candidates, the sentences still searched, and the way back through the steps.

A step's tensors stay on the device. Tokens, log-probabilities and attention of a hypothesis are gathered once, at
the end, along the back-pointers, so that row t of its attention belongs to the parent that survived at step t.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seq2seq_demo.search.scoring import hypothesis_score
from seq2seq_demo.search.step import Alternative, Hypothesis, SearchOptions

Array = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating]

ACCELERATOR_CHECK_EVERY = 4
"""Steps between two questions to an accelerator whether to stop: each makes it wait for the host."""

CPU_CHECK_EVERY = 1
"""The same for a CPU, which has no queue of work that a question would empty."""


def largest(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the largest `count` of each row and their positions, largest first.

    In narrow rows equal values come in the order of their positions, as argmax has it; wide rows leave it to topk,
    which costs a fraction of a sort.

    Args:
        values: (..., width).
        count: At most width.
    """
    if values.size(-1) > 1024:
        best, positions = torch.topk(values, count, dim=-1)
        return best, positions
    best, positions = torch.sort(values, dim=-1, descending=True, stable=True)
    return best[..., :count], positions[..., :count]


def candidates(log_probs: Tensor, count: int, *, forbidden: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Return the best `count` tokens of each row that are not forbidden, best first.

    Args:
        log_probs: (rows, vocabulary); left as they are, for they belong to the step function.
        count: Tokens wanted.
        forbidden: Ids that may not be written.

    Returns:
        log_probs: (rows, found), as the model gave them; -inf where fewer than `count` are allowed.
        tokens: (rows, found).
    """
    wide = min(count + len(forbidden), log_probs.size(-1))
    values, tokens = largest(log_probs, wide)
    banned = tokens == forbidden[0]
    for token in forbidden[1:]:
        banned |= tokens == token
    # The few banned ones go to the end of so short a row in their order; the others keep theirs.
    values, order = torch.sort(values.masked_fill(banned, -math.inf), dim=-1, descending=True, stable=True)
    return values[:, :count], tokens.gather(1, order[:, :count])


def most_probable(log_probs: Tensor, options: SearchOptions) -> tuple[Tensor, Tensor] | None:
    """Return log-probabilities and ids of as many tokens of each row as the options record; None for none."""
    count = min(options.alternatives, log_probs.size(-1))
    return largest(log_probs, count) if count else None


def to_host(tensors: list[Tensor]) -> list[npt.NDArray[Any]]:
    """Copy tensors of one dtype to the host, in one transfer where that is a transfer."""
    if not tensors or tensors[0].device.type == "cpu":
        return [tensor.numpy() for tensor in tensors]
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors]).cpu()
    stops = np.cumsum([tensor.numel() for tensor in tensors]).tolist()
    return [
        flat[stop - tensor.numel() : stop].view(tensor.shape).numpy()
        for tensor, stop in zip(tensors, stops, strict=True)
    ]


class Roster:
    """Which sentences are still searched, and when each stopped.

    Args:
        max_lengths: Most tokens of each sentence.
        device: Where the search runs.
        check_every: Ask the device every so many steps, and whenever a sentence reaches its maximum length; None
            chooses by the device.
    """

    def __init__(self, max_lengths: tuple[int, ...], *, device: torch.device, check_every: int | None = None) -> None:
        self.sentences: Array = np.arange(len(max_lengths))
        """Sentence of each row group of the batch, (active,)."""
        self.max_lengths: Array = np.array(max_lengths, dtype=np.int64)
        self.stops: Array = np.zeros(len(max_lengths), dtype=np.int64)
        """Step after which each sentence stopped, counted from 1; 0 while it is searched, (sentences,)."""
        self.step = 0
        if check_every is None:
            check_every = CPU_CHECK_EVERY if device.type == "cpu" else ACCELERATOR_CHECK_EVERY
        self._check_every = check_every
        self._unread: list[Tensor] = []

    def update(self, done: Tensor) -> Array | None:
        """Note a step.

        Args:
            done: Whether nothing more can come of a sentence, (active,), on the device.

        Returns:
            Positions in `sentences`, as it was, of those that stay, or None where nobody left.
        """
        self.step += 1
        self._unread.append(done)
        at_limit = self.max_lengths[self.sentences] == self.step
        if len(self._unread) < self._check_every and not at_limit.any():
            return None
        flags = torch.stack(self._unread).cpu().numpy()  # (unread, active)
        over = flags.any(axis=0)
        leaving = over | at_limit
        first = np.where(over, self.step - len(flags) + 1 + flags.argmax(axis=0), self.step)
        self._unread = []
        if not leaving.any():
            return None
        self.stops[self.sentences[leaving]] = first[leaving]
        self.sentences = self.sentences[~leaving]
        return np.flatnonzero(~leaving)


@dataclass(frozen=True, eq=False)
class StepRecord:
    """What one step considered and kept, for the sentences active then."""

    sentences: Array
    """(active,), on the host."""
    width: int
    """Rows of each sentence that the step function was given."""
    tokens: Tensor
    """Token of each candidate, (active, candidates)."""
    parents: Tensor
    """Which of the sentence's rows it continues, (active, candidates)."""
    log_probs: Tensor
    """The model's log-probability of each candidate's token, (active, candidates)."""
    kept: Tensor
    """Candidates that became the next step's rows, in their order, (active, next width)."""
    attention: Tensor | None
    """(active × width, src_len)."""
    alternatives: tuple[Tensor, Tensor] | None = None
    """Log-probabilities and ids of each row's most probable tokens, (active × width, count); see `most_probable`."""


@dataclass(frozen=True, eq=False)
class HostRecord:
    """The small tensors of a `StepRecord` on the host; see there."""

    sentences: Array
    rows: Array
    """Position of each sentence in the step's batch, -1 where it had left, (sentences,)."""
    width: int
    tokens: Array
    parents: Array
    log_probs: Floats
    kept: Array


@dataclass(frozen=True, eq=False)
class Ends:
    """Candidates that end a hypothesis: a sentence, a step counted from 0 and a candidate, each (hypotheses,).

    Step -1 is a hypothesis without tokens.
    """

    sentence: Array
    step: Array
    candidate: Array
    finished: npt.NDArray[np.bool_]


class History:
    """All steps of a search.

    Args:
        src_mask: True at real source tokens of each sentence, (sentences, src_len).
        options: Penalties for the scores.
    """

    def __init__(self, src_mask: Tensor, *, options: SearchOptions) -> None:
        self.src_mask = src_mask
        self._options = options
        self._steps: list[StepRecord] = []
        self._records: list[HostRecord] = []

    def append(self, record: StepRecord) -> None:
        """Note a step."""
        self._steps.append(record)

    def attention(self, step: int) -> Tensor | None:
        """Return the attention of a step counted from 0, (active × width, src_len)."""
        return self._steps[step].attention

    @property
    def records(self) -> list["HostRecord"]:
        """All steps so far, on the host."""
        new = self._steps[len(self._records) :]
        tokens, parents = to_host([step.tokens for step in new]), to_host([step.parents for step in new])
        log_probs, kept = to_host([step.log_probs for step in new]), to_host([step.kept for step in new])
        for index, step in enumerate(new):
            rows = np.full(self.src_mask.size(0), -1, dtype=np.int64)
            rows[step.sentences] = np.arange(len(step.sentences))
            self._records.append(
                HostRecord(
                    sentences=step.sentences,
                    rows=rows,
                    width=step.width,
                    tokens=tokens[index],
                    parents=parents[index],
                    log_probs=log_probs[index],
                    kept=kept[index],
                )
            )
        return self._records

    def hypotheses(self, ends: Ends) -> list[Hypothesis]:
        """Follow the back-pointers from each end."""
        tokens, log_probs, rows = self._trace_back(ends)
        attention = self._gather_attention(rows, ends)
        alternatives = self._gather_alternatives(rows, ends)
        found = []
        for index, length in enumerate((ends.step + 1).tolist()):
            values = tuple(log_probs[index, :length].tolist())
            weights = None if attention is None else attention[index]
            log_prob = math.fsum(values)
            score = hypothesis_score(
                log_prob,
                weights,
                length=length,
                alpha=self._options.length_penalty,
                beta=self._options.coverage_penalty,
            )
            found.append(
                Hypothesis(
                    token_ids=tuple(tokens[index, :length].tolist()),
                    token_log_probs=values,
                    attention=weights,
                    log_prob=log_prob,
                    score=score,
                    finished=bool(ends.finished[index]),
                    alternatives=None if alternatives is None else alternatives[index],
                )
            )
        return found

    def _trace_back(self, ends: Ends) -> tuple[Array, Floats, Array]:
        """Return tokens, log-probabilities and rows of the step's batch, each (hypotheses, longest)."""
        shape = (len(ends.step), int(ends.step.max(initial=-1)) + 1)
        tokens, rows = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        log_probs = np.zeros(shape, dtype=np.float32)
        records, candidate = self.records, ends.candidate.copy()
        for step in reversed(range(shape[1])):
            record = records[step]
            here = np.flatnonzero(ends.step >= step)
            row, chosen = record.rows[ends.sentence[here]], candidate[here]
            tokens[here, step] = record.tokens[row, chosen]
            log_probs[here, step] = record.log_probs[row, chosen]
            slot = record.parents[row, chosen]
            rows[here, step] = row * record.width + slot
            if step:
                before = records[step - 1]
                candidate[here] = before.kept[before.rows[ends.sentence[here]], slot]
        return tokens, log_probs, rows

    def _gather_attention(self, rows: Array, ends: Ends) -> list[Tensor] | None:
        """Return each hypothesis' attention over its sentence's real tokens, (length, src_len of the sentence)."""
        if not self._steps or self._steps[0].attention is None:
            return None
        masks = self.src_mask.cpu()
        stacked = self._gather([step.attention for step in self._steps if step.attention is not None], rows)
        if stacked is None:
            return [torch.zeros(0, int(masks[sentence].sum())) for sentence in ends.sentence.tolist()]
        stacked = stacked.float().cpu()  # (hypotheses, longest, src_len)
        lengths = (ends.step + 1).tolist()
        return [
            stacked[index, :length][:, masks[sentence]]
            for index, (length, sentence) in enumerate(zip(lengths, ends.sentence.tolist(), strict=True))
        ]

    def _gather_alternatives(self, rows: Array, ends: Ends) -> list[tuple[tuple[Alternative, ...], ...]] | None:
        """Return each hypothesis' alternatives, token by token."""
        recorded = [step.alternatives for step in self._steps if step.alternatives is not None]
        if not recorded:
            return None
        log_probs = self._gather([part for part, _ in recorded], rows)
        tokens = self._gather([part for _, part in recorded], rows)
        if log_probs is None or tokens is None:
            return [()] * len(ends.step)
        found = []
        for length, ids, values in zip((ends.step + 1).tolist(), tokens.tolist(), log_probs.tolist(), strict=True):
            steps = zip(ids[:length], values[:length], strict=True)
            found.append(tuple(tuple(map(Alternative, *step)) for step in steps))
        return found

    def _gather(self, parts: list[Tensor], rows: Array) -> Tensor | None:
        """Choose rows of every step's tensor and stack them; None where the hypotheses have no token.

        Args:
            parts: For each step, (active × width, size).
            rows: (hypotheses, longest).

        Returns:
            (hypotheses, longest, size).
        """
        by_step = torch.from_numpy(rows.T.copy()).to(self.src_mask.device)  # (longest, hypotheses)
        gathered = [part.index_select(0, row) for part, row in zip(parts, by_step, strict=False)]
        return torch.stack(gathered, dim=1) if gathered else None
