"""Text in, `Translation` out: the one class that the page and the command line use."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from seq2seq_demo.checkpoint import Checkpoint, choose_device, load_checkpoint, push_to_hub, save_checkpoint
from seq2seq_demo.config import CheckpointConfig, DecodingConfig
from seq2seq_demo.equations import equations_of
from seq2seq_demo.errors import ConfigurationError, InputError
from seq2seq_demo.explanation import Explanation, encoder_positions, explain_steps
from seq2seq_demo.inputs import Source, check_tokens, normalise_prefix, read_pinned, read_source, read_target
from seq2seq_demo.model.decoder import DecoderState
from seq2seq_demo.reading import merge_words
from seq2seq_demo.search import (
    Constraint,
    Hypothesis,
    Judgement,
    Lockstep,
    PinnedAttention,
    SearchOptions,
    SearchResult,
    SearchTrace,
    Spellings,
    StepFunction,
    TextPrefix,
    TokenPrefix,
    begin_search,
    decode,
    decode_steps,
    forced_search,
    judge,
)
from seq2seq_demo.search.judgement import Obstacle
from seq2seq_demo.search.repetition import most_repeats
from seq2seq_demo.search.step import coverage_needs_attention
from seq2seq_demo.strict import check_range
from seq2seq_demo.tokenizer import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from seq2seq_demo.translation import TokenAlternative, TranslatedHypothesis, Translation

__all__ = ["TokenAlternative", "TranslatedHypothesis", "Translation", "Translator", "merge_words", "normalise_prefix"]

BATCH_TOKENS = 8192
"""Default of `Translator.translate`'s `batch_tokens`."""

Pins = Mapping[int, Sequence[float]]
"""Attention that a person has chosen: for target tokens, counted from 0, a weight for each source token.

The end symbol is a source token too. Weights are at least 0; each row is divided by its sum."""


@dataclass(frozen=True)
class _Request:
    """What to decode with, and what to record."""

    config: DecodingConfig
    constraint: Constraint | None = None
    alternatives: int = 0
    trace: bool = False
    pinned: Mapping[int, Tensor] = field(default_factory=dict)
    """Attention of chosen target tokens, each (src_len,)."""


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
        self._source(text, line=line)

    def read_text(self, text: str, *, line: int | None = None) -> str:
        """Return a source as the model reads it: normalised, and brought nearer to what it knows (`typed_text`).

        Args:
            text: One sentence.
            line: Its line in the input, counted from 1, for the message.

        Raises:
            InputError: see `check_text`.
        """
        return self._source(text, line=line).text

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
        pinned: Pins | None = None,
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
            pinned: Attention that every hypothesis has in place of the model's own: for target tokens, counted from
                0, a weight for each source token, the end symbol included. Each row is divided by its sum. Only with
                one text; a token that no hypothesis comes to changes nothing.
            alternatives: Most probable pieces to record of each step, 0–100.
            trace: Whether to record the search tree; see `search.SearchTrace`.
            batch_tokens: Largest padded size of a batch: sentences × longest source × `config.rows`. One sentence is
                always a batch, whatever its size.
            progress: Called after each batch with the number of sentences in it.

        Returns:
            One translation for each text, in their order.

        Raises:
            InputError: a text that the model cannot take; no text has been decoded then. Where there are several,
                message and fields name its line. Or a prefix that it cannot write, or ``pinned_…``: weights that are
                none.
            ConfigurationError: options that do not suit the model, or ``pinned_needs_attention``.
        """
        if isinstance(texts, str):
            raise InputError("not_text", "texts must be a list of sentences; got one string.", {"got": "str"})
        request = self._request(config, prefix_tokens=prefix_tokens, alternatives=alternatives, trace=trace)
        several = len(texts) > 1
        sources = [self._source(text, line=line if several else None) for line, text in enumerate(texts, start=1)]
        request = replace(request, pinned=self._read_pinned(pinned, sources))
        translations: dict[int, Translation] = {}
        for indices in _batches([len(source.ids) for source in sources], budget=batch_tokens // config.rows):
            batch = self._translate_batch([sources[index] for index in indices], request)
            translations.update(zip(indices, batch, strict=True))
            if progress is not None:
                progress(len(indices))
        return [translations[index] for index in range(len(sources))]

    def compare(
        self,
        text: str,
        configs: Sequence[DecodingConfig],
        *,
        prefix_tokens: Sequence[int] = (),
        pinned: Pins | None = None,
        alternatives: int = 0,
    ) -> list[Translation]:
        """Translate one sentence in several ways: one encoding, and in each step one batch of all searches' rows.

        The results are those of separate calls of `translate`, but for rounding. A translation's `seconds` are those of
        the encoding and, of each step until its search ended, the share of its rows.

        Args:
            text: One sentence.
            configs: Decoding options of each; a seed that is not given is drawn for each.
            prefix_tokens: See `translate`; the same for all.
            pinned: See `translate`; the same for all.
            alternatives: Most probable pieces to record of each step, 0–100.

        Returns:
            One translation for each of the options, in their order.

        Raises:
            InputError: a text that the model cannot take; see `translate`. Nothing has been decoded then.
            ConfigurationError: options that do not suit the model.
        """
        if not configs:
            return []
        lockstep, translations = self._begin_comparison(
            text, configs, prefix_tokens=prefix_tokens, pinned=pinned, alternatives=alternatives
        )
        lockstep.run()
        return translations()

    def stream_comparison(
        self,
        text: str,
        configs: Sequence[DecodingConfig],
        *,
        prefix_tokens: Sequence[int] = (),
        pinned: Pins | None = None,
        alternatives: int = 0,
        wanted: Callable[[], bool] | None = None,
    ) -> Generator[list[Translation], None, None]:
        """Translate one sentence in several ways, step by step: as `compare` does, and as lazily as `stream`.

        Args:
            text: One sentence.
            configs: See `compare`.
            prefix_tokens: See `compare`.
            pinned: See `compare`.
            alternatives: See `compare`.
            wanted: See `stream`.

        Yields:
            After each step the translations so far, in the order of the options, and at last the final ones.

        Raises:
            InputError: see `compare`; when the first item is asked for, as all errors here.
            ConfigurationError: see `compare`.
        """
        if not configs:
            yield []
            return
        lockstep, translations = self._begin_comparison(
            text, configs, prefix_tokens=prefix_tokens, pinned=pinned, alternatives=alternatives, check_every=1
        )
        for _ in lockstep.steps():
            if wanted is None or wanted():
                yield translations()
        yield translations()

    def score(
        self,
        texts: Sequence[str],
        targets: Sequence[str | Sequence[int]],
        config: DecodingConfig,
        *,
        pinned: Pins | None = None,
        alternatives: int = 0,
        batch_tokens: int = BATCH_TOKENS,
    ) -> list[Translation]:
        """Score given targets by forced decoding.

        Args:
            texts: Source sentences.
            targets: The target of each: a text, which is normalised and ends with the end symbol, or the token ids of
                a hypothesis as they are.
            config: Its penalties count; how to search does not.
            pinned: See `translate`: what its output was written with, where the two are to be compared.
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
        sources = [self._source(text, line=line) for text, line in zip(texts, lines, strict=True)]
        request = replace(request, pinned=self._read_pinned(pinned, sources))
        tokenizer = self.checkpoint.target_tokenizer
        wanted = [read_target(target, tokenizer, line=line) for target, line in zip(targets, lines, strict=True)]
        translations: dict[int, Translation] = {}
        for indices in _batches([len(source.ids) for source in sources], budget=batch_tokens):
            chosen = [sources[index] for index in indices]
            batch = self._translate_batch(chosen, request, targets=[wanted[index] for index in indices])
            translations.update(zip(indices, batch, strict=True))
        return [translations[index] for index in range(len(sources))]

    def explain(self, text: str, target: str | Sequence[int], *, pinned: Pins | None = None) -> Explanation:
        """Walk through the steps that write a given target, and tell what the model computes in each.

        Args:
            text: Source sentence.
            target: The token ids of a hypothesis as they are, or a text; see `score`.
            pinned: See `translate`: what the hypothesis was written with.

        Raises:
            InputError: a text or a target that the model cannot take, or ``pinned_…``: weights that are none.
            ConfigurationError: ``pinned_needs_attention``, or a token id beyond the vocabulary.
        """
        source, tokenizer = self._source(text), self.checkpoint.target_tokenizer
        token_ids = tuple(read_target(target, tokenizer))
        rows = self._read_pinned(pinned, [source])
        state = self._encode([source])
        config = self.config.model
        return Explanation(
            source=source.text,
            source_tokens=tuple(self.checkpoint.source_tokenizer.pieces(source.ids)),
            source_words=self.checkpoint.source_tokenizer.words(source.ids),
            text=tokenizer.decode(token_ids),
            tokens=tuple(tokenizer.pieces(token_ids)),
            token_ids=token_ids,
            words=tokenizer.words(token_ids),
            cell=config.cell,
            attention=config.attention,
            input_feeding=config.input_feeding,
            equations=equations_of(config),
            encoder=encoder_positions(self._model, state),
            steps=explain_steps(self._model, state, token_ids, tokenizer=tokenizer, pinned=rows),
        )

    def judge(
        self, own: Translation, found: Translation, config: DecodingConfig, *, prefix_tokens: Sequence[int] = ()
    ) -> Judgement:
        """Say what a person's target, beside the best that a search found, tells about search and model.

        Args:
            own: From `score`, with the penalties of `config`, and with the same attention pinned as `found`, if any.
            found: From `translate`, of the same source with `config`.
            config: What the search was given.
            prefix_tokens: What the search was given.
        """
        obstacles = self.obstacles(own, config, prefix_tokens=prefix_tokens)
        return judge(own.hypotheses[0], found.hypotheses[0], reachable=not obstacles)

    def obstacles(
        self, own: Translation, config: DecodingConfig, *, prefix_tokens: Sequence[int] = ()
    ) -> list[Obstacle]:
        """Say why a search with these options could not have written a person's target; empty where it could.

        Args:
            own: From `score`.
            config: What the search was given.
            prefix_tokens: What the search was given.
        """
        output = own.hypotheses[0]
        request = self._request(config, prefix_tokens=prefix_tokens)
        options = self._options([self._source(own.source)], request)
        length = len(output.token_ids)
        if prefix_tokens:
            keeps_prefix = output.token_ids[: len(prefix_tokens)] == tuple(prefix_tokens)
        else:
            keeps_prefix = output.text.startswith(normalise_prefix(config.prefix))
        found = {
            Obstacle.UNKNOWN_PIECE: UNK_ID in output.token_ids,
            Obstacle.TOO_SHORT: length < config.min_length,
            Obstacle.TOO_LONG: length > options.max_lengths[0],
            Obstacle.OTHER_PREFIX: not keeps_prefix,
            Obstacle.REPEATS: any(most_repeats(output.token_ids) > limit for limit in options.repeat_limits),
        }
        return [obstacle for obstacle, there in found.items() if there]

    def stream(
        self,
        text: str,
        config: DecodingConfig,
        *,
        prefix_tokens: Sequence[int] = (),
        pinned: Pins | None = None,
        alternatives: int = 0,
        trace: bool = False,
        wanted: Callable[[], bool] | None = None,
    ) -> Generator[Translation, None, None]:
        """Translate one sentence step by step.

        Args:
            text: One sentence; it is checked before this returns.
            config: Decoding options.
            prefix_tokens: Token ids that every output begins with, in place of `config.prefix`: the way to go on from
                a point of an earlier search.
            pinned: See `translate`.
            alternatives: Most probable pieces to record of each step, 0–100.
            trace: Whether the last translation has the search tree.
            wanted: Asked after each step whether the translation so far is to be put together, which for a long
                output costs more than the step; None is always.

        Returns:
            A generator of a translation after each step, with the best live hypotheses so far (`finished` is
            False), and at last the final one. A step is taken when it is asked for; closing the generator ends the
            search.

        Raises:
            InputError: a text that the model cannot take, or ``pinned_…``: weights that are none.
            ConfigurationError: options that do not suit the model.
        """
        request = self._request(config, prefix_tokens=prefix_tokens, alternatives=alternatives, trace=trace)
        source = self._source(text)
        return self._stream(source, replace(request, pinned=self._read_pinned(pinned, [source])), wanted)

    def prepare(self, texts: Sequence[str], config: DecodingConfig) -> tuple[DecoderState, SearchOptions]:
        """Encode texts, as one batch, up to where a search starts.

        Returns:
            state: One row for each text.
            options: For a search over them.

        Raises:
            InputError: a text that the model cannot take.
            ConfigurationError: options that do not suit the model.
        """
        sources = [self._source(text) for text in texts]
        options = self._options(sources, self._request(config))
        return self._encode(sources), options

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
            tokenizer = self.checkpoint.target_tokenizer
            constraint = TokenPrefix(check_tokens(prefix_tokens, tokenizer, field="prefix_tokens"))
        elif prefix := normalise_prefix(config.prefix):
            constraint = TextPrefix(self._spellings, prefix)
        return _Request(config.with_seed(), constraint, alternatives, trace)

    @cached_property
    def _spellings(self) -> Spellings:
        return Spellings(self.checkpoint.target_tokenizer.spellings())

    def _read_pinned(self, pinned: Pins | None, sources: Sequence[Source]) -> dict[int, Tensor]:
        """Check attention that a person has chosen; return its rows, each (src_len,)."""
        if not pinned:
            return {}
        if self.config.model.attention == "none":
            raise ConfigurationError(
                "pinned_needs_attention",
                "pinned needs a model with attention; got a model with attention 'none'.",
                {"field": "pinned", "got": "none"},
            )
        if len(sources) != 1:
            raise InputError(
                "pinned_one_text",
                f"pinned holds for one text at a time; got {len(sources)}.",
                {"field": "pinned", "allowed": 1, "got": len(sources)},
            )
        rows = read_pinned(pinned, source_tokens=len(sources[0].ids))
        return {step: torch.from_numpy(row).to(self.device) for step, row in rows.items()}

    def _step(self, request: _Request) -> StepFunction[DecoderState]:
        """Return the step function of one search."""
        step: StepFunction[DecoderState] = self._model.step
        return PinnedAttention(self._model.step, request.pinned) if request.pinned else step

    def _begin_comparison(
        self,
        text: str,
        configs: Sequence[DecodingConfig],
        *,
        prefix_tokens: Sequence[int],
        pinned: Pins | None,
        alternatives: int,
        check_every: int | None = None,
    ) -> tuple[Lockstep[DecoderState], Callable[[], list[Translation]]]:
        """Encode a sentence for several searches; returns them, and a function that gives their translations so far."""
        source = self._source(text)
        rows = self._read_pinned(pinned, [source])
        requests = [
            replace(self._request(config, prefix_tokens=prefix_tokens, alternatives=alternatives), pinned=rows)
            for config in configs
        ]
        options = [self._options([source], request) for request in requests]
        start = time.perf_counter()
        state = self._encode([source])
        searches = [
            begin_search(request.config.strategy, state, options=chosen, check_every=check_every)
            for request, chosen in zip(requests, options, strict=True)
        ]
        encoding = time.perf_counter() - start
        # What is pinned is the same for all, so that any of the requests gives the step of all.
        lockstep = Lockstep(searches, self._step(requests[0]))

        def translations() -> list[Translation]:
            return [
                self._translation(source, result, request, seconds=encoding + seconds)
                for request, (result,), seconds in zip(requests, lockstep.results(), lockstep.seconds, strict=True)
            ]

        return lockstep, translations

    def _stream(
        self, source: Source, request: _Request, wanted: Callable[[], bool] | None
    ) -> Generator[Translation, None, None]:
        start = time.perf_counter()
        options = self._options([source], request)
        search = begin_search(request.config.strategy, self._encode([source]), options=options, check_every=1)
        with closing(decode_steps(search, self._step(request), wanted=wanted)) as steps:
            for (result,) in steps:
                yield self._translation(source, result, request, seconds=time.perf_counter() - start)

    def _translate_batch(
        self, sources: list[Source], request: _Request, *, targets: list[Sequence[int]] | None = None
    ) -> list[Translation]:
        """Decode a batch, freely or with the targets forced."""
        start = time.perf_counter()
        options, state, step = self._options(sources, request), self._encode(sources), self._step(request)
        if targets is None:
            results = decode(begin_search(request.config.strategy, state, options=options), step)
        else:
            results = forced_search(step, state, targets=targets, options=options)
        per_step = (time.perf_counter() - start) / sum(result.steps for result in results)
        return [
            self._translation(source, result, request, seconds=result.steps * per_step)
            for source, result in zip(sources, results, strict=True)
        ]

    @torch.inference_mode()
    def _encode(self, sources: Sequence[Source]) -> DecoderState:
        """Encode a batch up to where a search starts."""
        lengths = [len(source.ids) for source in sources]
        src = torch.full((len(sources), max(lengths)), PAD_ID)
        for row, source in zip(src, sources, strict=True):
            row[: len(source.ids)] = torch.tensor(source.ids)
        encoded = self._model.encode(src.to(self.device), torch.tensor(lengths, device=self.device))
        return self._model.initial_state(encoded)

    def _options(self, sources: Sequence[Source], request: _Request) -> SearchOptions:
        seed = request.config.seed
        return SearchOptions.from_config(
            request.config,
            source_lengths=[len(source.ids) - 1 for source in sources],
            bos=BOS_ID,
            eos=EOS_ID,
            pad=PAD_ID,
            seeds=() if seed is None else tuple((seed, *source.ids) for source in sources),
            constraint=request.constraint,
            source_repeats=[source.repeats for source in sources],
            alternatives=request.alternatives,
            trace=request.trace,
        )

    def _source(self, text: object, *, line: int | None = None) -> Source:
        config = self.config
        tokenizer = self.checkpoint.source_tokenizer
        return read_source(text, tokenizer, language=config.source_language, task=config.task, line=line)

    def _translation(self, source: Source, result: SearchResult, request: _Request, *, seconds: float) -> Translation:
        tokenizer = self.checkpoint.source_tokenizer
        return Translation(
            source=source.text,
            source_tokens=tuple(tokenizer.pieces(source.ids)),
            # Letters are what a pronunciation is about: each counts as a word, or there would be one column.
            source_words=tokenizer.words(source.ids, single=self.config.task == "pronounce"),
            hypotheses=tuple(self._hypothesis(hypothesis) for hypothesis in result.hypotheses),
            seconds=seconds,
            steps=result.steps,
            trace=self._trace(result),
            seed=request.config.seed if request.config.strategy == "sample" else None,
            notes=source.notes,
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
