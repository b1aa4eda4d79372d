"""Schedules, master weights and averages."""

import math

import pytest
import torch
from torch import nn

from seq2seq_demo.config import TrainingConfig
from seq2seq_demo.optimisation import Optimizer, learning_rate_at


def test_the_rate_warms_up_and_falls_as_the_schedule_says() -> None:
    values = {"learning_rate": 0.01, "warmup_updates": 10, "max_updates": 110}
    cosine = TrainingConfig(**values, final_learning_rate=0.001)
    assert learning_rate_at(5, cosine) == pytest.approx(0.005)
    assert learning_rate_at(10, cosine) == pytest.approx(0.01)
    assert learning_rate_at(60, cosine) == pytest.approx(0.0055)
    assert learning_rate_at(110, cosine) == pytest.approx(0.001)
    root = TrainingConfig(**values, schedule="inverse-sqrt")
    assert learning_rate_at(40, root) == pytest.approx(0.01 * math.sqrt(10 / 40))
    assert learning_rate_at(100, TrainingConfig(**values, schedule="constant")) == 0.01


def one_step(precision: str, **changes: object) -> tuple[nn.Linear, Optimizer, float]:
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    config = TrainingConfig.from_dict({"warmup_updates": 0, "learning_rate": 0.01, **changes})
    optimizer = Optimizer(model, config, precision)
    model(torch.ones(2, 4, dtype=model.weight.dtype)).float().square().sum().backward()
    return model, optimizer, optimizer.step(1, gradient_divisor=2)


def test_a_step_equals_pytorchs_adam() -> None:
    model, _, _ = one_step("float32")
    torch.manual_seed(0)
    reference = nn.Linear(4, 3)
    adam = torch.optim.AdamW(reference.parameters(), lr=0.01, betas=(0.9, 0.98), eps=1e-9, weight_decay=0)
    (reference(torch.ones(2, 4)).square().sum() / 2).backward()
    nn.utils.clip_grad_norm_(reference.parameters(), 1.0)
    adam.step()
    assert torch.allclose(model.weight, reference.weight, atol=1e-6)


def test_bfloat16_steps_keep_float32_masters() -> None:
    model, optimizer, _ = one_step("bfloat16")
    assert model.weight.dtype == torch.bfloat16
    assert optimizer.masters[0].dtype == torch.float32
    assert torch.equal(model.weight, optimizer.masters[0].bfloat16())
    assert not torch.equal(optimizer.masters[0], optimizer.masters[0].bfloat16().float())


def test_the_average_lies_between_old_and_new_weights() -> None:
    torch.manual_seed(0)
    start = nn.Linear(4, 3).weight.detach()
    model, optimizer, _ = one_step("float32", ema_decay=0.5)
    # Young averages forget faster: after one update the decay is 2/11.
    expected = start + (1 - 2 / 11) * (model.weight.detach() - start)
    assert torch.allclose(optimizer.weights()[0], expected, atol=1e-6)


def test_an_overflowing_gradient_is_not_applied() -> None:
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    before = model.weight.detach().clone()
    optimizer = Optimizer(model, TrainingConfig(warmup_updates=0), "float32")
    (model(torch.ones(1, 4)).sum() * math.inf).backward()
    assert not math.isfinite(optimizer.step(1, gradient_divisor=1))
    assert torch.equal(model.weight, before)
