"""``evaluate``: a model measured on a test set."""

import argparse
import json
import sys
from pathlib import Path

from seq2seq_demo.cli.options import (
    Subparsers,
    add_corpus_options,
    add_decoding_options,
    add_model_options,
    columns_from,
    decoding_config_from,
    one_line,
    write_text,
)


def add_parser(commands: Subparsers) -> None:
    """Add ``evaluate``."""
    parser = commands.add_parser(
        "evaluate",
        help="measure a model on a test set",
        description="Decode the sources of a TSV file and measure the outputs against its targets as they stand. "
        "Metrics: bleu, chrf, ter (sacreBLEU's), exact_match, word_error_rate (share of distinct sources whose output "
        "is none of their targets, stress digits removed), stressed_word_error_rate (with them), right_length (share "
        "with as many characters), perplexity (per token, end symbols included), character_perplexity (the same nats "
        "per character of the targets), distinct_outputs (how many of a source's n best differ, as a share, on "
        "average), copied_alignment and forced_alignment (share of the numbers and Latin words common to a source and "
        "its output, or its reference, that attend to their source word). "
        "Each figure comes with its signature, and by source length.",
        allow_abbrev=False,
    )
    add_model_options(parser)
    add_corpus_options(parser, what="test set")
    parser.add_argument("--metric", default="bleu,chrf,ter", help="separated by commas (default: bleu,chrf,ter)")
    parser.add_argument("--tokenize", help="sacreBLEU's tokenizer (default: zh for Chinese, char for Japanese; 13a)")
    parser.add_argument("--lowercase", action="store_true", help="ignore case")
    parser.add_argument(
        "--split", action="store_true", help="decode each sentence of a source on its own and join the outputs"
    )
    parser.add_argument("--outputs", metavar="FILE", help="also write the outputs, one a line")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_decoding_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Decode, measure and print."""
    config = decoding_config_from(args).with_seed()
    outputs = None if args.outputs is None else Path(args.outputs)
    if outputs is not None:
        # Decoding may take hours: where its outputs cannot be written is said before.
        write_text(outputs, "", mode="a")
    from tqdm import tqdm

    from seq2seq_demo.data import read_tsv
    from seq2seq_demo.measurement import MeasurementOptions, measure_translator
    from seq2seq_demo.translator import Translator

    options = MeasurementOptions(tuple(args.metric.split(",")), args.tokenize, args.lowercase, args.split)
    columns = columns_from(args)
    # References are measured against as they stand; the translator normalises its sources itself.
    pairs = list(read_tsv(Path(args.data), **columns, normalised=False))
    translator = Translator.from_pretrained(args.model, device=args.device)
    with tqdm(total=len(pairs), unit=" sentences", file=sys.stderr, disable=None) as bar:
        result = measure_translator(translator, pairs, config, options=options, progress=bar.update)
    if args.json:
        print(json.dumps({"model": args.model, "data": args.data, **result.to_dict()}, ensure_ascii=False))
    else:
        print(f"{args.model} on {args.data}\n{result.to_text()}")
    if outputs is not None:
        write_text(outputs, "".join(f"{one_line(text)}\n" for text in result.outputs), mode="w")
    return 0
