"""Documents have PostgreSQL's binary form, and bounds."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from timeloom_observability.search.documents import (
    BYTES_MAX,
    FACET_BYTES_MAX,
    PLACES_MAX,
    WORDS_MAX,
    Weight,
    document,
    facet,
)

Places = list[tuple[int, int]]


def _read(form: bytes) -> dict[str, Places]:
    """Returns the lexemes of a document, each with its weights and places."""
    (count,) = struct.unpack_from(">i", form)
    at, lexemes = 4, dict[str, Places]()
    for _ in range(count):
        end = form.index(b"\0", at)
        (number,) = struct.unpack_from(">H", form, end + 1)
        places = struct.unpack_from(f">{number}H", form, end + 3)
        lexemes[form[at:end].decode()] = [(place >> 14, place & 0x3FFF) for place in places]
        at = end + 3 + 2 * number
    assert at == len(form)
    return lexemes


def test_words_have_places_and_weights_and_facets_have_none() -> None:
    form = document(
        [(Weight.NAME, "get RateLimit now"), (Weight.CONTENT, "get tea")], [facet("model", "gpt-4o")]
    )

    assert _read(form) == {
        "model=gpt-4o": [],
        "get": [(3, 1), (0, 6)],
        "ratelimit": [(3, 2)],
        "rate": [(3, 2)],
        "limit": [(3, 3)],
        "now": [(3, 4)],
        "tea": [(0, 7)],
    }


def test_a_document_is_bounded() -> None:
    many = " ".join(f"word{number}" for number in range(WORDS_MAX + 100))
    long = " ".join(f"{number:x<60}" for number in range(WORDS_MAX))

    assert len(_read(document([(Weight.CONTENT, many)], []))) == WORDS_MAX
    assert len(document([(Weight.CONTENT, long)], [])) < BYTES_MAX
    assert len(_read(document([(Weight.CONTENT, "tea " * 100)], []))["tea"]) == PLACES_MAX


@given(st.text(), st.text())
def test_long_values_are_told_apart_by_their_hashes(one: str, other: str) -> None:
    for value in (one, one + "x" * 2_000):
        assert len(facet("name", value).encode()) <= len("name=") + FACET_BYTES_MAX
    assert (facet("name", one) == facet("name", other)) == (one == other)


@given(st.lists(st.tuples(st.sampled_from(Weight), st.text())))
def test_any_text_makes_a_document(texts: list[tuple[Weight, str]]) -> None:
    for lexeme, places in _read(document(texts, [])).items():
        assert "=" not in lexeme
        assert places == sorted(places, key=lambda each: each[1])
