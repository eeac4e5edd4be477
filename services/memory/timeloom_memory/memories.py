"""Memories one by one: find, list, change, supersede, delete and restore them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from timeloom_memory import events, limits
from timeloom_memory.changing import MemoryChanges, check_validity
from timeloom_memory.etags import check_etag
from timeloom_memory.model import Change, Matrix, Memory, MemoryFilter, MemoryVersion, Part
from timeloom_memory.policies import purge_and_tell
from timeloom_memory.preparing import NewMemory, Preparation, key_taken
from timeloom_memory.sharing.access import Access
from timeloom_memory.storage import changes as order_of_changes
from timeloom_memory.storage import memories as storage
from timeloom_memory.storage import namespaces, purging, vectors, versions
from timeloom_memory.storage.memories import Order, Reason
from timeloom_memory.storage.predicates import Parameters, matching
from timeloom_memory.storage.vectors import VectorRows
from timeloom_memory.writing import TakenError, taken, write
from timeloom_platform import outbox
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import InvalidFieldError, NotFoundError
from timeloom_platform.pagination import Cursors, ListIdentity, Page, Scalar

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NUMBER_BYTES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPage:
    """A page of a list of memories.

    Attributes:
        vectors: Those of its memories, as the contract packs them; empty unless they were asked for.
    """

    entries: Sequence[Memory]
    next_page_token: str
    vectors: bytes


class Memories:
    """The memories of all projects. Whoever acts as an agent sees and changes what that agent may."""

    def __init__(self, *, database: Database, preparation: Preparation, cursors: Cursors) -> None:
        self._database = database
        self._preparation = preparation
        self._cursors = cursors

    async def get(self, project_id: UUID, memory_id: UUID, *, as_agent_id: str) -> Memory:
        """Returns a memory, in whatever state it is.

        Raises:
            NotFoundError: There is none that may be read.
        """
        async with self._database.transaction(str(project_id)) as connection:
            return await _readable(connection, project_id, memory_id, as_agent_id)

    async def get_version(
        self, project_id: UUID, memory_id: UUID, version: int, *, as_agent_id: str
    ) -> Memory:
        """Returns a memory as it was in a version.

        Raises:
            NotFoundError: There is no such memory or version.
        """
        async with self._database.transaction(str(project_id)) as connection:
            await _readable(connection, project_id, memory_id, as_agent_id)
            found = await versions.select_page(connection, project_id, memory_id, below=version + 1, limit=1)
        if not found or found[0].memory.version != version:
            raise NotFoundError(f"The memory {memory_id} has no version {version}.")
        return found[0].memory

    async def vector_of(self, project_id: UUID, memory: Memory) -> Sequence[float]:
        """Returns the vector that a memory has in its version; empty if it has none."""
        async with self._database.transaction(str(project_id)) as connection:
            form = await vectors.select_of_version(
                connection,
                project_id,
                memory.id,
                content_version=memory.content_version,
                model=memory.embedding_model,
            )
        return () if form is None else vectors.decoded([form], memory.dimension)[0].tolist()

    async def list_page(
        self,
        project_id: UUID,
        *,
        namespaces: Sequence[str],
        wanted: MemoryFilter,
        key: str,
        order: Order,
        page_token: str,
        limit: int,
        as_agent_id: str,
        include_vectors: bool = False,
    ) -> MemoryPage:
        """Returns a page of memories, with their vectors if those are asked for.

        Raises:
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "memories",
            "project": str(project_id),
            "namespaces": namespaces,
            "filter": msgspec.json.encode(wanted).decode(),
            "key": key,
            "order": order.column,
            "descending": order.descending,
            "agent": as_agent_id,
        }
        position = self._cursors.decode(page_token, of=identity)
        parameters = Parameters(project_id)
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            selection = matching(wanted, namespaces=namespaces, scope=scope, parameters=parameters)
            condition = (
                f"{selection.condition} AND m.key = {parameters.add(key)}" if key else selection.condition
            )
            found, more = await storage.select_page(
                connection,
                parameters,
                source=selection.source,
                condition=condition,
                order=order,
                after=_after(position, order) if position else None,
                limit=limit,
            )
            if include_vectors:
                fitting = _fitting(found)
                more, found = more or fitting < len(found), found[:fitting]
            packed = await vectors.select_page(connection, project_id, found) if include_vectors else b""
        token = self._cursors.encode(_position(found[-1], order), of=identity) if more else ""
        return MemoryPage(entries=tuple(found), next_page_token=token, vectors=packed)

    async def list_versions(
        self, project_id: UUID, memory_id: UUID, *, page_token: str, limit: int, as_agent_id: str
    ) -> Page[MemoryVersion]:
        """Returns a page of a memory's versions, newest first.

        Raises:
            NotFoundError: There is no such memory.
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "memory versions",
            "project": str(project_id),
            "memory": str(memory_id),
            "agent": as_agent_id,
        }
        position = self._cursors.decode(page_token, of=identity)
        below = limits.VERSION_MAX if position is None else int(position[0] or 0)
        limit = min(limit, limits.VERSIONS_PAGE_MAX)
        async with self._database.transaction(str(project_id)) as connection:
            await _readable(connection, project_id, memory_id, as_agent_id)
            found = await versions.select_page(
                connection, project_id, memory_id, below=below, limit=limit + 1
            )
        return self._cursors.page(
            found, limit=limit, of=identity, position=lambda version: [version.memory.version]
        )

    async def update(
        self,
        project_id: UUID,
        memory_id: UUID,
        wanted: MemoryChanges,
        *,
        etag: str,
        reason: str,
        as_agent_id: str,
    ) -> Memory:
        """Changes a memory, as a new version.

        Raises:
            NotFoundError: There is no such memory, or it was deleted.
            EtagMismatchError: It has another etag by now.
            AlreadyExistsError: Another memory of its namespace has the key.
            InvalidFieldError: The vector does not fit, or the memory would hold until before it began to.
            PermissionDeniedError: The agent may only read it.
        """
        why = Reason(change=Change.UPDATED, words=reason, agent_id=as_agent_id)
        for attempt in range(1, limits.ATTEMPTS_MAX + 1):
            seen = await self.get(project_id, memory_id, as_agent_id=as_agent_id)
            model, parts = await self._new_vectors(project_id, seen, wanted)
            try:
                async with self._database.transaction(str(project_id)) as connection:
                    before = await lock_writable(connection, project_id, memory_id, as_agent_id)
                    check_etag(before, etag)
                    if _vectors_of(before) != _vectors_of(seen):
                        raise taken()
                    after = _with_model(wanted.applied_to(before), model, parts)
                    return await self._write(connection, project_id, before, after, why=why, parts=parts)
            except TakenError:
                if attempt == limits.ATTEMPTS_MAX:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def supersede(
        self,
        project_id: UUID,
        memory_id: UUID,
        replacement: Callable[[Memory], NewMemory],
        *,
        valid_from: datetime | None,
        etag: str,
        reason: str,
        as_agent_id: str,
    ) -> Memory:
        """Puts another memory in a memory's place, from some time on, and returns it.

        The key goes over to the new one; the old one keeps all that it says.

        Raises:
            NotFoundError: There is no such memory, or it was deleted.
            EtagMismatchError: It has another etag by now.
            InvalidFieldError: It was superseded already, or began to hold only later.
            AlreadyExistsError: The replacement's id or key belongs to another memory.
            PermissionDeniedError: The agent may not write to it, or to where the replacement is to be.
        """
        created = Reason(change=Change.CREATED, words=reason, agent_id=as_agent_id)
        superseded = Reason(change=Change.SUPERSEDED, words=reason, agent_id=as_agent_id)
        for attempt in range(1, limits.ATTEMPTS_MAX + 1):
            seen = await self.get(project_id, memory_id, as_agent_id=as_agent_id)
            new = replacement(seen)
            if new.is_named and seen.superseded_by == new.id:
                return await self.get(project_id, new.id, as_agent_id=as_agent_id)
            prepared = await self._preparation.prepare(
                project_id, [new], as_agent_id=as_agent_id, releasing=[memory_id]
            )
            if prepared.found:
                raise InvalidFieldError.of(
                    "replacement.memoryId", "belongs to a memory that is there already"
                )
            try:
                async with self._database.transaction(str(project_id)) as connection:
                    old = await lock_writable(connection, project_id, memory_id, as_agent_id)
                    check_etag(old, etag)
                    if old.version != seen.version:
                        raise taken()
                    _check_supersedable(old, valid_from)
                    place = await order_of_changes.take(connection, project_id)
                    since = valid_from or max(place.time, old.valid_from)
                    ended = replace(old, key="", valid_to=since, superseded_by=new.id)
                    (written,) = await storage.write(connection, project_id, [ended], superseded)
                    await tell(connection, project_id, [written], Change.SUPERSEDED)
                    drafts = [
                        replace(draft, valid_from=since, supersedes=old.id) for draft in prepared.drafts
                    ]
                    check_validity(since, drafts[0].valid_to, prefix="replacement.")
                    (memory,) = await write(connection, project_id, replace(prepared, drafts=drafts), created)
                    return memory
            except TakenError:
                if attempt == limits.ATTEMPTS_MAX:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def delete(
        self, project_id: UUID, memory_id: UUID, *, etag: str, reason: str, as_agent_id: str
    ) -> Memory:
        """Deletes a memory, and returns it; it can be restored until it is purged.

        Raises:
            NotFoundError: There is no such memory.
            EtagMismatchError: It has another etag by now.
            PermissionDeniedError: The agent may only read it.
        """
        why = Reason(change=Change.DELETED, words=reason, agent_id=as_agent_id)
        async with self._database.transaction(str(project_id)) as connection:
            before = await lock_writable(connection, project_id, memory_id, as_agent_id, deleted_too=True)
            if before.delete_time is not None:
                return before
            check_etag(before, etag)
            deleted = replace(before, delete_time=storage.DELETED)
            return await self._write(connection, project_id, before, deleted, why=why)

    async def purge(
        self, project_id: UUID, memory_id: UUID, *, etag: str, as_agent_id: str
    ) -> purging.Purged:
        """Removes a memory with all its versions, for good.

        Raises:
            NotFoundError: There is no such memory.
            EtagMismatchError: It has another etag by now.
            PermissionDeniedError: The agent may only read it.
        """
        async with self._database.transaction(str(project_id)) as connection:
            before = await lock_writable(connection, project_id, memory_id, as_agent_id, deleted_too=True)
            check_etag(before, etag)
            (purged,) = await purge_and_tell(connection, project_id, [memory_id])
        return purged

    async def restore(self, project_id: UUID, memory_id: UUID, *, as_agent_id: str) -> Memory:
        """Takes a deletion back, and returns the memory.

        Raises:
            NotFoundError: There is no such memory.
            AlreadyExistsError: Another memory of its namespace has its key by now.
            PermissionDeniedError: The agent may only read it.
        """
        why = Reason(change=Change.RESTORED, agent_id=as_agent_id)
        async with self._database.transaction(str(project_id)) as connection:
            before = await lock_writable(connection, project_id, memory_id, as_agent_id, deleted_too=True)
            if before.delete_time is None:
                return before
            await _check_key(connection, project_id, before)
            restored = replace(before, delete_time=None)
            return await self._write(connection, project_id, before, restored, why=why)

    async def _new_vectors(
        self, project_id: UUID, memory: Memory, wanted: MemoryChanges
    ) -> tuple[str, dict[Part, Matrix]]:
        """The model of the vectors that a memory has after a change, and those that it gets by it."""
        after = wanted.applied_to(memory)
        if wanted.vector is None and (after.content, after.context) == (memory.content, memory.context):
            return memory.embedding_model, {}
        async with self._database.transaction(str(project_id)) as connection:
            home = (await namespaces.select_homes(connection, project_id, [memory.namespace]))[
                memory.namespace
            ]
        if wanted.vector is not None:
            model, unit = self._preparation.fitting(home, wanted.vector, wanted.vector_model, "")
            return model, {Part.CONTENT: unit}
        if after.content == memory.content and memory.embedding_model != home.embedding_model:
            # Somebody's own vector of a text that has not changed.
            return memory.embedding_model, {}
        if not home.embedding_model:
            return "", {}
        parts = await self._preparation.embed(project_id, home.embedding_model, after.content, after.context)
        return home.embedding_model, parts

    async def _write(
        self,
        connection: Connection,
        project_id: UUID,
        before: Memory,
        after: Memory,
        *,
        why: Reason,
        parts: Mapping[Part, Matrix] = MappingProxyType({}),
    ) -> Memory:
        """Writes a locked memory, if anything of it has changed, with the vectors of its new content."""
        new_content = bool(parts) or (after.content, after.context) != (before.content, before.context)
        if after == before and not new_content:
            return before
        if after.key != before.key:
            await _check_key(connection, project_id, after)
        content_version = before.content_version + 1
        for part, matrix in parts.items():
            rows = VectorRows(
                memory_ids=[before.id],
                content_versions=[content_version],
                model=after.embedding_model,
                part=part,
                matrix=matrix,
            )
            await vectors.insert(connection, project_id, rows)
        if parts:
            model = (after.namespace, after.embedding_model, after.dimension)
            await namespaces.insert_models(connection, project_id, [model])
        elif new_content and after.embedding_model:
            await vectors.carry(connection, project_id, before.id, content_version=content_version)
        (written,) = await storage.write(connection, project_id, [after], why, new_content=new_content)
        await tell(connection, project_id, [written], why.change)
        return written


async def lock_writable(
    connection: Connection,
    project_id: UUID,
    memory_id: UUID,
    as_agent_id: str,
    *,
    deleted_too: bool = False,
) -> Memory:
    """Returns a memory that the agent may change and that nobody else changes meanwhile.

    Raises:
        NotFoundError: There is none, or it was deleted.
        PermissionDeniedError: The agent may only read it.
    """
    scope = await Access.of(connection, project_id, as_agent_id)
    found = await storage.lock(connection, project_id, [memory_id])
    if not found:
        raise _missing(memory_id)
    (memory,) = found
    scope.require_write_memory(memory.namespace, memory_id)
    if memory.delete_time is not None and not deleted_too:
        raise NotFoundError(f"The memory {memory_id} was deleted; restore it to change it.")
    return memory


async def tell(connection: Connection, project_id: UUID, memories: Sequence[Memory], change: Change) -> None:
    """Tells of memories that were written, once the transaction commits."""
    await outbox.enqueue(connection, str(project_id), events.memories_changed(memories, change))


async def _readable(connection: Connection, project_id: UUID, memory_id: UUID, as_agent_id: str) -> Memory:
    scope = await Access.of(connection, project_id, as_agent_id)
    found = await storage.select(connection, project_id, [memory_id], scope=scope)
    if memory_id not in found:
        raise _missing(memory_id)
    return found[memory_id]


async def _check_key(connection: Connection, project_id: UUID, memory: Memory) -> None:
    if memory.key:
        key = (memory.namespace, memory.key)
        holder = (await storage.select_keys(connection, project_id, [key])).get(key)
        if holder not in {None, memory.id}:
            assert holder is not None
            raise key_taken(memory.key, holder)


def _check_supersedable(old: Memory, valid_from: datetime | None) -> None:
    if old.superseded_by is not None:
        raise InvalidFieldError.of("memoryId", f"was superseded already, by {old.superseded_by}")
    if valid_from is not None and valid_from < old.valid_from:
        raise InvalidFieldError.of("validFrom", "must not be before that of the memory that is superseded")


def _with_model(memory: Memory, model: str, parts: dict[Part, Matrix]) -> Memory:
    dimension = parts[Part.CONTENT].shape[1] if parts else memory.dimension if model else 0
    return replace(memory, embedding_model=model, dimension=dimension)


def _vectors_of(memory: Memory) -> tuple[int, str]:
    """What names a memory's vectors."""
    return memory.content_version, memory.embedding_model


def _missing(memory_id: UUID) -> NotFoundError:
    return NotFoundError(f"There is no memory {memory_id}.")


def _position(memory: Memory, order: Order) -> list[Scalar]:
    value = getattr(memory, order.column)
    if isinstance(value, datetime):
        value = (value - _EPOCH) // _MICROSECOND
    return [value, str(memory.id)]


def _after(position: list[Scalar], order: Order) -> tuple[object, UUID]:
    value, memory_id = position
    if order.column != "importance":
        assert isinstance(value, int)
        return _EPOCH + value * _MICROSECOND, UUID(str(memory_id))
    return value, UUID(str(memory_id))


def _fitting(found: Sequence[Memory]) -> int:
    """Returns how many of the first memories have vectors that go on one page."""
    total = 0
    for count, memory in enumerate(found):
        total += _NUMBER_BYTES * memory.dimension
        if count and total > limits.VECTORS_PAGE_BYTES_MAX:
            return count
    return len(found)
