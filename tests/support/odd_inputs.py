"""A thousand odd inputs, always the same ones, and how often a model's outputs run in circles on them.

python -m tests.support.odd_inputs en                    # print them
python -m tests.support.odd_inputs en --model en-zh      # decode them and count
"""

import argparse
import random
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seq2seq_demo.config import DecodingConfig
    from seq2seq_demo.translator import Translator

PER_KIND = 50
SENTENCES = {
    "en": (
        "I do not know where my keys are",
        "the weather is nice today",
        "can you help me with my homework",
        "we are going to the cinema tonight",
        "she bought a new car last week",
        "what time does the train leave",
    ),
    "zh": (
        "我不知道我的钥匙在哪里",
        "今天天气很好",
        "你能帮我做作业吗",
        "我们今晚去看电影",
        "她上周买了一辆新车",
        "火车几点开",
    ),
}
WORDS = {
    "en": ("no", "yes", "ha", "very", "buy", "hello", "why", "the", "cat", "go", "please", "love"),
    "zh": ("不", "是", "哈", "很", "买", "你好", "为什么", "的", "猫", "走", "请", "爱"),
}
LETTERS = "abcdefghijklmnopqrstuvwxyz"
EMOJI = ("😀", "😂", "🍕", "👍🏽", "❤️", "🎉", "👨‍👩‍👧", "🇨🇳", "☀️", "🚀", "😭", "🤷‍♀️")
ALPHABETS = {
    "arabic": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "cyrillic": "абвгдежзийклмнопрстуфхцчшщыьэюя",
    "japanese": "あいうえおかきくけこさしすせそカタナハマヤラワ日本語時間",
    "korean": "가나다라마바사아자차카타파하한국어안녕",
    "others": "αβγδεζηθικλμνאבגדהוזחטกขคงจฉชअआइईकखग",
}
NAMES = ("Oyelaran", "Siobhan", "Brzęczyszczykiewicz", "Nguyễn Thị Hạnh", "Łukasz", "Jürgen", "Ouagadougou", "Xóchitl")
NAMES += ("Þórður", "Zuckermann", "Mbappé", "O'Shaughnessy", "Van der Merwe", "Ng", "Chimamanda", "Björk")
CODE = (
    "def {0}({1}): return {1} * {2}",
    "for (int {0} = 0; {0} < {2}; {0}++) {{ {1} += {0}; }}",
    "SELECT {0} FROM {1};",
)
CODE += (
    "{0} = [{1} for {1} in range({2})]",
    "<div class='{0}'>{1}</div>",
    "git commit -m '{0} {1}' --amend",
    "x^2 + {2}x = 0",
)

Kind = Callable[[random.Random, str], str]


def _word(rng: random.Random, longest: int = 9) -> str:
    return "".join(rng.choices(LETTERS, k=rng.randint(1, longest)))


def _letters(rng: random.Random, language: str) -> str:
    return " ".join(_word(rng) for _ in range(rng.randint(1, 12)))


def _keyboard(rng: random.Random, language: str) -> str:
    return "".join(rng.choices(rng.choice(("asdf", "jkl;", "qwerty", "asdfghjkl", "zxcvbnm,./")), k=rng.randint(4, 40)))


def _script(name: str) -> Kind:
    def line(rng: random.Random, language: str) -> str:
        words = ("".join(rng.choices(ALPHABETS[name], k=rng.randint(2, 8))) for _ in range(rng.randint(1, 8)))
        return " ".join(words) + rng.choice(("", ".", "?"))

    return line


def _emoji(rng: random.Random, language: str) -> str:
    return (
        "".join(rng.choices(EMOJI, k=rng.randint(1, 12)))
        if rng.random() < 0.5
        else rng.choice(EMOJI) * rng.randint(1, 20)
    )


def _sentence_with_emoji(rng: random.Random, language: str) -> str:
    return f"{rng.choice(SENTENCES[language])} {_emoji(rng, language)}"


def _repeated(rng: random.Random, language: str) -> str:
    words = rng.choices(WORDS[language], k=rng.randint(1, 3))
    return (" " if language == "en" else "").join(words * rng.randint(4, 20))


def _stretched(rng: random.Random, language: str) -> str:
    word = rng.choice(WORDS[language])
    return word + word[-1] * rng.randint(5, 60)


def _digits(rng: random.Random, language: str) -> str:
    groups = ("".join(rng.choices("0123456789", k=rng.randint(1, 12))) for _ in range(rng.randint(1, 8)))
    return rng.choice((" ", ",", ".", "-", "")).join(groups)


def _address(rng: random.Random, language: str) -> str:
    host = f"{_word(rng)}.{rng.choice(('com', 'org', 'cn', 'io'))}"
    path = "/".join(_word(rng) for _ in range(rng.randint(0, 6)))
    return rng.choice(
        (f"https://www.{host}/{path}?id={rng.randint(1, 10**9)}", f"{_word(rng)}@{host}", f"{host}/{path}")
    )


def _code(rng: random.Random, language: str) -> str:
    return rng.choice(CODE).format(_word(rng, 6), _word(rng, 3), rng.randint(0, 999))


def _long_word(rng: random.Random, language: str) -> str:
    return "".join(rng.choices(LETTERS, k=rng.randint(30, 150)))


def _single(rng: random.Random, language: str) -> str:
    return rng.choice(LETTERS + LETTERS.upper() + "0123456789?!.,;:-+*/=%&#@$€£—…" + "".join(WORDS["zh"]))


def _marks(rng: random.Random, language: str) -> str:
    return "".join(rng.choices("?!.,;:-…()[]\"'*#。，！？", k=rng.randint(2, 40)))


def _mixed(rng: random.Random, language: str) -> str:
    alphabets = (*ALPHABETS.values(), LETTERS, "".join(SENTENCES["zh"]), "0123456789")
    words = ("".join(rng.choices(rng.choice(alphabets), k=rng.randint(1, 6))) for _ in range(rng.randint(2, 12)))
    return " ".join(words)


def _names(rng: random.Random, language: str) -> str:
    names = rng.sample(NAMES, k=rng.randint(1, 5))
    return rng.choice((f"My name is {names[0]}.", " and ".join(names), ", ".join(names), f"{names[0]}!"))


def _capitals(rng: random.Random, language: str) -> str:
    return f"{rng.choice(SENTENCES['en']).upper()}{rng.choice(('', '!', '!!!', '?'))}"


def _run_on(rng: random.Random, language: str) -> str:
    words = [word for text in SENTENCES[language] for word in (text.split() if language == "en" else text)]
    return (" " if language == "en" else "").join(rng.choices(words, k=60))


def _other_language(rng: random.Random, language: str) -> str:
    return rng.choice(SENTENCES["zh" if language == "en" else "en"]) + rng.choice(("", "?", "。", "!"))


KINDS: dict[str, Kind] = {
    "random letters": _letters,
    "keyboard": _keyboard,
    "Arabic": _script("arabic"),
    "Cyrillic": _script("cyrillic"),
    "Japanese": _script("japanese"),
    "Korean": _script("korean"),
    "other scripts": _script("others"),
    "emoji": _emoji,
    "sentence with emoji": _sentence_with_emoji,
    "repeated words": _repeated,
    "stretched word": _stretched,
    "digits": _digits,
    "address": _address,
    "code": _code,
    "very long word": _long_word,
    "single character": _single,
    "marks": _marks,
    "mixed scripts": _mixed,
    "names": _names,
    "capitals": _capitals,
}
"""Twenty kinds; two more, run-on and other language, take half the places of those with few different values."""


def odd_inputs(language: str) -> list[tuple[str, str]]:
    """Return 1,000 pairs of kind and text for a model that reads `language`; always the same ones."""
    rng = random.Random(f"odd inputs {language}")
    found = [(kind, make(rng, language)) for kind, make in KINDS.items() for _ in range(PER_KIND)]
    for place in range(0, PER_KIND // 2):
        single, capitals = (list(KINDS).index(kind) * PER_KIND + place for kind in ("single character", "capitals"))
        found[single] = ("run-on", _run_on(rng, language))
        found[capitals] = ("other language", _other_language(rng, language))
    return found


def taken_by(translator: "Translator", inputs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Leave out what has no words for the model: emoji alone."""
    from seq2seq_demo.errors import InputError

    taken = []
    for kind, text in inputs:
        try:
            translator.check_text(text)
        except InputError as error:
            if error.code != "no_words":
                raise
            continue
        taken.append((kind, text))
    return taken


def count_repeats(
    translator: "Translator", inputs: list[tuple[str, str]], config: "DecodingConfig"
) -> tuple[Counter[str], int, int]:
    """Count the outputs that repeat a 3-gram three times or more.

    Returns:
        By kind of input; those of them that repeat it more often than their source does; outputs that were cut.
    """
    from seq2seq_demo.inputs import read_source
    from seq2seq_demo.search.repetition import most_repeats

    kinds, beyond, cut = Counter[str](), 0, 0
    found = translator.translate([text for _, text in inputs], config)
    for (kind, _), translation in zip(inputs, found, strict=True):
        best = translation.hypotheses[0]
        repeats = most_repeats(best.token_ids)
        own = read_source(translation.source, translator.checkpoint.source_tokenizer).repeats
        kinds[kind] += repeats >= 3
        beyond += repeats >= 3 and repeats > own
        cut += not best.finished
    return +kinds, beyond, cut


def main() -> None:
    """Print the inputs, or how many of a model's outputs repeat a 3-gram three times."""
    from seq2seq_demo.config import DecodingConfig
    from seq2seq_demo.translator import Translator

    parser = argparse.ArgumentParser()
    parser.add_argument("language", choices=sorted(SENTENCES))
    parser.add_argument("--model")
    parser.add_argument("--repeat-limit", type=int, default=DecodingConfig().repeat_limit)
    args = parser.parse_args()
    inputs = odd_inputs(args.language)
    if args.model is None:
        print("\n".join(text for _, text in inputs))
        return
    translator = Translator.from_pretrained(args.model, device="cpu")
    taken = taken_by(translator, inputs)
    print(f"{len(inputs) - len(taken)} inputs have no words")
    for strategy in ("greedy", "beam"):
        config = DecodingConfig(strategy=strategy, repeat_limit=args.repeat_limit)
        kinds, beyond, cut = count_repeats(translator, taken, config)
        print(
            f"{strategy}: {kinds.total()} of {len(taken)} outputs repeat a 3-gram three times or more; "
            f"{beyond} of them more often than the source; {cut} cut at the maximum length"
        )
        print(f"  {dict(kinds.most_common())}")


if __name__ == "__main__":
    main()
