"""Text in, `Translation` out: the one class that the page and the command line use."""

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch

from seq2seq_demo.checkpoint import Checkpoint, choose_device, load_checkpoint, push_to_hub, save_checkpoint
from seq2seq_demo.config import MAX_SOURCE_TOKENS, CheckpointConfig, DecodingConfig, check_range
from seq2seq_demo.errors import InputError
from seq2seq_demo.model.decoder import DecoderState
from seq2seq_demo.search import (
    Constraint,
    Hypothesis,
    Judgement,
    Rankable,
    SearchOptions,
    SearchResult,
    SearchTrace,
    Spellings,
    TextPrefix,
    TokenPrefix,
    beam_search,
    beam_search_steps,
    forced_search,
    greedy_search,
    greedy_search_steps,
    judge,
    sample,
    sample_steps,
)
from seq2seq_demo.search.repetition import most_repeats
from seq2seq_demo.search.step import MAX_TARGET_TOKENS, coverage_needs_attention
from seq2seq_demo.text import normalise
from seq2seq_demo.tokenizer import BOS_ID, EOS_ID, PAD_ID, UNK_ID, Word

Weights = npt.NDArray[np.float32]

MAX_SOURCE_CHARACTERS = 10_000
"""Longest text that is tokenised at all; `MAX_SOURCE_TOKENS` pieces are never so long."""

BATCH_TOKENS = 8192
"""Default of `Translator.translate`'s `batch_tokens`."""

_SEARCHES = {"greedy": greedy_search, "beam": beam_search, "diverse-beam": beam_search, "sample": sample}
_STEPWISE = {
    "greedy": greedy_search_steps,
    "beam": beam_search_steps,
    "diverse-beam": beam_search_steps,
    "sample": sample_steps,
}


@dataclass(frozen=True)
class TokenAlternative:
    """A piece that the output might have gone on with, or did."""

    token: str
    token_id: int
    log_prob: float
    """In nats, under the model."""

    @property
    def probability(self) -> float:
        """Between 0 and 1."""
        return math.exp(self.log_prob)


@dataclass(frozen=True, eq=False)
class TranslatedHypothesis:
    """One output, with where it came from."""

    text: str
    tokens: tuple[str, ...]
    """Pieces; the last is ``</s>`` where `finished`."""
    token_ids: tuple[int, ...]
    token_log_probs: tuple[float, ...]
    """The model's own log-probability of each token, in nats."""
    words: tuple[Word, ...]
    """Words of the output, each a half-open range of `tokens`."""
    attention: Weights | None
    """Row t holds what the decoder attended to when it wrote token t, (tokens, source tokens)."""
    log_prob: float
    """Raw sum of `token_log_probs`, in nats."""
    score: float
    """What the search ranks by: `log_prob` under the length and coverage penalties."""
    finished: bool
    """False where the maximum length cut it."""
    alternatives: tuple[tuple[TokenAlternative, ...], ...] | None = None
    """The model's most probable pieces at each token, best first; None where they were not asked for."""
    ranks: tuple[int, ...] | None = None
    """Rank of each token in the vocabulary, 1 for the most probable; of `Translator.score` alone."""

    @property
    def rankable(self) -> Rankable:
        """What its score depends on, for ranking it under other penalties: see `search.rerank`."""
        return Rankable.from_attention(
            self.log_prob, self.attention, length=len(self.token_ids), finished=self.finished
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; attention is rounded to 6 decimals.

        `coverage` is the coverage penalty without β, which a reader needs to compute the score under other penalties.
        Words are [text, start, stop], alternatives [token, token id, log-probability].
        """
        attention = None
        if self.attention is not None:
            attention = np.round(self.attention.astype(np.float64), 6).tolist()
        alternatives = None
        if self.alternatives is not None:
            alternatives = [[[one.token, one.token_id, one.log_prob] for one in step] for step in self.alternatives]
        return {
            "text": self.text,
            "tokens": list(self.tokens),
            "token_ids": list(self.token_ids),
            "words": [[word.text, word.start, word.stop] for word in self.words],
            "log_prob": self.log_prob,
            "score": self.score,
            "finished": self.finished,
            "coverage": self.rankable.coverage,
            "token_log_probs": list(self.token_log_probs),
            "attention": attention,
            "alternatives": alternatives,
            "ranks": None if self.ranks is None else list(self.ranks),
        }


@dataclass(frozen=True, eq=False)
class Translation:
    """A source sentence and its hypotheses."""

    source: str
    """The text as it was decoded: normalised."""
    source_tokens: tuple[str, ...]
    """Source pieces; the last is ``</s>``."""
    source_words: tuple[Word, ...]
    """Words of the source, each a half-open range of `source_tokens`."""
    hypotheses: tuple[TranslatedHypothesis, ...]
    """Best first."""
    seconds: float
    """Time this sentence took; see `Translator.translate` for how a batch shares its time."""
    steps: int
    """Decoding steps that the search took for this sentence."""
    trace: SearchTrace | None = None
    """What the search saw, where it was asked for; samples have no tree."""
    seed: int | None = None
    """The seed that the samples were drawn with; None where nothing was drawn."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, the same for the command line and HTTP."""
        return {
            "source": self.source,
            "source_tokens": list(self.source_tokens),
            "source_words": [[word.text, word.start, word.stop] for word in self.source_words],
            "seconds": self.seconds,
            "steps": self.steps,
            "seed": self.seed,
            "hypotheses": [hypothesis.to_dict() for hypothesis in self.hypotheses],
            "trace": None if self.trace is None else self.trace.to_dict(),
        }


def normalise_prefix(prefix: str) -> str:
    """Normalise the beginning of an output; a space at its end stays, for it ends the word.

    >>> normalise_prefix(" The  wea"), normalise_prefix("The "), normalise_prefix("你好, ")
    ('The wea', 'The ', '你好，')
    """
    text = normalise(prefix)
    # No space follows a full-width mark in normalised text.
    return f"{text} " if text and prefix[-1].isspace() and normalise(f"{text} {text}") != text + text else text


def merge_words(attention: Weights, source_words: tuple[Word, ...], target_words: tuple[Word, ...]) -> Weights:
    """Merge a heatmap of pieces into one of words.

    Args:
        attention: (target tokens, source tokens).
        source_words: Ranges of the columns.
        target_words: Ranges of the rows.

    Returns:
        (target words, source words): summed over a source word's pieces, so that rows still sum to 1, and the mean
        over a target word's pieces.
    """
    merged = np.empty((len(target_words), len(source_words)), dtype=np.float32)
    for row, target in enumerate(target_words):
        mean = attention[target.start : target.stop].mean(axis=0)
        for column, source in enumerate(source_words):
            merged[row, column] = mean[source.start : source.stop].sum()
    return merged


@dataclass(frozen=True)
class _Request:
    """What to decode with, and what to record."""

    config: DecodingConfig
    constraint: Constraint | None = None
    alternatives: int = 0
    trace: bool = False


@dataclass(frozen=True, eq=False)
class _Source:
    """A text that has passed the checks."""

    text: str
    ids: tuple[int, ...]
    """Ends with the end symbol."""


class Translator:
    """Translates texts with one checkpoint; several threads may use one translator at a time.

    Args:
        checkpoint: A model with its tokenizers and configuration; decoding runs on the model's device.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.config: CheckpointConfig = checkpoint.config
        self._model = checkpoint.model.eval()
        self.device: torch.device = next(self._model.parameters()).device

    @classmethod
    def from_pretrained(cls, name: str | Path, *, device: str | None = None) -> Self:
        """Load a checkpoint.

        Args:
            name: A short name (``en-zh``), a folder, or a Hub repository (``user/repo[@revision]``).
            device: ``cuda``, ``mps`` or ``cpu``; None is the best there is, see `checkpoint.choose_device`.

        Raises:
            CheckpointError: nothing there, or a bad checkpoint.
            ConfigurationError: no such device.
        """
        return cls(load_checkpoint(name, device=choose_device(device)))

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the checkpoint to a folder.

        Raises:
            CheckpointError: the folder cannot be written.
        """
        save_checkpoint(
            folder,
            model=self.checkpoint.model,
            source_tokenizer=self.checkpoint.source_tokenizer,
            target_tokenizer=self.checkpoint.target_tokenizer,
            config=self.config,
        )

    def push_to_hub(self, repo_id: str, *, private: bool = False) -> str:
        """Upload the folder that the checkpoint was loaded from to the Hub.

        Args:
            repo_id: ``user/name``; made where there is none.
            private: Whether a new repository is private.

        Returns:
            The repository's address.

        Raises:
            CheckpointError: a bad name, no permission or no network.
        """
        return push_to_hub(self.checkpoint.path, repo_id, private=private)

    def check_text(self, text: str, *, line: int | None = None) -> None:
        """Raise an `InputError` unless the model can take this text.

        Args:
            text: One sentence.
            line: Its line in the input, counted from 1, for the message.

        Raises:
            InputError: ``not_text``, ``empty``, ``source_too_many_characters`` or ``source_too_long``.
        """
        self._read(text, line=line)

    def check_config(self, config: DecodingConfig) -> None:
        """Raise a `ConfigurationError` unless these options suit the model.

        Raises:
            ConfigurationError: a coverage penalty for a model without attention, or `top_k` beyond the vocabulary.
        """
        check_range("top_k", config.top_k, 0, self.config.model.target_vocab_size)
        if config.coverage_penalty and self.config.model.attention == "none":
            raise coverage_needs_attention(config.coverage_penalty)

    def translate(
        self,
        texts: Sequence[str],
        config: DecodingConfig,
        *,
        prefix_tokens: Sequence[int] = (),
        alternatives: int = 0,
        trace: bool = False,
        batch_tokens: int = BATCH_TOKENS,
        progress: Callable[[int], object] | None = None,
    ) -> list[Translation]:
        """Translate sentences, those of like length together.

        A sentence's `seconds` are its share of its batch's time, in proportion to the steps it took: the shares add up
        to the time that passed, and a sentence alone has all of it. Samples of a sentence depend on the seed and
        the sentence alone, not on the others.

        Args:
            texts: One sentence each.
            config: Decoding options; a seed that is not given is drawn once for all texts.
            prefix_tokens: Token ids that every output begins with, in place of `config.prefix`: the way to go on from
                a point of an earlier search.
            alternatives: Most probable pieces to record of each step, 0–100.
            trace: Whether to record the search tree of greedy decoding and beams.
            batch_tokens: Largest padded size of a batch: sentences × longest source × `config.rows`. One sentence is
                always a batch, whatever its size.
            progress: Called after each batch with the number of sentences in it.

        Returns:
            One translation for each text, in their order.

        Raises:
            InputError: a text that the model cannot take; no text has been decoded then. Where there are several,
                message and fields name its line. Or a prefix that it cannot write.
            ConfigurationError: options that do not suit the model.
        """
        if isinstance(texts, str):
            raise InputError("not_text", "texts must be a list of sentences; got one string.", {"got": "str"})
        request = self._request(config, prefix_tokens=prefix_tokens, alternatives=alternatives, trace=trace)
        several = len(texts) > 1
        sources = [self._read(text, line=line if several else None) for line, text in enumerate(texts, start=1)]
        translations: dict[int, Translation] = {}
        for indices in _batches([len(source.ids) for source in sources], budget=batch_tokens // config.rows):
            batch = self._translate_batch([sources[index] for index in indices], request)
            translations.update(zip(indices, batch, strict=True))
            if progress is not None:
                progress(len(indices))
        return [translations[index] for index in range(len(sources))]

    def score(
        self,
        texts: Sequence[str],
        targets: Sequence[str | Sequence[int]],
        config: DecodingConfig,
        *,
        alternatives: int = 0,
        batch_tokens: int = BATCH_TOKENS,
    ) -> list[Translation]:
        """Score given targets by forced decoding.

        Args:
            texts: Source sentences.
            targets: The target of each: a text, which is normalised and ends with the end symbol, or the token ids of
                a hypothesis as they are.
            config: Its penalties count; how to search does not.
            alternatives: Most probable pieces to record of each step, 0–100.
            batch_tokens: See `translate`.

        Returns:
            One translation for each text, whose only hypothesis is the target, with `ranks`.

        Raises:
            InputError: a text or a target that the model cannot take; ``field`` is "target" for a target.
            ConfigurationError: options that do not suit the model.
        """
        if len(texts) != len(targets):
            raise InputError(
                "targets_needed",
                f"score needs one target for each of {len(texts)} texts; got {len(targets)}.",
                {"field": "target", "allowed": len(texts), "got": len(targets)},
            )
        forced = DecodingConfig(
            strategy="greedy", length_penalty=config.length_penalty, coverage_penalty=config.coverage_penalty
        )
        request = self._request(forced, alternatives=alternatives)
        lines = [line if len(texts) > 1 else None for line in range(1, len(texts) + 1)]
        sources = [self._read(text, line=line) for text, line in zip(texts, lines, strict=True)]
        wanted = [self._read_target(target, line=line) for target, line in zip(targets, lines, strict=True)]
        translations: dict[int, Translation] = {}
        for indices in _batches([len(source.ids) for source in sources], budget=batch_tokens):
            chosen = [sources[index] for index in indices]
            batch = self._translate_batch(chosen, request, targets=[wanted[index] for index in indices])
            translations.update(zip(indices, batch, strict=True))
        return [translations[index] for index in range(len(sources))]

    def judge(self, own: Translation, found: Translation, config: DecodingConfig) -> Judgement:
        """Say what a person's target, beside the best that a search found, tells about search and model.

        Args:
            own: From `score`, with the penalties of `config`.
            found: From `translate`, of the same source with `config`.
            config: What the search was given.
        """
        output = own.hypotheses[0]
        _, options = self.prepare([found.source], config)
        reachable = (
            UNK_ID not in output.token_ids
            and config.min_length <= len(output.token_ids) <= options.max_lengths[0]
            and output.text.startswith(normalise_prefix(config.prefix))
            and all(most_repeats(output.token_ids) <= limit for limit in options.repeat_limits)
        )
        return judge(output, found.hypotheses[0], reachable=reachable)

    def stream(
        self,
        text: str,
        config: DecodingConfig,
        *,
        prefix_tokens: Sequence[int] = (),
        alternatives: int = 0,
        trace: bool = False,
    ) -> Generator[Translation, None, None]:
        """Translate one sentence step by step.

        Args:
            text: One sentence; it is checked before this returns.
            config: Decoding options.
            prefix_tokens: Token ids that every output begins with, in place of `config.prefix`: the way to go on from
                a point of an earlier search.
            alternatives: Most probable pieces to record of each step, 0–100.
            trace: Whether the last translation has the search tree.

        Returns:
            A generator of a translation after each step, with the best live hypotheses so far (`finished` is
            False), and at last the final one. A step is taken when it is asked for; closing the generator ends the
            search.

        Raises:
            InputError: a text that the model cannot take.
            ConfigurationError: options that do not suit the model.
        """
        request = self._request(config, prefix_tokens=prefix_tokens, alternatives=alternatives, trace=trace)
        return self._stream(self._read(text), request)

    def prepare(self, texts: Sequence[str], config: DecodingConfig) -> tuple[DecoderState, SearchOptions]:
        """Encode texts, as one batch, up to where a search starts.

        Returns:
            state: One row for each text.
            options: For a search over them.

        Raises:
            InputError: a text that the model cannot take.
            ConfigurationError: options that do not suit the model.
        """
        return self._prepare([self._read(text) for text in texts], self._request(config))

    def _request(
        self,
        config: DecodingConfig,
        *,
        prefix_tokens: Sequence[int] = (),
        alternatives: int = 0,
        trace: bool = False,
    ) -> _Request:
        """Check the options, read the prefix and draw the seed."""
        self.check_config(config)
        check_range("alternatives", alternatives, 0, 100)
        constraint: Constraint | None = None
        if prefix_tokens:
            constraint = TokenPrefix(self._check_tokens(prefix_tokens, field="prefix_tokens"))
        elif prefix := normalise_prefix(config.prefix):
            constraint = TextPrefix(self._spellings, prefix)
        return _Request(config.with_seed(), constraint, alternatives, trace)

    @cached_property
    def _spellings(self) -> Spellings:
        return Spellings(self.checkpoint.target_tokenizer.spellings())

    def _check_tokens(self, token_ids: Sequence[int], *, field: str) -> Sequence[int]:
        """Return them, unless one cannot stand there: padding, a begin symbol, an end symbol before the last."""
        for position, token in enumerate(token_ids):
            last = position == len(token_ids) - 1
            if token in (PAD_ID, BOS_ID) or (token == EOS_ID and not last):
                raise InputError(
                    "bad_token",
                    f"{field} must not have {self.checkpoint.target_tokenizer.pieces([token])[0]!r} there; "
                    f"got it at position {position + 1}.",
                    {"field": field, "position": position + 1, "got": token},
                )
            check_range(field, token, 0, self.config.model.target_vocab_size - 1)
        return token_ids

    def _stream(self, source: _Source, request: _Request) -> Generator[Translation, None, None]:
        start = time.perf_counter()
        search = _STEPWISE[request.config.strategy]
        state, options = self._prepare([source], request)
        with closing(search(self._model.step, state, options=options)) as steps:
            for (result,) in steps:
                yield self._translation(source, result, request, seconds=time.perf_counter() - start)

    def _translate_batch(
        self, sources: list[_Source], request: _Request, *, targets: list[Sequence[int]] | None = None
    ) -> list[Translation]:
        """Decode a batch, freely or with the targets forced."""
        start = time.perf_counter()
        state, options = self._prepare(sources, request)
        if targets is None:
            results = _SEARCHES[request.config.strategy](self._model.step, state, options=options)
        else:
            results = forced_search(self._model.step, state, targets=targets, options=options)
        per_step = (time.perf_counter() - start) / sum(result.steps for result in results)
        return [
            self._translation(source, result, request, seconds=result.steps * per_step)
            for source, result in zip(sources, results, strict=True)
        ]

    @torch.inference_mode()
    def _prepare(self, sources: list[_Source], request: _Request) -> tuple[DecoderState, SearchOptions]:
        """See `prepare`."""
        lengths = [len(source.ids) for source in sources]
        src = torch.full((len(sources), max(lengths)), PAD_ID)
        for row, source in zip(src, sources, strict=True):
            row[: len(source.ids)] = torch.tensor(source.ids)
        encoded = self._model.encode(src.to(self.device), torch.tensor(lengths, device=self.device))
        seed = request.config.seed
        options = SearchOptions.from_config(
            request.config,
            source_lengths=[length - 1 for length in lengths],
            bos=BOS_ID,
            eos=EOS_ID,
            pad=PAD_ID,
            seeds=() if seed is None else tuple((seed, *source.ids) for source in sources),
            constraint=request.constraint,
            source_repeats=[most_repeats(source.ids) for source in sources],
            alternatives=request.alternatives,
            trace=request.trace,
        )
        return self._model.initial_state(encoded), options

    def _read(self, text: object, *, line: int | None = None) -> _Source:
        """Normalise, tokenise and check one text."""
        where = "" if line is None else f"line {line}: "
        fields: dict[str, object] = {} if line is None else {"line": line}
        if not isinstance(text, str):
            kind = type(text).__name__
            raise InputError("not_text", f"{where}the source must be text; got {kind}.", {**fields, "got": kind})
        if len(text) > MAX_SOURCE_CHARACTERS:
            raise InputError(
                "source_too_many_characters",
                f"{where}the source has {len(text):,} characters and the limit is {MAX_SOURCE_CHARACTERS:,}; "
                "split it into sentences.",
                {**fields, "characters": len(text), "limit": MAX_SOURCE_CHARACTERS},
            )
        normalised = normalise(text)
        ids = self.checkpoint.source_tokenizer.encode(normalised)
        if not ids:
            raise InputError("empty", f"{where}the source is empty; type a sentence.", fields)
        if len(ids) > MAX_SOURCE_TOKENS:
            raise InputError(
                "source_too_long",
                f"{where}the source has {len(ids)} tokens and the model takes at most {MAX_SOURCE_TOKENS}; "
                "split it into sentences.",
                {**fields, "tokens": len(ids), "limit": MAX_SOURCE_TOKENS},
            )
        return _Source(normalised, (*ids, EOS_ID))

    def _read_target(self, target: str | Sequence[int], *, line: int | None) -> Sequence[int]:
        """Normalise, tokenise and check one target."""
        where = "" if line is None else f"line {line}: "
        fields: dict[str, object] = {"field": "target"} if line is None else {"field": "target", "line": line}
        if not isinstance(target, str):
            ids = list(self._check_tokens(target, field="target"))
        elif len(target) > MAX_SOURCE_CHARACTERS:
            raise InputError(
                "target_too_many_characters",
                f"{where}the target has {len(target):,} characters and the limit is {MAX_SOURCE_CHARACTERS:,}.",
                {**fields, "characters": len(target), "limit": MAX_SOURCE_CHARACTERS},
            )
        else:
            ids = self.checkpoint.target_tokenizer.encode(normalise(target))
            ids = [*ids, EOS_ID] if ids else ids
        if not ids:
            raise InputError("target_empty", f"{where}the target is empty; type a translation.", fields)
        if len(ids) > MAX_TARGET_TOKENS:
            raise InputError(
                "target_too_long",
                f"{where}the target has {len(ids)} tokens, end symbol included, and the limit is {MAX_TARGET_TOKENS}.",
                {**fields, "tokens": len(ids), "limit": MAX_TARGET_TOKENS},
            )
        return ids

    def _translation(self, source: _Source, result: SearchResult, request: _Request, *, seconds: float) -> Translation:
        tokenizer = self.checkpoint.source_tokenizer
        return Translation(
            source=source.text,
            source_tokens=tuple(tokenizer.pieces(source.ids)),
            source_words=tokenizer.words(source.ids),
            hypotheses=tuple(self._hypothesis(hypothesis) for hypothesis in result.hypotheses),
            seconds=seconds,
            steps=result.steps,
            trace=self._trace(result),
            seed=request.config.seed if request.config.strategy == "sample" else None,
        )

    def _hypothesis(self, hypothesis: Hypothesis) -> TranslatedHypothesis:
        tokenizer = self.checkpoint.target_tokenizer
        return TranslatedHypothesis(
            text=tokenizer.decode(hypothesis.token_ids),
            tokens=tuple(tokenizer.pieces(hypothesis.token_ids)),
            token_ids=hypothesis.token_ids,
            token_log_probs=hypothesis.token_log_probs,
            words=tokenizer.words(hypothesis.token_ids),
            attention=None if hypothesis.attention is None else hypothesis.attention.numpy(),
            log_prob=hypothesis.log_prob,
            score=hypothesis.score,
            finished=hypothesis.finished,
            alternatives=self._alternatives(hypothesis),
            ranks=hypothesis.ranks,
        )

    def _trace(self, result: SearchResult) -> SearchTrace | None:
        """Name the pieces of a recorded search."""
        if result.trace is None:
            return None
        pieces = self.checkpoint.target_tokenizer.pieces([node.token_id for node in result.trace.nodes])
        return replace(result.trace, tokens=tuple(pieces))

    def _alternatives(self, hypothesis: Hypothesis) -> tuple[tuple[TokenAlternative, ...], ...] | None:
        if hypothesis.alternatives is None:
            return None
        tokenizer = self.checkpoint.target_tokenizer
        found = []
        for step in hypothesis.alternatives:
            pieces = tokenizer.pieces([one.token_id for one in step])
            chosen = zip(pieces, step, strict=True)
            found.append(tuple(TokenAlternative(piece, one.token_id, one.log_prob) for piece, one in chosen))
        return tuple(found)


def _batches(lengths: Sequence[int], *, budget: int) -> Iterator[list[int]]:
    """Group indices of like length, longest first, so that size × longest is within the budget; one always fits."""
    batch: list[int] = []
    longest = 0
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        if batch and (len(batch) + 1) * longest > budget:
            yield batch
            batch = []
        longest = longest if batch else lengths[index]
        batch.append(index)
    if batch:
        yield batch
