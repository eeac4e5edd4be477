"""What a shape remembers of its rows, where the log of their table does not say what they were.

A table that is written with every step of an agent does not have its old rows logged: that would cost each
step as much again. So of such a table's shapes each row that is in is known by its key, with a hash of each
value that clients have.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from timeloom_workspace.shapes.clauses.nodes import Row
from timeloom_workspace.shapes.compaction import Kind


class UntellableError(Exception):
    """What a change means in a shape cannot be told, or no longer be remembered: its clients begin anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a change is to a shape.

    Attributes:
        kind: What becomes of the row.
        changed: In an update, the columns whose values differ.
    """

    kind: Kind
    changed: Sequence[str] = ()


class Membership:
    """The rows that a shape has.

    Args:
        columns: Those that clients have.
        rows_max: How many rows it remembers at most.
    """

    def __init__(self, columns: Sequence[str], *, rows_max: int) -> None:
        self._columns = columns
        self._rows_max = rows_max
        self._hashes = struct.Struct(f"={len(columns)}q")
        self._rows: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, key: str, row: Row) -> None:
        """Takes in a row of the snapshot.

        Raises:
            UntellableError: There are too many.
        """
        if len(self._rows) >= self._rows_max:
            raise UntellableError(f"The shape has more than {self._rows_max} rows.")
        self._rows[key] = self._hashed(row)

    def put(self, key: str, row: Row) -> Meaning | None:
        """Takes in a row as it is now; returns what that means, None if nothing that clients have differs.

        Args:
            key: The row's.
            row: Its values; of one that is known already, those may be missing that did not change.

        Raises:
            UntellableError: A value is missing that clients do not have, or there are too many rows.
        """
        known = self._rows.get(key)
        if known is None:
            if any(name not in row for name in self._columns):
                raise UntellableError("A row came in of which not all was told.")
            self.add(key, row)
            return Meaning(kind=Kind.INSERT)
        before = self._hashes.unpack(known)
        changed = [
            name
            for name, old in zip(self._columns, before, strict=True)
            if name in row and hash(row[name]) != old
        ]
        if not changed:
            return None
        after = dict(zip(self._columns, before, strict=True)) | {name: hash(row[name]) for name in changed}
        self._rows[key] = self._hashes.pack(*after.values())
        return Meaning(kind=Kind.UPDATE, changed=changed)

    def remove(self, key: str) -> bool:
        """Lets a row go; returns whether it was in."""
        return self._rows.pop(key, None) is not None

    def _hashed(self, row: Row) -> bytes:
        return self._hashes.pack(*(hash(row[name]) for name in self._columns))
