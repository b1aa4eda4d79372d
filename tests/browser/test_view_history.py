"""Keep & share in a real browser: a link that restores what was shown, and sentences that stay in the browser."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_page import choose, shown_weights, translate, wait_for_answer

pytestmark = pytest.mark.integration

SENTENCES = ["We know the old man.", "We walked along a very quiet river."]


def open_tab(page: Page) -> None:
    page.locator("[data-view=history]").click()
    expect(page.locator(".s2s-keep")).to_be_visible()


def link_of(page: Page) -> str:
    return page.input_value(".s2s-link")


def query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_a_link_restores_sentence_model_settings_and_tab(open_page, address):
    page = open_page()
    page.select_option("#s2s-model", "blind")
    choose(page, "diverse-beam")
    page.fill("#s2s-beam_size", "4")
    page.fill("#s2s-beam_groups", "2")
    translate(page, SENTENCES[0])
    output = page.locator(".s2s-output").inner_text()
    page.locator("[data-view=batch]").click()
    open_tab(page)
    link = link_of(page)
    settings = {"strategy": "diverse-beam", "beam_size": "4", "beam_groups": "2", "n_best": "4"}
    assert query(link) == {"text": SENTENCES[0], "model": "blind", "view": "batch", **settings}
    other = open_page(link.removeprefix(address))
    expect(other.locator(".s2s-output")).to_have_text(output)
    expect(other.locator("#s2s-text")).to_have_value(SENTENCES[0])
    expect(other.locator("#s2s-model")).to_have_value("blind")
    expect(other.locator("#s2s-beam_groups")).to_have_value("2")
    expect(other.locator("[data-view=batch]")).to_have_attribute("aria-selected", "true")


def test_a_link_draws_the_same_samples_again(open_page, address):
    page = open_page()
    choose(page, "sample")
    translate(page, SENTENCES[1])
    texts = page.locator(".s2s-nbest-text").all_inner_texts()
    open_tab(page)
    other = open_page(link_of(page).removeprefix(address))
    expect(other.locator(".s2s-nbest-text").first).to_be_visible()
    assert other.locator(".s2s-nbest-text").all_inner_texts() == texts


def test_a_link_restores_chosen_tokens(open_page, address):
    page = open_page()
    translate(page, SENTENCES[0])
    page.locator(".s2s-token-row").nth(0).locator(".s2s-chip").nth(1).click()
    page.evaluate("performance.clearMeasures()")
    page.locator(".s2s-alternative:not([disabled])").first.click()
    wait_for_answer(page)
    expect(page.locator(".s2s-trail")).to_be_visible()
    output = page.locator(".s2s-output").inner_text()
    other = open_page(page.url.removeprefix(address))
    expect(other.locator(".s2s-output")).to_have_text(output)
    expect(other.locator(".s2s-trail")).to_be_visible()


def test_a_link_restores_pinned_attention(open_page, address):
    page = open_page()
    translate(page, SENTENCES[0])
    page.locator(".s2s-token-row").first.locator(".s2s-chip").first.click()
    page.locator(".s2s-pin").nth(2).click()
    page.evaluate("performance.clearMeasures()")
    page.locator(".s2s-pins button").click()
    wait_for_answer(page)
    weights = shown_weights(page)
    other = open_page(page.url.removeprefix(address))
    expect(other.locator(".s2s-trail")).to_contain_text("token 1")
    expect(other.locator(".s2s-output")).to_have_text(page.locator(".s2s-output").inner_text())
    assert shown_weights(other) == weights


def test_the_address_follows_what_is_shown(open_page):
    page = open_page("/?kept=1")
    assert query(page.url) == {"kept": "1"}
    translate(page, SENTENCES[0])
    assert query(page.url) == {"kept": "1", "text": SENTENCES[0], "model": "tiny", "strategy": "beam"}
    page.locator("[data-view=batch]").click()
    assert query(page.url)["view"] == "batch"
    page.reload()
    expect(page.locator("#s2s-text")).to_have_value(SENTENCES[0])
    expect(page.locator(".s2s-batch")).to_be_visible()


def test_bad_values_of_a_link_are_left_out_with_a_note(open_page):
    page = open_page(
        "/?text=How+are+you%3F&model=../x&strategy=magic&beam_size=900&top_p=a&view=nothing&prefix_tokens=1,x&pinned=0:00"
    )
    notice = page.locator(".s2s-link-notice")
    for name in (
        "model=../x",
        "strategy=magic",
        "beam_size=900",
        "top_p=a",
        "view=nothing",
        "prefix_tokens=1,x",
        "pinned=0:00",
    ):
        expect(notice).to_contain_text(name)
    expect(page.locator(".s2s-output")).not_to_be_empty()
    expect(page.locator("#s2s-beam_size")).to_have_value("5")
    notice.get_by_role("button").click()
    expect(notice).to_have_count(0)


def test_markup_in_a_link_is_shown_as_text(open_page):
    page = open_page("/?text=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E&model=%3Cb%3Ebold%3C%2Fb%3E")
    expect(page.locator("#s2s-text")).to_have_value("<img src=x onerror=alert(1)>")
    expect(page.locator(".s2s-link-notice")).to_contain_text("<b>bold</b>")
    assert page.locator(".s2s-link-notice b, .s2s img").count() == 0


def test_a_link_to_a_text_that_cannot_be_decoded_says_why(open_page):
    page = open_page(f"/?text={'word+' * 300}")
    expect(page.locator("#s2s-text-error")).to_contain_text("256")


def test_a_text_too_long_for_a_link_is_not_cut(open_page):
    page = open_page("/?strategy=greedy&max_length=2")
    translate(page, "\n".join(["We walked along a very quiet river and " * 4] * 50))
    open_tab(page)
    expect(page.locator(".s2s-keep .s2s-note").first).to_contain_text("too long for a link")
    assert "text" not in query(page.url)


def test_the_link_is_copied(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    translate(page, SENTENCES[0])
    open_tab(page)
    page.locator(".s2s-copy-link").click()
    expect(page.locator(".s2s-copy-link")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == link_of(page)


def test_earlier_sentences_stay_the_newest_first_and_once_each(open_page):
    page = open_page()
    open_tab(page)
    expect(page.locator(".s2s-kept")).to_have_count(0)
    for text in (*SENTENCES, SENTENCES[0]):
        translate(page, text)
    assert page.locator(".s2s-kept-text").all_inner_texts() == SENTENCES
    page.reload()
    expect(page.locator(".s2s-kept")).to_have_count(2)


def test_an_earlier_sentence_comes_back_with_its_settings(open_page):
    page = open_page()
    page.fill("#s2s-beam_size", "3")
    translate(page, SENTENCES[0])
    output = page.locator(".s2s-output").inner_text()
    choose(page, "greedy")
    translate(page, SENTENCES[1])
    open_tab(page)
    page.locator(".s2s-kept").last.click()
    expect(page.locator("#s2s-text")).to_have_value(SENTENCES[0])
    expect(page.locator(".s2s-output")).to_have_text(output)
    expect(page.locator("#s2s-beam_size")).to_have_value("3")


def test_entries_are_deleted_one_by_one_or_all_by_the_keyboard_too(open_page):
    page = open_page()
    for text in (*SENTENCES, "How are you?"):
        translate(page, text)
    open_tab(page)
    page.locator(".s2s-forget").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".s2s-kept-text").all_inner_texts() == SENTENCES[::-1]
    expect(page.locator(".s2s-forget").first).to_be_focused()
    page.locator(".s2s-forget-all").click()
    expect(page.locator(".s2s-kept")).to_have_count(0)
    assert json.loads(page.evaluate("localStorage.getItem('seq2seq-lab-history')")) == []


def test_switched_off_nothing_new_is_kept(open_page):
    page = open_page()
    translate(page, SENTENCES[0])
    open_tab(page)
    page.locator("input[name=keep]").uncheck(force=True)
    translate(page, SENTENCES[1])
    assert page.locator(".s2s-kept-text").all_inner_texts() == SENTENCES[:1]
    page.reload()
    expect(page.locator("input[name=keep]")).not_to_be_checked()


def test_a_broken_history_breaks_nothing(open_page):
    page = open_page()
    page.evaluate("""localStorage.setItem('seq2seq-lab-history', '[{"text": 1}, null, "x"]')""")
    translate(page, SENTENCES[0])
    open_tab(page)
    expect(page.locator(".s2s-kept")).to_have_count(1)


def test_the_page_works_where_the_browser_forbids_storage(open_page):
    page = open_page()
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } })")
    page.reload()
    translate(page, SENTENCES[0])
    open_tab(page)
    expect(page.locator(".s2s-kept")).to_have_count(1)
    expect(page.locator(".s2s-keep")).to_contain_text("does not let the page store")


def test_every_file_of_the_result_is_listed_and_comes(open_page):
    page = open_page()
    choose(page, "compare")
    translate(page, SENTENCES[0])
    open_tab(page)
    expect(page.locator("[data-keep-format]")).to_have_count(8)
    with page.expect_download() as waiting:
        page.locator("[data-keep-format=json]").last.click()
    values = json.loads(Path(waiting.value.path()).read_text(encoding="utf-8"))
    assert values["options"]["strategy"] == "beam"
    page.get_by_role("button", name="Open the tab: Batch").click()
    expect(page.locator(".s2s-batch")).to_be_visible()


def test_a_phone_never_scrolls_sideways(open_page):
    page = open_page("/?strategy=greedy&max_length=9", width=390, height=844)
    translate(page, "We know the old man, do you? " * 5)
    open_tab(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
