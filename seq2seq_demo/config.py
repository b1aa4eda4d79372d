"""Frozen, strict configurations: of a model, of its training, of decoding, and what a recipe and a checkpoint say.

How they are checked, and what their errors say, stands in `strict`.
"""

import secrets
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

from seq2seq_demo.errors import ConfigurationError
from seq2seq_demo.strict import StrictConfig, check_range, check_type

Cell = Literal["rnn", "gru", "lstm"]
AttentionKind = Literal["none", "dot", "general", "additive"]
Bridge = Literal["dense", "copy", "zero"]
Tying = Literal["none", "target-output", "all"]
Precision = Literal["auto", "float32", "bfloat16", "autocast"]
Schedule = Literal["constant", "cosine", "inverse-sqrt"]
Strategy = Literal["greedy", "beam", "diverse-beam", "sample"]
PieceModel = Literal["unigram", "bpe", "char", "word"]
Task = Literal["translate", "pronounce", "verse"]

MAX_SOURCE_TOKENS = 256
"""Longest source that a model takes, in pieces, the end symbol not counted."""

MAX_PREFIX_CHARACTERS = 1000
"""Longest prefix of an output."""


def check_groups(beam_size: int, beam_groups: int) -> None:
    """Raise a `ConfigurationError` unless the groups divide the beam size."""
    if beam_groups < 1 or beam_size % beam_groups:
        raise ConfigurationError(
            "groups_divide",
            f"beam_size must be a multiple of beam_groups ({beam_groups}); got {beam_size}.",
            {"field": "beam_groups", "allowed": f"divides {beam_size}", "got": beam_groups},
        )


@dataclass(frozen=True)
class ArchitectureConfig(StrictConfig):
    """Architecture of a `Seq2Seq` model, as a recipe chooses it: all but the vocabulary sizes.

    The decoder's bottom layer sees the previous token (and, with `input_feeding`, the previous readout) and is the
    attention's query; the context goes to the layers above and to the readout (the decoder of GNMT's second version,
    Wu et al. 2016, section 3, as in tensorflow/nmt's ``gnmt_v2``).
    """

    cell: Cell = "lstm"
    """Recurrent cell: Elman ``rnn`` (tanh), ``gru`` (Cho et al. 2014), ``lstm``."""
    attention: AttentionKind = "additive"
    """``none`` is the fixed-length vector of Sutskever et al. 2014."""
    embedding_size: int = 256
    """Size of source and target embeddings and of the readout before the output projection, 1–8192."""
    encoder_size: int = 256
    """Hidden size of the encoder, in each direction, 1–8192."""
    decoder_size: int = 512
    """Hidden size of the decoder, 1–8192."""
    attention_size: int = 256
    """Size of additive attention's hidden layer, 1–8192; the other attentions ignore it."""
    encoder_layers: int = 2
    """Recurrent layers of the encoder, 1–4."""
    decoder_layers: int = 2
    """Recurrent layers of the decoder, 1–4."""
    bidirectional: bool = True
    """Whether the encoder reads both ways; its output size is then twice `encoder_size`."""
    dropout: float = 0.2
    """Dropout probability in [0, 1), on embeddings, between layers and on the readout."""
    tied: Tying = "target-output"
    """Which matrices are one: target embedding and output, or ``all`` (source embedding too)."""
    bridge: Bridge = "dense"
    """Encoder's final hidden state → decoder's first state: a ``dense`` tanh layer, an exact ``copy``, or, with
    attention only, ``zero``."""
    input_feeding: bool = False
    """Feed the previous readout to the bottom layer (Luong et al. 2015, section 3.3); step by step, so slower."""

    @property
    def encoder_output_size(self) -> int:
        """Size of one encoder output."""
        return self.encoder_size * (2 if self.bidirectional else 1)

    def _check_ranges(self) -> None:
        for name in ("embedding_size", "encoder_size", "decoder_size", "attention_size"):
            check_range(name, getattr(self, name), 1, 8192)
        check_range("encoder_layers", self.encoder_layers, 1, 4)
        check_range("decoder_layers", self.decoder_layers, 1, 4)
        check_range("dropout", self.dropout, 0, 1, high_open=True)
        if self.attention == "dot" and self.encoder_output_size != self.decoder_size:
            raise ConfigurationError(
                "size_mismatch",
                f"attention 'dot' needs decoder_size equal to the encoder's output size ({self.encoder_output_size}); "
                f"got {self.decoder_size}. Choose 'general', or equal sizes.",
                {"field": "decoder_size", "allowed": self.encoder_output_size, "got": self.decoder_size},
            )
        if self.bridge == "copy" and (
            self.encoder_output_size != self.decoder_size or self.encoder_layers != self.decoder_layers
        ):
            raise ConfigurationError(
                "size_mismatch",
                "bridge 'copy' needs as many decoder layers as encoder layers and decoder_size equal to the encoder's "
                f"output size ({self.encoder_output_size}); got {self.decoder_size}. Choose bridge 'dense'.",
                {"field": "bridge", "allowed": self.encoder_output_size, "got": self.decoder_size},
            )
        if self.bridge == "zero" and self.attention == "none":
            raise ConfigurationError(
                "source_unseen",
                "bridge 'zero' needs attention, else the decoder never sees the source; got attention 'none'. "
                "Choose bridge 'dense', or another attention.",
                {"field": "bridge", "allowed": "'dense', 'copy'", "got": self.bridge},
            )

    def with_vocabularies(self, source_vocab_size: int, target_vocab_size: int) -> "ModelConfig":
        """Complete the architecture with the tokenizers' sizes."""
        return ModelConfig(source_vocab_size=source_vocab_size, target_vocab_size=target_vocab_size, **self.to_dict())


@dataclass(frozen=True, kw_only=True)
class ModelConfig(ArchitectureConfig):
    """Architecture of a `Seq2Seq` model with the sizes of its vocabularies."""

    source_vocab_size: int
    """Number of source pieces, special symbols included, 5–1,000,000."""
    target_vocab_size: int
    """Number of target pieces, special symbols included, 5–1,000,000."""

    def _check_ranges(self) -> None:
        super()._check_ranges()
        for name in ("source_vocab_size", "target_vocab_size"):
            check_range(name, getattr(self, name), 5, 1_000_000)
        if self.tied == "all" and self.source_vocab_size != self.target_vocab_size:
            raise ConfigurationError(
                "size_mismatch",
                f"tied 'all' needs one vocabulary for both sides; got {self.source_vocab_size} source and "
                f"{self.target_vocab_size} target pieces. Set tokenizer.shared, or tied = 'target-output'.",
                {"field": "tied", "allowed": self.source_vocab_size, "got": self.target_vocab_size},
            )


@dataclass(frozen=True)
class TrainingConfig(StrictConfig):
    """How a model is trained; one optimiser step is called an update."""

    seed: int = 1
    """Start of every random choice: weights, order of the data, dropout, tokenizers; 0–2^63 − 1."""
    max_updates: int = 10_000
    """Stop after this many updates, 1–10^9."""
    batch_tokens: int = 4096
    """Target tokens of one update, over all processes, 1–10^9; padding is not counted."""
    learning_rate: float = 1e-3
    """Peak learning rate, per optimiser step, in (0, 10]."""
    warmup_updates: int = 400
    """Updates in which the learning rate rises linearly from zero to its peak, 0–10^9."""
    schedule: Schedule = "cosine"
    """What follows the warm-up: cosine to `final_learning_rate`, inverse square root, or constant."""
    final_learning_rate: float = 1e-5
    """Learning rate at `max_updates` under the cosine schedule, from 0 to `learning_rate`."""
    beta2: float = 0.98
    """Adam's second-moment decay in (0, 1)."""
    weight_decay: float = 0.0
    """Decoupled weight decay (AdamW), in [0, 1]: each step takes this share, times the learning rate, off a weight."""
    gradient_clip: float = 1.0
    """Largest norm of the whole gradient, 0–10^6; 0 turns clipping off."""
    label_smoothing: float = 0.1
    """Mass spread over the vocabulary, in [0, 1) (Szegedy et al. 2016, section 7)."""
    r_drop: float = 0.0
    """α of R-Drop, 0–100: each batch is predicted twice, with other dropout, and how far the two are apart counts as a
    loss (half of eq. 4 of Wu et al. 2021, https://arxiv.org/abs/2106.14448); 0 predicts once."""
    unit_embeddings: bool = True
    """Whether a new network's first layers are drawn as for embeddings of variance 1, so that it learns sooner; see
    `Seq2Seq.expect_unit_embeddings`. False in recipes that are older, and where other weights are the start."""
    teacher_forcing_ratio: float = 1.0
    """Probability that a step sees the reference's previous token and not the model's own, in [0, 1]."""
    precision: Precision = "auto"
    """``bfloat16``: pure steps with float32 master weights; ``autocast``: float32 weights, mixed operations;
    ``auto``: bfloat16 where the processor has matrix units for it, else float32."""
    ema_decay: float = 0.0
    """Decay, in [0, 1), of the exponential moving average of the weights that is validated and kept; 0 turns it off."""
    validate_every: int = 1000
    """Updates between two validations, 1–10^9."""
    save_every: int = 500
    """Updates between two saves of the training state, 1–10^9."""
    log_every: int = 50
    """Updates between two lines of the log, 1–10^9."""
    patience: int = 0
    """Validations without a better figure after which training stops, 0–10^9; 0 turns early stopping off."""
    validation_metric: Literal["bleu", "chrf", "loss", "exact_match", "word_error_rate"] = "bleu"
    """The figure on the development set that decides which weights are kept."""
    validation_tokenize: Literal["13a", "zh", "char", "none"] = "13a"
    """sacreBLEU's tokenizer for the target language."""
    validation_lowercase: bool = False
    """Whether that figure ignores case."""
    validation_sentences: int = 1000
    """At most so many development pairs are decoded at each validation, 1–10^6."""

    def _check_ranges(self) -> None:
        check_range("seed", self.seed, 0, 2**63 - 1)
        for name in ("max_updates", "batch_tokens", "validate_every", "save_every", "log_every"):
            check_range(name, getattr(self, name), 1, 10**9)
        for name in ("warmup_updates", "patience"):
            check_range(name, getattr(self, name), 0, 10**9)
        check_range("learning_rate", self.learning_rate, 0, 10, low_open=True)
        check_range("final_learning_rate", self.final_learning_rate, 0, self.learning_rate)
        check_range("beta2", self.beta2, 0, 1, low_open=True, high_open=True)
        check_range("weight_decay", self.weight_decay, 0, 1)
        check_range("gradient_clip", self.gradient_clip, 0, 1e6)
        check_range("label_smoothing", self.label_smoothing, 0, 1, high_open=True)
        check_range("r_drop", self.r_drop, 0, 100)
        check_range("teacher_forcing_ratio", self.teacher_forcing_ratio, 0, 1)
        if self.r_drop and self.teacher_forcing_ratio < 1:
            raise ConfigurationError(
                "two_histories",
                "r_drop compares two predictions of the same history: set teacher_forcing_ratio to 1, or r_drop to 0; "
                f"got {self.teacher_forcing_ratio:g}.",
                {"field": "teacher_forcing_ratio", "allowed": 1, "got": self.teacher_forcing_ratio},
            )
        check_range("ema_decay", self.ema_decay, 0, 1, high_open=True)
        check_range("validation_sentences", self.validation_sentences, 1, 10**6)


@dataclass(frozen=True)
class TokenizerConfig(StrictConfig):
    """How the SentencePiece models are trained."""

    shared: bool = False
    """One model for both sides."""
    model_type: PieceModel = "unigram"
    """SentencePiece's algorithm; with ``char`` each character is one piece, with ``word`` each word between spaces."""
    target_model_type: PieceModel | None = None
    """Likewise for the targets, where they are cut in another way; None is as `model_type`."""
    source_vocab_size: int = 8000
    """Most source pieces, special symbols included, 5–1,000,000."""
    target_vocab_size: int = 8000
    """Most target pieces, likewise; ignored when `shared`."""
    character_coverage: float = 0.9998
    """Share of the corpus' characters that get a piece, in [0.9, 1]; the rest are spelt in bytes."""
    byte_fallback: bool = True
    """Spell characters without a piece in UTF-8 bytes, so that no input is unknown."""

    def _check_ranges(self) -> None:
        check_range("source_vocab_size", self.source_vocab_size, 5, 1_000_000)
        check_range("target_vocab_size", self.target_vocab_size, 5, 1_000_000)
        check_range("character_coverage", self.character_coverage, 0.9, 1)
        if self.shared and self.target_model_type not in (None, self.model_type):
            raise ConfigurationError(
                "pieces_differ",
                f"one tokenizer for both sides has one model type, here {self.model_type!r}; "
                f"got target_model_type {self.target_model_type!r}. Leave it out, or set shared = false.",
                {"field": "target_model_type", "allowed": self.model_type, "got": self.target_model_type},
            )


@dataclass(frozen=True)
class CorpusConfig(StrictConfig):
    """One training file and how often it counts."""

    file: str
    """Name below the data directory: TSV, plain or ``.xz``."""
    origin: str = ""
    """Read only the pairs whose third column, the collection that a pair comes from, is this; empty reads all."""
    repeat: int = 1
    """How often the file is read in one epoch, 1–1000."""
    limit: int = 0
    """Read only so many pairs, drawn evenly over the file, 0–10^9; 0 reads all."""
    keep_longest: int = 0
    """Of a `limit`, so many go to the pairs with the most source words, 0–`limit`; the rest are drawn evenly."""
    joined: int = 0
    """So many lines more, 0–10^9, each of two to four pairs that follow one another, so that long sources exist."""

    def _check_ranges(self) -> None:
        check_range("repeat", self.repeat, 1, 1000)
        check_range("limit", self.limit, 0, 10**9)
        check_range("keep_longest", self.keep_longest, 0, self.limit)
        check_range("joined", self.joined, 0, 10**9)


@dataclass(frozen=True)
class DataConfig(StrictConfig):
    """Which files a recipe reads, and what is left out."""

    train: tuple[CorpusConfig, ...] = ()
    """Training files."""
    task: Task = "translate"
    """What the pairs are: ``translate``, a sentence and its translation; ``pronounce``, a word and its sounds (sources
    are read as `text.plain_word`); ``verse``, a line of Chinese verse and the next (sources lose marks and spaces)."""
    dev: str = ""
    """Development file below the data directory."""
    source_column: int = 1
    """Column of the sources in the TSV files, 1–100."""
    target_column: int = 2
    """Column of the targets, 1–100."""
    source_language: str = ""
    """Language code for the page and the card, for example ``en``."""
    target_language: str = ""
    """Likewise, for example ``zh``."""
    max_tokens: int = 80
    """Pairs with more pieces than this, 1–512, on a side are left out of training."""
    max_length_ratio: float = 4.0
    """Pairs whose longer side has more than this many times, 1–100, the shorter one's pieces (plus 4) are left out."""
    lowercase_noise: float = 0.0
    """Probability that a training source is lower-cased, in [0, 1], for robustness to typing."""
    final_mark_noise: float = 0.0
    """Probability that a training source loses its final punctuation mark, in [0, 1]."""
    comma_noise: float = 0.0
    """Probability, in [0, 1], that a training source loses its commas, as people who type in a hurry leave them out."""
    simplified_sources: bool = False
    """Whether traditional Chinese sources are read as simplified, as the page reads what people type; for a corpus that
    has both. Needs the package ``opencc``."""
    subword_sampling: float = 0.0
    """α of `Tokenizer.sample_batch`, in [0, 1]: training texts are cut at random, anew for each `repeat` of a file and
    in each run, whatever its seed; 0 cuts them in the most probable way."""

    def _check_ranges(self) -> None:
        check_range("source_column", self.source_column, 1, 100)
        check_range("target_column", self.target_column, 1, 100)
        check_range("max_tokens", self.max_tokens, 1, 512)
        check_range("max_length_ratio", self.max_length_ratio, 1, 100)
        check_range("lowercase_noise", self.lowercase_noise, 0, 1)
        check_range("final_mark_noise", self.final_mark_noise, 0, 1)
        check_range("comma_noise", self.comma_noise, 0, 1)
        check_range("subword_sampling", self.subword_sampling, 0, 1)
        if self.task == "verse" and self.source_language and not self.source_language.startswith("zh"):
            raise ConfigurationError(
                "needs_chinese",
                f"task 'verse' needs Chinese sources: set source_language = 'zh'; got {self.source_language!r}.",
                {"field": "task", "got": self.source_language},
            )
        if self.simplified_sources and (self.task == "pronounce" or not self.source_language.startswith("zh")):
            raise ConfigurationError(
                "needs_chinese",
                f"simplified_sources needs Chinese sources: set source_language = 'zh'; got {self.source_language!r}.",
                {"field": "simplified_sources", "got": self.source_language},
            )


@dataclass(frozen=True)
class Recipe(StrictConfig):
    """Everything needed to train one checkpoint again, as one TOML file."""

    name: str
    """Name of the recipe, which the checkpoint keeps."""
    examples: tuple[str, ...] = ()
    """Source texts that the page offers."""
    model: ArchitectureConfig = field(default_factory=ArchitectureConfig)
    """Table ``[model]``."""
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    """Table ``[tokenizer]``."""
    data: DataConfig = field(default_factory=DataConfig)
    """Table ``[data]``."""
    training: TrainingConfig = field(default_factory=TrainingConfig)
    """Table ``[training]``."""

    def _check_ranges(self) -> None:
        if self.training.r_drop and not self.model.dropout:
            raise ConfigurationError(
                "no_dropout",
                f"training.r_drop compares two dropouts: set model.dropout above 0, or r_drop to 0; "
                f"got r_drop {self.training.r_drop:g}.",
                {"field": "r_drop", "allowed": 0, "got": self.training.r_drop},
            )
        types = {self.tokenizer.model_type, self.tokenizer.target_model_type or self.tokenizer.model_type}
        if self.data.subword_sampling and not types <= {"unigram", "bpe"}:
            raise ConfigurationError(
                "one_cut",
                f"subword_sampling needs tokenizers that can cut a text in several ways: model_type 'unigram' or "
                f"'bpe'; got {', '.join(sorted(types))}.",
                {"field": "subword_sampling", "allowed": ["unigram", "bpe"], "got": sorted(types)},
            )

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a recipe.

        Where it says ``base = "FILE"``, relative to its own folder, it says only what differs from that file: a key
        replaces the base's, within a table too.

        Raises:
            ConfigurationError: no such file, not TOML, a base that has a base, or a bad key or value.
        """
        values = _read_toml(path)
        try:
            if "base" in values:
                base = values.pop("base")
                check_type("base", base, str)
                values = _over(_read_toml(path.parent / base), values)
            return cls.from_dict(values)
        except ConfigurationError as error:
            place = f"{path}, " if "table" in error.fields else f"{path}: "
            raise ConfigurationError(error.code, place + error.message, {**error.fields, "file": str(path)}) from error


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except OSError as error:
        raise ConfigurationError("recipe_unreadable", f"cannot read the recipe {path}: {error.strerror}.") from error
    except ValueError as error:
        # Not TOML, not UTF-8, or a number of more digits than Python reads.
        raise ConfigurationError("recipe_not_toml", f"{path} is not valid TOML: {error}.") from error


def _over(base: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Lay a recipe's values over its base's: a table key by key, all else whole."""
    merged = dict(base)
    for key, value in values.items():
        under = base.get(key)
        merged[key] = {**under, **value} if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


@dataclass(frozen=True)
class DecodingConfig(StrictConfig):
    """Decoding options: the same words on the page, the command line, in Python and over HTTP."""

    strategy: Strategy = "beam"
    """How tokens are chosen; a field that another strategy is about is ignored."""
    beam_size: int = 5
    """Hypotheses kept at each step, 1–100; greedy decoding and sampling ignore it."""
    n_best: int = 1
    """Hypotheses returned, 1–beam size; samples drawn, 1–100; greedy decoding returns one."""
    length_penalty: float = 1.0
    """α of Wu et al. 2016, eq. 14, in [0, 5]; 0 ranks by the raw log-probability."""
    coverage_penalty: float = 0.0
    """β of Wu et al. 2016, eq. 14, in [0, 5]; needs a model with attention."""
    min_length: int = 0
    """Fewest target tokens, the end symbol included, 0–512."""
    max_length: int | None = None
    """Most target tokens, the end symbol included, 1–512; None is 2 × source tokens + 10."""
    beam_groups: int = 5
    """Diverse beam: groups, which divide the beam size."""
    diversity: float = 0.5
    """Diverse beam: λ of Vijayakumar et al. 2016, 0–10: what a token loses for each earlier group that chose it."""
    temperature: float = 1.0
    """Samples: log-probabilities are divided by it, 0.05–10; the lower, the closer to greedy decoding."""
    top_k: int = 0
    """Samples: draw among so many best tokens, 1–vocabulary; 0 is among all."""
    top_p: float = 1.0
    """Samples: draw among the fewest best tokens whose mass reaches it, in (0, 1] (Holtzman et al. 2020, eq. 2)."""
    seed: int | None = None
    """Samples: makes them repeatable, 0–2^63 − 1; None draws one, which is reported."""
    repeat_limit: int = 2
    """Most times that an output may write the same three tokens in a row, 0–100 (as often as the source repeats a
    3-gram is always allowed); 0 is no limit."""
    prefix: str = ""
    """Text that every output begins with, up to 1000 characters; its last word may grow, unless a space ends it."""

    def _check_ranges(self) -> None:
        check_range("beam_size", self.beam_size, 1, 100)
        check_range("n_best", self.n_best, 1, self.beam_size if "beam" in self.strategy else 100)
        check_range("length_penalty", self.length_penalty, 0, 5)
        check_range("coverage_penalty", self.coverage_penalty, 0, 5)
        check_range("min_length", self.min_length, 0, 512)
        check_range("max_length", self.max_length, 1, 512)
        check_range("beam_groups", self.beam_groups, 1, 100)
        check_range("diversity", self.diversity, 0, 10)
        if self.strategy == "diverse-beam":
            check_groups(self.beam_size, self.beam_groups)
        check_range("temperature", self.temperature, 0.05, 10)
        check_range("top_k", self.top_k, 0, 1_000_000)
        check_range("top_p", self.top_p, 0, 1, low_open=True)
        check_range("seed", self.seed, 0, 2**63 - 1)
        check_range("repeat_limit", self.repeat_limit, 0, 100)
        if len(self.prefix) > MAX_PREFIX_CHARACTERS:
            raise ConfigurationError(
                "prefix_too_many_characters",
                f"prefix must have at most {MAX_PREFIX_CHARACTERS:,} characters; got {len(self.prefix):,}.",
                {"field": "prefix", "allowed": MAX_PREFIX_CHARACTERS, "got": len(self.prefix)},
            )
        if self.max_length is not None and self.min_length > self.max_length:
            raise ConfigurationError(
                "lengths_cross",
                f"min_length must not exceed max_length; got {self.min_length} and {self.max_length}.",
                {"field": "min_length", "allowed": self.max_length, "got": self.min_length},
            )

    @property
    def rows(self) -> int:
        """Hypotheses that a search works on at a time, for each sentence."""
        if self.strategy == "sample":
            return self.n_best
        return 1 if self.strategy == "greedy" else self.beam_size

    def with_seed(self) -> Self:
        """Return the configuration with its seed drawn, where it samples and has none.

        A drawn seed is below 2^32: short enough to type, and exact in JavaScript.
        """
        if self.strategy != "sample" or self.seed is not None:
            return self
        return replace(self, seed=secrets.randbelow(2**32))


@dataclass(frozen=True)
class CheckpointConfig(StrictConfig):
    """Contents of a checkpoint's ``config.json``."""

    model: ModelConfig
    """The architecture."""
    source_language: str
    """Language code, for example ``en``."""
    target_language: str
    """Likewise, for example ``zh``."""
    recipe: str
    """Name of the recipe that trained the checkpoint."""
    examples: tuple[str, ...] = ()
    """Source texts that the page offers."""
    task: Task = "translate"
    """What the model does, see `DataConfig.task`: it decides how a source is read, and the page's words."""
