"""The view *Reading attention*: what it makes of a heatmap, and of a request."""

import json
import math
from typing import Any

import numpy as np
import pytest

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.errors import ConfigurationError, InputError
from seq2seq_demo.tokenizer import Word
from seq2seq_demo.web.models import Models
from seq2seq_demo.web.views.reading import answer, read_heatmap
from tests.support.search_translators import ENGLISH, tiny_translator

REQUEST = {"model": "tiny", "text": ENGLISH[1], "strategy": "beam", "options": {}}
SOURCES = tuple(Word(text, place, place + 1) for place, text in enumerate(["the", "old", "man", ".", "</s>"]))


@pytest.fixture(scope="module")
def models() -> Models:
    return Models({"tiny": tiny_translator(seed=2), "blind": tiny_translator(attention="none", seed=2)})


def ask(models: Models, **changes: object) -> dict[str, Any]:
    return json.loads(json.dumps(answer(models, {**REQUEST, "hypothesis": [5, 6, 3], **changes}), allow_nan=False))


def test_a_heatmap_is_read_word_by_word():
    # 老 looked at "old", 人 at "man", 老 again at "old", 。 at the mark, the end symbol at the end symbol.
    given = read_heatmap(np.eye(5, dtype=np.float32)[[1, 2, 1, 3, 4]], SOURCES, finished=True)
    assert given["coverage"] == [0, 2, 1, 1, 0]
    assert given["marks"] == ["untranslated", "repeated", None, None, None]
    assert given["pharaoh"] == "1-0 2-1 1-2 3-3"
    assert given["alignment"][0] == [1, 0, 1.0]
    assert given["entropy"] == [0.0] * 5
    assert given["uniform"] == pytest.approx(math.log(5))


def test_the_share_at_the_end_counts_the_final_mark():
    weights = np.full((2, 5), 0.2, dtype=np.float32)
    assert read_heatmap(weights, SOURCES, finished=False)["ends"] == pytest.approx(0.4)
    without = (*SOURCES[:3], Word("tea", 3, 4), SOURCES[4])
    assert read_heatmap(weights, without, finished=False)["ends"] == pytest.approx(0.2)


def test_the_shown_hypothesis_is_read_with_its_own_attention(models):
    given = ask(models, pieces=True)
    (own,) = models.get("tiny").score([ENGLISH[1]], [[5, 6, 3]], DecodingConfig())
    rows = own.hypotheses[0].attention
    assert given["coverage"] == pytest.approx(rows[:2].sum(axis=0).tolist(), abs=1e-5)
    assert [target for _, target, _ in given["alignment"]] == [
        row for row in (0, 1) if rows[row].argmax() != len(own.source_tokens) - 1
    ]


def test_words_gather_the_weight_of_their_pieces(models):
    words, pieces = ask(models), ask(models, pieces=True)
    assert len(words["coverage"]) < len(pieces["coverage"])
    assert sum(words["coverage"]) == pytest.approx(sum(pieces["coverage"]), abs=1e-5) == pytest.approx(2, abs=1e-5)


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"model": "blind"}, InputError, "no_attention"),
        ({"hypothesis": []}, InputError, "target_empty"),
        ({"hypothesis": "5 6"}, ConfigurationError, "wrong_type"),
        ({"line": 1}, ConfigurationError, "out_of_range"),
    ],
)
def test_what_cannot_be_read_is_refused(models, changes, error, code):
    with pytest.raises(error) as caught:
        ask(models, **changes)
    assert caught.value.code == code
