"""Searching for the best output of a step function: greedy decoding, beam search and sampling."""

from seq2seq_demo.search.beam import beam_search, beam_search_steps
from seq2seq_demo.search.constraint import Constraint, Spellings, TextPrefix, TokenPrefix
from seq2seq_demo.search.greedy import greedy_search, greedy_search_steps
from seq2seq_demo.search.sampling import sample, sample_steps
from seq2seq_demo.search.step import Alternative, Hypothesis, SearchOptions, SearchResult, State, StepFunction

__all__ = [
    "Alternative",
    "Constraint",
    "Hypothesis",
    "SearchOptions",
    "SearchResult",
    "Spellings",
    "State",
    "StepFunction",
    "TextPrefix",
    "TokenPrefix",
    "beam_search",
    "beam_search_steps",
    "greedy_search",
    "greedy_search_steps",
    "sample",
    "sample_steps",
]
