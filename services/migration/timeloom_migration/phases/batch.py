"""What the phases share: items of one target at a time, and what a batch comes to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID, uuid5

import grpc.aio
import msgspec
import structlog

from timeloom_migration.limits import BATCH_BYTES_MAX, BATCH_ITEMS_MAX
from timeloom_migration.model import Migration, StoredItem, Verification
from timeloom_migration.planning.model import Table
from timeloom_migration.targets.target import Target
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import UnavailableError

T = TypeVar("T")

logger = structlog.get_logger(__name__)


class Opening(Protocol):
    """Opens what was sealed on arrival."""

    async def open(self, connection: Connection, project_id: UUID, place: str, sealed: bytes) -> str:
        """Returns a secret in clear."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the phases work with."""

    database: Database
    targets: Mapping[Table, Target]
    opening: Opening
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConflict:
    """A conflict that a batch found."""

    item_number: int
    existing: str | None
    incoming: str | None
    from_rollback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a part of the records came to.

    Attributes:
        items: That are new.
        settled: Those read before that do not count any more.
    """

    items: Sequence[StoredItem]
    settled: Sequence[StoredItem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What a batch came to; it is stored with the migration's next version.

    Attributes:
        items: As they are now.
        conflicts: That it found.
        part: What was read; the first one takes the place of all that was planned before.
        position: How many items, or records, the phase has passed, or the number of the last.
        is_last: The phase has ended.
        verification: What is verified so far.
        item_count: How many items there are, if that was found out.
    """

    items: Sequence[StoredItem] = ()
    conflicts: Sequence[NewConflict] = ()
    part: Part | None = None
    position: int
    is_last: bool
    verification: Verification | None = None
    item_count: int | None = None


class Phase(Protocol):
    """A part of the work."""

    async def step(self, migration: Migration) -> Batch:
        """Does one batch."""
        ...


async def answered(call: Awaitable[T], *, migration_id: UUID) -> T:
    """Returns what another service answers.

    Raises:
        UnavailableError: It did not answer as it should; trying again may help.
    """
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        logger.warning(
            "service failed that a migration needs", migration_id=str(migration_id), code=error.code().name
        )
        raise UnavailableError(
            f"A service that is needed answered {error.code().name}.", retry_after_seconds=1.0
        ) from None


def of_one_target(items: Sequence[StoredItem]) -> list[StoredItem]:
    """Returns the first items that can be handled at once: of one target, bounded, no record twice."""
    chosen: list[StoredItem] = []
    size, seen = 0, set[tuple[str, UUID | None]]()
    for item in items:
        size += max(len(item.fields), len(item.source_fields)) + len(item.before or "")
        name = (item.table, item.target_id or item.source_target_id)
        if chosen and (
            kind_of(item) != kind_of(chosen[0])
            or size > BATCH_BYTES_MAX
            or len(chosen) >= BATCH_ITEMS_MAX
            or name in seen
        ):
            break
        chosen.append(item)
        seen.add(name)
    return chosen


def kind_of(item: StoredItem) -> str:
    """Returns what items must have in common to be handled at once."""
    return item.table if item.table in {Table.MEMORIES, Table.MUTATIONS} else "records"


def decoded(fields: str) -> dict[str, Any]:
    """Returns an item's fields."""
    read: dict[str, Any] = msgspec.json.decode(fields)
    return read


def encoded(value: object) -> str:
    """Returns a document as it is kept."""
    return msgspec.json.encode(value).decode()


def shown(fields: Mapping[str, Any]) -> str:
    """Returns fields as people see them: without vectors."""
    return encoded({name: value for name, value in fields.items() if name != "vector"})


def write_id_of(migration: Migration, number: int) -> str:
    """Returns what a write of this run of a migration is called: the same however often it is tried."""
    start = migration.start_time.isoformat() if migration.start_time else ""
    return uuid5(migration.id, f"{start}/{number}").hex
