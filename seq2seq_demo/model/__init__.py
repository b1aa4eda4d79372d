"""The attention encoder–decoder: encoder, attention, decoder and the two joined."""

from seq2seq_demo.model.seq2seq import Seq2Seq

__all__ = ["Seq2Seq"]
