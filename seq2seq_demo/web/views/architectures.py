"""The view *Architectures*: one English sentence through the family of small models."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.errors import InputError
from seq2seq_demo.text import is_in_other_script
from seq2seq_demo.translator import Translator
from seq2seq_demo.web.models import Models
from seq2seq_demo.web.requests import read_line, read_request

PROBE: Final = "length_probe.json"
"""File beside the family's checkpoints: their scores by source length."""
FAMILY_READS: Final = "en"


def answer(models: Models, values: Mapping[str, Any]) -> dict[str, Any]:
    """Decode one sentence with every member of the family that is served.

    ``family_text`` is the sentence; where there is none, the shown line is, if the family reads its language.

    Returns:
        ``members`` (a translation each, as HTTP gives it, with what the model is), ``text`` (None where there is no
        English sentence yet), and ``probe``: the measured scores by source length, or None.

    Raises:
        InputError: the sentence is no text, or the models cannot take it.
        ConfigurationError: a bad request.
    """
    request = read_request(values)
    members = {name: models.get(name) for name in models.family}
    text = values.get("family_text")
    if text is None:
        reads = models.get(request.model).config.source_language
        line = read_line(values, request)
        text = line if reads == FAMILY_READS and not is_in_other_script(line, FAMILY_READS) else None
    elif not isinstance(text, str):
        raise InputError("not_text", "family_text must be a string.", {"field": "family_text"})
    decoded = (
        [] if text is None else [_decode(name, member, text, request.configs[-1]) for name, member in members.items()]
    )
    folder = next((member.checkpoint.path.parent for member in members.values()), None)
    return {"text": text, "members": decoded, "probe": read_probe(folder / PROBE) if folder else None}


def _decode(name: str, translator: Translator, text: str, config: DecodingConfig) -> dict[str, Any]:
    model = translator.config.model
    # Without attention there is nothing to cover; a small vocabulary may be smaller than the other model's top-k.
    beta = 0.0 if model.attention == "none" else config.coverage_penalty
    suited = replace(
        config, coverage_penalty=beta, prefix="", n_best=1, top_k=min(config.top_k, model.target_vocab_size)
    )
    (translation,) = translator.translate([text], suited)
    return {"id": name, "cell": model.cell, "attention": model.attention, **translation.to_dict()}


def read_probe(path: Path) -> dict[str, Any] | None:
    """Return what was measured of the family, None where nothing was."""
    if not path.is_file():
        return None
    probe: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return probe
