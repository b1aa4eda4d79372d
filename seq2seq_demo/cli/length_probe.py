"""``length-probe``: models measured by source length."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from seq2seq_demo.cli.options import Subparsers, add_decoding_options, decoding_config_from, write_text
from seq2seq_demo.errors import ConfigurationError


def add_parser(commands: Subparsers) -> None:
    """Add ``length-probe``."""
    parser = commands.add_parser(
        "length-probe",
        help="measure models by source length, up to sixty words",
        description="Join the pairs of a test set to lines of 1 to 60 source words and measure each model's BLEU on "
        "them. Prints a table; --output gets length_probe.json and length_probe.svg.",
        allow_abbrev=False,
    )
    parser.add_argument("--model", action="append", metavar="M", help="may be repeated (default: all of family/)")
    parser.add_argument("--device", help="cpu, cuda or mps (default: SEQ2SEQ_DEVICE, else the best there is)")
    parser.add_argument("--data", required=True, metavar="FILE.tsv", help="test set, plain or .xz")
    parser.add_argument("--target-language", default="zh", metavar="CODE", help="decides how targets are joined")
    parser.add_argument("--output", metavar="FOLDER", help="folder for the numbers and the plot")
    parser.add_argument("--lines", metavar="FILE.tsv", help="also write the joined lines, for evaluate")
    add_decoding_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Join, decode, measure and draw."""
    config = decoding_config_from(args).with_seed()
    from tqdm import tqdm

    from seq2seq_demo.checkpoint import find_checkpoints
    from seq2seq_demo.data import read_tsv
    from seq2seq_demo.length_probe import length_probe, measure_lengths, probe_text
    from seq2seq_demo.translator import Translator

    names = args.model or [name for name in find_checkpoints() if name.startswith("family/")]
    if not names:
        raise ConfigurationError(
            "no_models", "checkpoints/ has no family/ to measure; name models with --model.", {"field": "model"}
        )
    if args.output is not None:
        # Decoding takes minutes: where its figures cannot be written is said before.
        write_text(Path(args.output) / "length_probe.json", "", mode="a")
    pairs = list(read_tsv(Path(args.data), normalised=False))
    buckets = length_probe(pairs, target_language=args.target_language)
    if args.lines is not None:
        rows = (f"{source}\t{target}\n" for bucket in buckets for source, target in bucket.pairs)
        write_text(Path(args.lines), "".join(rows), mode="w")
    members, signature = {}, ""
    for name in names:
        translator = Translator.from_pretrained(name, device=args.device)
        total = sum(len(bucket.pairs) for bucket in buckets)
        with tqdm(total=total, desc=name, unit=" lines", file=sys.stderr, disable=None) as bar:
            members[name], signature = measure_lengths(translator, buckets, config, progress=bar.update)
    print(probe_text(buckets, members))
    print(signature)
    if args.output is not None:
        numbers = {
            "data": Path(args.data).name,
            "decoding": config.to_dict(),
            "signature": signature,
            "buckets": [bucket.to_dict() for bucket in buckets],
            "members": {name: figures.to_dict() for name, figures in members.items()},
        }
        _write_length_probe(Path(args.output), numbers)
    return 0


def _write_length_probe(folder: Path, numbers: dict[str, Any]) -> None:
    """Write the probe's numbers and their plot."""
    from seq2seq_demo.figures import LengthLine, figure_bytes, length_figure

    lines = [
        # The tutorial's model differs from lstm-none in more than cell and attention.
        LengthLine(
            name, member["cell"], "tutorial" if name.endswith("tutorial") else member["attention"], member["bleu"]
        )
        for name, member in numbers["members"].items()
    ]
    words = [bucket["mean_words"] for bucket in numbers["buckets"]]
    plot = figure_bytes(length_figure(lines, words, caption=numbers["signature"]), "svg").decode()
    write_text(folder / "length_probe.json", json.dumps(numbers, ensure_ascii=False, indent=1) + "\n", mode="w")
    write_text(folder / "length_probe.svg", plot, mode="w")
