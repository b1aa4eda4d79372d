"""Corpora: reading with file and line in every complaint, filtering, batching."""

import lzma
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seq2seq_demo import typed_text
from seq2seq_demo.config import CorpusConfig, DataConfig, TokenizerConfig
from seq2seq_demo.data import (
    EncodedCorpus,
    TokenSequences,
    batch_indices,
    encode_pairs,
    make_batch,
    read_training_pairs,
    read_tsv,
    read_two_files,
)
from seq2seq_demo.errors import ConfigurationError, DataError
from seq2seq_demo.tokenizer import BOS_ID, EOS_ID, PAD_ID, train_tokenizer


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_plain_and_compressed_files_read_the_same(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.tsv", "Hello\t你好\nBye\t再见\n")
    (tmp_path / "a.tsv.xz").write_bytes(lzma.compress(plain.read_bytes()))
    assert list(read_tsv(plain)) == list(read_tsv(tmp_path / "a.tsv.xz")) == [("Hello", "你好"), ("Bye", "再见")]


def test_columns_can_be_chosen(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "1\tzwei\ttwo\n")
    assert list(read_tsv(path, source_column=3, target_column=2)) == [("two", "zwei")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a\tb\nonly one\n", "line 2 has 1 column"),
        ("a\tb\n\t\n", "line 2 has an empty source"),
        ("a\tb\nc\t \u200b\n", "line 2 has an empty target"),
        ("a\tb\n\nc\td\n", "line 2 has 1 column"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, text: str, problem: str) -> None:
    path = write(tmp_path / "bad.tsv", text)
    with pytest.raises(DataError, match=problem) as caught:
        list(read_tsv(path))
    assert str(path) in caught.value.message
    assert caught.value.fields["line"] == 2


def test_bytes_that_are_not_utf8_are_named(tmp_path: Path) -> None:
    (tmp_path / "bad.tsv").write_bytes(b"a\tb\n\xff\xfe\tc\n")
    with pytest.raises(DataError, match="line 2 is not UTF-8"):
        list(read_tsv(tmp_path / "bad.tsv"))


@pytest.mark.parametrize("name", ["missing.tsv", "damaged.tsv.xz", "truncated.tsv.xz"])
def test_unreadable_files_are_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "damaged.tsv.xz").write_bytes(b"not xz at all")
    (tmp_path / "truncated.tsv.xz").write_bytes(lzma.compress(b"a\tb\n" * 1000)[:-20])
    with pytest.raises(DataError, match=f"cannot read .*{name}"):
        list(read_tsv(tmp_path / name))


def test_two_files_must_have_equally_many_lines(tmp_path: Path) -> None:
    source, target = write(tmp_path / "s.txt", "a\nb\n"), write(tmp_path / "t.txt", "x\ny\nz\n")
    with pytest.raises(DataError, match="t.txt, line 3 has no counterpart"):
        list(read_two_files(source, target))
    with pytest.raises(DataError, match="t.txt, line 3 has no counterpart"):
        list(read_two_files(target, source))
    assert list(read_two_files(source, source)) == [("a", "a"), ("b", "b")]


def test_traditional_sources_are_read_as_the_page_reads_them(tmp_path: Path) -> None:
    pytest.importorskip("opencc")
    write(tmp_path / "a.tsv", "我們 去 火車站\tWe go.\n我们 在 这里\tWe are here.\n")
    data = DataConfig(train=(CorpusConfig(file="a.tsv"),), source_language="zh")
    pairs = read_training_pairs(tmp_path, data, seed=1)
    assert [source for source, _ in pairs] == ["我們 去 火車站", "我们 在 这里"]
    pairs = read_training_pairs(tmp_path, replace(data, simplified_sources=True), seed=1)
    assert [source for source, _ in pairs] == ["我们 去 火车站", "我们 在 这里"]


def test_without_the_package_nothing_is_taken_for_simplified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typed_text, "_converter", lambda: None)
    write(tmp_path / "a.tsv", "我們\tWe\n")
    data = DataConfig(train=(CorpusConfig(file="a.tsv"),), simplified_sources=True, source_language="zh")
    with pytest.raises(DataError, match="needs the package opencc"):
        read_training_pairs(tmp_path, data, seed=1)


def test_repeats_limits_and_noise_follow_the_recipe(tmp_path: Path) -> None:
    write(tmp_path / "a.tsv", "".join(f"Well, Word {i}.\tw{i}\n" for i in range(10)))
    corpus = CorpusConfig(file="a.tsv", repeat=3, limit=5)
    noise = {"lowercase_noise": 1.0, "final_mark_noise": 1.0, "comma_noise": 1.0}
    pairs = read_training_pairs(tmp_path, DataConfig(train=(corpus,), **noise), seed=1)
    assert [target for _, target in pairs] == ["w0", "w2", "w4", "w6", "w8"] * 3
    assert pairs[1][0] == "well word 2"


def test_a_corpus_can_be_read_by_origin(tmp_path: Path) -> None:
    origins = ["films", "news", "films", "films", "talk", "films"]
    write(tmp_path / "a.tsv", "".join(f"w{row}\tt{row}\t{origin}\n" for row, origin in enumerate(origins)))
    corpora = (CorpusConfig(file="a.tsv", origin="talk", repeat=2), CorpusConfig(file="a.tsv", origin="films", limit=2))
    pairs = read_training_pairs(tmp_path, DataConfig(train=corpora), seed=1)
    assert [target for _, target in pairs] == ["t4", "t4", "t0", "t3"]
    with pytest.raises(DataError, match="has no pairs of origin 'poems'"):
        read_training_pairs(tmp_path, DataConfig(train=(CorpusConfig(file="a.tsv", origin="poems"),)), seed=1)
    write(tmp_path / "b.tsv", "w\tt\n")
    with pytest.raises(DataError, match="line 1 has 2 column"):
        read_training_pairs(tmp_path, DataConfig(train=(CorpusConfig(file="b.tsv", origin="talk"),)), seed=1)


def test_a_limited_corpus_keeps_its_longest_pairs(tmp_path: Path) -> None:
    words = [1, 9, 2, 1, 8, 1, 2, 1]
    write(tmp_path / "a.tsv", "".join(f"{'a ' * count}\tt{row}\n" for row, count in enumerate(words)))
    corpus = CorpusConfig(file="a.tsv", limit=4, keep_longest=2)
    pairs = read_training_pairs(tmp_path, DataConfig(train=(corpus,)), seed=1)
    # Rows 1 and 4 for their length; of the six others every third.
    assert [target for _, target in pairs] == ["t0", "t1", "t4", "t5"]


def test_joined_lines_are_two_to_four_pairs_that_follow_one_another(tmp_path: Path) -> None:
    write(tmp_path / "a.tsv", "".join(f"w{row}\t{chr(0x4E00 + row)}\n" for row in range(50)))
    data = DataConfig(train=(CorpusConfig(file="a.tsv", joined=30),), target_language="zh")
    pairs = read_training_pairs(tmp_path, data, seed=1)
    assert len(pairs) == 80
    lengths = set()
    for source, target in pairs[50:]:
        rows = [int(word[1:]) for word in source.split(" ")]
        assert rows == list(range(rows[0], rows[0] + len(rows)))
        assert target == "".join(chr(0x4E00 + row) for row in rows)
        lengths.add(len(rows))
    assert lengths == {2, 3, 4}
    assert read_training_pairs(tmp_path, data, seed=1) == pairs != read_training_pairs(tmp_path, data, seed=2)


def test_long_and_unequal_pairs_are_left_out_and_counted() -> None:
    tokenizer = train_tokenizer(["a b c"] * 9, vocab_size=8, config=TokenizerConfig(model_type="char"))
    pairs = [("a", "b"), ("a" * 50, "b" * 50), ("a", "c" * 30)]
    corpus = encode_pairs(pairs, tokenizer, tokenizer, DataConfig(max_tokens=40, max_length_ratio=3))
    assert (len(corpus), corpus.dropped) == (1, 2)
    with pytest.raises(DataError, match="none of 2 pairs"):
        encode_pairs(pairs[1:], tokenizer, tokenizer, DataConfig(max_tokens=40, max_length_ratio=3))


def test_each_reading_of_a_pair_is_cut_anew_where_cuts_are_sampled() -> None:
    tokenizer = train_tokenizer(
        ["banana bandana ananas"] * 9, vocab_size=30, config=TokenizerConfig(byte_fallback=False)
    )
    data = DataConfig(subword_sampling=0.1)
    pairs = [("banana bandana", "ananas banana")] * 20
    corpus = encode_pairs(pairs, tokenizer, tokenizer, data, seed=1)
    for side in (corpus.sources, corpus.targets):
        assert len({tuple(side[row]) for row in range(20)}) > 1
    assert {tokenizer.decode(corpus.targets[row]) for row in range(20)} == {"ananas banana"}
    assert encode_pairs(pairs, tokenizer, tokenizer, data, seed=1).fingerprint() == corpus.fingerprint()
    assert encode_pairs(pairs, tokenizer, tokenizer, data, seed=2).fingerprint() != corpus.fingerprint()
    plain = encode_pairs(pairs, tokenizer, tokenizer, DataConfig())
    assert len({tuple(plain.sources[row]) for row in range(20)}) == 1


def random_corpus(size: int) -> EncodedCorpus:
    rng = np.random.default_rng(0)
    sequences = [[int(i) for i in rng.integers(4, 50, rng.integers(1, 30))] for _ in range(2 * size)]
    return EncodedCorpus(TokenSequences(sequences[:size]), TokenSequences(sequences[size:]))


def test_batches_hold_every_pair_once_within_the_token_limit() -> None:
    corpus = random_corpus(500)
    batches = batch_indices(corpus, 200, seed=1)
    assert sorted(i for batch in batches for i in batch) == list(range(500))
    assert all((corpus.targets.lengths[batch] + 1).sum() <= 200 for batch in batches)
    assert len(batches) < 60


def test_the_same_seed_gives_the_same_order_and_another_does_not() -> None:
    corpus = random_corpus(200)
    one, again, other = (batch_indices(corpus, 100, seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(one, other, strict=False))


def test_a_batch_is_padded_and_shifted() -> None:
    corpus = EncodedCorpus(TokenSequences([[5], [6, 7]]), TokenSequences([[8, 9, 10], [11]]))
    batch = make_batch(corpus, [0, 1])
    assert batch.src.tolist() == [[5, EOS_ID, PAD_ID, PAD_ID], [6, 7, EOS_ID, PAD_ID]]
    assert batch.src_lengths.tolist() == [2, 3]
    assert batch.tgt_in.tolist() == [[BOS_ID, 8, 9, 10], [BOS_ID, 11, PAD_ID, PAD_ID]]
    assert batch.tgt_out.tolist() == [[8, 9, 10, EOS_ID], [11, EOS_ID, PAD_ID, PAD_ID]]


def test_verse_is_read_simplified_where_asked_and_without_its_marks(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("獨在異鄉為異客，\t每逢佳节倍思亲\n", encoding="utf-8")
    data = DataConfig(train=(CorpusConfig(file="a.tsv"),), task="verse", source_language="zh")
    assert read_training_pairs(tmp_path, data, seed=1) == [("獨在異鄉為異客", "每逢佳节倍思亲")]
    simplified = replace(data, simplified_sources=True)
    assert read_training_pairs(tmp_path, simplified, seed=1) == [("独在异乡为异客", "每逢佳节倍思亲")]


def test_verse_in_another_language_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="task 'verse' needs Chinese sources"):
        DataConfig(task="verse", source_language="en")
