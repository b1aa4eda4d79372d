"""Checkpoint folders: what is saved comes back, and whatever does not fit is refused by name."""

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from seq2seq_demo import checkpoint
from seq2seq_demo.checkpoint import choose_device, find_checkpoints, load_checkpoint, resolve_name, save_checkpoint
from seq2seq_demo.errors import CheckpointError, ConfigurationError
from seq2seq_demo.model import Seq2Seq
from tests.support.search_translators import tiny_translator


def save(folder: Path, *, tied: str = "target-output", shared: bool = False, half: bool = False) -> Seq2Seq:
    """Save a tiny model; returns it."""
    original = tiny_translator().checkpoint
    source, target = original.source_tokenizer, original.target_tokenizer
    source = target if shared else source
    sizes = {"source_vocab_size": source.vocab_size, "target_vocab_size": target.vocab_size}
    config = replace(original.config, model=replace(original.config.model, tied=tied, **sizes))
    model = Seq2Seq(config.model)
    save_checkpoint(folder, model=model, source_tokenizer=source, target_tokenizer=target, config=config, half=half)
    return model


def edit_config(folder: Path, **changes: object) -> None:
    """Change keys of ``config.json``, those of the model by their own names."""
    values = json.loads((folder / "config.json").read_text())
    for key, value in changes.items():
        (values["model"] if key in values["model"] else values)[key] = value
    (folder / "config.json").write_text(json.dumps(values))


def edit_weights(folder: Path, change) -> None:
    path = folder / "model.safetensors"
    tensors = safetensors.torch.load_file(path)
    change(tensors)
    safetensors.torch.save_file(tensors, path)


@pytest.mark.parametrize(("tied", "shared"), [("none", False), ("target-output", False), ("all", True)])
def test_a_model_comes_back_exactly(tmp_path: Path, tied: str, shared: bool) -> None:
    model = save(tmp_path / "new" / "folder", tied=tied, shared=shared)
    loaded = load_checkpoint(tmp_path / "new" / "folder")
    assert loaded.config.model == model.config
    assert (loaded.source_tokenizer is loaded.target_tokenizer) is shared
    assert loaded.model.parameter_count == model.parameter_count
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[name], tensor)


def test_tied_weights_stay_tied(checkpoint_folder: Path) -> None:
    model = load_checkpoint(checkpoint_folder).model
    assert model.decoder.output.weight is model.decoder.embedding.weight
    assert not model.training


def test_half_storage_rounds_and_loads_as_float32(tmp_path: Path) -> None:
    model = save(tmp_path, half=True)
    stored = safetensors.torch.load_file(tmp_path / "model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
    for name, tensor in load_checkpoint(tmp_path).model.state_dict().items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, model.state_dict()[name].half().float())


def test_saving_leaves_the_card_and_the_log_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("card")
    (tmp_path / "training_log.jsonl").write_text("{}")
    save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("README.md", "config.json", "model.safetensors", "source.model", "target.model", "training_log.jsonl")
    ]
    assert (tmp_path / "README.md").read_text() == "card"


def test_saving_over_another_kind_of_checkpoint_leaves_no_stale_tokenizer(tmp_path: Path) -> None:
    save(tmp_path)
    save(tmp_path, shared=True)
    assert [path.name for path in tmp_path.glob("*.model")] == ["shared.model"]
    save(tmp_path)
    assert load_checkpoint(tmp_path).config.model.source_vocab_size == 290


def test_a_failed_save_keeps_the_old_checkpoint(checkpoint_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in checkpoint_folder.iterdir()}

    def full_disk(*args: object, **kwargs: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(safetensors.torch, "save", full_disk)
    with pytest.raises(CheckpointError, match="No space left on device"):
        save(checkpoint_folder)
    assert {path.name: path.read_bytes() for path in checkpoint_folder.iterdir()} == before


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match="cannot write .*file"):
        save(tmp_path / "file")


def test_weights_that_are_not_finite_are_neither_saved_nor_loaded(checkpoint_folder: Path) -> None:
    loaded = load_checkpoint(checkpoint_folder)
    edit_weights(checkpoint_folder, lambda tensors: tensors["decoder.output.bias"].fill_(float("nan")))
    with pytest.raises(CheckpointError, match="decoder.output.bias holds values that are not finite"):
        load_checkpoint(checkpoint_folder)
    with torch.no_grad():
        loaded.model.decoder.output.bias.fill_(1e6)
    tokenizers = {"source_tokenizer": loaded.source_tokenizer, "target_tokenizer": loaded.target_tokenizer}
    with pytest.raises(CheckpointError, match="decoder.output.bias"):
        save_checkpoint(checkpoint_folder, model=loaded.model, config=loaded.config, **tokenizers)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "source.model", "target.model"])
def test_a_missing_file_is_named(checkpoint_folder: Path, name: str) -> None:
    (checkpoint_folder / name).unlink()
    with pytest.raises(CheckpointError, match=f"has no {name}") as caught:
        load_checkpoint(checkpoint_folder)
    assert (caught.value.code, caught.value.fields["file"]) == ("missing_file", name)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "source.model", "target.model"])
@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_truncated_file_is_named(checkpoint_folder: Path, name: str, share: float) -> None:
    content = (checkpoint_folder / name).read_bytes()
    (checkpoint_folder / name).write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CheckpointError, match=name.replace(".", r"\.")):
        load_checkpoint(checkpoint_folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attentoin": "dot"}, "unknown key 'attentoin'; .*"),
        ({"cell": "lstmm"}, "cell must be one of 'rnn', 'gru', 'lstm'; got 'lstmm'"),
        ({"dropout": "0.1"}, "dropout must be a finite number; got '0.1'"),
        ({"decoder_layers": 9}, r"decoder_layers must lie in \[1, 4\]; got 9"),
        ({"model": []}, "model must be .*; got "),
        ({"source_vocab_size": 291}, "source tokenizer has 290 pieces, but the model's source_vocab_size is 291"),
        ({"target_vocab_size": 8}, "target tokenizer has 30 pieces, but the model's target_vocab_size is 8"),
        ({"decoder_size": 32}, r"must have the shape \(.*\); got \(.*\)"),
        ({"decoder_size": 8192, "encoder_size": 8192}, r"must have the shape"),
        ({"decoder_layers": 3}, "lacks .* tensor"),
        ({"encoder_layers": 1, "bridge": "zero"}, "has the unknown .* tensor"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(checkpoint_folder: Path, changes: dict, message: str) -> None:
    edit_config(checkpoint_folder, **changes)
    start = time.perf_counter()
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(checkpoint_folder)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"model": {}}', "\xff\xfe"])
def test_a_configuration_that_is_none_is_refused(checkpoint_folder: Path, text: str) -> None:
    (checkpoint_folder / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(CheckpointError, match=r"config\.json"):
        load_checkpoint(checkpoint_folder)


def test_tensors_are_checked_one_by_one(checkpoint_folder: Path) -> None:
    edit_weights(checkpoint_folder, lambda tensors: tensors.update(more=torch.zeros(1)))
    with pytest.raises(CheckpointError, match="has the unknown 1 tensor.*'more'"):
        load_checkpoint(checkpoint_folder)
    edit_weights(checkpoint_folder, lambda tensors: (tensors.pop("more"), tensors.pop("decoder.readout.bias")))
    with pytest.raises(CheckpointError, match="lacks 1 tensor.*'decoder.readout.bias'"):
        load_checkpoint(checkpoint_folder)
    edit_weights(checkpoint_folder, lambda tensors: tensors.update({"decoder.readout.bias": torch.zeros(16).long()}))
    with pytest.raises(CheckpointError, match="decoder.readout.bias must be one of F16, BF16, F32; got I64"):
        load_checkpoint(checkpoint_folder)


def test_two_sets_of_tokenizers_are_refused(checkpoint_folder: Path) -> None:
    (checkpoint_folder / "shared.model").write_bytes((checkpoint_folder / "source.model").read_bytes())
    with pytest.raises(CheckpointError, match=r"both shared\.model and source\.model"):
        load_checkpoint(checkpoint_folder)


def test_short_names_are_looked_up_in_checkpoints(
    saved_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "CHECKPOINTS_FOLDER", tmp_path)
    shutil.copytree(saved_checkpoint, tmp_path / "family" / "tiny")
    (tmp_path / "empty").mkdir()
    save(tmp_path / "de-en")
    assert find_checkpoints() == ["de-en", "family/tiny"]
    assert resolve_name("family/tiny") == tmp_path / "family" / "tiny"
    assert load_checkpoint("de-en").path == tmp_path / "de-en"


@pytest.mark.parametrize(
    "name", ["", "en-zz", "../x", "..", "/no/such/folder", "a\0b", "a b/c", "a/b@", "x" * 10_000, "héé", "a/b/c", "\n"]
)
def test_a_name_for_nothing_is_refused_at_once(name: str) -> None:
    start = time.perf_counter()
    with pytest.raises(CheckpointError):
        load_checkpoint(name)
    assert time.perf_counter() - start < 2


def test_a_path_never_goes_to_the_hub(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint 'user/repo'"):
        resolve_name(Path("user/repo"))


def test_the_device_is_the_argument_then_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQ2SEQ_DEVICE", "tpu")
    assert choose_device("cpu") == torch.device("cpu")
    with pytest.raises(ConfigurationError, match="SEQ2SEQ_DEVICE must be one of 'cpu', .*; got 'tpu'"):
        choose_device()
    monkeypatch.setenv("SEQ2SEQ_DEVICE", "")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device() == torch.device("cpu")
    with pytest.raises(ConfigurationError, match="device asks for 'cuda:1', which this machine"):
        choose_device("cuda:1")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device() == torch.device("mps")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device() == torch.device("cuda")
