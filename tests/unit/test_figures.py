"""Heatmaps for download: labels, Chinese glyphs, and no global state."""

import warnings

import numpy as np
import pytest
from matplotlib import font_manager

from seq2seq_demo import figures
from seq2seq_demo.errors import ConfigurationError
from seq2seq_demo.figures import LengthLine, figure_bytes, find_cjk_font, heatmap_figure, length_figure

WEIGHTS = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5]], dtype=np.float32)
needs_cjk_font = pytest.mark.skipif(find_cjk_font() is None, reason="no Chinese font is installed")


def labels(figure) -> tuple[list[str], list[str]]:
    axes = figure.axes[0]
    return [text.get_text() for text in axes.get_xticklabels()], [text.get_text() for text in axes.get_yticklabels()]


def test_source_stands_across_and_target_down():
    figure = heatmap_figure(WEIGHTS, ["How", "are", "you"], target_labels=["a", "b"])
    assert labels(figure) == (["How", "are", "you"], ["a", "b"])
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), WEIGHTS)


@needs_cjk_font
@pytest.mark.parametrize("kind", ["png", "svg"])
def test_chinese_labels_are_drawn_without_a_missing_glyph(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = heatmap_figure(WEIGHTS, ["How", "are", "you"], target_labels=["你好", "吗？"], title="天气，很好。")
        content = figure_bytes(figure, kind)
    assert content.startswith(b"\x89PNG" if kind == "png" else b"<?xml")


def test_what_no_font_has_becomes_a_box_and_a_dollar_is_no_formula():
    figure = heatmap_figure(WEIGHTS, ["\U00013000", "$x", "y$"], target_labels=["a", "b"], title="$a_b$ and $")
    assert labels(figure)[0] == ["□", "$x", "y$"]
    figure_bytes(figure, "png")


@needs_cjk_font
def test_a_font_that_was_installed_after_matplotlib_looked_is_found(monkeypatch):
    everything = font_manager.fontManager.ttflist
    files = {entry.fname for entry in everything if entry.name in figures.CJK_FONTS}
    known = [entry for entry in everything if entry.fname not in files]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", known)
    assert find_cjk_font() in figures.CJK_FONTS
    assert figure_bytes(heatmap_figure(np.eye(2, dtype=np.float32), ["你", "好"], target_labels=["Hi", "."]), "png")


def test_without_a_chinese_font_the_error_names_a_package(monkeypatch):
    monkeypatch.setattr(figures, "find_cjk_font", lambda: None)
    heatmap_figure(WEIGHTS, ["a", "b", "c"], target_labels=["d", "e"])
    with pytest.raises(ConfigurationError, match="fonts-wqy-microhei") as caught:
        heatmap_figure(WEIGHTS, ["a", "b", "c"], target_labels=["你", "e"])
    assert caught.value.code == "no_cjk_font"


def test_a_long_heatmap_stays_a_picture_of_bounded_size():
    figure = heatmap_figure(np.zeros((512, 257), np.float32), ["a"] * 257, target_labels=["b"] * 512)
    assert max(figure.get_size_inches()) < 30


def test_the_same_weights_give_the_same_file():
    drawn = [figure_bytes(heatmap_figure(WEIGHTS, ["a", "b", "c"], target_labels=["d", "e"]), "png") for _ in range(2)]
    assert drawn[0] == drawn[1]


def test_each_model_is_a_line_over_source_lengths():
    lines = [LengthLine("family/a", "rnn", "none", [3.0, 1.0]), LengthLine("family/b", "lstm", "dot", [4.0, 4.5])]
    figure = length_figure(lines, [8.5, 15.5], caption="nrefs:1|tok:zh")
    axes = figure.axes[0]
    drawn = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert drawn == {"family/a": [[8.5, 3.0], [15.5, 1.0]], "family/b": [[8.5, 4.0], [15.5, 4.5]]}
    assert len({(line.get_color(), line.get_linestyle()) for line in axes.lines}) == 2
    assert len(figure_bytes(figure, "svg")) < 200_000
