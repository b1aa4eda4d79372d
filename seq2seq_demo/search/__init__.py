"""Searching for the best output of a step function: greedy decoding, beam search and sampling."""

from seq2seq_demo.search.beam import BeamSearch, beam_search, beam_search_steps
from seq2seq_demo.search.constraint import Constraint, Spellings, TextPrefix, TokenPrefix
from seq2seq_demo.search.driving import Lockstep, Search, decode, decode_steps
from seq2seq_demo.search.forced import forced_search
from seq2seq_demo.search.greedy import GreedySearch, greedy_search, greedy_search_steps
from seq2seq_demo.search.judgement import Judgement, Verdict, judge
from seq2seq_demo.search.pinning import PinnedAttention
from seq2seq_demo.search.reranking import Rankable, alphas_of_change, beta_of_change, rerank
from seq2seq_demo.search.sampling import Sampling, sample, sample_steps
from seq2seq_demo.search.step import Alternative, Hypothesis, SearchOptions, SearchResult, State, StepFunction
from seq2seq_demo.search.strategies import begin_search
from seq2seq_demo.search.summary import TraceSummary, summarise
from seq2seq_demo.search.trace import Fate, SearchTrace, TraceNode

__all__ = [
    "Alternative",
    "BeamSearch",
    "Constraint",
    "GreedySearch",
    "Hypothesis",
    "Fate",
    "Judgement",
    "Lockstep",
    "PinnedAttention",
    "Rankable",
    "Sampling",
    "Search",
    "SearchOptions",
    "SearchResult",
    "SearchTrace",
    "Spellings",
    "State",
    "StepFunction",
    "TextPrefix",
    "TokenPrefix",
    "TraceNode",
    "TraceSummary",
    "Verdict",
    "alphas_of_change",
    "beam_search",
    "beam_search_steps",
    "begin_search",
    "beta_of_change",
    "decode",
    "decode_steps",
    "forced_search",
    "greedy_search",
    "greedy_search_steps",
    "judge",
    "rerank",
    "sample",
    "sample_steps",
    "summarise",
]
