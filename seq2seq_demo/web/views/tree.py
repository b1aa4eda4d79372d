"""The view *Search tree*: the shown line decoded again, with everything that the search looked at."""

from collections.abc import Mapping
from typing import Any, Final, cast

from seq2seq_demo.search import SearchTrace, summarise
from seq2seq_demo.web.models import Models
from seq2seq_demo.web.requests import read_index, read_line, read_request

MAX_WEIGHTS: Final = 600_000
"""Most attention weights that a tree goes to the browser with; about 5 MB."""
_HYPOTHESIS: Final = ("text", "token_ids", "log_prob", "score", "finished")


def answer(models: Models, values: Mapping[str, Any]) -> dict[str, Any]:
    """Decode a line of a request with its tree.

    ``run`` is the number of the strategy, where the request has several.

    Returns:
        ``trace`` and ``summary`` as `SearchTrace.to_dict` and `TraceSummary.to_dict` give them, the ``hypotheses``
        with which ``trace["n_best"]`` ends, the source's tokens and words, the options, and ``given``: how many
        tokens of every path were not chosen by the search. Where the attention would be too large, it is left out
        and ``attention_left_out`` is set.

    Raises:
        InputError: the model cannot take the line.
        ConfigurationError: a bad request, or options that do not suit the model.
    """
    request = read_request(values)
    line = read_line(values, request)
    config = request.configs[read_index(values, "run", len(request.configs))]
    (translation,) = models.get(request.model).translate(
        [line], config, prefix_tokens=request.prefix_tokens, pinned=request.pinned, trace=True
    )
    result = translation.to_dict()
    trace = cast(SearchTrace, translation.trace)  # it was asked for
    too_large = trace.attention is not None and trace.attention.size > MAX_WEIGHTS
    return {
        "strategy": config.strategy,
        "options": {**config.to_dict(), "seed": translation.seed},
        "given": len(request.prefix_tokens),
        **{name: result[name] for name in ("source", "source_tokens", "source_words", "steps", "seconds")},
        "hypotheses": [{name: one[name] for name in _HYPOTHESIS} for one in result["hypotheses"]],
        "trace": {**result["trace"], **({"attention": None} if too_large else {})},
        "attention_left_out": too_large,
        "summary": summarise(trace, alpha=config.length_penalty).to_dict(),
    }
