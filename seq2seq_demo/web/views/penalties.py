"""The view *Penalties*: where the hypotheses change places as α and β grow, and a longer list of them."""

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from seq2seq_demo.errors import ConfigurationError
from seq2seq_demo.search.changes import MAX_PENALTY, changes_along_alpha, changes_along_beta
from seq2seq_demo.search.reranking import Rankable
from seq2seq_demo.search.step import MAX_TARGET_TOKENS
from seq2seq_demo.strict import check_range
from seq2seq_demo.web.decoding import Run
from seq2seq_demo.web.models import Models
from seq2seq_demo.web.requests import read_line, read_request

LONGER: Final = 20
"""Hypotheses of the longer list, and the beam that they come from."""
MAX_HYPOTHESES: Final = 100


def answer(models: Models, values: Mapping[str, Any]) -> dict[str, Any]:
    """Say where ``hypotheses`` change places, or decode a longer list where ``longer`` is set.

    The browser ranks the list itself, from the same numbers (see `search.reranking`); the places of change are computed
    here. ``hypotheses`` are objects with ``log_prob``, ``length``, ``coverage`` and ``finished``; ``alpha`` and
    ``beta`` the penalties that stay while the other grows.

    Returns:
        ``alpha`` and ``beta``: the changes as each of them grows from 0 to 5 (see `search.changes.Change`). Or, for
        ``longer``, ``run``: the `LONGER` best with a beam of that size, as the page draws them, without attention.

    Raises:
        ConfigurationError: a bad request, or a number that is none or out of range.
        InputError: the line cannot be decoded.
    """
    request = read_request(values)
    if values.get("longer") is True:
        config = request.configs[-1]
        size = max(LONGER, config.beam_size if "beam" in config.strategy else 0)
        wide = replace(config, strategy="beam", beam_size=size, n_best=LONGER)
        (translation,) = models.get(request.model).translate(
            [read_line(values, request)], wide, prefix_tokens=request.prefix_tokens, pinned=request.pinned
        )
        run = Run(wide, translation, finished=True).to_dict()
        return {"run": {**run, "hypotheses": [{**one, "attention": None} for one in run["hypotheses"]]}}
    hypotheses = _read_hypotheses(values.get("hypotheses"))
    alpha = _read_number(values, "length_penalty", "alpha", high=MAX_PENALTY)
    beta = _read_number(values, "coverage_penalty", "beta", high=MAX_PENALTY)
    return {
        "alpha": [asdict(change) for change in changes_along_alpha(hypotheses, beta=beta)],
        "beta": [asdict(change) for change in changes_along_beta(hypotheses, alpha=alpha)],
    }


def _read_hypotheses(hypotheses: object) -> list[Rankable]:
    good = isinstance(hypotheses, list) and all(isinstance(one, Mapping) for one in hypotheses)
    if not isinstance(hypotheses, list) or not good or not 1 <= len(hypotheses) <= MAX_HYPOTHESES:
        allowed = f"a list of 1 to {MAX_HYPOTHESES} hypotheses"
        raise ConfigurationError(
            "wrong_type", f"hypotheses must be {allowed}.", {"field": "hypotheses", "allowed": allowed}
        )
    return [
        Rankable(
            _read_number(one, "log_prob", "log_prob", low=-1e9, high=0),
            int(_read_number(one, "length", "length", low=1, high=MAX_TARGET_TOKENS)),
            _read_number(one, "coverage", "coverage", low=-1e9, high=0),
            finished=one.get("finished") is True,
        )
        for one in hypotheses
    ]


def _read_number(values: Mapping[str, Any], field: str, key: str, *, low: float = 0.0, high: float) -> float:
    value = values.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ConfigurationError(
            "wrong_type", f"{field} must be a finite number.", {"field": field, "allowed": "a finite number"}
        )
    check_range(field, value, low, high)
    return float(value)
