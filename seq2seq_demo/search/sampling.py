"""Sampling: tokens drawn from the model's distribution, cooled or heated, and truncated.

References:
    Fan et al. 2018, https://aclanthology.org/P18-1082, section 5.4 (top-k)
    Holtzman et al. 2020, https://arxiv.org/abs/1904.09751, section 3.1 (top-p)
"""

import math
from collections.abc import Generator
from dataclasses import replace
from typing import Generic

import numpy as np
import torch
from torch import Tensor

from seq2seq_demo.errors import ConfigurationError
from seq2seq_demo.search.driving import Requests, decode, decode_steps
from seq2seq_demo.search.history import Array
from seq2seq_demo.search.paths import PathSearch
from seq2seq_demo.search.sample_tree import sample_tree
from seq2seq_demo.search.step import SearchOptions, SearchResult, StateT, StepFunction


def sample(step: StepFunction[StateT], state: StateT, *, options: SearchOptions) -> list[SearchResult]:
    """Draw `n_best` outputs for each sentence.

    Temperature, then top-k, then top-p shape the distribution that a token is drawn from; reported log-probabilities
    are the model's own. Each sentence has its own random stream, so that its samples do not depend on its neighbours
    in the batch, nor on anything else in the process.

    Args:
        step: The model.
        state: One row for each sentence.
        options: With `seeds`.

    Returns:
        One result for each sentence, with `n_best` hypotheses: finished ones first, by score; equal ones in the order
        in which they were drawn. The same output may be drawn several times.

    Raises:
        ConfigurationError: not one seed for each sentence, or a coverage penalty without attention.
    """
    return decode(Sampling(state, options=options), step)


def sample_steps(
    step: StepFunction[StateT], state: StateT, *, options: SearchOptions
) -> Generator[list[SearchResult], None, None]:
    """Draw like `sample`, and yield after each step what is written so far; the final results come last.

    No step is taken before it is asked for: closing the generator ends the search.
    """
    return decode_steps(Sampling(state, options=options, check_every=1), step)


def truncated(log_probs: Tensor, *, temperature: float, top_k: int, top_p: float) -> tuple[Tensor, Tensor | None]:
    """Shape the distributions that tokens are drawn from.

    Args:
        log_probs: (rows, vocabulary); -inf where a token must not be drawn.
        temperature: Divides them.
        top_k: Keep so many best tokens; 0 keeps all.
        top_p: Of those, renormalised, keep the fewest best whose mass reaches it (Holtzman et al. 2020, eq. 2).

    Returns:
        weights: What the tokens are drawn in proportion to, (rows, kept); 0 everywhere where a row has no token.
        tokens: Their ids, (rows, kept), best first; None where the whole vocabulary is kept, in its order.
    """
    weights = torch.softmax(log_probs / temperature, dim=-1).nan_to_num(0.0)
    if not top_k and top_p == 1:
        return weights, None
    weights, tokens = weights.sort(dim=-1, descending=True, stable=True)
    if top_k:
        weights, tokens = weights[:, :top_k], tokens[:, :top_k]
    better = weights.cumsum(dim=-1) - weights
    return weights.masked_fill(better >= top_p * weights.sum(dim=-1, keepdim=True), 0.0), tokens


def draw(weights: Tensor, uniforms: Tensor) -> Tensor:
    """Draw one position of each row by inverting its cumulative distribution.

    Args:
        weights: (rows, width), at least 0.
        uniforms: In [0, 1), (rows,).

    Returns:
        (rows,); positions of weight 0 are not drawn, unless the row has no other.
    """
    cumulative = weights.cumsum(dim=-1)
    total = cumulative[:, -1]
    # Rounding must not lift the product to the total, which lies beyond the last position.
    below = torch.minimum(uniforms * total, torch.nextafter(total, torch.zeros_like(total)))
    places = torch.searchsorted(cumulative, below.unsqueeze(1), right=True).squeeze(1)
    return places.clamp(max=weights.size(1) - 1)


class Sampling(Generic[StateT]):
    """One search, see `sample`.

    Args:
        state: One row for each sentence.
        options: With `seeds`.
        check_every: See `Roster`.

    Raises:
        ConfigurationError: not one seed for each sentence.
    """

    def __init__(self, state: StateT, *, options: SearchOptions, check_every: int | None = None) -> None:
        sentences, self._samples = len(options.max_lengths), options.n_best
        if len(options.seeds) != sentences:
            raise ConfigurationError(
                "seeds_needed",
                f"sampling needs one seed for each of {sentences} sentences; got {len(options.seeds)}.",
                {"field": "seeds", "allowed": sentences, "got": len(options.seeds)},
            )
        self._options = options
        device = state.src_mask.device
        self._precision = torch.float32 if device.type == "mps" else torch.float64
        self._uniforms = self._draw_uniforms().to(device)
        lengths = tuple(length for length in options.max_lengths for _ in range(self._samples))
        constraints = tuple(constraint for constraint in options.constraints for _ in range(self._samples))
        limits = tuple(limit for limit in options.repeat_limits for _ in range(self._samples))
        self._paths = PathSearch(
            state.index_select(torch.arange(sentences, device=device).repeat_interleave(self._samples)),
            options=replace(
                options, max_lengths=lengths, constraints=constraints, repeat_limits=limits, beam_size=1, n_best=1
            ),
            choose=self._choose,
            check_every=check_every,
        )

    def _draw_uniforms(self) -> Tensor:
        """Draw one number for each token that may be written, (longest, sentences × samples).

        A stream is read step by step, so that a longer maximum length only adds to the samples.
        """
        lengths = self._options.max_lengths
        uniforms = np.zeros((max(lengths, default=0), len(lengths), self._samples))
        for sentence, (length, seed) in enumerate(zip(lengths, self._options.seeds, strict=True)):
            uniforms[:length, sentence] = np.random.default_rng(seed).random((length, self._samples))
        return torch.from_numpy(uniforms).flatten(1).to(self._precision)

    def _choose(self, log_probs: Tensor, rows: Array, /, *, length: int) -> tuple[Tensor, Tensor]:
        options = self._options
        forbidden = torch.tensor(options.forbidden(length), device=log_probs.device)
        allowed = log_probs.index_fill(1, forbidden, -math.inf)
        weights, tokens = truncated(
            allowed.to(self._precision), temperature=options.temperature, top_k=options.top_k, top_p=options.top_p
        )
        drawn = draw(weights, self._uniforms[length - 1, torch.from_numpy(rows).to(log_probs.device)]).unsqueeze(1)
        if tokens is not None:
            drawn = tokens.gather(1, drawn)
        return allowed.gather(1, drawn), drawn

    def run(self) -> Requests[StateT]:
        """Ask for one step after the other."""
        return self._paths.run()

    def results(self) -> list[SearchResult]:
        """Return the samples of each sentence; while one is being drawn, all in the order of drawing."""
        hypotheses, steps = self._paths.hypotheses(), self._paths.steps
        results = []
        for first in range(0, len(hypotheses), self._samples):
            rows = slice(first, first + self._samples)
            group = hypotheses[rows]
            trace = None
            if self._paths.roster.stops[rows].all():
                group.sort(key=lambda hypothesis: (not hypothesis.finished, -hypothesis.score))
                if self._options.trace:
                    longest = self._options.max_lengths[first // self._samples]
                    trace = sample_tree(group, max_length=longest, options=self._options)
            results.append(SearchResult(group, int(steps[rows].max()), trace))
        return results
