"""``filter``: a corpus without the pairs that would mislead."""

import argparse
import itertools
import json
import sys
from pathlib import Path

from seq2seq_demo.cli.options import Subparsers, add_corpus_options, add_model_options, columns_from, write_text
from seq2seq_demo.errors import ConfigurationError
from seq2seq_demo.strict import check_range


def add_parser(commands: Subparsers) -> None:
    """Add ``filter``."""
    parser = commands.add_parser(
        "filter",
        help="leave the pairs out of a corpus that would mislead a model",
        description="Copy the lines of a TSV file but those with too long or too unequal sides, those with a side in "
        "another script than its language's, and those that trained models find least likely to be translations: "
        "the cross-entropy per token of the worse direction.",
        allow_abbrev=False,
    )
    add_model_options(parser)
    parser.add_argument("--reverse-model", metavar="M", help="a model of the other direction, which is asked too")
    add_corpus_options(parser, what="corpus")
    parser.add_argument("--limit", type=int, default=0, help="read only so many lines, evenly spaced (default: all)")
    parser.add_argument("--keep", type=float, default=0.95, help="share that the models may keep (default: 0.95)")
    parser.add_argument("--output", required=True, metavar="FILE.tsv", help="the lines kept, plain or .xz")
    parser.add_argument(
        "--dropped", metavar="FILE.tsv", help="those left out, after two columns: the reason and the nats per token"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, score, write and count."""
    check_range("limit", args.limit, 0, 10**9)
    check_range("keep", args.keep, 0, 1, low_open=True)
    columns = columns_from(args)
    output, dropped = Path(args.output), None if args.dropped is None else Path(args.dropped)
    _check_different({"--data": Path(args.data), "--output": output, "--dropped": dropped})
    # Scoring may take hours: where its lines cannot be written is said before.
    for path in (output, dropped):
        if path is not None:
            write_text(path, "", mode="a")
    from tqdm import tqdm

    from seq2seq_demo.data import evenly_spaced, pairs_of, read_lines, write_lines
    from seq2seq_demo.filtering import filter_pairs
    from seq2seq_demo.translator import Translator

    lines = list(read_lines(Path(args.data)))
    pairs = list(pairs_of(lines, Path(args.data), **columns, normalised=False))
    rows = evenly_spaced(len(lines), args.limit or len(lines))
    lines, pairs = [lines[row] for row in rows], [pairs[row] for row in rows]
    translator = Translator.from_pretrained(args.model, device=args.device)
    reverse = None
    if args.reverse_model is not None:
        reverse = Translator.from_pretrained(args.reverse_model, device=args.device)
    with tqdm(unit=" scores", file=sys.stderr, disable=None) as bar:
        result = filter_pairs(pairs, translator, reverse, keep=args.keep, progress=bar.update)
    found = list(zip(lines, result.reasons, result.nats.tolist(), strict=True))
    write_lines(output, (line for line, reason, _ in found if reason is None))
    if dropped is not None:
        write_lines(dropped, (f"{reason}\t{nats:.3f}\t{line}" for line, reason, nats in found if reason))
    if args.json:
        asked = {"model": args.model, "reverse_model": args.reverse_model, "data": args.data}
        print(json.dumps({**asked, **result.to_dict()}))
    else:
        print(result.to_text())
    return 0


def _check_different(files: "dict[str, Path | None]") -> None:
    """Raise a `ConfigurationError` where two options name one file."""
    given = [(option, path) for option, path in files.items() if path is not None]
    for (option, path), (other, second) in itertools.combinations(given, 2):
        if path.resolve() == second.resolve() or (path.exists() and second.exists() and path.samefile(second)):
            raise ConfigurationError(
                "same_file", f"{option} and {other} must be different files; both are {second}.", {"field": other[2:]}
            )
