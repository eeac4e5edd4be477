"""What a failed gRPC call means for a step."""

from __future__ import annotations

from typing import Final

import grpc
import grpc.aio
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from timeloom_workflows.actions.call import ActionError

_DETAILS_METADATA: Final = "grpc-status-details-bin"

_FINAL: Final = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.DATA_LOSS,
    }
)


def error_of(error: grpc.aio.AioRpcError, *, asked: str) -> ActionError:
    """Return why an action failed whose call did."""
    code = error.code()
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return ActionError("TimeoutError", f"{asked} was not answered in time")
    return ActionError(
        "GrpcError",
        f"{asked} failed with {code.name}: {error.details()}",
        is_final=code in _FINAL,
        retry_after_seconds=_retry_after(error),
    )


def _retry_after(error: grpc.aio.AioRpcError) -> float | None:
    details = next(
        (value for key, value in error.trailing_metadata() or () if key == _DETAILS_METADATA), None
    )
    if not isinstance(details, bytes):
        return None
    try:
        status = Status.FromString(details)
    except DecodeError:
        return None
    info = RetryInfo()
    if not any(detail.Unpack(info) for detail in status.details):
        return None
    return info.retry_delay.seconds + info.retry_delay.nanos / 1e9
