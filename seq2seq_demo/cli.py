"""The command line: ``python -m seq2seq_demo COMMAND``.

Each command has two functions here: ``add_<command>_parser``, called by `build_parser`, and ``run_<command>``. What is
slow to import, torch above all, is imported inside the second, so that ``--help`` and a misspelt option answer at once.

A `Seq2SeqError` ends the program with one line on standard error and status 2, as a misspelt option does; Ctrl-C
ends it with status 130.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from seq2seq_demo.errors import Seq2SeqError

if TYPE_CHECKING:
    from seq2seq_demo.config import DecodingConfig

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_DECODING_OPTIONS: tuple[tuple[str, type, str], ...] = (
    ("strategy", str, "greedy or beam (default: beam)"),
    ("beam_size", int, "hypotheses kept at each step, 1-100 (default: 5)"),
    ("n_best", int, "hypotheses returned, 1 to the beam size (default: 1)"),
    ("length_penalty", float, "alpha of Wu et al. 2016, 0-5 (default: 1)"),
    ("coverage_penalty", float, "beta of Wu et al. 2016, 0-5; needs attention (default: 0)"),
    ("min_length", int, "fewest target tokens, end symbol included, 0-512 (default: 0)"),
    ("max_length", int, "most target tokens, end symbol included, 1-512 (default: 2 x source tokens + 10)"),
)
"""Name in `DecodingConfig`, type and help of each decoding option; the ranges are checked there."""


def add_decoding_options(parser: argparse.ArgumentParser) -> None:
    """Add the decoding options, the same words for every command; see `decoding_config_from`."""
    group = parser.add_argument_group("decoding options")
    for name, kind, text in _DECODING_OPTIONS:
        group.add_argument(f"--{name.replace('_', '-')}", type=kind, default=argparse.SUPPRESS, help=text)


def decoding_config_from(args: argparse.Namespace) -> "DecodingConfig":
    """Build the configuration from the options that were given; the rest keep `DecodingConfig`'s defaults.

    Raises:
        ConfigurationError: a value out of range.
    """
    from seq2seq_demo.config import DecodingConfig

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


def add_push_parser(commands: "Subparsers") -> None:
    """Add ``push``."""
    parser = commands.add_parser("push", help="upload a checkpoint folder to the Hugging Face Hub", allow_abbrev=False)
    parser.add_argument("--model", required=True, metavar="FOLDER", help="checkpoint folder, or short name")
    parser.add_argument("--repo", required=True, metavar="USER/NAME", help="repository, made where there is none")
    parser.add_argument("--private", action="store_true", help="make a new repository private")
    parser.set_defaults(run=run_push)


def run_push(args: argparse.Namespace) -> int:
    """Check and upload a checkpoint; prints its address."""
    from seq2seq_demo.checkpoint import push_to_hub, resolve_name

    print(push_to_hub(resolve_name(args.model), args.repo, private=args.private))
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Build the parser with every command's own."""
    parser = argparse.ArgumentParser(
        prog="python -m seq2seq_demo",
        description="Train, measure and use attention encoder-decoders.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add_parser in (add_push_parser,):
        add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments; None takes the process' own.

    Returns:
        The exit status: 0, 2 for a mistake in the options, the input or the model, 130 after Ctrl-C.
    """
    args = build_parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = args.run
    try:
        return run(args)
    except Seq2SeqError as error:
        print("error:", *str(error).splitlines(), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
