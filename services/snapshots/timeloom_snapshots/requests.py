"""From the messages of the contract, whose rules are checked already, to the nouns of the service."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from timeloom.snapshots.v1 import snapshots_pb2, snapshots_service_pb2
from timeloom.state import canonical, delta
from timeloom_platform.errors import InvalidFieldError, TooLargeError
from timeloom_platform.times import time_of
from timeloom_snapshots import limits
from timeloom_snapshots.errors import NUL, malformed, refuse_larger, refuse_nul
from timeloom_snapshots.model import (
    Content,
    Effect,
    Execution,
    ExecutionChanges,
    ExecutionError,
    ExecutionStatus,
    Record,
    SnapshotKind,
    StateDelta,
    WholeState,
)
from timeloom_snapshots.storage.executions import ExecutionFilter

RECORD_BYTES: Final = 512
"""What a record takes besides its documents."""

EFFECT_BYTES: Final = 256
"""What an effect takes besides its documents."""


def record_of(
    request: snapshots_service_pb2.RecordSnapshotRequest, *, now: datetime, prefix: str = ""
) -> Record:
    """Reads a snapshot that is to be recorded.

    Args:
        request: What the caller sent.
        now: The time of arrival, for effects that bring no time.
        prefix: Where the request stands in a larger one, such as `snapshots[3].`.

    Raises:
        InvalidFieldError: A field has a value that is not allowed.
        MalformedJsonError: A document does not parse.
        TooLargeError: A document is too large.
    """
    step_name, label, key = request.step_name, request.label, request.key
    if NUL in step_name or NUL in label or NUL in key:
        for field, text in (("stepName", step_name), ("label", label), ("key", key)):
            refuse_nul(prefix + field, text)
    tags, metadata, effects = request.tags, request.metadata, request.effects
    return Record(
        kind=request.kind or SnapshotKind.STEP_END,
        step_name=step_name,
        label=label,
        key=key,
        tags=tags_of(tags, prefix) if tags else (),
        metadata=document_of(metadata, prefix + "metadata", limits.METADATA_BYTES_MAX) if metadata else None,
        content=_content_of(request, prefix),
        parent_sequence=request.parent_sequence if request.HasField("parent_sequence") else None,
        branch=request.branch,
        expected_state_hash=bytes.fromhex(request.state_hash),
        effects=effects_of(effects, now=now, prefix=prefix) if effects else (),
        create_time=time_of(request.create_time, prefix + "createTime")
        if request.HasField("create_time")
        else None,
        size_bytes=size_of(request),
    )


def size_of(request: snapshots_service_pb2.RecordSnapshotRequest) -> int:
    """Returns what a request takes, give or take some hundred bytes; measuring it exactly would copy it."""
    size = RECORD_BYTES + len(request.delta) + len(request.state) + len(request.metadata)
    for effect in request.effects:
        size += EFFECT_BYTES + len(effect.request) + len(effect.response)
    return size


def effects_of(
    effects: Sequence[snapshots_pb2.Effect], *, now: datetime, prefix: str = ""
) -> tuple[Effect, ...]:
    """Reads effects; they are numbered from 1 on, and have that number as key if they bring none.

    Raises:
        InvalidFieldError: Two have the same key, or a field has a value that is not allowed.
        MalformedJsonError: A document does not parse.
        TooLargeError: Their documents are too large.
    """
    read = tuple(
        _effect_of(effect, ordinal, now, f"{prefix}effects[{ordinal - 1}].")
        for ordinal, effect in enumerate(effects, start=1)
    )
    if len({effect.key for effect in read}) != len(read):
        raise InvalidFieldError.of(f"{prefix}effects", "must not have the same key twice")
    refuse_larger(
        sum(effect.document_bytes for effect in read), limits.EFFECTS_BYTES_MAX, "What the effects hold"
    )
    return read


def document_of(data: bytes, field: str, limit_bytes: int) -> str | None:
    """Returns a JSON document in canonical form; None if there is none.

    Raises:
        MalformedJsonError: It does not parse.
        TooLargeError: It is too large.
    """
    return None if not data else canonical_document(data, field, limit_bytes).decode()


def canonical_document(data: bytes, field: str, limit_bytes: int) -> bytes:
    """Returns a JSON document in canonical form.

    Raises:
        MalformedJsonError: It does not parse.
        TooLargeError: It is too large.
    """
    try:
        encoded = canonical.encode_trusted(canonical.decode(data))
    except canonical.CanonicalError as error:
        raise malformed(field, error) from None
    refuse_larger(len(encoded), limit_bytes, field)
    return encoded


def tags_of(tags: Iterable[str], prefix: str = "", *, field: str = "tags") -> tuple[str, ...]:
    """Returns tags in their order, each once."""
    for tag in tags:
        refuse_nul(f"{prefix}{field}", tag)
    return tuple(dict.fromkeys(tags))


def execution_error_of(error: snapshots_pb2.ExecutionError) -> ExecutionError:
    """Returns why an execution failed."""
    return ExecutionError(type=error.type, message=error.message, stack=error.stack)


def new_execution_of(
    request: snapshots_service_pb2.CreateExecutionRequest, *, execution_id: UUID, now: datetime
) -> Execution:
    """Reads an execution that is to begin.

    Args:
        request: What the caller sent.
        execution_id: Its id, if the caller chose none.
        now: The time of arrival.

    Raises:
        InvalidFieldError: A field has a value that is not allowed.
        MalformedJsonError: A document does not parse.
        TooLargeError: A document is too large.
    """
    for field, text in (
        ("agentId", request.agent_id),
        ("sessionId", request.session_id),
        ("name", request.name),
    ):
        refuse_nul(field, text)
    return Execution(
        id=UUID(request.execution_id) if request.execution_id else execution_id,
        agent_id=request.agent_id,
        session_id=request.session_id,
        name=request.name,
        status=ExecutionStatus.RUNNING,
        head_sequence=0,
        snapshot_count=0,
        trace_id=request.trace_id,
        tags=tags_of(request.tags),
        input=document_of(request.input, "input", limits.DOCUMENT_BYTES_MAX),
        output=None,
        error=None,
        metadata=document_of(request.metadata, "metadata", limits.METADATA_BYTES_MAX),
        forked_from_execution_id=None,
        forked_from_sequence=None,
        shared_count=0,
        create_time=now,
        update_time=now,
        end_time=None,
    )


def execution_changes_of(request: snapshots_service_pb2.UpdateExecutionRequest) -> ExecutionChanges:
    """Reads which fields of an execution are to change; None stands for those that stay."""
    name = request.name if request.HasField("name") else None
    session_id = request.session_id if request.HasField("session_id") else None
    for field, text in (("name", name), ("sessionId", session_id)):
        refuse_nul(field, text or "")
    return ExecutionChanges(
        name=name,
        session_id=session_id,
        tags=tags_of(request.tags.values) if request.HasField("tags") else None,
        metadata=document_of(request.metadata, "metadata", limits.METADATA_BYTES_MAX),
        trace_id=request.trace_id if request.HasField("trace_id") else None,
    )


def execution_filter_of(
    request: snapshots_service_pb2.ListExecutionsRequest | snapshots_service_pb2.CountExecutionsRequest,
) -> ExecutionFilter:
    """Reads which executions are wanted."""
    after = time_of(request.created_after, "createdAfter") if request.HasField("created_after") else None
    before = time_of(request.created_before, "createdBefore") if request.HasField("created_before") else None
    return ExecutionFilter(
        agent_id=request.agent_id,
        session_id=request.session_id,
        statuses=tuple(request.statuses),
        tags=tuple(request.tags),
        name_contains=request.name_contains,
        created_after=after,
        created_before=before,
        agent_ids=tuple(request.agent_ids),
        duration_ms_min=request.duration_ms_min,
        duration_ms_max=request.duration_ms_max,
    )


def _content_of(request: snapshots_service_pb2.RecordSnapshotRequest, prefix: str) -> Content:
    which = request.WhichOneof("content")
    if which == "delta":
        return _delta_of(request.delta, prefix)
    if which == "state":
        try:
            return WholeState(value=canonical.decode(request.state))
        except canonical.CanonicalError as error:
            raise malformed(f"{prefix}state", error) from None
    raise InvalidFieldError.of(f"{prefix}state", "is required, or a delta")


def _delta_of(data: bytes, prefix: str) -> StateDelta:
    if len(data) > limits.STATE_BYTES_MAX:
        raise TooLargeError(
            f"{prefix}delta has {len(data):,} bytes; at most {limits.STATE_BYTES_MAX:,} are allowed.",
            metadata={"sizeBytes": str(len(data)), "limitBytes": str(limits.STATE_BYTES_MAX)},
        )
    try:
        operations, encoded = delta.parse(data)
    except delta.DeltaError as error:
        raise malformed(f"{prefix}delta", canonical.CanonicalError(str(error))) from None
    return StateDelta(operations=operations, encoded=encoded)


def _effect_of(effect: snapshots_pb2.Effect, ordinal: int, now: datetime, prefix: str) -> Effect:
    refuse_nul(f"{prefix}key", effect.key)
    refuse_nul(f"{prefix}name", effect.name)
    limit = limits.EFFECTS_BYTES_MAX
    request = canonical_document(effect.request, f"{prefix}request", limit) if effect.request else None
    response = canonical_document(effect.response, f"{prefix}response", limit) if effect.response else None
    return Effect(
        key=effect.key or str(ordinal),
        ordinal=ordinal,
        kind=effect.kind,
        name=effect.name,
        request=request,
        response=response,
        document_bytes=len(request or b"") + len(response or b""),
        create_time=time_of(effect.create_time, f"{prefix}createTime")
        if effect.HasField("create_time")
        else now,
    )
