"""The equations that a model computes in one step, as data: what a person reads beside the numbers.

They are the model's own, not a textbook's: PyTorch's GRU applies the reset gate after the matrix product, the query of
the attention is the bottom layer's new state, and matrices that are one are said to be one. A formula is plain text:
``_`` and ``^`` put the next character, or what stands in braces, below or above the line; ``⊙`` is the elementwise
product, ``[a; b]`` are two vectors end to end, ``σ`` is the logistic function. t counts target tokens, s source tokens
and ℓ layers, from the bottom (1) to the top (L). A test computes each formula of a step and compares it with the model.

References:
    Elman 1990, https://doi.org/10.1207/s15516709cog1402_1
    Cho et al. 2014, https://aclanthology.org/D14-1179
    Hochreiter and Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735
    Bahdanau et al. 2015, https://arxiv.org/abs/1409.0473, appendix A.1.2
    Luong et al. 2015, https://aclanthology.org/D15-1166, eq. 5 and 8
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from seq2seq_demo.config import ArchitectureConfig

MEANINGS: Final[Mapping[str, str]] = {
    "token": "the token written last",
    "embedding_matrix": "embeddings of the target's tokens",
    "source_embedding": "embedding of a source token",
    "input": "input of the layer",
    "hidden": "hidden state of the layer",
    "previous_hidden": "the same, one step before",
    "bottom_hidden": "hidden state of the bottom layer",
    "lower_hidden": "hidden state of the layer below",
    "top_hidden": "hidden state of the top layer",
    "cell": "cell state of the layer",
    "previous_cell": "the same, one step before",
    "input_gate": "input gate",
    "forget_gate": "forget gate",
    "output_gate": "output gate",
    "candidate": "candidate: what the gates let in",
    "reset_gate": "reset gate",
    "update_gate": "update gate",
    "input_weights": "weights of the layer's input",
    "recurrent_weights": "weights of the layer's previous hidden state",
    "bias": "bias",
    "query": "query: what the attention compares the source with",
    "encoder_state": "encoder's state at source position s",
    "forward_state": "state of the encoder that reads forwards",
    "backward_state": "state of the encoder that reads backwards",
    "encoder_cell": "one step of the encoder's cell",
    "score": "score of source position s, before the softmax",
    "attention_weights": "attention weights; they sum to 1",
    "attention_matrix": "weights of the attention",
    "attention_vector": "vector that turns the attention's hidden layer into a score",
    "context": "context: the encoder's states, weighted",
    "readout": "output vector: what the next token is predicted from",
    "previous_readout": "the same, one step before",
    "readout_weights": "weights of the output vector",
    "logits": "one number for each token of the vocabulary, before the softmax",
    "output_weights": "output weights, one row for each token of the vocabulary",
    "probabilities": "probabilities of the next token",
    "final_state": "last states of the encoder's layers, end to end",
    "layer_final_state": "last state of the encoder's layer ℓ",
    "bridge_weights": "weights between encoder and decoder",
}
"""What a symbol stands for, by its key, in English; the page has its own words for the keys."""


@dataclass(frozen=True)
class Equation:
    """One formula."""

    name: str
    """Key of what stands left, for example ``input_gate``."""
    formula: str
    """Plain text; see the module."""
    symbols: Mapping[str, str]
    """Key of `MEANINGS` for each symbol of the formula, in the order of their appearance."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"name": self.name, "formula": self.formula, "symbols": dict(self.symbols)}


def equations_of(config: ArchitectureConfig) -> dict[str, tuple[Equation, ...]]:
    """Return the equations that models of an architecture compute, in the order in which they are computed.

    Args:
        config: Cell, attention, layers, bridge, tying and input feeding choose among them.

    Returns:
        By part: ``encoder`` and ``bridge`` once for a sentence; ``input``, ``cell`` (for each layer), ``attention``
        (empty where there is none) and ``output`` for each step.
    """
    parts = {
        "encoder": _encoder(config),
        "bridge": _bridge(config),
        "input": _input(config),
        "cell": _CELLS[config.cell],
        "attention": _attention(config),
        "output": _output(config),
    }
    return {part: tuple(_equation(name, formula) for name, formula in lines) for part, lines in parts.items()}


_Lines = list[tuple[str, str]]

_CELLS: Final[Mapping[str, _Lines]] = {
    "rnn": [("hidden", "h_t = tanh(W x_t + U h_{t−1} + b)")],
    "gru": [
        ("reset_gate", "r_t = σ(W_r x_t + U_r h_{t−1} + b_r)"),
        ("update_gate", "z_t = σ(W_z x_t + U_z h_{t−1} + b_z)"),
        ("candidate", "n_t = tanh(W_n x_t + b_n + r_t ⊙ (U_n h_{t−1} + d_n))"),
        ("hidden", "h_t = (1 − z_t) ⊙ n_t + z_t ⊙ h_{t−1}"),
    ],
    "lstm": [
        ("input_gate", "i_t = σ(W_i x_t + U_i h_{t−1} + b_i)"),
        ("forget_gate", "f_t = σ(W_f x_t + U_f h_{t−1} + b_f)"),
        ("candidate", "g_t = tanh(W_g x_t + U_g h_{t−1} + b_g)"),
        ("output_gate", "o_t = σ(W_o x_t + U_o h_{t−1} + b_o)"),
        ("cell", "c_t = f_t ⊙ c_{t−1} + i_t ⊙ g_t"),
        ("hidden", "h_t = o_t ⊙ tanh(c_t)"),
    ],
}

_SCORES: Final[Mapping[str, str]] = {
    "dot": "e_{t,s} = q_tᵀ h̄_s",
    "general": "e_{t,s} = q_tᵀ (W_a h̄_s)",
    "additive": "e_{t,s} = v_aᵀ tanh(W_a q_t + b_a + U_a h̄_s)",
}


def _encoder(config: ArchitectureConfig) -> _Lines:
    """Of the bottom layer; each layer above reads the states of the one below."""
    if not config.bidirectional:
        return [("encoder_state", "h̄_s = cell(x_s, h̄_{s−1})")]
    return [
        ("forward_state", "h⃗_s = cell(x_s, h⃗_{s−1})"),
        ("backward_state", "h⃖_s = cell(x_s, h⃖_{s+1})"),
        ("encoder_state", "h̄_s = [h⃗_s; h⃖_s]"),
    ]


def _bridge(config: ArchitectureConfig) -> _Lines:
    states = [("hidden", "h_0^ℓ"), ("cell", "c_0^ℓ")][: 2 if config.cell == "lstm" else 1]
    if config.bridge == "zero":
        return [(name, f"{state} = 0") for name, state in states]
    if config.bridge == "copy":
        return [(name, f"{state} = k_{state[0]}^ℓ") for name, state in states]
    return [(name, f"{state} = tanh(B_{state[0]}^ℓ k + d_{state[0]}^ℓ)") for name, state in states]


def _input(config: ArchitectureConfig) -> _Lines:
    bottom = "[E[y_{t−1}]; h̃_{t−1}]" if config.input_feeding else "E[y_{t−1}]"
    above = "h_t^{ℓ−1}" if config.attention == "none" else "[h_t^{ℓ−1}; a_t]"
    lines = [("bottom_input", f"x_t^1 = {bottom}"), ("upper_input", f"x_t^ℓ = {above}")]
    return lines[: min(config.decoder_layers, 2)]


def _attention(config: ArchitectureConfig) -> _Lines:
    if config.attention == "none":
        return []
    return [
        ("query", "q_t = h_t^1"),
        ("score", _SCORES[config.attention]),
        ("attention_weights", "α_{t,s} = exp(e_{t,s}) / Σ_s exp(e_{t,s})"),
        ("context", "a_t = Σ_s α_{t,s} h̄_s"),
    ]


def _output(config: ArchitectureConfig) -> _Lines:
    top = "h_t^L" if config.attention == "none" else "[h_t^L; a_t]"
    lines = [("readout", f"h̃_t = tanh(W_h {top} + b_h)"), ("logits", "l_t = W_y h̃_t + b_y")]
    if config.tied != "none":
        lines.append(("output_weights", "W_y = E"))
    return [*lines, ("probabilities", "p_t = softmax(l_t)")]


_KEYS: Final[Mapping[str, str]] = {
    "y_{t−1}": "token",
    "E": "embedding_matrix",
    "W_y": "output_weights",
    "x_s": "source_embedding",
    "x_t": "input",
    "x_t^1": "input",
    "x_t^ℓ": "input",
    "h_t": "hidden",
    "h_0^ℓ": "hidden",
    "h_t^1": "bottom_hidden",
    "h_t^{ℓ−1}": "lower_hidden",
    "h_t^L": "top_hidden",
    "h_{t−1}": "previous_hidden",
    "c_t": "cell",
    "c_0^ℓ": "cell",
    "c_{t−1}": "previous_cell",
    "i_t": "input_gate",
    "f_t": "forget_gate",
    "o_t": "output_gate",
    "g_t": "candidate",
    "n_t": "candidate",
    "r_t": "reset_gate",
    "z_t": "update_gate",
    "q_t": "query",
    "h̄_s": "encoder_state",
    "h̄_{s−1}": "encoder_state",
    "h⃗_s": "forward_state",
    "h⃗_{s−1}": "forward_state",
    "h⃖_s": "backward_state",
    "h⃖_{s+1}": "backward_state",
    "cell": "encoder_cell",
    "e_{t,s}": "score",
    "α_{t,s}": "attention_weights",
    "v_a": "attention_vector",
    "a_t": "context",
    "h̃_t": "readout",
    "h̃_{t−1}": "previous_readout",
    "W_h": "readout_weights",
    "l_t": "logits",
    "p_t": "probabilities",
    "k": "final_state",
    "k_h^ℓ": "layer_final_state",
    "k_c^ℓ": "layer_final_state",
}
"""Key of `MEANINGS` for each symbol that is not told by its letter alone."""

_FAMILIES: Final[Mapping[str, str]] = {
    "W_a": "attention_matrix",
    "U_a": "attention_matrix",
    "W": "input_weights",
    "U": "recurrent_weights",
    "B": "bridge_weights",
    "b": "bias",
    "d": "bias",
}
"""The same for the others, by their beginning; the first that fits."""

# Letters with the marks that stand above them, then what stands below and above the line.
_SYMBOL = re.compile(
    r"tanh|softmax|exp|σ|Σ_s|((?:cell|[A-Za-zα-ω])[\u0303\u0304\u20d6\u20d7]?(?:_(?:\{[^}]*\}|\w))?(?:\^(?:\{[^}]*\}|\w))?)"
)


def _equation(name: str, formula: str) -> Equation:
    found = (match.group(1) for match in _SYMBOL.finditer(formula))
    return Equation(name, formula, {symbol: _key(symbol) for symbol in found if symbol})


def _key(symbol: str) -> str:
    if symbol in _KEYS:
        return _KEYS[symbol]
    return next(key for start, key in _FAMILIES.items() if symbol.startswith(start))
