"""One's own corpus: two text files become a split, a recipe and so a checkpoint."""

import os
import random
from dataclasses import replace
from pathlib import Path

from seq2seq_demo.config import CorpusConfig, Recipe
from seq2seq_demo.data import Pair, read_two_files
from seq2seq_demo.errors import CheckpointError, DataError
from seq2seq_demo.evaluation import bleu_tokenizer
from seq2seq_demo.text import is_cjk

RECIPES = Path(__file__).parent / "recipes"
DATA_FOLDER = "data"
_FEWEST_PAIRS = 20


def prepare_own_corpus(
    source: Path,
    target: Path,
    output: Path,
    *,
    recipe: Recipe | None = None,
    source_language: str = "",
    target_language: str = "",
    reuse: bool = False,
) -> Recipe:
    """Split two text files into training and development pairs and complete a recipe with them.

    Duplicate pairs are dropped first, so that no development pair stands in training. One pair in twenty, at most
    1,000, is set aside for development, drawn by the recipe's seed; both parts are written below `output` as TSV.

    Args:
        source: One sentence a line.
        target: Their translations, line by line.
        output: The run's folder; the split goes into its ``data/``.
        recipe: Model, tokenizer and training; None takes ``recipes/default.toml``.
        source_language: Code for the page, for example ``en``.
        target_language: Likewise; it decides how BLEU tokenises. Without it, Chinese characters do.
        reuse: Leave a split that is there already as it is, as a resumed run must.

    Returns:
        The recipe to train with, its files relative to ``output/data``.

    Raises:
        DataError: the files cannot be read, do not match line by line, or have too few pairs.
        CheckpointError: `output` cannot be written.
    """
    recipe = recipe or Recipe.from_file(RECIPES / "default.toml")
    pairs = list(dict.fromkeys(read_two_files(source, target)))
    if len(pairs) < _FEWEST_PAIRS:
        raise DataError(
            "too_few_pairs",
            f"{source} and {target} have {len(pairs)} different pairs; at least {_FEWEST_PAIRS} are needed.",
            {"pairs": len(pairs), "limit": _FEWEST_PAIRS},
        )
    random.Random(recipe.training.seed).shuffle(pairs)
    held_out = min(1000, max(1, len(pairs) // 20))
    folder = output / DATA_FOLDER
    if not (reuse and (folder / "train.tsv").is_file()):
        _write(folder / "dev.tsv", pairs[:held_out])
        _write(folder / "train.tsv", pairs[held_out:])
    data = replace(
        recipe.data,
        train=(CorpusConfig("train.tsv"),),
        dev="dev.tsv",
        source_column=1,
        target_column=2,
        source_language=source_language,
        target_language=target_language,
    )
    cjk = sum(is_cjk(target) for _, target in pairs) > len(pairs) / 2
    tokenize = bleu_tokenizer(target_language or ("zh" if cjk else ""))
    training = replace(recipe.training, validation_tokenize=tokenize)
    examples = tuple(source for source, _ in pairs[:5])
    return replace(recipe, data=data, training=training, examples=examples)


def _write(path: Path, pairs: list[Pair]) -> None:
    """Write a TSV in one step: of several processes each writes the same, and none reads half a file."""
    # Normalised text has no tab and no line end, so a row needs no quoting.
    rows = "".join(f"{source}\t{target}\n" for source, target in pairs)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(rows, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise CheckpointError("cannot_write", f"cannot write {path}: {error.strerror}.", {"file": str(path)}) from error
