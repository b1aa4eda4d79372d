"""The page's views, one module each: what a tab asks the server beside the decode itself.

Every ``answer(models, values)`` gets the request of the shown result (see `web.requests.read_request`), the number of
its line and the view's own values, and returns what the tab draws, JSON-ready. Errors are `Seq2SeqError`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from seq2seq_demo.strict import check_choice
from seq2seq_demo.web.models import Models
from seq2seq_demo.web.views import architectures, comparison, penalties, reading, score, steps, tree

Answer = Callable[[Models, Mapping[str, Any]], dict[str, Any]]

VIEWS: Final[Mapping[str, Answer]] = {
    "comparison": comparison.answer,
    "penalties": penalties.answer,
    "tree": tree.answer,
    "score": score.answer,
    "reading": reading.answer,
    "steps": steps.answer,
    "architectures": architectures.answer,
}
"""What answers each tab that asks."""


def answer_view(models: Models, values: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a tab.

    Args:
        models: The models that the page offers.
        values: ``view`` (its name), the request, ``line``, and what the view itself wants.

    Raises:
        Seq2SeqError: no such view, a bad request, or what the view cannot do.
    """
    name = values.get("view")
    check_choice("view", name, tuple(VIEWS))
    return VIEWS[str(name)](models, values)
