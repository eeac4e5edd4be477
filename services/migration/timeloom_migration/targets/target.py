"""What the work needs of whoever keeps resources of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for: by its id, or by what only one resource may have.

    Attributes:
        fields: Of the resource that would be written.
    """

    table: str
    id: UUID
    fields: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is there.

    Attributes:
        mark: Changes whenever the resource does.
        image: All that is kept of it, for a restoration.
    """

    id: UUID
    fields: Mapping[str, Any] = field(repr=False)
    update_time: str
    mark: str
    image: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """What is to be written.

    Attributes:
        write_id: Names the write, so that it is done once.
        base_mark: Of what is there; empty if nothing is.
        secrets: Values to seal, by name.
    """

    table: str
    id: UUID
    write_id: str
    base_mark: str
    fields: Mapping[str, Any] = field(repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """What is to be taken back.

    Attributes:
        mark: That of what was written; empty if it is not known whether it was.
        fields: What was written.
        image: What was there before; empty if nothing was.
        replaces_changes: Somebody decided that what was changed since goes; the mark is that of what is there
            now, and empty if nothing is.
    """

    table: str
    id: UUID
    write_id: str
    mark: str
    fields: Mapping[str, Any] = field(repr=False)
    image: str = field(repr=False)
    replaces_changes: bool = False


class Outcome(Enum):
    """What became of a write or a restoration."""

    DONE = auto()
    CHANGED = auto()
    """Somebody changed it meanwhile, and it was left alone."""
    REFUSED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a write or a restoration, with the mark that it left, or the reason."""

    outcome: Outcome
    mark: str = ""
    reason: str = ""


class Target(Protocol):
    """Keeps resources; everything happens in the name of the current identity."""

    async def find(self, wanted: Sequence[Wanted]) -> list[Found | None]:
        """Returns what is there, in the order in which it was asked for."""
        ...

    async def write(self, writes: Sequence[Write]) -> list[Result]:
        """Writes; what was written before by the same write is not written again."""
        ...

    async def restore(self, restorations: Sequence[Restoration]) -> list[Result]:
        """Takes writes back; what somebody changed since stays."""
        ...

    async def read(self, wanted: Sequence[Wanted]) -> list[Found | None]:
        """Returns what is there under ids alone, with all that is verified."""
        ...
