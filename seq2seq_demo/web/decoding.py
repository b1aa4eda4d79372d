"""Decode a request of the page, line by line and step by step, as a series of growing snapshots."""

import json
import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.errors import Seq2SeqError
from seq2seq_demo.text import is_in_other_script
from seq2seq_demo.translator import Translation, Translator
from seq2seq_demo.web.requests import PageRequest

_log = logging.getLogger(__name__)

FIRST_SNAPSHOT: Final = 0.3
"""Seconds before a decode that is still going shows what it has; shorter ones come in one piece."""
NEXT_SNAPSHOT: Final = 0.15
"""Least seconds between two later snapshots."""
SNAPSHOT_SHARE: Final = 0.25
"""Largest share of the time that goes into showing them."""
ALTERNATIVES: Final = 10
"""Most probable tokens of each step that the page can show."""
ALTERNATIVES_LINES: Final = 6
"""Most lines of a request that get them: of more, nobody looks closely at each."""
INTERNAL_ERROR: Final = {"code": "internal", "fields": {}, "message": ""}
"""What the page is told of a failure that nobody foresaw; the log has the rest."""
_TYPED_CHARACTERS: Final = 2000


@dataclass
class Run:
    """One strategy on one line; `translation` is None until its first step."""

    config: DecodingConfig
    translation: Translation | None = None
    finished: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return what the page draws, JSON-ready."""
        if self.translation is None:
            return {
                "strategy": self.config.strategy,
                "options": self.config.to_dict(),
                "hypotheses": [],
                "partial": True,
            }
        values = self.translation.to_dict()
        if not self.finished:
            # They are most of a long message; of one that will soon be outdated nobody looks at the second best's.
            for hypothesis in values["hypotheses"][1:]:
                hypothesis["alternatives"] = None
        for hypothesis in values["hypotheses"]:
            if hypothesis["attention"] is not None:
                # Three decimals are what the page shows.
                hypothesis["attention"] = np.round(hypothesis["attention"], 4).tolist()
        return {
            "strategy": self.config.strategy,
            "options": self.config.to_dict(),
            "partial": not self.finished,
            **values,
        }


@dataclass
class Line:
    """One line of the request, its runs, or why it could not be decoded."""

    text: str
    runs: list[Run] = field(default_factory=list)
    error: Seq2SeqError | None = None
    language: str | None = None
    """The language that the model reads, where the text is in another script; the output is then a guess."""
    others: list[str] = field(default_factory=list)
    """In that case the languages, of those that other models read, that the text may be in."""
    paragraph: int = 0
    """Number of the typed line that it is a sentence of."""

    def to_dict(self) -> dict[str, Any]:
        """Return what the page draws, JSON-ready."""
        return {
            "typed": self.text[:_TYPED_CHARACTERS],
            "runs": [run.to_dict() for run in self.runs] if self.error is None else [],
            "error": error_to_dict(self.error) if self.error else None,
            "reads": self.language,
            "others": self.others,
            "paragraph": self.paragraph,
        }


def error_to_dict(error: Seq2SeqError) -> dict[str, Any]:
    """Return an error's code, fields and English message, JSON-ready."""
    fields = {key: value if _is_json_number(value) else str(value)[:200] for key, value in error.fields.items()}
    return {"code": error.code, "fields": fields, "message": error.message}


def write_messages(identity: Mapping[str, Any], parts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Write the parts of an answer as JSON texts that the browser knows by their identity.

    An error is a part too, with ``done`` set: the page says it in the visitor's language.
    """
    try:
        for part in parts:
            yield json.dumps({**identity, **part})
    except Seq2SeqError as error:
        yield json.dumps({**identity, "done": True, "error": error_to_dict(error)})
    except Exception:
        # The visitor learns that it failed; the traceback is for whoever runs the page.
        _log.exception("a request of the page failed")
        yield json.dumps({**identity, "done": True, "error": INTERNAL_ERROR})


def _is_json_number(value: object) -> bool:
    # Python would write NaN and Infinity, which no browser reads.
    return isinstance(value, int | float) and math.isfinite(value)


class Pace:
    """Says when the next snapshot of a decode is due: now and then, and the more rarely the longer one takes to show.

    Args:
        clock: Seconds, as `time.monotonic`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due = clock() + FIRST_SNAPSHOT
        self._begun: float | None = None

    def due(self) -> bool:
        """Whether it is time; showing begins with the first yes, since the snapshot is then put together."""
        now = self._clock()
        if now < self._due:
            return False
        self._begun = now if self._begun is None else self._begun
        return True

    @property
    def asked(self) -> bool:
        """Whether the last answer was yes, and the snapshot has not been shown; of a search's end nobody asks."""
        return self._begun is not None

    def shown(self) -> None:
        """Note that the snapshot which was due has been shown."""
        now = self._clock()
        took = 0.0 if self._begun is None else now - self._begun
        self._due, self._begun = now + max(NEXT_SNAPSHOT, took * (1 / SNAPSHOT_SHARE - 1)), None


def decode(
    translator: Translator,
    request: PageRequest,
    *,
    languages: Iterable[str] = (),
    wanted: Callable[[], bool] | None = None,
) -> Iterator[list[Line]]:
    """Decode every line with every strategy; yields the growing list after each decoding step and each line.

    A line that cannot be decoded keeps its error and does not stop the others. Closing the iterator stops the search
    within one step.

    Args:
        translator: The model.
        request: What the page asked for.
        languages: What the served models read: a text in another script may be in one of them.
        wanted: Asked after each step whether to yield; None is always.
    """
    reads = translator.config.source_language
    lines = [
        Line(text, [Run(config) for config in request.configs], paragraph=paragraph)
        for text, paragraph in zip(request.lines, request.paragraphs, strict=True)
    ]
    for line in lines:
        if is_in_other_script(line.text, reads):
            line.language = reads
            line.others = [name for name in languages if not is_in_other_script(line.text, name)]
    alternatives = ALTERNATIVES if len(lines) <= ALTERNATIVES_LINES else 0
    for index, line in enumerate(lines):
        for run in line.runs:
            try:
                search = translator.stream(
                    line.text,
                    run.config,
                    prefix_tokens=request.prefix_tokens,
                    pinned=request.pinned,
                    alternatives=alternatives,
                    wanted=wanted,
                )
                with closing(search) as steps:
                    for run.translation in steps:
                        yield lines[: index + 1]
            except Seq2SeqError as error:
                line.error = error
                break
            run.finished = True
        yield lines[: index + 1]


def decode_paced(
    translator: Translator,
    request: PageRequest,
    *,
    languages: Iterable[str] = (),
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[list[Line], bool]]:
    """Decode as `decode` does; yields a snapshot now and then, and the last one with True beside it.

    Most decodes are over before anyone could see a step: they give one snapshot, and cost one message.
    """
    pace = Pace(clock)
    last: list[Line] = []
    for last in decode(translator, request, languages=languages, wanted=pace.due):
        if pace.asked:
            yield last, False
            pace.shown()
    yield last, True
