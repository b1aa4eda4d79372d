"""The optional MCP server: on where it is wanted and can be had, and never a reason not to start."""

import pytest
from gradio.utils import get_function_description

from seq2seq_demo.web import mcp
from seq2seq_demo.web.api import Endpoints
from seq2seq_demo.web.mcp import mcp_launch_options, wants_mcp


@pytest.mark.parametrize(("setting", "wanted"), [("1", True), ("True", True), ("", False), ("0", False), ("no", False)])
def test_the_environment_decides(monkeypatch, setting, wanted):
    monkeypatch.setattr(mcp, "find_spec", lambda name: object())
    assert wants_mcp({"GRADIO_MCP_SERVER": setting}) is wanted


def test_without_the_extra_the_page_starts_and_the_log_says_what_to_install(monkeypatch, caplog):
    monkeypatch.setattr(mcp, "find_spec", lambda name: None)
    assert mcp_launch_options({"GRADIO_MCP_SERVER": "1"})["mcp_server"] is False
    assert 'pip install "gradio[mcp]==' in caplog.text


def test_a_page_without_the_server_answers_for_its_tools():
    (route,) = mcp_launch_options({})["app_kwargs"]["routes"]
    assert route.path == "/gradio_api/mcp/schema"


@pytest.mark.parametrize("name", ["translate", "compare", "score"])
def test_a_tool_s_description_reaches_its_reader_whole(name):
    description, arguments, returns = get_function_description(getattr(Endpoints, name))
    arguments.pop("self")
    assert description.endswith(".")
    assert all(text.endswith(".") for text in arguments.values())
    assert len(returns) == 1
