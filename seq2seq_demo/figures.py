"""Figures for download and notebooks: matplotlib's object interface, no global state.

Chinese, Japanese and Korean labels need a font that has their glyphs; matplotlib brings none.
"""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from seq2seq_demo.errors import ConfigurationError
from seq2seq_demo.text import is_cjk

CJK_FONTS: Final = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "Microsoft YaHei",
    "SimHei",
    "Droid Sans Fallback",
    "Arial Unicode MS",
)
"""Fonts with Chinese glyphs, best first. Debian's Noto collection reports itself as "CJK JP"; the glyphs are there."""
LATIN_FONT: Final = "DejaVu Sans"
"""Comes with matplotlib."""
DEBIAN_PACKAGE: Final = "fonts-wqy-microhei"
_MISSING: Final = "□"
_CELL: Final = 0.42  # inches
_LONGEST_SIDE: Final = 26.0  # inches, of the cells; beyond it they shrink, and with them the letters
_COLOURS: Final = "Blues"
_CELL_STYLES: Final = {"rnn": (":", "^"), "gru": ("--", "s"), "lstm": ("-", "o")}
_ATTENTION_COLOURS: Final = {"none": "#777777", "additive": "#0072b2", "dot": "#d55e00", "general": "#009e73"}
_OTHER_COLOUR: Final = "#cc79a7"
"""Okabe and Ito's colours, which the colour-blind tell apart."""


def heatmap_figure(
    attention: npt.NDArray[np.float32],
    source_labels: Sequence[str],
    *,
    target_labels: Sequence[str],
    title: str = "",
) -> Figure:
    """Draw attention weights with square cells, source across and target down.

    Args:
        attention: (target, source), each weight in [0, 1].
        source_labels: One for each column.
        target_labels: One for each row.
        title: Drawn above; may be empty.

    Raises:
        ConfigurationError: a label has Chinese, Japanese or Korean characters and no font here has them.
    """
    rows, columns = attention.shape
    families = _families([*source_labels, *target_labels, title])
    cell = min(_CELL, _LONGEST_SIDE / max(rows, columns, 1))
    letters = max(3.0, min(10.0, cell * 24))  # points
    figure = Figure(figsize=(max(3.0, columns * cell) + 2.0, max(1.5, rows * cell) + 1.8), layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(attention, cmap=_COLOURS, vmin=0, vmax=1, aspect="equal")
    axes.xaxis.tick_top()
    axes.set_xticks(np.arange(columns), [_drawable(label, families) for label in source_labels])
    axes.set_yticks(np.arange(rows), [_drawable(label, families) for label in target_labels])
    turned = max((len(label) for label in source_labels), default=0) > 2
    for label in axes.get_xticklabels():
        _style(label, families)
        label.set(
            fontsize=letters, rotation=45 if turned else 0, ha="left" if turned else "center", rotation_mode="anchor"
        )
    for label in axes.get_yticklabels():
        _style(label, families)
        label.set(fontsize=letters)
    _draw_grid(axes, rows, columns)
    if title:
        _style(axes.set_title(_drawable(title, families), fontsize=11, pad=12), families)
    figure.colorbar(image, ax=axes, shrink=min(1.0, 3 / max(1.0, rows * cell)), label="attention weight")
    return figure


@dataclass(frozen=True)
class LengthLine:
    """One model's line in `length_figure`."""

    name: str
    cell: str
    """Chooses the dashes and the mark."""
    attention: str
    """Chooses the colour; what is none of the attentions stands apart."""
    values: Sequence[float]
    """BLEU, one for each length."""


def length_figure(lines: Sequence[LengthLine], mean_words: Sequence[float], *, caption: str = "") -> Figure:
    """Draw BLEU against source length, a line for each model.

    Args:
        lines: The models; their names stand in the legend.
        mean_words: Mean source length, in words, at which each value is drawn.
        caption: Small, below the axis, such as sacreBLEU's signature; may be empty.
    """
    figure = Figure(figsize=(8.0, 4.8), layout="constrained")
    axes = figure.add_subplot()
    for line in lines:
        dashes, mark = _CELL_STYLES.get(line.cell, ("-", "."))
        colour = _ATTENTION_COLOURS.get(line.attention, _OTHER_COLOUR)
        axes.plot(mean_words, line.values, label=line.name, color=colour, linestyle=dashes, marker=mark, markersize=5)
    axes.set_xlabel("source length (words)")
    axes.set_ylabel("BLEU")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", linewidth=0.5, alpha=0.5)
    if lines:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    if caption:
        figure.supxlabel(caption, fontsize=6)
    return figure


def figure_bytes(figure: Figure, kind: Literal["png", "svg"]) -> bytes:
    """Render a figure; letters of an SVG are outlines, so that it looks the same without the font."""
    stream = io.BytesIO()
    # No date: the same weights give the same file.
    figure.savefig(stream, format=kind, dpi=160, metadata={"Date": None} if kind == "svg" else None)
    return stream.getvalue()


def find_cjk_font() -> str | None:
    """Name an installed font with Chinese glyphs, or None."""
    font = _known_cjk_font()
    if font is None:
        _notice_new_fonts()
        font = _known_cjk_font()
    return font


def _known_cjk_font() -> str | None:
    known = {entry.name for entry in font_manager.fontManager.ttflist}
    return next((name for name in CJK_FONTS if name in known), None)


def _notice_new_fonts() -> None:
    """Add the fonts that were installed after matplotlib had written its list, which it never looks over again."""
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in font_manager.findSystemFonts():
        if path not in known:
            # Some of a system's fonts are of a kind that matplotlib cannot read.
            with contextlib.suppress(OSError, RuntimeError):
                font_manager.fontManager.addfont(path)


def _families(texts: Sequence[str]) -> list[str]:
    """Choose fonts in the order in which a glyph is looked for."""
    needed = any(is_cjk(text) for text in texts)
    # Looking for new fonts takes a while: only where one is needed.
    font = find_cjk_font() if needed else _known_cjk_font()
    if font is None:
        if needed:
            raise ConfigurationError(
                "no_cjk_font",
                "no font with Chinese characters is installed, and matplotlib brings none; install one, for example "
                f"the Debian package {DEBIAN_PACKAGE}, and try again.",
                {"package": DEBIAN_PACKAGE},
            )
        return [LATIN_FONT]
    return [LATIN_FONT, font]


@lru_cache(maxsize=len(CJK_FONTS) + 1)
def _characters(family: str) -> frozenset[int]:
    path = font_manager.findfont(family, fallback_to_default=False)
    return frozenset(font_manager.get_font(path).get_charmap())


def _drawable(text: str, families: Sequence[str]) -> str:
    """Replace what no font has (an emoji, say) by a box."""
    has_glyph = [_characters(family) for family in families]
    return "".join(char if any(ord(char) in glyphs for glyphs in has_glyph) else _MISSING for char in text)


def _style(text: Text, families: Sequence[str]) -> None:
    text.set_fontfamily(list(families))
    # A dollar sign in a sentence is no formula.
    text.set_parse_math(False)


def _draw_grid(axes: Axes, rows: int, columns: int) -> None:
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
