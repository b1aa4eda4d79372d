"""The view *Compare* in a real browser, and the linked heatmaps of two strategies."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_page import choose, needs_real_model, translate

pytestmark = pytest.mark.integration

TEXT = "I don't know the old man, do you?"
ROWS = ".s2s-comparison tbody tr"


def open_comparison(page: Page, preset: str | None = None, *, model: str = "tiny") -> None:
    """Translate a sentence with a model, go to the tab and choose a preset."""
    page.select_option("#s2s-model", model)
    translate(page, TEXT)
    page.click("[data-view=comparison]")
    if preset:
        page.click(f"[data-preset={preset}]")
    settle(page)


def settle(page: Page) -> None:
    expect(page.locator(".s2s-comparison-answer[aria-busy]")).to_have_count(0)
    expect(page.locator(ROWS).first).to_be_visible()


def column(page: Page, name: str) -> list[str]:
    return page.locator(f"td.s2s-column-{name}").all_inner_texts()


def numbers(texts: list[str]) -> list[float]:
    return [float(text.replace("★", "").replace("−", "-")) for text in texts]


def saved(page: Page, kind: str) -> str:
    with page.expect_download() as download:
        page.click(f".s2s-comparison-toolbar [data-format={kind}]")
    return Path(download.value.path()).read_text(encoding="utf-8")


def test_the_tab_begins_with_greedy_against_a_beam_and_says_what_came_of_it(open_page):
    page = open_page()
    open_comparison(page)
    assert column(page, "strategy") == ["Greedy", "Beam 5"]
    same = len(set(page.locator(".s2s-compared-text").all_inner_texts())) == 1
    assert ("chose the same output" in page.locator(".s2s-verdict").inner_text()) == same


LONG_OUTPUTS = f"/?model=en-zh&strategy=beam&min_length=300&max_length=310&view=comparison&text={quote(TEXT)}"


def grow(page: Page) -> Locator:
    """Begin six beams that take long; return what they have written so far."""
    page.wait_for_selector(ROWS)
    page.click("[data-preset=curse]")
    growing = page.locator(".s2s-comparison-progress")
    expect(growing).to_contain_text("Step ")
    return growing


@needs_real_model
def test_a_long_comparison_shows_how_far_it_is_and_can_be_stopped(open_page):
    page = open_page(LONG_OUTPUTS)
    growing = grow(page)
    expect(growing.locator("dt")).to_have_text([f"Beam {size}" for size in (1, 2, 5, 10, 20, 50)])
    expect(growing.locator("dd").last).not_to_be_empty()
    with page.expect_response("**/cancel") as answer:
        page.click(".s2s-comparison-stop")
    assert answer.value.ok
    expect(page.locator(".s2s-comparison-answer")).to_have_text("Stopped before the end.")
    expect(page.locator("[data-preset=curse]")).to_be_focused()
    page.click("[data-preset=pair]")
    settle(page)
    assert column(page, "strategy") == ["Greedy", "Beam 5"]


@needs_real_model
def test_a_comparison_goes_on_behind_another_tab_and_ends_with_its_sentence(open_page):
    page = open_page(LONG_OUTPUTS)
    grow(page)
    page.click("[data-view=attention]")
    page.click("[data-view=comparison]")
    expect(page.locator(".s2s-comparison-progress")).to_contain_text("Step ")
    with page.expect_response("**/cancel") as answer:
        translate(page, "How are you?")
    assert answer.value.ok


@needs_real_model
def test_another_list_takes_the_place_of_one_that_is_still_growing(open_page):
    page = open_page(LONG_OUTPUTS)
    growing = grow(page)
    page.click("[data-preset=samples]")
    expect(growing.locator("dt")).to_have_text(["Sample"])
    expect(growing).to_contain_text("Step ")
    assert len(growing.locator("dd").inner_text().split("\n")) == 10
    page.click(".s2s-comparison-stop")
    expect(page.locator(".s2s-comparison-answer")).to_have_text("Stopped before the end.")


def test_the_curse_has_a_row_for_each_beam_and_names_the_two_ends(open_page):
    page = open_page()
    open_comparison(page, "curse")
    assert column(page, "strategy") == [f"Beam {size}" for size in (1, 2, 5, 10, 20, 50)]
    said = page.locator(".s2s-verdict p").first.inner_text()
    if len(set(page.locator(".s2s-compared-text").all_inner_texts())) == 1:
        assert "All 6 beam sizes agree" in said
    else:
        assert "50" in said and "1" in said
    page.click(".s2s-verdict button")  # without length penalty a score is the log-probability
    expect(page.locator(".s2s-verdict button")).to_contain_text("Back")
    settle(page)
    assert column(page, "score") == column(page, "log_prob")


def test_ten_samples_come_from_one_seed_that_is_named(open_page):
    page = open_page()
    open_comparison(page, "samples")
    expect(page.locator(ROWS)).to_have_count(10)
    seed = page.locator(".s2s-seed").inner_text().removeprefix("seed ")
    assert f"seed {seed}" in page.locator(".s2s-verdict").inner_text()
    files = json.loads(saved(page, "json"))
    assert {output["seed"] for output in files["outputs"]} == {int(seed)}


def test_the_highest_values_are_marked(open_page):
    page = open_page()
    open_comparison(page, "samples")
    for name in ("log_prob", "score"):
        values = numbers(column(page, name))
        marked = numbers(page.locator(f"td.s2s-column-{name}.highest").all_inner_texts())
        assert set(marked) == {max(values)}


def test_a_press_on_a_head_sorts_and_a_second_turns_it_round(open_page):
    page = open_page()
    open_comparison(page, "samples")
    head = page.locator("th[data-column=log_prob]")
    for order, reverse in (("descending", True), ("ascending", False)):
        head.locator("button").click()
        expect(head).to_have_attribute("aria-sort", order)
        values = numbers(column(page, "log_prob"))
        assert values == sorted(values, reverse=reverse)


def test_words_that_the_chosen_row_does_not_have_are_marked(open_page):
    page = open_page()
    open_comparison(page, "samples")
    page.locator(f"{ROWS}[data-number='3'] input").check()
    texts = page.locator(".s2s-compared-text").all_inner_texts()
    marks = [row.locator("mark").count() for row in page.locator(ROWS).all()]
    assert marks[2] == 0
    assert any(marks)
    assert all(mark > 0 for text, mark in zip(texts, marks, strict=True) if set(text) - set(texts[2]))


def test_pointing_at_a_source_token_lights_its_column_in_every_opened_heatmap(open_page):
    page = open_page()
    open_comparison(page, "samples")
    for number in (1, 2, 3):
        button = page.locator(f"{ROWS}[data-number='{number}'] .s2s-open-map")
        if button.get_attribute("aria-pressed") == "false":
            button.click()
    cards = page.locator(".s2s-map-card")
    expect(cards).to_have_count(page.locator(".s2s-open-map[aria-pressed=true]").count())
    cards.nth(1).locator(".s2s-column-label[data-column='2']").hover(force=True)
    expect(page.locator(".s2s-map-card .s2s-column-label.active")).to_have_count(cards.count())
    page.locator(".s2s-gallery > .s2s-chips .s2s-chip").nth(1).hover()
    active = page.locator(".s2s-map-card .s2s-column-label.active")
    expect(active).to_have_count(cards.count())
    assert active.evaluate_all("labels => labels.map(label => label.dataset.column)") == ["1"] * cards.count()
    cards.first.locator("header button").click()
    expect(cards).to_have_count(page.locator(".s2s-open-map[aria-pressed=true]").count())


def test_side_by_side_a_source_token_of_one_lights_its_column_in_the_other(open_page):
    page = open_page()
    page.select_option("#s2s-model", "tiny")
    choose(page, "compare")
    translate(page, TEXT)
    panels = page.locator(".s2s-hypothesis.compared")
    panels.nth(0).locator(".s2s-token-row").nth(1).locator(".s2s-chip").nth(2).hover()
    expect(panels.nth(1).locator(".s2s-column-label.active")).to_have_attribute("data-column", "2")
    panels.nth(1).locator(".s2s-cell[data-row='0'][data-column='1']").hover()
    expect(panels.nth(0).locator(".s2s-column-label.active")).to_have_attribute("data-column", "1")
    expect(panels.nth(0).locator(".s2s-row-label.active")).to_have_count(0)
    page.mouse.move(2, 2)
    expect(page.locator(".s2s-column-label.active")).to_have_count(0)


def test_a_reference_brings_both_measures_and_goes_with_its_sentence(open_page):
    page = open_page()
    open_comparison(page)
    reference = page.locator(".s2s-compared-text").first.inner_text()
    page.fill("[name=references]", f"{reference}\n你好")
    page.click(".s2s-reference button")
    expect(page.locator(".s2s-signature")).to_contain_text("nrefs:2")
    assert numbers(column(page, "chrf"))[0] == numbers(column(page, "bleu"))[0] == 100
    expect(page.locator(".s2s-verdict")).to_contain_text("Closest to your reference: Greedy (output 1), chrF 100.0")
    page.click("[data-preset=samples]")
    expect(page.locator("td.s2s-column-chrf:visible")).to_have_count(10)
    translate(page, "We know the old man.")
    settle(page)
    expect(page.locator("[name=references]")).to_have_value("")
    expect(page.locator("td.s2s-column-chrf:visible")).to_have_count(0)


def test_the_list_can_be_changed_and_an_error_stands_beside_its_strategy(open_page):
    page = open_page()
    open_comparison(page)
    page.click(".s2s-compared-details summary")
    page.select_option("#s2s-compared-0-strategy", "sample")
    page.fill("#s2s-compared-0-temperature", "0.5")
    page.get_by_text("Add a strategy").click()
    page.fill("#s2s-compared-2-beam_size", "0")
    page.click(".s2s-compared-form .s2s-go")
    error = page.locator(".s2s-compared").nth(2).locator(".s2s-error")
    expect(error).to_have_text("Beam size must lie in [1, 100]; you gave 0.")
    expect(page.locator("#s2s-compared-2-beam_size")).to_have_attribute("aria-invalid", "true")
    page.fill("#s2s-compared-2-beam_size", "3")
    page.press("#s2s-compared-2-beam_size", "Enter")
    expect(page.locator(ROWS)).to_have_count(3)
    assert [text.split("\n")[0] for text in column(page, "strategy")] == ["Sample · T 0.5", "Beam 5", "Beam 3"]
    expect(error).to_be_empty()
    page.locator(".s2s-compared").nth(0).get_by_text("Remove").click()
    expect(page.locator(".s2s-compared")).to_have_count(2)


def test_the_list_stays_when_another_sentence_is_decoded(open_page):
    page = open_page()
    open_comparison(page, "curse")
    translate(page, "We know the old man.")
    settle(page)
    expect(page.locator(ROWS)).to_have_count(6)


def test_the_table_can_be_taken_away(open_page):
    page = open_page()
    open_comparison(page, "four")
    head, *lines = (line.split("\t") for line in saved(page, "tsv").splitlines())
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    assert [row["strategy"] for row in rows] == ["greedy", "beam", "diverse-beam", "sample"]
    assert [round(float(row["log_prob"]), 2) for row in rows] == numbers(column(page, "log_prob"))
    outputs = json.loads(saved(page, "json"))["outputs"]
    assert [output["text"] for output in outputs] == page.locator(".s2s-compared-text").all_inner_texts()
    assert len(outputs[0]["attention"]) == len(outputs[0]["token_ids"])


def test_a_model_without_attention_is_compared_without_heatmaps(open_page):
    page = open_page()
    open_comparison(page, "four", model="blind")
    expect(page.locator(".s2s-open-map")).to_have_count(0)
    expect(page.locator("#s2s-panel")).to_contain_text("This model has no attention")


def test_on_a_phone_and_in_chinese_nothing_scrolls_sideways(open_page):
    page = open_page(width=390, locale="zh-CN")
    open_comparison(page, "four")
    assert page.locator(".s2s-presets button").first.inner_text() == "贪心对束搜索 5"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.click(".s2s-compared-details summary")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
