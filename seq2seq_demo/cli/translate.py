"""``translate``: standard input, one sentence a line, to standard output."""

import argparse
import codecs
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from seq2seq_demo.cli.options import (
    Subparsers,
    add_decoding_options,
    add_model_options,
    decoding_config_from,
    one_line,
)
from seq2seq_demo.errors import InputError

if TYPE_CHECKING:
    from seq2seq_demo.config import DecodingConfig
    from seq2seq_demo.translator import Translation, Translator

_CHUNK_LINES = 1024
"""Lines that ``translate`` decodes and writes at a time; within them, those of like length go together."""


def add_parser(commands: Subparsers) -> None:
    """Add ``translate``."""
    parser = commands.add_parser(
        "translate",
        help="translate standard input, one sentence a line, to standard output",
        description="Translate standard input, one sentence a line, to standard output: the best hypothesis, or with "
        "--json everything. All lines are checked before the first is decoded. An empty line stays empty.",
        allow_abbrev=False,
    )
    add_model_options(parser)
    parser.add_argument("--json", action="store_true", help="one object a line: the n best, scores and attention")
    add_decoding_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Translate standard input."""
    config = decoding_config_from(args)
    from tqdm import tqdm

    from seq2seq_demo.translator import Translator

    translator = Translator.from_pretrained(args.model, device=args.device)
    translator.check_config(config)
    config = config.with_seed()
    lines = [
        line if _has_text(translator, line, number=number) else ""
        for number, line in enumerate(_read_lines(sys.stdin.buffer.read()), start=1)
    ]
    with tqdm(total=len(lines), unit=" lines", file=sys.stderr, disable=None) as bar:
        for first in range(0, len(lines), _CHUNK_LINES):
            chunk = lines[first : first + _CHUNK_LINES]
            for translation in _translate_lines(translator, chunk, config, progress=bar.update):
                if args.json:
                    _print_line(json.dumps(translation.to_dict(), ensure_ascii=False))
                else:
                    _print_line(translation.hypotheses[0].text if translation.hypotheses else "")
    return 0


def _read_lines(data: bytes) -> list[str]:
    """Split UTF-8 into lines.

    Raises:
        InputError: a line that is not UTF-8.
    """
    lines = []
    for number, raw in enumerate(data.removeprefix(codecs.BOM_UTF8).removesuffix(b"\n").split(b"\n"), start=1):
        try:
            lines.append(raw.decode())
        except UnicodeDecodeError as error:
            raise InputError(
                "not_utf8", f"line {number}: not valid UTF-8 at byte {error.start + 1}.", {"line": number}
            ) from error
    return lines if data else []


def _has_text(translator: "Translator", line: str, *, number: int) -> bool:
    """Tell whether there is anything to translate in a line.

    Raises:
        InputError: the model cannot take it.
    """
    try:
        translator.check_text(line, line=number)
    except InputError as error:
        if error.code in ("empty", "no_words"):
            return False
        raise
    return True


def _translate_lines(
    translator: "Translator", lines: list[str], config: "DecodingConfig", *, progress: Callable[[int], object]
) -> "list[Translation]":
    """Translate the lines that are not empty; an empty one becomes a translation without hypotheses."""
    from seq2seq_demo.translator import Translation

    texts = [line for line in lines if line]
    found = iter(translator.translate(texts, config, progress=progress))
    progress(len(lines) - len(texts))
    nothing = Translation(source="", source_tokens=(), source_words=(), hypotheses=(), seconds=0.0, steps=0)
    return [next(found) if line else nothing for line in lines]


def _print_line(line: str) -> None:
    """Write one line of UTF-8 to standard output, whatever the locale."""
    sys.stdout.buffer.write(one_line(line).encode() + b"\n")
