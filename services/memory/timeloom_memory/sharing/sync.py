"""Synchronisation: the memories of one session or namespace are brought over to another.

A plan is made from one reading of both sides: a dry run shows it, a real run carries it out in one
transaction, or makes it anew if something that it replaces has changed meanwhile. Nothing is lost: what is
replaced is superseded, and what takes its place names where it came from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from msgspec import Raw, Struct
from msgspec.structs import replace

from timeloom_memory import limits
from timeloom_memory.memories import tell
from timeloom_memory.model import Change, Matrix, Memory
from timeloom_memory.preparing import NewMemory, Preparation
from timeloom_memory.sameness import COSINE_MIN
from timeloom_memory.sharing.access import Access
from timeloom_memory.sharing.likeness import Likeness
from timeloom_memory.sharing.reconciliation import (
    Known,
    Outcome,
    Place,
    Planned,
    Policy,
    Reconciler,
    Settlement,
)
from timeloom_memory.sharing.scope import Scope
from timeloom_memory.storage import changes, memories, namespaces, vectors
from timeloom_memory.storage import sync as storage
from timeloom_memory.storage.changes import Place as Moment
from timeloom_memory.storage.memories import Reason
from timeloom_memory.storage.namespaces import Home
from timeloom_memory.storage.vectors import decoded
from timeloom_memory.writing import TakenError, taken, write
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import InvalidFieldError, NotFoundError
from timeloom_platform.ids import uuid7

SIMILARITY_DEFAULT: Final = COSINE_MIN
_WORDS: Final = "brought into line with another session or namespace"


class Side(Struct, frozen=True, kw_only=True):
    """A namespace, or one session in it."""

    namespace: str
    session_id: str

    @property
    def key(self) -> tuple[str, str]:
        """As the statements take it."""
        return (self.namespace, self.session_id)

    def overlaps(self, other: Side) -> bool:
        """Whether a memory can be on both sides."""
        same_session = not (self.session_id and other.session_id) or self.session_id == other.session_id
        return self.namespace == other.namespace and same_session


class Wish(Struct, frozen=True, kw_only=True):
    """What is to be brought where, and how.

    Attributes:
        similarity: From which cosine on memories are near-duplicates.
    """

    source: Side
    target: Side
    policy: Policy
    similarity: float
    dry_run: bool
    both_ways: bool


class Reading(Struct, kw_only=True):
    """Both sides as they were at one time.

    Attributes:
        settled: What was settled between them before; `known` goes on from there.
        places: The namespaces of the memories.
    """

    sources: list[Memory]
    targets: list[Memory]
    settled: dict[tuple[UUID, UUID], Settlement]
    known: Known
    vectors: dict[UUID, bytes]
    homes: dict[str, Home]
    places: dict[UUID, str]
    sequence: int


class Draught(Struct, frozen=True, kw_only=True):
    """What is to be done, in both directions if that is wished."""

    outcomes: list[Outcome]
    made: list[Planned]
    settlements: list[Settlement]


class Synchronisation:
    """Brings memories over."""

    def __init__(self, *, database: Database, preparation: Preparation) -> None:
        self._database = database
        self._preparation = preparation

    async def run(self, project_id: UUID, wish: Wish, *, as_agent_id: str) -> tuple[list[Outcome], int]:
        """Returns what became of each memory, and the project's sequence after that.

        Raises:
            InvalidFieldError: The two sides are not apart, or one has too many memories.
            NotFoundError: The agent may not read the source.
            PermissionDeniedError: It may not write to the target, or to the source if it goes both ways.
            ConflictError: Others changed the same memories at the same time, again and again.
        """
        if wish.source.overlaps(wish.target):
            raise InvalidFieldError.of("target", "must be another namespace or session")
        for attempt in range(1, limits.ATTEMPTS_MAX + 1):
            reading = await self._read(project_id, wish, as_agent_id)
            draught = await asyncio.to_thread(_draught, wish, reading)
            if wish.dry_run or not (draught.made or draught.settlements):
                return draught.outcomes, reading.sequence
            try:
                return draught.outcomes, await self._carry_out(
                    project_id, wish, reading, draught, as_agent_id
                )
            except TakenError:
                if attempt == limits.ATTEMPTS_MAX:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _read(self, project_id: UUID, wish: Wish, as_agent_id: str) -> Reading:
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            _check_access(wish, scope)
            sequence = await changes.current(connection, project_id)
            sources = await _side(connection, project_id, wish.source, scope, "source")
            targets = await _side(connection, project_id, wish.target, scope, "target")
            settled = {
                (each.source_id, each.target_id): each
                for each in await storage.select_settlements(
                    connection, project_id, wish.source.key, wish.target.key
                )
            }
            ended = {each for pair in settled for each in pair}
            heirs = await storage.select_heirs(connection, project_id, ended) if ended else {}
            keys = {
                (side.namespace, memory.key)
                for side in (wish.source, wish.target)
                for memory in (*sources, *targets)
                if memory.key
            }
            places = {memory.id: memory.namespace for memory in (*sources, *targets)}
            return Reading(
                sources=sources,
                targets=targets,
                settled=dict(settled),
                known=Known(
                    settled=settled,
                    heirs=heirs,
                    taken_keys=await memories.select_keys(connection, project_id, list(keys)) if keys else {},
                ),
                vectors=await vectors.select(connection, project_id, list(places)),
                homes=await namespaces.select_homes(
                    connection, project_id, [wish.source.namespace, wish.target.namespace]
                ),
                places=places,
                sequence=sequence,
            )

    async def _carry_out(
        self, project_id: UUID, wish: Wish, reading: Reading, draught: Draught, as_agent_id: str
    ) -> int:
        """Does all that is planned, in one transaction."""
        replaced = {each.replaces for each in draught.made if each.replaces}
        prepared = await self._preparation.prepare(
            project_id,
            _new_memories(draught.made, reading),
            as_agent_id=as_agent_id,
            releasing=replaced,
        )
        made = {each.memory.id for each in draught.made}
        settled = {each for row in draught.settlements for each in (row.source_id, row.target_id)} - made
        created = Reason(change=Change.CREATED, words=_WORDS, agent_id=as_agent_id)
        async with self._database.transaction(str(project_id)) as connection:
            await storage.lock(connection, project_id)
            _check_access(wish, await Access.of(connection, project_id, as_agent_id))
            await _check_settlements(connection, project_id, wish, reading)
            ended = await _lock_replaced(connection, project_id, replaced, reading)
            if await storage.keep(connection, project_id, settled) < len(settled):
                raise taken()
            place = await changes.take(connection, project_id)
            if ended:
                heirs = {each.replaces: each.memory.id for each in draught.made if each.replaces}
                after = [_ended(memory, heirs[memory.id], place) for memory in ended]
                why = Reason(change=Change.SUPERSEDED, words=_WORDS, agent_id=as_agent_id)
                superseded = await memories.write(connection, project_id, after, why)
                await tell(connection, project_id, superseded, Change.SUPERSEDED)
            drafts = [
                replace(draft, valid_from=place.time) if draft.supersedes else draft
                for draft in prepared.drafts
            ]
            written = await write(connection, project_id, replace(prepared, drafts=drafts), created)
            await storage.upsert_settlements(connection, project_id, draught.settlements)
        return max((memory.sequence for memory in written), default=place.sequence)


def _draught(wish: Wish, reading: Reading) -> Draught:
    """Plans one direction, and then, from what there will be, the other one."""
    likeness = Likeness(reading.vectors, similarity=wish.similarity)
    forward = _reconciler(wish, wish.target, reading, likeness).plan(reading.sources, reading.targets)
    outcomes, made = forward.outcomes, forward.made
    if wish.both_ways:
        for each in made:
            if each.copied_from is not None:
                likeness.share(each.memory.id, each.copied_from)
        back = _reconciler(wish, wish.source, reading, likeness).plan(forward.targets, reading.sources)
        outcomes, made = [*outcomes, *back.outcomes], [*made, *back.made]
    return Draught(
        outcomes=outcomes,
        made=made,
        settlements=[
            each for pair, each in reading.known.settled.items() if reading.settled.get(pair) != each
        ],
    )


def _reconciler(wish: Wish, side: Side, reading: Reading, likeness: Likeness) -> Reconciler:
    return Reconciler(
        policy=wish.policy,
        known=reading.known,
        place=Place(namespace=side.namespace, session_id=side.session_id),
        nearest=likeness.nearest,
        new_id=uuid7,
    )


def _check_access(wish: Wish, scope: Scope) -> None:
    if not scope.may_read(wish.source.namespace):
        raise NotFoundError(f"There is no namespace {wish.source.namespace}.")
    scope.require_write(wish.target.namespace)
    if wish.both_ways:
        scope.require_write(wish.source.namespace)


async def _side(
    connection: Connection, project_id: UUID, side: Side, scope: Scope, field: str
) -> list[Memory]:
    found = await storage.select_side(
        connection,
        project_id,
        namespace=side.namespace,
        session_id=side.session_id,
        scope=scope,
        limit=limits.SYNC_MEMORIES_MAX + 1,
    )
    if len(found) > limits.SYNC_MEMORIES_MAX:
        raise InvalidFieldError.of(
            field, f"has more than {limits.SYNC_MEMORIES_MAX:,} memories: synchronise its sessions"
        )
    return found


async def _check_settlements(connection: Connection, project_id: UUID, wish: Wish, reading: Reading) -> None:
    """Has everything planned anew if another synchronisation of the two sides came in between."""
    settled = await storage.select_settlements(connection, project_id, wish.source.key, wish.target.key)
    if {(each.source_id, each.target_id): each for each in settled} != reading.settled:
        raise taken()


async def _lock_replaced(
    connection: Connection, project_id: UUID, replaced: Collection[UUID], reading: Reading
) -> list[Memory]:
    """Returns the memories whose places are taken, locked, and as they were when that was planned."""
    if not replaced:
        return []
    locked = await memories.lock(connection, project_id, list(replaced))
    seen = {memory.id: memory.version for memory in (*reading.sources, *reading.targets)}
    if len(locked) < len(replaced) or any(memory.version != seen[memory.id] for memory in locked):
        raise taken()
    return locked


def _ended(memory: Memory, heir: UUID, place: Moment) -> Memory:
    """Returns the memory as it is once another has taken its place, and its key."""
    return replace(memory, key="", valid_to=max(place.time, memory.valid_from), superseded_by=heir)


def _new_memories(made: Sequence[Planned], reading: Reading) -> list[NewMemory]:
    originals = {each.memory.id: each.copied_from for each in made if each.copied_from is not None}
    return [_new_memory(each, _vector_of(each, originals, reading)) for each in made]


def _new_memory(planned: Planned, vector: Matrix | None) -> NewMemory:
    memory = planned.memory
    return NewMemory(
        id=memory.id,
        namespace=memory.namespace,
        content=memory.content,
        key=memory.key,
        agent_id=memory.agent_id,
        session_id=memory.session_id,
        kind=memory.kind,
        context=memory.context,
        metadata=None if memory.metadata is None else Raw(memory.metadata.encode()),
        tags=memory.tags,
        importance=memory.importance,
        confidence=memory.confidence,
        occur_time=memory.occur_time,
        valid_from=memory.valid_from,
        valid_to=memory.valid_to,
        expire_time=memory.expire_time,
        supersedes=memory.supersedes,
        source_ids=memory.source_ids,
        vector=vector,
        vector_model=memory.embedding_model if vector is not None else "",
    )


def _vector_of(planned: Planned, originals: Mapping[UUID, UUID], reading: Reading) -> Matrix | None:
    """Returns the vector that goes over with a copy: its writer gave it, or its new home makes none."""
    original_id: UUID | None = planned.copied_from
    while original_id is not None and original_id in originals:
        original_id = originals[original_id]
    memory, home = planned.memory, reading.homes.get(planned.memory.namespace)
    vector = reading.vectors.get(original_id) if original_id is not None else None
    if vector is None or original_id is None:
        return None
    made_by = reading.homes[reading.places[original_id]].embedding_model
    if memory.embedding_model == made_by and (home is None or home.embedding_model):
        return None
    row: Matrix = decoded([vector], memory.dimension)[0]
    return row
