"""The command line: ``python -m seq2seq_demo COMMAND``.

Each command has a module with two functions: ``add_parser``, called by `build_parser`, and ``run``. What is slow to
import, torch above all, is imported inside the second, so that ``--help`` and a misspelt option answer at once.

A `Seq2SeqError` ends the program with one line on standard error and status 2, as a misspelt option does, and so does
an `OSError`, a full disk for example; Ctrl-C ends it with status 130.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from seq2seq_demo.cli import benchmark, evaluate, filter, length_probe, push, train, translate
from seq2seq_demo.cli.options import Parser
from seq2seq_demo.errors import Seq2SeqError


def build_parser() -> argparse.ArgumentParser:
    """Build the parser with every command's own."""
    parser: argparse.ArgumentParser = Parser(
        prog="python -m seq2seq_demo",
        description="Train, measure and use attention encoder-decoders.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (train, evaluate, length_probe, filter, translate, benchmark, push):
        command.add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments; None takes the process' own.

    Returns:
        The exit status: 0, 2 for a mistake in the options, the input or the model, or a failing file, 130 after
        Ctrl-C.
    """
    args = build_parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = args.run
    try:
        status = run(args)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader has gone, as `head` does.
        _silence_stdout()
        return 1
    except Seq2SeqError as error:
        print("error:", *str(error).splitlines(), file=sys.stderr)
        return 2
    except OSError as error:
        reason = error.strerror or str(error)
        place = "" if error.filename is None else f"{error.filename}: "
        print("error:", *f"{place}{reason}.".splitlines(), file=sys.stderr)
        try:
            sys.stdout.flush()
        except OSError:
            _silence_stdout()
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _silence_stdout() -> None:
    """Let what standard output still holds go nowhere: it must not fail again when Python exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
