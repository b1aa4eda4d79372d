"""The endpoints over HTTP, with nothing but a client of the standard library."""

import json
import threading
import urllib.error
import urllib.request

import pytest

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.translator import Translator

pytestmark = pytest.mark.integration

OPTIONS = {"strategy": "beam", "beam_size": 3, "n_best": 2, "length_penalty": 0.5, "min_length": 2, "max_length": 9}


def call(address: str, endpoint: str = "translate", **arguments: object) -> tuple[str, object]:
    """Post a request and read its answer: (event, data)."""
    url = f"{address}/gradio_api/call/v2/{endpoint}"
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(arguments).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        event_id = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{url}/{event_id}", timeout=60) as stream:
        lines = stream.read().decode().strip().splitlines()
    return lines[-2].removeprefix("event: "), json.loads(lines[-1].removeprefix("data: "))


def test_http_gives_what_python_gives(address, tiny_checkpoint):
    event, (answer,) = call(address, text="We know the old man.", **OPTIONS)
    assert event == "complete"
    translator = Translator.from_pretrained(tiny_checkpoint, device="cpu")
    config = DecodingConfig(**OPTIONS)
    (wanted,) = translator.translate(["We know the old man."], config)
    assert answer["options"] == config.to_dict()
    assert answer["source_tokens"] == list(wanted.source_tokens)
    assert [item["text"] for item in answer["hypotheses"]] == [item.text for item in wanted.hypotheses]
    assert answer["hypotheses"][0]["score"] == pytest.approx(wanted.hypotheses[0].score, abs=1e-4)
    assert set(answer) == {"model", "options", *wanted.to_dict()}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"text": "  "}, "empty"),
        ({"text": None}, "not_text"),
        ({"text": "x" * 100_000}, "source_too_many_characters"),
        ({"text": "word " * 300}, "source_too_long"),
        ({"text": "Hi", "beam_size": 101}, "out_of_range"),
        ({"text": "Hi", "beam_size": "5"}, "wrong_type"),
        ({"text": "Hi", "strategy": "magic"}, "not_a_choice"),
        ({"text": "Hi", "model": "../../checkpoints/en-zh"}, "not_a_choice"),
        ({"text": "Hi", "model": "blind", "coverage_penalty": 0.5}, "coverage_needs_attention"),
    ],
)
def test_a_bad_request_is_answered_with_a_code_and_a_sentence(address, arguments, code):
    event, data = call(address, **arguments)
    assert (event, data["title"]) == ("error", code)
    assert len(data["error"]) > 10


@pytest.mark.parametrize(
    "text", ["a\ud800b", "😀 مرحبا \u202e 你好", "<script>alert('1')</script> \"", "\x00\x07Hi\u200b"]
)
def test_any_text_is_answered(address, text):
    event, (answer,) = call(address, text=text)
    assert event == "complete"
    assert answer["hypotheses"][0]["attention"]


def test_a_long_request_does_not_keep_others_waiting(address):
    finished = []

    def run(name: str, **options: object) -> None:
        call(address, text="We know the old man.", **options)
        finished.append(name)

    long = {"beam_size": 100, "min_length": 512, "max_length": 512}
    threads = [threading.Thread(target=run, args=("long",), kwargs=long) for _ in range(2)]
    for thread in threads:
        thread.start()
    run("short", strategy="greedy", max_length=5)
    for thread in threads:
        thread.join()
    assert finished == ["short", "long", "long"]


def test_a_comparison_gives_what_translate_gives_of_each(address):
    options = [{"strategy": "greedy"}, OPTIONS]
    event, (answer,) = call(address, "compare", text="We know the old man.", options=options)
    assert (event, answer["model"]) == ("complete", "tiny")
    for run, one in zip(answer["runs"], options, strict=True):
        _, (wanted,) = call(address, text="We know the old man.", **one)
        assert run["options"] == wanted["options"]
        assert [item["text"] for item in run["hypotheses"]] == [item["text"] for item in wanted["hypotheses"]]


def test_a_target_is_scored_and_judged_as_in_python(address, tiny_checkpoint):
    event, (answer,) = call(address, "score", text="We know the old man.", target="我认识那个老人。", options=OPTIONS)
    assert event == "complete"
    translator, config = Translator.from_pretrained(tiny_checkpoint, device="cpu"), DecodingConfig(**OPTIONS)
    (own,) = translator.score(["We know the old man."], ["我认识那个老人。"], config)
    (found,) = translator.translate(["We know the old man."], config)
    assert answer["own"]["hypotheses"][0]["ranks"] == list(own.hypotheses[0].ranks)
    assert answer["judgement"]["verdict"] == translator.judge(own, found, config).verdict
    assert answer["judgement"]["own_score"] == pytest.approx(own.hypotheses[0].score, abs=1e-4)


@pytest.mark.parametrize(
    ("endpoint", "arguments", "code"),
    [
        ("compare", {"text": "Hi", "options": []}, "wrong_type"),
        ("compare", {"text": "Hi", "options": [{"beam": 5}]}, "unknown_key"),
        ("compare", {"text": " ", "options": [{}]}, "empty"),
        ("score", {"text": "Hi", "target": " "}, "target_empty"),
        ("score", {"text": "Hi", "target": "你", "options": {"strategy": "magic"}}, "not_a_choice"),
        ("score", {"text": "Hi", "target": "你", "model": "../tiny"}, "not_a_choice"),
    ],
)
def test_the_other_endpoints_answer_errors_as_translate_does(address, endpoint, arguments, code):
    event, data = call(address, endpoint, **arguments)
    assert (event, data["title"]) == ("error", code)
    assert len(data["error"]) > 10


def test_the_three_endpoints_are_all_that_is_published(address):
    with urllib.request.urlopen(f"{address}/gradio_api/info", timeout=20) as answer:
        assert list(json.load(answer)["named_endpoints"]) == ["/translate", "/compare", "/score"]


def test_without_an_mcp_server_there_are_no_tools_and_no_error(address):
    with urllib.request.urlopen(f"{address}/gradio_api/mcp/schema", timeout=20) as answer:
        assert json.load(answer) == []


def test_the_page_serves_no_file_of_the_machine(address):
    with pytest.raises(urllib.error.HTTPError, match="403|404"):
        urllib.request.urlopen(f"{address}/gradio_api/file=/etc/passwd", timeout=20)
