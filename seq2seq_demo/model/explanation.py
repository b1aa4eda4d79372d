"""One decoding step with everything that it computes on the way.

The decoder's own step goes through fused cells, which tell nothing of their gates; here the same step is taken apart.
The tests hold the two together, and `equations` says in formulas what is computed.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from seq2seq_demo.model.decoder import Decoder, DecoderState, attend
from seq2seq_demo.model.recurrent import LayerExplanation


@dataclass(frozen=True, eq=False)
class StepExplanation:
    """What one step computes, in the order in which it does."""

    embedding: Tensor
    """Of the previous token, (rows, embedding_size)."""
    layers: tuple[LayerExplanation, ...]
    """Bottom first."""
    query: Tensor | None
    """What attends: the bottom layer's new hidden state, (rows, dec_size); None without attention, like the next three.
    """
    scores: Tensor | None
    """Before the softmax, -inf at padding, (rows, src_len); computed even where the weights are overridden."""
    attention_weights: Tensor | None
    """(rows, src_len), float32; the overriding ones, if any."""
    context: Tensor | None
    """(rows, enc_size)."""
    readout: Tensor
    """Output vector, which the next token is predicted from, (rows, embedding_size)."""
    logits: Tensor
    """(rows, target_vocab_size)."""
    log_probs: Tensor
    """Of the next token, natural logarithm, (rows, target_vocab_size), float32."""
    state: DecoderState
    """After the step."""


def explain_step(
    decoder: Decoder, tokens: Tensor, state: DecoderState, attention_override: Tensor | None = None
) -> StepExplanation:
    """Take one step, without dropout.

    Args:
        decoder: The model's.
        tokens: Previous ids, (rows,).
        state: Of `rows` rows.
        attention_override: Weights to use in place of the computed ones, (rows, src_len).
    """
    embedding = decoder.embedding(tokens)
    inputs = embedding if state.readout is None else torch.cat([embedding, state.readout], dim=-1)
    layers = [decoder.layers[0].explain(inputs, state.layers[0])]
    hidden = layers[0].after[0]
    query = scores = weights = context = None
    if decoder.attention is not None:
        query = hidden
        scores = decoder.attention.masked_scores(query.unsqueeze(1), state.keys, state.src_mask).squeeze(1)
        context, weights = attend(decoder.attention, query, state, attention_override)
    for layer, layer_state in zip(decoder.layers[1:], state.layers[1:], strict=True):
        layers.append(layer.explain(_joined(hidden, context), layer_state))
        hidden = layers[-1].after[0]
    readout = torch.tanh(decoder.readout(_joined(hidden, context)))
    logits = decoder.output(readout)
    fed = readout if decoder.config.input_feeding else None
    after = tuple(layer.after for layer in layers)
    return StepExplanation(
        embedding=embedding,
        layers=tuple(layers),
        query=query,
        scores=scores,
        attention_weights=weights,
        context=context,
        readout=readout,
        logits=logits,
        log_probs=torch.log_softmax(logits.float(), dim=-1),
        state=DecoderState(after, fed, state.outputs, state.keys, state.src_mask),
    )


def _joined(hidden: Tensor, context: Tensor | None) -> Tensor:
    return hidden if context is None else torch.cat([hidden, context], dim=-1)
