"""From an execution's newest snapshot to the next one, in memory.

A `Head` is what has to be known of an execution to record its next snapshot. It is never changed: `advance`
returns the head after it together with what is to be stored, and neither counts before that is committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from timeloom.state import canonical, delta
from timeloom.state.statehash import StateHash
from timeloom_platform.errors import InvalidFieldError, StaleParentError, TooLargeError
from timeloom_snapshots import chain, keyframes, limits
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.errors import DeltaMismatchError, StateHashMismatchError, refuse_larger
from timeloom_snapshots.model import (
    Effect,
    NewSnapshot,
    Record,
    Snapshot,
    StateDelta,
    Stored,
    WholeState,
)

STATE_BEFORE_ALL = None
"""The state that the first delta applies to: null."""


class Position(Struct, frozen=True, kw_only=True):
    """A snapshot that another one may be recorded on."""

    sequence: int
    state: Any
    state_hash: StateHash
    chain_hash: bytes

    @classmethod
    def before_all(cls, project_id: UUID, execution_id: UUID) -> Self:
        """Returns where an execution's first snapshot stands."""
        return cls(
            sequence=0,
            state=STATE_BEFORE_ALL,
            state_hash=StateHash.of(STATE_BEFORE_ALL),
            chain_hash=chain.genesis(project_id, execution_id),
        )


class Base(Struct, frozen=True, kw_only=True):
    """The newest stored whole state, and how far the deltas have gone since.

    Attributes:
        sequence: The snapshot whose state it is.
        size_bytes: What it takes, compressed.
        delta_bytes: What the deltas since then take, compressed.
    """

    sequence: int
    size_bytes: int
    delta_bytes: int


class Head(Struct, frozen=True, kw_only=True):
    """Where an execution stands.

    Attributes:
        execution_create_time: Tells the execution from a later one of the same id.
        position: The snapshot that it stands on.
        snapshot_count: The sequence of the newest snapshot, which need not be the one that it stands on.
        base: Of the newest snapshot.
    """

    execution_id: UUID
    execution_create_time: datetime
    position: Position
    snapshot_count: int
    shared_count: int
    base: Base

    @classmethod
    def of_new_execution(cls, project_id: UUID, execution_id: UUID, create_time: datetime) -> Self:
        """Returns the head of an execution without snapshots."""
        return cls(
            execution_id=execution_id,
            execution_create_time=create_time,
            position=Position.before_all(project_id, execution_id),
            snapshot_count=0,
            shared_count=0,
            base=Base(sequence=0, size_bytes=0, delta_bytes=0),
        )

    def parent_of(self, record: Record) -> int:
        """Returns the sequence of the snapshot that a record is to stand on.

        Raises:
            StaleParentError: The record names a parent that is not the head, and does not ask for a branch.
            InvalidFieldError: There is no such parent.
        """
        head, parent = self.position.sequence, record.parent_sequence
        if parent is None or parent == head:
            return head
        if parent > self.snapshot_count:
            raise InvalidFieldError.of(
                "parentSequence", f"is {parent}, but the newest snapshot is {self.snapshot_count}"
            )
        if not record.branch:
            raise StaleParentError(
                f"The execution stands on snapshot {head}, not on {parent}: another writer was first.",
                metadata={"headSequence": str(head), "parentSequence": str(parent)},
            )
        return parent


class _Transition(NamedTuple):
    """From the parent's state to the new one: the delta that is stored, and what it leads to."""

    delta: bytes
    state: Any
    state_hash: StateHash
    sets_root: bool


def advance(
    head: Head, record: Record, *, parent: Position, now: datetime, codec: Codec
) -> tuple[Head, NewSnapshot]:
    """Records a snapshot on a parent.

    Args:
        head: Where the execution stands.
        record: What is to be recorded.
        parent: The position that `head.parent_of(record)` names.
        now: The time of arrival, for a record that brings no time.
        codec: Compresses what is stored.

    Raises:
        DeltaMismatchError: The delta does not apply to the parent's state.
        StateHashMismatchError: The state does not have the hash that the record expects.
        TooLargeError: The state, or the number of snapshots, is too large.
    """
    transition = _transition(record, parent, continues=parent.sequence == head.snapshot_count)
    sequence = head.snapshot_count + 1
    _check(record, transition.state_hash, sequence)
    delta_frame = codec.compress(transition.delta)
    base = _base_after(head.base, transition, sequence, len(delta_frame))
    keyframe = None
    if base.sequence != sequence and _is_keyframe_due(base, sequence):
        keyframe = codec.compress(canonical.encode_trusted(transition.state))
        base = Base(sequence=sequence, size_bytes=len(keyframe), delta_bytes=0)
    snapshot = _snapshot(
        head.execution_id,
        record,
        parent,
        transition,
        sequence=sequence,
        stored_bytes=len(delta_frame) + (0 if keyframe is None else len(keyframe)),
        create_time=now if record.create_time is None else record.create_time,
    )
    stored = Stored(
        base_sequence=base.sequence,
        dictionary_id=codec.dictionary_id,
        delta=delta_frame,
        keyframe=keyframe,
        effects=compressed_effects(record.effects, codec),
    )
    following = Head(
        execution_id=head.execution_id,
        execution_create_time=head.execution_create_time,
        position=Position(
            sequence=sequence,
            state=transition.state,
            state_hash=transition.state_hash,
            chain_hash=snapshot.chain_hash,
        ),
        snapshot_count=sequence,
        shared_count=head.shared_count,
        base=base,
    )
    return following, NewSnapshot(snapshot=snapshot, stored=stored)


def compressed_effects(effects: tuple[Effect, ...], codec: Codec) -> tuple[Effect, ...]:
    """Returns effects as they are stored."""
    return tuple(
        replace(
            effect,
            request=None if effect.request is None else codec.compress(effect.request),
            response=None if effect.response is None else codec.compress(effect.response),
        )
        for effect in effects
    )


def _transition(record: Record, parent: Position, *, continues: bool) -> _Transition:
    content = record.content
    operations: Sequence[delta.Operation]
    if isinstance(content, WholeState):
        operations = delta.diff(parent.state, content.value)
        state, encoded = delta.apply(parent.state, operations), None
    else:
        operations = content.operations
        state, encoded = _applied(content, parent), content.encoded
    state_hash = parent.state_hash.updated(state, operations)
    if not continues:
        # A branch: the deltas of a run must be contiguous, so this one stands for itself.
        operations, encoded = [delta.Set((), state)], None
    return _Transition(
        delta=delta.encode(operations) if encoded is None else encoded,
        state=state,
        state_hash=state_hash,
        sets_root=delta.sets_root(operations),
    )


def _applied(content: StateDelta, parent: Position) -> Any:
    try:
        return delta.apply(parent.state, content.operations)
    except delta.DeltaError as error:
        raise DeltaMismatchError(
            f"The delta does not apply to the state of snapshot {parent.sequence}: {error}.",
            metadata={"parentSequence": str(parent.sequence)},
        ) from None


def _check(record: Record, state_hash: StateHash, sequence: int) -> None:
    refuse_larger(state_hash.size_bytes, limits.STATE_BYTES_MAX, "The state")
    if sequence > limits.SEQUENCE_MAX:
        raise TooLargeError(f"The execution has {limits.SEQUENCE_MAX:,} snapshots; no more are allowed.")
    if record.expected_state_hash and record.expected_state_hash != state_hash.digest:
        found, expected = state_hash.digest.hex(), record.expected_state_hash.hex()
        raise StateHashMismatchError(
            f"The state has the hash {found}, not the expected one.",
            metadata={"stateHash": found, "expectedStateHash": expected},
        )


def _base_after(base: Base, transition: _Transition, sequence: int, frame_bytes: int) -> Base:
    if transition.sets_root:
        return Base(sequence=sequence, size_bytes=frame_bytes, delta_bytes=0)
    return Base(
        sequence=base.sequence, size_bytes=base.size_bytes, delta_bytes=base.delta_bytes + frame_bytes
    )


def _is_keyframe_due(base: Base, sequence: int) -> bool:
    return keyframes.is_due(
        steps=sequence - base.sequence, delta_bytes=base.delta_bytes, base_bytes=base.size_bytes
    )


def _snapshot(
    execution_id: UUID,
    record: Record,
    parent: Position,
    transition: _Transition,
    *,
    sequence: int,
    stored_bytes: int,
    create_time: datetime,
) -> Snapshot:
    state_hash = transition.state_hash.digest
    facts = chain.facts(
        sequence=sequence,
        parent_sequence=parent.sequence,
        kind=record.kind,
        create_time=create_time,
        step_name=record.step_name,
        label=record.label,
        key=record.key,
        tags=record.tags,
        metadata=record.metadata,
    )
    return Snapshot(
        execution_id=execution_id,
        sequence=sequence,
        parent_sequence=parent.sequence,
        kind=record.kind,
        step_name=record.step_name,
        label=record.label,
        key=record.key,
        tags=record.tags,
        metadata=record.metadata,
        state_hash=state_hash,
        chain_hash=chain.link(parent.chain_hash, state_hash=state_hash, facts=facts, delta=transition.delta),
        state_bytes=transition.state_hash.size_bytes,
        stored_bytes=stored_bytes,
        effect_count=len(record.effects),
        create_time=create_time,
    )
