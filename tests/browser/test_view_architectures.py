"""The view *Architectures* in a real browser, with the family of this clone."""

import json

import pytest
from playwright.sync_api import Page, expect

from seq2seq_demo.checkpoint import CHECKPOINTS_FOLDER
from tests.browser.test_page import translate

FAMILY = CHECKPOINTS_FOLDER / "family"
MEMBERS = sorted(path.parent.name for path in FAMILY.glob("*/config.json"))

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not MEMBERS, reason="checkpoints/family/ is not there"),
]


@pytest.fixture
def open_tab(open_page):
    def open_in(text: str = "She bought a red dress yesterday.", **settings) -> Page:
        page = open_page(**settings)
        translate(page, text)
        page.click("[data-view=architectures]")
        expect(page.locator(".s2s-member")).to_have_count(len(MEMBERS))
        return page

    return open_in


def test_one_sentence_goes_through_every_member_and_those_with_attention_show_theirs(open_tab):
    page = open_tab()
    for name in MEMBERS:
        card = page.locator(f"[data-member='family/{name}']")
        expect(card.locator(".s2s-member-output")).not_to_be_empty()
        attention = json.loads((FAMILY / name / "config.json").read_text())["model"]["attention"]
        expect(card.locator("svg[data-rows]")).to_have_count(int(attention != "none"))
        expect(card.locator(".s2s-member-blind")).to_have_count(int(attention == "none"))


def test_a_longer_sentence_can_be_sent_through_all(open_tab):
    page = open_tab()
    before = page.locator(".s2s-member-output").all_inner_texts()
    page.get_by_role("button", name="18 words").click()
    expect(page.locator(".s2s-member-output").first).not_to_have_text(before[0])
    expect(page.locator("input[name=family-text]")).to_have_value(
        "I would like to go to the park with you, but I have to finish my homework first."
    )


def test_the_plot_has_a_line_for_each_member_and_its_numbers_are_a_table(open_tab):
    page = open_tab()
    probe = json.loads((FAMILY / "length_probe.json").read_text())
    page.locator(".s2s-probe summary").click()
    table = page.locator(".s2s-probe table")
    for member in probe["members"].values():
        expect(table).to_contain_text(str(member["bleu"][0]).rstrip("0").rstrip("."))
    expect(page.locator(".s2s-probe .s2s-signature")).to_contain_text("tok:zh")


def test_a_member_can_be_opened_in_all_views(open_tab):
    page = open_tab()
    name = MEMBERS[0]
    card = page.locator(f"[data-member='family/{name}']")
    output = card.locator(".s2s-member-output").inner_text()
    card.get_by_role("button").last.click()
    expect(page.locator("#s2s-model")).to_have_value(f"family/{name}")
    expect(page.locator(".s2s-output")).to_have_text(output)


def test_on_a_phone_and_in_chinese_nothing_scrolls_sideways(open_tab):
    page = open_tab(width=390, locale="zh-CN")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
