"""The decoder: recurrent layers, attention from the bottom one, a readout and the output projection.

The bottom layer's output is the attention's query, and the context goes to the layers above and to the readout, so
that a whole target sequence runs through fused kernels in training (the decoder of tensorflow/nmt's ``gnmt_v2``;
Wu et al. 2016, https://arxiv.org/abs/1609.08144, section 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seq2seq_demo.config import ModelConfig
from seq2seq_demo.model.attention import Attention, build_attention
from seq2seq_demo.model.encoder import EncoderResult
from seq2seq_demo.model.recurrent import CellState, stack


@dataclass(frozen=True, eq=False)
class EncodedSource:
    """What the decoder needs of a source, computed once."""

    outputs: Tensor
    """(rows, src_len, enc_size)."""
    keys: Tensor
    """Projected keys, (rows, src_len, key_size)."""
    src_mask: Tensor
    """True at real tokens, (rows, src_len)."""
    final_states: tuple[CellState, ...]
    """See `EncoderResult.final_states`."""


@dataclass(frozen=True, eq=False)
class DecoderState:
    """Everything that one decoding step needs; a value, never changed."""

    layers: tuple[CellState, ...]
    """State of each layer, bottom first, each part (rows, dec_size)."""
    readout: Tensor | None
    """Previous readout, (rows, embedding_size); only with input feeding."""
    outputs: Tensor
    """Encoder outputs, (rows, src_len, enc_size)."""
    keys: Tensor
    """Projected keys, (rows, src_len, key_size)."""
    src_mask: Tensor
    """True at real source tokens, (rows, src_len)."""

    def index_select(self, rows: Tensor) -> "DecoderState":
        """Choose rows, (new_rows,) long; a row may be chosen several times or not at all."""
        # index_select, not self.outputs[rows]: several times as fast on a CPU.
        outputs = self.outputs.index_select(0, rows)
        return DecoderState(
            tuple(tuple(part.index_select(0, rows) for part in state) for state in self.layers),
            None if self.readout is None else self.readout.index_select(0, rows),
            outputs,
            outputs if self.keys is self.outputs else self.keys.index_select(0, rows),
            self.src_mask.index_select(0, rows),
        )

    def concatenate(self, others: "Sequence[DecoderState]") -> "DecoderState":
        """Put the rows of others below these; all have the same source length."""
        states = (self, *others)
        outputs = torch.cat([state.outputs for state in states])
        readouts = [state.readout for state in states if state.readout is not None]
        return DecoderState(
            tuple(
                tuple(torch.cat(parts) for parts in zip(*layer, strict=True))
                for layer in zip(*(state.layers for state in states), strict=True)
            ),
            torch.cat(readouts) if readouts else None,
            outputs,
            outputs if self.keys is self.outputs else torch.cat([state.keys for state in states]),
            torch.cat([state.src_mask for state in states]),
        )


class Bridge(nn.Module):
    """Turns the encoder's final states into the decoder's first ones.

    ``dense``: ``tanh(W h)`` of all layers' final hidden states, one ``W`` for each part of each decoder layer's state
    (Bahdanau et al. 2015, appendix A.2.2, there for one layer). ``copy``: layer by layer, as it is. ``zero``: zeros.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.parts = 2 if config.cell == "lstm" else 1
        if config.bridge == "dense":
            size = config.encoder_output_size * config.encoder_layers
            self.projection = nn.Linear(size, config.decoder_size * config.decoder_layers * self.parts)

    def forward(self, final_states: tuple[CellState, ...]) -> tuple[CellState, ...]:
        """Map encoder states, parts (batch, enc_size), to decoder states, parts (batch, dec_size)."""
        if self.config.bridge == "copy":
            return final_states
        hidden = torch.cat([state[0] for state in final_states], dim=-1)
        if self.config.bridge == "zero":
            zeros = hidden.new_zeros(hidden.size(0), self.config.decoder_size)
            return ((zeros,) * self.parts,) * self.config.decoder_layers
        parts = torch.tanh(self.projection(hidden)).split(self.config.decoder_size, dim=-1)
        return tuple(parts[i : i + self.parts] for i in range(0, len(parts), self.parts))


class Decoder(nn.Module):
    """Predicts the next target token from the previous one, the state and the source."""

    def __init__(self, config: ModelConfig, embedding: nn.Embedding) -> None:
        super().__init__()
        self.config = config
        self.embedding = embedding
        self.attention = build_attention(config)
        self.bridge = Bridge(config)
        self.dropout = nn.Dropout(config.dropout)
        context_size = 0 if self.attention is None else config.encoder_output_size
        bottom = config.embedding_size * (2 if config.input_feeding else 1)
        sizes = [bottom] + [config.decoder_size + context_size] * (config.decoder_layers - 1)
        self.layers = stack(config.cell, sizes, config.decoder_size)
        self.readout = nn.Linear(config.decoder_size + context_size, config.embedding_size)
        self.output = nn.Linear(config.embedding_size, config.target_vocab_size)
        nn.init.zeros_(self.output.bias)
        if config.tied != "none":
            self.output.weight = self.embedding.weight
        else:
            nn.init.normal_(self.output.weight, std=config.embedding_size**-0.5)

    def initial_state(self, encoded: EncodedSource) -> DecoderState:
        """Build the state before the first step, one row for each sentence."""
        layers = self.bridge(encoded.final_states)
        readout = None
        if self.config.input_feeding:
            readout = encoded.outputs.new_zeros(encoded.outputs.size(0), self.config.embedding_size)
        return DecoderState(layers, readout, encoded.outputs, encoded.keys, encoded.src_mask)

    def prepare(self, encoder_result: EncoderResult, src_mask: Tensor) -> EncodedSource:
        """Project the keys once for each source."""
        outputs = encoder_result.outputs
        keys = outputs if self.attention is None else self.attention.project_keys(outputs)
        return EncodedSource(outputs, keys, src_mask, encoder_result.final_states)

    def forward(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, Tensor | None]:
        """Run over a whole target at once, each step seeing the given previous token.

        Args:
            tokens: Previous target ids, (batch, tgt_len).
            state: The first state; without input feeding.

        Returns:
            readouts: Before the output projection, (batch, tgt_len, embedding_size).
            attention_weights: (batch, tgt_len, src_len), or None without attention.
        """
        hidden = self.dropout(self.embedding(tokens))
        hidden, _ = self.layers[0](hidden, state.layers[0])
        context: list[Tensor] = []
        weights = None
        if self.attention is not None:
            attended, weights = self.attention(hidden, state.keys, state.outputs, state.src_mask)
            context = [attended]
        for layer, layer_state in zip(self.layers[1:], state.layers[1:], strict=True):
            hidden, _ = layer(self.dropout(torch.cat([hidden, *context], dim=-1)), layer_state)
        readouts = torch.tanh(self.readout(self.dropout(torch.cat([hidden, *context], dim=-1))))
        return self.dropout(readouts), weights

    def step(
        self, tokens: Tensor, state: DecoderState, attention_override: Tensor | None = None
    ) -> tuple[Tensor, DecoderState, Tensor | None]:
        """Advance by one token; what `forward` computes for one position.

        Args:
            tokens: Previous ids, (rows,).
            state: Of `rows` rows.
            attention_override: Weights to use in place of the computed ones, (rows, src_len).

        Returns:
            readout: (rows, embedding_size).
            new_state: Of the same rows.
            attention_weights: (rows, src_len), or None without attention.
        """
        inputs = self.dropout(self.embedding(tokens))
        if state.readout is not None:
            inputs = torch.cat([inputs, state.readout], dim=-1)
        new_layers = [self.layers[0].step(inputs, state.layers[0])]
        hidden = new_layers[0][0]
        context: list[Tensor] = []
        weights = None
        if self.attention is not None:
            attended, weights = attend(self.attention, hidden, state, attention_override)
            context = [attended]
        for layer, layer_state in zip(self.layers[1:], state.layers[1:], strict=True):
            new_layers.append(layer.step(self.dropout(torch.cat([hidden, *context], dim=-1)), layer_state))
            hidden = new_layers[-1][0]
        readout = torch.tanh(self.readout(self.dropout(torch.cat([hidden, *context], dim=-1))))
        readout = self.dropout(readout)
        fed = readout if self.config.input_feeding else None
        return readout, DecoderState(tuple(new_layers), fed, state.outputs, state.keys, state.src_mask), weights


def attend(attention: Attention, query: Tensor, state: DecoderState, override: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return context (rows, enc_size) and weights (rows, src_len) for queries (rows, dec_size).

    Args:
        attention: The mechanism.
        query: One for each row.
        state: Whose source is attended to.
        override: Weights to use in place of the computed ones, (rows, src_len).
    """
    if override is not None:
        context = torch.bmm(override.to(state.outputs.dtype).unsqueeze(1), state.outputs)
        return context.squeeze(1), override.float()
    context, weights = attention(query.unsqueeze(1), state.keys, state.outputs, state.src_mask)
    return context.squeeze(1), weights.squeeze(1)
