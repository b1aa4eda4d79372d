"""The models that this page serves: loaded once, known by an id; a request names nothing else."""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from seq2seq_demo.errors import Seq2SeqError
from seq2seq_demo.evaluation import METRICS
from seq2seq_demo.strict import not_a_choice
from seq2seq_demo.translator import Translator

_log = logging.getLogger(__name__)

FIRST: Final = ("en-zh", "zh-en")
"""The checkpoints that the page offers before all others; a first visit shows the first."""
FAMILY: Final = "family/"
"""What the ids of the models begin with that one compares architectures with."""
CURVE_POINTS: Final = 60
"""Most points of a learning curve that the page draws."""


@dataclass(frozen=True)
class LoadFailure:
    """A model that was asked for and could not be loaded."""

    name: str
    error: Seq2SeqError


@dataclass(frozen=True, eq=False)
class Models:
    """Translators by id, in the order in which the page offers them; the first is the default."""

    served: Mapping[str, Translator]
    failures: tuple[LoadFailure, ...] = field(default=())

    @classmethod
    def load(cls, names: Iterable[str], *, device: str | None = None) -> "Models":
        """Load every model that can be loaded; the others are kept as failures and logged.

        Args:
            names: Short names, folders or Hub repositories.
            device: Where all of them run; None chooses as everywhere.
        """
        served: dict[str, Translator] = {}
        failures = []
        for name in dict.fromkeys(names):
            try:
                translator = Translator.from_pretrained(name, device=device)
            except Seq2SeqError as error:
                _log.error("cannot load the model %s: %s", name, error.message)
                failures.append(LoadFailure(_short_name(name), error))
                continue
            served[_new_id(_short_name(name), served)] = translator
        return cls(served, tuple(failures))

    @property
    def default(self) -> str:
        """Id of the model that is used where none is named; empty where there is no model."""
        return next(iter(self.served), "")

    @property
    def family(self) -> tuple[str, ...]:
        """Ids of the small models that are there to be compared with each other: those in ``checkpoints/family/``."""
        return tuple(name for name in self.served if name.startswith(FAMILY))

    @property
    def languages(self) -> list[str]:
        """Languages that the served models translate from, each once; a model need not say its own."""
        configs = [translator.config for translator in self.served.values()]
        languages = (config.source_language for config in configs if config.task == "translate")
        return list(dict.fromkeys(filter(None, languages)))

    def get(self, model: object) -> Translator:
        """Return the translator of an id.

        Raises:
            ConfigurationError: no such id is served.
        """
        if isinstance(model, str) and model in self.served:
            return self.served[model]
        raise not_a_choice("model", model, self.served)

    def describe(self) -> list[dict[str, Any]]:
        """Return what the page shows of each model, JSON-ready."""
        return [_describe(name, translator) for name, translator in self.served.items()]


def in_page_order(names: Iterable[str]) -> list[str]:
    """Sort the names of checkpoints: the page's first models first, the family last.

    >>> in_page_order(["de-en", "family/lstm-dot", "zh-en", "en-zh", "pronounce"])
    ['en-zh', 'zh-en', 'de-en', 'pronounce', 'family/lstm-dot']
    """
    place = {name: number for number, name in enumerate(FIRST)}
    return sorted(names, key=lambda name: (place.get(name, len(FIRST)), name.startswith(FAMILY), name))


def models_from_environment(setting: str) -> list[str]:
    """Split ``SEQ2SEQ_MODELS``: names of folders or Hub repositories, separated by commas.

    >>> models_from_environment(" runs/mine, user/model@main ,")
    ['runs/mine', 'user/model@main']
    """
    return [name.strip() for name in setting.split(",") if name.strip()]


def _short_name(name: str) -> str:
    """Name a model without the folders above it: those are the host's own business."""
    return Path(name).name if Path(name).is_absolute() else name.strip("./")


def _new_id(name: str, taken: Mapping[str, object]) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate


def _describe(name: str, translator: Translator) -> dict[str, Any]:
    config = translator.config
    card = _read_card(translator.checkpoint.path / "README.md")
    return {
        "id": name,
        "task": config.task,
        "source_language": config.source_language,
        "target_language": config.target_language,
        "family": name.startswith(FAMILY),
        "examples": list(config.examples),
        "cell": config.model.cell,
        "attention": config.model.attention,
        "parameters": sum(weight.numel() for weight in translator.checkpoint.model.parameters()),
        "curve": read_curve(translator.checkpoint.path / "training_log.jsonl"),
        **card,
    }


def read_curve(path: Path) -> dict[str, Any] | None:
    """Return the learning curve of a training log: the loss, and the figure that it was validated with.

    A log may hold several runs after one another (a recipe and one that finishes its weights): their updates are
    counted on.

    Returns:
        ``loss`` and ``validation``, each a list of [update, value] of at most `CURVE_POINTS` points, ``metric`` (the
        validation's name) and ``starts`` (updates at which a further run began); None where there is no log.
    """
    if not path.is_file():
        return None
    try:
        return _curve(path.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError) as error:
        # Somebody else's log in their own format is no reason not to serve their model.
        _log.warning("%s is not a training log that the page can draw: %r", path, error)
        return None


def _curve(log: str) -> dict[str, Any]:
    loss: list[tuple[int, float]] = []
    validation: list[tuple[int, float]] = []
    metric, before, last = "", 0, 0
    starts: list[int] = []
    for line in log.splitlines():
        entry = json.loads(line)
        if entry["kind"] == "start" and last and entry["update"] == 0:
            before = last
            starts.append(before)
        update = before + entry.get("update", 0)
        last = max(last, update)
        if entry["kind"] == "train":
            loss.append((update, entry["loss"]))
        elif entry["kind"] == "validation":
            metric = next((name for name in METRICS if name in entry), "loss")
            validation.append((update, entry[metric]))
    return {"loss": _thinned(loss), "validation": _thinned(validation), "metric": metric, "starts": starts}


def _thinned(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Keep at most `CURVE_POINTS`, evenly, the first and the last among them."""
    if len(points) <= CURVE_POINTS:
        return points
    last = len(points) - 1
    return [points[index * last // (CURVE_POINTS - 1)] for index in range(CURVE_POINTS)]


def _read_card(path: Path) -> dict[str, str]:
    """Return the licence and the first paragraph of a model card; empty where it has none."""
    if not path.is_file():
        return {"licence": "", "summary": ""}
    text = path.read_text(encoding="utf-8", errors="replace")
    front, body = "", text
    if text.startswith("---\n"):
        front, _, body = text[4:].partition("\n---\n")
    values = dict(line.split(": ", 1) for line in front.splitlines() if ": " in line and not line.startswith(" "))
    paragraphs = (part.strip() for part in body.split("\n\n"))
    summary = next((part for part in paragraphs if part and not part.startswith(("#", "|", "!", "<", "```"))), "")
    licence = values.get("license_name", values.get("license", "")).strip("\"' ")
    return {"licence": licence, "summary": " ".join(summary.split())}
