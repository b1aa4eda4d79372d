"""The files of every picture on the page: PNG, SVG, CSV and JSON."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import matplotlib.image
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_page import translate

pytestmark = pytest.mark.integration

TEXT = "I don't know the old man, do you?"


def saved(page: Page, group: Locator, kind: str) -> Path:
    with page.expect_download() as download:
        group.locator(f"[data-format={kind}]").click()
    assert download.value.suggested_filename.endswith(f".{kind}")
    return Path(download.value.path())


def check_files(page: Page, group: Locator) -> tuple[list[list[str]], dict, ElementTree.Element]:
    """Take all four files; return the table, what the JSON holds, and the drawing."""
    expect(group.locator("[data-format]").nth(3)).to_be_visible()
    drawing = ElementTree.fromstring(saved(page, group, "svg").read_text("utf-8"))
    pixels = matplotlib.image.imread(saved(page, group, "png"), format="png")
    width, height = (float(drawing.get(name)) for name in ("width", "height"))
    assert pixels.shape[1] / pixels.shape[0] == pytest.approx(width / height, rel=0.02)
    assert pixels[..., :3].std() > 0.02, "an empty picture"
    table = list(csv.reader(io.StringIO(saved(page, group, "csv").read_text("utf-8-sig"))))
    return table, json.loads(saved(page, group, "json").read_text("utf-8")), drawing


def label(cell: str) -> str:
    """Return a label as it was before it was kept from a spreadsheet's formulas."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in set("=+-@") else cell


def check_heatmap(page: Page, card: Locator) -> None:
    table, values, drawing = check_files(page, card.locator(".s2s-downloads"))
    assert [label(cell) for cell in table[0][1:]] == values["source"]
    assert [label(row[0]) for row in table[1:]] == values["target"]
    weights = [[float(cell) for cell in row[1:]] for row in table[1:]]
    assert weights == values["weights"]
    cells = [one for one in drawing.findall(".//{*}rect") if one.get("class") == "s2s-cell"]
    drawn = [float(cell.get("fill-opacity")) for cell in cells]
    assert drawn == pytest.approx([weight for row in weights for weight in row], abs=6e-4)


def test_the_heatmaps_of_a_comparison(open_page):
    page = open_page()
    translate(page, TEXT)
    page.click("[data-view=comparison]")
    check_heatmap(page, page.locator(".s2s-map-card").first)


def test_the_heatmap_of_a_node_of_the_tree(open_page):
    page = open_page()
    translate(page, TEXT)
    page.click("[data-view=tree]")
    page.locator("[data-node]").nth(3).click()
    check_heatmap(page, page.locator(".s2s-tree-details"))


def test_the_heatmap_of_one_s_own_translation(open_page):
    page = open_page()
    translate(page, TEXT)
    page.click("[data-view=score]")
    page.fill("#s2s-own", "我不认识")
    page.keyboard.press("Enter")
    check_heatmap(page, page.locator(".s2s-score .s2s-attention"))


def heights(path: ElementTree.Element) -> list[float]:
    """Return how far below the top each point of a line stands."""
    return [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", path.get("d"))]


def test_the_plot_of_the_penalties(open_page):
    page = open_page()
    translate(page, TEXT)
    page.click("[data-view=penalties]")
    table, values, drawing = check_files(page, page.locator(".s2s-penalty-figure .s2s-downloads"))
    count = len(values["hypotheses"])
    assert [one.get("paint-order") for one in drawing.findall(".//{*}text") if "α =" in (one.text or "")] == ["stroke"]
    names = [text.text for text in drawing.findall(".//{*}text") if text.get("class") == "s2s-bar-name"]
    assert names == [f"{number}  {text}" for number, text in enumerate(values["hypotheses"], start=1)]
    lines = [heights(path) for path in drawing.findall(".//{*}path") if len(heights(path)) > 2]
    scores = [[float(cell) for cell in row[2:]] for row in table[1:]]
    assert scores == [step["scores"] for step in values["scores"]]
    assert (len(lines), values["drawn"]) == (count, "behind the first")
    for at, step in enumerate(scores):
        behind = [max(step) - score for score in step]
        drawn = [line[at] - min(other[at] for other in lines) for line in lines]
        assert sorted(range(count), key=behind.__getitem__) == sorted(range(count), key=drawn.__getitem__)


def test_the_alignment(open_page):
    page = open_page()
    translate(page, TEXT)
    page.click("[data-view=reading]")
    table, values, drawing = check_files(page, page.locator(".s2s-reading .s2s-downloads"))
    pairs = [[int(row[0]), int(row[2])] for row in table[1:]]
    assert pairs == [pair[:2] for pair in values["alignment"]]
    assert len(list(drawing.findall(".//{*}path"))) == len(pairs)


def test_the_learning_curves_of_a_model(open_page):
    page = open_page()
    curve = page.locator(".s2s-curve").first
    if not curve.count():
        pytest.skip("no checkpoint with a log is there")
    curve.locator("summary").first.click()
    table, values, drawing = check_files(page, curve.locator(".s2s-downloads").first)
    assert table[0] == ["updates", values["metric"]]
    assert [[float(cell) for cell in row] for row in table[1:]] == values["points"]
    line = next(heights(path) for path in drawing.findall(".//{*}path") if len(heights(path)) == len(values["points"]))
    figures = [value for _, value in values["points"]]
    assert sorted(range(len(line)), key=lambda at: -line[at]) == sorted(range(len(line)), key=figures.__getitem__)


def test_the_plot_of_the_family(open_page):
    page = open_page()
    if not page.locator("[data-view=architectures]").count():
        pytest.skip("checkpoints/family/ is not there")
    translate(page, "How are you?")
    page.click("[data-view=architectures]")
    table, values, drawing = check_files(page, page.locator(".s2s-probe .s2s-downloads"))
    points = {(row[0], float(row[2])) for row in table[1:]}
    assert len({name for name, _ in points}) == len(values["members"])
    assert {value for _, value in points} == {
        value for member in values["members"].values() for value in member["bleu"]
    }
    names = [text.text for text in drawing.findall(".//{*}text") if text.get("class") == "s2s-bar-name"]
    assert set(names) == {name for name, _ in points}, "the legend belongs to the drawing"
    check_heatmap(page, page.locator(".s2s-member:has(svg[data-rows])").first)


def test_the_pictures_of_a_batch(open_page):
    page = open_page()
    page.click("[data-view=batch]")
    page.fill("#s2s-batch-sources", "How are you?\nWe know the old man and the quiet river.")
    page.locator(".s2s-batch-actions button").first.click()
    expect(page.locator(".s2s-batch-picture").first).to_be_visible()
    table, values, drawing = check_files(page, page.locator(".s2s-batch-picture .s2s-downloads").first)
    assert [float(row[2]) for row in table[1:]] == [line["points"][0][1] for line in values["lines"]]
    assert len([one for one in drawing.findall(".//{*}rect") if one.get("class") == "s2s-bar"]) == len(values["lines"])


def test_a_png_that_the_browser_refuses_is_said_and_the_svg_still_comes(open_page):
    page = open_page()
    translate(page, TEXT)
    page.click("[data-view=comparison]")
    files = page.locator(".s2s-map-card").first.locator(".s2s-downloads")
    page.evaluate("() => { HTMLCanvasElement.prototype.toBlob = (give) => give(null); }")
    files.locator("[data-format=png]").click()
    expect(files.get_by_role("alert")).to_have_text("This browser could not make the PNG.")
    expect(files.locator("[data-format=png]")).to_be_enabled()
    saved(page, files, "svg")
    expect(files.get_by_role("alert")).to_have_text("")
