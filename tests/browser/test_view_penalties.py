"""The view *Penalties* in a real browser: its formula against Python's, and what the sliders do."""

import csv
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, expect

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.search import Rankable, rerank
from seq2seq_demo.translator import Translator
from tests.browser.test_page import choose, translate

pytestmark = pytest.mark.integration

TEXT = "I don't know the old man, do you?"
ITEMS = ".s2s-ranked-list li"
SETTINGS = [(0.0, 0.0), (1.0, 0.0), (0.37, 0.25), (3.5, 1.0), (5.0, 5.0)]


def open_penalties(page: Page, *, model: str = "tiny", text: str = TEXT) -> None:
    page.select_option("#s2s-model", model)
    translate(page, text)
    page.click("[data-view=penalties]")


def fetch_longer(page: Page) -> None:
    before = page.locator(ITEMS).count()
    page.click(".s2s-longer-button")
    expect(page.locator(f"{ITEMS}:nth-child({before + 1})")).to_be_visible()


def set_penalties(page: Page, alpha: float, beta: float) -> None:
    page.fill("[name=penalty-alpha]", str(alpha))
    page.fill("[name=penalty-beta]", str(beta))


def shown(page: Page) -> list[tuple[int, float]]:
    """The hypotheses' numbers in the found list and their scores, as they are ranked."""
    script = "items => items.map(item => [Number(item.dataset.index), Number(item.dataset.score)])"
    return [(int(index), score) for index, score in page.locator(ITEMS).evaluate_all(script)]


@pytest.fixture(scope="module")
def rankables(tiny_checkpoint) -> list[Rankable]:
    config = DecodingConfig(beam_size=20, n_best=20)
    (found,) = Translator.from_pretrained(tiny_checkpoint, device="cpu").translate([TEXT], config)
    return [hypothesis.rankable for hypothesis in found.hypotheses]


def test_the_sliders_rank_as_python_does(open_page, rankables):
    page = open_page()
    open_penalties(page)
    fetch_longer(page)
    expect(page.locator(ITEMS)).to_have_count(len(rankables))
    for alpha, beta in SETTINGS:
        set_penalties(page, alpha, beta)
        order, scores = zip(*shown(page), strict=True)
        expected = [rankables[index].score(alpha=alpha, beta=beta) for index in order]
        assert scores == pytest.approx(expected, rel=1e-5)
        wanted = [rankables[index].score(alpha=alpha, beta=beta) for index in rerank(rankables, alpha=alpha, beta=beta)]
        assert scores == pytest.approx(wanted, rel=1e-5)


def test_the_axes_have_plain_numbers(open_page):
    page = open_page()
    for text in (TEXT, "We know the man.", "How are you?"):
        open_penalties(page, text=text)
        for relative in (True, False):
            page.locator(".s2s-panel .s2s-switch input").first.set_checked(relative)
            numbers = page.locator(".s2s-chart-axes text:not(.s2s-chart-label)").all_text_contents()
            assert len(numbers) > 6
            assert all(re.fullmatch(r"−?\d+(\.\d{1,3})?", text) for text in numbers), numbers


def test_the_files_hold_the_scores_of_the_plot(open_page, rankables):
    page = open_page()
    open_penalties(page)
    fetch_longer(page)
    set_penalties(page, 1, 0.5)
    files = {}
    for kind in ("csv", "svg"):
        with page.expect_download() as download:
            page.click(f".s2s-penalty-figure [data-format={kind}]")
        files[kind] = Path(download.value.path()).read_text(encoding="utf-8-sig")
    head, *rows = csv.reader(io.StringIO(files["csv"]))
    assert (len(head), head[:2]) == (2 + len(rankables), ["alpha", "beta"])
    for alpha, beta, *scores in ([float(cell) for cell in row] for row in rows):
        expected = [rankable.score(alpha=alpha, beta=beta) for rankable in rankables]
        assert beta == 0.5
        assert scores == pytest.approx(expected, rel=1e-5)
    drawing = ElementTree.fromstring(files["svg"])
    paths = [path for path in drawing.findall(".//{*}path") if "L" in path.get("d")]
    assert len(paths) == len(rankables) == len(drawing.findall(".//{*}path")) - len(rankables)  # and one in the legend
    assert len({(path.get("stroke"), path.get("stroke-dasharray")) for path in paths}) == len(rankables)


def test_a_change_that_is_pressed_happens(open_page):
    page = open_page()
    open_penalties(page)
    fetch_longer(page)
    change = page.locator("[data-penalty=alpha] .s2s-change.first").last
    expect(change).to_be_visible()
    at = float(change.get_attribute("data-at"))
    page.fill("[name=penalty-alpha]", str(at - 1e-4))
    before = shown(page)[0][0]
    page.fill("[name=penalty-alpha]", str(at + 1e-4))
    after = shown(page)[0][0]
    assert before != after
    page.fill("[name=penalty-alpha]", "0")
    page.locator(f"[data-penalty=alpha] .s2s-change[data-at='{at}']").click()
    assert float(page.input_value("[name=penalty-alpha]")) == pytest.approx(at, abs=0.011)
    assert shown(page)[0][0] == after
    expect(page.locator("#s2s-panel .s2s-verdict")).to_contain_text("comes first")


def test_moves_since_the_search_are_shown_and_taken_back(open_page):
    page = open_page()
    open_penalties(page)
    fetch_longer(page)
    first = [index for index, _ in shown(page)]
    expect(page.locator(".s2s-penalty-actions")).to_be_hidden()
    set_penalties(page, 0, 0)
    places = [index for index, _ in shown(page)]
    assert places != first
    for item, place in zip(page.locator(ITEMS).all(), range(len(places)), strict=True):
        moved = first.index(places[place]) - place
        sign = "" if not moved else f"{'↑' if moved > 0 else '↓'}{abs(moved)}"
        assert item.locator(".s2s-way").inner_text() == sign
    page.locator(".s2s-penalty-actions button").first.click()
    assert [index for index, _ in shown(page)] == first


def test_the_slider_moves_with_the_keyboard_and_less_motion_is_respected(open_page):
    page = open_page(reduced_motion="reduce")
    open_penalties(page)
    fetch_longer(page)
    page.focus("#s2s-penalty-alpha")
    page.press("#s2s-penalty-alpha", "Home")
    assert page.evaluate("document.getAnimations().filter(one => one.effect.target.matches('.s2s-ranked')).length") == 0
    assert page.input_value("[name=penalty-alpha]") == "0"
    expect(page.locator(".s2s-chart-here-label")).to_have_text("α = 0.00")


def test_greedy_gets_a_list_from_a_beam(open_page):
    page = open_page()
    page.select_option("#s2s-model", "tiny")
    choose(page, "greedy")
    open_penalties(page)
    expect(page.locator("#s2s-panel")).to_contain_text("One hypothesis has no place to change")
    page.click(".s2s-longer-button")
    expect(page.locator(ITEMS)).to_have_count(20)
    page.get_by_text("Back to the shown list").click()
    expect(page.locator(ITEMS)).to_have_count(0)


def test_a_new_search_takes_the_penalties_over(open_page):
    page = open_page()
    open_penalties(page)
    set_penalties(page, 0.2, 0.4)
    page.get_by_text("Search with these").click()
    expect(page.locator("#s2s-length_penalty")).to_have_value("0.2")
    expect(page.locator("[name=penalty-beta]")).to_have_value("0.4")
    expect(page.locator(".s2s-penalty-actions")).to_be_hidden()


def test_without_attention_there_is_no_coverage(open_page):
    page = open_page()
    open_penalties(page, model="blind")
    expect(page.locator(ITEMS).first).to_be_visible()
    expect(page.locator("[name=penalty-beta]")).to_have_count(0)
    expect(page.locator("[data-penalty=beta]")).to_have_count(0)
    expect(page.locator(".s2s-penalty-formula")).not_to_contain_text("β")


def test_on_a_phone_and_in_chinese_nothing_scrolls_sideways(open_page):
    page = open_page(width=390, locale="zh-CN")
    open_penalties(page)
    fetch_longer(page)
    expect(page.locator("#s2s-panel .s2s-verdict")).to_contain_text("排第一")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
