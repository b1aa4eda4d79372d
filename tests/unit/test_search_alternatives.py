"""The most probable tokens of each step, recorded while searching."""

import pytest
import torch

from seq2seq_demo.search import beam_search, greedy_search, sample
from tests.support.search_models import BOS, Recurrent, options

SEARCHES = [
    (greedy_search, {}),
    (beam_search, {"beam_size": 4, "n_best": 3}),
    (beam_search, {"beam_size": 4, "n_best": 3, "beam_groups": 2, "diversity": 1.0}),
    (sample, {"beam_size": 3, "n_best": 3, "seeds": ((1,), (2,))}),
]


def best_tokens(model, state, token_ids, count) -> list[list[tuple[int, float]]]:
    found = []
    for token in (BOS, *token_ids[:-1]):
        log_probs, state, _ = model.step(torch.tensor([token]), state)
        ranked = sorted(enumerate(log_probs[0].tolist()), key=lambda pair: -pair[1])
        found.append(ranked[:count])
    return found


@pytest.mark.parametrize(("search", "changes"), SEARCHES)
def test_alternatives_are_the_best_tokens_of_each_step(search, changes):
    model = Recurrent(6, src_lengths=(3, 5))
    chosen = options(2, alternatives=4, min_length=3, **changes)
    for sentence, result in enumerate(search(model.step, model.state(), options=chosen)):
        for hypothesis in result.hypotheses:
            expected = best_tokens(model, model.state([sentence]), hypothesis.token_ids, 4)
            found = [[(one.token_id, one.log_prob) for one in step] for step in hypothesis.alternatives]
            assert [[token for token, _ in step] for step in found] == [[t for t, _ in step] for step in expected]
            torch.testing.assert_close(torch.tensor(found), torch.tensor(expected), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("search", "changes"), SEARCHES)
def test_recording_changes_nothing_and_is_off_unless_asked_for(search, changes):
    model = Recurrent(6, src_lengths=(3, 5))
    plain, recorded = (
        search(model.step, model.state(), options=options(2, alternatives=count, **changes)) for count in (0, 99)
    )
    for one, other in zip(plain, recorded, strict=True):
        assert [h.token_ids for h in one.hypotheses] == [h.token_ids for h in other.hypotheses]
        assert all(h.alternatives is None for h in one.hypotheses)
        assert {len(step) for h in other.hypotheses for step in h.alternatives} == {12}
