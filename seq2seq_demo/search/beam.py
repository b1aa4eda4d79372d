"""Batched beam search, in one group or in several diverse ones.

At each step a sentence has up to `beam_size` live hypotheses. Of all their continuations the best 2 × beam size are
looked at: an end symbol among the first `beam_size` finishes a hypothesis, and the first `beam_size` others live on.
Live hypotheses are ranked by raw log-probability, finished and cut ones by their score.

In diverse beam search each group is such a beam of its own, of `beam_size` / `beam_groups` hypotheses. The groups go
on in turn within a step: a group ranks its candidates with `diversity` taken off a token's log-probability for each
time that the groups before it chose the token at this step (Hamming diversity). What is taken off counts for that
choice alone: log-probabilities, scores and the next step's ranking are the model's own.

References:
    Wu et al. 2016, https://arxiv.org/abs/1609.08144, section 7 (penalties)
    Vijayakumar et al. 2016, https://arxiv.org/abs/1610.02424, algorithm 1 (diverse beam search)
"""

import math
from collections.abc import Generator
from dataclasses import replace
from typing import Generic, NamedTuple

import numpy as np
import torch
from torch import Tensor

from seq2seq_demo.search.constraint import Tracker
from seq2seq_demo.search.driving import Requests, decode, decode_steps
from seq2seq_demo.search.history import (
    Array,
    Ends,
    History,
    Roster,
    StepRecord,
    candidates,
    largest,
    most_probable,
    to_host,
)
from seq2seq_demo.search.recording import build_trace
from seq2seq_demo.search.scoring import coverage_penalty, length_penalty
from seq2seq_demo.search.step import Hypothesis, SearchOptions, SearchResult, StateT, StepFunction


def beam_search(step: StepFunction[StateT], state: StateT, *, options: SearchOptions) -> list[SearchResult]:
    """Decode a batch of sentences with a beam.

    A sentence stops when it has `n_best` finished hypotheses and no live one can still beat the worst of them: a live
    one's score is at most its log-probability divided by the length penalty at the sentence's maximum length, since
    log-probabilities only fall, the divisor only grows and the coverage penalty is at most 0. With several groups
    this holds for each, with its own finished hypotheses (`n_best`, or its size where that is less), and the sentence
    stops with the last of them.

    Args:
        step: The model.
        state: One row for each sentence.
        options: Sizes, groups, lengths and penalties.

    Returns:
        One result for each sentence, with at most `n_best` hypotheses: finished ones first, by score; where there are
        too few, those that the maximum length cut, by score. What several groups have found is returned once.

    Raises:
        ConfigurationError: a coverage penalty without attention.
    """
    return decode(BeamSearch(state, options=options), step)


def beam_search_steps(
    step: StepFunction[StateT], state: StateT, *, options: SearchOptions
) -> Generator[list[SearchResult], None, None]:
    """Decode like `beam_search`, and yield after each step the best live hypotheses; the final results come last.

    No step is taken before it is asked for: closing the generator ends the search. A sentence that has stopped before
    others of its batch shows its final result.
    """
    return decode_steps(BeamSearch(state, options=options, check_every=1), step)


class _Candidates(NamedTuple):
    """What one group looks at in one step, best first by its own ranking; the first four are (active, candidates)."""

    tokens: Tensor
    parents: Tensor
    """Which of the group's live hypotheses it continues."""
    log_probs: Tensor
    """The model's log-probability of the token."""
    totals: Tensor
    """log P of the hypothesis with it."""
    kept: Tensor
    """Candidates that live on, (active, new width)."""
    alive: Tensor
    """log P of those, (active, new width)."""


class BeamSearch(Generic[StateT]):
    """One search, see `beam_search`.

    Args:
        state: One row for each sentence.
        options: Sizes, groups, lengths and penalties.
        check_every: See `Roster`.
    """

    # All tensors below have one row for each active sentence, and the groups side by side in it.

    def __init__(self, state: StateT, *, options: SearchOptions, check_every: int | None = None) -> None:
        self._state, self._options = state, options
        self._device = state.src_mask.device
        self.roster = Roster(options.max_lengths, device=self._device, check_every=check_every)
        self._history = History(state.src_mask, options=options)
        self._tracker = Tracker(options.constraints, options.repeat_limits)
        # Sums in float64 (which Apple's GPUs lack) rank like the model's own values: no two are rounded into a tie.
        precision = torch.float32 if self._device.type == "mps" else torch.float64
        sentences, groups = len(options.max_lengths), options.beam_groups
        self._size = options.beam_size // groups
        self._pool = min(options.n_best, self._size)
        lengths = torch.tensor(options.max_lengths, dtype=precision, device=self._device)
        self._longest_penalty = length_penalty(lengths, options.length_penalty)  # (active,)
        self._live = torch.zeros((sentences, 1), dtype=precision, device=self._device)  # log P, (active, width)
        self._coverage: Tensor | None = None  # attention so far, (active, width, src_len)
        # The best scores of each group's finished hypotheses, best first, -inf where there are fewer.
        shape = (sentences, groups, self._pool)
        self._finished = torch.full(shape, -math.inf, dtype=precision, device=self._device)
        # For each step, (active, candidates): scores of the candidates that finished, -inf elsewhere; and (active,
        # width): log P of the live ones after it.
        self._finish_scores: list[Tensor] = []
        self._live_log_probs: list[Tensor] = []

    @torch.inference_mode()
    def run(self) -> Requests[StateT]:
        """Ask for one step after the other."""
        previous = torch.full((self._live.size(0),), self._options.bos, device=self._device)
        while self.roster.sentences.size:
            log_probs, self._state, attention = yield previous, self._state
            width = self._live.size(1)
            self._options.check_attention(attention)
            tokens, parents, done = self._expand(log_probs, attention)
            stay = self.roster.update(done)
            if self.roster.sentences.size:
                previous = self._advance(tokens, parents, stay=stay, width=width)

    def _expand(self, log_probs: Tensor, attention: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Choose the candidates of this step, group by group; finish some and keep others alive.

        Args:
            log_probs: (active × width, vocabulary).
            attention: (active × width, src_len), or None.

        Returns:
            tokens: Of the new live hypotheses, (active, new width).
            parents: The old live hypothesis that each continues, (active, new width).
            done: Whether nothing live can still enter the sentence's n best, (active,).
        """
        active, width = self._live.shape
        penalties = self._penalties(attention)
        by_row = self._tracker.apply(log_probs, self.roster.sentences).reshape(active, width, -1)
        # Before the first step there is one hypothesis, which all groups continue.
        share = max(width // self._options.beam_groups, 1)
        chosen: Tensor | None = None
        found, scores, done = [], [], []
        for group in range(self._options.beam_groups):
            rows = slice(group * share, (group + 1) * share) if self.roster.step else slice(0, 1)
            part = self._candidates(self._live[:, rows], by_row[:, rows], chosen=chosen)
            score = self._finish(part, None if penalties is None else penalties[:, rows])
            over = self._update_finished(part, score, group=group)
            if self._options.beam_groups > 1:
                # A group that is done looks at nothing more, and the others need not differ from it.
                part = part._replace(alive=part.alive.masked_fill(over.unsqueeze(1), -math.inf))
                chosen = self._count_choices(part, score, counts=chosen, vocabulary=log_probs.size(1))
            found.append(part._replace(parents=part.parents + rows.start))
            scores.append(score)
            done.append(over)
        self._finish_scores.append(torch.cat(scores, dim=1))
        extra = most_probable(log_probs, self._options)
        return *self._record(found, width=width, attention=attention, extra=extra), torch.stack(done).all(dim=0)

    def _candidates(self, live: Tensor, log_probs: Tensor, *, chosen: Tensor | None) -> _Candidates:
        """Look at the best continuations of one group.

        Args:
            live: log P of its hypotheses, (active, share).
            log_probs: Of their next tokens, (active, share, vocabulary).
            chosen: How often the groups before it chose each token, (active, vocabulary); None for the first group.
        """
        options, size, share = self._options, self._size, live.size(1)
        ranking = log_probs
        if chosen is not None and options.diversity:
            ranking = log_probs - options.diversity * chosen.unsqueeze(1)
        forbidden = options.forbidden(self.roster.step + 1)
        values, ids = candidates(ranking.flatten(0, 1), 2 * size, forbidden=forbidden)
        count = values.size(1)
        values, ids = values.reshape(len(live), -1), ids.reshape(len(live), -1)  # (active, share × count)
        ranks, places = largest(live.repeat_interleave(count, dim=1) + values, min(2 * size, share * count))
        parents = places.div(count, rounding_mode="floor")
        tokens, own = ids.gather(1, places), values.gather(1, places)
        if ranking is not log_probs:
            flat = parents * log_probs.size(2) + tokens
            own = log_probs.flatten(1).gather(1, flat).masked_fill(own.isneginf(), -math.inf)
        totals = live.gather(1, parents) + own
        others = ranks.masked_fill(tokens == options.eos, -math.inf)
        order, kept = others.sort(dim=1, descending=True, stable=True)
        kept = kept[:, :size]
        alive = totals.gather(1, kept).masked_fill(order[:, :size].isneginf(), -math.inf)
        return _Candidates(tokens, parents, own, totals, kept, alive)

    def _penalties(self, attention: Tensor | None) -> Tensor | None:
        """Return β × the coverage penalty of each live hypothesis with this step's attention, (active, width)."""
        if not self._options.coverage_penalty or attention is None:
            return None
        active, width = self._live.shape
        mask = self._state.src_mask.reshape(active, width, -1)
        new = attention.reshape(active, width, -1).to(self._live.dtype)
        self._coverage = new if self._coverage is None else self._coverage + new
        return self._options.coverage_penalty * coverage_penalty(self._coverage, mask)

    def _finish(self, part: _Candidates, penalties: Tensor | None) -> Tensor:
        """Score the end symbols among a group's first `size` candidates, -inf elsewhere, (active, candidates)."""
        scores = part.totals / length_penalty(self.roster.step + 1, self._options.length_penalty)
        if penalties is not None:
            scores = scores + penalties.gather(1, part.parents)
        ends = part.tokens == self._options.eos
        ends[:, self._size :] = False
        return scores.masked_fill(~ends, -math.inf)

    def _update_finished(self, part: _Candidates, scores: Tensor, *, group: int) -> Tensor:
        """Keep the best scores of the group's finished hypotheses; return whether nothing live can beat them."""
        pool = torch.cat([self._finished[:, group], scores], dim=1).topk(self._pool, dim=1).values
        self._finished[:, group] = pool
        # Where nothing lives, the bound is -inf, which beats no pool, not even an empty one.
        return part.alive.amax(dim=1) / self._longest_penalty <= pool[:, -1]

    def _count_choices(self, part: _Candidates, scores: Tensor, *, counts: Tensor | None, vocabulary: int) -> Tensor:
        """Add what the group wrote, live and finished, to how often each token was chosen, (active, vocabulary)."""
        if counts is None:
            counts = torch.zeros((len(scores), vocabulary), device=self._device)
        counts = counts.scatter_add(1, part.tokens.gather(1, part.kept), part.alive.isfinite().to(counts.dtype))
        return counts.scatter_add(1, part.tokens, scores.isfinite().to(counts.dtype))

    def _record(
        self,
        groups: list[_Candidates],
        *,
        width: int,
        attention: Tensor | None,
        extra: tuple[Tensor, Tensor] | None,
    ) -> tuple[Tensor, Tensor]:
        """Note the step, the groups side by side; return the live hypotheses' tokens and parents."""
        count = groups[0].tokens.size(1)
        tokens, parents, log_probs = (
            torch.cat([getattr(part, name) for part in groups], dim=1) for name in ("tokens", "parents", "log_probs")
        )
        kept = torch.cat([part.kept + index * count for index, part in enumerate(groups)], dim=1)
        active = self.roster.sentences
        self._history.append(StepRecord(active, width, tokens, parents, log_probs, kept, attention, extra))
        self._live = torch.cat([part.alive for part in groups], dim=1)
        self._live_log_probs.append(self._live)
        tokens, parents = tokens.gather(1, kept), parents.gather(1, kept)
        self._tracker.advance(active, tokens, parents)
        return tokens, parents

    def _advance(self, tokens: Tensor, parents: Tensor, *, stay: Array | None, width: int) -> Tensor:
        """Move everything to the new live hypotheses of the sentences that stay.

        Args:
            tokens: Of the new live hypotheses, (active, new width).
            parents: Which of the `width` old ones each continues, (active, new width).
            stay: Positions of the sentences that stay, or None for all.
            width: Live hypotheses of each sentence in the state as it is.

        Returns:
            The next step's tokens, (staying × new width,).
        """
        rows = parents + width * torch.arange(parents.size(0), device=self._device).unsqueeze(1)
        if stay is not None:
            keep = torch.from_numpy(stay).to(self._device)
            tokens, rows = tokens.index_select(0, keep), rows.index_select(0, keep)
            self._live = self._live.index_select(0, keep)
            self._finished = self._finished.index_select(0, keep)
            self._longest_penalty = self._longest_penalty.index_select(0, keep)
        if stay is not None or width > 1 or parents.size(1) > 1:
            flat = rows.flatten()
            self._state = self._state.index_select(flat)
            if self._coverage is not None:
                coverage = self._coverage.flatten(0, 1).index_select(0, flat)
                self._coverage = coverage.view(*tokens.shape, -1)
        return tokens.flatten()

    def results(self) -> list[SearchResult]:
        """Return for each sentence what has been found, or the best live hypotheses where it is still searched."""
        finished = self._finished_ends()
        found = np.bincount(finished.sentence, minlength=len(self.roster.stops))
        others = [self._other_ends(sentence, found=int(count)) for sentence, count in enumerate(found)]
        ends = [finished, *others]
        hypotheses = self._history.hypotheses(
            Ends(
                sentence=np.concatenate([part.sentence for part in ends]),
                step=np.concatenate([part.step for part in ends]),
                candidate=np.concatenate([part.candidate for part in ends]),
                finished=np.concatenate([part.finished for part in ends]),
            )
        )
        groups: list[list[Hypothesis]] = [[] for _ in found]
        for end, hypothesis in zip(np.concatenate([part.sentence for part in ends]), hypotheses, strict=True):
            groups[end].append(hypothesis)
        results = []
        for group, stop in zip(groups, self.roster.stops.tolist(), strict=True):
            if stop:
                group.sort(key=lambda hypothesis: (not hypothesis.finished, -hypothesis.score))
                group = _distinct(group)
            results.append(SearchResult(group[: self._options.n_best], stop or self.roster.step))
        return self._traced(results) if self._options.trace and self.roster.stops.all() else results

    def _traced(self, results: list[SearchResult]) -> list[SearchResult]:
        """Add what the search saw to final results."""
        live = to_host(self._live_log_probs)
        return [
            replace(
                result,
                trace=build_trace(
                    self._history,
                    sentence,
                    stop=result.steps,
                    live=live,
                    hypotheses=result.hypotheses,
                    options=self._options,
                ),
            )
            for sentence, result in enumerate(results)
        ]

    def _finished_ends(self) -> Ends:
        """Return each group's best finished hypotheses, for the sentences that have stopped."""
        if not self.roster.stops.any():
            return _no_ends()
        groups = self._options.beam_groups
        parts = []
        for step, (record, scores) in enumerate(zip(self._history.records, to_host(self._finish_scores), strict=True)):
            # A sentence may have been searched a little past its stop, until the device was asked.
            counts = np.isfinite(scores) & (step < self.roster.stops[record.sentences])[:, np.newaxis]
            rows, places = np.nonzero(counts)
            # The number of a group among all sentences' groups.
            pools = record.sentences[rows] * groups + places // (scores.shape[1] // groups)
            parts.append((pools, np.full(len(rows), step), places, scores[rows, places]))
        pool, steps, candidate, score = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.lexsort((candidate, steps, -score, pool))
        pool, steps, candidate = pool[order], steps[order], candidate[order]
        rank = np.arange(len(order)) - np.searchsorted(pool, pool)
        best = rank < self._pool
        return Ends(pool[best] // groups, steps[best], candidate[best], np.ones(int(best.sum()), dtype=np.bool_))

    def _other_ends(self, sentence: int, *, found: int) -> Ends:
        """Return the unfinished hypotheses that fill the sentence's n best: live, cut, or without a continuation."""
        n_best, stop = self._options.n_best, int(self.roster.stops[sentence])
        if not stop:
            return self._live_ends(sentence, self.roster.step - 1, limit=n_best)
        cut = self._live_ends(sentence, stop - 1)
        if found >= n_best or stop < self.roster.max_lengths[sentence]:
            cut = _no_ends()
        if found or cut.step.size:
            return cut
        return self._live_ends(sentence, stop - 2)

    def _live_ends(self, sentence: int, step: int, *, limit: int | None = None) -> Ends:
        """Return the hypotheses that live after a step, counted from 0; before the first, an empty one."""
        if step < 0:
            return Ends(np.array([sentence]), np.array([-1]), np.array([0]), np.array([False]))
        record = self._history.records[step]
        row = record.rows[sentence]
        log_probs = self._live_log_probs[step][row].cpu().numpy()
        best = np.argsort(-log_probs, kind="stable")
        candidate = record.kept[row][best[np.isfinite(log_probs[best])]][:limit]
        shape = candidate.shape
        return Ends(np.full(shape, sentence), np.full(shape, step), candidate, np.zeros(shape, dtype=np.bool_))


def _distinct(hypotheses: list[Hypothesis]) -> list[Hypothesis]:
    """Drop what an earlier one has written too."""
    first: dict[tuple[int, ...], Hypothesis] = {}
    for hypothesis in hypotheses:
        first.setdefault(hypothesis.token_ids, hypothesis)
    return list(first.values())


def _no_ends() -> Ends:
    empty = np.zeros(0, dtype=np.int64)
    return Ends(empty, empty, empty, np.zeros(0, dtype=np.bool_))
