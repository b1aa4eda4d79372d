"""What several commands share: their options, and how they write."""

import argparse
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeAlias, TypedDict, cast

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.errors import DataError
from seq2seq_demo.strict import check_range

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What a command adds its parser to."""

_DECODING_OPTIONS: tuple[tuple[str, type, str], ...] = (
    ("strategy", str, "greedy, beam, diverse-beam or sample (default: beam)"),
    ("beam_size", int, "hypotheses kept at each step, 1-100 (default: 5)"),
    ("n_best", int, "hypotheses returned, 1 to the beam size, or samples drawn, 1-100 (default: 1)"),
    ("length_penalty", float, "alpha of Wu et al. 2016, 0-5 (default: 1)"),
    ("coverage_penalty", float, "beta of Wu et al. 2016, 0-5; needs attention (default: 0)"),
    ("min_length", int, "fewest target tokens, end symbol included, 0-512 (default: 0)"),
    ("max_length", int, "most target tokens, end symbol included, 1-512 (default: 2 x source tokens + 10)"),
    ("beam_groups", int, "diverse-beam: groups, which divide the beam size (default: 5)"),
    ("diversity", float, "diverse-beam: lambda of Vijayakumar et al. 2016, 0-10 (default: 0.5)"),
    ("temperature", float, "sample: divides log-probabilities, 0.05-10 (default: 1)"),
    ("top_k", int, "sample: draw among so many best tokens; 0 is all (default: 0)"),
    ("top_p", float, "sample: draw among the fewest tokens whose mass reaches it, above 0 up to 1 (default: 1)"),
    ("seed", int, "sample: makes it repeatable (default: drawn; --json reports it)"),
    ("repeat_limit", int, "most times that an output may write a 3-gram, 0-100; 0 is no limit (default: 2)"),
    ("prefix", str, "text that every output begins with; its last word may grow, unless a space ends it"),
)
"""Name in `DecodingConfig`, type and help of each decoding option; the ranges are checked there."""


class Parser(argparse.ArgumentParser):
    """Says a mistake in one line, like every other error; commands get the same class."""

    def error(self, message: str) -> NoReturn:
        """End the program with status 2."""
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


class Columns(TypedDict):
    """Columns of a TSV file, counted from 1."""

    source_column: int
    target_column: int


def add_decoding_options(parser: argparse.ArgumentParser) -> None:
    """Add the decoding options, the same words for every command; see `decoding_config_from`."""
    group = parser.add_argument_group("decoding options")
    for name, kind, text in _DECODING_OPTIONS:
        group.add_argument(f"--{name.replace('_', '-')}", type=kind, default=argparse.SUPPRESS, help=text)


def decoding_config_from(args: argparse.Namespace) -> DecodingConfig:
    """Build the configuration from the options that were given; the rest keep `DecodingConfig`'s defaults.

    Raises:
        ConfigurationError: a value out of range.
    """
    given: dict[str, Any] = {name: getattr(args, name) for name, _, _ in _DECODING_OPTIONS if hasattr(args, name)}
    return DecodingConfig.from_dict(given)


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--model`` and ``--device``."""
    parser.add_argument(
        "--model",
        required=True,
        metavar="M",
        help="short name in checkpoints/ (en-zh), folder, or Hub repository (user/repo[@revision])",
    )
    parser.add_argument("--device", help="cpu, cuda or mps (default: SEQ2SEQ_DEVICE, else the best there is)")


def add_corpus_options(parser: argparse.ArgumentParser, *, what: str) -> None:
    """Add ``--data`` and its columns; see `columns_from`."""
    parser.add_argument("--data", required=True, metavar="FILE.tsv", help=f"{what}, plain or .xz")
    parser.add_argument("--source-column", type=int, default=1, metavar="N", help="counted from 1 (default: 1)")
    parser.add_argument("--target-column", type=int, default=2, metavar="N", help="counted from 1 (default: 2)")


def columns_from(args: argparse.Namespace) -> Columns:
    """Return the columns of ``--data``.

    Raises:
        ConfigurationError: a value out of range.
    """
    columns: Columns = {"source_column": args.source_column, "target_column": args.target_column}
    for name, column in columns.items():
        check_range(name, cast(int, column), 1, 100)
    return columns


def write_text(path: Path, text: str, *, mode: Literal["a", "w"]) -> None:
    """Write or append text.

    Raises:
        DataError: it cannot be written.
    """
    try:
        with path.open(mode, encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise DataError("cannot_write", f"cannot write {path}: {error.strerror}.", {"file": str(path)}) from error


def one_line(text: str) -> str:
    """Turn line breaks, which a model can write, into spaces."""
    return " ".join(text.splitlines())
