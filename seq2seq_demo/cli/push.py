"""``push``: a checkpoint onto the Hub."""

import argparse

from seq2seq_demo.cli.options import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Add ``push``."""
    parser = commands.add_parser("push", help="upload a checkpoint folder to the Hugging Face Hub", allow_abbrev=False)
    parser.add_argument("--model", required=True, metavar="FOLDER", help="checkpoint folder, or short name")
    parser.add_argument("--repo", required=True, metavar="USER/NAME", help="repository, made where there is none")
    parser.add_argument("--private", action="store_true", help="make a new repository private")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check and upload a checkpoint; prints its address."""
    from seq2seq_demo.checkpoint import push_to_hub, resolve_name

    print(push_to_hub(resolve_name(args.model), args.repo, private=args.private))
    return 0
