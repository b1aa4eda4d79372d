"""Speed of training updates in each precision, so that the default is chosen by measurement."""

import statistics
import time
from dataclasses import dataclass
from typing import Any

import torch

from seq2seq_demo.config import ModelConfig, TrainingConfig
from seq2seq_demo.model import Seq2Seq
from seq2seq_demo.model.loss import smoothed_cross_entropy
from seq2seq_demo.optimisation import Optimizer
from seq2seq_demo.tokenizer import EOS_ID, PAD_ID

PRECISIONS = ("float32", "autocast", "bfloat16")
SENTENCES, LENGTH = 300, 10
"""One update: so many sentences, each with so many source and target tokens; 3,000 target tokens."""


@dataclass(frozen=True)
class TrainingSpeed:
    """How fast one precision trains."""

    precision: str
    tokens_per_second: float
    """Target tokens, over whole updates: forward, loss, backward, optimiser."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"precision": self.precision, "tokens_per_second": self.tokens_per_second}


def measure_training(config: ModelConfig, device: torch.device, *, repeats: int = 10) -> list[TrainingSpeed]:
    """Measure updates of a fresh model of this architecture on random ids, in each precision.

    Args:
        config: The architecture, trained with its own dropout, label smoothing 0.1 and averaging of weights.
        device: Where to train.
        repeats: Updates whose median is taken, after three to warm up.
    """
    return [TrainingSpeed(name, _tokens_per_second(config, device, name, repeats=repeats)) for name in PRECISIONS]


def _tokens_per_second(config: ModelConfig, device: torch.device, precision: str, *, repeats: int) -> float:
    torch.manual_seed(0)
    model = Seq2Seq(config).to(device).train()
    optimizer = Optimizer(model, TrainingConfig(ema_decay=0.999), precision)
    shape = (SENTENCES, LENGTH)
    src = torch.randint(EOS_ID + 1, config.source_vocab_size, shape, device=device)
    tgt = torch.randint(EOS_ID + 1, config.target_vocab_size, shape, device=device)
    src_lengths = torch.full((SENTENCES,), LENGTH, device=device)
    seconds = []
    for update in range(1, repeats + 4):
        start = time.perf_counter()
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "autocast"):
            logits, _ = model(src, src_lengths, tgt)
        smoothed_cross_entropy(logits, tgt, pad_id=PAD_ID, label_smoothing=0.1).backward()
        # The norm that `step` returns is a number on the host: the device has then finished.
        optimizer.step(update, gradient_divisor=tgt.numel())
        seconds.append(time.perf_counter() - start)
    return SENTENCES * LENGTH / statistics.median(seconds[3:])
