"""A record as it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from timeloom_workspace.records.tables import Table


class Operation(Enum):
    """What a write does to its record."""

    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a write does.

    Attributes:
        operation: To the record.
        clock: That of the write, which becomes the record's.
        values: Of all fields for an insertion, of those that change for an update; `checking` returns them.
        field_clocks: The clocks of those that have another than the write's, as where changes were merged.
    """

    operation: Operation
    clock: str
    values: Mapping[str, object] = field(default_factory=dict[str, object])
    field_clocks: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def clocks(self) -> Mapping[str, str]:
        """The clock of each field that is set."""
        return {name: self.field_clocks.get(name, self.clock) for name in self.values}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record.

    Attributes:
        table: Where it is.
        id: Unique in its table and project.
        values: By the names of fields, each in the form of its kind.
        create_time: When it was made.
        update_time: When it was written last; it never falls.
        version: How often it was written.
        clock: The hybrid logical clock of the last write.
        field_clocks: By the names of fields, the clock of the last write that set it.
    """

    table: Table
    id: UUID
    values: Mapping[str, Any]
    create_time: datetime
    update_time: datetime
    version: int
    clock: str
    field_clocks: Mapping[str, str]

    @property
    def etag(self) -> str:
        """Changes with each write; its beginning tells the record from one that had its id before."""
        return f"{int(self.create_time.timestamp() * 1_000_000):x}-{self.version}"
