"""What a person gives to a translator, checked before anything is decoded: texts, targets, tokens, weights."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
import numpy.typing as npt

from seq2seq_demo.config import MAX_SOURCE_TOKENS, Task
from seq2seq_demo.errors import InputError
from seq2seq_demo.search.repetition import most_repeats
from seq2seq_demo.search.step import MAX_TARGET_TOKENS
from seq2seq_demo.strict import check_range, shortened
from seq2seq_demo.text import normalise, normalise_source, verse_lines
from seq2seq_demo.tokenizer import BOS_ID, EOS_ID, PAD_ID, UNK_ID, Tokenizer
from seq2seq_demo.typed_text import Note, Reading, readable

MAX_CHARACTERS = 10_000
"""Longest text that is tokenised at all; `MAX_SOURCE_TOKENS` pieces are never so long."""


def normalise_prefix(prefix: str) -> str:
    """Normalise the beginning of an output; a space at its end stays, for it ends the word.

    >>> normalise_prefix(" The  wea"), normalise_prefix("The "), normalise_prefix("你好, ")
    ('The wea', 'The ', '你好，')
    """
    text = normalise(prefix)
    # No space follows a full-width mark in normalised text.
    return f"{text} " if text and prefix[-1].isspace() and normalise(f"{text} {text}") != text + text else text


@dataclass(frozen=True, eq=False)
class Source:
    """A text that has passed the checks."""

    text: str
    """Normalised, and as the model is to read it."""
    ids: tuple[int, ...]
    """Ends with the end symbol."""
    notes: tuple[Note, ...] = ()
    """How it differs from what was typed; see `typed_text`."""
    repeats: int = 0
    """How often it repeats a 3-gram of pieces; those of single bytes do not count."""


def read_source(
    text: object, tokenizer: Tokenizer, *, language: str = "", task: Task = "translate", line: int | None = None
) -> Source:
    """Normalise, tokenise and check one text.

    Args:
        text: One sentence; one word for ``pronounce``, one line for ``verse``.
        tokenizer: The source's.
        language: The source's code; it decides what `typed_text.readable` does.
        task: What the model does, which decides how the text is normalised.
        line: Its line in the input, counted from 1, for the message.

    Raises:
        InputError: ``not_text``, ``empty``, ``no_words``, ``source_too_many_characters`` or ``source_too_long``; for
            ``pronounce`` also ``one_word`` or ``unknown_letters``; for ``verse`` also ``one_line``.
    """
    where = "" if line is None else f"line {line}: "
    fields: dict[str, object] = {} if line is None else {"line": line}
    if not isinstance(text, str):
        kind = type(text).__name__
        raise InputError("not_text", f"{where}the source must be text; got {kind}.", {**fields, "got": kind})
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            "source_too_many_characters",
            f"{where}the source has {len(text):,} characters and the limit is {MAX_CHARACTERS:,}; "
            "split it into sentences.",
            {**fields, "characters": len(text), "limit": MAX_CHARACTERS},
        )
    reading = Reading(normalise_source(text, task))
    if task == "pronounce":
        _check_word(reading.text, tokenizer, where=where, fields=fields)
    elif reading.text:
        if task == "verse":
            _check_verse(text, where=where, fields=fields)
        typed, known = reading.text, tokenizer.characters
        reading = readable(typed, language, characters=known, count_pieces=lambda part: len(tokenizer.encode(part)))
        if not reading.text:
            raise InputError(
                "no_words",
                f"{where}there is nothing to read in {shortened(typed)}; type words.",
                {**fields, "got": typed},
            )
    ids = tokenizer.encode(reading.text)
    if not ids:
        raise InputError("empty", f"{where}the source is empty; type a sentence.", fields)
    if len(ids) > MAX_SOURCE_TOKENS:
        raise InputError(
            "source_too_long",
            f"{where}the source has {len(ids)} tokens and the model takes at most {MAX_SOURCE_TOKENS}; "
            "split it into sentences.",
            {**fields, "tokens": len(ids), "limit": MAX_SOURCE_TOKENS},
        )
    # A byte is no sign of a repetition: each counts as different from all else.
    units = [-place - 1 if tokenizer.is_byte(token) else token for place, token in enumerate(ids)]
    repeats = most_repeats(units)
    return Source(reading.text, (*ids, EOS_ID), reading.notes, repeats)


def _check_word(text: str, tokenizer: Tokenizer, *, where: str, fields: Mapping[str, object]) -> None:
    """Raise an `InputError` unless `text` is one word, or none, of letters that the model knows."""
    words = len(text.split())
    if words > 1:
        raise InputError(
            "one_word",
            f"{where}the model reads one word at a time; got {words}. Put each on a line of its own.",
            {**fields, "words": words},
        )
    unknown = " ".join(dict.fromkeys(letter for letter in text if UNK_ID in tokenizer.encode(letter)))
    if unknown:
        raise InputError(
            "unknown_letters",
            f"{where}the model does not know {unknown[:80]}; write the word in letters that it does.",
            {**fields, "got": unknown[:80]},
        )


def _check_verse(text: str, *, where: str, fields: Mapping[str, object]) -> None:
    """Raise an `InputError` unless `text` is one line of verse: no mark or space inside."""
    lines = len(verse_lines(text))
    if lines > 1:
        raise InputError(
            "one_line",
            f"{where}the model reads one line of verse at a time; got {lines}. Put each on a line of its own.",
            {**fields, "lines": lines},
        )


def read_target(target: str | Sequence[int], tokenizer: Tokenizer, *, line: int | None = None) -> Sequence[int]:
    """Normalise, tokenise and check one target.

    Args:
        target: A text, or the token ids of a hypothesis as they are.
        tokenizer: The target's.
        line: Its line in the input, counted from 1, for the message.

    Returns:
        Token ids; those of a text end with the end symbol.

    Raises:
        InputError: ``target_empty``, ``target_too_many_characters``, ``target_too_long`` or ``bad_token``.
        ConfigurationError: an id beyond the vocabulary.
    """
    where = "" if line is None else f"line {line}: "
    fields: dict[str, object] = {"field": "target"} if line is None else {"field": "target", "line": line}
    if not isinstance(target, str):
        ids = list(check_tokens(target, tokenizer, field="target"))
    elif len(target) > MAX_CHARACTERS:
        raise InputError(
            "target_too_many_characters",
            f"{where}the target has {len(target):,} characters and the limit is {MAX_CHARACTERS:,}.",
            {**fields, "characters": len(target), "limit": MAX_CHARACTERS},
        )
    else:
        ids = tokenizer.encode(normalise(target))
        ids = [*ids, EOS_ID] if ids else ids
    if not ids:
        raise InputError("target_empty", f"{where}the target is empty; type one.", fields)
    if len(ids) > MAX_TARGET_TOKENS:
        raise InputError(
            "target_too_long",
            f"{where}the target has {len(ids)} tokens, end symbol included, and the limit is {MAX_TARGET_TOKENS}.",
            {**fields, "tokens": len(ids), "limit": MAX_TARGET_TOKENS},
        )
    return ids


def check_tokens(token_ids: Sequence[int], tokenizer: Tokenizer, *, field: str) -> Sequence[int]:
    """Return them, unless one cannot stand there: padding, a begin symbol, an end symbol before the last.

    Args:
        token_ids: Of an output, or its beginning.
        tokenizer: The target's.
        field: What an error is about.

    Raises:
        InputError: ``bad_token``.
        ConfigurationError: an id beyond the vocabulary.
    """
    for position, token in enumerate(token_ids):
        last = position == len(token_ids) - 1
        if token in (PAD_ID, BOS_ID) or (token == EOS_ID and not last):
            raise InputError(
                "bad_token",
                f"{field} must not have {tokenizer.pieces([token])[0]!r} there; got it at position {position + 1}.",
                {"field": field, "position": position + 1, "got": token},
            )
        check_range(field, token, 0, tokenizer.vocab_size - 1)
    return token_ids


def read_pinned(pinned: Mapping[int, Sequence[float]], *, source_tokens: int) -> dict[int, npt.NDArray[np.float32]]:
    """Check attention that a person has chosen, and let each row sum to 1.

    Args:
        pinned: For target tokens, counted from 0, the weights of all source tokens.
        source_tokens: How many weights a row has, one for the end symbol too.

    Raises:
        InputError: ``pinned_step``: no such target token; ``pinned_length``: too many or too few weights;
            ``pinned_weights``: not numbers, a negative or infinite one, or no positive one.
    """
    rows = {}
    for step, weights in pinned.items():
        if not isinstance(step, int) or isinstance(step, bool) or not 0 <= step < MAX_TARGET_TOKENS:
            raise InputError(
                "pinned_step",
                f"pinned must name target tokens from 0 to {MAX_TARGET_TOKENS - 1}; got {shortened(step)}.",
                {"field": "pinned", "allowed": f"[0, {MAX_TARGET_TOKENS - 1}]", "got": shortened(step)},
            )
        fields = {"field": "pinned", "position": step + 1}
        values = list(weights) if isinstance(weights, Iterable) else [weights]
        if len(values) != source_tokens:
            raise InputError(
                "pinned_length",
                f"pinned needs a weight for each of {source_tokens} source tokens, the end symbol included; "
                f"got {len(values)} at position {step + 1}.",
                {**fields, "allowed": source_tokens, "got": len(values)},
            )
        row = _distribution(values)
        if row is None:
            raise InputError(
                "pinned_weights",
                "pinned needs finite weights of at least 0, one of them positive; "
                f"got {shortened(values)} at position {step + 1}.",
                {**fields, "got": shortened(values)},
            )
        rows[step] = row
    return rows


def _distribution(weights: Sequence[float]) -> npt.NDArray[np.float32] | None:
    """Divide weights by their sum; None where they are none."""
    if not all(isinstance(weight, Real) for weight in weights):
        return None
    try:
        row = np.array(weights, dtype=np.float64)
    except OverflowError:
        return None
    if not np.isfinite(row).all() or (row < 0).any() or not row.any():
        return None
    # By the largest first: a sum of the largest floats would be infinite.
    row /= row.max()
    weighted: npt.NDArray[np.float32] = (row / row.sum()).astype(np.float32)
    return weighted
