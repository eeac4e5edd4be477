"""How new memories are written, and how it is told: within a transaction that may do more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from timeloom_memory import events, limits
from timeloom_memory.model import Change, Memory
from timeloom_memory.preparing import NewMemory, Preparation, Prepared
from timeloom_memory.storage import memories as storage
from timeloom_memory.storage import namespaces, vectors
from timeloom_memory.storage.memories import Draft, Inserted, Reason
from timeloom_platform import outbox
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import ConflictError

RETRY_AFTER_SECONDS: Final = 0.1


class TakenError(ConflictError):
    """Somebody else took an id, a key or a place since the memories were prepared: prepare them anew."""


class Writer:
    """Creates memories."""

    def __init__(self, *, database: Database, preparation: Preparation) -> None:
        self._database = database
        self._preparation = preparation

    async def create(self, project_id: UUID, new: Sequence[NewMemory], *, as_agent_id: str) -> list[Memory]:
        """Creates memories in one transaction and returns them in their order; some may be there already.

        Raises:
            AlreadyExistsError: An id belongs to a memory with another content, or a key to another memory.
            InvalidFieldError: A vector does not fit, or two of them have the same id or key.
            PermissionDeniedError: The agent may not write there.
            ConflictError: Others wrote the same at the same time, again and again.
        """
        reason = Reason(change=Change.CREATED, agent_id=as_agent_id)
        for attempt in range(1, limits.ATTEMPTS_MAX + 1):
            prepared = await self._preparation.prepare(project_id, new, as_agent_id=as_agent_id)
            try:
                async with self._database.transaction(str(project_id)) as connection:
                    return await write(connection, project_id, prepared, reason)
            except TakenError:
                if attempt == limits.ATTEMPTS_MAX:
                    raise
        raise AssertionError("the last attempt returns or raises")


async def write(connection: Connection, project_id: UUID, prepared: Prepared, reason: Reason) -> list[Memory]:
    """Writes memories that were prepared, tells of them, and returns them in their order.

    It takes the project's place in the order of changes: what else the transaction changes is locked by then.

    Raises:
        TakenError: They have to be prepared anew.
    """
    written: list[Memory] = []
    if prepared.drafts:
        await _keep_homes(connection, project_id, prepared)
        for rows in prepared.vectors:
            await vectors.insert(connection, project_id, rows)
        inserted = await storage.insert(connection, project_id, prepared.drafts, reason)
        if len(inserted) < len(prepared.drafts):
            raise taken()
        found = {each.id: each for each in inserted}
        written = [_memory_of(draft, found[draft.id]) for draft in prepared.drafts]
        told = events.memories_changed(written, reason.change)
        await outbox.enqueue(connection, str(project_id), told)
    return _in_order(prepared, written)


async def _keep_homes(connection: Connection, project_id: UUID, prepared: Prepared) -> None:
    names = sorted(prepared.homes)
    kept = await namespaces.keep(connection, project_id, names)
    if missing := {name: model for name, model in prepared.homes.items() if name not in kept}:
        await namespaces.insert(connection, project_id, missing)
        kept = await namespaces.keep(connection, project_id, names)
    if kept != prepared.homes:
        raise taken()
    if prepared.new_models:
        added = await namespaces.insert_models(connection, project_id, prepared.new_models)
        if added < len(prepared.new_models):
            raise taken()


def _in_order(prepared: Prepared, written: Sequence[Memory]) -> list[Memory]:
    """Puts those that were found between those that were written."""
    if not prepared.found:
        return list(written)
    rest = iter(written)
    count = len(prepared.found) + len(written)
    return [prepared.found.get(place) or next(rest) for place in range(count)]


def _memory_of(draft: Draft, inserted: Inserted) -> Memory:
    return Memory(
        id=draft.id,
        number=inserted.number,
        namespace=draft.namespace,
        key=draft.key,
        agent_id=draft.agent_id,
        session_id=draft.session_id,
        kind=draft.kind,
        content=draft.content,
        context=draft.context,
        metadata=None if draft.metadata is None else bytes(draft.metadata).decode(),
        tags=tuple(draft.tags),
        importance=draft.importance,
        confidence=draft.confidence,
        occur_time=inserted.occur_time,
        valid_from=inserted.valid_from,
        valid_to=draft.valid_to,
        expire_time=draft.expire_time,
        archived=draft.archived,
        cluster_id=None,
        superseded_by=None,
        supersedes=draft.supersedes,
        source_ids=tuple(draft.source_ids),
        version=1,
        content_version=1,
        sequence=inserted.sequence,
        create_time=inserted.create_time,
        update_time=inserted.create_time,
        delete_time=None,
        embedding_model=draft.embedding_model,
        dimension=draft.dimension,
    )


def taken() -> TakenError:
    """Returns the error that has memories prepared anew."""
    return TakenError(
        "Others wrote the same at the same time; try again.", retry_after_seconds=RETRY_AFTER_SECONDS
    )
