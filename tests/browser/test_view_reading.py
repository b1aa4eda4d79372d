"""The view *Reading attention* in a real browser."""

import csv
import io

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_page import needs_real_model, shown_weights, translate

pytestmark = pytest.mark.integration


def open_reading(page: Page, text: str = "We know the old man.") -> None:
    """Translate a sentence and go to the tab."""
    translate(page, text)
    page.click("[data-view=reading]")
    expect(page.locator(".s2s-reading-answer:not([aria-busy]) .s2s-alignment")).to_be_visible()


def numbers(page: Page, kind: str) -> list[str]:
    """The numbers beside the bars of source or target words."""
    return page.locator(f".s2s-reading-row[data-{kind}] .s2s-reading-number").all_inner_texts()


def test_coverage_is_the_sum_of_the_heatmap_s_columns(open_page):
    page = open_page()
    translate(page, "We know the old man.")
    columns = page.locator(".s2s-column-label").count()
    weights = [float(weight) for weight in shown_weights(page)]
    rows = [weights[start : start + columns] for start in range(0, len(weights), columns)]
    ended = page.locator(".s2s-token-row").nth(0).locator(".s2s-chip-text").last.inner_text() == "</s>"
    sums = [sum(column) for column in zip(*(rows[:-1] if ended else rows), strict=True)]
    page.click("[data-view=reading]")
    page.locator("input[name=pieces]").check(force=True)
    expect(page.locator(".s2s-reading-row[data-source]")).to_have_count(columns)
    assert [float(text) for text in numbers(page, "source")] == pytest.approx(sums, abs=0.02)


def test_the_pharaoh_pairs_are_the_lines_that_are_drawn(open_page):
    page = open_page()
    open_reading(page)
    lines = page.locator(".s2s-alignment-line").evaluate_all(
        "nodes => nodes.map(node => `${node.dataset.source}-${node.dataset.target}`)"
    )
    assert lines
    assert page.locator(".s2s-pharaoh code").inner_text() == " ".join(lines)


def test_pointing_at_a_word_lights_its_lines_and_its_bar(open_page):
    page = open_page()
    open_reading(page)
    target = page.locator(".s2s-alignment-line").first.get_attribute("data-target")
    page.locator(f".s2s-alignment-word[data-target='{target}']").hover()
    expect(page.locator(".s2s-alignment-line.on")).to_have_count(1)
    expect(page.locator(".s2s-reading-row.on")).to_have_attribute("data-target", target)
    page.mouse.move(2, 2)
    expect(page.locator(".s2s-alignment-line.on")).to_have_count(0)


def test_arrow_keys_walk_the_bars(open_page):
    page = open_page()
    open_reading(page)
    page.mouse.move(2, 2)  # a pointer that rests on a bar lights that one
    page.locator(".s2s-reading-row[data-source='0']").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".s2s-reading-row[data-source='1']")).to_be_focused()
    expect(page.locator(".s2s-reading-row.on")).to_have_attribute("data-source", "1")


def test_another_hypothesis_is_read_anew(open_page):
    page = open_page()
    open_reading(page)
    before = numbers(page, "target")
    page.click("[data-view=attention]")
    page.locator(".s2s-nbest-item").nth(1).click()
    page.click("[data-view=reading]")
    expect(page.locator(".s2s-reading-answer:not([aria-busy]) .s2s-alignment")).to_be_visible()
    assert numbers(page, "target") != before


def test_a_model_without_attention_says_so(open_page):
    page = open_page()
    page.select_option("#s2s-model", "blind")
    translate(page, "We know the old man.")
    page.click("[data-view=reading]")
    expect(page.locator(".s2s-panel .s2s-note")).to_contain_text("no attention")


@pytest.mark.parametrize("form", ["tsv", "pharaoh", "svg"])
def test_each_file_holds_what_is_shown(open_page, form):
    page = open_page()
    open_reading(page)
    with page.expect_download() as download:
        page.click(f".s2s-reading [data-format={form}]")
    content = download.value.path().read_text("utf-8")
    if form == "tsv":
        rows = list(csv.DictReader(io.StringIO(content), delimiter="\t", quoting=csv.QUOTE_NONE))
        covered = [f"{float(row['coverage']):.2f}" for row in rows if row["side"] == "source"]
        assert covered == numbers(page, "source")
    elif form == "pharaoh":
        assert content == page.locator(".s2s-pharaoh code").inner_text() + "\n"
    else:
        assert content.count("<path") == page.locator(".s2s-alignment-line").count()
        assert "rgb(" in content and "var(" not in content


@needs_real_model
def test_a_phone_shows_it_in_chinese_without_scrolling_sideways(open_page):
    page = open_page("/?lang=zh", width=390, height=800)
    page.select_option("#s2s-model", "en-zh")
    open_reading(page, "A little girl in a red dress is playing with a dog in the park.")
    expect(page.locator(".s2s-reading .s2s-why")).to_contain_text("Jain & Wallace 2019")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
