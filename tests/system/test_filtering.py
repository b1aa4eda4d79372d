"""The shipped models know translations from sentences that merely stand beside one another."""

from pathlib import Path

import pytest

from seq2seq_demo.cli import main

pytestmark = pytest.mark.system

PAIRS = [
    ("Where is the library?", "图书馆在哪里？"),
    ("My sister works in a hospital.", "我姐姐在医院工作。"),
    ("It is raining, take an umbrella.", "下雨了，带把伞。"),
    ("I have never eaten snake.", "我从来没吃过蛇。"),
    ("How much does this shirt cost?", "这件衬衫多少钱？"),
    ("The train leaves at seven.", "火车七点开。"),
    ("He can't swim.", "他不会游泳。"),
    ("Please speak more slowly.", "请说慢一点。"),
    ("We are looking for a cheap hotel.", "我们在找一家便宜的旅馆。"),
    ("Don't forget your passport.", "别忘了你的护照。"),
    ("She bought a new car last week.", "她上周买了一辆新车。"),
    ("The children are playing in the garden.", "孩子们在花园里玩。"),
]
SHIFTED = [(english, PAIRS[row - 1][1]) for row, (english, _) in enumerate(PAIRS)]


@pytest.mark.parametrize("more", [[], ["--reverse-model", "zh-en"]], ids=["one direction", "both directions"])
def test_translations_are_kept_and_neighbours_go(tmp_path: Path, more: list[str]) -> None:
    mixed = [line for both in zip(PAIRS, SHIFTED, strict=True) for line in both]
    lines = [f"{english}\t{chinese}" for english, chinese in mixed]
    (tmp_path / "mixed.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    options = ["--model", "en-zh", *more, "--device", "cpu", "--keep", "0.5"]
    files = ["--data", str(tmp_path / "mixed.tsv"), "--output", str(tmp_path / "kept.tsv")]
    assert main(["filter", *options, *files]) == 0
    kept = [tuple(line.split("\t")) for line in (tmp_path / "kept.tsv").read_text(encoding="utf-8").splitlines()]
    assert len(kept) == len(PAIRS)
    assert len(set(kept) & set(PAIRS)) >= len(PAIRS) - 1
