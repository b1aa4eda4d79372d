"""What a training run measures on its development set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from seq2seq_demo.config import DecodingConfig, TrainingConfig
from seq2seq_demo.data import EncodedCorpus, Pair, batch_indices, encode_pairs, make_batch, pad
from seq2seq_demo.evaluation import group_references, measure, perplexity
from seq2seq_demo.model import Seq2Seq
from seq2seq_demo.search import SearchOptions, greedy_search
from seq2seq_demo.tokenizer import BOS_ID, EOS_ID, PAD_ID, Tokenizer

_BATCH_TOKENS = 2048


@dataclass(frozen=True)
class Validation:
    """Figures of one validation."""

    figures: dict[str, float]
    """By name; always ``loss`` (nats per target token, end symbols included) and ``perplexity``."""
    direction: int
    """1 where a larger value of the run's metric is better, -1 where a smaller one is."""


@torch.inference_mode()
def validate(
    model: Seq2Seq, tokenizers: tuple[Tokenizer, Tokenizer], pairs: Sequence[Pair], config: TrainingConfig
) -> Validation:
    """Measure the loss and, unless that is all the run asks for, the figure of greedy decoding.

    Args:
        model: In float32; put into evaluation mode.
        tokenizers: Source and target.
        pairs: Normalised development pairs.
        config: Names the metric and how it tokenises.
    """
    model.eval()
    corpus = encode_pairs(pairs, *tokenizers)
    total, tokens = total_loss(model, corpus)
    loss = total / tokens
    figures = {"loss": loss, "perplexity": perplexity(total, tokens, unit="token").value}
    metric = config.validation_metric
    if metric == "loss":
        return Validation(figures, -1)
    outputs = greedy_texts(model, tokenizers[1], corpus)
    references: list[list[str]] = [[target] for _, target in pairs]
    if metric == "word_error_rate":
        # As `evaluate` does: a word counts once, and any of its pronunciations will do.
        groups = group_references(*zip(*pairs, strict=True))
        by_source = dict(zip((source for source, _ in pairs), outputs, strict=True))
        outputs, references = [by_source[source] for source in groups], list(groups.values())
    figure = measure(
        metric,
        outputs,
        references,
        tokenize=config.validation_tokenize,
        lowercase=config.validation_lowercase,
    )
    figures[metric] = figure.value
    return Validation(figures, -1 if metric == "word_error_rate" else 1)


@torch.inference_mode()
def total_loss(model: Seq2Seq, corpus: EncodedCorpus) -> tuple[float, int]:
    """Negative log-likelihood of a corpus' targets in nats, and the number of their tokens, end symbols included.

    Args:
        model: In float32 and evaluation mode.
        corpus: The pairs.
    """
    return float(sentence_losses(model, corpus).sum()), int((corpus.targets.lengths + 1).sum())


@torch.inference_mode()
def sentence_losses(
    model: Seq2Seq, corpus: EncodedCorpus, *, progress: Callable[[int], object] | None = None
) -> np.ndarray:
    """Negative log-likelihood of each target in nats, its end symbol included, (pairs,).

    Args:
        model: In float32 and evaluation mode.
        corpus: The pairs.
        progress: Called with the number of pairs done since its last call.
    """
    device = next(model.parameters()).device
    losses = np.zeros(len(corpus))
    for indices in batch_indices(corpus, _BATCH_TOKENS, seed=None):
        batch = make_batch(corpus, indices).to(device)
        logits, _ = model(batch.src, batch.src_lengths, batch.tgt_in)
        by_token = cross_entropy(
            logits.flatten(0, 1).float(), batch.tgt_out.flatten(), ignore_index=PAD_ID, reduction="none"
        )
        losses[indices] = by_token.view_as(batch.tgt_out).sum(dim=1).cpu().numpy()
        if progress is not None:
            progress(len(indices))
    return losses


def greedy_texts(model: Seq2Seq, target_tokenizer: Tokenizer, corpus: EncodedCorpus) -> list[str]:
    """Decode every source of a corpus greedily, in order."""
    device = next(model.parameters()).device
    config = DecodingConfig(strategy="greedy")
    texts = [""] * len(corpus)
    for indices in batch_indices(corpus, _BATCH_TOKENS, seed=None):
        sources = [[*corpus.sources[i].tolist(), EOS_ID] for i in indices]
        lengths = torch.tensor([len(ids) for ids in sources], device=device)
        state = model.initial_state(model.encode(pad(sources).to(device), lengths))
        options = SearchOptions.from_config(
            config, source_lengths=(lengths - 1).tolist(), bos=BOS_ID, eos=EOS_ID, pad=PAD_ID
        )
        for index, result in zip(indices, greedy_search(model.step, state, options=options), strict=True):
            texts[index] = target_tokenizer.decode(result.hypotheses[0].token_ids)
    return texts
