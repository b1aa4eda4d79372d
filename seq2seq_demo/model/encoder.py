"""The encoder: embeddings and stacked, optionally bidirectional, recurrent layers.

Sequences are not packed. The forward direction never sees the padding on its right; the backward direction reads
each sentence reversed within its own length. So padding changes no result, and the fused kernels keep their fast
path (packed sequences leave it on CPUs).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seq2seq_demo.config import ArchitectureConfig
from seq2seq_demo.model.recurrent import CellState, RecurrentLayer, stack


@dataclass(frozen=True, eq=False)
class EncoderResult:
    """What the encoder hands to attention and bridge."""

    outputs: Tensor
    """Top layer at every position, (batch, src_len, enc_size); exactly 0 at padding."""
    final_states: tuple[CellState, ...]
    """For each layer its state after the last real token, both directions side by side, each (batch, enc_size).

    For a LSTM the cell part is there only with bridge ``copy``, which needs it."""


def reversal_index(src_lengths: Tensor, src_len: int) -> Tensor:
    """Positions that reverse each sentence within its own length and leave padding in place.

    Args:
        src_lengths: (batch,).
        src_len: Padded length.

    Returns:
        (batch, src_len), long; applying it twice is the identity.
    """
    positions = torch.arange(src_len, device=src_lengths.device).unsqueeze(0)
    reversed_positions = src_lengths.unsqueeze(1) - 1 - positions
    return torch.where(reversed_positions >= 0, reversed_positions, positions)


def _take(sequence: Tensor, index: Tensor) -> Tensor:
    """Reorder (batch, length, size) along its length by (batch, length)."""
    rows = torch.arange(sequence.size(0), device=sequence.device).unsqueeze(1)
    return sequence[rows, index]


class Encoder(nn.Module):
    """Embeds source ids and runs the recurrent layers over them."""

    def __init__(self, config: ArchitectureConfig, embedding: nn.Embedding) -> None:
        super().__init__()
        self.config = config
        self.embedding = embedding
        self.dropout = nn.Dropout(config.dropout)
        sizes = [config.embedding_size] + [config.encoder_output_size] * (config.encoder_layers - 1)
        self.forward_layers = stack(config.cell, sizes, config.encoder_size)
        self.backward_layers = stack(config.cell, sizes if config.bidirectional else [], config.encoder_size)

    def forward(self, src: Tensor, src_lengths: Tensor, src_mask: Tensor) -> EncoderResult:
        """Encode a batch.

        Args:
            src: Source ids, padded on the right, (batch, src_len).
            src_lengths: (batch,), each at least 1.
            src_mask: True at real tokens, (batch, src_len).
        """
        backwards = reversal_index(src_lengths, src.size(1))
        hidden = self.dropout(self.embedding(src))
        states: list[CellState] = []
        for index, layer in enumerate(self.forward_layers):
            if index:
                hidden = self.dropout(hidden)
            output, state = self._run(layer, hidden, src_lengths)
            if self.config.bidirectional:
                back, back_state = self._run(self.backward_layers[index], _take(hidden, backwards), src_lengths)
                output = torch.cat([output, _take(back, backwards)], dim=-1)
                state = tuple(torch.cat(pair, dim=-1) for pair in zip(state, back_state, strict=True))
            hidden = output
            states.append(state)
        return EncoderResult(hidden * src_mask.unsqueeze(-1).to(hidden.dtype), tuple(states))

    def _run(self, layer: RecurrentLayer, inputs: Tensor, src_lengths: Tensor) -> tuple[Tensor, CellState]:
        """Run one direction: outputs (batch, src_len, size) and the state after each sentence's last real token."""
        if self.config.bridge == "copy" and self.config.cell == "lstm":
            return self._run_exactly(layer, inputs, src_lengths)
        outputs, _ = layer(inputs)
        last = outputs[torch.arange(outputs.size(0), device=outputs.device), src_lengths - 1]
        return outputs, (last,)

    def _run_exactly(self, layer: RecurrentLayer, inputs: Tensor, src_lengths: Tensor) -> tuple[Tensor, CellState]:
        """Like `_run`, with the final cell state too: PyTorch gives it at a sentence's end only for packed input."""
        packed = nn.utils.rnn.pack_padded_sequence(inputs, src_lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, (hidden, cell) = layer.rnn(packed)
        unpacked, _ = nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True, total_length=inputs.size(1))
        return unpacked, (hidden.squeeze(0), cell.squeeze(0))
