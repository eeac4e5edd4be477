"""What somebody looks for becomes one question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_observability.search.queries import TERMS_MAX, parsed, quoted


@pytest.mark.parametrize(
    ("query", "expression"),
    [
        ("kettle", "(('kettle':*))"),
        ("kettle ", "(('kettle'))"),
        ("tea milk ", "(('tea') & ('milk'))"),
        ("te", "(('te'))"),
        ('"hot tea"', "(('hot' <-> 'tea'))"),
        ('tea -milk -"white sugar"', "(('tea') & !('milk') & !('white' <-> 'sugar'))"),
        ("tea or coffee ", "(('tea')) | (('coffee'))"),
        ("gpt-4o ", "(('gpt' <-> '4o'))"),
        ("RateLimit ", "(('ratelimit' | 'rate' <-> 'limit'))"),
        ("RateLimit", "(('ratelimit':* | 'rate' <-> 'limit':*))"),
        ('"a RateLimit"', "(('a' <-> 'rate' <-> 'limit'))"),
        ('"open quotation', "(('open' <-> 'quotation'))"),
        ("", ""),
        ('?! -- ""', ""),
        ("-tea", ""),
        ("or or", ""),
    ],
)
def test_a_query_asks_for_this(query: str, expression: str) -> None:
    assert parsed(query).expression == expression


@pytest.mark.parametrize(
    ("query", "loose", "has_rows"),
    [
        ("tea milk ", "(('tea') & ('milk'))", False),
        ("tea -milk ", "(('tea') & !('milk'))", False),
        ('"hot tea" -"white sugar"', "(('hot' & 'tea'))", True),
        ("RateLimit ", "(('ratelimit' | 'rate' & 'limit'))", True),
    ],
)
def test_an_index_is_asked_without_places(query: str, loose: str, *, has_rows: bool) -> None:
    asked = parsed(query)

    assert (asked.loose_expression, asked.has_rows) == (loose, has_rows)


def test_what_must_not_be_there_is_not_what_an_event_is_found_for() -> None:
    assert [term.text for term in parsed('tea "hot water" -milk').wanted] == ["tea", "hot water"]


def test_a_query_has_a_bounded_number_of_terms() -> None:
    assert len(parsed("tea " * 200).wanted) == TERMS_MAX


@given(st.text())
def test_any_text_is_a_query(text: str) -> None:
    query = parsed(text)

    assert bool(query) == bool(query.expression) == bool(query.wanted)


def test_a_lexeme_stays_one_whatever_is_in_it() -> None:
    assert quoted("user_id=o'neil \\ co") == "'user_id=o''neil \\\\ co'"


def test_a_query_as_it_is_written_ends_with_its_last_word() -> None:
    query = parsed("rate kettle")
    assert (query.goes_on, query.as_written.goes_on) == (True, False)
    assert query.as_written.expression == "(('rate') & ('kettle'))"
