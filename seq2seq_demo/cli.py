"""The command line: ``python -m seq2seq_demo COMMAND``.

Each command has two functions here: ``add_<command>_parser``, called by `build_parser`, and ``run_<command>``. What is
slow to import, torch above all, is imported inside the second, so that ``--help`` and a misspelt option answer at once.

A `Seq2SeqError` ends the program with one line on standard error and status 2, as a misspelt option does, and so does
an `OSError`, a full disk for example; Ctrl-C ends it with status 130.
"""

import argparse
import codecs
import itertools
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypedDict, cast

from seq2seq_demo.errors import ConfigurationError, DataError, InputError, Seq2SeqError

if TYPE_CHECKING:
    from seq2seq_demo.config import DecodingConfig, Recipe
    from seq2seq_demo.translator import Translation, Translator

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

    class Columns(TypedDict):
        """Columns of a TSV file, counted from 1."""

        source_column: int
        target_column: int


_CHUNK_LINES = 1024
"""Lines that ``translate`` decodes and writes at a time; within them, those of like length go together."""

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


class _Parser(argparse.ArgumentParser):
    """Says a mistake in one line, like every other error; commands get the same class."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


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


def add_corpus_options(parser: argparse.ArgumentParser, *, what: str) -> None:
    """Add ``--data`` and its columns; see `columns_from`."""
    parser.add_argument("--data", required=True, metavar="FILE.tsv", help=f"{what}, plain or .xz")
    parser.add_argument("--source-column", type=int, default=1, metavar="N", help="counted from 1 (default: 1)")
    parser.add_argument("--target-column", type=int, default=2, metavar="N", help="counted from 1 (default: 2)")


def columns_from(args: argparse.Namespace) -> "Columns":
    """Return the columns of ``--data``.

    Raises:
        ConfigurationError: a value out of range.
    """
    from seq2seq_demo.strict import check_range

    columns: Columns = {"source_column": args.source_column, "target_column": args.target_column}
    for name, column in columns.items():
        check_range(name, cast(int, column), 1, 100)
    return columns


def add_train_parser(commands: "Subparsers") -> None:
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
    parser.set_defaults(run=run_train)


def run_train(args: argparse.Namespace) -> int:
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


def add_evaluate_parser(commands: "Subparsers") -> None:
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
    parser.set_defaults(run=run_evaluate)


def run_evaluate(args: argparse.Namespace) -> int:
    """Decode, measure and print."""
    config = decoding_config_from(args).with_seed()
    outputs = None if args.outputs is None else Path(args.outputs)
    if outputs is not None:
        # Decoding may take hours: where its outputs cannot be written is said before.
        _write(outputs, "", mode="a")
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
        _write(outputs, "".join(f"{_one_line(text)}\n" for text in result.outputs), mode="w")
    return 0


def add_length_probe_parser(commands: "Subparsers") -> None:
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
    parser.set_defaults(run=run_length_probe)


def run_length_probe(args: argparse.Namespace) -> int:
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
        _write(Path(args.output) / "length_probe.json", "", mode="a")
    pairs = list(read_tsv(Path(args.data), normalised=False))
    buckets = length_probe(pairs, target_language=args.target_language)
    if args.lines is not None:
        rows = (f"{source}\t{target}\n" for bucket in buckets for source, target in bucket.pairs)
        _write(Path(args.lines), "".join(rows), mode="w")
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
    _write(folder / "length_probe.json", json.dumps(numbers, ensure_ascii=False, indent=1) + "\n", mode="w")
    _write(folder / "length_probe.svg", plot, mode="w")


def _write(path: Path, text: str, *, mode: Literal["a", "w"]) -> None:
    try:
        with path.open(mode, encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise DataError("cannot_write", f"cannot write {path}: {error.strerror}.", {"file": str(path)}) from error


def add_filter_parser(commands: "Subparsers") -> None:
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
    parser.set_defaults(run=run_filter)


def run_filter(args: argparse.Namespace) -> int:
    """Read, score, write and count."""
    from seq2seq_demo.strict import check_range

    check_range("limit", args.limit, 0, 10**9)
    check_range("keep", args.keep, 0, 1, low_open=True)
    columns = columns_from(args)
    output, dropped = Path(args.output), None if args.dropped is None else Path(args.dropped)
    _check_different({"--data": Path(args.data), "--output": output, "--dropped": dropped})
    # Scoring may take hours: where its lines cannot be written is said before.
    for path in (output, dropped):
        if path is not None:
            _write(path, "", mode="a")
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


def add_translate_parser(commands: "Subparsers") -> None:
    """Add ``translate``."""
    parser = commands.add_parser(
        "translate",
        help="translate standard input, one sentence a line, to standard output",
        description="Translate standard input, one sentence a line, to standard output: the best hypothesis, or with "
        "--json everything. All lines are checked before the first is decoded. An empty line stays empty.",
        allow_abbrev=False,
    )
    add_model_options(parser)
    parser.add_argument("--json", action="store_true", help="one object a line: the n best, scores and attention")
    add_decoding_options(parser)
    parser.set_defaults(run=run_translate)


def run_translate(args: argparse.Namespace) -> int:
    """Translate standard input."""
    config = decoding_config_from(args)
    from tqdm import tqdm

    from seq2seq_demo.translator import Translator

    translator = Translator.from_pretrained(args.model, device=args.device)
    translator.check_config(config)
    config = config.with_seed()
    lines = [
        line if _has_text(translator, line, number=number) else ""
        for number, line in enumerate(_read_lines(sys.stdin.buffer.read()), start=1)
    ]
    with tqdm(total=len(lines), unit=" lines", file=sys.stderr, disable=None) as bar:
        for first in range(0, len(lines), _CHUNK_LINES):
            chunk = lines[first : first + _CHUNK_LINES]
            for translation in _translate_lines(translator, chunk, config, progress=bar.update):
                if args.json:
                    _print_line(json.dumps(translation.to_dict(), ensure_ascii=False))
                else:
                    _print_line(translation.hypotheses[0].text if translation.hypotheses else "")
    return 0


def _read_lines(data: bytes) -> list[str]:
    """Split UTF-8 into lines.

    Raises:
        InputError: a line that is not UTF-8.
    """
    lines = []
    for number, raw in enumerate(data.removeprefix(codecs.BOM_UTF8).removesuffix(b"\n").split(b"\n"), start=1):
        try:
            lines.append(raw.decode())
        except UnicodeDecodeError as error:
            raise InputError(
                "not_utf8", f"line {number}: not valid UTF-8 at byte {error.start + 1}.", {"line": number}
            ) from error
    return lines if data else []


def _has_text(translator: "Translator", line: str, *, number: int) -> bool:
    """Tell whether there is anything to translate in a line.

    Raises:
        InputError: the model cannot take it.
    """
    try:
        translator.check_text(line, line=number)
    except InputError as error:
        if error.code in ("empty", "no_words"):
            return False
        raise
    return True


def _translate_lines(
    translator: "Translator", lines: list[str], config: "DecodingConfig", *, progress: Callable[[int], object]
) -> "list[Translation]":
    """Translate the lines that are not empty; an empty one becomes a translation without hypotheses."""
    from seq2seq_demo.translator import Translation

    texts = [line for line in lines if line]
    found = iter(translator.translate(texts, config, progress=progress))
    progress(len(lines) - len(texts))
    nothing = Translation(source="", source_tokens=(), source_words=(), hypotheses=(), seconds=0.0, steps=0)
    return [next(found) if line else nothing for line in lines]


def _print_line(line: str) -> None:
    """Write one line of UTF-8 to standard output, whatever the locale."""
    sys.stdout.buffer.write(_one_line(line).encode() + b"\n")


def _one_line(text: str) -> str:
    """Turn line breaks, which a model can write, into spaces."""
    return " ".join(text.splitlines())


def add_benchmark_parser(commands: "Subparsers") -> None:
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
    parser.set_defaults(run=run_benchmark)


def run_benchmark(args: argparse.Namespace) -> int:
    """Measure and print."""
    from seq2seq_demo import benchmark
    from seq2seq_demo.strict import check_range
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


def build_parser() -> argparse.ArgumentParser:
    """Build the parser with every command's own."""
    parser: argparse.ArgumentParser = _Parser(
        prog="python -m seq2seq_demo",
        description="Train, measure and use attention encoder-decoders.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add_parser in (
        add_train_parser,
        add_evaluate_parser,
        add_length_probe_parser,
        add_filter_parser,
        add_translate_parser,
        add_benchmark_parser,
        add_push_parser,
    ):
        add_parser(commands)
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
