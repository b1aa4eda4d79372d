"""A folder or a Hub repository ↔ a model with its tokenizers.

A checkpoint folder holds ``config.json``, ``model.safetensors``, ``source.model`` and ``target.model`` (or one
``shared.model``), and for people ``README.md`` and ``training_log.jsonl``. No pickle. Loading is strict: a file that is
missing, damaged or does not fit the others is a `CheckpointError` that says which and what to do.

This is the only module that imports safetensors and, when a Hub repository is asked for, huggingface_hub.
"""

import functools
import json
import os
import re
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from seq2seq_demo.config import CheckpointConfig
from seq2seq_demo.errors import CheckpointError, ConfigurationError
from seq2seq_demo.model import Seq2Seq
from seq2seq_demo.strict import not_a_choice
from seq2seq_demo.tokenizer import Tokenizer

CHECKPOINTS_FOLDER = Path(__file__).resolve().parent.parent / "checkpoints"
"""Where short names are looked up: beside the package, at the top of the clone."""

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
SOURCE_FILE, TARGET_FILE, SHARED_FILE = "source.model", "target.model", "shared.model"
CHECKPOINT_FILES = (
    CONFIG_FILE,
    WEIGHTS_FILE,
    SOURCE_FILE,
    TARGET_FILE,
    SHARED_FILE,
    "README.md",
    "training_log.jsonl",
)
"""Everything that a checkpoint consists of; a training run's other files are not uploaded."""

HUB_SECONDS = 1.5
"""How long the Hub may take to answer whether there is such a repository."""

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_SHORT_NAME = re.compile(rf"{_PART}(/{_PART})*")
_REPOSITORY = re.compile(rf"({_PART}/{_PART})(?:@([A-Za-z0-9][A-Za-z0-9._/-]*))?")
_STORED_TYPES = ("F16", "BF16", "F32")

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A model with everything that it needs to take text and give text."""

    model: Seq2Seq
    """In float32, in evaluation mode."""
    source_tokenizer: Tokenizer
    target_tokenizer: Tokenizer
    """The same object as `source_tokenizer` where the checkpoint has one ``shared.model``."""
    config: CheckpointConfig
    path: Path
    """The folder that it was loaded from; for a Hub repository, its copy in the cache."""


def choose_device(name: str | None = None) -> torch.device:
    """Choose where a model runs: `name`, else ``SEQ2SEQ_DEVICE``, else CUDA, then MPS, then the CPU.

    Args:
        name: ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.

    Raises:
        ConfigurationError: another name, or a device that this machine has not.
    """
    wanted, origin = (name, "device") if name is not None else (os.environ.get("SEQ2SEQ_DEVICE"), "SEQ2SEQ_DEVICE")
    if not wanted:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    if not re.fullmatch(r"cpu|mps|cuda(:[0-9]{1,3})?", wanted):
        raise not_a_choice(origin, wanted, ("cpu", "cuda", "cuda:N", "mps"), field="device")
    device = torch.device(wanted)
    if not _is_present(device):
        raise ConfigurationError(
            "device_absent",
            f"{origin} asks for {wanted!r}, which this machine (or its PyTorch) does not have; choose 'cpu'.",
            {"field": "device", "allowed": "cpu", "got": wanted},
        )
    return device


def _is_present(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    return device.type == "cpu" or torch.backends.mps.is_available()


def find_checkpoints() -> list[str]:
    """Return the short names of the checkpoints in ``checkpoints/``, sorted; a nested one is ``family/name``."""
    configs = CHECKPOINTS_FOLDER.rglob(CONFIG_FILE)
    return sorted(path.parent.relative_to(CHECKPOINTS_FOLDER).as_posix() for path in configs)


def resolve_name(name: str | Path) -> Path:
    """Find a checkpoint's folder; a Hub repository is downloaded into the cache.

    A branch on the Hub is asked for its newest commit; where the Hub cannot be reached in `HUB_SECONDS`, the copy in
    the cache serves.

    Args:
        name: A short name in ``checkpoints/``, an existing folder, or a Hub repository (``user/repo[@revision]``),
            looked up in this order.

    Raises:
        CheckpointError: nothing there, or no way to get it.
    """
    text = str(name)
    if isinstance(name, str) and _SHORT_NAME.fullmatch(text) and (CHECKPOINTS_FOLDER / text).is_dir():
        return CHECKPOINTS_FOLDER / text
    # Unlike Path.is_dir, this is False and no exception for a text that can be no path.
    if os.path.isdir(text):
        return Path(text)
    repository = _REPOSITORY.fullmatch(text) if isinstance(name, str) else None
    if repository is None:
        there = ", ".join(find_checkpoints()) or "none"
        raise CheckpointError(
            "no_such_checkpoint",
            f"no checkpoint {text[:200]!r}: it is neither a short name in checkpoints/ (there: {there}), nor a folder, "
            "nor a Hub repository written user/repo[@revision].",
            {"name": text[:200], "allowed": there},
        )
    return _download(repository.group(1), repository.group(2) or "main")


def load_checkpoint(name: str | Path, *, device: str | torch.device = "cpu") -> Checkpoint:
    """Load a model with its tokenizers; weights are float32, however they are stored.

    Args:
        name: See `resolve_name`.
        device: Where the model goes.

    Raises:
        CheckpointError: nothing there, or a file that is missing, damaged or does not fit the others.
    """
    folder = resolve_name(name)
    config = _read_config(folder / CONFIG_FILE)
    source, target = load_tokenizers(folder)
    _check_vocabularies(config, source, target, where=str(folder))
    model = _read_model(folder / WEIGHTS_FILE, config)
    return Checkpoint(model.to(device).eval(), source, target, config, folder)


def _missing_file(path: Path) -> CheckpointError:
    return CheckpointError(
        "missing_file",
        f"{path.parent} has no {path.name}; a checkpoint needs {CONFIG_FILE}, {WEIGHTS_FILE}, and {SOURCE_FILE} and "
        f"{TARGET_FILE} (or {SHARED_FILE}). Get the whole folder again.",
        {"file": path.name, "folder": str(path.parent)},
    )


def _read_config(path: Path) -> CheckpointConfig:
    try:
        values = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise _missing_file(path) from error
    except (OSError, ValueError) as error:
        raise CheckpointError("bad_config", f"{path} is not readable JSON: {error}.", {"file": path.name}) from error
    if not isinstance(values, dict):
        raise CheckpointError("bad_config", f"{path} must hold a JSON object.", {"file": path.name})
    try:
        return CheckpointConfig.from_dict(values)
    except ConfigurationError as error:
        raise CheckpointError(
            "bad_config", f"{path}: {error.message}", {**error.fields, "file": path.name, "reason": error.message}
        ) from error


def load_tokenizers(folder: Path) -> tuple[Tokenizer, Tokenizer]:
    """Load a checkpoint's source and target tokenizer; one object where they are one.

    Raises:
        CheckpointError: a file is missing or damaged, or there is one too many.
    """
    shared = folder / SHARED_FILE
    pair = folder / SOURCE_FILE, folder / TARGET_FILE
    if shared.is_file():
        for path in pair:
            if path.exists():
                raise CheckpointError(
                    "extra_file", f"{folder} has both {SHARED_FILE} and {path.name}; remove one.", {"file": path.name}
                )
        tokenizer = Tokenizer.from_file(shared)
        return tokenizer, tokenizer
    for path in pair:
        if not path.is_file():
            raise _missing_file(path)
    return Tokenizer.from_file(pair[0]), Tokenizer.from_file(pair[1])


def _check_vocabularies(config: CheckpointConfig, source: Tokenizer, target: Tokenizer, *, where: str) -> None:
    for side, tokenizer in (("source", source), ("target", target)):
        size = getattr(config.model, f"{side}_vocab_size")
        if tokenizer.vocab_size != size:
            raise CheckpointError(
                "tokenizer_size",
                f"{where}: the {side} tokenizer has {tokenizer.vocab_size} pieces, but the model's "
                f"{side}_vocab_size is {size}; the two are not of one checkpoint.",
                {"field": f"{side}_vocab_size", "allowed": size, "got": tokenizer.vocab_size},
            )


def _own_tensors(model: Seq2Seq) -> dict[str, Tensor]:
    """Name every tensor of a model once: a tied one goes by its first name."""
    named: dict[int, tuple[str, Tensor]] = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        named.setdefault(id(tensor), (name, tensor))
    return dict(named.values())


def _read_model(path: Path, config: CheckpointConfig) -> Seq2Seq:
    if not path.is_file():
        raise _missing_file(path)
    try:
        with safetensors.safe_open(path, framework="pt") as stored:
            # Checked against a model without memory: a wrong config.json must not allocate what it claims.
            with torch.device("meta"):
                blueprint = Seq2Seq(config.model)
            _check_tensors(path, stored, _own_tensors(blueprint))
            model = Seq2Seq(config.model)
            with torch.no_grad():
                for name, tensor in _own_tensors(model).items():
                    tensor.copy_(_finite(path, name, stored.get_tensor(name)))
    except (safetensors.SafetensorError, OSError) as error:
        raise CheckpointError(
            "bad_weights",
            f"{path} is damaged or cut short ({error}); get the file again.",
            {"file": path.name, "reason": str(error)},
        ) from error
    return model


def _check_tensors(path: Path, stored: "safetensors.safe_open", expected: dict[str, Tensor]) -> None:
    """Compare names, shapes and types of a weight file with the model's."""
    names = set(stored.keys())
    for code, odd in (("missing_tensor", expected.keys() - names), ("extra_tensor", names - expected.keys())):
        if odd:
            word = "lacks" if code == "missing_tensor" else "has the unknown"
            raise CheckpointError(
                code,
                f"{path} {word} {len(odd)} tensor(s), {min(odd)!r} first; the weights are not of the model that "
                f"{CONFIG_FILE} describes.",
                {"file": path.name, "tensor": min(odd)},
            )
    for name, tensor in expected.items():
        part = stored.get_slice(name)
        shape, kind = tuple(part.get_shape()), part.get_dtype()
        if shape != tuple(tensor.shape):
            raise CheckpointError(
                "wrong_shape",
                f"{path}: {name} must have the shape {tuple(tensor.shape)}; got {shape}. The weights are not of the "
                f"model that {CONFIG_FILE} describes.",
                {"file": path.name, "tensor": name, "allowed": tuple(tensor.shape), "got": shape},
            )
        if kind not in _STORED_TYPES:
            raise CheckpointError(
                "wrong_type",
                f"{path}: {name} must be one of {', '.join(_STORED_TYPES)}; got {kind}.",
                {"file": path.name, "tensor": name, "allowed": ", ".join(_STORED_TYPES), "got": kind},
            )


def _finite(path: Path, name: str, tensor: Tensor) -> Tensor:
    if not bool(torch.isfinite(tensor).all()):
        raise CheckpointError(
            "not_finite",
            f"{path}: {name} holds values that are not finite numbers; the training diverged or the file is damaged.",
            {"file": path.name, "tensor": name},
        )
    return tensor


def save_checkpoint(
    folder: str | Path,
    *,
    model: Seq2Seq,
    source_tokenizer: Tokenizer,
    target_tokenizer: Tokenizer,
    config: CheckpointConfig,
    half: bool = True,
) -> None:
    """Write a checkpoint's files; others in the folder, such as its card and its log, stay as they are.

    Everything is written beside the old files first and then renamed, so that a crash leaves no half file.

    Args:
        folder: Made where there is none.
        model: Tied weights are stored once.
        source_tokenizer: For the source.
        target_tokenizer: For the target; the same model as the source's is stored once.
        config: Its `model` is the model's own configuration.
        half: Store float16; the rounding changes a figure by less than sampling does, and halves the download.

    Raises:
        CheckpointError: the parts do not fit together, weights do not fit float16, or the folder cannot be written.
    """
    folder = Path(folder)
    if config.model != model.config:
        raise CheckpointError("config_mismatch", "config.model is not the configuration of the model to save.")
    _check_vocabularies(config, source_tokenizer, target_tokenizer, where="config")
    shared = source_tokenizer.model_proto == target_tokenizer.model_proto
    tokenizers = {SHARED_FILE: source_tokenizer} if shared else {}
    tokenizers = tokenizers or {SOURCE_FILE: source_tokenizer, TARGET_FILE: target_tokenizer}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".saving-") as temporary:
            new = Path(temporary)
            for name, tokenizer in tokenizers.items():
                tokenizer.save(new / name)
            text = json.dumps(config.to_dict(), ensure_ascii=False, indent=2)
            (new / CONFIG_FILE).write_text(text + "\n", encoding="utf-8")
            (new / WEIGHTS_FILE).write_bytes(_serialise(model, half=half))
            for path in new.iterdir():
                path.replace(folder / path.name)
        for name in {SOURCE_FILE, TARGET_FILE, SHARED_FILE} - set(tokenizers):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise CheckpointError(
            "cannot_write", f"cannot write {folder}: {error.strerror or error}.", {"folder": str(folder)}
        ) from error


def _serialise(model: Seq2Seq, *, half: bool) -> bytes:
    kind = torch.float16 if half else torch.float32
    tensors = {name: tensor.detach().to("cpu", kind).contiguous() for name, tensor in _own_tensors(model).items()}
    for name, tensor in tensors.items():
        _finite(Path(WEIGHTS_FILE), name, tensor)
    return safetensors.torch.save(tensors, metadata={"format": "pt"})


def _download(repository: str, revision: str) -> Path:
    """Return the folder in the Hub's cache that holds a repository's checkpoint files."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError
    from huggingface_hub.utils import httpx

    fetch = functools.partial(snapshot_download, repository, revision=revision, allow_patterns=list(CHECKPOINT_FILES))
    try:
        _within(HUB_SECONDS, lambda: _check_repository(repository, revision))
    except (httpx.TransportError, ConnectionError, TimeoutError) as error:
        try:
            return Path(fetch(local_files_only=True))
        except LocalEntryNotFoundError:
            raise _unreachable(repository, error) from error
    try:
        return Path(fetch())
    except (httpx.HTTPError, OSError) as error:
        raise _unreachable(repository, error) from error


def _unreachable(repository: str, error: Exception) -> CheckpointError:
    reason = str(error).strip() or type(error).__name__
    return CheckpointError(
        "hub_unreachable",
        f"cannot get {repository!r} from the Hugging Face Hub ({reason.splitlines()[0]}), and the cache holds no copy; "
        "check the network, or name a folder or a checkpoint of this clone.",
        {"name": repository, "reason": reason},
    )


def _check_repository(repository: str, revision: str) -> None:
    """Ask the Hub, once and without retries, whether there is a checkpoint: a download alone would try for a minute.

    Raises:
        CheckpointError: no such repository or revision, or no access to it.
        httpx.TransportError: no network.
    """
    from huggingface_hub import get_hf_file_metadata, get_token, hf_hub_url
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    at = {"name": repository, "revision": revision}
    try:
        url = hf_hub_url(repository, CONFIG_FILE, revision=revision)
        # Only `get_token` finds a login; a None here would mean to go without.
        metadata = get_hf_file_metadata(url, timeout=HUB_SECONDS, token=get_token() or False)
    except HFValidationError as error:
        raise CheckpointError("bad_name", f"{repository!r} can be no Hub repository: {error}", at) from error
    except GatedRepoError as error:
        raise _no_access(repository, at, "its owner must grant you access") from error
    except RepositoryNotFoundError as error:
        # The Hub gives the same answer for a private repository and for none.
        raise _no_access(repository, at, "there is no such repository, or it is private") from error
    except RevisionNotFoundError as error:
        raise CheckpointError(
            "no_such_revision", f"the Hub repository {repository!r} has no revision {revision!r}.", at
        ) from error
    except EntryNotFoundError as error:
        raise CheckpointError(
            "missing_file",
            f"the Hub repository {repository!r} has no {CONFIG_FILE}: it is no checkpoint of this project.",
            {**at, "file": CONFIG_FILE, "folder": repository},
        ) from error
    except HfHubHTTPError as error:
        if error.response.status_code >= 500:
            raise ConnectionError(f"the server answered {error.response.status_code}") from error
        raise _no_access(repository, at, f"the server answered {error.response.status_code}") from error
    if metadata.commit_hash is None:
        raise ConnectionError("the answer is not the Hub's: a proxy or a log-in page stands in between")


def _no_access(repository: str, at: dict[str, str], reason: str) -> CheckpointError:
    return CheckpointError(
        "no_such_repository",
        f"cannot open the Hub repository {repository!r}: {reason}. Check the name, and log in with `hf auth login`.",
        {**at, "reason": reason},
    )


def _within(seconds: float, call: Callable[[], T]) -> T:
    """Return what `call` returns, or raise `TimeoutError`; looking up a host name is under no other limit."""
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future.result(timeout=seconds)


def push_to_hub(folder: str | Path, repo_id: str, *, private: bool = False) -> str:
    """Check a checkpoint folder and upload it to the Hub, as one commit.

    Only `CHECKPOINT_FILES` go up, never a training state.

    Args:
        folder: The checkpoint.
        repo_id: ``user/name``; made where there is none.
        private: Whether a new repository is private.

    Returns:
        The repository's address.

    Raises:
        CheckpointError: a bad checkpoint, a bad name, no permission or no network.
    """
    folder = Path(folder)
    if not re.fullmatch(rf"{_PART}/{_PART}", repo_id):
        raise CheckpointError("bad_name", f"a Hub repository is written user/name; got {repo_id!r}.", {"name": repo_id})
    load_checkpoint(folder)

    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    from huggingface_hub.utils import httpx

    try:
        address = HfApi().create_repo(repo_id, private=private, exist_ok=True)
        HfApi().upload_folder(
            repo_id=repo_id,
            folder_path=folder,
            allow_patterns=list(CHECKPOINT_FILES),
            # A tokenizer of an earlier upload must not stay beside another set.
            delete_patterns=["*.model"],
            commit_message="Upload checkpoint",
        )
    except HFValidationError as error:
        raise CheckpointError(
            "bad_name", f"{repo_id!r} can be no Hub repository: {error}", {"name": repo_id}
        ) from error
    except HfHubHTTPError as error:
        raise CheckpointError(
            "push_refused",
            f"the Hub refused the upload to {repo_id!r} ({error.response.status_code}); log in with `hf auth login` "
            "with a token that may write there.",
            {"name": repo_id, "reason": str(error)},
        ) from error
    except (httpx.HTTPError, OSError, ValueError) as error:
        raise CheckpointError(
            "hub_unreachable",
            f"cannot upload to {repo_id!r} ({error}); check the network and run it again.",
            {"name": repo_id, "reason": str(error)},
        ) from error
    return str(address)
