"""Driving searches: a search asks for steps, and whoever has the model answers.

A search is a coroutine, so that several of them, of one sentence, can be answered with one batch of all their rows.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Generic, Protocol, Self, TypeVar

import torch
from torch import Tensor

from seq2seq_demo.search.step import SearchResult, State, StateT, StepFunction

Requests = Generator[tuple[Tensor, StateT], tuple[Tensor, StateT, Tensor | None], None]
"""Yields the previous tokens and the state of a step, and is sent what a `StepFunction` returns for them."""


class JoinableState(State, Protocol):
    """A state whose rows can be put below those of others."""

    def concatenate(self, others: Sequence[Self], /) -> Self:
        """Return the state with the rows of this one and then of the others, all with as long a source."""


JoinableT = TypeVar("JoinableT", bound=JoinableState)


class Search(Protocol[StateT]):
    """One search over a batch of sentences."""

    def run(self) -> "Requests[StateT]":
        """Ask for one step after the other, until the search has ended."""

    def results(self) -> list[SearchResult]:
        """Return for each sentence what has been found, or what is best so far while it is still searched."""


def decode(search: Search[StateT], step: StepFunction[StateT]) -> list[SearchResult]:
    """Answer a search to its end."""
    for _ in answer_each(search.run(), step):
        pass
    return search.results()


def decode_steps(
    search: Search[StateT], step: StepFunction[StateT], *, wanted: Callable[[], bool] | None = None
) -> Generator[list[SearchResult], None, None]:
    """Answer a search, and yield after each step what is best so far; the final results come last.

    No step is taken before it is asked for: closing the generator ends the search.

    Args:
        search: Just begun.
        step: The model.
        wanted: Asked after each step whether what is best so far is to be put together; None is always.
    """
    for _ in answer_each(search.run(), step):
        if wanted is None or wanted():
            yield search.results()
    yield search.results()


def answer_each(requests: "Requests[StateT]", step: StepFunction[StateT]) -> Iterator[None]:
    """Take one step for each item, and the last one at the iterator's end."""
    request = next(requests, None)
    while request is not None:
        with torch.inference_mode():
            answer = step(*request)
        request = _send(requests, answer)
        if request is not None:
            yield


def _send(requests: "Requests[StateT]", answer: tuple[Tensor, StateT, Tensor | None]) -> tuple[Tensor, StateT] | None:
    try:
        return requests.send(answer)
    except StopIteration:
        return None


class Lockstep(Generic[JoinableT]):
    """Several searches of the same sentences, one batch of all their rows for each step.

    Args:
        searches: Begun from states with sources of the same length.
        step: The model; called once for each target token.
    """

    def __init__(self, searches: Sequence[Search[JoinableT]], step: StepFunction[JoinableT]) -> None:
        self._searches, self._step = searches, step
        self.seconds = [0.0] * len(searches)
        """Each search's share of the time of every step, by its rows, until it ended."""

    def run(self) -> list[list[SearchResult]]:
        """Take all searches to their ends; return the results of each."""
        for _ in self.steps():
            pass
        return self.results()

    def results(self) -> list[list[SearchResult]]:
        """Return of each search what it has found, or what is best so far while it goes on."""
        return [search.results() for search in self._searches]

    def steps(self) -> Iterator[None]:
        """Take one step of all searches that go on for each item, and the last one at the iterator's end."""
        runs = [search.run() for search in self._searches]
        requests = {index: request for index, run in enumerate(runs) if (request := next(run, None)) is not None}
        while requests:
            start = time.perf_counter()
            rows = {index: len(tokens) for index, (tokens, _) in requests.items()}
            answers = self._answer(list(requests.values()))
            following = {index: _send(runs[index], answer) for index, answer in zip(requests, answers, strict=True)}
            share = (time.perf_counter() - start) / sum(rows.values())
            for index, count in rows.items():
                self.seconds[index] += count * share
            requests = {index: request for index, request in following.items() if request is not None}
            if requests:
                yield

    @torch.inference_mode()
    def _answer(self, requests: list[tuple[Tensor, JoinableT]]) -> list[tuple[Tensor, JoinableT, Tensor | None]]:
        """Take one step for all; return each search's rows of the answer."""
        if len(requests) == 1:
            return [self._step(*requests[0])]
        tokens, states = zip(*requests, strict=True)
        log_probs, state, attention = self._step(torch.cat(tokens), states[0].concatenate(states[1:]))
        counts = [len(part) for part in tokens]
        places = torch.arange(sum(counts), device=log_probs.device).split(counts)
        weights = [None] * len(counts) if attention is None else attention.split(counts)
        return [
            (part, state.index_select(rows), own)
            for part, rows, own in zip(log_probs.split(counts), places, weights, strict=True)
        ]
