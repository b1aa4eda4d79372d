"""Parallel corpora: reading, filtering, encoding, and batches of about equal length.

A TSV file has one pair a line, columns separated by tabs, plain or ``.xz``; or two text files have one sentence a
line each. All are UTF-8. A row that cannot be used is a `DataError` with file and line, never skipped in silence;
pairs that are merely too long or too unequal are filtered out and counted.
"""

import hashlib
import lzma
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import numpy as np
import torch
from torch import Tensor

from seq2seq_demo.config import CorpusConfig, DataConfig
from seq2seq_demo.errors import DataError
from seq2seq_demo.text import normalise, plain_word, strip_final_mark, verse_lines
from seq2seq_demo.tokenizer import BOS_ID, EOS_ID, PAD_ID, Tokenizer
from seq2seq_demo.typed_text import can_simplify, is_traditional, simplify

Pair = tuple[str, str]

_COMMA = re.compile("[,，] ?")
_UNSPACED = ("zh", "ja")
"""Languages written without spaces between sentences."""
_CHUNK_PAIRS = 100_000
"""Pairs encoded at a time: ids as Python numbers take many times the memory that they take in an array."""


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a UTF-8 file, plain or ``.xz``, without their line ends.

    Raises:
        DataError: no such file, damaged compression, or bytes that are not UTF-8 (with the line).
    """
    number = 0
    try:
        with _open(path) as stream:
            for number, line in enumerate(stream, start=1):
                yield line.decode("utf-8").rstrip("\r\n").removeprefix("\ufeff" if number == 1 else "")
    except UnicodeDecodeError as error:
        raise _bad_row(path, number, "is not UTF-8") from error
    except (OSError, EOFError, lzma.LZMAError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError("unreadable", f"cannot read {path}: {reason}.", {"file": str(path)}) from error


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines to a UTF-8 file, compressed where its name ends in ``.xz``.

    Raises:
        DataError: the file cannot be written.
    """
    try:
        with _open(path, "wb") as stream:
            stream.writelines(f"{line}\n".encode() for line in lines)
    except OSError as error:
        raise DataError("cannot_write", f"cannot write {path}: {error.strerror}.", {"file": str(path)}) from error


def _open(path: Path, mode: Literal["rb", "wb"] = "rb") -> IO[bytes]:
    return lzma.open(path, mode) if path.suffix == ".xz" else path.open(mode)


def _bad_row(path: Path, line: int, problem: str) -> DataError:
    return DataError("bad_row", f"{path}, line {line} {problem}.", {"file": str(path), "line": line})


_ORIGIN_COLUMN = 3
"""Where the files of `CorpusConfig` may say, for each pair, which collection it comes from."""


def read_tsv(
    path: Path, *, source_column: int = 1, target_column: int = 2, normalised: bool = True, origin: str = ""
) -> Iterator[Pair]:
    """Yield pairs from a TSV file: what `pairs_of` makes of its lines.

    Raises:
        DataError: see `pairs_of`; or bytes that are not UTF-8, or no file; with file and line.
    """
    yield from pairs_of(
        read_lines(path),
        path,
        source_column=source_column,
        target_column=target_column,
        normalised=normalised,
        origin=origin,
    )


def pairs_of(
    lines: Iterable[str],
    path: Path,
    *,
    source_column: int = 1,
    target_column: int = 2,
    normalised: bool = True,
    origin: str = "",
) -> Iterator[Pair]:
    """Yield pairs from the lines of a TSV file.

    Args:
        lines: The lines.
        path: The file that they come from, for messages.
        source_column: Counted from 1.
        target_column: Counted from 1.
        normalised: False yields the columns as they stand, as references are to be measured against.
        origin: Only the rows whose third column is this; empty yields all.

    Raises:
        DataError: too few columns, or an empty side; with file and line.
    """
    for number, line in enumerate(lines, start=1):
        columns = line.split("\t")
        wanted = max(source_column, target_column, _ORIGIN_COLUMN if origin else 0)
        if len(columns) < wanted:
            raise _bad_row(path, number, f"has {len(columns)} column(s), but column {wanted} is asked for")
        if origin and columns[_ORIGIN_COLUMN - 1] != origin:
            continue
        source, target = columns[source_column - 1], columns[target_column - 1]
        pair = _pair(source, target, number, source_path=path, target_path=path)
        yield pair if normalised else (source, target)


def read_two_files(source: Path, target: Path) -> Iterator[Pair]:
    """Yield normalised pairs from two text files with one sentence a line.

    Raises:
        DataError: different numbers of lines, an empty line, bytes that are not UTF-8, or no file.
    """
    targets = read_lines(target)
    number = 0
    for number, line in enumerate(read_lines(source), start=1):
        other = next(targets, None)
        if other is None:
            raise _bad_row(source, number, f"has no counterpart: {target} has {number - 1} lines")
        yield _pair(line, other, number, source_path=source, target_path=target)
    if next(targets, None) is not None:
        raise _bad_row(target, number + 1, f"has no counterpart: {source} has {number} lines")


def _pair(source: str, target: str, number: int, *, source_path: Path, target_path: Path) -> Pair:
    pair = normalise(source), normalise(target)
    for text, path, side in zip(pair, (source_path, target_path), ("source", "target"), strict=True):
        if not text:
            raise _bad_row(path, number, f"has an empty {side}")
    return pair


def read_training_pairs(data_dir: Path, config: DataConfig, *, seed: int) -> list[Pair]:
    """Read all training files of a recipe, repeated, limited and with typing noise as it says.

    Raises:
        DataError: a file that is missing or bad, or no training file at all.
    """
    if not config.train:
        raise DataError("no_data", "the recipe names no training file: set data.train.")
    rng = random.Random(seed)
    pairs: list[Pair] = []
    for corpus in config.train:
        once = _limited(list(read_recipe_file(data_dir / corpus.file, config, origin=corpus.origin)), corpus)
        if not once:
            path = data_dir / corpus.file
            of_origin = f" of origin {corpus.origin!r}" if corpus.origin else ""
            raise DataError("no_data", f"the training file {path} has no pairs{of_origin}.", {"file": str(path)})
        once += joined_pairs(once, corpus.joined, target_language=config.target_language, rng=rng)
        for _ in range(corpus.repeat):
            pairs.extend((_with_noise(source, config, rng), target) for source, target in once)
    return pairs


def pairs_fingerprint(pairs: Sequence[Pair]) -> str:
    """Return a digest of the texts of all pairs."""
    digest = hashlib.sha256()
    for source, target in pairs:
        digest.update(f"{source}\t{target}\n".encode())
    return digest.hexdigest()


def read_recipe_file(path: Path, config: DataConfig, *, origin: str = "") -> Iterator[Pair]:
    """Yield the pairs of one of a recipe's files, or those of one origin, the sources as its task reads them.

    Raises:
        DataError: see `read_tsv`; or ``needs_opencc``, where sources are to be simplified.
    """
    if config.simplified_sources and not can_simplify():
        raise DataError(
            "needs_opencc", "data.simplified_sources needs the package opencc: pip install -r requirements.txt."
        )
    rows = read_tsv(path, source_column=config.source_column, target_column=config.target_column, origin=origin)
    for source, target in rows:
        if config.task == "pronounce":
            source = plain_word(source)
        elif config.task == "verse":
            source = "".join(verse_lines(source))
        if config.simplified_sources and is_traditional(source):
            source = simplify(source)
        yield source, target


def _limited(pairs: list[Pair], corpus: CorpusConfig) -> list[Pair]:
    """Keep `limit` pairs in the file's order: the longest, as many as the corpus says, and the rest evenly spaced."""
    if not corpus.limit or corpus.limit >= len(pairs):
        return pairs
    by_length = sorted(range(len(pairs)), key=lambda row: -len(pairs[row][0].split()))
    longest, others = by_length[: corpus.keep_longest], sorted(by_length[corpus.keep_longest :])
    spaced = evenly_spaced(len(others), corpus.limit - len(longest))
    return [pairs[row] for row in sorted([*longest, *(others[place] for place in spaced)])]


def evenly_spaced(count: int, limit: int) -> Sequence[int]:
    """Choose `limit` of `count` places.

    >>> list(evenly_spaced(10, 4))
    [0, 2, 5, 7]
    """
    return [place * count // limit for place in range(limit)] if limit < count else range(count)


def joined_pairs(pairs: Sequence[Pair], count: int, *, target_language: str, rng: random.Random) -> list[Pair]:
    """Make long pairs: each of two to four that follow one another, from a place drawn at random.

    Sources are joined with a space, and so are targets, unless their language is written without spaces.
    """
    lines = []
    for _ in range(count):
        parts = rng.randint(2, 4)
        start = rng.randrange(max(1, len(pairs) - parts + 1))
        lines.append(join_pairs(pairs[start : start + parts], target_language=target_language))
    return lines


def join_pairs(pairs: Sequence[Pair], *, target_language: str) -> Pair:
    """Make one pair of several.

    >>> join_pairs([("Come in.", "请进。"), ("Sit down.", "坐。")], target_language="zh")
    ('Come in. Sit down.', '请进。坐。')
    """
    gap = "" if target_language.split("-")[0] in _UNSPACED else " "
    return " ".join(source for source, _ in pairs), gap.join(target for _, target in pairs)


def _with_noise(source: str, config: DataConfig, rng: random.Random) -> str:
    if config.final_mark_noise and rng.random() < config.final_mark_noise:
        source = strip_final_mark(source) or source
    if config.comma_noise and rng.random() < config.comma_noise:
        source = _COMMA.sub(" ", source).strip() or source
    if config.lowercase_noise and rng.random() < config.lowercase_noise:
        source = source.lower()
    return source


class TokenSequences:
    """Many id sequences in one flat array: millions of small lists would take gigabytes."""

    def __init__(self, sequences: Sequence[Sequence[int]]) -> None:
        self.lengths = np.fromiter((len(ids) for ids in sequences), dtype=np.int32, count=len(sequences))
        self._starts = np.concatenate([[0], np.cumsum(self.lengths, dtype=np.int64)])
        self._flat = np.fromiter((i for ids in sequences for i in ids), dtype=np.int32, count=int(self._starts[-1]))

    @classmethod
    def joined(cls, parts: Sequence["TokenSequences"]) -> "TokenSequences":
        """Put several after one another."""
        return cls.from_arrays(
            np.concatenate([part.lengths for part in parts]), np.concatenate([part._flat for part in parts])
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the lengths, (sequences,), and all ids one after the other, as `from_arrays` takes them."""
        return {"lengths": self.lengths, "ids": self._flat}

    @classmethod
    def from_arrays(cls, lengths: np.ndarray, ids: np.ndarray) -> "TokenSequences":
        """Rebuild what `arrays` took apart."""
        whole = cls([])
        whole.lengths, whole._flat = lengths, ids
        whole._starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        return whole

    def select(self, rows: Sequence[int]) -> "TokenSequences":
        """Choose some, in the order given; at least one."""
        return self.from_arrays(self.lengths[list(rows)], np.concatenate([self[row] for row in rows]))

    def fingerprint(self) -> str:
        """Return a digest of all ids and lengths."""
        return hashlib.sha256(self._flat.tobytes() + self.lengths.tobytes()).hexdigest()

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> np.ndarray:
        return self._flat[self._starts[index] : self._starts[index + 1]]


@dataclass(frozen=True, eq=False)
class EncodedCorpus:
    """Pairs as ids, without special symbols."""

    sources: TokenSequences
    targets: TokenSequences
    dropped: int = 0
    """Pairs that the filters left out."""

    def __len__(self) -> int:
        return len(self.sources)

    def select(self, rows: Sequence[int]) -> "EncodedCorpus":
        """Choose some pairs, in the order given; at least one."""
        return EncodedCorpus(self.sources.select(rows), self.targets.select(rows))

    def fingerprint(self) -> str:
        """Return a digest that another text, tokenizer or filter changes."""
        return f"{self.sources.fingerprint()}-{self.targets.fingerprint()}"


def encode_pairs(
    pairs: Sequence[Pair],
    source_tokenizer: Tokenizer,
    target_tokenizer: Tokenizer,
    config: DataConfig | None = None,
    *,
    seed: int = 0,
) -> EncodedCorpus:
    """Encode normalised pairs; with `config`, leave out what its length filters refuse, and sample if it says so.

    The same `seed` gives the same ids; where cuts are sampled, only within one process (`Tokenizer.sample_batch`).

    Raises:
        DataError: no pair is left.
    """
    parts = [
        _encode_chunk(
            pairs[start : start + _CHUNK_PAIRS], source_tokenizer, target_tokenizer, config, seed=seed + start
        )
        for start in range(0, len(pairs), _CHUNK_PAIRS)
    ]
    kept = sum(len(sources) for sources, _ in parts)
    if not kept:
        raise DataError("no_data", f"none of {len(pairs)} pairs passed the length filters (max_tokens, ratio).")
    sources, targets = (TokenSequences.joined(side) for side in zip(*parts, strict=True))
    return EncodedCorpus(sources, targets, len(pairs) - kept)


def _encode_chunk(
    pairs: Sequence[Pair],
    source_tokenizer: Tokenizer,
    target_tokenizer: Tokenizer,
    config: DataConfig | None,
    *,
    seed: int,
) -> tuple[TokenSequences, TokenSequences]:
    sides = [[pair[side] for pair in pairs] for side in (0, 1)]
    tokenizers = (source_tokenizer, target_tokenizer)
    if config is not None and config.subword_sampling:
        alpha = config.subword_sampling
        sources, targets = (
            tokenizer.sample_batch(texts, alpha=alpha, seed=2 * seed + side)
            for side, (tokenizer, texts) in enumerate(zip(tokenizers, sides, strict=True))
        )
    else:
        sources, targets = (tokenizer.encode_batch(texts) for tokenizer, texts in zip(tokenizers, sides, strict=True))
    kept = [i for i in range(len(pairs)) if config is None or acceptable(len(sources[i]), len(targets[i]), config)]
    return TokenSequences([sources[i] for i in kept]), TokenSequences([targets[i] for i in kept])


def acceptable(source_tokens: int, target_tokens: int, config: DataConfig) -> bool:
    """Tell whether a pair's lengths, in tokens, pass a recipe's filters: neither too long nor too unequal."""
    longer, shorter = max(source_tokens, target_tokens), min(source_tokens, target_tokens)
    return shorter > 0 and longer <= config.max_tokens and longer <= config.max_length_ratio * shorter + 4


@dataclass(frozen=True, eq=False)
class Batch:
    """Padded ids for one step of training."""

    src: Tensor
    """(batch, src_len), each row ends with the end symbol."""
    src_lengths: Tensor
    """End symbol included, (batch,)."""
    tgt_in: Tensor
    """Start symbol and target, (batch, tgt_len)."""
    tgt_out: Tensor
    """Target and end symbol, (batch, tgt_len); padding does not count in the loss."""

    def to(self, device: torch.device) -> "Batch":
        """Move to a device; pinned memory, so that a GPU does not wait for the copy."""
        tensors = (self.src, self.src_lengths, self.tgt_in, self.tgt_out)
        if device.type == "cuda":
            return Batch(*(tensor.pin_memory().to(device, non_blocking=True) for tensor in tensors))
        return Batch(*(tensor.to(device) for tensor in tensors))

    def doubled(self) -> "Batch":
        """Put the whole batch below itself, so that each pair gets two different dropouts."""
        tensors = (self.src, self.src_lengths, self.tgt_in, self.tgt_out)
        return Batch(*(torch.cat([tensor, tensor]) for tensor in tensors))


def pad(sequences: Sequence[Sequence[int] | np.ndarray], multiple: int = 1) -> Tensor:
    """Pad id sequences on the right to a common length, a multiple of `multiple`: (batch, length) long."""
    longest = max(len(ids) for ids in sequences)
    padded = np.full((len(sequences), -(-longest // multiple) * multiple), PAD_ID, dtype=np.int64)
    for row, ids in enumerate(sequences):
        padded[row, : len(ids)] = ids
    return torch.from_numpy(padded)


def make_batch(corpus: EncodedCorpus, indices: Sequence[int] | np.ndarray) -> Batch:
    """Build a padded batch of the given pairs."""
    sources = [np.append(corpus.sources[i], EOS_ID) for i in indices]
    targets = [corpus.targets[i] for i in indices]
    return Batch(
        # Source lengths in steps of four: fewer distinct shapes, for which the CPU's kernels are prepared anew.
        src=pad(sources, multiple=4),
        src_lengths=torch.tensor([len(ids) for ids in sources]),
        tgt_in=pad([np.insert(ids, 0, BOS_ID) for ids in targets]),
        tgt_out=pad([np.append(ids, EOS_ID) for ids in targets]),
    )


def batch_indices(corpus: EncodedCorpus, batch_tokens: int, *, seed: int | None) -> list[np.ndarray]:
    """Cut a corpus into batches of pairs of about equal length, of at most `batch_tokens` target tokens each.

    Args:
        corpus: The pairs.
        batch_tokens: Target tokens with end symbols; a longer single pair makes a batch of its own.
        seed: Shuffles pairs of equal length and the order of batches; None keeps the batches sorted.

    Returns:
        Index arrays; the same seed gives the same ones.
    """
    rng = np.random.default_rng(0 if seed is None else seed)
    target_lengths = corpus.targets.lengths + 1
    order = np.lexsort((rng.random(len(corpus)), (corpus.sources.lengths + 4) // 4, target_lengths))
    batches: list[np.ndarray] = []
    start = 0
    while start < len(order):
        stop = start + max(1, batch_tokens // int(target_lengths[order[start]]))
        # Sorted by target length, so the last pair is the longest: shrink until the batch holds its tokens.
        while stop - start > 1 and (stop > len(order) or _tokens(target_lengths, order, start, stop) > batch_tokens):
            stop = min(stop - 1, len(order))
        batches.append(order[start:stop])
        start = stop
    if seed is not None:
        rng.shuffle(batches)
    return batches


def _tokens(target_lengths: np.ndarray, order: np.ndarray, start: int, stop: int) -> int:
    return int(target_lengths[order[start:stop]].sum())
