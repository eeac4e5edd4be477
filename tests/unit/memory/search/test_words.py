"""Texts as terms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_memory.search import words


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Running runners ran", ["run", "runner", "ran"]),
        ("Caroline's café; the CAFE", ["carolin", "cafe", "the", "cafe"]),
        ("don't", ["dont"]),
        ("don\u2019t", ["dont"]),
        ("user_id v1.2", ["user", "id", "v1", "2"]),
        ("Straße STRASSE", ["strass", "strass"]),
        ("\uff46\uff55\uff4c\uff4c \ufb01ne", ["full", "fine"]),
        ("東京都", ["東京", "京都"]),
        ("猫", ["猫"]),
        ("GPUの速度", ["gpu", "の速", "速度"]),
        ("한국어 검색", ["한국", "국어", "검색"]),
        ("ราคา", ["รา", "าค", "คา"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("Ελληνικά", ["ελληνικα"]),
        ("🙂 -- !", []),
        ("x" * 65, []),
    ],
)
def test_texts_have_terms(text: str, terms: list[str]) -> None:
    assert words.terms(text) == terms


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("When did Caroline go to the café, the café?", ["carolin", "go", "cafe"]),
        ("Who are you?", ["who", "are", "you"]),
        ("", []),
    ],
)
def test_a_query_looks_for_what_it_is_about(query: str, terms: list[str]) -> None:
    assert words.query_terms(query) == terms


def test_stop_words_do_not_make_a_text_longer() -> None:
    assert words.length(words.counted(words.terms("the cat and the hat are in the bag"))) == 3


@given(st.text())
def test_any_text_can_be_looked_for_by_itself(text: str) -> None:
    found = set(words.terms(text))
    assert found.issuperset(words.query_terms(text))
    assert found == set(words.terms(text.upper())) or not text.isascii()
