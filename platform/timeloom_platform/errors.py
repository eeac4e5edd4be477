"""Why a call fails: one class a condition, each with its gRPC status and its machine-readable reason.

Services raise these, or subclasses of their own, from any layer; the interceptor turns them into a
`google.rpc.Status` and the gateway into problem+json. This module knows nothing of gRPC: statuses and
reasons are names (of `grpc.StatusCode` and of `timeloom.errors.v1.Reason` without its prefix).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldViolation:
    """What is wrong with one field of a request.

    Attributes:
        field: The field's path in proto3 JSON names, such as `snapshots[2].stepName`.
        description: What it should have been, for people: `must be a UUID`.
    """

    field: str
    description: str


class TimeloomError(Exception):
    """A call failed for a reason that its caller may know."""

    status: ClassVar[str] = "INTERNAL"
    reason: ClassVar[str] = "INTERNAL"

    def __init__(
        self,
        message: str,
        *,
        violations: Sequence[FieldViolation] = (),
        metadata: Mapping[str, str] | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        """Say what happened, in a sentence that the caller will read.

        Args:
            message: For people; names no secret, no payload and no inner part of the service.
            violations: The fields that are wrong.
            metadata: Facts for programs, such as `{"headSequence": "7"}`; arrives in `ErrorInfo.metadata`.
            retry_after_seconds: When trying again makes sense.
        """
        super().__init__(message)
        self.message = message
        self.violations = tuple(violations)
        self.metadata = dict(metadata or {})
        self.retry_after_seconds = retry_after_seconds


class InvalidFieldError(TimeloomError):
    """A field of the request is missing or has a value that is not allowed."""

    status = "INVALID_ARGUMENT"
    reason = "INVALID_FIELD"

    @classmethod
    def of(cls, field: str, description: str) -> Self:
        """Return the error for one field, whose message is `<field> <description>`."""
        violation = FieldViolation(field=field, description=description)
        return cls(f"{field} {description}", violations=(violation,))


class MalformedJsonError(TimeloomError):
    """The request's body, or one of its JSON documents, does not parse."""

    status = "INVALID_ARGUMENT"
    reason = "MALFORMED_JSON"


class InvalidPageTokenError(TimeloomError):
    """The page token was not issued for this list, or was changed."""

    status = "INVALID_ARGUMENT"
    reason = "INVALID_PAGE_TOKEN"


class PathNotFoundError(TimeloomError):
    """The path is not a JSON pointer, or nothing is there in this state."""

    status = "NOT_FOUND"
    reason = "PATH_NOT_FOUND"


class InvalidExpressionError(TimeloomError):
    """An expression does not compile, or has no answer of the kind that is needed."""

    status = "INVALID_ARGUMENT"
    reason = "INVALID_EXPRESSION"


class UnauthenticatedError(TimeloomError):
    """No credentials were given, or they are of no kind that is known here."""

    status = "UNAUTHENTICATED"
    reason = "UNAUTHENTICATED"


class InvalidApiKeyError(TimeloomError):
    """The API key is unknown or was revoked."""

    status = "UNAUTHENTICATED"
    reason = "INVALID_API_KEY"


class ExpiredApiKeyError(TimeloomError):
    """The API key is past its expiry time."""

    status = "UNAUTHENTICATED"
    reason = "EXPIRED_API_KEY"


class MissingScopeError(TimeloomError):
    """The credentials do not allow what the method does."""

    status = "PERMISSION_DENIED"
    reason = "MISSING_SCOPE"


class PermissionDeniedError(TimeloomError):
    """The agent that the call is made for may not do this here."""

    status = "PERMISSION_DENIED"
    reason = "PERMISSION_DENIED"


class NotFoundError(TimeloomError):
    """There is no such resource in this project."""

    status = "NOT_FOUND"
    reason = "NOT_FOUND"


class AlreadyExistsError(TimeloomError):
    """A resource of this identifier exists already."""

    status = "ALREADY_EXISTS"
    reason = "ALREADY_EXISTS"


class StaleParentError(TimeloomError):
    """Another writer was first: the parent is no longer the head."""

    status = "ABORTED"
    reason = "STALE_PARENT"


class EtagMismatchError(TimeloomError):
    """The resource changed since its etag was read."""

    status = "FAILED_PRECONDITION"
    reason = "ETAG_MISMATCH"


class TooLargeError(TimeloomError):
    """The request, or a document in it, is larger than its limit."""

    status = "RESOURCE_EXHAUSTED"
    reason = "TOO_LARGE"


class RateLimitedError(TimeloomError):
    """The caller made more requests than its limit allows."""

    status = "RESOURCE_EXHAUSTED"
    reason = "RATE_LIMITED"


class OverloadedError(TimeloomError):
    """The service has more work than it can take now."""

    status = "RESOURCE_EXHAUSTED"
    reason = "OVERLOADED"


class DeadlineExceededError(TimeloomError):
    """The deadline passed before the answer was ready."""

    status = "DEADLINE_EXCEEDED"
    reason = "DEADLINE_EXCEEDED"


class UnavailableError(TimeloomError):
    """Something that the service needs cannot be reached; trying again may help."""

    status = "UNAVAILABLE"
    reason = "UNAVAILABLE"


class ConflictError(TimeloomError):
    """Another change of the same data came in between; the same call again may succeed."""

    status = "ABORTED"
    reason = "CONFLICT"


class PositionDroppedError(TimeloomError):
    """The position to resume from is no longer kept."""

    status = "OUT_OF_RANGE"
    reason = "POSITION_DROPPED"


class UnimplementedError(TimeloomError):
    """The method does not exist."""

    status = "UNIMPLEMENTED"
    reason = "UNIMPLEMENTED"


class DataLossError(TimeloomError):
    """Stored data fails its hash."""

    status = "DATA_LOSS"
    reason = "DATA_LOSS"


class InternalError(TimeloomError):
    """A defect in Timeloom; the details are in its logs, under the request's id."""

    status = "INTERNAL"
    reason = "INTERNAL"
