"""Every checkpoint of the clone loads, speaks, and is what its card says."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from seq2seq_demo.checkpoint import CHECKPOINTS_FOLDER, WEIGHTS_FILE, find_checkpoints, load_checkpoint
from seq2seq_demo.config import DecodingConfig
from seq2seq_demo.text import is_cjk
from seq2seq_demo.translator import Translator

pytestmark = pytest.mark.integration

NAMES = find_checkpoints()
FAMILY = [name for name in NAMES if name.startswith("family/") and name != "family/tutorial"]


@pytest.fixture(scope="module", params=NAMES)
def translator(request: pytest.FixtureRequest) -> Translator:
    return Translator.from_pretrained(request.param, device="cpu")


def card_of(name_or_folder: str | Path) -> str:
    return (CHECKPOINTS_FOLDER / name_or_folder / "README.md").read_text(encoding="utf-8")


def test_the_first_model_of_the_page_is_there() -> None:
    assert "en-zh" in NAMES


@pytest.mark.parametrize("strategy", ["greedy", "beam"])
def test_it_translates_its_examples(translator: Translator, strategy: str) -> None:
    config = translator.config
    assert config.examples, "the page needs examples"
    for translation in translator.translate(config.examples, DecodingConfig(strategy=strategy)):
        best = translation.hypotheses[0]
        assert best.finished
        assert best.text
        assert is_cjk(best.text) or not config.target_language.startswith("zh")
        assert config.task != "pronounce" or all(re.fullmatch("[A-Z]+[0-2]?", sound) for sound in best.text.split())


def test_its_card_says_its_size(translator: Translator) -> None:
    (stated,) = re.findall(r"^Parameters: ([0-9,]+)$", card_of(translator.checkpoint.path), flags=re.MULTILINE)
    assert int(stated.replace(",", "")) == translator.checkpoint.model.parameter_count


def test_its_card_has_front_matter_with_a_licence(translator: Translator) -> None:
    front = card_of(translator.checkpoint.path).split("---\n")[1]
    assert re.search(r"^license: \S", front, flags=re.MULTILINE)


def test_every_figure_on_its_card_is_signed(translator: Translator) -> None:
    rows = [line for line in card_of(translator.checkpoint.path).splitlines() if line.startswith("|")]
    figures = [row for row in rows if re.search(r"\b(BLEU|chrF2?|TER|word error rate|perplexity)\b.*\d\.\d", row)]
    assert figures, "a card states how good the model is"
    assert [row for row in figures if "|version:" not in row.replace(r"\|", "|")] == []


@pytest.mark.skipif("pronounce" not in NAMES, reason="checkpoints/pronounce is not there")
@pytest.mark.parametrize("typed", ["knight", "Knight", "KNIGHT."])
def test_a_word_is_pronounced_however_it_is_typed(typed: str) -> None:
    (translation,) = Translator.from_pretrained("pronounce", device="cpu").translate([typed], DecodingConfig())
    assert translation.hypotheses[0].text == "N AY1 T"
    assert translation.source_tokens == (*"knight", "</s>")


@pytest.mark.skipif("couplet" not in NAMES, reason="checkpoints/couplet is not there")
def test_lines_of_verse_are_answered_with_lines_of_their_length() -> None:
    lines = ["床前明月光，", "獨在異鄉為異客", "故人西辞黄鹤楼", "白日依山尽"]
    answers = Translator.from_pretrained("couplet", device="cpu").translate(lines, DecodingConfig())
    assert [answer.source for answer in answers] == ["床前明月光", "独在异乡为异客", "故人西辞黄鹤楼", "白日依山尽"]
    assert all(re.fullmatch(f"[一-鿿]{{{len(answer.source)}}}", answer.hypotheses[0].text) for answer in answers)


@pytest.mark.skipif("de-en" not in NAMES, reason="checkpoints/de-en is not there")
def test_german_captions_become_english() -> None:
    texts = ["Zwei Hunde spielen im Schnee.", "Eine Frau liest ein Buch."]
    snow, book = Translator.from_pretrained("de-en", device="cpu").translate(texts, DecodingConfig())
    assert re.fullmatch(r"Two dogs (are )?play(ing)? in the snow\.", snow.hypotheses[0].text)
    assert re.fullmatch(r"A woman (is )?read(s|ing) a book\.", book.hypotheses[0].text)


@pytest.mark.skipif(not FAMILY, reason="checkpoints/family/ is not there")
def test_the_family_differs_in_cell_and_attention_alone() -> None:
    members = [load_checkpoint(name) for name in FAMILY]
    assert len({(member.config.model.cell, member.config.model.attention) for member in members}) == len(members)
    same = {(m.source_tokenizer.model_proto, m.target_tokenizer.model_proto) for m in members}
    sizes = {replace(m.config.model, cell="lstm", attention="none") for m in members}
    assert (len(same), len(sizes)) == (1, 1)
    assert all((member.path / WEIGHTS_FILE).stat().st_size <= 6_000_000 for member in members)


def test_everyday_sentences_give_sensible_chinese() -> None:
    translator = Translator.from_pretrained("en-zh", device="cpu")
    greeting, world = translator.translate(["How are you?", "Hello world"], DecodingConfig())
    assert greeting.hypotheses[0].text in ("你好吗？", "您好吗？")
    assert re.fullmatch("你好，?世界[。！]?", world.hypotheses[0].text)
