"""The view *Step by step* in a real browser, with every cell and every attention."""

import json
import math
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_page import needs_real_model, shown_weights, translate

pytestmark = pytest.mark.integration

GATES = {
    "tiny": ["r", "z", "n"],  # gru, additive
    "blind": ["r", "z", "n"],  # gru, none
    "elman": [],  # rnn, general
    "lstm": ["i", "f", "g", "o"],  # lstm, dot
}


def open_steps(page: Page, model: str = "tiny", text: str = "We know the old man.") -> None:
    """Translate a sentence and go to the tab."""
    page.select_option("#s2s-model", model)
    translate(page, text)
    page.click("[data-view=steps]")
    expect(page.locator(".s2s-station").first).to_be_visible()


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def current(page: Page) -> int:
    return int(page.locator(".s2s-steps [aria-current=step]").get_attribute("data-index"))


@pytest.mark.parametrize("model", GATES)
def test_every_cell_and_attention_is_drawn_with_its_equations(open_page, model):
    page = open_page()
    open_steps(page, model)
    bottom = page.locator("[data-station=bottom-0]")
    symbols = bottom.locator(".s2s-vector-symbol").all_inner_texts()
    assert [symbol[0] for symbol in symbols if symbol and symbol[0] not in "xhc"] == GATES[model]
    assert page.locator("[data-station=attention]").count() == (0 if model == "blind" else 1)
    assert page.locator("[data-station=blind]").count() == (1 if model == "blind" else 0)
    assert page.locator(".s2s-formula").count() >= 8
    text = page.locator(".s2s-steps").inner_text()
    assert "undefined" not in text and "NaN" not in text


def test_the_weights_are_the_softmax_of_the_scores_and_the_heatmap_s_row(open_page):
    page = open_page()
    translate(page, "We know the old man.")
    columns = page.locator(".s2s-column-label").count()
    row = shown_weights(page)[columns : 2 * columns]
    page.click("[data-view=steps]")
    page.locator("[data-player=next]").click()
    cells = page.locator("[data-station=attention] td.s2s-steps-cell").all_inner_texts()
    scores, weights = [number(text) for text in cells[::2]], [number(text) for text in cells[1::2]]
    total = sum(math.exp(score) for score in scores)
    assert weights == pytest.approx([math.exp(score) / total for score in scores], abs=0.01)
    assert weights == pytest.approx([float(weight) for weight in row], abs=0.002)


def test_buttons_slider_arrow_keys_and_tokens_go_to_a_step(open_page):
    page = open_page()
    open_steps(page)
    count = page.locator(".s2s-steps-head .s2s-chip").count()
    page.locator("[data-player=last]").click()
    assert current(page) == count - 1
    page.keyboard.press("ArrowLeft")
    assert current(page) == count - 2
    page.locator(".s2s-player input").fill("1")
    assert current(page) == 0
    page.locator(".s2s-steps-head .s2s-chip").nth(2).click()
    assert current(page) == 2
    expect(page.locator(".s2s-player-said")).to_contain_text(f"Step 3 of {count}")


def test_the_step_stays_when_the_tab_is_left_and_comes_again(open_page):
    page = open_page()
    open_steps(page)
    page.locator("[data-player=next]").click()
    page.click("[data-view=attention]")
    page.click("[data-view=steps]")
    expect(page.locator(".s2s-steps [aria-current=step]")).to_have_attribute("data-index", "1")


def test_it_plays_to_the_end_by_itself(open_page):
    page = open_page()
    open_steps(page)
    page.clock.install()
    page.locator("[data-player=play]").click()
    page.clock.run_for(4000)
    expect(page.locator(".s2s-steps [aria-current=step]")).to_have_attribute("data-index", "2")
    page.locator("[data-player=play]").click()
    page.clock.run_for(4000)
    assert current(page) == 2


def test_who_wants_less_motion_walks_by_hand(open_page):
    page = open_page(reduced_motion="reduce")
    open_steps(page)
    expect(page.locator("[data-player=play]")).to_be_disabled()
    page.locator("[data-player=next]").click()
    assert current(page) == 1


def test_a_symbol_lights_what_shows_its_values(open_page):
    page = open_page()
    open_steps(page, "lstm")
    station = page.locator("[data-station=bottom-0]")
    station.locator("[data-symbol=forget_gate]").first.hover()
    lit = page.locator("[data-shows].lit")
    expect(lit).to_have_count(1)
    expect(lit.locator(".s2s-vector-name")).to_have_text("forget gate")
    tip = page.locator(".s2s-tip").inner_text()
    strip = lit.locator(".s2s-strip").get_attribute("aria-label")
    assert tip.split("now ")[1] == strip.split(": ")[1]


def test_the_cell_s_equation_is_filled_in_with_numbers_that_agree(open_page):
    page = open_page()
    open_steps(page, "lstm")
    for _ in range(2):
        line = page.locator("[data-station=bottom-0] .s2s-equations ul .s2s-instance").first.inner_text()
        left, right = line.split(" = ")
        forget, before, enter, candidate = (number(one) for one in re.findall(r"−?\d+\.\d+", left))
        assert forget * before + enter * candidate == pytest.approx(number(right), abs=0.025)
        page.locator("[data-player=next]").press("Enter")


def test_the_written_token_is_marked_among_the_most_probable(open_page):
    page = open_page()
    open_steps(page)
    chosen = page.locator(".s2s-steps-words .chosen")
    expect(chosen).to_have_count(1)
    first = page.locator(".s2s-steps-head .s2s-chip-text").first.inner_text()
    assert chosen.locator(".s2s-steps-word").inner_text() == first


def test_the_file_holds_every_step(open_page):
    page = open_page()
    open_steps(page)
    with page.expect_download() as download:
        page.locator(".s2s-steps [data-format=json]").click()
    values = json.loads(download.value.path().read_text("utf-8"))
    assert len(values["steps"]) == page.locator(".s2s-steps-head .s2s-chip").count()
    assert values["equations"]["cell"]


@needs_real_model
def test_a_phone_shows_it_in_chinese_without_scrolling_sideways(open_page):
    page = open_page("/?lang=zh", width=390, height=800)
    open_steps(page, "en-zh", "A little girl in a red dress is playing with a dog in the park.")
    expect(page.locator("[data-station=attention]")).to_contain_text("上下文")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
