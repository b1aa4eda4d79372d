"""The optional MCP server: the HTTP endpoints as tools for language models, where they are wanted."""

import json
import logging
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Final

import gradio as gr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_log = logging.getLogger(__name__)

SCHEMA_PATH: Final = "/gradio_api/mcp/schema"


def wants_mcp(environment: Mapping[str, str]) -> bool:
    """Say whether to start the MCP server: ``GRADIO_MCP_SERVER`` is ``1`` or ``true``, and the extra is installed.

    Without the extra the page starts all the same, and the log says what to install.
    """
    if environment.get("GRADIO_MCP_SERVER", "").lower() not in ("1", "true"):
        return False
    if find_spec("mcp") is None:
        _log.warning(
            "GRADIO_MCP_SERVER is set, but Gradio's MCP extra is not installed: the page starts without an MCP server. "
            'Install it with: pip install "gradio[mcp]==%s"',
            gr.__version__,
        )
        return False
    return True


def mcp_launch_options(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what ``launch`` is told of the MCP server.

    Without a server, Gradio's panel of the API still asks for its tools: it gets an empty list, and no error that
    would stand in every visitor's console.
    """
    if wants_mcp(environment):
        return {"mcp_server": True}

    async def no_tools(request: Request) -> Response:
        return Response(json.dumps([]), media_type="application/json")

    return {"mcp_server": False, "app_kwargs": {"routes": [Route(SCHEMA_PATH, no_tools)]}}
