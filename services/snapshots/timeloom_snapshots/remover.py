"""Removing snapshots of an execution that the caller has locked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from timeloom.state import canonical, delta
from timeloom.state.statehash import StateHash
from timeloom_platform.database import Connection
from timeloom_platform.errors import DataLossError
from timeloom_snapshots import checksums, removal, segments, work
from timeloom_snapshots.codec import Codec, CodecError
from timeloom_snapshots.head import STATE_BEFORE_ALL
from timeloom_snapshots.removal import Heir, Placed, RunChange
from timeloom_snapshots.sealing import Unsealer
from timeloom_snapshots.storage import removal as storage
from timeloom_snapshots.storage import runs, sealing
from timeloom_snapshots.storage.removal import NewRow, StoredRow
from timeloom_snapshots.storage.runs import StoredBase
from timeloom_snapshots.storage.sealing import StoredSegment

UNREADABLE: Final = (CodecError, msgspec.MsgspecError, UnicodeDecodeError, delta.DeltaError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rewritten:
    row: NewRow
    keyframe: bytes | None


class Remover:
    """Deletes snapshots, and first stores anew what those need that stay."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._unsealer = Unsealer(codec)

    async def remove(
        self, connection: Connection, project_id: UUID, execution_id: UUID, sequences: Sequence[int]
    ) -> None:
        """Deletes snapshots of an execution's own, which are there and in order.

        The caller has locked the execution, and has made sure that none of them is its head or shared.

        Raises:
            DataLossError: What is stored of a snapshot that stays cannot be read; nothing may be committed.
        """
        if not sequences:
            return
        layout = await storage.select_layout(
            connection, project_id, execution_id, first=sequences[0], last=sequences[-1]
        )
        going = set(sequences)
        changes = removal.plan(layout, going)
        touched = going.union(heir.sequence for change in changes for heir in change.heirs)
        emptied = await self._open_segments(
            connection, project_id, execution_id, layout, going=going, touched=touched
        )
        for change in changes:
            await self._change_run(connection, project_id, execution_id, change)
        await storage.delete(connection, project_id, execution_id, sequences)
        await sealing.delete_segments(connection, project_id, execution_id, emptied)

    async def _open_segments(
        self,
        connection: Connection,
        project_id: UUID,
        execution_id: UUID,
        layout: Sequence[Placed],
        *,
        going: Collection[int],
        touched: Collection[int],
    ) -> list[StoredSegment]:
        """Unseals what has to be stored anew; returns the segments of which nothing stays."""
        found = await sealing.select_segments(
            connection, project_id, execution_id, first=min(touched), last=max(touched)
        )
        emptied: list[StoredSegment] = []
        for segment in found:
            first, last = segment.first_sequence, segment.last_sequence
            present = [each.sequence for each in layout if first <= each.sequence <= last]
            is_seen_whole = layout[0].sequence <= first and last <= layout[-1].sequence
            if is_seen_whole and all(each in going for each in present):
                emptied.append(segment)
            elif any(each in touched for each in present):
                await self._unseal(connection, project_id, execution_id, segment)
        return emptied

    async def _unseal(
        self, connection: Connection, project_id: UUID, execution_id: UUID, segment: StoredSegment
    ) -> None:
        try:
            await self._unsealer.unseal(connection, project_id, execution_id, segment)
        except CodecError as error:
            raise DataLossError(
                f"Snapshots of {execution_id} from {segment.first_sequence} on cannot be read."
            ) from error

    async def _change_run(
        self, connection: Connection, project_id: UUID, execution_id: UUID, change: RunChange
    ) -> None:
        if not change.heirs:
            return
        rows = await storage.select_rows(
            connection, project_id, execution_id, [heir.sequence for heir in change.heirs]
        )
        base = await runs.select_base(connection, project_id, execution_id, change.base_sequence)
        last = change.heirs[-1].sequence
        run = await runs.select_run(
            connection, project_id, execution_id, after=change.base_sequence, last=last
        )
        if base is None or len(rows) != len(change.heirs):
            raise DataLossError(f"A snapshot of {execution_id} from {change.base_sequence} on is missing.")
        size_bytes = sum(row.state_bytes for row in rows)
        rewritten = await work.on(size_bytes, self._rewrite, execution_id, change, rows, base, run)
        await storage.rewrite(connection, project_id, execution_id, [each.row for each in rewritten])
        for each in rewritten:
            if each.keyframe is not None:
                await self._insert_keyframe(connection, project_id, execution_id, each.row, each.keyframe)
        if change.new_base_sequence not in (None, change.base_sequence):
            await self._move(connection, project_id, execution_id, change)

    async def _insert_keyframe(
        self, connection: Connection, project_id: UUID, execution_id: UUID, row: NewRow, state: bytes
    ) -> None:
        await storage.insert_keyframe(
            connection,
            project_id,
            execution_id,
            sequence=row.sequence,
            dictionary_id=row.dictionary_id,
            checksum=checksums.of_keyframe(
                sequence=row.sequence, dictionary_id=row.dictionary_id, state=state
            ),
            state=state,
        )

    async def _move(
        self, connection: Connection, project_id: UUID, execution_id: UUID, change: RunChange
    ) -> None:
        """Lets those that stay as they are stand on the new base."""
        base = change.new_base_sequence
        assert base is not None, "something stays"
        rows = await storage.select_rows(connection, project_id, execution_id, change.staying)
        moved = [(row.sequence, _checksum(row, base_sequence=base)) for row in rows]
        await storage.move(connection, project_id, execution_id, base_sequence=base, checksums=moved)

    def _rewrite(
        self,
        execution_id: UUID,
        change: RunChange,
        rows: Sequence[StoredRow],
        base: StoredBase,
        run: Sequence[tuple[bytes, int]],
    ) -> list[_Rewritten]:
        base_sequence = change.new_base_sequence
        assert base_sequence is not None, "it has heirs"
        try:
            states = self._states(change, base, run)
            for row in rows:
                if StateHash.of(states[row.sequence]).digest != row.state_hash:
                    raise DataLossError(f"Snapshot {row.sequence} of {execution_id} fails its hash.")
            return [
                self._rewritten(heir, row, states, base_sequence)
                for heir, row in zip(change.heirs, rows, strict=True)
            ]
        except UNREADABLE as error:
            raise DataLossError(
                f"Snapshots of {execution_id} from {change.base_sequence} on cannot be read."
            ) from error

    def _states(
        self, change: RunChange, base: StoredBase, run: Sequence[tuple[bytes, int]]
    ) -> Mapping[int, Any]:
        """Returns the states of the heirs, and of those that precede them from now on."""
        wanted: Collection[int] = {
            sequence
            for heir in change.heirs
            for sequence in (heir.sequence, heir.previous_sequence)
            if sequence is not None
        }
        content = self._codec.decompress(base.content, base.dictionary_id)
        state: Any = (
            canonical.decode_trusted(content)
            if base.is_keyframe
            else delta.apply(STATE_BEFORE_ALL, delta.decode_trusted(content))
        )
        states = {change.base_sequence: state}
        last = change.heirs[-1].sequence
        following = [each for each in change.run if change.base_sequence < each <= last]
        steps = segments.steps(run, self._codec)
        for sequence, step in zip(following, steps, strict=True):
            state = delta.apply(state, delta.decode_trusted(step))
            if sequence in wanted:
                states[sequence] = state
        return states

    def _rewritten(
        self, heir: Heir, row: StoredRow, states: Mapping[int, Any], base_sequence: int
    ) -> _Rewritten:
        codec = self._codec
        state = states[heir.sequence]
        bridge = keyframe = None
        if heir.previous_sequence is None:
            keyframe = codec.compress(canonical.encode_trusted(state))
        else:
            operations = delta.diff(states[heir.previous_sequence], state)
            bridge = codec.compress(delta.encode(operations))
        assert row.delta is not None, "it was unsealed"
        # A row names one dictionary for all that it holds.
        own_delta = row.delta
        if row.dictionary_id != codec.dictionary_id:
            own_delta = codec.compress(codec.decompress(row.delta, row.dictionary_id))
        stored_bytes = sum(len(part) for part in (own_delta, bridge, keyframe) if part is not None)
        checksum = checksums.of_snapshot(
            base_sequence=base_sequence,
            dictionary_id=codec.dictionary_id,
            state_bytes=row.state_bytes,
            stored_bytes=stored_bytes,
            delta=own_delta,
            bridge=bridge,
        )
        new = NewRow(
            sequence=heir.sequence,
            base_sequence=base_sequence,
            dictionary_id=codec.dictionary_id,
            stored_bytes=stored_bytes,
            checksum=checksum,
            delta=own_delta,
            bridge=bridge,
        )
        return _Rewritten(row=new, keyframe=keyframe)


def _checksum(row: StoredRow, *, base_sequence: int) -> int:
    return checksums.of_snapshot(
        base_sequence=base_sequence,
        dictionary_id=row.dictionary_id,
        state_bytes=row.state_bytes,
        stored_bytes=row.stored_bytes,
        delta=row.delta or b"",
        bridge=row.bridge,
    )
