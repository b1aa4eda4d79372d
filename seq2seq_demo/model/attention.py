"""Attention mechanisms for the recurrent decoder.

References:
    Bahdanau et al. 2015, https://arxiv.org/abs/1409.0473, appendix A.1.2
    Luong et al. 2015, https://aclanthology.org/D15-1166, eq. 8
"""

import torch
from torch import Tensor, nn

from seq2seq_demo.config import ArchitectureConfig


class Attention(nn.Module):
    """Base of the mechanisms: a subclass says how keys are made and how a query scores them."""

    def project_keys(self, encoder_outputs: Tensor) -> Tensor:
        """Prepare what the queries are compared with, once for each source.

        Args:
            encoder_outputs: (batch, src_len, enc_size).

        Returns:
            Keys, (batch, src_len, key_size).
        """
        return encoder_outputs

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        """Score every key for every query.

        Args:
            query: Decoder outputs to attend with, (batch, tgt_len, dec_size).
            keys: Output of `project_keys`, (batch, src_len, key_size).

        Returns:
            Unnormalised scores, (batch, tgt_len, src_len).
        """
        raise NotImplementedError

    def masked_scores(self, query: Tensor, keys: Tensor, src_mask: Tensor) -> Tensor:
        """Score like `score`, with -inf at padding: what the softmax is taken of.

        Args:
            query: (batch, tgt_len, dec_size).
            keys: (batch, src_len, key_size).
            src_mask: True at real tokens, False at padding, (batch, src_len).

        Returns:
            (batch, tgt_len, src_len).
        """
        # -inf, not -1e9: padding must receive exactly zero weight.
        return self.score(query, keys).masked_fill(~src_mask.unsqueeze(1), float("-inf"))

    def forward(self, query: Tensor, keys: Tensor, values: Tensor, src_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Attend from decoder steps to every source position.

        Args:
            query: Decoder outputs to attend with, (batch, tgt_len, dec_size).
            keys: Output of `project_keys`, (batch, src_len, key_size).
            values: Encoder outputs, (batch, src_len, enc_size).
            src_mask: True at real tokens, False at padding, (batch, src_len).

        Returns:
            context: (batch, tgt_len, enc_size).
            attention_weights: (batch, tgt_len, src_len); rows sum to 1, padding is exactly 0.

        Every row of `src_mask` has a real token; `Seq2Seq.encode` has checked it.
        """
        scores = self.masked_scores(query, keys, src_mask)
        # Rounded to bfloat16, weights would sum to 1 only within a hundredth, hence the float32 softmax.
        attention_weights = torch.softmax(scores, dim=-1, dtype=torch.float32)
        return torch.bmm(attention_weights.to(values.dtype), values), attention_weights


class DotAttention(Attention):
    """Dot-product attention: ``score(q, k) = q^T k``; query and encoder outputs have one size."""

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        """See `Attention.score`."""
        return torch.bmm(query, keys.transpose(1, 2))


class GeneralAttention(Attention):
    """General (bilinear) attention: ``score(q, h) = q^T W h``; the keys are ``W h``."""

    def __init__(self, query_size: int, encoder_output_size: int) -> None:
        super().__init__()
        self.key_projection = nn.Linear(encoder_output_size, query_size, bias=False)

    def project_keys(self, encoder_outputs: Tensor) -> Tensor:
        """See `Attention.project_keys`; key_size is the query's size."""
        projected: Tensor = self.key_projection(encoder_outputs)
        return projected

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        """See `Attention.score`."""
        return torch.bmm(query, keys.transpose(1, 2))


class AdditiveAttention(Attention):
    """Additive attention: ``score(q, h) = v^T tanh(W q + U h)``; the keys are ``U h``."""

    def __init__(self, query_size: int, encoder_output_size: int, attention_size: int) -> None:
        super().__init__()
        self.query_projection = nn.Linear(query_size, attention_size)
        self.key_projection = nn.Linear(encoder_output_size, attention_size, bias=False)
        self.energy = nn.Linear(attention_size, 1, bias=False)

    def project_keys(self, encoder_outputs: Tensor) -> Tensor:
        """See `Attention.project_keys`; key_size is the attention size."""
        projected: Tensor = self.key_projection(encoder_outputs)
        return projected

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        """See `Attention.score`."""
        hidden = torch.tanh(self.query_projection(query).unsqueeze(2) + keys.unsqueeze(1))  # (batch, tgt, src, attn)
        energy: Tensor = self.energy(hidden)
        return energy.squeeze(-1)


def build_attention(config: ArchitectureConfig) -> Attention | None:
    """Make the configured mechanism; None for attention ``none``."""
    if config.attention == "none":
        return None
    if config.attention == "dot":
        return DotAttention()
    if config.attention == "general":
        return GeneralAttention(config.decoder_size, config.encoder_output_size)
    return AdditiveAttention(config.decoder_size, config.encoder_output_size, config.attention_size)
