"""The view *Search tree* in a real browser."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.translator import Translator
from tests.browser.test_page import choose, needs_real_model, translate, wait_for_answer

pytestmark = pytest.mark.integration

SVG = "{http://www.w3.org/2000/svg}"
OVERTAKEN = "If you had told me the truth yesterday, I would not be so angry now."
MOVED = "The old man sitting by the window told me a story about the war."
LONG = (
    "The little girl in the red dress who was playing with her dog in the park yesterday told her mother that "
    "she wanted to go home because it was getting dark."
)


def open_tree(page: Page, text: str | None = None) -> None:
    """Go to the tab, after translating a sentence if one is given."""
    if text is not None:
        translate(page, text)
    page.click("[data-view=tree]")
    page.wait_for_selector(".s2s-tree-frame [data-node]")


def download(page: Page, name: str) -> Path:
    with page.expect_download() as waiting:
        page.click(f".s2s-tree [data-format={name}]")
    return Path(waiting.value.path())


def trace_of(page: Page) -> dict:
    return json.loads(download(page, "json").read_text("utf-8"))


def node(page: Page, index: int) -> Locator:
    return page.locator(f"[data-node='{index}']")


def figure(page: Page, name: str) -> str:
    return page.locator(f".s2s-tree-readout [data-figure={name}] dd").inner_text().replace("−", "-")


def path(nodes: list[dict], index: int) -> list[int]:
    places: list[int] = []
    while index >= 0:
        places.insert(0, index)
        index = nodes[index]["parent"]
    return places


def test_the_sentence_counts_what_the_recorded_search_has(open_page):
    page = open_page()
    open_tree(page, "We know the old man.")
    said = page.locator(".s2s-tree .s2s-verdict").inner_text()
    nodes = trace_of(page)["trace"]["nodes"]
    fates = [one["fate"] for one in nodes]
    assert f"weighed {len(nodes)} candidates" in said
    assert all(f"{fates.count(fate)} {fate}" in said for fate in ("kept", "finished", "pruned") if fate in fates)


def test_a_kept_node_that_nothing_came_of_says_so(open_page):
    page = open_page()
    open_tree(page, "We know the old man.")
    page.get_by_label("All candidates").set_checked(True, force=True)
    nodes = trace_of(page)["trace"]["nodes"]
    parents = {one["parent"] for one in nodes if one["fate"] != "pruned"}
    last = max(one["step"] for one in nodes)
    kept = [index for index, one in enumerate(nodes) if one["fate"] == "kept" and one["step"] < last]
    for dropped in (True, False):
        index = next(index for index in kept if (index not in parents) is dropped)
        node(page, index).hover()
        why = page.locator(".s2s-tree-why")
        expect(why).to_contain_text("here the beam drops it" if dropped else "those live on")


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("tiny", "We know the old man and the quiet river."),
        pytest.param("en-zh", "How are you?", marks=needs_real_model),
        pytest.param("en-zh", OVERTAKEN, marks=needs_real_model),
        pytest.param("en-zh", MOVED, marks=needs_real_model),
    ],
)
def test_the_path_of_greedy_decoding_is_drawn_as_far_as_the_beam_followed_it(open_page, tiny_checkpoint, model, text):
    page = open_page(f"/?model={model}")
    open_tree(page, text)
    trace = trace_of(page)["trace"]
    translator = Translator.from_pretrained(str(tiny_checkpoint) if model == "tiny" else model, device="cpu")
    (greedy,) = translator.translate([text], DecodingConfig(strategy="greedy"))
    followed = [-1]
    for token in greedy.hypotheses[0].token_ids:
        places = enumerate(trace["nodes"])
        step = [at for at, one in places if (one["parent"], one["token_id"]) == (followed[-1], token)]
        if not step:
            break
        followed += step
    last = trace["nodes"][followed[-1]]
    drawn = page.locator(".s2s-tree-frame .s2s-tree-edge.greedy").get_attribute("d")
    assert drawn.count("M") == len(followed) - 1 == last["step"]
    for place in followed[1:]:
        expect(node(page, place)).to_have_count(1)
    place = trace["n_best"].index(followed[-1]) + 1 if followed[-1] in trace["n_best"] else None
    expected = {
        1: "follows the path of the best",
        None: f"gave it up at step {last['step'] + (last['fate'] == 'kept')}",
    }
    expect(page.locator(".s2s-tree .s2s-verdict")).to_contain_text(
        expected.get(place, f"it is number {place} of the 5")
    )


def test_only_a_beam_has_a_path_of_greedy_decoding_beside_it(open_page):
    page = open_page()
    for strategy in ("greedy", "diverse-beam"):
        choose(page, strategy)
        open_tree(page, "We know the old man.")
        assert not page.locator(".s2s-tree-frame .s2s-tree-edge.greedy").get_attribute("d")
        expect(page.locator(".s2s-tree-greedy")).to_have_count(0)


@needs_real_model
def test_a_phone_sees_where_the_paths_part(open_page):
    page = open_page("/?model=en-zh", width=390)
    open_tree(page, OVERTAKEN)
    trace = trace_of(page)["trace"]
    paths = [path(trace["nodes"], end) for end in trace["n_best"]]
    step = next(step for step, level in enumerate(zip(*paths, strict=False)) if len(set(level)) > 1)
    assert step > 3
    for index in {line[step] for line in paths}:
        expect(node(page, index)).to_be_in_viewport()


def test_a_node_says_its_numbers_on_hover(open_page):
    page = open_page()
    open_tree(page)
    nodes = trace_of(page)["trace"]["nodes"]
    drawn = page.locator("[data-node]").evaluate_all("all => all.map(one => Number(one.dataset.node))")
    for index in (drawn[0], drawn[len(drawn) // 2], drawn[-1]):
        node(page, index).hover()
        assert float(figure(page, "log_prob")) == pytest.approx(nodes[index]["log_prob"], abs=6e-4)
        assert float(figure(page, "score")) == pytest.approx(nodes[index]["score"], abs=6e-4)
        assert figure(page, "rank").startswith(f"{nodes[index]['rank']} of ")
        assert figure(page, "step") == str(nodes[index]["step"])


def test_the_fates_differ_in_outline_and_the_legend_filters(open_page):
    page = open_page()
    open_tree(page)
    swatches = page.locator(".s2s-tree-legend button path")
    outlines = swatches.evaluate_all("all => all.map(one => one.getAttribute('d'))")
    assert len(set(outlines)) == len(outlines) == page.locator(".s2s-tree-legend button").count() >= 3
    before = page.locator(".s2s-tree-node.pruned[data-node]").count()
    assert before > 0
    page.click(".s2s-tree-legend [data-fate=pruned]")
    expect(page.locator(".s2s-tree-node.pruned[data-node]")).to_have_count(0)
    expect(page.locator(".s2s-tree-legend [data-fate=pruned]")).to_have_attribute("aria-pressed", "false")
    page.click(".s2s-tree-legend [data-fate=pruned]")
    expect(page.locator(".s2s-tree-node.pruned[data-node]")).to_have_count(before)


def test_pruned_candidates_are_folded_until_their_step_or_all_are_unfolded(open_page):
    page = open_page()
    open_tree(page)
    nodes = trace_of(page)["trace"]["nodes"]
    fold = page.locator("[data-fold]").first
    step = int(fold.get_attribute("data-fold"))
    hidden = int(fold.text_content().removeprefix("+"))
    before = page.locator("[data-node]").count()
    fold.click()
    expect(page.locator("[data-node]")).to_have_count(before + hidden)
    expect(page.locator(f"[data-fold='{step}']")).to_have_text("−")
    page.locator(f"[data-fold='{step}']").click()
    expect(page.locator("[data-node]")).to_have_count(before)
    page.locator("input[name=tree-all]").check(force=True)
    expect(page.locator("[data-node]")).to_have_count(len(nodes))


def test_choosing_a_hypothesis_lights_its_path(open_page):
    page = open_page()
    open_tree(page)
    trace = trace_of(page)["trace"]
    for place in (0, 1):
        page.click(f"[data-path='{place}']")
        lit = page.locator(".s2s-tree-node.on-chosen").evaluate_all("all => all.map(one => Number(one.dataset.node))")
        assert sorted(lit) == path(trace["nodes"], trace["n_best"][place])


def test_arrow_keys_walk_from_parent_to_child_and_enter_chooses(open_page):
    page = open_page()
    open_tree(page, "We know the old man.")
    trace = trace_of(page)["trace"]
    best = path(trace["nodes"], trace["n_best"][0])
    page.locator(".s2s-tree [data-format=json]").focus()
    page.keyboard.press("Tab")
    expect(page.locator(".s2s-tree-node.pointed")).to_have_attribute("data-node", str(best[0]))
    page.keyboard.press("ArrowRight")
    expect(page.locator(".s2s-tree-node.pointed")).to_have_attribute("data-node", str(best[1]))
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    below = int(page.locator(".s2s-tree-node.pointed").get_attribute("data-node"))
    assert below != best[0] and trace["nodes"][below]["step"] == 1
    page.keyboard.press("Enter")
    expect(page.locator(".s2s-tree-node.selected")).to_have_attribute("data-node", str(below))
    expect(page.locator(".s2s-tree-details svg[data-rows]")).to_have_attribute("data-rows", "1")


def test_a_chosen_node_shows_its_text_and_the_attention_so_far(open_page):
    page = open_page()
    open_tree(page, "We know the old man.")
    given = trace_of(page)
    trace = given["trace"]
    best = path(trace["nodes"], trace["n_best"][0])
    node(page, best[-1]).click()
    expect(page.locator(".s2s-tree-text")).to_have_text(given["hypotheses"][0]["text"])
    drawn = page.locator(".s2s-tree-details .s2s-cell").evaluate_all(
        "all => all.map(one => one.getAttribute('fill-opacity'))"
    )
    weights = [weight for place in best for weight in trace["attention"][trace["nodes"][place]["row"]]]
    assert [float(one) for one in drawn] == pytest.approx(weights, abs=6e-4)


def test_decoding_goes_on_from_a_pruned_node(open_page):
    page = open_page()
    open_tree(page, "We know the old man.")
    nodes = trace_of(page)["trace"]["nodes"]
    pruned = next(
        index
        for index, one in enumerate(nodes)
        if one["fate"] == "pruned" and one["token"] != "</s>" and one["step"] > 1
    )
    if not node(page, pruned).count():
        page.locator("input[name=tree-all]").check(force=True)
    node(page, pruned).click()
    page.evaluate("performance.clearMeasures()")
    page.click(".s2s-tree-go")
    wait_for_answer(page)
    page.wait_for_selector(".s2s-tree-frame [data-node]")
    wanted = [nodes[place]["token_id"] for place in path(nodes, pruned)]
    given = trace_of(page)
    assert given["given"] == len(wanted)
    assert given["hypotheses"][0]["token_ids"][: len(wanted)] == wanted
    page.click(".s2s-trail button")
    expect(page.locator(".s2s-trail")).to_have_count(0)


def test_a_drawing_opens_elsewhere_with_its_colours(open_page):
    page = open_page()
    open_tree(page)
    shown = page.locator("[data-node]").count()
    root = ElementTree.fromstring(download(page, "svg").read_text("utf-8"))
    nodes = [one for one in root.iter(f"{SVG}g") if one.get("data-node")]
    assert len(nodes) == shown
    fills = {one.get("class").split()[1]: one.find(f"{SVG}path").get("fill") for one in nodes}
    assert len(fills) >= 3 and all(re.fullmatch(r"rgba?\(.*\)", fill) for fill in fills.values())
    assert download(page, "png").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader(io.StringIO(download(page, "csv").read_text("utf-8-sig"))))
    assert len(rows) == len(trace_of(page)["trace"]["nodes"])


@pytest.mark.parametrize("strategy", ["greedy", "diverse-beam", "sample"])
def test_other_strategies_have_their_trees(open_page, strategy):
    page = open_page()
    choose(page, strategy)
    if strategy == "sample":  # a seed whose best sample is not empty
        page.locator(".s2s-more summary").click()
        page.fill("#s2s-seed", "7")
    open_tree(page, "We know the old man.")
    output = page.locator(".s2s-output").inner_text()
    given = trace_of(page)
    assert given["strategy"] == strategy
    assert given["hypotheses"][0]["text"] == output
    node(page, given["trace"]["n_best"][0]).click()
    expect(page.locator(".s2s-tree-text")).to_have_text(output)


def test_side_by_side_strategies_have_a_tree_each(open_page):
    page = open_page()
    choose(page, "compare")
    page.click("[data-view=tree]")
    expect(page.locator("[data-side='1']")).to_have_attribute("aria-pressed", "true")
    page.wait_for_selector(".s2s-tree-frame [data-node]")
    assert trace_of(page)["strategy"] == "beam"
    page.click("[data-side='0']")
    expect(page.locator("[data-side='0']")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".s2s-tree .s2s-verdict")).to_contain_text("writes the most probable token")
    assert trace_of(page)["strategy"] == "greedy"


def test_a_model_without_attention_has_a_tree_without_heatmaps(open_page):
    page = open_page()
    page.select_option("#s2s-model", "blind")
    open_tree(page, "How are you?")
    page.locator("[data-node]").first.click()
    expect(page.locator(".s2s-tree-details")).to_contain_text("no attention")


def test_zoom_and_dragging_move_the_tree_and_not_the_page(open_page):
    page = open_page(width=390)
    open_tree(page, "We know the old man and the quiet river.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    frame = page.locator(".s2s-tree-frame")
    svg = frame.locator("svg").first
    for _ in range(6):
        page.click("[data-zoom=in]")
    wide = int(svg.get_attribute("width"))
    page.click("[data-zoom=out]")
    assert int(svg.get_attribute("width")) < wide
    frame.evaluate("frame => { frame.scrollLeft = 0; }")
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 60, steps=4)
    page.mouse.up()
    assert frame.evaluate("frame => frame.scrollLeft") > 100
    expect(page.locator(".s2s-tree-node.selected")).to_have_count(0)
    page.click("[data-zoom=fit]")
    assert int(svg.get_attribute("width")) <= box["width"]


@needs_real_model
def test_a_beam_of_ten_over_a_long_sentence_is_drawn_within_seconds(open_page):
    page = open_page()
    page.select_option("#s2s-model", "en-zh")
    page.fill("#s2s-beam_size", "10")
    open_tree(page, LONG)
    assert len(trace_of(page)["trace"]["nodes"]) > 600
    times = page.evaluate("performance.getEntriesByName('s2s-tree-draw').map(one => one.duration)")
    assert max(times) < 5000  # a second on an idle machine; this bound only catches a slow algorithm
    assert page.evaluate("document.documentElement.scrollWidth") <= 1200
