"""From the records of a file to the rows of an execution."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from timeloom.state import canonical
from timeloom_snapshots import checksums, keyframes, limits
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.head import Base
from timeloom_snapshots.model import Effect
from timeloom_snapshots.storage import effects
from timeloom_snapshots.storage.transfer import Extras
from timeloom_snapshots.transfer import records
from timeloom_snapshots.transfer.chain_check import Proved
from timeloom_snapshots.transfer.records import EffectRecord

ROWS_MAX = 512


class Rows:
    """Rows that wait to be written. Keyframes are made by the same rule as when snapshots are recorded."""

    def __init__(self, execution_id: UUID, codec: Codec) -> None:
        self._execution_id = execution_id
        self._codec = codec
        self._base = Base(sequence=0, size_bytes=0, delta_bytes=0)
        self._steps = 0
        self._size_bytes = 0
        self.snapshots: list[tuple[Any, ...]] = []
        self.keyframes: list[tuple[Any, ...]] = []
        self.extras: list[Extras] = []
        self.effects: list[tuple[Any, ...]] = []

    @property
    def is_full(self) -> bool:
        """Whether it is time to write them."""
        return len(self.snapshots) >= ROWS_MAX or self._size_bytes >= limits.FILE_PAGE_BYTES

    def clear(self) -> None:
        """Forgets what was written."""
        self._size_bytes = 0
        for each in (self.snapshots, self.keyframes, self.extras, self.effects):
            each.clear()

    def add_snapshot(self, proved: Proved) -> None:
        """Adds a snapshot."""
        record, sequence = proved.record, proved.record.sequence
        delta = self._codec.compress(record.delta)
        bridge = None if record.bridge is None else self._codec.compress(record.bridge)
        self._advance(proved, len(delta) if bridge is None else len(bridge))
        keyframe = self._keyframe(proved)
        stored_bytes = sum(len(part) for part in (delta, bridge, keyframe) if part is not None)
        checksum = checksums.of_snapshot(
            base_sequence=self._base.sequence,
            dictionary_id=self._codec.dictionary_id,
            state_bytes=proved.state_bytes,
            stored_bytes=stored_bytes,
            delta=delta,
            bridge=bridge,
        )
        self.snapshots.append(
            (
                self._execution_id,
                records.time_of(record.create_time),
                sequence,
                record.parent_sequence,
                self._base.sequence,
                proved.state_bytes,
                stored_bytes,
                checksum,
                record.kind,
                self._codec.dictionary_id,
                record.state_hash,
                record.chain_hash,
                record.step_name,
                record.label or None,
                record.key or None,
                record.tags or None,
                record.metadata,
                delta,
            )
        )
        extras = Extras(
            sequence=sequence,
            bridge=bridge,
            parent_chain_hash=record.parent_chain_hash,
            marked_label=record.marked_label,
            marked_tags=record.marked_tags,
        )
        if not extras.is_empty:
            self.extras.append(extras)
        self._size_bytes += stored_bytes

    def add_effect(self, sequence: int, record: EffectRecord) -> None:
        """Adds an effect of a snapshot."""
        request, response = (
            None if document is None else self._codec.compress(document)
            for document in (record.request, record.response)
        )
        effect = Effect(
            key=record.key,
            ordinal=record.ordinal,
            kind=record.kind,
            name=record.name,
            request=request,
            response=response,
            document_bytes=len(record.request or b"") + len(record.response or b""),
            create_time=records.time_of(record.create_time),
        )
        self.effects.append(effects.row(self._execution_id, sequence, self._codec.dictionary_id, effect))
        self._size_bytes += len(request or b"") + len(response or b"")

    def _advance(self, proved: Proved, step_bytes: int) -> None:
        """Moves the base if the snapshot is one by itself."""
        sequence = proved.record.sequence
        if proved.sets_root:
            self._base = Base(sequence=sequence, size_bytes=step_bytes, delta_bytes=0)
            self._steps = 0
            return
        self._steps += 1
        self._base = Base(
            sequence=self._base.sequence,
            size_bytes=self._base.size_bytes,
            delta_bytes=self._base.delta_bytes + step_bytes,
        )

    def _keyframe(self, proved: Proved) -> bytes | None:
        sequence = proved.record.sequence
        if self._base.sequence == sequence:
            return None
        is_due = keyframes.is_due(
            steps=self._steps, delta_bytes=self._base.delta_bytes, base_bytes=self._base.size_bytes
        )
        if not (proved.is_keyframe or is_due):
            return None
        state = self._codec.compress(canonical.encode_trusted(proved.state))
        self._base = Base(sequence=sequence, size_bytes=len(state), delta_bytes=0)
        self._steps = 0
        checksum = checksums.of_keyframe(
            sequence=sequence, dictionary_id=self._codec.dictionary_id, state=state
        )
        self.keyframes.append((self._execution_id, sequence, self._codec.dictionary_id, checksum, state))
        return state
