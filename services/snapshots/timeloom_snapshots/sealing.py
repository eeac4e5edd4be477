"""Sealing: what was recorded some time ago is packed together, in the background.

The newest snapshots of an execution that runs are left as they are; an execution that has ended, or in
which nothing has happened for long, is sealed as a whole. Each transaction seals some snapshots of one
execution, and passes over one that somebody else works on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from timeloom_platform.database import Connection, Database
from timeloom_snapshots import checksums, limits, segments, work
from timeloom_snapshots.codec import Codec, CodecError
from timeloom_snapshots.keyframe_sealing import KeyframeSealer
from timeloom_snapshots.segments import Entry
from timeloom_snapshots.storage import sealing as storage
from timeloom_snapshots.storage.sealing import NewStep, SealingRules, StoredSegment, StoredStep

RULES: Final = SealingRules(recent_count=256, quiet=timedelta(minutes=1), idle=timedelta(hours=1))

CANDIDATES_MAX: Final = 100

STEPS_MIN: Final = 8
"""Fewer deltas together are not worth a segment."""

STEPS_ENOUGH: Final = 64
"""More deltas together take little less."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sealed:
    steps: list[NewStep]
    segments: list[StoredSegment]


class Sealer:
    """Seals the snapshots of all projects."""

    def __init__(self, *, database: Database, codec: Codec, rules: SealingRules = RULES) -> None:
        self._database = database
        self._codec = codec
        self._keyframes = KeyframeSealer(codec)
        self._rules = rules

    async def seal_due(self) -> int:
        """Seals what is due, of as many executions as are worked on at once; returns how many snapshots."""
        async with self._database.system_transaction() as connection:
            due = await storage.select_candidates(
                connection,
                self._rules,
                due_count=self._rules.recent_count + limits.SEGMENT_STEPS_MAX,
                limit=CANDIDATES_MAX,
            )
        count = 0
        for project_id, execution_id in due:
            count += await self.seal_execution(project_id, execution_id)
        return count

    async def seal_execution(self, project_id: UUID, execution_id: UUID) -> int:
        """Seals what is due of one execution; returns how many snapshots."""
        count = 0
        while done := await self._seal_some(project_id, execution_id):
            count += done
        return count

    async def _seal_some(self, project_id: UUID, execution_id: UUID) -> int:
        """Seals the next snapshots; returns how many."""
        async with self._database.transaction(str(project_id)) as connection:
            locked = await storage.lock(connection, project_id, execution_id, self._rules)
            if locked is None:
                return 0
            last = locked.snapshot_count - (0 if locked.is_quiet else self._rules.recent_count)
            if not locked.is_quiet and last - locked.sealed_sequence < limits.SEGMENT_STEPS_MAX:
                return 0
            steps = await storage.select_unsealed(
                connection,
                project_id,
                execution_id,
                after=locked.sealed_sequence,
                last=last,
                limit=limits.SEGMENT_STEPS_MAX,
            )
            # The last run goes on if there are more: what is sealed next begins with it.
            has_more = len(steps) == limits.SEGMENT_STEPS_MAX
            sealed = await self._packed_or_none(project_id, execution_id, steps, has_more=has_more)
            if sealed is None:
                await storage.note_sealed(connection, project_id, execution_id, locked.snapshot_count)
                return 0
            moved = await self._keyframes.seal(connection, project_id, execution_id, steps, sealed.steps)
            await storage.seal(connection, project_id, execution_id, moved)
            for segment in sealed.segments:
                await storage.insert_segment(connection, project_id, execution_id, segment)
            reached = sealed.steps[-1].sequence if has_more else last
            await storage.note_sealed(connection, project_id, execution_id, reached)
        return len(sealed.steps)

    async def _packed_or_none(
        self, project_id: UUID, execution_id: UUID, steps: Sequence[StoredStep], *, has_more: bool
    ) -> _Sealed | None:
        """Packs steps; None if they are damaged: they must stay as they are, for whoever looks into it."""
        size_bytes = sum(len(step.delta or b"") for step in steps)
        try:
            return await work.on(size_bytes, self._packed, steps, has_more=has_more)
        except CodecError:
            logger.exception(
                "snapshots not sealed: damaged",
                project=str(project_id),
                execution=str(execution_id),
                first=steps[0].sequence,
                last=steps[-1].sequence,
            )
            return None

    def _packed(self, steps: Sequence[StoredStep], *, has_more: bool) -> _Sealed:
        sealed = _Sealed(steps=[], segments=[])
        parts = list(self._parts(steps))
        if has_more and len(parts) > 1:
            parts.pop()
        for part in parts:
            entries = [entry for _, entry in part if entry is not None]
            if len(entries) < STEPS_MIN:
                sealed.steps.extend(_kept_whole(step) for step, _ in part)
                continue
            segment = stored_segment(entries)
            sealed.segments.append(segment)
            shares = segments.shares(entries, segment.content)
            sealed.steps.extend(
                _packed_step(step, share) for (step, _), share in zip(part, shares, strict=True)
            )
        return sealed

    def _parts(self, steps: Sequence[StoredStep]) -> Iterator[list[tuple[StoredStep, Entry | None]]]:
        """Yields the steps in parts: those of a segment, or a single one without an entry.

        A segment ends where a run does, if it is long enough: then who reads the next run need not unpack it.
        It ends before snapshots that are sealed already, too: no other ones stand between its own.
        """
        part: list[tuple[StoredStep, Entry | None]] = []
        room = limits.SEGMENT_BYTES_MAX
        for step in steps:
            entry = self._entry(step)
            size_bytes = entry.size_bytes if entry else 0
            is_next = not part or (step.sealed_before or 0) < part[-1][0].sequence
            if part and (entry is None or size_bytes > room or not is_next):
                yield part
                part, room = [], limits.SEGMENT_BYTES_MAX
            if entry is None:
                yield [(step, None)]
                continue
            part.append((step, entry))
            room -= size_bytes
            if step.base_sequence == step.sequence and len(part) >= STEPS_ENOUGH:
                yield part
                part, room = [], limits.SEGMENT_BYTES_MAX
        if part:
            yield part

    def _entry(self, step: StoredStep) -> Entry | None:
        """Returns what goes into a segment; None if it is read by itself."""
        assert step.delta is not None, "it is not sealed"
        _check(step, step.delta)
        content = self._codec.decompress(step.delta, step.dictionary_id)
        bridge = step.bridge and self._codec.decompress(step.bridge, step.dictionary_id)
        is_base = step.base_sequence == step.sequence and step.keyframe_bytes is None
        if is_base or len(content) + len(bridge or b"") > limits.SEALED_DELTA_BYTES_MAX:
            return None
        return Entry(step.sequence, content, bridge)


class Unsealer:
    """Takes snapshots out of their segments again, so that they can be changed."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    async def unseal(
        self, connection: Connection, project_id: UUID, execution_id: UUID, segment: StoredSegment
    ) -> None:
        """Unpacks a segment of an execution that the caller has locked.

        Raises:
            CodecError: The segment is damaged.
        """
        steps = await storage.select_sealed(
            connection,
            project_id,
            execution_id,
            first=segment.first_sequence,
            last=segment.last_sequence,
        )
        unpacked = self._unpacked(segment, steps)
        await storage.unseal(connection, project_id, execution_id, unpacked)
        await storage.delete_segments(connection, project_id, execution_id, [segment])
        await storage.note_unsealed(connection, project_id, execution_id, segment.first_sequence)

    def _unpacked(self, segment: StoredSegment, steps: Sequence[StoredStep]) -> list[NewStep]:
        if checksums.of_segment(segment.first_sequence, segment.last_sequence, segment.content) != (
            segment.checksum
        ):
            raise CodecError("the checksum of the segment differs")
        entries = segments.unpack(segment.content)
        if [entry.sequence for entry in entries] != [step.sequence for step in steps]:
            raise CodecError("the segment has other snapshots than there are")
        return [self._unpacked_step(step, entry) for step, entry in zip(steps, entries, strict=True)]

    def _unpacked_step(self, step: StoredStep, entry: Entry) -> NewStep:
        content = self._codec.compress(entry.delta)
        bridge = None if entry.bridge is None else self._codec.compress(entry.bridge)
        stored_bytes = len(content) + len(bridge or b"") + (step.keyframe_bytes or 0)
        checksum = checksums.of_snapshot(
            base_sequence=step.base_sequence,
            dictionary_id=self._codec.dictionary_id,
            state_bytes=step.state_bytes,
            stored_bytes=stored_bytes,
            delta=content,
            bridge=bridge,
        )
        return NewStep(
            sequence=step.sequence,
            dictionary_id=self._codec.dictionary_id,
            stored_bytes=stored_bytes,
            checksum=checksum,
            delta=content,
            bridge=bridge,
        )


def stored_segment(entries: Sequence[Entry]) -> StoredSegment:
    """Packs entries as they are stored."""
    first, last = entries[0].sequence, entries[-1].sequence
    content = segments.pack(entries)
    checksum = checksums.of_segment(first, last, content)
    return StoredSegment(first_sequence=first, last_sequence=last, checksum=checksum, content=content)


def _packed_step(step: StoredStep, share: int) -> NewStep:
    stored_bytes = share + (step.keyframe_bytes or 0)
    checksum = checksums.of_snapshot(
        base_sequence=step.base_sequence,
        dictionary_id=step.dictionary_id,
        state_bytes=step.state_bytes,
        stored_bytes=stored_bytes,
        delta=b"",
    )
    return NewStep(
        sequence=step.sequence,
        dictionary_id=step.dictionary_id,
        stored_bytes=stored_bytes,
        checksum=checksum,
        delta=None,
        bridge=None,
    )


def _kept_whole(step: StoredStep) -> NewStep:
    return NewStep(
        sequence=step.sequence,
        dictionary_id=step.dictionary_id,
        stored_bytes=step.stored_bytes,
        checksum=step.checksum,
        delta=step.delta,
        bridge=step.bridge,
    )


def _check(step: StoredStep, content: bytes) -> None:
    checksum = checksums.of_snapshot(
        base_sequence=step.base_sequence,
        dictionary_id=step.dictionary_id,
        state_bytes=step.state_bytes,
        stored_bytes=step.stored_bytes,
        delta=content,
        bridge=step.bridge,
    )
    if checksum != step.checksum:
        raise CodecError(f"the checksum of snapshot {step.sequence} differs")
