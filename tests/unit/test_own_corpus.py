"""Two text files in, a split and a recipe out."""

from pathlib import Path

import pytest

from seq2seq_demo.data import read_tsv
from seq2seq_demo.errors import DataError
from seq2seq_demo.own_corpus import prepare_own_corpus


def write_corpus(folder: Path, size: int) -> tuple[Path, Path]:
    source, target = folder / "a.txt", folder / "b.txt"
    source.write_text("".join(f"word {i}\n" for i in range(size)), encoding="utf-8")
    target.write_text("".join(f"第{i}个词\n" for i in range(size)), encoding="utf-8")
    return source, target


def test_no_development_pair_stands_in_training(tmp_path: Path) -> None:
    source, target = write_corpus(tmp_path, 100)
    for path in (source, target):
        path.write_text(path.read_text(encoding="utf-8") * 2, encoding="utf-8")
    recipe = prepare_own_corpus(source, target, tmp_path / "run", target_language="zh")
    train = set(read_tsv(tmp_path / "run/data" / recipe.data.train[0].file))
    dev = set(read_tsv(tmp_path / "run/data" / recipe.data.dev))
    assert (len(train), len(dev), len(train & dev)) == (95, 5, 0)
    assert recipe.training.validation_tokenize == "zh"


def test_the_same_files_give_the_same_split(tmp_path: Path) -> None:
    files = write_corpus(tmp_path, 60)
    for name in ("one", "two"):
        prepare_own_corpus(*files, tmp_path / name)
    assert (tmp_path / "one/data/dev.tsv").read_bytes() == (tmp_path / "two/data/dev.tsv").read_bytes()


def test_too_few_pairs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="have 5 different pairs"):
        prepare_own_corpus(*write_corpus(tmp_path, 5), tmp_path / "run")
