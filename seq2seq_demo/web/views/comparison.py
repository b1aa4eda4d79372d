"""The view *Compare*: one sentence with any number of strategies, and their outputs against a reference."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any, Final

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.errors import ConfigurationError, InputError, Seq2SeqError
from seq2seq_demo.evaluation import bleu_tokenizer, measure_sentence
from seq2seq_demo.translator import Translation, Translator
from seq2seq_demo.web.decoding import Pace, Run
from seq2seq_demo.web.models import Models
from seq2seq_demo.web.requests import read_line, read_request

MAX_STRATEGIES: Final = 12
MAX_OUTPUTS: Final = 60
"""Most outputs of a comparison; each sample is one."""
MAX_REFERENCES: Final = 10
MAX_TEXT: Final = 4000
"""Most characters of a reference, and of an output that comes back to be measured."""
OWN_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "greedy": (),
    "beam": ("beam_size",),
    "diverse-beam": ("beam_size", "beam_groups", "diversity"),
    "sample": ("n_best", "temperature", "top_k", "top_p", "seed"),
}
"""What a strategy of the list sets itself; everything else, the penalties above all, it shares with the others."""
_SHARED: Final = ("length_penalty", "coverage_penalty", "min_length", "max_length", "repeat_limit", "prefix")


def decode(
    models: Models, values: Mapping[str, Any], *, clock: Callable[[], float] = time.monotonic
) -> Iterator[dict[str, Any]]:
    """Decode the shown line with every strategy of ``strategies``; closing the iterator ends the searches.

    Yields:
        While it takes long, now and then ``texts``, a list of each strategy's so far, and ``steps``. At last, with
        ``done`` set, ``runs``, one for each strategy, as the page draws them: samples all, of the others the best.

    Raises:
        ConfigurationError: a bad request; ``row`` is the number of the strategy that it is about, counted from 1.
        InputError: a text that is none, or too long.
    """
    request = read_request(values)
    translator = models.get(request.model)
    configs = read_strategies(values.get("strategies"), request.configs[-1], translator)
    pace = Pace(clock)
    search = translator.stream_comparison(
        read_line(values, request),
        configs,
        prefix_tokens=request.prefix_tokens,
        pinned=request.pinned,
        wanted=pace.due,
    )
    found: list[Translation] = []
    with closing(search) as steps:
        for found in steps:
            if pace.asked:
                texts = [[hypothesis.text for hypothesis in translation.hypotheses] for translation in found]
                yield {"done": False, "texts": texts, "steps": max(translation.steps for translation in found)}
                pace.shown()
    runs = [Run(config, one, finished=True).to_dict() for config, one in zip(configs, found, strict=True)]
    yield {"done": True, "runs": runs}


def answer(models: Models, values: Mapping[str, Any]) -> dict[str, Any]:
    """Measure ``outputs`` against ``references``.

    Returns:
        ``figures`` (chrF and BLEU of each output, in percent) and ``signatures``.

    Raises:
        ConfigurationError: a bad request.
        InputError: a text that is none, or too long.
    """
    translator = models.get(read_request(values).model)
    return _measure(values, translator.config.target_language)


def read_strategies(strategies: object, shared: DecodingConfig, translator: Translator) -> list[DecodingConfig]:
    """Check a list of strategies; what they do not set themselves they take from `shared`.

    Raises:
        ConfigurationError: a bad option (``row`` says of which), none or too many strategies, or too many outputs.
    """
    rows = strategies if isinstance(strategies, list) and strategies else [None]
    if not all(isinstance(row, Mapping) for row in rows):
        allowed = "a list of strategies"
        raise ConfigurationError(
            "wrong_type", f"strategies must be {allowed}.", {"field": "strategies", "allowed": allowed}
        )
    if len(rows) > MAX_STRATEGIES:
        raise ConfigurationError(
            "too_many_strategies",
            f"at most {MAX_STRATEGIES} strategies are compared at a time; got {len(rows)}.",
            {"field": "strategies", "limit": MAX_STRATEGIES, "got": len(rows)},
        )
    configs = [_read_strategy(row, shared, translator, number=number) for number, row in enumerate(rows, start=1)]
    outputs = sum(config.n_best for config in configs)
    if outputs > MAX_OUTPUTS:
        raise ConfigurationError(
            "too_many_outputs",
            f"at most {MAX_OUTPUTS} outputs are compared at a time; got {outputs}. Draw fewer samples.",
            {"field": "n_best", "limit": MAX_OUTPUTS, "got": outputs},
        )
    return configs


def _read_strategy(
    row: Mapping[str, Any], shared: DecodingConfig, translator: Translator, *, number: int
) -> DecodingConfig:
    strategy = row.get("strategy")
    own = {name: row[name] for name in OWN_OPTIONS.get(str(strategy), ()) if name in row}
    common = {name: value for name, value in shared.to_dict().items() if name in _SHARED}
    try:
        config = DecodingConfig.from_dict({**common, **own, "strategy": strategy}).with_seed()
        translator.check_config(config)
    except Seq2SeqError as error:
        raise type(error)(error.code, f"strategy {number}: {error.message}", {**error.fields, "row": number}) from error
    return config


def _measure(values: Mapping[str, Any], language: str) -> dict[str, Any]:
    outputs = _read_texts(values, "outputs", limit=MAX_OUTPUTS)
    references = _read_texts(values, "references", limit=MAX_REFERENCES)
    tokenize = bleu_tokenizer(language)
    figures = [
        (measure_sentence("chrf", output, references), measure_sentence("bleu", output, references, tokenize=tokenize))
        for output in outputs
    ]
    return {
        "figures": [{figure.name: figure.value for figure in pair} for pair in figures],
        "signatures": {figure.name: figure.signature for figure in figures[0]},
    }


def _read_texts(values: Mapping[str, Any], name: str, *, limit: int) -> list[str]:
    texts = values.get(name)
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise InputError("not_text", f"{name} must be a list of texts.", {"field": name})
    if len(texts) > limit:
        raise InputError(
            "too_many_texts",
            f"{name} may be {limit}; got {len(texts)}.",
            {"field": name, "limit": limit, "got": len(texts)},
        )
    longest = max(map(len, texts))
    if longest > MAX_TEXT:
        raise InputError(
            "text_too_long",
            f"{name} may have {MAX_TEXT} characters each; got {longest}.",
            {"field": name, "limit": MAX_TEXT, "got": longest},
        )
    return texts
