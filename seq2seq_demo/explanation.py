"""A walk through one hypothesis: what the model computes at each step, small enough for a page to draw.

A vector is told by its first units, its size, its norm and its mean; what is over the source or over the best tokens is
told in full. `equations` says how the parts hang together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import torch
from torch import Tensor

from seq2seq_demo.equations import Equation
from seq2seq_demo.model import Seq2Seq
from seq2seq_demo.model.decoder import DecoderState
from seq2seq_demo.model.explanation import StepExplanation
from seq2seq_demo.model.recurrent import LayerExplanation
from seq2seq_demo.tokenizer import BOS_ID, Tokenizer, Word

SHOWN_UNITS: Final = 8
"""Units of a vector that are told: enough to see gates open and close, few enough to draw side by side."""
BEST_TOKENS: Final = 10
"""Tokens that are told of each step's distribution."""
_DECIMALS: Final = 6


@dataclass(frozen=True)
class VectorSummary:
    """What is told of a vector."""

    first: tuple[float, ...]
    """Its first `SHOWN_UNITS` units."""
    size: int
    norm: float
    """Euclidean."""
    mean: float
    """Of all units; of a gate, how far it is open, between 0 and 1."""


@dataclass(frozen=True)
class EncoderPosition:
    """Top layer of the encoder at one source token."""

    forward: VectorSummary
    backward: VectorSummary | None
    """None where the encoder reads one way."""


@dataclass(frozen=True)
class LayerSummary:
    """One decoder layer in one step; see `model.recurrent.LayerExplanation` for the names of the gates."""

    input: VectorSummary
    before: Mapping[str, VectorSummary]
    """``hidden`` and, of a LSTM, ``cell``."""
    gates: Mapping[str, VectorSummary]
    after: Mapping[str, VectorSummary]


@dataclass(frozen=True)
class TokenScore:
    """One of the tokens that a step could have written."""

    token: str
    token_id: int
    logit: float
    """Before the softmax."""
    log_prob: float
    """In nats."""


@dataclass(frozen=True)
class ExplainedStep:
    """One step of the decoder, in the order in which it is computed."""

    previous_token: str
    """What the step is given; ``<s>`` at first."""
    previous_token_id: int
    embedding: VectorSummary
    """Of that."""
    layers: tuple[LayerSummary, ...]
    """Bottom first. The attention stands between the bottom layer and those above."""
    query: VectorSummary | None
    """None without attention, like the next three."""
    scores: tuple[float, ...] | None
    """One for each source token, before the softmax."""
    attention: tuple[float, ...] | None
    """One for each source token; sums to 1."""
    context: VectorSummary | None
    pinned: bool
    """Whether the attention was chosen by a person, in place of the softmax of the scores."""
    readout: VectorSummary
    """Output vector."""
    best: tuple[TokenScore, ...]
    """The most probable tokens, best first."""
    token: str
    """What the hypothesis writes."""
    token_id: int
    log_prob: float
    """Of that, in nats."""
    rank: int
    """Of that in the vocabulary, 1 for the most probable."""


@dataclass(frozen=True)
class Explanation:
    """A hypothesis, step by step."""

    source: str
    """Normalised."""
    source_tokens: tuple[str, ...]
    source_words: tuple[Word, ...]
    text: str
    tokens: tuple[str, ...]
    token_ids: tuple[int, ...]
    words: tuple[Word, ...]
    cell: str
    """``rnn``, ``gru`` or ``lstm``."""
    attention: str
    """``none``, ``dot``, ``general`` or ``additive``."""
    input_feeding: bool
    equations: Mapping[str, tuple[Equation, ...]]
    """See `equations.equations_of`."""
    encoder: tuple[EncoderPosition, ...]
    """One for each source token."""
    steps: tuple[ExplainedStep, ...]
    """One for each token."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; words are [text, start, stop]."""
        return {
            **asdict(self),
            "source_words": [[word.text, word.start, word.stop] for word in self.source_words],
            "words": [[word.text, word.start, word.stop] for word in self.words],
        }


def encoder_positions(model: Seq2Seq, state: DecoderState) -> tuple[EncoderPosition, ...]:
    """Summarise the encoder's states of one sentence.

    Args:
        model: Whose state it is.
        state: Of one row.
    """
    size = model.config.encoder_size
    return tuple(
        EncoderPosition(summarise(row[:size]), summarise(row[size:]) if model.config.bidirectional else None)
        for row in state.outputs[0]
    )


@torch.inference_mode()
def explain_steps(
    model: Seq2Seq, state: DecoderState, token_ids: Sequence[int], *, tokenizer: Tokenizer, pinned: Mapping[int, Tensor]
) -> tuple[ExplainedStep, ...]:
    """Write given tokens and summarise each step.

    Args:
        model: In evaluation mode.
        state: The first, of one row.
        token_ids: Of the hypothesis.
        tokenizer: The target's.
        pinned: Attention of chosen target tokens, each (src_len,).
    """
    steps = []
    previous = BOS_ID
    for number, token in enumerate(token_ids):
        row = pinned.get(number)
        given = torch.tensor([previous], device=state.src_mask.device)
        step = model.explain_step(given, state, None if row is None else row.unsqueeze(0))
        steps.append(_explained(step, previous=previous, token=token, tokenizer=tokenizer, pinned=row is not None))
        state, previous = step.state, token
    return tuple(steps)


def _explained(
    step: StepExplanation, *, previous: int, token: int, tokenizer: Tokenizer, pinned: bool
) -> ExplainedStep:
    log_probs = step.log_probs[0]
    values, best = log_probs.topk(min(BEST_TOKENS, len(log_probs)))
    logits = step.logits[0].index_select(0, best)
    own_piece, previous_piece, *pieces = tokenizer.pieces([token, previous, *best.tolist()])
    columns = zip(pieces, best.tolist(), _rounded(logits), _rounded(values), strict=True)
    return ExplainedStep(
        previous_token=previous_piece,
        previous_token_id=previous,
        embedding=summarise(step.embedding[0]),
        layers=tuple(_layer(layer) for layer in step.layers),
        query=_summary(step.query),
        scores=None if step.scores is None else _rounded(step.scores[0]),
        attention=None if step.attention_weights is None else _rounded(step.attention_weights[0]),
        context=_summary(step.context),
        pinned=pinned,
        readout=summarise(step.readout[0]),
        best=tuple(TokenScore(*column) for column in columns),
        token=own_piece,
        token_id=token,
        log_prob=round(float(log_probs[token]), _DECIMALS),
        rank=int((log_probs > log_probs[token]).sum()) + 1,
    )


def _layer(layer: LayerExplanation) -> LayerSummary:
    parts = ("hidden", "cell")
    return LayerSummary(
        input=summarise(layer.inputs[0]),
        before={name: summarise(part[0]) for name, part in zip(parts, layer.before, strict=False)},
        gates={name: summarise(gate[0]) for name, gate in layer.gates.items()},
        after={name: summarise(part[0]) for name, part in zip(parts, layer.after, strict=False)},
    )


def summarise(vector: Tensor) -> VectorSummary:
    """Tell a vector, (size,), by its first units, norm and mean."""
    norm, mean = _rounded(torch.stack([vector.float().norm(), vector.float().mean()]))
    return VectorSummary(_rounded(vector[:SHOWN_UNITS]), len(vector), norm, mean)


def _summary(row: Tensor | None) -> VectorSummary | None:
    return None if row is None else summarise(row[0])


def _rounded(values: Tensor) -> tuple[float, ...]:
    return tuple(round(value, _DECIMALS) for value in values.tolist())
