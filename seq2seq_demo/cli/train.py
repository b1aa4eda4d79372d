"""``train``: a checkpoint by a recipe, or on two text files of one's own."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from seq2seq_demo.cli.options import Subparsers
from seq2seq_demo.errors import ConfigurationError

if TYPE_CHECKING:
    from seq2seq_demo.config import Recipe


def add_parser(commands: Subparsers) -> None:
    """Add ``train``."""
    parser = commands.add_parser(
        "train",
        help="train a checkpoint by a recipe, or on two text files of one's own",
        description="Train by RECIPE (a .toml file, or the name of one that comes with the package) on the files below "
        "--data-dir; or, with --source and --target, on one's own two text files, one sentence a line. Ctrl-C saves "
        "the state; --resume goes on from it. Under torchrun the same command runs on several processes.",
        allow_abbrev=False,
    )
    parser.add_argument("recipe", nargs="?", metavar="RECIPE", help="recipe file or name (own corpus: default)")
    parser.add_argument("--data-dir", metavar="DIR", help="folder that the recipe's file names are relative to")
    parser.add_argument("--source", metavar="A.txt", help="one's own corpus: sentences, one a line")
    parser.add_argument("--target", metavar="B.txt", help="their translations, line by line")
    parser.add_argument("--source-language", default="", metavar="CODE", help="for example en")
    parser.add_argument("--target-language", default="", metavar="CODE", help="for example zh; decides how BLEU counts")
    parser.add_argument("--output", required=True, metavar="FOLDER", help="the checkpoint's folder")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--resume", action="store_true", help="go on from the state in --output")
    start.add_argument("--init-from", metavar="FOLDER", help="start with this checkpoint's weights and tokenizers")
    start.add_argument("--tokenizers-from", metavar="FOLDER", help="take this checkpoint's tokenizers, train no others")
    start.add_argument(
        "--vectors-from",
        metavar="FOLDER",
        help="start with the tokenizers and word vectors of this checkpoint, which is between the same two languages",
    )
    parser.add_argument("--max-updates", type=int, help="overrides the recipe's")
    parser.add_argument("--device", help="cpu, cuda or mps (default: SEQ2SEQ_DEVICE, else the best there is)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train; status 130 where Ctrl-C stopped it."""
    from seq2seq_demo.training import train

    recipe, data_dir = _recipe_and_data(args)
    if args.max_updates is not None:
        recipe = replace(recipe, training=replace(recipe.training, max_updates=args.max_updates))
    output = Path(args.output)
    result = train(
        recipe,
        data_dir=data_dir,
        output=output,
        resume=args.resume,
        init_from=None if args.init_from is None else Path(args.init_from),
        tokenizers_from=None if args.tokenizers_from is None else Path(args.tokenizers_from),
        vectors_from=None if args.vectors_from is None else Path(args.vectors_from),
        device=args.device,
    )
    if int(os.environ.get("RANK", "0")) == 0:
        metric = recipe.training.validation_metric
        best = "no validation yet" if result.best is None else f"best {metric} {result.best:.4g}"
        print(f"{result.ending} after {result.updates} updates, {best}: {output}", file=sys.stderr)
    if result.ending == "interrupted":
        print(f"go on with: --output {output} --resume", file=sys.stderr)
        return 130
    return 0


def _recipe_and_data(args: argparse.Namespace) -> "tuple[Recipe, Path]":
    """Read the recipe, or make the one of a person's own corpus; returns it with the folder of its files.

    Raises:
        ConfigurationError: neither a recipe with its data nor a corpus, or half of one.
    """
    from seq2seq_demo.config import Recipe
    from seq2seq_demo.own_corpus import DATA_FOLDER, RECIPES, prepare_own_corpus
    from seq2seq_demo.run_folder import RunFolder

    recipe = None
    if args.recipe is not None:
        named = RECIPES / f"{args.recipe}.toml"
        recipe = Recipe.from_file(named if named.is_file() else Path(args.recipe))
    if args.source is not None and args.target is not None and args.data_dir is None:
        output = Path(args.output)
        # Before the split is written: another run's must stay as it is.
        RunFolder(output).check(resume=args.resume)
        completed = prepare_own_corpus(
            Path(args.source),
            Path(args.target),
            output,
            recipe=recipe,
            source_language=args.source_language,
            target_language=args.target_language,
            reuse=args.resume,
        )
        return completed, output / DATA_FOLDER
    if recipe is None or args.data_dir is None or args.source is not None or args.target is not None:
        raise ConfigurationError(
            "train_what",
            "train needs either RECIPE and --data-dir, or --source and --target (a recipe may be added).",
            {"field": "recipe"},
        )
    if args.source_language or args.target_language:
        raise ConfigurationError(
            "languages_twice",
            "--source-language and --target-language go with --source and --target; a recipe says its own in [data].",
            {"field": "source_language"},
        )
    return recipe, Path(args.data_dir)
