"""A step taken apart: the same as the step that the searches take."""

import itertools

import pytest
import torch
from torch import Tensor

from seq2seq_demo.config import ModelConfig
from seq2seq_demo.model import Seq2Seq

LENGTHS = torch.tensor([3, 6, 1])
EVERY_MODEL = list(
    itertools.product(("rnn", "gru", "lstm"), ("none", "dot", "general", "additive"), (False, True), (1, 3))
)


def make_model(**changes: object) -> Seq2Seq:
    torch.manual_seed(0)
    sizes = {"embedding_size": 6, "encoder_size": 4, "decoder_size": 8, "attention_size": 5, "dropout": 0.3}
    values = {"source_vocab_size": 13, "target_vocab_size": 11, **sizes, **changes}
    return Seq2Seq(ModelConfig.from_dict(values)).eval()


def make_source() -> Tensor:
    src = torch.randint(4, 13, (3, 6), generator=torch.Generator().manual_seed(1))
    return src.masked_fill(torch.arange(6) >= LENGTHS.unsqueeze(1), 0)


def parts_of(state) -> list[Tensor]:
    fed = [] if state.readout is None else [state.readout]
    return [*(part for layer in state.layers for part in layer), *fed, state.outputs, state.keys, state.src_mask]


@torch.inference_mode()
@pytest.mark.parametrize(("cell", "attention", "input_feeding", "layers"), EVERY_MODEL)
def test_an_explained_step_is_the_step(cell, attention, input_feeding, layers):
    model = make_model(cell=cell, attention=attention, input_feeding=input_feeding, decoder_layers=layers)
    state = other = model.initial_state(model.encode(make_source(), LENGTHS))
    for tokens in torch.tensor([[2, 2, 2], [4, 7, 9], [5, 5, 10]]):
        log_probs, state, weights = model.step(tokens, state)
        explained = model.explain_step(tokens, other)
        other = explained.state
        torch.testing.assert_close(explained.log_probs, log_probs, atol=1e-6, rtol=1e-6)
        for own, expected in zip(parts_of(other), parts_of(state), strict=True):
            torch.testing.assert_close(own, expected, atol=1e-6, rtol=1e-6)
        if weights is None:
            assert explained.attention_weights is explained.scores is explained.context is explained.query is None
        else:
            torch.testing.assert_close(explained.attention_weights, weights, atol=1e-6, rtol=1e-6)


@torch.inference_mode()
def test_the_parts_of_a_step_hang_together():
    model = make_model(decoder_layers=2)
    step = model.explain_step(torch.tensor([4, 7, 9]), model.initial_state(model.encode(make_source(), LENGTHS)))
    padding = torch.arange(6) >= LENGTHS.unsqueeze(1)
    assert torch.equal(step.scores.isneginf(), padding)
    torch.testing.assert_close(step.scores.softmax(-1), step.attention_weights)
    torch.testing.assert_close(torch.einsum("rs,rsd->rd", step.attention_weights, step.state.outputs), step.context)
    assert torch.equal(step.query, step.layers[0].after[0])
    assert torch.equal(step.layers[1].inputs, torch.cat([step.query, step.context], dim=-1))
    torch.testing.assert_close(step.logits.log_softmax(-1), step.log_probs)


@pytest.mark.parametrize(
    ("cell", "gates", "parts"),
    [
        ("lstm", ["input", "forget", "candidate", "output"], 2),
        ("gru", ["reset", "update", "candidate"], 1),
        ("rnn", ["sum"], 1),
    ],
)
def test_each_cell_names_its_gates(cell, gates, parts):
    model = make_model(cell=cell)
    step = model.explain_step(torch.tensor([4, 7, 9]), model.initial_state(model.encode(make_source(), LENGTHS)))
    for layer in step.layers:
        assert list(layer.gates) == gates
        assert len(layer.before) == len(layer.after) == parts
        assert all(gate.shape == layer.after[0].shape for gate in layer.gates.values())


@torch.inference_mode()
def test_overridden_attention_is_explained_beside_the_models_own_scores():
    model = make_model()
    tokens, state = torch.tensor([4, 7, 9]), model.initial_state(model.encode(make_source(), LENGTHS))
    pinned = torch.zeros(3, 6).index_fill(1, torch.tensor([0]), 1.0)
    explained, free = model.explain_step(tokens, state, pinned), model.explain_step(tokens, state)
    assert torch.equal(explained.attention_weights, pinned)
    assert torch.equal(explained.scores, free.scores)
    torch.testing.assert_close(explained.log_probs, model.step(tokens, state, pinned)[0], atol=1e-6, rtol=1e-6)
