"""From any exception to what a client may know of it: the one place where errors become statuses.

A `TimeloomError` says itself what it is. What drivers and transports raise is recognised here, and what
nobody foresaw is a defect: INTERNAL, with the details in the log under the request's id. The text of an
exception that is not ours never leaves the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import grpc
import grpc.aio
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from timeloom_platform.errors import (
    DeadlineExceededError,
    FieldViolation,
    InternalError,
    OverloadedError,
    TimeloomError,
    UnavailableError,
)

DOMAIN = "timeloom.dev"
STATUS_DETAILS_METADATA = "grpc-status-details-bin"
RETRY_AFTER_SECONDS = 1.0
# A client refuses metadata above 8 KiB unless told otherwise, and with it the whole answer.
STATUS_BYTES_MAX = 4096
MESSAGE_CHARACTERS_MAX = 1000

SERVER_FAULTS = frozenset({"INTERNAL", "UNKNOWN", "DATA_LOSS", "UNAVAILABLE"})


def failure_of(error: Exception) -> TimeloomError:
    """Return what a client is told of the exception: the exception itself if it is one of ours."""
    if isinstance(error, TimeloomError):
        return error
    library = type(error).__module__.partition(".")[0]
    recognise = _RECOGNISERS.get(library)
    if recognise is not None:
        return recognise(error)
    if isinstance(error, TimeoutError):
        return _too_late()
    if isinstance(error, ConnectionError):
        return _unreachable()
    return _defect()


def is_server_fault(failure: TimeloomError) -> bool:
    """Tell whether whoever operates the service wants to know of it."""
    return failure.status in SERVER_FAULTS


def status_code(failure: TimeloomError) -> grpc.StatusCode:
    """Return the failure's gRPC status code."""
    return grpc.StatusCode[failure.status]


def message_of(failure: TimeloomError) -> str:
    """Return the failure's message, short enough for a header."""
    return failure.message[:MESSAGE_CHARACTERS_MAX]


def status_details(failure: TimeloomError) -> bytes:
    """Return the failure as a serialized `google.rpc.Status`, small enough for any client's metadata."""
    violations = failure.violations
    details = _serialize(failure, violations)
    while len(details) > STATUS_BYTES_MAX and violations:
        violations = violations[: len(violations) // 2]
        details = _serialize(failure, violations)
    return details


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """Return the machine-readable reason that another service gave for its failure; empty if it gave none."""
    for key, value in error.trailing_metadata() or ():
        if key == STATUS_DETAILS_METADATA and isinstance(value, bytes):
            return _reason_in(value)
    return ""


def _reason_in(details: bytes) -> str:
    try:
        status = Status.FromString(details)
    except DecodeError:
        return ""
    info = ErrorInfo()
    return next((info.reason for detail in status.details if detail.Unpack(info)), "")


def _serialize(failure: TimeloomError, violations: Sequence[FieldViolation]) -> bytes:
    status = Status(code=status_code(failure).value[0], message=message_of(failure))
    for detail in _details(failure, violations):
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status.SerializeToString()


def _details(failure: TimeloomError, violations: Sequence[FieldViolation]) -> Iterator[Message]:
    yield ErrorInfo(reason=failure.reason, domain=DOMAIN, metadata=failure.metadata)
    if violations:
        bad_request = BadRequest()
        for violation in violations:
            bad_request.field_violations.add(field=violation.field, description=violation.description)
        yield bad_request
    if failure.retry_after_seconds is not None:
        retry = RetryInfo()
        retry.retry_delay.FromMilliseconds(round(failure.retry_after_seconds * 1000))
        yield retry


def _of_database(error: Exception) -> TimeloomError:
    # Not at the top: a process without a database, such as a client of the platform, loads no driver.
    from timeloom_platform.database import map_database_error  # noqa: PLC0415 - see above

    return map_database_error(error) or _defect()


def _of_nats(_error: Exception) -> TimeloomError:
    return _unreachable()


def _of_grpc(error: Exception) -> TimeloomError:
    """Tell what became of a call to another service: what may pass as such, anything else as a defect."""
    code = error.code() if isinstance(error, grpc.aio.AioRpcError) else None
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return _too_late()
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return OverloadedError(
            "A service that this one needs is overloaded.", retry_after_seconds=RETRY_AFTER_SECONDS
        )
    if code is grpc.StatusCode.UNAVAILABLE:
        return _unreachable()
    return _defect()


def _too_late() -> TimeloomError:
    return DeadlineExceededError("The deadline passed before the answer was ready.")


def _unreachable() -> TimeloomError:
    return UnavailableError(
        "Something that the service needs cannot be reached.", retry_after_seconds=RETRY_AFTER_SECONDS
    )


def _defect() -> TimeloomError:
    return InternalError("Timeloom failed. Its logs have the details under this request's id.")


_RECOGNISERS: dict[str, Callable[[Exception], TimeloomError]] = {
    "asyncpg": _of_database,
    "nats": _of_nats,
    "grpc": _of_grpc,
}
