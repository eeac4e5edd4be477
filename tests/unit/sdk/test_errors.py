"""From what gRPC reports to the error that the caller sees."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from timeloom import errors
from timeloom._faults import from_refusal, from_rpc
from timeloom.errors.v1.errors_pb2 import Reason

# What only HTTP can say does not reach a gRPC client.
HTTP_REASONS = {
    "BODY_TIMEOUT",
    "CSRF_REJECTED",
    "METHOD_NOT_ALLOWED",
    "NOT_ACCEPTABLE",
    "UNSUPPORTED_MEDIA_TYPE",
    "UPGRADE_REQUIRED",
}


def fault(
    code: grpc.StatusCode,
    *details: Message,
    message: str = "what happened",
    metadata: tuple[tuple[str, str], ...] = (),
) -> grpc.aio.AioRpcError:
    """A failed call as grpc.aio reports it."""
    trailing: list[tuple[str, str | bytes]] = list(metadata)
    if details:
        status = Status(code=code.value[0], message=message)
        for detail in details:
            status.details.add().Pack(detail)
        trailing.append(("grpc-status-details-bin", status.SerializeToString()))
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(*trailing), details=message)


def info(reason: str, **metadata: str) -> ErrorInfo:
    return ErrorInfo(domain="timeloom.dev", reason=reason, metadata=metadata)


@pytest.mark.parametrize("name", [name for name in Reason.keys() if name != "REASON_UNSPECIFIED"])  # noqa: SIM118
def test_every_reason_of_the_contract_has_an_error(name: str) -> None:
    reason = name.removeprefix("REASON_")
    error = from_rpc(fault(grpc.StatusCode.UNKNOWN, info(reason)), address="host:1")
    if reason in HTTP_REASONS:
        assert reason not in errors.ERRORS_BY_REASON
    else:
        assert (error.reason, type(error)) == (reason, errors.ERRORS_BY_REASON[reason])


def test_an_error_carries_all_that_the_server_said() -> None:
    violation = BadRequest.FieldViolation(field="snapshots[2].stepName", description="is too long")
    error = from_rpc(
        fault(
            grpc.StatusCode.INVALID_ARGUMENT,
            info("INVALID_FIELD", limit="500"),
            BadRequest(field_violations=[violation]),
            RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000)),
            message="stepName is too long",
            metadata=(("x-request-id", "r-1"),),
        ),
        address="host:1",
    )
    assert isinstance(error, errors.InvalidFieldError)
    assert isinstance(error, errors.InvalidRequestError)
    assert error.message == "stepName is too long"
    assert error.violations == (
        errors.FieldViolation(field="snapshots[2].stepName", description="is too long"),
    )
    assert error.metadata == {"limit": "500"}
    assert error.request_id == "r-1"
    assert error.retry_after_seconds == 1.5
    assert str(error) == ("stepName is too long\n  snapshots[2].stepName: is too long\n  request id: r-1")


def test_a_reason_that_this_client_does_not_know_falls_back_to_the_status() -> None:
    error = from_rpc(fault(grpc.StatusCode.NOT_FOUND, info("FROM_THE_FUTURE")), address="host:1")
    assert type(error) is errors.NotFoundError


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.UNAVAILABLE, errors.UnavailableError),
        (grpc.StatusCode.CANCELLED, errors.UnavailableError),
        (grpc.StatusCode.DEADLINE_EXCEEDED, errors.DeadlineExceededError),
        (grpc.StatusCode.UNAUTHENTICATED, errors.AuthenticationError),
        (grpc.StatusCode.PERMISSION_DENIED, errors.MissingScopeError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, errors.OverloadedError),
        (grpc.StatusCode.UNIMPLEMENTED, errors.UnimplementedError),
        (grpc.StatusCode.UNKNOWN, errors.InternalError),
    ],
)
def test_an_answer_without_details_is_told_by_its_status(
    code: grpc.StatusCode, expected: type[errors.TimeloomError]
) -> None:
    assert type(from_rpc(fault(code), address="host:1")) is expected


def test_details_of_another_service_do_not_count() -> None:
    foreign = ErrorInfo(domain="example.com", reason="NOT_FOUND")
    error = from_rpc(fault(grpc.StatusCode.ABORTED, foreign), address="host:1")
    assert type(error) is errors.ConflictError


def test_a_server_that_does_not_answer_is_named_with_what_to_do() -> None:
    error = from_rpc(fault(grpc.StatusCode.UNAVAILABLE), address="host:8081")
    assert "host:8081" in str(error)
    assert "timeloom up" in str(error)


def test_a_refused_snapshot_is_told_by_its_reason_or_else_its_code() -> None:
    assert type(from_refusal(code=10, reason="STALE_PARENT", message="m")) is errors.StaleParentError
    assert type(from_refusal(code=5, reason="", message="m")) is errors.NotFoundError
    assert type(from_refusal(code=99, reason="", message="m")) is errors.InternalError
