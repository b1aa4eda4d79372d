"""Checkpoints from and to the Hub, against a stand-in on loopback."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.hub_server import Files, HubServer

pytestmark = pytest.mark.integration

Call = Callable[..., dict]


def value(answer: dict) -> Any:
    """Return what a call returned; its error is the message of a failing test."""
    assert "value" in answer, answer
    return answer["value"]


@pytest.fixture(scope="module")
def started_hub() -> Iterator[HubServer]:
    server = HubServer()
    yield server
    server.stop()


@pytest.fixture
def hub(started_hub: HubServer) -> Iterator[HubServer]:
    """A Hub in order, whatever the test does to it."""
    yield started_hub
    started_hub.status, started_hub.delay = None, 0.0


@pytest.fixture(scope="module")
def call(started_hub: HubServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Call]:
    """Call a function of `checkpoint` in a process whose Hub is the stand-in."""
    home = tmp_path_factory.mktemp("hub")
    settings = {"HF_ENDPOINT": started_hub.url, "HF_HOME": str(home), "HF_TOKEN": "hf_writer"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")} | settings
    command = [sys.executable, "-m", "tests.support.hub_client"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:

        def send(function: str, *args: object, **kwargs: object) -> dict:
            process.stdin.write(json.dumps([function, args, kwargs]) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        # The first call imports the Hub's library; later ones can be timed.
        send("resolve_name", "warm/up")
        yield send
        process.stdin.close()


@pytest.fixture(scope="module")
def files(saved_checkpoint: Path) -> Files:
    return {path.name: path.read_bytes() for path in saved_checkpoint.iterdir()}


def test_a_repository_loads_like_its_folder(hub: HubServer, call: Call, files: Files, saved_checkpoint: Path) -> None:
    hub.publish("user/model", {**files, "training_state/state.pt": b"pickle", "README.md": b"card"})
    loaded = value(call("load_checkpoint", "user/model"))
    assert loaded["weights"] == value(call("load_checkpoint", str(saved_checkpoint)))["weights"]
    assert sorted(path.name for path in Path(loaded["path"]).iterdir()) == sorted([*files, "README.md"])


def test_a_revision_is_the_one_that_is_loaded(hub: HubServer, call: Call, files: Files) -> None:
    old = hub.publish("user/two", {**files, "README.md": b"old"})
    hub.publish("user/two", {**files, "README.md": b"new"})
    hub.publish("user/two", {**files, "README.md": b"branch"}, revision="refs/pr/1")
    for revision, card in ((f"@{old}", "old"), ("", "new"), ("@refs/pr/1", "branch")):
        folder = value(call("resolve_name", f"user/two{revision}"))
        assert (Path(folder) / "README.md").read_text() == card


def test_a_branch_is_asked_for_its_newest_commit(hub: HubServer, call: Call, files: Files) -> None:
    for card in (b"first", b"second"):
        hub.publish("user/moving", {**files, "README.md": card})
        assert (Path(value(call("resolve_name", "user/moving"))) / "README.md").read_bytes() == card


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("user/nothing", "no_such_repository", "there is no such repository, or it is private"),
        ("user/private", "no_such_repository", "log in with `hf auth login`"),
        ("user/gated", "no_such_repository", "its owner must grant you access"),
        ("user/other@v9", "no_such_revision", "'user/other' has no revision 'v9'"),
        ("user/other", "missing_file", "'user/other' has no config.json"),
        ("user/a--b", "bad_name", "'user/a--b' can be no Hub repository"),
    ],
)
def test_what_cannot_be_had_is_said(hub: HubServer, call: Call, name: str, code: str, message: str) -> None:
    hub.publish("user/other", {"pytorch_model.bin": b""})
    hub.private.add("user/private")
    hub.gated.add("user/gated")
    error = call("load_checkpoint", name)
    assert error["code"] == code
    assert message in error["message"]
    assert error["seconds"] < 2


@pytest.mark.parametrize("name", ["model.safetensors", "target.model"])
def test_a_repository_that_lacks_a_file_is_refused(hub: HubServer, call: Call, files: Files, name: str) -> None:
    hub.publish("user/lacking", {key: value for key, value in files.items() if key != name})
    error = call("load_checkpoint", "user/lacking")
    assert error["code"] == "missing_file"
    assert f"has no {name}" in error["message"]


def test_a_truncated_weight_file_is_refused(hub: HubServer, call: Call, files: Files) -> None:
    hub.publish("user/cut", {**files, "model.safetensors": files["model.safetensors"][:-100]})
    error = call("load_checkpoint", "user/cut")
    assert error["code"] == "bad_weights"
    assert "model.safetensors is damaged or cut short" in error["message"]


@pytest.mark.parametrize("trouble", ["down", "silent", "failing", "a log-in page"])
def test_a_hub_in_trouble_is_said_within_two_seconds(hub: HubServer, call: Call, trouble: str) -> None:
    if trouble == "down":
        hub.stop()
    hub.delay = 4.0 if trouble == "silent" else 0.0
    hub.status = {"failing": 503, "a log-in page": 200}.get(trouble)
    error = call("load_checkpoint", "user/unseen")
    if trouble == "down":
        hub.restart()
    assert error["code"] == "hub_unreachable"
    assert error["seconds"] < 2
    assert "check the network" in error["message"]


def test_the_cache_serves_while_the_hub_is_down(hub: HubServer, call: Call, files: Files) -> None:
    hub.publish("user/cached", files)
    loaded = call("load_checkpoint", "user/cached")
    hub.stop()
    again = call("load_checkpoint", "user/cached")
    hub.restart()
    assert value(again) == value(loaded)
    assert again["seconds"] < 2


def test_what_is_pushed_can_be_loaded(hub: HubServer, call: Call, files: Files, checkpoint_folder: Path) -> None:
    (checkpoint_folder / "README.md").write_text("# Card\n")
    (checkpoint_folder / "training_log.jsonl").write_text("{}\n")
    (checkpoint_folder / "training_state").mkdir()
    (checkpoint_folder / "training_state" / "source.model").write_bytes(b"state")
    (checkpoint_folder / "notes.txt").write_text("mine")
    assert value(call("push_to_hub", str(checkpoint_folder), "user/pushed")) == f"{hub.url}/user/pushed"
    assert sorted(hub.files("user/pushed")) == sorted([*files, "README.md", "training_log.jsonl"])
    pushed, local = (value(call("load_checkpoint", name)) for name in ("user/pushed", str(checkpoint_folder)))
    assert pushed["weights"] == local["weights"]


def test_pushing_again_removes_a_stale_tokenizer(
    hub: HubServer, call: Call, files: Files, saved_checkpoint: Path
) -> None:
    hub.publish("user/again", {"shared.model": b"old", "notes.md": b"kept"})
    value(call("push_to_hub", str(saved_checkpoint), "user/again"))
    assert sorted(hub.files("user/again")) == sorted([*files, "notes.md"])


def test_only_a_whole_checkpoint_is_pushed(hub: HubServer, call: Call, checkpoint_folder: Path) -> None:
    (checkpoint_folder / "target.model").unlink()
    hub.requests.clear()
    assert call("push_to_hub", str(checkpoint_folder), "user/half")["code"] == "missing_file"
    assert hub.requests == []


def test_a_refused_or_impossible_push_is_said(hub: HubServer, call: Call, saved_checkpoint: Path) -> None:
    assert call("push_to_hub", str(saved_checkpoint), "justaname")["code"] == "bad_name"
    hub.tokens.clear()
    error = call("push_to_hub", str(saved_checkpoint), "user/refused")
    hub.tokens.add("hf_writer")
    assert error["code"] == "push_refused"
    assert "hf auth login" in error["message"]
    hub.stop()
    error = call("push_to_hub", str(saved_checkpoint), "user/away")
    hub.restart()
    assert error["code"] == "hub_unreachable"
