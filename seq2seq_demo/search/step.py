"""What a search is given and what it returns. It knows no model: only a step function and a state.

A step function maps the previous token of each row and a state to log-probabilities over the vocabulary, the next
state, and the attention weights that it used. A state is a value: `index_select` makes another one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from torch import Tensor

from seq2seq_demo.config import DecodingConfig, check_groups
from seq2seq_demo.errors import ConfigurationError, InputError
from seq2seq_demo.search.constraint import Constraint
from seq2seq_demo.search.trace import SearchTrace
from seq2seq_demo.strict import check_range

MAX_TARGET_TOKENS = 512
"""Most target tokens that a search writes, the end symbol included."""


class State(Protocol):
    """Everything a step function needs to know about the sentences and what has been decoded, one row each."""

    @property
    def src_mask(self) -> Tensor:
        """True at real source tokens, False at padding, (rows, src_len)."""

    def index_select(self, rows: Tensor, /) -> Self:
        """Return the state with the given rows, (new rows,); rows may repeat and be left out."""


StateT = TypeVar("StateT", bound=State)


class StepFunction(Protocol[StateT]):
    """One decoding step, a pure function."""

    def __call__(self, previous_tokens: Tensor, state: StateT, /) -> tuple[Tensor, StateT, Tensor | None]:
        """Continue every row by one token.

        Args:
            previous_tokens: (rows,).
            state: A state of as many rows.

        Returns:
            log_probs: (rows, vocabulary), float32.
            new_state: The state after the step.
            attention_weights: (rows, src_len), or None where the model has no attention.
        """


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """Options of a search over a batch of sentences.

    Raises:
        ConfigurationError: a value out of range.
    """

    bos: int
    """Id that the first step is given; never written."""
    eos: int
    """Id that finishes a hypothesis."""
    pad: int
    """Id of padding; never written."""
    max_lengths: tuple[int, ...]
    """Most tokens of each sentence, the end symbol included, at least 1."""
    min_length: int = 0
    """The end symbol is not allowed before this many tokens, itself included."""
    beam_size: int = 1
    """Hypotheses worked on at a time, for each sentence; where it samples, as many as `n_best`."""
    n_best: int = 1
    """Hypotheses returned for each sentence, at most `beam_size`."""
    length_penalty: float = 0.0
    """α of `scoring.length_penalty`."""
    coverage_penalty: float = 0.0
    """β of `scoring.hypothesis_score`; needs attention."""
    beam_groups: int = 1
    """Groups of the beam, which divide `beam_size`; 1 is plain beam search."""
    diversity: float = 0.0
    """λ: what a token loses for each time that earlier groups chose it at the same step."""
    temperature: float = 1.0
    """Divides log-probabilities before sampling."""
    top_k: int = 0
    """Sample among so many best tokens; 0 is among all."""
    top_p: float = 1.0
    """Sample among the fewest best tokens whose mass reaches it."""
    seeds: tuple[tuple[int, ...], ...] = ()
    """Numbers that start each sentence's own random stream; only sampling needs them."""
    constraints: tuple[Constraint | None, ...] = ()
    """What the outputs of each sentence must begin with, None for nothing; or none at all."""
    repeat_limits: tuple[int, ...] = ()
    """Most times that an output of each sentence may write a 3-gram, 0 for no limit; or nothing at all."""
    alternatives: int = 0
    """Record so many most probable tokens of each step; 0 records none, and costs nothing."""
    trace: bool = False
    """Record the search tree; costs nothing where it is off."""

    def __post_init__(self) -> None:
        for length in self.max_lengths:
            check_range("max_lengths", length, 1, 10**6)
        check_range("min_length", self.min_length, 0, 10**6)
        check_range("beam_size", self.beam_size, 1, 10**6)
        check_range("n_best", self.n_best, 1, self.beam_size)
        check_range("length_penalty", self.length_penalty, 0, 100)
        check_range("coverage_penalty", self.coverage_penalty, 0, 100)
        check_groups(self.beam_size, self.beam_groups)
        check_range("diversity", self.diversity, 0, 1e6)
        check_range("temperature", self.temperature, 0, 1e6, low_open=True)
        check_range("top_k", self.top_k, 0, 10**9)
        check_range("top_p", self.top_p, 0, 1, low_open=True)
        for limit in self.repeat_limits:
            check_range("repeat_limits", limit, 0, 10**6)
        check_range("alternatives", self.alternatives, 0, 1000)

    @classmethod
    def from_config(
        cls,
        config: DecodingConfig,
        *,
        source_lengths: Sequence[int],
        bos: int,
        eos: int,
        pad: int,
        seeds: tuple[tuple[int, ...], ...] = (),
        constraint: Constraint | None = None,
        source_repeats: Sequence[int] = (),
        alternatives: int = 0,
        trace: bool = False,
    ) -> Self:
        """Options for a batch of sentences.

        Args:
            config: What the person asked for.
            source_lengths: Source tokens of each sentence, the end symbol not counted. Where `config.max_length` is
                None, a sentence may have 2 × source tokens + 10 target tokens (never fewer than `min_length`, never
                more than `MAX_TARGET_TOKENS`).
            bos: Id of the target's begin symbol.
            eos: Id of the target's end symbol.
            pad: Id of the target's padding.
            seeds: Numbers that start each sentence's random stream.
            constraint: What every output must begin with. Where `config.max_length` is None, it too may have twice
                its tokens, plus 10.
            source_repeats: `repetition.most_repeats` of each source, which may be repeated as often whatever
                `config.repeat_limit` says; without them there is no limit.
            alternatives: Tokens to record of each step.
            trace: Whether to record the search tree.

        Raises:
            InputError: ``prefix_too_long``: the constraint needs more tokens than the maximum length.
        """
        needed = 0 if constraint is None else constraint.fewest_tokens
        if config.max_length is not None:
            max_lengths = tuple(config.max_length for _ in source_lengths)
        else:
            default = (max(2 * max(length, needed) + 10, config.min_length) for length in source_lengths)
            max_lengths = tuple(min(length, MAX_TARGET_TOKENS) for length in default)
        if needed > min(max_lengths, default=needed):
            raise InputError(
                "prefix_too_long",
                f"the prefix takes at least {needed} tokens and max_length is {min(max_lengths)}; shorten it.",
                {"field": "prefix", "tokens": needed, "limit": min(max_lengths)},
            )
        return cls(
            bos=bos,
            eos=eos,
            pad=pad,
            max_lengths=max_lengths,
            min_length=config.min_length,
            beam_size=config.rows,
            n_best=1 if config.strategy == "greedy" else config.n_best,
            length_penalty=config.length_penalty,
            coverage_penalty=config.coverage_penalty,
            beam_groups=config.beam_groups if config.strategy == "diverse-beam" else 1,
            diversity=config.diversity,
            temperature=config.temperature,
            top_k=config.top_k,
            top_p=config.top_p,
            seeds=seeds,
            constraints=() if constraint is None else (constraint,) * len(max_lengths),
            repeat_limits=tuple(max(config.repeat_limit, repeats) for repeats in source_repeats)
            if config.repeat_limit
            else (),
            alternatives=alternatives,
            trace=trace,
        )

    def forbidden(self, length: int) -> tuple[int, ...]:
        """Ids that may not be written as token number `length`, counted from 1."""
        always = (self.bos, self.pad)
        return (*always, self.eos) if length < self.min_length else always

    def check_attention(self, attention: Tensor | None) -> None:
        """Raise a `ConfigurationError` where the coverage penalty is asked of a model without attention."""
        if self.coverage_penalty and attention is None:
            raise coverage_needs_attention(self.coverage_penalty)


def coverage_needs_attention(got: float) -> ConfigurationError:
    """Return the error for a coverage penalty on a model that has attention 'none'."""
    return ConfigurationError(
        "coverage_needs_attention",
        f"coverage_penalty needs a model with attention; got {got:g} for a model with attention 'none'. Set it to 0.",
        {"field": "coverage_penalty", "allowed": 0, "got": got},
    )


@dataclass(frozen=True)
class Alternative:
    """A token that a hypothesis might have gone on with, or did."""

    token_id: int
    log_prob: float
    """In nats, under the model."""


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """One output of a search."""

    token_ids: tuple[int, ...]
    """Ends with the end symbol where `finished`."""
    token_log_probs: tuple[float, ...]
    """The model's log-probability of each token, in nats."""
    attention: Tensor | None
    """Row t holds the weights with which token t was written, (tokens, the sentence's source tokens), on the CPU."""
    log_prob: float
    """Raw sum of `token_log_probs`, in nats."""
    score: float
    """`log_prob` under the penalties; what finished hypotheses are ranked by."""
    finished: bool
    """False where the maximum length cut it, or nothing could follow."""
    alternatives: tuple[tuple[Alternative, ...], ...] | None = None
    """The model's most probable tokens at each step, best first, whatever was allowed; None where not recorded."""
    ranks: tuple[int, ...] | None = None
    """Rank of each token among the whole vocabulary, 1 for the most probable; of forced decoding alone."""


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What a search found for one sentence."""

    hypotheses: list[Hypothesis]
    """Best first: finished ones by score, then the cut ones by score. Never empty."""
    steps: int
    """Steps taken until the search of this sentence stopped."""
    trace: SearchTrace | None = None
    """What the search saw, where it was recorded; of sampling, what was drawn."""
