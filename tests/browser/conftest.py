"""The page served as a person would serve it, and a browser that notices what it must not do."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from seq2seq_demo.checkpoint import save_checkpoint
from seq2seq_demo.tokenizer import EOS_ID
from tests.support.search_translators import ENGLISH, tiny_translator

ROOT = Path(__file__).parents[2]
CHROMIUM = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 90
expect.set_options(timeout=15_000)


def chromium_path() -> str | None:
    """Return the system's Chromium; None is Playwright's own."""
    return next((found for name in CHROMIUM if (found := shutil.which(name))), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _save_tiny(folder: Path, *, attention: str, cell: str = "gru") -> Path:
    checkpoint = tiny_translator(cell=cell, attention=attention, seed=2).checkpoint
    with torch.no_grad():
        checkpoint.model.decoder.output.bias[EOS_ID] -= 2  # outputs of several tokens: a heatmap needs rows
    save_checkpoint(
        folder,
        model=checkpoint.model,
        source_tokenizer=checkpoint.source_tokenizer,
        target_tokenizer=checkpoint.target_tokenizer,
        config=replace(checkpoint.config, examples=tuple(ENGLISH)),
    )
    return folder


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory) -> Path:
    """A folder with a model of random weights: its words are noise, its layout is real."""
    return _save_tiny(tmp_path_factory.mktemp("models") / "tiny", attention="additive")


@pytest.fixture(scope="session")
def address(tiny_checkpoint, tmp_path_factory) -> Iterator[str]:
    """Address of a running page with the tiny models, a missing one, and those in ``checkpoints/``."""
    folder = tiny_checkpoint.parent
    blind = _save_tiny(folder / "blind", attention="none")
    # With these every cell and every attention is there.
    elman = _save_tiny(folder / "elman", attention="general", cell="rnn")
    lstm = _save_tiny(folder / "lstm", attention="dot", cell="lstm")
    port = _free_port()
    environment = {
        **os.environ,
        "SEQ2SEQ_MODELS": f"{tiny_checkpoint},{blind},{elman},{lstm},{folder / 'missing'}",
        "SEQ2SEQ_DEVICE": "cpu",
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "HF_HUB_OFFLINE": "1",
    }
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with log.open("w") as stream:
        process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=stream, stderr=stream)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(url: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the page did not start:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.URLError:
            time.sleep(0.2)
    pytest.fail(f"the page did not answer within {START_SECONDS} s:\n{log.read_text()}")


# One module at a time: while Playwright's synchronous interface is open, its event loop is the thread's.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium: the system's, else Playwright's own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What a page did that it must not do."""

    faults: list[str] = field(default_factory=list)
    expected: set[str] = field(default_factory=set)
    """What Chromium may log as an error, since the test brings it about."""

    def attach(self, page: Page) -> None:
        """Listen to a page."""
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and message.text not in self.expected:
            self.faults.append(f"console: {message.text}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1", "data:", "blob:")):
            self.faults.append(f"request beyond loopback: {request.url}")


@pytest.fixture
def watch() -> Watch:
    """What the pages of a test did that they must not do."""
    return Watch()


@pytest.fixture
def open_page(browser, address, watch):
    """Open the page in a context of its own; at the end nothing may have gone wrong in it."""
    contexts = []

    def open_in(path: str = "/", *, width: int = 1200, height: int = 900, locale: str = "en-US", **settings) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, locale=locale, **settings)
        contexts.append(context)
        page = context.new_page()
        watch.attach(page)
        page.goto(address + path)
        page.wait_for_selector(".s2s-top", timeout=30_000)
        return page

    yield open_in
    for context in contexts:
        context.close()
    assert watch.faults == []
