"""What a file is made of. Documents are canonical JSON; times are microseconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_Sequence: TypeAlias = Annotated[int, Meta(ge=1, le=2**31 - 1)]
_SequenceOrZero: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1)]
_Hash: TypeAlias = Annotated[bytes, Meta(min_length=32, max_length=32)]
_Id: TypeAlias = Annotated[bytes, Meta(min_length=16, max_length=16)]
_Name: TypeAlias = Annotated[str, Meta(max_length=500)]
_Word: TypeAlias = Annotated[str, Meta(max_length=200)]
_Tag: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
_Tags: TypeAlias = Annotated[tuple[_Tag, ...], Meta(max_length=100)]
# From the year 1 to the year 9999, as a datetime.
_Time: TypeAlias = Annotated[int, Meta(ge=-62_135_596_800_000_000, le=253_402_300_799_999_999)]


class ErrorRecord(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Why an execution failed."""

    type: _Word
    message: Annotated[str, Meta(max_length=10_000)]
    stack: Annotated[str, Meta(max_length=100_000)]


class ExecutionRecord(
    Struct, frozen=True, array_like=True, tag="execution", kw_only=True, forbid_unknown_fields=True
):
    """The execution.

    Attributes:
        deleted: The snapshots that were deleted: first and last sequence of each range.
        deleted_turns: Those of them that were not made from the one before, each with its parent.
    """

    id: _Id
    agent_id: _Word
    session_id: _Word
    name: _Name
    status: Annotated[int, Meta(ge=1, le=4)]
    head_sequence: _SequenceOrZero
    snapshot_count: _SequenceOrZero
    trace_id: Annotated[str, Meta(max_length=64)]
    tags: _Tags
    input: str | None
    output: str | None
    error: ErrorRecord | None
    metadata: str | None
    create_time: _Time
    update_time: _Time
    end_time: _Time | None
    deleted: tuple[tuple[_Sequence, _Sequence], ...]
    deleted_turns: tuple[tuple[_Sequence, _SequenceOrZero], ...] = ()


class SnapshotRecord(
    Struct, frozen=True, array_like=True, tag="snapshot", kw_only=True, forbid_unknown_fields=True
):
    """A snapshot.

    Attributes:
        parent_chain_hash: What its chain hash stands on, where the file does not have the parent.
        delta: As it was recorded, from its parent or, if it sets the root, from nothing.
        bridge: The delta from the snapshot before it in the file, where its own applies to one that was
            deleted.
        state: Its state, where neither leads there.
        marked_label: The label that it was given afterwards; None if none was.
        marked_tags: Likewise.
    """

    sequence: _Sequence
    parent_sequence: _SequenceOrZero
    kind: Annotated[int, Meta(ge=1, le=8)]
    create_time: _Time
    step_name: _Name
    label: _Name
    key: _Word
    tags: _Tags
    metadata: str | None
    state_hash: _Hash
    chain_hash: _Hash
    parent_chain_hash: _Hash | None
    delta: bytes
    bridge: bytes | None
    state: bytes | None
    marked_label: _Name | None
    marked_tags: _Tags | None


class EffectRecord(
    Struct, frozen=True, array_like=True, tag="effect", kw_only=True, forbid_unknown_fields=True
):
    """An effect of the snapshot before it."""

    key: _Name
    ordinal: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    kind: Annotated[int, Meta(ge=1, le=8)]
    name: _Name
    request: bytes | None
    response: bytes | None
    create_time: _Time


class HeadMoveRecord(
    Struct, frozen=True, array_like=True, tag="head-move", kw_only=True, forbid_unknown_fields=True
):
    """A move of the head."""

    number: _Sequence
    from_sequence: _SequenceOrZero
    to_sequence: _SequenceOrZero
    reason: Annotated[str, Meta(max_length=1000)]
    create_time: _Time


Record: TypeAlias = ExecutionRecord | SnapshotRecord | EffectRecord | HeadMoveRecord

encode: Final = msgspec.msgpack.Encoder().encode
decode: Final = msgspec.msgpack.Decoder(Record).decode


def microseconds(time: datetime) -> int:
    """Returns a time as a record has it."""
    return (time - _EPOCH) // _MICROSECOND


def time_of(microseconds: int) -> datetime:
    """Returns the time that a record has."""
    return _EPOCH + microseconds * _MICROSECOND
