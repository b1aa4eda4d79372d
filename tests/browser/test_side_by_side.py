"""Greedy and beam side by side in a real browser: what the page says of them, and that its parts agree."""

import itertools
import re

import pytest
from playwright.sync_api import Page, expect

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.translator import Translator
from tests.browser.test_page import choose, needs_real_model, translate
from tests.browser.test_view_steps import number

pytestmark = [pytest.mark.integration, needs_real_model]

OVERTAKEN = "If you had told me the truth yesterday, I would not be so angry now."
MOVED = "The old man sitting by the window told me a story about the war."


def open_pair(page: Page, text: str) -> None:
    choose(page, "compare")
    translate(page, text)
    expect(page.locator(".s2s-hypothesis.compared")).to_have_count(2)


def test_it_says_who_led_and_where_the_other_overtook(open_page):
    page = open_page("/?model=en-zh")
    open_pair(page, OVERTAKEN)
    greedy, beam = (
        found.hypotheses[0]
        for found in Translator.from_pretrained("en-zh", device="cpu").compare(
            OVERTAKEN, [DecodingConfig(strategy="greedy"), DecodingConfig(n_best=5)]
        )
    )
    sums = [list(itertools.accumulate(hypothesis.token_log_probs)) for hypothesis in (greedy, beam)]
    ahead = [one > other for one, other in zip(*sums, strict=False)]
    overtaken = len(ahead) - ahead[::-1].index(True)  # tokens after which greedy leads for the last time
    assert beam.log_prob > greedy.log_prob
    assert 0 < overtaken < len(ahead)
    said = page.locator(".s2s-pair .s2s-verdict").inner_text()
    led = re.search(
        r"After token (\d+) greedy decoding still leads \(log-probability (\S+) so far against (\S+)\)", said
    )
    assert int(led[1]) == overtaken
    assert [number(led[2]), number(led[3])] == pytest.approx([line[overtaken - 1] for line in sums], abs=6e-3)
    then = re.search(r"at token (\d+) beam search overtakes it \((\S+) against (\S+)\)", said)
    assert int(then[1]) == overtaken + 1
    assert [number(then[2]), number(then[3])] == pytest.approx([line[overtaken] for line in sums[::-1]], abs=6e-3)


@pytest.mark.parametrize("text", [MOVED, OVERTAKEN])
def test_both_sides_mark_what_the_other_has_not_in_the_tokens_and_in_the_text(open_page, text):
    page = open_page("/?model=en-zh")
    open_pair(page, text)
    script = """chips => chips.map(chip =>
        [chip.querySelector(".s2s-chip-text").textContent, chip.classList.contains("differs")])"""
    panels = page.locator(".s2s-hypothesis.compared")
    chips = [
        panels.nth(side).locator(".s2s-token-row").first.locator(".s2s-chip").evaluate_all(script) for side in (0, 1)
    ]
    common = [[label for label, marked in side if not marked] for side in chips]
    assert common[0] == common[1]
    assert any(marked for side in chips for _, marked in side)
    for side in (0, 1):
        marked = "".join(panels.nth(side).locator(".s2s-output mark").all_inner_texts())
        pieces = (label.removeprefix("-") for label, differs in chips[side] if differs)
        assert marked == "".join(piece for piece in pieces if piece not in ("␣", "</s>"))


def test_a_view_says_which_of_the_two_it_is_about_and_can_be_about_the_other(open_page):
    page = open_page("/?model=en-zh")
    open_pair(page, OVERTAKEN)
    outputs = page.locator(".s2s-hypothesis.compared .s2s-output").all_inner_texts()
    page.click("[data-view=steps]")
    sides = page.locator(".s2s-subject [data-side]")
    assert sides.locator(".s2s-subject-text").all_inner_texts() == outputs
    expect(sides.nth(1)).to_have_attribute("aria-pressed", "true")
    written = []
    for side in (1, 0):
        sides.nth(side).click()
        expect(sides.nth(side)).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".s2s-steps .s2s-chip").first).to_be_visible()
        labels = page.locator(".s2s-steps .s2s-chip-text").all_inner_texts()
        written.append("".join(label.removeprefix("-") for label in labels if label not in ("␣", "</s>")))
    assert written == outputs[::-1]
    for view in ("score", "penalties"):
        page.click(f"[data-view={view}]")
        expect(page.locator(".s2s-subject-one .s2s-subject-text")).to_have_text(outputs[1])
    choose(page, "beam")
    expect(page.locator(".s2s-subject")).to_have_count(0)


def test_on_a_phone_the_choice_of_a_side_is_as_wide_as_there_is_room(open_page):
    page = open_page("/?model=en-zh", width=390)
    open_pair(page, OVERTAKEN)
    page.click("[data-view=steps]")
    row = page.locator(".s2s-subject").bounding_box()
    for side in (0, 1):
        box = page.locator(f".s2s-subject [data-side='{side}']").bounding_box()
        assert box["x"] >= row["x"]
        assert box["x"] + box["width"] <= row["x"] + row["width"] + 1
