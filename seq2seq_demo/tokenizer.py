"""SentencePiece behind one small class: text ↔ pieces ↔ ids, and pieces grouped into words.

Reference:
    Kudo and Richardson 2018, https://aclanthology.org/D18-2012
"""

import io
import os
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Self

import sentencepiece

from seq2seq_demo.config import TokenizerConfig
from seq2seq_demo.errors import CheckpointError, ConfigurationError
from seq2seq_demo.text import is_cjk, is_punctuation

PAD_ID, UNK_ID, BOS_ID, EOS_ID = 0, 1, 2, 3
SPACE = "▁"
_BYTE_PIECE = re.compile(r"<0x([0-9A-F]{2})>")
_JOINS_LETTERS = {"'", "’"}
_NO_LINES = "!sentences_.empty()"
_SOURCE_LINE = re.compile(r"[A-Z_]+: src/\S+\(\d+\) \[.*\](?: |$)")
"""Where in SentencePiece a check failed, and the check; its words come after."""


@dataclass(frozen=True)
class Word:
    """A run of tokens that a person reads as one word: positions `start` up to, not including, `stop`."""

    text: str
    start: int
    stop: int


class Tokenizer:
    """A SentencePiece model with the special symbols ``<pad> <unk> <s> </s>`` at ids 0 to 3.

    Args:
        model_proto: A serialised SentencePiece model.

    Raises:
        CheckpointError: not a SentencePiece model, or one with other special symbols.
    """

    def __init__(self, model_proto: bytes) -> None:
        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(model_proto)
        except RuntimeError as error:
            raise CheckpointError("bad_tokenizer", "not a SentencePiece model.") from error
        self.model_proto = model_proto
        special = (
            self._processor.pad_id(),
            self._processor.unk_id(),
            self._processor.bos_id(),
            self._processor.eos_id(),
        )
        if special != (PAD_ID, UNK_ID, BOS_ID, EOS_ID):
            raise CheckpointError(
                "bad_tokenizer", f"the tokenizer's pad, unk, bos and eos must have ids 0 to 3; got {special}."
            )

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Load a ``.model`` file.

        Raises:
            CheckpointError: no such file, or not a SentencePiece model of this project.
        """
        try:
            return cls(Path(path).read_bytes())
        except OSError as error:
            raise CheckpointError("missing_file", f"cannot read {path}: {error.strerror}.") from error
        except CheckpointError as error:
            raise CheckpointError(error.code, f"{path}: {error.message}", error.fields) from error

    def save(self, path: Path) -> None:
        """Write the model to `path`, under another name first: a file of that name is always whole."""
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            unfinished.write_bytes(self.model_proto)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)

    @property
    def vocab_size(self) -> int:
        """Number of pieces, special symbols included."""
        return int(self._processor.GetPieceSize())

    def encode(self, text: str) -> list[int]:
        """Turn normalised text into ids, without special symbols."""
        return list(self._processor.EncodeAsIds(text))

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Turn many normalised texts into ids, without special symbols; uses every core."""
        return list(self._processor.Encode(list(texts), out_type=int, num_threads=-1))

    def sample_batch(self, texts: Sequence[str], *, alpha: float, seed: int) -> list[list[int]]:
        """Turn many normalised texts into ids, cut at random: subword regularisation.

        Args:
            texts: They are cut one after the other, each as its model draws.
            alpha: Of a unigram model, the exponent that smooths the probabilities of the cuts (Kudo 2018,
                https://aclanthology.org/P18-1007); of a BPE model, the probability that a merge is dropped (Provilkov
                et al. 2020, https://aclanthology.org/2020.acl-main.170). Models of characters and words have one cut
                (`Recipe` refuses them).
            seed: The same gives the same ids within one process; SentencePiece adds a salt that each process draws.
        """

        def draw() -> list[list[int]]:
            sentencepiece.set_random_generator_seed(seed % 2**32)
            cut = partial(self._processor.Encode, enable_sampling=True, alpha=alpha, nbest_size=-1, num_threads=1)
            return list(cut(list(texts), out_type=int))

        # SentencePiece has a random stream for each thread, which takes the seed when it begins.
        with ThreadPoolExecutor(max_workers=1) as fresh_thread:
            return fresh_thread.submit(draw).result()

    def decode(self, ids: Sequence[int]) -> str:
        """Turn ids into text; special symbols are dropped."""
        return str(self._processor.DecodeIds([int(i) for i in ids if i not in (PAD_ID, BOS_ID, EOS_ID)]))

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """Name each id's piece; special symbols have theirs."""
        return [str(self._processor.IdToPiece(int(i))) for i in ids]

    def spellings(self) -> list[bytes | None]:
        """Return what each id writes, in UTF-8, with a space for ``▁``.

        None for special symbols, and for the byte piece of the space, which ``▁`` writes.
        """
        found: list[bytes | None] = []
        for token, piece in enumerate(self.pieces(range(self.vocab_size))):
            match = _BYTE_PIECE.fullmatch(piece)
            spelling = piece.replace(SPACE, " ").encode() if match is None else bytes([int(match.group(1), 16)])
            special = token in (PAD_ID, UNK_ID, BOS_ID, EOS_ID)
            found.append(None if special or (match is not None and spelling == b" ") else spelling)
        return found

    def is_byte(self, token: int) -> bool:
        """Tell whether an id stands for one byte of a character that has no piece."""
        return bool(self._processor.IsByte(token))

    @cached_property
    def characters(self) -> frozenset[str]:
        """Characters that one piece writes, the space among them; any other takes several bytes, or is unknown.

        A character of one byte, as ``Q`` or ``%``, may be a byte piece: a model reads it like any rare piece.
        """
        pieces = self.pieces(range(EOS_ID + 1, self.vocab_size))
        bytes_there = [match for piece in pieces if (match := _BYTE_PIECE.fullmatch(piece))]
        single = {chr(int(match.group(1), 16)) for match in bytes_there if int(match.group(1), 16) < 0x80}
        written = "".join(piece for piece in pieces if not _BYTE_PIECE.fullmatch(piece)).replace(SPACE, " ")
        return frozenset(written) | single

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Return, for each piece of `encode(text)`, the half-open range of characters of `text` that it covers."""
        mapping = self._processor.Encode(text, return_type="offset_mapping")
        return [(int(start), int(stop)) for start, stop in mapping["offsets"]]

    def words(self, ids: Sequence[int], *, single: bool = False) -> tuple[Word, ...]:
        """Group tokens into words.

        ``▁`` starts a word; a piece with Chinese, Japanese or Korean characters and a punctuation mark stand alone;
        byte pieces join into their character; a special symbol is a word of its own. The words cover every token.

        Args:
            ids: The tokens.
            single: Take each token as a word.
        """
        pieces = self.pieces(ids)
        if single:
            return tuple(Word(piece, index, index + 1) for index, piece in enumerate(pieces))
        return group_pieces(pieces)


def group_pieces(pieces: Sequence[str]) -> tuple[Word, ...]:
    """Group pieces into words; see `Tokenizer.words`.

    >>> [word.text for word in group_pieces(["▁I", "▁don", "'", "t", "▁kn", "ow", ".", "</s>"])]
    ['I', "don't", 'know', '.', '</s>']
    """
    units = _join_bytes(pieces)
    words: list[Word] = []
    joinable = False  # whether the next piece without a space may continue the last word
    for index, (text, start, stop) in enumerate(units):
        bare = text.removeprefix(SPACE)
        special = text in ("<pad>", "<unk>", "<s>", "</s>")
        follower = units[index + 1][0] if index + 1 < len(units) else ""
        inner_apostrophe = joinable and text in _JOINS_LETTERS and follower[:1].isalpha() and not is_cjk(follower)
        alone = special or is_cjk(bare) or (is_punctuation(bare) and not inner_apostrophe)
        if words and words[-1].text == "":
            # A lone ▁ belongs to the piece that follows it.
            words[-1] = Word(bare, words[-1].start, stop)
        elif joinable and not alone and not text.startswith(SPACE):
            words[-1] = Word(words[-1].text + bare, words[-1].start, stop)
        else:
            words.append(Word(bare, start, stop))
        joinable = not alone
    return tuple(words)


def _join_bytes(pieces: Sequence[str]) -> list[tuple[str, int, int]]:
    """Replace each run of byte pieces by its characters; each result has its half-open range of positions."""
    units: list[tuple[str, int, int]] = []
    pending: list[int] = []
    for position, piece in enumerate([*pieces, ""]):
        match = _BYTE_PIECE.fullmatch(piece)
        if pending and (match is None or not 0x80 <= int(match.group(1), 16) < 0xC0):
            units.append((bytes(pending).decode(errors="replace"), position - len(pending), position))
            pending = []
        if match is not None:
            pending.append(int(match.group(1), 16))
        elif position < len(pieces):
            units.append((piece, position, position + 1))
    return units


def train_tokenizer(lines: Iterable[str], *, vocab_size: int, config: TokenizerConfig, seed: int = 1) -> Tokenizer:
    """Train a SentencePiece model on normalised lines; the same lines and seed give the same model.

    SentencePiece's own normalisation is off (``identity``): its default turns ``，。？`` into ASCII. A model gets at
    most `vocab_size` pieces, fewer where the corpus has no more to give (``bpe`` must have them all). A ``char`` model
    has no ``▁`` before the text: its pieces are the text's characters, one for one.

    Raises:
        ConfigurationError: `vocab_size` is too small for the corpus' characters (and the 256 bytes), or, with
            ``bpe``, too large.
    """
    # SentencePiece's seed has 32 bits, a recipe's 63.
    sentencepiece.set_random_generator_seed(seed % 2**32)
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.Train(
            sentence_iterator=iter(lines),
            model_writer=model,
            vocab_size=vocab_size,
            model_type=config.model_type,
            character_coverage=config.character_coverage,
            byte_fallback=config.byte_fallback and config.model_type in ("unigram", "bpe"),
            normalization_rule_name="identity",
            # A small corpus may not have that many pieces; the model is then as large as it can be.
            hard_vocab_limit=config.model_type == "bpe",
            add_dummy_prefix=config.model_type != "char",
            pad_id=PAD_ID,
            unk_id=UNK_ID,
            bos_id=BOS_ID,
            eos_id=EOS_ID,
            input_sentence_size=1_000_000,
            shuffle_input_sentence=True,
            num_threads=1 if config.model_type == "unigram" else 2,
            minloglevel=2,
        )
    except RuntimeError as error:
        reason = _reason(str(error))
        raise ConfigurationError(
            "vocabulary_impossible",
            f"cannot train a tokenizer with {vocab_size} pieces: {reason} "
            "Choose another vocabulary size in the recipe's [tokenizer].",
            {"field": "vocab_size", "got": vocab_size, "reason": reason},
        ) from error
    return Tokenizer(model.getvalue())


def _reason(message: str) -> str:
    """Reduce an error of SentencePiece to what a person can use.

    >>> _reason("INTERNAL: src/trainer.cc(7) [(a[0]) <= (b)] Vocabulary size too high.")
    'Vocabulary size too high.'
    """
    line = message.strip().splitlines()[-1]
    if _NO_LINES in line:
        return "The corpus is empty."
    # A check without words is all there is to say.
    return _SOURCE_LINE.sub("", line).strip() or line
