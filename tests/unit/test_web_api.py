"""The endpoint's options are those of the command line and of Python."""

import inspect
from dataclasses import fields

from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.web.api import TranslateEndpoint


def test_the_endpoint_has_every_decoding_option_with_its_default():
    parameters = inspect.signature(TranslateEndpoint.translate).parameters
    offered = {name: item.default for name, item in parameters.items() if name not in ("self", "text", "model")}
    assert offered == {item.name: item.default for item in fields(DecodingConfig)}
