"""Errors and what a client is told of them, as one table."""

from __future__ import annotations

import asyncpg
import grpc
import nats.errors
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from grpc.aio import AioRpcError, Metadata

from timeloom.errors.v1 import errors_pb2
from timeloom_platform import errors, failures
from timeloom_platform.errors import FieldViolation, InvalidFieldError, TimeloomError

TABLE = {
    errors.InvalidFieldError: ("INVALID_ARGUMENT", "INVALID_FIELD"),
    errors.MalformedJsonError: ("INVALID_ARGUMENT", "MALFORMED_JSON"),
    errors.InvalidPageTokenError: ("INVALID_ARGUMENT", "INVALID_PAGE_TOKEN"),
    errors.PathNotFoundError: ("NOT_FOUND", "PATH_NOT_FOUND"),
    errors.InvalidExpressionError: ("INVALID_ARGUMENT", "INVALID_EXPRESSION"),
    errors.UnauthenticatedError: ("UNAUTHENTICATED", "UNAUTHENTICATED"),
    errors.InvalidApiKeyError: ("UNAUTHENTICATED", "INVALID_API_KEY"),
    errors.ExpiredApiKeyError: ("UNAUTHENTICATED", "EXPIRED_API_KEY"),
    errors.MissingScopeError: ("PERMISSION_DENIED", "MISSING_SCOPE"),
    errors.PermissionDeniedError: ("PERMISSION_DENIED", "PERMISSION_DENIED"),
    errors.NotFoundError: ("NOT_FOUND", "NOT_FOUND"),
    errors.AlreadyExistsError: ("ALREADY_EXISTS", "ALREADY_EXISTS"),
    errors.StaleParentError: ("ABORTED", "STALE_PARENT"),
    errors.EtagMismatchError: ("FAILED_PRECONDITION", "ETAG_MISMATCH"),
    errors.TooLargeError: ("RESOURCE_EXHAUSTED", "TOO_LARGE"),
    errors.RateLimitedError: ("RESOURCE_EXHAUSTED", "RATE_LIMITED"),
    errors.OverloadedError: ("RESOURCE_EXHAUSTED", "OVERLOADED"),
    errors.DeadlineExceededError: ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"),
    errors.UnavailableError: ("UNAVAILABLE", "UNAVAILABLE"),
    errors.ConflictError: ("ABORTED", "CONFLICT"),
    errors.PositionDroppedError: ("OUT_OF_RANGE", "POSITION_DROPPED"),
    errors.UnimplementedError: ("UNIMPLEMENTED", "UNIMPLEMENTED"),
    errors.DataLossError: ("DATA_LOSS", "DATA_LOSS"),
    errors.InternalError: ("INTERNAL", "INTERNAL"),
}


def test_the_table_holds_every_error() -> None:
    ours = {each for each in TimeloomError.__subclasses__() if each.__module__ == errors.__name__}

    assert set(TABLE) == ours


@pytest.mark.parametrize(("kind", "expected"), TABLE.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_each_error_has_a_status_and_a_reason_of_the_contract(
    kind: type[TimeloomError], expected: tuple[str, str]
) -> None:
    assert (kind.status, kind.reason) == expected
    assert kind.status in grpc.StatusCode.__members__
    assert f"REASON_{kind.reason}" in errors_pb2.Reason.DESCRIPTOR.values_by_name
    assert kind.__doc__


def rpc_error(code: grpc.StatusCode) -> AioRpcError:
    return AioRpcError(code, Metadata(), Metadata(), "another service's own words")


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (ValueError("secret"), errors.InternalError),
        (KeyError("secret"), errors.InternalError),
        (TimeoutError("secret"), errors.DeadlineExceededError),
        (ConnectionRefusedError("secret"), errors.UnavailableError),
        (asyncpg.SerializationError("secret"), errors.ConflictError),
        (asyncpg.DeadlockDetectedError("secret"), errors.ConflictError),
        (asyncpg.QueryCanceledError("secret"), errors.DeadlineExceededError),
        (asyncpg.CannotConnectNowError("secret"), errors.UnavailableError),
        (asyncpg.PostgresSyntaxError("secret"), errors.InternalError),
        (nats.errors.NoServersError(), errors.UnavailableError),
        (nats.errors.TimeoutError(), errors.UnavailableError),
        (rpc_error(grpc.StatusCode.UNAVAILABLE), errors.UnavailableError),
        (rpc_error(grpc.StatusCode.DEADLINE_EXCEEDED), errors.DeadlineExceededError),
        (rpc_error(grpc.StatusCode.RESOURCE_EXHAUSTED), errors.OverloadedError),
        (rpc_error(grpc.StatusCode.PERMISSION_DENIED), errors.InternalError),
        (rpc_error(grpc.StatusCode.NOT_FOUND), errors.InternalError),
    ],
    ids=lambda each: each.__name__ if isinstance(each, type) else repr(each)[:60],
)
def test_says_of_foreign_errors_what_they_mean_and_nothing_else(
    raised: Exception, told: type[TimeloomError]
) -> None:
    failure = failures.failure_of(raised)

    assert type(failure) is told
    assert "secret" not in failure.message
    assert "own words" not in failure.message


def test_keeps_an_error_of_ours() -> None:
    error = errors.NotFoundError("There is none.")

    assert failures.failure_of(error) is error


def test_names_the_field_in_the_message() -> None:
    error = InvalidFieldError.of("agentId", "is required")

    assert (error.message, error.violations) == (
        "agentId is required",
        (FieldViolation(field="agentId", description="is required"),),
    )


def test_keeps_the_details_small_enough_for_metadata() -> None:
    violations = [FieldViolation(field=f"field{number}", description="x" * 300) for number in range(100)]

    details = failures.status_details(InvalidFieldError("m" * 5000, violations=violations))

    status, info, bad_request = Status.FromString(details), ErrorInfo(), BadRequest()
    assert len(details) <= failures.STATUS_BYTES_MAX
    assert status.details[0].Unpack(info)
    assert info.reason == "INVALID_FIELD"
    assert status.details[1].Unpack(bad_request)
    assert bad_request.field_violations[0].field == "field0"


@pytest.mark.parametrize("details", [b"", b"\xff\xff", b"\x08\x05"])
def test_reads_no_reason_where_there_is_none(details: bytes) -> None:
    error = AioRpcError(
        grpc.StatusCode.INTERNAL, Metadata(), Metadata(("grpc-status-details-bin", details)), ""
    )

    assert failures.reason_of(error) == ""
