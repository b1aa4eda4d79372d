"""The recorded search tree against what the search returns."""

import math

import numpy as np
import pytest
import torch

from seq2seq_demo.search import Fate, beam_search, beam_search_steps, greedy_search, sample, summarise
from seq2seq_demo.search.scoring import hypothesis_score
from tests.support.search_models import EOS, Recurrent, TransitionTable, options, replay

PENALTIES = {"length_penalty": 0.8, "coverage_penalty": 0.2}
SEARCHES = [
    (greedy_search, {}),
    (beam_search, {"beam_size": 4, "n_best": 3}),
    (beam_search, {"beam_size": 4, "n_best": 4, "beam_groups": 1, **PENALTIES}),
    (beam_search, {"beam_size": 6, "n_best": 4, "beam_groups": 3, "diversity": 0.7, **PENALTIES}),
]


def recorded(seed, search, changes):
    model = Recurrent(seed, src_lengths=(3, 5, 2))
    return model, search(model.step, model.state(), options=options(3, max_length=9, trace=True, **changes))


@pytest.mark.parametrize(("search", "changes"), SEARCHES)
@pytest.mark.parametrize("seed", range(4))
def test_the_trees_finished_leaves_sorted_begin_with_the_n_best(seed, search, changes):
    for result in recorded(seed, search, changes)[1]:
        nodes = result.trace.nodes
        leaves = [index for index, node in enumerate(nodes) if node.fate == Fate.FINISHED]
        leaves.sort(key=lambda index: -nodes[index].score)
        outputs = {tuple(nodes[i].token_id for i in result.trace.path(leaf)): nodes[leaf].score for leaf in leaves}
        finished = [hypothesis for hypothesis in result.hypotheses if hypothesis.finished]
        if changes.get("beam_groups", 1) == 1:
            assert [h.token_ids for h in finished] == list(outputs)[: len(finished)]
        assert [outputs[h.token_ids] for h in finished] == pytest.approx([h.score for h in finished])


@pytest.mark.parametrize(("search", "changes"), SEARCHES)
def test_every_returned_hypothesis_is_a_path_of_the_tree(search, changes):
    for result in recorded(1, search, changes)[1]:
        trace = result.trace
        assert len(trace.n_best) == len(result.hypotheses)
        for end, hypothesis in zip(trace.n_best, result.hypotheses, strict=True):
            assert tuple(trace.nodes[index].token_id for index in trace.path(end)) == hypothesis.token_ids
            assert trace.nodes[end].log_prob == pytest.approx(hypothesis.log_prob)
            assert trace.nodes[end].score == pytest.approx(hypothesis.score)
            assert trace.nodes[end].fate in (Fate.FINISHED, Fate.CUT)
            np.testing.assert_allclose(trace.attention_of(end), hypothesis.attention.numpy())


@pytest.mark.parametrize(("search", "changes"), SEARCHES)
def test_every_nodes_numbers_are_the_models(search, changes):
    model, results = recorded(2, search, changes)
    for sentence, result in enumerate(results):
        trace = result.trace
        for index, node in enumerate(trace.nodes):
            tokens = tuple(trace.nodes[place].token_id for place in trace.path(index))
            log_probs, attention = replay(model, model.state([sentence]), tokens)
            assert node.step == len(tokens)
            assert node.token_log_prob == pytest.approx(log_probs[-1], abs=1e-5)
            assert node.log_prob == pytest.approx(sum(log_probs), abs=1e-4)
            alpha, beta = changes.get("length_penalty", 0.0), changes.get("coverage_penalty", 0.0)
            score = hypothesis_score(sum(log_probs), attention, length=len(tokens), alpha=alpha, beta=beta)
            assert node.score == pytest.approx(score, abs=1e-4)
            np.testing.assert_allclose(trace.attention_of(index), attention.numpy(), atol=1e-5)


@pytest.mark.parametrize(("search", "changes"), SEARCHES)
@pytest.mark.parametrize("seed", range(3))
def test_only_kept_nodes_have_children_and_fates_fit(seed, search, changes):
    size = changes.get("beam_size", 1)
    for result in recorded(seed, search, changes)[1]:
        nodes = result.trace.nodes
        parents = {node.parent for node in nodes if node.parent >= 0}
        assert {nodes[parent].fate for parent in parents} <= {Fate.KEPT}
        for step in range(1, result.steps + 1):
            alive = [node for node in nodes if node.step == step and node.fate not in (Fate.PRUNED, Fate.FINISHED)]
            assert len(alive) <= size
        assert all((node.token_id == EOS) or node.fate != Fate.FINISHED for node in nodes)
        assert all(node.step == 9 for node in nodes if node.fate == Fate.CUT)
        assert max(node.step for node in nodes) == result.steps


def test_what_lived_at_the_stop_is_dominated():
    log_probs = torch.full((1, 6, 6), -math.inf)
    log_probs[0, 2, EOS], log_probs[0, 2, 4] = math.log(0.9), math.log(0.1)
    table = TransitionTable(log_probs)
    (result,) = beam_search(table.step, table.state(), options=options(beam_size=2, trace=True))
    assert [(node.token_id, node.fate) for node in result.trace.nodes] == [(EOS, Fate.FINISHED), (4, Fate.DOMINATED)]
    assert result.trace.attention is None


@pytest.mark.parametrize(("search", "changes"), SEARCHES)
def test_recording_changes_nothing_and_is_off_unless_asked_for(search, changes):
    model, with_trace = recorded(3, search, changes)
    without = search(model.step, model.state(), options=options(3, max_length=9, **changes))
    for one, other in zip(with_trace, without, strict=True):
        assert [h.token_ids for h in one.hypotheses] == [h.token_ids for h in other.hypotheses]
        assert [h.score for h in one.hypotheses] == [h.score for h in other.hypotheses]
        assert other.trace is None


def test_a_stream_has_its_tree_at_the_end():
    model = Recurrent(3, src_lengths=(3, 4))
    chosen = options(2, beam_size=3, trace=True)
    (*live, last) = beam_search_steps(model.step, model.state(), options=chosen)
    assert all(result.trace is None for results in live for result in results)
    assert all(result.trace is not None for result in last)


def sampled(seed, **changes):
    model = Recurrent(seed, src_lengths=(3, 5))
    chosen = options(2, max_length=6, beam_size=8, n_best=8, seeds=((1,), (2,)), trace=True, **changes)
    return sample(model.step, model.state(), options=chosen)


@pytest.mark.parametrize("seed", range(3))
def test_samples_that_begin_alike_share_their_nodes(seed):
    for result in sampled(seed, **PENALTIES):
        trace, samples = result.trace, result.hypotheses
        beginnings = {one.token_ids[:length] for one in samples for length in range(1, len(one.token_ids) + 1)}
        paths = [tuple(trace.nodes[place].token_id for place in trace.path(index)) for index in range(len(trace.nodes))]
        assert len(paths) == len(set(paths)) == len(beginnings) and set(paths) == beginnings
        for end, drawn in zip(trace.n_best, samples, strict=True):
            node = trace.nodes[end]
            assert paths[end] == drawn.token_ids
            assert node.fate == (Fate.FINISHED if drawn.finished else Fate.CUT)
            assert (node.log_prob, node.score) == pytest.approx((drawn.log_prob, drawn.score))
            np.testing.assert_allclose(trace.attention_of(end), drawn.attention.numpy(), atol=1e-5)


def test_nodes_of_samples_are_ranked_by_log_probability_within_their_step():
    for result in sampled(1):
        for step in range(1, result.steps + 1):
            here = sorted((node for node in result.trace.nodes if node.step == step), key=lambda node: node.rank)
            assert [node.rank for node in here] == list(range(1, len(here) + 1))
            assert [node.log_prob for node in here] == sorted((node.log_prob for node in here), reverse=True)


@pytest.mark.parametrize(("search", "changes"), SEARCHES)
@pytest.mark.parametrize("seed", range(3))
def test_a_summary_counts_every_candidate_and_names_the_best(seed, search, changes):
    for result in recorded(seed, search, changes)[1]:
        nodes, found = result.trace.nodes, summarise(result.trace, alpha=changes.get("length_penalty", 0.0))
        assert sum(found.fates.values()) == found.candidates == len(nodes)
        assert all(count == sum(node.fate == fate for node in nodes) for fate, count in found.fates.items())
        assert found.steps == result.steps
        finished = [node for node in nodes if node.fate == Fate.FINISHED]
        assert (found.best is None) == (not finished)
        if finished:
            assert nodes[found.best].score == pytest.approx(result.hypotheses[0].score)
            assert nodes[found.best].score == max(node.score for node in finished)
            assert nodes[found.most_probable].log_prob == max(node.log_prob for node in finished)
        if found.runner_up is not None:
            assert nodes[found.runner_up].score <= nodes[found.best].score


@pytest.mark.parametrize("alpha", [0.0, 0.8])
def test_nothing_that_lived_at_the_stop_can_beat_the_last_hypothesis_asked_for(alpha):
    bounds = []
    for seed in range(6):
        for result in recorded(seed, beam_search, {"beam_size": 3, "n_best": 2, "length_penalty": alpha})[1]:
            bound = summarise(result.trace, alpha=alpha).bound
            if bound is not None:
                bounds.append(bound)
                assert bound <= min(hypothesis.score for hypothesis in result.hypotheses)
    assert bounds
