"""Between the API's messages and the client's values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from timeloom.resources import (
    NOT_LOADED,
    Change,
    ChangeKind,
    Diff,
    Effect,
    EffectKind,
    Execution,
    ExecutionFailure,
    ExecutionStatus,
    Snapshot,
    SnapshotKind,
    SnapshotRef,
)
from timeloom.snapshots.v1 import snapshots_pb2 as pb
from timeloom.snapshots.v1 import snapshots_service_pb2 as service_pb
from timeloom.state import canonical

EnumT = TypeVar("EnumT", ExecutionStatus, SnapshotKind, EffectKind, ChangeKind)

Default = Callable[[Any], Any]
"""Turns a value that JSON does not know into one that it knows, as in `json.dumps`."""


def document(value: Any, *, of: str, default: Default | None = None) -> bytes:
    """Return the canonical JSON of a value that the user gave.

    Raises:
        TypeError: JSON cannot say it; the message names the place.
    """
    return canonical.encode_trusted(normalized(value, of=of, default=default))


def normalized(value: Any, *, of: str, default: Default | None = None) -> Any:
    """Return a copy of a value that the user gave, made of nothing but JSON types.

    Raises:
        TypeError: JSON cannot say it; the message names the place.
    """
    try:
        return canonical.normalize(value, default=default)
    except canonical.CanonicalError as error:
        raise not_json(error, of=of) from None


def not_json(error: canonical.CanonicalError, *, of: str) -> TypeError:
    """Return the error that tells a user what to do about a value that JSON cannot say."""
    return TypeError(f"The {of} is not JSON: {error}. Convert it, or pass default= as for json.dumps")


def optional_document(value: Any, *, of: str, default: Default | None = None) -> bytes:
    """Return the JSON of a value; nothing if it is None."""
    return b"" if value is None else document(value, of=of, default=default)


def parsed(data: bytes) -> Any:
    """Return the value of a document that the server sent; None if there is none."""
    return canonical.decode_trusted(data) if data else None


def timestamp(moment: datetime | None) -> Timestamp | None:
    """Return a moment as the API writes it; a naive one counts as local time, as everywhere in Python."""
    if moment is None:
        return None
    message = Timestamp()
    message.FromDatetime(moment.astimezone(UTC))
    return message


def moment(message: Timestamp) -> datetime:
    """Return a time of the API, in UTC."""
    return message.ToDatetime(tzinfo=UTC)


def _optional_moment(owner: Message, name: str) -> datetime | None:
    return moment(getattr(owner, name)) if owner.HasField(name) else None


def enum_number(value: ExecutionStatus | SnapshotKind | EffectKind) -> Any:
    """Return the number by which the API knows an enum's member."""
    prefix, numbers = _NUMBERS[type(value)]
    return numbers.Value(prefix + value.value)


def enum_member(kind: type[EnumT], number: int) -> EnumT:
    """Return the member of an enum that the API knows by this number."""
    prefix, numbers = _NUMBERS[kind]
    return kind(numbers.Name(number).removeprefix(prefix))


_NUMBERS: dict[type, tuple[str, Any]] = {
    ExecutionStatus: ("EXECUTION_STATUS_", pb.ExecutionStatus),
    SnapshotKind: ("SNAPSHOT_KIND_", pb.SnapshotKind),
    EffectKind: ("EFFECT_KIND_", pb.EffectKind),
    ChangeKind: ("CHANGE_KIND_", pb.ChangeKind),
}


def execution(message: pb.Execution) -> Execution:
    """Return an execution."""
    return Execution(
        id=message.id,
        agent_id=message.agent_id,
        session_id=message.session_id,
        name=message.name,
        status=enum_member(ExecutionStatus, message.status),
        input=parsed(message.input),
        output=parsed(message.output),
        error=_failure(message.error) if message.HasField("error") else None,
        head_sequence=message.head_sequence,
        snapshot_count=message.snapshot_count,
        forked_from=_ref(message.forked_from) if message.HasField("forked_from") else None,
        trace_id=message.trace_id,
        tags=tuple(message.tags),
        metadata=parsed(message.metadata),
        create_time=moment(message.create_time),
        update_time=moment(message.update_time),
        end_time=_optional_moment(message, "end_time"),
        etag=message.etag,
    )


def snapshot(message: pb.Snapshot) -> Snapshot:
    """Return a snapshot."""
    return Snapshot(
        execution_id=message.execution_id,
        sequence=message.sequence,
        parent_sequence=message.parent_sequence,
        kind=enum_member(SnapshotKind, message.kind),
        step_name=message.step_name,
        label=message.label,
        tags=tuple(message.tags),
        key=message.key,
        metadata=parsed(message.metadata),
        state=parsed(message.state) if message.state else NOT_LOADED,
        state_hash=message.state_hash,
        chain_hash=message.chain_hash,
        state_bytes=message.state_bytes,
        stored_bytes=message.stored_bytes,
        effects=effects(message.effects),
        effect_count=message.effect_count,
        create_time=moment(message.create_time),
    )


def effects(messages: Iterable[pb.Effect]) -> tuple[Effect, ...]:
    """Return a snapshot's effects."""
    return tuple(
        Effect(
            key=message.key,
            ordinal=message.ordinal,
            kind=enum_member(EffectKind, message.kind),
            name=message.name,
            request=parsed(message.request),
            response=parsed(message.response),
            create_time=_optional_moment(message, "create_time"),
        )
        for message in messages
    )


def effect_message(effect: Effect, *, default: Default | None = None) -> pb.Effect:
    """Return an effect as the API takes it."""
    return pb.Effect(
        key=effect.key,
        kind=enum_number(effect.kind),
        name=effect.name,
        request=optional_document(effect.request, of="effect's request", default=default),
        response=optional_document(effect.response, of="effect's response", default=default),
        create_time=timestamp(effect.create_time),
    )


def failure_message(failure: ExecutionFailure) -> pb.ExecutionError:
    """Return an error as the API takes it, cut where it is too long: its beginning, and its stack's end."""
    return pb.ExecutionError(
        type=failure.type[:200], message=failure.message[:10_000], stack=failure.stack[-100_000:]
    )


def diff(message: service_pb.DiffSnapshotsResponse) -> Diff:
    """Return the difference of two states."""
    # `from` is a keyword in Python.
    older: pb.SnapshotRef = getattr(message, "from")
    return Diff(
        older=_ref(older),
        newer=_ref(message.to),
        changes=tuple(change(each) for each in message.changes),
        truncated=message.truncated,
    )


def change(message: pb.Change) -> Change:
    """Return one difference."""
    return Change(
        kind=enum_member(ChangeKind, message.kind),
        path=message.path,
        old_path=message.old_path or message.path,
        old_value=parsed(message.old_value),
        new_value=parsed(message.new_value),
    )


def _failure(message: pb.ExecutionError) -> ExecutionFailure:
    return ExecutionFailure(type=message.type, message=message.message, stack=message.stack)


def _ref(message: pb.SnapshotRef) -> SnapshotRef:
    return SnapshotRef(execution_id=message.execution_id, sequence=message.sequence)
