"""The training loop.

An update is one optimiser step over a batch of about equally long pairs. Under ``torchrun`` every process takes its
share of the same global batch, gradients are added up and divided by the global number of tokens: any number of
processes computes what one would. The run's folder is a checkpoint with the best weights so far; beside them
``training_state/`` holds what `resume` needs to go on exactly where the run stopped. Two runs of one seed are the same,
unless cuts are drawn at random (`subword_sampling`): each run draws its own.
"""

import contextlib
import dataclasses
import json
import math
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from tqdm import tqdm

from seq2seq_demo import processes
from seq2seq_demo.checkpoint import Checkpoint, load_checkpoint, load_tokenizers, save_checkpoint
from seq2seq_demo.config import CheckpointConfig, Recipe
from seq2seq_demo.data import (
    Batch,
    EncodedCorpus,
    Pair,
    batch_indices,
    encode_pairs,
    make_batch,
    pairs_fingerprint,
    read_recipe_file,
    read_training_pairs,
)
from seq2seq_demo.errors import ConfigurationError, DataError
from seq2seq_demo.model import Seq2Seq
from seq2seq_demo.model.loss import divergence, smoothed_cross_entropy
from seq2seq_demo.optimisation import Optimizer, choose_precision, learning_rate_at
from seq2seq_demo.run_folder import RunFolder
from seq2seq_demo.tokenizer import PAD_ID, Tokenizer, train_tokenizer
from seq2seq_demo.validation import validate

_TOKENIZER_LINES = 500_000
"""Pairs that the tokenizers are trained on, at least, where there are so many; drawn evenly over the corpus."""
_MOST_OVERFLOWS = 50
"""Updates in a row without a finite gradient after which a run has diverged."""
_MAY_CHANGE = {
    *("max_updates", "patience", "validate_every", "save_every", "log_every", "validation_sentences"),
    "unit_embeddings",  # only a new network asks
}
"""Fields of [training] that a resumed run may set anew."""

Ending = Literal["finished", "stopped early", "interrupted"]


@dataclass(frozen=True)
class TrainingResult:
    """How a run ended."""

    output: Path
    updates: int
    best: float | None
    """Best validation figure; None before the first validation."""
    ending: Ending


def train(
    recipe: Recipe,
    *,
    data_dir: Path,
    output: Path,
    resume: bool = False,
    init_from: Path | None = None,
    tokenizers_from: Path | None = None,
    vectors_from: Path | None = None,
    device: str | None = None,
) -> TrainingResult:
    """Train a checkpoint by a recipe; Ctrl-C saves the state after the current update.

    Args:
        recipe: Architecture, tokenizers, data and training.
        data_dir: Folder that the recipe's file names are relative to.
        output: The checkpoint's folder.
        resume: Go on from the state in `output`; what `init_from` was at the start need not be said again.
        init_from: Checkpoint folder whose weights and tokenizers the run starts with.
        tokenizers_from: Checkpoint folder whose tokenizers alone the run takes in place of training its own: with
            another run of the same data, tokenizer settings and seed they are what it would train.
        vectors_from: Checkpoint folder of a model between the same two languages, in either direction, whose
            tokenizers and word vectors the run starts with, each language's for that language's side.
        device: ``cpu``, ``cuda``, ``mps``; None chooses.

    Raises:
        ConfigurationError: `output` holds another run, there is nothing to resume, or sizes do not fit.
        CheckpointError: `init_from`, `tokenizers_from`, `vectors_from` or the state cannot be read, or `output` cannot
            be written.
        DataError: a corpus file is missing, empty or has a bad row.
    """
    folder = RunFolder(output)
    folder.check(resume=resume)
    chosen = processes.local_device(device)
    with processes.process_group(chosen):
        # What is quick to read is read first: its mistakes should not come to light after minutes.
        dev_pairs = _dev_pairs(recipe, data_dir)
        start = None if init_from is None or resume else load_checkpoint(init_from)
        given = None if tokenizers_from is None or resume else load_tokenizers(tokenizers_from)
        if start is not None:
            given = start.source_tokenizer, start.target_tokenizer
        vectors = None if vectors_from is None or resume else _vectors(load_checkpoint(vectors_from), recipe)
        if vectors is not None:
            given = vectors[0].tokenizer, vectors[1].tokenizer
        state = folder.load_state() if resume else None
        if state is not None:
            _check_recipe(recipe, state, folder)
        pairs = read_training_pairs(data_dir, recipe.data, seed=recipe.training.seed)
        if not resume and processes.rank() == 0:
            folder.start()
            folder.save_tokenizers(*(given or _train_tokenizers(recipe, pairs)))
        processes.barrier()
        tokenizers = folder.load_tokenizers()
        corpus = _encode(recipe, pairs, tokenizers, folder=folder, resume=resume)
        del pairs
        trainer = Trainer(recipe, tokenizers, corpus, dev_pairs, folder=folder, device=chosen)
        if start is not None:
            trainer.load_weights(start.model)
        if vectors is not None:
            trainer.load_vectors(*vectors)
        if state is not None:
            trainer.load_state(state)
        return trainer.run()


def _encode(
    recipe: Recipe, pairs: list[Pair], tokenizers: tuple[Tokenizer, Tokenizer], *, folder: RunFolder, resume: bool
) -> EncodedCorpus:
    """Encode the training pairs; cuts drawn at random are process 0's, and the run's folder keeps them.

    No other process, and no later one, could draw the same (`Tokenizer.sample_batch`).

    Raises:
        ConfigurationError: a run to resume was started with other texts.
        CheckpointError: the folder's corpus cannot be read or written.
        DataError: no pair is left.
    """
    if not recipe.data.subword_sampling:
        return encode_pairs(pairs, *tokenizers, config=recipe.data)
    texts = pairs_fingerprint(pairs)
    if not resume and processes.rank() == 0:
        drawn = encode_pairs(pairs, *tokenizers, config=recipe.data, seed=recipe.training.seed)
        folder.save_corpus(drawn, texts=texts)
    processes.barrier()
    corpus, saved = folder.load_corpus()
    if saved != texts:
        raise _other_corpus(folder)
    return corpus


def _check_recipe(recipe: Recipe, state: dict[str, Any], folder: RunFolder) -> None:
    """Raise a `ConfigurationError` where a run to resume was started with what cannot change in between."""
    # Read as a recipe, so that a field that is newer than the run has its default there too.
    saved = Recipe.from_dict(json.loads(state["recipe"]))
    changed = _changed(saved.to_dict(), recipe.to_dict())
    if changed:
        raise ConfigurationError(
            "other_recipe",
            f"the run in {folder.path} was started with another {changed}; resume it with what it had.",
            {"field": changed},
        )


def _other_corpus(folder: RunFolder) -> ConfigurationError:
    return ConfigurationError(
        "other_corpus",
        f"the training files are not those that the run in {folder.path} was started with.",
        {"field": "data_dir"},
    )


@dataclass(frozen=True, eq=False)
class _Vectors:
    """One language of a trained model."""

    tokenizer: Tokenizer
    weight: torch.Tensor
    """(vocabulary size, embedding size)."""


def _vectors(other: Checkpoint, recipe: Recipe) -> tuple[_Vectors, _Vectors]:
    """Return a checkpoint's word vectors for the recipe's source language and for its target language."""
    theirs = {
        other.config.source_language: _Vectors(other.source_tokenizer, other.model.encoder.embedding.weight),
        other.config.target_language: _Vectors(other.target_tokenizer, other.model.decoder.embedding.weight),
    }
    languages = recipe.data.source_language, recipe.data.target_language
    if recipe.model.tied == "all":
        raise ConfigurationError(
            "one_table",
            "--vectors-from brings one table of word vectors for each language; this recipe has one for both "
            "(model.tied = 'all').",
            {"field": "tied", "got": recipe.model.tied},
        )
    if len(set(languages)) != 2 or set(languages) != set(theirs):
        raise ConfigurationError(
            "other_languages",
            f"--vectors-from is a model between {' and '.join(map(repr, sorted(theirs)))}, and the recipe's [data] is "
            f"between {languages[0]!r} and {languages[1]!r}.",
            {"field": "source_language", "allowed": sorted(theirs), "got": list(languages)},
        )
    return theirs[languages[0]], theirs[languages[1]]


def _train_tokenizers(recipe: Recipe, pairs: Sequence[Pair]) -> tuple[Tokenizer, Tokenizer]:
    config, seed = recipe.tokenizer, recipe.training.seed
    sample = pairs[:: max(1, len(pairs) // _TOKENIZER_LINES)]
    sources, targets = [pair[0] for pair in sample], [pair[1] for pair in sample]
    if config.shared:
        both = train_tokenizer(sources + targets, vocab_size=config.source_vocab_size, config=config, seed=seed)
        return both, both
    of_targets = dataclasses.replace(config, model_type=config.target_model_type or config.model_type)
    return (
        train_tokenizer(sources, vocab_size=config.source_vocab_size, config=config, seed=seed),
        train_tokenizer(targets, vocab_size=config.target_vocab_size, config=of_targets, seed=seed),
    )


def _dev_pairs(recipe: Recipe, data_dir: Path) -> list[Pair]:
    if not recipe.data.dev:
        raise DataError("no_data", "the recipe names no development file: set data.dev.")
    path = data_dir / recipe.data.dev
    pairs = list(read_recipe_file(path, recipe.data))[: recipe.training.validation_sentences]
    if not pairs:
        raise DataError("no_data", f"the development file {path} has no pairs.", {"file": str(path)})
    return pairs


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
    overflows: int = 0
    """Updates in a row whose gradient was not finite; they were not applied."""
    seconds: float = 0.0
    """Training time, validation included, over all starts of the run."""


class Trainer:
    """One run: model, optimiser, corpus and where it stands.

    Args:
        recipe: The recipe.
        tokenizers: Source and target.
        corpus: Encoded training pairs.
        dev_pairs: Normalised development pairs.
        folder: For the best checkpoint, the log and the state.
        device: Where to train.
    """

    def __init__(
        self,
        recipe: Recipe,
        tokenizers: tuple[Tokenizer, Tokenizer],
        corpus: EncodedCorpus,
        dev_pairs: list[Pair],
        *,
        folder: RunFolder,
        device: torch.device,
    ) -> None:
        self.recipe, self.config = recipe, recipe.training
        self.tokenizers, self.corpus, self.dev_pairs = tokenizers, corpus, dev_pairs
        self.folder, self.device = folder, device
        self.rank, self.world = processes.rank(), processes.world_size()
        torch.manual_seed(self.config.seed)
        model_config = recipe.model.with_vocabularies(tokenizers[0].vocab_size, tokenizers[1].vocab_size)
        self.model = Seq2Seq(model_config).to(device)
        if self.config.unit_embeddings:
            self.model.expect_unit_embeddings()
        # Validated in float32, with the averaged weights, whatever the training computes in.
        self.validation_model = Seq2Seq(model_config).to(device)
        # Every process has drawn the same weights; from here on each draws its own dropout.
        torch.manual_seed(self.config.seed + self.rank)
        self.precision = choose_precision(self.config.precision, device)
        self.optimizer = Optimizer(self.model, self.config, self.precision)
        self.progress = _Progress()
        self.validate_first = False
        self.interrupted = False
        self.batches: list[np.ndarray] = []

    def run(self) -> TrainingResult:
        """Train until `max_updates`, early stopping or an interruption."""
        ending: Ending = "finished"
        self._log({"kind": "start", "update": self.progress.update, **self._description()})
        with (
            self._interruptible(),
            tqdm(
                total=self.config.max_updates,
                initial=self.progress.update,
                unit="update",
                disable=True if self.rank else None,  # None: where nobody watches a terminal, there is no bar
                dynamic_ncols=True,
            ) as bar,
        ):
            if self.validate_first and not self.progress.update:
                self._validate(bar)
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
        return TrainingResult(self.folder.path, self.progress.update, self.progress.best, ending)

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
        if not self.batches:
            self._shuffle()
        if progress.position >= len(self.batches):
            progress.epoch += 1
            progress.position = 0
            self._shuffle()
        progress.position += 1
        return self.batches[progress.position - 1]

    def _shuffle(self) -> None:
        seed = self.config.seed * 100_003 + self.progress.epoch
        self.batches = batch_indices(self.corpus, self.config.batch_tokens, seed=seed)

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
        norm = self.optimizer.step(self.progress.update, gradient_divisor=tokens, shared=shared)
        total, stop = shared.tolist()
        self._count(total, tokens, finite=math.isfinite(norm))
        seconds = time.perf_counter() - started
        self.progress.window_seconds += seconds
        self.progress.seconds += seconds
        return bool(stop > 0)

    def _count(self, loss: float, tokens: int, *, finite: bool) -> None:
        """Note an update's loss, in nats; give up where nothing has been finite for long."""
        progress = self.progress
        progress.overflows = 0 if finite else progress.overflows + 1
        if progress.overflows >= _MOST_OVERFLOWS:
            raise ConfigurationError(
                "diverged",
                f"the gradient was not finite for {_MOST_OVERFLOWS} updates in a row, up to update {progress.update}; "
                f"choose a training.learning_rate below {self.config.learning_rate:g}.",
                {"field": "learning_rate", "got": self.config.learning_rate},
            )
        progress.window_loss += loss
        progress.window_tokens += tokens

    def _loss(self, batch: Batch) -> torch.Tensor:
        """Sum of the training loss over the batch's target tokens, in nats."""
        config = self.config
        if config.r_drop:
            batch = batch.doubled()
        self.model.train()
        mixed = torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "autocast")
        with mixed:
            logits, _ = self.model(
                batch.src, batch.src_lengths, batch.tgt_in, teacher_forcing_ratio=config.teacher_forcing_ratio
            )
        loss = smoothed_cross_entropy(logits, batch.tgt_out, pad_id=PAD_ID, label_smoothing=config.label_smoothing)
        if not config.r_drop:
            return loss
        first, second = logits.chunk(2)
        apart = divergence(first, second, batch.tgt_out[: len(first)], pad_id=PAD_ID)
        # Half of the paper's sum, so that the loss counts each token once.
        return (loss + config.r_drop * apart) / 2

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
            "overflows": progress.overflows,
            "seconds": round(progress.seconds, 1),
        }
        self._log(record)
        bar.set_postfix_str(f"loss {record['loss']:.3f}, {record['tokens_per_second']} tok/s")
        progress.window_loss, progress.window_tokens, progress.window_seconds = 0.0, 0, 0.0

    def _validate(self, bar: "tqdm[Any]") -> None:
        """Measure on the development set; keep the weights where they are the best so far."""
        progress = self.progress
        started = time.perf_counter()
        figures: dict[str, float] = {}
        figure, better = math.nan, False
        if self.rank == 0:
            with torch.no_grad():
                torch._foreach_copy_(list(self.validation_model.parameters()), self.optimizer.weights())
            result = validate(self.validation_model, self.tokenizers, self.dev_pairs, self.config)
            figures = {name: round(value, 4) for name, value in result.figures.items()}
            figure = result.figures[self.config.validation_metric]
            first = progress.best is None
            better = math.isfinite(figure) and (first or (figure - (progress.best or 0)) * result.direction > 0)
            if better:
                self._keep()
        # Not the rounded figure of the log: against that one an equal loss could pass for a smaller one.
        figure, better = processes.from_first((figure, better))
        progress.best = figure if better else progress.best
        progress.without_gain = 0 if better else progress.without_gain + 1
        progress.seconds += time.perf_counter() - started
        self._log({"kind": "validation", "update": progress.update, **figures, "best": better})
        if self.rank == 0:
            line = f"update {progress.update}: {figures}{' (best so far)' if better else ''}"
            bar.write(line, file=sys.stderr)

    def _keep(self) -> None:
        recipe, data = self.recipe, self.recipe.data
        config = CheckpointConfig(
            self.model.config, data.source_language, data.target_language, recipe.name, recipe.examples, data.task
        )
        source, target = self.tokenizers
        save_checkpoint(
            self.folder.path,
            model=self.validation_model,
            source_tokenizer=source,
            target_tokenizer=target,
            config=config,
            half=True,
        )

    def _log(self, record: dict[str, Any]) -> None:
        if self.rank == 0:
            self.folder.log(record)

    def save_state(self) -> None:
        """Write all that `load_state` needs; every process calls this, one writes."""
        on_gpu = self.device.type == "cuda"
        random = processes.gather(
            {"cpu": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state(self.device) if on_gpu else None}
        )
        if self.rank == 0:
            self.folder.save_state(
                {
                    "recipe": json.dumps(self.recipe.to_dict()),
                    "corpus": self.corpus.fingerprint(),
                    "progress": dataclasses.asdict(self.progress),
                    "optimizer": self.optimizer.state_dict(),
                    "random": random,
                }
            )

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on where `save_state` left off.

        Raises:
            ConfigurationError: the run was started with another corpus or number of processes.
        """
        if state["corpus"] != self.corpus.fingerprint():
            raise _other_corpus(self.folder)
        if len(state["random"]) != self.world:
            raise ConfigurationError(
                "other_processes",
                f"the run in {self.folder.path} was started with {len(state['random'])} process(es); got {self.world}.",
                {"allowed": len(state["random"]), "got": self.world},
            )
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = _Progress(**state["progress"])
        random = state["random"][self.rank]
        torch.set_rng_state(random["cpu"])
        if random["cuda"] is not None and self.device.type == "cuda":
            torch.cuda.set_rng_state(random["cuda"], self.device)
        if self.rank == 0:
            self.folder.cut_log(state["log_bytes"])
        processes.barrier()

    def load_weights(self, model: Seq2Seq) -> None:
        """Start from the weights of a model with the same architecture; its dropout may differ.

        Raises:
            ConfigurationError: another architecture; names the fields.
        """
        theirs, mine = model.config.to_dict(), self.model.config.to_dict()
        other = [name for name in mine if name != "dropout" and mine[name] != theirs[name]]
        if other:
            words = ", ".join(f"{name} is {theirs[name]!r} there and {mine[name]!r} here" for name in other)
            raise ConfigurationError(
                "other_architecture",
                f"--init-from has another architecture than the recipe's [model]: {words}.",
                {"field": other[0], "allowed": theirs[other[0]], "got": mine[other[0]]},
            )
        # Back to float32 first: the masters are copied from the model and must not be rounded on the way.
        self.model.float().load_state_dict(model.state_dict())
        self.optimizer = Optimizer(self.model, self.config, self.precision)
        # Where training only makes them worse, the weights that it began with are the best.
        self.validate_first = True

    def load_vectors(self, source: _Vectors, target: _Vectors) -> None:
        """Start with trained word vectors; all other weights stay as they were drawn.

        Raises:
            ConfigurationError: vectors of another size.
        """
        self.model.float()
        with torch.no_grad():
            for embedding, vectors in ((self.model.encoder.embedding, source), (self.model.decoder.embedding, target)):
                if vectors.weight.shape[1] != embedding.embedding_dim:
                    raise ConfigurationError(
                        "other_architecture",
                        f"--vectors-from has word vectors of {vectors.weight.shape[1]} numbers; the recipe's "
                        f"embedding_size is {embedding.embedding_dim}.",
                        {"field": "embedding_size", "allowed": vectors.weight.shape[1], "got": embedding.embedding_dim},
                    )
                embedding.weight.copy_(vectors.weight)
        self.optimizer = Optimizer(self.model, self.config, self.precision)


def _changed(saved: dict[str, Any], mine: dict[str, Any]) -> str:
    """Name the first part of a recipe that differs and must not; empty where there is none."""
    for part in ("model", "tokenizer", "data"):
        if saved[part] != mine[part]:
            return f"[{part}]"
    for name, value in mine["training"].items():
        if name not in _MAY_CHANGE and saved["training"].get(name) != value:
            return f"training.{name}"
    return ""


def _hardware(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.cpu.get_capabilities().get('cpu_name', 'CPU')}, {os.cpu_count()} cores"
