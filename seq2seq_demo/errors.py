"""Everything that can go wrong, as one small tree.

    Seq2SeqError
    ├── ConfigurationError    an option or a configuration key: unknown, wrong type, out of range
    ├── CheckpointError       a folder or a Hub repository that cannot be loaded or saved
    ├── InputError            a text that a person typed and the model cannot take
    └── DataError             a corpus: file and line of a bad row

Each error carries a `code` (stable, for programs) and `fields` (the values that its message mentions), so that
the page can say the same thing in another language beside the field that it is about.
"""

from collections.abc import Mapping
from types import MappingProxyType


class Seq2SeqError(Exception):
    """Base of all errors that this package raises on purpose.

    Args:
        code: Stable name of what went wrong, for example ``"source_too_long"``.
        message: One English sentence that says what is allowed, what was seen and what to do.
        fields: The values in the message, by name. The key ``"field"`` names the option it is about, if any.
    """

    def __init__(self, code: str, message: str, fields: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields: Mapping[str, object] = MappingProxyType(dict(fields or {}))

    def __reduce__(self) -> tuple[object, ...]:
        # The default would call the class with the message alone, and a worker process could not send the error back.
        return type(self), (self.code, self.message, dict(self.fields))


class ConfigurationError(Seq2SeqError):
    """An option or configuration key is unknown, has the wrong type or is out of range."""


class CheckpointError(Seq2SeqError):
    """A checkpoint cannot be found, read, checked or written."""


class InputError(Seq2SeqError):
    """A text cannot be decoded: empty, too long, or not text at all."""


class DataError(Seq2SeqError):
    """A corpus cannot be read; the message names the file and the line."""
