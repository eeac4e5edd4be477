"""What an event is found by, in PostgreSQL's own binary form of a `tsvector`.

Besides its words it has its facets, so that words and filters are one question to one index: `model=gpt-4o`
is a lexeme like any other. No word has a sign in it, so that none is ever taken for a facet.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from enum import IntEnum
from hashlib import blake2b
from typing import Final

from timeloom_observability.search.words import words_of

WORDS_MAX: Final = 6_000
"""Words of one document; those after them are not found."""

BYTES_MAX: Final = 256 * 1024
"""What they take together; likewise."""

PLACES_MAX: Final = 15
"""Places that are kept of one word: the first ones. A phrase that begins after them is not found."""

FACET_BYTES_MAX: Final = 40
"""Of a facet's value; a hash stands for a longer one."""

_HASH_BYTES: Final = 8
_COUNT: Final = struct.Struct(">i")
_WITHOUT_PLACES: Final = b"\0\0\0"
_PLACES: Final = [struct.Struct(f">{1 + count}H") for count in range(PLACES_MAX + 1)]
_WEIGHT_SHIFT: Final = 14


class Weight(IntEnum):
    """How telling it is that a word is there, as PostgreSQL numbers its weights D to A."""

    CONTENT = 0
    MESSAGE = 2
    NAME = 3


def document(texts: Iterable[tuple[Weight, str]], facets: Iterable[str]) -> bytes:
    """Returns what an event is found by.

    Args:
        texts: What it says, the most telling first.
        facets: Each once; see `facet`.
    """
    pieces = [each.encode() + _WITHOUT_PLACES for each in facets]
    size_left = BYTES_MAX
    for word, places in _places(texts).items():
        piece = word.encode() + b"\0" + _PLACES[len(places)].pack(len(places), *places)
        size_left -= len(piece)
        if size_left < 0:
            break
        pieces.append(piece)
    return _COUNT.pack(len(pieces)) + b"".join(pieces)


def facet(name: str, value: object) -> str:
    """Returns the lexeme of what an event is, or belongs to."""
    text = str(value)
    data = text.encode()
    if len(data) > FACET_BYTES_MAX:
        text = "#" + blake2b(data, digest_size=_HASH_BYTES).hexdigest()
    return f"{name}={text}"


def _places(texts: Iterable[tuple[Weight, str]]) -> dict[str, list[int]]:
    """Returns where each word is, with the weight of its text.

    The parts of a word stand where it stands, one after the other. Texts do not go on in one another: no
    phrase begins in one and ends in the next.
    """
    found: dict[str, list[int]] = {}
    place = 0
    for weight, text in texts:
        marks = weight << _WEIGHT_SHIFT
        for word in words_of(text):
            place += 1
            if place > WORDS_MAX:
                return found
            _note(found, word[0], marks | place)
            if len(word) > 1:
                for part in word[1:]:
                    _note(found, part, marks | place)
                    place += 1
                place -= 1
        place += 1
    return found


def _note(found: dict[str, list[int]], word: str, place: int) -> None:
    places = found.get(word)
    if places is None:
        found[word] = [place]
    elif len(places) < PLACES_MAX and places[-1] != place:
        places.append(place)
