"""Encoder and decoder joined: `encode`, `initial_state`, `step`, and the forward pass of training."""

import torch
from torch import Tensor, nn

from seq2seq_demo.config import ModelConfig
from seq2seq_demo.errors import InputError
from seq2seq_demo.model.decoder import Decoder, DecoderState, EncodedSource
from seq2seq_demo.model.encoder import Encoder
from seq2seq_demo.model.explanation import StepExplanation, explain_step


class Seq2Seq(nn.Module):
    """An attention encoder–decoder (Bahdanau et al. 2015; Luong et al. 2015)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        target_embedding = nn.Embedding(config.target_vocab_size, config.embedding_size)
        source_embedding = target_embedding
        if config.tied != "all":
            source_embedding = nn.Embedding(config.source_vocab_size, config.embedding_size)
        for embedding in (source_embedding, target_embedding):
            # Small enough that tied weights give logits of about unit size at the start.
            nn.init.normal_(embedding.weight, std=config.embedding_size**-0.5)
        self.encoder = Encoder(config, source_embedding)
        self.decoder = Decoder(config, target_embedding)

    def expect_unit_embeddings(self) -> None:
        """Scale the weights that read embeddings as if those had variance 1 when drawn, and not ``1 / embedding_size``.

        Once, on a new network. The factor is that of Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section
        3.4, where it stays outside of the weights. Embeddings start so small for the sake of the output projection,
        which may share them; read as they are, they leave a new network nearly silent, and it takes many updates until
        its attention has anything to tell apart.
        """
        size = self.config.embedding_size
        for bottom in (self.encoder.forward_layers[:1], self.encoder.backward_layers[:1], self.decoder.layers[:1]):
            for layer in bottom:
                layer.scale_input_weights(size, size**0.5)

    def encode(self, src: Tensor, src_lengths: Tensor) -> EncodedSource:
        """Encode a batch of sources; lengths are checked here and nowhere later.

        Args:
            src: Source ids that end with the end symbol, padded on the right, (batch, src_len).
            src_lengths: Real tokens of each, end symbol included, (batch,).

        Raises:
            InputError: a length below 1 or beyond src_len.
        """
        if src.dim() != 2 or src_lengths.shape != src.shape[:1]:
            raise InputError(
                "bad_shape", f"src must be (batch, src_len) with one length each; got {src.shape}, {src_lengths.shape}."
            )
        if src_lengths.numel() and (int(src_lengths.min()) < 1 or int(src_lengths.max()) > src.size(1)):
            raise InputError(
                "bad_length", f"source lengths must lie in [1, {src.size(1)}]; got {src_lengths.tolist()}."
            )
        return self._encode(src, src_lengths)

    def _encode(self, src: Tensor, src_lengths: Tensor) -> EncodedSource:
        positions = torch.arange(src.size(1), device=src.device)
        src_mask = positions.unsqueeze(0) < src_lengths.unsqueeze(1)
        return self.decoder.prepare(self.encoder(src, src_lengths, src_mask), src_mask)

    def initial_state(self, encoded: EncodedSource) -> DecoderState:
        """Build the decoder's state before its first step, one row for each sentence."""
        return self.decoder.initial_state(encoded)

    def step(
        self, previous_tokens: Tensor, state: DecoderState, attention_override: Tensor | None = None
    ) -> tuple[Tensor, DecoderState, Tensor | None]:
        """Advance every row by one token; a pure function.

        Args:
            previous_tokens: (rows,) long; the start symbol at first.
            state: Of `rows` rows.
            attention_override: Attention weights to use in place of the computed ones, (rows, src_len).

        Returns:
            log_probs: Of the next token, natural logarithm, (rows, target_vocab_size), float32.
            new_state: Of the same rows.
            attention_weights: (rows, src_len), float32; None without attention.
        """
        readout, new_state, weights = self.decoder.step(previous_tokens, state, attention_override)
        logits = self.decoder.output(readout)
        return torch.log_softmax(logits.float(), dim=-1), new_state, weights

    def explain_step(
        self, previous_tokens: Tensor, state: DecoderState, attention_override: Tensor | None = None
    ) -> StepExplanation:
        """Advance every row like `step` in evaluation mode, and hand out what is inside.

        Args:
            previous_tokens: (rows,) long; the start symbol at first.
            state: Of `rows` rows.
            attention_override: Attention weights to use in place of the computed ones, (rows, src_len).
        """
        return explain_step(self.decoder, previous_tokens, state, attention_override)

    def forward(
        self, src: Tensor, src_lengths: Tensor, tgt_in: Tensor, *, teacher_forcing_ratio: float = 1.0
    ) -> tuple[Tensor, Tensor | None]:
        """Predict every target token from those before it.

        Args:
            src: (batch, src_len); the lengths are trusted (the data loader made them).
            src_lengths: (batch,).
            tgt_in: Start symbol and target without its end symbol, (batch, tgt_len).
            teacher_forcing_ratio: Probability that a step, for the whole batch, sees the reference's previous token
                and not the model's own best one (Bengio et al. 2015, https://arxiv.org/abs/1506.03099, with a
                constant rate).

        Returns:
            logits: (batch, tgt_len, target_vocab_size).
            attention_weights: (batch, tgt_len, src_len), or None without attention.
        """
        state = self.initial_state(self._encode(src, src_lengths))
        if teacher_forcing_ratio >= 1 and not self.config.input_feeding:
            readouts, weights = self.decoder(tgt_in, state)
            return self.decoder.output(readouts), weights
        return self._forward_by_steps(tgt_in, state, teacher_forcing_ratio)

    def _forward_by_steps(
        self, tgt_in: Tensor, state: DecoderState, teacher_forcing_ratio: float
    ) -> tuple[Tensor, Tensor | None]:
        """Like `forward`, one position at a time: input feeding, or scheduled teacher forcing."""
        # Drawn on the host at once, so that no step waits for the device.
        forced = (torch.rand(tgt_in.size(1)) < teacher_forcing_ratio).tolist()
        logits: list[Tensor] = []
        rows: list[Tensor] = []
        for position, use_reference in enumerate(forced):
            tokens = tgt_in[:, position]
            if position and not use_reference:
                tokens = logits[-1].detach().argmax(dim=-1)
            readout, state, weights = self.decoder.step(tokens, state)
            logits.append(self.decoder.output(readout))
            if weights is not None:
                rows.append(weights)
        return torch.stack(logits, dim=1), torch.stack(rows, dim=1) if rows else None

    @property
    def parameter_count(self) -> int:
        """Number of trainable parameters; tied ones count once."""
        return sum(parameter.numel() for parameter in self.parameters())
