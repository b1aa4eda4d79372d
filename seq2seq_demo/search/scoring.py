"""What a search ranks hypotheses by: log-probability under a length and a coverage penalty.

References:
    Wu et al. 2016, https://arxiv.org/abs/1609.08144, eq. 14
"""

from typing import overload

import torch
from torch import Tensor

COVERAGE_EPSILON = 1e-6
"""Coverage below this counts as this: log 0 would make the score of a whole hypothesis -inf."""


@overload
def length_penalty(length: int, alpha: float) -> float: ...
@overload
def length_penalty(length: Tensor, alpha: float) -> Tensor: ...
def length_penalty(length: int | Tensor, alpha: float) -> float | Tensor:
    """Divisor ``((5 + |Y|) / 6) ** alpha`` (Wu et al. 2016, eq. 14); 1 where alpha is 0.

    Args:
        length: Number of target tokens |Y|, the end symbol included; a tensor of any shape or one number.
        alpha: Strength of the normalisation, at least 0.
    """
    divisor: float | Tensor = ((5 + length) / 6) ** alpha
    return divisor


def coverage_penalty(coverage: Tensor, src_mask: Tensor) -> Tensor:
    """Sum over source positions of ``log(min(coverage, 1))`` (Wu et al. 2016, eq. 14, without beta); at most 0.

    Args:
        coverage: Attention that each source position has received over all target tokens, (..., src_len).
        src_mask: True at real tokens (the end symbol is one), False at padding; broadcasts against `coverage`.

    Returns:
        (...); a position that was hardly attended to counts as `COVERAGE_EPSILON`, padding counts nothing.
    """
    logs = coverage.clamp(min=COVERAGE_EPSILON, max=1.0).log()
    return torch.where(src_mask, logs, 0.0).sum(dim=-1)


def hypothesis_score(log_prob: float, attention: Tensor | None, *, length: int, alpha: float, beta: float) -> float:
    """Score of a finished or cut hypothesis: ``log_prob / length_penalty + beta * coverage_penalty``.

    Args:
        log_prob: Raw sum of the tokens' log-probabilities, in nats.
        attention: Its rows over the sentence's real tokens, (length, src_len); None is allowed where beta is 0.
        length: Number of tokens, the end symbol included.
        alpha: Strength of the length penalty.
        beta: Strength of the coverage penalty.
    """
    score = log_prob / length_penalty(length, alpha)
    if beta and attention is not None:
        coverage = attention.double().sum(dim=0)
        score += beta * float(coverage_penalty(coverage, torch.ones_like(coverage, dtype=torch.bool)))
    return score
