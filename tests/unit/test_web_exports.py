"""Downloads: what is in them, how they are named, and what a spreadsheet makes of them."""

import base64
import csv
import io
import json

import numpy as np
import pytest

from seq2seq_demo.errors import InputError, Seq2SeqError
from seq2seq_demo.web.exports import Grid, export, read_selection, to_csv
from seq2seq_demo.web.models import Models
from seq2seq_demo.web.page import PageServer
from seq2seq_demo.web.requests import read_request
from tests.support.fake_translator import FakeTranslator

REQUEST = {"model": "fake", "text": "What's wonderful?\nHi", "strategy": "compare", "options": {"n_best": 3}}


def file(translator=None, **selection: object):
    request = read_request(REQUEST)
    chosen = read_selection({"format": "csv", "line": 0, "run": 1, "hypothesis": 2, **selection}, request)
    return export(translator or FakeTranslator(), request, chosen)


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_csv_has_a_row_for_each_target_piece_and_a_column_for_each_source_piece():
    head, *body = rows(file().content)
    assert head[1:] == ["▁What'", "s", "▁wonde", "rful?", "</s>"]
    assert [row[0] for row in body] == ["▁wonde", "rful?", "▁What'", "s", "▁!", "▁!", "</s>"]
    assert [sum(map(float, row[1:])) for row in body] == pytest.approx([1] * 7, abs=1e-4)


def test_merged_csv_has_words_and_rows_that_still_sum_to_one():
    head, *body = rows(file(merged=True).content)
    assert head[1:] == ["What's", "wonderful?", "</s>"]
    assert [sum(map(float, row[1:])) for row in body] == pytest.approx([1] * 5, abs=1e-4)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_takes_no_token_for_a_formula(start):
    token = f'{start}cmd,"x"'
    content = to_csv(Grid(np.ones((1, 1), np.float32), (token,), (token,)))
    assert rows(content)[0][1] == rows(content)[1][0] == f"'{token}"
    assert content.startswith(b"\xef\xbb\xbf")


def test_json_has_the_one_hypothesis_with_options_and_model():
    values = json.loads(file(format="json", merged=True).content)
    assert (values["model"], values["options"]["n_best"]) == ("fake", 3)
    assert [item["text"] for item in values["hypotheses"]] == ["wonderful? What's ! !"]
    assert np.shape(values["word_attention"]) == (5, 3)


@pytest.mark.parametrize(
    ("selection", "name"),
    [
        ({}, "fake_beam5_3_what-s-wonderful.csv"),
        ({"run": 0, "hypothesis": 0, "merged": True}, "fake_greedy_what-s-wonderful_words.csv"),
        ({"line": 1, "format": "json"}, "fake_beam5_3_hi.json"),
    ],
)
def test_a_file_is_named_after_what_is_in_it(selection, name):
    assert file(**selection).name == name


@pytest.mark.parametrize("selection", [{"line": 2}, {"run": -1}, {"hypothesis": 3}, {"format": "exe"}, {"line": True}])
def test_what_the_request_does_not_have_is_refused(selection):
    with pytest.raises(Seq2SeqError, match=next(iter(selection))):
        file(**selection)


def test_a_model_without_attention_has_no_weights_to_download():
    with pytest.raises(InputError, match="no attention"):
        file(FakeTranslator(attention="none"))


def test_the_page_gets_a_file_in_base_64_or_an_error():
    server = PageServer(Models({"fake": FakeTranslator()}))
    answer = server.download({**REQUEST, "format": "png", "line": 0, "run": 1, "hypothesis": 0})
    assert base64.b64decode(answer["base64"]).startswith(b"\x89PNG")
    assert server.download([1])["error"]["code"] == "not_text"
    assert server.download({**REQUEST, "model": "x", "format": "png"})["error"]["fields"]["field"] == "model"
