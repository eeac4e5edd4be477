"""Following the snapshots of a file: every hash is computed anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from timeloom.state import canonical, delta
from timeloom.state.canonical import CanonicalError
from timeloom.state.delta import DeltaError, Operation
from timeloom.state.statehash import StateHash
from timeloom_snapshots import chain, limits, sequence_ranges
from timeloom_snapshots.errors import DamagedFileError
from timeloom_snapshots.head import STATE_BEFORE_ALL
from timeloom_snapshots.sequence_ranges import SequenceRange
from timeloom_snapshots.transfer import records
from timeloom_snapshots.transfer.records import SnapshotRecord


class Proved(NamedTuple):
    """A snapshot whose hashes are right.

    Attributes:
        state: Its state, which shares with the one before what is equal.
        state_bytes: The size of the state in canonical form.
        sets_root: Whether its delta leads there from nothing.
        is_keyframe: Whether the file has the state, because nothing else leads there.
    """

    record: SnapshotRecord
    state: Any
    state_bytes: int
    sets_root: bool
    is_keyframe: bool


class ChainCheck:
    """Proves snapshots, which come in the order of their sequences."""

    def __init__(self, deleted: Sequence[SequenceRange], *, snapshot_count: int) -> None:
        self._deleted = deleted
        self._snapshot_count = snapshot_count
        self._chain_hashes: dict[int, bytes] = {}
        self._last = 0
        self._state: Any = STATE_BEFORE_ALL
        self._state_hash = StateHash.of(STATE_BEFORE_ALL)

    def __contains__(self, sequence: int) -> bool:
        """Tells whether a snapshot was in the file."""
        return sequence in self._chain_hashes

    @property
    def state_bytes(self) -> int:
        """The size of the last state."""
        return self._state_hash.size_bytes

    def prove(self, record: SnapshotRecord) -> Proved:
        """Computes the hashes of the next snapshot.

        Raises:
            DamagedFileError: They are others, or the snapshot cannot come here.
        """
        self._check_place(record)
        try:
            proved = self._state_of(record)
        except (DeltaError, CanonicalError) as error:
            raise damaged(record.sequence, "its state cannot be made") from error
        if self._state_hash.digest != record.state_hash:
            raise damaged(record.sequence, "its state has another hash")
        if self._state_hash.size_bytes > limits.STATE_BYTES_MAX:
            raise damaged(record.sequence, "its state is larger than a state may be")
        if self._chain_hash(record) != record.chain_hash:
            raise damaged(record.sequence, "its chain hash is another")
        self._chain_hashes[record.sequence] = record.chain_hash
        self._last = record.sequence
        return proved

    def finish(self) -> None:
        """Checks, after the last snapshot, that none is missing.

        Raises:
            DamagedFileError: One is.
        """
        self._check_gap(self._snapshot_count + 1)

    def _check_place(self, record: SnapshotRecord) -> None:
        if not self._last < record.sequence <= self._snapshot_count:
            raise damaged(record.sequence, "it does not belong here")
        if len(self._chain_hashes) == limits.FILE_SNAPSHOTS_MAX:
            raise damaged(record.sequence, f"no more than {limits.FILE_SNAPSHOTS_MAX:,} are allowed")
        if sequence_ranges.contains(self._deleted, record.sequence):
            raise damaged(record.sequence, "it is said to have been deleted")
        self._check_gap(record.sequence)

    def _check_gap(self, sequence: int) -> None:
        """Checks that all between the last snapshot and this one were deleted."""
        missing = self._last + 1
        while missing < sequence:
            found = sequence_ranges.range_of(self._deleted, missing)
            if found is None:
                raise damaged(missing, "it is missing")
            missing = found.last + 1

    def _state_of(self, record: SnapshotRecord) -> Proved:
        own = _operations(record.delta)
        operations = own if record.bridge is None else _operations(record.bridge)
        sets_root = delta.sets_root(own)
        is_keyframe = record.state is not None
        if sum((sets_root, is_keyframe, record.bridge is not None)) > 1:
            raise damaged(record.sequence, "there are several ways to its state")
        if record.state is not None:
            self._state = document(record.state)
            self._state_hash = StateHash.of(self._state)
        else:
            follows = record.bridge is not None or sets_root or record.sequence == self._last + 1
            if not follows:
                raise damaged(record.sequence, "nothing leads to its state")
            self._state = delta.apply(self._state, operations)
            self._state_hash = self._state_hash.updated(self._state, operations)
        return Proved(record, self._state, self._state_hash.size_bytes, sets_root, is_keyframe)

    def _chain_hash(self, record: SnapshotRecord) -> bytes:
        parent = record.parent_sequence
        if parent >= record.sequence:
            raise damaged(record.sequence, "its parent is no earlier snapshot")
        parent_hash = self._chain_hashes.get(parent)
        if parent_hash is None:
            if parent and not sequence_ranges.contains(self._deleted, parent):
                raise damaged(record.sequence, "its parent is missing")
            parent_hash = record.parent_chain_hash
        elif record.parent_chain_hash is not None:
            raise damaged(record.sequence, "it names a hash of its parent, which is there")
        if parent_hash is None:
            raise damaged(record.sequence, "the hash of its parent is missing")
        facts = chain.facts(
            sequence=record.sequence,
            parent_sequence=parent,
            kind=record.kind,
            create_time=records.time_of(record.create_time),
            step_name=record.step_name,
            label=record.label,
            key=record.key,
            tags=record.tags,
            metadata=record.metadata,
        )
        return chain.link(parent_hash, state_hash=record.state_hash, facts=facts, delta=record.delta)


def document(data: bytes) -> Any:
    """Reads a document.

    Raises:
        CanonicalError: It is no JSON, or not in canonical form.
    """
    value = canonical.decode(data)
    if canonical.encode_trusted(value) != data:
        raise CanonicalError("it is not in canonical form")
    return value


def _operations(data: bytes) -> list[Operation]:
    operations, encoded = delta.parse(data)
    if encoded != data:
        raise DeltaError("it is not in canonical form")
    return operations


def damaged(sequence: int, what: str) -> DamagedFileError:
    """Returns the error that names a snapshot of the file."""
    return DamagedFileError(
        f"The file is damaged at snapshot {sequence}: {what}.", metadata={"sequence": str(sequence)}
    )
