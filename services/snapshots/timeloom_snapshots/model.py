"""The nouns of the service as values. The numbers of the enums are those of the contract.

They are msgspec's structs, because a snapshot passes through half a dozen of them on its way in, and a page
of a list makes a thousand: a struct is made in a tenth of the time that a frozen dataclass takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any, TypeAlias
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from timeloom.state.changes import Change
from timeloom.state.delta import Operation


class ExecutionStatus(IntEnum):
    """How an execution stands."""

    RUNNING = 1
    SUCCEEDED = 2
    FAILED = 3
    CANCELLED = 4


class SnapshotKind(IntEnum):
    """What a snapshot marks."""

    EXECUTION_START = 1
    STEP_START = 2
    STEP_END = 3
    DECISION_POINT = 4
    ERROR_STATE = 5
    EXECUTION_END = 6
    CHECKPOINT = 7
    ROLLBACK_POINT = 8


class ExecutionError(Struct, frozen=True, kw_only=True):
    """Why an execution failed."""

    type: str
    message: str
    stack: str


class Execution(Struct, frozen=True, kw_only=True):
    """One run of an agent. JSON documents are canonical text; None stands for an absent one.

    Attributes:
        shared_count: How many of its first snapshots are those of the executions that it goes back to.
    """

    id: UUID
    agent_id: str
    session_id: str
    name: str
    status: ExecutionStatus
    head_sequence: int
    snapshot_count: int
    trace_id: str
    tags: tuple[str, ...]
    input: str | None
    output: str | None
    error: ExecutionError | None
    metadata: str | None
    forked_from_execution_id: UUID | None
    forked_from_sequence: int | None
    shared_count: int
    create_time: datetime
    update_time: datetime
    end_time: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether it takes no more snapshots."""
        return self.status is not ExecutionStatus.RUNNING


class ExecutionChanges(Struct, frozen=True, kw_only=True):
    """New values for the fields of an execution that its caller may edit; None stands for those that stay."""

    name: str | None
    session_id: str | None
    tags: tuple[str, ...] | None
    metadata: str | None
    trace_id: str | None

    def applied_to(self, execution: Execution) -> Execution:
        """Returns the execution with the new values."""
        return replace(
            execution,
            name=execution.name if self.name is None else self.name,
            session_id=execution.session_id if self.session_id is None else self.session_id,
            tags=execution.tags if self.tags is None else self.tags,
            metadata=execution.metadata if self.metadata is None else self.metadata,
            trace_id=execution.trace_id if self.trace_id is None else self.trace_id,
        )


class WholeState(Struct, frozen=True, kw_only=True):
    """A snapshot's content: the state itself, decoded."""

    value: Any


class StateDelta(Struct, frozen=True, kw_only=True):
    """A snapshot's content: what changed since its parent."""

    operations: Sequence[Operation]
    encoded: bytes


Content: TypeAlias = WholeState | StateDelta


class Effect(Struct, frozen=True, kw_only=True):
    """A recorded answer of the outside world. Documents are canonical; None stands for an absent one."""

    key: str
    ordinal: int
    kind: int
    name: str
    request: bytes | None
    response: bytes | None
    document_bytes: int
    create_time: datetime


class Record(Struct, frozen=True, kw_only=True):
    """A snapshot as a caller hands it over.

    Attributes:
        parent_sequence: The snapshot that it stands on, which must be the head; None is the head, whatever it
            is.
        branch: Allows a parent that is not the head.
        expected_state_hash: Not checked if empty.
        size_bytes: What the request took on its way here, for the limits on what waits.
    """

    kind: int
    step_name: str
    label: str
    key: str
    tags: tuple[str, ...]
    metadata: str | None
    content: Content
    parent_sequence: int | None
    branch: bool
    expected_state_hash: bytes
    effects: tuple[Effect, ...]
    create_time: datetime | None
    size_bytes: int


class Snapshot(Struct, frozen=True, kw_only=True):
    """A recorded snapshot without its state and effects."""

    execution_id: UUID
    sequence: int
    parent_sequence: int
    kind: int
    step_name: str
    label: str
    key: str
    tags: tuple[str, ...]
    metadata: str | None
    state_hash: bytes
    chain_hash: bytes
    state_bytes: int
    stored_bytes: int
    effect_count: int
    create_time: datetime


class SnapshotEntry(Struct, frozen=True, kw_only=True):
    """A snapshot in a list, with its effects if they were asked for."""

    snapshot: Snapshot
    effects: Sequence[Effect] = ()


class Stored(Struct, frozen=True, kw_only=True):
    """What is stored of a snapshot besides its facts.

    Attributes:
        base_sequence: The newest snapshot, up to this one, whose whole state is stored.
        delta: From its parent, compressed.
        keyframe: The whole state, compressed, if it is a base that does not set the root.
        effects: As they are stored: their documents compressed.
    """

    base_sequence: int
    dictionary_id: int
    delta: bytes
    keyframe: bytes | None
    effects: tuple[Effect, ...]


class NewSnapshot(Struct, frozen=True, kw_only=True):
    """A snapshot on its way into the tables."""

    snapshot: Snapshot
    stored: Stored


class HeadMove(Struct, frozen=True, kw_only=True):
    """A move of an execution's head by a rollback."""

    number: int
    from_sequence: int
    to_sequence: int
    reason: str
    create_time: datetime


class EffectEntry(Struct, frozen=True, kw_only=True):
    """An effect without its documents, and the snapshot that it belongs to."""

    sequence: int
    effect: Effect


class Comparison(Struct, frozen=True, kw_only=True):
    """What differs between two states, and which they are."""

    from_execution_id: UUID
    from_sequence: int
    to_execution_id: UUID
    to_sequence: int
    changes: Sequence[Change]
    is_truncated: bool


class ForkEntry(Struct, frozen=True, kw_only=True):
    """That another execution was forked from a snapshot."""

    sequence: int
    execution_id: UUID
    name: str


class StatusEntry(Struct, frozen=True, kw_only=True):
    """That an execution began or ended."""

    status: ExecutionStatus
