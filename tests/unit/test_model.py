"""The model: attention against a loop, padding that changes nothing, steps that equal the fused pass."""

import itertools
import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from seq2seq_demo.config import ModelConfig
from seq2seq_demo.errors import InputError
from seq2seq_demo.model import Seq2Seq
from seq2seq_demo.model.attention import AdditiveAttention, DotAttention, GeneralAttention
from seq2seq_demo.model.loss import divergence, smoothed_cross_entropy

CELLS = ("rnn", "gru", "lstm")
ATTENTIONS = ("none", "dot", "general", "additive")
EVERY_PAIR = list(itertools.product(CELLS, ATTENTIONS))
# The zero bridge is refused without attention.
BRIDGES = [(*pair, bridge) for pair in EVERY_PAIR for bridge in ("dense", "copy", "zero") if "none" not in pair]
BRIDGES += [(cell, "none", bridge) for cell in CELLS for bridge in ("dense", "copy")]
LENGTHS = torch.tensor([3, 6, 1])


def make_model(**changes: object) -> Seq2Seq:
    torch.manual_seed(0)
    values = {
        "source_vocab_size": 13,
        "target_vocab_size": 11,
        "embedding_size": 6,
        "encoder_size": 4,
        "decoder_size": 8,
        "attention_size": 5,
        "dropout": 0.0,
    }
    return Seq2Seq(ModelConfig.from_dict({**values, **changes})).eval()


def make_source() -> Tensor:
    src = torch.randint(4, 13, (3, 6), generator=torch.Generator().manual_seed(1))
    return src.masked_fill(torch.arange(6) >= LENGTHS.unsqueeze(1), 0)


@pytest.mark.parametrize("kind", ["dot", "general", "additive"])
def test_attention_equals_a_loop(kind: str) -> None:
    torch.manual_seed(0)
    mechanisms = {"dot": DotAttention(), "general": GeneralAttention(8, 8), "additive": AdditiveAttention(8, 8, 5)}
    attention = mechanisms[kind]
    query, values, mask = torch.randn(1, 8), torch.randn(1, 4, 8), torch.tensor([[True, True, True, False]])
    context, weights = attention(query.unsqueeze(1), attention.project_keys(values), values, mask)
    scores = []
    for value in values[0, :3]:
        key = value if kind == "dot" else attention.key_projection.weight @ value
        if kind == "additive":
            score = attention.energy.weight[0] @ torch.tanh(attention.query_projection(query[0]) + key)
        else:
            score = query[0] @ key
        scores.append(score.item())
    expected = [math.exp(s) / sum(math.exp(t) for t in scores) for s in scores]
    assert weights[0, 0].tolist() == pytest.approx([*expected, 0.0], abs=1e-5)
    assert torch.allclose(context[0, 0], sum(e * values[0, i] for i, e in enumerate(expected)), atol=1e-5)


@pytest.mark.parametrize(("cell", "attention"), EVERY_PAIR)
def test_padding_changes_nothing(cell: str, attention: str) -> None:
    model, src = make_model(cell=cell, attention=attention), make_source()
    tgt = torch.randint(4, 11, (3, 5))
    together, weights = model(src, LENGTHS, tgt)
    for row, length in enumerate(LENGTHS.tolist()):
        alone, own = model(src[row : row + 1, :length], torch.tensor([length]), tgt[row : row + 1])
        assert torch.allclose(together[row], alone[0], atol=1e-5)
        if attention != "none":
            assert torch.allclose(weights[row, :, :length], own[0], atol=1e-5)
            assert (weights[row, :, length:] == 0).all()
            assert torch.allclose(weights[row].sum(-1), torch.ones(5), atol=1e-5)


@pytest.mark.parametrize(("cell", "attention", "bridge"), BRIDGES)
def test_steps_equal_the_whole_sequence(cell: str, attention: str, bridge: str) -> None:
    model, src = make_model(cell=cell, attention=attention, bridge=bridge, decoder_layers=2), make_source()
    tgt = torch.randint(4, 11, (3, 5))
    logits, rows = model(src, LENGTHS, tgt)
    state = model.initial_state(model.encode(src, LENGTHS))
    for position in range(5):
        log_probs, state, weights = model.step(tgt[:, position], state)
        assert torch.allclose(log_probs, torch.log_softmax(logits[:, position], -1), atol=1e-5)
        if attention != "none":
            assert torch.allclose(weights, rows[:, position], atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_the_encoder_equals_packed_sequences(cell: str) -> None:
    model, src = make_model(cell=cell, encoder_layers=1), make_source()
    encoder, embedded = model.encoder, model.encoder.embedding(src)
    reference = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell](6, 4, batch_first=True, bidirectional=True)
    for name, parameter in encoder.forward_layers[0].rnn.named_parameters():
        getattr(reference, name).data = parameter.data
    for name, parameter in encoder.backward_layers[0].rnn.named_parameters():
        getattr(reference, f"{name}_reverse").data = parameter.data
    packed = nn.utils.rnn.pack_padded_sequence(embedded, LENGTHS, batch_first=True, enforce_sorted=False)
    expected, _ = nn.utils.rnn.pad_packed_sequence(reference(packed)[0], batch_first=True)
    assert torch.allclose(model.encode(src, LENGTHS).outputs, expected, atol=1e-5)


def test_input_feeding_passes_the_readout_on() -> None:
    model, src = make_model(input_feeding=True), make_source()
    tokens = torch.tensor([4, 5, 6])
    _, state, _ = model.step(tokens, model.initial_state(model.encode(src, LENGTHS)))
    assert state.readout is not None
    fed, _, _ = model.step(tokens, state)
    other, _, _ = model.step(tokens, replace(state, readout=state.readout + 1))
    assert not torch.allclose(fed, other, atol=1e-3)


def test_input_feeding_is_the_same_in_training() -> None:
    model, src = make_model(input_feeding=True), make_source()
    tgt = torch.randint(4, 11, (3, 4))
    logits, _ = model(src, LENGTHS, tgt)
    state = model.initial_state(model.encode(src, LENGTHS))
    for position in range(4):
        log_probs, state, _ = model.step(tgt[:, position], state)
        assert torch.allclose(log_probs, torch.log_softmax(logits[:, position], -1), atol=1e-5)


def test_without_teacher_forcing_the_reference_is_not_seen() -> None:
    model, src = make_model(), make_source()
    first = torch.full((3, 1), 2)
    one, _ = model(src, LENGTHS, torch.cat([first, torch.full((3, 4), 5)], 1), teacher_forcing_ratio=0.0)
    unlike = (one.argmax(-1)[:, :-1] + 1) % 11  # a reference that the model itself would not write
    other, _ = model(src, LENGTHS, torch.cat([first, unlike], 1), teacher_forcing_ratio=0.0)
    forced, _ = model(src, LENGTHS, torch.cat([first, unlike], 1))
    assert torch.equal(one, other)
    assert not torch.allclose(one[:, 1:], forced[:, 1:])


def test_a_step_changes_neither_state_nor_model() -> None:
    model, src = make_model(), make_source()
    state = model.initial_state(model.encode(src, LENGTHS))
    before = [part.clone() for layer in state.layers for part in layer]
    first = model.step(torch.tensor([2, 2, 2]), state)[0]
    assert all(torch.equal(a, b) for a, b in zip(before, (p for layer in state.layers for p in layer), strict=True))
    assert torch.equal(first, model.step(torch.tensor([2, 2, 2]), state)[0])


def test_overridden_attention_is_used_and_returned() -> None:
    model, src = make_model(), make_source()
    state = model.initial_state(model.encode(src, LENGTHS))
    _, _, computed = model.step(torch.tensor([2, 2, 2]), state)
    pinned = torch.zeros(3, 6).index_fill(1, torch.tensor([0]), 1.0)
    same = model.step(torch.tensor([2, 2, 2]), state, attention_override=computed)[0]
    other, _, returned = model.step(torch.tensor([2, 2, 2]), state, attention_override=pinned)
    assert torch.allclose(same, model.step(torch.tensor([2, 2, 2]), state)[0], atol=1e-6)
    assert torch.equal(returned, pinned)
    assert not torch.allclose(same[1], other[1])


def test_selected_rows_go_on_as_their_parents() -> None:
    model, src = make_model(), make_source()
    state = model.initial_state(model.encode(src, LENGTHS))
    rows = torch.tensor([2, 0, 0])
    chosen, _, _ = model.step(torch.tensor([4, 5, 5]), state.index_select(rows))
    plain, _, _ = model.step(torch.tensor([5, 2, 4]), state)
    assert torch.allclose(chosen, plain[rows], atol=1e-6)


@pytest.mark.parametrize("lengths", [[3, 6, 0], [3, 7, 1], [3, 6]])
def test_wrong_lengths_are_refused(lengths: list[int]) -> None:
    with pytest.raises(InputError, match="length"):
        make_model().encode(make_source(), torch.tensor(lengths))


def test_tied_matrices_count_once() -> None:
    tied, free = make_model(), make_model(tied="none")
    assert free.parameter_count - tied.parameter_count == 11 * 6
    assert tied.decoder.output.weight is tied.decoder.embedding.weight


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("input_feeding", [False, True])
def test_a_network_that_expects_unit_embeddings_hears_its_own(cell: str, input_feeding: bool) -> None:
    sizes = {"embedding_size": 64, "encoder_size": 64, "decoder_size": 64, "input_feeding": input_feeding}
    model = make_model(cell=cell, attention="additive", **sizes)
    model.expect_unit_embeddings()
    layers = (model.encoder.forward_layers[0], model.encoder.backward_layers[0], model.decoder.layers[0])
    embeddings = (model.encoder.embedding, model.encoder.embedding, model.decoder.embedding)
    for layer, embedding in zip(layers, embeddings, strict=True):
        weights = layer.weights[0]
        assert 0.5 < (embedding.weight @ weights[:, :64].T).std() < 2
        # What is fed back beside them is loud enough as it is.
        assert weights[:, 64:].numel() == 0 or weights[:, 64:].std() < 0.2


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_loss_and_gradient_equal_pytorchs(smoothing: float) -> None:
    torch.manual_seed(0)
    logits = torch.randn(3, 5, 11, requires_grad=True)
    targets = torch.randint(0, 11, (3, 5))
    targets[0, 2:] = 0
    expected = nn.functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=0, label_smoothing=smoothing, reduction="sum"
    )
    (gradient,) = torch.autograd.grad(expected, logits)
    loss = smoothed_cross_entropy(logits, targets, pad_id=0, label_smoothing=smoothing)
    (own,) = torch.autograd.grad(loss, logits)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert torch.allclose(own, gradient, atol=1e-5)


@pytest.mark.parametrize("block_bytes", [1, 2 << 20])
def test_divergence_and_its_gradients_equal_pytorchs(block_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seq2seq_demo.model.loss._BLOCK_BYTES", block_bytes)
    torch.manual_seed(0)
    both = [torch.randn(3, 5, 11, requires_grad=True) for _ in range(2)]
    targets = torch.randint(1, 11, (3, 5))
    targets[0, 2:] = 0
    one, other = (logits.log_softmax(-1) for logits in both)
    real = (targets != 0).unsqueeze(-1)
    ways = [nn.functional.kl_div(a, b, reduction="none", log_target=True) for a, b in ((one, other), (other, one))]
    expected = 0.5 * ((ways[0] + ways[1]) * real).sum()
    gradients = torch.autograd.grad(3 * expected, both)
    loss = divergence(*both, targets, pad_id=0)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    for own, gradient in zip(torch.autograd.grad(3 * loss, both), gradients, strict=True):
        assert torch.allclose(own, gradient, atol=1e-5)
