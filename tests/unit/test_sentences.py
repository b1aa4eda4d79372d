"""Splitting a line into sentences: cases written by hand, with ``|`` where a person would split."""

import random

import pytest

from seq2seq_demo.sentences import join_sentences, split_sentences

ENGLISH = [
    "Hello.| How are you?",
    "Hello! |How are you? |I am fine, thanks.",
    "Mr. Smith and Mrs. Jones met Dr. Brown. |They talked.",
    "Prof. Lee lives on St. Mark's Place.",
    "I like fruit, e.g. apples and pears. |Do you?",
    "That is, i.e. The big one.",
    "He works for the U.S. Government.",
    "He lives in the U.S. |He likes it.",
    "We met at 5 p.m. Monday.",
    "We met at 5 p.m. |We left at six.",
    "It costs 3.5 dollars. |That is cheap.",
    "Pi is 3.14159.",
    "I paid $19.99. |Too much!",
    "Wait... what?",
    "Wait... |What did you say?",
    "I... I don't know... |Maybe.",
    "Well… |Let's go.",
    "“Go home,” he said. |“It is late.”",
    '"Really?" he asked. |"Yes!" she said.',
    '"Really?" |He left.',
    "“Stop!” |She ran.",
    "What?! |You did what?!",
    "No!!! |Please don't!",
    "He left (why? nobody knows) and came back.",
    "(He left.) |She stayed.",
    "J. K. Rowling wrote it. |I read it.",
    "George W. Bush was president.",
    "That is plan B. |We need plan C.",
    "So do I. |He does too.",
    "Apples, pears, etc. |They are cheap.",
    "Miller Inc. Boston sold them. |They were cheap.",
    "We flew from Washington, D.C. to Boston.",
    "See No. 5 and Fig. 3 on p. 12.",
    "No. |I won't.",
    "1. Open the door. |2. Go out.",
    "i am tired. |i want to sleep. |good night",
    "how are you? |i am fine",
    "I am tired.|I want to go home.",
    "Really?|Yes!|Good.",
    "Visit www.example.com. |It is good.",
    "Look at https://example.com/a?B=1.C and tell me.",
    "Write to me@Example.Com. |Thanks.",
    "I use Python 3.11. |You too?",
    "I don't know",
    "...",
    "?!",
    "",
    "Hello. 😀 |Bye. 😀",
    "Hello. !!! |Bye.",
    "He was born on Jan. 5. |She was not.",
    "A sentence without any end that is long, " + "and goes on and on, " * 15 + "stays whole.",
    "How are you? |i'm fine",
    "😀 Hello!",
    "It was 1999. |Then came 2000.",
]
CHINESE = [
    "你好！|你叫什么名字？|我叫王明。",
    "今天天气很好，我们去公园吧。",
    "他说：“好。”|然后走了。",
    "“你去哪儿？”|他问。",
    "我有3.5元。|你呢？",
    "真的吗？！|太好了！！",
    "我……我不知道。|你问他吧。",
    "他走了（为什么？没人知道），又回来了。",
    "你好!|你叫什么名字?|我叫王明.",
    "你好. |我是小明.",
    "我用Python 3.11写程序。|你呢？",
    "你好。 |再见。",
    "等一下...我不知道",
    "（他走了。）|她没走。",
    "《你好吗？》很好看。",
    "没有句号的句子",
    "。",
]
GERMAN = [
    "Guten Tag! |Wie geht es Ihnen?",
    "Ich mag Obst, z.B. Äpfel. |Und du?",
    "Ich mag Obst, z. B. Äpfel. |Und du?",
    "Dr. Müller und Prof. Schmidt kommen am 3. Oktober.",
    "Der 2. Weltkrieg endete 1945. |Danach war Frieden.",
    "Sie ist 30. |Er ist 31.",
    "Äpfel, Birnen usw. |Das ist gut.",
    "Das kostet ca. 3,5 Mio. Euro.",
    "„Komm!“, rief er. |„Es ist spät.“",
    "Er wohnt in der Goethestr. 5 in Berlin. |Ich auch.",
    "Das ist, d.h. Es war, gut.",
    "ich bin müde. |ich gehe nach hause.",
]


def pieces(marked: str) -> list[str]:
    return [piece.strip() for piece in marked.split("|") if piece.strip()]


@pytest.mark.parametrize(
    ("language", "marked"),
    [(code, text) for code, cases in (("en", ENGLISH), ("zh", CHINESE), ("de", GERMAN)) for text in cases],
)
def test_a_line_is_split_where_a_person_would_split_it(language: str, marked: str) -> None:
    assert split_sentences(marked.replace("|", ""), language) == pieces(marked)


@pytest.mark.parametrize("language", ["en", "zh", "de", "xx", "EN-gb"])
def test_splitting_loses_nothing_and_leaves_nothing_empty(language: str) -> None:
    rng = random.Random(3)
    alphabet = [
        "Hello",
        "i",
        "Mr",
        "3",
        ".",
        ". ",
        "?",
        "!",
        "…",
        "。",
        "好",
        "“",
        "”",
        "(",
        ")",
        " ",
        "\n",
        "I",
        "a.m",
        "😀",
    ]
    for _ in range(3000):
        text = "".join(rng.choices(alphabet, k=rng.randint(1, 14)))
        found = split_sentences(text, language)
        assert "".join("".join(found).split()) == "".join(text.split())
        assert all(piece == piece.strip() != "" for piece in found)


def test_outputs_are_joined_as_their_language_is_written() -> None:
    assert join_sentences(["Yes.", "", "No."], "de") == "Yes. No."
    assert join_sentences(["是。", "不。"], "zh-Hans") == "是。不。"
