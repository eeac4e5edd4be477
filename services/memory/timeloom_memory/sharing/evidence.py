"""Agents confirm and contradict memories, and so these gain or lose confidence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from timeloom_memory import events, limits
from timeloom_memory.model import Change, Memory
from timeloom_memory.sharing.access import Access
from timeloom_memory.sharing.acting import speaker
from timeloom_memory.sharing.confidence import posterior
from timeloom_memory.sharing.model import Evidence, Stance
from timeloom_memory.sharing.scope import Scope
from timeloom_memory.storage import evidence as storage
from timeloom_memory.storage import memories
from timeloom_memory.storage.memories import Reason
from timeloom_platform import dated_pages, outbox
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import InvalidFieldError, NotFoundError
from timeloom_platform.ids import uuid7
from timeloom_platform.pagination import Cursors, Page

CONFIDENCE_STEP_MIN: Final = 1e-6
"""What a confidence has to move by to be another one: the table keeps it in single precision."""

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class NewEvidence(Struct, frozen=True, kw_only=True):
    """What an agent says of a memory."""

    memory_id: UUID
    agent_id: str
    stance: Stance
    note: str
    evidence_memory_id: UUID | None


class EvidenceBook:
    """Takes evidence in, and shows it."""

    def __init__(self, *, database: Database, cursors: Cursors) -> None:
        self._database = database
        self._cursors = cursors

    async def add(self, project_id: UUID, wanted: NewEvidence, *, as_agent_id: str) -> tuple[Evidence, float]:
        """Notes what an agent found out, and returns that with the memory's confidence from now on.

        Whoever may read a memory may confirm or contradict it.

        Raises:
            InvalidFieldError: No agent says so, the memory would be evidence of itself, or there is too much.
            NotFoundError: There is no such memory, or the agent may not see it.
            PermissionDeniedError: One agent acts for another.
        """
        agent_id = speaker(wanted.agent_id, as_agent_id=as_agent_id)
        if wanted.evidence_memory_id == wanted.memory_id:
            raise InvalidFieldError.of("evidenceMemoryId", "must be another memory")
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            memory = _readable(await memories.lock(connection, project_id, [wanted.memory_id]), wanted, scope)
            await _check_witness(connection, project_id, wanted.evidence_memory_id, scope)
            if await storage.count(connection, project_id, memory.id) >= limits.EVIDENCE_MAX:
                raise InvalidFieldError.of(
                    "memoryId", f"has {limits.EVIDENCE_MAX} pieces of evidence already"
                )
            evidence = Evidence(
                id=uuid7(),
                memory_id=memory.id,
                agent_id=agent_id,
                stance=wanted.stance,
                note=wanted.note,
                evidence_memory_id=wanted.evidence_memory_id,
                create_time=_NEVER,
            )
            noted = await storage.insert(connection, project_id, evidence)
            confidence = await _reweighed(connection, project_id, memory, noted)
        return noted, confidence

    async def list_page(
        self, project_id: UUID, memory_id: UUID, *, as_agent_id: str, page_token: str, limit: int
    ) -> Page[Evidence]:
        """Lists what agents said about a memory, newest first.

        Raises:
            NotFoundError: There is no such memory, or the agent may not see it.
        """
        listed = {"list": "evidence", "project": str(project_id), "memory": str(memory_id)}
        position = self._cursors.decode(page_token, of=listed)
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            if not await memories.select(connection, project_id, [memory_id], scope=scope):
                raise NotFoundError(f"There is no memory {memory_id}.")
            found = await storage.select_page(
                connection, project_id, memory_id, after=dated_pages.after(position), limit=limit + 1
            )
        return self._cursors.page(found, limit=limit, of=listed, position=dated_pages.position_of)


async def _reweighed(connection: Connection, project_id: UUID, memory: Memory, because: Evidence) -> float:
    """Writes the memory's confidence anew, if what was said moves it, and returns it."""
    voices = await storage.voices(connection, project_id, memory.id)
    confidence = posterior(
        await storage.prior(connection, project_id, memory.id),
        confirming=voices.confirming,
        contradicting=voices.contradicting,
    )
    if abs(confidence - memory.confidence) < CONFIDENCE_STEP_MIN:
        return confidence
    reason = Reason(change=Change.CONFIDENCE, words=because.note, agent_id=because.agent_id)
    (changed,) = await memories.write(
        connection, project_id, [replace(memory, confidence=confidence)], reason
    )
    await outbox.enqueue(connection, str(project_id), events.memories_changed([changed], Change.CONFIDENCE))
    return confidence


def _readable(found: list[Memory], wanted: NewEvidence, scope: Scope) -> Memory:
    if not found or found[0].delete_time is not None:
        raise NotFoundError(f"There is no memory {wanted.memory_id}.")
    scope.require_read_memory(found[0].namespace, found[0].id)
    return found[0]


async def _check_witness(
    connection: Connection, project_id: UUID, memory_id: UUID | None, scope: Scope
) -> None:
    if memory_id is not None and not await memories.select(connection, project_id, [memory_id], scope=scope):
        raise InvalidFieldError.of("evidenceMemoryId", "names no memory that the agent may read")
