"""The HTTP endpoint ``translate``: the command line's options and the command line's JSON."""

from typing import Any

import gradio as gr

from seq2seq_demo.config import DecodingConfig, Strategy
from seq2seq_demo.errors import Seq2SeqError
from seq2seq_demo.web.models import Models


class TranslateEndpoint:
    """Translates one sentence with one of the served models.

    Args:
        models: The only models that a request can name.
    """

    def __init__(self, models: Models) -> None:
        self._models = models

    # Gradio passes the arguments by position, in this order.
    def translate(
        self,
        text: str,
        model: str = "",
        strategy: Strategy = "beam",
        beam_size: int = 5,
        n_best: int = 1,
        length_penalty: float = 1.0,
        coverage_penalty: float = 0.0,
        min_length: int = 0,
        max_length: int | None = None,
        beam_groups: int = 5,
        diversity: float = 0.5,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int | None = None,
        repeat_limit: int = 2,
        prefix: str = "",
    ) -> dict[str, Any]:
        """Translate one sentence and return everything that is known about it.

        Args:
            text: One sentence in the model's source language.
            model: Id of a served model; empty is the first.
            strategy: "greedy", "beam", "diverse-beam" or "sample".
            beam_size: Hypotheses kept at each step, 1-100; for both beam searches.
            n_best: Hypotheses returned, 1 to the beam size; samples drawn, 1-100.
            length_penalty: Wu's alpha, 0-5.
            coverage_penalty: Wu's beta, 0-5.
            min_length: Fewest target tokens, the end symbol included, 0-512.
            max_length: Most target tokens, the end symbol included, 1-512; null is twice the source tokens plus 10.
            beam_groups: Diverse beam: groups, which divide the beam size.
            diversity: Diverse beam: lambda, 0-10.
            temperature: Samples: 0.05-10.
            top_k: Samples: draw among so many best tokens; 0 is among all.
            top_p: Samples: draw among the fewest best tokens whose mass reaches it, above 0, at most 1.
            seed: Samples: makes them repeatable, 0 to 2^63 - 1; null draws one, and the answer's options report it.
            repeat_limit: Most times that an output may write the same three tokens in a row, 0-100; 0 is no limit.
            prefix: Text that every output begins with; its last word may grow, unless a space ends it.

        Returns:
            model, options, source, source_tokens, source_words, seconds, steps, seed, and hypotheses, best first: text,
            tokens, words, log_prob, score, finished, token_log_probs and attention (a row for each target token).
        """
        options = {
            "strategy": strategy,
            "beam_size": beam_size,
            "n_best": n_best,
            "length_penalty": length_penalty,
            "coverage_penalty": coverage_penalty,
            "min_length": min_length,
            "max_length": max_length,
            "beam_groups": beam_groups,
            "diversity": diversity,
            "temperature": temperature,
            "top_k": top_k,
            "top_p": top_p,
            "seed": seed,
            "repeat_limit": repeat_limit,
            "prefix": prefix,
        }
        try:
            config = DecodingConfig.from_dict(options).with_seed()
            name = model or self._models.default
            (translation,) = self._models.get(name).translate([text], config)
        except Seq2SeqError as error:
            raise gr.Error(error.message, title=error.code, print_exception=False) from error
        return {"model": name, "options": config.to_dict(), **translation.to_dict()}
