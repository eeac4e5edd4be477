"""From what gRPC says of a failed call to the error that the caller sees."""

from __future__ import annotations

from collections.abc import Iterable

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from timeloom.errors import (
    ERRORS_BY_REASON,
    AlreadyExistsError,
    AuthenticationError,
    ConflictError,
    DataLossError,
    DeadlineExceededError,
    FieldViolation,
    InternalError,
    InvalidRequestError,
    MissingScopeError,
    NotFoundError,
    OverloadedError,
    TimeloomError,
    UnavailableError,
    UnimplementedError,
)

ERROR_DOMAIN = "timeloom.dev"
REQUEST_ID_METADATA = "x-request-id"
_DETAILS_METADATA = "grpc-status-details-bin"

# For answers without details: they come from a proxy, or from gRPC itself.
_ERRORS_BY_STATUS: dict[grpc.StatusCode, type[TimeloomError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequestError,
    grpc.StatusCode.FAILED_PRECONDITION: ConflictError,
    grpc.StatusCode.OUT_OF_RANGE: InvalidRequestError,
    grpc.StatusCode.UNAUTHENTICATED: AuthenticationError,
    grpc.StatusCode.PERMISSION_DENIED: MissingScopeError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExistsError,
    grpc.StatusCode.ABORTED: ConflictError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: OverloadedError,
    grpc.StatusCode.CANCELLED: UnavailableError,
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    grpc.StatusCode.UNIMPLEMENTED: UnimplementedError,
    grpc.StatusCode.DATA_LOSS: DataLossError,
}
_STATUSES_BY_NUMBER = {code.value[0]: code for code in grpc.StatusCode}


def from_rpc(fault: grpc.aio.AioRpcError, *, address: str) -> TimeloomError:
    """Return the error for a call that gRPC reports as failed."""
    metadata = [*(fault.initial_metadata() or ()), *(fault.trailing_metadata() or ())]
    request_id = next((_text(value) for key, value in metadata if key == REQUEST_ID_METADATA), "")
    details = next((value for key, value in metadata if key == _DETAILS_METADATA), None)
    if isinstance(details, bytes):
        error = _from_details(details, request_id=request_id)
        if error is not None:
            return error
    if fault.code() is grpc.StatusCode.INTERNAL:
        # Timeloom says why. This is gRPC itself, which lost the connection in the middle of something.
        return UnavailableError(_message(fault, address=address), request_id=request_id)
    kind = _ERRORS_BY_STATUS.get(fault.code(), InternalError)
    return kind(_message(fault, address=address), request_id=request_id)


def from_refusal(*, code: int, reason: str, message: str) -> TimeloomError:
    """Return the error for one snapshot that a stream refused."""
    kind = ERRORS_BY_REASON.get(reason)
    if kind is None:
        status = _STATUSES_BY_NUMBER.get(code, grpc.StatusCode.UNKNOWN)
        kind = _ERRORS_BY_STATUS.get(status, InternalError)
    return kind(message)


def _from_details(details: bytes, *, request_id: str) -> TimeloomError | None:
    try:
        status = Status.FromString(details)
    except DecodeError:
        return None
    info, bad_request, retry = ErrorInfo(), BadRequest(), RetryInfo()
    for detail in status.details:
        # Unpack leaves a message of another type as it is.
        any(detail.Unpack(known) for known in (info, bad_request, retry))
    if info.domain != ERROR_DOMAIN:
        return None
    kind = ERRORS_BY_REASON.get(info.reason)
    if kind is None:
        code = _STATUSES_BY_NUMBER.get(status.code, grpc.StatusCode.UNKNOWN)
        kind = _ERRORS_BY_STATUS.get(code, InternalError)
    delay = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
    return kind(
        status.message,
        violations=_violations(bad_request.field_violations),
        metadata=dict(info.metadata),
        request_id=request_id,
        retry_after_seconds=delay if retry.HasField("retry_delay") else None,
    )


def _violations(found: Iterable[BadRequest.FieldViolation]) -> tuple[FieldViolation, ...]:
    return tuple(FieldViolation(field=one.field, description=one.description) for one in found)


def _message(fault: grpc.aio.AioRpcError, *, address: str) -> str:
    details = fault.details() or fault.code().name
    if fault.code() is grpc.StatusCode.UNAVAILABLE:
        return f"Timeloom does not answer at {address}. Is it running? `timeloom up` starts it. ({details})"
    if fault.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"Timeloom at {address} did not answer in time"
    return details


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
