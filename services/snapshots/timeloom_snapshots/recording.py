"""Recording: snapshots and effects, one by one, in batches and in streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import asyncpg
from msgspec.structs import replace

from timeloom_platform.database import Database
from timeloom_platform.errors import NotFoundError, TooLargeError
from timeloom_snapshots import limits, work
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.committer import Committer
from timeloom_snapshots.errors import about_to_stop, refuse_larger
from timeloom_snapshots.head import compressed_effects
from timeloom_snapshots.model import Effect, Record, Snapshot
from timeloom_snapshots.storage import effects as storage

_FetchRow: TypeAlias = Callable[..., Awaitable[asyncpg.Record | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPart:
    """Snapshots of one execution within a message of a stream; they stand or fall together.

    Attributes:
        places: Where each stands in the message.
        records: The snapshots, or why they cannot be recorded.
    """

    execution_id: UUID
    places: Sequence[int]
    records: Sequence[Record] | Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamMessage:
    """What comes with one message of a stream."""

    request_id: int
    parts: Sequence[StreamPart]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamAnswer:
    """What became of a message: for each of its parts the snapshots, or why they were not recorded."""

    message: StreamMessage
    outcomes: Sequence[Sequence[Snapshot] | Exception]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    message: StreamMessage
    answers: Sequence[asyncio.Future[Sequence[Snapshot]] | Exception]
    snapshot_count: int
    size_bytes: int


class Recording:
    """Takes what agents record."""

    def __init__(self, *, committer: Committer, database: Database, codec: Codec) -> None:
        self._committer = committer
        self._database = database
        self._codec = codec
        self._reading: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def close(self) -> None:
        """Reads nothing more from any stream: they end when what was read is answered."""
        self._is_closed = True
        for reading in self._reading:
            reading.cancel()

    async def record(
        self, project_id: UUID, execution_id: UUID, records: Sequence[Record]
    ) -> Sequence[Snapshot]:
        """Records snapshots of one execution, all or none; see `Committer.record`."""
        return await self._committer.record(project_id, execution_id, records)

    async def record_stream(
        self, project_id: UUID, messages: AsyncIterator[StreamMessage]
    ) -> AsyncGenerator[StreamAnswer]:
        """Records the snapshots of a stream, and answers its messages in their order.

        So much waits for its commit at most; then no message is read until there is room again.

        Raises:
            UnavailableError: The service is about to stop; what has no answer was not recorded.
        """
        stream = _Stream(project_id, self._committer)
        reading = asyncio.create_task(stream.read(messages))
        self._reading.add(reading)
        try:
            while (waiting := await stream.next()) is not None:
                yield await stream.finish(waiting)
            if self._is_closed:
                raise about_to_stop()
            await reading
        finally:
            self._reading.discard(reading)
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading

    async def record_effects(
        self,
        project_id: UUID,
        execution_id: UUID,
        sequence: int,
        effects: Sequence[Effect],
        *,
        replace_known: bool,
    ) -> list[Effect]:
        """Adds effects to a snapshot and returns all that it has, without their documents.

        Raises:
            NotFoundError: There is no such snapshot.
            TooLargeError: The snapshot would have too many effects, or too large ones.
        """
        size_bytes = sum(effect.document_bytes for effect in effects)
        stored = await work.on(size_bytes, compressed_effects, tuple(effects), self._codec)
        dictionary_id = self._codec.dictionary_id

        async def record(fetchrow: _FetchRow, seen: Sequence[Effect]) -> storage.Recorded:
            written = _numbered(seen, stored, replace_known=replace_known)
            recorded = await storage.record(
                fetchrow,
                project_id,
                execution_id,
                sequence,
                [storage.row(execution_id, sequence, dictionary_id, effect) for effect in written],
                seen=seen,
                replaces=replace_known,
            )
            if recorded is None:
                raise NotFoundError(f"There is no snapshot {sequence} of execution {execution_id}.")
            return recorded

        # Most snapshots have no effects yet, or get them from one writer: this is a round trip, or two.
        recorded = await record(self._database.call, ())
        if not recorded.is_done:
            recorded = await record(self._database.call, recorded.known)
        if not recorded.is_done:
            async with self._database.transaction(str(project_id)) as connection:
                recorded = await record(connection.fetchrow, recorded.known)
                if not recorded.is_done:
                    recorded = await record(connection.fetchrow, recorded.known)
                assert recorded.is_done, "the first call locked the snapshot"
        return _together(recorded.known, _numbered(recorded.known, stored, replace_known=replace_known))


def _numbered(known: Sequence[Effect], new: Sequence[Effect], *, replace_known: bool) -> list[Effect]:
    """Returns those of the new effects that are to be written, with their numbers among all."""
    by_key = {effect.key: effect for effect in known}
    last = max((effect.ordinal for effect in known), default=0)
    written: dict[str, Effect] = {}
    for effect in new:
        before = by_key.get(effect.key)
        if before is None:
            last += 1
            written[effect.key] = replace(effect, ordinal=last)
        elif replace_known:
            written[effect.key] = replace(effect, ordinal=before.ordinal)
    all_effects = _together(known, written.values())
    if len(all_effects) > limits.EFFECTS_MAX:
        raise TooLargeError(
            f"The snapshot would have {len(all_effects):,} effects; {limits.EFFECTS_MAX:,} are allowed."
        )
    size_bytes = sum(effect.document_bytes for effect in all_effects)
    refuse_larger(size_bytes, limits.EFFECTS_BYTES_MAX, "What the snapshot's effects hold")
    return list(written.values())


def _together(known: Sequence[Effect], written: Iterable[Effect]) -> list[Effect]:
    """Returns the effects that a snapshot has with those that were written, without their documents."""
    effects = {effect.key: effect for effect in known}
    effects |= {effect.key: replace(effect, request=None, response=None) for effect in written}
    return sorted(effects.values(), key=lambda effect: effect.ordinal)


class _Stream:
    """The messages of one stream that wait for their commit."""

    def __init__(self, project_id: UUID, committer: Committer) -> None:
        self._project_id = project_id
        self._committer = committer
        self._waiting: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._snapshot_count = 0
        self._size_bytes = 0
        self._has_room = asyncio.Event()

    async def read(self, messages: AsyncIterator[StreamMessage]) -> None:
        """Hands every message to the committer as soon as there is room for it."""
        try:
            async for message in messages:
                await self._take(message)
        finally:
            self._waiting.put_nowait(None)

    async def next(self) -> _Waiting | None:
        """Returns the oldest message that is not answered; None when there will be no more."""
        return await self._waiting.get()

    async def finish(self, waiting: _Waiting) -> StreamAnswer:
        """Returns the answer to a message once it is committed."""
        outcomes: list[Sequence[Snapshot] | Exception] = []
        for answer in waiting.answers:
            if isinstance(answer, Exception):
                outcomes.append(answer)
                continue
            try:
                outcomes.append(await answer)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this part's answer
                outcomes.append(error)
        self._snapshot_count -= waiting.snapshot_count
        self._size_bytes -= waiting.size_bytes
        self._has_room.set()
        return StreamAnswer(message=waiting.message, outcomes=outcomes)

    async def _take(self, message: StreamMessage) -> None:
        answers: list[asyncio.Future[Sequence[Snapshot]] | Exception] = []
        snapshot_count = size_bytes = 0
        for part in message.parts:
            if isinstance(part.records, Exception):
                answers.append(part.records)
                continue
            part_bytes = sum(record.size_bytes for record in part.records)
            await self._wait_for_room(len(part.records), part_bytes)
            await self._committer.wait_for_room(self._project_id, len(part.records), part_bytes)
            try:
                answers.append(self._committer.put(self._project_id, part.execution_id, part.records))
            except Exception as error:  # noqa: BLE001 - as above
                answers.append(error)
                continue
            snapshot_count += len(part.records)
            size_bytes += part_bytes
        self._snapshot_count += snapshot_count
        self._size_bytes += size_bytes
        self._waiting.put_nowait(
            _Waiting(message=message, answers=answers, snapshot_count=snapshot_count, size_bytes=size_bytes)
        )

    async def _wait_for_room(self, snapshot_count: int, size_bytes: int) -> None:
        while self._snapshot_count and (
            self._snapshot_count + snapshot_count > limits.STREAM_SNAPSHOTS_MAX
            or self._size_bytes + size_bytes > limits.STREAM_BYTES_MAX
        ):
            self._has_room.clear()
            await self._has_room.wait()
