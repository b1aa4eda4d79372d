"""The page with a model that pronounces: its words, letters against phonemes, IPA."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_page import translate

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not (Path(__file__).parents[2] / "checkpoints" / "pronounce" / "config.json").is_file(),
        reason="checkpoints/pronounce is not there",
    ),
]


@pytest.fixture
def page(open_page) -> Page:
    page = open_page()
    page.select_option("#s2s-model", "pronounce")
    return page


def test_the_words_are_those_of_the_task(page):
    expect(page.locator("#s2s-model option:checked")).to_have_text("English word → pronunciation")
    expect(page.locator(".s2s-go span")).to_have_text("Pronounce")
    assert page.get_by_label("Word", exact=True).get_attribute("placeholder").startswith("Type an English word")


def test_each_letter_is_a_column_and_each_phoneme_a_row(page):
    translate(page, "Knight")
    expect(page.locator(".s2s-output")).to_have_text("N AY1 T")
    rows, columns = page.locator("svg[data-rows]").evaluate("map => [map.dataset.rows, map.dataset.columns]")
    assert (rows, columns) == ("4", "7")  # with the end symbols
    expect(page.locator("input[name=merge]")).to_have_count(0)


def test_the_phonemes_stand_in_ipa_too_with_their_stress(page):
    translate(page, "Jabberwocky")
    expect(page.locator(".s2s-output")).to_have_text("JH AE2 B ER0 W AA1 K IY0")
    expect(page.locator(".s2s-ipa")).to_have_text("/ˌdʒæbɚˈwɑki/")
    page.locator(".s2s-symbols summary").click()
    assert page.locator(".s2s-symbols li.used b").all_inner_texts() == ["AA", "AE", "ER0", "IY", "B", "JH", "K", "W"]


def test_several_words_are_pronounced_one_by_one(page):
    translate(page, "hello big\nworld")
    assert [tab.split()[-1] for tab in page.locator(".s2s-line").all_inner_texts()] == ["hello", "big", "world"]


def test_a_letter_that_the_model_does_not_know_is_named(page):
    page.fill("#s2s-text", "r2d2")
    page.press("#s2s-text", "Enter")
    expect(page.locator("#s2s-text-error")).to_contain_text("it does not know 2")


def test_nothing_to_pronounce_is_said_in_the_words_of_the_task(page):
    page.fill("#s2s-text", " ")
    page.press("#s2s-text", "Enter")
    expect(page.locator("#s2s-text-error")).to_have_text("Type a word first.")
