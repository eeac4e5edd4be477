"""Copies of shapes that trust nobody: what comes twice, or leaves something out, is a problem they name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from timeloom_platform.testing import eventually

ARRIVAL_LIMIT_SECONDS = 60.0
# Enough that every client is amid its work.
CHANGES = 30


@dataclass(slots=True)
class Copy:
    """A client's copy of a shape whose rows have a `version` that each change raises by one.

    Attributes:
        rows: The rows by key; the whole of each is known, as updates only have what changed.
        problems: What a sound shape never does.
    """

    rows: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    problems: list[str] = field(default_factory=list[str])
    changes: int = 0
    refetches: int = 0

    def apply(self, messages: Iterable[Mapping[str, Any]]) -> None:
        """Takes messages in the order in which they came."""
        for message in messages:
            headers = message["headers"]
            if headers.get("control") == "must-refetch":
                self.begin_anew()
            elif "operation" in headers:
                self.changes += 1
                self._change(headers["operation"], message["key"], message.get("value", {}))

    def begin_anew(self) -> None:
        """Forgets the rows: all of them will come again."""
        self.rows.clear()
        self.refetches += 1

    def contents(self, *columns: str) -> set[tuple[str, ...]]:
        """The rows as comparable values."""
        return {tuple(str(row[column]) for column in columns) for row in self.rows.values()}

    def _change(self, operation: str, key: str, value: Mapping[str, Any]) -> None:
        known = self.rows.get(key)
        if (operation == "insert") != (known is None):
            self.problems.append(f"{operation} of {key}, which is {'there' if known else 'not there'}")
        if operation == "delete":
            self.rows.pop(key, None)
            return
        if operation == "update" and known is not None:
            before, after = int(known["version"]), int(value["version"])
            if after != before + 1:
                self.problems.append(f"version {after} of {key} after {before}")
        self.rows[key] = {**(known or {}), **value}


async def all_are(copies: Sequence[Copy], accepts: Callable[[Copy], bool], what: str) -> None:
    """Waits until every copy is as wanted."""

    def late() -> list[Copy]:
        return [copy for copy in copies if not accepts(copy)]

    try:
        await eventually(lambda: not late(), timeout_seconds=ARRIVAL_LIMIT_SECONDS)
    except AssertionError:
        states = [(len(copy.rows), copy.changes, copy.refetches, copy.problems[:3]) for copy in late()]
        raise AssertionError(f"{what} did not arrive everywhere: {states}") from None


async def more_changes(copies: Sequence[Copy]) -> None:
    """Waits until each copy has had enough changes."""
    wanted = {id(copy): copy.changes + CHANGES for copy in copies}
    await all_are(copies, lambda copy: copy.changes >= wanted[id(copy)], "more changes")
