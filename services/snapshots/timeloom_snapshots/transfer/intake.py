"""What becomes of the records of a file, one after the other: proved, made into rows, and written."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from timeloom.state.canonical import CanonicalError
from timeloom_platform.database import Connection
from timeloom_snapshots import limits, work
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.errors import DamagedFileError
from timeloom_snapshots.model import Execution
from timeloom_snapshots.sequence_ranges import SequenceRange
from timeloom_snapshots.storage import effects as effect_storage
from timeloom_snapshots.storage import transfer as storage
from timeloom_snapshots.transfer import records
from timeloom_snapshots.transfer.chain_check import ChainCheck, damaged, document
from timeloom_snapshots.transfer.container import Counts
from timeloom_snapshots.transfer.records import (
    EffectRecord,
    ExecutionRecord,
    HeadMoveRecord,
    Record,
    SnapshotRecord,
)
from timeloom_snapshots.transfer.rows import Rows


class Intake:
    """Takes the records of one execution, whose own row is there already."""

    def __init__(
        self,
        connection: Connection,
        project_id: UUID,
        execution: Execution,
        deleted: Sequence[SequenceRange],
        *,
        codec: Codec,
    ) -> None:
        self._connection = connection
        self._project_id = project_id
        self._execution = execution
        self._check = ChainCheck(deleted, snapshot_count=execution.snapshot_count)
        self._rows = Rows(execution.id, codec)
        self._snapshot_count = self._effect_count = self._move_count = 0
        # Of the last snapshot.
        self._sequence = 0
        self._effect_keys: set[str] = set()
        self._effects_bytes = 0

    async def take(self, record: Record, *, size_bytes: int) -> None:
        """Takes the next record.

        Raises:
            DamagedFileError: It is not as it was recorded, or cannot come here.
        """
        match record:
            case SnapshotRecord():
                await work.on(max(size_bytes, self._check.state_bytes), self._take_snapshot, record)
            case EffectRecord():
                await work.on(size_bytes, self._take_effect, record)
            case HeadMoveRecord():
                await self._take_move(record)
            case ExecutionRecord():
                raise DamagedFileError("The file is damaged: it has a second execution.")
        if self._rows.is_full:
            await self._flush()

    async def finish(self, counts: Counts | None) -> None:
        """Writes what is left, after the last record.

        Raises:
            DamagedFileError: Something is missing.
        """
        await self._flush()
        self._check.finish()
        taken = Counts(
            snapshots=self._snapshot_count, effects=self._effect_count, head_moves=self._move_count
        )
        if counts != taken:
            raise DamagedFileError("The file is damaged: it has not as many records as it says.")
        head = self._execution.head_sequence
        if head and head not in self._check:
            raise damaged(head, "the execution stands on it, but it is missing")

    def _take_snapshot(self, record: SnapshotRecord) -> None:
        self._snapshot_count += 1
        self._sequence = record.sequence
        self._effect_keys.clear()
        self._effects_bytes = 0
        check_document(
            record.metadata, limits.METADATA_BYTES_MAX, f"the metadata of snapshot {record.sequence}"
        )
        self._rows.add_snapshot(self._check.prove(record))

    def _take_effect(self, record: EffectRecord) -> None:
        self._effect_count += 1
        if not self._sequence or self._move_count:
            raise DamagedFileError("The file is damaged: an effect belongs to no snapshot.")
        self._effects_bytes += len(record.request or b"") + len(record.response or b"")
        if record.key in self._effect_keys:
            raise damaged(self._sequence, f"it has the effect {record.key!r} twice")
        self._effect_keys.add(record.key)
        if len(self._effect_keys) > limits.EFFECTS_MAX or self._effects_bytes > limits.EFFECTS_BYTES_MAX:
            raise damaged(self._sequence, "it has more effects than a snapshot may have")
        for each in (record.request, record.response):
            check_document(each, limits.EFFECTS_BYTES_MAX, f"an effect of snapshot {self._sequence}")
        self._rows.add_effect(self._sequence, record)

    async def _take_move(self, record: HeadMoveRecord) -> None:
        self._move_count += 1
        await storage.insert_head_move(
            self._connection,
            self._project_id,
            self._execution.id,
            (
                record.number,
                record.from_sequence,
                record.to_sequence,
                records.time_of(record.create_time),
                record.reason,
            ),
        )

    async def _flush(self) -> None:
        rows = self._rows
        if rows.snapshots:
            await storage.insert_snapshots(
                self._connection,
                self._project_id,
                self._execution.id,
                snapshots=rows.snapshots,
                keyframes=rows.keyframes,
                extras=rows.extras,
            )
        await effect_storage.insert(self._connection, self._project_id, rows.effects)
        rows.clear()


def check_document(data: bytes | str | None, size_bytes_max: int, what: str) -> None:
    """Checks a document that may be absent.

    Raises:
        DamagedFileError: It is no canonical JSON, or larger than it may be.
    """
    if data is None:
        return
    encoded = data.encode() if isinstance(data, str) else data
    if len(encoded) > size_bytes_max:
        raise DamagedFileError(f"The file is damaged: {what} has more than {size_bytes_max:,} bytes.")
    try:
        document(encoded)
    except CanonicalError as error:
        raise DamagedFileError(f"The file is damaged: {what} is no canonical JSON.") from error
