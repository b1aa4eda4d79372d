"""Shared words: found by hand-made sentences, and their rows read by a plain loop."""

from dataclasses import replace

import numpy as np
import pytest

from seq2seq_demo.alignment import measure_alignment, shared_words
from seq2seq_demo.checkpoint import Checkpoint
from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.measurement import MeasurementOptions, measure_translator
from seq2seq_demo.model import Seq2Seq
from seq2seq_demo.tokenizer import group_pieces
from seq2seq_demo.translation import TranslatedHypothesis, Translation
from seq2seq_demo.translator import Translator
from tests.support.search_translators import tiny_translator

SOURCE = ["▁Tom", "▁pa", "id", "▁3", "5", "▁dollar", "s", "▁.", "</s>"]
TARGET = ["▁", "Tom", "付", "了", "35", "美", "元", "。", "</s>"]


def pair(
    source: list[str], target: list[str], attention: np.ndarray | None
) -> tuple[Translation, TranslatedHypothesis]:
    hypothesis = TranslatedHypothesis(
        text="".join(target),
        tokens=tuple(target),
        token_ids=tuple(range(len(target))),
        token_log_probs=(0.0,) * len(target),
        words=group_pieces(target),
        attention=attention,
        log_prob=0.0,
        score=0.0,
        finished=True,
    )
    return Translation("", tuple(source), group_pieces(source), (hypothesis,), seconds=0.0, steps=1), hypothesis


def looking(places: dict[int, list[int]]) -> np.ndarray:
    """Each target piece looks evenly at some source pieces; others at the end symbol."""
    weights = np.zeros((len(TARGET), len(SOURCE)), dtype=np.float32)
    for row in range(len(TARGET)):
        for column in places.get(row, [len(SOURCE) - 1]):
            weights[row, column] = 1 / len(places.get(row, [0]))
    return weights


def test_a_word_points_at_its_source_over_pieces():
    # "Tom" is two pieces of the target; "35" is two of the source.
    found = shared_words(*pair(SOURCE, TARGET, looking({0: [0], 1: [0], 4: [3, 4]})))
    assert [(word.text, word.points, word.is_number) for word in found] == [("tom", True, False), ("35", True, True)]


def test_a_word_that_looks_elsewhere_does_not_point():
    figure = measure_alignment([pair(SOURCE, TARGET, looking({0: [1], 1: [2], 4: [7]}))])
    assert (figure.count, figure.pointing, figure.neighbours, figure.sentences, figure.share) == (2, 0, 1, 1, 0.0)


def test_pieces_of_a_source_word_count_together():
    # Half of the weight on one piece of "dollars" and the other half on both of "35" is more on "35"?
    weights = looking({})
    weights[4] = [0, 0, 0, 0.3, 0.3, 0.4, 0, 0, 0]
    (tom, number) = shared_words(*pair(SOURCE, TARGET, weights))
    assert number.points and not tom.points


def test_what_stands_twice_or_on_one_side_only_is_left_out():
    attention = np.full((4, 4), 0.25, dtype=np.float32)
    assert shared_words(*pair(["▁5", "▁5", "▁Ann", "</s>"], ["5", "元", "Bob", "</s>"], attention)) == []
    assert shared_words(*pair(["▁5", "▁Ann", "▁x", "</s>"], ["5", "5", "我", "</s>"], attention)) == []


def test_between_latin_languages_only_numbers_and_names_count():
    attention = np.eye(4, dtype=np.float32)
    found = shared_words(*pair(["▁Anna", "▁war", "▁7", "</s>"], ["▁Anna", "▁war", "▁7", "</s>"], attention))
    assert [word.text for word in found] == ["anna", "7"]
    assert (
        measure_alignment([pair(["▁Anna", "▁7"], ["▁Anna", "▁7"], np.eye(2, dtype=np.float32))], numbers=True).count
        == 1
    )


def test_random_heatmaps_agree_with_a_plain_loop():
    generator = np.random.default_rng(1)
    for _ in range(50):
        weights = generator.dirichlet(np.ones(len(SOURCE)), size=len(TARGET)).astype(np.float32)
        by_hand = []
        for rows, right in (((0, 1), 0), ((4,), 2)):
            columns = [(0,), (1, 2), (3, 4), (5, 6), (7,), (8,)]
            sums = [sum(weights[row, c] for row in rows for c in group) for group in columns]
            by_hand.append(sums.index(max(sums)) == right)
        assert [word.points for word in shared_words(*pair(SOURCE, TARGET, weights))] == by_hand


def test_a_model_without_attention_has_nothing_to_measure():
    figure = measure_alignment([pair(SOURCE, TARGET, None)])
    assert figure.count == 0
    assert figure.to_dict()["share"] is None
    with pytest.raises(AttributeError):
        figure.count = 1


def test_both_figures_can_be_asked_of_a_model():
    tiny = tiny_translator().checkpoint
    tokenizer, config = tiny.source_tokenizer, tiny.config
    model = Seq2Seq(replace(config.model, target_vocab_size=tokenizer.vocab_size))
    translator = Translator(Checkpoint(model, tokenizer, tokenizer, config, tiny.path))
    pairs = [("How old?", "old 5"), ("You 7 8 9 now", "now 9 a 8"), ("no", "yes")]
    options = MeasurementOptions(("forced_alignment", "copied_alignment"))
    forced, copied = measure_translator(translator, pairs, DecodingConfig(max_length=5), options=options).figures
    alone = [translator.score([source], [target], DecodingConfig())[0] for source, target in pairs]
    expected = measure_alignment((item, item.hypotheses[0]) for item in alone)
    # "old" and "now" are small words between two Latin languages: numbers alone count.
    assert (forced.count, forced.value, forced.unit) == (2, expected.share, "word")
    assert copied.to_dict()["value"] is None or copied.count
