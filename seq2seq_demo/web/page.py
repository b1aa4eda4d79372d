"""The page: what the browser asks for, and what Python answers."""

import base64
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import gradio as gr
from gradio.events import api

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.errors import InputError, Seq2SeqError
from seq2seq_demo.web.api import Endpoints
from seq2seq_demo.web.batch import BatchServer
from seq2seq_demo.web.components import joined_styles, lab_page, read_asset
from seq2seq_demo.web.decoding import INTERNAL_ERROR, decode_paced, error_to_dict, write_messages
from seq2seq_demo.web.exports import export, read_selection
from seq2seq_demo.web.models import Models
from seq2seq_demo.web.requests import read_request
from seq2seq_demo.web.views import answer_view, comparison
from seq2seq_demo.web.words import choose_language, load_words

_log = logging.getLogger(__name__)

CONCURRENT_DECODES: Final = 8
"""Visitors decoded at a time; one with fifty lines must not keep the others waiting."""
QUEUE_SIZE: Final = 100
"""Requests that wait beyond those; on ZeroGPU Gradio's own default would be 1."""
ENDPOINTS: Final = ("translate", "compare", "score")
"""Names of what other programs can ask, over HTTP and, where it is switched on, MCP."""
CONCURRENT_BATCHES: Final = 1
"""Turns of batches at a time: they take what the sentences leave; see `web.batch`."""
PAGE_N_BEST: Final = 5


class PageServer:
    """Answers the page's requests.

    Args:
        models: The models that the page offers.
    """

    def __init__(self, models: Models) -> None:
        self._models = models

    def answer(self, values: Mapping[str, Any]) -> Iterator[str]:
        """Decode a request; yields growing answers as JSON texts, the last with ``done`` set.

        Errors are answers too: the page says them in the visitor's language, and the last good result stays.
        """
        yield from write_messages(_identity(values), self._lines(values))

    def _lines(self, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        request = read_request(values)
        translator = self._models.get(request.model)
        for lines, done in decode_paced(translator, request, languages=self._models.languages):
            yield {"done": done, "lines": [line.to_dict() for line in lines]}

    def compare(self, values: Mapping[str, Any]) -> Iterator[str]:
        """Answer the view *Compare*; see `views.comparison.decode`. Yields JSON texts as `answer` does."""
        yield from write_messages(_identity(values), comparison.decode(self._models, values))

    def worked_example(self) -> str | None:
        """Decode the default model's first example, so that a first visit has something to point at."""
        model = self._models.default
        if not model or not self._models.get(model).config.examples:
            return None
        text = self._models.get(model).config.examples[0]
        sent = {"model": model, "text": text, "strategy": "beam", "options": default_options()}
        *_, last = self.answer({"request": "example", **sent})
        values = json.loads(last)
        return None if "error" in values else json.dumps({**values, "sent": sent})

    def download(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Write one file; returns its name, type and content in base 64, or an error."""
        try:
            if not isinstance(values, Mapping):
                raise InputError("not_text", "a download is asked for with an object.", {})
            request = read_request(values)
            file = export(self._models.get(request.model), request, read_selection(values, request))
        except Seq2SeqError as error:
            return {"error": error_to_dict(error)}
        return {"name": file.name, "type": file.type, "base64": base64.b64encode(file.content).decode()}

    def view(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one of the tabs; an error is an answer too."""
        try:
            if not isinstance(values, Mapping):
                raise InputError("not_text", "a view is asked for with an object.", {})
            return answer_view(self._models, values)
        except Seq2SeqError as error:
            return {"error": error_to_dict(error)}
        except Exception:
            _log.exception("a view of the page failed")
            return {"error": INTERNAL_ERROR}


def default_options() -> dict[str, Any]:
    """Return the options that the page starts with: the command line's, with a list of hypotheses."""
    options = DecodingConfig(n_best=PAGE_N_BEST).to_dict()
    del options["strategy"]
    return options


def _identity(values: Mapping[str, Any]) -> dict[str, str]:
    return {"request": str(values.get("request", ""))[:64]}


def visitor(_: Any, request: gr.Request) -> dict[str, str]:
    """Tell the page what its visitor's browser prefers."""
    return {"language": choose_language(request.headers.get("accept-language", ""))}


def _unchanged(function: Any) -> Any:
    return function


def _on_event(
    function: Callable[[Mapping[str, Any]], Iterator[str]], name: str
) -> Callable[..., Iterator[dict[str, Any]]]:
    """Let an event call a function; its messages become the component's property of this name, each kind its own."""

    def on_event(event: gr.EventData) -> Iterator[dict[str, Any]]:
        for message in function(event._data if isinstance(event._data, Mapping) else {}):
            changed: dict[str, Any] = {name: message}
            yield gr.update(**changed)

    return on_event


def build_page(models: Models, *, accelerate: Callable[[Any], Any] | None = None) -> gr.Blocks:
    """Build the page and its public endpoints.

    Args:
        models: The models to serve.
        accelerate: Wraps the functions that decode, as ``spaces.GPU`` does; None leaves them as they are.
    """
    server = PageServer(models)
    wrap = accelerate or _unchanged
    endpoints = Endpoints(models)
    answer, compare, take_turn, write_file, answer_tab, *published = (
        wrap(function)
        for function in (
            server.answer,
            server.compare,
            BatchServer(models).answer,
            server.download,
            server.view,
            endpoints.translate,
            endpoints.compare,
            endpoints.score,
        )
    )
    # Not the message: it may name folders of this machine, and the log has it.
    failures = [{"name": item.name, "code": item.error.code} for item in models.failures]

    # Gradio marks server functions, which a bound method does not take.
    def download(values: Mapping[str, Any]) -> dict[str, Any]:
        return dict(write_file(values))

    def view(values: Mapping[str, Any]) -> dict[str, Any]:
        return dict(answer_tab(values))

    page: gr.Blocks = gr.Blocks(title="Seq2Seq Lab", analytics_enabled=False, fill_width=True)
    with page:
        lab = lab_page(
            # With an accelerator that is lent for a request at a time, the browser asks for the example itself.
            None if accelerate else server.worked_example(),
            words=load_words(),
            models=models.describe(),
            failures=failures,
            defaults=default_options(),
            server_functions=[download, view, visitor],
        )
        for start, halt, function, limit, failed in (
            (lab.decode, lab.halt, _on_event(answer, "value"), CONCURRENT_DECODES, "page/failed.js"),
            (
                lab.compare,
                lab.halt_compare,
                _on_event(compare, "comparison"),
                CONCURRENT_DECODES,
                "comparison/failed.js",
            ),
            (lab.batch, lab.halt_batch, _on_event(take_turn, "batch"), CONCURRENT_BATCHES, "batch/failed.js"),
        ):
            running = start(
                function,
                outputs=lab,
                show_progress="hidden",
                trigger_mode="multiple",
                concurrency_limit=limit,
                api_visibility="private",
            )
            running.failure(None, js=read_asset(failed), api_visibility="private")
            halt(None, cancels=[running], api_visibility="private")
        for name, endpoint in zip(ENDPOINTS, published, strict=True):
            api(endpoint, api_name=name, concurrency_limit=CONCURRENT_DECODES, concurrency_id="endpoints")
    page.queue(max_size=QUEUE_SIZE)
    return page


def page_head() -> str:
    """Return what goes into the document's head: the style sheet, so that nothing is ever drawn without it."""
    return f"<style>\n{joined_styles()}\n</style>"


def page_theme() -> gr.themes.Base:
    """Return a theme with the system's fonts: nothing is fetched from elsewhere."""
    fonts = ["system-ui", "Segoe UI", "Roboto", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif"]
    return gr.themes.Base(font=fonts, font_mono=["ui-monospace", "Consolas", "monospace"])
