"""Writing an execution into a file, some snapshots at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import ConflictError, DataLossError, NotFoundError, TooLargeError
from timeloom_snapshots import chain, checksums, limits, segments, sequence_ranges, work
from timeloom_snapshots.codec import Codec, CodecError
from timeloom_snapshots.effects import EffectReader
from timeloom_snapshots.model import Effect, Execution, HeadMove
from timeloom_snapshots.segments import Entry
from timeloom_snapshots.sequence_ranges import SequenceRange
from timeloom_snapshots.storage import executions, removal, rollbacks
from timeloom_snapshots.storage import transfer as storage
from timeloom_snapshots.storage.sealing import StoredSegment
from timeloom_snapshots.storage.transfer import WholeSnapshot
from timeloom_snapshots.transfer import records
from timeloom_snapshots.transfer.container import Counts, FileWriter
from timeloom_snapshots.transfer.records import (
    EffectRecord,
    ErrorRecord,
    ExecutionRecord,
    HeadMoveRecord,
    SnapshotRecord,
)

PAGE: Final = 256
MOVES_PAGE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """Some snapshots, and what is stored elsewhere of them."""

    snapshots: Sequence[WholeSnapshot]
    segments: Sequence[StoredSegment]
    keyframes: Mapping[int, tuple[bytes, int]]
    effects: Mapping[int, Sequence[Effect]]


class Exporter:
    """Writes executions into files.

    No transaction stays open while a file is sent: what is recorded meanwhile is not in it, and if snapshots
    are deleted meanwhile, the export fails.
    """

    def __init__(self, *, database: Database, codec: Codec, effects: EffectReader) -> None:
        self._database = database
        self._codec = codec
        self._effects = effects

    async def export(self, project_id: UUID, execution_id: UUID) -> AsyncGenerator[bytes]:
        """Yields the file in parts of a bounded size.

        Raises:
            NotFoundError: There is no such execution.
            TooLargeError: It has more snapshots than a file may have.
            ConflictError: Snapshots of it were deleted meanwhile.
            DataLossError: What is stored of it is damaged.
        """
        async with aclosing(self._parts(project_id, execution_id)) as parts:
            async for part in parts:
                for start in range(0, len(part), limits.FILE_CHUNK_BYTES):
                    yield part[start : start + limits.FILE_CHUNK_BYTES]

    async def _parts(self, project_id: UUID, execution_id: UUID) -> AsyncGenerator[bytes]:
        async with self._database.transaction(str(project_id)) as connection:
            execution = await executions.select(connection, project_id, execution_id)
            deleted = await removal.select_deleted(connection, project_id, execution_id)
            turns = await removal.select_deleted_turns(connection, project_id, execution_id)
        if execution is None:
            raise NotFoundError(f"There is no execution {execution_id}.")
        if execution.snapshot_count > limits.FILE_SNAPSHOTS_MAX:
            raise TooLargeError(f"A file has at most {limits.FILE_SNAPSHOTS_MAX:,} snapshots.")
        writer = FileWriter()
        yield writer.begin()
        yield writer.add(records.encode(_execution_record(execution, deleted, turns)))
        snapshot_count = effect_count = 0
        async for page in self._pages(project_id, execution, deleted):
            size_bytes = sum(len(each.delta or b"") for each in page.snapshots)
            for part in await work.on(size_bytes, self._written, project_id, execution_id, page, writer):
                yield part
            snapshot_count += len(page.snapshots)
            effect_count += sum(map(len, page.effects.values()))
        moves = await self._moves(project_id, execution_id)
        for move in moves:
            yield writer.add(records.encode(_move_record(move)))
        yield writer.finish(Counts(snapshots=snapshot_count, effects=effect_count, head_moves=len(moves)))

    async def _pages(
        self, project_id: UUID, execution: Execution, deleted: Sequence[SequenceRange]
    ) -> AsyncGenerator[_Page]:
        after, last = 0, execution.snapshot_count
        while after < last:
            async with self._database.transaction(str(project_id)) as connection:
                page = await self._page(connection, project_id, execution.id, after=after, last=last)
            reached = page.snapshots[-1].sequence if page.snapshots else last
            present = {each.sequence for each in page.snapshots}
            for sequence in range(after + 1, reached + 1):
                if sequence not in present and not sequence_ranges.contains(deleted, sequence):
                    raise ConflictError(f"Snapshot {sequence} was deleted while the execution was exported.")
            if page.snapshots:
                yield page
            after = reached

    async def _page(
        self, connection: Connection, project_id: UUID, execution_id: UUID, *, after: int, last: int
    ) -> _Page:
        found = await storage.select_page(
            connection, project_id, execution_id, after=after, last=last, limit=PAGE
        )
        if not found:
            return _Page(snapshots=(), segments=(), keyframes={}, effects={})
        first, last = found[0].sequence, found[-1].sequence
        with_effects = await storage.select_effect_sequences(
            connection, project_id, execution_id, first=first, last=last
        )
        fitting = await self._effects.fitting(connection, project_id, execution_id, with_effects)
        if len(fitting) < len(with_effects):
            found = [each for each in found if each.sequence < with_effects[len(fitting)]]
        effects = await self._effects.read(connection, project_id, execution_id, fitting)
        packed: list[StoredSegment] = []
        if any(each.delta is None for each in found):
            packed = await storage.select_segments(
                connection, project_id, execution_id, first=first, last=found[-1].sequence
            )
        return _Page(
            snapshots=found,
            segments=packed,
            keyframes=await self._keyframes(connection, project_id, execution_id, found, before=after),
            effects=effects,
        )

    async def _keyframes(
        self,
        connection: Connection,
        project_id: UUID,
        execution_id: UUID,
        found: Sequence[WholeSnapshot],
        *,
        before: int,
    ) -> dict[int, tuple[bytes, int]]:
        """Returns the keyframes of those that nothing else leads to: bases after a gap."""
        keyframes: dict[int, tuple[bytes, int]] = {}
        for each in found:
            if each.sequence != before + 1 and each.base_sequence == each.sequence:
                keyframe = await storage.select_keyframe(connection, project_id, execution_id, each.sequence)
                if keyframe is not None:
                    keyframes[each.sequence] = keyframe
            before = each.sequence
        return keyframes

    def _written(self, project_id: UUID, execution_id: UUID, page: _Page, writer: FileWriter) -> list[bytes]:
        parts: list[bytes] = []
        try:
            entries = {entry.sequence: entry for packed in page.segments for entry in _unpacked(packed)}
            for snapshot in page.snapshots:
                record = self._snapshot_record(project_id, snapshot, page, entries)
                parts.append(writer.add(records.encode(record)))
                parts += (
                    writer.add(records.encode(_effect_record(effect)))
                    for effect in page.effects.get(snapshot.sequence, ())
                )
        except (CodecError, KeyError) as error:
            raise DataLossError(
                f"Snapshots of {execution_id} from {page.snapshots[0].sequence} on are damaged."
            ) from error
        return parts

    def _snapshot_record(
        self, project_id: UUID, snapshot: WholeSnapshot, page: _Page, entries: Mapping[int, Entry]
    ) -> SnapshotRecord:
        parent_chain_hash = snapshot.parent_chain_hash
        if parent_chain_hash is None and snapshot.parent_sequence == 0:
            parent_chain_hash = chain.genesis(project_id, snapshot.owner_id)
        own, bridge = self._contents(snapshot, entries)
        keyframe = page.keyframes.get(snapshot.sequence)
        return SnapshotRecord(
            sequence=snapshot.sequence,
            parent_sequence=snapshot.parent_sequence,
            kind=snapshot.kind,
            create_time=records.microseconds(snapshot.create_time),
            step_name=snapshot.step_name,
            label=snapshot.label or "",
            key=snapshot.key or "",
            tags=tuple(snapshot.tags or ()),
            metadata=snapshot.metadata,
            state_hash=snapshot.state_hash,
            chain_hash=snapshot.chain_hash,
            parent_chain_hash=parent_chain_hash,
            delta=own,
            bridge=bridge,
            state=keyframe and self._codec.decompress(*keyframe),
            marked_label=snapshot.marked_label,
            marked_tags=None if snapshot.marked_tags is None else tuple(snapshot.marked_tags),
        )

    def _contents(self, snapshot: WholeSnapshot, entries: Mapping[int, Entry]) -> tuple[bytes, bytes | None]:
        """Returns delta and bridge, uncompressed."""
        checksum = checksums.of_snapshot(
            base_sequence=snapshot.base_sequence,
            dictionary_id=snapshot.dictionary_id,
            state_bytes=snapshot.state_bytes,
            stored_bytes=snapshot.stored_bytes,
            delta=snapshot.delta or b"",
            bridge=snapshot.bridge,
        )
        if checksum != snapshot.checksum:
            raise CodecError(f"the checksum of snapshot {snapshot.sequence} differs")
        if snapshot.delta is None:
            entry = entries[snapshot.sequence]
            return entry.delta, entry.bridge
        bridge = snapshot.bridge and self._codec.decompress(snapshot.bridge, snapshot.dictionary_id)
        return self._codec.decompress(snapshot.delta, snapshot.dictionary_id), bridge

    async def _moves(self, project_id: UUID, execution_id: UUID) -> list[HeadMove]:
        found: list[HeadMove] = []
        while True:
            async with self._database.transaction(str(project_id)) as connection:
                page = await rollbacks.select_moves(
                    connection,
                    project_id,
                    execution_id,
                    after_number=found[-1].number if found else 0,
                    limit=MOVES_PAGE,
                )
            found.extend(page)
            if len(page) < MOVES_PAGE:
                return found


def _unpacked(segment: StoredSegment) -> list[Entry]:
    checksum = checksums.of_segment(segment.first_sequence, segment.last_sequence, segment.content)
    if checksum != segment.checksum:
        raise CodecError("the checksum of a segment differs")
    return segments.unpack(segment.content)


def _execution_record(
    execution: Execution, deleted: Sequence[SequenceRange], turns: Sequence[tuple[int, int]]
) -> ExecutionRecord:
    error = execution.error
    return ExecutionRecord(
        id=execution.id.bytes,
        agent_id=execution.agent_id,
        session_id=execution.session_id,
        name=execution.name,
        status=execution.status.value,
        head_sequence=execution.head_sequence,
        snapshot_count=execution.snapshot_count,
        trace_id=execution.trace_id,
        tags=execution.tags,
        input=execution.input,
        output=execution.output,
        error=None
        if error is None
        else ErrorRecord(type=error.type, message=error.message, stack=error.stack),
        metadata=execution.metadata,
        create_time=records.microseconds(execution.create_time),
        update_time=records.microseconds(execution.update_time),
        end_time=None if execution.end_time is None else records.microseconds(execution.end_time),
        deleted=tuple(
            (each.first, min(each.last, execution.snapshot_count))
            for each in deleted
            if each.first <= execution.snapshot_count
        ),
        deleted_turns=tuple(turn for turn in turns if turn[0] <= execution.snapshot_count),
    )


def _effect_record(effect: Effect) -> EffectRecord:
    return EffectRecord(
        key=effect.key,
        ordinal=effect.ordinal,
        kind=effect.kind,
        name=effect.name,
        request=effect.request,
        response=effect.response,
        create_time=records.microseconds(effect.create_time),
    )


def _move_record(move: HeadMove) -> HeadMoveRecord:
    return HeadMoveRecord(
        number=move.number,
        from_sequence=move.from_sequence,
        to_sequence=move.to_sequence,
        reason=move.reason,
        create_time=records.microseconds(move.create_time),
    )
