"""Merging memories, and taking a merge back.

A merge makes a new memory. Its sources stay with all that they say; they hold no longer, and name the memory
that has taken their place. Their history says what they were before, which is what taking the merge back goes
by.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from msgspec import Raw
from msgspec.structs import replace

from timeloom_memory import events, limits
from timeloom_memory.model import Change, Memory
from timeloom_memory.preparing import NewMemory, Preparation, Prepared, key_taken
from timeloom_memory.sharing.access import Access
from timeloom_memory.sharing.scope import Scope
from timeloom_memory.storage import memories as storage
from timeloom_memory.storage import merges, namespaces, proposals, usage, vectors
from timeloom_memory.storage.memories import Reason
from timeloom_memory.storage.proposals import Proposal, ProposalState
from timeloom_memory.writing import TakenError, taken, write
from timeloom_platform import outbox
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import ConflictError, InvalidFieldError, NotFoundError

UNDONE: Final = "merge undone"
"""The reason that the history of a memory gives."""

TAGS_MAX: Final = 1000
"""The tags of one memory, as the contract has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What is to be merged.

    Attributes:
        memory_ids: The one that goes on first.
        content: What the merged memory says; what the first one says if empty.
        proposal_id: The proposal that is carried out by it; None if there is none.
    """

    memory_ids: Sequence[UUID]
    content: str = ""
    reason: str = ""
    proposal_id: UUID | None = None


class Merging:
    """Makes one memory of several, and several of one again."""

    def __init__(self, *, database: Database, preparation: Preparation, new_id: Callable[[], UUID]) -> None:
        self._database = database
        self._preparation = preparation
        self._new_id = new_id

    async def merge(self, project_id: UUID, wanted: Merge, *, as_agent_id: str) -> Memory:
        """Merges memories and returns what became of them.

        Raises:
            NotFoundError: One of them is not there.
            InvalidFieldError: They cannot become one memory.
            PermissionDeniedError: The agent may not change all of them.
            ConflictError: Others change them again and again, or the proposal is not open any more.
        """
        if len(set(wanted.memory_ids)) != len(wanted.memory_ids) or len(wanted.memory_ids) < 2:
            raise InvalidFieldError.of("memoryIds", "must name at least two memories, each once")
        merged_id = self._new_id()
        for attempt in range(1, limits.ATTEMPTS_MAX + 1):
            seen, prepared = await self._prepared(project_id, merged_id, wanted, as_agent_id)
            try:
                async with self._database.transaction(str(project_id)) as connection:
                    return await _merge(
                        connection, project_id, wanted, seen=seen, prepared=prepared, as_agent_id=as_agent_id
                    )
            except TakenError:
                if attempt == limits.ATTEMPTS_MAX:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def undo(self, project_id: UUID, memory_id: UUID, *, as_agent_id: str) -> list[Memory]:
        """Takes a merge back and returns its sources, which are as they were.

        Raises:
            NotFoundError: There is no such memory.
            InvalidFieldError: No memories were merged into it, or it has become part of another one.
            PermissionDeniedError: The agent may not change all of them.
            AlreadyExistsError: Another memory has the key of one of them by now.
        """
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            await proposals.undo(connection, project_id, memory_id)
            (merged,) = await _locked(connection, project_id, [memory_id], scope)
            if merged.superseded_by is not None:
                raise InvalidFieldError.of("memoryId", "names a memory that another one has replaced")
            held = await storage.lock(connection, project_id, list(merged.source_ids))
            sources = [each for each in held if each.superseded_by == memory_id]
            if not sources:
                raise InvalidFieldError.of("memoryId", "names a memory that none was merged into")
            for source in sources:
                scope.require_write_memory(source.namespace, source.id)
            restored = await _as_before(connection, project_id, sources, merged)
            gone = replace(merged, delete_time=storage.DELETED)
            deleted = Reason(change=Change.DELETED, words=UNDONE, agent_id=as_agent_id)
            await _change(connection, project_id, [gone], deleted)
            back = Reason(change=Change.RESTORED, words=UNDONE, agent_id=as_agent_id)
            written = await _change(connection, project_id, restored, back)
        places = {each: place for place, each in enumerate(merged.source_ids)}
        return sorted(written, key=lambda memory: places[memory.id])

    async def _prepared(
        self, project_id: UUID, merged_id: UUID, wanted: Merge, as_agent_id: str
    ) -> tuple[list[Memory], Prepared]:
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            found = await storage.select(connection, project_id, wanted.memory_ids, scope=scope)
            sources = _checked(wanted.memory_ids, found, scope)
            first = sources[0]
            homes = await namespaces.select_homes(connection, project_id, [first.namespace])
            forms = await vectors.select(connection, project_id, [first.id])
        new = merged_of(sources, merged_id, wanted.content)
        is_own = first.embedding_model != homes[first.namespace].embedding_model
        if first.id in forms and is_own and new.content == first.content:
            # The same text keeps the vector that its writer gave it.
            new = replace(
                new,
                vector=vectors.decoded([forms[first.id]], first.dimension)[0],
                vector_model=first.embedding_model,
            )
        prepared = await self._preparation.prepare(
            project_id, [new], as_agent_id=as_agent_id, releasing=[first.id]
        )
        # The session is added here: what was last said in it is no context of the merged memory.
        drafts = [replace(draft, session_id=first.session_id) for draft in prepared.drafts]
        return sources, replace(prepared, drafts=drafts)


def merged_of(sources: Sequence[Memory], merged_id: UUID, content: str) -> NewMemory:
    """Returns what memories become: the first one, with the tags of all and the importance of the greatest.

    Raises:
        InvalidFieldError: Together they have too many tags.
    """
    first = sources[0]
    tags = tuple(dict.fromkeys(tag for source in sources for tag in source.tags))
    if len(tags) > TAGS_MAX:
        raise InvalidFieldError.of(
            "memoryIds", f"have {len(tags)} tags together; at most {TAGS_MAX} are allowed"
        )
    ends = [source.expire_time for source in sources]
    return NewMemory(
        id=merged_id,
        namespace=first.namespace,
        content=content or first.content,
        key=first.key,
        agent_id=first.agent_id,
        kind=first.kind,
        context=first.context,
        metadata=None if first.metadata is None else Raw(first.metadata.encode()),
        tags=tags,
        importance=max(source.importance for source in sources),
        confidence=max(source.confidence for source in sources),
        occur_time=first.occur_time,
        valid_from=min(source.valid_from for source in sources),
        valid_to=first.valid_to,
        expire_time=None if None in ends else max(end for end in ends if end is not None),
        archived=first.archived,
        source_ids=[source.id for source in sources],
    )


async def _merge(
    connection: Connection,
    project_id: UUID,
    wanted: Merge,
    *,
    seen: Sequence[Memory],
    prepared: Prepared,
    as_agent_id: str,
) -> Memory:
    if wanted.proposal_id is not None:
        await _open_proposal(connection, project_id, wanted.proposal_id)
    scope = await Access.of(connection, project_id, as_agent_id)
    locked = {each.id: each for each in await storage.lock(connection, project_id, wanted.memory_ids)}
    if any(each.id not in locked or locked[each.id].version != each.version for each in seen):
        raise taken()
    sources = _checked(wanted.memory_ids, locked, scope)
    merged_id = prepared.drafts[0].id
    ended = [
        # They never hold, at whatever time it is asked for: what they say, the merged memory says.
        replace(
            source,
            superseded_by=merged_id,
            valid_to=source.valid_from,
            key="" if place == 0 else source.key,
        )
        for place, source in enumerate(sources)
    ]
    merged = Reason(change=Change.MERGED, words=wanted.reason, agent_id=as_agent_id)
    await _change(connection, project_id, ended, merged)
    created = Reason(change=Change.CREATED, words=wanted.reason, agent_id=as_agent_id)
    (memory,) = await write(connection, project_id, prepared, created)
    await usage.inherit(connection, project_id, memory.id, wanted.memory_ids)
    if wanted.proposal_id is not None:
        await proposals.update(
            connection, project_id, wanted.proposal_id, state=ProposalState.APPLIED, merged_id=memory.id
        )
    return memory


async def _open_proposal(connection: Connection, project_id: UUID, proposal_id: UUID) -> Proposal:
    proposal = await proposals.lock(connection, project_id, proposal_id)
    if proposal is None:
        raise NotFoundError(f"There is no proposal {proposal_id}.")
    if proposal.state is not ProposalState.OPEN:
        raise ConflictError(f"The proposal {proposal_id} is not open any more.")
    return proposal


def _checked(memory_ids: Sequence[UUID], found: dict[UUID, Memory], scope: Scope) -> list[Memory]:
    """Returns the memories in the order of their ids, if they can be merged."""
    sources: list[Memory] = []
    for place, memory_id in enumerate(memory_ids):
        memory = found.get(memory_id)
        if memory is None or memory.delete_time is not None:
            raise NotFoundError(f"There is no memory {memory_id}.")
        scope.require_write_memory(memory.namespace, memory.id)
        field = f"memoryIds[{place}]"
        if memory.superseded_by is not None:
            raise InvalidFieldError.of(field, "names a memory that another one has replaced")
        if sources and memory.namespace != sources[0].namespace:
            raise InvalidFieldError.of(field, "lives in another namespace than the first")
        sources.append(memory)
    return sources


async def _locked(
    connection: Connection, project_id: UUID, memory_ids: Collection[UUID], scope: Scope
) -> list[Memory]:
    locked = await storage.lock(connection, project_id, list(memory_ids))
    if len(locked) < len(memory_ids) or any(each.delete_time is not None for each in locked):
        raise NotFoundError(f"There is no memory {next(iter(memory_ids))}.")
    for memory in locked:
        scope.require_write_memory(memory.namespace, memory.id)
    return locked


async def _as_before(
    connection: Connection, project_id: UUID, sources: Sequence[Memory], merged: Memory
) -> list[Memory]:
    """Returns the sources with what the merge has taken from them; what was changed since stays changed."""
    before = await merges.select_before(connection, project_id, [each.id for each in sources], merged.id)
    restored = [
        replace(
            source,
            superseded_by=None,
            valid_to=before[source.id].valid_to,
            key=source.key or before[source.id].key,
        )
        for source in sources
    ]
    keys = [(each.namespace, each.key) for each in restored if each.key]
    holders = await storage.select_keys(connection, project_id, keys) if keys else {}
    for each in restored:
        holder = holders.get((each.namespace, each.key), each.id)
        if each.key and holder not in {each.id, merged.id}:
            raise key_taken(each.key, holder)
    return restored


async def _change(
    connection: Connection, project_id: UUID, memories: Sequence[Memory], why: Reason
) -> list[Memory]:
    written = await storage.write(connection, project_id, memories, why)
    await outbox.enqueue(connection, str(project_id), events.memories_changed(written, why.change))
    return written
