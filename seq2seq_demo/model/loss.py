"""Cross-entropy that ignores padding, with label smoothing, its gradient made in the same pass.

PyTorch's own cross-entropy with label smoothing takes as long on a CPU as the rest of a training step, since it
walks the (tokens × vocabulary) matrix in float32 many times. Here the matrix is walked in blocks that stay in the
processor's cache, and the gradient, which is known in closed form, is written on the way.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_BLOCK_BYTES = 2 << 20
"""Size of the float32 block worked on at once on a CPU: about the second-level cache."""


class _SmoothedCrossEntropy(torch.autograd.Function):
    """Sum over tokens of ``-(1 - ε) log p(y) - ε/V Σ_v log p(v)``; gradient ``p - (1 - ε) onehot(y) - ε/V``."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor, pad_id: int, label_smoothing: float) -> Tensor:
        tokens, vocabulary = logits.shape
        rows = tokens if logits.is_cuda else max(1, _BLOCK_BYTES // (4 * vocabulary))
        gradient = torch.empty_like(logits)
        total = logits.new_zeros((), dtype=torch.float32)
        for start in range(0, tokens, max(rows, 1)):
            part = slice(start, start + rows)
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
