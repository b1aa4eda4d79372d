"""Equations as data: each formula of a step is computed as it is written, and compared with the model's own numbers."""

import itertools
import json
import re

import pytest
import torch
from torch import Tensor

from seq2seq_demo.config import ArchitectureConfig, ModelConfig
from seq2seq_demo.equations import MEANINGS, equations_of
from seq2seq_demo.errors import ConfigurationError
from seq2seq_demo.model import Seq2Seq
from seq2seq_demo.model.explanation import StepExplanation

SIZES = {"embedding_size": 6, "encoder_size": 4, "decoder_size": 8, "attention_size": 5, "dropout": 0.0}
VOCABULARIES = {"source_vocab_size": 13, "target_vocab_size": 11}
GATES = {"lstm": "ifgo", "gru": "rzn", "rnn": [""]}
EVERY_STEP = list(
    itertools.product(("rnn", "gru", "lstm"), ("none", "dot", "general", "additive"), (False, True), ("none", "all"))
)


def compute(formula: str, values: dict[str, Tensor]) -> Tensor:
    """Compute the right side of a formula: symbols are looked up, a space between two factors is a matrix product."""
    right = formula.split(" = ")[1].replace("ᵀ", "").replace("E[y_{t−1}]", "#0")
    names = ["E[y_{t−1}]", *sorted(values, key=len, reverse=True)]
    for index, name in enumerate(names[1:], start=1):
        right = re.sub(rf"(?<![\w#]){re.escape(name)}(?![\w^_])", f"#{index}", right)
    right = re.sub(r"(?<=[\d)\]]) (?=[#(\[]|tanh)", " @ ", right).replace("⊙", "*").replace("−", "-")
    right = re.sub(r"\[([^;\]]*); ([^\]]*)\]", r"torch.cat([\1, \2])", right)
    right = re.sub(r"#(\d+)", lambda match: f"values[{names[int(match.group(1))]!r}]", right)
    right = (
        right.replace("tanh", "torch.tanh")
        .replace("σ", "torch.sigmoid")
        .replace("softmax(", "torch.softmax(dim=0, input=")
    )
    return eval(right, {"torch": torch, "values": values})  # noqa: S307


def cell_values(model: Seq2Seq, step: StepExplanation, number: int) -> dict[str, Tensor]:
    """Name what a layer's equations are about."""
    layer, explained, cell = model.decoder.layers[number], step.layers[number], model.config.cell
    input_weight, recurrent_weight, input_bias, recurrent_bias = layer.weights
    values = {"x_t": explained.inputs[0], "h_{t−1}": explained.before[0][0], "h_t": explained.after[0][0]}
    for index, letter in enumerate(GATES[cell]):
        block, end = slice(8 * index, 8 * (index + 1)), f"_{letter}" if letter else ""
        values[f"W{end}"], values[f"U{end}"] = input_weight[block], recurrent_weight[block]
        values[f"b{end}"] = input_bias[block] + recurrent_bias[block]
    if cell == "gru":
        values["b_n"], values["d_n"] = input_bias[16:], recurrent_bias[16:]
    if cell == "lstm":
        values |= {"c_{t−1}": explained.before[1][0], "c_t": explained.after[1][0]}
    names = {"input": "i_t", "forget": "f_t", "output": "o_t", "reset": "r_t", "update": "z_t"}
    names["candidate"] = "g_t" if cell == "lstm" else "n_t"
    return values | {names[name]: gate[0] for name, gate in explained.gates.items() if name != "sum"}


def step_values(model: Seq2Seq, before: StepExplanation, step: StepExplanation) -> dict[str, Tensor]:
    """Name what the equations around the cells are about."""
    decoder = model.decoder
    values = {
        "E[y_{t−1}]": step.embedding[0],
        "E": decoder.embedding.weight,
        "h̃_{t−1}": before.readout[0],
        "x_t^1": step.layers[0].inputs[0],
        "x_t^ℓ": step.layers[1].inputs[0],
        "h_t^1": step.layers[0].after[0][0],
        "h_t^{ℓ−1}": step.layers[0].after[0][0],
        "h_t^L": step.layers[1].after[0][0],
        "W_h": decoder.readout.weight,
        "b_h": decoder.readout.bias,
        "h̃_t": step.readout[0],
        "W_y": decoder.output.weight,
        "b_y": decoder.output.bias,
        "l_t": step.logits[0],
        "p_t": step.log_probs[0].exp(),
    }
    if step.context is not None:
        values |= {"a_t": step.context[0], "q_t": step.query[0]}
    return values


def attention_values(model: Seq2Seq, step: StepExplanation, position: int) -> dict[str, Tensor]:
    attention = model.decoder.attention
    values = {"q_t": step.query[0], "h̄_s": step.state.outputs[0, position], "e_{t,s}": step.scores[0, position]}
    if model.config.attention == "general":
        values["W_a"] = attention.key_projection.weight
    if model.config.attention == "additive":
        values |= {"W_a": attention.query_projection.weight, "b_a": attention.query_projection.bias}
        values |= {"U_a": attention.key_projection.weight, "v_a": attention.energy.weight[0]}
    return values


def two_steps(**changes) -> tuple[Seq2Seq, StepExplanation, StepExplanation]:
    torch.manual_seed(0)
    model = Seq2Seq(ModelConfig.from_dict({**SIZES, **VOCABULARIES, "tied": "none", **changes})).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape) / 2)  # no bias stays 0
    state = model.initial_state(model.encode(torch.tensor([[4, 5, 6, 3]]), torch.tensor([4])))
    first = model.explain_step(torch.tensor([2]), state)
    return model, first, model.explain_step(torch.tensor([7]), first.state)


@torch.inference_mode()
@pytest.mark.parametrize(("cell", "attention", "input_feeding", "tied"), EVERY_STEP)
def test_every_formula_of_a_step_gives_the_models_numbers(cell, attention, input_feeding, tied):
    source = {"source_vocab_size": 11} if tied == "all" else {}
    model, first, second = two_steps(cell=cell, attention=attention, input_feeding=input_feeding, tied=tied, **source)
    equations = equations_of(model.config)
    checks = [(equation, cell_values(model, second, number)) for equation in equations["cell"] for number in (0, 1)]
    around = [*equations["input"], *equations["output"], *(e for e in equations["attention"] if e.name == "query")]
    checks += [(equation, step_values(model, first, second)) for equation in around]
    scores = [equation for equation in equations["attention"] if equation.name == "score"]
    checks += [(equation, attention_values(model, second, s)) for equation in scores for s in range(4)]
    assert len(checks) > 6
    for equation, values in checks:
        expected = values[equation.formula.split(" = ")[0]]
        torch.testing.assert_close(compute(equation.formula, values), expected, atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_the_sums_over_the_source_give_the_models_numbers():
    _, _, step = two_steps()
    formulas = [equation.formula for equation in equations_of(ArchitectureConfig())["attention"][2:]]
    assert formulas == ["α_{t,s} = exp(e_{t,s}) / Σ_s exp(e_{t,s})", "a_t = Σ_s α_{t,s} h̄_s"]
    exponentials = [float(score.exp()) for score in step.scores[0]]
    weights = [one / sum(exponentials) for one in exponentials]
    assert step.attention_weights[0].tolist() == pytest.approx(weights, abs=1e-5)
    context = sum(weight * state for weight, state in zip(weights, step.state.outputs[0], strict=True))
    torch.testing.assert_close(step.context[0], context, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("bridge", ["dense", "copy", "zero"])
def test_the_bridges_formula_gives_the_first_state(cell, bridge):
    model, first, _ = two_steps(cell=cell, bridge=bridge)
    encoded = model.encode(torch.tensor([[4, 5, 6, 3]]), torch.tensor([4]))
    values = {"0": torch.zeros(8), "k": torch.cat([state[0][0] for state in encoded.final_states])}
    parts = "hc"[: 2 if cell == "lstm" else 1]
    for number in (0, 1):
        for place, part in enumerate(parts):
            block = slice(8 * (number * len(parts) + place), 8 * (number * len(parts) + place + 1))
            if bridge == "dense":
                values[f"B_{part}^ℓ"] = model.decoder.bridge.projection.weight[block]
                values[f"d_{part}^ℓ"] = model.decoder.bridge.projection.bias[block]
            if bridge == "copy":
                values[f"k_{part}^ℓ"] = encoded.final_states[number][place][0]
            formula = equations_of(model.config)["bridge"][place].formula
            expected = first.layers[number].before[place][0]
            torch.testing.assert_close(compute(formula, values), expected, atol=1e-6, rtol=1e-4)


def every_architecture() -> list[ArchitectureConfig]:
    names = ("cell", "attention", "bridge", "bidirectional", "input_feeding", "tied", "decoder_layers")
    kinds = [("rnn", "gru", "lstm"), ("none", "dot", "general", "additive"), ("dense", "copy", "zero")]
    found = []
    for values in itertools.product(*kinds, (True, False), (True, False), ("none", "all"), (1, 2)):
        chosen = dict(zip(names, values, strict=True))
        size = 16 if chosen["bidirectional"] else 8
        layers = chosen["decoder_layers"]
        try:
            found.append(ArchitectureConfig(encoder_size=8, decoder_size=size, encoder_layers=layers, **chosen))
        except ConfigurationError:
            continue
    return found


def test_every_symbol_stands_in_its_formula_and_has_a_meaning():
    used = set()
    for config in every_architecture():
        for equation in itertools.chain.from_iterable(equations_of(config).values()):
            assert equation.symbols, equation.formula
            known = "|".join(map(re.escape, sorted(equation.symbols, key=len, reverse=True)))
            rest = re.sub(rf"{known}|tanh|softmax|exp|σ|Σ_s|ᵀ", "", equation.formula)
            assert not re.search(r"[^\W\d]", rest), rest
            used |= set(equation.symbols.values())
    assert used == set(MEANINGS)


def test_equations_become_json():
    values = {part: [one.to_dict() for one in lines] for part, lines in equations_of(ArchitectureConfig()).items()}
    assert json.loads(json.dumps(values))["cell"][0]["symbols"]["W_i"] == "input_weights"


def test_a_model_without_attention_has_no_equations_of_it():
    equations = equations_of(ArchitectureConfig(attention="none"))
    assert equations["attention"] == ()
    assert "a_t" not in " ".join(equation.formula for lines in equations.values() for equation in lines)
