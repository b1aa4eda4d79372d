"""Runs checkpoint functions in a process of its own, since the Hub's address is read when its library is imported.

Reads one JSON list ``[function, arguments, keyword arguments]`` a line and answers with one JSON object a line.
"""

import json
import sys
import time
from pathlib import Path

from seq2seq_demo import checkpoint
from seq2seq_demo.errors import CheckpointError


def answer(function: str, args: list, kwargs: dict) -> dict:
    """Call a function; returns its result or its error, and how long it took."""
    start = time.perf_counter()
    try:
        value = getattr(checkpoint, function)(*args, **kwargs)
    except CheckpointError as error:
        return {"code": error.code, "message": str(error), "seconds": time.perf_counter() - start}
    if isinstance(value, checkpoint.Checkpoint):
        weights = sum(float(tensor.double().sum()) for tensor in value.model.state_dict().values())
        value = {"path": str(value.path), "recipe": value.config.recipe, "weights": weights}
    elif isinstance(value, Path):
        value = str(value)
    return {"value": value, "seconds": time.perf_counter() - start}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(*json.loads(line))), flush=True)
