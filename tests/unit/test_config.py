"""Configurations are strict: nothing unknown, mistyped or out of range gets through."""

import json
from pathlib import Path

import pytest

import seq2seq_demo
from seq2seq_demo.config import (
    ArchitectureConfig,
    CheckpointConfig,
    CorpusConfig,
    DataConfig,
    DecodingConfig,
    ModelConfig,
    Recipe,
    TokenizerConfig,
    TrainingConfig,
)
from seq2seq_demo.errors import ConfigurationError

SIZES = {"source_vocab_size": 100, "target_vocab_size": 200}
RECIPES = sorted((Path(seq2seq_demo.__file__).parent / "recipes").glob("*.toml"))


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (DecodingConfig, {"beam_sise": 3}, "unknown key 'beam_sise'; allowed: .*Did you mean 'beam_size'"),
        (DecodingConfig, {"strategy": "greddy"}, "strategy must be one of 'greedy', 'beam'.*; got 'greddy'"),
        (DecodingConfig, {"strategy": None}, "strategy must be one of"),
        (DecodingConfig, {"beam_size": 0}, r"beam_size must lie in \[1, 100\]; got 0"),
        (DecodingConfig, {"beam_size": 101}, r"beam_size must lie in \[1, 100\]; got 101"),
        (DecodingConfig, {"beam_size": 5.0}, "beam_size must be a whole number; got 5.0"),
        (DecodingConfig, {"beam_size": True}, "beam_size must be a whole number; got True"),
        (DecodingConfig, {"beam_size": "5"}, "beam_size must be a whole number; got '5'"),
        (DecodingConfig, {"beam_size": 3, "n_best": 4}, r"n_best must lie in \[1, 3\]; got 4"),
        (DecodingConfig, {"length_penalty": float("nan")}, "length_penalty must be a finite number; got nan"),
        (DecodingConfig, {"length_penalty": float("inf")}, "length_penalty must be a finite number; got inf"),
        (DecodingConfig, {"length_penalty": -0.1}, r"length_penalty must lie in \[0, 5\]; got -0.1"),
        (DecodingConfig, {"coverage_penalty": 5.1}, r"coverage_penalty must lie in \[0, 5\]; got 5.1"),
        (DecodingConfig, {"min_length": 513}, r"min_length must lie in \[0, 512\]"),
        (DecodingConfig, {"max_length": 0}, r"max_length must lie in \[1, 512\]"),
        (DecodingConfig, {"min_length": 9, "max_length": 8}, "min_length must not exceed max_length; got 9 and 8"),
        (DecodingConfig, {"strategy": "diverse-beam", "beam_size": 6}, r"multiple of beam_groups \(5\); got 6"),
        (DecodingConfig, {"strategy": "diverse-beam", "n_best": 6}, r"n_best must lie in \[1, 5\]; got 6"),
        (DecodingConfig, {"beam_groups": 0}, r"beam_groups must lie in \[1, 100\]; got 0"),
        (DecodingConfig, {"diversity": 10.5}, r"diversity must lie in \[0, 10\]; got 10.5"),
        (DecodingConfig, {"prefix": "a" * 1001}, "prefix must have at most 1,000 characters; got 1,001"),
        (DecodingConfig, {"prefix": None}, "prefix must be a text; got None"),
        (DecodingConfig, {"length_penalty": 10**400}, r"length_penalty must lie in \[0, 5\]; got 10{79}…\."),
        (DecodingConfig, {"beam_size": 10**5000}, "beam_size must lie in .*; got a number of thousands of digits"),
        (DecodingConfig, {"strategy": "x" * 999}, "strategy must be one of .*; got 'x{79}…"),
        (DecodingConfig, {"temperature": 0.04}, r"temperature must lie in \[0.05, 10\]; got 0.04"),
        (DecodingConfig, {"temperature": 10.1}, r"temperature must lie in \[0.05, 10\]; got 10.1"),
        (DecodingConfig, {"top_k": -1}, "top_k must lie in"),
        (DecodingConfig, {"top_p": 0}, r"top_p must lie in \(0, 1\]; got 0"),
        (DecodingConfig, {"top_p": 1.0000001}, r"top_p must lie in \(0, 1\]; got 1.0000001"),
        (DecodingConfig, {"seed": -1}, "seed must lie in"),
        (DecodingConfig, {"seed": 2**63}, "seed must lie in"),
        (DecodingConfig, {"strategy": "sample", "n_best": 101}, r"n_best must lie in \[1, 100\]; got 101"),
        (TrainingConfig, {"learning_rate": 0.0}, r"learning_rate must lie in \(0, 10\]; got 0"),
        (TrainingConfig, {"label_smoothing": 1.0}, r"label_smoothing must lie in \[0, 1\); got 1"),
        (TrainingConfig, {"final_learning_rate": 0.1}, r"final_learning_rate must lie in \[0, 0.001\]"),
        (TrainingConfig, {"schedule": "linear"}, "schedule must be one of"),
        (ModelConfig, {}, "source_vocab_size is missing"),
        (ModelConfig, SIZES | {"attention": "bahdanua"}, "attention must be one of 'none', 'dot', .*; got 'bahdanua'"),
        (
            ModelConfig,
            SIZES | {"attention": "dot", "decoder_size": 100},
            r"'dot' needs decoder_size .*\(512\); got 100",
        ),
        (ModelConfig, SIZES | {"bridge": "copy", "decoder_layers": 1}, "bridge 'copy' needs as many decoder layers"),
        (ModelConfig, SIZES | {"bridge": "zero", "attention": "none"}, "the decoder never sees the source"),
        (ModelConfig, SIZES | {"tied": "all"}, "tied 'all' needs one vocabulary for both sides; got 100 .* and 200"),
        (ModelConfig, SIZES | {"dropout": 1}, r"dropout must lie in \[0, 1\); got 1"),
        (ModelConfig, SIZES | {"bidirectional": 1}, "bidirectional must be true or false; got 1"),
        (CorpusConfig, {"file": "a", "keep_longest": 1}, r"keep_longest must lie in \[0, 0\]; got 1"),
        (CorpusConfig, {"file": "a", "joined": -1}, "joined must lie in"),
        (TokenizerConfig, {"shared": True, "target_model_type": "word"}, "has one model type, here 'unigram'; got "),
        (
            DataConfig,
            {"train": "a.tsv"},
            "train must be a list, each item a table with file, .*; got 'a.tsv'",
        ),
        (DataConfig, {"train": ["a.tsv"]}, "an item of train must be a table with file, origin, .*; got 'a.tsv'"),
    ],
)
def test_a_bad_value_is_refused_by_name(kind: type, values: dict, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        kind.from_dict(values)


def test_unknown_config_key_is_rejected() -> None:
    with pytest.raises(TypeError, match="beam_sise"):
        DecodingConfig(beam_sise=3)  # type: ignore[call-arg]


def test_the_constructor_checks_like_from_dict() -> None:
    with pytest.raises(ConfigurationError, match="beam_size must lie in"):
        DecodingConfig(beam_size=0)


def test_the_error_names_the_field_for_the_page() -> None:
    with pytest.raises(ConfigurationError) as caught:
        DecodingConfig(length_penalty=7)
    assert caught.value.code == "out_of_range"
    assert dict(caught.value.fields) == {"field": "length_penalty", "allowed": "[0, 5]", "got": 7}


@pytest.mark.parametrize("value", [10**400, -(10**400)])
def test_a_number_that_no_float_holds_is_refused_by_the_constructor_too(value: int) -> None:
    with pytest.raises(ConfigurationError, match="temperature must lie in"):
        DecodingConfig(temperature=value)


def test_a_seed_is_drawn_where_samples_need_one() -> None:
    drawn = DecodingConfig(strategy="sample").with_seed()
    assert drawn.seed is not None
    assert drawn.with_seed() == drawn
    assert DecodingConfig(strategy="sample").with_seed() != drawn
    assert DecodingConfig().with_seed().seed is None


def test_a_whole_number_serves_as_a_float() -> None:
    assert DecodingConfig.from_dict({"length_penalty": 0}).length_penalty == 0.0


def test_a_configuration_survives_json() -> None:
    model = ArchitectureConfig(cell="gru").with_vocabularies(100, 200)
    config = CheckpointConfig(model, "en", "zh", "tiny", ("Hello", "你好"), "verse")
    assert CheckpointConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        DecodingConfig().beam_size = 3  # type: ignore[misc]


@pytest.mark.parametrize("changes", [{"source_language": "ja"}, {"source_language": "zh", "task": "pronounce"}, {}])
def test_only_chinese_sources_can_be_simplified(changes: dict[str, str]) -> None:
    assert DataConfig.from_dict({"simplified_sources": True, "source_language": "zh-TW"}).simplified_sources
    with pytest.raises(ConfigurationError, match="needs Chinese sources"):
        DataConfig.from_dict({"simplified_sources": True, **changes})


@pytest.mark.parametrize("tokenizer", [{"model_type": "char"}, {"target_model_type": "word"}])
def test_only_subwords_can_be_sampled(tokenizer: dict[str, str]) -> None:
    values = {"name": "tiny", "data": {"subword_sampling": 0.1}}
    assert Recipe.from_dict({**values, "tokenizer": {"model_type": "bpe"}}).data.subword_sampling
    with pytest.raises(ConfigurationError, match="'unigram' or 'bpe'; got"):
        Recipe.from_dict({**values, "tokenizer": tokenizer})


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_of_the_package_is_valid(path: Path) -> None:
    assert Recipe.from_file(path).name


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[training]\ncell = 'gru'", r"bad\.toml, \[training\]: unknown key 'cell'"),
        ("[data]\ntrain = [{ file = 'a', repeat = 0 }]", r"bad\.toml, \[data\.train\]: repeat must lie in"),
        ("model = 3", r"bad\.toml: model must be a table with cell, attention"),
    ],
)
def test_a_mistake_in_a_recipe_is_found_by_file_and_table(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "bad.toml").write_text(f'name = "bad"\n{content}\n')
    with pytest.raises(ConfigurationError, match=message):
        Recipe.from_file(tmp_path / "bad.toml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read the recipe"),
        (b"a = ", "is not valid TOML"),
        (b"a = '\xff'", "is not valid TOML"),
        (b"a = " + b"1" * 5000, "is not valid TOML"),
    ],
)
def test_a_recipe_that_is_none_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "recipe.toml").write_bytes(content)
    with pytest.raises(ConfigurationError, match=message):
        Recipe.from_file(tmp_path / "recipe.toml")


def test_a_recipe_says_what_differs_from_its_base(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text('name = "base"\n[model]\ncell = "gru"\ndropout = 0.4\n[data]\ndev = "d"\n')
    (tmp_path / "one.toml").write_text('name = "one"\nbase = "base.toml"\n[model]\ncell = "rnn"\n')
    recipe = Recipe.from_file(tmp_path / "one.toml")
    assert (recipe.name, recipe.model.cell, recipe.model.dropout, recipe.data.dev) == ("one", "rnn", 0.4, "d")


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ('"none.toml"', "cannot read the recipe .*none.toml"),
        ("3", "one.toml: base must be a text; got 3"),
        ('"one.toml"', "one.toml: unknown key 'base'"),
        ('"bad.toml"', r"one.toml, \[model\]: unknown key 'cel'"),
    ],
)
def test_a_base_that_is_none_is_refused(tmp_path: Path, base: str, message: str) -> None:
    (tmp_path / "one.toml").write_text(f'name = "one"\nbase = {base}\n[model]\ncell = "rnn"\n')
    (tmp_path / "bad.toml").write_text("[model]\ncel = 'gru'\n")
    with pytest.raises(ConfigurationError, match=message):
        Recipe.from_file(tmp_path / "one.toml")


def test_the_requirements_are_exact() -> None:
    root = Path(seq2seq_demo.__file__).parents[1]
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = [line.split("#")[0].strip() for line in (root / name).read_text().splitlines()]
        assert all(line.count("==") == 1 for line in lines if line)
