"""Why a call failed: one class for each reason that the API names.

Every error is a `TimeloomError` and carries what the server said about it. The classes form small
families, so that `except NotFoundError` also covers a missing path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldViolation:
    """What is wrong with the field at a path of JSON names, such as `snapshots[2].stepName`."""

    field: str
    description: str


class TimeloomError(Exception):
    """A call failed.

    Attributes:
        message: What happened, for people.
        reason: The name of the reason, as REST shows it in `code`.
        violations: The fields of the request that were wrong.
        metadata: Facts for programs, such as `{"headSequence": "7"}`.
        request_id: Under which the server's logs tell more; empty if the call did not reach it.
        retry_after_seconds: When trying again makes sense, if the server said so.
    """

    reason: ClassVar[str] = "UNSPECIFIED"

    def __init__(
        self,
        message: str,
        *,
        violations: Sequence[FieldViolation] = (),
        metadata: Mapping[str, str] | None = None,
        request_id: str = "",
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.violations = tuple(violations)
        self.metadata = dict(metadata or {})
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds

    def __str__(self) -> str:
        lines = [self.message]
        lines += [f"  {violation.field}: {violation.description}" for violation in self.violations]
        if self.request_id:
            lines.append(f"  request id: {self.request_id}")
        return "\n".join(lines)


class ConfigurationError(TimeloomError):
    """The client cannot tell where Timeloom is or which API key opens it."""

    reason = "CONFIGURATION"


class InvalidRequestError(TimeloomError):
    """The server cannot make sense of the request; the same one will fail again."""

    reason = "INVALID_REQUEST"


class InvalidFieldError(InvalidRequestError):
    """A field of the request is missing or has a value that is not allowed; the violations name it."""

    reason = "INVALID_FIELD"


class MalformedJsonError(InvalidRequestError):
    """One of the request's JSON documents does not parse."""

    reason = "MALFORMED_JSON"


class InvalidPageTokenError(InvalidRequestError):
    """The page token was not issued for this list, or was changed."""

    reason = "INVALID_PAGE_TOKEN"


class UnimplementedError(InvalidRequestError):
    """The server does not have this method: it is older than this client."""

    reason = "UNIMPLEMENTED"


class InvalidExpressionError(InvalidRequestError):
    """The expression is not CEL, or fails on a value that it is given."""

    reason = "INVALID_EXPRESSION"


class PatchMismatchError(InvalidRequestError):
    """The patch does not apply to the state."""

    reason = "PATCH_MISMATCH"


class DamagedFileError(InvalidRequestError):
    """The file is truncated, or was changed after it was written; the message names the place."""

    reason = "DAMAGED_FILE"


class DeltaMismatchError(InvalidRequestError):
    """The delta does not apply to the state of its parent snapshot."""

    reason = "DELTA_MISMATCH"


class StateHashMismatchError(InvalidRequestError):
    """The state after the delta does not have the hash that the caller expected."""

    reason = "STATE_HASH_MISMATCH"


class InvalidDefinitionError(InvalidRequestError):
    """The definition of the workflow is wrong; the violations name the places."""

    reason = "INVALID_DEFINITION"


class AuthenticationError(TimeloomError):
    """The credentials do not open the door."""

    reason = "UNAUTHENTICATED"


class InvalidApiKeyError(AuthenticationError):
    """The API key is unknown or was revoked."""

    reason = "INVALID_API_KEY"


class ExpiredApiKeyError(AuthenticationError):
    """The API key is past its expiry time."""

    reason = "EXPIRED_API_KEY"


class InvalidSignatureError(AuthenticationError):
    """The call of a webhook is not signed as it must be, or is too old."""

    reason = "INVALID_SIGNATURE"


class MissingScopeError(TimeloomError):
    """The API key does not allow this method."""

    reason = "MISSING_SCOPE"


class PermissionDeniedError(TimeloomError):
    """The agent that the call is made for may not do this here."""

    reason = "PERMISSION_DENIED"


class NotFoundError(TimeloomError):
    """There is no such resource in this project."""

    reason = "NOT_FOUND"


class PathNotFoundError(NotFoundError):
    """The path is not a JSON pointer, or nothing is there in this state."""

    reason = "PATH_NOT_FOUND"


class ConflictError(TimeloomError):
    """Another change came in between, or the resource does not allow this one any more."""

    reason = "CONFLICT"


class AlreadyExistsError(ConflictError):
    """A resource of this identifier exists already, with other content."""

    reason = "ALREADY_EXISTS"


class StaleParentError(ConflictError):
    """Another writer recorded a snapshot first: the parent is no longer the head."""

    reason = "STALE_PARENT"


class StaleHeadError(ConflictError):
    """The execution stands on another snapshot than the caller believes."""

    reason = "STALE_HEAD"


class SnapshotInUseError(ConflictError):
    """The snapshot, or the execution, is still needed by another one."""

    reason = "SNAPSHOT_IN_USE"


class EtagMismatchError(ConflictError):
    """The resource changed since its etag was read."""

    reason = "ETAG_MISMATCH"


class ExecutionEndedError(ConflictError):
    """The execution has ended and takes no more snapshots."""

    reason = "EXECUTION_ENDED"


class WrongStatusError(ConflictError):
    """The execution or step stands as it is not to stand for this, such as pausing what has ended."""

    reason = "WRONG_STATUS"


class IdempotencyKeyReusedError(ConflictError):
    """The idempotency key was used before for a different request."""

    reason = "IDEMPOTENCY_KEY_REUSED"


class IdempotencyKeyInUseError(ConflictError):
    """The first request with this idempotency key has not finished yet."""

    reason = "IDEMPOTENCY_KEY_IN_USE"


class PositionDroppedError(TimeloomError):
    """The position to resume from is no longer kept: read the resource anew and follow it from there."""

    reason = "POSITION_DROPPED"


class TooLargeError(TimeloomError):
    """The request, or a document in it, is larger than its limit."""

    reason = "TOO_LARGE"


class RetryableError(TimeloomError):
    """The same call may succeed later."""

    reason = "RETRYABLE"


class RateLimitedError(RetryableError):
    """More requests than the limit allows."""

    reason = "RATE_LIMITED"


class OverloadedError(RetryableError):
    """The service has more work than it can take now."""

    reason = "OVERLOADED"


class UnavailableError(RetryableError):
    """Timeloom, or something that it needs, cannot be reached."""

    reason = "UNAVAILABLE"


class DeadlineExceededError(RetryableError):
    """The answer did not come in time; whether the call took effect is not known."""

    reason = "DEADLINE_EXCEEDED"


class InternalError(TimeloomError):
    """A defect in Timeloom. The details are in its logs, under the request's id."""

    reason = "INTERNAL"


class DataLossError(TimeloomError):
    """Stored data fails its hash."""

    reason = "DATA_LOSS"


def _descendants(base: type[TimeloomError]) -> list[type[TimeloomError]]:
    return [base, *(found for child in base.__subclasses__() for found in _descendants(child))]


ERRORS_BY_REASON: Mapping[str, type[TimeloomError]] = {
    error.reason: error for error in _descendants(TimeloomError)
}
"""The class for each reason that the API names."""
