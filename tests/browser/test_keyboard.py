"""The page without a pointer: every tab is walked with Tab and the arrow keys, and the focus is always to be seen."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_page import translate

pytestmark = pytest.mark.integration

TABS = (
    "attention",
    "comparison",
    "tree",
    "penalties",
    "score",
    "reading",
    "steps",
    "architectures",
    "batch",
    "history",
)
MOST_STOPS = 400
HELPERS = Path(__file__).with_name("keyboard.js")
PANEL = "document.querySelector('#s2s-panel')"


@pytest.fixture
def open_tab(open_page):
    def open_in(name: str, **settings) -> Page:
        page = open_page(**settings)
        translate(page, "We know the old man.")
        page.locator("[data-view=attention]").focus()
        if page.locator(f"[data-view={name}]").count() == 0:
            pytest.skip(f"this page has no tab {name}")
        while page.locator(f"[data-view={name}][aria-selected=true]").count() == 0:
            before = page.evaluate("document.activeElement.dataset.view")
            page.keyboard.press("ArrowRight")
            assert page.evaluate("document.activeElement.dataset.view") != before
        expect(page.locator("#s2s-panel .s2s-waiting")).to_have_count(0)
        # The penalties' changes of places come later than what stands above them.
        expect(page.locator("#s2s-panel [aria-busy=true]")).to_have_count(0)
        page.add_script_tag(path=HELPERS)
        return page

    return open_in


def walk(page: Page, root: str) -> list[dict]:
    """Press Tab until the focus leaves `root`; return where it was."""
    visited: list[dict] = []
    while len(visited) < MOST_STOPS:
        page.keyboard.press("Tab")
        stop = page.evaluate(f"walk.stop({root})")
        if stop is None:
            return visited
        assert not stop["again"], f"Tab came twice to {stop['name']}"
        visited.append(stop)
    pytest.fail(f"Tab does not come to an end; it was at {visited[-1]['name']}")


def check(visited: list[dict], wanted: list[str]) -> None:
    """The focus was everywhere, in the order in which things stand, and could be seen."""
    assert [stop["name"] for stop in visited] == wanted
    assert [stop["name"] for stop in visited if not stop["seen"]] == []
    assert [stop["name"] for stop in visited if not stop["inSight"]] == []


@pytest.mark.parametrize("name", TABS)
def test_tab_reaches_everything_in_the_panel_in_order_and_leaves_it(open_tab, name):
    page = open_tab(name)
    wanted = page.evaluate(f"walk.stops({PANEL})")
    check(walk(page, PANEL), wanted)


# Not the steps: their arrow keys go to another step, which is drawn anew; test_view_steps.py presses them.
@pytest.mark.parametrize("name", [name for name in TABS if name != "steps"])
def test_what_tab_leaves_out_the_arrow_keys_reach(open_tab, name):
    page = open_tab(name)
    for index, label in enumerate(page.evaluate(f"walk.groups({PANEL})")):
        page.locator(f"[data-group='{index}'] [tabindex='0'], [data-group='{index}'][tabindex='0']").first.focus()
        before = page.evaluate("walk.place()")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        assert page.evaluate("walk.place()") != before, f"the arrow keys do nothing in {label}"


def test_the_head_and_the_sentence_box_are_walked_in_their_order(open_page):
    page = open_page()
    page.add_script_tag(path=HELPERS)
    for part in (".s2s-top", ".s2s-composer"):
        page.evaluate(f"document.querySelector('{part}').querySelector('a, button, select').focus()")
        page.keyboard.press("Shift+Tab")
        root = f"document.querySelector('{part}')"
        check(walk(page, root), page.evaluate(f"walk.stops({root})"))


@pytest.mark.parametrize("name", TABS)
def test_a_phone_shows_every_tab_without_sideways_scroll(open_tab, name):
    page = open_tab(name, width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
