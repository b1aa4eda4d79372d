"""Searching for the best output of a step function: greedy decoding, beam search and sampling."""

from seq2seq_demo.search.beam import beam_search, beam_search_steps
from seq2seq_demo.search.constraint import Constraint, Spellings, TextPrefix, TokenPrefix
from seq2seq_demo.search.forced import forced_search
from seq2seq_demo.search.greedy import greedy_search, greedy_search_steps
from seq2seq_demo.search.judgement import Judgement, Verdict, judge
from seq2seq_demo.search.pinning import PinnedAttention
from seq2seq_demo.search.reranking import Rankable, alphas_of_change, beta_of_change, rerank
from seq2seq_demo.search.sampling import sample, sample_steps
from seq2seq_demo.search.step import Alternative, Hypothesis, SearchOptions, SearchResult, State, StepFunction
from seq2seq_demo.search.summary import TraceSummary, summarise
from seq2seq_demo.search.trace import Fate, SearchTrace, TraceNode

__all__ = [
    "Alternative",
    "Constraint",
    "Hypothesis",
    "Fate",
    "Judgement",
    "PinnedAttention",
    "Rankable",
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
    "beta_of_change",
    "forced_search",
    "greedy_search",
    "greedy_search_steps",
    "judge",
    "rerank",
    "sample",
    "sample_steps",
    "summarise",
]
