"""The view *Score mine* in a real browser."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_page import choose, needs_real_model, translate, wait_for_answer

pytestmark = pytest.mark.integration


def open_score(page: Page, text: str = "We know the old man.") -> None:
    """Translate a sentence and go to the tab."""
    translate(page, text)
    page.click("[data-view=score]")


def score(page: Page, text: str) -> str:
    """Score a version of one's own by Enter; return what the page says of it."""
    page.fill("#s2s-own", text)
    page.press("#s2s-own", "Enter")
    expect(page.locator(".s2s-score-answer:not([aria-busy]) .s2s-verdict")).to_be_visible()
    return page.locator(".s2s-score-answer .s2s-verdict").inner_text()


def test_a_version_is_judged_in_words_with_both_numbers(open_page):
    page = open_page()
    open_score(page)
    said = score(page, "我们不认识那个老人。")
    numbers = re.findall(r"−?\d+\.\d\d", said)
    shown = page.locator(".s2s-score-figures tbody tr td:nth-child(3)").all_inner_texts()
    assert sorted(float(one.replace("−", "-")) for one in numbers) == pytest.approx(
        sorted(float(one.replace("−", "-")) for one in shown), abs=0.006
    )


def test_every_token_has_a_chip_a_row_and_a_rank(open_page):
    page = open_page()
    open_score(page)
    score(page, "你好吗？")
    chips = page.locator(".s2s-score .s2s-token-row").nth(0).locator(".s2s-chip")
    labels = chips.locator(".s2s-chip-text").all_inner_texts()
    assert labels == ["你", "好", "吗", "？", "</s>"]
    assert page.locator(".s2s-score-tokens tbody th").all_inner_texts() == labels
    ranks = page.locator(".s2s-score-tokens tbody tr td:nth-child(4)").all_inner_texts()
    assert [note.split("#")[1] for note in chips.locator(".s2s-chip-note").all_inner_texts()] == ranks
    favourites = page.locator(".s2s-score-favourite").all_inner_texts()
    assert [rank == "1" for rank in ranks] == [text == "✓" for text in favourites]


def test_pointing_at_a_token_lights_its_row_in_heatmap_and_table(open_page):
    page = open_page()
    open_score(page)
    score(page, "你好吗？")
    page.locator(".s2s-score .s2s-token-row").nth(0).locator(".s2s-chip").nth(2).hover()
    expect(page.locator(".s2s-score-tokens tr.active th")).to_have_text("吗")
    expect(page.locator(".s2s-score .s2s-row-label[data-row='2']")).to_have_class("s2s-row-label active")


def test_the_shown_text_is_filled_in_with_one_click(open_page):
    page = open_page()
    open_score(page)
    page.locator(".s2s-score .s2s-example").first.click()
    expect(page.locator("#s2s-own")).to_have_value(page.locator(".s2s-output").inner_text())
    expect(page.locator(".s2s-score .s2s-verdict")).to_have_attribute(
        "data-verdict", re.compile("same|other-segmentation")
    )


def test_an_error_stands_beside_the_field_and_the_last_answer_stays(open_page):
    page = open_page("/?lang=zh")
    open_score(page)
    said = score(page, "你好吗？")
    page.fill("#s2s-own", " ")
    page.press("#s2s-own", "Enter")
    expect(page.locator("#s2s-own-error")).to_have_text("请输入要评分的版本。")
    expect(page.locator("#s2s-own")).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".s2s-score-answer .s2s-verdict")).to_have_text(said)


def test_a_version_is_kept_and_scored_again_when_the_settings_change(open_page):
    page = open_page()
    open_score(page)
    score(page, "你好吗？")
    choose(page, "greedy")
    expect(page.locator("#s2s-own")).to_have_value("你好吗？")
    expect(page.locator(".s2s-score-answer:not([aria-busy]) .s2s-verdict")).to_be_visible()
    translate(page, "How are you?")
    expect(page.locator("#s2s-own")).to_have_value("")
    expect(page.locator(".s2s-score .s2s-verdict")).to_have_count(0)


def test_the_model_goes_on_from_where_the_version_parts(open_page):
    page = open_page()
    open_score(page)
    first = page.locator(".s2s-chip-text").first.inner_text()
    other = next(one for one in "我你老河" if one != first)
    score(page, f"{other}们")
    page.evaluate("performance.clearMeasures()")
    page.locator(".s2s-score-actions button").first.click()
    wait_for_answer(page)
    expect(page.locator(".s2s-trail")).to_be_visible()
    assert page.locator(".s2s-output").inner_text().startswith(other)


def test_a_model_without_attention_scores_without_a_heatmap(open_page):
    page = open_page()
    page.select_option("#s2s-model", "blind")
    open_score(page)
    score(page, "你好吗？")
    expect(page.locator(".s2s-score .s2s-note")).to_contain_text("no attention")
    expect(page.locator(".s2s-score svg[data-rows]")).to_have_count(0)


def test_the_file_holds_the_verdict_and_the_ranks(open_page):
    page = open_page()
    open_score(page)
    score(page, "你好吗？")
    with page.expect_download() as download:
        page.locator(".s2s-score [data-format=json]").last.click()
    values = json.loads(download.value.path().read_text("utf-8"))
    assert values["judgement"]["verdict"] == page.locator(".s2s-score .s2s-verdict").get_attribute("data-verdict")
    assert len(values["own"]["hypotheses"][0]["ranks"]) == 5


@needs_real_model
def test_a_good_version_in_english_words_is_understood(open_page):
    page = open_page()
    page.select_option("#s2s-model", "en-zh")
    open_score(page, "The weather is nice today.")
    assert "verdict" not in score(page, "今天天气真好。")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
