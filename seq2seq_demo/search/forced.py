"""Forced decoding: what the model makes of a given target, with the outputs of a search's hypothesis."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from seq2seq_demo.search.driving import answer_each
from seq2seq_demo.search.history import Array
from seq2seq_demo.search.paths import PathSearch
from seq2seq_demo.search.step import SearchOptions, SearchResult, StateT, StepFunction


def forced_search(
    step: StepFunction[StateT], state: StateT, *, targets: Sequence[Sequence[int]], options: SearchOptions
) -> list[SearchResult]:
    """Feed a given target to the model, token by token (teacher forcing).

    Args:
        step: The model.
        state: One row for each sentence.
        targets: Token ids of each sentence, at least one; an end symbol only as the last.
        options: Penalties and what to record; lengths and constraints are the targets' own, and they may repeat.

    Returns:
        One result for each sentence, with one hypothesis, which has `ranks`. A hypothesis ends before a token to which
        the model gives no probability at all.

    Raises:
        ConfigurationError: a coverage penalty without attention.
    """
    lengths = tuple(len(target) for target in targets)
    padded = np.full((len(targets), max(lengths, default=0)), options.pad)
    for row, target in zip(padded, targets, strict=True):
        row[: len(target)] = target
    tokens = torch.from_numpy(padded).to(state.src_mask.device)
    places: list[list[Tensor]] = [[] for _ in targets]

    def choose(log_probs: Tensor, rows: Array, /, *, length: int) -> tuple[Tensor, Tensor]:
        chosen = tokens[torch.from_numpy(rows).to(tokens.device), length - 1].unsqueeze(1)
        values = log_probs.gather(1, chosen)
        ranks = (log_probs > values).sum(dim=1) + 1
        for row, rank in zip(rows.tolist(), ranks.unbind(), strict=True):
            places[row].append(rank)
        return values, chosen

    search = PathSearch(
        state,
        options=replace(options, max_lengths=lengths, constraints=(), repeat_limits=(), min_length=0),
        choose=choose,
    )
    for _ in answer_each(search.run(), step):
        pass
    results = []
    for hypothesis, taken, ranks in zip(search.hypotheses(), search.steps.tolist(), places, strict=True):
        known = tuple(torch.stack(ranks).tolist()[: len(hypothesis.token_ids)])
        results.append(SearchResult([replace(hypothesis, ranks=known)], taken))
    return results
