"""The page's words: complete in both languages, and used as they are written."""

import re
from pathlib import Path
from typing import get_args

import pytest

import seq2seq_demo
from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.errors import ConfigurationError
from seq2seq_demo.strict import TYPES_IN_WORDS
from seq2seq_demo.typed_text import Note
from seq2seq_demo.web import words
from seq2seq_demo.web.words import choose_language, load_words

PACKAGE = Path(seq2seq_demo.__file__).parent
SCRIPTS = sorted((PACKAGE / "web").rglob("*.js"))
# What a visitor can cause: errors of the decoding's own modules.
VISITOR_MODULES = ["translator.py", "inputs.py", "figures.py", *(f"web/{name}.py" for name in ("requests", "exports"))]
VISITOR_MODULES += [f"web/views/{path.name}" for path in sorted((PACKAGE / "web/views").glob("[a-z]*.py"))]


def test_every_word_that_a_script_asks_for_is_in_the_table():
    asked = {key for path in SCRIPTS for key in re.findall(r'\bt\("([a-z]+\.[a-z_]+)"', path.read_text("utf-8"))}
    assert len(asked) > 40
    assert asked <= load_words().keys()


def test_every_option_on_the_page_is_a_decoding_option_with_a_name_and_a_tip():
    composer = (PACKAGE / "web/components/composer/composer.js").read_text("utf-8")
    names = re.findall(r"^    (\w+): \{ min", composer, re.MULTILINE)
    assert len(names) >= 6
    assert set(names) <= set(DecodingConfig().to_dict())
    assert {f"{kind}.{name}" for name in names for kind in ("field", "tip")} <= load_words().keys()


@pytest.mark.parametrize("module", VISITOR_MODULES)
def test_every_error_that_a_visitor_can_cause_has_words(module):
    code = (PACKAGE / module).read_text("utf-8")
    codes = set(re.findall(r'(?:InputError|ConfigurationError)\(\s*"(\w+)"', code))
    assert {f"error.{code}" for code in codes} <= load_words().keys()


def test_every_note_on_what_was_read_has_words():
    assert {f"note.{note}" for note in get_args(Note)} <= load_words().keys()


def test_every_type_that_an_error_names_has_words():
    assert {f"value.{name}" for name in TYPES_IN_WORDS.values()} <= load_words().keys()


def test_the_table_has_chinese_in_its_second_column():
    latin = {key for key, texts in load_words().items() if not re.search("[\u4e00-\u9fff]", texts["zh"])}
    assert latin <= {"architectures.member", "compare.sentences", "field.text", "about.architecture", "tree.comma"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[a]\nb = ["x"]', "one text for each"),
        ('[a]\nb = ["{x}", "y"]', "different values"),
        ('[again]\nc = ["x", "y"]', "two files"),
    ],
)
def test_a_bad_entry_is_refused(tmp_path, monkeypatch, content, message):
    (tmp_path / "first.toml").write_text('[again]\nc = ["x", "y"]', encoding="utf-8")
    (tmp_path / "second.toml").write_text(content, encoding="utf-8")
    monkeypatch.setattr(words, "_FOLDER", tmp_path)
    with pytest.raises(ConfigurationError, match=message):
        load_words.__wrapped__()


@pytest.mark.parametrize(
    ("header", "language"),
    [("zh", "zh"), ("en-GB,zh;q=0.9", "en"), ("de,zh-TW;q=0.3", "zh"), ("zh;q=0, en;q=0.1", "en"), (";;,=,", "en")],
)
def test_the_header_s_best_known_language_is_chosen(header, language):
    assert choose_language(header) == language
