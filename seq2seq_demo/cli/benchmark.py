"""``benchmark``: speed and memory of decoding and training."""

import argparse
import json

from seq2seq_demo.cli.options import Subparsers, add_model_options
from seq2seq_demo.strict import check_range


def add_parser(commands: Subparsers) -> None:
    """Add ``benchmark``."""
    parser = commands.add_parser(
        "benchmark",
        help="measure speed and memory of decoding",
        description="Measure one sentence and a batch of 64, greedily and with a beam of 5, beside the model's bare "
        "steps.",
        allow_abbrev=False,
    )
    add_model_options(parser)
    parser.add_argument("--text", help="the sentence (default: 12 English words, or the longest of the examples)")
    parser.add_argument("--repeats", type=int, default=10, help="measurements of the sentence, 1-1000 (default: 10)")
    parser.add_argument("--training", action="store_true", help="measure training updates in each precision instead")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from seq2seq_demo import benchmark
    from seq2seq_demo.training_speed import measure_training
    from seq2seq_demo.translator import Translator

    check_range("repeats", args.repeats, 1, 1000)
    translator = Translator.from_pretrained(args.model, device=args.device)
    if args.training:
        speeds = measure_training(translator.config.model, translator.device, repeats=args.repeats)
        if args.json:
            print(json.dumps([speed.to_dict() for speed in speeds]))
        else:
            print("\n".join(f"{s.precision:9} {s.tokens_per_second:8,.0f} target tokens/s" for s in speeds))
        return 0
    result = benchmark.run_benchmark(translator, text=args.text, repeats=args.repeats)
    print(json.dumps(result.to_dict(), ensure_ascii=False) if args.json else result.to_text())
    return 0
