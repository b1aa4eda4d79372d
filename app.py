"""The page's entry, here and on a Hugging Face Space: ``python app.py``.

Settings, all from the environment:
    SEQ2SEQ_MODELS        more models to serve, before those in ``checkpoints/``: folders or Hub repositories
                          (``user/name`` or ``user/name@revision``), separated by commas.
    SEQ2SEQ_DEVICE        ``cuda``, ``mps`` or ``cpu``; without it the best that is there.
    SEQ2SEQ_ZEROGPU       ``1`` decodes on a ZeroGPU Space's GPU. These models are small: the Space's CPU, the default
                          there, answers as fast and uses up no visitor's quota.
    GRADIO_MCP_SERVER     ``1`` serves the HTTP endpoints as tools of an MCP server too, at ``/gradio_api/mcp/``; needs
                          ``gradio[mcp]``.
    GRADIO_SERVER_NAME, GRADIO_SERVER_PORT and Gradio's other settings.
"""

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import spaces  # isort: skip  # Before anything that touches CUDA.

import logging  # noqa: E402
from pathlib import Path  # noqa: E402

from seq2seq_demo.checkpoint import find_checkpoints  # noqa: E402
from seq2seq_demo.web.mcp import mcp_launch_options  # noqa: E402
from seq2seq_demo.web.models import Models, in_page_order, models_from_environment  # noqa: E402
from seq2seq_demo.web.page import build_page, page_head, page_theme  # noqa: E402

GPU_SECONDS = 60
FAVICON = Path(__file__).parent / "seq2seq_demo" / "web" / "static" / "favicon.svg"


def main() -> None:
    """Load the models and serve the page until it is interrupted."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    wants_gpu = os.environ.get("SEQ2SEQ_ZEROGPU", "") == "1"
    on_zero_gpu = os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "true")
    names = [*models_from_environment(os.environ.get("SEQ2SEQ_MODELS", "")), *in_page_order(find_checkpoints())]
    models = Models.load(names, device="cpu" if on_zero_gpu and not wants_gpu else None)
    page = build_page(models, accelerate=spaces.GPU(duration=GPU_SECONDS) if wants_gpu else None)
    page.launch(
        theme=page_theme(),
        head=page_head(),
        favicon_path=FAVICON,
        footer_links=["api"],  # The link itself stands at the top of the page.
        run_history=False,
        ssr_mode=False,
        show_error=False,
        **mcp_launch_options(os.environ),
    )


if __name__ == "__main__":
    main()
