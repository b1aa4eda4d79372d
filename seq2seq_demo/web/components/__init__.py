"""The page's custom components: one folder each, with its JavaScript and CSS.

All of them are joined into one Gradio component, `lab_page`: what the pointer is on in one of them lights up in the
others, and that must not wait for the server.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import gradio as gr

_FOLDER: Final = Path(__file__).parent

SCRIPTS: Final = (
    "base/base.js",
    "base/widths.js",
    "tokens/tokens.js",
    "heatmap/heatmap.js",
    "nbest/nbest.js",
    "hypothesis/model.js",
    "whatif/whatif.js",
    "pronunciation/pronunciation.js",
    "hypothesis/hypothesis.js",
    "compare/compare.js",
    "chart/chart.js",
    "files/files.js",
    "views/views.js",
    "comparison/list.js",
    "comparison/summary.js",
    "comparison/table.js",
    "comparison/run.js",
    "comparison/comparison.js",
    "tree/model.js",
    "tree/drawing.js",
    "tree/tree.js",
    "penalties/ranking.js",
    "penalties/plot.js",
    "penalties/penalties.js",
    "score/score.js",
    "reading/alignment.js",
    "reading/reading.js",
    "steps/equations.js",
    "steps/strip.js",
    "steps/player.js",
    "steps/steps.js",
    "architectures/architectures.js",
    "batch/corpus.js",
    "batch/job.js",
    "batch/table.js",
    "batch/figures.js",
    "batch/pictures.js",
    "batch/batch.js",
    "history/link.js",
    "history/keep.js",
    "history/history.js",
    "result/result.js",
    "composer/composer.js",
    "page/channel.js",
    "page/header.js",
    "page/page.js",
    "page/start.js",
)
"""In the order in which they are joined: a file uses what stands above it."""
STYLES: Final = (
    "base/base.css",
    "composer/composer.css",
    "result/result.css",
    "hypothesis/hypothesis.css",
    "tokens/tokens.css",
    "heatmap/heatmap.css",
    "nbest/nbest.css",
    "whatif/whatif.css",
    "pronunciation/pronunciation.css",
    "compare/compare.css",
    "chart/chart.css",
    "views/views.css",
    "comparison/comparison.css",
    "tree/tree.css",
    "penalties/penalties.css",
    "score/score.css",
    "reading/reading.css",
    "steps/steps.css",
    "architectures/architectures.css",
    "batch/batch.css",
    "history/history.css",
    "page/page.css",
)


def read_asset(name: str) -> str:
    """Return the text of a file of a component."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def joined_styles() -> str:
    """Return the style sheet of all components."""
    return "\n".join(read_asset(name) for name in STYLES)


def lab_page(
    value: str | None,
    *,
    words: dict[str, dict[str, str]],
    models: list[dict[str, Any]],
    failures: list[dict[str, Any]],
    defaults: dict[str, Any],
    server_functions: list[Callable[..., Any]],
) -> gr.HTML:
    """Build the whole page as one component.

    The browser triggers ``decode`` with a request and ``halt`` to stop it; answers arrive as the component's value, a
    JSON text. A text, because Gradio would wrap thousands of weights one by one. Comparisons (``compare``,
    ``halt_compare``) and turns of a batch (``batch``, ``halt_batch``) are answered likewise, as the component's
    properties ``comparison`` and ``batch``. (A function and no subclass of `gr.HTML`: Gradio writes a ``.pyi`` file
    beside the module of every subclass.)

    Args:
        value: The first answer, for the worked example; None where there is none.
        words: The table of words.
        models: What the page shows of each model.
        failures: Models that could not be loaded, each with its name and the error's code.
        defaults: The decoding options that the page starts with.
        server_functions: Functions that the script calls directly.
    """
    return gr.HTML(
        value,
        html_template=read_asset("page/page.html"),
        js_on_load="\n".join(read_asset(name) for name in SCRIPTS),
        apply_default_css=False,
        server_functions=server_functions,
        elem_id="seq2seq-lab",
        comparison=None,
        batch=None,
        words=words,
        models=models,
        failures=failures,
        defaults=defaults,
    )
