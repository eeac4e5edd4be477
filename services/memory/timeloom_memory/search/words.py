"""Texts as the terms that the keyword index knows them by.

Words are folded (case, width, accents), English ones are stemmed, and scripts that put no spaces between
words are cut into overlapping pairs of characters, which finds them without a dictionary.
"""

from __future__ import annotations

import re
import sys
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import snowballstemmer  # pyright: ignore[reportMissingTypeStubs] - it has none

# A longer word is not one that somebody will look for: an encoded file, a hash, a line of dashes.
WORD_CHARACTERS_MAX: Final = 64
STEMS_CACHED_MAX: Final = 100_000

# What says how a question is asked and not what it is about.
STOP_WORDS: Final = frozenset(
    """
    a an the this that these those there here it its itself
    i me my mine myself we us our ours you your yours he him his she her hers they them their theirs
    am is are was were be been being do does did doing done have has had having
    can could will would shall should may might must
    what which who whom whose when where why how
    and or but nor if then than so as because while
    of at by for with about against between into through to from
    up down in out on off over under again once not no only own same such too very just also
    im ive id ill youre youve theyre weve dont doesnt didnt isnt arent wasnt werent cant couldnt wouldnt
    """.split()  # noqa: SIM905 - as lines they can be read
)

# Scripts whose words are not set apart by spaces, and Hangul, whose words carry their endings.
_UNSPACED: Final = (
    "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u1100-\u11ff\uac00-\ud7af"  # Hangul
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # Kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)


def _marks() -> str:
    """Returns the marks that are part of a word in many scripts, as the inside of a character class."""
    return "".join(
        re.escape(character)
        for character in map(chr, range(0x0370, min(sys.maxunicode, 0xFFFF)))
        if unicodedata.category(character) in {"Mn", "Mc"}
    )


_WORD: Final = re.compile(rf"[^\W_](?:[^\W_]|['\u2019][^\W\d_]|[{_marks()}])*")
_UNSPACED_RUN: Final = re.compile(rf"([{_UNSPACED}]+)")
_ACCENTS: Final = re.compile("[\u0300-\u036f]+")
_POSSESSIVE: Final = re.compile("['\u2019]s$")
_LIBRARY: Final[Any] = snowballstemmer
_STEMMER: Final = _LIBRARY.stemmer("english")
# It keeps the word that it works on.
_STEMMING: Final = threading.Lock()


def terms(text: str) -> list[str]:
    """Returns the terms of a text, in order and with repetitions."""
    return list(_terms(text))


def query_terms(text: str) -> list[str]:
    """Returns what a query looks for: its different terms, without stop words unless it has nothing else."""
    different = dict.fromkeys(terms(text))
    return [term for term in different if term not in STOP_TERMS] or list(different)


def counted(found: Iterable[str]) -> Mapping[str, int]:
    """Returns how often each term is there."""
    counts: dict[str, int] = {}
    for term in found:
        counts[term] = counts.get(term, 0) + 1
    return counts


def length(counts: Mapping[str, int]) -> int:
    """Returns how long a text is for the ranking: stop words say nothing of what it is about."""
    return sum(count for term, count in counts.items() if term not in STOP_TERMS)


def _terms(text: str) -> Iterator[str]:
    for match in _WORD.finditer(_folded(text)):
        word = match[0]
        if word.isascii():
            yield from _stemmed(word)
        else:
            for part in _UNSPACED_RUN.split(word):
                yield from _pairs(part) if _UNSPACED_RUN.match(part) else _stemmed(part)


def _folded(text: str) -> str:
    """Makes alike what people write differently: case, width, accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFKC", _ACCENTS.sub("", decomposed)).casefold()


def _stemmed(word: str) -> Sequence[str]:
    bare = _POSSESSIVE.sub("", word).replace("'", "").replace("\u2019", "")
    return (_stem(bare),) if 0 < len(bare) <= WORD_CHARACTERS_MAX else ()


@lru_cache(maxsize=STEMS_CACHED_MAX)
def _stem(word: str) -> str:
    with _STEMMING:
        return sys.intern(str(_STEMMER.stemWord(word)))


def _pairs(run: str) -> Iterable[str]:
    return (run[at : at + 2] for at in range(len(run) - 1)) if len(run) > 1 else (run,)


# As they are found in texts.
STOP_TERMS: Final = frozenset(term for word in STOP_WORDS for term in _stemmed(word))
