"""Texts are taken apart alike wherever they are written, and found where they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_observability.search.words import WORD_LENGTH_MAX, words_at, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The kettle boils", [("the",), ("kettle",), ("boils",)]),
        ("/api/orders/42?by=ann", [("api",), ("orders",), ("42",), ("by",), ("ann",)]),
        ("get_weather", [("get",), ("weather",)]),
        ("gpt-4o", [("gpt",), ("4o",)]),
        ("RateLimitError", [("ratelimiterror", "rate", "limit", "error")]),
        ("HTTPServer", [("httpserver", "http", "server")]),
        ("HTTP", [("http",)]),
        ("Łódź Café \uff21\uff22\uff23", [("łodz",), ("cafe",), ("abc",)]),
        ("東京の天気", [("東京",), ("京の",), ("の天",), ("天気",)]),
        ("水", [("水",)]),
        ("GPTの答え", [("gpt",), ("の答",), ("答え",)]),
        ("a" * (WORD_LENGTH_MAX + 1), []),
        ("?! …", []),
    ],
)
def test_a_text_has_these_words(text: str, words: list[tuple[str, ...]]) -> None:
    assert words_of(text) == words


@given(st.text())
def test_words_are_found_again_by_themselves(text: str) -> None:
    for word in words_of(text):
        for part in word:
            assert words_of(part) == [(part,)] or not part.isascii()


@given(st.text())
def test_every_word_has_its_place_in_the_text(text: str) -> None:
    places = list(words_at(text))

    assert all(0 <= start < end <= len(text) for start, end, _ in places)
    assert [start for start, _, _ in places] == sorted(start for start, _, _ in places)


@given(st.text(alphabet="abcXYZ019 -_/.東京éÉ"))
def test_the_words_of_a_text_are_those_at_its_places(text: str) -> None:
    assert [word for _, _, word in words_at(text)] == words_of(text)
