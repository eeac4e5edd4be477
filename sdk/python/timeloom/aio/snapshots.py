"""Snapshots: record them one by one, read states, list, compare and follow them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any

from timeloom import _convert as convert
from timeloom._calls import Connection
from timeloom._ids import uuid7
from timeloom._pages import AsyncPager
from timeloom.errors import UnavailableError
from timeloom.resources import Diff, Effect, Snapshot, SnapshotKind
from timeloom.snapshots.v1 import snapshots_service_pb2 as pb
from timeloom.snapshots.v1 import time_travel_service_pb2 as travel_pb

TAIL_RETRIES_MAX = 8
TAIL_RETRY_SECONDS_MAX = 5.0


class AsyncSnapshots:
    """The snapshots of executions: the states of an agent after its steps."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def record(
        self,
        execution_id: str,
        state: Any,
        *,
        step_name: str = "",
        kind: SnapshotKind = SnapshotKind.STEP_END,
        label: str = "",
        tags: Iterable[str] = (),
        key: str = "",
        metadata: Any = None,
        effects: Iterable[Effect] = (),
        parent_sequence: int | None = None,
        branch: bool = False,
        create_time: datetime | None = None,
    ) -> Snapshot:
        """Record one whole state and return once it is committed. `Timeloom.record` is the fast way.

        Args:
            execution_id: The execution, which must not have ended.
            state: Any JSON value.
            step_name: Which step ran.
            kind: What the snapshot marks.
            label: A name for this snapshot.
            tags: Any number of words to find it by.
            key: Your own identifier; a repeated call with it returns the recorded snapshot.
            metadata: Any JSON value to keep with it.
            effects: What the outside world answered in this step.
            parent_sequence: The snapshot that it is made from, which must be the head; the head if None.
            branch: Allow a parent that is not the head.
            create_time: When the step ended; the server's time of arrival if None.

        Raises:
            StaleParentError: Another writer was first.
            ExecutionEndedError: The execution has ended.
            TypeError: JSON cannot say the state.
        """
        request = pb.RecordSnapshotRequest(
            execution_id=execution_id,
            kind=convert.enum_number(kind),
            step_name=step_name,
            label=label,
            tags=tags,
            key=key or uuid7(),
            metadata=convert.optional_document(metadata, of="metadata"),
            state=convert.document(state, of="state"),
            parent_sequence=parent_sequence,
            branch=branch,
            effects=[convert.effect_message(effect) for effect in effects],
            create_time=convert.timestamp(create_time),
        )
        response = await self._connection.unary(self._connection.snapshots.RecordSnapshot, request)
        return convert.snapshot(response.snapshot)

    async def record_effects(
        self, execution_id: str, sequence: int, effects: Iterable[Effect], *, replace: bool = False
    ) -> tuple[Effect, ...]:
        """Add effects to a recorded snapshot and return all that it has, without requests and responses.

        An effect whose key is there already is left as it is, or replaced.
        """
        request = pb.RecordEffectsRequest(
            execution_id=execution_id,
            sequence=sequence,
            effects=[convert.effect_message(effect) for effect in effects],
            replace=replace,
        )
        response = await self._connection.unary(self._connection.snapshots.RecordEffects, request)
        return convert.effects(response.effects)

    async def get(self, execution_id: str, sequence: int = 0, *, path: str = "", key: str = "") -> Snapshot:
        """Return a snapshot with its state and effects.

        Args:
            execution_id: The execution.
            sequence: The snapshot's number; the head if it is zero and there is no key.
            path: A JSON pointer to the part of the state that is wanted.
            key: The snapshot's key, instead of its number.

        Raises:
            NotFoundError: There is no such snapshot.
            PathNotFoundError: Nothing is at the path.
        """
        request = pb.GetSnapshotRequest(execution_id=execution_id, sequence=sequence, path=path, key=key)
        response = await self._connection.unary(self._connection.snapshots.GetSnapshot, request)
        return convert.snapshot(response.snapshot)

    async def update(
        self,
        execution_id: str,
        sequence: int,
        *,
        label: str | None = None,
        tags: Iterable[str] | None = None,
    ) -> Snapshot:
        """Change the label and tags of a recorded snapshot; what is None stays as it is."""
        request = travel_pb.UpdateSnapshotRequest(
            execution_id=execution_id,
            sequence=sequence,
            label=label,
            tags=None if tags is None else pb.TagList(values=tags),
        )
        response = await self._connection.unary(self._connection.time_travel.UpdateSnapshot, request)
        return convert.snapshot(response.snapshot)

    async def delete(self, execution_id: str, sequences: Iterable[int]) -> int:
        """Delete snapshots and return how many there were; those that stand on them stay as they are.

        Raises:
            SnapshotInUseError: One of them is the head, or is shared with a fork.
        """
        request = travel_pb.DeleteSnapshotsRequest(execution_id=execution_id, sequences=sequences)
        response = await self._connection.unary(self._connection.time_travel.DeleteSnapshots, request)
        return response.snapshot_count

    def list(
        self,
        execution_id: str,
        *,
        kinds: Iterable[SnapshotKind] = (),
        tag: str = "",
        after_sequence: int = 0,
        before_sequence: int = 0,
        descending: bool = False,
        include_effects: bool = False,
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[Snapshot]:
        """List an execution's snapshots without their states, oldest first unless `descending`.

        Args:
            execution_id: The execution.
            kinds: Only these kinds.
            tag: Only those that have this tag.
            after_sequence: Only those after it.
            before_sequence: Only those before it, if it is not zero.
            descending: Newest first.
            include_effects: With their effects.
            limit: Stop after this many; None for all.
            page_size: How many a call fetches.
        """
        request = pb.ListSnapshotsRequest(
            execution_id=execution_id,
            kinds=[convert.enum_number(kind) for kind in kinds],
            tag=tag,
            after_sequence=after_sequence,
            before_sequence=before_sequence,
            descending=descending,
            include_effects=include_effects,
        )

        async def fetch(size: int, token: str) -> tuple[list[Snapshot], str]:
            request.page_size, request.page_token = size, token
            response = await self._connection.unary(self._connection.snapshots.ListSnapshots, request)
            return [convert.snapshot(one) for one in response.snapshots], response.next_page_token

        return AsyncPager(fetch, limit=limit, page_size=page_size)

    async def diff(
        self,
        execution_id: str,
        from_sequence: int = 0,
        to_sequence: int = 0,
        *,
        to_execution_id: str = "",
        path: str = "",
    ) -> Diff:
        """Compare two states and return what differs.

        Args:
            execution_id: The execution of the older state.
            from_sequence: The older state; zero is the empty state before the first.
            to_sequence: The newer state; the head if zero.
            to_execution_id: The execution of the newer state; the same one if empty.
            path: Only below this JSON pointer.
        """
        request = pb.DiffSnapshotsRequest(
            execution_id=execution_id,
            from_sequence=from_sequence,
            to_sequence=to_sequence,
            to_execution_id=to_execution_id,
            path=path,
        )
        return convert.diff(await self._connection.unary(self._connection.snapshots.DiffSnapshots, request))

    async def tail(self, execution_id: str, *, after_sequence: int = 0) -> AsyncIterator[Snapshot]:
        """Yield the snapshots after a sequence, then each new one at its commit, until the execution ends.

        A connection that breaks is taken up again where it broke. States and effects are not loaded.
        """
        failures = 0
        while True:
            request = pb.TailSnapshotsRequest(execution_id=execution_id, after_sequence=after_sequence)
            try:
                method = self._connection.snapshots.TailSnapshots
                async for response in self._connection.stream(method, request):
                    failures = 0
                    if response.HasField("snapshot"):
                        after_sequence = response.snapshot.sequence
                        yield convert.snapshot(response.snapshot)
            except UnavailableError:
                failures += 1
                if failures > TAIL_RETRIES_MAX:
                    raise
                await asyncio.sleep(min(0.1 * 2**failures, TAIL_RETRY_SECONDS_MAX))
            else:
                return
