"""The view *Step by step*: what the model computes when it writes each token of the shown hypothesis."""

from collections.abc import Mapping
from typing import Any

from seq2seq_demo.web.models import Models
from seq2seq_demo.web.requests import read_line, read_request, read_tokens


def answer(models: Models, values: Mapping[str, Any]) -> dict[str, Any]:
    """Explain ``hypothesis``, token ids of an output of the request.

    Returns:
        What `Translator.explain` tells, JSON-ready: the encoder's states, each step, and the model's equations.

    Raises:
        InputError: a source or a hypothesis that the model cannot take.
        ConfigurationError: a bad request.
    """
    request = read_request(values)
    tokens = read_tokens(values, "hypothesis")
    translator = models.get(request.model)
    return translator.explain(read_line(values, request), tokens, pinned=request.pinned).to_dict()
