"""Making an execution from a file: all of it in one transaction, so that a file that fails leaves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from timeloom_platform import outbox
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import AlreadyExistsError, DeadlineExceededError, OverloadedError
from timeloom_snapshots import events, limits, sequence_ranges
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.errors import RETRY_AFTER_SECONDS, DamagedFileError
from timeloom_snapshots.model import Execution, ExecutionError, ExecutionStatus
from timeloom_snapshots.sequence_ranges import SequenceRange
from timeloom_snapshots.storage import removal
from timeloom_snapshots.storage import transfer as storage
from timeloom_snapshots.transfer import records
from timeloom_snapshots.transfer.chain_check import damaged
from timeloom_snapshots.transfer.container import FileReader
from timeloom_snapshots.transfer.intake import Intake, check_document
from timeloom_snapshots.transfer.records import ExecutionRecord, Record

_REFUSED: Final = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)


class Importer:
    """Makes executions from files."""

    def __init__(self, *, database: Database, codec: Codec) -> None:
        self._database = database
        self._codec = codec
        self._running = 0

    async def take(self, project_id: UUID, chunks: AsyncIterator[bytes]) -> Execution:
        """Makes the execution that a file holds; it keeps its id.

        Raises:
            DamagedFileError: The file is truncated, or was changed.
            TooLargeError: It is larger than a file may be.
            AlreadyExistsError: The project has an execution with this id.
            OverloadedError: Too many files are imported already.
            DeadlineExceededError: The next part of the file did not come.
        """
        with self._place():
            reader = FileReader(_prompt(chunks))
            async with (
                aclosing(reader.records()) as found,
                self._database.transaction(str(project_id)) as connection,
            ):
                try:
                    return await self._take(connection, project_id, reader, found)
                except _REFUSED as error:
                    raise DamagedFileError(
                        "The file is damaged: it has something twice, or a text that no text may be."
                    ) from error

    @contextmanager
    def _place(self) -> Generator[None]:
        if self._running >= limits.IMPORTS_AT_ONCE_MAX:
            raise OverloadedError(
                "Other files are being imported; try again.", retry_after_seconds=RETRY_AFTER_SECONDS
            )
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    async def _take(
        self, connection: Connection, project_id: UUID, reader: FileReader, found: AsyncIterator[bytes]
    ) -> Execution:
        first = await anext(found, None)
        record = None if first is None else _record(first)
        if not isinstance(record, ExecutionRecord):
            raise DamagedFileError("The file is damaged: it does not begin with an execution.")
        execution = _execution(record)
        deleted = sequence_ranges.merged(record.deleted)
        inserted = await storage.insert_execution(
            connection, project_id, execution, last_deleted_sequence=deleted[-1].last if deleted else 0
        )
        if inserted is None:
            raise AlreadyExistsError(f"The project has an execution {execution.id} already.")
        await removal.note_deleted(connection, project_id, execution.id, deleted)
        _check_turns(record.deleted_turns, deleted)
        await removal.note_deleted_turns(connection, project_id, execution.id, record.deleted_turns)
        intake = Intake(connection, project_id, execution, deleted, codec=self._codec)
        async for data in found:
            await intake.take(_record(data), size_bytes=len(data))
        await intake.finish(reader.counts)
        await outbox.enqueue(connection, str(project_id), [events.execution_created(inserted)])
        return inserted


def _record(data: bytes) -> Record:
    try:
        record: Record = records.decode(data)
    except msgspec.MsgspecError as error:
        raise DamagedFileError(f"The file is damaged: a record cannot be read: {error}.") from error
    return record


def _execution(record: ExecutionRecord) -> Execution:
    if any(first > last or last > record.snapshot_count for first, last in record.deleted):
        raise DamagedFileError("The file is damaged: what was deleted was never there.")
    if (record.status == ExecutionStatus.RUNNING) != (record.end_time is None):
        raise DamagedFileError("The file is damaged: the execution has ended without an end, or not.")
    check_document(record.input, limits.DOCUMENT_BYTES_MAX, "the execution's input")
    check_document(record.output, limits.DOCUMENT_BYTES_MAX, "the execution's output")
    check_document(record.metadata, limits.METADATA_BYTES_MAX, "the execution's metadata")
    error = record.error
    return Execution(
        id=UUID(bytes=record.id),
        agent_id=record.agent_id,
        session_id=record.session_id,
        name=record.name,
        status=ExecutionStatus(record.status),
        head_sequence=record.head_sequence,
        snapshot_count=record.snapshot_count,
        trace_id=record.trace_id,
        tags=record.tags,
        input=record.input,
        output=record.output,
        error=None
        if error is None
        else ExecutionError(type=error.type, message=error.message, stack=error.stack),
        metadata=record.metadata,
        forked_from_execution_id=None,
        forked_from_sequence=None,
        shared_count=0,
        create_time=records.time_of(record.create_time),
        update_time=records.time_of(record.update_time),
        end_time=None if record.end_time is None else records.time_of(record.end_time),
    )


def _check_turns(turns: Sequence[tuple[int, int]], deleted: Sequence[SequenceRange]) -> None:
    before = 0
    for sequence, parent in turns:
        is_turn = parent < sequence - 1 and before < sequence
        if not is_turn or not sequence_ranges.contains(deleted, sequence):
            raise damaged(sequence, "it was not made from what is said")
        before = sequence


async def _prompt(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """Passes chunks on, and waits for none of them too long: a transaction is open meanwhile."""
    while True:
        try:
            async with asyncio.timeout(limits.CHUNK_WAIT_SECONDS):
                chunk: Any = await anext(chunks, None)
        except TimeoutError:
            raise DeadlineExceededError("The next part of the file did not come in time.") from None
        if chunk is None:
            return
        yield chunk
