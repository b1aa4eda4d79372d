"""The HTTP endpoints: the command line's options and the command line's JSON; with an MCP server they are its tools.

The docstrings are what a caller reads of them; Gradio takes one line of each argument.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import gradio as gr

from seq2seq_demo.config import DecodingConfig, Strategy
from seq2seq_demo.errors import ConfigurationError, Seq2SeqError
from seq2seq_demo.web.models import Models

MAX_COMPARED: Final = 20
"""Most option objects of one comparison."""


@contextmanager
def _told() -> Iterator[None]:
    """Tell the caller of an error: its code as the title, and what to do about it."""
    try:
        yield
    except Seq2SeqError as error:
        raise gr.Error(error.message, title=error.code, print_exception=False) from error


def _read_options(options: object, *, number: int | None = None) -> DecodingConfig:
    """Check an object of decoding options; `number` is its place in a list, from 1."""
    where = "options" if number is None else f"options {number}"
    if not isinstance(options, Mapping):
        raise ConfigurationError("wrong_type", f"{where} must be an object.", {"field": "options", "allowed": "object"})
    try:
        return DecodingConfig.from_dict(options).with_seed()
    except ConfigurationError as error:
        raise ConfigurationError(error.code, f"{where}: {error.message}", error.fields) from error


class Endpoints:
    """What other programs can ask of this page.

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

        The answer holds model, options, source (the text as it was read), notes (how that differs from what was given),
        source_tokens, source_words, seconds, steps, seed and hypotheses, best first. A hypothesis holds text, tokens,
        token_ids, words, log_prob, score, finished, token_log_probs and attention, with a row of weights over the
        source tokens for each target token.

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
            A JSON object with what is named above.
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
        with _told():
            config = DecodingConfig.from_dict(options).with_seed()
            name = model or self._models.default
            (translation,) = self._models.get(name).translate([text], config)
        return {"model": name, "options": config.to_dict(), **translation.to_dict()}

    def compare(self, text: str, options: list[dict[str, Any]], model: str = "") -> dict[str, Any]:
        """Translate one sentence in several ways, to see how the decoding strategies differ.

        Each object of options may have any of the names that translate takes, for example
        [{"strategy": "greedy"}, {"strategy": "beam", "beam_size": 5, "n_best": 5}]. The answer holds model, and runs in
        the order of the options: each is what translate returns.

        Args:
            text: One sentence in the model's source language.
            options: 1-20 objects of decoding options, one for each run.
            model: Id of a served model; empty is the first.

        Returns:
            A JSON object with what is named above.
        """
        with _told():
            if not isinstance(options, list) or not 1 <= len(options) <= MAX_COMPARED:
                allowed = f"a list of 1 to {MAX_COMPARED} objects"
                raise ConfigurationError(
                    "wrong_type", f"options must be {allowed}.", {"field": "options", "allowed": allowed}
                )
            configs = [_read_options(item, number=number) for number, item in enumerate(options, start=1)]
            name = model or self._models.default
            translations = self._models.get(name).compare(text, configs)
        runs = [
            {"options": config.to_dict(), **translation.to_dict()}
            for config, translation in zip(configs, translations, strict=True)
        ]
        return {"model": name, "runs": runs}

    def score(self, text: str, target: str, options: dict[str, Any] | None = None, model: str = "") -> dict[str, Any]:
        """Score a given translation under the model, and judge it beside the best that the search finds.

        The answer holds model, options, own (what translate returns, of the given translation, with ranks: the place of
        each token among all that the model could have written), found (the same of the search's outputs) and judgement:
        own_score, best_score, verdict and obstacles (why the search could not have written the given translation). The
        verdict is "same" or "other-segmentation" (the search found this text), "search-error" (the model prefers the
        given translation, and the search missed it), "out-of-reach" (it prefers it, but the options or the vocabulary
        are in the way) or "model-disagrees" (it prefers its own).

        Args:
            text: One sentence in the model's source language.
            target: The translation to score.
            options: Decoding options by the names that translate takes; penalties hold for both scores; null is beam 5.
            model: Id of a served model; empty is the first.

        Returns:
            A JSON object with what is named above.
        """
        with _told():
            config = _read_options(options or {})
            name = model or self._models.default
            translator = self._models.get(name)
            (own,) = translator.score([text], [target], config)
            (found,) = translator.translate([text], config)
            judgement = translator.judge(own, found, config)
            obstacles = translator.obstacles(own, config)
        return {
            "model": name,
            "options": config.to_dict(),
            "own": own.to_dict(),
            "found": found.to_dict(),
            "judgement": {
                "verdict": judgement.verdict.value,
                "own_score": judgement.own_score,
                "best_score": judgement.best_score,
                "obstacles": [obstacle.value for obstacle in obstacles],
            },
        }
