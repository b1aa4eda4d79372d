"""Files that a visitor downloads: a hypothesis' heatmap as PNG and SVG, its weights as CSV and JSON."""

import csv
import io
import json
import re
import threading
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.errors import InputError
from seq2seq_demo.figures import figure_bytes, heatmap_figure
from seq2seq_demo.strict import check_choice
from seq2seq_demo.tokenizer import SPACE, Word
from seq2seq_demo.translator import Translation, Translator, merge_words
from seq2seq_demo.web.requests import PageRequest, read_index

FORMATS: Final = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "csv": "text/csv;charset=utf-8",
    "json": "application/json",
}
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
# matplotlib's fonts and caches are shared between figures and not made for several threads.
_drawing = threading.Lock()


@dataclass(frozen=True)
class Selection:
    """Which part of a request's result is wanted, and how."""

    format: str
    line: int
    run: int
    hypothesis: int
    merged: bool


@dataclass(frozen=True)
class ExportedFile:
    """A file to download."""

    name: str
    type: str
    content: bytes


def read_selection(values: Mapping[str, Any], request: PageRequest) -> Selection:
    """Check which file is wanted.

    Raises:
        ConfigurationError: an unknown format, or a line, run or hypothesis that the request does not have.
    """
    kind = values.get("format")
    check_choice("format", kind, FORMATS)
    line = read_index(values, "line", len(request.lines))
    run = read_index(values, "run", len(request.configs))
    hypothesis = read_index(values, "hypothesis", request.configs[run].n_best)
    return Selection(str(kind), line, run, hypothesis, merged=values.get("merged") is True)


def export(translator: Translator, request: PageRequest, selection: Selection) -> ExportedFile:
    """Decode the selected line again and write the wanted file; the server keeps nothing between two requests.

    Raises:
        InputError: the model cannot take the line.
        ConfigurationError: options that do not suit the model, no attention to draw, or no font to draw it with.
    """
    config = request.configs[selection.run]
    text = request.lines[selection.line]
    (translation,) = translator.translate([text], config, prefix_tokens=request.prefix_tokens, pinned=request.pinned)
    chosen = min(selection.hypothesis, len(translation.hypotheses) - 1)
    one = replace(translation, hypotheses=(translation.hypotheses[chosen],))
    name = _file_name(request.model, config, chosen, translation.source, selection)
    if selection.format == "json":
        content = to_json(one, model=request.model, config=config, merged=selection.merged)
    else:
        grid = weight_grid(one, merged=selection.merged)
        if selection.format == "csv":
            content = to_csv(grid)
        else:
            content = draw(grid if selection.merged else readable(grid, one), one, selection.format)
    return ExportedFile(name, FORMATS[selection.format], content)


@dataclass(frozen=True, eq=False)
class Grid:
    """Weights with the labels of their rows and columns."""

    weights: npt.NDArray[np.float32]
    """(target, source)."""
    target: tuple[str, ...]
    source: tuple[str, ...]


def weight_grid(translation: Translation, *, merged: bool) -> Grid:
    """Return the first hypothesis' weights between pieces (as the tokenizer writes them) or, if `merged`, words.

    Raises:
        InputError: the model has no attention.
    """
    hypothesis = translation.hypotheses[0]
    if hypothesis.attention is None:
        raise InputError("no_attention", "this model has no attention, so there are no weights.", {})
    if merged:
        weights = merge_words(hypothesis.attention, translation.source_words, hypothesis.words)
        return Grid(weights, _texts(hypothesis.words), _texts(translation.source_words))
    return Grid(hypothesis.attention, hypothesis.tokens, translation.source_tokens)


def readable(grid: Grid, translation: Translation) -> Grid:
    """Write the pieces of a grid as the page does."""
    target = _piece_labels(grid.target, translation.hypotheses[0].words)
    return Grid(grid.weights, target, _piece_labels(grid.source, translation.source_words))


def _texts(words: Sequence[Word]) -> tuple[str, ...]:
    return tuple(word.text or "␣" for word in words)


def _piece_labels(pieces: Sequence[str], words: Sequence[Word]) -> tuple[str, ...]:
    """Write pieces for people: no ▁, a hyphen before a piece that continues a word (a byte needs none)."""
    labels = [piece.replace(SPACE, "") or "␣" for piece in pieces]
    for word in words:
        for position in range(word.start + 1, word.stop):
            if pieces[position - 1] != SPACE and not pieces[position].startswith("<0x"):
                labels[position] = f"-{labels[position]}"
    return tuple(labels)


def to_csv(grid: Grid) -> bytes:
    """Write a table: source tokens in the first row, target tokens in the first column.

    A spreadsheet takes a cell that starts with ``=``, ``+``, ``-`` or ``@`` for a formula: such tokens get an
    apostrophe before them. The byte order mark tells Excel that the file is UTF-8.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(["target \\ source", *map(_harmless, grid.source)])
    for label, weights in zip(grid.target, grid.weights, strict=True):
        writer.writerow([_harmless(label), *(round(float(weight), 6) for weight in weights)])
    return stream.getvalue().encode("utf-8-sig")


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def to_json(translation: Translation, *, model: str, config: DecodingConfig, merged: bool) -> bytes:
    """Write the translation as HTTP and the command line give it, with one hypothesis."""
    values = {"model": model, "options": config.to_dict(), **translation.to_dict()}
    if merged:
        grid = weight_grid(translation, merged=True)
        values["word_attention"] = np.round(grid.weights.astype(np.float64), 6).tolist()
    return json.dumps(values, ensure_ascii=False, indent=1).encode()


def draw(grid: Grid, translation: Translation, kind: str) -> bytes:
    """Draw the heatmap as ``png`` or ``svg``."""
    title = f"{_cut(translation.source)}  →  {_cut(translation.hypotheses[0].text)}"
    with _drawing:
        figure = heatmap_figure(grid.weights, grid.source, target_labels=grid.target, title=title)
        return figure_bytes(figure, "svg" if kind == "svg" else "png")


def _cut(text: str, length: int = 40) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _file_name(model: str, config: DecodingConfig, hypothesis: int, source: str, selection: Selection) -> str:
    """Name a file after what is in it: ``en-zh_beam5_2_how-are-you_words.csv``; ASCII only."""
    ascii_source = unicodedata.normalize("NFKD", source).encode("ascii", "ignore").decode()
    start = "-".join(re.findall(r"[a-z0-9]+", ascii_source.lower())[:6])[:48]
    size = config.beam_size if "beam" in config.strategy else config.seed
    strategy = "greedy" if config.strategy == "greedy" else f"{config.strategy}{size}_{hypothesis + 1}"
    parts = [re.sub(r"[^A-Za-z0-9.-]+", "-", model), strategy, start, "words" if selection.merged else ""]
    return f"{'_'.join(part for part in parts if part)}.{selection.format}"
