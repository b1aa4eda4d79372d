"""What all tests share: no network beyond loopback, and a tiny checkpoint."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before anything imports the libraries that read them.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Fail a test that connects to another machine."""
    connect = socket.socket.connect

    def checked(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1", "localhost")):
            raise RuntimeError(f"a test tried to reach {address}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", checked)
        yield


@pytest.fixture(scope="session")
def saved_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a tiny checkpoint, shared by all tests: read only."""
    from tests.support.search_translators import tiny_translator

    folder = tmp_path_factory.mktemp("checkpoint") / "tiny"
    tiny_translator().save_pretrained(folder)
    return folder


@pytest.fixture
def checkpoint_folder(saved_checkpoint: Path, tmp_path: Path) -> Path:
    """Return a copy of the tiny checkpoint that a test may damage."""
    return shutil.copytree(saved_checkpoint, tmp_path / "copy")
