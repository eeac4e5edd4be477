"""The tables that shapes may be made of, and what PostgreSQL's catalogue says of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

from timeloom_workspace.shapes.changes import RowChange
from timeloom_workspace.shapes.clauses.nodes import Row
from timeloom_workspace.shapes.clauses.parsing import Columns
from timeloom_workspace.shapes.clauses.values import Type, array_of, type_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What clients read where a column has numbers.

    Attributes:
        column: Its name.
        by_number: The words of its values; a value without one is shown as it is.
    """

    column: str
    by_number: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A table that shapes may be made of.

    Attributes:
        name: What clients call it.
        schema: Where it is.
        table: Its name there.
        role: Under whose rights it is read: row-level security shows it the rows of one project.
        project_column: Names each row's project; clients do not see it.
        hidden: The columns besides that clients do not see.
        columns: Those that clients may see, where only some are published; None if all are.
        words: Of the columns that have numbers for words.
        gone_column: Has a value in rows that are as good as deleted: nobody sees them.
        key: What tells a project's rows apart; the primary key if None.
        is_open_to_agents: Whether callers may read it who are bound to one agent.
        publication: What tells of its changes.
        oid: Of a table that is not ours: which one of that name, for it may be dropped and made anew.
        form: Of a table that is not ours: changes whenever its columns do.
    """

    name: str
    schema: str
    table: str
    role: str | None
    project_column: str | None = "project_id"
    hidden: frozenset[str] = frozenset()
    columns: frozenset[str] | None = None
    words: tuple[Words, ...] = ()
    gone_column: str | None = None
    key: tuple[str, ...] | None = ("id",)
    is_open_to_agents: bool = True
    publication: str = "timeloom_shapes"
    oid: int | None = None
    form: str = ""

    @property
    def relation(self) -> tuple[str, str]:
        """Schema and name."""
        return self.schema, self.table

    @property
    def qualifier(self) -> str:
        """What may stand before a column in a clause."""
        return self.name if self.oid is None else self.table


class Registry(Protocol):
    """Knows which table a client means."""

    def find(self, name: str) -> Registration | None:
        """The table of a name; None if no shape may be made of it."""
        ...


class RegisteredTables:
    """A registry of tables that are known from the beginning."""

    def __init__(self, registrations: Sequence[Registration]) -> None:
        self._by_name = {each.name: each for each in registrations}
        self._by_name.update({f"{each.schema}.{each.table}": each for each in registrations})

    def find(self, name: str) -> Registration | None:
        """The table of a name, be it alone or after its schema."""
        return self._by_name.get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as the catalogue has it.

    Attributes:
        name: The column's.
        type_name: Of its values; of its elements if it is an array.
        dimensions: 0 if it is no array.
        modifier: What its type says besides, such as a greatest length; -1 if nothing.
        is_required: Whether it is NOT NULL.
    """

    name: str
    type_name: str
    dimensions: int
    modifier: int
    is_required: bool

    @property
    def is_boolean(self) -> bool:
        """Whether it is a boolean and no array of them."""
        return self.type_name == "bool" and self.dimensions == 0

    @property
    def comparable(self) -> Type | None:
        """The type of its values for clauses; None if they can only be tested for NULL."""
        element = type_named(self.type_name)
        if element is None or self.dimensions == 0:
            return element
        return array_of(element)

    def described(self, key_index: int | None) -> dict[str, Any]:
        """What the protocol says of it."""
        found: dict[str, Any] = {"type": self.type_name}
        if self.dimensions:
            found["dims"] = self.dimensions
        found.update(_modified(self.type_name, self.modifier))
        if self.is_required:
            found["not_null"] = True
        if key_index is not None:
            found["pk_index"] = key_index
        return found


def _modified(type_name: str, modifier: int) -> Mapping[str, Any]:
    if modifier < 0:
        return {}
    if type_name == "numeric":
        return {"precision": (modifier - 4) >> 16, "scale": (modifier - 4) & 0xFFFF}
    found = _MODIFIED.get(type_name)
    if found is None:
        return {}
    name, header = found
    return {name: modifier - header}


_MODIFIED: Final[Mapping[str, tuple[str, int]]] = {
    "varchar": ("max_length", 4),
    "bpchar": ("length", 4),
    "bit": ("length", 0),
    "time": ("precision", 0),
    "timetz": ("precision", 0),
    "timestamp": ("precision", 0),
    "timestamptz": ("precision", 0),
}


@dataclass(frozen=True)
class Table:
    """A table that shapes may be made of, as it is now.

    Attributes:
        registration: What it is registered as.
        columns: Those that clients may see, in order.
        key: The columns that tell a project's rows apart.
        logged: The names of all columns, as the log has them.
        has_old_rows: Whether the log says what a changed row was before (`REPLICA IDENTITY FULL`).
    """

    registration: Registration
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    logged: tuple[str, ...]
    has_old_rows: bool

    def is_as_logged(self, oid: int, columns: Sequence[str]) -> bool:
        """Whether it is still the table that the log tells of; ours only change with a migration."""
        return self.registration.oid is None or (oid == self.registration.oid and columns == self.logged)

    @cached_property
    def types(self) -> Mapping[str, str]:
        """The types of the columns that clients may see, without arrays."""
        return {column.name: column.type_name for column in self.columns if not column.dimensions}

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the columns that clients may see."""
        return frozenset(column.name for column in self.columns)

    @cached_property
    def for_clauses(self) -> Columns:
        """What a clause may name."""
        return Columns(
            table=self.registration.qualifier,
            types={column.name: column.comparable for column in self.columns},
        )

    @cached_property
    def relation(self) -> tuple[str, str]:
        """Schema and name."""
        return self.registration.relation

    @cached_property
    def key_prefix(self) -> str:
        """What the key of each row begins with."""
        schema, name = self.relation
        return f'"{schema}"."{name}"'

    def key_of(self, row: Mapping[str, str | None]) -> str:
        """A row's key, as the protocol writes it."""
        return self.key_prefix + "".join(_key_part(row[name]) for name in self.key)

    def seen(self, change: RowChange) -> RowChange:
        """A change as clauses and clients know it."""
        old = self._row_seen(change.old)
        new = self._row_seen(change.new)
        if new is None and not self.has_old_rows:
            # By its key it goes from wherever it is.
            old = change.old or change.new
        return RowChange(old=old, new=new)

    def _row_seen(self, row: Row | None) -> Row | None:
        gone_column = self.registration.gone_column
        if row is None or (gone_column is not None and row[gone_column] is not None):
            return None
        if not self._words:
            return row
        translated = {name: words.get(row[name], row[name]) for name, words in self._words.items()}
        return {**row, **translated}

    @cached_property
    def _words(self) -> Mapping[str, Mapping[str | None, str]]:
        return {
            each.column: {str(number): word for number, word in each.by_number}
            for each in self.registration.words
        }

    def schema_of(self, names: Sequence[str]) -> str:
        """What the protocol says of columns, as a header."""
        indexes = {name: index for index, name in enumerate(self.key)}
        chosen = set(names)
        return json.dumps(
            {
                column.name: column.described(indexes.get(column.name))
                for column in self.columns
                if column.name in chosen
            },
            separators=(",", ":"),
        )


def _key_part(value: str | None) -> str:
    return "/_" if value is None else f'/"{value.replace("/", "//")}"'
