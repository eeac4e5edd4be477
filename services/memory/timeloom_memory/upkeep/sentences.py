"""Sentences: where they begin and end in a text.

Rules only, no model: terminators of many scripts, abbreviations, initials, decimal numbers, list items and
blank lines. A sentence is a slice of its text, so that what is quoted is what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

SENTENCE_CHARACTERS_MAX: Final = 600
"""What goes on longer without an end is cut between words."""

# ruff: noqa: RUF001 - the marks of many scripts
_BLOCK: Final = re.compile(r"\s*\n\s*\n\s*|\s*\n(?=[ \t]*(?:[-*+•‣◦–]|\d{1,3}[.)]|[A-Za-z][)])[ \t])")
_LIST_ITEM: Final = re.compile(r"[ \t]*(?:[-*+•‣◦–]|\d{1,3}[.)]|[A-Za-z][)])[ \t]+")
_CLOSING: Final = "\"'”’»›)]}」』】）"
_END: Final = re.compile(
    rf"(?P<wide>[。！？｡]+[{re.escape(_CLOSING)}]*)|(?P<narrow>[.!?…؟।॥։]+[{re.escape(_CLOSING)}]*)(?=\s|$)"
)
_FOLLOWING: Final = re.compile(r"\s*(\S)")
_LAST_WORD: Final = re.compile(r"[^\s(\[{\"'“‘«]+$")
_ABBREVIATIONS: Final = frozenset(
    """
    mr mrs ms mx dr prof sr jr st rev hon gen col capt lt sgt sen rep gov pres messrs mme mlle
    vs e.g i.e cf viz al approx ca est min max no nos vol vols fig figs eq eqs ch sec pp p ed eds art
    inc ltd co corp dept univ assn bros mt ft ave blvd rd
    jan feb mar apr jun jul aug sept sep oct nov dec mon tue tues wed thu thur thurs fri sat sun
    bzw ca usw z.b d.h u.a evtl ggf nr str
    """.split()  # noqa: SIM905 - a list of words reads best as words
)


def split(text: str) -> list[str]:
    """Returns the sentences of a text as they stand there, in order; none if it holds no letter or digit."""
    sentences = (
        piece for block in _blocks(text) for sentence in _ended(block) for piece in _bounded(sentence)
    )
    return [sentence for sentence in sentences if any(map(str.isalnum, sentence))]


def _blocks(text: str) -> Iterator[str]:
    for block in _BLOCK.split(text):
        if block.strip():
            yield block.strip()


def _ended(block: str) -> Iterator[str]:
    item = _LIST_ITEM.match(block)
    start, searched_from = 0, item.end() if item else 0
    for end in _END.finditer(block, searched_from):
        if end.lastgroup == "narrow" and not _ends_sentence(block, start, end):
            continue
        yield block[start : end.end()].strip()
        start = end.end()
    if rest := block[start:].strip():
        yield rest


def _ends_sentence(block: str, start: int, end: re.Match[str]) -> bool:
    following = _FOLLOWING.match(block, end.end())
    if following is None:
        return True
    mark = end.group("narrow").rstrip(_CLOSING)
    if mark[-1] in ".…" and following.group(1).islower():
        return False
    if mark != ".":
        return True
    word = _LAST_WORD.search(block, start, end.start())
    last = word.group() if word else ""
    if len(last) == 1 and last.isupper() and last != "I":
        return False  # an initial
    return last.casefold() not in _ABBREVIATIONS


def _bounded(sentence: str) -> Iterator[str]:
    while len(sentence) > SENTENCE_CHARACTERS_MAX:
        cut = sentence.rfind(" ", SENTENCE_CHARACTERS_MAX // 2, SENTENCE_CHARACTERS_MAX)
        cut = cut if cut > 0 else SENTENCE_CHARACTERS_MAX
        yield sentence[:cut].strip()
        sentence = sentence[cut:].strip()
    yield sentence
