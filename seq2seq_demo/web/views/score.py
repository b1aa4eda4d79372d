"""The view *Score mine*: a person's own output, forced through the model, beside the best that the search found."""

from collections.abc import Mapping
from typing import Any, Final

from seq2seq_demo.errors import InputError
from seq2seq_demo.text import is_in_other_script
from seq2seq_demo.web.models import Models
from seq2seq_demo.web.requests import read_line, read_request, read_tokens

ALTERNATIVES: Final = 10
"""Most probable tokens of each step that the view can show."""


def answer(models: Models, values: Mapping[str, Any]) -> dict[str, Any]:
    """Score ``target``, the person's text, and judge it against ``found``, token ids of the search's best hypothesis.

    The ids are scored by forced decoding too: that gives what the search gave them, in one pass and with their ranks.

    Returns:
        ``own`` (a translation as HTTP gives it, with ranks and alternatives), ``found`` (a hypothesis, with ranks),
        ``judgement`` (verdict, obstacles and both scores), ``penalties`` (α and β of both), and ``writes``: the
        model's target language where the text is in another script, else None.

    Raises:
        InputError: a source or a target that the model cannot take; ``field`` is "target" for a target.
        ConfigurationError: a bad request.
    """
    request = read_request(values)
    line, config = read_line(values, request), request.configs[-1]
    translator = models.get(request.model)
    target = values.get("target")
    if not isinstance(target, str):
        raise InputError("not_text", "target must be a string.", {"field": "target"})
    (own,) = translator.score([line], [target], config, pinned=request.pinned, alternatives=ALTERNATIVES)
    (found,) = translator.score([line], [read_tokens(values, "found")], config, pinned=request.pinned)
    prefix = request.prefix_tokens
    judgement = translator.judge(own, found, config, prefix_tokens=prefix)
    language = translator.config.target_language
    return {
        "own": own.to_dict(),
        "found": found.to_dict()["hypotheses"][0],
        "judgement": {
            "verdict": judgement.verdict,
            "obstacles": translator.obstacles(own, config, prefix_tokens=prefix),
            "own_score": judgement.own_score,
            "best_score": judgement.best_score,
        },
        "penalties": {"alpha": config.length_penalty, "beta": config.coverage_penalty},
        "writes": language if is_in_other_script(target, language) else None,
    }
