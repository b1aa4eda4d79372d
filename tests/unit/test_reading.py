"""Reading a heatmap, against sums and sorts that can be done by hand."""

import math

import numpy as np
import pytest

from seq2seq_demo.reading import (
    align,
    coverage,
    entropy,
    find_repeated,
    find_untranslated,
    merge_words,
    normalised_entropy,
    to_pharaoh,
)
from seq2seq_demo.tokenizer import Word

SOURCE = (Word("the", 0, 1), Word("old", 1, 2), Word("man", 2, 3), Word(".", 3, 4), Word("</s>", 4, 5))


def one_hot(columns: list[int], size: int = 5) -> np.ndarray:
    return np.eye(size, dtype=np.float32)[columns]


def random_rows(seed: int, shape: tuple[int, int] = (6, 5)) -> np.ndarray:
    weights = np.random.default_rng(seed).random(shape)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def test_merging_words_sums_over_the_source_and_averages_over_the_target():
    attention = np.array([[0.1, 0.2, 0.7], [0.3, 0.3, 0.4], [0.5, 0.0, 0.5]], dtype=np.float32)
    source = (Word("walking", 0, 2), Word("</s>", 2, 3))
    target = (Word("走", 0, 1), Word("路", 1, 3))
    expected = [[0.3, 0.7], [(0.6 + 0.5) / 2, (0.4 + 0.5) / 2]]
    np.testing.assert_allclose(merge_words(attention, source, target), expected, atol=1e-6)


@pytest.mark.parametrize("finished", [True, False])
def test_coverage_adds_up_to_what_was_written_without_the_end_symbol(finished):
    attention = random_rows(0)
    covered = coverage(attention, finished=finished)
    written = 5 if finished else 6
    assert covered.sum() == pytest.approx(written, abs=1e-5)
    assert covered[2] == pytest.approx(sum(float(row[2]) for row in attention[:written]))


def test_entropy_is_the_expected_surprise():
    for row, found in zip(random_rows(1), entropy(random_rows(1)), strict=True):
        assert found == pytest.approx(sum(-float(weight) * math.log(weight) for weight in row), abs=1e-6)


def test_entropy_runs_from_one_column_to_all_alike():
    rows = np.array([[1, 0, 0, 0], [0.25] * 4, [0.5, 0.5, 0, 0]], dtype=np.float32)
    assert entropy(rows).tolist() == pytest.approx([0, math.log(4), math.log(2)])
    assert normalised_entropy(rows).tolist() == pytest.approx([0, 1, 0.5])
    assert math.copysign(1, entropy(rows)[0]) == 1
    assert normalised_entropy(np.ones((2, 1), dtype=np.float32)).tolist() == [0, 0]


@pytest.mark.parametrize("finished", [True, False])
def test_each_target_word_is_linked_to_the_largest_weight_of_its_row(finished):
    words = random_rows(2)
    links = dict((target, source) for source, target in align(words, finished=finished))
    for target, row in enumerate(words.tolist()):
        largest = sorted(range(5), key=lambda column: row[column])[-1]
        linked = largest != 4 and not (finished and target == 5)
        assert links.get(target) == (largest if linked else None)


def test_links_are_written_as_other_aligners_write_them():
    links = align(one_hot([0, 2, 1, 4, 3]), finished=False)
    assert to_pharaoh(links) == "0-0 2-1 1-2 3-4"
    assert to_pharaoh([]) == ""


def test_a_word_that_nothing_looked_at_looks_untranslated_but_a_mark_does_not():
    words = one_hot([1, 2, 4])
    assert find_untranslated(words, SOURCE, finished=True) == [0]
    assert find_untranslated(words, SOURCE, finished=True, below=1.01) == [0, 1, 2]


def test_a_threshold_is_a_coverage_in_output_words():
    words = np.array([[0.15, 0.85, 0, 0, 0], [0.1, 0, 0.9, 0, 0]], dtype=np.float32)
    assert find_untranslated(words, SOURCE, finished=False) == []  # 0.25
    assert find_untranslated(words[:1], SOURCE, finished=False) == [0, 2]


def test_a_word_returned_to_looks_repeated_but_one_spelt_out_does_not():
    assert find_repeated(one_hot([1, 2, 1, 4]), SOURCE, finished=True) == [1]
    assert find_repeated(one_hot([1, 1, 1, 2, 4]), SOURCE, finished=True) == []
    assert find_repeated(one_hot([1, 2, 1, 4]), SOURCE, finished=True, above=2) == []
    assert find_repeated(one_hot([3, 2, 3, 4, 1, 4]), SOURCE, finished=False) == []  # marks and the end symbol


def test_nothing_written_covers_nothing():
    words = one_hot([])
    assert coverage(words, finished=False).tolist() == [0] * 5
    assert align(words, finished=False) == find_repeated(words, SOURCE, finished=False) == []
    assert find_untranslated(words, SOURCE, finished=False) == [0, 1, 2]
