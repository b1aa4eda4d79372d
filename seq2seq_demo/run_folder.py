"""The folder of a training run: a checkpoint, its log, and beside them the state from which the run can go on."""

import json
import math
import os
import pickle
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seq2seq_demo.data import EncodedCorpus, TokenSequences
from seq2seq_demo.errors import CheckpointError, ConfigurationError
from seq2seq_demo.tokenizer import Tokenizer

_TOKENIZERS = {True: ("shared.model", "shared.model"), False: ("source.model", "target.model")}


class RunFolder:
    """Reads and writes a run's files; several processes may read, one writes.

    The state is PyTorch's own format, read with ``weights_only``: it is the trainer's private file, not a part of
    the checkpoint, and is never uploaded.

    Args:
        path: The folder; made where there is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state_folder = path / "training_state"
        self._state = self.state_folder / "state.pt"
        self._corpus = self.state_folder / "corpus.npz"
        self._log = path / "training_log.jsonl"

    def check(self, *, resume: bool) -> None:
        """Raise a `ConfigurationError` unless the folder is free, or holds a run to resume."""
        if resume and not self._state.is_file():
            raise ConfigurationError(
                "nothing_to_resume", f"{self.path} holds no training state; leave --resume out.", {"field": "resume"}
            )
        if not resume and self._state.is_file():
            raise ConfigurationError(
                "output_in_use",
                f"{self.path} holds a run already; use --resume, or another folder.",
                {"field": "output"},
            )

    def start(self) -> None:
        """Make the folder, and clear away what a start that came to nothing has left."""
        with self._writing():
            self.state_folder.mkdir(parents=True, exist_ok=True)
            for name in {*_TOKENIZERS[True], *_TOKENIZERS[False], self._corpus.name}:
                (self.state_folder / name).unlink(missing_ok=True)
            self._log.unlink(missing_ok=True)

    def save_tokenizers(self, source: Tokenizer, target: Tokenizer) -> None:
        """Keep the tokenizers: a resumed run must not train others."""
        with self._writing():
            shared = source.model_proto == target.model_proto
            for name, tokenizer in zip(_TOKENIZERS[shared], (source, target), strict=True):
                tokenizer.save(self.state_folder / name)

    def load_tokenizers(self) -> tuple[Tokenizer, Tokenizer]:
        """Return the run's tokenizers; one object where both sides share it.

        Raises:
            CheckpointError: a file is missing or damaged.
        """
        names = _TOKENIZERS[(self.state_folder / _TOKENIZERS[True][0]).is_file()]
        source = Tokenizer.from_file(self.state_folder / names[0])
        return source, source if names[0] == names[1] else Tokenizer.from_file(self.state_folder / names[1])

    def save_corpus(self, corpus: EncodedCorpus, *, texts: str) -> None:
        """Keep the ids of a corpus whose cuts were drawn at random, with the fingerprint of its texts.

        Raises:
            CheckpointError: the folder cannot be written.
        """
        arrays = {"texts": np.array(texts), "dropped": np.array(corpus.dropped)}
        for side, ids in (("source", corpus.sources), ("target", corpus.targets)):
            arrays |= {f"{side}_{name}": array for name, array in ids.arrays().items()}
        with self._writing():
            np.savez(self._corpus, allow_pickle=False, **arrays)

    def load_corpus(self) -> tuple[EncodedCorpus, str]:
        """Return what `save_corpus` kept.

        Raises:
            CheckpointError: the file is missing or damaged.
        """
        try:
            with self._corpus.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                sources, targets = (
                    TokenSequences.from_arrays(file[f"{side}_lengths"], file[f"{side}_ids"])
                    for side in ("source", "target")
                )
                return EncodedCorpus(sources, targets, int(file["dropped"])), str(file["texts"])
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise self._damaged(self._corpus, error) from error

    def log(self, record: Mapping[str, Any]) -> None:
        """Append one line of JSON; a number that JSON has no word for becomes null."""
        values = {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in record.items()
        }
        with self._writing(), self._log.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(values, ensure_ascii=False) + "\n")

    def save_state(self, state: dict[str, Any]) -> None:
        """Write the state in one step: a crash leaves the old one or the new one.

        Raises:
            CheckpointError: the folder cannot be written.
        """
        temporary = self._state.with_suffix(".tmp")
        with self._writing():
            try:
                torch.save({**state, "log_bytes": self._log.stat().st_size}, temporary)
                temporary.replace(self._state)
            finally:
                temporary.unlink(missing_ok=True)

    def load_state(self) -> dict[str, Any]:
        """Read the state.

        Raises:
            CheckpointError: the file is damaged.
        """
        try:
            state = torch.load(self._state, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise self._damaged(self._state, error) from error
        return dict(state)

    def _damaged(self, file: Path, error: Exception) -> CheckpointError:
        return CheckpointError(
            "bad_state",
            f"{file} is missing or damaged ({_first_line(error)}); start again in another folder, with --init-from "
            f"{self.path} to keep its best weights.",
            {"file": file.name},
        )

    def cut_log(self, log_bytes: int) -> None:
        """Drop the log's lines after the saved state: they describe updates that will be made again."""
        with self._writing():
            if self._log.is_file() and self._log.stat().st_size > log_bytes:
                os.truncate(self._log, log_bytes)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Say what cannot be written; PyTorch reports a full disk as a RuntimeError."""
        try:
            yield
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or _first_line(error)
            raise CheckpointError(
                "cannot_write", f"cannot write {self.path}: {reason}.", {"folder": str(self.path)}
            ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
