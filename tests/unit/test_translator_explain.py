"""A hypothesis step by step: its own numbers, in a form that a page can draw."""

import json

import numpy as np
import pytest
import torch

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.errors import ConfigurationError, InputError
from seq2seq_demo.translator import Translator
from tests.support.search_translators import tiny_translator

TEXT = "How are you?"
BEAM = DecodingConfig(beam_size=4)


@pytest.fixture(scope="module")
def translator() -> Translator:
    return tiny_translator()


def test_the_steps_tell_the_numbers_of_the_hypothesis(translator):
    (translation,) = translator.translate([TEXT], BEAM, alternatives=10)
    best = translation.hypotheses[0]
    explanation = translator.explain(TEXT, best.token_ids)
    assert (explanation.source, explanation.source_tokens) == (translation.source, translation.source_tokens)
    assert (explanation.text, explanation.tokens, explanation.words) == (best.text, best.tokens, best.words)
    (scored,) = translator.score([TEXT], [best.token_ids], BEAM)
    assert [step.log_prob for step in explanation.steps] == pytest.approx(best.token_log_probs, abs=1e-4)
    assert [step.rank for step in explanation.steps] == list(scored.hypotheses[0].ranks)
    np.testing.assert_allclose([step.attention for step in explanation.steps], best.attention, atol=1e-5)
    for step, alternatives in zip(explanation.steps, best.alternatives, strict=True):
        assert [one.token_id for one in step.best] == [one.token_id for one in alternatives]
        assert [one.log_prob for one in step.best] == pytest.approx([a.log_prob for a in alternatives], abs=1e-4)
        weights = np.exp(np.array(step.scores) - max(step.scores))
        np.testing.assert_allclose(weights / weights.sum(), step.attention, atol=1e-5)


def test_each_step_goes_on_from_the_one_before(translator):
    (translation,) = translator.translate([TEXT], BEAM)
    first, *others = translator.explain(TEXT, translation.hypotheses[0].token_ids).steps
    assert first.previous_token == "<s>"
    for before, step in zip([first, *others], others, strict=False):
        assert (step.previous_token, step.previous_token_id) == (before.token, before.token_id)
        assert [layer.before for layer in step.layers] == [layer.after for layer in before.layers]


@torch.inference_mode()
def test_vectors_are_told_by_their_first_units_norm_and_mean(translator):
    explanation = translator.explain(TEXT, "你好")
    state, _ = translator.prepare([TEXT], BEAM)
    step = translator.checkpoint.model.explain_step(torch.tensor([2]), state)
    gate, summary = step.layers[0].gates["update"][0], explanation.steps[0].layers[0].gates["update"]
    assert list(summary.first) == pytest.approx(gate[:8].tolist(), abs=1e-6)
    assert (summary.size, len(summary.first)) == (24, 8)
    assert summary.norm == pytest.approx(sum(float(unit) ** 2 for unit in gate) ** 0.5, abs=1e-4)
    assert summary.mean == pytest.approx(sum(map(float, gate)) / 24, abs=1e-5)
    for position, row in zip(explanation.encoder, state.outputs[0], strict=True):
        assert list(position.forward.first) == pytest.approx(row[:8].tolist(), abs=1e-6)
        assert list(position.backward.first) == pytest.approx(row[12:20].tolist(), abs=1e-6)


def test_an_explanation_becomes_json(translator):
    explanation = translator.explain(TEXT, "你好")
    values = json.loads(json.dumps(explanation.to_dict(), allow_nan=False))
    assert (values["cell"], values["attention"], values["input_feeding"]) == ("gru", "additive", False)
    assert values["equations"]["attention"][1]["formula"] == "e_{t,s} = v_aᵀ tanh(W_a q_t + b_a + U_a h̄_s)"
    assert values["words"][-1] == ["</s>", 2, 3]
    step = values["steps"][0]
    assert step["best"][0]["log_prob"] == explanation.steps[0].best[0].log_prob
    assert len(values["encoder"]) == len(step["scores"]) == len(values["source_tokens"])


def test_pinned_attention_is_told_beside_the_models_own_scores(translator):
    free = translator.explain(TEXT, "你好").steps
    row = [0.0] * len(free[0].scores)
    row[1] = 2.0
    pinned = translator.explain(TEXT, "你好", pinned={0: row}).steps
    assert [step.pinned for step in pinned] == [True, False, False]
    assert pinned[0].attention == tuple(weight / 2 for weight in row)
    assert pinned[0].scores == free[0].scores
    (scored,) = translator.score([TEXT], ["你好"], BEAM, pinned={0: row})
    assert [step.log_prob for step in pinned] == pytest.approx(scored.hypotheses[0].token_log_probs, abs=1e-4)


def test_a_model_without_attention_has_none_to_tell():
    translator = tiny_translator(attention="none")
    explanation = translator.explain(TEXT, "你好")
    assert explanation.equations["attention"] == ()
    for step in explanation.steps:
        assert step.query is step.scores is step.attention is step.context is None
    json.dumps(explanation.to_dict(), allow_nan=False)
    with pytest.raises(ConfigurationError, match="pinned needs a model with attention"):
        translator.explain(TEXT, "你好", pinned={0: [1.0]})


@pytest.mark.parametrize("target", ["", (), (3, 5), "你" * 600])
def test_a_target_that_cannot_be_written_is_refused(translator, target):
    with pytest.raises(InputError) as caught:
        translator.explain(TEXT, target)
    assert caught.value.fields["field"] == "target"
