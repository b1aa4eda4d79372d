"""Requests of the page: read strictly, whatever a browser or anyone else sends."""

import pytest

from seq2seq_demo.errors import ConfigurationError, InputError, Seq2SeqError
from seq2seq_demo.web.requests import MAX_LINES, read_request


def request(**changes: object):
    return read_request({"model": "m", "text": "Hi", "strategy": "beam", "options": {}, **changes})


def test_side_by_side_is_a_greedy_and_a_beam_configuration_with_the_same_penalties():
    greedy, beam = request(strategy="compare", options={"beam_size": 7, "n_best": 3, "length_penalty": 2}).configs
    assert (greedy.strategy, greedy.n_best, greedy.length_penalty) == ("greedy", 1, 2)
    assert (beam.strategy, beam.beam_size, beam.n_best, beam.length_penalty) == ("beam", 7, 3, 2)


def test_lines_are_split_at_line_ends_only_and_blank_ones_dropped():
    assert request(text="a\r\n\n b \x0b c\rd\u2028e").lines == ("a", " b \x0b c", "d\u2028e")


def test_a_line_of_several_sentences_gives_one_text_for_each():
    found = request(text="Hi. How are you?\nMr. Li is here.", language="en")
    assert found.lines == ("Hi.", "How are you?", "Mr. Li is here.")
    assert found.paragraphs == (0, 0, 1)


def test_a_line_of_several_words_to_pronounce_gives_one_text_for_each():
    found = request(text="Dr. Knight\nrhythm", language="en", task="pronounce")
    assert found.lines == ("Dr.", "Knight", "rhythm")
    assert found.paragraphs == (0, 0, 1)


def test_verse_is_split_at_its_marks_and_each_line_is_answered_on_a_line_of_its_own():
    found = request(text="白日依山尽，黄河入海流。\n床前　明月光", language="zh", task="verse")
    assert found.lines == ("白日依山尽", "黄河入海流", "床前", "明月光")
    assert found.paragraphs == (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"text": " \n "}, "empty"),
        ({"text": "，。", "task": "verse"}, "empty"),
        ({"text": None}, "not_text"),
        ({"text": "a\n" * (MAX_LINES + 1)}, "too_many_lines"),
        ({"strategy": "magic"}, "not_a_choice"),
        ({"strategy": []}, "not_a_choice"),
        ({"options": []}, "wrong_type"),
        ({"options": {"length_penalty": 10**400}}, "out_of_range"),
        ({"prefix_tokens": "12"}, "wrong_type"),
        ({"prefix_tokens": [True]}, "wrong_type"),
        ({"prefix_tokens": [5], "text": "a\nb"}, "wrong_type"),
        ({"prefix_tokens": [5] * 513}, "wrong_type"),
        ({"pinned": {"0": [1.0]}}, "wrong_type"),
        ({"pinned": [[0, ["1"]]]}, "wrong_type"),
        ({"pinned": [[0.5, [1.0]]]}, "wrong_type"),
        ({"pinned": [[0, [1.0] * 258]]}, "wrong_type"),
        ({"pinned": [[0, [1.0]]], "text": "a\nb"}, "wrong_type"),
        ({"options": {"beam": 3}}, "unknown_key"),
        ({"options": {"beam_size": 5.5}}, "wrong_type"),
        ({"options": {"beam_size": 0}}, "out_of_range"),
        ({"options": {"length_penalty": float("nan")}}, "wrong_type"),
        ({"options": {"min_length": 9, "max_length": 3}}, "lengths_cross"),
    ],
)
def test_a_bad_request_is_refused_with_its_code(changes, code):
    with pytest.raises(Seq2SeqError) as caught:
        request(**changes)
    assert caught.value.code == code


def test_what_a_request_leaves_out_is_an_error_of_that_field():
    with pytest.raises(ConfigurationError, match="strategy"):
        read_request({})
    with pytest.raises(InputError, match="text"):
        read_request({"strategy": "beam"})


def test_samples_get_the_seed_that_draws_them_again():
    (drawn,) = request(strategy="sample", options={"n_best": 10, "temperature": 0.7}).configs
    assert (drawn.n_best, drawn.temperature) == (10, 0.7)
    assert drawn.seed is not None
    assert request(strategy="sample", options={"seed": 7}).configs[0].seed == 7


def test_groups_that_do_not_divide_the_beam_are_refused():
    with pytest.raises(ConfigurationError, match="multiple of beam_groups"):
        request(strategy="diverse-beam", options={"beam_size": 5, "beam_groups": 2})
