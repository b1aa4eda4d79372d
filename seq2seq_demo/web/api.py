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
    ) -> dict[str, Any]:
        """Translate one sentence and return everything that is known about it.

        Args:
            text: One sentence in the model's source language.
            model: Id of a served model; empty is the first.
            strategy: "greedy" or "beam".
            beam_size: Hypotheses kept at each step, 1-100; beam only.
            n_best: Hypotheses returned, 1 to the beam size; beam only.
            length_penalty: Wu's alpha, 0-5.
            coverage_penalty: Wu's beta, 0-5.
            min_length: Fewest target tokens, the end symbol included, 0-512.
            max_length: Most target tokens, the end symbol included, 1-512; null is twice the source tokens plus 10.

        Returns:
            model, options, source, source_tokens, source_words, seconds, steps, and hypotheses, best first: text,
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
        }
        try:
            config = DecodingConfig.from_dict(options)
            name = model or self._models.default
            (translation,) = self._models.get(name).translate([text], config)
        except Seq2SeqError as error:
            raise gr.Error(error.message, title=error.code, print_exception=False) from error
        return {"model": name, "options": config.to_dict(), **translation.to_dict()}
