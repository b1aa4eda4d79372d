"""Several sentences in one line: split it before decoding, and join the outputs after it.

Models are trained on single sentences. The splitter is a list of rules for English, German and Chinese (other languages
get those for English), in the manner of the sentence splitters of Moses and Europarl: a terminal mark ends a sentence
unless what stands before or behind it says otherwise. In doubt it does not split, for half a sentence is worse off than
two in one.

Reference:
    Koehn 2005, https://aclanthology.org/2005.mtsummit-papers.11 (sentence splitting for Europarl)
"""

import re
import unicodedata
from typing import Final

_OPENING = "\"'“‘«„([{（【《「『"
_CLOSING = "\"'”’»)\\]}）】》」』"
_END = re.compile(rf"(?P<marks>[.!?…。！？｡]+)(?P<closing>[{_CLOSING}]*)(?P<space>\s*)")
_HAN: Final = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_BRACKETS: Final = {"(": ")", "（": "）", "[": "]", "【": "】", "《": "》"}
_ADDRESS: Final = re.compile(r"://|@|^www\.|[/_\\]", re.IGNORECASE)
_INITIALS: Final = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
"""Single letters with full stops between them: ``U.S``, ``e.g``, ``J``."""

_NEVER_LAST: Final = {
    "en": "mr mrs ms mx dr prof st gen col sgt lt capt cmdr adm rev hon gov sen rep pres vs fig figs vol mt ft e.g i.e"
    " cf approx dept est messrs",
    "de": "hr fr frl dr prof dipl ing st nr z.b z d.h d u.a z.t z.zt bzw ca vgl abb bd kap tab evtl ggf inkl exkl zzgl"
    " mio mrd tsd geb gest gegr sog str tel i.d.r m.e o.g s.o s.u v.a v.chr n.chr",
}
"""Abbreviations that something always follows, in lower case without their last full stop."""
_SELDOM_LAST: Final = {
    "en": "etc inc ltd co corp jr sr bros a.m p.m ph.d m.d b.a m.a u.s u.k u.s.a u.n d.c p.s al ave blvd rd jan feb mar"
    " apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun",
    "de": "usw u.s.w etc o.ä u.ä u.v.m co ag gmbh jan feb mär apr jun jul aug sep sept okt nov dez mo di mi do sa so",
}
"""Abbreviations that may end a sentence: they do where a word follows that begins one."""
_BEFORE_NUMBERS: Final = "no nos nr art p pp ch sec vol fig abs s jan feb mar apr jun jul aug sep oct nov dec"
_STARTERS: Final = {
    "en": "i i'm i've i'll i'd he he's she she's it it's we we're we'll you you're they they're the a an this that"
    " these those there there's here my his her our your their but and so then if when what what's where why how who in"
    " at on for do does did is are was were can could will would please let's no yes don't",
    "de": "ich du er sie es wir ihr der die das den dem ein eine einen mein meine dein deine sein seine unser dieser"
    " diese dieses aber und dann wenn was wo wer wie warum wann hier dort heute morgen gestern kannst können ist sind"
    " war hat haben bitte ja nein jetzt man danach",
}
"""Words that begin sentences; they decide where an abbreviation or an ordinal may end one."""


def split_sentences(text: str, language: str) -> list[str]:
    r"""Split a line of text into its sentences.

    Args:
        text: Typed or normalised text; a line break in it is a space.
        language: Code of the text's language.

    Returns:
        The sentences with their marks, without the space between them; none is empty. What has no letter or digit
        stays with its neighbour. Text without a place to split is returned whole, however long.

    >>> split_sentences("Mr. Smith paid $3.50. Did he? \"Yes!\" she said.", "en")
    ['Mr. Smith paid $3.50.', 'Did he?', '"Yes!" she said.']
    >>> split_sentences("你好！你叫什么名字？", "zh")
    ['你好！', '你叫什么名字？']
    """
    code = re.split("[-_]", language.lower())[0]
    parts, start = [], 0
    enclosed = _bracketed(text)
    for match in _END.finditer(text):
        if match.end() in enclosed or not _ends_sentence(text, start, match, language=code):
            continue
        parts.append(text[start : match.end()].strip())
        start = match.end()
    parts.append(text[start:].strip())
    return _joined_with_wordless(parts)


def join_sentences(sentences: list[str], language: str) -> str:
    """Join outputs into one text: with spaces, or without where `language` has none.

    >>> join_sentences(["Yes.", "I know."], "en"), join_sentences(["是的。", "我知道。"], "zh")
    ('Yes. I know.', '是的。我知道。')
    """
    spaceless = re.split("[-_]", language.lower())[0] in ("zh", "ja")
    return ("" if spaceless else " ").join(sentence for sentence in sentences if sentence)


def _bracketed(text: str) -> set[int]:
    """Return the positions inside of closed brackets, where no sentence ends."""
    inside: set[int] = set()
    opened: list[tuple[int, str]] = []
    for place, character in enumerate(text):
        if character in _BRACKETS:
            opened.append((place, _BRACKETS[character]))
        elif any(character == closing for _, closing in opened):
            while opened[-1][1] != character:
                opened.pop()
            first, _ = opened.pop()
            # Behind the title of a book the sentence goes on.
            inside.update(range(first + 1, place + (2 if character == "》" else 1)))
    return inside


def _ends_sentence(text: str, start: int, match: re.Match[str], *, language: str) -> bool:
    """Tell whether the sentence that began at `start` ends with these marks."""
    marks, after = match["marks"], text[match.end() :]
    if not after:
        return False
    before = text[start : match.start()]
    if not re.search(r"\w", before):
        return False
    han_before, han_after = bool(_HAN.search(before[-1:])), bool(_HAN.match(after))
    if re.search("[。！？｡]", marks):
        return True
    if set(marks) <= {"…"} or marks.startswith(".."):
        return bool(match["space"]) and not (han_before or han_after) and _restarts(before, after)
    if re.search("[!?]", marks):
        return _after_question(text, match, han=han_before or han_after)
    if han_before:
        # A full stop after a Chinese character is one, with or without a space.
        return bool(match["space"]) or han_after
    if not match["space"]:
        return not match["closing"] and _space_forgotten(before, after)
    return _full_stop(before, after, language=language, closing=match["closing"], lower=text == text.lower())


def _after_question(text: str, match: re.Match[str], *, han: bool) -> bool:
    """Tell whether ``!`` or ``?`` ends a sentence; in "'Really?' he said" it does not."""
    after = text[match.end() :]
    if han:
        return True
    if match["closing"]:
        return bool(match["space"]) and not after[:1].islower()
    return bool(match["space"]) or (after[:1].isupper() and not _ADDRESS.search(_run(text, match.start())))


def _full_stop(before: str, after: str, *, language: str, closing: str, lower: bool) -> bool:
    """Tell whether a single full stop with a space behind it ends a sentence."""
    following = after.lstrip(_OPENING)
    if following[:1].islower() and not (lower and not closing):
        return False
    rules = language if language in _STARTERS else "en"
    word = before.split()[-1].lstrip(_OPENING).lower()
    next_word = re.split(r"[^\w'’]", following, maxsplit=1)[0].replace("’", "'").lower()
    begins = next_word in _STARTERS[rules].split()
    if following[:1].isdigit() and (word in _BEFORE_NUMBERS.split() or word.endswith("str")):
        # German streets end in "str.", and a number follows.
        return False
    if word in _NEVER_LAST[rules].split():
        return False
    if word.isdigit() and (before.split() == [before.strip()] or (rules == "de" and len(word) <= 2)):
        # The number of an item of a list; a German ordinal.
        return begins and before.strip() != word
    if word in _SELDOM_LAST[rules].split() or (_INITIALS.fullmatch(word) and word != "i"):
        return begins
    return True


def _restarts(before: str, after: str) -> bool:
    """Tell whether a new sentence follows an ellipsis; in "I... I know" none does."""
    following = after.lstrip(_OPENING)
    last = re.split(r"[^\w']", before)[-1].lower()
    return following[:1].isupper() and re.split(r"[^\w']", following, maxsplit=1)[0].lower() != last


def _space_forgotten(before: str, after: str) -> bool:
    """Tell whether a full stop without a space ends a sentence, as in "I am tired.I go home."."""
    words = before.split()
    if not words or _ADDRESS.search(words[-1]):
        return False
    return bool(re.search(r"[a-zäöüß']{2}$", before) and re.match(r"[A-ZÄÖÜ](?:[a-zäöüß]*(?:[\s,']|$))", after))


def _run(text: str, place: int) -> str:
    """Return what stands around a place between two spaces."""
    first = max(text.rfind(" ", 0, place), text.rfind("\n", 0, place)) + 1
    return text[first:].split()[0]


def _joined_with_wordless(parts: list[str]) -> list[str]:
    """Give marks and emoji that begin a part, or are all of it, to the sentence before it."""
    found: list[str] = []
    for part in filter(None, parts):
        if found and not re.search(r"\w", found[-1]):
            found[-1] = f"{found[-1]} {part}"
            continue
        tokens = part.split()
        count = next((place for place, token in enumerate(tokens) if not _is_wordless(token)), len(tokens))
        if found and count:
            found[-1] = " ".join([found[-1], *tokens[:count]])
            part = part.split(maxsplit=count)[count] if count < len(tokens) else ""
        if part:
            found.append(part)
    return found


def _is_wordless(token: str) -> bool:
    """Tell whether a token is all terminal marks or emoji."""
    return all(character in ".!?…。！？" or unicodedata.category(character)[0] in "SMC" for character in token)
