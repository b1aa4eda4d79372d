"""The batch view in a real browser: many lines, several strategies, figures, files, and a Stop that stops."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.integration

LINES = ["We know the old man.", "How are you?", "We walked along a very quiet river."]
REFERENCES = ["我们认识那个老人。", "你好吗？", "我们沿着一条很安静的河走。"]
PARALLEL = "\n".join(f"{line}\t{reference}" for line, reference in zip(LINES, REFERENCES, strict=True))


@pytest.fixture
def open_batch(open_page):
    def open_in(**settings) -> Page:
        page = open_page(settings.pop("path", "/?view=batch"), **settings)
        expect(page.locator(".s2s-batch")).to_be_visible()
        return page

    return open_in


def run(page: Page, text: str, *, sizes: str = "2") -> None:
    """Paste sentences and press the button."""
    # Not page.fill: it takes half a minute for ten thousand lines.
    page.locator("#s2s-batch-sources").evaluate(
        "(box, text) => { box.value = text; box.dispatchEvent(new Event('input', { bubbles: true })); }", text
    )
    page.fill("#s2s-batch-sizes", sizes)
    page.locator(".s2s-batch-actions button").click()


def progress(page: Page):
    return page.locator(".s2s-batch-progress-text")


def outputs(page: Page, strategy: int) -> list[str]:
    return page.locator(f".s2s-batch-table td[data-strategy='{strategy}']").all_inner_texts()


def test_each_strategy_decodes_each_line_as_the_sentence_box_does(open_batch):
    page = open_batch()
    run(page, "\n".join(LINES))
    expect(progress(page)).to_contain_text("Done: 6 outputs")
    texts = outputs(page, 0)
    page.locator("input[value=greedy]").check(force=True)
    expect(page.locator(".s2s-hypothesis[data-strategy=greedy]")).to_be_visible()
    page.fill("#s2s-text", LINES[2])
    page.press("#s2s-text", "Enter")
    expect(page.locator(".s2s-output")).to_have_text(texts[2])


def test_references_give_figures_with_signatures_and_pictures(open_batch):
    page = open_batch()
    run(page, PARALLEL, sizes="1, 2, 4")
    expect(page.locator(".s2s-batch-figures tbody tr")).to_have_count(4)
    assert page.locator(".s2s-batch-figures thead th").all_inner_texts()[:3] == ["Strategy", "BLEU", "chrF"]
    page.locator(".s2s-batch-outcome summary").first.click()
    expect(page.locator(".s2s-batch-signatures")).to_contain_text("tok:zh")
    headings = page.locator(".s2s-batch-picture h4").all_inner_texts()
    assert [text.split(" by ")[1][:4] for text in headings[:2]] == ["stra", "beam"]
    page.locator("input[name=batch-metric][value=log_prob]").check(force=True)
    expect(page.locator(".s2s-batch-picture h4").first).to_have_text("log-prob by strategy")
    expect(page.locator("input[name=batch-metric][value=log_prob]")).to_be_focused()


def test_a_bad_line_says_why_in_its_row_and_costs_no_other(open_batch):
    page = open_batch()
    run(page, f"{LINES[0]}\n{'word ' * 300}\n{LINES[1]}")
    expect(progress(page)).to_contain_text("Done")
    expect(page.locator(".s2s-batch-table td.failed").first).to_contain_text("256")
    expect(page.locator(".s2s-batch-table tr").nth(3).locator("td.output")).to_have_count(2)
    expect(page.locator(".s2s-batch-outcome")).to_contain_text("1 of 3 lines could not be decoded")


def test_stop_keeps_what_is_there_and_go_on_does_the_rest(open_batch):
    page = open_batch()
    page.locator("input[name=batch-greedy]").uncheck(force=True)
    run(page, "\n".join(LINES * 30), sizes="100")
    expect(progress(page)).to_contain_text(re.compile(r"^[1-9]\d* of 90 outputs"))
    page.locator(".s2s-batch-progress .s2s-stop").click()
    expect(progress(page)).to_contain_text("Stopped at")
    done = int(progress(page).inner_text().split()[2])
    assert 0 < done < 90
    page.get_by_role("button", name="Go on").click()
    expect(progress(page)).to_contain_text("Done: 90 outputs", timeout=60_000)
    assert all(outputs(page, 0))


def test_a_running_batch_survives_other_tabs_and_other_sentences(open_batch):
    page = open_batch()
    run(page, "\n".join(LINES * 20), sizes="60")
    page.locator("[data-view=attention]").click()
    page.fill("#s2s-text", LINES[0])
    page.press("#s2s-text", "Enter")
    page.locator("[data-language=zh]").click()
    page.locator("[data-view=batch]").click()
    expect(progress(page)).to_contain_text("完成：", timeout=60_000)
    assert len(outputs(page, 1)) == 60
    assert page.input_value("#s2s-batch-sizes") == "60"


def test_two_batches_take_turns_and_one_that_waits_can_be_stopped(open_batch):
    first, second = open_batch(), open_batch()
    run(first, "\n".join(LINES * 30), sizes="100")
    run(second, LINES[0])
    second.locator(".s2s-batch-progress .s2s-stop").click()
    expect(progress(second)).to_contain_text("Stopped at")
    second.get_by_role("button", name="Go on").click()
    expect(progress(second)).to_contain_text("Done: 2 outputs", timeout=60_000)


def test_pressing_an_output_opens_its_line_with_its_strategy(open_batch):
    page = open_batch()
    run(page, "\n".join(LINES), sizes="3")
    expect(progress(page)).to_contain_text("Done")
    cell = page.locator("tr[data-line='1'] td[data-strategy='1']")
    text = cell.inner_text()
    cell.click()
    expect(page.locator("#s2s-text")).to_have_value(LINES[1])
    expect(page.locator("#s2s-beam_size")).to_have_value("3")
    expect(page.locator(".s2s-output")).to_have_text(text)
    expect(page.locator("[data-view=batch]")).to_have_attribute("aria-selected", "true")


def test_arrow_keys_walk_the_table_and_enter_opens(open_batch):
    page = open_batch()
    run(page, "\n".join(LINES))
    expect(progress(page)).to_contain_text("Done")
    page.locator(".s2s-batch-table td[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    expect(page.locator("tr[data-line='1'] td[data-strategy='1']")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#s2s-text")).to_have_value(LINES[1])


def test_the_table_shows_two_hundred_rows_and_more_on_demand(open_batch):
    page = open_batch()
    page.locator("input[name=batch-beam]").uncheck(force=True)
    page.fill("#s2s-batch-sources", "\n".join([*LINES, "How are you?"] * 60))
    page.locator(".s2s-batch-actions button").click()
    expect(progress(page)).to_contain_text("Done: 240 outputs", timeout=60_000)
    rows = page.locator(".s2s-batch-table tbody tr")
    expect(rows).to_have_count(200)
    page.get_by_role("button", name="Show 40 more").click()
    expect(rows).to_have_count(240)
    expect(rows.nth(239).locator("td.output")).not_to_be_empty()


def test_only_lines_whose_outputs_differ_can_be_shown(open_batch):
    page = open_batch()
    run(page, "\n".join(LINES), sizes="1")
    expect(progress(page)).to_contain_text("Done")
    page.locator("input[name=batch-differing]").check(force=True)
    expect(page.locator(".s2s-batch-table tbody tr")).to_have_count(0)
    assert outputs(page, 1) == []


def test_everything_can_be_downloaded(open_batch):
    page = open_batch()
    run(page, PARALLEL)
    expect(progress(page)).to_contain_text("Done")
    contents = {}
    for kind in ("tsv", "json"):
        with page.expect_download() as waiting:
            page.locator(f"[data-batch-format={kind}]").click()
        assert waiting.value.suggested_filename == f"batch_tiny_3-lines.{kind}"
        contents[kind] = Path(waiting.value.path()).read_text(encoding="utf-8")
    head, *body = [line.split("\t") for line in contents["tsv"].splitlines()]
    names = [f"{name}{part}" for name in ("greedy", "beam-2") for part in ("", " log_prob", " score")]
    assert head == ["line", "source", "reference", *names]
    values = json.loads(contents["json"])
    assert [row[1:3] for row in body] == [[line["source"], line["references"][0]] for line in values["lines"]]
    assert [row[6] for row in body] == [line["outputs"][1]["text"] for line in values["lines"]]
    assert values["strategies"][1]["options"]["beam_size"] == 2
    assert values["strategies"][0]["figures"]["bleu"]["count"] == values["measured_lines"] == 3


def test_a_file_and_a_file_of_references_are_read_in_the_browser(open_batch, tmp_path):
    page = open_batch()
    (tmp_path / "source.txt").write_bytes("\ufeff".encode() + "\r\n".join(LINES).encode())
    (tmp_path / "target.txt").write_text("\n".join(REFERENCES) + "\n", encoding="utf-8")
    for name, file in (("sources", "source.txt"), ("references", "target.txt")):
        page.locator(f"#s2s-batch-{name}-chooser").set_input_files(tmp_path / file)
    expect(page.locator(".s2s-batch-given").nth(1)).to_have_text(re.compile("target.txt: 3 lines"))
    page.locator(".s2s-batch-actions button").click()
    expect(page.locator(".s2s-batch-figures")).to_contain_text("BLEU")
    assert page.locator(".s2s-batch-table td.source").all_inner_texts() == LINES
    page.get_by_role("button", name="Remove").first.click()
    expect(page.locator("#s2s-batch-sources")).to_be_focused()


@pytest.mark.parametrize(
    ("text", "sizes", "said"),
    [
        ("  \n ", "5", "Paste some sentences first"),
        ("a\n" * 10_001, "5", "10001 lines"),
        ("a", "0, 5", "from 1 to 100"),
        ("a", "five", "from 1 to 100"),
    ],
)
def test_what_cannot_be_run_is_refused_in_words(open_batch, text, sizes, said):
    page = open_batch()
    run(page, text, sizes=sizes)
    expect(page.locator(".s2s-batch-form > .s2s-error")).to_contain_text(said)
    expect(page.locator(".s2s-batch-progress")).to_have_count(0)


def test_an_option_out_of_range_ends_the_batch_in_words(open_batch):
    page = open_batch()
    page.fill("#s2s-batch-length_penalty", "9")
    run(page, LINES[0])
    expect(page.locator(".s2s-batch-progress .s2s-error")).to_contain_text("Length penalty")


@pytest.mark.parametrize(
    ("content", "said"), [("你好".encode("gb18030"), "is not UTF-8"), (b"a\n" * 2_600_000, "5 MB")], ids=["gb", "large"]
)
def test_a_file_that_cannot_be_read_is_refused_in_words(open_batch, tmp_path, content, said):
    page = open_batch()
    (tmp_path / "file.txt").write_bytes(content)
    page.locator("#s2s-batch-sources-chooser").set_input_files(tmp_path / "file.txt")
    expect(page.locator(".s2s-batch-form > .s2s-error")).to_contain_text(said)


def test_as_many_references_as_sentences_are_needed(open_batch):
    page = open_batch()
    page.fill("#s2s-batch-references", REFERENCES[0])
    run(page, "\n".join(LINES))
    expect(page.locator(".s2s-batch-form > .s2s-error")).to_contain_text("3 sentences and 1 references")


def test_a_phone_never_scrolls_sideways(open_batch):
    page = open_batch(width=390, height=844)
    run(page, PARALLEL, sizes="1, 2, 4")
    expect(page.locator(".s2s-batch-figures")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    frame = page.locator(".s2s-batch-frame").last
    assert frame.evaluate("node => node.scrollWidth > node.clientWidth")
