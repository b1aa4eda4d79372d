"""Errors carry their code and fields wherever they go."""

import pickle

import pytest

from seq2seq_demo.errors import CheckpointError, ConfigurationError, DataError, InputError, Seq2SeqError


@pytest.mark.parametrize("kind", [ConfigurationError, CheckpointError, InputError, DataError])
def test_an_error_survives_a_process_boundary(kind: type[Seq2SeqError]) -> None:
    error = kind("source_too_long", "the source has 300 tokens.", {"tokens": 300, "limit": 256})
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert (copy.code, str(copy), copy.message) == (error.code, str(error), error.message)
    assert dict(copy.fields) == {"tokens": 300, "limit": 256}


def test_every_error_is_caught_by_the_base() -> None:
    for kind in (ConfigurationError, CheckpointError, InputError, DataError):
        with pytest.raises(Seq2SeqError, match="sentence"):
            raise kind("code", "a sentence.")


def test_fields_cannot_be_changed() -> None:
    fields = {"limit": 256}
    error = InputError("code", "a sentence.", fields)
    fields["limit"] = 1
    assert error.fields["limit"] == 256
    with pytest.raises(TypeError):
        error.fields["limit"] = 2  # type: ignore[index]
