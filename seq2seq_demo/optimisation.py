"""What an update does with gradients: schedules, master weights and their moving average, and sharing among processes.

References:
    Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740, section 3.1 (float32 master weights)
    Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983 (cosine schedule)
    Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 5.3 (warm-up, inverse square root)
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from seq2seq_demo import processes
from seq2seq_demo.config import TrainingConfig
from seq2seq_demo.errors import ConfigurationError


def learning_rate_at(update: int, config: TrainingConfig) -> float:
    """Learning rate of the update with this number, counted from 1.

    Linear from zero over `warmup_updates`; then constant, a half cosine from `learning_rate` to
    `final_learning_rate` at `max_updates`, or ``learning_rate · sqrt(warmup_updates / update)``.
    """
    peak, warmup = config.learning_rate, config.warmup_updates
    if update <= warmup:
        return peak * update / warmup
    if config.schedule == "inverse-sqrt":
        return peak * math.sqrt(max(warmup, 1) / update)
    if config.schedule == "cosine":
        progress = min(1.0, (update - warmup) / max(1, config.max_updates - warmup))
        return config.final_learning_rate + (peak - config.final_learning_rate) * (1 + math.cos(math.pi * progress)) / 2
    return peak


def choose_precision(name: str, device: torch.device) -> str:
    """Turn ``auto`` into ``bfloat16`` where the device has units for it, else ``float32``.

    On a CPU that is AMX or AVX-512 with bfloat16, and on a GPU what PyTorch reports.
    """
    if name != "auto":
        return name
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        fast = capabilities.get("amx_bf16") or capabilities.get("avx512_bf16")
        return "bfloat16" if fast else "float32"
    return "float32"


class Optimizer:
    """AdamW over float32 master weights; the model itself may compute in bfloat16.

    Args:
        model: Its parameters are trained; they become bfloat16 with precision ``bfloat16``.
        config: Rates, clipping and averaging.
        precision: ``float32``, ``bfloat16`` or ``autocast``.
    """

    def __init__(self, model: nn.Module, config: TrainingConfig, precision: str) -> None:
        self.config = config
        self.parameters: list[Tensor] = list(model.parameters())
        self.separate = precision == "bfloat16"
        if self.separate:
            self.masters = [parameter.detach().float().clone() for parameter in self.parameters]
            model.to(torch.bfloat16)
        else:
            self.masters = [parameter.detach() for parameter in self.parameters]
        for master in self.masters:
            master.grad = torch.zeros_like(master)
        self.averages = [master.clone() for master in self.masters] if config.ema_decay else None
        self._adam = torch.optim.AdamW(
            self.masters,
            lr=config.learning_rate,
            betas=(0.9, config.beta2),
            eps=1e-9,
            weight_decay=config.weight_decay,
            fused=self.masters[0].device.type in ("cpu", "cuda"),
        )

    def step(self, update: int, *, gradient_divisor: float, shared: Tensor | None = None) -> float:
        """Apply the gradients that the parameters hold, and clear them.

        Args:
            update: Number of this update, counted from 1.
            gradient_divisor: The gradients are sums over tokens; this is the global number of tokens.
            shared: A float32 vector that is summed over all processes together with the gradients.

        Returns:
            Norm of the whole gradient before clipping.
        """
        gradients = [master.grad for master in self.masters if master.grad is not None]
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            if parameter.grad is None:
                gradient.zero_()
            else:
                gradient.copy_(parameter.grad)
            parameter.grad = None
        _sum_over_processes(gradients, shared)
        torch._foreach_div_(gradients, gradient_divisor)
        clip = self.config.gradient_clip or math.inf
        norm = float(torch.nn.utils.clip_grad_norm_(self.masters, clip))
        for group in self._adam.param_groups:
            group["lr"] = learning_rate_at(update, self.config)
        # A batch whose gradient overflowed teaches nothing; applying it would lose the run.
        if math.isfinite(norm):
            self._adam.step()
            self._publish(update)
        return norm

    def _publish(self, update: int) -> None:
        if self.separate:
            with torch.no_grad():
                torch._foreach_copy_(self.parameters, self.masters)
        if self.averages is not None:
            # Early weights are far off: a young average forgets them faster (Martin et al., TensorFlow's EMA).
            decay = min(self.config.ema_decay, (1 + update) / (10 + update))
            torch._foreach_lerp_(self.averages, self.masters, 1 - decay)

    def weights(self) -> list[Tensor]:
        """Return the weights to validate and keep, float32, in the order of the model's parameters."""
        return self.masters if self.averages is None else self.averages

    def state_dict(self) -> dict[str, Any]:
        """Everything that a resumed run needs."""
        return {"masters": self.masters, "averages": self.averages, "adam": self._adam.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`'s value.

        Raises:
            ConfigurationError: the state belongs to another architecture or averaging.
        """
        shapes = [tensor.shape for tensor in state["masters"]]
        if shapes != [m.shape for m in self.masters] or (state["averages"] is None) != (self.averages is None):
            raise ConfigurationError(
                "other_state", "the training state belongs to another architecture or ema_decay than the recipe's."
            )
        for mine, saved in ((self.masters, state["masters"]), (self.averages, state["averages"])):
            for target, source in zip(mine or [], saved or [], strict=True):
                target.copy_(source)
        self._adam.load_state_dict(state["adam"])
        with torch.no_grad():
            torch._foreach_copy_(self.parameters, self.masters)


def _sum_over_processes(gradients: list[Tensor], shared: Tensor | None) -> None:
    """Add up gradients and `shared` over all processes, in one message."""
    if not processes.joined():
        return
    extra = [] if shared is None else [shared]
    tensors = gradients + extra
    flat = torch.cat([tensor.flatten() for tensor in tensors])
    torch.distributed.all_reduce(flat)
    for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))
