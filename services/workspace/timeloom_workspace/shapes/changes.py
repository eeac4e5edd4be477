"""What happened to rows, as the log of PostgreSQL tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from timeloom_workspace.shapes.clauses.nodes import Row
from timeloom_workspace.shapes.pgoutput import Relation

TableName: TypeAlias = tuple[str, str]
"""Schema and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """What happened to a row; None where there is none, or where the log does not say what it was.

    Of a table without old rows, the old one has its key alone, and is there only if the key changed or the
    row is gone; and the new one may lack values that are stored apart and did not change.
    """

    old: Row | None
    new: Row | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """Where a transaction stands, and its id."""

    lsn: int
    xid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A transaction, as far as it concerns tables that are published.

    Attributes:
        transaction: Its place and id.
        changes: By table, in order.
        keyed: Those of the tables whose old rows the log does not have.
        spoilt: Tables of which the changes cannot be told: they were emptied, or changed their form.
        relations: What the log said of tables, because it had not before or because they have changed.
    """

    transaction: Transaction
    changes: Mapping[TableName, Sequence[RowChange]]
    keyed: frozenset[TableName] = field(default=frozenset())
    spoilt: frozenset[TableName] = field(default=frozenset())
    relations: Sequence[Relation] = ()
