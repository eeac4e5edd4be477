"""From messages about forks, rollbacks and marks, whose rules are checked already, to the service's nouns."""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID

from timeloom.snapshots.v1 import time_travel_service_pb2 as messages
from timeloom.state import patch
from timeloom.state.patch import PatchError, PatchOperation
from timeloom_platform.errors import InvalidFieldError
from timeloom_snapshots import limits
from timeloom_snapshots.errors import refuse_larger, refuse_nul
from timeloom_snapshots.forks import Fork
from timeloom_snapshots.requests import document_of, tags_of
from timeloom_snapshots.rollbacks import Rollback


def fork_of(request: messages.ForkExecutionRequest, *, fork_id: UUID) -> Fork:
    """Reads a fork that is to be made.

    Args:
        request: What the caller sent.
        fork_id: The fork's id, if the caller chose none.

    Raises:
        InvalidFieldError: A field has a value that is not allowed.
        MalformedJsonError: A document does not parse.
        TooLargeError: A document is too large.
    """
    refuse_nul("name", request.name)
    refuse_nul("sessionId", request.session_id)
    return Fork(
        id=UUID(request.fork_execution_id) if request.fork_execution_id else fork_id,
        origin_id=UUID(request.execution_id),
        sequence=request.sequence,
        name=request.name or None,
        session_id=request.session_id if request.HasField("session_id") else None,
        tags=tags_of(request.tags),
        metadata=document_of(request.metadata, "metadata", limits.METADATA_BYTES_MAX),
        patch=_patch_of(request.patch) if request.patch else None,
        request_hash=sha256(request.SerializeToString(deterministic=True)).digest(),
    )


def rollback_of(request: messages.RollbackExecutionRequest) -> Rollback:
    """Reads where a head is to be moved.

    Raises:
        InvalidFieldError: A field has a value that is not allowed.
    """
    refuse_nul("reason", request.reason)
    return Rollback(
        execution_id=UUID(request.execution_id),
        sequence=request.sequence,
        expected_head=request.expected_head_sequence,
        reason=request.reason,
        reopen=request.reopen,
    )


def label_of(request: messages.UpdateSnapshotRequest) -> str | None:
    """Reads a snapshot's new label; None if it stays."""
    refuse_nul("label", request.label)
    return request.label if request.HasField("label") else None


def _patch_of(data: bytes) -> list[PatchOperation]:
    refuse_larger(len(data), limits.STATE_BYTES_MAX, "The patch")
    try:
        return patch.parse(data)
    except PatchError as error:
        raise InvalidFieldError.of("patch", f"is no JSON Patch: {error}") from None
