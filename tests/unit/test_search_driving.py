"""Several searches in lockstep find what each finds alone."""

import pytest

from seq2seq_demo.search import BeamSearch, GreedySearch, Lockstep, Sampling, decode, decode_steps
from tests.support.search_models import Recurrent, options

LENGTHS = (3, 5, 4)


def searches(model):
    state = model.state()
    seeds = tuple((7, sentence) for sentence in range(len(LENGTHS)))
    return [
        GreedySearch(state, options=options(3, max_length=12)),
        BeamSearch(state, options=options(3, max_length=9, beam_size=4, n_best=3, coverage_penalty=0.2)),
        BeamSearch(state, options=options(3, max_length=5, beam_size=4, beam_groups=2, diversity=0.7)),
        Sampling(state, options=options(3, max_length=8, beam_size=5, n_best=5, seeds=seeds)),
    ]


def outputs(found):
    return [[hypothesis.token_ids for hypothesis in result.hypotheses] for result in found]


@pytest.mark.parametrize("seed", range(8))
def test_searches_in_lockstep_find_what_each_finds_alone(seed):
    model = Recurrent(seed, src_lengths=LENGTHS)
    alone = [decode(search, model.step) for search in searches(model)]
    together = Lockstep(searches(model), model.step).run()
    for one, other in zip(together, alone, strict=True):
        assert outputs(one) == outputs(other)
        for mine, yours in zip(one, other, strict=True):
            assert mine.steps == yours.steps
            scores = [hypothesis.score for hypothesis in yours.hypotheses]
            assert [hypothesis.score for hypothesis in mine.hypotheses] == pytest.approx(scores, abs=1e-5)


def test_each_step_asks_the_model_once():
    model = Recurrent(0, src_lengths=LENGTHS)
    Lockstep(searches(model), model.step).run()
    together, model.calls = model.calls, 0
    calls = []
    for search in searches(model):
        before = model.calls
        decode(search, model.step)
        calls.append(model.calls - before)
    assert together == max(calls) < sum(calls)


def test_searches_in_lockstep_take_no_step_before_it_is_asked_for():
    model = Recurrent(0, src_lengths=LENGTHS)
    lockstep = Lockstep(searches(model), model.step)
    steps = lockstep.steps()
    for taken in range(1, 4):
        next(steps)
        assert model.calls == taken
        assert [max(result.steps for result in found) for found in lockstep.results()] == [taken] * 4


def test_no_searches_ask_for_nothing():
    assert Lockstep([], None).run() == []


def test_no_step_is_taken_before_it_is_asked_for():
    model = Recurrent(1, src_lengths=LENGTHS)
    steps = decode_steps(GreedySearch(model.state(), options=options(3, max_length=12)), model.step)
    assert model.calls == 0
    for taken in range(1, 4):
        next(steps)
        assert model.calls == taken
    steps.close()
    assert model.calls == 3


def test_results_are_put_together_only_where_they_are_wanted():
    model = Recurrent(1, src_lengths=LENGTHS)
    answers = iter([False, True, False])

    def search():
        return GreedySearch(model.state(), options=options(3, max_length=4, min_length=4))

    steps = list(decode_steps(search(), model.step, wanted=lambda: next(answers, False)))
    assert [[result.steps for result in found] for found in steps] == [[2] * len(LENGTHS), [4] * len(LENGTHS)]
    ids = [[result.hypotheses[0].token_ids for result in found] for found in (steps[-1], decode(search(), model.step))]
    assert ids[0] == ids[1]
