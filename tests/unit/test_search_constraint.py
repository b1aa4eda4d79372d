"""Prefixes: outputs begin with them, and nothing else changes."""

import math

import pytest
import torch

from seq2seq_demo.errors import InputError
from seq2seq_demo.search import (
    Spellings,
    TextPrefix,
    TokenPrefix,
    beam_search,
    beam_search_steps,
    greedy_search,
    sample,
)
from tests.support.search_models import BOS, EOS, PAD, Recurrent, TransitionTable, options, replay

SEARCHES = [
    (greedy_search, {}),
    (beam_search, {"beam_size": 4, "n_best": 3, "length_penalty": 1.0}),
    (beam_search, {"beam_size": 4, "n_best": 4, "beam_groups": 2, "diversity": 1.0}),
    (sample, {"beam_size": 4, "n_best": 4, "seeds": ((1,), (2,), (3,))}),
]
# Ids 0 to 3 are special symbols; a space marks the beginning of a word.
PIECES = [None, None, None, None, b" the", b" ", b"we", b" we", b"ather", b"a", b"t", b"h", b"er", b" weather", b"x"]


def written(hypothesis) -> str:
    """The text; a token that no prefix can use, an unknown one, is a question mark."""
    return b"".join(PIECES[token] or b"?" for token in hypothesis.token_ids if token != EOS).decode().lstrip(" ")


def text_prefix(text: str) -> TextPrefix:
    return TextPrefix(Spellings(PIECES), text)


@pytest.mark.parametrize("prefix", ["t", "the", "the ", "the we", "the weather ", "ax", "weath"])
@pytest.mark.parametrize(("search", "changes"), SEARCHES)
def test_every_output_begins_with_the_prefix(search, changes, prefix):
    model = Recurrent(4, src_lengths=(3, 5, 2), vocabulary=len(PIECES))
    chosen = options(3, max_length=20, constraints=(text_prefix(prefix),) * 3, **changes)
    for sentence, result in enumerate(search(model.step, model.state(), options=chosen)):
        assert result.hypotheses
        for hypothesis in result.hypotheses:
            assert written(hypothesis).startswith(prefix)
            # Under the constraint too, everything reported is the model's own.
            log_probs, attention = replay(model, model.state([sentence]), hypothesis.token_ids)
            assert list(hypothesis.token_log_probs) == pytest.approx(log_probs, abs=1e-5)
            torch.testing.assert_close(hypothesis.attention, attention)


@pytest.mark.parametrize("seed", range(8))
def test_greedy_with_a_prefix_of_its_own_output_returns_the_same_hypothesis(seed):
    model = Recurrent(seed, src_lengths=(4,), vocabulary=len(PIECES))
    (free,) = greedy_search(model.step, model.state(), options=options())
    text = written(free.hypotheses[0]).split("?")[0]
    for stop in range(1, len(text) + 1):
        chosen = options(constraints=(text_prefix(text[:stop]),))
        (result,) = greedy_search(model.step, model.state(), options=chosen)
        assert result.hypotheses[0].token_ids == free.hypotheses[0].token_ids


@pytest.mark.parametrize(("search", "changes"), SEARCHES)
def test_each_sentence_has_its_own_prefix_and_its_neighbours_do_not_matter(search, changes):
    model = Recurrent(5, src_lengths=(3, 5, 2), vocabulary=len(PIECES))
    constraints = (text_prefix("the we"), None, TokenPrefix((9, 9, 9)))
    batch = search(model.step, model.state(), options=options(3, constraints=constraints, **changes))
    for sentence, together in enumerate(batch):
        own = {**changes, "constraints": (constraints[sentence],)}
        if "seeds" in own:
            own["seeds"] = (own["seeds"][sentence],)
        (alone,) = search(model.step, model.state([sentence]), options=options(**own))
        assert [h.token_ids for h in together.hypotheses] == [h.token_ids for h in alone.hypotheses]
    assert all(hypothesis.token_ids[:3] == (9, 9, 9) for hypothesis in batch[2].hypotheses)


def moves(prefix: str, state: int = 0) -> set[bytes]:
    return {PIECES[token] for token in text_prefix(prefix).moves(state)}


def test_pieces_agree_with_the_rest_or_the_rest_with_them():
    assert moves("we") == {b" ", b"we", b" we", b" weather"}
    assert moves("we", 1) == {b"we"}
    assert moves("wea") == {b" ", b"we", b" we", b" weather"}
    assert moves("wea", 3) == {b"a", b"ather"}


def test_a_space_at_the_end_ends_the_word():
    assert moves("the ", 4) == {b" ", b" the", b" we", b" weather"}


def test_a_piece_that_leads_nowhere_is_not_allowed():
    # "thx" can be spelt letter by letter alone, and no word begins with it.
    assert moves("thx") == {b" ", b"t"}


@pytest.mark.parametrize(("prefix", "character", "position"), [("q", "q", 1), ("the wez", "z", 7), ("你", "你", 1)])
def test_a_prefix_that_no_pieces_write_is_refused(prefix, character, position):
    with pytest.raises(InputError, match=f"from its character {position} .'{character}'. on") as caught:
        text_prefix(prefix)
    assert caught.value.code == "prefix_impossible"


def test_byte_pieces_spell_what_no_piece_has():
    spellings = Spellings([None, b" ", *(bytes([byte]) for byte in "你".encode()), "你好".encode(), "好".encode()])
    prefix = TextPrefix(spellings, "你你")
    assert set(prefix.moves(0)) == {1, 2}
    assert set(prefix.moves(4)) == {2, 5}
    assert prefix.fewest_tokens == 4
    assert TextPrefix(spellings, "你好").fewest_tokens == 1


def test_a_prefix_of_tokens_may_end_the_output():
    model = Recurrent(1, src_lengths=(3,))
    chosen = options(constraints=(TokenPrefix((5, 6, EOS)),), beam_size=3, n_best=3)
    (result,) = beam_search(model.step, model.state(), options=chosen)
    assert [hypothesis.token_ids for hypothesis in result.hypotheses] == [(5, 6, EOS)]
    assert result.steps == 3


def test_a_beam_ranks_the_segmentations_of_a_prefix_by_the_model():
    log_probs = torch.full((1, len(PIECES), len(PIECES)), -math.inf)
    for previous, following in {BOS: {7: 0.1, 5: 0.9}, 5: {6: 0.9}, 7: {EOS: 0.5}, 6: {EOS: 0.5}}.items():
        for token, probability in following.items():
            log_probs[0, previous, token] = math.log(probability)
    table = TransitionTable(log_probs)
    chosen = options(constraints=(text_prefix("we"),), beam_size=2, n_best=2)
    (result,) = beam_search(table.step, table.state(), options=chosen)
    assert [hypothesis.token_ids for hypothesis in result.hypotheses] == [(5, 6, EOS), (7, EOS)]


def test_steps_are_yielded_under_a_prefix_too():
    model = Recurrent(4, src_lengths=(3,), vocabulary=len(PIECES))
    chosen = options(constraints=(text_prefix("the we"),), beam_size=3, n_best=2)
    (*_, last) = beam_search_steps(model.step, model.state(), options=chosen)
    assert written(last[0].hypotheses[0]).startswith("the we")
    assert not {PAD, BOS} & set(last[0].hypotheses[0].token_ids)
