"""Lists of records: filtered, searched, ordered and in pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from timeloom_platform.database import Connection
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.pagination import Cursors, ListIdentity, Page, Scalar
from timeloom_workspace.records.documents import refuse_nul
from timeloom_workspace.records.model import Record
from timeloom_workspace.records.tables import Kind, Table
from timeloom_workspace.records.writing import columns_of, record_of

PAGE_BYTES_MAX: Final = 32 * 1024 * 1024
"""A page ends before it takes more, but has one record at least."""

ORDERED_CHARACTERS: Final = 100
"""By so many characters of a text records are ordered."""

WORDS_MAX: Final = 20

_COLLATION: Final = "COLLATE pg_c_utf8"
_SEARCHED: Final[Mapping[str, Sequence[str]]] = {
    "tasks": ("title", "description", "messages"),
    "environments": ("name", "description", "github_repository"),
    "preferences": ("key",),
    "agent_sessions": ("title",),
}


def _by_text(column: str) -> str:
    return f"lower(left({column}, {ORDERED_CHARACTERS}) {_COLLATION}) {_COLLATION}"


_TIMES: Final = {"update_time": "update_time", "create_time": "create_time"}
_ORDERS: Final[Mapping[str, Mapping[str, str]]] = {
    "tasks": {
        **_TIMES,
        "priority": "CASE priority WHEN 'HIGH' THEN 3 WHEN 'MEDIUM' THEN 2 ELSE 1 END",
        "title": _by_text("title"),
    },
    "environments": {"name": _by_text("name"), **_TIMES},
    "preferences": {"key": _by_text("key"), **_TIMES},
    "agent_sessions": {
        "last_interaction_time": "coalesce(last_interaction_time, create_time)",
        **_TIMES,
    },
}
_DEFAULT_ORDERS: Final[Mapping[str, str]] = {
    "tasks": "update_time desc",
    "environments": "name",
    "preferences": "key",
    "agent_sessions": "last_interaction_time desc",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records of a table are wanted, and in which order.

    Attributes:
        equal: By the names of fields, what they have to be.
        one_of: By the names of fields, what they have to be one of.
        prefixes: By the names of fields, what they have to begin with.
        tags: All of which they have to have.
        query: Words that have to occur in what is searched of them.
        order_by: A field, and `desc` if it is to fall; empty for the table's own order.
    """

    equal: Mapping[str, object] = field(default_factory=dict[str, object])
    one_of: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    prefixes: Mapping[str, str] = field(default_factory=dict[str, str])
    tags: Sequence[str] = ()
    query: str = ""
    order_by: str = ""


async def list_page(
    connection: Connection,
    cursors: Cursors,
    project_id: UUID,
    table: Table,
    wanted: Wanted,
    *,
    page_token: str,
    limit: int,
) -> Page[Record]:
    """Returns a page of records.

    By a field that never changes, such as `create_time`, the pages together have each record once that was
    there all the time, whatever else is written meanwhile; by rising `update_time` at least once.

    Raises:
        InvalidFieldError: There is no such order, or too many words are searched for.
        InvalidPageTokenError: The token belongs to another list.
    """
    column, is_descending = _order_of(table, wanted.order_by)
    identity = _identity(project_id, table, wanted)
    position = cursors.decode(page_token, of=identity)
    statement = _Statement(table, project_id, column=column, is_descending=is_descending)
    statement.restrict(wanted)
    if position is not None:
        statement.begin_after(position)
    rows = await connection.fetch(statement.text(limit), *statement.arguments)
    records = tuple(record_of(table, row) for row in rows)
    if not rows or rows[-1]["is_last"]:
        return Page(entries=records)
    token = cursors.encode([_scalar(rows[-1]["position"]), str(records[-1].id)], of=identity)
    return Page(entries=records, next_page_token=token)


class _Statement:
    """The statement of a page: names of columns, constants of this module, and numbers of parameters."""

    def __init__(self, table: Table, project_id: UUID, *, column: str, is_descending: bool) -> None:
        self._table = table
        self._column = column
        self._expression = _ORDERS[table.name][column]
        self._direction, self._comparison = ("DESC", "<") if is_descending else ("ASC", ">")
        self._conditions = ["project_id = $1"]
        self.arguments: list[object] = [project_id]

    def restrict(self, wanted: Wanted) -> None:
        """Adds the conditions of what is wanted."""
        for name, value in wanted.equal.items():
            self._add(f"{name} = {{}}", value)
        for name, values in wanted.one_of.items():
            # An index has one value's records in their order, and those of several not.
            if len(values) == 1:
                self._add(f"{name} = {{}}", values[0])
            else:
                self._add(f"{name} = ANY ({{}}::text [])", list(values))
        for name, prefix in wanted.prefixes.items():
            self._add(f"starts_with({name}, {{}})", prefix)
        if wanted.tags:
            self._add("tags @> {}::text []", list(wanted.tags))
        for word in _words(wanted.query):
            self._add_word(word)

    def begin_after(self, position: Sequence[Scalar]) -> None:
        """Begins after a record of a page before."""
        value, record_id = position
        if self._column.endswith("_time"):
            self.arguments += [datetime.fromisoformat(str(value)), UUID(str(record_id))]
        else:
            self.arguments += [value, UUID(str(record_id))]
        last = len(self.arguments)
        self._conditions.append(f"({self._expression}, id) {self._comparison} (${last - 1}, ${last})")

    def text(self, limit: int) -> str:
        """Returns the statement for so many records, as far as their documents leave room in a page."""
        self.arguments += [limit + 1, PAGE_BYTES_MAX, limit]
        candidates, bytes_max, count = (len(self.arguments) - 2, len(self.arguments) - 1, len(self.arguments))
        columns = columns_of(self._table)
        order = f"position {self._direction}, id {self._direction}"
        return f"""
        SELECT {columns}, position, number = candidates AS is_last
        FROM (
            SELECT
                *,
                row_number() OVER pages AS number,
                count(*) OVER () AS candidates,
                sum(size) OVER pages - size AS bytes_before
            FROM (
                SELECT {columns}, {self._expression} AS position, {_size(self._table)} AS size
                FROM {self._table.name}
                WHERE {" AND ".join(self._conditions)}
                ORDER BY {order}
                LIMIT ${candidates}
            ) AS found
            WINDOW pages AS (ORDER BY {order} ROWS UNBOUNDED PRECEDING)
        ) AS measured
        WHERE number <= ${count} AND bytes_before < ${bytes_max}
        ORDER BY {order}
        """  # noqa: S608 - see above

    def _add(self, condition: str, value: object) -> None:
        self.arguments.append(value)
        self._conditions.append(condition.format(f"${len(self.arguments)}"))

    def _add_word(self, word: str) -> None:
        self.arguments.append(word)
        plain = f"${len(self.arguments)}"
        conditions: list[str] = []
        for name in _SEARCHED[self._table.name]:
            if self._table.fields[name].kind is Kind.DOCUMENT:
                self.arguments.append(msgspec.json.encode(word).decode()[1:-1])
                conditions.append(_in_document(name, plain, f"${len(self.arguments)}"))
            else:
                conditions.append(_contains(name, plain))
        self._conditions.append(f"({' OR '.join(conditions)})")


def _contains(text: str, word: str) -> str:
    return f"strpos(lower({text} {_COLLATION}), lower({word} {_COLLATION})) > 0"


def _in_document(name: str, word: str, escaped: str) -> str:
    """Looks into the texts of a document; first into all of it, which is done soon and finds too much."""
    return f"""
    CASE WHEN {_contains(f"{name}::text", escaped)} THEN EXISTS (
        SELECT FROM jsonb_path_query({name}, 'strict $.** ? (@.type() == "string")') AS part (value)
        WHERE {_contains("(part.value #>> '{}')", word)}
    ) ELSE false END
    """


def _size(table: Table) -> str:
    documents = [name for name, each in table.fields.items() if each.kind is Kind.DOCUMENT]
    return " + ".join(f"coalesce(octet_length({name}::text), 0)" for name in documents)


def _order_of(table: Table, order_by: str) -> tuple[str, bool]:
    column, _, direction = (order_by or _DEFAULT_ORDERS[table.name]).partition(" ")
    if column not in _ORDERS[table.name] or direction not in {"", "asc", "desc"}:
        allowed = ", ".join(_ORDERS[table.name])
        raise InvalidFieldError.of("orderBy", f"must be one of {allowed}, and may end with `desc`")
    return column, direction == "desc"


def _words(query: str) -> Sequence[str]:
    refuse_nul("query", query)
    words = tuple(dict.fromkeys(query.split()))
    if len(words) > WORDS_MAX:
        raise InvalidFieldError.of("query", f"has {len(words)} words; at most {WORDS_MAX} are allowed")
    return words


def _identity(project_id: UUID, table: Table, wanted: Wanted) -> ListIdentity:
    identity: dict[str, Scalar | Sequence[Scalar]] = {
        "list": table.name,
        "project": str(project_id),
        "tags": tuple(wanted.tags),
        "query": wanted.query,
        "order": wanted.order_by or _DEFAULT_ORDERS[table.name],
    }
    identity |= {f"{name} =": _scalar(value) for name, value in wanted.equal.items()}
    identity |= {f"{name} of": tuple(values) for name, values in wanted.one_of.items()}
    identity |= {f"{name} begins": prefix for name, prefix in wanted.prefixes.items()}
    return identity


def _scalar(value: Any) -> Scalar:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
