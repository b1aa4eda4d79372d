"""A tiny translator with random weights, for tests of what stands around the model."""

from pathlib import Path

import torch

from seq2seq_demo.checkpoint import Checkpoint
from seq2seq_demo.config import ArchitectureConfig, CheckpointConfig, TokenizerConfig
from seq2seq_demo.model import Seq2Seq
from seq2seq_demo.text import normalise
from seq2seq_demo.tokenizer import EOS_ID, train_tokenizer
from seq2seq_demo.translator import Translator

ENGLISH = ["How are you?", "I don't know the old man, do you?", "We walked along a very quiet river."]
CHINESE = ["你好吗？", "我不认识那个老人，你呢？", "我们沿着一条很安静的河走。"]


def tiny_translator(*, cell: str = "gru", attention: str = "additive", seed: int = 0) -> Translator:
    """Build a translator from words to characters; its outputs are noise, and the same for the same seed."""
    source, target = (
        train_tokenizer(map(normalise, lines), vocab_size=size, config=TokenizerConfig(model_type=kind))
        for lines, size, kind in ((ENGLISH, 290, "bpe"), (CHINESE, 30, "char"))
    )
    architecture = ArchitectureConfig.from_dict(
        {"cell": cell, "attention": attention, "embedding_size": 16, "encoder_size": 12, "decoder_size": 24}
    )
    config = architecture.with_vocabularies(source.vocab_size, target.vocab_size)
    torch.manual_seed(seed)
    model = Seq2Seq(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # sharper distributions, so that outputs differ
        model.decoder.output.bias[EOS_ID] += 4  # and some end before the maximum length
    return Translator(Checkpoint(model, source, target, CheckpointConfig(config, "en", "zh", "tiny"), Path("tiny")))
