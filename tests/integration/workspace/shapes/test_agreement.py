"""Python and PostgreSQL mean the same by a clause, whatever the rows are."""

from __future__ import annotations

import random
from typing import Any, Final

import asyncpg
import pytest

from timeloom_workspace.shapes.clauses.parsing import Columns, parse
from timeloom_workspace.shapes.clauses.values import (
    BOOLEAN,
    DOUBLE,
    INTEGER,
    NUMERIC,
    TEXT,
    TIMESTAMPTZ,
    UUID,
    array_of,
)
from timeloom_workspace.shapes.errors import ClauseError
from timeloom_workspace.shapes.snapshots import TEXT_FORMS

CLAUSES_PER_SEED: Final = 120
ROWS: Final = 60

COLUMNS: Final = {
    "id": UUID,
    "t": TEXT,
    "u": TEXT,
    "i": INTEGER,
    "n": NUMERIC,
    "f": DOUBLE,
    "b": BOOLEAN,
    "m": TIMESTAMPTZ,
    "a": array_of(TEXT),
}
TEXTS: Final = (
    "",
    "a",
    "A",
    "ab",
    "aB%",
    "a_b",
    "ä",
    "Ä",
    "z\nz",
    "\\",
    "'",
    "%",
    "ß",
    "\U0001f600",
    "null",
    "{",
)
NUMBERS: Final = ("0", "1", "-1", "2", "2.5", "-0.1", "1e3", "NaN", "2147483647", "9007199254740993")
TIMES: Final = (
    "2026-01-01",
    "1999-12-31T23:59:59.999999Z",
    "2026-01-01 00:00:00.000001+00",
    "infinity",
    "0044-03-15 BC",
)
IDS: Final = ("00000000-0000-4000-8000-000000000001", "ffffffff-0000-4000-8000-00000000000f")
COMPARISONS: Final = ("=", "<>", "<", ">", "<=", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM")


class Clauses:
    """Makes clauses, most of which mean something."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def condition(self, depth: int) -> str:
        choice = self.random.randrange(12 if depth else 9)
        if choice >= 9:
            word = self.random.choice(("AND", "OR"))
            parts = [f"({self.condition(depth - 1)})" for _ in range(self.random.randint(2, 3))]
            joined = f" {word} ".join(parts)
            return f"NOT ({joined})" if self.random.random() < 0.3 else joined
        return (
            self.compared,
            self.like,
            self.in_list,
            self.between,
            self.null,
            self.truth,
            self.any,
            self.on_array,
        )[choice % 8]()

    def literal(self, column: str) -> str:
        values = {
            "i": NUMBERS[:4],
            "n": NUMBERS,
            "f": NUMBERS,
            "m": TIMES,
            "id": IDS,
            "b": ("t", "false", "on"),
        }
        text = self.random.choice(values.get(column, TEXTS)).replace("'", "''")
        if column in ("i", "n", "f") and text != "NaN" and self.random.random() < 0.5:
            return text
        return f"'{text}'"

    def column(self, names: str = "t u i n f b m id") -> str:
        return self.random.choice(names.split())

    def compared(self) -> str:
        left = self.column()
        other = {"t": "u", "i": "n", "n": "f", "f": "i"}.get(left)
        right = other if other and self.random.random() < 0.4 else self.literal(left)
        return f"{left} {self.random.choice(COMPARISONS)} {right}"

    def like(self) -> str:
        pattern = "".join(self.random.choice(("%", "_", "a", "B", "ä", "\\\\", "z")) for _ in range(4))
        function = self.random.choice(
            ("{}", "lower({})", "upper({})", "{} || 'b'", "coalesce({}, u)", "i::text")
        )
        word = self.random.choice(("LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE"))
        return f"{function.format(self.column('t u'))} {word} '{pattern}'"

    def in_list(self) -> str:
        column = self.column()
        choices = ", ".join(self.random.choice((self.literal(column), "NULL")) for _ in range(3))
        return f"{column} {self.random.choice(('IN', 'NOT IN'))} ({choices})"

    def between(self) -> str:
        column = self.column("t i n f m id")
        word = self.random.choice(("BETWEEN", "NOT BETWEEN", "BETWEEN SYMMETRIC"))
        return f"{column} {word} {self.literal(column)} AND {self.literal(column)}"

    def null(self) -> str:
        return f"{self.column('t i n f b m id a')} IS {self.random.choice(('NULL', 'NOT NULL'))}"

    def truth(self) -> str:
        word = self.random.choice(("TRUE", "FALSE", "UNKNOWN", "NOT TRUE", "NOT FALSE", "NOT UNKNOWN"))
        return f"({self.compared()}) IS {word}"

    def any(self) -> str:
        operator = self.random.choice(COMPARISONS[:6])
        word = self.random.choice(("ANY", "ALL"))
        return f"{self.random.choice((self.literal('t'), 't', 'NULL'))} {operator} {word}(a)"

    def on_array(self) -> str:
        operator = self.random.choice(("@>", "<@", "&&", "=", "<>"))
        array = self.random.choice(("ARRAY['a', 'ä']", "'{}'", "'{a,NULL}'", "ARRAY[t, u]", "'{\"a_b\",ab}'"))
        return f"a {operator} {array}"


def some_row(chance: random.Random) -> list[Any]:
    def maybe(*values: Any) -> Any:
        return None if chance.random() < 0.2 else chance.choice(values)

    elements = [maybe(*TEXTS) for _ in range(chance.randrange(4))]
    return [
        chance.choice(IDS),
        maybe(*TEXTS),
        maybe(*TEXTS),
        maybe("0", "1", "-1", "2", "2147483647"),
        maybe(*NUMBERS),
        maybe(*NUMBERS, "-Infinity", "1e-300"),
        maybe("true", "false"),
        maybe(*TIMES),
        maybe(elements),
    ]


@pytest.mark.parametrize("seed", range(6))
async def test_both_choose_the_same_rows(database_url: str, seed: int) -> None:
    chance = random.Random(seed)
    connection = await asyncpg.connect(database_url, server_settings=dict(TEXT_FORMS))
    try:
        await connection.execute(
            "CREATE TEMPORARY TABLE r (number integer, id uuid, t text, u text, i integer, n numeric,"
            " f double precision, b boolean, m timestamptz, a text [])"
        )
        for number in range(ROWS):
            await connection.execute(
                "INSERT INTO r VALUES ($1, $2::text::uuid, $3, $4, $5::text::integer, $6::text::numeric,"
                " $7::text::double precision, $8::text::boolean, $9::text::timestamptz, $10)",
                number,
                *some_row(chance),
            )
        stored = await connection.fetch(
            "SELECT number, id::text, t, u, i::text, n::text, f::text,"
            " CASE WHEN b THEN 't' WHEN NOT b THEN 'f' END AS b, m::text, a::text FROM r"
        )
        clauses = Clauses(seed)
        taken = 0
        for _ in range(CLAUSES_PER_SEED):
            text = clauses.condition(2)
            try:
                clause = parse(text, Columns(table="r", types=COLUMNS), {})
            except ClauseError:
                continue
            taken += 1
            parameters: list[str | None] = []
            written = clause.write(parameters)
            found = await connection.fetch(f"SELECT number FROM r WHERE {written}", *parameters)
            expected = {row["number"] for row in stored if clause.matches(dict(row))}
            assert {row["number"] for row in found} == expected, text
        assert taken > CLAUSES_PER_SEED / 3
    finally:
        await connection.close()
