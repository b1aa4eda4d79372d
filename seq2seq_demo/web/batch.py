"""Batches: many lines with several strategies, decoded in short turns so that visitors share the machine.

The browser keeps the lines, the outputs and the order of the work; the server answers one turn at a time and keeps
nothing between two. Whatever a turn did not get to is simply asked for again, after other visitors' turns.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeGuard, TypeVar

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.errors import ConfigurationError, InputError, Seq2SeqError
from seq2seq_demo.evaluation import bleu_tokenizer, measure
from seq2seq_demo.strict import not_a_choice
from seq2seq_demo.translator import Translation, Translator
from seq2seq_demo.web.decoding import error_to_dict, write_messages
from seq2seq_demo.web.models import Models

T = TypeVar("T")

MAX_LINES: Final = 10_000
"""Most lines of a batch."""
TURN_LINES: Final = 200
"""Most lines of one turn."""
TURN_SECONDS: Final = 10.0
"""After these a turn ends and the next visitor's begins."""
GROUP_ROWS: Final = 256
"""Hypotheses decoded together: as many as keep a CPU busy, few enough for a Stop within about a second."""
NEXT_MESSAGE: Final = 0.4
"""Seconds between two messages of a turn."""
METRICS: Final = ("bleu", "chrf", "exact_match")
MAX_CHARACTERS: Final = 20_000_000
"""Most characters of outputs and references together that are measured."""


@dataclass(frozen=True)
class Turn:
    """Lines to decode with one strategy."""

    lines: tuple[str, ...]
    config: DecodingConfig


@dataclass(frozen=True)
class Row:
    """What became of one line."""

    index: int
    """Its place in the turn."""
    outcome: Translation | Seq2SeqError

    def to_dict(self) -> dict[str, Any]:
        """Return what the page shows of it, JSON-ready: its best hypothesis, without attention."""
        if isinstance(self.outcome, Seq2SeqError):
            return {"index": self.index, "error": error_to_dict(self.outcome)}
        best = self.outcome.hypotheses[0]
        return {
            "index": self.index,
            "text": best.text,
            "log_prob": round(best.log_prob, 4),
            "score": round(best.score, 4),
            "finished": best.finished,
            "tokens": len(best.tokens),
            # The end symbol is no word of the sentence.
            "source_tokens": len(self.outcome.source_tokens) - 1,
            "seconds": round(self.outcome.seconds, 5),
        }


class BatchServer:
    """Answers the batch view's turns.

    Args:
        models: The models that the page offers.
    """

    def __init__(self, models: Models) -> None:
        self._models = models

    def answer(self, values: Mapping[str, Any]) -> Iterator[str]:
        """Take one turn; yields JSON texts, the last with ``done`` set.

        ``job`` is ``decode`` (with ``model``, ``options`` and ``lines``), whose messages hold new rows each, or
        ``measure`` (with ``model``, ``outputs``, ``references`` and ``source_tokens``), which gives the figures. Errors
        are answers too. ``turn`` is the browser's name for the turn, given back with every message.
        """
        yield from write_messages({"turn": str(values.get("turn", ""))[:64]}, self._parts(values))

    def _parts(self, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        translator = self._models.get(values.get("model"))
        job = values.get("job")
        if job == "decode":
            rows = take_turn(translator, read_turn(values))
            # The turn has come: until now the visitor may have waited for others.
            yield {"done": False, "rows": []}
            for new, done in gather(rows):
                yield {"done": done, "rows": [row.to_dict() for row in new]}
        elif job == "measure":
            yield {"done": True, "figures": measure_outputs(values, language=translator.config.target_language)}
        else:
            raise not_a_choice("job", job, ("decode", "measure"))


def read_turn(values: Mapping[str, Any]) -> Turn:
    """Check ``options`` and ``lines``.

    Raises:
        ConfigurationError: an unknown option, a wrong type or a value out of range.
        InputError: no list of at most `TURN_LINES` texts.
    """
    options = values.get("options")
    if not isinstance(options, Mapping):
        raise ConfigurationError("wrong_type", "options must be an object.", {"field": "options", "allowed": "object"})
    config = replace(DecodingConfig.from_dict(options), n_best=1)
    lines = values.get("lines")
    # Whether each of them is a text is that line's own matter.
    if not isinstance(lines, list) or not 1 <= len(lines) <= TURN_LINES:
        raise InputError(
            "not_text", f"lines must be a list of 1 to {TURN_LINES} texts.", {"field": "lines", "limit": TURN_LINES}
        )
    return Turn(tuple(lines), config)


def take_turn(
    translator: Translator, turn: Turn, *, seconds: float = TURN_SECONDS, clock: Callable[[], float] = time.monotonic
) -> Iterator[list[Row]]:
    """Decode lines in groups of like length, the shortest first, until the time is up.

    Closing the iterator ends the work at the next group. A line that cannot be decoded has its error and costs no
    other.

    Args:
        translator: The model.
        turn: What to decode.
        seconds: After these no other group is begun; at least one is decoded.
        clock: In seconds.

    Yields:
        New rows, those of lines that cannot be decoded first.

    Raises:
        ConfigurationError: options that do not suit the model.
    """
    translator.check_config(turn.config)
    end = clock() + seconds
    refused = {index: error for index, line in enumerate(turn.lines) if (error := _check(translator, line))}
    if refused:
        yield [Row(index, error) for index, error in refused.items()]
    waiting = sorted((len(line), index) for index, line in enumerate(turn.lines) if index not in refused)
    size = max(1, GROUP_ROWS // turn.config.rows)
    for start in range(0, len(waiting), size):
        if start and clock() >= end:
            return
        indices = [index for _, index in waiting[start : start + size]]
        translations = translator.translate([turn.lines[index] for index in indices], turn.config)
        yield [Row(index, translation) for index, translation in zip(indices, translations, strict=True)]


def _check(translator: Translator, line: str) -> Seq2SeqError | None:
    try:
        translator.check_text(line)
    except InputError as error:
        return error
    return None


def gather(
    groups: Iterator[list[Row]], clock: Callable[[], float] = time.monotonic
) -> Iterator[tuple[list[Row], bool]]:
    """Join rows that come shortly after each other into one message; True stands beside the last."""
    due = clock() + NEXT_MESSAGE
    new: list[Row] = []
    for rows in groups:
        new += rows
        if clock() >= due:
            yield new, False
            new, due = [], clock() + NEXT_MESSAGE
    yield new, True


def measure_outputs(values: Mapping[str, Any], *, language: str) -> dict[str, Any]:
    """Measure one strategy's outputs.

    Args:
        values: ``outputs``, ``references`` (a list of one or more for each output) and ``source_tokens``.
        language: The outputs' language, which decides how BLEU cuts them into words.

    Returns:
        A figure for each of `METRICS`, as `evaluation.Figure` gives it, by source length too.

    Raises:
        InputError: lists of other things than these, or too much of them.
        DataError: nothing to measure, or lists of different lengths.
    """
    outputs, references, lengths = values.get("outputs"), values.get("references"), values.get("source_tokens")
    if not (_is_list(outputs, str) and _is_list(references, list) and _is_list(lengths, int)):
        raise _not_measurable("outputs, references and source_tokens must be lists", "outputs")
    if not all(_is_list(item, str) for item in references):
        raise _not_measurable("references must be a list of texts for each output", "references")
    size = sum(len(text) for texts in (outputs, *references) for text in texts)
    if len(outputs) > MAX_LINES or size > MAX_CHARACTERS:
        raise _not_measurable(f"outputs must be at most {MAX_LINES} of at most {MAX_CHARACTERS} characters", "outputs")
    tokenize = bleu_tokenizer(language)
    figures = (measure(name, outputs, references, tokenize=tokenize, source_lengths=lengths) for name in METRICS)
    return {figure.name: figure.to_dict() for figure in figures}


def _is_list(values: object, kind: type[T]) -> TypeGuard[list[T]]:
    return isinstance(values, list) and all(type(value) is kind for value in values)


def _not_measurable(sentence: str, field: str) -> InputError:
    return InputError("not_text", f"{sentence}.", {"field": field})
