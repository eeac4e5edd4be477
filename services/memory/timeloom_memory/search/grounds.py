"""Where searches look: what PostgreSQL says of that when they begin."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from timeloom_memory.model import MemoryFilter
from timeloom_memory.search.model import Search
from timeloom_memory.sharing.access import Access
from timeloom_memory.sharing.scope import EVERYTHING
from timeloom_memory.storage import searching as storage
from timeloom_memory.storage.searching import Asked, Place
from timeloom_memory.upkeep.decay import DecayModel, DecayPolicy
from timeloom_platform.database import Database

# Filters that leave no more than these are known by name to the lists, which then look at nothing else.
LISTED_MAX: Final = 20_000

NO_FILTER: Final = MemoryFilter()


class Ground(Struct, frozen=True, kw_only=True):
    """Where a search looks, as PostgreSQL had it when it began.

    Attributes:
        places: Namespaces that may be read as a whole.
        shared: Single memories elsewhere that may be read.
        listed: What the filter leaves, with its numbers; None if it leaves too many to name, or all.
        sequence: The project's last change.
        policy: How its memories fade.
    """

    asked: Asked
    places: Sequence[Place]
    shared: Collection[UUID]
    listed: Mapping[UUID, int] | None
    sequence: int
    policy: DecayPolicy


class Where(Struct, frozen=True):
    """What a ground depends on: searches that have it in common share one."""

    as_agent_id: str
    namespaces: tuple[str, ...]
    wanted: MemoryFilter

    @classmethod
    def of(cls, search: Search) -> Where:
        """Returns where a search looks."""
        return cls(search.as_agent_id, search.namespaces, search.wanted)


async def ground_of(database: Database, project_id: UUID, where: Where) -> Ground:
    """Reads a ground: in one round trip, where neither rights nor a filter have to be looked up."""
    scope, listed = EVERYTHING, None
    names_memories = _names_memories(where.wanted)
    if where.as_agent_id or names_memories:
        async with database.reading(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, where.as_agent_id)
            found = await storage.ground(connection.fetchrow, project_id, where.namespaces)
            asked = Asked(
                project_id=project_id, wanted=where.wanted, namespaces=where.namespaces, scope=scope
            )
            if names_memories:
                listed = await storage.numbers(connection, asked, limit=LISTED_MAX + 1)
    else:
        asked = Asked(project_id=project_id, wanted=where.wanted, namespaces=where.namespaces, scope=scope)
        found = await storage.ground(database.call, project_id, where.namespaces)
    return Ground(
        asked=asked,
        places=[place for place in found.places if scope.may_read(place.namespace)],
        shared=scope.memories.keys(),
        listed=listed if listed is None or len(listed) <= LISTED_MAX else None,
        sequence=found.sequence,
        policy=DecayPolicy(model=DecayModel(found.decay_model), half_life_days=found.half_life_days),
    )


def is_scanned(wanted: MemoryFilter) -> bool:
    """Whether memories are meant that no index knows: as they were, or those that are deleted."""
    return wanted.as_of is not None or wanted.include_deleted


def _names_memories(wanted: MemoryFilter) -> bool:
    """Whether a filter may leave few of many, so that it is worth asking which."""
    if wanted == NO_FILTER or is_scanned(wanted):
        return False
    loose = replace(
        wanted, include_superseded=False, include_archived=False, include_expired=False, include_deleted=False
    )
    return loose != NO_FILTER
