"""Several processes that train one model together, as ``torchrun`` starts them; alone, each call is trivial."""

import contextlib
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import TypeVar

import torch

from seq2seq_demo.checkpoint import choose_device

T = TypeVar("T")

_PATIENCE = timedelta(hours=3)
"""How long a process waits for another: one trains the tokenizers, and validates, for all."""


def local_device(name: str | None) -> torch.device:
    """Choose this process' device: as `choose_device` does, and on several GPUs one for each process."""
    device = choose_device(name)
    if str(device) == "cuda" and "LOCAL_RANK" in os.environ:
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    return device


@contextlib.contextmanager
def process_group(device: torch.device) -> Iterator[None]:
    """Join the other processes where ``torchrun`` started this one: NCCL between GPUs, else gloo."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()


def joined() -> bool:
    """Tell whether this process works together with others."""
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def rank() -> int:
    """Return this process' number; 0 writes the files."""
    return torch.distributed.get_rank() if joined() else 0


def world_size() -> int:
    """Return the number of processes."""
    return torch.distributed.get_world_size() if joined() else 1


def barrier() -> None:
    """Wait until every process is here."""
    if joined():
        torch.distributed.barrier()


def gather(value: T) -> list[T]:
    """Return every process' value, by rank."""
    if not joined():
        return [value]
    values: list[T | None] = [None] * world_size()
    torch.distributed.all_gather_object(values, value)
    return [item for item in values if item is not None]


def from_first(value: T) -> T:
    """Return process 0's value in every process."""
    return gather(value)[0]
