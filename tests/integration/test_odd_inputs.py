"""No input, however odd, makes a model run in circles: a sample of a thousand."""

import pytest

from seq2seq_demo.checkpoint import CHECKPOINTS_FOLDER
from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.translator import Translator
from tests.support.odd_inputs import KINDS, count_repeats, odd_inputs, taken_by

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_thousand_odd_inputs_are_always_the_same(language: str) -> None:
    inputs = odd_inputs(language)
    assert len(inputs) == 1000
    assert len({kind for kind, _ in inputs}) == len(KINDS) + 2
    assert len({text for _, text in inputs}) > 900
    assert inputs == odd_inputs(language)


@pytest.mark.parametrize("model", ["en-zh", "zh-en"])
def test_odd_inputs_do_not_make_a_model_run_in_circles(model: str) -> None:
    if not (CHECKPOINTS_FOLDER / model).is_dir():
        pytest.skip(f"there is no checkpoint {model}")
    translator = Translator.from_pretrained(model, device="cpu")
    inputs = taken_by(translator, odd_inputs(model[:2])[::20])
    without, _, _ = count_repeats(translator, inputs, DecodingConfig(strategy="greedy", repeat_limit=0))
    assert without.total() > 5, "a limit that is never reached shows nothing"
    _, beyond, _ = count_repeats(translator, inputs, DecodingConfig(strategy="greedy"))
    assert beyond == 0
