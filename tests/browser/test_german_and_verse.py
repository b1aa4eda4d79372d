"""The page with the models for German captions and for verse: their words, and an answer of the right kind."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_page import translate, wait_for_answer, wait_until_idle

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not all((CHECKPOINTS / name / "config.json").is_file() for name in ("de-en", "couplet")),
        reason="checkpoints/de-en or checkpoints/couplet is not there",
    ),
]


def choose(page: Page, model: str) -> Page:
    page.select_option("#s2s-model", model)
    return page


@pytest.mark.parametrize(
    ("locale", "name", "button"), [("en-US", "German → English", "Translate"), ("zh-CN", "德语 → 英语", "翻译")]
)
def test_german_can_be_chosen_and_translated(open_page, locale: str, name: str, button: str) -> None:
    page = choose(open_page(locale=locale), "de-en")
    expect(page.locator("#s2s-model option:checked")).to_have_text(name)
    expect(page.locator(".s2s-go span")).to_have_text(button)
    translate(page, "Zwei Hunde spielen im Schnee.")
    expect(page.locator(".s2s-output")).to_have_text(re.compile("^Two dogs .*snow"))


def test_an_example_of_a_model_is_its_own(open_page) -> None:
    page = choose(open_page(), "de-en")
    example = page.get_by_role("button", name="Eine Frau mit einem roten Hut liest ein Buch.")
    wait_until_idle(page)
    page.evaluate("performance.clearMeasures()")
    example.click()
    wait_for_answer(page)
    expect(page.locator(".s2s-output")).to_contain_text("red hat")


@pytest.mark.parametrize(
    ("locale", "name", "label", "button"),
    [
        ("en-US", "Line of verse → the next line", "Line of verse", "Go on"),
        ("zh-CN", "诗句 → 下一句", "诗句", "续写"),
    ],
)
def test_the_words_for_verse_are_not_those_for_translation(
    open_page, locale: str, name: str, label: str, button: str
) -> None:
    page = choose(open_page(locale=locale), "couplet")
    expect(page.locator("#s2s-model option:checked")).to_have_text(name)
    expect(page.locator(".s2s-go span")).to_have_text(button)
    expect(page.get_by_label(label, exact=True)).to_be_visible()


@pytest.mark.parametrize("line", ["床前明月光", "独在异乡为异客"])
def test_a_line_of_verse_is_answered_with_one_of_its_length(open_page, line: str) -> None:
    page = choose(open_page(), "couplet")
    translate(page, line)
    expect(page.locator(".s2s-output")).to_have_text(re.compile(rf"^[\u4e00-\u9fff]{{{len(line)}}}$"))
    rows, columns = page.locator("svg[data-rows]").evaluate("map => [map.dataset.rows, map.dataset.columns]")
    assert (rows, columns) == (str(len(line) + 1), str(len(line) + 1))  # with the end symbols
