"""The tokenizer: round trips, special symbols, offsets and words."""

from pathlib import Path

import pytest

from seq2seq_demo.config import TokenizerConfig
from seq2seq_demo.errors import CheckpointError, ConfigurationError
from seq2seq_demo.tokenizer import EOS_ID, Tokenizer, group_pieces, train_tokenizer

LINES = [
    "The weather is nice today.",
    "Don't open the door, please!",
    "How are you? I am fine.",
    "今天天气很好。",
    "你好，世界！",
    "你好吗？我很好。",
] * 20


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(LINES, vocab_size=340, config=TokenizerConfig())


@pytest.mark.parametrize("text", [*LINES[:6], "zebra", "café 😀", "乒乓球，OK？"])
def test_text_survives_encoding_and_decoding(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_chinese_punctuation_is_kept(tokenizer: Tokenizer) -> None:
    assert {"，", "。", "？"} <= set("".join(tokenizer.pieces(tokenizer.encode("你好，世界。好吗？"))))


def test_sampled_cuts_write_the_same_text_and_follow_the_seed(tokenizer: Tokenizer) -> None:
    text = LINES[0]
    cuts = tokenizer.sample_batch([text] * 50, alpha=0.1, seed=1)
    assert {tokenizer.decode(ids) for ids in cuts} == {text}
    assert len({tuple(ids) for ids in cuts}) > 5
    assert tokenizer.sample_batch([text] * 50, alpha=0.1, seed=1) == cuts
    assert tokenizer.sample_batch([text] * 50, alpha=0.1, seed=2) != cuts
    assert tokenizer.sample_batch([text] * 50, alpha=0.1, seed=2**63 - 1) != cuts


def test_special_symbols_are_dropped_from_text(tokenizer: Tokenizer) -> None:
    assert tokenizer.decode([2, *tokenizer.encode("How are you?"), EOS_ID, 0]) == "How are you?"


def test_training_again_gives_the_same_model(tokenizer: Tokenizer) -> None:
    assert train_tokenizer(LINES, vocab_size=340, config=TokenizerConfig()).model_proto == tokenizer.model_proto


def test_offsets_cover_the_text_in_order(tokenizer: Tokenizer) -> None:
    text = "Don't open 世界 😀"
    offsets = tokenizer.offsets(text)
    assert offsets[0][0] == 0
    assert offsets[-1][1] == len(text)
    assert all(a[1] <= b[0] or a[1] == b[1] for a, b in zip(offsets, offsets[1:], strict=False))


@pytest.mark.parametrize("text", ["Don't open the café door!", "你好，世界。", "OK，3 😀!", "—", "zzz 世界 q"])
def test_words_cover_every_token_once(tokenizer: Tokenizer, text: str) -> None:
    ids = [*tokenizer.encode(text), EOS_ID]
    words = tokenizer.words(ids)
    assert [position for word in words for position in range(word.start, word.stop)] == list(range(len(ids)))
    assert "".join(word.text for word in words[:-1]) == text.replace(" ", "")


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        (["▁The", "▁wea", "ther", ".", "</s>"], ["The", "weather", ".", "</s>"]),
        (["▁don", "'", "t", "!"], ["don't", "!"]),
        (["▁it", "'", "▁s"], ["it", "'", "s"]),
        (["▁今天", "天气", "很", "好", "。"], ["今天", "天气", "很", "好", "。"]),
        (["▁caf", "<0xC3>", "<0xA9>", "s"], ["cafés"]),
        (["▁", "<0xF0>", "<0x9F>", "<0x98>", "<0x80>", "<0xE4>", "<0xBD>", "<0xA0>"], ["😀", "你"]),
        (["▁", "你", "T", "om"], ["你", "Tom"]),
        (["<0xF0>", "<0x9F>", "▁a"], ["\ufffd", "a"]),
        ([], []),
    ],
)
def test_pieces_group_into_words(pieces: list[str], words: list[str]) -> None:
    assert [word.text for word in group_pieces(pieces)] == words


def test_a_file_that_is_no_tokenizer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "source.model").write_bytes(b"not a model")
    with pytest.raises(CheckpointError, match="not a SentencePiece model"):
        Tokenizer.from_file(tmp_path / "source.model")


def test_a_vocabulary_too_small_for_the_bytes_is_said() -> None:
    with pytest.raises(ConfigurationError, match="^cannot train a tokenizer with 100 pieces: Vocabulary size is"):
        train_tokenizer(LINES, vocab_size=100, config=TokenizerConfig())


def test_an_empty_corpus_is_said() -> None:
    with pytest.raises(ConfigurationError, match="The corpus is empty"):
        train_tokenizer([], vocab_size=300, config=TokenizerConfig())


def test_every_seed_of_a_recipe_will_do() -> None:
    assert train_tokenizer(LINES, vocab_size=340, config=TokenizerConfig(), seed=2**63 - 1).vocab_size > 260


def test_a_model_that_cannot_be_written_whole_leaves_the_old_one(tokenizer: Tokenizer, tmp_path: Path) -> None:
    path = tmp_path / "source.model"
    tokenizer.save(path)
    broken = Tokenizer(tokenizer.model_proto)
    broken.model_proto = "no bytes"  # type: ignore[assignment]
    with pytest.raises(TypeError):
        broken.save(path)
    assert Tokenizer.from_file(path).model_proto == tokenizer.model_proto
    assert list(tmp_path.iterdir()) == [path]


def test_a_small_corpus_gets_a_small_vocabulary() -> None:
    assert 260 < train_tokenizer(["a b c"] * 3, vocab_size=5000, config=TokenizerConfig()).vocab_size < 300


def test_a_character_model_has_one_piece_for_each_letter() -> None:
    letters = train_tokenizer(["knight", "night"], vocab_size=100, config=TokenizerConfig(model_type="char"))
    ids = letters.encode("night")
    assert letters.pieces(ids) == list("night")
    assert letters.decode(ids) == "night"
    assert [word.text for word in letters.words(ids)] == ["night"]
    assert [(word.text, word.start) for word in letters.words(ids, single=True)] == [
        *zip("night", range(5), strict=True)
    ]
    assert letters.vocab_size == 4 + len(set("knight"))


def test_a_word_model_has_one_piece_for_each_word() -> None:
    phonemes = train_tokenizer(["N AY1 T", "T AY1"], vocab_size=100, config=TokenizerConfig(model_type="word"))
    ids = phonemes.encode("T AY1 N")
    assert phonemes.pieces(ids) == ["▁T", "▁AY1", "▁N"]
    assert phonemes.decode(ids) == "T AY1 N"
    assert phonemes.vocab_size == 4 + len({"N", "AY1", "T"})


def test_spellings_join_into_the_text(tokenizer: Tokenizer) -> None:
    text = "The café 😀 你好，世界！"
    spellings = tokenizer.spellings()
    assert b"".join(spellings[token] or b"" for token in tokenizer.encode(text)).decode() == f" {text}"
    assert [spellings[token] for token in range(4)] == [None] * 4
    assert len(spellings) == tokenizer.vocab_size
