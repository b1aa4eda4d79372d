"""Batched beam search.

At each step a sentence has up to `beam_size` live hypotheses. Of all their continuations the best 2 × beam size are
looked at: an end symbol among the first `beam_size` finishes a hypothesis, and the first `beam_size` others live on.
Live hypotheses are ranked by raw log-probability, finished and cut ones by their score.

References:
    Wu et al. 2016, https://arxiv.org/abs/1609.08144, section 7 (penalties)
"""

import math
from collections.abc import Generator, Iterator
from typing import Generic

import numpy as np
import torch
from torch import Tensor

from seq2seq_demo.search.history import (
    Array,
    Ends,
    History,
    Roster,
    StepRecord,
    candidates,
    largest,
    to_host,
)
from seq2seq_demo.search.scoring import coverage_penalty, length_penalty
from seq2seq_demo.search.step import Hypothesis, SearchOptions, SearchResult, StateT, StepFunction


def beam_search(step: StepFunction[StateT], state: StateT, *, options: SearchOptions) -> list[SearchResult]:
    """Decode a batch of sentences with a beam.

    A sentence stops when it has `n_best` finished hypotheses and no live one can still beat the worst of them: a live
    one's score is at most its log-probability divided by the length penalty at the sentence's maximum length, since
    log-probabilities only fall, the divisor only grows and the coverage penalty is at most 0.

    Args:
        step: The model.
        state: One row for each sentence.
        options: Sizes, lengths and penalties.

    Returns:
        One result for each sentence, with at most `n_best` hypotheses: finished ones first, by score; where there are
        too few, those that the maximum length cut, by score.

    Raises:
        ConfigurationError: a coverage penalty without attention.
    """
    search = _BeamSearch(step, state, options=options)
    for _ in search.run():
        pass
    return search.results()


def beam_search_steps(
    step: StepFunction[StateT], state: StateT, *, options: SearchOptions
) -> Generator[list[SearchResult], None, None]:
    """Decode like `beam_search`, and yield after each step the best live hypotheses; the final results come last.

    No step is taken before it is asked for: closing the generator ends the search. A sentence that has stopped before
    others of its batch shows its final result.
    """
    search = _BeamSearch(step, state, options=options, check_every=1)
    for _ in search.run():
        if search.roster.sentences.size:
            yield search.results()
    yield search.results()


class _BeamSearch(Generic[StateT]):
    """One search; all tensors below have one row for each active sentence."""

    def __init__(
        self,
        step: StepFunction[StateT],
        state: StateT,
        *,
        options: SearchOptions,
        check_every: int | None = None,
    ) -> None:
        self._step, self._state, self._options = step, state, options
        self._device = state.src_mask.device
        self.roster = Roster(options.max_lengths, device=self._device, check_every=check_every)
        self._history = History(state.src_mask, options=options)
        # Sums in float64 (which Apple's GPUs lack) rank like the model's own values: no two are rounded into a tie.
        precision = torch.float32 if self._device.type == "mps" else torch.float64
        sentences = len(options.max_lengths)
        lengths = torch.tensor(options.max_lengths, dtype=precision, device=self._device)
        self._longest_penalty = length_penalty(lengths, options.length_penalty)  # (active,)
        self._live = torch.zeros((sentences, 1), dtype=precision, device=self._device)  # log P, (active, width)
        self._coverage: Tensor | None = None  # attention so far, (active, width, src_len)
        # The best scores of finished hypotheses, best first, -inf where there are fewer, (active, n_best).
        self._finished = torch.full((sentences, options.n_best), -math.inf, dtype=precision, device=self._device)
        # For each step, (active, candidates): scores of the candidates that finished, -inf elsewhere; and (active,
        # width): log P of the live ones after it.
        self._finish_scores: list[Tensor] = []
        self._live_log_probs: list[Tensor] = []

    @torch.inference_mode()
    def run(self) -> Iterator[None]:
        """Take one step for each item."""
        previous = torch.full((self._live.size(0),), self._options.bos, device=self._device)
        while self.roster.sentences.size:
            log_probs, self._state, attention = self._step(previous, self._state)
            width = self._live.size(1)
            self._options.check_attention(attention)
            tokens, parents, done = self._expand(log_probs, attention)
            stay = self.roster.update(done)
            if self.roster.sentences.size:
                previous = self._advance(tokens, parents, stay=stay, width=width)
            yield

    def _expand(self, log_probs: Tensor, attention: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Choose the candidates of this step; finish some and keep others alive.

        Args:
            log_probs: (active × width, vocabulary).
            attention: (active × width, src_len), or None.

        Returns:
            tokens: Of the new live hypotheses, (active, new width).
            parents: The old live hypothesis that each continues, (active, new width).
            done: Whether nothing live can still enter the sentence's n best, (active,).
        """
        options, length = self._options, self.roster.step + 1
        active, width = self._live.shape
        forbidden = options.forbidden(length)
        values, ids = candidates(log_probs, 2 * options.beam_size, forbidden=forbidden)
        found = values.size(1)
        values, ids = values.reshape(active, -1), ids.reshape(active, -1)  # (active, width × found)
        totals = self._live.repeat_interleave(found, dim=1) + values
        totals, places = largest(totals, min(2 * options.beam_size, width * found))
        parents = places.div(found, rounding_mode="floor")
        tokens = ids.gather(1, places)
        ends = tokens == options.eos
        self._finish(totals, ends, parents, attention, length=length)
        alive, kept = totals.masked_fill(ends, -math.inf).sort(dim=1, descending=True, stable=True)
        alive, kept = alive[:, : options.beam_size], kept[:, : options.beam_size]
        log_probs = values.gather(1, places)
        record = StepRecord(self.roster.sentences, width, tokens, parents, log_probs, kept, attention)
        self._history.append(record)
        self._live = alive
        self._live_log_probs.append(alive)
        # Where nothing lives, the bound is -inf, which beats no pool, not even an empty one.
        done = alive[:, 0] / self._longest_penalty <= self._finished[:, -1]
        return tokens.gather(1, kept), parents.gather(1, kept), done

    def _finish(self, totals: Tensor, ends: Tensor, parents: Tensor, attention: Tensor | None, *, length: int) -> None:
        """Score the end symbols among the first `beam_size` candidates, and keep the n best scores."""
        options, size = self._options, self._options.beam_size
        scores = totals[:, :size] / length_penalty(length, options.length_penalty)
        if options.coverage_penalty and attention is not None:
            active, width = self._live.shape
            mask = self._state.src_mask.reshape(active, width, -1)
            new = attention.reshape(active, width, -1).to(self._live.dtype)
            self._coverage = new if self._coverage is None else self._coverage + new
            penalty = coverage_penalty(self._coverage, mask)  # (active, width)
            scores = scores + options.coverage_penalty * penalty.gather(1, parents[:, :size])
        scores = scores.masked_fill(~ends[:, :size], -math.inf)
        self._finish_scores.append(scores)
        pool = torch.cat([self._finished, scores], dim=1)
        self._finished = pool.topk(options.n_best, dim=1).values

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
            results.append(SearchResult(group[: self._options.n_best], stop or self.roster.step))
        return results

    def _finished_ends(self) -> Ends:
        """Return the n best finished hypotheses of the sentences that have stopped."""
        if not self.roster.stops.any():
            return _no_ends()
        parts = []
        for step, (record, scores) in enumerate(zip(self._history.records, to_host(self._finish_scores), strict=True)):
            # A sentence may have been searched a little past its stop, until the device was asked.
            counts = np.isfinite(scores) & (step < self.roster.stops[record.sentences])[:, np.newaxis]
            rows, places = np.nonzero(counts)
            parts.append((record.sentences[rows], np.full(len(rows), step), places, scores[rows, places]))
        sentence, steps, candidate, score = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.lexsort((candidate, steps, -score, sentence))
        sentence, steps, candidate = sentence[order], steps[order], candidate[order]
        rank = np.arange(len(order)) - np.searchsorted(sentence, sentence)
        best = rank < self._options.n_best
        return Ends(sentence[best], steps[best], candidate[best], np.ones(int(best.sum()), dtype=np.bool_))

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
        live = np.isfinite(self._live_log_probs[step][row].cpu().numpy())
        candidate = record.kept[row][live][:limit]
        shape = candidate.shape
        return Ends(np.full(shape, sentence), np.full(shape, step), candidate, np.zeros(shape, dtype=np.bool_))


def _no_ends() -> Ends:
    empty = np.zeros(0, dtype=np.int64)
    return Ends(empty, empty, empty, np.zeros(0, dtype=np.bool_))
