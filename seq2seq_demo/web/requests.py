"""A request of the page as one small immutable value, checked key by key; every view is computed from it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from seq2seq_demo.config import MAX_SOURCE_TOKENS, DecodingConfig
from seq2seq_demo.errors import ConfigurationError, InputError
from seq2seq_demo.search.step import MAX_TARGET_TOKENS
from seq2seq_demo.sentences import split_sentences
from seq2seq_demo.strict import check_choice
from seq2seq_demo.text import verse_lines

MAX_LINES: Final = 50
"""Most lines of one request; a batch of more is the command line's business."""
MODES: Final = ("greedy", "beam", "diverse-beam", "sample", "compare")
_SEARCH_SIZE: Final = ("beam_size", "n_best")


@dataclass(frozen=True)
class PageRequest:
    """What the visitor asked for."""

    model: str
    lines: tuple[str, ...]
    """Texts to decode, each on its own; none is blank. A typed line of several sentences gives one for each."""
    configs: tuple[DecodingConfig, ...]
    """One for each panel: one, or greedy and beam side by side."""
    prefix_tokens: tuple[int, ...] = ()
    """Target ids that the output begins with, chosen by the visitor; only with one line."""
    paragraphs: tuple[int, ...] = ()
    """For each of `lines` the number of the typed line that it comes from; each line of verse counts as one."""
    pinned: Mapping[int, Sequence[float]] = field(default_factory=dict)
    """Attention that the visitor chose: weights of all source tokens by target token; only with one line."""


def read_request(values: Mapping[str, Any]) -> PageRequest:
    """Check the page's JSON: ``model``, ``text``, ``strategy`` (one of `MODES`) and ``options``.

    ``language``, where given, is that of the text: each typed line is then split into its sentences. With the ``task``
    "pronounce" it is split into its words, with "verse" into its lines of verse.

    Raises:
        ConfigurationError: an unknown option, a wrong type or a value out of range.
        InputError: the text is no text, is blank, or has too many lines.
    """
    options = values.get("options", {})
    if not isinstance(options, Mapping):
        raise ConfigurationError("wrong_type", "options must be an object.", {"field": "options", "allowed": "object"})
    configs = _read_configs(values.get("strategy"), options)
    language = str(values.get("language", ""))[:16]
    paragraphs, lines = _read_lines(values.get("text"), language=language, task=values.get("task"))
    return PageRequest(
        model=str(values.get("model", "")),
        configs=configs,
        lines=lines,
        paragraphs=paragraphs,
        prefix_tokens=_read_prefix_tokens(values, lines=len(lines)),
        pinned=_read_pinned(values.get("pinned", []), lines=len(lines)),
    )


def _read_configs(mode: object, options: Mapping[str, Any]) -> tuple[DecodingConfig, ...]:
    check_choice("strategy", mode, MODES)
    greedy = {**{key: value for key, value in options.items() if key not in _SEARCH_SIZE}, "strategy": "greedy"}
    if mode == "greedy":
        wanted = [greedy]
    elif mode == "compare":
        wanted = [greedy, {**options, "strategy": "beam"}]
    else:
        wanted = [{**options, "strategy": mode}]
    # A seed is drawn here and goes back to the page: what it shows can be drawn, and downloaded, again.
    return tuple(DecodingConfig.from_dict(item).with_seed() for item in wanted)


def _read_prefix_tokens(values: Mapping[str, Any], *, lines: int) -> tuple[int, ...]:
    tokens = read_tokens(values, "prefix_tokens")
    if tokens and lines > 1:
        raise ConfigurationError(
            "wrong_type",
            "prefix_tokens needs one line of text.",
            {"field": "prefix_tokens", "allowed": "a list of token ids"},
        )
    return tokens


def _read_pinned(value: object, *, lines: int) -> dict[int, list[float]]:
    """Read ``[[target token, [weight, …]], …]``; whether they are weights is for the translator to say."""
    rows: list[Any] = value if isinstance(value, list) else [None]
    good = all(isinstance(row, list) and len(row) == 2 and _is_step(row[0]) and _is_row(row[1]) for row in rows)
    if not good or len(rows) > MAX_TARGET_TOKENS or (rows and lines > 1):
        raise ConfigurationError(
            "wrong_type",
            "pinned must be a list of [target token, weights of the source tokens], with one line of text.",
            {"field": "pinned", "allowed": "a list of weights"},
        )
    return dict(rows)


def _is_step(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_row(value: object) -> bool:
    if not isinstance(value, list) or len(value) > MAX_SOURCE_TOKENS + 1:
        return False
    return all(isinstance(weight, int | float) and not isinstance(weight, bool) for weight in value)


def read_tokens(values: Mapping[str, Any], name: str) -> tuple[int, ...]:
    """Return a list of target ids; empty where there is none. Whether the model has them is for the translator to say.

    Raises:
        ConfigurationError: anything else than whole numbers, or more than an output may have.
    """
    value = values.get(name, [])
    tokens = value if isinstance(value, list) else [None]
    whole = all(isinstance(token, int) and not isinstance(token, bool) for token in tokens)
    if not whole or len(tokens) > MAX_TARGET_TOKENS:
        raise ConfigurationError(
            "wrong_type",
            f"{name} must be a list of at most {MAX_TARGET_TOKENS} token ids.",
            {"field": name, "allowed": "a list of token ids"},
        )
    return tuple(tokens)


def _read_lines(text: object, *, language: str, task: object) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return the texts to decode, and the number of the typed line, or line of verse, that each comes from."""
    if not isinstance(text, str):
        raise InputError("not_text", "the text must be a string.", {"field": "text"})
    # Not str.splitlines: it also splits at control characters, which people paste by accident.
    typed = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    if task == "verse":
        # Each stands on a line of its own then, and so will its answer.
        split = [[verse] for line in typed for verse in verse_lines(line)]
    elif task == "pronounce":
        split = [line.split() for line in typed]
    else:
        split = [split_sentences(line, language) if language else [line] for line in typed]
    lines = tuple(line for sentences in split for line in sentences)
    if not lines:
        raise InputError("empty", "the text is empty; type a sentence.", {"field": "text"})
    if len(lines) > MAX_LINES:
        raise InputError(
            "too_many_lines",
            f"at most {MAX_LINES} lines at a time; got {len(lines)}. The command line takes any number.",
            {"field": "text", "lines": len(lines), "limit": MAX_LINES},
        )
    return tuple(number for number, sentences in enumerate(split) for _ in sentences), lines


def read_line(values: Mapping[str, Any], request: PageRequest) -> str:
    """Return the text of the line that ``line`` names; the first where none is named.

    Raises:
        ConfigurationError: the request has no such line.
    """
    return request.lines[read_index(values, "line", len(request.lines))]


def read_index(values: Mapping[str, Any], name: str, count: int) -> int:
    """Return a whole number from 0 to `count` − 1; 0 where there is none.

    Raises:
        ConfigurationError: anything else.
    """
    value = values.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < count:
        allowed = f"[0, {count - 1}]"
        raise ConfigurationError(
            "out_of_range",
            f"{name} must lie in {allowed}; got {str(value)[:80]}.",
            {"field": name, "allowed": allowed, "got": str(value)[:80]},
        )
    return value
