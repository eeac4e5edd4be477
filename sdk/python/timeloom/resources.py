"""What the client returns: frozen values, with JSON documents as Python values and times as datetimes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Final, TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
"""What JSON can say."""


class NotLoaded(Enum):
    """The type of `NOT_LOADED`."""

    NOT_LOADED = "not loaded"

    def __repr__(self) -> str:
        return "NOT_LOADED"


NOT_LOADED: Final = NotLoaded.NOT_LOADED
"""Stands where a list leaves a document out: `snapshots.get` loads it. (None would be JSON's null.)"""


class ExecutionStatus(StrEnum):
    """How an execution stands."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class SnapshotKind(StrEnum):
    """What a snapshot marks in the course of an execution."""

    EXECUTION_START = "EXECUTION_START"
    STEP_START = "STEP_START"
    STEP_END = "STEP_END"
    DECISION_POINT = "DECISION_POINT"
    ERROR_STATE = "ERROR_STATE"
    EXECUTION_END = "EXECUTION_END"
    CHECKPOINT = "CHECKPOINT"
    ROLLBACK_POINT = "ROLLBACK_POINT"


class EffectKind(StrEnum):
    """Which part of the outside world an effect's answer came from."""

    LLM = "LLM"
    TOOL = "TOOL"
    CLOCK = "CLOCK"
    RANDOM = "RANDOM"
    ID = "ID"
    HTTP = "HTTP"
    WRITE = "WRITE"
    CUSTOM = "CUSTOM"


class ChangeKind(StrEnum):
    """How one place of a state differs between two snapshots."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFailure:
    """Why an execution failed: the class of the error, its message and its stack trace."""

    type: str
    message: str = ""
    stack: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRef:
    """Names a snapshot."""

    execution_id: str
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One run of an agent.

    Attributes:
        session_id: The conversation that the run belongs to; may be empty.
        output: What the agent answered; None until it ended.
        error: Why it failed, if it did.
        head_sequence: The snapshot that it stands on; zero if it has none.
        etag: Changes with the fields that a caller may edit.
    """

    id: str
    agent_id: str
    session_id: str
    name: str
    status: ExecutionStatus
    input: Any
    output: Any
    error: ExecutionFailure | None
    head_sequence: int
    snapshot_count: int
    forked_from: SnapshotRef | None
    trace_id: str
    tags: tuple[str, ...]
    metadata: Any
    create_time: datetime
    update_time: datetime
    end_time: datetime | None
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A recorded answer of the outside world within a step.

    To record one, `kind` and what was asked and answered are enough.

    Attributes:
        name: The model, tool, host or channel.
        key: The caller's own identifier, unique in the snapshot.
        ordinal: Its place among the snapshot's effects, from 1 on; the server numbers them.
    """

    kind: EffectKind
    name: str = ""
    request: Any = None
    response: Any = None
    key: str = ""
    ordinal: int = 0
    create_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An execution's state after a step.

    Attributes:
        sequence: Its number in the execution, from 1 on without gaps.
        parent_sequence: The snapshot that it was made from; zero for the first.
        key: The caller's own identifier, unique in the execution; may be empty.
        state: The state, or the part of it that was asked for; `NOT_LOADED` in lists.
        state_hash: The hash of the whole state; equal states have equal hashes.
        chain_hash: The hash of this snapshot chained to its parent's.
        state_bytes: The size of the whole state as canonical JSON.
        stored_bytes: What its storage takes, compressed.
        effects: Loaded by `snapshots.get`, and by lists on request.
    """

    execution_id: str
    sequence: int
    parent_sequence: int
    kind: SnapshotKind
    step_name: str
    label: str
    tags: tuple[str, ...]
    key: str
    metadata: Any
    state: Any = field(default=NOT_LOADED, repr=False)
    state_hash: str
    chain_hash: str
    state_bytes: int
    stored_bytes: int
    effects: tuple[Effect, ...] = field(default=(), repr=False)
    effect_count: int
    create_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two states.

    Attributes:
        path: A JSON pointer: into the newer state, or into the older one where the value was removed.
        old_path: Where a changed value stood in the older state; differs from `path` if a list shifted it.
        old_value: None where the value was added.
        new_value: None where the value was removed.
    """

    kind: ChangeKind
    path: str
    old_path: str
    old_value: Any
    new_value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """What differs between two states, in the order of the paths; `truncated` if there was more."""

    older: SnapshotRef
    newer: SnapshotRef
    changes: tuple[Change, ...]
    truncated: bool
