"""The training loop.

An update is one optimiser step over a batch of about equally long pairs. Under ``torchrun`` every process takes its
share of the same global batch, gradients are added up and divided by the global number of tokens: any number of
processes computes what one would. The run's folder is a checkpoint with the best weights so far; beside them
``training_state/`` holds what `resume` needs to go on exactly where the run stopped.
"""

import contextlib
import dataclasses
import json
import math
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from tqdm import tqdm

from seq2seq_demo.checkpoint import choose_device, load_checkpoint, save_checkpoint
from seq2seq_demo.config import CheckpointConfig, Recipe
from seq2seq_demo.data import (
    Batch,
    EncodedCorpus,
    Pair,
    batch_indices,
    encode_pairs,
    make_batch,
    read_training_pairs,
    read_tsv,
)
from seq2seq_demo.errors import ConfigurationError, DataError
from seq2seq_demo.model import Seq2Seq
from seq2seq_demo.model.loss import smoothed_cross_entropy
from seq2seq_demo.optimisation import Optimizer, choose_precision, learning_rate_at
from seq2seq_demo.tokenizer import PAD_ID, Tokenizer, train_tokenizer
from seq2seq_demo.validation import Validation, validate

STATE_FOLDER = "training_state"
LOG_FILE = "training_log.jsonl"
_TOKENIZER_LINES = 500_000
"""Lines that the tokenizers are trained on, drawn evenly over the corpus."""


@dataclass(frozen=True)
class TrainingResult:
    """How a run ended."""

    output: Path
    updates: int
    best: float | None
    """Best validation figure; None before the first validation."""
    ending: Literal["finished", "stopped early", "interrupted"]


def train(
    recipe: Recipe,
    *,
    data_dir: Path,
    output: Path,
    resume: bool = False,
    init_from: Path | None = None,
    device: str | None = None,
) -> TrainingResult:
    """Train a checkpoint by a recipe; Ctrl-C saves the state after the current update.

    Args:
        recipe: Architecture, tokenizers, data and training.
        data_dir: Folder that the recipe's file names are relative to.
        output: The checkpoint's folder.
        resume: Go on from the state in `output`.
        init_from: Checkpoint folder whose weights and tokenizers the run starts with.
        device: ``cpu``, ``cuda``, ``mps``; None chooses.

    Raises:
        ConfigurationError: `output` holds another run, there is nothing to resume, or sizes do not fit.
        DataError: a corpus file is missing or has a bad row.
    """
    _check_output(output, resume=resume, init_from=init_from)
    with _process_group() as rank:
        chosen = _local_device(device)
        pairs = read_training_pairs(data_dir, recipe.data, seed=recipe.training.seed)
        tokenizers = _tokenizers(recipe, pairs, output, init_from=init_from, rank=rank)
        trainer = Trainer(recipe, tokenizers, pairs, _dev_pairs(recipe, data_dir), output=output, device=chosen)
        if init_from is not None and not resume:
            trainer.load_weights(init_from)
        if resume:
            trainer.load_state()
        return trainer.run()


def _check_output(output: Path, *, resume: bool, init_from: Path | None) -> None:
    state = output / STATE_FOLDER / "state.pt"
    if resume and not state.is_file():
        raise ConfigurationError(
            "nothing_to_resume", f"{output} holds no training state; leave --resume out.", {"field": "resume"}
        )
    if not resume and state.is_file():
        raise ConfigurationError(
            "output_in_use", f"{output} holds a run already; use --resume, or another folder.", {"field": "output"}
        )
    if init_from is not None and not (init_from / "config.json").is_file():
        raise ConfigurationError(
            "no_checkpoint", f"init_from must be a checkpoint folder; got {init_from}.", {"field": "init_from"}
        )
    output.mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def _process_group() -> Iterator[int]:
    """Join the other processes where ``torchrun`` started this one; yields the rank."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield 0
        return
    torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield torch.distributed.get_rank()
    finally:
        torch.distributed.destroy_process_group()


def _local_device(name: str | None) -> torch.device:
    device = choose_device(name)
    if device.type == "cuda" and "LOCAL_RANK" in os.environ:
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    return device


def _barrier() -> None:
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()


def _tokenizers(
    recipe: Recipe, pairs: list[Pair], output: Path, *, init_from: Path | None, rank: int
) -> tuple[Tokenizer, Tokenizer]:
    """Take the tokenizers of `init_from` or of an earlier start, or train them; one process writes for all."""
    if init_from is not None:
        checkpoint = load_checkpoint(init_from)
        return checkpoint.source_tokenizer, checkpoint.target_tokenizer
    folder = output / STATE_FOLDER
    folder.mkdir(exist_ok=True)
    names = ("shared.model", "shared.model") if recipe.tokenizer.shared else ("source.model", "target.model")
    if rank == 0 and not all((folder / name).is_file() for name in names):
        _train_tokenizers(recipe, pairs, folder)
    _barrier()
    source, target = (Tokenizer.from_file(folder / name) for name in names)
    return (source, source) if recipe.tokenizer.shared else (source, target)


def _train_tokenizers(recipe: Recipe, pairs: list[Pair], folder: Path) -> None:
    config, seed = recipe.tokenizer, recipe.training.seed
    sample = pairs[:: max(1, len(pairs) // _TOKENIZER_LINES)]
    sources, targets = [pair[0] for pair in sample], [pair[1] for pair in sample]
    if config.shared:
        both = train_tokenizer(sources + targets, vocab_size=config.source_vocab_size, config=config, seed=seed)
        both.save(folder / "shared.model")
        return
    for name, lines, size in (
        ("source.model", sources, config.source_vocab_size),
        ("target.model", targets, config.target_vocab_size),
    ):
        train_tokenizer(lines, vocab_size=size, config=config, seed=seed).save(folder / name)


def _dev_pairs(recipe: Recipe, data_dir: Path) -> list[Pair]:
    if not recipe.data.dev:
        raise DataError("no_data", "the recipe names no development file: set data.dev.")
    data = recipe.data
    rows = read_tsv(data_dir / data.dev, source_column=data.source_column, target_column=data.target_column)
    return list(rows)[: recipe.training.validation_sentences]


@dataclass
class _Progress:
    """Where a run stands; saved with its state."""

    update: int = 0
    epoch: int = 0
    position: int = 0
    """Batches of the current epoch already used."""
    best: float | None = None
    without_gain: int = 0
    """Validations since the best one."""
    window_loss: float = 0.0
    window_tokens: int = 0
    window_seconds: float = 0.0
    """Sums since the last line of the log."""
    seconds: float = 0.0
    """Training time, validation included, over all sessions of the run."""


class Trainer:
    """One run: model, optimiser, corpus and where it stands.

    Args:
        recipe: The recipe.
        tokenizers: Source and target.
        pairs: Normalised training pairs.
        dev_pairs: Normalised development pairs.
        output: Folder for the best checkpoint, the log and the state.
        device: Where to train.
    """

    def __init__(
        self,
        recipe: Recipe,
        tokenizers: tuple[Tokenizer, Tokenizer],
        pairs: list[Pair],
        dev_pairs: list[Pair],
        *,
        output: Path,
        device: torch.device,
    ) -> None:
        self.recipe, self.config = recipe, recipe.training
        self.tokenizers, self.dev_pairs = tokenizers, dev_pairs
        self.output, self.device = output, device
        self.corpus: EncodedCorpus = encode_pairs(pairs, *tokenizers, config=recipe.data)
        torch.manual_seed(self.config.seed)
        model_config = recipe.model.with_vocabularies(tokenizers[0].vocab_size, tokenizers[1].vocab_size)
        self.model = Seq2Seq(model_config).to(device)
        # Validated in float32, with the averaged weights, whatever the training computes in.
        self.validation_model = Seq2Seq(model_config).to(device)
        self.precision = choose_precision(self.config.precision, device)
        self.optimizer = Optimizer(self.model, self.config, self.precision)
        self.progress = _Progress()
        self.interrupted = False
        distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
        self.rank = torch.distributed.get_rank() if distributed else 0
        self.world = torch.distributed.get_world_size() if distributed else 1
        self.batches: list[np.ndarray] = []

    def run(self) -> TrainingResult:
        """Train until `max_updates`, early stopping or an interruption."""
        ending: Literal["finished", "stopped early", "interrupted"] = "finished"
        self._log({"kind": "start", "update": self.progress.update, **self._description()})
        with (
            self._interruptible(),
            tqdm(
                total=self.config.max_updates,
                initial=self.progress.update,
                unit="update",
                disable=self.rank != 0,
                dynamic_ncols=True,
            ) as bar,
        ):
            while self.progress.update < self.config.max_updates:
                stop = self._update(self._next_batch())
                bar.update()
                if self.progress.update % self.config.log_every == 0:
                    self._log_window(bar)
                if self._due(self.config.validate_every) or self.progress.update == self.config.max_updates:
                    self._validate(bar)
                    if self.config.patience and self.progress.without_gain >= self.config.patience:
                        ending = "stopped early"
                        break
                if stop:
                    ending = "interrupted"
                    break
                if self._due(self.config.save_every):
                    self.save_state()
        self.save_state()
        self._log({"kind": "end", "update": self.progress.update, "ending": ending})
        return TrainingResult(self.output, self.progress.update, self.progress.best, ending)

    def _due(self, every: int) -> bool:
        return self.progress.update % every == 0

    def _description(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe.name,
            "pairs": len(self.corpus),
            "pairs_dropped": self.corpus.dropped,
            "parameters": self.model.parameter_count,
            "device": str(self.device),
            "hardware": _hardware(self.device),
            "threads": torch.get_num_threads(),
            "processes": self.world,
            "precision": self.precision,
        }

    @contextlib.contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Turn Ctrl-C and SIGTERM into a stop after the current update; a second one stops at once."""

        def note(number: int, frame: object) -> None:
            self.interrupted = True
            signal.signal(number, previous[signal.Signals(number)])

        signals = (signal.SIGINT, signal.SIGTERM)
        try:
            previous = {number: signal.signal(number, note) for number in signals}
        except ValueError:
            # Only the main thread may set handlers: in another one the caller's own handling stays.
            yield
            return
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _next_batch(self) -> np.ndarray:
        """Pairs of the next global batch; a new epoch has a new order, the same for the same seed."""
        progress = self.progress
        if self.batches and progress.position >= len(self.batches):
            progress.epoch += 1
            progress.position = 0
            self.batches = []
        if not self.batches:
            seed = self.config.seed * 100_003 + progress.epoch
            self.batches = batch_indices(self.corpus, self.config.batch_tokens, seed=seed)
        progress.position += 1
        return self.batches[progress.position - 1]

    def _update(self, indices: np.ndarray) -> bool:
        """Take one optimiser step; returns whether any process was asked to stop."""
        started = time.perf_counter()
        tokens = int((self.corpus.targets.lengths[indices] + 1).sum())
        share = indices[self.rank :: self.world]
        # Summed over the processes with the gradients: the loss, and the wish to stop, so that all stop together.
        shared = torch.tensor([0.0, float(self.interrupted)], device=self.device)
        if len(share):
            loss = self._loss(make_batch(self.corpus, share).to(self.device))
            loss.backward()
            shared[0] = loss.detach()
        self.progress.update += 1
        self.optimizer.step(self.progress.update, gradient_divisor=tokens, shared=shared)
        total, stop = shared.tolist()
        self.progress.window_loss += total
        self.progress.window_tokens += tokens
        seconds = time.perf_counter() - started
        self.progress.window_seconds += seconds
        self.progress.seconds += seconds
        return bool(stop > 0)

    def _loss(self, batch: Batch) -> torch.Tensor:
        """Sum of the training loss over the batch's target tokens, in nats."""
        self.model.train()
        mixed = torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "autocast")
        with mixed:
            logits, _ = self.model(
                batch.src, batch.src_lengths, batch.tgt_in, teacher_forcing_ratio=self.config.teacher_forcing_ratio
            )
        return smoothed_cross_entropy(logits, batch.tgt_out, pad_id=PAD_ID, label_smoothing=self.config.label_smoothing)

    def _log_window(self, bar: "tqdm[Any]") -> None:
        """Log the mean loss and the speed since the last line."""
        progress = self.progress
        record = {
            "kind": "train",
            "update": progress.update,
            "epoch": progress.epoch,
            "loss": round(progress.window_loss / progress.window_tokens, 6),
            "learning_rate": learning_rate_at(progress.update, self.config),
            "tokens_per_second": round(progress.window_tokens / progress.window_seconds),
            "seconds": round(progress.seconds, 1),
        }
        self._log(record)
        bar.set_postfix_str(f"loss {record['loss']:.3f}, {record['tokens_per_second']} tok/s")
        progress.window_loss, progress.window_tokens, progress.window_seconds = 0.0, 0, 0.0

    def _validate(self, bar: "tqdm[Any]") -> None:
        """Measure on the development set; keep the weights where they are the best so far."""
        progress = self.progress
        started = time.perf_counter()
        if self.rank == 0:
            with torch.no_grad():
                torch._foreach_copy_(list(self.validation_model.parameters()), self.optimizer.weights())
            result = validate(self.validation_model, self.tokenizers, self.dev_pairs, self.config)
            figure = result.figures[self.config.validation_metric]
            better = progress.best is None or (figure - progress.best) * result.direction > 0
            if better:
                self._keep()
        else:
            result, figure, better = Validation({}, 1), math.nan, False
        decision = torch.tensor([figure, float(better)], dtype=torch.float64, device=self.device)
        if self.world > 1:
            torch.distributed.broadcast(decision, src=0)
        figure, better = float(decision[0]), bool(decision[1])
        progress.best = figure if better else progress.best
        progress.without_gain = 0 if better else progress.without_gain + 1
        progress.seconds += time.perf_counter() - started
        rounded = {name: round(value, 4) for name, value in result.figures.items()}
        self._log({"kind": "validation", "update": progress.update, **rounded, "best": better})
        if self.rank == 0:
            bar.write(f"update {progress.update}: {rounded}{' (best so far)' if better else ''}")

    def _keep(self) -> None:
        recipe = self.recipe
        config = CheckpointConfig(
            self.model.config, recipe.data.source_language, recipe.data.target_language, recipe.name, recipe.examples
        )
        source, target = self.tokenizers
        save_checkpoint(
            self.output,
            model=self.validation_model,
            source_tokenizer=source,
            target_tokenizer=target,
            config=config,
            half=True,
        )

    def _log(self, record: dict[str, Any]) -> None:
        if self.rank == 0:
            with (self.output / LOG_FILE).open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(record, ensure_ascii=False) + "\n")

    def save_state(self) -> None:
        """Write all that `load_state` needs, in one step, so that a crash leaves the old state or the new one."""
        if self.rank != 0:
            return
        state = {
            "recipe": json.dumps(self.recipe.to_dict()),
            "progress": dataclasses.asdict(self.progress),
            "optimizer": self.optimizer.state_dict(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state() if self.device.type == "cuda" else None,
            "log_bytes": (self.output / LOG_FILE).stat().st_size,
        }
        folder = self.output / STATE_FOLDER
        folder.mkdir(exist_ok=True)
        torch.save(state, folder / "state.tmp")
        (folder / "state.tmp").replace(folder / "state.pt")

    def load_state(self) -> None:
        """Go on where `save_state` left off.

        Raises:
            ConfigurationError: the state was saved under another architecture, tokenizer, corpus or seed.
        """
        state = torch.load(self.output / STATE_FOLDER / "state.pt", map_location="cpu", weights_only=True)
        saved = json.loads(state["recipe"])
        mine = json.loads(json.dumps(self.recipe.to_dict()))
        for part in ("model", "tokenizer", "data"):
            if saved[part] != mine[part]:
                raise ConfigurationError(
                    "other_recipe", f"the run in {self.output} was started with another [{part}].", {"field": part}
                )
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = _Progress(**state["progress"])
        torch.set_rng_state(state["random"])
        if state["random_cuda"] is not None and self.device.type == "cuda":
            torch.cuda.set_rng_state(state["random_cuda"])
        if self.rank == 0:
            # Lines after the saved state describe updates that will be made again.
            os.truncate(self.output / LOG_FILE, state["log_bytes"])
        _barrier()

    def load_weights(self, folder: Path) -> None:
        """Start from the weights of a checkpoint with the same architecture.

        Raises:
            ConfigurationError: another architecture.
        """
        checkpoint = load_checkpoint(folder)
        if checkpoint.config.model != self.model.config:
            raise ConfigurationError(
                "other_architecture",
                f"{folder} has another architecture than the recipe's [model].",
                {"field": "init_from"},
            )
        # Back to float32 first: the masters are copied from the model and must not be rounded on the way.
        self.model.float().load_state_dict(checkpoint.model.state_dict())
        self.optimizer = Optimizer(self.model, self.config, self.precision)


def _hardware(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.cpu.get_capabilities().get('cpu_name', 'CPU')}, {os.cpu_count()} cores"
