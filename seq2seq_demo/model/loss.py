"""Losses that ignore padding: smoothed cross-entropy, and how far two predictions are apart.

PyTorch's own cross-entropy with label smoothing takes as long on a CPU as the rest of a training step, since it
walks the (tokens × vocabulary) matrix in float32 many times. Here the matrix is walked in blocks that stay in the
processor's cache, and the gradient, which is known in closed form, is written in the same pass.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

_BLOCK_BYTES = 2 << 20
"""Size of the float32 block worked on at once on a CPU: about the second-level cache."""


def _blocks(logits: Tensor, *, matrices: int = 1) -> Iterator[slice]:
    """Yield the rows of (tokens, vocab) to work on at once, where so many float32 matrices of them are needed."""
    tokens, vocabulary = logits.shape
    rows = max(1, tokens if logits.is_cuda else _BLOCK_BYTES // (4 * vocabulary * matrices))
    for start in range(0, tokens, rows):
        yield slice(start, start + rows)


class _SmoothedCrossEntropy(torch.autograd.Function):
    """Sum over tokens of ``-(1 - ε) log p(y) - ε/V Σ_v log p(v)``; gradient ``p - (1 - ε) onehot(y) - ε/V``."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor, pad_id: int, label_smoothing: float) -> Tensor:
        vocabulary = logits.size(1)
        gradient = torch.empty_like(logits)
        total = logits.new_zeros((), dtype=torch.float32)
        for part in _blocks(logits):
            real = (targets[part] != pad_id).float()
            index = targets[part].unsqueeze(1)
            log_probs = torch.log_softmax(logits[part], dim=-1, dtype=torch.float32)
            picked = log_probs.gather(1, index).squeeze(1)
            loss = -(1 - label_smoothing) * picked
            if label_smoothing:
                loss = loss - label_smoothing * log_probs.mean(dim=-1)
            total += (loss * real).sum()
            slope = log_probs.exp_().sub_(label_smoothing / vocabulary)
            slope.scatter_add_(1, index, slope.new_full(index.shape, label_smoothing - 1))
            gradient[part] = slope.mul_(real.unsqueeze(1))
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = ctx.saved_tensors
        return gradient.mul_(outer[0]), None, None, None


def smoothed_cross_entropy(logits: Tensor, targets: Tensor, *, pad_id: int, label_smoothing: float = 0.0) -> Tensor:
    """Sum the label-smoothed negative log-likelihood over real target tokens (Szegedy et al. 2016, section 7).

    Args:
        logits: (batch, tgt_len, vocab).
        targets: Gold ids, (batch, tgt_len); those equal to `pad_id` do not count.
        pad_id: Id of padding.
        label_smoothing: ε, the mass spread evenly over the whole vocabulary, in [0, 1).

    Returns:
        A float32 scalar, in nats; its backward pass can run once.
    """
    apply: Callable[..., Tensor] = _SmoothedCrossEntropy.apply
    return apply(logits.flatten(0, 1), targets.flatten(), pad_id, label_smoothing)


class _Divergence(torch.autograd.Function):
    """Sum over tokens of ``½ KL(p‖q) + ½ KL(q‖p)``.

    The gradient for p's logits is ``½ p (log p/q - KL(p‖q)) + ½ (p - q)``, for q's the same with both exchanged.
    """

    @staticmethod
    def forward(ctx: Any, first: Tensor, second: Tensor, targets: Tensor, pad_id: int) -> Tensor:
        gradients = torch.empty_like(first), torch.empty_like(second)
        total = first.new_zeros((), dtype=torch.float32)
        for part in _blocks(first, matrices=5):
            half = 0.5 * (targets[part] != pad_id).float().unsqueeze(1)
            log_p, log_q = (torch.log_softmax(logits[part], -1, dtype=torch.float32) for logits in (first, second))
            p, q, gap = log_p.exp(), log_q.exp(), log_p - log_q
            p_from_q = (p * gap).sum(dim=-1, keepdim=True)  # KL(p‖q)
            q_from_p = -(q * gap).sum(dim=-1, keepdim=True)  # KL(q‖p)
            total += (half * (p_from_q + q_from_p)).sum()
            gradients[0][part] = half * (p * (gap - p_from_q) + p - q)
            gradients[1][part] = half * (q * (-gap - q_from_p) + q - p)
        ctx.save_for_backward(*gradients)
        return total

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        first, second = ctx.saved_tensors
        return first.mul_(outer[0]), second.mul_(outer[0]), None, None


def divergence(first: Tensor, second: Tensor, targets: Tensor, *, pad_id: int) -> Tensor:
    """Sum ``½ KL(p‖q) + ½ KL(q‖p)`` of two predictions over real target tokens (Wu et al. 2021, R-Drop, eq. 2).

    https://arxiv.org/abs/2106.14448

    Args:
        first: Logits of p, (batch, tgt_len, vocab).
        second: Logits of q, likewise.
        targets: Gold ids, (batch, tgt_len); those equal to `pad_id` do not count.
        pad_id: Id of padding.

    Returns:
        A float32 scalar, in nats; its backward pass can run once.
    """
    apply: Callable[..., Tensor] = _Divergence.apply
    return apply(first.flatten(0, 1), second.flatten(0, 1), targets.flatten(), pad_id)
