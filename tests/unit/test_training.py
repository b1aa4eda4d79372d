"""The trainer in one process: resuming anywhere, what a resumed run may change, and what it says of a bad start."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from seq2seq_demo.checkpoint import load_checkpoint
from seq2seq_demo.config import ArchitectureConfig, CorpusConfig, DataConfig, Recipe, TokenizerConfig, TrainingConfig
from seq2seq_demo.errors import CheckpointError, ConfigurationError, DataError
from seq2seq_demo.training import TrainingResult, train

LETTERS = str.maketrans("0123456789", "abcdefghij")


def make_recipe(*, dropout: float = 0.2, **training: object) -> Recipe:
    values = {
        "max_updates": 12,
        "batch_tokens": 400,
        "learning_rate": 0.01,
        "warmup_updates": 4,
        "schedule": "constant",
        "precision": "float32",
        "ema_decay": 0.9,
        "validate_every": 6,
        "log_every": 1,
        "validation_metric": "loss",
        **training,
    }
    return Recipe(
        name="tiny",
        model=ArchitectureConfig(
            cell="gru", embedding_size=16, encoder_size=16, decoder_size=32, attention_size=16, dropout=dropout
        ),
        tokenizer=TokenizerConfig(model_type="char", source_vocab_size=16, target_vocab_size=16),
        data=DataConfig(train=(CorpusConfig("train.tsv"),), dev="dev.tsv"),
        training=TrainingConfig.from_dict(values),
    )


def write_corpus(folder: Path, alphabet: str = "0123456789", name: str = "train.tsv") -> None:
    rng = random.Random(0)
    rows = ["".join(rng.choices(alphabet, k=rng.randint(2, 8))) for _ in range(300)]
    (folder / name).write_text("".join(f"{row}\t{row[::-1]}\n" for row in rows), encoding="utf-8")
    (folder / "dev.tsv").write_text("".join(f"{row}\t{row[::-1]}\n" for row in rows[:20]), encoding="utf-8")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_corpus(tmp_path)
    return tmp_path


def run(data: Path, output: str, recipe: Recipe, **more: object) -> TrainingResult:
    return train(recipe, data_dir=data, output=data / output, device="cpu", **more)


def records(data: Path, output: str, kind: str) -> list[dict[str, float]]:
    lines = (data / output / "training_log.jsonl").read_text(encoding="utf-8").splitlines()
    return [record for record in map(json.loads, lines) if record["kind"] == kind]


def losses(data: Path, output: str) -> list[float]:
    return [record["loss"] for record in records(data, output, "train")]


def test_a_run_can_be_resumed_after_any_update(data: Path) -> None:
    run(data, "whole", make_recipe())
    for stop in range(1, 12):
        run(data, f"stop{stop}", make_recipe(max_updates=stop))
        run(data, f"stop{stop}", make_recipe(), resume=True)
        assert losses(data, f"stop{stop}") == losses(data, "whole"), stop


def test_a_run_from_before_a_field_existed_can_be_resumed(data: Path) -> None:
    run(data, "run", make_recipe(max_updates=2))
    path = data / "run/training_state/state.pt"
    state = torch.load(path, weights_only=True)
    recipe = json.loads(state["recipe"])
    del recipe["data"]["train"][0]["joined"], recipe["training"]["unit_embeddings"]
    torch.save({**state, "recipe": json.dumps(recipe)}, path)
    assert run(data, "run", make_recipe(max_updates=3, unit_embeddings=False), resume=True).updates == 3


def test_r_drop_adds_what_two_dropouts_disagree_about(data: Path) -> None:
    found = []
    for alpha in (0.0, 1e-9, 50.0, 100.0):
        run(data, f"alpha{alpha}", make_recipe(max_updates=1, r_drop=alpha))
        found += losses(data, f"alpha{alpha}")
    once, twice, apart, further = found
    assert twice == pytest.approx(once, rel=0.05)
    assert apart > twice + 0.1
    assert further - twice == pytest.approx(2 * (apart - twice), rel=1e-3)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_run_with_r_drop_learns_and_resumes_exactly(data: Path, precision: str) -> None:
    settings = {"r_drop": 1.0, "precision": precision, "max_updates": 12}
    run(data, "whole", make_recipe(**settings))
    run(data, "broken", make_recipe(**{**settings, "max_updates": 5}))
    run(data, "broken", make_recipe(**settings), resume=True)
    assert losses(data, "broken") == losses(data, "whole")
    assert losses(data, "whole")[-1] < losses(data, "whole")[0]


def test_r_drop_with_two_histories_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="set teacher_forcing_ratio to 1"):
        make_recipe(r_drop=1.0, teacher_forcing_ratio=0.5)


def test_a_recipe_says_how_loud_a_new_network_starts(data: Path) -> None:
    for loud in (False, True):
        still = make_recipe(max_updates=1, learning_rate=1e-20, final_learning_rate=0.0, unit_embeddings=loud)
        run(data, f"loud{loud}", still)
    quiet, loud_one = (load_checkpoint(data / f"loud{loud}").model.state_dict() for loud in (False, True))
    scaled = {name for name, weight in quiet.items() if not torch.equal(weight, loud_one[name])}
    assert scaled == {
        "encoder.forward_layers.0.rnn.weight_ih_l0",
        "encoder.backward_layers.0.rnn.weight_ih_l0",
        "decoder.layers.0.rnn.weight_ih_l0",
    }


def test_r_drop_without_dropout_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="model.dropout above 0"):
        make_recipe(dropout=0.0, r_drop=1.0)


def test_a_run_can_take_the_tokenizers_of_another(data: Path) -> None:
    run(data, "first", make_recipe(max_updates=1))
    other = replace(make_recipe(max_updates=1), tokenizer=TokenizerConfig(model_type="bpe"))
    run(data, "second", other, tokenizers_from=data / "first")
    first, second = ((data / name / "shared.model").read_bytes() for name in ("first", "second"))
    assert first == second
    with pytest.raises(CheckpointError, match="has no source.model"):
        run(data, "third", other, tokenizers_from=data)


def in_languages(recipe: Recipe, source: str, target: str) -> Recipe:
    return replace(recipe, data=replace(recipe.data, source_language=source, target_language=target))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_run_can_start_with_the_word_vectors_of_another(data: Path, turned: bool, precision: str) -> None:
    # Letters on the target side, so that each side has a tokenizer of its own.
    rows = [row.split("\t") for row in (data / "train.tsv").read_text(encoding="utf-8").splitlines()]
    letters = "".join(f"{source}\t{target.translate(LETTERS)}\n" for source, target in rows)
    (data / "train.tsv").write_text(letters, encoding="utf-8")
    first = in_languages(make_recipe(max_updates=3), "en", "zh")
    run(data, "first", first)
    # So small a rate leaves the vectors where they were.
    still = make_recipe(max_updates=1, learning_rate=1e-9, final_learning_rate=0.0, precision=precision)
    languages = ("zh", "en") if turned else ("en", "zh")
    run(data, "second", in_languages(still, *languages), vectors_from=data / "first")
    one, other = (load_checkpoint(data / name) for name in ("first", "second"))
    sides = [(one.source_tokenizer, one.model.encoder), (one.target_tokenizer, one.model.decoder)]
    if turned:
        sides.reverse()
    for side, (tokenizer, part) in zip(("encoder", "decoder"), sides, strict=True):
        mine = other.source_tokenizer if side == "encoder" else other.target_tokenizer
        assert mine.model_proto == tokenizer.model_proto
        torch.testing.assert_close(getattr(other.model, side).embedding.weight, part.embedding.weight)
    assert not torch.equal(one.model.decoder.readout.weight, other.model.decoder.readout.weight)


def test_word_vectors_of_other_languages_or_sizes_are_refused(data: Path) -> None:
    run(data, "first", in_languages(make_recipe(max_updates=1), "en", "zh"))
    with pytest.raises(ConfigurationError, match="between 'en' and 'zh'.*between 'zh' and 'de'"):
        run(data, "second", in_languages(make_recipe(), "zh", "de"), vectors_from=data / "first")
    one = in_languages(make_recipe(), "zh", "en")
    one = replace(one, model=replace(one.model, tied="all"))
    with pytest.raises(ConfigurationError, match="one for both"):
        run(data, "tied", one, vectors_from=data / "first")
    wider = in_languages(make_recipe(), "zh", "en")
    wider = replace(wider, model=replace(wider.model, embedding_size=24))
    with pytest.raises(ConfigurationError, match="word vectors of 16 numbers.*embedding_size is 24"):
        run(data, "third", wider, vectors_from=data / "first")


@pytest.mark.parametrize("precision", ["bfloat16", "autocast"])
def test_other_precisions_learn_and_resume_too(data: Path, precision: str) -> None:
    recipe = make_recipe(precision=precision, max_updates=40)
    run(data, "whole", recipe)
    run(data, "broken", make_recipe(precision=precision, max_updates=7))
    run(data, "broken", recipe, resume=True)
    assert losses(data, "broken") == losses(data, "whole")
    assert losses(data, "whole")[-1] < losses(data, "whole")[0] - 0.1


def test_training_without_teacher_forcing_learns(data: Path) -> None:
    run(data, "out", make_recipe(teacher_forcing_ratio=0.5, max_updates=40))
    assert losses(data, "out")[-1] < losses(data, "out")[0] - 0.1


def test_training_stops_early_when_nothing_gets_better(data: Path) -> None:
    result = run(data, "out", make_recipe(learning_rate=1e-20, final_learning_rate=0.0, validate_every=1, patience=2))
    assert (result.ending, result.updates) == ("stopped early", 3)


def test_a_resumed_run_keeps_the_tokenizers_that_it_began_with(data: Path) -> None:
    run(data, "digits", make_recipe())
    write_corpus(data, alphabet="01234abcde")
    whole = make_recipe(learning_rate=0.001)
    run(data, "whole", whole, init_from=data / "digits")
    run(data, "broken", replace(whole, training=replace(whole.training, max_updates=5)), init_from=data / "digits")
    run(data, "broken", whole, resume=True)
    assert losses(data, "broken") == losses(data, "whole")
    protos = [load_checkpoint(data / name).source_tokenizer.model_proto for name in ("digits", "broken")]
    assert protos[0] == protos[1]


def test_weights_that_training_only_worsens_are_kept(data: Path) -> None:
    run(data, "first", make_recipe(max_updates=60))
    result = run(data, "second", make_recipe(learning_rate=1.0), init_from=data / "first")
    assert records(data, "second", "validation")[0]["update"] == 0
    assert result.best == pytest.approx(records(data, "second", "validation")[0]["loss"], abs=1e-4)


def test_another_dropout_is_not_another_architecture(data: Path) -> None:
    run(data, "first", make_recipe())
    run(data, "second", make_recipe(dropout=0.0), init_from=data / "first")
    wider = make_recipe()
    wider = replace(wider, model=replace(wider.model, decoder_size=40))
    with pytest.raises(ConfigurationError, match="decoder_size is 32 there and 40 here"):
        run(data, "third", wider, init_from=data / "first")


@pytest.mark.parametrize("field", ["batch_tokens", "seed", "beta2", "learning_rate"])
def test_what_a_resumed_run_may_not_change_is_named(data: Path, field: str) -> None:
    run(data, "out", make_recipe(max_updates=3))
    changed = {"batch_tokens": 500, "seed": 9, "beta2": 0.9, "learning_rate": 0.02}[field]
    with pytest.raises(ConfigurationError, match=f"another training.{field}"):
        run(data, "out", make_recipe(**{field: changed}), resume=True)


def test_another_corpus_cannot_be_resumed_with(data: Path) -> None:
    run(data, "out", make_recipe(max_updates=3))
    with (data / "train.tsv").open("a", encoding="utf-8") as stream:
        stream.write("123\t321\n")
    with pytest.raises(ConfigurationError, match="not those that the run"):
        run(data, "out", make_recipe(), resume=True)


def test_a_damaged_state_is_said(data: Path) -> None:
    run(data, "out", make_recipe(max_updates=3))
    state = data / "out/training_state/state.pt"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match=r"state\.pt is missing or damaged"):
        run(data, "out", make_recipe(), resume=True)


def test_a_damaged_corpus_of_drawn_cuts_is_said(data: Path) -> None:
    recipe = make_recipe(max_updates=3)
    pieces = TokenizerConfig(source_vocab_size=300, target_vocab_size=300)
    recipe = replace(recipe, data=replace(recipe.data, subword_sampling=0.1), tokenizer=pieces)
    run(data, "out", recipe)
    corpus = data / "out/training_state/corpus.npz"
    whole = corpus.read_bytes()
    for damaged in (whole[:1000], b""):
        corpus.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=r"corpus\.npz is missing or damaged"):
            run(data, "out", recipe, resume=True)
    corpus.unlink()
    with pytest.raises(CheckpointError, match=r"corpus\.npz is missing or damaged"):
        run(data, "out", recipe, resume=True)


@pytest.mark.parametrize("alphas", [(0.0, 0.1), (0.1, 0.2), (0.1, 0.0)])
def test_a_change_of_sampling_is_said_and_no_file_blamed(data: Path, alphas: tuple[float, float]) -> None:
    pieces = TokenizerConfig(source_vocab_size=300, target_vocab_size=300)
    plain = replace(make_recipe(max_updates=3), tokenizer=pieces)
    first, second = (replace(plain, data=replace(plain.data, subword_sampling=alpha)) for alpha in alphas)
    run(data, "out", first)
    with pytest.raises(ConfigurationError, match=r"another \[data\]"):
        run(data, "out", second, resume=True)


def test_a_start_that_came_to_nothing_leaves_no_trace(data: Path) -> None:
    class Broken(Exception):
        pass

    def fail(*_: object, **__: object) -> None:
        raise Broken

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Broken):
        patch.setattr("seq2seq_demo.training.encode_pairs", fail)
        run(data, "out", make_recipe())
    write_corpus(data, alphabet="abcdefghij")
    run(data, "out", make_recipe(max_updates=1))
    tokenizer = load_checkpoint(data / "out").source_tokenizer
    assert tokenizer.decode(tokenizer.encode("abc")) == "abc"
    assert len(records(data, "out", "start")) == 1


@pytest.mark.parametrize("name", ["train.tsv", "dev.tsv"])
def test_an_empty_file_is_named_at_once(data: Path, name: str) -> None:
    (data / name).write_text("", encoding="utf-8")
    with pytest.raises(DataError, match=rf"{name} has no pairs"):
        run(data, "out", make_recipe())


def test_an_output_that_is_a_file_is_said(data: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot write"):
        run(data, "dev.tsv", make_recipe())


def test_a_diverged_run_ends_with_advice(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seq2seq_demo.training.Optimizer.step", lambda *_, **__: float("inf"))
    with pytest.raises(ConfigurationError, match=r"not finite for 50 updates.*learning_rate below 0.01"):
        run(data, "out", make_recipe(max_updates=100))


def test_a_recipe_that_pronounces_reads_letters_and_writes_phonemes(data: Path) -> None:
    rows = "".join(f"{word}\t{' '.join(word[::-1])}1\n" for word in ("CAB", "BCA", "ABC") * 9)
    for name in ("train.tsv", "dev.tsv"):
        (data / name).write_text(rows, encoding="utf-8")
    recipe = make_recipe(max_updates=1)
    tokenizer = TokenizerConfig(model_type="char", target_model_type="word")
    run(data, "out", replace(recipe, tokenizer=tokenizer, data=replace(recipe.data, task="pronounce")))
    checkpoint = load_checkpoint(data / "out")
    assert checkpoint.config.task == "pronounce"
    assert set(checkpoint.source_tokenizer.pieces(range(4, 7))) == {"a", "b", "c"}
    assert set(checkpoint.target_tokenizer.pieces(range(4, 10))) == {"▁A", "▁B", "▁C", "▁A1", "▁B1", "▁C1"}
