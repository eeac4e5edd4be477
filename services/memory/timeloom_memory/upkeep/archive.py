"""The archive: memories put away, and taken out again. They stay, with all that they say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from timeloom_memory import events
from timeloom_memory.model import Change, Memory, MemoryFilter
from timeloom_memory.sharing.access import Access
from timeloom_memory.sharing.scope import Scope
from timeloom_memory.storage import changes, materials, memories
from timeloom_memory.storage.materials import Trace
from timeloom_memory.storage.memories import Reason
from timeloom_memory.storage.predicates import Parameters, matching
from timeloom_memory.upkeep import decay
from timeloom_memory.upkeep.decay import DecayPolicy, Usage
from timeloom_platform import outbox
from timeloom_platform.database import Database
from timeloom_platform.errors import InvalidFieldError

CALL_MAX: Final = 10_000
"""The memories that one call puts away or takes out; there may be more, for the next call."""

CHANGE_MAX: Final = 1000
"""The memories that one transaction changes."""

PAGE: Final = 5000
"""The memories that are looked at together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which memories are meant.

    Attributes:
        retention_below: Those that are less likely to be recalled; all if zero.
        importance_below: Those that are less important; all if None.
    """

    namespaces: Sequence[str]
    wanted: MemoryFilter
    retention_below: float = 0.0
    importance_below: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Memories that were put away or taken out, or would be; and up to which change the project is then."""

    memory_ids: tuple[UUID, ...]
    sequence: int


class Archive:
    """The archives of all projects."""

    def __init__(self, *, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def put_away(
        self,
        project_id: UUID,
        which: Which,
        *,
        decay_policy: DecayPolicy,
        reason: str,
        as_agent_id: str,
        dry_run: bool,
    ) -> Moved:
        """Puts memories away, oldest first, 10,000 at most; those that the agent may only read are left.

        Raises:
            InvalidFieldError: It would be everything, or is asked for as of some time.
            PermissionDeniedError: The agent may not change one that is named by its id.
        """
        _check(which)
        now = self._clock()

        def fades(trace: Trace) -> bool:
            if which.importance_below is not None and trace.importance >= which.importance_below:
                return False
            usage = Usage(create_time=trace.create_time, access_count=trace.access_count, recent=trace.recent)
            return decay.retention(usage, now, decay_policy) < which.retention_below

        ids = await self._ids(
            project_id,
            which,
            archived=False,
            chosen=fades if which.retention_below > 0 else None,
            as_agent_id=as_agent_id,
        )
        if dry_run:
            return Moved(memory_ids=tuple(ids), sequence=await self._sequence(project_id))
        why = Reason(change=Change.ARCHIVED, words=reason, agent_id=as_agent_id)
        return await self.move(project_id, ids, why, archived=True)

    async def take_out(self, project_id: UUID, which: Which, *, as_agent_id: str, dry_run: bool) -> Moved:
        """Takes memories out of the archive, oldest first, 10,000 at most.

        Raises:
            InvalidFieldError: It would be everything, or is asked for as of some time.
            PermissionDeniedError: The agent may not change one that is named by its id.
        """
        _check(which)
        ids = await self._ids(project_id, which, archived=True, chosen=None, as_agent_id=as_agent_id)
        if dry_run:
            return Moved(memory_ids=tuple(ids), sequence=await self._sequence(project_id))
        why = Reason(change=Change.RESTORED, words="taken out of the archive", agent_id=as_agent_id)
        return await self.move(project_id, ids, why, archived=False)

    async def move(
        self, project_id: UUID, memory_ids: Sequence[UUID], why: Reason, *, archived: bool
    ) -> Moved:
        """Puts memories away or takes them out, a thousand in a transaction; those that are there stay."""
        moved: list[UUID] = []
        sequence = 0
        for start in range(0, len(memory_ids), CHANGE_MAX):
            some = memory_ids[start : start + CHANGE_MAX]
            async with self._database.transaction(str(project_id)) as connection:
                locked = await memories.lock(connection, project_id, some)
                wanted: list[Memory] = [
                    replace(memory, archived=archived)
                    for memory in locked
                    if memory.archived is not archived and memory.delete_time is None
                ]
                if not wanted:
                    continue
                written = await memories.write(connection, project_id, wanted, why)
                told = events.memories_changed(written, why.change)
                await outbox.enqueue(connection, str(project_id), told)
            sequence = written[0].sequence
            changed = {memory.id for memory in written}
            moved.extend(each for each in some if each in changed)
        return Moved(memory_ids=tuple(moved), sequence=sequence or await self._sequence(project_id))

    async def _ids(
        self,
        project_id: UUID,
        which: Which,
        *,
        archived: bool,
        chosen: Callable[[Trace], bool] | None,
        as_agent_id: str,
    ) -> list[UUID]:
        ids: list[UUID] = []
        async for trace in self._traces(project_id, which, archived=archived, as_agent_id=as_agent_id):
            if chosen is None or chosen(trace):
                ids.append(trace.id)
            if len(ids) == CALL_MAX:
                break
        return ids

    async def _traces(
        self, project_id: UUID, which: Which, *, archived: bool, as_agent_id: str
    ) -> AsyncIterator[Trace]:
        """Yields those of the memories that may be changed; a named one that may not is an error."""
        wanted = replace(which.wanted, include_archived=archived)
        after: tuple[datetime, UUID] | None = None
        while True:
            async with self._database.transaction(str(project_id)) as connection:
                scope = await Access.of(connection, project_id, as_agent_id)
                parameters = Parameters(project_id)
                selection = matching(wanted, namespaces=which.namespaces, scope=scope, parameters=parameters)
                page = await materials.select_traces(
                    connection,
                    parameters,
                    source=selection.source,
                    condition=f"{selection.condition} AND {'' if archived else 'NOT '}m.archived",
                    after=after,
                    limit=PAGE,
                )
            for trace in page:
                if _may_change(scope, trace, is_named=bool(wanted.memory_ids)):
                    yield trace
            if len(page) < PAGE:
                return
            after = (page[-1].create_time, page[-1].id)

    async def _sequence(self, project_id: UUID) -> int:
        async with self._database.transaction(str(project_id)) as connection:
            return await changes.current(connection, project_id)


def _may_change(scope: Scope, trace: Trace, *, is_named: bool) -> bool:
    if is_named:
        scope.require_write_memory(trace.namespace, trace.id)
        return True
    return scope.may_write_memory(trace.namespace, trace.id)


def _check(which: Which) -> None:
    if which.wanted.as_of is not None:
        raise InvalidFieldError.of("filter.asOf", "must be absent: what was known then cannot be changed")
    if not which.namespaces and not which.retention_below and which.wanted == MemoryFilter():
        raise InvalidFieldError.of("filter", "is required, or namespaces: it would be every memory")
