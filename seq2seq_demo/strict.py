"""Checks of configurations: an unknown key, a wrong type or a value out of range is a `ConfigurationError`.

The error names the field, what is allowed and what was seen. Nothing is converted silently, except that a whole number
serves where a float is asked.
"""

import difflib
import math
import sys
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Final, Literal, Self

from seq2seq_demo.errors import ConfigurationError

TYPES_IN_WORDS: Final = {int: "a whole number", float: "a finite number", bool: "true or false", str: "a text"}
"""How a message calls the types; the page translates the same words."""
_LONGEST_SHOWN: Final = 80


@dataclass(frozen=True)
class StrictConfig:
    """Base of the configurations: checks types on construction, and reads mappings strictly."""

    def __post_init__(self) -> None:
        hints = typing.get_type_hints(type(self))
        for item in fields(self):
            check_type(item.name, getattr(self, item.name), hints[item.name])
        self._check_ranges()

    def _check_ranges(self) -> None:
        """Raise a `ConfigurationError` where a value is out of range; types are already right."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from a mapping with exactly the fields' names as keys.

        Raises:
            ConfigurationError: an unknown key, a missing one, a wrong type or a value out of range.
        """
        known = {item.name: item for item in fields(cls)}
        for key in values:
            if key not in known:
                raise _unknown_key(key, known)
        for name, item in known.items():
            if name not in values and item.default is MISSING and item.default_factory is MISSING:
                raise ConfigurationError("missing_key", f"{name} is missing.", {"field": name})
        hints = typing.get_type_hints(cls)
        return cls(**{key: _coerce(key, value, hints[key]) for key, value in values.items()})

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON-ready values."""
        return asdict(self)


def _unknown_key(key: str, known: Mapping[str, object]) -> ConfigurationError:
    close = difflib.get_close_matches(str(key), known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    allowed = ", ".join(known)
    return ConfigurationError(
        "unknown_key", f"unknown key {key!r}; allowed: {allowed}.{hint}", {"field": key, "allowed": allowed}
    )


def _coerce(name: str, value: Any, hint: Any) -> Any:
    """Turn the plain values of JSON and TOML into the field's type: lists into tuples, tables into configurations."""
    origin = typing.get_origin(hint)
    if isinstance(hint, type) and issubclass(hint, StrictConfig) and isinstance(value, Mapping):
        try:
            return hint.from_dict(value)
        except ConfigurationError as error:
            raise _in_table(name, error) from error
    if origin is tuple and isinstance(value, Sequence) and not isinstance(value, str):
        (inner, *_) = typing.get_args(hint)
        return tuple(_coerce(name, item, inner) for item in value)
    # No range reaches so far: a number that no float can hold is left to be refused as out of range.
    if hint is float and isinstance(value, int) and not isinstance(value, bool) and abs(value) <= sys.float_info.max:
        return float(value)
    return value


def _in_table(name: str, error: ConfigurationError) -> ConfigurationError:
    """Say in which table an error is: ``[data.train]: repeat must …``."""
    inner = error.fields.get("table")
    table = name if inner is None else f"{name}.{inner}"
    message = error.message.removeprefix(f"[{inner}]: ")
    return ConfigurationError(error.code, f"[{table}]: {message}", {**error.fields, "table": table})


def check_type(name: str, value: Any, hint: Any) -> None:
    """Raise a `ConfigurationError` unless the value is of this type, which may be a choice, a tuple or optional."""
    origin = typing.get_origin(hint)
    if origin is Literal:
        check_choice(name, value, typing.get_args(hint))
        return
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in typing.get_args(hint):
            return
        hint = next(item for item in typing.get_args(hint) if item is not type(None))
        check_type(name, value, hint)
        return
    if origin is tuple:
        right = isinstance(value, tuple)
        (inner, *_) = typing.get_args(hint)
        for item in value if right else ():
            check_type(f"an item of {name}", item, inner)
    elif hint is float:
        right = (isinstance(value, float) and math.isfinite(value)) or _is_whole(value)
    elif hint is int:
        right = _is_whole(value)
    else:
        right = isinstance(value, hint)
    if not right:
        wanted = _type_in_words(hint)
        raise ConfigurationError(
            "wrong_type",
            f"{name} must be {wanted}; got {shortened(value)}.",
            {"field": name, "allowed": wanted, "got": _plain(value)},
        )


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _type_in_words(hint: Any) -> str:
    if typing.get_origin(hint) is tuple:
        (inner, *_) = typing.get_args(hint)
        return f"a list, each item {_type_in_words(inner)}"
    if issubclass(hint, StrictConfig):
        return f"a table with {', '.join(item.name for item in fields(hint))}"
    return TYPES_IN_WORDS[hint]


def shortened(value: object) -> str:
    """Write a value for an error message: its repr, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:
        # Python writes out no whole number of more than some thousand digits.
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _plain(value: object) -> object:
    """Return what an error's fields hold: a number or a text as it is, unless it is long, and else its repr."""
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    return value[:_LONGEST_SHOWN] if isinstance(value, str) else shortened(value)


def not_a_choice(name: str, value: object, allowed: Iterable[str], *, field: str | None = None) -> ConfigurationError:
    """Make the error of a value that is none of those allowed.

    Args:
        name: What the message calls the option.
        value: What was seen.
        allowed: What it may be.
        field: The option itself, where its name is another.
    """
    words = ", ".join(repr(item) for item in allowed) or "nothing"
    return ConfigurationError(
        "not_a_choice",
        f"{name} must be one of {words}; got {shortened(value)}.",
        {"field": field or name, "allowed": words, "got": _plain(value)},
    )


def check_choice(name: str, value: object, allowed: Iterable[str]) -> None:
    """Raise a `ConfigurationError` unless `value` is one of `allowed`."""
    # A tuple, not a set: what a request holds need not be hashable.
    choices = tuple(allowed)
    if value not in choices:
        raise not_a_choice(name, value, choices)


def check_range(
    name: str,
    value: float | None,
    low: float,
    high: float,
    *,
    low_open: bool = False,
    high_open: bool = False,
) -> None:
    """Raise a `ConfigurationError` unless `value` is None or lies in the interval; the ends count unless open."""
    if value is None:
        return
    above = value > low if low_open else value >= low
    below = value < high if high_open else value <= high
    if not (above and below):
        interval = f"{'(' if low_open else '['}{low}, {high}{')' if high_open else ']'}"
        raise ConfigurationError(
            "out_of_range",
            f"{name} must lie in {interval}; got {shortened(value)}.",
            {"field": name, "allowed": interval, "got": _plain(value)},
        )
