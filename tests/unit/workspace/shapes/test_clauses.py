"""Where clauses: what is taken, what is refused and where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from timeloom_workspace.shapes.clauses.nodes import Row
from timeloom_workspace.shapes.clauses.parsing import Columns, parse
from timeloom_workspace.shapes.clauses.values import (
    BOOLEAN,
    INTEGER,
    NUMERIC,
    TEXT,
    TIMESTAMPTZ,
    UUID,
    array_of,
)
from timeloom_workspace.shapes.errors import ClauseError

CORPUS = Path(__file__).parents[3] / "e2e" / "shapes" / "corpus" / "refused_where_clauses.jsonl"
COLUMNS = Columns(
    table="tasks",
    types={
        "id": UUID,
        "title": TEXT,
        "version": INTEGER,
        "archived": BOOLEAN,
        "tags": array_of(TEXT),
        "create_time": TIMESTAMPTZ,
        "score": NUMERIC,
        "metadata": None,
    },
)
ROW: Row = {
    "id": "6a1e6a0e-0000-4000-8000-000000000001",
    "title": "Fix the gate",
    "version": "3",
    "archived": "f",
    "tags": '{a,"b c",NULL}',
    "create_time": "2026-11-23 10:00:00.5+00",
    "score": None,
    "metadata": "{}",
}


def cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]


def text_of(case: dict[str, Any]) -> str:
    if "where" in case:
        return str(case["where"])
    before, count, between, after = case["repeat"]
    return str(before * count + between + after * count)


def matches(text: str, **parameters: str) -> bool:
    numbered = {int(name[1:]): value for name, value in parameters.items()}
    return parse(text, COLUMNS, numbered).matches(ROW)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"])
def test_what_must_never_be_asked_is_refused(case: dict[str, Any]) -> None:
    parameters = {int(number): value for number, value in case.get("params", {}).items()}
    if sorted(parameters) != list(range(1, len(parameters) + 1)):
        return  # refused before the clause is read: test_requests
    with pytest.raises(ClauseError) as raised:
        parse(text_of(case), COLUMNS, parameters)
    assert 0 <= raised.value.position <= len(text_of(case))
    assert raised.value.reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title = 'Fix the gate'", True),
        ("tasks.title <> 'Fix the gate'", False),
        ("title LIKE 'Fix%' AND title NOT ILIKE '%GARDEN'", True),
        ("title ILIKE 'fix _he%TE'", True),
        ("version BETWEEN 1 AND 3 AND NOT archived", True),
        ("version IN (1, 2) OR archived IS TRUE", False),
        ("version > 2.5 AND version::bigint < 4", True),
        ("score IS NULL AND (score > 1) IS UNKNOWN", True),
        ("score > 1", False),
        ("NOT (score > 1)", False),
        ("score IS DISTINCT FROM 1", True),
        ("'b c' = ANY(tags)", True),
        ("'x' = ANY(tags)", False),
        ("tags @> '{a}' AND tags && ARRAY['z', 'b c']", True),
        ("create_time > '2026-11-23T10:00:00Z'", True),
        ("create_time < '2026-11-23 12:00:00+03'", False),
        ("id::text LIKE '6a1e%' AND id = '6A1E6A0E-0000-4000-8000-000000000001'", True),
        ("lower(title) || '!' = 'fix the gate!'", True),
        ("length(title) = 12 AND coalesce(title, 'x') = title", True),
        ("metadata IS NOT NULL", True),
        ("title = 'a' OR version = 3 AND archived", False),
        ("(title = 'a' OR version = 3) AND archived = false", True),
    ],
)
def test_what_a_clause_means(text: str, expected: bool) -> None:  # noqa: FBT001 - a case
    assert matches(text) is expected


def test_parameters_take_the_type_of_what_they_are_compared_with() -> None:
    assert matches("version = $1 AND title LIKE $2", p1="3", p2="Fix%")
    assert not matches("title = $1", p1="' OR true --")


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("1 x 1", 2, 'syntax error at or near "x"'),
        ("title = ", 8, "syntax error at end of input"),
        ("nothing = 1", 0, 'column "nothing" does not exist'),
        ("title > 5", 6, "operator does not exist: text > integer"),
        ("title = $1", 8, "there is no parameter $1"),
        ("pg_sleep(1) IS NULL", 0, "the function pg_sleep is not supported"),
    ],
)
def test_an_error_names_its_place(text: str, position: int, reason: str) -> None:
    with pytest.raises(ClauseError) as raised:
        parse(text, COLUMNS, {})
    assert (raised.value.position, raised.value.reason) == (position, reason)


def test_what_clients_write_is_bound_and_never_written_into_the_sql() -> None:
    parameters: list[str | None] = []
    written = parse("title = 'a''b' AND version IN (7, 8)", COLUMNS, {}).write(parameters)
    assert parameters == ["a'b", "7", "8"]
    assert "a'b" not in written
    assert "7" not in written
