"""Forks: new executions that share the snapshots of others up to one of them, and go on from there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from timeloom.state import delta, patch
from timeloom.state.patch import PatchError, PatchOperation
from timeloom_platform import outbox
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import AlreadyExistsError, ConflictError, NotFoundError, TooLargeError
from timeloom_snapshots import events, limits, work
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.errors import PatchMismatchError
from timeloom_snapshots.head import Head, Position, advance
from timeloom_snapshots.model import Execution, ExecutionStatus, NewSnapshot, Record, SnapshotKind, StateDelta
from timeloom_snapshots.reader import StateReader
from timeloom_snapshots.storage import commit, effects, executions, snapshots
from timeloom_snapshots.storage import forks as storage
from timeloom_snapshots.storage.commit import Move

PATCHED_LABEL: Final = "patched"
"""The label of the snapshot that has the patched state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """A fork that is to be made; None stands for what it takes over from its origin.

    Attributes:
        origin_id: The execution that it is made from.
        sequence: The last snapshot that both share; zero is the head.
        patch: Changes the state in the fork's first own snapshot.
        request_hash: The same for equal requests, so that one can be repeated.
    """

    id: UUID
    origin_id: UUID
    sequence: int
    name: str | None
    session_id: str | None
    tags: tuple[str, ...]
    metadata: str | None
    patch: Sequence[PatchOperation] | None
    request_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Patched:
    """The fork's first own snapshot, made ready on the last that it shares."""

    origin: Head
    new: NewSnapshot


class Forks:
    """Makes forks."""

    def __init__(
        self, *, database: Database, reader: StateReader, codec: Codec, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._reader = reader
        self._codec = codec
        self._clock = clock

    async def fork(self, project_id: UUID, wanted: Fork) -> Execution:
        """Makes a fork; if it was made before by an equal request, returns that one.

        Raises:
            NotFoundError: There is no such execution, or no such snapshot.
            AlreadyExistsError: The id belongs to another execution.
            PatchMismatchError: The patch does not apply to the state.
            TooLargeError: Too many forks lie before it already, or the patched state is too large.
            ConflictError: The snapshot was deleted meanwhile.
        """
        patched = None
        if wanted.patch is not None:
            async with self._database.transaction(str(project_id)) as connection:
                known = await self._made_before(connection, project_id, wanted)
                if known is not None:
                    return known
                origin = _found(await executions.select(connection, project_id, wanted.origin_id), wanted)
            patched = await self._patch(project_id, wanted, wanted.patch, origin)
        async with self._database.transaction(str(project_id)) as connection:
            known = await self._made_before(connection, project_id, wanted)
            if known is not None:
                return known
            return await self._make(connection, project_id, wanted, patched)

    async def _made_before(self, connection: Connection, project_id: UUID, wanted: Fork) -> Execution | None:
        """Returns the fork if its id is taken by what an equal request made."""
        found = await executions.select(connection, project_id, wanted.id)
        if found is None:
            return None
        if await storage.select_request_hash(connection, project_id, wanted.id) != wanted.request_hash:
            raise _is_taken(wanted)
        return found

    async def _make(
        self, connection: Connection, project_id: UUID, wanted: Fork, patched: _Patched | None
    ) -> Execution:
        # Recording goes on meanwhile, but nobody deletes what is about to be shared.
        origin = _found(await executions.keep(connection, project_id, wanted.origin_id), wanted)
        await effects.await_recorders(connection, origin.id)
        sequence = patched.origin.position.sequence if patched else wanted.sequence or origin.head_sequence
        last_shared = await snapshots.select_one(connection, project_id, origin.id, sequence)
        if last_shared is None:
            raise _no_snapshot(wanted, sequence)
        if patched and patched.origin.position.chain_hash != last_shared.chain_hash:
            raise ConflictError("The execution was made anew meanwhile; try again.")
        if await storage.depth(connection, project_id, origin.id) >= limits.FORK_DEPTH_MAX:
            raise TooLargeError(f"More than {limits.FORK_DEPTH_MAX} forks of forks are not allowed.")
        fork = await storage.insert(
            connection,
            project_id,
            _forked(origin, wanted, sequence, self._clock()),
            request_hash=wanted.request_hash,
        )
        if fork is None:
            # By whom, if not by an equal request that was faster, the next attempt finds out.
            return await self._made_meanwhile(connection, project_id, wanted)
        await outbox.enqueue(connection, str(project_id), [events.execution_created(fork)])
        return await self._record(connection, project_id, fork, patched) if patched else fork

    async def _made_meanwhile(self, connection: Connection, project_id: UUID, wanted: Fork) -> Execution:
        known = await self._made_before(connection, project_id, wanted)
        if known is None:
            raise _is_taken(wanted)
        return known

    async def _record(
        self, connection: Connection, project_id: UUID, fork: Execution, patched: _Patched
    ) -> Execution:
        sequence = patched.new.snapshot.sequence
        recorded = events.snapshots_recorded(
            fork.id, first=sequence, last=sequence, step_name="", traceparent=""
        )
        move = Move(
            execution_id=fork.id,
            execution_create_time=fork.create_time,
            old_head=fork.head_sequence,
            old_count=fork.snapshot_count,
            head=sequence,
        )
        batch = outbox.batch_of(str(project_id), [recorded])
        await commit.commit_within(connection, project_id, moves=[move], new=[patched.new], events=batch)
        return replace(fork, head_sequence=sequence, snapshot_count=sequence)

    async def _patch(
        self, project_id: UUID, wanted: Fork, operations: Sequence[PatchOperation], origin: Execution
    ) -> _Patched:
        sequence = wanted.sequence or origin.head_sequence
        head = await self._reader.read_head_at(project_id, origin, sequence) if sequence else None
        if head is None:
            raise _no_snapshot(wanted, sequence)
        head = replace(head, execution_id=wanted.id, snapshot_count=sequence, shared_count=sequence)
        return await work.on(
            head.position.state_hash.size_bytes, self._patched, head, operations, now=self._clock()
        )

    def _patched(self, head: Head, operations: Sequence[PatchOperation], *, now: datetime) -> _Patched:
        record = _patch_record(_content_of(head.position, operations))
        _, new = advance(head, record, parent=head.position, now=now, codec=self._codec)
        return _Patched(origin=head, new=new)


def _forked(origin: Execution, wanted: Fork, sequence: int, now: datetime) -> Execution:
    return Execution(
        id=wanted.id,
        agent_id=origin.agent_id,
        session_id=origin.session_id if wanted.session_id is None else wanted.session_id,
        name=origin.name if wanted.name is None else wanted.name,
        status=ExecutionStatus.RUNNING,
        head_sequence=sequence,
        snapshot_count=sequence,
        trace_id="",
        tags=wanted.tags,
        input=origin.input,
        output=None,
        error=None,
        metadata=origin.metadata if wanted.metadata is None else wanted.metadata,
        forked_from_execution_id=origin.id,
        forked_from_sequence=sequence,
        shared_count=sequence,
        create_time=now,
        update_time=now,
        end_time=None,
    )


def _content_of(position: Position, operations: Sequence[PatchOperation]) -> StateDelta:
    try:
        # Read back, because a value may lie too deep at its new place.
        content, encoded = delta.parse(delta.encode(patch.to_delta(position.state, operations)))
    except (PatchError, delta.DeltaError) as error:
        raise PatchMismatchError(
            f"The patch does not apply to the state of snapshot {position.sequence}: {error}.",
            metadata={"sequence": str(position.sequence)},
        ) from None
    return StateDelta(operations=content, encoded=encoded)


def _patch_record(content: StateDelta) -> Record:
    return Record(
        kind=SnapshotKind.CHECKPOINT,
        step_name="",
        label=PATCHED_LABEL,
        key="",
        tags=(),
        metadata=None,
        content=content,
        parent_sequence=None,
        branch=False,
        expected_state_hash=b"",
        effects=(),
        create_time=None,
        size_bytes=len(content.encoded),
    )


def _found(origin: Execution | None, wanted: Fork) -> Execution:
    if origin is None:
        raise NotFoundError(f"There is no execution {wanted.origin_id}.")
    return origin


def _no_snapshot(wanted: Fork, sequence: int) -> NotFoundError:
    if sequence == 0:
        return NotFoundError(f"Execution {wanted.origin_id} has no snapshot yet.")
    return NotFoundError(f"Execution {wanted.origin_id} has no snapshot {sequence}.")


def _is_taken(wanted: Fork) -> AlreadyExistsError:
    return AlreadyExistsError(f"Another execution has the id {wanted.id}.")
