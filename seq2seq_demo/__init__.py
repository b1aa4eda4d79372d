"""An attention encoder–decoder with its training, its search and a page that shows what happens.

The public names are imported when they are first asked for, so that ``import seq2seq_demo`` is quick and a module
that needs no torch does not load it.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seq2seq_demo.config import DecodingConfig, ModelConfig, TrainingConfig
    from seq2seq_demo.errors import CheckpointError, ConfigurationError, DataError, InputError, Seq2SeqError
    from seq2seq_demo.model import Seq2Seq
    from seq2seq_demo.search import Hypothesis, beam_search, greedy_search, sample
    from seq2seq_demo.translator import Translation, Translator

__version__ = "0.1.0"

_HOMES = {
    "CheckpointError": "errors",
    "ConfigurationError": "errors",
    "DataError": "errors",
    "DecodingConfig": "config",
    "Hypothesis": "search",
    "InputError": "errors",
    "ModelConfig": "config",
    "Seq2Seq": "model",
    "Seq2SeqError": "errors",
    "TrainingConfig": "config",
    "Translation": "translator",
    "Translator": "translator",
    "beam_search": "search",
    "greedy_search": "search",
    "sample": "search",
}
"""Module of each public name."""

__all__ = [
    "CheckpointError",
    "ConfigurationError",
    "DataError",
    "DecodingConfig",
    "Hypothesis",
    "InputError",
    "ModelConfig",
    "Seq2Seq",
    "Seq2SeqError",
    "TrainingConfig",
    "Translation",
    "Translator",
    "beam_search",
    "greedy_search",
    "sample",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
